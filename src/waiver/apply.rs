//! Laying waivers upon findings: fails alone, each by the waiver that serves it best. No outcome changes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Outcome, Waived};

use super::attest::{days, statements};
use super::{Attests, Checked, Register, Statement, WARNING_DAYS};

/// What the register came to in one audit.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    pub file: String,
    /// Of the file, in lower-case hexadecimal.
    pub sha256: String,
    /// The day of the audit, in UTC.
    pub today: Date,
    /// Every waiver of the register, in its order.
    pub waivers: Vec<AppliedWaiver>,
    /// What people state, by requirement.
    pub statements: BTreeMap<Attests, Statement>,
}

/// One waiver, and the fails that it was laid upon.
#[derive(Clone, Debug)]
pub struct AppliedWaiver {
    pub checked: Checked,
    pub state: State,
    /// Places in the findings, counted from 0.
    pub findings: Vec<usize>,
    /// Why it was laid upon nothing; empty where it was.
    pub idle: String,
}

/// What a waiver is on the day of the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its last day has passed: what it named counts as any other fail.
    Expired,
    /// It holds, and for 30 days at most.
    EndsSoon,
    Holds,
    /// It was created after the day of the audit.
    NotYet,
}

impl Checked {
    fn state(&self, today: Date) -> State {
        let waiver = &self.waiver;
        if today > waiver.expires {
            State::Expired
        } else if today < waiver.created {
            State::NotYet
        } else if days(today, waiver.expires) <= WARNING_DAYS {
            State::EndsSoon
        } else {
            State::Holds
        }
    }

    /// Whether the narrowing lets it hold: no framework that the finding is asked for may lie outside.
    fn covers(&self, finding: &Finding, asked: &[String]) -> bool {
        let outside =
            |framework: &String| !self.waiver.frameworks.contains(framework) && (asked.is_empty() || asked.contains(framework));
        self.waiver.frameworks.is_empty() || !finding.requirements.iter().any(|r| outside(&r.framework))
    }

    fn names(&self, finding: &Finding) -> bool {
        let is_meant = |r: &super::Resource| r.matches(&finding.subject) || r.is_named_by(&finding.subject, &self.waiver.id);
        self.waiver.policy == finding.policy && self.resources.iter().any(is_meant)
    }

    fn waived(&self, is_expired: bool) -> Waived {
        let waiver = &self.waiver;
        Waived {
            id: waiver.id.clone(),
            kind: waiver.r#type,
            owner: waiver.owner.clone(),
            approved_by: waiver.approved_by.clone(),
            reason: waiver.reason.trim().into(),
            compensating_control: waiver.compensating_control.clone(),
            created: waiver.created,
            expires: waiver.expires,
            is_expired,
        }
    }

    fn idle(&self, findings: &[Finding], asked: &[String], state: State) -> String {
        if state == State::NotYet {
            return format!("it holds from {}, after the day of the audit", self.waiver.created);
        }
        let of_policy: Vec<&Finding> = findings.iter().filter(|f| f.policy == self.waiver.policy).collect();
        if of_policy.is_empty() {
            return "its policy was not asked".into();
        }
        let named: Vec<&&Finding> = of_policy.iter().filter(|f| self.names(f)).collect();
        if named.is_empty() {
            let elsewhere = |f: &&&Finding| self.resources.iter().any(|r| r.matches_elsewhere(&f.subject));
            return match of_policy.iter().find(elsewhere) {
                Some(finding) => format!("{} belongs to another account, or its owner is not known", finding.subject.name),
                None => "no finding is about what it names".into(),
            };
        }
        let failing: Vec<&&&Finding> = named.iter().filter(|f| f.outcome == Outcome::Fail).collect();
        if failing.is_empty() {
            let outcomes: BTreeSet<&str> = named.iter().map(|f| f.outcome.label()).collect();
            let words: Vec<&str> = outcomes.into_iter().collect();
            return format!("what it names does not fail: {}", words.join(", "));
        }
        if failing.iter().all(|f| !self.covers(f, asked)) {
            return format!("it is narrowed to {}, and this audit asks about more", self.waiver.frameworks.join(", "));
        }
        "another waiver holds for what it names".into()
    }
}

impl Register {
    /// Marks the fails that waivers name. Only `waiver` of a finding is ever written, and only of a fail. `asked` are the
    /// frameworks that the audit is asked about, all where it is empty: they decide whether a narrowed waiver holds.
    pub fn apply(&self, findings: &mut [Finding], asked: &[String], now: Timestamp) -> Applied {
        let today = now.to_zoned(TimeZone::UTC).date();
        let mut waivers: Vec<AppliedWaiver> = self
            .waivers
            .iter()
            .map(|checked| AppliedWaiver {
                checked: checked.clone(),
                state: checked.state(today),
                findings: Vec::new(),
                idle: String::new(),
            })
            .collect();
        for (at, finding) in findings.iter_mut().enumerate().filter(|(_, f)| f.outcome == Outcome::Fail) {
            let named = waivers
                .iter_mut()
                .filter(|w| w.state != State::NotYet && w.checked.names(finding) && w.checked.covers(finding, asked));
            // One that holds comes before one that has ended, so that a renewal stands beside what it renews.
            let best = named.max_by(|a, b| {
                let rank = |w: &AppliedWaiver| (w.state != State::Expired, w.checked.waiver.expires);
                rank(a).cmp(&rank(b)).then_with(|| b.checked.waiver.id.cmp(&a.checked.waiver.id))
            });
            if let Some(waiver) = best {
                waiver.findings.push(at);
                finding.waiver = Some(waiver.checked.waived(waiver.state == State::Expired));
            }
        }
        for waiver in waivers.iter_mut().filter(|w| w.findings.is_empty()) {
            waiver.idle = waiver.checked.idle(findings, asked, waiver.state);
        }
        let statements = statements(&self.attestations, today);
        Applied { file: self.file.clone(), sha256: self.sha256.clone(), today, waivers, statements }
    }
}
