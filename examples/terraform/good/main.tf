# A trail and what serves it, as it should be. `trailproof scan examples/terraform/good` reads it without Terraform.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}

provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = [var.account_id]
}

data "aws_caller_identity" "current" {}

locals {
  trail = "${var.name}-trail"
  # The trail does not exist when its bucket's policy is written, so that its ARN is put together.
  trail_arn = "arn:aws:cloudtrail:eu-central-1:${data.aws_caller_identity.current.account_id}:trail/${local.trail}"
}

module "bucket" {
  source = "./bucket"

  name       = "${var.name}-logs"
  trail_arn  = local.trail_arn
  key_arn    = aws_kms_key.logs.arn
  lock_years = 1
}

data "aws_iam_policy_document" "key" {
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.account_id}:root"]
    }
  }
  statement {
    sid       = "CloudTrail"
    actions   = ["kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }
}

resource "aws_kms_key" "logs" {
  description         = "Log files of ${local.trail}"
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.key.json
}

resource "aws_cloudtrail" "this" {
  name                       = local.trail
  s3_bucket_name             = module.bucket.id
  kms_key_id                 = aws_kms_key.logs.arn
  is_multi_region_trail      = true
  enable_log_file_validation = true

  event_selector {
    read_write_type           = "All"
    include_management_events = true

    dynamic "data_resource" {
      for_each = var.data_events ? ["AWS::S3::Object", "AWS::Lambda::Function"] : []
      content {
        type   = data_resource.value
        values = [data_resource.value == "AWS::S3::Object" ? "arn:aws:s3" : "arn:aws:lambda"]
      }
    }
  }
}
