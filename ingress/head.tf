# Trello asks with HEAD before it makes a webhook, and makes it only on 200.

resource "aws_api_gateway_method" "head" {
  # checkov:skip=CKV_AWS_59: Trello asks without credentials, and the answer says nothing
  rest_api_id          = aws_api_gateway_rest_api.this.id
  resource_id          = aws_api_gateway_resource.source.id
  http_method          = "HEAD"
  authorization        = "NONE"
  request_validator_id = aws_api_gateway_request_validator.this.id

  request_parameters = {
    "method.request.path.source" = true
  }
}

resource "aws_api_gateway_integration" "head" {
  rest_api_id          = aws_api_gateway_rest_api.this.id
  resource_id          = aws_api_gateway_resource.source.id
  http_method          = aws_api_gateway_method.head.http_method
  type                 = "MOCK"
  passthrough_behavior = "NEVER"
  request_templates    = { "application/json" = jsonencode({ statusCode = 200 }) }
}

resource "aws_api_gateway_method_response" "head" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  resource_id = aws_api_gateway_resource.source.id
  http_method = aws_api_gateway_method.head.http_method
  status_code = "200"

  response_parameters = { "method.response.header.X-Correlation-ID" = true }
}

resource "aws_api_gateway_integration_response" "head" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  resource_id = aws_api_gateway_resource.source.id
  http_method = aws_api_gateway_integration.head.http_method
  status_code = aws_api_gateway_method_response.head.status_code

  response_parameters = { "method.response.header.X-Correlation-ID" = "context.extendedRequestId" }
}
