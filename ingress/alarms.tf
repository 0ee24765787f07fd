resource "aws_cloudwatch_metric_alarm" "refused" {
  alarm_name        = "${var.name}-ingress-4xx"
  alarm_description = "More than ${var.alarm_4xx_percent} % of the deliveries to ${var.name} were refused with 4XX. The access log says which, and why: 415 a content type, 413 a size, 429 the throttle, 403 a path or the web ACL."

  namespace   = "AWS/ApiGateway"
  metric_name = "4XXError"
  dimensions  = local.api_dimensions
  # The average of this metric is the share of requests.
  statistic           = "Average"
  threshold           = var.alarm_4xx_percent / 100
  comparison_operator = "GreaterThanThreshold"
  period              = 300
  evaluation_periods  = 2
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
  tags          = var.tags
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name        = "${var.name}-ingress-5xx"
  alarm_description = "Deliveries to ${var.name} were answered with 5XX: they are not on the queue, and come again only if the sender tries again. integration_status and error in the access log say why: mostly the role, the key, or SQS."

  namespace           = "AWS/ApiGateway"
  metric_name         = "5XXError"
  dimensions          = local.api_dimensions
  statistic           = "Sum"
  threshold           = var.alarm_5xx_count
  comparison_operator = "GreaterThanThreshold"
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
  tags          = var.tags
}

locals {
  api_dimensions = {
    ApiName = aws_api_gateway_rest_api.this.name
    Stage   = aws_api_gateway_stage.this.stage_name
  }
}
