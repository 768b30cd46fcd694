//! KMS keys.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html>.

use super::Made;
use crate::inventory::{Fact, Gap, GapKind, Key};
use crate::source::code::blank::{self, run_time};
use crate::source::code::cloudformation::policy;
use crate::source::code::resource::Body;

/// `AWS::KMS::Key`.
pub(super) fn key(made: &Made<'_>) -> Body {
    let reader = &made.reader;
    let rotates = reader.flag(reader.get("EnableKeyRotation"), false);
    let period = reader.get("RotationPeriodInDays");
    let days = match &rotates {
        Fact::Known { value: false, from, basis } => Fact::Known { value: None, from: from.clone(), basis: *basis },
        Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
        _ => reader.or_default(period, period.node.int(), 365).map(Some),
    };
    let origin = reader.text(reader.get("Origin"), "AWS_KMS");
    let enabled = reader.flag(reader.get("Enabled"), true);
    // Key material of the owner's own is brought once the key is made.
    let state = match origin.known().map(String::as_str) {
        Some("EXTERNAL") => Fact::Unknown(reader.source.named(run_time("whether the key material was brought"))),
        _ => enabled.map(|is_enabled| if is_enabled { "Enabled" } else { "Disabled" }.to_string()),
    };
    let policy = match made.policy("KeyPolicy", Some("*".into())) {
        Fact::Known { value: None, .. } => match own_account(made) {
            Ok(policy) => reader.assumed(reader.get("KeyPolicy"), policy),
            Err(gap) => Fact::Unknown(gap),
        },
        Fact::Known { value: Some(policy), from, basis } => Fact::Known { value: policy, from, basis },
        Fact::OneOf { .. } => Fact::Unknown(Gap::new(GapKind::NotUnderstood, "one of several key policies")),
        Fact::Unknown(gap) => Fact::Unknown(gap),
    };
    Body::Key(Box::new(Key {
        key_manager: reader.source.configured("CUSTOMER".to_string()),
        key_state: state,
        key_spec: reader.text(reader.get("KeySpec"), "SYMMETRIC_DEFAULT"),
        key_usage: reader.text(reader.get("KeyUsage"), "ENCRYPT_DECRYPT"),
        origin,
        is_multi_region: reader.flag(reader.get("MultiRegion"), false),
        deletion_date: reader.source.configured(None),
        rotation_enabled: rotates,
        rotation_period_days: days,
        policy,
        ..blank::key(&run_time("when a key was made"))
    }))
}

/// The policy that KMS gives a key without one.
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>.
fn own_account(made: &Made<'_>) -> Result<crate::inventory::document::PolicyDocument, Gap> {
    let home = &made.world.stage.home;
    let root = format!("arn:{}:iam::{}:root", home.partition, home.account);
    let statement = serde_json::json!({ "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" });
    policy::parse(&serde_json::json!({ "Statement": statement }).to_string())
}
