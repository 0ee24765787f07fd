# An ingress, its queue, and the role that the connector's service account in an EKS cluster takes (IRSA).
#
#   terraform apply -var cluster_name=events -var alarm_email=oncall@example.com
#   terraform output connector_role_arn   # the chart's serviceAccount.roleArn
#   terraform output queue_url            # one of its queues

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

data "aws_eks_cluster" "this" {
  name = var.cluster_name
}

locals {
  issuer         = trimprefix(data.aws_eks_cluster.this.identity[0].oidc[0].issuer, "https://")
  log_group_name = var.log_group_name == null ? aws_cloudwatch_log_group.lines[0].name : var.log_group_name
}

module "ingress" {
  source = "../.."

  name                        = var.name
  kms_key_arn                 = aws_kms_key.this.arn
  manage_account_logging_role = var.manage_account_logging_role
  alarm_topic_arns            = [aws_sns_topic.alarms.arn]
}

# The filters of a log group can't be made before the group.
resource "aws_cloudwatch_log_group" "lines" {
  # checkov:skip=CKV_AWS_158: CloudWatch encrypts with its own key; whatever ships the lines would need the right to use another
  count = var.log_group_name == null ? 1 : 0

  name              = "/throughline/${var.name}"
  retention_in_days = 365
}

module "watch" {
  source = "../../modules/watch"

  name                   = var.name
  api_name               = module.ingress.api_name
  stage_name             = module.ingress.stage_name
  queue_name             = module.ingress.queue_name
  dead_letter_queue_name = module.ingress.dead_letter_queue_name
  access_log_group_name  = module.ingress.access_log_group_name
  log_group_name         = local.log_group_name
  alarm_topic_arns       = [aws_sns_topic.alarms.arn]
}

data "aws_iam_policy_document" "connector_trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = ["arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:oidc-provider/${local.issuer}"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = ["system:serviceaccount:${var.namespace}:${var.service_account}"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "connector" {
  name               = "${var.name}-connector"
  description        = "The SQS connector in the cluster ${var.cluster_name}."
  assume_role_policy = data.aws_iam_policy_document.connector_trust.json
}

resource "aws_iam_role_policy" "connector" {
  name   = "queues"
  role   = aws_iam_role.connector.id
  policy = module.ingress.connector_policy_json
}
