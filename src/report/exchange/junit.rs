//! JUnit XML, as Jenkins, GitLab and GitHub's actions read it: a suite is a policy in an account, a test is a subject.
//!
//! A fail is a failure, an unknown an error; waived fails and what does not apply are skipped, with the reason. A test about code
//! has the `file` and `line` that CI servers link to.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::Written;
use super::entry::{Entry, entries};
use super::shape::{line, prose};
use super::spot::Standing;
use super::verdict::Test;
use crate::report::Report;

/// Bytes of a name, and of a message.
const NAME: usize = 1_000;
const TEXT: usize = 2_000;

/// Places beside a finding's own.
const RELATED: usize = 20;

/// One document; suites by policy and account.
///
/// # Errors
/// None in practice: it is written into memory.
pub fn write(report: &Report) -> Result<Written, quick_junit::SerializeError> {
    let mut suites: BTreeMap<(&str, &str), Vec<Entry<'_>>> = BTreeMap::new();
    for entry in entries(report) {
        suites.entry((&entry.finding.policy, &entry.finding.subject.account)).or_default().push(entry);
    }
    let mut document = Document::new("trailproof");
    for ((policy, account), entries) in suites {
        let mut suite = TestSuite::new(line(&format!("{policy} in {account}"), NAME, "policy"));
        for entry in &entries {
            suite.add_test_case(case(entry));
        }
        document.add_test_suite(suite);
    }
    let mut text = document.to_string()?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(Written::whole(text))
}

fn case(entry: &Entry<'_>) -> TestCase {
    let finding = entry.finding;
    let words = entry.verdict.words();
    let story = prose(&entry.story(), TEXT, words.word);
    let code = Standing::of(finding);
    let mut status = match words.junit {
        Test::Success => TestCaseStatus::success(),
        Test::Failure => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Test::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
        Test::Skipped => TestCaseStatus::skipped(),
    };
    match words.junit {
        Test::Success => {}
        Test::Skipped => {
            status.set_type(words.word);
            status.set_message(story.clone());
        }
        Test::Failure | Test::Error => {
            status.set_type(finding.severity.label());
            status.set_message(story.clone());
            let requirements: Vec<String> = entry.requirements.iter().map(|r| line(&r.aws_spelling(), 128, "-")).collect();
            let mut description = vec![prose(entry.title(), TEXT, &finding.policy), story];
            description.extend(entry.advice().map(|a| prose(&a, TEXT, "-")));
            if let Some(code) = &code {
                description.push(line(&format!("at {}", code.text()), NAME, "-"));
                description
                    .extend(code.related().iter().take(RELATED).map(|place| line(&format!("beside it {place}"), NAME, "-")));
            }
            if !requirements.is_empty() {
                description.push(requirements.join(", "));
            }
            status.set_description(description.join("\n"));
        }
    }
    let mut case = TestCase::new(line(&finding.subject.id, NAME, "subject"), status);
    case.set_classname(line(&finding.policy, NAME, "policy"));
    if let Some(code) = &code {
        let file = code.spot.as_ref().map_or(&code.place.file, |spot| &spot.file);
        case.extra.insert("file".into(), line(file, NAME, "-").into());
        if let Some(spot) = &code.spot {
            case.extra.insert("line".into(), spot.line.to_string().into());
        }
    }
    case
}
