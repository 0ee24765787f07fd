mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
}

variables {
  name                   = "kanban-events"
  api_name               = "kanban-events"
  stage_name             = "v1"
  queue_name             = "kanban-events"
  dead_letter_queue_name = "kanban-events-dlq"
  access_log_group_name  = "/aws/apigateway/kanban-events/access"
  log_group_name         = "/aws/containerinsights/prod/application"
  alarm_topic_arns       = ["arn:aws:sns:eu-west-1:000000000000:alarms"]
}

run "by_default" {
  command = apply

  assert {
    condition     = toset(keys(aws_cloudwatch_query_definition.this)) == toset(["story", "id-of-card", "milestones", "missing-milestone", "lead-time", "slowest", "errors-by-service", "cost"])
    error_message = "A query is missing, or one is new."
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 7
    error_message = "The dashboard lacks a panel."
  }

  assert {
    condition     = alltrue([for filter in aws_cloudwatch_log_metric_filter.milestone : filter.pattern == "{ $.milestone = \"${filter.metric_transformation[0].name}\" }"])
    error_message = "A milestone is counted under another's name."
  }

  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.x + widget.width <= 24])
    error_message = "A panel is wider than the dashboard."
  }
}

run "a_name_with_a_space" {
  command = plan

  variables {
    name = "kanban events"
  }

  expect_failures = [var.name]
}

run "an_arn_for_a_log_group" {
  command = plan

  variables {
    log_group_name = "arn:aws:logs:eu-west-1:000000000000:log-group:x"
  }

  expect_failures = [var.log_group_name]
}

run "a_milestone_that_breaks_out_of_the_pattern" {
  command = plan

  variables {
    milestones = ["CARD_MOVED", "X\" || $.a = \"b"]
  }

  expect_failures = [var.milestones]
}

run "an_alarm_topic_that_is_fifo" {
  command = plan

  variables {
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:000000000000:alarms.fifo"]
  }

  expect_failures = [var.alarm_topic_arns]
}

run "errors_below_zero" {
  command = plan

  variables {
    alarm_errors_more_than = -1
  }

  expect_failures = [var.alarm_errors_more_than]
}

run "a_price_below_zero" {
  command = plan

  variables {
    prices = { million_api_calls = -1, million_sqs_requests = 0.4, gb_of_logs = 0.5 }
  }

  expect_failures = [var.prices]
}

run "a_milestone_twice" {
  command = plan

  variables {
    milestones = ["CARD_MOVED", "CARD_MOVED"]
  }

  expect_failures = [var.milestones]
}

run "an_arn_for_the_api" {
  command = plan

  variables {
    api_name = "arn:aws:apigateway:eu-west-1::/restapis/x"
  }

  expect_failures = [var.api_name]
}

run "a_stage_with_a_slash" {
  command = plan

  variables {
    stage_name = "v1/x"
  }

  expect_failures = [var.stage_name]
}

run "urls_for_queues" {
  command = plan

  variables {
    queue_name             = "https://sqs.eu-west-1.amazonaws.com/000000000000/kanban-events"
    dead_letter_queue_name = "arn:aws:sqs:eu-west-1:000000000000:kanban-events-dlq"
  }

  expect_failures = [var.queue_name, var.dead_letter_queue_name]
}

run "an_arn_for_the_access_log" {
  command = plan

  variables {
    access_log_group_name = "arn:aws:logs:eu-west-1:000000000000:log-group:x"
  }

  expect_failures = [var.access_log_group_name]
}

run "a_tag_of_aws" {
  command = plan

  variables {
    tags = { "aws:x" = "y" }
  }

  expect_failures = [var.tags]
}
