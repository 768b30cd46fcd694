//! The table of every AWS call that this program can make.
//!
//! A call is made through one of these and through nothing else: the table is what an auditing role needs, and every line
//! of it reads. It says which fields of which nouns each answer feeds, so that the permissions for some policies follow from
//! the fields that these read. It is there without the AWS SDK too, and knows nothing of how a call is made.

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
    /// When the call is made beside the reading of what it feeds.
    pub needs: &'static [Need],
    /// The fields that the answer feeds, noun by noun. What is nested in a field is fed with it.
    pub feeds: &'static [(&'static str, &'static [&'static str])],
}

/// When a call is made, and with whose permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Whatever is asked: without it the population is not known.
    Always,
    /// Before anything that only further calls tell of a record of this noun.
    First(&'static str),
    /// To find the accounts of an organization, by whoever starts the scan.
    Discovery,
    /// Answered to the management account and delegated administrators alone.
    Management,
    /// AWS answers it without any permission.
    Unrestricted,
}

impl Operation {
    /// Whether the answer feeds the field.
    pub fn feeds(&self, noun: &str, field: &str) -> bool {
        self.feeds.iter().any(|(n, fields)| *n == noun && fields.contains(&field))
    }
}

macro_rules! need {
    (always) => {
        Need::Always
    };
    (first $noun:ident) => {
        Need::First(stringify!($noun))
    };
    (discovery) => {
        Need::Discovery
    };
    (management) => {
        Need::Management
    };
    (unrestricted) => {
        Need::Unrestricted
    };
}

macro_rules! operations {
    ($(
        $konst:ident = $service:literal $name:literal allowed by $action:literal: $purpose:literal
            [$( $need:ident $($of:ident)? ),*] $( $noun:ident($($field:ident)+) )*;
    )+) => {
        $( pub const $konst: &Operation = &Operation {
            service: $service,
            name: $name,
            action: $action,
            purpose: $purpose,
            needs: &[$( need!($need $($of)?) ),*],
            feeds: &[$( (stringify!($noun), &[$( stringify!($field) ),+]) ),*],
        }; )+

        /// Every operation, in the order of the table.
        pub const ALL: &[&Operation] = &[$($konst),+];
    };
}

operations! {
    GET_CALLER_IDENTITY = "sts" "GetCallerIdentity" allowed by "sts:GetCallerIdentity": "which account this is, and who reads it"
        [always, unrestricted] account(id partition caller_arn global_events_region) bucket(partition);
    LIST_REGIONS = "account" "ListRegions" allowed by "account:ListRegions": "the Regions that the account has enabled"
        [always] account(regions);
    LIST_ACCOUNT_ALIASES = "iam" "ListAccountAliases" allowed by "iam:ListAccountAliases": "the account's alias"
        [] account(alias);
    GET_ACCOUNT_SUMMARY = "iam" "GetAccountSummary" allowed by "iam:GetAccountSummary": "whether the root user has MFA, and access keys"
        [] account(root_mfa_enabled root_has_access_keys);
    GET_ACCOUNT_PUBLIC_ACCESS_BLOCK = "s3control" "GetPublicAccessBlock" allowed by "s3:GetAccountPublicAccessBlock": "the account's public access block"
        [] account(public_access_block) bucket(account_public_access_block);
    LIST_TRAILS = "cloudtrail" "ListTrails" allowed by "cloudtrail:ListTrails": "the trails of every Region"
        [always] account(trails) trail(arn name owner_account home_region);
    DESCRIBE_TRAILS = "cloudtrail" "DescribeTrails" allowed by "cloudtrail:DescribeTrails": "a trail's settings, and the organization's trails"
        [always] account(trails) trail(arn name owner_account home_region
        is_multi_region is_organization include_global_service_events log_file_validation_enabled bucket s3_key_prefix kms_key
        kms_key_id sns_topic_arn sns_topic cloud_watch_logs_log_group_arn log_group cloud_watch_logs_role_arn
        has_custom_event_selectors has_insight_selectors) bucket(name trails) log_group(arn name owner_account region trails)
        topic(arn name partition owner_account region trails) organization(trails);
    GET_TRAIL_STATUS = "cloudtrail" "GetTrailStatus" allowed by "cloudtrail:GetTrailStatus": "whether a trail is logging, and how delivery goes"
        [] trail(is_logging status);
    GET_EVENT_SELECTORS = "cloudtrail" "GetEventSelectors" allowed by "cloudtrail:GetEventSelectors": "which events a trail records"
        [] trail(event_selectors);
    GET_INSIGHT_SELECTORS = "cloudtrail" "GetInsightSelectors" allowed by "cloudtrail:GetInsightSelectors": "which Insights events a trail records"
        [] trail(insight_types);
    LIST_EVENT_DATA_STORES = "cloudtrail" "ListEventDataStores" allowed by "cloudtrail:ListEventDataStores": "the event data stores of a Region"
        [] account(event_data_stores) event_data_store(arn name owner_account region);
    GET_EVENT_DATA_STORE = "cloudtrail" "GetEventDataStore" allowed by "cloudtrail:GetEventDataStore": "what an event data store takes in, and how long it keeps it"
        [] event_data_store(status is_multi_region is_organization termination_protection_enabled retention_days billing_mode
        kms_key_id kms_key event_selectors);
    GET_ROLE = "iam" "GetRole" allowed by "iam:GetRole": "who may assume the role by which CloudTrail writes to a log group"
        [] trail(cloud_watch_logs_role);
    LIST_ROLE_POLICIES = "iam" "ListRolePolicies" allowed by "iam:ListRolePolicies": "the policies written into the role by which CloudTrail writes to a log group"
        [] trail(cloud_watch_logs_role);
    GET_ROLE_POLICY = "iam" "GetRolePolicy" allowed by "iam:GetRolePolicy": "what a policy that is written into it lets the role do by which CloudTrail writes to a log group"
        [] trail(cloud_watch_logs_role);
    LIST_ATTACHED_ROLE_POLICIES = "iam" "ListAttachedRolePolicies" allowed by "iam:ListAttachedRolePolicies": "the policies attached to the role by which CloudTrail writes to a log group"
        [] trail(cloud_watch_logs_role);
    GET_POLICY = "iam" "GetPolicy" allowed by "iam:GetPolicy": "the version in force of a policy or a permissions boundary of the role by which CloudTrail writes to a log group"
        [] trail(cloud_watch_logs_role);
    GET_POLICY_VERSION = "iam" "GetPolicyVersion" allowed by "iam:GetPolicyVersion": "what a policy or a permissions boundary lets the role do by which CloudTrail writes to a log group"
        [] trail(cloud_watch_logs_role);
    LIST_TAGS = "cloudtrail" "ListTags" allowed by "cloudtrail:ListTags": "a trail's tags"
        [] trail(tags);
    LIST_BUCKETS = "s3" "ListBuckets" allowed by "s3:ListAllMyBuckets": "whether a trail's bucket belongs to the account"
        [first bucket] bucket(owner_account exists region);
    HEAD_BUCKET = "s3" "HeadBucket" allowed by "s3:ListBucket": "whether a bucket exists, and its Region"
        [first bucket] bucket(exists region access_log_bucket_exists);
    GET_BUCKET_LOCATION = "s3" "GetBucketLocation" allowed by "s3:GetBucketLocation": "a bucket's Region"
        [first bucket] bucket(region);
    GET_BUCKET_VERSIONING = "s3" "GetBucketVersioning" allowed by "s3:GetBucketVersioning": "versioning and MFA delete"
        [] bucket(versioning mfa_delete);
    GET_BUCKET_ENCRYPTION = "s3" "GetBucketEncryption" allowed by "s3:GetEncryptionConfiguration": "default encryption"
        [] bucket(default_encryption default_encryption_key_id default_encryption_key bucket_key_enabled);
    GET_BUCKET_POLICY = "s3" "GetBucketPolicy" allowed by "s3:GetBucketPolicy": "the bucket policy"
        [] bucket(policy);
    GET_BUCKET_POLICY_STATUS = "s3" "GetBucketPolicyStatus" allowed by "s3:GetBucketPolicyStatus": "whether S3 judges the bucket policy as public"
        [] bucket(policy_is_public);
    GET_BUCKET_ACL = "s3" "GetBucketAcl" allowed by "s3:GetBucketAcl": "the access control list"
        [] bucket(acl_owner acl_grants);
    GET_BUCKET_OWNERSHIP_CONTROLS = "s3" "GetBucketOwnershipControls" allowed by "s3:GetBucketOwnershipControls": "whether access control lists are off"
        [] bucket(object_ownership);
    GET_BUCKET_PUBLIC_ACCESS_BLOCK = "s3" "GetPublicAccessBlock" allowed by "s3:GetBucketPublicAccessBlock": "the bucket's public access block"
        [] bucket(public_access_block);
    GET_BUCKET_LOGGING = "s3" "GetBucketLogging" allowed by "s3:GetBucketLogging": "server access logging"
        [] bucket(access_log_bucket access_log_bucket_exists access_log_prefix);
    GET_OBJECT_LOCK_CONFIGURATION = "s3" "GetObjectLockConfiguration" allowed by "s3:GetBucketObjectLockConfiguration": "Object Lock"
        [] bucket(object_lock);
    GET_BUCKET_LIFECYCLE_CONFIGURATION = "s3" "GetBucketLifecycleConfiguration" allowed by "s3:GetLifecycleConfiguration": "how long logs are kept"
        [] bucket(lifecycle_rules);
    GET_BUCKET_REPLICATION = "s3" "GetBucketReplication" allowed by "s3:GetReplicationConfiguration": "copies of the logs"
        [] bucket(replication_rules);
    GET_BUCKET_TAGGING = "s3" "GetBucketTagging" allowed by "s3:GetBucketTagging": "the bucket's tags"
        [] bucket(tags);
    LIST_OBJECTS = "s3" "ListObjectsV2" allowed by "s3:ListBucket": "what else the bucket holds, by its top level alone"
        [] bucket(top_level_prefixes);
    DESCRIBE_KEY = "kms" "DescribeKey" allowed by "kms:DescribeKey": "a key's state and owner"
        [first key] key(arn exists owner_account region key_manager key_state key_spec key_usage
        origin is_multi_region creation_date deletion_date);
    GET_KEY_ROTATION_STATUS = "kms" "GetKeyRotationStatus" allowed by "kms:GetKeyRotationStatus": "whether a key rotates"
        [] key(rotation_enabled rotation_period_days);
    GET_KEY_POLICY = "kms" "GetKeyPolicy" allowed by "kms:GetKeyPolicy": "who may use a key"
        [] key(policy);
    DESCRIBE_LOG_GROUPS = "logs" "DescribeLogGroups" allowed by "logs:DescribeLogGroups": "how long a log group keeps events, and its key"
        [first log_group] log_group(exists retention_days kms_key_id kms_key class);
    DESCRIBE_METRIC_FILTERS = "logs" "DescribeMetricFilters" allowed by "logs:DescribeMetricFilters": "what a log group counts"
        [] log_group(metric_filters);
    DESCRIBE_SUBSCRIPTION_FILTERS = "logs" "DescribeSubscriptionFilters" allowed by "logs:DescribeSubscriptionFilters": "who a log group sends events on to"
        [] log_group(subscription_filters);
    DESCRIBE_ALARMS = "cloudwatch" "DescribeAlarms" allowed by "cloudwatch:DescribeAlarms": "which alarms watch what is counted"
        [] log_group(alarms) alarm(arn name owner_account region actions_enabled actions topics state state_since definition)
        topic(arn name partition owner_account region);
    LIST_ALARM_MUTE_RULES = "cloudwatch" "ListAlarmMuteRules" allowed by "cloudwatch:ListAlarmMuteRules": "whether alarms are muted"
        [] alarm(mute_rules);
    GET_ALARM_MUTE_RULE = "cloudwatch" "GetAlarmMuteRule" allowed by "cloudwatch:GetAlarmMuteRule": "which alarms are muted, and when"
        [] alarm(mute_rules);
    LIST_RULES = "events" "ListRules" allowed by "events:ListRules": "the rules of a Region's event bus"
        [] account(event_buses) topic(arn name partition owner_account region);
    LIST_TARGETS_BY_RULE = "events" "ListTargetsByRule" allowed by "events:ListTargetsByRule": "who a rule tells"
        [] account(event_buses) topic(arn name partition owner_account region);
    DESCRIBE_CONFIGURATION_RECORDERS = "config" "DescribeConfigurationRecorders" allowed by "config:DescribeConfigurationRecorders": "what AWS Config records"
        [] account(config_regions);
    DESCRIBE_CONFIGURATION_RECORDER_STATUS = "config" "DescribeConfigurationRecorderStatus" allowed by "config:DescribeConfigurationRecorderStatus": "whether AWS Config records"
        [] account(config_regions);
    DESCRIBE_DELIVERY_CHANNEL_STATUS = "config" "DescribeDeliveryChannelStatus" allowed by "config:DescribeDeliveryChannelStatus": "whether AWS Config delivers"
        [] account(config_regions);
    LIST_DETECTORS = "guardduty" "ListDetectors" allowed by "guardduty:ListDetectors": "whether a Region has a GuardDuty detector"
        [] account(threat_detections);
    GET_DETECTOR = "guardduty" "GetDetector" allowed by "guardduty:GetDetector": "whether it is enabled"
        [] account(threat_detections);
    DESCRIBE_HUB = "securityhub" "DescribeHub" allowed by "securityhub:DescribeHub": "whether a Region has Security Hub enabled"
        [] account(security_hubs);
    GET_TOPIC_ATTRIBUTES = "sns" "GetTopicAttributes" allowed by "sns:GetTopicAttributes": "a topic's encryption, policy and subscriptions"
        [first topic] topic(exists kms_key_id policy subscriptions_confirmed
        subscriptions_pending);
    DESCRIBE_ORGANIZATION = "organizations" "DescribeOrganization" allowed by "organizations:DescribeOrganization": "the organization that the account belongs to"
        [first organization] account(organization)
        organization(id partition management_account feature_set);
    LIST_ACCOUNTS = "organizations" "ListAccounts" allowed by "organizations:ListAccounts": "the accounts of the organization"
        [discovery, management] organization(members);
    LIST_ACCOUNTS_FOR_PARENT = "organizations" "ListAccountsForParent" allowed by "organizations:ListAccountsForParent": "the accounts of an organizational unit"
        [discovery, management];
    LIST_ORGANIZATIONAL_UNITS_FOR_PARENT = "organizations" "ListOrganizationalUnitsForParent" allowed by "organizations:ListOrganizationalUnitsForParent": "the units inside an organizational unit"
        [discovery, management];
    LIST_DELEGATED_ADMINISTRATORS = "organizations" "ListDelegatedAdministrators" allowed by "organizations:ListDelegatedAdministrators": "who administers CloudTrail for the organization"
        [management] organization(cloudtrail_administrators);
    LIST_AWS_SERVICE_ACCESS = "organizations" "ListAWSServiceAccessForOrganization" allowed by "organizations:ListAWSServiceAccessForOrganization": "whether CloudTrail may act in the organization's accounts"
        [management] organization(cloudtrail_trusted_access);
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
