output "hooks_url" {
  description = "Where senders post: add the sender's name, as in `<hooks_url>/jira`. Trello signs the whole URL."
  value       = "${aws_api_gateway_stage.this.invoke_url}/hooks"
}

output "queue_url" {
  description = "URL of the queue, for the connector's `queue_url`."
  value       = module.queue.url
}

output "queue_arn" {
  description = "ARN of the queue."
  value       = module.queue.arn
}

output "queue_name" {
  description = "Name of the queue: the topic that functions subscribe to."
  value       = module.queue.name
}

output "dead_letter_queue_url" {
  description = "URL of the dead-letter queue."
  value       = module.queue.dead_letter_url
}

output "dead_letter_queue_arn" {
  description = "ARN of the dead-letter queue."
  value       = module.queue.dead_letter_arn
}

output "dead_letter_queue_name" {
  description = "Name of the dead-letter queue."
  value       = module.queue.dead_letter_name
}

output "connector_policy_json" {
  description = "Policy for the connector's role: what it does with the two queues, and nothing else."
  value       = module.queue.connector_policy_json
}

output "api_id" {
  description = "Id of the REST API."
  value       = aws_api_gateway_rest_api.this.id
}

output "api_name" {
  description = "Name of the REST API, as CloudWatch's metrics have it."
  value       = aws_api_gateway_rest_api.this.name
}

output "stage_name" {
  description = "Name of the stage."
  value       = aws_api_gateway_stage.this.stage_name
}

output "stage_arn" {
  description = "ARN of the stage, for what is to be put before it."
  value       = aws_api_gateway_stage.this.arn
}

output "role_arn" {
  description = "ARN of the role that API Gateway sends under."
  value       = aws_iam_role.send.arn
}

output "access_log_group_name" {
  description = "Name of the access log's group."
  value       = aws_cloudwatch_log_group.access.name
}

output "alarm_arns" {
  description = "ARNs of the alarms, by what they watch."
  value = merge(module.queue.alarm_arns, {
    refused = aws_cloudwatch_metric_alarm.refused.arn
    failed  = aws_cloudwatch_metric_alarm.failed.arn
  })
}

output "forwarded_headers" {
  description = "The headers that go into the envelope."
  value       = local.headers
}
