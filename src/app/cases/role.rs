//! The role by which a trail writes to its log group, as a case gives it: one that trusts CloudTrail, and that may do nothing.

use serde_json::{Value, json};

use super::given::{At, Misfit, Written, known, record, text};
use super::healthy::with_documents;
use crate::inventory::{Role, RolePolicy};

/// The trail with its role made whole.
pub(super) fn of_trail(written: &Written) -> Result<Written, Misfit> {
    let here = |m: Misfit| m.below(At::Key("cloud_watch_logs_role".into()));
    let mut written = written.clone();
    if let Some(Value::Object(role)) = written.get("cloud_watch_logs_role").filter(|role| role.get("unknown").is_none()) {
        let role = whole(role).map_err(here)?;
        if !written.contains_key("cloud_watch_logs_role_arn") {
            written.insert("cloud_watch_logs_role_arn".into(), role["arn"].clone());
        }
        written.insert("cloud_watch_logs_role".into(), role);
    }
    Ok(written)
}

fn whole(written: &Written) -> Result<Value, Misfit> {
    let arn = text(written, "arn")?;
    let trusted = json!({"Statement": [
        {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ]});
    let mut written = written.clone();
    written.entry("trust_policy").or_insert(trusted);
    let mut written = with_documents(&written, &["trust_policy", "permissions_boundary"])?;
    if let Some(policies) = written.get("policies").cloned() {
        let items = policies.get("items").unwrap_or(&policies).as_array().cloned().unwrap_or_default();
        let made = items.iter().enumerate().map(|(at, policy)| {
            let here = |m: Misfit| m.below(At::Item(at)).below(At::Key("policies".into()));
            let policy = policy.as_object().ok_or_else(|| here(Misfit::new("a policy is a record with its `name`")))?;
            let defaults = json!({"name": text(policy, "name").map_err(here)?, "document": known(json!({"statements": []}))});
            let policy = with_documents(policy, &["document"]).map_err(here)?;
            record::<RolePolicy>(&defaults, &policy, &[]).map_err(here)
        });
        let made: Value = made.collect::<Result<Vec<_>, _>>()?.into();
        let listed = match policies.get("gap") {
            Some(gap) => json!({"items": made, "gap": gap}),
            None => made,
        };
        written.insert("policies".into(), listed);
    }
    let defaults = json!({
        "arn": arn,
        "exists": known(true),
        "trust_policy": known(json!({"statements": []})),
        "permissions_boundary": known(Value::Null),
        "policies": {"items": []},
    });
    record::<Role>(&defaults, &written, &[])
}
