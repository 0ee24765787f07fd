# What API Gateway answers by itself (403, 413, 415, 429, 504 and the rest) has the id as well.
resource "aws_api_gateway_gateway_response" "error" {
  for_each = toset(["DEFAULT_4XX", "DEFAULT_5XX"])

  rest_api_id   = aws_api_gateway_rest_api.this.id
  response_type = each.value

  response_parameters = { "gatewayresponse.header.X-Correlation-ID" = "context.extendedRequestId" }
  # No VTL here: values are put in as they stand, and messageString comes with its quotes.
  response_templates = {
    "application/json" = "{\"message\":$context.error.messageString,\"correlation_id\":\"$context.extendedRequestId\"}"
  }
}
