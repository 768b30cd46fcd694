//! From findings to the view: counted, sorted, worded once for every format.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::finding::{Finding, Outcome, Severity, Strength};
use crate::inventory::{CallId, Fact, Gap, GapKind, Inventory, Origin, RegionOutcome, Remedy, Trail};
use crate::policy::catalogue::Catalogue;
use crate::policy::framework::{Class, Framework, Requirement};
use crate::semantics::selectors;

use super::{
    AccountView, Collected, Counts, Coverage, FrameworkView, GapView, OperationView, PolicyView, Population, Report,
    RequirementStatus, RequirementView, SCHEMA_VERSION, ServedBy, SetAside, Summary, Tool, TrailView,
};

/// What a report is made of, beside the findings.
pub struct Material<'a> {
    pub inventory: &'a Inventory,
    pub catalogue: &'a Catalogue,
    /// Only these frameworks; every one where it is empty.
    pub frameworks: &'a [String],
    /// Policies that the owner switched off, with the reason.
    pub set_aside: Vec<SetAside>,
    /// Policies that were asked.
    pub asked: BTreeSet<String>,
    pub now: Timestamp,
}

impl Report {
    /// The view of one audit.
    pub fn build(material: &Material<'_>, findings: Vec<Finding>) -> Report {
        let inventory = material.inventory;
        let scope = &inventory.scope;
        let summary = summary(&findings);
        let gaps = gaps(&findings);
        let calls = used_calls(inventory, &findings, &gaps);
        Report {
            kind: Report::KIND.into(),
            schema_version: SCHEMA_VERSION.into(),
            tool: Tool { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() },
            now: material.now,
            collected: Collected {
                started: scope.started,
                ended: scope.ended,
                interrupted: scope.interrupted,
                synthetic: scope.synthetic,
            },
            result: result_line(&summary, not_asked(inventory)),
            population: population(inventory),
            frameworks: frameworks(material, &findings),
            policies: policies(material, &findings),
            trails: inventory.trails.iter().map(trail).collect(),
            operations: operations(inventory),
            set_aside: material.set_aside.clone(),
            summary,
            findings,
            gaps,
            calls,
        }
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

    /// Findings that apply, decided or not.
    pub fn in_scope(&self) -> usize {
        self.pass + self.fail + self.unknown
    }

    fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Counts {
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
    let (evaluated, in_scope) = (outcomes.pass + outcomes.fail, outcomes.in_scope());
    let permille = (in_scope > 0).then(|| u32::try_from(evaluated * 1000 / in_scope).unwrap_or(1000));
    Summary { outcomes, fails, coverage: Coverage { evaluated, in_scope, permille } }
}

/// Enabled Regions that the scope left out: whatever is said of "every Region" is not said of them.
fn not_asked(inventory: &Inventory) -> usize {
    let regions = inventory.scope.accounts.iter().flat_map(|a| &a.regions);
    regions.filter(|r| matches!(r.outcome, RegionOutcome::NotAsked)).count()
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

fn population(inventory: &Inventory) -> Population {
    let accounts: Vec<AccountView> = inventory
        .scope
        .accounts
        .iter()
        .map(|scope| {
            let account = inventory.account(&scope.id);
            AccountView {
                scope: scope.clone(),
                alias: account.and_then(|a| a.alias.known().cloned().flatten()),
                caller_arn: account.and_then(|a| a.caller_arn.known().cloned()),
            }
        })
        .collect();
    let regions = || inventory.scope.accounts.iter().flat_map(|a| &a.regions);
    Population {
        accounts_asked: accounts.len(),
        accounts_reached: accounts.iter().filter(|a| a.scope.reached).count(),
        regions_asked: regions().filter(|r| !matches!(r.outcome, RegionOutcome::NotEnabled | RegionOutcome::NotAsked)).count(),
        regions_reached: regions().filter(|r| matches!(r.outcome, RegionOutcome::Reached)).count(),
        accounts,
    }
}

/// Gaps that the same remedy would close are one root cause.
fn gaps(findings: &[Finding]) -> Vec<GapView> {
    #[derive(Default)]
    struct Root<'a> {
        gaps: BTreeSet<&'a Gap>,
        findings: BTreeSet<usize>,
        policies: BTreeSet<&'a str>,
    }
    let mut roots: BTreeMap<(GapKind, Option<&Remedy>, &str), Root<'_>> = BTreeMap::new();
    for (i, finding) in findings.iter().enumerate().filter(|(_, f)| f.outcome == Outcome::Unknown) {
        for gap in &finding.gaps {
            let message = if gap.remedy.is_some() { "" } else { gap.message.as_str() };
            let root = roots.entry((gap.kind, gap.remedy.as_ref(), message)).or_default();
            root.gaps.insert(gap);
            root.findings.insert(i);
            root.policies.insert(&finding.policy);
        }
    }
    let mut views: Vec<GapView> = roots
        .into_values()
        .filter_map(|root| {
            let mut gaps = root.gaps.into_iter().cloned();
            let gap = gaps.next()?;
            Some(GapView {
                label: gap.kind.label().into(),
                remedy: gap.remedy.as_ref().map(ToString::to_string),
                gap,
                alike: gaps.collect(),
                findings: root.findings.len(),
                policies: root.policies.into_iter().map(str::to_string).collect(),
            })
        })
        .collect();
    views.sort_by(|a, b| b.findings.cmp(&a.findings).then_with(|| a.gap.cmp(&b.gap)));
    views
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
    from.chain(failed).filter_map(|id| inventory.calls.get(id).map(|call| (id.clone(), call.clone()))).collect()
}

fn frameworks(material: &Material<'_>, findings: &[Finding]) -> Vec<FrameworkView> {
    let wanted = |id: &String| material.frameworks.is_empty() || material.frameworks.contains(id);
    material.catalogue.frameworks.values().filter(|f| wanted(&f.id)).map(|f| framework(f, material, findings)).collect()
}

fn framework(framework: &Framework, material: &Material<'_>, findings: &[Finding]) -> FrameworkView {
    let requirements: Vec<RequirementView> =
        framework.requirements.iter().map(|r| requirement(framework, r, material, findings)).collect();
    let facts = Counts::of(findings.iter().filter(|f| f.requirements.iter().any(|r| r.framework == framework.id)));
    let automatable = facts.in_scope();
    let manual = requirements.iter().filter(|r| r.class == Class::Manual || r.manual.is_some()).count();
    let mut statement = format!("{} of {automatable} automatable facts hold", facts.pass);
    if facts.unknown > 0 {
        statement.push_str(&format!("; {} could not be evaluated", facts.unknown));
    }
    statement.push_str(&format!("; {manual} requirements need something that people must show"));
    FrameworkView {
        id: framework.id.clone(),
        title: framework.title.clone(),
        version: framework.version.clone(),
        publisher: framework.publisher.clone(),
        url: framework.url.clone(),
        note: framework.note.clone(),
        statement,
        facts,
        requirements,
    }
}

fn requirement(
    framework: &Framework,
    requirement: &Requirement,
    material: &Material<'_>,
    findings: &[Finding],
) -> RequirementView {
    let mut policies = Vec::new();
    let mut facts = Counts::default();
    let mut direct = Counts::default();
    let mut has_direct = false;
    for (id, policy) in &material.catalogue.policies {
        let Some(serves) = policy.file.requirements.get(&framework.id) else { continue };
        let Some((_, strength)) = serves.each().find(|(r, _)| *r == requirement.id) else { continue };
        let counts = Counts::of(findings.iter().filter(|f| &f.policy == id));
        for (total, one) in
            [(&mut facts, &counts)].into_iter().chain((strength == Strength::Direct).then_some((&mut direct, &counts)))
        {
            total.pass += one.pass;
            total.fail += one.fail;
            total.unknown += one.unknown;
            total.not_applicable += one.not_applicable;
        }
        // A direct policy that was not asked leaves the requirement open, whatever the others say.
        if strength == Strength::Direct {
            has_direct = true;
            if !material.asked.contains(id) {
                direct.unknown += 1;
            }
        }
        policies.push(ServedBy { policy: id.clone(), strength, facts: counts });
    }
    RequirementView {
        id: requirement.id.clone(),
        title: requirement.title.clone(),
        class: requirement.class,
        manual: requirement.manual.clone(),
        status: status(requirement.class, &direct, &facts, has_direct),
        facts,
        policies,
    }
}

fn status(class: Class, direct: &Counts, facts: &Counts, has_direct: bool) -> RequirementStatus {
    if direct.fail > 0 {
        return RequirementStatus::NotMet;
    }
    if direct.unknown > 0 {
        return RequirementStatus::Unknown;
    }
    if direct.pass > 0 {
        return RequirementStatus::FactsHold;
    }
    match class {
        Class::Manual => RequirementStatus::Manual,
        Class::Inherited => RequirementStatus::Inherited,
        Class::None => RequirementStatus::NotServed,
        Class::Automated if !has_direct && facts.in_scope() > 0 => RequirementStatus::SupportingOnly,
        Class::Automated => RequirementStatus::NotEvaluated,
    }
}

fn policies(material: &Material<'_>, findings: &[Finding]) -> BTreeMap<String, PolicyView> {
    let asked = material.catalogue.policies.iter().filter(|(id, _)| material.asked.contains(*id));
    asked
        .map(|(id, policy)| {
            let mine = || findings.iter().filter(|f| &f.policy == id);
            let file = &policy.file;
            let view = PolicyView {
                id: id.clone(),
                title: file.title.clone(),
                severity: mine().next().map_or(file.severity, |f| f.severity),
                subject: file.subject.noun().into(),
                why: file.why.trim().into(),
                references: file.references.clone(),
                facts: Counts::of(mine()),
                outcome: mine().map(|f| f.outcome).min(),
            };
            (id.clone(), view)
        })
        .collect()
}

fn operations(inventory: &Inventory) -> Vec<OperationView> {
    let mut by_name: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for call in inventory.calls.values() {
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
            calls,
            failed,
        })
        .collect()
}

/// A fact in a table's cell.
fn cell<T>(fact: &Fact<T>, show: impl Fn(&T) -> String) -> String {
    fact.known().map_or_else(|| "unknown".to_string(), show)
}

fn yes_no(fact: &Fact<bool>) -> String {
    cell(fact, |b| if *b { "yes" } else { "no" }.into())
}

fn or_none<T: Clone + Into<String>>(fact: &Fact<Option<T>>) -> String {
    cell(fact, |v| v.clone().map_or_else(|| "none".to_string(), Into::into))
}

fn trail(trail: &Trail) -> TrailView {
    let home = trail.status.items.iter().find(|s| s.region == trail.home_region);
    let time = |pick: fn(&crate::inventory::TrailStatus) -> &Fact<Option<Timestamp>>| {
        home.map_or_else(
            || "unknown".to_string(),
            |s| cell(pick(s), |t| t.map_or_else(|| "never".to_string(), |t| t.to_string())),
        )
    };
    TrailView {
        arn: trail.arn.clone(),
        name: trail.name.clone(),
        owner_account: trail.owner_account.clone(),
        home_region: trail.home_region.clone(),
        is_logging: yes_no(&trail.is_logging),
        is_multi_region: yes_no(&trail.is_multi_region),
        is_organization: yes_no(&trail.is_organization),
        validation: yes_no(&trail.log_file_validation_enabled),
        bucket: cell(&trail.bucket, |b| b.0.clone()),
        kms_key: or_none(&trail.kms_key_id),
        log_group: or_none(&trail.cloud_watch_logs_log_group_arn),
        topic: or_none(&trail.sns_topic_arn),
        selectors: cell(&trail.event_selectors, selectors::describe),
        last_delivery: time(|s| &s.latest_delivery_time),
        last_digest: time(|s| &s.latest_digest_delivery_time),
    }
}
