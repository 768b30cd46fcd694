//! The requirement matrices as the page shows them.

use serde::Serialize;

use super::finding::word;
use super::links::{Link, Places};
use super::population::Names;
use super::size::FINDINGS_PER_SERVING;
use super::waiver::{self, Attestation};
use crate::finding::{Outcome, Strength};
use crate::policy::framework::Class;
use crate::report::{Counts, FrameworkBrief, FrameworkView, RequirementStatus, RequirementView, ServedBy, StatusCount};

#[derive(Serialize)]
pub(super) struct Framework {
    title: String,
    version: String,
    publisher: Link,
    note: String,
    statement: String,
    scope: String,
    /// The accounts that were declared in scope; absent where all are.
    accounts: Option<Names>,
    unread: Vec<Unread>,
    more_unread: usize,
    statuses: Vec<Tally>,
    requirements: Vec<Requirement>,
}

#[derive(Serialize)]
struct Unread {
    account: String,
    why: String,
}

/// A framework that is shown by its numbers alone.
#[derive(Serialize)]
pub(super) struct Brief {
    id: String,
    title: String,
    version: String,
    statuses: Vec<Tally>,
}

/// Requirements of one status.
#[derive(Serialize)]
struct Tally {
    class: &'static str,
    label: &'static str,
    count: usize,
}

#[derive(Serialize)]
struct Requirement {
    anchor: Option<String>,
    id: String,
    title: String,
    status: &'static str,
    status_label: &'static str,
    because: String,
    facts: Vec<Facts>,
    manual: Option<String>,
    /// Whether `manual` is something to do, and not why there is nothing.
    stays_manual: bool,
    attestation: Option<Attestation>,
    policies: Vec<Served>,
}

/// Facts of one strength.
#[derive(Serialize)]
struct Facts {
    strength: &'static str,
    hold: usize,
    of: usize,
}

#[derive(Serialize)]
struct Served {
    policy: Link,
    direct: bool,
    outcome: Option<&'static str>,
    outcome_label: &'static str,
    count: usize,
    findings: Vec<Link>,
    more: usize,
}

pub(super) fn build(places: &Places<'_>, view: &FrameworkView) -> Framework {
    const UNREAD: usize = 20;
    let unread = view.scope.unread.iter().take(UNREAD);
    Framework {
        title: view.title.clone(),
        version: view.version.clone(),
        publisher: Link::out(&view.publisher, &view.url),
        note: view.note.clone(),
        statement: view.statement.clone(),
        scope: view.scope.statement.clone(),
        accounts: view.scope.accounts.as_deref().map(Names::of),
        unread: unread.map(|u| Unread { account: u.account.clone(), why: u.why.clone() }).collect(),
        more_unread: view.scope.unread.len().saturating_sub(UNREAD),
        statuses: view.statuses().iter().map(tally).collect(),
        requirements: view.requirements.iter().map(|r| requirement(places, &view.id, r)).collect(),
    }
}

pub(super) fn brief(view: &FrameworkBrief) -> Brief {
    Brief {
        id: view.id.clone(),
        title: view.title.clone(),
        version: view.version.clone(),
        statuses: view.statuses.iter().map(tally).collect(),
    }
}

fn tally(count: &StatusCount) -> Tally {
    Tally { class: class(count.status), label: count.status.label(), count: count.requirements }
}

fn class(status: RequirementStatus) -> &'static str {
    match status {
        RequirementStatus::MetByFacts => "pass",
        RequirementStatus::NotMet => "fail",
        RequirementStatus::Undecided => "unknown",
        RequirementStatus::Partial => "partial",
        RequirementStatus::Manual => "manual",
        RequirementStatus::Inherited | RequirementStatus::NotServed | RequirementStatus::NotApplicable => "na",
    }
}

fn requirement(places: &Places<'_>, framework: &str, view: &RequirementView) -> Requirement {
    let facts = |strength, counts: &Counts| Facts { strength, hold: counts.pass, of: counts.applicable() };
    Requirement {
        anchor: places.requirement(framework, &view.id).cloned(),
        id: view.id.clone(),
        title: view.title.clone(),
        status: class(view.status),
        status_label: view.status.label(),
        because: view.because.clone(),
        facts: [facts("direct", &view.direct), facts("supporting", &view.supporting)]
            .into_iter()
            .filter(|facts| facts.of > 0)
            .collect(),
        manual: view.manual.clone(),
        stays_manual: matches!(view.class, Class::Automated | Class::Manual),
        attestation: view.attestation.as_ref().map(waiver::attestation),
        policies: view.policies.iter().map(|served| self::served(places, served)).collect(),
    }
}

fn served(places: &Places<'_>, served: &ServedBy) -> Served {
    let (outcome, count) = worst(&served.facts);
    let finding =
        |number: &usize| Link { text: format!("F{number}"), href: places.findings.get(number).map(|id| format!("#{id}")) };
    Served {
        policy: places.policy(&served.policy),
        direct: served.strength == Strength::Direct,
        outcome: outcome.map(word),
        outcome_label: match outcome {
            Some(outcome) => outcome.label(),
            None if served.asked => "nothing to ask about",
            None => "not asked",
        },
        count,
        findings: served.open.iter().take(FINDINGS_PER_SERVING).map(finding).collect(),
        more: served.open.len().saturating_sub(FINDINGS_PER_SERVING),
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
