//! The same policies on both sides: what holds here and not there.

use std::collections::BTreeMap;

use super::pairs::thing;
use super::{Side, Thing, Turn};
use crate::finding::{Finding, Outcome};
use crate::inventory::Inventory;

#[derive(Default)]
pub(super) struct Turns {
    pub(super) weaker_in_code: Vec<Turn>,
    pub(super) stronger_in_code: Vec<Turn>,
    pub(super) fail_in_both: Vec<Turn>,
}

pub(super) fn turns(code: Side<'_>, live: Side<'_>) -> Turns {
    let ids = Ids::of(code.inventory);
    let lived: BTreeMap<(&str, &str, &str), &Finding> = live
        .findings
        .iter()
        .map(|finding| ((finding.policy.as_str(), finding.subject.kind.as_str(), in_account(finding)), finding))
        .collect();
    let mut turns = Turns::default();
    for finding in code.findings {
        let turn = |said: &Finding| Turn {
            policy: finding.policy.clone(),
            severity: finding.severity,
            thing: subject(finding, &ids, code),
            message: said.message.clone(),
        };
        // What a plan does to what is there is told by the code alone.
        if finding.subject.kind == "change" {
            if finding.outcome == Outcome::Fail {
                turns.weaker_in_code.push(turn(finding));
            }
            continue;
        }
        let key = (finding.policy.as_str(), finding.subject.kind.as_str(), ids.of_finding(finding));
        let Some(other) = lived.get(&key) else { continue };
        match (finding.outcome, other.outcome) {
            (Outcome::Fail, Outcome::Pass) => turns.weaker_in_code.push(turn(finding)),
            (Outcome::Pass, Outcome::Fail) => turns.stronger_in_code.push(turn(other)),
            (Outcome::Fail, Outcome::Fail) => turns.fail_in_both.push(turn(other)),
            _ => {}
        }
    }
    for of in [&mut turns.weaker_in_code, &mut turns.stronger_in_code, &mut turns.fail_in_both] {
        of.sort_by(|a, b| (b.severity, &a.policy, &a.thing.id).cmp(&(a.severity, &b.policy, &b.thing.id)));
    }
    turns
}

/// The id in the inventory of what a finding in an account is about: a bucket's subject is its ARN.
fn in_account(finding: &Finding) -> &str {
    let subject = &finding.subject;
    if subject.kind == "bucket" { &subject.name } else { &subject.id }
}

/// The ids in the inventory of what code declares, by noun, file and address, which a finding in code is about.
struct Ids<'a>(BTreeMap<(&'a str, &'a str, &'a str), &'a str>);

impl<'a> Ids<'a> {
    fn of(code: &'a Inventory) -> Self {
        let declared = code.code.iter().flat_map(|code| &code.declared);
        Ids(declared.map(|d| ((d.noun.as_str(), d.file.as_str(), d.address.as_str()), d.id.as_str())).collect())
    }

    fn of_finding(&self, finding: &'a Finding) -> &'a str {
        let subject = &finding.subject;
        let declared = subject
            .place
            .as_ref()
            .and_then(|place| self.0.get(&(subject.kind.as_str(), place.file.as_str(), place.address.as_str())));
        declared.copied().unwrap_or_else(|| in_account(finding))
    }
}

fn subject(finding: &Finding, ids: &Ids<'_>, code: Side<'_>) -> Thing {
    let subject = &finding.subject;
    match code.inventory.find(&subject.kind, ids.of_finding(finding)) {
        Some(record) => Thing { place: subject.place.clone(), ..thing(record, Some(code.inventory)) },
        None => Thing {
            noun: subject.kind.clone(),
            id: subject.id.clone(),
            name: subject.name.clone(),
            part_of: None,
            place: subject.place.clone(),
        },
    }
}
