data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  # The order is part of the envelope: the same headers give the same bytes.
  headers = sort(distinct(concat(jsondecode(file("${path.module}/headers.json")), var.extra_headers)))
  envelope = replace(
    file("${path.module}/templates/envelope.vtl"),
    "@forwarded_headers@",
    join("', '", local.headers),
  )
}

module "queue" {
  source = "./modules/queue"

  name                              = var.name
  visibility_timeout_seconds        = var.visibility_timeout_seconds
  message_retention_seconds         = var.message_retention_seconds
  dead_letter_retention_seconds     = var.dead_letter_retention_seconds
  max_receive_count                 = var.max_receive_count
  kms_key_arn                       = var.kms_key_arn
  alarm_topic_arns                  = var.alarm_topic_arns
  alarm_oldest_message_seconds      = var.alarm_oldest_message_seconds
  alarm_dead_letters_more_than      = var.alarm_dead_letters_more_than
  kms_data_key_reuse_period_seconds = var.kms_data_key_reuse_period_seconds
  tags                              = var.tags
}
