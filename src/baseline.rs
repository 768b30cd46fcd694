//! A baseline: the fails that were there already, so that only those decide that came after them.
//!
//! It is no waiver: nobody answers for what it holds, and it has no last day. A fail is known again by its policy and its
//! subject, in code by the file and the address, and never by a line. Only fails are held: what is unknown is not known, and
//! stays so. The module knows findings, and nothing of where they come from or how they are shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Known, Outcome, Severity};

/// The value of `kind`.
pub const KIND: &str = "trailproof-baseline";

/// The version of the file. It changes when a reader of the old form would misread the new one.
pub const SCHEMA_VERSION: &str = "1";

/// A baseline as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// `trailproof-baseline`, so that a reader knows the file.
    #[serde(deserialize_with = "kind")]
    pub kind: String,
    #[serde(deserialize_with = "version")]
    pub schema_version: String,
    /// The moment of the audit that it was written by.
    pub written: Timestamp,
    /// By policy, then subject.
    #[serde(deserialize_with = "fails")]
    pub fails: Vec<Entry>,
}

/// A fail that was there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub policy: String,
    /// The noun: `account`, `trail`, `bucket`, `key`.
    pub kind: String,
    /// The address in code; of what lives in an account its ARN or id.
    pub subject: String,
    /// The file of code; absent for what does not stand in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The account that it lives in. It is not known again by it: of code it is open at one time and known at another.
    pub account: String,
    pub severity: Severity,
    /// The moment of the first audit in whose baseline it stands.
    pub since: Timestamp,
    /// The cases that showed why not. A case that is not among them is new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<String>,
}

/// What a fail is known again by: policy, noun, subject, file.
type Key = (String, String, String, Option<String>);

fn key(finding: &Finding) -> Key {
    let subject = &finding.subject;
    let (id, file) = match &subject.place {
        Some(place) => (place.address.clone(), Some(plain(&place.file))),
        None => (subject.id.clone(), None),
    };
    (finding.policy.clone(), subject.kind.clone(), id, file)
}

/// The file as everybody names it who stands in the same folder.
fn plain(file: &str) -> String {
    let slashed = file.replace('\\', "/");
    slashed.trim_start_matches("./").to_string()
}

/// Why a file is no baseline that can be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    #[error("{file}:{line}:{column}: {message}")]
    Place { file: String, line: usize, column: usize, message: String },
}

impl Baseline {
    /// Reads a file; its name is for errors.
    ///
    /// # Errors
    /// Whatever is not a baseline, with its place.
    pub fn parse(file: &str, text: &str) -> Result<Baseline, BaselineError> {
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            let message = error.to_string();
            let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(said, _)| said).to_string();
            BaselineError::Place { file: file.into(), line: error.line().max(1), column: error.column().max(1), message }
        })
    }

    /// The file's text, with a final newline.
    ///
    /// # Errors
    /// None in practice: it is written into memory.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Marks the fails that it holds; only `known` of a finding is ever written.
    pub fn apply(&self, findings: &mut [Finding], asked: &Asked<'_>) -> Applied {
        let mut places: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for (at, finding) in findings.iter().enumerate() {
            places.entry(key(finding)).or_default().push(at);
        }
        let mut entries = Vec::new();
        for entry in &self.fails {
            let mine = places.remove(&entry.key()).unwrap_or_default();
            let state = entry.state(mine.iter().filter_map(|at| findings.get(*at)), asked);
            for at in &mine {
                if let Some(finding) = findings.get_mut(*at).filter(|f| f.outcome == Outcome::Fail && f.waiver.is_none()) {
                    finding.known = entry.worse(finding).is_none().then_some(Known { since: entry.since });
                }
            }
            entries.push(AppliedEntry { entry: entry.clone(), state, findings: mine });
        }
        Applied { written: self.written, entries }
    }

    /// The baseline of an audit: what fails and no waiver names. Of the one before stay the dates, and what could not be
    /// judged this time: a fail that is not known any more is not mended.
    pub fn of(findings: &[Finding], before: Option<&Applied>, now: Timestamp) -> Baseline {
        let mut fails: BTreeMap<Key, Entry> = BTreeMap::new();
        for finding in findings.iter().filter(|f| f.outcome == Outcome::Fail && f.waiver.is_none()) {
            let key = key(finding);
            // One subject that is seen twice is held once, with the cases of both.
            let held = fails.entry(key.clone()).or_insert_with(|| {
                let (policy, kind, subject, file) = key;
                let account = finding.subject.account.clone();
                Entry { policy, kind, subject, file, account, severity: finding.severity, since: now, cases: Vec::new() }
            });
            held.cases.extend(finding.counterexamples.iter().cloned());
            held.cases.sort();
            held.cases.dedup();
            held.severity = held.severity.max(finding.severity);
        }
        for was in before.into_iter().flat_map(|applied| &applied.entries) {
            match (fails.get_mut(&was.entry.key()), &was.state) {
                (Some(held), _) => held.since = was.entry.since,
                (None, State::Lost | State::NotAsked) => {
                    fails.insert(was.entry.key(), was.entry.clone());
                }
                (None, _) => {}
            }
        }
        let (kind, schema_version) = (KIND.into(), SCHEMA_VERSION.into());
        Baseline { kind, schema_version, written: now, fails: fails.into_values().collect() }
    }
}

impl Entry {
    fn key(&self) -> Key {
        (self.policy.clone(), self.kind.clone(), self.subject.clone(), self.file.as_deref().map(plain))
    }

    /// How a fail is more than the one that was there; nothing where it is the same.
    pub fn worse(&self, finding: &Finding) -> Option<String> {
        if finding.severity > self.severity {
            return Some(format!("it was {} and is {}", self.severity.label(), finding.severity.label()));
        }
        let new: Vec<&str> =
            finding.counterexamples.iter().filter(|case| !self.cases.contains(case)).map(String::as_str).collect();
        (!new.is_empty()).then(|| format!("it fails in a case that was not there: {}", new.join(", ")))
    }

    fn state<'f>(&self, mine: impl Iterator<Item = &'f Finding> + Clone, asked: &Asked<'_>) -> State {
        let any = |outcome: Outcome| mine.clone().any(|finding| finding.outcome == outcome);
        if any(Outcome::Fail) {
            let fails = mine.clone().filter(|finding| finding.outcome == Outcome::Fail);
            return fails.filter(|f| f.waiver.is_none()).find_map(|f| self.worse(f)).map_or(State::Known, State::Worse);
        }
        if any(Outcome::Unknown) {
            return State::Lost;
        }
        if any(Outcome::Pass) {
            return State::Fixed;
        }
        let read = match &self.file {
            Some(file) => asked.files.contains(&plain(file)),
            None => asked.accounts.contains(self.account.as_str()),
        };
        match any(Outcome::NotApplicable) || (read && asked.whole && asked.policies.contains(&self.policy)) {
            true => State::Gone,
            false => State::NotAsked,
        }
    }
}

/// What an audit looked at.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    pub policies: &'a BTreeSet<String>,
    /// The accounts that were reached.
    pub accounts: BTreeSet<&'a str>,
    /// The files of code that were read.
    pub files: BTreeSet<String>,
    /// Whether nothing was cut short.
    pub whole: bool,
}

impl<'a> Asked<'a> {
    pub fn new(
        policies: &'a BTreeSet<String>,
        accounts: impl Iterator<Item = &'a str>,
        files: impl Iterator<Item = &'a str>,
        whole: bool,
    ) -> Self {
        Asked { policies, accounts: accounts.collect(), files: files.map(plain).collect(), whole }
    }
}

/// What the baseline came to in one audit.
#[derive(Clone, Debug)]
pub struct Applied {
    pub written: Timestamp,
    /// Every entry, in the order of the file.
    pub entries: Vec<AppliedEntry>,
}

/// One entry, and the findings that are about the same.
#[derive(Clone, Debug)]
pub struct AppliedEntry {
    pub entry: Entry,
    pub state: State,
    /// Places in the findings, counted from 0.
    pub findings: Vec<usize>,
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It fails and is more than it was: it decides as any other fail.
    Worse(String),
    /// It is not known any more whether it fails.
    Lost,
    /// It passes: the entry is stale.
    Fixed,
    /// There is no such thing any more, or the policy is not about it: the entry is stale.
    Gone,
    /// The audit did not look.
    NotAsked,
    /// It fails as it did.
    Known,
}

fn kind<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    word(from, KIND, "it is no baseline, whose `kind` is")
}

fn version<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    word(from, SCHEMA_VERSION, "this program reads baselines whose `schema_version` is")
}

fn word<'de, D: Deserializer<'de>>(from: D, wanted: &str, or: &str) -> Result<String, D::Error> {
    let found = String::deserialize(from)?;
    if found == wanted { Ok(found) } else { Err(D::Error::custom(format!("{or} `{wanted}`"))) }
}

/// The entries; that two of them are about the same is an error at the place of the second.
fn fails<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Entry>, D::Error> {
    struct Entries;
    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<Entry>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of fails")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Entry>, A::Error> {
            let (mut entries, mut seen) = (Vec::<Entry>::new(), BTreeSet::new());
            while let Some(entry) = list.next_element::<Entry>()? {
                if !seen.insert(entry.key()) {
                    let Entry { policy, subject, .. } = &entry;
                    return Err(A::Error::custom(format!("`{policy}` of `{subject}` stands here a second time")));
                }
                entries.push(entry);
            }
            Ok(entries)
        }
    }
    from.deserialize_seq(Entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{CodePlace, Subject};

    const NOW: &str = "2026-11-01T12:00:00Z";

    fn finding(policy: &str, address: &str, outcome: Outcome) -> Finding {
        let place = CodePlace { file: "./a.yaml".into(), address: address.into(), source: None, related: Vec::new() };
        Finding {
            policy: policy.into(),
            outcome,
            severity: Severity::Medium,
            subject: Subject {
                kind: "trail".into(),
                id: format!("arn:{address}"),
                name: address.into(),
                account: "unknown".into(),
                region: None,
                place: Some(Box::new(place)),
            },
            message: String::new(),
            accepted: None,
            counterexamples: Vec::new(),
            chains: Vec::new(),
            waiver: None,
            known: None,
            facts: Vec::new(),
            gaps: Vec::new(),
            requirements: Vec::new(),
            fix: None,
        }
    }

    fn now() -> Timestamp {
        NOW.parse().expect("a moment")
    }

    fn applied(baseline: &Baseline, findings: &mut [Finding]) -> Vec<State> {
        let policies = ["p".to_string()].into();
        let asked = Asked::new(&policies, ["unknown"].into_iter(), ["a.yaml"].into_iter(), true);
        baseline.apply(findings, &asked).entries.into_iter().map(|entry| entry.state).collect()
    }

    #[test]
    fn what_was_there_is_known_again_and_what_is_new_is_not() {
        let before = [finding("p", "One", Outcome::Fail)];
        let baseline = Baseline::of(&before, None, now());
        let mut later = [finding("p", "One", Outcome::Fail), finding("p", "Two", Outcome::Fail)];
        later[0].subject.id = "arn:another-name".into();
        assert_eq!(applied(&baseline, &mut later), [State::Known]);
        assert_eq!((later[0].is_known(), later[1].is_known()), (true, false));
        let mut elsewhere = finding("p", "One", Outcome::Fail);
        elsewhere.subject.place.as_mut().expect("a place").file = "b.yaml".into();
        applied(&baseline, std::slice::from_mut(&mut elsewhere));
        assert!(!elsewhere.is_known(), "the same address in another file is another");
    }

    #[test]
    fn each_entry_has_its_word() {
        let baseline = Baseline::of(&[finding("p", "One", Outcome::Fail)], None, now());
        let state = |findings: &mut [Finding]| applied(&baseline, findings).remove(0);
        assert_eq!(state(&mut [finding("p", "One", Outcome::Pass)]), State::Fixed);
        assert_eq!(state(&mut [finding("p", "One", Outcome::Unknown)]), State::Lost);
        assert_eq!(state(&mut [finding("p", "One", Outcome::NotApplicable)]), State::Gone);
        assert_eq!(state(&mut []), State::Gone);
        let policies = ["p".to_string()].into();
        let mut asked = Asked::new(&policies, ["unknown"].into_iter(), ["b.yaml"].into_iter(), true);
        assert_eq!(baseline.apply(&mut [], &asked).entries[0].state, State::NotAsked);
        asked.files.insert("a.yaml".into());
        asked.whole = false;
        assert_eq!(baseline.apply(&mut [], &asked).entries[0].state, State::NotAsked);
        let others = ["q".to_string()].into();
        let asked = Asked::new(&others, ["unknown"].into_iter(), ["a.yaml"].into_iter(), true);
        assert_eq!(baseline.apply(&mut [], &asked).entries[0].state, State::NotAsked);
    }

    #[test]
    fn a_fail_that_is_more_than_it_was_counts_again() {
        let mut was = finding("p", "One", Outcome::Fail);
        was.counterexamples = vec!["a".into(), "b".into()];
        let baseline = Baseline::of(std::slice::from_ref(&was), None, now());
        let mut fewer = was.clone();
        fewer.counterexamples = vec!["b".into()];
        assert_eq!(applied(&baseline, std::slice::from_mut(&mut fewer)), [State::Known]);
        let mut more = was.clone();
        more.counterexamples.push("c".into());
        let state = applied(&baseline, std::slice::from_mut(&mut more)).remove(0);
        assert_eq!((state, more.is_known()), (State::Worse("it fails in a case that was not there: c".into()), false));
        let mut graver = Finding { severity: Severity::High, ..was.clone() };
        let state = applied(&baseline, std::slice::from_mut(&mut graver)).remove(0);
        assert_eq!((state, graver.is_known()), (State::Worse("it was medium and is high".into()), false));
        let mut milder = Finding { severity: Severity::Low, ..was };
        assert_eq!(applied(&baseline, std::slice::from_mut(&mut milder)), [State::Known]);
    }

    #[test]
    fn what_is_not_known_any_more_stays_in_the_next_baseline_and_what_passes_does_not() {
        let before = ["One", "Two", "Three"].map(|address| finding("p", address, Outcome::Fail));
        let baseline = Baseline::of(&before, None, now());
        let mut later =
            [finding("p", "One", Outcome::Unknown), finding("p", "Two", Outcome::Pass), finding("p", "Three", Outcome::Fail)];
        let policies = ["p".to_string()].into();
        let asked = Asked::new(&policies, ["unknown"].into_iter(), ["a.yaml"].into_iter(), true);
        let result = baseline.apply(&mut later, &asked);
        let next = Baseline::of(&later, Some(&result), "2027-01-01T00:00:00Z".parse().expect("a moment"));
        let held: Vec<(&str, Timestamp)> = next.fails.iter().map(|e| (e.subject.as_str(), e.since)).collect();
        assert_eq!(held, [("One", now()), ("Three", now())]);
    }

    #[test]
    fn bad_files_are_refused_with_their_place() {
        let good = Baseline::of(&[finding("p", "One", Outcome::Fail)], None, now()).to_json().expect("it serializes");
        assert!(Baseline::parse("b.json", &good).is_ok());
        assert!(Baseline::parse("b.json", &format!("\u{feff}{good}")).is_ok());
        let entry = good.split("\"fails\": [").nth(1).and_then(|rest| rest.split("\n  ]").next()).expect("an entry");
        let twice = good.replacen(entry, &format!("{entry},{entry}"), 1);
        for (text, line, says) in [
            ("", 1, "EOF"),
            ("[]", 1, "invalid length"),
            (good.replace(KIND, "trailproof-report").as_str(), 2, "it is no baseline"),
            (good.replace("\"1\"", "\"9\"").as_str(), 3, "whose `schema_version` is `1`"),
            (good.replace("\"medium\"", "\"grave\"").as_str(), 12, "unknown variant `grave`"),
            (good.replace("\"policy\"", "\"polizy\"").as_str(), 7, "unknown field `polizy`"),
            (twice.as_str(), 24, "`p` of `One` stands here a second time"),
        ] {
            let said = Baseline::parse("b.json", text).expect_err(says).to_string();
            assert!(said.starts_with(&format!("b.json:{line}:")) && said.contains(says), "{said}");
        }
    }
}
