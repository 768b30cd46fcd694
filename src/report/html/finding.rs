//! Findings as the page shows them: grouped by policy, in the report's order, within the page's size.

use std::collections::BTreeMap;

use serde::Serialize;

use super::chain::{self, Drawing};
use super::links::{Link, Places, finding_id, slug};
use super::size::{Budget, CASES_PER_FINDING, FACTS_PER_FINDING, FINDINGS_ON_PAPER, FINDINGS_PER_POLICY};
use super::waiver::{self, Mark};
use crate::finding::{FactRead, Finding, Fix, Outcome, RequirementRef, Severity, Strength};
use crate::inventory::{Basis, CallId, Gap, Origin};
use crate::report::{Report, foreign, wording};

/// Findings of one policy with one outcome, and what is true of all of them.
#[derive(Serialize)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) policy: String,
    pub(super) title: String,
    pub(super) why: String,
    pub(super) outcome: &'static str,
    pub(super) outcome_label: &'static str,
    pub(super) severity: &'static str,
    pub(super) references: Vec<Link>,
    pub(super) requirements: Vec<RequirementLink>,
    /// What the filter looks for: frameworks and requirements, separated by spaces.
    pub(super) tokens: String,
    pub(super) findings: Vec<Item>,
    pub(super) shown: usize,
    /// Findings that paper shows.
    printed: usize,
    pub(super) total: usize,
    /// Findings for which a waiver holds, and for which one has ended.
    waived: usize,
    /// Findings that a baseline holds.
    known: usize,
    ended: usize,
}

#[derive(Serialize)]
pub(super) struct RequirementLink {
    pub(super) framework: String,
    pub(super) id: String,
    href: Option<String>,
    pub(super) direct: bool,
}

#[derive(Serialize)]
pub(super) struct Item {
    id: String,
    /// `F12`: the place in the report.
    label: String,
    pub(super) message: String,
    kind: String,
    pub(super) name: String,
    subject: String,
    /// Where code declares it.
    place: Option<String>,
    account: String,
    region: Option<String>,
    accepted: Option<String>,
    waiver: Option<Mark>,
    /// That a baseline holds it, and since when.
    known: Option<String>,
    counterexamples: Vec<String>,
    more_counterexamples: usize,
    chains: Vec<Drawing>,
    more_chains: usize,
    gaps: Vec<GapNote>,
    more_gaps: usize,
    facts_total: usize,
    /// Absent where the page would grow too large.
    details: Option<Details>,
    pub(super) summary: String,
}

#[derive(Serialize)]
struct Details {
    facts: Vec<Facts>,
    more_facts: usize,
    fixes: Vec<FixBlock>,
}

/// Facts about one thing, in the order of reading.
#[derive(Serialize)]
struct Facts {
    of: String,
    rows: Vec<FactRow>,
}

#[derive(Serialize)]
struct FactRow {
    path: String,
    value: Option<String>,
    gap: Option<GapNote>,
    basis: Option<&'static str>,
    from: Option<Source>,
}

/// A gap where it is mentioned; the table of gaps has the whole of it.
#[derive(Serialize)]
pub(super) struct GapNote {
    label: &'static str,
    message: String,
    href: Option<String>,
    number: Option<String>,
}

/// Where a fact was read.
#[derive(Serialize)]
pub(super) struct Source {
    what: String,
    region: Option<String>,
    time: Option<String>,
    status: Option<u16>,
    request_id: Option<String>,
}

#[derive(Serialize)]
struct FixBlock {
    label: &'static str,
    /// Whether paper shows it too.
    printed: bool,
    code: String,
}

/// Groups every finding, and shows as many as the page may hold.
pub(super) fn groups<'a>(report: &'a Report, places: &mut Places<'a>) -> Vec<Group> {
    type Key<'k> = (Outcome, &'k str, Severity, &'k [RequirementRef]);
    let mut order: Vec<(Key<'a>, Vec<(usize, &'a Finding)>)> = Vec::new();
    let mut index: BTreeMap<Key<'a>, usize> = BTreeMap::new();
    for (number, finding) in report.findings.iter().enumerate() {
        let key = (finding.outcome, finding.policy.as_str(), finding.severity, finding.requirements.as_slice());
        let place = *index.entry(key).or_insert_with(|| {
            order.push((key, Vec::new()));
            order.len() - 1
        });
        if let Some((_, members)) = order.get_mut(place) {
            members.push((number + 1, finding));
        }
    }
    let mut budget = Budget::new();
    order
        .into_iter()
        .map(|((outcome, policy, severity, requirements), members)| {
            let id = places.group(outcome, policy);
            let view = report.policies.get(policy);
            let total = members.len();
            let waived = members.iter().filter(|(_, f)| f.is_waived()).count();
            let known = members.iter().filter(|(_, f)| f.is_known()).count();
            let ended = members.iter().filter(|(_, f)| f.waiver.as_ref().is_some_and(|w| w.is_expired)).count();
            let mut findings = Vec::new();
            // A fail whose waiver has ended is news; one whose waiver holds is none, nor is one that was there already.
            let mut members = members;
            members.sort_by_key(|(_, f)| (f.is_known(), f.waiver.as_ref().map_or(1, |w| if w.is_expired { 0 } else { 2 })));
            for (number, finding) in members.into_iter().take(FINDINGS_PER_POLICY) {
                if !budget.row(row_cost(finding)) {
                    break;
                }
                findings.push(item(report, places, &mut budget, number, finding));
            }
            Group {
                id,
                policy: policy.to_string(),
                title: view.map_or_else(|| policy.to_string(), |view| view.title.clone()),
                why: view.map(|view| view.why.clone()).unwrap_or_default(),
                outcome: word(outcome),
                outcome_label: outcome.label(),
                severity: severity.label(),
                references: view.map(|view| view.references.iter().map(|url| Link::out(url, url)).collect()).unwrap_or_default(),
                requirements: requirements.iter().map(|wanted| requirement(places, wanted)).collect(),
                tokens: tokens(requirements),
                shown: findings.len(),
                printed: findings.len().min(FINDINGS_ON_PAPER),
                findings,
                total,
                waived,
                known,
                ended,
            }
        })
        .collect()
}

/// The outcome as a class of the style sheet, and in the URL.
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "fail",
        Outcome::Unknown => "unknown",
        Outcome::Pass => "pass",
        Outcome::NotApplicable => "na",
    }
}

fn requirement(places: &Places<'_>, wanted: &RequirementRef) -> RequirementLink {
    RequirementLink {
        framework: places.framework_title(&wanted.framework).to_string(),
        id: wanted.id.clone(),
        href: places.requirement(&wanted.framework, &wanted.id).map(|id| format!("#{id}")),
        direct: wanted.strength == Strength::Direct,
    }
}

fn tokens(requirements: &[RequirementRef]) -> String {
    let mut words: Vec<String> = Vec::new();
    for wanted in requirements {
        for token in [slug(&wanted.framework), token(&wanted.framework, &wanted.id)] {
            if !words.contains(&token) {
                words.push(token);
            }
        }
    }
    words.join(" ")
}

/// A requirement as the filter and the URL name it.
pub(super) fn token(framework: &str, requirement: &str) -> String {
    format!("{}/{}", slug(framework), slug(requirement))
}

fn item(report: &Report, places: &mut Places<'_>, budget: &mut Budget, number: usize, finding: &Finding) -> Item {
    let subject = &finding.subject;
    let id = places.ids.give(&finding_id(finding));
    places.findings.insert(number, id.clone());
    let (chains, more_chains) = chain::drawings(finding);
    // What a drawing shows need not be said in words too.
    let cases: Vec<&String> = finding.further_cases().filter(|case| !chain::says(finding, case)).collect();
    let details = budget.detail(detail_cost(finding)).then(|| details(report, places, finding));
    Item {
        id,
        label: format!("F{number}"),
        message: finding.message.trim().to_string(),
        kind: subject.kind.clone(),
        name: subject.name.clone(),
        subject: subject.id.clone(),
        place: finding.place().map(|place| wording::place(&place)),
        account: subject.account.clone(),
        region: subject.region.clone(),
        accepted: finding.accepted.clone(),
        waiver: finding.waiver.as_ref().map(waiver::mark),
        known: finding.known.as_ref().filter(|_| finding.is_known()).map(crate::report::baseline::since),
        counterexamples: cases.iter().take(CASES_PER_FINDING).map(|case| (*case).clone()).collect(),
        more_counterexamples: cases.len().saturating_sub(CASES_PER_FINDING),
        chains,
        more_chains,
        gaps: finding.gaps.iter().take(CASES_PER_FINDING).map(|gap| gap_note(places, gap)).collect(),
        more_gaps: finding.gaps.len().saturating_sub(CASES_PER_FINDING),
        facts_total: finding.facts.len(),
        details,
        summary: finding.fix.as_ref().map(|fix| fix.summary.clone()).unwrap_or_default(),
    }
}

fn details(report: &Report, places: &Places<'_>, finding: &Finding) -> Details {
    let mut facts: Vec<Facts> = Vec::new();
    for fact in finding.facts.iter().take(FACTS_PER_FINDING) {
        let row = fact_row(report, places, fact);
        match facts.last_mut().filter(|last| last.of == fact.of) {
            Some(last) => last.rows.push(row),
            None => facts.push(Facts { of: fact.of.clone(), rows: vec![row] }),
        }
    }
    Details {
        facts,
        more_facts: finding.facts.len().saturating_sub(FACTS_PER_FINDING),
        fixes: finding.fix.as_ref().map(fixes).unwrap_or_default(),
    }
}

fn fixes(fix: &Fix) -> Vec<FixBlock> {
    let blocks = [("AWS CLI", &fix.cli), ("Terraform", &fix.terraform), ("CloudFormation", &fix.cloudformation)];
    let filled = blocks.into_iter().filter(|(_, code)| !code.trim().is_empty());
    filled.map(|(label, code)| FixBlock { label, printed: label == "AWS CLI", code: code.clone() }).collect()
}

fn fact_row(report: &Report, places: &Places<'_>, fact: &FactRead) -> FactRow {
    let asked = fact.gap.as_ref().and_then(|gap| gap.call.clone()).map(Origin::Call);
    FactRow {
        path: fact.path.clone(),
        value: fact.value.as_ref().map(|value| if value.is_empty() { "\"\"".to_string() } else { value.clone() }),
        gap: fact.gap.as_ref().map(|gap| gap_note(places, gap)),
        basis: match fact.basis {
            Some(Basis::Configured) => Some("said by code"),
            Some(Basis::AssumedDefault) => Some("assumed: the default of AWS"),
            Some(Basis::Referenced) => Some("by reference"),
            Some(Basis::Observed) | None => None,
        },
        from: fact.from.clone().or(asked).map(|origin| source(report, &origin)),
    }
}

fn gap_note(places: &Places<'_>, gap: &Gap) -> GapNote {
    let place = places.gap(gap);
    GapNote {
        label: gap.kind.label(),
        message: gap.message.clone(),
        href: place.map(|id| format!("#{id}")),
        number: place.map(|id| id.replace("gap-", "G")),
    }
}

fn source(report: &Report, origin: &Origin) -> Source {
    match origin {
        Origin::Call(id) => call(report, id),
        other => Source { what: wording::origin(report, other), region: None, time: None, status: None, request_id: None },
    }
}

/// The call by its id; where the report does not list it, its id is all there is to say.
pub(super) fn call(report: &Report, id: &CallId) -> Source {
    match report.calls.get(id) {
        Some(call) => Source {
            what: format!("{}:{}", call.service, call.operation),
            region: Some(call.region.clone()),
            time: Some(wording::moment(call.time)),
            status: call.status.filter(|status| *status >= 400),
            request_id: call.request_id.clone(),
        },
        None => Source { what: id.to_string(), region: None, time: None, status: None, request_id: None },
    }
}

/// What a text may cost in bytes once escaped.
fn cost(text: &str, limit: usize) -> usize {
    text.chars()
        .take(limit)
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                1
            } else if foreign::is_hidden(c) {
                9
            } else {
                c.len_utf8().max(3)
            }
        })
        .sum()
}

fn value_cost(text: &str) -> usize {
    cost(text, foreign::VALUE_LIMIT)
}

fn row_cost(finding: &Finding) -> usize {
    let subject = &finding.subject;
    let texts = [&finding.message, &subject.id, &subject.name, &subject.account, &finding.policy];
    let cases: usize = finding.counterexamples.iter().take(CASES_PER_FINDING).map(|case| value_cost(case) + 20).sum();
    let gaps: usize = finding.gaps.iter().take(CASES_PER_FINDING).map(|gap| value_cost(&gap.message) + 160).sum();
    let waiver = finding.waiver.as_ref().map_or(0, |w| {
        let control = w.compensating_control.as_deref().unwrap_or_default();
        500 + value_cost(&w.reason) + value_cost(control) + value_cost(&w.owner) + value_cost(&w.approved_by)
    });
    500 + waiver + chain::cost(finding) + texts.into_iter().map(|text| value_cost(text)).sum::<usize>() + cases + gaps
}

fn detail_cost(finding: &Finding) -> usize {
    let facts: usize = finding
        .facts
        .iter()
        .take(FACTS_PER_FINDING)
        .map(|fact| {
            let value = fact.value.as_deref().or(fact.gap.as_ref().map(|gap| gap.message.as_str())).unwrap_or_default();
            450 + value_cost(&fact.path) + value_cost(value) + value_cost(&fact.of)
        })
        .sum();
    let fix = finding.fix.as_ref().map_or(0, |fix| {
        let code = [&fix.cli, &fix.terraform, &fix.cloudformation];
        code.into_iter().map(|code| cost(code, foreign::CODE_LIMIT) + 120).sum::<usize>()
            + cost(&fix.summary, 4 * foreign::VALUE_LIMIT)
    });
    300 + facts + fix
}
