//! The fails that were there already, as every format shows them: how many, since when, and which entries want looking at.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wording;
use crate::baseline::{Applied, AppliedEntry, State};
use crate::finding::{Finding, Known, Outcome};

/// What a baseline is not: in every report that has one.
pub const CAVEAT: &str = "A baseline is no waiver: nobody answers for what it holds, and it has no last day.";

/// The baseline of an audit, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineView {
    pub file: String,
    /// Of the file, in lower-case hexadecimal.
    pub sha256: String,
    /// The moment of the audit that it was written by.
    pub written: Timestamp,
    /// Entries of the file.
    pub entries: usize,
    /// Fails that it holds. They are fails in every other count, and do not decide the exit code.
    pub known: usize,
    /// Fails that it does not hold, and no waiver either.
    pub new: usize,
    /// Entries that are not simply known: those that got worse first, then those that are not known any more, then the stale.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turned: Vec<TurnedEntry>,
    /// What the file is not.
    pub caveat: String,
}

/// An entry of which something else is so than when it was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnedEntry {
    pub turn: BaselineTurn,
    pub policy: String,
    pub kind: String,
    /// The address in code; of what lives in an account its ARN or id.
    pub subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    pub since: Timestamp,
    /// What is so, as a clause.
    pub says: String,
}

/// What became of an entry. Ordered: what an owner wants to know first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BaselineTurn {
    /// It fails worse than it did, and decides as any other fail.
    Worse,
    /// It failed, and it is not known any more whether it does: not mended.
    Unknown,
    /// It passes: the entry is stale.
    Fixed,
    /// It was not found any more, or the policy is not about it: the entry is stale.
    Gone,
    /// This audit did not ask.
    NotAsked,
}

impl BaselineTurn {
    /// The word that people read.
    pub fn label(self) -> &'static str {
        match self {
            BaselineTurn::Worse => "worse",
            BaselineTurn::Unknown => "not known any more",
            BaselineTurn::Fixed | BaselineTurn::Gone => "stale",
            BaselineTurn::NotAsked => "not asked about",
        }
    }
}

impl BaselineView {
    /// Of a file with this name and hash, laid upon the findings.
    pub fn of(file: &str, sha256: &str, applied: &Applied, findings: &[Finding]) -> BaselineView {
        let mut turned: Vec<TurnedEntry> = applied.entries.iter().filter_map(turned).collect();
        turned.sort_by(|a, b| (a.turn, &a.policy, &a.subject).cmp(&(b.turn, &b.policy, &b.subject)));
        BaselineView {
            file: file.into(),
            sha256: sha256.into(),
            written: applied.written,
            entries: applied.entries.len(),
            known: findings.iter().filter(|f| f.is_known()).count(),
            new: findings.iter().filter(|f| f.outcome == Outcome::Fail && !f.is_known() && !f.is_waived()).count(),
            turned,
            caveat: CAVEAT.into(),
        }
    }

    /// What the line of the result says of it; empty where there is nothing to say.
    pub fn aside(&self) -> String {
        match self.known {
            0 => String::new(),
            1 => "; 1 fail is known since the baseline".into(),
            n => format!("; {} fails are known since the baseline", wording::count(n)),
        }
    }

    /// `12 fails are known since the baseline of 2026-11-01, 2 are new; 3 entries are stale`.
    pub(super) fn line(&self) -> String {
        let of = |turns: &[BaselineTurn]| self.turned.iter().filter(|entry| turns.contains(&entry.turn)).count();
        let known = match self.known {
            1 => "1 fail is".to_string(),
            n => format!("{} fails are", wording::count(n)),
        };
        let new = match self.new {
            1 => "1 fail is".to_string(),
            n => format!("{} are", wording::count(n)),
        };
        let mut line = format!("{known} known since the baseline of {}, {new} not", self.written.strftime("%Y-%m-%d"));
        let mut say = |count: usize, words: &str| {
            if count > 0 {
                let entries = if count == 1 { "1 entry".to_string() } else { format!("{} entries", wording::count(count)) };
                line.push_str(&format!("; {entries} {words}"));
            }
        };
        say(of(&[BaselineTurn::Worse]), "got worse");
        say(of(&[BaselineTurn::Unknown]), "not known any more");
        say(of(&[BaselineTurn::Fixed, BaselineTurn::Gone]), "stale");
        say(of(&[BaselineTurn::NotAsked]), "not asked about");
        line
    }
}

impl TurnedEntry {
    /// `trail-logging of trail aws_cloudtrail.main in plan.json, since 2026-11-01: it passes`.
    pub(super) fn line(&self) -> String {
        let file = self.file.as_ref().map(|file| format!(" in {file}")).unwrap_or_default();
        let since = self.since.strftime("%Y-%m-%d");
        format!("{} of {} {}{file}, since {since}: {}", self.policy, self.kind, self.subject, self.says)
    }
}

fn turned(applied: &AppliedEntry) -> Option<TurnedEntry> {
    let (turn, says) = match &applied.state {
        State::Known => return None,
        State::Worse(how) => (BaselineTurn::Worse, format!("{how}, so that it counts")),
        State::Lost => (BaselineTurn::Unknown, "it failed, and it is not known any more whether it does".to_string()),
        State::Fixed => (BaselineTurn::Fixed, "it passes; take the entry out".to_string()),
        State::Gone => {
            (BaselineTurn::Gone, "it was not found any more, or the policy is not about it; take the entry out".to_string())
        }
        State::NotAsked => (BaselineTurn::NotAsked, "this audit did not ask".to_string()),
    };
    let entry = &applied.entry;
    Some(TurnedEntry {
        turn,
        policy: entry.policy.clone(),
        kind: entry.kind.clone(),
        subject: entry.subject.clone(),
        file: entry.file.clone(),
        since: entry.since,
        says,
    })
}

/// Since when a fail is known, in one line.
pub(super) fn since(known: &Known) -> String {
    format!("since the baseline of {}; it does not decide, and nobody answers for it", known.since.strftime("%Y-%m-%d"))
}
