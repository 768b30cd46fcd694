//! Bundles that follow each other: each names the one before by the hash of its `SHA256SUMS`, so that the signature of the
//! last vouches for all of them. What is asked is whether none is missing, and whether they came often enough.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::layout;
use super::manifest::{Manifest, Previous};
use super::sums::{Hash, hash, hex, unhex};
use super::tree::Reading;
use super::verify::{State, Verification};

/// A bundle as a chain sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub run_id: String,
    /// The SHA-256 of its `SHA256SUMS`.
    pub sums: Hash,
    previous: Option<(String, Option<Hash>)>,
    started: Timestamp,
}

impl Link {
    /// The bundle that was read; `None` where it has no sums or no manifest that can be read.
    pub fn of(reading: &Reading) -> Option<Self> {
        let sums = hash(reading.kept.get(layout::SUMS)?);
        let manifest = Manifest::parse(reading.kept.get(layout::MANIFEST)?).ok()?;
        let previous = manifest.previous_bundle.map(|p| (p.run_id, unhex(&p.sums_sha256)));
        Some(Link { run_id: manifest.run_id, sums, previous, started: manifest.started })
    }

    /// What the next bundle says of this one.
    pub fn as_previous(&self) -> Previous {
        Previous { run_id: self.run_id.clone(), sums_sha256: hex(&self.sums) }
    }

    /// When its first call was made.
    pub fn started(&self) -> Timestamp {
        self.started
    }
}

/// Follows the chain from its last bundle back to its first, through the others at hand.
pub fn follow(done: &mut Verification, last: &Link, others: &[Link], longest_gap: Option<SignedDuration>) {
    const ABOUT: &str = "chain";
    let mut chain: Vec<&Link> = vec![last];
    let mut is_whole = true;
    let mut at = last;
    while let Some((run_id, sums)) = &at.previous {
        let found = others.iter().find(|l| Some(l.sums) == *sums);
        let Some(before) = found else {
            let says = match others.iter().any(|l| l.run_id == *run_id) {
                true => format!("run {run_id}, which run {} follows, is not as it was then", at.run_id),
                false => format!("run {run_id}, which run {} follows, is missing", at.run_id),
            };
            done.add(State::Failed, ABOUT, says);
            is_whole = false;
            break;
        };
        if before.run_id != *run_id {
            done.add(
                State::Failed,
                ABOUT,
                format!("run {} says that it follows run {run_id}, which is {}", at.run_id, before.run_id),
            );
            is_whole = false;
        }
        if chain.iter().any(|l| l.sums == before.sums) {
            done.add(State::Failed, ABOUT, format!("run {} follows itself", at.run_id));
            return;
        }
        let pause = at.started.duration_since(before.started);
        if pause.is_negative() {
            let says = format!("run {} began before run {run_id}, which it follows", at.run_id);
            done.add(State::Failed, ABOUT, says);
            is_whole = false;
        }
        if let Some(longest) = longest_gap.filter(|longest| pause > *longest) {
            let says = format!(
                "between run {run_id} ({}) and run {} ({}) are {} days, more than {}",
                before.started,
                at.run_id,
                at.started,
                days(pause),
                days(longest)
            );
            done.add(State::Failed, ABOUT, says);
            is_whole = false;
        }
        chain.push(before);
        at = before;
    }
    let inside: BTreeSet<Hash> = chain.iter().map(|l| l.sums).collect();
    let follows = |l: &Link| l.previous.as_ref().and_then(|(_, sums)| *sums).filter(|s| inside.contains(s));
    let mut apart = 0;
    for other in others.iter().filter(|l| !inside.contains(&l.sums)) {
        match follows(other) {
            Some(sums) if sums == last.sums => done.add(State::Note, ABOUT, format!("run {} follows this one", other.run_id)),
            Some(_) => {
                is_whole = false;
                let says = format!("run {} follows a run of the chain too, and is not in it: the chain was parted", other.run_id);
                done.add(State::Failed, ABOUT, says);
            }
            None => apart += 1,
        }
    }
    if apart > 0 {
        done.add(State::Note, ABOUT, format!("{apart} bundles of the folder belong to no run of this chain"));
    }
    if is_whole {
        let cadence = longest_gap.map_or_else(String::new, |g| format!(", no more than {} days apart", days(g)));
        let says = format!("{} linked, from {} to {}{cadence}", runs(chain.len()), at.started, last.started);
        done.add(State::Good, ABOUT, says);
    }
}

fn runs(n: usize) -> String {
    if n == 1 { "1 run".into() } else { format!("{n} runs") }
}

/// In days, with one decimal where it has one.
fn days(duration: SignedDuration) -> String {
    let tenths = duration.as_hours() * 10 / 24;
    if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(run: &str, day: i64, previous: Option<&Link>) -> Link {
        let started = Timestamp::from_second(1_700_000_000 + day * 86_400).expect("a time");
        Link {
            run_id: run.into(),
            sums: hash(run.as_bytes()),
            previous: previous.map(|p| (p.run_id.clone(), Some(p.sums))),
            started,
        }
    }

    fn says(last: &Link, others: &[Link], gap: Option<i64>) -> (bool, String) {
        let mut done = Verification::default();
        follow(&mut done, last, others, gap.map(|d| SignedDuration::from_hours(24 * d)));
        let failed = done.checks.iter().any(|c| c.state == State::Failed);
        (failed, done.checks.into_iter().map(|c| c.says).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn links_hold_or_are_said_to_be_missing() {
        let one = link("one", 0, None);
        let two = link("two", 7, Some(&one));
        let three = link("three", 15, Some(&two));
        assert_eq!(
            says(&one, &[], Some(1)).1,
            "1 run linked, from 2023-11-14T22:13:20Z to 2023-11-14T22:13:20Z, no more than 1 days apart"
        );
        let all = [one.clone(), two.clone(), three.clone()];
        assert!(!says(&three, &all, Some(8)).0);
        let (failed, text) = says(&three, &all, Some(7));
        assert!(failed && text.contains("between run two") && text.contains("are 8 days, more than 7"), "{text}");
        let (failed, text) = says(&three, std::slice::from_ref(&one), None);
        assert!(failed && text.contains("run two, which run three follows, is missing"), "{text}");
        let mut changed = one.clone();
        changed.sums = hash(b"other");
        let (failed, text) = says(&two, &[changed], None);
        assert!(failed && text.contains("run one, which run two follows, is not as it was then"), "{text}");
        assert!(says(&two, &all, None).1.contains("run three follows this one"));
    }

    #[test]
    fn a_parted_chain_and_one_that_runs_back_are_said() {
        let one = link("one", 0, None);
        let (two, other) = (link("two", 7, Some(&one)), link("other", 8, Some(&one)));
        let (failed, text) = says(&two, &[one.clone(), other], None);
        assert!(failed && text.contains("run other follows a run of the chain too"), "{text}");
        let early = link("early", -1, Some(&one));
        let (failed, text) = says(&early, std::slice::from_ref(&one), None);
        assert!(failed && text.contains("began before"), "{text}");
        assert!(says(&one, &[link("apart", 3, None)], None).1.starts_with("1 bundles"), "counted");
    }
}
