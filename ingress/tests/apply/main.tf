# The whole module, applied to a stand-in for AWS on this machine: AWS_ENDPOINT_URL says where.

terraform {
  required_version = ">= 1.9, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80, < 7.0"
    }
  }
}

provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_region_validation      = true
}

module "ingress" {
  source = "../.."

  name                        = "kanban-events"
  manage_account_logging_role = true
  alarm_topic_arns            = ["arn:aws:sns:eu-west-1:000000000000:alarms"]
}
