variable "cluster_name" {
  description = "Name of the EKS cluster. Its OIDC provider must be registered with IAM."
  type        = string
}

variable "name" {
  description = "Name of the queue, and the beginning of every other name."
  type        = string
  default     = "kanban-events"
}

variable "namespace" {
  description = "Namespace that the connector runs in."
  type        = string
  default     = "openfaas"
}

variable "service_account" {
  description = "Name of the connector's service account."
  type        = string
  default     = "sqs-connector"
}

variable "log_group_name" {
  description = "Log group of the connector's and the functions' lines; null for the one of Container Insights."
  type        = string
  default     = null
}

variable "alarm_email" {
  description = "Who gets alarms by mail; null for nobody."
  type        = string
  default     = null
}
