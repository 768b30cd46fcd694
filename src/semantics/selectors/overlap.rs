//! Whether any event of a family is recorded, and whether any is recorded more than once.

use crate::inventory::{Gap, GapKind, Gaps};
use crate::semantics::family::{Effort, Family, Selection, TooMany};
use crate::semantics::words;
use crate::semantics::{Answer, PartialEvent, Truth};

use super::{Contributor, Reading, no_such_event, read, too_many};

/// A part of what a contributor records that meets the family.
struct Part {
    /// Its number in the order of contributors.
    contributor: usize,
    selection: Selection,
    /// Why it is not certain; empty where it is.
    doubts: Gaps,
}

/// The parts of contributors that record some of the family, and why there may be more of them.
struct Parts {
    parts: Vec<Part>,
    unread: Gaps,
}

fn parts(contributors: &[Contributor<'_>], family: &Family, effort: &mut Effort) -> Result<Parts, TooMany> {
    let mut found = Parts { parts: Vec::new(), unread: Gaps::new() };
    for (number, contributor) in contributors.iter().enumerate() {
        let selectors = match &contributor.selectors {
            Ok(selectors) => selectors,
            Err(unread) => {
                found.unread.extend(unread.iter().chain(&contributor.doubts).cloned());
                if unread.is_empty() {
                    found.unread.insert(Gap::new(GapKind::AbsentInput, "the event selectors of a trail were not read"));
                }
                continue;
            }
        };
        for Reading { at_least, at_most, gap } in read(selectors) {
            let certain = match at_least {
                Some(least) if family.meets_together(&[&least], effort)? => Some(least),
                _ => None,
            };
            let mut doubts = contributor.doubts.clone();
            let selection = match (certain, gap) {
                (Some(least), None) => Some(least),
                (Some(least), Some(gap)) => {
                    // What it records for certain is one part, what it may record beyond is another.
                    found.parts.push(Part { contributor: number, selection: least, doubts: doubts.clone() });
                    doubts.insert(gap);
                    Some(at_most)
                }
                (None, gap) => {
                    doubts.extend(gap);
                    family.meets_together(&[&at_most], effort)?.then_some(at_most)
                }
            };
            if let Some(selection) = selection {
                found.parts.push(Part { contributor: number, selection, doubts });
            }
        }
    }
    Ok(found)
}

/// Whether at least one event of the family is recorded by at least one contributor.
pub fn records_some(contributors: &[Contributor<'_>], may_be_more: &Gaps, event: &PartialEvent) -> Answer {
    let Some(family) = Family::of(event) else { return no_such_event() };
    let Ok(Parts { parts, mut unread }) = parts(contributors, &family, &mut Effort::new()) else {
        return Answer::unknown(Vec::new(), too_many().into());
    };
    if parts.iter().any(|p| p.doubts.is_empty()) {
        return Answer::yes();
    }
    unread.extend(parts.into_iter().flat_map(|p| p.doubts).chain(may_be_more.iter().cloned()));
    let cases = words::cases(&[family]);
    if unread.is_empty() { Answer::no(cases) } else { Answer::unknown(cases, unread) }
}

/// Whether no event of the family is recorded by more than one contributor.
///
/// Within one contributor an event that several selectors choose is recorded once.
pub fn record_at_most_once(contributors: &[Contributor<'_>], may_be_more: &Gaps, event: &PartialEvent) -> Answer {
    let Some(family) = Family::of(event) else { return no_such_event() };
    let mut effort = Effort::new();
    let twice = parts(contributors, &family, &mut effort).and_then(|found| twice(&family, found, may_be_more, &mut effort));
    match twice {
        Ok(answer) => answer,
        Err(TooMany) => Answer::unknown(Vec::new(), too_many().into()),
    }
}

fn twice(family: &Family, found: Parts, may_be_more: &Gaps, effort: &mut Effort) -> Result<Answer, TooMany> {
    let cases = || words::cases(std::slice::from_ref(family));
    let mut gaps = Gaps::new();
    for (i, one) in found.parts.iter().enumerate() {
        for other in found.parts[i + 1..].iter().filter(|p| p.contributor != one.contributor) {
            let is_certain = one.doubts.is_empty() && other.doubts.is_empty();
            if family.meets_together(&[&one.selection, &other.selection], effort)? {
                if is_certain {
                    return Ok(Answer::no(cases()));
                }
                gaps.extend(one.doubts.iter().chain(&other.doubts).cloned());
            }
        }
    }
    gaps.extend(found.unread.into_iter().chain(may_be_more.iter().cloned()));
    Ok(if gaps.is_empty() { Answer::yes() } else { Answer { truth: Truth::Unknown, counterexamples: cases(), gaps } })
}
