//! The executive summary, made from the data alone: one paragraph, what is gravest, and what the reader must do next.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FrameworkView, Report, RequirementStatus, wording};
use crate::finding::{Finding, Outcome, Severity, Strength};
use crate::inventory::Standing;
use crate::waiver::Statement;

/// Risks that are listed.
const RISKS: usize = 5;

/// Waivers that stand among the steps.
const ALARMS: usize = 3;

/// Gaps that stand among the steps.
const GAPS: usize = 3;

/// Names that stand at a risk.
const NAMES: usize = 3;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Executive {
    pub paragraph: String,
    /// The policies that fail, the gravest first, at most five.
    pub risks: Vec<Risk>,
    /// Policies that fail, all of them counted.
    pub risks_total: usize,
    /// What the reader must do next, in this order.
    pub steps: Vec<Step>,
}

/// A policy that fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    pub policy: String,
    pub severity: Severity,
    /// The good state that does not hold, or where one subject fails what is so.
    pub title: String,
    /// Subjects that fail.
    pub findings: usize,
    /// Of these, subjects whose fail is waived.
    #[serde(default, skip_serializing_if = "is_none")]
    pub waived: usize,
    /// Accounts that these subjects belong to.
    pub accounts: usize,
    /// The first of the subjects, by name.
    pub names: Vec<String>,
    /// Requirements that are not met because of it, for example `PCI DSS 10.2.1`.
    pub decides: Vec<String>,
    /// What mends the first.
    pub fix: String,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// A sentence without a final period.
    pub text: String,
    /// The place in `gaps`, counted from 1, of the gap that it would close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<usize>,
}

fn is_none(number: &usize) -> bool {
    *number == 0
}

impl Executive {
    /// The summary of a report of which everything else is there.
    pub fn of(report: &Report) -> Executive {
        let (risks, risks_total) = risks(report);
        Executive { paragraph: paragraph(report, &risks), steps: steps(report), risks, risks_total }
    }
}

fn risks(report: &Report) -> (Vec<Risk>, usize) {
    let fails: Vec<&Finding> = report.findings.iter().filter(|f| f.outcome == Outcome::Fail).collect();
    let groups: Vec<&[&Finding]> = fails.chunk_by(|a, b| a.policy == b.policy && a.severity == b.severity).collect();
    (groups.iter().take(RISKS).filter_map(|group| risk(report, group)).collect(), groups.len())
}

fn risk(report: &Report, group: &[&Finding]) -> Option<Risk> {
    let first = group.first()?;
    let title = report.policies.get(&first.policy).map_or(first.policy.as_str(), |p| p.title.as_str());
    let accounts: BTreeSet<&str> = group.iter().map(|f| f.subject.account.as_str()).collect();
    let decides = report.frameworks.iter().flat_map(|framework| {
        let serves = |r: &&super::RequirementView| {
            r.status == RequirementStatus::NotMet
                && r.policies.iter().any(|p| p.policy == first.policy && p.strength == Strength::Direct && p.facts.fail > 0)
        };
        framework.requirements.iter().filter(serves).map(|r| format!("{} {}", framework.title, r.id))
    });
    Some(Risk {
        policy: first.policy.clone(),
        severity: first.severity,
        title: if group.len() == 1 { first.message.trim().to_string() } else { title.trim().to_string() },
        findings: group.len(),
        waived: group.iter().filter(|f| f.is_waived()).count(),
        accounts: accounts.len(),
        names: group.iter().take(NAMES).map(|f| f.subject.name.clone()).collect(),
        decides: decides.collect(),
        fix: first.fix.as_ref().map(|fix| fix.summary.trim().to_string()).unwrap_or_default(),
    })
}

fn paragraph(report: &Report, risks: &[Risk]) -> String {
    let mut sentences = vec![population(report), outcomes(report)];
    if let Some(gravest) = risks.first() {
        sentences.push(match gravest.findings {
            1 => format!("Gravest, {}: {}.", gravest.severity.label(), gravest.title.trim_end_matches('.')),
            n => format!(
                "Gravest, {}: \"{}\" does not hold for {} in {}.",
                gravest.severity.label(),
                gravest.title.trim_end_matches('.'),
                wording::counted(n, "subject"),
                wording::counted(gravest.accounts, "account")
            ),
        });
    }
    let standings: Vec<String> = report.frameworks.iter().filter_map(standing).collect();
    if !standings.is_empty() {
        sentences.push(format!("By the facts alone, {}.", standings.join("; ")));
    }
    sentences.join(" ")
}

fn population(report: &Report) -> String {
    let population = &report.population;
    let regions =
        format!("{} of {} Regions", wording::count(population.regions_reached), wording::count(population.regions_asked));
    let asked: Vec<_> = population.accounts.iter().filter(|a| a.scope.standing == Standing::Asked).collect();
    if let Some(code) = &report.code
        && asked.iter().all(|account| account.caller_arn.is_none())
    {
        return format!("{} of code were read; no account was asked.", wording::counted(code.files.len(), "file"))
            .replace("1 file of code were", "1 file of code was");
    }
    let mut sentence = match asked[..] {
        [only] => {
            let name = only.name().map(|name| format!(" ({name})")).unwrap_or_default();
            let was = if only.scope.reached { "was read" } else { "was not reached" };
            format!("Account {}{name} {was}, {regions} in full", only.scope.id)
        }
        _ => format!(
            "{} of {} accounts were reached, and {regions} read in full",
            wording::count(population.accounts_reached),
            wording::count(population.accounts_asked)
        ),
    };
    let left: Vec<String> = [
        (population.accounts_excluded, "account was excluded by the owner", "accounts were excluded by the owner"),
        (population.accounts_suspended, "is suspended", "are suspended"),
        (
            population.outside(),
            "account of the organization was not asked for",
            "accounts of the organization were not asked for",
        ),
    ]
    .into_iter()
    .filter(|(number, ..)| *number > 0)
    .map(|(number, one, many)| format!("{} {}", wording::count(number), if number == 1 { one } else { many }))
    .collect();
    if !left.is_empty() {
        sentence.push_str(&format!("; {}", wording::listed(&left)));
    }
    sentence.push('.');
    sentence
}

fn outcomes(report: &Report) -> String {
    let outcomes = &report.summary.outcomes;
    let severe: Vec<String> = Severity::ALL
        .iter()
        .filter_map(|s| report.summary.fails.get(s).filter(|n| **n > 0).map(|n| format!("{} {}", wording::count(*n), s.label())))
        .collect();
    let severe = if severe.is_empty() { String::new() } else { format!(" ({})", severe.join(", ")) };
    format!(
        "Of {} that apply, {} fail{severe}, {} could not be decided because something was not read, and {} pass.",
        wording::counted(outcomes.applicable(), "finding"),
        wording::count(outcomes.fail),
        wording::count(outcomes.unknown),
        wording::count(outcomes.pass)
    )
}

fn standing(framework: &FrameworkView) -> Option<String> {
    use RequirementStatus::{MetByFacts, NotMet, Partial, Undecided};
    let count = |status| framework.requirements.iter().filter(|r| r.status == status).count();
    let parts: Vec<String> = [(NotMet, "not met"), (Undecided, "undecided"), (Partial, "partial"), (MetByFacts, "met")]
        .into_iter()
        .map(|(status, word)| (count(status), word))
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    let title = format!("{} {}", framework.title, short(&framework.version));
    (!parts.is_empty()).then(|| format!("{}: {}", title.trim_end(), parts.join(", ")))
}

/// A version that is a number; a version in words would not help in a sentence.
fn short(version: &str) -> &str {
    if version.contains(' ') { "" } else { version }
}

fn steps(report: &Report) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut say = |text: String, gap: Option<usize>| steps.push(Step { text, gap });
    if report.collected.interrupted {
        say("run the scan again and let it finish: what was not asked is unknown".into(), None);
    }
    let waivers = report.waivers.as_ref();
    for alarm in waivers.map(|w| w.alarms.as_slice()).unwrap_or_default().iter().take(ALARMS) {
        say(format!("{alarm}; mend what it covered, or have it approved anew"), None);
    }
    let open_fails = || report.findings.iter().filter(|f| f.outcome == Outcome::Fail && !f.is_waived());
    let grave = open_fails().filter(|f| f.severity >= Severity::High).count();
    let fails = open_fails().count();
    if grave > 0 {
        let what = wording::counted(grave, "critical or high fail");
        say(format!("mend the {what} first, in the order above"), None);
    } else if fails > 0 {
        say(format!("mend the {}, in the order above", wording::counted(fails, "fail")), None);
    }
    for (at, view) in report.gaps.iter().enumerate().filter(|(_, view)| view.findings > 0).take(GAPS) {
        let what = view.remedy.clone().unwrap_or_else(|| format!("look into this: {}: {}", view.label, view.gap.message));
        say(format!("{what}; until then {} undecided", open(view.findings)), Some(at + 1));
    }
    let population = &report.population;
    let left = population.accounts_excluded + population.outside();
    if left > 0 {
        let what = wording::counted(left, "account");
        say(format!("confirm that the {what} that nobody asked about lie outside the scope of the assessment"), None);
    }
    if population.regions_left_out > 0 {
        let what = wording::counted(population.regions_left_out, "enabled Region");
        say(format!("scan the {what} that the scope left out, or say why it may"), None);
    }
    for organization in population.organizations.iter().filter(|o| o.incomplete.is_some()) {
        say(
            format!("have the members of organization {} listed: there may be accounts that nobody asked about", organization.id),
            None,
        );
    }
    let stale = waivers.map_or(0, |w| w.warnings.len());
    if stale > 0 {
        say(format!("look at the {} about waivers and attestations", wording::counted(stale, "warning")), None);
    }
    let manual: Vec<String> = report
        .frameworks
        .iter()
        .filter_map(|f| {
            let shown = |r: &&super::RequirementView| r.attestation.as_ref().is_some_and(Statement::holds);
            let wanted = |r: &&super::RequirementView| r.manual.is_some() || r.status == RequirementStatus::Manual;
            let count = f.requirements.iter().filter(wanted).filter(|r| !shown(r)).count();
            (count > 0).then(|| format!("{} of {}", wording::counted(count, "requirement"), f.title))
        })
        .collect();
    if !manual.is_empty() {
        say(format!("have people show what no configuration shows: {}", wording::listed(&manual)), None);
    }
    steps
}

fn open(findings: usize) -> String {
    if findings == 1 { "1 finding stays".into() } else { format!("{} findings stay", wording::count(findings)) }
}
