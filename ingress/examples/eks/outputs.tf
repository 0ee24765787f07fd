output "connector_role_arn" {
  description = "For the annotation eks.amazonaws.com/role-arn of the connector's service account."
  value       = aws_iam_role.connector.arn
}

output "queue_url" {
  description = "For the connector's queue_url."
  value       = module.ingress.queue_url
}

output "hooks_url" {
  description = "Where senders post."
  value       = module.ingress.hooks_url
}
