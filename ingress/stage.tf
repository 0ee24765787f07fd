resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  # A deployment is a snapshot: without this, a change of what it holds would never be served.
  triggers = {
    content = sha256(jsonencode([
      aws_api_gateway_resource.hooks,
      aws_api_gateway_resource.source,
      aws_api_gateway_request_validator.this,
      aws_api_gateway_method.post,
      aws_api_gateway_integration.post,
      aws_api_gateway_method_response.post,
      aws_api_gateway_integration_response.taken,
      aws_api_gateway_integration_response.refused,
      aws_api_gateway_method.head,
      aws_api_gateway_integration.head,
      aws_api_gateway_method_response.head,
      aws_api_gateway_integration_response.head,
      aws_api_gateway_gateway_response.error,
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "this" {
  # checkov:skip=CKV_AWS_120: only POST and HEAD are served, and neither may be answered from a cache
  # checkov:skip=CKV2_AWS_51: SQS is called under a role; there is no backend that could check a client certificate
  # checkov:skip=CKV2_AWS_77: as CKV2_AWS_29; which rules it has is for who owns it
  # checkov:skip=CKV2_AWS_29: the web ACL is the variable web_acl_arn, since accounts share one
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = var.stage_name
  xray_tracing_enabled = var.xray_tracing
  tags                 = var.tags

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = local.access_log
  }

  depends_on = [aws_api_gateway_account.this]
}

resource "aws_api_gateway_method_settings" "this" {
  # checkov:skip=CKV_AWS_225: only POST and HEAD are served, and neither may be answered from a cache
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled = true
    logging_level   = "ERROR"
    # A body may hold what is nobody's business, and Authorization is a secret.
    data_trace_enabled     = false
    throttling_rate_limit  = var.throttle_rate_limit
    throttling_burst_limit = var.throttle_burst_limit
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count = var.web_acl_arn == null ? 0 : 1

  resource_arn = aws_api_gateway_stage.this.arn
  web_acl_arn  = var.web_acl_arn
}
