# Every variable that can be wrong, wrong: refused at plan, each by its own rule.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name             = "kanban-events"
  alarm_topic_arns = ["arn:aws:sns:eu-west-1:000000000000:alarms"]
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

run "a_stage_with_a_slash" {
  command = plan

  variables {
    stage_name = "v1/x"
  }

  expect_failures = [var.stage_name]
}

run "a_header_in_upper_case" {
  command = plan

  variables {
    extra_headers = ["X-Board-Signature"]
  }

  expect_failures = [var.extra_headers]
}

run "a_header_that_breaks_out_of_the_template" {
  command = plan

  variables {
    extra_headers = ["x'])#end"]
  }

  expect_failures = [var.extra_headers]
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

run "a_rate_of_nothing" {
  command = plan

  variables {
    throttle_rate_limit = 0
  }

  expect_failures = [var.throttle_rate_limit]
}

run "a_burst_of_a_half" {
  command = plan

  variables {
    throttle_burst_limit = 0.5
  }

  expect_failures = [var.throttle_burst_limit]
}

run "a_web_acl_for_cloudfront" {
  command = plan

  variables {
    web_acl_arn = "arn:aws:wafv2:us-east-1:000000000000:global/webacl/a/b"
  }

  expect_failures = [var.web_acl_arn]
}

run "a_log_retention_that_cloudwatch_lacks" {
  command = plan

  variables {
    log_retention_days = 100
  }

  expect_failures = [var.log_retention_days]
}

run "a_log_key_that_is_no_key" {
  command = plan

  variables {
    log_kms_key_arn = "secret"
  }

  expect_failures = [var.log_kms_key_arn]
}

run "a_boundary_that_is_no_policy" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::000000000000:role/x"
  }

  expect_failures = [var.permissions_boundary_arn]
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

run "a_share_of_more_than_all" {
  command = plan

  variables {
    alarm_4xx_percent = 150
  }

  expect_failures = [var.alarm_4xx_percent]
}

run "failures_by_halves" {
  command = plan

  variables {
    alarm_5xx_count = 0.5
  }

  expect_failures = [var.alarm_5xx_count]
}

run "a_tag_of_aws" {
  command = plan

  variables {
    tags = { "aws:x" = "y" }
  }

  expect_failures = [var.tags]
}


run "a_data_key_for_half_a_second" {
  command = plan

  variables {
    kms_data_key_reuse_period_seconds = 60.5
  }

  expect_failures = [var.kms_data_key_reuse_period_seconds]
}
