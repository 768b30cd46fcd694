//! What a finding is in the words of each format: the one table of outcomes and severities.
//!
//! An unknown is never a pass anywhere, and never left out: a tool that closes what it no longer sees would take it for mended.

use crate::finding::{Finding, Outcome, Severity};
use crate::report::RequirementStatus;

/// The outcome together with the waiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Fail,
    /// A fail whose waiver has run out: a fail like any other.
    Lapsed,
    Unknown,
    /// A fail that a waiver holds for.
    Waived,
    /// A fail that was there already, as a baseline says.
    Known,
    Pass,
    NotApplicable,
}

/// How JUnit shows a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Success,
    Failure,
    Error,
    Skipped,
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Words {
    /// The word in CSV, Markdown, JUnit and wherever a format takes words of our own.
    pub word: &'static str,
    /// `compliance.status_id` with its caption.
    pub ocsf_compliance: (u8, &'static str),
    /// `status_id` with its caption.
    pub ocsf_status: (u8, &'static str),
    /// `Compliance.Status`.
    pub asff: &'static str,
    /// `result.kind`. `open` is the standard's own word for a rule that could not be decided.
    pub sarif: &'static str,
    pub junit: Test,
    /// Whether somebody has to act: what needs nothing is of no severity to tools that raise alarms.
    pub is_live: bool,
}

impl Verdict {
    pub(super) fn of(finding: &Finding) -> Verdict {
        match finding.outcome {
            Outcome::Fail if finding.is_waived() => Verdict::Waived,
            Outcome::Fail if finding.is_known() => Verdict::Known,
            Outcome::Fail if finding.waiver.is_some() => Verdict::Lapsed,
            Outcome::Fail => Verdict::Fail,
            Outcome::Unknown => Verdict::Unknown,
            Outcome::Pass => Verdict::Pass,
            Outcome::NotApplicable => Verdict::NotApplicable,
        }
    }

    #[rustfmt::skip]
    pub(super) fn words(self) -> Words {
        let row = |word, ocsf_compliance, ocsf_status, asff, sarif, junit, is_live| {
            Words { word, ocsf_compliance, ocsf_status, asff, sarif, junit, is_live }
        };
        match self {
            Verdict::Fail          => row("fail",           (3, "Fail"),            (1, "New"),        "FAILED",        "fail",          Test::Failure, true),
            Verdict::Lapsed        => row("waiver expired", (3, "Fail"),            (1, "New"),        "FAILED",        "fail",          Test::Failure, true),
            Verdict::Unknown       => row("unknown",        (2, "Warning"),         (1, "New"),        "WARNING",       "open",          Test::Error,   true),
            Verdict::Waived        => row("waived",         (3, "Fail"),            (3, "Suppressed"), "FAILED",        "fail",          Test::Skipped, true),
            Verdict::Known         => row("known",          (3, "Fail"),            (99, "Known"),     "FAILED",        "fail",          Test::Skipped, true),
            Verdict::Pass          => row("pass",           (1, "Pass"),            (4, "Resolved"),   "PASSED",        "pass",          Test::Success, false),
            Verdict::NotApplicable => row("not applicable", (99, "Not applicable"), (99, "Other"),     "NOT_AVAILABLE", "notApplicable", Test::Skipped, false),
        }
    }
}

/// A severity in the words of each format.
#[derive(Debug)]
pub(super) struct Grade {
    /// `severity_id` with its caption.
    pub ocsf: (u8, &'static str),
    /// `Severity.Label`.
    pub asff: &'static str,
    /// `level` of a result of kind `fail`.
    pub sarif: &'static str,
    /// `security-severity`, as GitHub reads it.
    pub security: &'static str,
    /// `severity` of GitLab's Code Quality.
    pub gitlab: &'static str,
}

/// The row of a severity.
pub(super) fn grade(severity: Severity) -> Grade {
    let row = |ocsf, asff, sarif, security, gitlab| Grade { ocsf, asff, sarif, security, gitlab };
    match severity {
        Severity::Critical => row((5, "Critical"), "CRITICAL", "error", "9.0", "blocker"),
        Severity::High => row((4, "High"), "HIGH", "error", "7.0", "critical"),
        Severity::Medium => row((3, "Medium"), "MEDIUM", "warning", "4.0", "major"),
        Severity::Low => row((2, "Low"), "LOW", "note", "2.0", "minor"),
        Severity::Info => row((1, "Informational"), "INFORMATIONAL", "note", "0.0", "info"),
    }
}

/// OSCAL's state and reason of an objective; absent where the facts say nothing about it.
///
/// `other` is OSCAL's word for what is neither a pass nor a fail: undecided, or only a part of what is asked.
pub(super) fn objective(status: RequirementStatus) -> Option<(&'static str, &'static str)> {
    match status {
        RequirementStatus::MetByFacts => Some(("satisfied", "pass")),
        RequirementStatus::NotMet => Some(("not-satisfied", "fail")),
        RequirementStatus::Undecided | RequirementStatus::Partial => Some(("not-satisfied", "other")),
        RequirementStatus::Manual
        | RequirementStatus::Inherited
        | RequirementStatus::NotServed
        | RequirementStatus::NotApplicable => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_pass_reads_as_a_pass() {
        for verdict in [Verdict::Fail, Verdict::Lapsed, Verdict::Unknown, Verdict::Waived, Verdict::Known, Verdict::NotApplicable]
        {
            let words = verdict.words();
            assert_ne!((words.asff, words.ocsf_compliance.0, words.ocsf_status.0), ("PASSED", 1, 4), "{verdict:?}");
            assert_ne!(words.sarif, "pass");
            assert_ne!(words.junit, Test::Success);
        }
    }

    #[test]
    fn graver_is_graver_in_every_format() {
        for pair in Severity::ALL.windows(2) {
            let (above, below) = (grade(pair[0]), grade(pair[1]));
            assert!(above.ocsf.0 > below.ocsf.0);
            assert!(above.security > below.security);
        }
    }
}
