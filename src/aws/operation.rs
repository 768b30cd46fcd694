//! The table of every AWS call that this program can make.
//!
//! A call is made through one of these and through nothing else: the table is what an auditing role needs, and every line
//! of it reads.

/// One API operation.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// For example `cloudtrail`; S3's account-level API is `s3control`.
    pub service: &'static str,
    /// For example `DescribeTrails`.
    pub name: &'static str,
    /// The IAM action that allows it, which is not always named like the operation.
    pub action: &'static str,
    /// What the answer is for.
    pub purpose: &'static str,
}

macro_rules! operations {
    ($( $konst:ident = $service:literal $name:literal allowed by $action:literal: $purpose:literal; )+) => {
        $( pub const $konst: &Operation =
            &Operation { service: $service, name: $name, action: $action, purpose: $purpose }; )+

        /// Every operation, in the order of the table.
        pub const ALL: &[&Operation] = &[$($konst),+];
    };
}

operations! {
    GET_CALLER_IDENTITY = "sts" "GetCallerIdentity" allowed by "sts:GetCallerIdentity": "which account this is, and who reads it";
    LIST_REGIONS = "account" "ListRegions" allowed by "account:ListRegions": "the Regions that the account has enabled";
    LIST_ACCOUNT_ALIASES = "iam" "ListAccountAliases" allowed by "iam:ListAccountAliases": "the account's alias";
    GET_ACCOUNT_PUBLIC_ACCESS_BLOCK = "s3control" "GetPublicAccessBlock" allowed by "s3:GetAccountPublicAccessBlock": "the account's public access block";
    LIST_TRAILS = "cloudtrail" "ListTrails" allowed by "cloudtrail:ListTrails": "the trails of every Region";
    DESCRIBE_TRAILS = "cloudtrail" "DescribeTrails" allowed by "cloudtrail:DescribeTrails": "a trail's settings, and the organization's trails";
    GET_TRAIL_STATUS = "cloudtrail" "GetTrailStatus" allowed by "cloudtrail:GetTrailStatus": "whether a trail is logging, and how delivery goes";
    GET_EVENT_SELECTORS = "cloudtrail" "GetEventSelectors" allowed by "cloudtrail:GetEventSelectors": "which events a trail records";
    GET_INSIGHT_SELECTORS = "cloudtrail" "GetInsightSelectors" allowed by "cloudtrail:GetInsightSelectors": "which Insights events a trail records";
    LIST_TAGS = "cloudtrail" "ListTags" allowed by "cloudtrail:ListTags": "a trail's tags";
    LIST_BUCKETS = "s3" "ListBuckets" allowed by "s3:ListAllMyBuckets": "whether a trail's bucket belongs to the account";
    HEAD_BUCKET = "s3" "HeadBucket" allowed by "s3:ListBucket": "whether a bucket exists, and its Region";
    GET_BUCKET_LOCATION = "s3" "GetBucketLocation" allowed by "s3:GetBucketLocation": "a bucket's Region";
    GET_BUCKET_VERSIONING = "s3" "GetBucketVersioning" allowed by "s3:GetBucketVersioning": "versioning and MFA delete";
    GET_BUCKET_ENCRYPTION = "s3" "GetBucketEncryption" allowed by "s3:GetEncryptionConfiguration": "default encryption";
    GET_BUCKET_POLICY = "s3" "GetBucketPolicy" allowed by "s3:GetBucketPolicy": "the bucket policy";
    GET_BUCKET_POLICY_STATUS = "s3" "GetBucketPolicyStatus" allowed by "s3:GetBucketPolicyStatus": "whether S3 judges the bucket policy as public";
    GET_BUCKET_ACL = "s3" "GetBucketAcl" allowed by "s3:GetBucketAcl": "the access control list";
    GET_BUCKET_OWNERSHIP_CONTROLS = "s3" "GetBucketOwnershipControls" allowed by "s3:GetBucketOwnershipControls": "whether access control lists are off";
    GET_BUCKET_PUBLIC_ACCESS_BLOCK = "s3" "GetPublicAccessBlock" allowed by "s3:GetBucketPublicAccessBlock": "the bucket's public access block";
    GET_BUCKET_LOGGING = "s3" "GetBucketLogging" allowed by "s3:GetBucketLogging": "server access logging";
    GET_OBJECT_LOCK_CONFIGURATION = "s3" "GetObjectLockConfiguration" allowed by "s3:GetBucketObjectLockConfiguration": "Object Lock";
    GET_BUCKET_LIFECYCLE_CONFIGURATION = "s3" "GetBucketLifecycleConfiguration" allowed by "s3:GetLifecycleConfiguration": "how long logs are kept";
    GET_BUCKET_REPLICATION = "s3" "GetBucketReplication" allowed by "s3:GetReplicationConfiguration": "copies of the logs";
    GET_BUCKET_TAGGING = "s3" "GetBucketTagging" allowed by "s3:GetBucketTagging": "the bucket's tags";
    LIST_OBJECTS = "s3" "ListObjectsV2" allowed by "s3:ListBucket": "what else the bucket holds, by its top level alone";
    DESCRIBE_KEY = "kms" "DescribeKey" allowed by "kms:DescribeKey": "a key's state and owner";
    GET_KEY_ROTATION_STATUS = "kms" "GetKeyRotationStatus" allowed by "kms:GetKeyRotationStatus": "whether a key rotates";
    GET_KEY_POLICY = "kms" "GetKeyPolicy" allowed by "kms:GetKeyPolicy": "who may use a key";
    DESCRIBE_LOG_GROUPS = "logs" "DescribeLogGroups" allowed by "logs:DescribeLogGroups": "how long a log group keeps events, and its key";
    GET_TOPIC_ATTRIBUTES = "sns" "GetTopicAttributes" allowed by "sns:GetTopicAttributes": "a topic's encryption, policy and subscriptions";
    DESCRIBE_ORGANIZATION = "organizations" "DescribeOrganization" allowed by "organizations:DescribeOrganization": "the organization that the account belongs to";
    LIST_ACCOUNTS = "organizations" "ListAccounts" allowed by "organizations:ListAccounts": "the accounts of the organization";
    LIST_ACCOUNTS_FOR_PARENT = "organizations" "ListAccountsForParent" allowed by "organizations:ListAccountsForParent": "the accounts of an organizational unit";
    LIST_ORGANIZATIONAL_UNITS_FOR_PARENT = "organizations" "ListOrganizationalUnitsForParent" allowed by "organizations:ListOrganizationalUnitsForParent": "the units inside an organizational unit";
    LIST_DELEGATED_ADMINISTRATORS = "organizations" "ListDelegatedAdministrators" allowed by "organizations:ListDelegatedAdministrators": "who administers CloudTrail for the organization";
    LIST_AWS_SERVICE_ACCESS = "organizations" "ListAWSServiceAccessForOrganization" allowed by "organizations:ListAWSServiceAccessForOrganization": "whether CloudTrail may act in the organization's accounts";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_only_reads() {
        for operation in ALL {
            let verb = ["Get", "List", "Describe", "Head"].iter().find(|verb| operation.name.starts_with(**verb));
            assert!(verb.is_some(), "{} does not read", operation.name);
            let (_, action) = operation.action.split_once(':').expect("service:Action");
            assert!(["Get", "List", "Describe"].iter().any(|verb| action.starts_with(verb)), "{}", operation.action);
        }
    }

    #[test]
    fn no_operation_stands_twice() {
        let mut names: Vec<_> = ALL.iter().map(|o| (o.service, o.name)).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
