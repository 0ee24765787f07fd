resource "aws_cloudwatch_metric_alarm" "oldest" {
  alarm_name        = "${var.name}-oldest-message"
  alarm_description = "A message has waited in ${var.name} for more than ${var.alarm_oldest_message_seconds} s. Is the connector ready (/readyz), paused for a function (sqs_connector_paused), or too small?"

  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.this.name }
  statistic           = "Maximum"
  threshold           = var.alarm_oldest_message_seconds
  comparison_operator = "GreaterThanThreshold"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  # A queue that is long empty tells nothing.
  treat_missing_data = "notBreaching"

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
  tags          = var.tags
}

# Its own alarm: a message that was received three times no longer counts for the age.
resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name        = "${var.name}-dead-letters"
  alarm_description = "Messages lie in ${local.dead_letter_name}. `sqs-connector peek` shows why; mend the cause, then `sqs-connector redrive`."

  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  threshold           = var.alarm_dead_letters_more_than
  comparison_operator = "GreaterThanThreshold"
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
  tags          = var.tags
}
