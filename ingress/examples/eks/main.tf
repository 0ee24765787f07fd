# An ingress, its queue, and the role that the connector's service account in an EKS cluster takes (IRSA).
#
#   terraform apply -var cluster_name=prod -var alarm_email=oncall@example.com
#   helm install sqs-connector … --set serviceAccount.annotations."eks\.amazonaws\.com/role-arn"=$(terraform output -raw connector_role_arn)

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

data "aws_eks_cluster" "this" {
  name = var.cluster_name
}

locals {
  issuer = trimprefix(data.aws_eks_cluster.this.identity[0].oidc[0].issuer, "https://")
}

module "ingress" {
  source = "../.."

  name             = var.name
  kms_key_arn      = aws_kms_key.this.arn
  alarm_topic_arns = [aws_sns_topic.alarms.arn]
}

module "watch" {
  source = "../../modules/watch"

  name                   = var.name
  api_name               = module.ingress.api_name
  stage_name             = module.ingress.stage_name
  queue_name             = module.ingress.queue_name
  dead_letter_queue_name = module.ingress.dead_letter_queue_name
  access_log_group_name  = module.ingress.access_log_group_name
  log_group_name         = coalesce(var.log_group_name, "/aws/containerinsights/${var.cluster_name}/application")
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
