# The queue on its own, as an HTTP API uses it, and every variable that can be wrong, wrong.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:000000000000:x" }
  }
}

variables {
  name             = "kanban-events"
  alarm_topic_arns = ["arn:aws:sns:eu-west-1:000000000000:alarms"]
}

run "by_default" {
  command = apply

  assert {
    condition     = aws_sqs_queue.dead_letters.name == "kanban-events-dlq" && jsondecode(aws_sqs_queue_redrive_policy.this.redrive_policy).maxReceiveCount == 5
    error_message = "A message that fails five times is a dead letter."
  }

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.this, aws_sqs_queue.dead_letters] : queue.sqs_managed_sse_enabled])
    error_message = "Without a key of one's own, SQS encrypts with its own."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters.redrive_allow_policy).redrivePermission == "byQueue"
    error_message = "Another queue may use these dead letters."
  }
}

run "a_fifo_name" {
  command = plan

  variables {
    name = "kanban-events.fifo"
  }

  expect_failures = [var.name]
}

run "a_name_that_is_too_long" {
  command = plan

  variables {
    name = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
  }

  expect_failures = [var.name]
}

run "a_visibility_below_a_functions_time" {
  command = plan

  variables {
    visibility_timeout_seconds = 5
  }

  expect_failures = [var.visibility_timeout_seconds]
}

run "a_visibility_beyond_12_hours" {
  command = plan

  variables {
    visibility_timeout_seconds = 43201
  }

  expect_failures = [var.visibility_timeout_seconds]
}

run "a_retention_below_an_hour" {
  command = plan

  variables {
    message_retention_seconds = 60
  }

  expect_failures = [var.message_retention_seconds]
}

run "a_dead_letter_retention_beyond_14_days" {
  command = plan

  variables {
    dead_letter_retention_seconds = 1209601
  }

  expect_failures = [var.dead_letter_retention_seconds]
}

run "a_dead_letter_retention_below_the_queues" {
  command = plan

  variables {
    dead_letter_retention_seconds = 345600
  }

  expect_failures = [var.dead_letter_retention_seconds]
}

run "a_receive_count_that_one_restart_uses_up" {
  command = plan

  variables {
    max_receive_count = 1
  }

  expect_failures = [var.max_receive_count]
}

run "an_alias_for_a_key" {
  command = plan

  variables {
    kms_key_arn = "alias/aws/sqs"
  }

  expect_failures = [var.kms_key_arn]
}

run "a_data_key_reused_for_ever" {
  command = plan

  variables {
    kms_data_key_reuse_period_seconds = 86401
  }

  expect_failures = [var.kms_data_key_reuse_period_seconds]
}

run "an_alarm_topic_that_is_fifo" {
  command = plan

  variables {
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:000000000000:alarms.fifo"]
  }

  expect_failures = [var.alarm_topic_arns]
}

run "an_age_beyond_the_retention" {
  command = plan

  variables {
    alarm_oldest_message_seconds = 345600
  }

  expect_failures = [var.alarm_oldest_message_seconds]
}

run "dead_letters_below_zero" {
  command = plan

  variables {
    alarm_dead_letters_more_than = -1
  }

  expect_failures = [var.alarm_dead_letters_more_than]
}

run "a_tag_of_aws" {
  command = plan

  variables {
    tags = { "aws:x" = "y" }
  }

  expect_failures = [var.tags]
}
