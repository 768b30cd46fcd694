//! What changed between two audits, and how the counts went over many: pure views, compared by policy and subject.
//!
//! Nothing is called fixed because it was not looked at: a fail that the later audit did not ask about is said to be not asked.

mod change;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::{Counts, Coverage, Report};
use crate::finding::{Outcome, Severity};

pub use change::{Change, Changes, Turn};

/// One policy on one subject, in every audit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Key {
    pub policy: String,
    /// The subject's ARN or id.
    pub subject: String,
}

/// What an audit said of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct State {
    pub outcome: Outcome,
    pub severity: Severity,
    /// Whether a waiver held for it.
    pub waived: bool,
    pub account: String,
    /// The subject's name for people.
    pub name: String,
    pub message: String,
}

/// One audit, as far as others can be compared with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub point: Point,
    /// The policies that were asked.
    pub policies: BTreeSet<String>,
    /// The accounts that were reached.
    pub accounts: BTreeSet<String>,
    pub states: BTreeMap<Key, State>,
}

/// The counts of one audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// The moment that the audit speaks of.
    pub now: Timestamp,
    /// The result line.
    pub result: String,
    pub pass: usize,
    pub fail: usize,
    pub unknown: usize,
    pub not_applicable: usize,
    /// Fails for which a waiver held.
    pub waived: usize,
    /// Decided findings of those that apply, in tenths of a percent, truncated; absent where nothing applies.
    pub coverage: Option<u32>,
    /// In tenths of a percent, truncated, without accepted risk; absent where nothing weighs.
    pub score: Option<u32>,
    /// Accounts that were reached.
    pub accounts: usize,
    /// Stopped before everything was asked.
    pub interrupted: bool,
}

/// What is known of the audits before a report's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Past {
    /// Every audit in order of time, the report's own last.
    pub points: Vec<Point>,
    /// Against the audit before; absent where there is none.
    pub changes: Option<Changes>,
    /// Since when each fail of the report fails without a pass between.
    #[serde(skip)]
    pub failing_since: BTreeMap<Key, Timestamp>,
}

impl Snapshot {
    pub fn of(report: &Report) -> Snapshot {
        let mut states: BTreeMap<Key, State> = BTreeMap::new();
        for finding in &report.findings {
            let key = Key { policy: finding.policy.clone(), subject: finding.subject.id.clone() };
            let state = State {
                outcome: finding.outcome,
                severity: finding.severity,
                waived: finding.is_waived(),
                account: finding.subject.account.clone(),
                name: finding.subject.name.clone(),
                message: finding.message.clone(),
            };
            // The same subject seen from two accounts: the worse word counts.
            let worse = states.get(&key).is_none_or(|known| (state.outcome, state.waived) < (known.outcome, known.waived));
            if worse {
                states.insert(key, state);
            }
        }
        let reached = report.population.accounts.iter().filter(|a| a.scope.reached).map(|a| a.scope.id.clone());
        Snapshot {
            point: Point::of(report),
            policies: report.policies.keys().cloned().collect(),
            accounts: reached.collect(),
            states,
        }
    }
}

impl Point {
    fn of(report: &Report) -> Point {
        let Counts { pass, fail, unknown, not_applicable } = report.summary.outcomes;
        let Coverage { permille, .. } = report.summary.coverage;
        Point {
            now: report.now,
            result: report.result.clone(),
            pass,
            fail,
            unknown,
            not_applicable,
            waived: report.findings.iter().filter(|f| f.is_waived()).count(),
            coverage: permille,
            score: report.score.permille,
            accounts: report.population.accounts_reached,
            interrupted: report.collected.interrupted,
        }
    }
}
