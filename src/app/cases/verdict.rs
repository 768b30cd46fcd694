//! Whether a policy says of a case what the case expects, and nothing worse where less is known.

use std::collections::BTreeMap;

use super::given::At;
use super::{Case, Expect, Tally};
use crate::app::vary;
use crate::audit::{Settings, audit};
use crate::finding::{Finding, Outcome};
use crate::inventory::Inventory;
use crate::policy::catalogue::Catalogue;
use crate::yaml::{SourceFile, Step};

/// Where a case stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) source: &'a SourceFile,
    pub(super) case: usize,
}

/// A policy asked about a case.
pub(super) struct Asked<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) policy: &'a str,
    pub(super) case: &'a Case,
    /// None where the harness made the case itself.
    pub(super) place: Option<Place<'a>>,
}

/// What is not as the case expects, and the line of the case that says so.
struct Problem {
    path: Vec<At>,
    message: String,
}

impl Problem {
    fn new(key: &str, message: impl Into<String>) -> Self {
        Problem { path: vec![At::Key(key.into())], message: message.into() }
    }
}

impl Asked<'_> {
    /// Asks, compares, and asks again with less known.
    pub(super) fn run(&self, inventory: &Inventory, tally: &mut Tally) {
        let Some(findings) = self.compared(inventory, tally) else { return };
        let verdicts: BTreeMap<&str, Outcome> = findings.iter().map(|f| (f.subject.id.as_str(), f.outcome)).collect();
        let given = |message: String| Problem { path: vec![At::Name("given".into())], message };
        for (what, less) in vary::variations(inventory) {
            tally.variations += 1;
            match self.findings(&less) {
                Err(e) => tally.failures.push(self.failure(&given(format!("without {what}: {e}")))),
                Ok(now) => {
                    for finding in &now {
                        let Some(before) = verdicts.get(finding.subject.id.as_str()) else { continue };
                        if finding.outcome != Outcome::Unknown && *before != finding.outcome {
                            tally.failures.push(self.failure(&given(format!(
                                "without {what} the verdict on {} turns from {} to {}",
                                finding.subject.id,
                                before.label(),
                                finding.outcome.label()
                            ))));
                        }
                    }
                }
            }
        }
    }

    /// Asks and compares, without variations.
    pub(super) fn compare_alone(&self, inventory: &Inventory, tally: &mut Tally) {
        self.compared(inventory, tally);
    }

    fn compared(&self, inventory: &Inventory, tally: &mut Tally) -> Option<Vec<Finding>> {
        match self.findings(inventory) {
            Ok(findings) => {
                tally.failures.extend(self.compare(&findings).iter().map(|p| self.failure(p)));
                Some(findings)
            }
            Err(e) => {
                tally.failures.push(self.failure(&Problem::new("given", e)));
                None
            }
        }
    }

    fn findings(&self, inventory: &Inventory) -> Result<Vec<Finding>, String> {
        let settings = Settings {
            only: Some([self.policy.to_string()].into()),
            parameters: [(self.policy.to_string(), self.case.params.clone())].into(),
            ..Settings::default()
        };
        audit(inventory, self.catalogue, &settings, self.case.now.unwrap_or_else(super::moment)).map_err(|e| e.to_string())
    }

    fn failure(&self, problem: &Problem) -> String {
        let message = format!("{}: {}: {}", self.policy, self.case.name, problem.message);
        let Some(Place { source, case }) = self.place else { return message };
        let mut path = vec![Step::Key("cases"), Step::Item(case)];
        path.extend(problem.path.iter().map(At::step));
        source.complain(&path, message).to_string()
    }

    fn compare(&self, findings: &[Finding]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut matching = Vec::new();
        match &self.case.expect {
            Expect::All(outcome) => {
                if findings.is_empty() {
                    let message = format!("expected {}, found nothing to ask about", outcome.label());
                    problems.push(Problem::new("expect", message));
                }
                for f in findings {
                    if f.outcome == *outcome {
                        matching.push(f);
                    } else {
                        problems.push(Problem::new("expect", differs(f, *outcome)));
                    }
                }
            }
            Expect::Each(by_subject) => {
                for (id, outcome) in by_subject {
                    let path = vec![At::Key("expect".into()), At::Key(id.clone())];
                    match findings.iter().find(|f| &f.subject.id == id || &f.subject.name == id) {
                        Some(f) if f.outcome == *outcome => matching.push(f),
                        Some(f) => problems.push(Problem { path, message: differs(f, *outcome) }),
                        None => {
                            let found: Vec<String> = findings.iter().map(|f| format!("`{}`", f.subject.id)).collect();
                            let found = if found.is_empty() { "nothing".into() } else { found.join(", ") };
                            problems.push(Problem { path, message: format!("no finding on `{id}`; it was asked about {found}") });
                        }
                    }
                }
                let named = |f: &&Finding| by_subject.contains_key(&f.subject.id) || by_subject.contains_key(&f.subject.name);
                problems.extend(
                    findings
                        .iter()
                        .filter(|f| !named(f))
                        .map(|f| Problem::new("expect", format!("a finding on `{}` that the case does not name", f.subject.id))),
                );
            }
        }
        // Without a finding as expected there is no message to look at, and that is said already.
        if matching.is_empty() && !problems.is_empty() {
            return problems;
        }
        if let Some(text) = &self.case.message
            && !matching.iter().any(|f| f.message.contains(text))
        {
            let said = listed(matching.iter().map(|f| f.message.as_str()));
            problems.push(Problem::new("message", format!("no message contains `{text}`; said was {said}")));
        }
        if let Some(text) = &self.case.counterexample
            && !matching.iter().any(|f| f.counterexamples.iter().any(|c| c.contains(text)))
        {
            let said = listed(matching.iter().flat_map(|f| &f.counterexamples).map(String::as_str));
            problems.push(Problem::new("counterexample", format!("no counterexample contains `{text}`; given was {said}")));
        }
        if let Some(accepted) = self.case.accepted
            && let Some(f) = matching.iter().find(|f| f.accepted.is_some() != accepted)
        {
            let message = match &f.accepted {
                Some(says) => format!("expected no declared alternative, found one on {}: {says}", f.subject.id),
                None => format!("expected a declared alternative, found none on {}", f.subject.id),
            };
            problems.push(Problem::new("accepted", message));
        }
        problems
    }
}

fn listed<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.filter(|t| !t.is_empty()).map(|t| format!("`{t}`")).collect();
    if texts.is_empty() { "nothing".into() } else { texts.join(", ") }
}

fn differs(f: &Finding, expected: Outcome) -> String {
    let mut text = format!("expected {}, found {} on {}", expected.label(), f.outcome.label(), f.subject.id);
    let more = [
        ("it says", vec![f.message.as_str()]),
        ("counterexamples", f.counterexamples.iter().map(String::as_str).collect()),
        ("not known", f.gaps.iter().map(|g| g.message.as_str()).collect()),
    ];
    for (what, texts) in more {
        let texts: Vec<&str> = texts.into_iter().filter(|t| !t.is_empty()).collect();
        if !texts.is_empty() {
            text.push_str(&format!("\n  {what}: {}", texts.join("; ")));
        }
    }
    text
}
