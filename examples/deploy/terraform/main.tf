# The role that Trailproof assumes in an audited account. What it may do stands in permissions.tf.

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "TheAuditorAlone"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.auditor_principal_arn]
    }

    dynamic "condition" {
      for_each = var.external_id == null ? [] : [var.external_id]

      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "audit" {
  name                 = var.role_name
  description          = "Trailproof reads settings with it"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  tags                 = var.tags
}

resource "aws_iam_role_policy" "audit" {
  name   = "ReadSettings"
  role   = aws_iam_role.audit.id
  policy = data.aws_iam_policy_document.audit.json
}
