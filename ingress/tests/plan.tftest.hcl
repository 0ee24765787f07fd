# What is planned by default, and with everything on.

mock_provider "aws" {
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:000000000000:log-group:/aws/apigateway/x/access" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::000000000000:role/x" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:000000000000:x" }
  }

  mock_resource "aws_api_gateway_stage" {
    defaults = { arn = "arn:aws:apigateway:eu-west-1::/restapis/x/stages/v1" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "000000000000" }
  }
}

variables {
  name             = "kanban-events"
  alarm_topic_arns = ["arn:aws:sns:eu-west-1:000000000000:alarms"]
}

run "by_default" {
  command = apply

  assert {
    condition     = aws_api_gateway_integration.post.passthrough_behavior == "NEVER"
    error_message = "A body of another content type would be SQS's query."
  }

  assert {
    condition     = aws_api_gateway_integration.post.uri == "arn:aws:apigateway:eu-west-1:sqs:path/000000000000/kanban-events"
    error_message = "It sends to another queue: ${aws_api_gateway_integration.post.uri}"
  }

  assert {
    condition     = length(aws_api_gateway_integration.post.request_templates) == 10 && length(distinct(values(aws_api_gateway_integration.post.request_templates))) == 1
    error_message = "JSON and forms, with the charsets that senders add, have one template."
  }

  assert {
    condition     = !strcontains(local.envelope, "@forwarded_headers@") && strcontains(local.envelope, "['authorization', 'content-type', ")
    error_message = "The template lacks the list of headers."
  }

  assert {
    condition     = aws_api_gateway_integration_response.taken.selection_pattern == "2\\d{2}" && aws_api_gateway_integration_response.refused.selection_pattern == null
    error_message = "What is not known to be a success must be told to the sender as a failure."
  }

  assert {
    condition     = alltrue([for response in [aws_api_gateway_integration_response.taken, aws_api_gateway_integration_response.refused, aws_api_gateway_integration_response.head] : response.response_parameters["method.response.header.X-Correlation-ID"] == "context.extendedRequestId"])
    error_message = "Every answer has the id."
  }

  assert {
    condition     = toset(keys(aws_api_gateway_gateway_response.error)) == toset(["DEFAULT_4XX", "DEFAULT_5XX"])
    error_message = "So have API Gateway's own errors."
  }

  assert {
    condition     = jsondecode(local.access_log)["correlation_id"] == "$context.extendedRequestId"
    error_message = "The access log has the id."
  }

  assert {
    condition     = length(aws_wafv2_web_acl_association.this) == 0 && length(aws_api_gateway_account.this) == 0
    error_message = "Neither a web ACL nor the account's role unless asked for."
  }

  assert {
    condition     = alltrue([for alarm in [aws_cloudwatch_metric_alarm.refused, aws_cloudwatch_metric_alarm.failed] : alarm.alarm_actions == toset(var.alarm_topic_arns)])
    error_message = "Alarms go to the topics."
  }
}

run "with_everything" {
  command = apply

  variables {
    web_acl_arn                 = "arn:aws:wafv2:eu-west-1:000000000000:regional/webacl/hooks/0b1c"
    kms_key_arn                 = "arn:aws:kms:eu-west-1:000000000000:key/0b1c"
    log_kms_key_arn             = "arn:aws:kms:eu-west-1:000000000000:key/0b1d"
    permissions_boundary_arn    = "arn:aws:iam::000000000000:policy/boundary"
    manage_account_logging_role = true
    extra_headers               = ["x-board-signature", "content-type"]
  }

  assert {
    condition     = length(aws_wafv2_web_acl_association.this) == 1 && length(aws_api_gateway_account.this) == 1
    error_message = "The web ACL and the account's role were asked for."
  }

  assert {
    condition     = contains(local.headers, "x-board-signature") && length(local.headers) == length(distinct(local.headers)) && local.headers == sort(local.headers)
    error_message = "Extra headers are in, once, in order."
  }

  assert {
    condition     = aws_iam_role.send.permissions_boundary == var.permissions_boundary_arn
    error_message = "The boundary bounds the role."
  }
}
