mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:000000000000:log-group:/aws/apigateway/x/access" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::000000000000:role/x" }
  }
}

variables {
  name      = "kanban-events"
  queue_url = "https://sqs.eu-west-1.amazonaws.com/000000000000/kanban-events"
  queue_arn = "arn:aws:sqs:eu-west-1:000000000000:kanban-events"
}

run "by_default" {
  command = apply

  assert {
    condition     = aws_apigatewayv2_integration.send.request_parameters["MessageBody"] == "$request.body"
    error_message = "The body is not the sender's, byte for byte."
  }

  assert {
    condition     = jsondecode(aws_apigatewayv2_integration.send.request_parameters["MessageAttributes"]).correlation_id.StringValue == "$${context.extendedRequestId}"
    error_message = "The id is not one that no sender can choose."
  }
}

run "the_url_of_a_fifo_queue" {
  command = plan

  variables {
    queue_url = "https://sqs.eu-west-1.amazonaws.com/000000000000/kanban-events.fifo"
  }

  expect_failures = [var.queue_url]
}

run "the_arn_of_a_fifo_queue" {
  command = plan

  variables {
    queue_arn = "arn:aws:sqs:eu-west-1:000000000000:kanban-events.fifo"
  }

  expect_failures = [var.queue_arn]
}

run "a_name_with_a_slash" {
  command = plan

  variables {
    name = "a/b"
  }

  expect_failures = [var.name]
}

run "a_rate_and_a_burst_of_nothing" {
  command = plan

  variables {
    throttle_rate_limit  = 0
    throttle_burst_limit = 0
  }

  expect_failures = [var.throttle_rate_limit, var.throttle_burst_limit]
}

run "the_arn_of_another_queue" {
  command = plan

  variables {
    queue_arn = "arn:aws:sqs:eu-west-1:000000000000:other"
  }

  expect_failures = [var.queue_arn]
}

run "an_alias_for_a_key" {
  command = plan

  variables {
    kms_key_arn = "alias/aws/sqs"
  }

  expect_failures = [var.kms_key_arn]
}

run "a_log_retention_that_cloudwatch_lacks" {
  command = plan

  variables {
    log_retention_days = 100
  }

  expect_failures = [var.log_retention_days]
}

run "a_tag_of_aws" {
  command = plan

  variables {
    tags = { "aws:x" = "y" }
  }

  expect_failures = [var.tags]
}
