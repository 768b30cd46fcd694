//! The page: what the templates lay out, as words and numbers. It decides nothing; it only joins what belongs together.

use std::collections::BTreeMap;

use serde::Serialize;

use super::finding::{self, Group, Source, token, word};
use super::links::{Link, Places, slug};
use super::size::{FIRST_GAPS, FIRST_POLICIES, ROWS_PER_TABLE};
use crate::finding::{Outcome, Severity, Strength};
use crate::inventory::{RegionOutcome, RegionScope};
use crate::policy::framework::Class;
use crate::report::{
    AccountView, Counts, FrameworkView, GapView, OperationView, Report, RequirementStatus, RequirementView, SetAside, TrailView,
    wording,
};

#[derive(Serialize)]
pub(super) struct Page {
    tool: String,
    version: String,
    schema_version: String,
    now: String,
    read: String,
    interrupted: bool,
    synthetic: bool,
    result: String,
    accounts: Vec<Account>,
    more_accounts: usize,
    accounts_line: String,
    regions_line: String,
    callers: Vec<String>,
    severities: Vec<SeverityCount>,
    outcomes: Counts,
    bar: Vec<Segment>,
    coverage: Coverage,
    first: Vec<First>,
    first_gaps: Vec<GapRow>,
    frameworks: Vec<Framework>,
    trails: Vec<TrailView>,
    more_trails: usize,
    open: Vec<Group>,
    passed: Vec<Group>,
    not_applicable: Vec<Group>,
    findings_total: usize,
    findings_shown: usize,
    gaps: Vec<GapRow>,
    gaps_total: usize,
    set_aside: Vec<SetAside>,
    operations: Vec<OperationView>,
    calls_total: usize,
    calls_failed: usize,
    filters: Filters,
}

#[derive(Serialize)]
struct SeverityCount {
    severity: &'static str,
    count: usize,
}

/// A part of the bar of outcomes, in thousandths of its width.
#[derive(Serialize)]
struct Segment {
    outcome: &'static str,
    label: &'static str,
    count: usize,
    x: usize,
    width: usize,
}

#[derive(Serialize)]
struct Coverage {
    evaluated: usize,
    in_scope: usize,
    percent: Option<String>,
}

/// A policy that fails, as something to do.
#[derive(Serialize)]
struct First {
    severity: &'static str,
    title: String,
    policy: String,
    what: String,
    count: usize,
    names: Vec<String>,
    more: usize,
    fix: String,
    href: String,
    requirements: Vec<String>,
}

#[derive(Serialize)]
struct Framework {
    title: String,
    version: String,
    publisher: Link,
    note: String,
    statement: String,
    facts: Counts,
    applicable: usize,
    requirements: Vec<Requirement>,
}

#[derive(Serialize)]
struct Requirement {
    anchor: Option<String>,
    id: String,
    title: String,
    status: &'static str,
    status_label: &'static str,
    facts: Counts,
    applicable: usize,
    manual: Option<String>,
    /// Whether `manual` is something to do, and not why there is nothing.
    stays_manual: bool,
    policies: Vec<Served>,
}

#[derive(Serialize)]
struct Served {
    policy: Link,
    direct: bool,
    outcome: Option<&'static str>,
    outcome_label: &'static str,
    count: usize,
}

#[derive(Serialize)]
struct GapRow {
    id: String,
    number: String,
    label: String,
    message: String,
    alike: usize,
    remedy: Option<String>,
    findings: usize,
    policies: Vec<Link>,
    from: Option<Source>,
    about: Option<String>,
    account: Option<String>,
}

#[derive(Serialize)]
struct Account {
    id: String,
    alias: Option<String>,
    caller: Option<String>,
    reached: bool,
    gaps: Vec<String>,
    regions: Vec<Regions>,
}

/// Regions that fared alike.
#[derive(Serialize)]
struct Regions {
    class: &'static str,
    label: String,
    count: usize,
    names: String,
}

#[derive(Serialize)]
struct Filters {
    outcomes: Vec<Choice>,
    severities: Vec<Choice>,
    frameworks: Vec<ChoiceGroup>,
}

#[derive(Serialize)]
struct Choice {
    value: String,
    label: String,
}

#[derive(Serialize)]
struct ChoiceGroup {
    title: String,
    whole: Choice,
    requirements: Vec<Choice>,
}

/// Joins the report into what the templates lay out.
pub(super) fn build(report: &Report) -> Page {
    let mut places = Places::of(report, ROWS_PER_TABLE);
    let groups = finding::groups(report, &mut places);
    let findings_shown = groups.iter().map(|group| group.shown).sum();
    let first = groups.iter().filter(|group| group.outcome == "fail").take(FIRST_POLICIES).map(first).collect();
    let (passed, rest): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.outcome == "pass");
    let (not_applicable, open): (Vec<_>, Vec<_>) = rest.into_iter().partition(|group| group.outcome == "na");
    let accounts = &report.population.accounts;
    let mut callers: Vec<String> = accounts.iter().filter_map(|account| account.caller_arn.clone()).collect();
    callers.sort();
    callers.dedup();
    callers.truncate(5);
    let coverage = &report.summary.coverage;
    Page {
        tool: report.tool.name.clone(),
        version: report.tool.version.clone(),
        schema_version: report.schema_version.clone(),
        now: wording::moment(report.now),
        read: wording::span(report.collected.started, report.collected.ended),
        interrupted: report.collected.interrupted,
        synthetic: report.collected.synthetic,
        result: report.result.clone(),
        accounts: accounts.iter().take(ROWS_PER_TABLE).map(account).collect(),
        more_accounts: accounts.len().saturating_sub(ROWS_PER_TABLE),
        accounts_line: format!(
            "{} of {} reached",
            wording::count(report.population.accounts_reached),
            wording::count(report.population.accounts_asked)
        ),
        regions_line: report.population.regions_line(),
        callers,
        severities: severities(report),
        bar: bar(&report.summary.outcomes),
        outcomes: report.summary.outcomes.clone(),
        coverage: Coverage {
            evaluated: coverage.evaluated,
            in_scope: coverage.in_scope,
            percent: coverage.permille.map(wording::percent),
        },
        first,
        first_gaps: most_deciding(report).into_iter().take(FIRST_GAPS).map(|(at, view)| gap(report, &places, at, view)).collect(),
        frameworks: report.frameworks.iter().map(|framework| self::framework(&places, framework)).collect(),
        trails: report.trails.iter().take(ROWS_PER_TABLE).cloned().collect(),
        more_trails: report.trails.len().saturating_sub(ROWS_PER_TABLE),
        open,
        passed,
        not_applicable,
        findings_total: report.findings.len(),
        findings_shown,
        gaps: report.gaps.iter().enumerate().take(ROWS_PER_TABLE).map(|(at, view)| gap(report, &places, at, view)).collect(),
        gaps_total: report.gaps.len(),
        set_aside: report.set_aside.clone(),
        operations: report.operations.clone(),
        calls_total: report.operations.iter().map(|operation| operation.calls).sum(),
        calls_failed: report.operations.iter().map(|operation| operation.failed).sum(),
        filters: filters(report),
    }
}

fn severities(report: &Report) -> Vec<SeverityCount> {
    let count = |severity| report.summary.fails.get(&severity).copied().unwrap_or(0);
    Severity::ALL.into_iter().map(|severity| SeverityCount { severity: severity.label(), count: count(severity) }).collect()
}

fn bar(counts: &Counts) -> Vec<Segment> {
    let total = counts.total().max(1);
    let parts = [
        (Outcome::Fail, counts.fail),
        (Outcome::Unknown, counts.unknown),
        (Outcome::Pass, counts.pass),
        (Outcome::NotApplicable, counts.not_applicable),
    ];
    let mut before = 0;
    parts
        .into_iter()
        .map(|(outcome, count)| {
            let (x, end) = (before * 1000 / total, (before + count) * 1000 / total);
            before += count;
            Segment { outcome: word(outcome), label: outcome.label(), count, x, width: end - x }
        })
        .collect()
}

fn first(group: &Group) -> First {
    let one = group.findings.first();
    First {
        severity: group.severity,
        title: group.title.clone(),
        policy: group.policy.clone(),
        what: one.map(|item| item.message.clone()).unwrap_or_default(),
        count: group.total,
        names: group.findings.iter().take(3).map(|item| item.name.clone()).collect(),
        more: group.total.saturating_sub(group.findings.len().min(3)),
        fix: one.map(|item| item.summary.clone()).unwrap_or_default(),
        href: format!("#{}", group.id),
        requirements: group
            .requirements
            .iter()
            .filter(|link| link.direct)
            .map(|link| format!("{} {}", link.framework, link.id))
            .collect(),
    }
}

/// Gaps that leave findings open, those that leave most open first.
fn most_deciding(report: &Report) -> Vec<(usize, &GapView)> {
    let mut gaps: Vec<_> = report.gaps.iter().take(ROWS_PER_TABLE).enumerate().filter(|(_, view)| view.findings > 0).collect();
    gaps.sort_by_key(|(at, view)| (std::cmp::Reverse(view.findings), *at));
    gaps
}

fn framework(places: &Places<'_>, view: &FrameworkView) -> Framework {
    Framework {
        title: view.title.clone(),
        version: view.version.clone(),
        publisher: Link::out(&view.publisher, &view.url),
        note: view.note.clone(),
        statement: view.statement.clone(),
        applicable: view.facts.applicable(),
        facts: view.facts.clone(),
        requirements: view.requirements.iter().map(|requirement| self::requirement(places, &view.id, requirement)).collect(),
    }
}

fn requirement(places: &Places<'_>, framework: &str, view: &RequirementView) -> Requirement {
    Requirement {
        anchor: places.requirement(framework, &view.id).cloned(),
        id: view.id.clone(),
        title: view.title.clone(),
        status: match view.status {
            RequirementStatus::FactsHold => "pass",
            RequirementStatus::NotMet => "fail",
            RequirementStatus::Unknown => "unknown",
            RequirementStatus::Manual => "manual",
            RequirementStatus::SupportingOnly
            | RequirementStatus::Inherited
            | RequirementStatus::NotServed
            | RequirementStatus::NotEvaluated => "na",
        },
        status_label: view.status.label(),
        applicable: view.facts.applicable(),
        facts: view.facts.clone(),
        manual: view.manual.clone(),
        stays_manual: matches!(view.class, Class::Automated | Class::Manual),
        policies: view
            .policies
            .iter()
            .map(|served| {
                let (outcome, count) = worst(&served.facts);
                Served {
                    policy: places.policy(&served.policy),
                    direct: served.strength == Strength::Direct,
                    outcome: outcome.map(word),
                    outcome_label: outcome.map_or("not evaluated", Outcome::label),
                    count,
                }
            })
            .collect(),
    }
}

/// The worst outcome that occurs, and how often.
fn worst(counts: &Counts) -> (Option<Outcome>, usize) {
    let parts = [
        (Outcome::Fail, counts.fail),
        (Outcome::Unknown, counts.unknown),
        (Outcome::Pass, counts.pass),
        (Outcome::NotApplicable, counts.not_applicable),
    ];
    parts.into_iter().find(|(_, count)| *count > 0).map_or((None, 0), |(outcome, count)| (Some(outcome), count))
}

fn gap(report: &Report, places: &Places<'_>, at: usize, view: &GapView) -> GapRow {
    let call = view.gap.call.as_ref().and_then(|id| report.calls.get(id));
    GapRow {
        id: format!("gap-{}", at + 1),
        number: format!("G{}", at + 1),
        label: view.label.clone(),
        message: view.gap.message.clone(),
        alike: view.alike.len(),
        remedy: view.remedy.clone(),
        findings: view.findings,
        policies: view.policies.iter().map(|policy| places.policy(policy)).collect(),
        from: view.gap.call.as_ref().map(|id| finding::call(report, id)),
        about: call.map(|call| call.about.clone()).filter(|about| !about.is_empty()),
        account: call.map(|call| call.account.clone()),
    }
}

fn account(view: &AccountView) -> Account {
    let scope = &view.scope;
    Account {
        id: scope.id.clone(),
        alias: view.alias.clone(),
        caller: view.caller_arn.clone(),
        reached: scope.reached,
        gaps: scope.gaps.iter().map(|gap| format!("{}: {}", gap.kind.label(), gap.message)).collect(),
        regions: regions(&scope.regions),
    }
}

fn regions(all: &[RegionScope]) -> Vec<Regions> {
    let mut alike: BTreeMap<(u8, &'static str, String), Vec<&str>> = BTreeMap::new();
    for region in all {
        let key = match &region.outcome {
            RegionOutcome::Gap(gap) => (0, "unknown", format!("{}: {}", gap.kind.label(), gap.message)),
            RegionOutcome::NotAsked => (1, "na", "left out by the scope".to_string()),
            RegionOutcome::Reached => (2, "pass", "reached".to_string()),
            RegionOutcome::NothingToAsk => (3, "na", "nothing of a trail to ask there".to_string()),
            RegionOutcome::NotEnabled => (4, "na", "not enabled in the account".to_string()),
        };
        alike.entry(key).or_default().push(&region.name);
    }
    alike
        .into_iter()
        .map(|((_, class, label), names)| Regions { class, label, count: names.len(), names: names.join(", ") })
        .collect()
}

fn filters(report: &Report) -> Filters {
    let occurs = |outcome| report.findings.iter().any(|finding| finding.outcome == outcome);
    let outcomes = [Outcome::Fail, Outcome::Unknown, Outcome::Pass, Outcome::NotApplicable];
    let severe = |severity| report.findings.iter().any(|finding| finding.severity == severity);
    Filters {
        outcomes: outcomes
            .into_iter()
            .filter(|outcome| occurs(*outcome))
            .map(|outcome| Choice { value: word(outcome).into(), label: outcome.label().into() })
            .collect(),
        severities: Severity::ALL
            .into_iter()
            .filter(|severity| severe(*severity))
            .map(|severity| Choice { value: severity.label().into(), label: severity.label().into() })
            .collect(),
        frameworks: report.frameworks.iter().map(choices).collect(),
    }
}

fn choices(framework: &FrameworkView) -> ChoiceGroup {
    let title = format!("{} {}", framework.title, framework.version);
    ChoiceGroup {
        whole: Choice { value: slug(&framework.id), label: format!("{title}, all of it") },
        title,
        requirements: framework
            .requirements
            .iter()
            .filter(|requirement| !requirement.policies.is_empty())
            .map(|requirement| Choice { value: token(&framework.id, &requirement.id), label: requirement.id.clone() })
            .collect(),
    }
}
