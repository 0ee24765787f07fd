# The calling module checks the values; what may be wrong here is only what it can't see.

variable "name" {
  description = "Name of the queue; the dead-letter queue is `<name>-dlq`."
  type        = string
}

variable "visibility_timeout_seconds" {
  description = "How long a received message is hidden."
  type        = number
  default     = 60
}

variable "message_retention_seconds" {
  description = "How long a message waits before SQS throws it away."
  type        = number
  default     = 345600
}

variable "dead_letter_retention_seconds" {
  description = "How long a dead letter is kept, counted from when the message was sent."
  type        = number
  default     = 1209600
}

variable "max_receive_count" {
  description = "How often a message is received before it is a dead letter."
  type        = number
  default     = 5
}

variable "kms_key_arn" {
  description = "ARN of a customer managed key; null uses SQS's own."
  type        = string
  default     = null
}

variable "kms_data_key_reuse_period_seconds" {
  description = "How long a data key is used again."
  type        = number
  default     = 3600
}

variable "alarm_topic_arns" {
  description = "ARNs of the SNS topics that alarms and recoveries go to."
  type        = list(string)
}

variable "alarm_oldest_message_seconds" {
  description = "Alarm when the oldest message has waited for longer."
  type        = number
  default     = 300
}

variable "alarm_dead_letters_more_than" {
  description = "Alarm when more messages than this are dead letters."
  type        = number
  default     = 0
}

variable "tags" {
  description = "Tags on everything that can have them."
  type        = map(string)
  default     = {}
}
