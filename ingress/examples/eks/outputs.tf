output "connector_role_arn" {
  description = "For the chart's `serviceAccount.roleArn`."
  value       = aws_iam_role.connector.arn
}

output "queue_url" {
  description = "For the chart's `queues`, or the connector's `queue_url`."
  value       = module.ingress.queue_url
}

output "hooks_url" {
  description = "Where senders post."
  value       = module.ingress.hooks_url
}

output "log_group_name" {
  description = "Log group of the connector's and the functions' lines."
  value       = local.log_group_name
}

output "access_log_group_name" {
  description = "Log group of the ingress's own lines."
  value       = module.ingress.access_log_group_name
}
