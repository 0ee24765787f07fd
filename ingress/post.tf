locals {
  # API Gateway compares a content type with these as they stand; what senders add to it is named.
  content_types = flatten([
    for type in ["application/json", "application/x-www-form-urlencoded"] : concat(
      [type],
      [for charset in ["utf-8", "UTF-8"] : "${type}; charset=${charset}"],
      [for charset in ["utf-8", "UTF-8"] : "${type};charset=${charset}"],
    )
  ])
}

resource "aws_api_gateway_method" "post" {
  # checkov:skip=CKV_AWS_59: a webhook's sender can't sign for AWS; the function verifies its signature over the raw body
  rest_api_id          = aws_api_gateway_rest_api.this.id
  resource_id          = aws_api_gateway_resource.source.id
  http_method          = "POST"
  authorization        = "NONE"
  request_validator_id = aws_api_gateway_request_validator.this.id

  request_parameters = {
    "method.request.path.source" = true
  }
}

resource "aws_api_gateway_integration" "post" {
  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = aws_api_gateway_resource.source.id
  http_method             = aws_api_gateway_method.post.http_method
  type                    = "AWS"
  integration_http_method = "POST"
  credentials             = aws_iam_role.send.arn
  uri                     = "arn:${data.aws_partition.this.partition}:apigateway:${data.aws_region.this.name}:sqs:path/${local.account}/${module.queue.name}"
  # WHEN_NO_MATCH would hand a text/plain body to SQS as it is: a call of the sender's choice, under our role.
  passthrough_behavior = "NEVER"
  request_templates    = { for type in local.content_types : type => local.envelope }

  request_parameters = {
    "integration.request.header.Content-Type" = "'application/x-www-form-urlencoded'"
  }
}

resource "aws_api_gateway_method_response" "post" {
  for_each = toset(["200", "413", "500"])

  rest_api_id = aws_api_gateway_rest_api.this.id
  resource_id = aws_api_gateway_resource.source.id
  http_method = aws_api_gateway_method.post.http_method
  status_code = each.value

  response_models = { "application/json" = "Empty" }
  response_parameters = merge(
    { "method.response.header.X-Correlation-ID" = true },
    each.value == "200" ? { "method.response.header.X-Hook-Secret" = false } : {},
  )
}

resource "aws_api_gateway_integration_response" "taken" {
  rest_api_id       = aws_api_gateway_rest_api.this.id
  resource_id       = aws_api_gateway_resource.source.id
  http_method       = aws_api_gateway_integration.post.http_method
  status_code       = aws_api_gateway_method_response.post["200"].status_code
  selection_pattern = "2\\d{2}"

  response_parameters = { "method.response.header.X-Correlation-ID" = "context.extendedRequestId" }
  response_templates  = { "application/json" = file("${path.module}/templates/taken.vtl") }
}

# The default: whatever is not known to be a success is told to the sender as a failure, who tries again.
resource "aws_api_gateway_integration_response" "refused" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  resource_id = aws_api_gateway_resource.source.id
  http_method = aws_api_gateway_integration.post.http_method
  status_code = aws_api_gateway_method_response.post["500"].status_code

  response_parameters = { "method.response.header.X-Correlation-ID" = "context.extendedRequestId" }
  response_templates  = { "application/json" = file("${path.module}/templates/refused.vtl") }
}
