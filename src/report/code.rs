//! What was read of code: the files, how much of them is known, and what applying them changes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wording;
use crate::finding::{Finding, Outcome, Severity};
use crate::inventory::noun::View;
use crate::inventory::{Basis, CodeFile, Gap, GapKind, Inventory, Record};

/// Reasons that are listed.
const REASONS: usize = 10;

/// What was read of code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeView {
    pub files: Vec<CodeFile>,
    pub leaves: Leaves,
    /// What the code changes in what is there; absent where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<PlanChange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// The facts of what the code declares, by how firmly they stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Leaves {
    /// Written in the code, or known from it.
    pub resolved: usize,
    /// Joined by a reference of which nothing more was seen.
    pub by_reference: usize,
    /// Not written: the default of AWS.
    pub assumed: usize,
    pub unknown: usize,
    /// Only a running account tells.
    pub run_time: usize,
    /// Why the unknown ones are unknown, the most frequent first.
    pub reasons: Vec<Reason>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    pub leaves: usize,
    pub message: String,
    /// What would let it be known; null where nothing short of applying the code does.
    #[serde(default)]
    pub remedy: Option<String>,
}

/// What a change of what is there means for the policies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanChange {
    /// Fails that were none before.
    pub introduced: Vec<Moved>,
    /// Fails of which it was not known before whether they were.
    pub unclear: Vec<Moved>,
    /// Fails before that pass now, or that are about nothing any more.
    pub fixed: Vec<Moved>,
    /// Fails before and now.
    pub unchanged: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    pub policy: String,
    pub severity: Severity,
    pub subject: String,
}

impl CodeView {
    pub(super) fn of(inventory: &Inventory) -> Option<CodeView> {
        let code = inventory.code.as_ref()?;
        Some(CodeView { files: code.files.clone(), leaves: Leaves::of(inventory), change: None, notes: code.notes.clone() })
    }
}

impl Leaves {
    fn of(inventory: &Inventory) -> Leaves {
        let mut leaves = Leaves::default();
        let mut reasons: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
        let declared = inventory.code.iter().flat_map(|code| &code.declared).filter(|d| d.noun != "account");
        for (declared, record) in declared.filter_map(|d| Some((d, inventory.find(&d.noun, &d.id)?))) {
            leaves.count(&declared.address, record, &mut reasons);
        }
        let mut reasons: Vec<Reason> =
            reasons.into_iter().map(|((message, remedy), leaves)| Reason { leaves, message, remedy }).collect();
        reasons.sort_by(|a, b| b.leaves.cmp(&a.leaves).then_with(|| a.message.cmp(&b.message)));
        reasons.truncate(REASONS);
        leaves.reasons = reasons;
        leaves
    }

    fn count(&mut self, address: &str, record: &dyn Record, reasons: &mut BTreeMap<(String, Option<String>), usize>) {
        let mut open = |leaves: &mut Leaves, gap: Option<&Gap>| match gap {
            Some(gap) if gap.kind == GapKind::RunTime => leaves.run_time += 1,
            _ => {
                leaves.unknown += 1;
                let message = gap.map_or("the code leaves open which of several values it is", |gap| gap.message.as_str());
                // The same reason in a hundred resources is one reason.
                let message =
                    message.strip_prefix(address).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(message).to_string();
                let remedy = gap.and_then(|gap| gap.remedy.as_ref()).map(ToString::to_string);
                *reasons.entry((message, remedy)).or_default() += 1;
            }
        };
        for field in &record.noun().fields {
            match record.read(field.name) {
                Some(View::Known { basis: Basis::AssumedDefault, .. }) => self.assumed += 1,
                Some(View::Known { basis: Basis::Referenced, .. }) => self.by_reference += 1,
                Some(View::Known { .. }) => self.resolved += 1,
                // A value that is set and open is joined by a reference all the same.
                Some(View::OneOf { candidates, .. }) if candidates.is_empty() => self.by_reference += 1,
                Some(View::OneOf { .. }) => open(self, None),
                Some(View::Unknown(gap)) => open(self, Some(gap)),
                Some(View::List { gaps, .. }) if !gaps.is_empty() => open(self, gaps.first()),
                _ => {}
            }
        }
    }

    /// `80 resolved, 3 by reference, 12 assumed, 5 unknown; 40 show at run time`.
    pub(super) fn line(&self) -> String {
        let number = wording::count;
        format!(
            "{} resolved, {} by reference, {} assumed, {} unknown; {} show at run time alone",
            number(self.resolved),
            number(self.by_reference),
            number(self.assumed),
            number(self.unknown),
            number(self.run_time)
        )
    }
}

impl PlanChange {
    /// Compares what is said of what is there with what is said of what will be.
    pub fn of(before: &[Finding], after: &[Finding]) -> PlanChange {
        let key = |f: &Finding| (f.policy.clone(), f.subject.kind.clone(), f.subject.id.clone());
        let was: BTreeMap<_, Outcome> = before.iter().map(|f| (key(f), f.outcome)).collect();
        let is: BTreeMap<_, Outcome> = after.iter().map(|f| (key(f), f.outcome)).collect();
        let moved = |f: &Finding| Moved { policy: f.policy.clone(), severity: f.severity, subject: f.subject.id.clone() };
        let mut change = PlanChange::default();
        for finding in after.iter().filter(|f| f.outcome == Outcome::Fail) {
            match was.get(&key(finding)) {
                Some(Outcome::Fail) => change.unchanged += 1,
                Some(Outcome::Unknown) => change.unclear.push(moved(finding)),
                _ => change.introduced.push(moved(finding)),
            }
        }
        for finding in before.iter().filter(|f| f.outcome == Outcome::Fail) {
            if matches!(is.get(&key(finding)), None | Some(Outcome::Pass | Outcome::NotApplicable)) {
                change.fixed.push(moved(finding));
            }
        }
        for list in [&mut change.introduced, &mut change.unclear, &mut change.fixed] {
            list.sort();
        }
        change
    }

    /// `1 fail introduced, 2 fixed, 3 unchanged`.
    pub(super) fn line(&self) -> String {
        let mut line = format!(
            "{} introduced, {} fixed, {} unchanged",
            wording::counted(self.introduced.len(), "fail"),
            wording::count(self.fixed.len()),
            wording::count(self.unchanged)
        );
        if !self.unclear.is_empty() {
            line.push_str(&format!("; of {} more it was not known before", wording::count(self.unclear.len())));
        }
        line
    }
}
