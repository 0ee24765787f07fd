variable "name" {
  description = "The beginning of every name: of the dashboard, the alarms, the queries' folder."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_-]{0,47}$", var.name))
    error_message = "name = \"${var.name}\": 1 to 48 letters, digits, - and _, and a letter first."
  }
}

variable "api_name" {
  description = "Name of the REST API."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9 ._-]{1,128}$", var.api_name))
    error_message = "api_name = \"${var.api_name}\": the name of a REST API, not its id or ARN: 1 to 128 letters, digits, spaces, ., _ and -."
  }
}

variable "stage_name" {
  description = "Name of its stage."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,128}$", var.stage_name))
    error_message = "stage_name = \"${var.stage_name}\": 1 to 128 letters, digits, - and _."
  }
}

variable "queue_name" {
  description = "Name of the queue."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,80}(\\.fifo)?$", var.queue_name))
    error_message = "queue_name = \"${var.queue_name}\": the name of a queue, not its URL or ARN: 1 to 80 letters, digits, - and _."
  }
}

variable "dead_letter_queue_name" {
  description = "Name of the dead-letter queue."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,80}(\\.fifo)?$", var.dead_letter_queue_name))
    error_message = "dead_letter_queue_name = \"${var.dead_letter_queue_name}\": the name of a queue, not its URL or ARN: 1 to 80 letters, digits, - and _."
  }
}

variable "access_log_group_name" {
  description = "Name of the ingress's access log group."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._/#-]{1,512}$", var.access_log_group_name))
    error_message = "access_log_group_name = \"${var.access_log_group_name}\": the name of a log group, without its ARN."
  }
}

variable "log_group_name" {
  description = "Name of the log group that the connector's and the functions' lines go to, such as `/aws/containerinsights/CLUSTER/application`. It must be there."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._/#-]{1,512}$", var.log_group_name))
    error_message = "log_group_name = \"${var.log_group_name}\": the name of a log group, without its ARN."
  }
}

variable "milestones" {
  description = "Milestones that are counted as metrics, in their order: the first is where a story begins, the last where it has come to a good end."
  type        = list(string)
  default     = ["MESSAGE_RECEIVED", "FUNCTION_INVOKED", "CARD_MOVED", "DEPLOYMENT_REQUESTED", "DEPLOYMENT_STARTED", "MESSAGE_DEAD_LETTERED", "MESSAGE_DELETED"]

  validation {
    condition     = length(var.milestones) >= 2 && length(var.milestones) <= 50 && alltrue([for milestone in var.milestones : can(regex("^[A-Z][A-Z0-9_]{1,63}$", milestone))]) && length(distinct(var.milestones)) == length(var.milestones)
    error_message = "milestones = ${jsonencode(var.milestones)}: 2 to 50 names of capital letters, digits and _, each once."
  }
}

variable "alarm_topic_arns" {
  description = "ARNs of the SNS topics that alarms and recoveries go to. `[]` makes alarms that tell nobody."
  type        = list(string)

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", arn))])
    error_message = "alarm_topic_arns = ${jsonencode(var.alarm_topic_arns)}: each is the ARN of a standard SNS topic, arn:aws:sns:REGION:ACCOUNT:NAME."
  }
}

variable "alarm_errors_more_than" {
  description = "Alarm when the functions and the connector logged more errors than this in five minutes."
  type        = number
  default     = 10

  validation {
    condition     = var.alarm_errors_more_than >= 0 && floor(var.alarm_errors_more_than) == var.alarm_errors_more_than
    error_message = "alarm_errors_more_than = ${var.alarm_errors_more_than}: a whole number from 0."
  }
}

variable "prices" {
  description = "US dollars: a million calls of the REST API, a million requests to SQS, a GB of logs taken in. Those of most regions."
  type = object({
    million_api_calls    = number
    million_sqs_requests = number
    gb_of_logs           = number
  })
  default = {
    million_api_calls    = 3.5
    million_sqs_requests = 0.4
    gb_of_logs           = 0.5
  }

  validation {
    condition     = alltrue([for price in values(var.prices) : price >= 0])
    error_message = "prices = ${jsonencode(var.prices)}: each is 0 or more."
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
