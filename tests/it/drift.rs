//! Code beside an account: what is the same, what differs, and what nobody can say.

use std::fs;

use serde_json::{Value, json};
use trailproof::drift::{Drift, Pair, Placed, Side, Standing, locate};
use trailproof::inventory::Inventory;

use crate::hcl::{findings, inventory};
use crate::program::{said, trailproof};

/// A stack that tells everything but what AWS makes up: the id of the key.
const CODE: &str = r#"
provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["111122223333"]
}
resource "aws_cloudtrail" "this" {
  name                       = "audit"
  s3_bucket_name             = aws_s3_bucket.logs.id
  kms_key_id                 = aws_kms_key.logs.arn
  sns_topic_name             = aws_sns_topic.logs.name
  cloud_watch_logs_group_arn = "${aws_cloudwatch_log_group.trail.arn}:*"
  cloud_watch_logs_role_arn  = "arn:aws:iam::111122223333:role/logs"
  is_multi_region_trail      = true
  enable_log_file_validation = true
}
resource "aws_s3_bucket" "logs" { bucket = "audit-logs" }
resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_public_access_block" "logs" {
  bucket                  = aws_s3_bucket.logs.id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}
resource "aws_kms_key" "logs" { enable_key_rotation = true }
resource "aws_sns_topic" "logs" { name = "audit-deliveries" }
resource "aws_cloudwatch_log_group" "trail" {
  name              = "/audit"
  retention_in_days = 365
}
resource "aws_cloudwatch_log_metric_filter" "stops" {
  name           = "stops"
  log_group_name = aws_cloudwatch_log_group.trail.name
  pattern        = "{ $.eventName = StopLogging }"
  metric_transformation {
    namespace = "audit"
    name      = "stops"
    value     = "1"
  }
}
"#;

const KEY: &str = "f67a73f9-1da3-4124-974d-72e2bc80841b";
const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit";

/// An account that has just what the code says.
fn made_of(code: &Inventory) -> Value {
    let text = serde_json::to_string(code).unwrap();
    let open = trailproof::inventory::code::placeholders(&text).find(|open| open.contains("aws_kms_key")).map(str::to_string);
    let text = open.map_or_else(|| text.clone(), |open| text.replace(&open, KEY));
    let mut live: Value = serde_json::from_str(&text).unwrap();
    live.as_object_mut().unwrap().remove("code");
    list_whole(&mut live);
    live
}

/// Every list of an account that was read is a whole one.
fn list_whole(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(list_whole),
        Value::Object(fields) => {
            fields.remove("gaps");
            fields.iter_mut().for_each(|(_, field)| list_whole(field));
        }
        _ => {}
    }
}

fn against(code: &Inventory, live: Value) -> Drift {
    let mut live: Inventory = serde_json::from_value(live).unwrap();
    live.sort();
    let located = locate(code, &live).unwrap();
    let (of_code, of_live) = (findings(&located.inventory), findings(&live));
    Drift::between(&located, &of_code, Side { inventory: &live, findings: &of_live }, live.scope.ended)
}

fn pair<'a>(drift: &'a Drift, noun: &str) -> &'a Pair {
    drift.pairs.iter().find(|pair| pair.thing.noun == noun).unwrap_or_else(|| panic!("no {noun}: {drift:#?}"))
}

fn differs(drift: &Drift) -> Vec<(&str, &str)> {
    drift.pairs.iter().flat_map(|pair| pair.differs.iter().map(|s| (pair.thing.noun.as_str(), s.path.as_str()))).collect()
}

#[test]
fn an_account_that_was_made_of_the_code_is_the_same() {
    let code = inventory(CODE, &[]);
    let drift = against(&code, made_of(&code));
    assert_eq!(differs(&drift), [], "{drift:#?}");
    assert_eq!((drift.undescribed.len(), drift.missing.len(), drift.undecided.len()), (0, 0, 0), "{drift:#?}");
    assert_eq!((drift.weaker_in_code.len(), drift.stronger_in_code.len()), (0, 0));
    let nouns: Vec<&str> = drift.pairs.iter().map(|pair| pair.thing.noun.as_str()).collect();
    assert_eq!(nouns, ["trail", "bucket", "log_group", "topic", "key", "account"]);
    assert_eq!((pair(&drift, "key").by, pair(&drift, "trail").by), (Placed::Reference, Placed::Name));
    assert!(drift.pairs.iter().map(|pair| pair.same).sum::<usize>() > 30, "{drift:#?}");
    assert_eq!(drift.standing(), Standing::Same, "{drift:#?}");
}

/// Each known fact of the account, by its way in the JSON.
fn facts(live: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for noun in ["trails", "buckets", "keys", "log_groups", "topics"] {
        for (name, fact) in live[noun][0].as_object().unwrap() {
            if fact.get("known").is_some() {
                found.push(format!("/{noun}/0/{name}"));
            }
        }
    }
    found
}

/// Facts that say nothing of their own, or that what stands elsewhere follows.
const SILENT: [&str; 14] = [
    "access_log_bucket_exists",
    "has_custom_event_selectors",
    "has_insight_selectors",
    "kms_key_id",
    "sns_topic_arn",
    "cloud_watch_logs_log_group_arn",
    "exists",
    "owner_account",
    "region",
    "default_encryption_key_id",
    "deletion_date",
    "policy_is_public",
    "acl_owner",
    "account_public_access_block",
];

#[test]
fn nothing_is_the_same_that_differs_or_was_not_read() {
    let code = inventory(CODE, &[]);
    let live = made_of(&code);
    let (mut turned, mut denied) = (0, 0);
    for way in facts(&live) {
        let name = way.rsplit('/').next().unwrap();
        if SILENT.contains(&name) && !(way.starts_with("/topics") && name == "kms_key_id") {
            continue;
        }
        let at = |drift: &Drift, open: bool| {
            let paths = |pair: &Pair| match open {
                true => pair.open.iter().map(|o| o.path.clone()).collect::<Vec<_>>(),
                false => pair.differs.iter().map(|s| s.path.clone()).collect(),
            };
            drift.pairs.iter().flat_map(paths).any(|path| path.split(['.', '[']).next() == Some(name))
        };
        let mut other = live.clone();
        *other.pointer_mut(&way).unwrap() = json!({"unknown": {"kind": "denied", "message": "not allowed"}});
        let drift = against(&code, other);
        assert!(at(&drift, true), "{way}: {drift:#?}");
        // What is not known cannot be followed either, so that what the key or the bucket is may be open beside.
        assert_ne!(drift.standing(), Standing::Same, "{way}");
        denied += 1;
        let mut other = live.clone();
        let value = &mut other.pointer_mut(&way).unwrap()["known"]["value"];
        *value = match value {
            Value::Bool(b) => json!(!*b),
            Value::Number(_) => json!(7),
            Value::Null if name == "kms_key_id" => json!("alias/other"),
            Value::String(_) if !["bucket", "kms_key", "log_group", "sns_topic", "default_encryption_key"].contains(&name) => {
                json!("other")
            }
            _ => continue,
        };
        let drift = against(&code, other);
        assert!(at(&drift, false), "{way}: {drift:#?}");
        assert_eq!(drift.standing(), Standing::Differs, "{way}");
        turned += 1;
    }
    assert!(turned >= 15 && denied >= 20, "{turned} facts were turned, and {denied} taken away");
}

#[test]
fn where_the_code_is_weaker_the_policy_says_so() {
    let code = inventory(&CODE.replace("enable_log_file_validation = true", ""), &[]);
    let drift = against(&code, made_of(&inventory(CODE, &[])));
    assert_eq!(differs(&drift), [("trail", "log_file_validation_enabled")]);
    let weaker: Vec<(&str, &str)> = drift.weaker_in_code.iter().map(|t| (t.policy.as_str(), t.thing.id.as_str())).collect();
    assert_eq!(weaker, [("trail-log-file-validation", TRAIL)]);
    let place = drift.weaker_in_code[0].thing.place.as_ref().unwrap();
    assert_eq!(place.address, "aws_cloudtrail.this");
    // The other way round the account has fallen behind.
    let drift = against(&inventory(CODE, &[]), made_of(&code));
    let stronger: Vec<&str> = drift.stronger_in_code.iter().map(|t| t.policy.as_str()).collect();
    assert_eq!((stronger, drift.weaker_in_code.len()), (vec!["trail-log-file-validation"], 0));
}

#[test]
fn what_no_code_describes_and_what_is_not_there_is_told() {
    let code = inventory(CODE, &[]);
    let two = format!(
        "{CODE}\nresource \"aws_cloudtrail\" \"second\" {{\n  name = \"second\"\n  s3_bucket_name = aws_s3_bucket.logs.id\n}}\n"
    );
    let two = inventory(&two, &[]);
    let drift = against(&code, made_of(&two));
    let undescribed: Vec<&str> = drift.undescribed.iter().map(|thing| thing.name.as_str()).collect();
    assert_eq!((undescribed, drift.missing.len()), (vec!["second"], 0));
    let drift = against(&two, made_of(&code));
    let missing: Vec<&str> = drift.missing.iter().map(|thing| thing.name.as_str()).collect();
    assert_eq!((missing, drift.undescribed.len()), (vec!["second"], 0));
    // Where the account's trails could not be listed, it may be there.
    let mut live = made_of(&code);
    live["accounts"][0]["trails"]["gaps"] = json!([{"kind": "denied", "message": "not allowed"}]);
    let drift = against(&two, live);
    assert_eq!(drift.missing, []);
    assert!(drift.undecided.iter().any(|u| u.in_code && u.thing.name == "second"), "{drift:#?}");
    // A filter that nobody wrote down is a part that no code describes.
    let less = inventory(CODE.split("resource \"aws_cloudwatch_log_metric_filter\"").next().unwrap(), &[]);
    let drift = against(&less, made_of(&code));
    let parts: Vec<(&str, Option<&str>)> = drift.undescribed.iter().map(|t| (t.name.as_str(), t.part_of.as_deref())).collect();
    assert_eq!(parts, [("stops", Some("arn:aws:logs:eu-west-1:111122223333:log-group:/audit"))], "{drift:#?}");
}

#[test]
fn code_that_was_not_read_may_describe_it() {
    let text = format!("{CODE}\nmodule \"more\" {{ source = \"./more\" }}\n");
    let mut live = made_of(&inventory(CODE, &[]));
    let mut other = live["trails"][0].clone();
    other["arn"] = json!("arn:aws:cloudtrail:eu-west-1:111122223333:trail/other");
    other["name"] = json!("other");
    live["trails"].as_array_mut().unwrap().push(other);
    let trails = live["accounts"][0]["trails"]["items"].as_array_mut().unwrap();
    trails.push(json!("arn:aws:cloudtrail:eu-west-1:111122223333:trail/other"));
    for (code, exit, told) in [(CODE, 1, "not described (1)"), (text.as_str(), 3, "could not be compared (2)")] {
        let folder = written(code, &live);
        let output = trailproof(folder.path()).args(["drift", "--code", "code", "--live", "inventory.json"]).output().unwrap();
        let said = said(&output, folder.path());
        assert_eq!(output.status.code(), Some(exit), "{said}");
        assert!(said.contains(told) && said.contains("trail other"), "{said}");
    }
}

#[test]
fn code_that_could_not_be_read_is_not_the_same() {
    let folder = written(CODE, &made_of(&inventory(CODE, &[])));
    let told = || {
        let output = trailproof(folder.path()).args(["drift", "--code", "code", "--live", "inventory.json"]).output().unwrap();
        (output.status.code(), said(&output, folder.path()))
    };
    assert_eq!(told().0, Some(0), "{}", told().1);
    fs::write(folder.path().join("code/broken.tf"), "resource \"aws_cloudtrail\" {").unwrap();
    let (exit, said) = told();
    assert_eq!(exit, Some(3), "{said}");
    assert!(said.contains("code/broken.tf:1"), "{said}");
}

#[test]
fn an_account_that_the_code_leaves_open_is_the_one_that_has_the_trail() {
    let open = CODE.replace("  allowed_account_ids = [\"111122223333\"]\n", "");
    let code = inventory(&open, &[]);
    let live = made_of(&inventory(CODE, &[]));
    let drift = against(&code, live.clone());
    assert!(drift.placed.iter().any(|p| p.open.contains("account") && p.is == "111122223333"), "{:?}", drift.placed);
    assert_eq!((drift.undescribed.len(), drift.undecided.len()), (0, 0), "{drift:#?}");
    assert_eq!(differs(&drift), []);
    // Where two accounts have a trail of the name, nobody knows which is meant.
    let mut two = live;
    let again: Value = serde_json::from_str(&two.to_string().replace("111122223333", "444455556666")).unwrap();
    for list in ["accounts", "trails", "keys", "log_groups", "topics"] {
        let more = again[list].as_array().unwrap().clone();
        two[list].as_array_mut().unwrap().extend(more);
    }
    let drift = against(&code, two);
    let open: Vec<&str> = drift.undecided.iter().filter(|u| u.in_code).map(|u| u.thing.noun.as_str()).collect();
    assert!(open.contains(&"trail"), "{drift:#?}");
    assert!(!drift.undescribed.iter().any(|thing| thing.noun == "trail"), "either may be described: {drift:#?}");
    assert!(!drift.pairs.iter().any(|pair| pair.thing.noun == "trail"));
    assert_ne!(drift.standing(), Standing::Same);
}

#[test]
fn an_account_that_was_not_read_is_compared_with_nothing() {
    let code = inventory(CODE, &[]);
    let other = CODE.replace("111122223333", "444455556666").replace("audit", "theirs");
    let drift = against(&code, made_of(&inventory(&other, &[])));
    assert_eq!((drift.pairs.len(), drift.missing.len()), (0, 0), "{drift:#?}");
    let about: Vec<&str> = drift.undecided.iter().filter(|u| u.in_code).map(|u| u.why.message.as_str()).collect();
    assert!(about.contains(&"account 111122223333, in which the code puts it, was not read"), "{about:?}");
    assert!(drift.undescribed.iter().any(|thing| thing.name == "theirs"));
}

/// A folder with the code, and the account as a saved inventory.
fn written(code: &str, live: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("code")).unwrap();
    fs::write(folder.path().join("code/main.tf"), code).unwrap();
    fs::write(folder.path().join("inventory.json"), live.to_string()).unwrap();
    folder
}

#[test]
fn the_program_compares_and_ends_as_it_says() {
    let code = inventory(CODE, &[]);
    let live = made_of(&code);
    let mut denied = live.clone();
    denied["trails"][0]["is_logging"] = json!({"unknown": {"kind": "denied", "message": "not allowed"}});
    let weaker = CODE.replace("enable_log_file_validation = true", "enable_log_file_validation = false");
    let mut interrupted = live.clone();
    interrupted["scope"]["interrupted"] = json!(true);
    for (code, live, more, exit) in [
        (CODE, &interrupted, "", 130),
        (weaker.as_str(), &interrupted, "--allow-unknown", 130),
        (CODE, &live, "", 0),
        (weaker.as_str(), &live, "", 1),
        (CODE, &denied, "", 3),
        (CODE, &denied, "--allow-unknown", 0),
        (weaker.as_str(), &denied, "--allow-unknown", 1),
    ] {
        let folder = written(code, live);
        let mut command = trailproof(folder.path());
        command.args(["drift", "--code", "code", "--live", "inventory.json"]);
        if !more.is_empty() {
            command.arg(more);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(exit), "{}", said(&output, folder.path()));
        let written = fs::read_to_string(folder.path().join("trailproof-report/drift.json")).unwrap();
        let drift: Drift = serde_json::from_str(&written).unwrap();
        assert_eq!(drift.kind, Drift::KIND);
        let schema = trailproof(folder.path()).args(["schema", "drift"]).output().unwrap();
        let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let instance: Value = serde_json::from_str(&written).unwrap();
        assert!(
            validator.is_valid(&instance),
            "{:?}",
            validator.iter_errors(&instance).map(|e| e.to_string()).collect::<Vec<_>>()
        );
        let html = fs::read_to_string(folder.path().join("trailproof-report/drift.html")).unwrap();
        assert_eq!(html.contains("log_file_validation_enabled"), code == weaker);
    }
}

#[test]
fn what_are_no_two_sides_is_refused() {
    let code = inventory(CODE, &[]);
    let folder = written(CODE, &made_of(&code));
    let mut all = String::new();
    for arguments in [
        &["--code", "inventory.json", "--live", "inventory.json"][..],
        &["--code", "code", "--live", "code"],
        &["--code", "code", "--live", "aws", "inventory.json"],
        &["--code", "code", "--live", "inventory.json", "--profile", "x"],
        &["--code", "code", "--live", "nowhere"],
        &["--code", "code", "--live", "inventory.json", "--out", "-"],
    ] {
        let output = trailproof(folder.path()).arg("drift").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output, folder.path()));
        all.push_str(&format!("## {}\n{}\n", arguments.join(" "), said(&output, folder.path())));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn foreign_text_stays_text() {
    let hostile = "</td><script>alert(1)</script>\u{1b}[31m\u{202e}";
    let code = inventory(CODE, &[]);
    let mut live = made_of(&code);
    live["log_groups"][0]["metric_filters"]["items"][0]["pattern"] = json!(hostile);
    live["trails"][0]["insight_types"]["known"]["value"] = json!([hostile]);
    let folder = written(CODE, &live);
    let output = trailproof(folder.path()).args(["drift", "--code", "code", "--live", "inventory.json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output, folder.path()));
    let read = |name: &str| fs::read_to_string(folder.path().join("trailproof-report").join(name)).unwrap();
    for text in [String::from_utf8(output.stdout).unwrap(), read("drift.html"), read("drift.json")] {
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
        assert!(text.contains("alert(1)"));
    }
    assert!(!read("drift.html").contains("<script"));
}

#[test]
#[cfg(feature = "aws")]
fn the_example_reads_as_it_did() {
    let root = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let output = trailproof(&root)
        .env("COLUMNS", "100")
        .args(["drift", "--code", "examples/terraform/acme-org", "--live", "examples/acme-org", "--format", "text"])
        .output()
        .unwrap();
    insta::assert_snapshot!(said(&output, &root));
}

#[test]
fn what_was_not_read_in_the_account_is_never_nothing() {
    let code = inventory(CODE, &[]);
    let denied = json!([{"kind": "denied", "message": "not allowed"}]);
    for way in [
        "/accounts/0/trails/gaps",
        "/accounts/0/event_data_stores/gaps",
        "/accounts/0/event_buses/gaps",
        "/log_groups/0/alarms/gaps",
        "/log_groups/0/metric_filters/gaps",
        "/scope/gaps",
    ] {
        let mut live = made_of(&code);
        let (at, _) = way.rsplit_once('/').unwrap();
        live.pointer_mut(at).unwrap()["gaps"] = denied.clone();
        let drift = against(&code, live);
        assert_eq!(drift.standing(), Standing::Open, "{way}: {drift:#?}");
    }
    let mut live = made_of(&code);
    live["scope"]["interrupted"] = json!(true);
    assert_eq!(against(&code, live).standing(), Standing::Open);
}

#[test]
fn what_is_gone_is_missing_and_not_there() {
    let code = inventory(CODE, &[]);
    let mut live = made_of(&code);
    live["buckets"][0]["exists"]["known"]["value"] = json!(false);
    let drift = against(&code, live.clone());
    let missing: Vec<&str> = drift.missing.iter().map(|thing| thing.id.as_str()).collect();
    assert_eq!((missing, drift.standing()), (vec!["audit-logs"], Standing::Differs));
    // What no code describes and is not there is nothing that the account has.
    let mut gone = live["buckets"][0].clone();
    gone["name"] = json!("gone");
    live["buckets"].as_array_mut().unwrap().push(gone);
    assert_eq!(against(&code, live).undescribed, []);
}

#[test]
fn code_that_no_trail_leads_to_may_describe_it() {
    let code = inventory(CODE, &[]);
    let stack = CODE.split("resource \"aws_s3_bucket\"").nth(1).map(|rest| format!("resource \"aws_s3_bucket\"{rest}")).unwrap();
    let provider = CODE.split("resource \"aws_cloudtrail\"").next().unwrap();
    let drift = against(&inventory(&format!("{provider}{stack}"), &[]), made_of(&code));
    let undescribed: Vec<&str> = drift.undescribed.iter().map(|thing| thing.noun.as_str()).collect();
    assert_eq!(undescribed, ["trail"], "the rest stands in the code: {drift:#?}");
    assert!(drift.undecided.iter().any(|u| !u.in_code && u.thing.noun == "bucket"), "{drift:#?}");
}

#[test]
fn an_account_that_cannot_be_told_is_not_the_same() {
    let block = |value: bool| {
        format!(
            "provider \"aws\" {{ region = \"eu-west-1\" }}\nresource \"aws_s3_account_public_access_block\" \"all\" {{\n  block_public_acls = {value}\n}}\n"
        )
    };
    let live = made_of(&inventory(CODE, &[]));
    let drift = against(&inventory(&block(false), &[]), live);
    assert!(drift.undecided.iter().any(|u| u.in_code && u.thing.noun == "account"), "{drift:#?}");
}

#[test]
fn ways_of_writing_are_no_differences() {
    // A key by its id alone, and a selector in the other form.
    let code = inventory(&CODE.replace("aws_kms_key.logs.arn", &format!("\"{KEY}\"")), &[]);
    let mut live = made_of(&inventory(CODE, &[]));
    let drift = against(&code, live.clone());
    assert_eq!(differs(&drift), [], "{drift:#?}");
    live["trails"][0]["event_selectors"]["known"]["value"] =
        json!({"advanced": [{"name": "x", "field_selectors": [{"field": "eventCategory", "equals": ["Management"]}]}]});
    let drift = against(&inventory(CODE, &[]), live);
    assert_eq!(differs(&drift), [], "{drift:#?}");
    assert_eq!(drift.standing(), Standing::Open, "nobody says that they are the same");
}

#[test]
fn what_need_not_be_made_is_not_missing() {
    let text = format!(
        "{CODE}\nvariable \"more\" {{ type = bool }}\nresource \"aws_cloudtrail\" \"maybe\" {{\n  count = var.more ? 1 : 0\n  name = \"maybe\"\n  s3_bucket_name = aws_s3_bucket.logs.id\n}}\n"
    );
    let drift = against(&inventory(&text, &[]), made_of(&inventory(CODE, &[])));
    assert_eq!(drift.missing, [], "{drift:#?}");
    assert!(drift.undecided.iter().any(|u| u.in_code && u.thing.name == "maybe"), "{drift:#?}");
}

#[test]
fn what_need_not_be_made_is_compared_and_stays_open() {
    let text = CODE.replace(
        "resource \"aws_cloudtrail\" \"this\" {",
        "variable \"more\" { type = bool }\nresource \"aws_cloudtrail\" \"this\" {\n  count = var.more ? 1 : 0",
    );
    let drift = against(&inventory(&text, &[]), made_of(&inventory(CODE, &[])));
    assert!(pair(&drift, "trail").same > 10, "{drift:#?}");
    assert!(drift.undecided.iter().any(|u| u.in_code && u.thing.name == "audit"), "{drift:#?}");
    assert_eq!((drift.undescribed.len(), drift.missing.len(), drift.standing()), (0, 0, Standing::Open), "{drift:#?}");
}
