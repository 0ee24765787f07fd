variable "name" {
  description = "Name of the API, and the beginning of the other names."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_-]{0,47}$", var.name))
    error_message = "name = \"${var.name}\": 1 to 48 letters, digits, - and _, and a letter first."
  }
}

variable "queue_url" {
  description = "URL of the queue, such as the output `url` of `modules/queue`."
  type        = string

  validation {
    condition     = can(regex("^https?://.+/[0-9]{12}/[A-Za-z0-9_-]{1,80}$", var.queue_url))
    error_message = "queue_url = \"${var.queue_url}\": https://sqs.REGION.amazonaws.com/ACCOUNT/NAME, of a queue that is not FIFO."
  }
}

variable "queue_arn" {
  description = "ARN of the same queue."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}$", var.queue_arn))
    error_message = "queue_arn = \"${var.queue_arn}\": arn:aws:sqs:REGION:ACCOUNT:NAME, of a queue that is not FIFO."
  }

  validation {
    condition     = try(replace(regex("[^:]*:[^:]*$", var.queue_arn), ":", "/") == regex("[^/]*/[^/]*$", var.queue_url), false)
    error_message = "queue_arn = \"${var.queue_arn}\": it is not the queue of queue_url (${var.queue_url}), to which the role would not let the API send."
  }
}

variable "kms_key_arn" {
  description = "ARN of the customer managed key of the queue; null where it has none."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn = \"${var.kms_key_arn == null ? "null" : var.kms_key_arn}\": the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID. An alias does not do: a role's policy names keys."
  }
}

variable "throttle_rate_limit" {
  description = "Deliveries a second that are let through, on average."
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

variable "log_retention_days" {
  description = "How long access log lines are kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days = ${var.log_retention_days}: CloudWatch takes 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
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
