output "dashboard_name" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "query_names" {
  description = "Names of the saved queries."
  value       = [for query in aws_cloudwatch_query_definition.this : query.name]
}

output "metric_namespace" {
  description = "Namespace of the milestones' metrics."
  value       = local.namespace
}

output "alarm_arns" {
  description = "ARNs of the alarms, by what they watch."
  value       = { errors = aws_cloudwatch_metric_alarm.errors.arn }
}
