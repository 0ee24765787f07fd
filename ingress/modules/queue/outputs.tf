output "url" {
  description = "URL of the queue."
  value       = aws_sqs_queue.this.url
}

output "arn" {
  description = "ARN of the queue."
  value       = aws_sqs_queue.this.arn
}

output "name" {
  description = "Name of the queue."
  value       = aws_sqs_queue.this.name
}

output "dead_letter_url" {
  description = "URL of the dead-letter queue."
  value       = aws_sqs_queue.dead_letters.url
}

output "dead_letter_arn" {
  description = "ARN of the dead-letter queue."
  value       = aws_sqs_queue.dead_letters.arn
}

output "dead_letter_name" {
  description = "Name of the dead-letter queue."
  value       = aws_sqs_queue.dead_letters.name
}

output "connector_policy_json" {
  description = "Policy for the connector's role."
  value       = data.aws_iam_policy_document.connector.json
}

output "alarm_arns" {
  description = "ARNs of the alarms, by what they watch."
  value = {
    oldest_message = aws_cloudwatch_metric_alarm.oldest.arn
    dead_letters   = aws_cloudwatch_metric_alarm.dead_letters.arn
  }
}
