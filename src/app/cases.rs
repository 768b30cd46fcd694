//! Policy cases: tiny inventories with the outcome that a policy must give on them.
//!
//! A case writes only what matters; the rest is a healthy account. The harness runs every case, and proves for each that no
//! missing fact can turn a verdict round (see [`super::vary`]).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::audit::{Settings, audit};
use crate::finding::{Finding, Outcome};
use crate::inventory::document::PolicyDocument;
use crate::inventory::{CallId, Gap, GapKind, Inventory};
use crate::policy::catalogue::Catalogue;
use crate::policy::{IfEmpty, ParameterValue};
use crate::yaml::{Complaint, SourceFile, Step};

use super::vary;

/// A file of cases.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// The policy's id.
    pub policy: String,
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub given: Given,
    pub expect: Expect,
    /// Text that the message of a matching finding contains.
    #[serde(default)]
    pub message: Option<String>,
    /// Text that a counterexample of a matching finding contains.
    #[serde(default)]
    pub counterexample: Option<String>,
    /// Whether the finding passes by a declared alternative.
    #[serde(default)]
    pub accepted: Option<bool>,
    #[serde(default)]
    pub params: BTreeMap<String, ParameterValue>,
    /// The moment; 2026-11-01T12:00:00Z where it is not given.
    #[serde(default)]
    pub now: Option<Timestamp>,
}

/// A tiny inventory.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    #[serde(default)]
    pub accounts: Option<Vec<Map<String, Value>>>,
    #[serde(default)]
    pub trails: Vec<Map<String, Value>>,
    #[serde(default)]
    pub buckets: Vec<Map<String, Value>>,
    #[serde(default)]
    pub keys: Vec<Map<String, Value>>,
    #[serde(default)]
    pub log_groups: Vec<Map<String, Value>>,
    #[serde(default)]
    pub topics: Vec<Map<String, Value>>,
    #[serde(default)]
    pub organizations: Vec<Map<String, Value>>,
}

/// One outcome for every finding, or one for each subject named.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Expect {
    All(Outcome),
    Each(BTreeMap<String, Outcome>),
}

/// What running cases came to.
#[derive(Debug, Default)]
pub struct Tally {
    pub policies: usize,
    pub cases: usize,
    /// Inventories with something missing that were judged.
    pub variations: usize,
    pub failures: Vec<String>,
}

/// Runs the cases, and says which policies lack one.
///
/// # Errors
/// Files of cases that cannot be read, and cases that cannot be built, each with its place.
pub fn run(catalogue: &Catalogue, files: Vec<SourceFile>, wanted: &dyn Fn(&str) -> bool) -> Result<Tally, Vec<Complaint>> {
    let mut tally = Tally::default();
    let mut complaints = Vec::new();
    let mut seen: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
    for mut source in files {
        let file: CaseFile = match source.parse() {
            Ok(file) => file,
            Err(c) => {
                complaints.push(c);
                continue;
            }
        };
        if !catalogue.policies.contains_key(&file.policy) {
            complaints.push(source.complain(&[Step::Key("policy")], format!("unknown policy `{}`", file.policy)));
            continue;
        }
        if !wanted(&file.policy) {
            continue;
        }
        for (i, case) in file.cases.iter().enumerate() {
            tally.cases += 1;
            let inventory = match case.given.inventory() {
                Ok(inventory) => inventory,
                Err(what) => {
                    complaints.push(source.complain(&[Step::Key("cases"), Step::Item(i), Step::Key("given")], what));
                    continue;
                }
            };
            let outcomes = seen.entry(file.policy.clone()).or_default();
            let asked = Asked { catalogue, policy: &file.policy, case };
            asked.run(&inventory, outcomes, &mut tally);
        }
    }
    for id in catalogue.policies.keys().filter(|id| wanted(id)) {
        tally.policies += 1;
        let outcomes = seen.get(id).map(Vec::as_slice).unwrap_or_default();
        for needed in [Outcome::Pass, Outcome::Fail, Outcome::Unknown] {
            if !outcomes.contains(&needed) {
                tally.failures.push(format!("{id}: no case expects `{}`", needed.label()));
            }
        }
        empty(catalogue, id, &mut tally);
    }
    if complaints.is_empty() { Ok(tally) } else { Err(complaints) }
}

struct Asked<'a> {
    catalogue: &'a Catalogue,
    policy: &'a str,
    case: &'a Case,
}

impl Asked<'_> {
    fn findings(&self, inventory: &Inventory) -> Result<Vec<Finding>, String> {
        let settings = Settings {
            only: Some([self.policy.to_string()].into()),
            parameters: [(self.policy.to_string(), self.case.params.clone())].into(),
            ..Settings::default()
        };
        audit(inventory, self.catalogue, &settings, self.case.now.unwrap_or_else(moment)).map_err(|e| e.to_string())
    }

    fn run(&self, inventory: &Inventory, outcomes: &mut Vec<Outcome>, tally: &mut Tally) {
        let at = format!("{}: {}", self.policy, self.case.name);
        let findings = match self.findings(inventory) {
            Ok(findings) => findings,
            Err(e) => return tally.failures.push(format!("{at}: {e}")),
        };
        for problem in self.compare(&findings) {
            tally.failures.push(format!("{at}: {problem}"));
        }
        outcomes.extend(findings.iter().map(|f| f.outcome));
        let verdicts: BTreeMap<&str, Outcome> = findings.iter().map(|f| (f.subject.id.as_str(), f.outcome)).collect();
        for (what, less) in vary::variations(inventory) {
            tally.variations += 1;
            match self.findings(&less) {
                Err(e) => tally.failures.push(format!("{at}, without {what}: {e}")),
                Ok(now) => {
                    for finding in &now {
                        let before = verdicts.get(finding.subject.id.as_str());
                        if finding.outcome != Outcome::Unknown && before.is_some_and(|b| *b != finding.outcome) {
                            let was = before.map_or("", |b| b.label());
                            tally.failures.push(format!(
                                "{at}: without {what} the verdict on {} turns from {was} to {}",
                                finding.subject.id,
                                finding.outcome.label()
                            ));
                        }
                    }
                }
            }
        }
    }

    fn compare(&self, findings: &[Finding]) -> Vec<String> {
        let mut problems = Vec::new();
        let mut matching = Vec::new();
        match &self.case.expect {
            Expect::All(outcome) => {
                if findings.is_empty() {
                    problems.push("no finding at all".to_string());
                }
                for f in findings {
                    if f.outcome == *outcome {
                        matching.push(f);
                    } else {
                        problems.push(differs(f, *outcome));
                    }
                }
            }
            Expect::Each(by_subject) => {
                for (id, outcome) in by_subject {
                    match findings.iter().find(|f| &f.subject.id == id || &f.subject.name == id) {
                        Some(f) if f.outcome == *outcome => matching.push(f),
                        Some(f) => problems.push(differs(f, *outcome)),
                        None => problems.push(format!("no finding on `{id}`")),
                    }
                }
                let named = |f: &&Finding| by_subject.contains_key(&f.subject.id) || by_subject.contains_key(&f.subject.name);
                problems.extend(
                    findings
                        .iter()
                        .filter(|f| !named(f))
                        .map(|f| format!("a finding on `{}` that the case does not name", f.subject.id)),
                );
            }
        }
        if let Some(text) = &self.case.message
            && !matching.iter().any(|f| f.message.contains(text))
        {
            let messages: Vec<&str> = findings.iter().map(|f| f.message.as_str()).collect();
            problems.push(format!("no message contains `{text}`: {messages:?}"));
        }
        if let Some(text) = &self.case.counterexample
            && !matching.iter().any(|f| f.counterexamples.iter().any(|c| c.contains(text)))
        {
            let all: Vec<&String> = findings.iter().flat_map(|f| &f.counterexamples).collect();
            problems.push(format!("no counterexample contains `{text}`: {all:?}"));
        }
        if let Some(accepted) = self.case.accepted
            && matching.iter().any(|f| f.accepted.is_some() != accepted)
        {
            problems.push(format!("expected accepted: {accepted}"));
        }
        problems
    }
}

fn differs(f: &Finding, expected: Outcome) -> String {
    format!(
        "expected {}, found {} on {}: {} {:?} {:?}",
        expected.label(),
        f.outcome.label(),
        f.subject.id,
        f.message,
        f.counterexamples,
        f.gaps.iter().map(|g| g.message.as_str()).collect::<Vec<_>>()
    )
}

/// An account without anything gives what the policy says of emptiness; one whose trails could not be listed gives unknown.
fn empty(catalogue: &Catalogue, id: &str, tally: &mut Tally) {
    let policy = &catalogue.policies[id];
    let expected = match policy.file.if_empty {
        IfEmpty::Fail => Outcome::Fail,
        IfEmpty::NotApplicable => Outcome::NotApplicable,
    };
    let case = |outcome| Case {
        name: "an account without trails".into(),
        given: Given::default(),
        expect: Expect::All(outcome),
        message: None,
        counterexample: None,
        accepted: None,
        params: BTreeMap::new(),
        now: None,
    };
    let Ok(mut inventory) = Given::default().inventory() else { return tally.failures.push(format!("{id}: no empty account")) };
    let check = |inventory: &Inventory, outcome: Outcome, what: &str, tally: &mut Tally| {
        let case = case(outcome);
        let asked = Asked { catalogue, policy: id, case: &case };
        match asked.findings(inventory) {
            Ok(findings) => tally.failures.extend(asked.compare(&findings).into_iter().map(|p| format!("{id}: {what}: {p}"))),
            Err(e) => tally.failures.push(format!("{id}: {what}: {e}")),
        }
    };
    check(&inventory, expected, "an account without trails", tally);
    if let Some(account) = inventory.accounts.first_mut() {
        account.trails.add_gap(gap("denied").unwrap_or_else(|_| Gap::new(GapKind::Denied, "denied")));
    }
    check(&inventory, Outcome::Unknown, "an account whose trails could not be listed", tally);
}

/// The moment of every case that names none.
fn moment() -> Timestamp {
    Timestamp::from_second(1_793_534_400).unwrap_or_default()
}

fn gap(kind: &str) -> Result<Gap, String> {
    let kind: GapKind = serde_json::from_value(json!(kind)).map_err(|_| format!("unknown kind of gap `{kind}`"))?;
    let call = CallId("cloudtrail:Case/111122223333/us-east-1/000000000000".into());
    Ok(Gap::new(kind, format!("the case says: {}", kind.label())).with_call(call))
}

impl Given {
    /// The inventory, with a healthy default for everything that the case does not write.
    pub fn inventory(&self) -> Result<Inventory, String> {
        let one = || vec![[("id".to_string(), json!("111122223333"))].into_iter().collect()];
        let accounts = self.accounts.clone().unwrap_or_else(one);
        let trails: Vec<Value> = self.trails.iter().map(|t| trail(t, &accounts)).collect::<Result<_, _>>()?;
        let buckets: Vec<Value> = self.buckets.iter().map(|b| bucket(b, &accounts, &trails)).collect::<Result<_, _>>()?;
        let keys: Vec<Value> = self.keys.iter().map(key).collect::<Result<_, _>>()?;
        let log_groups: Vec<Value> = self.log_groups.iter().map(|g| log_group(g, &trails)).collect::<Result<_, _>>()?;
        let topics: Vec<Value> = self.topics.iter().map(|t| topic(t, &trails)).collect::<Result<_, _>>()?;
        let organizations: Vec<Value> = self.organizations.iter().map(|o| organization(o, &trails)).collect::<Result<_, _>>()?;
        let listed = accounts.iter().map(|a| account(a, &self.trails)).collect::<Result<Vec<_>, _>>()?;
        let scopes: Vec<Value> = listed.iter().map(|a| json!({"id": a["id"], "reached": true, "regions": []})).collect();
        let now = moment();
        let all = json!({
            "kind": Inventory::KIND,
            "schema_version": crate::inventory::SCHEMA_VERSION,
            "scope": {"started": now, "ended": now, "accounts": scopes},
            "accounts": listed, "trails": trails, "buckets": buckets, "keys": keys,
            "log_groups": log_groups, "topics": topics, "organizations": organizations, "calls": {},
        });
        let mut inventory: Inventory =
            serde_json::from_value(all).map_err(|e| format!("the case does not fit the inventory: {e}"))?;
        inventory.sort();
        Ok(inventory)
    }
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Result<&'a str, String> {
    map.get(key).and_then(Value::as_str).ok_or_else(|| format!("`{key}` is missing, or is not text (quote account ids)"))
}

fn known(value: impl Into<Value>) -> Value {
    json!({"known": {"value": value.into(), "from": {"call": "cloudtrail:Case/111122223333/us-east-1/000000000000"}}})
}

fn regions_of(accounts: &[Map<String, Value>]) -> Vec<String> {
    let listed = accounts.first().and_then(|a| a.get("regions")).map(|r| r.get("items").unwrap_or(r));
    match listed.and_then(Value::as_array) {
        Some(list) => list.iter().filter_map(|r| r.as_str().map(str::to_string)).collect(),
        None => vec!["us-east-1".into()],
    }
}

/// Puts what the case writes in the place of the defaults.
fn override_with(mut defaults: Value, written: &Map<String, Value>, skip: &[&str]) -> Result<Value, String> {
    let Some(target) = defaults.as_object_mut() else { return Err("not a record".into()) };
    for (name, value) in written.iter().filter(|(k, _)| !skip.contains(&k.as_str())) {
        let Some(default) = target.get(name) else {
            let hint = crate::inventory::noun::closest(name, target.keys().map(String::as_str))
                .map_or(String::new(), |c| format!("; did you mean `{c}`?"));
            return Err(format!("unknown field `{name}`{hint}"));
        };
        let unknown = value.as_object().filter(|o| o.len() == 1).and_then(|o| o.get("unknown")).and_then(Value::as_str);
        let is_fact = default.get("known").is_some();
        let is_listing = default.get("items").is_some();
        let new = match unknown {
            Some(kind) if is_fact => json!({"unknown": gap(kind)?}),
            _ if is_fact => known(value.clone()),
            _ if is_listing => listing(value)?,
            _ => value.clone(),
        };
        target.insert(name.clone(), new);
    }
    Ok(defaults)
}

fn listing(value: &Value) -> Result<Value, String> {
    match value {
        Value::Array(_) => Ok(json!({"items": value})),
        Value::Object(o) => {
            let gaps = o.get("gap").and_then(Value::as_str).map(gap).transpose()?;
            Ok(json!({"items": o.get("items").cloned().unwrap_or(json!([])), "gaps": gaps.into_iter().collect::<Vec<_>>()}))
        }
        _ => Err("a list is written as a list, or as {items: [...], gap: kind}".into()),
    }
}

fn account(written: &Map<String, Value>, trails: &[Map<String, Value>]) -> Result<Value, String> {
    let id = text(written, "id")?;
    let sees = |t: &&Map<String, Value>| match t.get("seen_by").and_then(Value::as_array) {
        Some(ids) => ids.iter().any(|i| i == id),
        None => t.get("owner_account").and_then(Value::as_str).or_else(|| t.get("arn")?.as_str()?.split(':').nth(4)) == Some(id),
    };
    let seen: Vec<&Value> = trails.iter().filter(sees).filter_map(|t| t.get("arn")).collect();
    let flags = json!({"level": "account", "block_public_acls": false, "ignore_public_acls": false, "block_public_policy": false, "restrict_public_buckets": false});
    let defaults = json!({
        "id": id, "partition": "aws", "alias": known(Value::Null), "caller_arn": known(format!("arn:aws:iam::{id}:role/audit")),
        "regions": {"items": ["us-east-1"]}, "global_events_region": "us-east-1", "trails": {"items": seen},
        "organization": known(Value::Null), "public_access_block": known(flags),
    });
    override_with(defaults, written, &[])
}

fn trail(written: &Map<String, Value>, accounts: &[Map<String, Value>]) -> Result<Value, String> {
    let arn = text(written, "arn")?;
    let parts: Vec<&str> = arn.split(':').collect();
    let (home, owner) = (parts.get(3).copied().unwrap_or_default(), parts.get(4).copied().unwrap_or_default());
    let home = written.get("home_region").and_then(Value::as_str).unwrap_or(home);
    let multi = written.get("is_multi_region").is_none_or(|v| v != &json!(false));
    let logging = written.get("is_logging").cloned().unwrap_or(json!(true));
    let mut covered = if multi { regions_of(accounts) } else { vec![home.to_string()] };
    if !covered.iter().any(|r| r == home) {
        covered.push(home.to_string());
    }
    let fresh = moment() - SignedDuration::from_mins(10);
    let started = moment() - SignedDuration::from_hours(24 * 90);
    let mut status: Vec<Value> = Vec::new();
    for region in &covered {
        let defaults = json!({
            "region": region, "is_logging": known(true),
            "latest_delivery_time": known(json!(fresh)), "latest_delivery_error": known(Value::Null),
            "latest_digest_delivery_time": known(json!(fresh)), "latest_digest_delivery_error": known(Value::Null),
            "latest_cloud_watch_logs_delivery_time": known(Value::Null), "latest_cloud_watch_logs_delivery_error": known(Value::Null),
            "latest_notification_time": known(Value::Null), "latest_notification_error": known(Value::Null),
            "start_logging_time": known(json!(started)), "stop_logging_time": known(Value::Null),
        });
        let written_for =
            written.get("status").and_then(Value::as_array).and_then(|l| l.iter().find(|s| s["region"] == json!(region)));
        let mut own: Map<String, Value> = written_for.and_then(Value::as_object).cloned().unwrap_or_default();
        own.entry("is_logging").or_insert_with(|| logging.clone());
        status.push(override_with(defaults, &own, &[])?);
    }
    let gaps = written.get("status_gap").and_then(Value::as_str).map(gap).transpose()?;
    if gaps.is_some() {
        let named = |s: &Value| {
            written.get("status").and_then(Value::as_array).is_some_and(|l| l.iter().any(|w| w["region"] == s["region"]))
        };
        status.retain(|s| named(s));
    }
    let either = |one: &str, other: &str| written.get(one).or_else(|| written.get(other)).cloned().unwrap_or(Value::Null);
    let key = either("kms_key", "kms_key_id");
    let topic = either("sns_topic", "sns_topic_arn");
    let log_group = either("log_group", "cloud_watch_logs_log_group_arn");
    let basic = json!({"basic": [{"read_write_type": "All", "include_management_events": true}]});
    let defaults = json!({
        "arn": arn, "name": arn.rsplit('/').next(), "owner_account": owner, "home_region": home,
        "is_multi_region": known(true), "is_organization": known(false), "include_global_service_events": known(true),
        "log_file_validation_enabled": known(true), "bucket": known("log-archive"), "s3_key_prefix": known(Value::Null),
        "kms_key": known(key.clone()), "kms_key_id": known(key), "sns_topic_arn": known(topic.clone()),
        "sns_topic": known(topic), "log_group": known(log_group.clone()), "cloud_watch_logs_log_group_arn": known(log_group), "cloud_watch_logs_role_arn": known(Value::Null),
        "has_custom_event_selectors": known(false), "has_insight_selectors": known(false), "is_logging": known(true),
        "event_selectors": known(basic), "insight_types": known(json!([])), "status": {"items": []}, "tags": known(json!([])),
    });
    let mut trail = override_with(defaults, written, &["status", "status_gap", "seen_by"])?;
    trail["status"] = json!({"items": status, "gaps": gaps.into_iter().collect::<Vec<_>>()});
    Ok(trail)
}

fn bucket(written: &Map<String, Value>, accounts: &[Map<String, Value>], trails: &[Value]) -> Result<Value, String> {
    let name = text(written, "name")?;
    let owner = accounts.first().and_then(|a| a.get("id")).cloned().unwrap_or(json!("111122223333"));
    let flags = |level: &str, on: bool| json!({"level": level, "block_public_acls": on, "ignore_public_acls": on, "block_public_policy": on, "restrict_public_buckets": on});
    let mine: Vec<&Value> = trails.iter().filter(|t| t["bucket"]["known"]["value"] == json!(name)).map(|t| &t["arn"]).collect();
    let logs_to = written.get("access_log_bucket").filter(|b| b.is_string());
    let defaults = json!({
        "name": name, "partition": "aws", "owner_account": known(owner), "exists": known(true), "region": known("us-east-1"), "versioning": known("Enabled"),
        "mfa_delete": known(false), "default_encryption": known("AES256"), "default_encryption_key_id": known(Value::Null),
        "default_encryption_key": known(Value::Null), "bucket_key_enabled": known(false), "policy": known(Value::Null),
        "policy_is_public": known(false), "acl_owner": known(Value::Null), "acl_grants": known(json!([])), "object_ownership": known("BucketOwnerEnforced"),
        "public_access_block": known(flags("bucket", true)), "account_public_access_block": known(flags("account", false)),
        "access_log_bucket": known(Value::Null), "access_log_bucket_exists": known(logs_to.map_or(Value::Null, |_| json!(true))), "access_log_prefix": known(Value::Null), "object_lock": known(Value::Null),
        "lifecycle_rules": known(json!([])), "replication_rules": known(json!([])), "tags": known(json!([])),
        "top_level_prefixes": {"items": ["AWSLogs/"]}, "trails": {"items": mine},
    });
    let mut written = with_policy(written)?;
    for (field, level, on) in [("public_access_block", "bucket", true), ("account_public_access_block", "account", false)] {
        if let Some(Value::Object(map)) = written.get(field).filter(|v| v.get("unknown").is_none()).cloned() {
            written.insert(field.into(), override_with(flags(level, on), &map, &[])?);
        }
    }
    override_with(defaults, &written, &[])
}

fn key(written: &Map<String, Value>) -> Result<Value, String> {
    let arn = text(written, "arn")?;
    let parts: Vec<&str> = arn.split(':').collect();
    let defaults = json!({
        "arn": arn, "exists": known(true), "owner_account": known(parts.get(4).copied().unwrap_or_default()), "region": known(parts.get(3).copied().unwrap_or_default()),
        "key_manager": known("CUSTOMER"), "key_state": known("Enabled"), "key_spec": known("SYMMETRIC_DEFAULT"),
        "key_usage": known("ENCRYPT_DECRYPT"), "origin": known("AWS_KMS"), "is_multi_region": known(false),
        "creation_date": known("2024-01-01T00:00:00Z"), "deletion_date": known(Value::Null), "rotation_enabled": known(true),
        "rotation_period_days": known(365), "policy": known(json!({"statements": []})),
    });
    override_with(defaults, &with_policy(written)?, &[])
}

/// A policy that is written as AWS writes it becomes the inventory's.
fn with_policy(written: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut written = written.clone();
    if let Some(policy @ Value::Object(map)) = written.get("policy")
        && map.contains_key("Statement")
    {
        let document = PolicyDocument::parse(&policy.to_string()).map_err(|e| format!("policy: {e}"))?;
        let document = serde_json::to_value(document).map_err(|e| e.to_string())?;
        written.insert("policy".into(), document);
    }
    Ok(written)
}

fn log_group(written: &Map<String, Value>, trails: &[Value]) -> Result<Value, String> {
    let arn = text(written, "arn")?;
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let defaults = json!({
        "arn": arn, "name": parts.get(6), "owner_account": parts.get(4), "region": parts.get(3), "exists": known(true),
        "retention_days": known(Value::Null), "kms_key_id": known(Value::Null), "kms_key": known(Value::Null),
        "class": known("STANDARD"), "trails": {"items": naming(trails, "log_group", arn)},
    });
    override_with(defaults, written, &[])
}

fn topic(written: &Map<String, Value>, trails: &[Value]) -> Result<Value, String> {
    let arn = text(written, "arn")?;
    let parts: Vec<&str> = arn.split(':').collect();
    let defaults = json!({
        "arn": arn, "name": parts.get(5), "partition": "aws", "owner_account": parts.get(4), "region": parts.get(3),
        "exists": known(true), "kms_key_id": known(Value::Null), "policy": known(Value::Null),
        "subscriptions_confirmed": known(1), "subscriptions_pending": known(0),
        "trails": {"items": naming(trails, "sns_topic", arn)},
    });
    override_with(defaults, &with_policy(written)?, &[])
}

/// The ARNs of the trails that name something in a field.
fn naming<'a>(trails: &'a [Value], field: &str, id: &str) -> Vec<&'a Value> {
    trails.iter().filter(|t| t[field]["known"]["value"] == json!(id)).map(|t| &t["arn"]).collect()
}

fn organization(written: &Map<String, Value>, trails: &[Value]) -> Result<Value, String> {
    let id = text(written, "id")?;
    let of_organization = |t: &&Value| t["is_organization"]["known"]["value"] == json!(true);
    let seen: Vec<&Value> = trails.iter().filter(of_organization).map(|t| &t["arn"]).collect();
    let defaults = json!({
        "id": id, "partition": "aws", "management_account": "111122223333", "feature_set": known("ALL"),
        "members": {"items": []}, "cloudtrail_administrators": {"items": []}, "cloudtrail_trusted_access": known(true),
        "trails": {"items": seen},
    });
    let mut written = written.clone();
    let complete = |member: &Value| {
        let mut member = member.clone();
        if let Some(fields) = member.as_object_mut() {
            let id = fields.get("id").cloned().unwrap_or_default();
            fields.entry("name").or_insert_with(|| id.clone());
            fields.entry("state").or_insert_with(|| json!("ACTIVE"));
            fields.entry("account").or_insert(id);
        }
        member
    };
    let members = match written.get_mut("members") {
        Some(Value::Object(listing)) => listing.get_mut("items"),
        other => other,
    };
    if let Some(Value::Array(items)) = members {
        *items = items.iter().map(complete).collect();
    }
    override_with(defaults, &written, &[])
}
