# A trail as many are made: it runs, and what it writes proves little. `trailproof scan examples/terraform/bad` says why.

provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = ["444455556666"]
}

variable "validate" {
  type        = bool
  description = "Whether digests are written. Nobody says, so that a scan cannot know: try --var validate=true."
}

variable "versioning" {
  type    = bool
  default = false
}

resource "aws_s3_bucket" "logs" {
  bucket        = "acme-dev-trail"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  versioning_configuration {
    status = var.versioning ? "Enabled" : "Suspended"
  }
}

resource "aws_s3_bucket_public_access_block" "logs" {
  bucket              = aws_s3_bucket.logs.id
  block_public_acls   = true
  block_public_policy = false
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id
  policy = <<-EOT
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Principal": { "Service": "cloudtrail.amazonaws.com" },
          "Action": "s3:GetBucketAcl",
          "Resource": "${aws_s3_bucket.logs.arn}"
        },
        {
          "Effect": "Allow",
          "Principal": { "Service": "cloudtrail.amazonaws.com" },
          "Action": "s3:PutObject",
          "Resource": "${aws_s3_bucket.logs.arn}/*"
        }
      ]
    }
  EOT
}

resource "aws_cloudtrail" "main" {
  name                       = "dev"
  s3_bucket_name             = aws_s3_bucket.logs.bucket
  enable_log_file_validation = var.validate

  event_selector {
    read_write_type           = "WriteOnly"
    include_management_events = true
  }
}

resource "aws_cloudwatch_log_group" "trail" {
  name              = "/trail/dev"
  retention_in_days = 14
}
