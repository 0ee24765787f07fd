variable "cluster_name" {
  description = "Name of the EKS cluster. Its OIDC provider must be registered with IAM."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", var.cluster_name))
    error_message = "cluster_name = \"${var.cluster_name}\": the name of an EKS cluster, not its ARN: 1 to 100 letters, digits, - and _."
  }
}

variable "name" {
  description = "Name of the queue, and the beginning of every other name."
  type        = string
  default     = "kanban-events"

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_-]{0,47}$", var.name))
    error_message = "name = \"${var.name}\": 1 to 48 letters, digits, - and _, and a letter first."
  }
}

variable "namespace" {
  description = "Namespace that the connector runs in."
  type        = string
  default     = "openfaas"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "namespace = \"${var.namespace}\": the name of a namespace: lower-case letters, digits and -."
  }
}

variable "service_account" {
  description = "Name of the connector's service account."
  type        = string
  default     = "sqs-connector"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", var.service_account))
    error_message = "service_account = \"${var.service_account}\": the name of a service account, without its namespace: lower-case letters, digits, - and dots."
  }
}

variable "manage_account_logging_role" {
  description = "Whether to make the role through which API Gateway writes logs, for the whole account and region: true where it has none yet, which `aws apigateway get-account` tells."
  type        = bool
  default     = false
}

variable "log_group_name" {
  description = "Log group that the connector's and the functions' lines go to already; null to make one, named `/throughline/<name>`."
  type        = string
  default     = null

  validation {
    condition     = var.log_group_name == null || can(regex("^[A-Za-z0-9._/#-]{1,512}$", var.log_group_name))
    error_message = "log_group_name = \"${var.log_group_name == null ? "null" : var.log_group_name}\": the name of a log group, without its ARN."
  }
}

variable "alarm_email" {
  description = "Who gets alarms by mail; null for nobody."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@\\s]+@[^@\\s]+$", var.alarm_email))
    error_message = "alarm_email = \"${var.alarm_email == null ? "null" : var.alarm_email}\": one address, such as oncall@example.com."
  }
}
