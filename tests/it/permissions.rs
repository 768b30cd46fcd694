//! What `trailproof permissions` prints is enough, is not too much, and is what examples/deploy grants.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use trailproof::app::cases::{Case, CaseFile};
use trailproof::audit::{Settings, audit};
use trailproof::aws::operation::Operation;
use trailproof::aws::permission::{Wanted, in_account, in_organization};
use trailproof::finding::{Finding, Outcome};
use trailproof::inventory::Inventory;
use trailproof::policy::catalogue::Catalogue;
use trailproof::policy::check::Reads;
use trailproof::yaml::SourceFile;

use crate::program::{said, trailproof};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn printed(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = trailproof(folder.path()).arg("permissions").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", said(&output, folder.path()));
    String::from_utf8(output.stdout).unwrap()
}

/// The noun of each list of the inventory.
const LISTS: [(&str, &str); 9] = [
    ("accounts", "account"),
    ("trails", "trail"),
    ("buckets", "bucket"),
    ("keys", "key"),
    ("log_groups", "log_group"),
    ("alarms", "alarm"),
    ("topics", "topic"),
    ("event_data_stores", "event_data_store"),
    ("organizations", "organization"),
];

/// Every case of every policy, with its inventory.
fn cases() -> Vec<(String, Case, Inventory)> {
    let mut files: Vec<PathBuf> = fs::read_dir(root().join("tests/policies")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let mut source = SourceFile::new(path.display().to_string(), fs::read_to_string(&path).unwrap());
        let file: CaseFile = source.parse().unwrap_or_else(|e| panic!("{e}"));
        for case in file.cases {
            let inventory = case.given.inventory().unwrap_or_else(|e| panic!("{}: {e}", case.name));
            all.push((file.policy.clone(), case, inventory));
        }
    }
    all
}

fn judged(catalogue: &Catalogue, policy: &str, case: &Case, inventory: &Inventory) -> Vec<Finding> {
    let settings = Settings {
        only: Some([policy.to_string()].into()),
        parameters: [(policy.to_string(), case.params.clone())].into(),
        ..Settings::default()
    };
    let now = case.now.unwrap_or_else(|| "2026-11-01T12:00:00Z".parse().unwrap());
    audit(inventory, catalogue, &settings, now).unwrap()
}

fn verdicts(findings: &[Finding]) -> BTreeMap<&str, Outcome> {
    findings.iter().map(|f| (f.subject.name.as_str(), f.outcome)).collect()
}

/// The inventory with everything unknown that none of these operations feeds.
fn as_read_by(operations: &[&Operation], inventory: &Inventory) -> Inventory {
    hidden(inventory, |noun, field| !operations.iter().any(|operation| operation.feeds(noun, field)))
}

/// The inventory with those facts unknown.
fn hidden(inventory: &Inventory, is_hidden: impl Fn(&str, &str) -> bool) -> Inventory {
    let gap = json!({"kind": "denied", "message": "not among the permissions"});
    let mut whole = serde_json::to_value(inventory).unwrap();
    for (list, noun) in LISTS {
        for record in whole[list].as_array_mut().unwrap() {
            for (field, value) in record.as_object_mut().unwrap() {
                if !is_hidden(noun, field) {
                    continue;
                }
                let Some(map) = value.as_object() else { continue };
                if map.contains_key("items") {
                    *value = json!({"items": [], "gaps": [gap], "from": []});
                } else if ["known", "one_of", "unknown"].iter().any(|k| map.contains_key(*k)) {
                    *value = json!({"unknown": gap});
                }
            }
        }
    }
    serde_json::from_value(whole).unwrap()
}

fn needed(reads: &Reads) -> Vec<&'static Operation> {
    let wanted = Wanted::Fields(reads);
    in_account(wanted).into_iter().chain(in_organization(wanted)).collect()
}

#[test]
fn what_a_policy_needs_is_enough_to_decide_every_case_of_it() {
    let catalogue = Catalogue::embedded().expect("the embedded policies are right");
    let mut hidden = 0;
    for (policy, case, inventory) in cases() {
        let operations = needed(&catalogue.policies[&policy].reads());
        let less = as_read_by(&operations, &inventory);
        hidden += usize::from(less != inventory);
        let (before, after) = (judged(&catalogue, &policy, &case, &inventory), judged(&catalogue, &policy, &case, &less));
        assert_eq!(verdicts(&before), verdicts(&after), "{policy}: {}", case.name);
    }
    assert!(hidden > 50, "nothing was hidden: the test no longer sees the facts");
}

#[test]
fn what_a_policy_needs_is_not_more_than_its_cases_show() {
    let catalogue = Catalogue::embedded().expect("the embedded policies are right");
    let cases = cases();
    let mut idle = Vec::new();
    for (id, policy) in &catalogue.policies {
        let operations = needed(&policy.reads());
        // What finds records has no fact of its own to take away; the others must matter in at least one case.
        for operation in operations.iter().filter(|operation| operation.needs.is_empty()) {
            let matters = cases.iter().filter(|(of, ..)| of == id).any(|(_, case, inventory)| {
                // What several answers tell together none of them tells alone.
                let less = hidden(inventory, |noun, field| operation.feeds(noun, field));
                let (before, after) = (judged(&catalogue, id, case, inventory), judged(&catalogue, id, case, &less));
                verdicts(&before) != verdicts(&after)
            });
            // A key is found through a bucket's default encryption and an event data store too; the cases find theirs through a
            // trail. A topic is found through alarms and rules.
            let finds = match policy.file.subject.noun() {
                "key" => &["GetBucketEncryption", "GetEventDataStore"][..],
                "topic" => &["DescribeAlarms", "ListRules", "ListTargetsByRule"][..],
                _ => &[][..],
            };
            let finds_more = finds.contains(&operation.name);
            if !matters && !finds_more {
                idle.push(format!("{id}: {}", operation.name));
            }
        }
    }
    assert!(idle.is_empty(), "needed, but without any influence on a verdict: {idle:#?}");
}

#[test]
fn every_fact_that_an_evaluation_reads_was_foreseen() {
    let catalogue = Catalogue::embedded().expect("the embedded policies are right");
    let mut seen = 0;
    for (policy, case, inventory) in cases() {
        let reads = catalogue.policies[&policy].reads();
        for finding in judged(&catalogue, &policy, &case, &inventory) {
            for fact in &finding.facts {
                let owner = LISTS.iter().filter_map(|(_, noun)| inventory.find(noun, &fact.of)).next();
                let Some(owner) = owner else { continue };
                // What a function concludes from facts is none that was read.
                if fact.path.contains('(') {
                    continue;
                }
                let field = fact.path.split(['.', '[']).next().unwrap();
                seen += 1;
                assert!(
                    reads.iter().any(|(noun, f)| *noun == owner.noun_name() && *f == field)
                        // What an account without a subject is judged by.
                        || (owner.noun_name(), field) == ("account", "trails"),
                    "{policy}: {}: reads {}.{field}",
                    case.name,
                    owner.noun_name()
                );
            }
        }
    }
    assert!(seen > 200, "only {seen} facts were seen");
}

/// The actions of a policy document, with the resources that they are allowed on.
fn actions(document: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for statement in document["Statement"].as_array().expect("statements") {
        assert_eq!(statement["Effect"], "Allow");
        let actions = match &statement["Action"] {
            Value::Array(all) => all.clone(),
            one => vec![one.clone()],
        };
        let resource = match &statement["Resource"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        for action in actions {
            let action = action.as_str().expect("a text").to_string();
            assert!(found.insert(action.clone(), resource.clone()).is_none(), "{action} stands twice");
        }
    }
    found
}

fn yaml(path: &str) -> Value {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    SourceFile::new(path, text).parse().unwrap_or_else(|e| panic!("{e}"))
}

const ROLE: &str = "examples/deploy/cloudformation/trailproof-audit-role.yaml";
const CALLER: &str = "examples/deploy/cloudformation/trailproof-caller-policy.yaml";
const MODULE: &str = "examples/deploy/terraform";

#[test]
fn the_templates_grant_what_is_printed_and_nothing_else() {
    let both: Value = serde_json::from_str(&printed(&["--organization"])).unwrap();
    let alone: Value = serde_json::from_str(&printed(&[])).unwrap();
    assert_eq!(both["role"], alone);

    let role = yaml(ROLE);
    let properties = &role["Resources"]["AuditRole"]["Properties"];
    let policies = properties["Policies"].as_array().unwrap();
    assert_eq!(policies.len(), 1);
    assert_eq!(actions(&policies[0]["PolicyDocument"]), actions(&alone));
    assert!(properties.get("ManagedPolicyArns").is_none());
    assert_eq!(properties["RoleName"], "TrailproofAudit");

    let caller = yaml(CALLER);
    let mut granted = actions(&caller["Resources"]["CallerPolicy"]["Properties"]["PolicyDocument"]);
    let mut expected = actions(&both["caller"]);
    let assumed = |all: &mut BTreeMap<String, String>| all.remove("sts:AssumeRole").unwrap();
    assert!(assumed(&mut granted).contains(":iam::*:role/TrailproofAudit"));
    assert_eq!(assumed(&mut expected), "arn:*:iam::*:role/TrailproofAudit");
    assert_eq!(granted, expected);
}

/// The texts in the brackets behind each `NAME = [`, comments left out.
fn lists(hcl: &str, name: &str) -> Vec<String> {
    let code: Vec<&str> = hcl.lines().filter(|l| !l.trim_start().starts_with('#')).collect();
    let code = code.join("\n");
    let opening = format!("{name} = [");
    let starts = code.match_indices(&opening).map(|(at, found)| at + found.len());
    let mut texts = Vec::new();
    for start in starts {
        let inside = code[start..].split(']').next().unwrap();
        texts.extend(inside.split('"').skip(1).step_by(2).map(str::to_string));
    }
    texts
}

#[test]
fn the_module_grants_what_is_printed_and_nothing_else() {
    let expected: BTreeSet<String> = actions(&serde_json::from_str(&printed(&[])).unwrap()).into_keys().collect();
    let text = fs::read_to_string(root().join(MODULE).join("permissions.tf")).unwrap();
    let granted = lists(&text, "actions");
    assert_eq!(granted.iter().cloned().collect::<BTreeSet<_>>(), expected);
    assert_eq!(granted.len(), expected.len(), "an action stands twice");
    let main = fs::read_to_string(root().join(MODULE).join("main.tf")).unwrap();
    assert_eq!(lists(&main, "actions"), ["sts:AssumeRole"], "permissions stand in permissions.tf");
    assert!(!main.contains("policy_arn"), "no managed policy is attached");
}

#[test]
fn the_deployed_files_are_what_the_program_prints() {
    let both = printed(&["--organization", "--format", "cloudformation"]);
    let (_, caller) = both.split_once("\n---\n").expect("two documents");
    let expected = [
        (ROLE.to_string(), printed(&["--format", "cloudformation"])),
        (CALLER.to_string(), caller.to_string()),
        (format!("{MODULE}/permissions.tf"), printed(&["--format", "terraform"])),
    ];
    for (path, text) in expected {
        let found = fs::read_to_string(root().join(&path)).unwrap();
        assert!(found == text, "{path} is not what the program prints: write it again, see CONTRIBUTING.md");
    }
}

/// The conditions of the trust policy: none without an external id, and then the auditor's ARN alone decides.
#[test]
fn only_the_auditor_is_trusted_and_the_external_id_is_asked_for_where_there_is_one() {
    let template = yaml(ROLE);
    let text = fs::read_to_string(root().join(ROLE)).unwrap();
    let trust = &template["Resources"]["AuditRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"];
    let statements = trust.as_array().unwrap();
    assert_eq!(statements.len(), 1);
    assert_eq!(statements[0]["Action"], "sts:AssumeRole");
    assert!(text.contains("AWS: !Ref AuditorPrincipalArn") && !text.contains("AWS: \"*\""));
    assert!(text.contains("Condition: !If\n              - HasExternalId\n              - StringEquals:\n"));
    assert!(text.contains("!Ref AWS::NoValue"));
    assert_eq!(template["Parameters"]["ExternalId"]["Default"], "");
    assert!(template["Parameters"]["AuditorPrincipalArn"].get("Default").is_none(), "nobody is trusted by default");
    let main = fs::read_to_string(root().join(MODULE).join("main.tf")).unwrap();
    assert!(main.contains("identifiers = [var.auditor_principal_arn]"));
    assert!(main.contains("for_each = var.external_id == null ? [] : [var.external_id]"));
}

#[test]
fn permissions_read_as_they_did() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = String::new();
    for arguments in [
        &["--policy", "trail-kms-encryption"][..],
        &["--policy", "trail-log-file-validation", "--format", "text"],
        &["--policy", "log-bucket-dedicated", "--policy", "trail-exists", "--organization", "--format", "text"],
        &["--policy", "log-bucket-tls-only", "--organization", "--format", "terraform", "--role-name", "Audit"],
        &["--policy", "log-bucket-tls"],
        &["--framework", "pci-dss-4"],
        &["--policy", "log-bucket-mfa-delete", "--framework", "nothing", "--format", "text"],
        &["--role-name", "a role"],
    ] {
        let output = trailproof(folder.path()).env("COLUMNS", "100").arg("permissions").args(arguments).output().unwrap();
        all.push_str(&format!("## trailproof permissions {}\n{}\n", arguments.join(" "), said(&output, folder.path())));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_policy_of_ones_own_is_asked_too() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(root().join("policies/trail/trail-log-file-validation.yaml")).unwrap();
    let check = "check: trail.log_file_validation_enabled";
    assert!(text.contains(check));
    let own = text.replace("id: trail-log-file-validation", "id: own").replace(check, "check: size(trail.insight_types) > 0");
    fs::create_dir(folder.path().join("own")).unwrap();
    fs::write(folder.path().join("own/own.yaml"), own).unwrap();
    let output = trailproof(folder.path()).args(["permissions", "--policies", "own", "--policy", "own"]).output().unwrap();
    let document: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", said(&output, Path::new("/"))));
    let expected =
        ["account:ListRegions", "cloudtrail:DescribeTrails", "cloudtrail:GetInsightSelectors", "cloudtrail:ListTrails"];
    assert_eq!(actions(&document).into_keys().collect::<Vec<_>>(), expected);
}
