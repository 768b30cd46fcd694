//! One part of a family, asked of all who may see it together.

use crate::inventory::{Gap, GapKind, Gaps};
use crate::policy::check::case::Case;
use crate::policy::check::value::Verdict;
use crate::semantics::Truth;
use crate::semantics::watch::{self, Coverage, Sight, WatchedEvent};

use super::chain::Recorder;
use super::{Pattern, Seer};

/// One part of a family, with those who may see events of it.
pub(super) struct Part<'s, 'a> {
    pub(super) event: &'s WatchedEvent,
    /// Each with whether it sees every event of the part by itself.
    seers: Vec<(&'s Seer<'a>, bool)>,
    account: &'a str,
}

impl<'s, 'a> Part<'s, 'a> {
    /// About the part at this place.
    pub(super) fn of(at: usize, event: &'s WatchedEvent, seers: &'s [Seer<'a>], account: &'a str) -> Self {
        let seen = |seer: &'s Seer<'a>| match seer.sights.get(at) {
            None | Some(Sight::Nothing) => None,
            Some(sight) => Some((seer, *sight == Sight::Whole)),
        };
        Part { event, seers: seers.iter().filter_map(seen).collect(), account }
    }

    /// Of each seer, whether the event comes to it from the Region, and is told.
    pub(super) fn reached(&self, region: usize, recorder: &mut Recorder<'_>) -> Vec<Verdict> {
        let reached = |(seer, _): &(&Seer<'a>, bool)| seer.carrier.carries(region, recorder).and(seer.tells.clone());
        self.seers.iter().map(reached).collect()
    }

    /// Whether the event is seen by what tells somebody, wherever it happens or in these Regions.
    pub(super) fn told(&self, verdicts: &[Verdict], places: Option<&[String]>, gaps: &Gaps) -> Verdict {
        if self.seers.iter().zip(verdicts).any(|((_, alone), verdict)| *alone && verdict.truth == Truth::True) {
            return Verdict::known(true);
        }
        let mut open = gaps.clone();
        let (mut certain, mut possible) = (Vec::new(), Vec::new());
        let mut any_unread = false;
        for ((seer, _), verdict) in self.seers.iter().zip(verdicts) {
            match (seer.pattern.watcher(self.account), &seer.pattern) {
                _ if verdict.truth == Truth::False => {}
                (Some(watcher), _) if verdict.truth == Truth::True => {
                    certain.push(watcher);
                    possible.push(watcher);
                }
                (Some(watcher), _) => {
                    possible.push(watcher);
                    open.extend(verdict.gaps.iter().cloned());
                }
                (None, Pattern::Unread(gap)) => {
                    any_unread = true;
                    open.insert(gap.clone());
                    open.extend(verdict.gaps.iter().cloned());
                }
                (None, _) => {}
            }
        }
        let event = places.map(|places| self.event.with("awsRegion", places.to_vec()));
        let event = event.as_ref().unwrap_or(self.event);
        let by_certain = watch::covers(event, &certain);
        if matches!(by_certain, Coverage::Covered) {
            return Verdict::known(true);
        }
        let by_all = if possible.len() == certain.len() { by_certain } else { watch::covers(event, &possible) };
        match by_all {
            Coverage::Escapes(escape) => {
                let text = match (possible.is_empty(), escape.when.is_empty()) {
                    (false, false) => format!("not told when {}", escape.when.join(" and ")),
                    _ => "not told".to_string(),
                };
                let cases = vec![Case::new(text)];
                match !any_unread && gaps.is_empty() {
                    true => Verdict::known(false).with_cases(cases),
                    false => Verdict::unknown(open).with_cases(cases),
                }
            }
            Coverage::Covered => Verdict::unknown(open),
            Coverage::Undecided(why) => {
                open.insert(Gap::new(GapKind::NotUnderstood, why));
                Verdict::unknown(open)
            }
        }
    }
}
