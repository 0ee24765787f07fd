output "hooks_url" {
  description = "Where senders post: add the sender's name."
  value       = "${aws_apigatewayv2_api.this.api_endpoint}/hooks"
}

output "api_id" {
  description = "Id of the HTTP API."
  value       = aws_apigatewayv2_api.this.id
}

output "access_log_group_name" {
  description = "Name of the access log's group."
  value       = aws_cloudwatch_log_group.access.name
}
