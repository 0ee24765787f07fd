locals {
  # One line a request, with the names of all other log lines: it is the first of the id's story. A delivery
  # that was refused has it, too, as its only one; `status` says so.
  access_log = jsonencode({
    "correlation_id"     = "$context.extendedRequestId"
    "request_id"         = "$context.requestId"
    "service.name"       = "ingress"
    "milestone"          = "WEBHOOK_RECEIVED"
    "log.level"          = "info"
    "message"            = "$context.httpMethod $context.path: $context.status"
    "received_at_ms"     = "$context.requestTimeEpoch"
    "ip"                 = "$context.identity.sourceIp"
    "method"             = "$context.httpMethod"
    "path"               = "$context.path"
    "status"             = "$context.status"
    "response_ms"        = "$context.responseLatency"
    "integration_status" = "$context.integrationStatus"
    "integration_ms"     = "$context.integrationLatency"
    "sqs_request_id"     = "$context.awsEndpointRequestId"
    "xray"               = "$context.xrayTraceId"
    "waf"                = "$context.wafResponseCode"
    "error"              = "$context.error.message"
    "error_type"         = "$context.error.responseType"
  })
}

resource "aws_cloudwatch_log_group" "access" {
  # checkov:skip=CKV_AWS_158: CloudWatch encrypts with its own key; log_kms_key_arn takes another
  # checkov:skip=CKV_AWS_338: the default is a year, and log_retention_days is the user's to shorten
  name              = "/aws/apigateway/${var.name}/access"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

data "aws_iam_policy_document" "logging_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "logging" {
  count = var.manage_account_logging_role ? 1 : 0

  name                 = "${var.name}-api-gateway-logs"
  description          = "Lets API Gateway write logs, for every API of this account and region."
  assume_role_policy   = data.aws_iam_policy_document.logging_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy_attachment" "logging" {
  count = var.manage_account_logging_role ? 1 : 0

  role       = aws_iam_role.logging[0].name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

resource "aws_api_gateway_account" "this" {
  count = var.manage_account_logging_role ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.logging[0].arn

  depends_on = [aws_iam_role_policy_attachment.logging]
}
