# What ACME's code says of the account that `examples/acme-org` is a recording of, some months after somebody last looked:
#
#     trailproof drift --code examples/terraform/acme-org --live examples/acme-org

provider "aws" {
  region              = "us-east-1"
  allowed_account_ids = ["111122223333"]
}

resource "aws_cloudtrail" "organization" {
  name                       = "acme-org-trail"
  s3_bucket_name             = aws_s3_bucket.logs.id
  kms_key_id                 = aws_kms_key.logs.arn
  cloud_watch_logs_group_arn = "${aws_cloudwatch_log_group.trail.arn}:*"
  cloud_watch_logs_role_arn  = "arn:aws:iam::111122223333:role/acme-cloudtrail-to-logs"
  sns_topic_name             = aws_sns_topic.deliveries.name
  is_organization_trail      = true
  is_multi_region_trail      = true
  enable_log_file_validation = false

  advanced_event_selector {
    name = "management events"
    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }
}

# Planned, and never applied.
resource "aws_cloudtrail" "payments" {
  name           = "payments"
  s3_bucket_name = aws_s3_bucket.logs.id
}

resource "aws_s3_bucket" "logs" {
  bucket = "acme-org-trail-logs-111122223333"
}

resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "logs" {
  bucket                  = aws_s3_bucket.logs.id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id
  rule {
    id     = "keep"
    status = "Enabled"
    filter {}
    expiration {
      days = 365
    }
  }
}

resource "aws_kms_key" "logs" {
  description         = "Log files of acme-org-trail"
  enable_key_rotation = true
}

resource "aws_sns_topic" "deliveries" {
  name = "acme-org-trail-deliveries"
}

resource "aws_cloudwatch_log_group" "trail" {
  name              = "/cloudtrail/acme-org-trail"
  retention_in_days = 365
}

resource "aws_cloudwatch_log_metric_filter" "trail_changes" {
  name           = "CloudTrailChanges"
  log_group_name = aws_cloudwatch_log_group.trail.name
  pattern        = "{ ($.eventName = StopLogging) || ($.eventName = DeleteTrail) }"
  metric_transformation {
    namespace = "CISBenchmark"
    name      = "CloudTrailChanges"
    value     = "1"
  }
}
