//! When a requirement is met: only where every policy that decides it passes for the whole population in scope.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use trailproof::app::cases::Given;
use trailproof::audit::{Settings, audit};
use trailproof::inventory::{AccountScope, Gap, GapKind, Inventory, RegionOutcome, RegionScope, Standing};
use trailproof::policy::catalogue::Catalogue;
use trailproof::report::build::Material;
use trailproof::report::{Report, RequirementStatus, RequirementView, SetAside};
use trailproof::waiver::{Basis, Evidence, Register};
use trailproof::yaml::SourceFile;

const A: &str = "111122223333";
const B: &str = "444455556666";
const NAME: &str = "little-1.0";

const FRAMEWORK: &str = r#"
id: little-1.0
title: Little
version: "1.0"
publisher: Nobody
url: https://example.com/
note: For a test.
requirements:
  - {id: logging, title: Something is logging, class: automated}
  - {id: validated, title: Every log file is validated, class: automated}
  - {id: both, title: Logging and validated, class: automated}
  - {id: helped, title: Logging and better so with validation, class: automated}
  - {id: part, title: All logs are validated, class: automated, only: logs of trails}
  - {id: people, title: Somebody looks, class: manual, manual: That somebody looks.}
"#;

const LOGGING: &str = r#"
id: logging
title: A trail is logging
severity: high
subject: account
if_empty: fail
check: account.trails.exists(t, t.is_logging)
message: no trail is logging
why: Because.
requirements:
  little-1.0: {direct: [logging, both, helped], supporting: [people]}
"#;

const VALIDATED: &str = r#"
id: validated
title: Digests are signed
severity: medium
subject: trail
if_empty: not_applicable
check: trail.log_file_validation_enabled
message: no digests of {{ trail.name }}
why: Because.
requirements:
  little-1.0: {direct: [validated, both, part], supporting: [helped]}
"#;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let policies = [("logging.yaml", LOGGING), ("validated.yaml", VALIDATED)];
    let policies = policies.map(|(name, text)| SourceFile::new(name, text)).into();
    Catalogue::only(policies, vec![SourceFile::new("frameworks/little-1.0.yaml", FRAMEWORK)])
        .unwrap_or_else(|c| panic!("{}", c.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")))
});

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// Two accounts, each with a trail of its own that is as it should be.
fn sound() -> Inventory {
    let trail = |account: &str| map(json!({"arn": format!("arn:aws:cloudtrail:us-east-1:{account}:trail/main")}));
    of(vec![trail(A), trail(B)])
}

fn of(trails: Vec<Map<String, Value>>) -> Inventory {
    let accounts = [A, B].map(|id| map(json!({"id": id}))).to_vec();
    Given { accounts: Some(accounts), trails, ..Given::default() }.inventory().unwrap()
}

#[derive(Default)]
struct Asked {
    without: Option<&'static str>,
    scope: Option<Vec<&'static str>>,
    waivers: Option<&'static str>,
}

fn report(inventory: &Inventory, asked: &Asked) -> Report {
    let ids: BTreeSet<String> = CATALOGUE.policies.keys().filter(|id| Some(id.as_str()) != asked.without).cloned().collect();
    let settings = Settings { only: Some(ids.clone()), ..Settings::default() };
    let mut findings = audit(inventory, &CATALOGUE, &settings, inventory.scope.ended).unwrap();
    let scopes: BTreeMap<String, BTreeSet<String>> =
        asked.scope.iter().map(|accounts| (NAME.to_string(), accounts.iter().map(|a| (*a).to_string()).collect())).collect();
    let applied = asked.waivers.map(|text| {
        let evidence = |_: &str| -> Result<Evidence, String> { Err("there is none".into()) };
        let basis = Basis { catalogue: &CATALOGUE, severities: &BTreeMap::new(), evidence: &evidence };
        let register = Register::load(&mut SourceFile::new("waivers.yaml", text), &basis)
            .unwrap_or_else(|c| panic!("{}", c.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")));
        register.apply(&mut findings, &[], inventory.scope.ended)
    });
    let material = Material {
        inventory,
        catalogue: &CATALOGUE,
        frameworks: &[],
        scopes: &scopes,
        action: |_, _| None,
        set_aside: Vec::<SetAside>::new(),
        asked: ids,
        waivers: applied.as_ref(),
        now: inventory.scope.ended,
    };
    Report::build(&material, findings)
}

fn rows(inventory: &Inventory, asked: &Asked) -> BTreeMap<String, RequirementView> {
    let report = report(inventory, asked);
    report.frameworks[0].requirements.iter().map(|r| (r.id.clone(), r.clone())).collect()
}

fn statuses(inventory: &Inventory, asked: &Asked) -> Vec<RequirementStatus> {
    let rows = rows(inventory, asked);
    ["logging", "validated", "both", "helped"].map(|id| rows[id].status).to_vec()
}

use RequirementStatus::{Manual, MetByFacts, NotApplicable, NotMet, Partial, Undecided};

#[test]
fn met_is_what_passes_everywhere() {
    let rows = rows(&sound(), &Asked::default());
    assert_eq!(statuses(&sound(), &Asked::default()), [MetByFacts; 4]);
    assert_eq!(rows["both"].because, "4 of 4 direct facts hold");
    assert_eq!(rows["people"].status, Manual, "facts help and do not decide");
    // What facts speak of in part they can refute, and cannot show.
    assert_eq!(rows["part"].status, Partial);
    assert_eq!(rows["part"].because, "the direct facts hold; they speak of logs of trails only");
}

#[test]
fn one_fail_anywhere_is_not_met_and_a_supporting_one_is_partial() {
    let mut inventory = sound();
    set_unvalidated(&mut inventory);
    let rows = rows(&inventory, &Asked::default());
    assert_eq!(statuses(&inventory, &Asked::default()), [MetByFacts, NotMet, NotMet, Partial]);
    assert_eq!(rows["part"].status, NotMet, "a part refutes the whole");
    assert_eq!(rows["both"].because, "1 direct fact does not hold");
    // Who is not in scope takes nothing away, and gives nothing.
    let narrow = Asked { scope: Some(vec![A]), ..Asked::default() };
    assert_eq!(statuses(&inventory, &narrow), [MetByFacts; 4]);
    assert_eq!(statuses(&inventory, &Asked { scope: Some(vec![A, B]), ..Asked::default() })[1], NotMet);
}

#[test]
fn an_account_that_was_not_reached_leaves_it_undecided() {
    let mut inventory = sound();
    inventory.accounts.retain(|a| a.id != B);
    inventory.trails.retain(|t| t.owner_account != B);
    let scope: &mut AccountScope = inventory.scope.accounts.iter_mut().find(|a| a.id == B).unwrap();
    scope.reached = false;
    scope.gaps = vec![Gap::new(GapKind::Denied, "sts:AssumeRole: AccessDenied")];
    assert_eq!(statuses(&inventory, &Asked::default()), [Undecided; 4]);
    // So does one that the owner left out and put into the scope of the framework all the same.
    inventory.scope.accounts.iter_mut().find(|a| a.id == B).unwrap().standing = Standing::Excluded;
    assert_eq!(statuses(&inventory, &Asked { scope: Some(vec![A, B]), ..Asked::default() }), [Undecided; 4]);
    assert_eq!(statuses(&inventory, &Asked { scope: Some(vec![A]), ..Asked::default() }), [MetByFacts; 4]);
}

#[test]
fn accounts_that_nobody_could_list_leave_it_undecided() {
    let mut inventory = sound();
    inventory.scope.gaps.push(Gap::new(GapKind::Denied, "organizations:ListAccounts: AccessDenied"));
    assert_eq!(statuses(&inventory, &Asked::default()), [Undecided; 4]);
}

#[test]
fn a_denied_region_leaves_it_undecided() {
    let denied = || Gap::new(GapKind::BlockedByScp, "cloudtrail:DescribeTrails in eu-west-1: explicit deny");
    // Whether there are more trails is not known.
    let mut inventory = sound();
    inventory.accounts[1].trails.add_gap(denied());
    assert_eq!(statuses(&inventory, &Asked::default())[1..3], [Undecided; 2]);
    // Whether a trail logs is not known.
    let mut inventory = sound();
    inventory.trails[1].is_logging = trailproof::inventory::Fact::Unknown(denied());
    assert_eq!(statuses(&inventory, &Asked::default()), [Undecided, MetByFacts, Undecided, Undecided]);
    // A supporting fact that is not known keeps it from being met.
    let mut inventory = sound();
    inventory.trails[1].log_file_validation_enabled = trailproof::inventory::Fact::Unknown(denied());
    assert_eq!(statuses(&inventory, &Asked::default()), [MetByFacts, Undecided, Undecided, Partial]);
}

#[test]
fn a_region_that_the_scope_left_out_keeps_it_from_being_met() {
    let mut inventory = sound();
    let regions = &mut inventory.scope.accounts[0].regions;
    regions.push(RegionScope { name: "us-east-1".into(), outcome: RegionOutcome::Reached });
    regions.push(RegionScope { name: "eu-west-1".into(), outcome: RegionOutcome::NotAsked });
    assert_eq!(statuses(&inventory, &Asked::default()), [Partial; 4]);
    let rows = rows(&inventory, &Asked::default());
    assert_eq!(rows["logging"].because, "the direct facts hold; 1 enabled Region was not asked about");
}

#[test]
fn what_applies_nowhere_is_neither_met_nor_failed() {
    let inventory = of(Vec::new());
    let rows = rows(&inventory, &Asked::default());
    assert_eq!(rows["validated"].status, NotApplicable);
    assert_eq!(rows["logging"].status, NotMet);
    assert_eq!(rows["both"].status, NotMet);
}

#[test]
fn an_account_in_which_there_is_nothing_to_ask_about_is_not_covered_by_the_others() {
    let trail = map(json!({"arn": format!("arn:aws:cloudtrail:us-east-1:{A}:trail/main")}));
    let inventory = of(vec![trail]);
    let rows = rows(&inventory, &Asked::default());
    assert_eq!(rows["validated"].status, Partial);
    assert_eq!(rows["validated"].because, "the direct facts hold; in 1 account there is nothing that they speak of");
    assert_eq!(rows["logging"].status, NotMet);
    assert_eq!(statuses(&inventory, &Asked { scope: Some(vec![A]), ..Asked::default() }), [MetByFacts; 4]);
}

#[test]
fn a_waived_fail_is_a_fail_and_says_that_it_is_waived() {
    let mut inventory = sound();
    set_unvalidated(&mut inventory);
    let waivers = r#"
waivers:
  - id: W-1
    policy: validated
    resources: ["arn:aws:cloudtrail:us-east-1:444455556666:trail/main"]
    owner: team@example.com
    approved_by: boss@example.com
    reason: The trail goes next week, and its logs are checked by hand until then.
    type: risk-accepted
    created: 2026-10-01
    expires: 2027-01-01
"#;
    let asked = Asked { waivers: Some(waivers), ..Asked::default() };
    let report = report(&inventory, &asked);
    let waived = report.findings.iter().filter(|f| f.waiver.is_some()).count();
    assert_eq!(waived, 1, "the waiver was laid upon nothing: the rest would prove nothing");
    let rows = rows(&inventory, &asked);
    assert_eq!(rows["both"].status, NotMet);
    assert_eq!(rows["both"].because, "1 direct fact does not hold; 1 of the fails is waived");
}

#[test]
fn a_policy_that_was_not_asked_leaves_it_undecided() {
    let asked = Asked { without: Some("validated"), ..Asked::default() };
    assert_eq!(statuses(&sound(), &asked), [MetByFacts, Undecided, Undecided, MetByFacts]);
}

/// The second account's trail signs no digests.
fn set_unvalidated(inventory: &mut Inventory) {
    let trail = &mut inventory.trails[1];
    assert_eq!(trail.owner_account, B);
    trail.log_file_validation_enabled = trail.log_file_validation_enabled.clone().map(|_| false);
}
