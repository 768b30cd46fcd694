//! GitLab's Code Quality report: fails and unknowns, at the line of the code that they are about.
//!
//! GitLab compares the reports of two branches by their fingerprints, which are the policy's and the subject's and never those
//! of a line. An unknown is among them: left out, GitLab would call it resolved. The format knows no waivers and no
//! baselines, so that a fail that does not decide is `info` and says why. What does not stand in code points to its record in the saved `inventory.json`.
//!
//! Source: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use serde_json::{Value, json};

use super::Written;
use super::entry::{Entry, entries};
use super::sarif::InventoryLines;
use super::shape::{line, page, prose};
use super::spot::spot;
use super::verdict::{Verdict, grade};
use crate::finding::Severity;
use crate::report::Report;

/// Bytes of a description.
const TEXT: usize = 1_000;

/// A list of what needs somebody.
pub fn write(report: &Report, inventory: &InventoryLines) -> Written {
    let entries = entries(report);
    let live = entries.iter().filter(|entry| entry.verdict.words().is_live);
    let issues: Vec<Value> = live.map(|entry| issue(report, entry, inventory)).collect();
    Written::whole(page(&Value::Array(issues)))
}

fn issue(report: &Report, entry: &Entry<'_>, inventory: &InventoryLines) -> Value {
    let finding = entry.finding;
    let spot = spot(report, finding, inventory.line(&finding.subject));
    let severity = if matches!(entry.verdict, Verdict::Waived | Verdict::Known) { Severity::Info } else { finding.severity };
    let lead = match entry.verdict {
        Verdict::Fail | Verdict::Lapsed => String::new(),
        other => format!("{}: ", other.words().word),
    };
    json!({
        "description": prose(&format!("{lead}{}", entry.story()), TEXT, &finding.policy),
        "check_name": line(&finding.policy, 255, "policy"),
        "fingerprint": entry.id.simple().to_string(),
        "severity": grade(severity).gitlab,
        "location": { "path": spot.file, "lines": { "begin": spot.line } },
    })
}
