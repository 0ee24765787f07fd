# The example, planned with a cluster that is not there.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "000000000000" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_data "aws_eks_cluster" {
    defaults = {
      identity = [{ oidc = [{ issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/0B1C" }] }]
    }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:000000000000:log-group:x" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::000000000000:role/x" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:000000000000:key/0b1c" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:000000000000:kanban-events-alarms" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-west-1:000000000000:kanban-events"
      url = "https://sqs.eu-west-1.amazonaws.com/000000000000/kanban-events"
    }
  }

  mock_resource "aws_api_gateway_stage" {
    defaults = { arn = "arn:aws:apigateway:eu-west-1::/restapis/x/stages/v1" }
  }
}

variables {
  cluster_name = "events"
}

run "from_nothing" {
  command = apply

  assert {
    condition     = output.log_group_name == "/throughline/kanban-events" && aws_cloudwatch_log_group.lines[0].name == output.log_group_name
    error_message = "The filters are put on a log group that nobody makes."
  }

  assert {
    condition     = one([for condition in data.aws_iam_policy_document.connector_trust.statement[0].condition : one(condition.values) if endswith(condition.variable, ":sub")]) == "system:serviceaccount:openfaas:sqs-connector"
    error_message = "Another service account than the chart's may take the role."
  }

  assert {
    condition     = alltrue([for condition in data.aws_iam_policy_document.connector_trust.statement[0].condition : startswith(condition.variable, "oidc.eks.eu-west-1.amazonaws.com/id/0B1C:")])
    error_message = "The conditions name the issuer without https://."
  }

  assert {
    condition     = output.queue_url == "https://sqs.eu-west-1.amazonaws.com/000000000000/kanban-events" && output.connector_role_arn != "" && endswith(output.hooks_url, "/hooks")
    error_message = "An output that the chart or a sender needs is missing."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0
    error_message = "Mail without an address."
  }
}

run "with_a_log_group_that_is_there" {
  command = plan

  variables {
    log_group_name              = "/aws/containerinsights/events/application"
    alarm_email                 = "oncall@example.com"
    manage_account_logging_role = true
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.lines) == 0 && output.log_group_name == "/aws/containerinsights/events/application"
    error_message = "A group that is there can't be made again."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 1
    error_message = "No mail to the address."
  }
}

run "an_arn_for_the_cluster" {
  command = plan

  variables {
    cluster_name = "arn:aws:eks:eu-west-1:000000000000:cluster/events"
  }

  expect_failures = [var.cluster_name]
}

run "a_fifo_name" {
  command = plan

  variables {
    name = "kanban-events.fifo"
  }

  expect_failures = [var.name]
}

run "a_namespace_in_upper_case" {
  command = plan

  variables {
    namespace = "OpenFaaS"
  }

  expect_failures = [var.namespace]
}

run "an_account_with_its_namespace" {
  command = plan

  variables {
    service_account = "openfaas:sqs-connector"
  }

  expect_failures = [var.service_account]
}

run "an_arn_for_the_log_group" {
  command = plan

  variables {
    log_group_name = "arn:aws:logs:eu-west-1:000000000000:log-group:x"
  }

  expect_failures = [var.log_group_name]
}

run "an_address_that_is_none" {
  command = plan

  variables {
    alarm_email = "oncall"
  }

  expect_failures = [var.alarm_email]
}
