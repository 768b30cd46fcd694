//! How one audit differs from another.

use serde::Serialize;

use super::{Key, Snapshot, State};
use crate::finding::Outcome;

/// What became of one policy on one subject. Ordered: what an owner wants to know first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It passed, and fails.
    Regressed,
    /// It fails, and was not there before.
    New,
    /// It was not known, and fails.
    Revealed,
    /// It was decided, and is not known any more.
    Lost,
    /// It failed, and passes.
    Fixed,
    /// It was not known, and passes.
    Cleared,
    /// It failed, and the later audit found no such subject, or the policy is not about it any more.
    Gone,
    /// It failed, and the later audit did not ask.
    NotAsked,
    /// It fails as before.
    Still,
}

impl Turn {
    pub const ALL: [Turn; 9] = [
        Turn::Regressed,
        Turn::New,
        Turn::Revealed,
        Turn::Lost,
        Turn::Fixed,
        Turn::Cleared,
        Turn::Gone,
        Turn::NotAsked,
        Turn::Still,
    ];

    /// The word that people read.
    pub fn label(self) -> &'static str {
        match self {
            Turn::Regressed => "regressed",
            Turn::New => "new",
            Turn::Revealed => "now known to fail",
            Turn::Lost => "not known any more",
            Turn::Fixed => "fixed",
            Turn::Cleared => "now known to pass",
            Turn::Gone => "not found any more",
            Turn::NotAsked => "not asked about",
            Turn::Still => "still failing",
        }
    }

    /// What the word stands for, as a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Turn::Regressed => "passed before, fails now",
            Turn::New => "fails, and was not there before",
            Turn::Revealed => "was unknown before, fails now",
            Turn::Lost => "was decided before, is unknown now",
            Turn::Fixed => "failed before, passes now",
            Turn::Cleared => "was unknown before, passes now",
            Turn::Gone => "failed before; the later audit found no such subject, or the policy is not about it any more",
            Turn::NotAsked => "failed before; the later audit did not ask, so nothing is known of it",
            Turn::Still => "fails as before",
        }
    }

    /// Whether a fail came to light.
    pub fn is_worse(self) -> bool {
        matches!(self, Turn::Regressed | Turn::New | Turn::Revealed)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub turn: Turn,
    #[serde(flatten)]
    pub key: Key,
    /// Absent where the audit says nothing of it.
    pub before: Option<State>,
    pub after: Option<State>,
}

impl Change {
    /// The later word, else the earlier.
    pub fn state(&self) -> Option<&State> {
        self.after.as_ref().or(self.before.as_ref())
    }
}

/// Every turn between two audits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changes {
    pub before: jiff::Timestamp,
    pub after: jiff::Timestamp,
    /// By turn, then the gravest first, then by policy and subject.
    pub changes: Vec<Change>,
}

impl Changes {
    pub fn between(before: &Snapshot, after: &Snapshot) -> Changes {
        let mut changes: Vec<Change> = before
            .states
            .keys()
            .chain(after.states.keys().filter(|key| !before.states.contains_key(*key)))
            .filter_map(|key| change(key, before, after))
            .collect();
        changes.sort_by_cached_key(|change| {
            let severity = change.state().map(|s| s.severity);
            (change.turn, std::cmp::Reverse(severity), change.key.clone())
        });
        Changes { before: before.point.now, after: after.point.now, changes }
    }

    pub fn of(&self, turn: Turn) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.turn == turn)
    }
}

fn change(key: &Key, before: &Snapshot, after: &Snapshot) -> Option<Change> {
    let (was, is) = (before.states.get(key), after.states.get(key));
    let turn = turn(was, is, after.policies.contains(&key.policy), |state| after.accounts.contains(&state.account))?;
    Some(Change { turn, key: key.clone(), before: was.cloned(), after: is.cloned() })
}

fn turn(was: Option<&State>, is: Option<&State>, is_asked: bool, reached: impl Fn(&State) -> bool) -> Option<Turn> {
    use Outcome::{Fail, NotApplicable, Pass, Unknown};
    match (was.map(|s| s.outcome), is.map(|s| s.outcome)) {
        (Some(Fail), Some(Fail)) => Some(Turn::Still),
        (Some(Pass), Some(Fail)) => Some(Turn::Regressed),
        (Some(Unknown), Some(Fail)) => Some(Turn::Revealed),
        (None | Some(NotApplicable), Some(Fail)) => Some(Turn::New),
        (Some(Fail), Some(Pass)) => Some(Turn::Fixed),
        (Some(Unknown), Some(Pass)) => Some(Turn::Cleared),
        (Some(Fail | Pass), Some(Unknown)) => Some(Turn::Lost),
        (Some(Fail), Some(NotApplicable)) => Some(Turn::Gone),
        (Some(Fail), None) if is_asked && was.is_some_and(reached) => Some(Turn::Gone),
        (Some(Fail), None) => Some(Turn::NotAsked),
        (None | Some(Pass | Unknown | NotApplicable), None | Some(Pass | Unknown | NotApplicable)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    fn state(outcome: Outcome) -> State {
        State {
            outcome,
            severity: Severity::High,
            waived: false,
            account: "111122223333".into(),
            name: "main".into(),
            message: String::new(),
        }
    }

    #[test]
    fn nothing_is_fixed_that_was_not_looked_at() {
        let fail = state(Outcome::Fail);
        assert_eq!(turn(Some(&fail), None, false, |_| true), Some(Turn::NotAsked));
        assert_eq!(turn(Some(&fail), None, true, |_| false), Some(Turn::NotAsked));
        assert_eq!(turn(Some(&fail), None, true, |_| true), Some(Turn::Gone));
        assert_eq!(turn(Some(&fail), Some(&state(Outcome::Unknown)), true, |_| true), Some(Turn::Lost));
    }

    #[test]
    fn each_fail_of_today_has_exactly_one_word() {
        let now = state(Outcome::Fail);
        let before = [None, Some(Outcome::Pass), Some(Outcome::Unknown), Some(Outcome::Fail), Some(Outcome::NotApplicable)];
        let words: Vec<Option<Turn>> = before.iter().map(|b| turn(b.map(state).as_ref(), Some(&now), true, |_| true)).collect();
        let expected = [Turn::New, Turn::Regressed, Turn::Revealed, Turn::Still, Turn::New];
        assert_eq!(words, expected.map(Some));
    }

    #[test]
    fn what_is_as_it_was_and_does_not_fail_is_no_change() {
        for outcome in [Outcome::Pass, Outcome::Unknown, Outcome::NotApplicable] {
            assert_eq!(turn(Some(&state(outcome)), Some(&state(outcome)), true, |_| true), None);
            assert_eq!(turn(Some(&state(outcome)), None, true, |_| true), None);
        }
    }
}
