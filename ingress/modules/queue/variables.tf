variable "name" {
  description = "Name of the queue; the dead-letter queue is `<name>-dlq`."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_-]{0,47}$", var.name))
    error_message = "name = \"${var.name}\": 1 to 48 letters, digits, - and _, and a letter first. A FIFO queue is not offered; the ingress's README.md says why."
  }
}

variable "visibility_timeout_seconds" {
  description = "How long a received message is hidden."
  type        = number
  default     = 60

  validation {
    condition     = var.visibility_timeout_seconds >= 30 && var.visibility_timeout_seconds <= 43200 && floor(var.visibility_timeout_seconds) == var.visibility_timeout_seconds
    error_message = "visibility_timeout_seconds = ${var.visibility_timeout_seconds}: 30 to 43200, whole seconds. Below 30 a message comes again while its function still runs."
  }
}

variable "message_retention_seconds" {
  description = "How long a message waits before SQS throws it away."
  type        = number
  default     = 345600

  validation {
    condition     = var.message_retention_seconds >= 3600 && var.message_retention_seconds <= 1209600 && floor(var.message_retention_seconds) == var.message_retention_seconds
    error_message = "message_retention_seconds = ${var.message_retention_seconds}: 3600 (an hour) to 1209600 (14 days), whole seconds."
  }
}

variable "dead_letter_retention_seconds" {
  description = "How long a dead letter is kept, counted from when the message was sent."
  type        = number
  default     = 1209600

  validation {
    condition     = var.dead_letter_retention_seconds <= 1209600 && floor(var.dead_letter_retention_seconds) == var.dead_letter_retention_seconds
    error_message = "dead_letter_retention_seconds = ${var.dead_letter_retention_seconds}: at most 1209600 (14 days), whole seconds."
  }

  validation {
    condition     = var.dead_letter_retention_seconds > var.message_retention_seconds
    error_message = "dead_letter_retention_seconds = ${var.dead_letter_retention_seconds}: it must be more than message_retention_seconds (${var.message_retention_seconds}), since both are counted from when the message was sent."
  }
}

variable "max_receive_count" {
  description = "How often a message is received before it is a dead letter."
  type        = number
  default     = 5

  validation {
    condition     = var.max_receive_count >= 3 && var.max_receive_count <= 1000 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "max_receive_count = ${var.max_receive_count}: 3 to 1000. With fewer than 3, one restart of the connector can dead-letter a good message."
  }
}

variable "kms_key_arn" {
  description = "ARN of a customer managed key; null uses SQS's own."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn = \"${var.kms_key_arn == null ? "null" : var.kms_key_arn}\": the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID. An alias does not do: a role's policy names keys."
  }
}

variable "kms_data_key_reuse_period_seconds" {
  description = "How long a data key is used again."
  type        = number
  default     = 3600

  validation {
    condition     = var.kms_data_key_reuse_period_seconds >= 60 && var.kms_data_key_reuse_period_seconds <= 86400 && floor(var.kms_data_key_reuse_period_seconds) == var.kms_data_key_reuse_period_seconds
    error_message = "kms_data_key_reuse_period_seconds = ${var.kms_data_key_reuse_period_seconds}: 60 to 86400, whole seconds."
  }
}

variable "alarm_topic_arns" {
  description = "ARNs of the SNS topics that alarms and recoveries go to."
  type        = list(string)

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", arn))])
    error_message = "alarm_topic_arns = ${jsonencode(var.alarm_topic_arns)}: each is the ARN of a standard SNS topic, arn:aws:sns:REGION:ACCOUNT:NAME. A FIFO topic takes no alarms."
  }
}

variable "alarm_oldest_message_seconds" {
  description = "Alarm when the oldest message has waited for longer."
  type        = number
  default     = 300

  validation {
    condition     = var.alarm_oldest_message_seconds >= 60 && var.alarm_oldest_message_seconds < var.message_retention_seconds
    error_message = "alarm_oldest_message_seconds = ${var.alarm_oldest_message_seconds}: at least 60, and less than message_retention_seconds (${var.message_retention_seconds}), after which the message is gone."
  }
}

variable "alarm_dead_letters_more_than" {
  description = "Alarm when more messages than this are dead letters."
  type        = number
  default     = 0

  validation {
    condition     = var.alarm_dead_letters_more_than >= 0 && floor(var.alarm_dead_letters_more_than) == var.alarm_dead_letters_more_than
    error_message = "alarm_dead_letters_more_than = ${var.alarm_dead_letters_more_than}: a whole number from 0."
  }
}

variable "tags" {
  description = "Tags on everything that can have them."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")]) && length(var.tags) <= 40
    error_message = "tags: at most 40, and no key that begins with aws:, which AWS keeps for itself."
  }
}
