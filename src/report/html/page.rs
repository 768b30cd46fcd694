//! The page: what the templates lay out, as words and numbers. It decides nothing; it only joins what belongs together.

use std::collections::BTreeSet;

use serde::Serialize;

use super::baseline::{self, Baseline};
use super::finding::{self, Group, Source, token, word};
use super::framework::{self, Framework};
use super::heat::{self, Heat};
use super::links::{Link, Places, slug};
use super::past::{self, Story};
use super::population::{self, Names, People};
use super::size::{CALLERS, ROWS_PER_TABLE};
use super::waiver::{self, Register};
use crate::finding::{Outcome, Severity};
use crate::report::past::{Past, Snapshot};
use crate::report::{
    self, CodeView, Counts, FrameworkView, GapView, OperationView, PlanChange, Reason, Report, SetAside, TrailView, wording,
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
    population: People,
    /// What was read of code; absent where no code was.
    code: Option<Code>,
    callers: Vec<String>,
    more_callers: usize,
    severities: Vec<SeverityCount>,
    outcomes: Counts,
    bar: Vec<Segment>,
    coverage: Coverage,
    score: Score,
    register: Option<Register>,
    baseline: Option<Baseline>,
    paragraph: String,
    risks: Vec<Risk>,
    risks_total: usize,
    steps: Vec<Step>,
    frameworks: Vec<Framework>,
    more_frameworks: Vec<framework::Brief>,
    heat: Heat,
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
    operations: Vec<Operation>,
    /// IAM actions that allow the operations, each once.
    actions: Vec<String>,
    calls_total: usize,
    calls_failed: usize,
    filters: Filters,
    /// The audits before, where a history was given.
    past: Option<Story>,
}

/// What was read of code, in lines.
#[derive(Serialize)]
struct Code {
    files: Vec<String>,
    values: String,
    reasons: Vec<Reason>,
    change: Option<String>,
    introduced: Vec<String>,
    notes: Vec<String>,
}

impl Code {
    fn of(view: &CodeView) -> Code {
        let file = |file: &crate::inventory::CodeFile| {
            let by = file.written_by.as_ref().map(|by| format!(", {by}")).unwrap_or_default();
            format!("{}: {}{by}, {}", file.path, file.kind, wording::counted(file.resources, "resource"))
        };
        let introduced = view.change.iter().flat_map(|change| &change.introduced).take(ROWS_PER_TABLE);
        Code {
            files: view.files.iter().map(file).collect(),
            values: view.leaves.line(),
            reasons: view.leaves.reasons.clone(),
            change: view.change.as_ref().map(PlanChange::line),
            introduced: introduced.map(|moved| format!("{} on {}", moved.policy, moved.subject)).collect(),
            notes: view.notes.clone(),
        }
    }
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

#[derive(Serialize)]
struct Score {
    raw: String,
    /// Without the waived fails, where that is another number.
    accepted: Option<String>,
    policies: usize,
    accounts: usize,
}

/// A policy that fails, and where its findings stand.
#[derive(Serialize)]
struct Risk {
    severity: &'static str,
    title: String,
    policy: Link,
    findings: usize,
    waived: usize,
    accounts: usize,
    names: Vec<String>,
    more: usize,
    decides: Vec<String>,
    fix: String,
}

#[derive(Serialize)]
struct Operation {
    name: String,
    action: String,
    calls: usize,
    failed: usize,
}

#[derive(Serialize)]
struct Step {
    text: String,
    gap: Option<Link>,
}

#[derive(Serialize)]
struct GapRow {
    id: String,
    number: String,
    label: String,
    message: String,
    alike: usize,
    remedy: Option<String>,
    accounts: Names,
    findings: usize,
    policies: Vec<Link>,
    from: Option<Source>,
    about: Option<String>,
    account: Option<String>,
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
pub(super) fn build(report: &Report, past: Option<&Past>) -> Page {
    let mut places = Places::of(report, ROWS_PER_TABLE);
    let groups = finding::groups(report, &mut places);
    let findings_shown = groups.iter().map(|group| group.shown).sum();
    let (passed, rest): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.outcome == "pass");
    let (not_applicable, open): (Vec<_>, Vec<_>) = rest.into_iter().partition(|group| group.outcome == "na");
    let accounts = &report.population.accounts;
    let callers: BTreeSet<&String> = accounts.iter().filter_map(|account| account.caller_arn.as_ref()).collect();
    let coverage = &report.summary.coverage;
    Page {
        tool: report.tool.name.clone(),
        version: report.tool.version.clone(),
        schema_version: report.schema_version.clone(),
        now: wording::moment(report.now),
        read: wording::read(&report.collected),
        interrupted: report.collected.interrupted,
        synthetic: report.collected.synthetic,
        result: report.result.clone(),
        population: population::build(&report.population),
        code: report.code.as_ref().map(Code::of),
        more_callers: callers.len().saturating_sub(CALLERS),
        callers: callers.into_iter().take(CALLERS).cloned().collect(),
        severities: severities(report),
        bar: bar(&report.summary.outcomes),
        outcomes: report.summary.outcomes.clone(),
        coverage: Coverage {
            evaluated: coverage.evaluated,
            in_scope: coverage.in_scope,
            percent: coverage.permille.map(wording::percent),
        },
        score: Score {
            raw: report::Score::label(report.score.permille),
            accepted: (report.score.with_accepted_risk != report.score.permille)
                .then(|| report::Score::label(report.score.with_accepted_risk)),
            policies: report.score.policies,
            accounts: report.score.accounts,
        },
        register: report.waivers.as_ref().map(|view| waiver::register(view, &places)),
        baseline: report.baseline.as_ref().map(baseline::build),
        paragraph: report.executive.paragraph.clone(),
        risks: report.executive.risks.iter().map(|risk| self::risk(&places, risk)).collect(),
        risks_total: report.executive.risks_total,
        steps: report.executive.steps.iter().map(step).collect(),
        frameworks: report.frameworks.iter().map(|view| framework::build(&places, view)).collect(),
        more_frameworks: report.more_frameworks.iter().map(framework::brief).collect(),
        heat: heat::build(&report.heat_map, &places),
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
        operations: report.operations.iter().map(operation).collect(),
        actions: report.operations.iter().filter_map(|o| o.action.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
        calls_total: report.operations.iter().map(|operation| operation.calls).sum(),
        calls_failed: report.operations.iter().map(|operation| operation.failed).sum(),
        filters: filters(report),
        past: past.map(|past| past::build(past, &Snapshot::of(report).states, &places)),
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

/// What stands for a thing that is not known.
const NOT_KNOWN: &str = "not known";

fn operation(view: &OperationView) -> Operation {
    Operation {
        name: format!("{}:{}", view.service, view.operation),
        action: view.action.clone().unwrap_or_else(|| NOT_KNOWN.into()),
        calls: view.calls,
        failed: view.failed,
    }
}

fn risk(places: &Places<'_>, risk: &crate::report::Risk) -> Risk {
    Risk {
        severity: risk.severity.label(),
        title: risk.title.clone(),
        policy: places.policy(&risk.policy),
        findings: risk.findings,
        waived: risk.waived,
        accounts: risk.accounts,
        names: risk.names.clone(),
        more: risk.findings.saturating_sub(risk.names.len()),
        decides: risk.decides.clone(),
        fix: risk.fix.clone(),
    }
}

fn step(step: &crate::report::Step) -> Step {
    let gap = step.gap.filter(|number| *number <= ROWS_PER_TABLE);
    Step {
        text: step.text.clone(),
        gap: gap.map(|number| Link { text: format!("G{number}"), href: Some(format!("#gap-{number}")) }),
    }
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
        accounts: Names::of(&view.accounts),
        findings: view.findings,
        policies: view.policies.iter().map(|policy| places.policy(policy)).collect(),
        from: view.gap.call.as_ref().map(|id| finding::call(report, id)),
        about: call.map(|call| call.about.clone()).filter(|about| !about.is_empty()),
        account: call.map(|call| call.account.clone()),
    }
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
