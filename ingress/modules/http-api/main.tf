# An HTTP API with the first-class integration SQS-SendMessage: no template, and the raw body is the message.
# README.md says what it lacks beside the REST API.

data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

resource "aws_apigatewayv2_api" "this" {
  name          = var.name
  description   = "Takes webhooks and puts their bodies on a queue, each with a correlation id."
  protocol_type = "HTTP"
  tags          = var.tags
}

resource "aws_apigatewayv2_integration" "send" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_subtype    = "SQS-SendMessage"
  credentials_arn        = aws_iam_role.send.arn
  payload_format_version = "1.0"
  timeout_milliseconds   = 10000

  request_parameters = {
    QueueUrl    = var.queue_url
    MessageBody = "$request.body"
    # The connector takes the id from its attribute first. A header that is not always there can't be one:
    # SQS refuses a message with an empty attribute.
    MessageAttributes = jsonencode({
      correlation_id = { DataType = "String", StringValue = "$${context.extendedRequestId}" }
      source         = { DataType = "String", StringValue = "$${request.path.source}" }
    })
  }

  response_parameters {
    status_code = "200"
    mappings    = { "overwrite:header.X-Correlation-ID" = "$context.extendedRequestId" }
  }

  response_parameters {
    status_code = "500"
    mappings    = { "overwrite:header.X-Correlation-ID" = "$context.extendedRequestId" }
  }
}

resource "aws_apigatewayv2_route" "post" {
  # checkov:skip=CKV_AWS_309: a webhook's sender can't sign for AWS; the function verifies its signature over the raw body
  api_id             = aws_apigatewayv2_api.this.id
  route_key          = "POST /hooks/{source}"
  authorization_type = "NONE"
  target             = "integrations/${aws_apigatewayv2_integration.send.id}"
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true
  tags        = var.tags

  default_route_settings {
    detailed_metrics_enabled = true
    throttling_rate_limit    = var.throttle_rate_limit
    throttling_burst_limit   = var.throttle_burst_limit
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      "correlation_id"     = "$context.extendedRequestId"
      "service.name"       = "ingress"
      "milestone"          = "WEBHOOK_RECEIVED"
      "log.level"          = "info"
      "message"            = "$context.httpMethod $context.path: $context.status"
      "received_at_ms"     = "$context.requestTimeEpoch"
      "ip"                 = "$context.identity.sourceIp"
      "status"             = "$context.status"
      "integration_status" = "$context.integrationStatus"
      "integration_ms"     = "$context.integrationLatency"
      "error"              = "$context.error.message"
    })
  }
}

resource "aws_cloudwatch_log_group" "access" {
  # checkov:skip=CKV_AWS_158: CloudWatch encrypts with its own key
  # checkov:skip=CKV_AWS_338: the default is a year, and log_retention_days is the user's to shorten
  name              = "/aws/apigateway/${var.name}/access"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["${aws_apigatewayv2_api.this.execution_arn}/*"]
    }
  }
}

data "aws_iam_policy_document" "send" {
  statement {
    sid       = "Send"
    actions   = ["sqs:SendMessage"]
    resources = [var.queue_arn]
  }

  dynamic "statement" {
    for_each = var.kms_key_arn[*]

    content {
      sid       = "Encrypt"
      actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["sqs.${data.aws_region.this.name}.amazonaws.com"]
      }
    }
  }
}

resource "aws_iam_role" "send" {
  name               = "${var.name}-ingress"
  description        = "Lets the HTTP API ${var.name} send to its queue."
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "send" {
  name   = "send"
  role   = aws_iam_role.send.id
  policy = data.aws_iam_policy_document.send.json
}
