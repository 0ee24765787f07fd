variable "name" {
  description = "Name of the queue, and the beginning of every other name: the dead-letter queue is `<name>-dlq`. It is the topic that functions subscribe to."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_-]{0,47}$", var.name))
    error_message = "name = \"${var.name}\": 1 to 48 letters, digits, - and _, and a letter first. A FIFO queue is not offered; README.md says why."
  }
}

variable "stage_name" {
  description = "Name of the stage, the first part of the URL's path."
  type        = string
  default     = "v1"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,128}$", var.stage_name))
    error_message = "stage_name = \"${var.stage_name}\": 1 to 128 letters, digits, - and _."
  }
}

variable "extra_headers" {
  description = "Headers to put into the envelope beside those in `headers.json`, in lower case: the header that a sender of your own is configured with."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for header in var.extra_headers : can(regex("^[a-z0-9][a-z0-9_-]{0,63}$", header))])
    error_message = "extra_headers = ${jsonencode(var.extra_headers)}: each is a header's name in lower case, of letters, digits, - and _."
  }
}

variable "visibility_timeout_seconds" {
  description = "How long a message is hidden once it is received. The connector extends it while a function runs; this is what holds until its first extension."
  type        = number
  default     = 60

  validation {
    condition     = var.visibility_timeout_seconds >= 30 && var.visibility_timeout_seconds <= 43200 && floor(var.visibility_timeout_seconds) == var.visibility_timeout_seconds
    error_message = "visibility_timeout_seconds = ${var.visibility_timeout_seconds}: 30 to 43200, whole seconds. Below 30 a message comes again while its function still runs."
  }
}

variable "message_retention_seconds" {
  description = "How long a message waits in the queue before SQS throws it away."
  type        = number
  default     = 345600

  validation {
    condition     = var.message_retention_seconds >= 3600 && var.message_retention_seconds <= 1209600 && floor(var.message_retention_seconds) == var.message_retention_seconds
    error_message = "message_retention_seconds = ${var.message_retention_seconds}: 3600 (an hour) to 1209600 (14 days), whole seconds."
  }
}

variable "dead_letter_retention_seconds" {
  description = "How long a dead letter is kept. SQS counts it from when the message was first sent, so it must be longer than `message_retention_seconds`."
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
  description = "How often a message is received before SQS moves it to the dead-letter queue."
  type        = number
  default     = 5

  validation {
    condition     = var.max_receive_count >= 3 && var.max_receive_count <= 1000 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "max_receive_count = ${var.max_receive_count}: 3 to 1000. With fewer than 3, one restart of the connector can dead-letter a good message."
  }
}

variable "kms_key_arn" {
  description = "ARN of a customer managed key for both queues; null uses SQS's own key. The key's policy must let the ingress's role and the connector's role use it."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn = \"${var.kms_key_arn == null ? "null" : var.kms_key_arn}\": the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID. An alias does not do: a role's policy names keys."
  }
}

variable "kms_data_key_reuse_period_seconds" {
  description = "How long SQS uses a data key again before it asks KMS for a new one. Only with `kms_key_arn`."
  type        = number
  default     = 3600

  validation {
    condition     = var.kms_data_key_reuse_period_seconds >= 60 && var.kms_data_key_reuse_period_seconds <= 86400 && floor(var.kms_data_key_reuse_period_seconds) == var.kms_data_key_reuse_period_seconds
    error_message = "kms_data_key_reuse_period_seconds = ${var.kms_data_key_reuse_period_seconds}: 60 to 86400, whole seconds."
  }
}

variable "throttle_rate_limit" {
  description = "Deliveries a second that are let through, on average. What is over it gets 429, and senders try again."
  type        = number
  default     = 50

  validation {
    condition     = var.throttle_rate_limit >= 1 && var.throttle_rate_limit <= 10000
    error_message = "throttle_rate_limit = ${var.throttle_rate_limit}: 1 to 10000 requests a second."
  }
}

variable "throttle_burst_limit" {
  description = "Deliveries that are let through at once."
  type        = number
  default     = 200

  validation {
    condition     = var.throttle_burst_limit >= 1 && var.throttle_burst_limit <= 5000 && floor(var.throttle_burst_limit) == var.throttle_burst_limit
    error_message = "throttle_burst_limit = ${var.throttle_burst_limit}: 1 to 5000, a whole number."
  }
}

variable "web_acl_arn" {
  description = "ARN of a regional WAFv2 web ACL to put before the stage; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.web_acl_arn == null || can(regex("^arn:aws[a-z-]*:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/[^/]+/[A-Za-z0-9-]+$", var.web_acl_arn))
    error_message = "web_acl_arn = \"${var.web_acl_arn == null ? "null" : var.web_acl_arn}\": the ARN of a regional WAFv2 web ACL, arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID. One for CloudFront (global) can't be put before a stage."
  }
}

variable "xray_tracing" {
  description = "Whether API Gateway makes X-Ray traces. The trace goes on to the queue either way where the sender or API Gateway has one."
  type        = bool
  default     = true
}

variable "log_retention_days" {
  description = "How long access log lines are kept. They are what tells which id a delivery got."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days = ${var.log_retention_days}: CloudWatch takes 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "log_kms_key_arn" {
  description = "ARN of a customer managed key for the access log; null uses CloudWatch's own key."
  type        = string
  default     = null

  validation {
    condition     = var.log_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.log_kms_key_arn))
    error_message = "log_kms_key_arn = \"${var.log_kms_key_arn == null ? "null" : var.log_kms_key_arn}\": the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID."
  }
}

variable "manage_account_logging_role" {
  description = "Whether to make the role through which API Gateway writes logs, and set it for the whole account and region. One module in an account may; where no role is set, a stage with logs can't be made."
  type        = bool
  default     = false
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of the roles that are made; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn = \"${var.permissions_boundary_arn == null ? "null" : var.permissions_boundary_arn}\": the ARN of a managed policy, arn:aws:iam::ACCOUNT:policy/NAME."
  }
}

variable "alarm_topic_arns" {
  description = "ARNs of the SNS topics that alarms and recoveries go to. `[]` makes alarms that tell nobody."
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
  description = "Alarm when more messages than this lie in the dead-letter queue."
  type        = number
  default     = 0

  validation {
    condition     = var.alarm_dead_letters_more_than >= 0 && floor(var.alarm_dead_letters_more_than) == var.alarm_dead_letters_more_than
    error_message = "alarm_dead_letters_more_than = ${var.alarm_dead_letters_more_than}: a whole number from 0."
  }
}

variable "alarm_4xx_percent" {
  description = "Alarm when more than this share of deliveries in five minutes was refused with 4XX: a sender that is set up wrongly, or throttling."
  type        = number
  default     = 5

  validation {
    condition     = var.alarm_4xx_percent > 0 && var.alarm_4xx_percent < 100
    error_message = "alarm_4xx_percent = ${var.alarm_4xx_percent}: more than 0 and less than 100."
  }
}

variable "alarm_5xx_count" {
  description = "Alarm when more than this many deliveries in five minutes were answered with 5XX: they are not on the queue."
  type        = number
  default     = 0

  validation {
    condition     = var.alarm_5xx_count >= 0 && floor(var.alarm_5xx_count) == var.alarm_5xx_count
    error_message = "alarm_5xx_count = ${var.alarm_5xx_count}: a whole number from 0."
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
