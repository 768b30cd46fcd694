//! The default of every field of a case, noun by noun.
//!
//! A trail is multi-Region and logging, records every management event, validates its log files and delivers to
//! `log-archive`; a bucket is versioned and blocks public access; a key is enabled. What somebody has to set up beside that
//! is not there: no key on the trail, no bucket policy, no MFA delete, no Object Lock, no lifecycle rule, no retention of a
//! log group, no account-wide block of public access. `trailproof policy vocabulary` prints them all.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::given::{At, Misfit, Written, arn, gap, known, record, text};
use super::{moment, role, watched};
use crate::inventory::bucket::PublicAccessBlock;
use crate::inventory::document::PolicyDocument;
use crate::inventory::{Account, Bucket, Change, Key, LogGroup, Member, Organization, Topic, Trail, TrailStatus};

pub(super) fn account(written: &Written, trails: &[Written], stores: &[Value]) -> Result<Value, Misfit> {
    let id = text(written, "id")?;
    let sees = |t: &&Written| match t.get("seen_by").and_then(Value::as_array) {
        Some(ids) => ids.iter().any(|i| i == id),
        None => t.get("owner_account").and_then(Value::as_str).or_else(|| t.get("arn")?.as_str()?.split(':').nth(4)) == Some(id),
    };
    let seen: Vec<&Value> = trails.iter().filter(sees).filter_map(|t| t.get("arn")).collect();
    let owned: Vec<&Value> = stores.iter().filter(|s| s["owner_account"] == json!(id)).map(|s| &s["arn"]).collect();
    let defaults = json!({
        "id": id,
        "partition": "aws",
        "alias": known(Value::Null),
        "caller_arn": known(format!("arn:aws:iam::{id}:role/audit")),
        "regions": {"items": ["us-east-1"]},
        "global_events_region": "us-east-1",
        "trails": {"items": seen},
        "organization": known(Value::Null),
        "public_access_block": known(flags("account", false)),
        "root_mfa_enabled": known(true),
        "root_has_access_keys": known(false),
        "event_buses": {"items": []},
        "event_data_stores": {"items": owned},
        "config_regions": {"items": []},
        "threat_detections": {"items": []},
        "security_hubs": {"items": []},
    });
    let written = with_flags(written, "public_access_block", "account", false)?;
    let written = watched::by_region(&written, &regions_of(std::slice::from_ref(&written)))?;
    record::<Account>(&defaults, &written, &[])
}

fn flags(level: &str, on: bool) -> Value {
    json!({
        "level": level,
        "block_public_acls": on,
        "ignore_public_acls": on,
        "block_public_policy": on,
        "restrict_public_buckets": on,
    })
}

/// Flags that are written in part are completed by their defaults.
fn with_flags(written: &Written, field: &str, level: &str, on: bool) -> Result<Written, Misfit> {
    let mut written = written.clone();
    if let Some(Value::Object(some)) = written.get(field).filter(|v| v.get("unknown").is_none()) {
        let all = record::<PublicAccessBlock>(&flags(level, on), some, &[]).map_err(|m| m.below(At::Key(field.into())))?;
        written.insert(field.into(), all);
    }
    Ok(written)
}

fn regions_of(accounts: &[Written]) -> Vec<String> {
    let listed = accounts.first().and_then(|a| a.get("regions")).map(|r| r.get("items").unwrap_or(r));
    match listed.and_then(Value::as_array) {
        Some(list) => list.iter().filter_map(|r| r.as_str().map(str::to_string)).collect(),
        None => vec!["us-east-1".into()],
    }
}

/// A trail; `seen_by` names the accounts that list it where that is not its owner alone, and `status_gap` says why there
/// may be more of `status` than the case writes.
pub(super) fn trail(written: &Written, accounts: &[Written]) -> Result<Value, Misfit> {
    let (arn, [_, _, _, home, owner, name]) = arn(written)?;
    let status = status(written, home, accounts)?;
    let either = |one: &str, other: &str| written.get(one).or_else(|| written.get(other)).cloned().unwrap_or(Value::Null);
    let key = either("kms_key", "kms_key_id");
    let topic = either("sns_topic", "sns_topic_arn");
    let log_group = either("log_group", "cloud_watch_logs_log_group_arn");
    let basic = json!({"basic": [{"read_write_type": "All", "include_management_events": true}]});
    let defaults = json!({
        "arn": arn,
        "name": name.rsplit('/').next(),
        "owner_account": owner,
        "home_region": home,
        "is_multi_region": known(true),
        "is_organization": known(false),
        "include_global_service_events": known(true),
        "log_file_validation_enabled": known(true),
        "bucket": known("log-archive"),
        "s3_key_prefix": known(Value::Null),
        "kms_key": known(key.clone()),
        "kms_key_id": known(key),
        "sns_topic_arn": known(topic.clone()),
        "sns_topic": known(topic),
        "log_group": known(log_group.clone()),
        "cloud_watch_logs_log_group_arn": known(log_group),
        "cloud_watch_logs_role_arn": known(Value::Null),
        "cloud_watch_logs_role": known(Value::Null),
        "has_custom_event_selectors": known(false),
        "has_insight_selectors": known(false),
        "is_logging": known(true),
        "event_selectors": known(basic),
        "insight_types": known(json!([])),
        "status": {"items": []},
        "tags": known(json!([])),
    });
    let mut trail = record::<Trail>(&defaults, &role::of_trail(written)?, &["status", "status_gap", "seen_by"])?;
    trail["status"] = status;
    Ok(trail)
}

/// How the trail fares in every Region that it covers, and in its home Region.
fn status(written: &Written, home: &str, accounts: &[Written]) -> Result<Value, Misfit> {
    let home = written.get("home_region").and_then(Value::as_str).unwrap_or(home);
    let multi = written.get("is_multi_region").is_none_or(|v| v != &json!(false));
    let logging = written.get("is_logging").cloned().unwrap_or(json!(true));
    let mut covered = if multi { regions_of(accounts) } else { vec![home.to_string()] };
    if !covered.iter().any(|r| r == home) {
        covered.push(home.to_string());
    }
    let here = |m: Misfit| m.below(At::Key("status".into()));
    let rows: &[Value] = match written.get("status") {
        None => &[],
        Some(Value::Array(rows)) => rows,
        Some(_) => {
            let m = Misfit::new("`status` is a list with one item for a Region")
                .hint(Some("`status_gap: KIND` says that more may be missing"));
            return Err(here(m));
        }
    };
    let mut named: Vec<(usize, &str, &Written)> = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let misfit = |m: Misfit| here(m.below(At::Item(i)));
        let row = row.as_object().ok_or_else(|| misfit(Misfit::new("a status is a record with its `region`")))?;
        let region = text(row, "region").map_err(misfit)?;
        if !covered.iter().any(|r| r == region) {
            let hint = format!("it covers {}; name the Region in `regions` of the first account", covered.join(", "));
            let m = Misfit::new(format!("the trail does not cover `{region}`")).hint(Some(hint));
            return Err(misfit(m.below(At::Key("region".into()))));
        }
        named.push((i, region, row));
    }
    let fresh = moment() - SignedDuration::from_mins(10);
    let started = moment() - SignedDuration::from_hours(24 * 90);
    let missing = match written.get("status_gap") {
        None => None,
        Some(kind) => {
            let kind = kind.as_str().ok_or_else(|| Misfit::new("`status_gap` is a kind of gap, such as `denied`"));
            Some(kind.and_then(gap).map_err(|m| m.below(At::Key("status_gap".into())))?)
        }
    };
    let mut items = Vec::new();
    for region in &covered {
        let row = named.iter().find(|(_, r, _)| r == region);
        if row.is_none() && missing.is_some() {
            continue;
        }
        let mut own = row.map(|(_, _, row)| (*row).clone()).unwrap_or_default();
        own.entry("is_logging").or_insert_with(|| logging.clone());
        let defaults = json!({
            "region": region,
            "is_logging": known(true),
            "latest_delivery_time": known(json!(fresh)),
            "latest_delivery_error": known(Value::Null),
            "latest_digest_delivery_time": known(json!(fresh)),
            "latest_digest_delivery_error": known(Value::Null),
            "latest_cloud_watch_logs_delivery_time": known(Value::Null),
            "latest_cloud_watch_logs_delivery_error": known(Value::Null),
            "latest_notification_time": known(Value::Null),
            "latest_notification_error": known(Value::Null),
            "start_logging_time": known(json!(started)),
            "stop_logging_time": known(Value::Null),
        });
        let status = record::<TrailStatus>(&defaults, &own, &[]);
        items.push(status.map_err(|m| row.map_or(m.clone(), |(i, _, _)| here(m.below(At::Item(*i)))))?);
    }
    Ok(json!({"items": items, "gaps": missing.into_iter().collect::<Vec<_>>()}))
}

pub(super) fn bucket(written: &Written, accounts: &[Written], trails: &[Value]) -> Result<Value, Misfit> {
    let name = text(written, "name")?;
    let owner = accounts.first().and_then(|a| a.get("id")).cloned().unwrap_or(json!("111122223333"));
    let logs_to = written.get("access_log_bucket").filter(|b| b.is_string());
    let defaults = json!({
        "name": name,
        "partition": "aws",
        "owner_account": known(owner),
        "exists": known(true),
        "region": known("us-east-1"),
        "versioning": known("Enabled"),
        "mfa_delete": known(false),
        "default_encryption": known("AES256"),
        "default_encryption_key_id": known(Value::Null),
        "default_encryption_key": known(Value::Null),
        "bucket_key_enabled": known(false),
        "policy": known(Value::Null),
        "policy_is_public": known(false),
        "acl_owner": known(Value::Null),
        "acl_grants": known(json!([])),
        "object_ownership": known("BucketOwnerEnforced"),
        "public_access_block": known(flags("bucket", true)),
        "account_public_access_block": known(flags("account", false)),
        "access_log_bucket": known(Value::Null),
        "access_log_bucket_exists": known(logs_to.map_or(Value::Null, |_| json!(true))),
        "access_log_prefix": known(Value::Null),
        "object_lock": known(Value::Null),
        "lifecycle_rules": known(json!([])),
        "replication_rules": known(json!([])),
        "tags": known(json!([])),
        "top_level_prefixes": {"items": ["AWSLogs/"]},
        "trails": {"items": naming(trails, "bucket", name)},
    });
    let written = with_policy(written)?;
    let written = with_flags(&written, "public_access_block", "bucket", true)?;
    let written = with_flags(&written, "account_public_access_block", "account", false)?;
    record::<Bucket>(&defaults, &written, &[])
}

pub(super) fn key(written: &Written) -> Result<Value, Misfit> {
    let (arn, [_, _, _, region, owner, _]) = arn(written)?;
    let defaults = json!({
        "arn": arn,
        "exists": known(true),
        "owner_account": known(owner),
        "region": known(region),
        "key_manager": known("CUSTOMER"),
        "key_state": known("Enabled"),
        "key_spec": known("SYMMETRIC_DEFAULT"),
        "key_usage": known("ENCRYPT_DECRYPT"),
        "origin": known("AWS_KMS"),
        "is_multi_region": known(false),
        "creation_date": known("2024-01-01T00:00:00Z"),
        "deletion_date": known(Value::Null),
        "rotation_enabled": known(true),
        "rotation_period_days": known(365),
        "policy": known(json!({"statements": []})),
    });
    record::<Key>(&defaults, &with_policy(written)?, &[])
}

fn with_policy(written: &Written) -> Result<Written, Misfit> {
    with_documents(written, &["policy"])
}

/// Policies that are written as AWS writes them become the inventory's.
pub(super) fn with_documents(written: &Written, fields: &[&str]) -> Result<Written, Misfit> {
    let mut written = written.clone();
    for field in fields {
        if let Some(policy @ Value::Object(map)) = written.get(*field)
            && map.contains_key("Statement")
        {
            let wrong = |e: &dyn std::fmt::Display| {
                Misfit::new(format!("the policy cannot be read: {e}")).below(At::Key((*field).into()))
            };
            let document = PolicyDocument::parse(&policy.to_string()).map_err(|e| wrong(&e))?;
            let document = serde_json::to_value(document).map_err(|e| wrong(&e))?;
            written.insert((*field).into(), document);
        }
    }
    Ok(written)
}

pub(super) fn log_group(written: &Written, trails: &[Value], alarms: &[Value]) -> Result<Value, Misfit> {
    let (arn, [_, _, _, region, owner, name]) = arn(written)?;
    let here = |a: &&Value| a["owner_account"] == json!(owner) && a["region"] == json!(region);
    let beside: Vec<&Value> = alarms.iter().filter(here).map(|a| &a["arn"]).collect();
    let defaults = json!({
        "arn": arn,
        "name": name.strip_prefix("log-group:").unwrap_or(name),
        "owner_account": owner,
        "region": region,
        "exists": known(true),
        "retention_days": known(Value::Null),
        "kms_key_id": known(Value::Null),
        "kms_key": known(Value::Null),
        "class": known("STANDARD"),
        "metric_filters": {"items": []},
        "subscription_filters": {"items": []},
        "alarms": {"items": beside},
        "trails": {"items": naming(trails, "log_group", arn)},
    });
    record::<LogGroup>(&defaults, &watched::filters(written)?, &[])
}

pub(super) fn topic(written: &Written, trails: &[Value]) -> Result<Value, Misfit> {
    let (arn, [_, _, _, region, owner, name]) = arn(written)?;
    let defaults = json!({
        "arn": arn,
        "name": name,
        "partition": "aws",
        "owner_account": owner,
        "region": region,
        "exists": known(true),
        "kms_key_id": known(Value::Null),
        "policy": known(Value::Null),
        "subscriptions_confirmed": known(1),
        "subscriptions_pending": known(0),
        "trails": {"items": naming(trails, "sns_topic", arn)},
    });
    record::<Topic>(&defaults, &with_policy(written)?, &[])
}

/// The ARNs of the trails that name something in a field.
fn naming<'a>(trails: &'a [Value], field: &str, id: &str) -> Vec<&'a Value> {
    trails.iter().filter(|t| t[field]["known"]["value"] == json!(id)).map(|t| &t["arn"]).collect()
}

pub(super) fn organization(written: &Written, trails: &[Value]) -> Result<Value, Misfit> {
    let id = text(written, "id")?;
    let of_organization = |t: &&Value| t["is_organization"]["known"]["value"] == json!(true);
    let seen: Vec<&Value> = trails.iter().filter(of_organization).map(|t| &t["arn"]).collect();
    let defaults = json!({
        "id": id,
        "partition": "aws",
        "management_account": "111122223333",
        "feature_set": known("ALL"),
        "members": {"items": []},
        "cloudtrail_administrators": {"items": []},
        "cloudtrail_trusted_access": known(true),
        "trails": {"items": seen},
    });
    let mut written = written.clone();
    let members = match written.get_mut("members") {
        Some(Value::Object(listing)) => listing.get_mut("items"),
        other => other,
    };
    for (i, one) in members.and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
        let complete = one.as_object().map_or_else(|| Err(Misfit::new("a member is a record with its `id`")), member);
        *one = complete.map_err(|m| m.below(At::Item(i)).below(At::Key("members".into())))?;
    }
    record::<Organization>(&defaults, &written, &[])
}

fn member(written: &Written) -> Result<Value, Misfit> {
    let id = text(written, "id")?;
    record::<Member>(&json!({"id": id, "name": id, "state": "ACTIVE", "account": id}), written, &[])
}

/// A change that keeps everything as it is.
pub(super) fn change(written: &Written) -> Result<Value, Misfit> {
    let address = text(written, "address")?;
    let defaults = json!({
        "address": address,
        "of": "trail",
        "account": "111122223333",
        "deletes": known(false),
        "replaces": known(false),
        "weakens": known(json!([])),
    });
    record::<Change>(&defaults, written, &[])
}
