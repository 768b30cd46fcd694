//! Reports of organizations, judged for real: what stands in them is counted again from the findings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use trailproof::app::cases::Given;
use trailproof::audit::{Settings, audit};
use trailproof::finding::{Finding, Outcome};
use trailproof::inventory::{
    AccountScope, Gap, GapKind, Inventory, Listing, Member, RegionOutcome, RegionScope, Remedy, Standing,
};
use trailproof::policy::catalogue::Catalogue;
use trailproof::report::build::Material;
use trailproof::report::text::{self, TextOptions};
use trailproof::report::{FrameworkView, Report, RequirementStatus, json as report_json};

use super::{page, tags};
use crate::program::{said, trailproof};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());
const PCI: &str = "pci-dss-4.0.1";

pub(super) fn id(n: usize) -> String {
    format!("{:012}", 100_000_000_000 + n)
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn org_trail() -> String {
    format!("arn:aws:cloudtrail:us-east-1:{}:trail/organization", id(0))
}

fn own_trail(n: usize) -> String {
    format!("arn:aws:cloudtrail:eu-west-1:{}:trail/own-{n}", id(n))
}

/// An organization of `accounts` accounts. Account 0 manages it and owns the organization's trail; account 1 owns the log
/// bucket, which keeps no versions. Every third account after them has a trail of its own, stopped, into a bucket of its own.
pub(super) fn organization(accounts: usize) -> Inventory {
    let own = |n: &usize| *n > 1 && n % 3 == 2;
    let everybody: Vec<String> = (0..accounts).map(id).collect();
    let mut trails = vec![map(json!({
        "arn": org_trail(), "is_organization": true, "bucket": "org-logs", "seen_by": everybody,
    }))];
    let mut buckets = vec![map(json!({"name": "org-logs", "owner_account": id(1), "versioning": null}))];
    for n in (0..accounts).filter(own) {
        trails.push(map(json!({
            "arn": own_trail(n), "is_logging": false, "is_multi_region": false, "bucket": format!("own-logs-{n}"),
            "log_file_validation_enabled": false,
        })));
        buckets.push(map(json!({"name": format!("own-logs-{n}"), "owner_account": id(n)})));
    }
    let given = Given {
        accounts: Some(everybody.iter().map(|id| map(json!({"id": id}))).collect()),
        trails,
        buckets,
        ..Given::default()
    };
    let mut inventory = given.inventory().unwrap();
    for (n, scope) in inventory.scope.accounts.iter_mut().enumerate() {
        scope.name = Some(format!("Team {n}"));
        scope.regions =
            ["eu-west-1", "us-east-1"].map(|name| RegionScope { name: name.into(), outcome: RegionOutcome::Reached }).into();
    }
    inventory
}

fn not_assumed(account: &str) -> Gap {
    Gap::new(GapKind::Denied, format!("sts:AssumeRole on arn:aws:iam::{account}:role/Audit: AccessDenied"))
        .with_remedy(Remedy::Do(format!("let the auditing principal assume a role in account {account}")))
}

/// Nothing of the account was read.
pub(super) fn unreach(inventory: &mut Inventory, n: usize) {
    let account = id(n);
    inventory.accounts.retain(|a| a.id != account);
    let scope = scope_of(inventory, n);
    scope.reached = false;
    scope.regions.clear();
    scope.gaps = vec![not_assumed(&account)];
}

fn scope_of(inventory: &mut Inventory, n: usize) -> &mut AccountScope {
    inventory.scope.accounts.iter_mut().find(|a| a.id == id(n)).unwrap()
}

/// The owner left the account out, or it is suspended.
pub(super) fn set_aside(inventory: &mut Inventory, n: usize, standing: Standing) {
    unreach(inventory, n);
    let scope = scope_of(inventory, n);
    scope.standing = standing;
    scope.gaps.clear();
}

pub(super) fn judged(inventory: &Inventory, scopes: &BTreeMap<String, BTreeSet<String>>) -> Report {
    let findings = audit(inventory, &CATALOGUE, &Settings::default(), inventory.scope.ended).unwrap();
    let material = Material {
        inventory,
        catalogue: &CATALOGUE,
        frameworks: &[],
        scopes,
        action: |service, operation| (service == "s3" && operation == "ListBuckets").then_some("s3:ListAllMyBuckets"),
        set_aside: Vec::new(),
        asked: CATALOGUE.policies.keys().cloned().collect(),
        waivers: None,
        now: inventory.scope.ended,
    };
    Report::build(&material, findings)
}

fn whole(inventory: &Inventory) -> Report {
    judged(inventory, &BTreeMap::new())
}

/// The PCI DSS matrix where these accounts are in scope.
fn pci(inventory: &Inventory, accounts: &[String]) -> (Report, FrameworkView) {
    let report = judged(inventory, &[(PCI.to_string(), accounts.iter().cloned().collect())].into());
    let view = report.frameworks.iter().find(|f| f.id == PCI).unwrap().clone();
    (report, view)
}

fn status(view: &FrameworkView, id: &str) -> RequirementStatus {
    view.requirements.iter().find(|r| r.id == id).unwrap().status
}

/// Three hundred accounts, of which three were not reached, two were excluded and one is suspended.
fn three_hundred() -> Inventory {
    let mut inventory = organization(300);
    for n in [30, 31, 33] {
        unreach(&mut inventory, n);
    }
    set_aside(&mut inventory, 40, Standing::Excluded);
    set_aside(&mut inventory, 42, Standing::Excluded);
    set_aside(&mut inventory, 43, Standing::Suspended);
    inventory
}

#[test]
fn the_population_is_counted_and_everybody_left_out_is_named() {
    let report = whole(&three_hundred());
    let population = &report.population;
    assert_eq!((population.accounts_asked, population.accounts_reached), (297, 294));
    assert_eq!((population.accounts_excluded, population.accounts_suspended), (2, 1));
    assert_eq!((population.regions_asked, population.regions_reached), (588, 588));
    let cause = &population.causes[0];
    assert_eq!(population.causes.len(), 1, "three roles that cannot be assumed are one cause");
    assert_eq!(cause.accounts, [id(30), id(31), id(33)]);
    let remedy = "let the auditing principal assume a role in each of these 3 accounts";
    assert_eq!(cause.remedy.as_deref(), Some(remedy));

    let page = page(&report);
    assert!(page.find("id=\"population\"") < page.find("id=\"summary\"") && page.contains("id=\"population\""));
    assert!(page.contains("294 of 297 reached; 2 excluded, 1 suspended") && page.contains(remedy));
    for n in [30, 31, 33, 40, 42, 43] {
        assert!(page.contains(&id(n)) && page.contains(&format!("Team {n}")), "account {n} is not named");
    }
    assert!(page.contains("300 accounts, one by one"));
    let said = text::write(&report, &TextOptions { color: false, width: 200, verbose: false, quiet: false });
    assert!(said.contains("294 of 297 reached; 2 excluded, 1 suspended") && said.contains(remedy), "{said}");
}

#[test]
fn members_of_the_organization_that_nobody_asked_about_are_named() {
    let mut inventory = organization(3);
    let member = |n: usize, state: &str| Member {
        id: id(n),
        name: format!("Team {n}"),
        state: state.into(),
        account: trailproof::inventory::AccountRef(id(n)),
    };
    let given =
        Given { organizations: vec![map(json!({"id": "o-exampleorgid", "management_account": id(0)}))], ..Given::default() };
    let mut organizations = given.inventory().unwrap().organizations;
    organizations[0].members =
        Listing::complete(vec![member(0, "ACTIVE"), member(7, "ACTIVE"), member(8, "SUSPENDED")], Vec::new());
    inventory.organizations = organizations;
    let report = whole(&inventory);
    let view = &report.population.organizations[0];
    assert_eq!((view.members, view.incomplete.as_ref()), (3, None));
    assert_eq!(view.outside.iter().map(|o| o.id.clone()).collect::<Vec<_>>(), [id(7), id(8)]);
    let page = page(&report);
    assert!(page.contains(&id(7)) && page.contains("Team 8"));
    assert!(
        report.executive.paragraph.contains("2 accounts of the organization were not asked for"),
        "{}",
        report.executive.paragraph
    );

    inventory.organizations[0].members.add_gap(Gap::new(GapKind::Throttled, "organizations:ListAccounts: slow down"));
    let report = whole(&inventory);
    assert!(report.population.organizations[0].incomplete.is_some());
    assert!(report.executive.steps.iter().any(|s| s.text.contains("o-exampleorgid")));
}

#[test]
fn a_cell_of_the_map_is_the_worst_outcome_of_its_findings() {
    let report = whole(&three_hundred());
    let map = &report.heat_map;
    assert_eq!(map.rows.iter().map(|r| &r.account).collect::<BTreeSet<_>>().len(), map.rows.len());
    let mut cells = 0;
    for row in &map.rows {
        assert_eq!(row.cells.len(), map.policies.len());
        for (policy, cell) in map.policies.iter().zip(&row.cells) {
            let about = |f: &&Finding| &f.policy == policy && f.subject.account == row.account;
            let outcomes: Vec<Outcome> = report.findings.iter().filter(about).map(|f| f.outcome).collect();
            let worst = [Outcome::Fail, Outcome::Unknown, Outcome::Pass, Outcome::NotApplicable]
                .into_iter()
                .find(|outcome| outcomes.contains(outcome));
            assert_eq!(*cell, worst, "{policy} in {}", row.account);
            cells += usize::from(cell.is_some());
        }
    }
    assert!(cells > 1_000, "only {cells} cells hold anything");
    let seen: BTreeSet<&String> = map.rows.iter().map(|r| &r.account).collect();
    assert!(report.findings.iter().all(|f| seen.contains(&f.subject.account)), "a finding has no row");
    assert_eq!(map.rows.iter().filter(|r| r.note.is_some()).count(), 6);
}

#[test]
fn more_than_two_hundred_accounts_share_rows_and_the_page_says_so() {
    let report = whole(&three_hundred());
    let html = page(&report);
    assert!(html.contains("share a row: all 300 accounts are in one of the"), "the page does not say that it aggregates");
    // The row of totals counts every account, whatever is shown.
    let at = report.heat_map.policies.iter().position(|p| p == "trail-exists").unwrap();
    let passing = report.heat_map.rows.iter().filter(|r| r.cells[at] == Some(Outcome::Pass)).count();
    let totals: Vec<&str> = html
        .split("<tfoot>")
        .skip(1)
        .flat_map(|foot| {
            foot.split("accounts that pass</th>").nth(1).unwrap().split("</tr>").next().unwrap().split("<td>").skip(1)
        })
        .collect();
    assert_eq!(totals.len(), report.heat_map.policies.len());
    assert_eq!(totals[at].split('<').next().unwrap(), passing.to_string());
    let few = page(&whole(&organization(30)));
    assert!(!few.contains("share a row"));
    let cells = |page: &str| tags(page).iter().filter(|t| t.name == "td" && t.attributes.contains_key("class")).count();
    assert!(cells(&few) >= 30 * CATALOGUE.policies.len());
}

#[test]
fn the_same_refusal_in_many_accounts_is_one_gap_that_lists_them() {
    let mut inventory = organization(120);
    let refused = |n: usize| {
        Gap::new(GapKind::Denied, format!("s3:GetBucketVersioning of own-logs-{n} in account {}: AccessDenied", id(n)))
            .with_remedy(Remedy::Allow { action: "s3:GetBucketVersioning".into(), account: id(n) })
    };
    let own: Vec<usize> = (0..120).filter(|n| *n > 1 && n % 3 == 2).collect();
    for n in &own {
        let bucket = inventory.buckets.iter_mut().find(|b| b.name == format!("own-logs-{n}")).unwrap();
        bucket.versioning = trailproof::inventory::Fact::Unknown(refused(*n));
    }
    let report = whole(&inventory);
    let gaps: Vec<_> = report.gaps.iter().filter(|g| g.label == "access denied").collect();
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].accounts.len(), gaps[0].alike.len() + 1), (own.len(), own.len()));
    assert_eq!(gaps[0].findings, report.findings.iter().filter(|f| f.outcome == Outcome::Unknown).count());
    let remedy = format!("allow s3:GetBucketVersioning to the auditing principal in each of these {} accounts", own.len());
    assert_eq!(gaps[0].remedy.as_ref(), Some(&remedy));
    assert!(page(&report).contains(&remedy));
    assert!(report.executive.steps.iter().any(|s| s.text.starts_with(&remedy) && s.gap == Some(1)));
}

#[test]
fn a_framework_counts_only_what_concerns_its_scope() {
    let mut inventory = organization(12);
    // Account 5 has no trail but its own, which is stopped: it fails what account 3 passes.
    let cut = inventory.accounts.iter_mut().find(|a| a.id == id(5)).unwrap();
    cut.trails.items.retain(|t| t.0 != org_trail());
    let everything = whole(&inventory);
    let all = everything.frameworks.iter().find(|f| f.id == PCI).unwrap();
    assert_eq!(status(all, "10.2.1"), RequirementStatus::NotMet);
    assert_eq!(all.scope.accounts, None);

    let (report, narrow) = pci(&inventory, &[id(3)]);
    assert_eq!(report.findings, everything.findings, "the scope changes the matrix, and never what is found");
    assert_eq!(narrow.scope.accounts.as_deref(), Some(&[id(3)][..]));
    assert_ne!(status(&narrow, "10.2.1"), RequirementStatus::NotMet);
    let counted = |view: &FrameworkView, policy: &str| -> BTreeSet<usize> {
        view.requirements.iter().flat_map(|r| &r.policies).filter(|p| p.policy == policy).flat_map(|p| p.open.clone()).collect()
    };
    // The log bucket of account 1 serves the trail that records in account 3, so that its fail counts; account 5's do not.
    let versioning = counted(&narrow, "log-bucket-versioning");
    let subjects: Vec<&str> = versioning.iter().map(|n| report.findings[n - 1].subject.name.as_str()).collect();
    assert_eq!(subjects, ["org-logs"]);
    assert_eq!(counted(&narrow, "trail-exists"), BTreeSet::new());
    let page = page(&report);
    assert!(page.contains("1 account declared in scope"));
    let said = text::write(&report, &TextOptions { color: false, width: 120, verbose: false, quiet: false });
    assert!(said.contains("1 account in scope: "), "{said}");

    let (_, failing) = pci(&inventory, &[id(3), id(5)]);
    assert_eq!(status(&failing, "10.2.1"), RequirementStatus::NotMet);
}

#[test]
fn an_account_of_the_scope_that_was_not_audited_leaves_everything_undecided() {
    let mut inventory = organization(12);
    inventory.trails.retain(|t| t.arn == org_trail());
    inventory.buckets.retain(|b| b.name == "org-logs");
    for account in &mut inventory.accounts {
        account.trails.items.retain(|t| t.0 == org_trail());
    }
    let bad = |view: &FrameworkView| {
        view.requirements.iter().filter(|r| !r.policies.is_empty() && r.status == RequirementStatus::MetByFacts).count()
    };
    let (_, alone) = pci(&inventory, &[id(3)]);
    assert!(bad(&alone) > 0, "nothing is met where all is well: the rest of this test would prove nothing");

    let (report, stranger) = pci(&inventory, &[id(3), "999999999999".into()]);
    assert_eq!(bad(&stranger), 0);
    assert_eq!(stranger.scope.unread[0].account, "999999999999");
    assert!(page(&report).contains("not in the population of this audit"));

    set_aside(&mut inventory, 4, Standing::Excluded);
    assert_eq!(bad(&pci(&inventory, &[id(3), id(4)]).1), 0);
    unreach(&mut inventory, 6);
    assert_eq!(bad(&pci(&inventory, &[id(3), id(6)]).1), 0);
    assert_eq!(bad(&pci(&inventory, &[id(3)]).1), bad(&alone), "who is not in scope takes nothing away");
}

#[test]
fn what_may_concern_the_scope_counts() {
    let mut inventory = organization(12);
    let trails = &mut inventory.accounts.iter_mut().find(|a| a.id == id(3)).unwrap().trails;
    trails.items.clear();
    trails.add_gap(Gap::new(GapKind::Denied, "cloudtrail:DescribeTrails: AccessDenied"));
    let (report, view) = pci(&inventory, &[id(3)]);
    let counts = |policy: &str| -> Vec<String> {
        let served = view.requirements.iter().flat_map(|r| &r.policies).filter(|p| p.policy == policy);
        let open: BTreeSet<usize> = served.flat_map(|p| p.open.clone()).collect();
        open.into_iter().map(|n| report.findings[n - 1].subject.name.clone()).collect()
    };
    assert!(counts("log-bucket-versioning").contains(&"org-logs".to_string()), "the organization's trail may record there");
    assert!(!counts("log-bucket-versioning").iter().any(|name| name.starts_with("own-logs")), "a trail of another account alone");
}

#[test]
fn the_trail_inventory_says_what_is_not_known_and_why() {
    let mut inventory = organization(6);
    let gap = Gap::new(GapKind::Throttled, "cloudtrail:GetEventSelectors: slow down");
    inventory.trails.iter_mut().find(|t| t.arn == org_trail()).unwrap().event_selectors =
        trailproof::inventory::Fact::Unknown(gap);
    inventory.buckets.retain(|b| b.name != "own-logs-2");
    let report = whole(&inventory);
    let row = report.trails.iter().find(|t| t.arn == org_trail()).unwrap();
    let known = |text: &str| trailproof::report::Shown::Known(text.into());
    assert_eq!(row.records, trailproof::report::Shown::Unknown("throttled: cloudtrail:GetEventSelectors: slow down".into()));
    assert_eq!((&row.bucket, &row.bucket_account), (&known("org-logs"), &known(&id(1))));
    assert_eq!((row.seen_by, &row.is_organization, &row.key), (6, &known("yes"), &known("none")));
    let own = report.trails.iter().find(|t| t.arn == own_trail(2)).unwrap();
    assert_eq!(own.bucket_account, trailproof::report::Shown::Unknown("the bucket was not read".into()));
    assert!(page(&report).contains("throttled: cloudtrail:GetEventSelectors: slow down"));
}

#[test]
fn the_summary_is_made_of_the_counts() {
    let report = whole(&three_hundred());
    let outcomes = &report.summary.outcomes;
    let said = &report.executive.paragraph;
    for part in [
        "294 of 297 accounts were reached".to_string(),
        "2 accounts were excluded by the owner and 1 is suspended".into(),
        format!("{} could not be decided", outcomes.unknown),
    ] {
        assert!(said.contains(&part), "no `{part}` in: {said}");
    }
    let failing: BTreeSet<&str> =
        report.findings.iter().filter(|f| f.outcome == Outcome::Fail).map(|f| f.policy.as_str()).collect();
    assert_eq!(report.executive.risks_total, failing.len());
    assert_eq!(report.executive.risks.len(), failing.len().min(5));
    assert!(report.executive.risks.is_sorted_by(|a, b| a.severity >= b.severity));
    for risk in &report.executive.risks {
        let all = report.findings.iter().filter(|f| f.policy == risk.policy && f.outcome == Outcome::Fail);
        assert_eq!(risk.findings, all.count());
    }
}

#[test]
fn ten_thousand_findings_of_real_policies_stay_below_ten_megabytes() {
    let policies = CATALOGUE.policies.len();
    let mut inventory = organization(20_000_usize.div_ceil(policies));
    for n in 100..120 {
        unreach(&mut inventory, n);
    }
    let report = whole(&inventory);
    assert!(report.findings.len() >= 10_000, "only {} findings", report.findings.len());
    let page = page(&report);
    super::leave("report-organization.html", &page);
    assert!(page.len() < 10_000_000, "{} bytes", page.len());
    // What is left out is counted: the shown and the total of every group, and of the whole.
    let shown = tags(&page).iter().filter(|t| t.attributes.contains_key("data-f")).count();
    let count = |number: usize| {
        let digits = number.to_string();
        let (head, tail) = digits.split_at(digits.len().saturating_sub(3));
        if head.is_empty() { digits.clone() } else { format!("{head},{tail}") }
    };
    assert!(shown < report.findings.len());
    assert!(page.contains(&format!("Showing {} of {} findings", count(shown), count(report.findings.len()))));
    let outcomes = &report.summary.outcomes;
    for number in [outcomes.fail, outcomes.unknown, outcomes.pass, outcomes.not_applicable] {
        assert!(page.contains(&format!("<strong>{}</strong>", count(number))));
    }
    assert_eq!(page, super::page(&report), "the same report gives the same bytes");
    let json = report_json::write(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
}

#[test]
fn the_settings_name_the_scope_of_a_framework() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("inventory.json"), organization(6).to_json().unwrap()).unwrap();
    let settings = format!("version: 1\nframeworks:\n  {PCI}: {{ accounts: [\"{}\"] }}\n", id(3));
    std::fs::write(folder.path().join("trailproof.yaml"), settings).unwrap();
    let output = trailproof(folder.path()).args(["scan", "inventory.json", "--out", "out"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output, folder.path()));
    let text = std::fs::read_to_string(folder.path().join("out/report.json")).unwrap();
    let report: Report = serde_json::from_str(&text).unwrap();
    let scopes: BTreeMap<&str, Option<Vec<String>>> =
        report.frameworks.iter().map(|f| (f.id.as_str(), f.scope.accounts.clone())).collect();
    assert_eq!(scopes[PCI], Some(vec![id(3)]));
    assert_eq!(scopes["hipaa-security-rule"], None);
}
