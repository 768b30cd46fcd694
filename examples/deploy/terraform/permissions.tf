# Printed by `trailproof permissions --format terraform`.
# It lets a scan make every call, and so decide every policy, also those of your own.

# The names of trails, buckets and keys are not known before they are read, hence the resource "*". Every action reads settings.
data "aws_iam_policy_document" "audit" {
  statement {
    sid = "Account"
    actions = [
      # the Regions that the account has enabled
      "account:ListRegions",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Cloudtrail"
    actions = [
      # a trail's settings, and the organization's trails
      "cloudtrail:DescribeTrails",
      # what an event data store takes in, and how long it keeps it
      "cloudtrail:GetEventDataStore",
      # which events a trail records
      "cloudtrail:GetEventSelectors",
      # which Insights events a trail records
      "cloudtrail:GetInsightSelectors",
      # whether a trail is logging, and how delivery goes
      "cloudtrail:GetTrailStatus",
      # the event data stores of a Region
      "cloudtrail:ListEventDataStores",
      # a trail's tags
      "cloudtrail:ListTags",
      # the trails of every Region
      "cloudtrail:ListTrails",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Cloudwatch"
    actions = [
      # which alarms watch what is counted
      "cloudwatch:DescribeAlarms",
      # which alarms are muted, and when
      "cloudwatch:GetAlarmMuteRule",
      # whether alarms are muted
      "cloudwatch:ListAlarmMuteRules",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Config"
    actions = [
      # whether AWS Config records
      "config:DescribeConfigurationRecorderStatus",
      # what AWS Config records
      "config:DescribeConfigurationRecorders",
      # whether AWS Config delivers
      "config:DescribeDeliveryChannelStatus",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Events"
    actions = [
      # the rules of a Region's event bus
      "events:ListRules",
      # who a rule tells
      "events:ListTargetsByRule",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Guardduty"
    actions = [
      # whether it is enabled
      "guardduty:GetDetector",
      # whether a Region has a GuardDuty detector
      "guardduty:ListDetectors",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Iam"
    actions = [
      # whether the root user has MFA, and access keys
      "iam:GetAccountSummary",
      # the version in force of a policy or a permissions boundary of the role by which CloudTrail writes to a log group
      "iam:GetPolicy",
      # what a policy or a permissions boundary lets the role do by which CloudTrail writes to a log group
      "iam:GetPolicyVersion",
      # who may assume the role by which CloudTrail writes to a log group
      "iam:GetRole",
      # what a policy that is written into it lets the role do by which CloudTrail writes to a log group
      "iam:GetRolePolicy",
      # the account's alias
      "iam:ListAccountAliases",
      # the policies attached to the role by which CloudTrail writes to a log group
      "iam:ListAttachedRolePolicies",
      # the policies written into the role by which CloudTrail writes to a log group
      "iam:ListRolePolicies",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Kms"
    actions = [
      # a key's state and owner
      "kms:DescribeKey",
      # who may use a key
      "kms:GetKeyPolicy",
      # whether a key rotates
      "kms:GetKeyRotationStatus",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Logs"
    actions = [
      # how long a log group keeps events, and its key
      "logs:DescribeLogGroups",
      # what a log group counts
      "logs:DescribeMetricFilters",
      # who a log group sends events on to
      "logs:DescribeSubscriptionFilters",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Organizations"
    actions = [
      # the organization that the account belongs to
      "organizations:DescribeOrganization",
    ]
    resources = ["*"]
  }

  statement {
    sid = "S3"
    actions = [
      # the account's public access block
      "s3:GetAccountPublicAccessBlock",
      # the access control list
      "s3:GetBucketAcl",
      # a bucket's Region
      "s3:GetBucketLocation",
      # server access logging
      "s3:GetBucketLogging",
      # Object Lock
      "s3:GetBucketObjectLockConfiguration",
      # whether access control lists are off
      "s3:GetBucketOwnershipControls",
      # the bucket policy
      "s3:GetBucketPolicy",
      # whether S3 judges the bucket policy as public
      "s3:GetBucketPolicyStatus",
      # the bucket's public access block
      "s3:GetBucketPublicAccessBlock",
      # the bucket's tags
      "s3:GetBucketTagging",
      # versioning and MFA delete
      "s3:GetBucketVersioning",
      # default encryption
      "s3:GetEncryptionConfiguration",
      # how long logs are kept
      "s3:GetLifecycleConfiguration",
      # copies of the logs
      "s3:GetReplicationConfiguration",
      # whether a trail's bucket belongs to the account
      "s3:ListAllMyBuckets",
      # whether a bucket exists, and its Region; what else the bucket holds, by its top level alone
      "s3:ListBucket",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Securityhub"
    actions = [
      # whether a Region has Security Hub enabled
      "securityhub:DescribeHub",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Sns"
    actions = [
      # a topic's encryption, policy and subscriptions
      "sns:GetTopicAttributes",
    ]
    resources = ["*"]
  }
}
