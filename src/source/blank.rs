//! Records of which nothing is known, for one reason: what could not be read, and what a front end of code fills in.

use crate::inventory::{Alarm, Bucket, EventDataStore, Fact, Gap, GapKind, Key, Listing, LogGroup, Remedy, Topic, Trail};

/// Why no code tells something.
pub fn run_time(what: &str) -> Gap {
    Gap::new(GapKind::RunTime, format!("code does not tell {what}"))
        .with_remedy(Remedy::Do("scan the account once the code is applied".into()))
}

/// A trail of which nothing is known.
pub fn trail(gap: &Gap) -> Trail {
    Trail {
        arn: String::new(),
        name: String::new(),
        owner_account: String::new(),
        home_region: String::new(),
        is_multi_region: Fact::Unknown(gap.clone()),
        is_organization: Fact::Unknown(gap.clone()),
        include_global_service_events: Fact::Unknown(gap.clone()),
        log_file_validation_enabled: Fact::Unknown(gap.clone()),
        bucket: Fact::Unknown(gap.clone()),
        s3_key_prefix: Fact::Unknown(gap.clone()),
        kms_key: Fact::Unknown(gap.clone()),
        kms_key_id: Fact::Unknown(gap.clone()),
        sns_topic_arn: Fact::Unknown(gap.clone()),
        sns_topic: Fact::Unknown(gap.clone()),
        cloud_watch_logs_log_group_arn: Fact::Unknown(gap.clone()),
        log_group: Fact::Unknown(gap.clone()),
        cloud_watch_logs_role_arn: Fact::Unknown(gap.clone()),
        cloud_watch_logs_role: Fact::Unknown(gap.clone()),
        has_custom_event_selectors: Fact::Unknown(gap.clone()),
        has_insight_selectors: Fact::Unknown(gap.clone()),
        is_logging: Fact::Unknown(gap.clone()),
        event_selectors: Fact::Unknown(gap.clone()),
        insight_types: Fact::Unknown(gap.clone()),
        status: Listing::unread(gap.clone()),
        tags: Fact::Unknown(gap.clone()),
    }
}

/// A bucket of which nothing is known.
pub fn bucket(gap: &Gap) -> Bucket {
    Bucket {
        name: String::new(),
        partition: String::new(),
        owner_account: Fact::Unknown(gap.clone()),
        exists: Fact::Unknown(gap.clone()),
        region: Fact::Unknown(gap.clone()),
        versioning: Fact::Unknown(gap.clone()),
        mfa_delete: Fact::Unknown(gap.clone()),
        default_encryption: Fact::Unknown(gap.clone()),
        default_encryption_key_id: Fact::Unknown(gap.clone()),
        default_encryption_key: Fact::Unknown(gap.clone()),
        bucket_key_enabled: Fact::Unknown(gap.clone()),
        policy: Fact::Unknown(gap.clone()),
        policy_is_public: Fact::Unknown(gap.clone()),
        acl_owner: Fact::Unknown(gap.clone()),
        acl_grants: Fact::Unknown(gap.clone()),
        object_ownership: Fact::Unknown(gap.clone()),
        public_access_block: Fact::Unknown(gap.clone()),
        account_public_access_block: Fact::Unknown(gap.clone()),
        access_log_bucket: Fact::Unknown(gap.clone()),
        access_log_bucket_exists: Fact::Unknown(gap.clone()),
        access_log_prefix: Fact::Unknown(gap.clone()),
        object_lock: Fact::Unknown(gap.clone()),
        lifecycle_rules: Fact::Unknown(gap.clone()),
        replication_rules: Fact::Unknown(gap.clone()),
        tags: Fact::Unknown(gap.clone()),
        top_level_prefixes: Listing::unread(gap.clone()),
        trails: Listing::default(),
    }
}

/// A key of which nothing is known.
pub fn key(gap: &Gap) -> Key {
    Key {
        arn: String::new(),
        exists: Fact::Unknown(gap.clone()),
        owner_account: Fact::Unknown(gap.clone()),
        region: Fact::Unknown(gap.clone()),
        key_manager: Fact::Unknown(gap.clone()),
        key_state: Fact::Unknown(gap.clone()),
        key_spec: Fact::Unknown(gap.clone()),
        key_usage: Fact::Unknown(gap.clone()),
        origin: Fact::Unknown(gap.clone()),
        is_multi_region: Fact::Unknown(gap.clone()),
        creation_date: Fact::Unknown(gap.clone()),
        deletion_date: Fact::Unknown(gap.clone()),
        rotation_enabled: Fact::Unknown(gap.clone()),
        rotation_period_days: Fact::Unknown(gap.clone()),
        policy: Fact::Unknown(gap.clone()),
    }
}

/// A log group of which nothing is known.
pub fn log_group(gap: &Gap) -> LogGroup {
    LogGroup {
        arn: String::new(),
        name: String::new(),
        owner_account: String::new(),
        region: String::new(),
        exists: Fact::Unknown(gap.clone()),
        retention_days: Fact::Unknown(gap.clone()),
        kms_key_id: Fact::Unknown(gap.clone()),
        kms_key: Fact::Unknown(gap.clone()),
        class: Fact::Unknown(gap.clone()),
        metric_filters: Listing::unread(gap.clone()),
        subscription_filters: Listing::unread(gap.clone()),
        alarms: Listing::unread(gap.clone()),
        trails: Listing::default(),
    }
}

/// A topic of which nothing is known.
pub fn topic(gap: &Gap) -> Topic {
    Topic {
        arn: String::new(),
        name: String::new(),
        partition: String::new(),
        owner_account: String::new(),
        region: String::new(),
        exists: Fact::Unknown(gap.clone()),
        kms_key_id: Fact::Unknown(gap.clone()),
        policy: Fact::Unknown(gap.clone()),
        subscriptions_confirmed: Fact::Unknown(gap.clone()),
        subscriptions_pending: Fact::Unknown(gap.clone()),
        trails: Listing::default(),
    }
}

/// An alarm of which nothing is known.
pub fn alarm(gap: &Gap) -> Alarm {
    Alarm {
        arn: String::new(),
        name: String::new(),
        owner_account: String::new(),
        region: String::new(),
        actions_enabled: Fact::Unknown(gap.clone()),
        actions: Fact::Unknown(gap.clone()),
        topics: Listing::unread(gap.clone()),
        state: Fact::Unknown(gap.clone()),
        state_since: Fact::Unknown(gap.clone()),
        mute_rules: Listing::unread(gap.clone()),
        definition: Fact::Unknown(gap.clone()),
    }
}

/// An event data store of which nothing is known.
pub fn event_data_store(gap: &Gap) -> EventDataStore {
    EventDataStore {
        arn: String::new(),
        name: String::new(),
        owner_account: String::new(),
        region: String::new(),
        status: Fact::Unknown(gap.clone()),
        is_multi_region: Fact::Unknown(gap.clone()),
        is_organization: Fact::Unknown(gap.clone()),
        termination_protection_enabled: Fact::Unknown(gap.clone()),
        retention_days: Fact::Unknown(gap.clone()),
        billing_mode: Fact::Unknown(gap.clone()),
        kms_key_id: Fact::Unknown(gap.clone()),
        kms_key: Fact::Unknown(gap.clone()),
        event_selectors: Fact::Unknown(gap.clone()),
    }
}
