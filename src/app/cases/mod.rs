//! Policy cases: tiny inventories with the outcome that a policy must give on them.
//!
//! A case writes only what matters; the rest has the defaults of `healthy`. The harness runs every case, and tries each
//! again with facts taken away: no missing fact may turn a verdict round (see [`super::vary`]).

mod defaults;
mod given;
mod healthy;
mod role;
mod verdict;
mod watched;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::de::value::MapAccessDeserializer;
use serde::de::{IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::audit::{Settings, audit};
use crate::finding::{Finding, Outcome};
use crate::inventory::noun::closest;
use crate::inventory::{Fact, Gap, GapKind, Inventory};
use crate::policy::catalogue::Catalogue;
use crate::policy::{IfEmpty, ParameterValue, PolicyFile, SubjectKind};
use crate::yaml::{Complaint, SourceFile, Step};

pub(super) use defaults::defaults;
pub use given::{Given, Misfit};
use verdict::{Asked, Place};

/// A file of cases.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// The policy's id.
    pub policy: String,
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub given: Given,
    pub expect: Expect,
    /// Text that the message of a matching finding contains.
    #[serde(default)]
    pub message: Option<String>,
    /// Text that a counterexample of a matching finding contains.
    #[serde(default)]
    pub counterexample: Option<String>,
    /// Whether the finding passes by a declared alternative.
    #[serde(default)]
    pub accepted: Option<bool>,
    #[serde(default)]
    pub params: BTreeMap<String, ParameterValue>,
    /// The moment; 2026-11-01T12:00:00Z where it is not given.
    #[serde(default)]
    pub now: Option<Timestamp>,
}

/// One outcome for every finding, or one for each subject named.
#[derive(Clone, Debug)]
pub enum Expect {
    All(Outcome),
    Each(BTreeMap<String, Outcome>),
}

impl Expect {
    fn outcomes(&self) -> Vec<Outcome> {
        match self {
            Expect::All(outcome) => vec![*outcome],
            Expect::Each(by_subject) => by_subject.values().copied().collect(),
        }
    }
}

impl<'de> Deserialize<'de> for Expect {
    /// By hand, because an untagged enum forgets which word it did not understand, and where that stands.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Expected;
        impl<'de> Visitor<'de> for Expected {
            type Value = Expect;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an outcome, or an outcome for each subject")
            }
            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Expect, E> {
                Outcome::deserialize(word.into_deserializer()).map(Expect::All)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Expect, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(Expect::Each)
            }
        }
        deserializer.deserialize_any(Expected)
    }
}

/// What running cases came to.
#[derive(Debug, Default)]
pub struct Tally {
    pub policies: usize,
    pub cases: usize,
    /// Inventories with something missing that were judged.
    pub variations: usize,
    pub failures: Vec<String>,
}

/// Runs the cases, and says which policies lack one.
///
/// # Errors
/// Files of cases that cannot be read, and cases that cannot be built, each with its place.
pub fn run(catalogue: &Catalogue, files: Vec<SourceFile>, wanted: &dyn Fn(&str) -> bool) -> Result<Tally, Vec<Complaint>> {
    let mut tally = Tally::default();
    let mut complaints = Vec::new();
    let mut expected: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
    for mut source in files {
        let file: CaseFile = match source.parse() {
            Ok(file) => file,
            Err(c) => {
                complaints.push(c);
                continue;
            }
        };
        if !catalogue.policies.contains_key(&file.policy) {
            let hint = closest(&file.policy, catalogue.policies.keys().map(String::as_str));
            let hint = hint.map(|c| format!("did you mean `{c}`?"));
            let c = source.complain(&[Step::Key("policy")], format!("unknown policy `{}`", file.policy));
            complaints.push(c.with_hint(Some(hint.unwrap_or_else(|| "name the folder of the policy too".into()))));
            continue;
        }
        if !wanted(&file.policy) {
            continue;
        }
        for (i, case) in file.cases.iter().enumerate() {
            tally.cases += 1;
            complaints.extend(parameters(&source, i, case, &catalogue.policies[&file.policy].file));
            let inventory = match case.given.inventory() {
                Ok(inventory) => inventory,
                Err(misfit) => {
                    let mut path = vec![Step::Key("cases"), Step::Item(i), Step::Key("given")];
                    path.extend(misfit.path.iter().map(given::At::step));
                    complaints.push(source.complain(&path, misfit.message.clone()).with_hint(misfit.hint.clone()));
                    continue;
                }
            };
            expected.entry(file.policy.clone()).or_default().extend(case.expect.outcomes());
            let place = Some(Place { source: &source, case: i });
            Asked { catalogue, policy: &file.policy, case, place }.run(&inventory, &mut tally);
        }
    }
    if !complaints.is_empty() {
        return Err(complaints);
    }
    for id in catalogue.policies.keys().filter(|id| wanted(id)) {
        tally.policies += 1;
        let Some(outcomes) = expected.get(id) else {
            let how = format!("write a file that begins with `policy: {id}` and has `cases:`");
            tally.failures.push(format!("{id}: no case is about it; {how}, and name it too"));
            continue;
        };
        for needed in [Outcome::Pass, Outcome::Fail, Outcome::Unknown] {
            if !outcomes.contains(&needed) {
                tally.failures.push(format!("{id}: no case expects `{}`", needed.label()));
            }
        }
        empty(catalogue, id, &mut tally);
    }
    Ok(tally)
}

/// Parameters of a case that the policy does not have, or not with such a value.
fn parameters(source: &SourceFile, case_number: usize, case: &Case, policy: &PolicyFile) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (name, value) in &case.params {
        let path = [Step::Key("cases"), Step::Item(case_number), Step::Key("params")];
        let [a, b, c] = path;
        match policy.parameters.get(name) {
            None => {
                let declared: Vec<&str> = policy.parameters.keys().map(String::as_str).collect();
                let hint = match closest(name, declared.iter().copied()) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None if declared.is_empty() => "it declares none".into(),
                    None => format!("it declares {}", declared.iter().map(|d| format!("`{d}`")).collect::<Vec<_>>().join(", ")),
                };
                let c =
                    source.complain(&[a, b, c, Step::Name(name)], format!("policy `{}` has no parameter `{name}`", policy.id));
                complaints.push(c.with_hint(Some(hint)));
            }
            Some(parameter) if !parameter.r#type.accepts(value) => {
                let message = format!("`{name}` is not {}", parameter.r#type.label());
                complaints.push(source.complain(&[a, b, c, Step::Key(name)], message));
            }
            Some(_) => {}
        }
    }
    complaints
}

/// An account without anything gives what the policy says of emptiness; one whose trails could not be listed gives unknown.
fn empty(catalogue: &Catalogue, id: &str, tally: &mut Tally) {
    let policy = &catalogue.policies[id];
    // An account that runs is not about to be changed, and nothing is said of it.
    if policy.file.subject == SubjectKind::Change {
        return;
    }
    let expected = match policy.file.if_empty {
        IfEmpty::Fail => Outcome::Fail,
        IfEmpty::NotApplicable => Outcome::NotApplicable,
    };
    let Ok(mut inventory) = Given::default().inventory() else { return tally.failures.push(format!("{id}: no empty account")) };
    let check = |inventory: &Inventory, outcome: Outcome, name: &str, tally: &mut Tally| {
        let case = Case {
            name: name.into(),
            given: Given::default(),
            expect: Expect::All(outcome),
            message: None,
            counterexample: None,
            accepted: None,
            params: BTreeMap::new(),
            now: None,
        };
        Asked { catalogue, policy: id, case: &case, place: None }.compare_alone(inventory, tally);
    };
    let settings = Settings { only: Some([id.to_string()].into()), ..Settings::default() };
    let answers =
        |inventory: &Inventory| -> Vec<Finding> { audit(inventory, catalogue, &settings, moment()).unwrap_or_default() };
    let is_about_account = policy.file.subject == SubjectKind::Account;
    // What is asked of the account's own settings stands, whatever trails there are.
    let reads = |f: &Finding| f.facts.iter().any(|fact| ["trails", "organization"].contains(&fact.path.as_str()));
    if is_about_account && !answers(&inventory).iter().any(reads) {
        return;
    }
    check(&inventory, expected, "an account without trails", tally);
    if let Some(account) = inventory.accounts.first_mut() {
        let denied = given::gap("denied").unwrap_or_else(|_| Gap::new(GapKind::Denied, "denied"));
        account.trails.add_gap(denied.clone());
        account.event_data_stores.add_gap(denied.clone());
        account.organization = Fact::Unknown(denied);
    }
    // A policy that its parameters alone keep from being asked is not asked of what is unknown either.
    let may_be_set_aside = is_about_account && policy.applies.is_some() && expected == Outcome::NotApplicable;
    if may_be_set_aside && answers(&inventory).iter().all(|f| f.outcome == Outcome::NotApplicable) {
        return;
    }
    check(&inventory, Outcome::Unknown, "an account whose trails could not be listed", tally);
}

/// The moment of every case that names none: 2026-11-01T12:00:00Z.
fn moment() -> Timestamp {
    Timestamp::from_second(1_793_534_400).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRAIL: &str = "arn: \"arn:aws:cloudtrail:us-east-1:111122223333:trail/main\"";

    /// What the harness says of one file of cases on `trail-log-file-validation`.
    fn said(cases: &str) -> Result<Tally, String> {
        let catalogue = Catalogue::embedded().expect("the embedded policies are right");
        let text = format!("policy: trail-log-file-validation\ncases:\n{cases}");
        run(&catalogue, vec![SourceFile::new("own.yaml", text)], &|id| id == "trail-log-file-validation")
            .map_err(|c| c.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))
    }

    fn refused(given: &str) -> String {
        said(&format!("  - name: a\n    given:\n{given}    expect: pass\n")).expect_err("must be refused")
    }

    #[test]
    fn the_moment_is_the_one_that_is_documented() {
        assert_eq!(moment().to_string(), "2026-11-01T12:00:00Z");
    }

    #[test]
    fn what_does_not_fit_points_at_its_own_line() {
        let cases = [
            ("      trails:\n        - TRAIL\n          is_loging: false\n", "7:11", "did you mean `is_logging`?"),
            ("      trails:\n        - TRAIL\n          is_logging: 1\n", "7:23", "`is_logging` does not fit"),
            ("      trails:\n        - TRAIL\n          is_logging: {unknown: denid}\n", "7:23", "did you mean `denied`?"),
            ("      trails:\n        - TRAIL\n          tags: [{key: a}]\n", "7:17", "`tags` does not fit"),
            ("      trails:\n        - TRAIL\n          home_region: {unknown: denied}\n", "7:24", "cannot be unknown"),
            ("      trails:\n        - TRAIL\n          status_gp: denied\n", "7:11", "did you mean `status_gap`?"),
            (
                "      trails:\n        - TRAIL\n          status:\n            - {region: eu-west-1}\n",
                "8:24",
                "not cover `eu-west-1`",
            ),
            (
                "      trails:\n        - TRAIL\n          status:\n            - {region: us-east-1, is_loging: true}\n",
                "8:35",
                "did you",
            ),
            (
                "      trails:\n        - TRAIL\n          name: {unknown: denied}\n",
                "7:17",
                "make a field that is read by itself",
            ),
            ("      buckets:\n        - name: {unknown: denied}\n", "6:17", "leave the record out"),
            ("      trails:\n        - {arn: main}\n", "6:17", "`main` is not an ARN"),
            ("      trails:\n        - {name: main}\n", "6:11", "`arn` is missing"),
            ("      accounts:\n        - id: 111122223333\n", "6:15", "quotes"),
            ("      accounts:\n        - {id: \"1\", regions: {unknown: denied}}\n", "6:31", "gap: KIND"),
            (
                "      buckets:\n        - {name: b, public_access_block: {block_public_acl: true}}\n",
                "6:43",
                "`block_public_acls`?",
            ),
            ("      buckets:\n        - {name: b, policy: {Statement: [{Effect: Maybe}]}}\n", "6:29", "neither Allow nor Deny"),
            ("      organizations:\n        - {id: o-1, members: [{id: \"1\", stat: ACTIVE}]}\n", "6:41", "`state`?"),
            ("      trials: []\n", "5:7", "did you mean `trails`?"),
        ];
        for (given, place, says) in cases {
            let text = refused(&given.replace("TRAIL", TRAIL));
            assert!(text.contains(&format!("--> own.yaml:{place}\n")) && text.contains(says), "{given}\n{text}");
        }
    }

    #[test]
    fn a_misspelt_outcome_is_told_what_is_allowed() {
        for expect in ["unkown", "{main: unkown}"] {
            let text = said(&format!("  - name: a\n    given: {{}}\n    expect: {expect}\n")).expect_err("must be refused");
            assert!(text.contains("--> own.yaml:5:") && text.contains("unknown variant `unkown`"), "{text}");
            assert!(text.contains("did you mean `unknown`?") && text.contains("`not_applicable`"), "{text}");
        }
    }

    #[test]
    fn an_unknown_policy_is_told_the_near_one() {
        let catalogue = Catalogue::embedded().expect("the embedded policies are right");
        let file = SourceFile::new("own.yaml", "policy: trail-exist\ncases: []\n");
        let complaints = run(&catalogue, vec![file], &|_| true).expect_err("there is no such policy");
        assert_eq!(complaints[0].hint.as_deref(), Some("did you mean `trail-exists`?"));
    }

    #[test]
    fn a_parameter_that_the_policy_has_not_is_refused() {
        let catalogue = Catalogue::embedded().expect("the embedded policies are right");
        let said = |parameters: &str| {
            let text = format!(
                "policy: key-rotation\ncases:\n  - name: a\n    given: {{}}\n    expect: pass\n    params: {parameters}\n"
            );
            let complaints = run(&catalogue, vec![SourceFile::new("own.yaml", text)], &|id| id == "key-rotation")
                .expect_err("must be refused");
            complaints[0].to_string()
        };
        let text = said("{max_dys: 3}");
        assert!(text.contains("policy `key-rotation` has no parameter `max_dys`"), "{text}");
        assert!(text.contains("--> own.yaml:6:14\n") && text.contains("did you mean `max_days`?"), "{text}");
        assert!(said("{anything: 3}").contains("it declares `max_days`"));
        assert!(said("{max_days: soon}").contains("`max_days` is not a whole number"));
    }

    #[test]
    fn a_policy_without_any_case_is_told_what_to_write() {
        let catalogue = Catalogue::embedded().expect("the embedded policies are right");
        let tally = run(&catalogue, Vec::new(), &|id| id == "key-rotation").expect("nothing is refused");
        assert_eq!(tally.failures.len(), 1, "{:?}", tally.failures);
        assert!(tally.failures[0].contains("begins with `policy: key-rotation` and has `cases:`"), "{:?}", tally.failures);
    }

    #[test]
    fn what_is_counted_is_what_cases_expect() {
        // The trail passes and the case is wrong: a pass was found, and none was expected.
        let tally =
            said(&format!("  - name: wrong\n    given: {{trails: [{{{TRAIL}}}]}}\n    expect: fail\n")).expect("can be run");
        assert!(tally.failures.iter().any(|f| f.contains("no case expects `pass`")), "{:?}", tally.failures);
        assert!(!tally.failures.iter().any(|f| f.contains("no case expects `fail`")), "{:?}", tally.failures);
        let wrong = tally.failures.iter().find(|f| f.contains("wrong: expected fail, found pass")).expect("it is said");
        assert!(wrong.contains("--> own.yaml:5:13") && !wrong.contains("[]"), "{wrong}");
    }
}
