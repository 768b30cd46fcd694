//! From findings to the view: counted, sorted, worded once for every format.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::finding::{Finding, Outcome, Severity};
use crate::inventory::{CallId, Inventory, Origin};
use crate::policy::catalogue::Catalogue;
use crate::waiver::Applied;

use super::{
    CodeView, Collected, Counts, Coverage, Executive, GapView, HeatMap, OperationView, PolicyView, Population, Report,
    SCHEMA_VERSION, Score, SetAside, Summary, Tool, TrailView, WaiversView, gaps, matrix,
};

/// What a report is made of, beside the findings.
pub struct Material<'a> {
    pub inventory: &'a Inventory,
    pub catalogue: &'a Catalogue,
    /// The frameworks that are shown whole; where it is empty, those of the catalogue that need not be asked for by name.
    pub frameworks: &'a [String],
    /// framework -> the accounts in its scope; a framework that is not named is asked about every account.
    pub scopes: &'a BTreeMap<String, BTreeSet<String>>,
    /// The IAM action that allows an operation of a service, where it is known.
    pub action: fn(&str, &str) -> Option<&'static str>,
    /// Policies that the owner switched off, with the reason.
    pub set_aside: Vec<SetAside>,
    /// Policies that were asked.
    pub asked: BTreeSet<String>,
    /// The waivers that were laid upon the findings, and what people attest.
    pub waivers: Option<&'a Applied>,
    pub now: Timestamp,
}

impl Report {
    /// The view of one audit.
    pub fn build(material: &Material<'_>, mut findings: Vec<Finding>) -> Report {
        let inventory = material.inventory;
        let scope = &inventory.scope;
        let summary = summary(&findings);
        let gaps = gaps::views(&findings);
        let calls = used_calls(inventory, &findings, &gaps);
        let population = Population::of(inventory);
        let waivers = material.waivers.map(|applied| WaiversView::of(applied, &findings));
        let aside = waivers.as_ref().map(WaiversView::aside).unwrap_or_default();
        let (frameworks, more_frameworks) = matrix::views(material, population.regions_left_out, &findings);
        // What a finding says of a framework that the report does not show would lead nowhere.
        let shown: BTreeSet<&str> = frameworks.iter().map(|f| f.id.as_str()).collect();
        findings.iter_mut().for_each(|f| f.requirements.retain(|r| shown.contains(r.framework.as_str())));
        let mut report = Report {
            kind: Report::KIND.into(),
            schema_version: SCHEMA_VERSION.into(),
            tool: Tool { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() },
            now: material.now,
            collected: Collected {
                started: scope.started,
                ended: scope.ended,
                interrupted: scope.interrupted,
                synthetic: scope.synthetic,
                judged_as_read: false,
            },
            result: result_line(&summary, population.regions_left_out) + &aside,
            code: CodeView::of(inventory),
            executive: Executive::default(),
            frameworks,
            more_frameworks,
            heat_map: HeatMap::of(&population, &material.asked, &findings),
            policies: policies(material, &findings),
            trails: inventory.trails.iter().map(|trail| TrailView::of(inventory, trail)).collect(),
            operations: operations(material),
            set_aside: material.set_aside.clone(),
            population,
            score: Score::of(&findings),
            waivers,
            baseline: None,
            summary,
            findings,
            gaps,
            calls,
        };
        report.executive = Executive::of(&report);
        report
    }

    /// The value of `kind`.
    pub const KIND: &'static str = "trailproof-report";
}

impl Counts {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Pass => self.pass += 1,
            Outcome::Fail => self.fail += 1,
            Outcome::Unknown => self.unknown += 1,
            Outcome::NotApplicable => self.not_applicable += 1,
        }
    }

    pub(super) fn join(&mut self, other: &Counts) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.unknown += other.unknown;
        self.not_applicable += other.not_applicable;
    }

    pub(super) fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Counts {
        let mut counts = Counts::default();
        findings.into_iter().for_each(|f| counts.add(f.outcome));
        counts
    }
}

fn summary(findings: &[Finding]) -> Summary {
    let outcomes = Counts::of(findings);
    let mut fails: BTreeMap<Severity, usize> = Severity::ALL.iter().map(|s| (*s, 0)).collect();
    for finding in findings.iter().filter(|f| f.outcome == Outcome::Fail) {
        *fails.entry(finding.severity).or_default() += 1;
    }
    let (evaluated, in_scope) = (outcomes.pass + outcomes.fail, outcomes.applicable());
    let permille = (in_scope > 0).then(|| u32::try_from(evaluated * 1000 / in_scope).unwrap_or(1000));
    Summary { outcomes, fails, coverage: Coverage { evaluated, in_scope, permille } }
}

fn result_line(summary: &Summary, not_asked: usize) -> String {
    let parts: Vec<String> = Severity::ALL
        .iter()
        .filter_map(|s| summary.fails.get(s).filter(|n| **n > 0).map(|n| format!("{n} {}", s.label())))
        .collect();
    let outcomes = &summary.outcomes;
    let fails = match parts.len() {
        0 => "no fails".to_string(),
        _ => format!("{} {}: {}", outcomes.fail, if outcomes.fail == 1 { "fail" } else { "fails" }, parts.join(", ")),
    };
    let unknown = match outcomes.unknown {
        0 => "nothing left unknown".to_string(),
        n => format!("{n} could not be evaluated"),
    };
    let narrowed = match not_asked {
        0 => String::new(),
        1 => "; 1 enabled Region was not asked about".to_string(),
        n => format!("; {n} enabled Regions were not asked about"),
    };
    format!("{fails}; {unknown}; {} {}{narrowed}", outcomes.pass, if outcomes.pass == 1 { "pass" } else { "passes" })
}

fn used_calls(inventory: &Inventory, findings: &[Finding], gaps: &[GapView]) -> BTreeMap<CallId, crate::inventory::Call> {
    let facts = findings.iter().flat_map(|f| &f.facts);
    let from = facts.clone().filter_map(|f| match &f.from {
        Some(Origin::Call(id)) => Some(id),
        _ => None,
    });
    let failed = facts
        .filter_map(|f| f.gap.as_ref()?.call.as_ref())
        .chain(gaps.iter().flat_map(|g| std::iter::once(&g.gap).chain(&g.alike)).filter_map(|g| g.call.as_ref()));
    let used: BTreeSet<&CallId> = from.chain(failed).collect();
    used.into_iter().filter_map(|id| inventory.calls.get(id).map(|call| (id.clone(), call.clone()))).collect()
}

fn policies(material: &Material<'_>, findings: &[Finding]) -> BTreeMap<String, PolicyView> {
    let mut by_policy: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        by_policy.entry(&finding.policy).or_default().push(finding);
    }
    let asked = material.catalogue.policies.iter().filter(|(id, _)| material.asked.contains(*id));
    asked
        .map(|(id, policy)| {
            let mine = by_policy.remove(id.as_str()).unwrap_or_default();
            let file = &policy.file;
            let view = PolicyView {
                id: id.clone(),
                title: file.title.clone(),
                severity: mine.first().map_or(file.severity, |f| f.severity),
                subject: file.subject.noun().into(),
                why: file.why.trim().into(),
                references: file.references.clone(),
                outcome: mine.iter().map(|f| f.outcome).min(),
                facts: Counts::of(mine),
            };
            (id.clone(), view)
        })
        .collect()
}

fn operations(material: &Material<'_>) -> Vec<OperationView> {
    let mut by_name: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for call in material.inventory.calls.values() {
        let (calls, failed) = by_name.entry((&call.service, &call.operation)).or_default();
        *calls += 1;
        // 404 is how S3 says that there is none.
        *failed += usize::from(call.status.is_none_or(|s| s >= 400 && s != 404));
    }
    by_name
        .into_iter()
        .map(|((service, operation), (calls, failed))| OperationView {
            service: service.into(),
            operation: operation.into(),
            action: (material.action)(service, operation).map(str::to_string),
            calls,
            failed,
        })
        .collect()
}
