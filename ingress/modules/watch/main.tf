data "aws_region" "this" {}

locals {
  api   = ["ApiName", var.api_name, "Stage", var.stage_name]
  queue = ["QueueName", var.queue_name]
  # SQS bills what is sent, received and deleted; an empty receive is a request, too.
  sqs_requests = ["NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted", "NumberOfEmptyReceives"]

  panels = [
    {
      title = "Webhooks, and what the functions were called for"
      stat  = "Sum"
      metrics = [
        concat(["AWS/ApiGateway", "Count"], local.api, [{ label = "webhooks" }]),
        concat(["AWS/SQS", "NumberOfMessagesSent"], local.queue, [{ label = "messages sent" }]),
        concat(["AWS/SQS", "NumberOfMessagesDeleted"], local.queue, [{ label = "messages done" }]),
        [local.namespace, "FUNCTION_INVOKED", { label = "invocations" }],
      ]
    },
    {
      title = "Errors"
      stat  = "Sum"
      metrics = [
        concat(["AWS/ApiGateway", "4XXError"], local.api, [{ label = "refused (4XX)" }]),
        concat(["AWS/ApiGateway", "5XXError"], local.api, [{ label = "failed (5XX)" }]),
        [local.namespace, "Errors", { label = "lines of level error" }],
      ]
    },
    {
      title   = "Age of the oldest message, in seconds"
      stat    = "Maximum"
      metrics = [concat(["AWS/SQS", "ApproximateAgeOfOldestMessage"], local.queue)]
    },
    {
      title = "Messages waiting, held, and dead"
      stat  = "Maximum"
      metrics = [
        concat(["AWS/SQS", "ApproximateNumberOfMessagesVisible"], local.queue, [{ label = "waiting" }]),
        concat(["AWS/SQS", "ApproximateNumberOfMessagesNotVisible"], local.queue, [{ label = "held" }]),
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.dead_letter_queue_name, { label = "dead letters" }],
      ]
    },
    {
      title   = "Milestones"
      stat    = "Sum"
      metrics = [for milestone in var.milestones : [local.namespace, milestone]]
    },
    {
      title = "Latency of the ingress, in ms"
      stat  = "p99"
      metrics = [
        concat(["AWS/ApiGateway", "Latency"], local.api, [{ label = "answer" }]),
        concat(["AWS/ApiGateway", "IntegrationLatency"], local.api, [{ label = "SQS" }]),
      ]
    },
    {
      title = "Cost, in US dollars"
      stat  = "Sum"
      metrics = concat(
        [
          [{ id = "api", label = "API Gateway", expression = "calls * ${var.prices.million_api_calls} / 1000000" }],
          [{ id = "sqs", label = "SQS", expression = "(${join(" + ", [for n in range(length(local.sqs_requests)) : "s${n}"])}) * ${var.prices.million_sqs_requests} / 1000000" }],
          [{ id = "logs", label = "logs", expression = "(FILL(l0, 0) + FILL(l1, 0)) * ${var.prices.gb_of_logs} / 1073741824" }],
          concat(["AWS/ApiGateway", "Count"], local.api, [{ id = "calls", visible = false }]),
        ],
        [for n, name in local.sqs_requests : concat(["AWS/SQS", name], local.queue, [{ id = "s${n}", visible = false }])],
        [for n, group in [var.access_log_group_name, var.log_group_name] : ["AWS/Logs", "IncomingBytes", "LogGroupName", group, { id = "l${n}", visible = false }]],
      )
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [
      for n, panel in local.panels : {
        type   = "metric"
        x      = n % 2 * 12
        y      = floor(n / 2) * 6
        width  = 12
        height = 6
        properties = {
          title   = panel.title
          stat    = panel.stat
          metrics = panel.metrics
          region  = data.aws_region.this.name
          period  = 300
          view    = "timeSeries"
        }
      }
    ]
  })
}
