resource "aws_cloudwatch_log_metric_filter" "milestone" {
  for_each = toset(var.milestones)

  name           = "${var.name}-${each.value}"
  log_group_name = var.log_group_name
  pattern        = "{ $.milestone = \"${each.value}\" }"

  metric_transformation {
    name          = each.value
    namespace     = local.namespace
    value         = "1"
    default_value = "0"
  }
}

# The key has a dot in it, which a pattern can't name by itself.
resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "${var.name}-errors"
  log_group_name = var.log_group_name
  pattern        = "{ $.['log.level'] = \"error\" }"

  metric_transformation {
    name          = "Errors"
    namespace     = local.namespace
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name        = "${var.name}-errors"
  alarm_description = "More than ${var.alarm_errors_more_than} lines of level error in five minutes. The saved query ${var.name}/errors-by-service says whose; with an id from it, ${var.name}/story tells what happened."

  namespace           = local.namespace
  metric_name         = "Errors"
  statistic           = "Sum"
  threshold           = var.alarm_errors_more_than
  comparison_operator = "GreaterThanThreshold"
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
  tags          = var.tags
}

locals {
  namespace = "Throughline/${var.name}"
}
