//! What a report must show for a scan to end well: severities, requirements, coverage.

use super::{Exit, Refusal};
use crate::finding::{Outcome, Severity, Strength};
use crate::inventory::GapKind;
use crate::inventory::noun::closest;
use crate::policy::catalogue::Catalogue;
use crate::report::{Report, RequirementStatus};

/// What was asked for.
#[derive(Debug)]
pub(super) struct Gates {
    /// The least severity whose fails count.
    pub fail_on: Severity,
    pub allow_unknown: bool,
    /// framework, and a requirement of it.
    pub required: Vec<(String, Option<String>)>,
    /// Tenths of a percent.
    pub min_coverage: Option<u32>,
}

/// How it ended, and why where a gate beside `--fail-on` decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub exit: Exit,
    pub reasons: Vec<String>,
}

/// Reads `--require`, against what the policies of this scan can decide.
pub(super) fn required(
    texts: &[String],
    frameworks: &[String],
    catalogue: &Catalogue,
) -> Result<Vec<(String, Option<String>)>, Refusal> {
    texts.iter().map(|text| one(text, frameworks, catalogue)).collect()
}

fn one(text: &str, frameworks: &[String], catalogue: &Catalogue) -> Result<(String, Option<String>), Refusal> {
    let (id, requirement) = text.split_once(':').map_or((text, None), |(f, r)| (f, Some(r)));
    super::scan::known("framework", id, catalogue.frameworks.keys())?;
    if !frameworks.is_empty() && !frameworks.iter().any(|f| f == id) {
        return Err(Refusal::new(format!("--require {text}: --framework leaves `{id}` out"))
            .hint(format!("add `--framework {id}`, or leave --framework away")));
    }
    let decides = |wanted: &str| {
        let direct = catalogue.policies.values().filter_map(|p| p.file.requirements.get(id));
        direct.flat_map(|serves| serves.each()).any(|(r, strength)| r == wanted && strength == Strength::Direct)
    };
    let all: Vec<&str> =
        catalogue.frameworks.get(id).map(|f| f.requirements.iter().map(|r| r.id.as_str()).collect()).unwrap_or_default();
    match requirement {
        Some(wanted) if !all.contains(&wanted) => {
            let hint = closest(wanted, all.iter().copied())
                .map_or_else(|| format!("they are {}", all.join(", ")), |close| format!("did you mean `{id}:{close}`?"));
            Err(Refusal::new(format!("framework `{id}` has no requirement `{wanted}`")).hint(hint))
        }
        Some(wanted) if !decides(wanted) => Err(Refusal::new(format!("--require {text}: no fact decides `{wanted}`"))
            .hint("people, AWS or supporting facts speak to it; the report says which, and no exit code can")),
        None if !all.iter().any(|r| decides(r)) => {
            Err(Refusal::new(format!("--require {text}: no fact decides any of its requirements"))
                .hint("the report says who shows them"))
        }
        _ => Ok((id.into(), requirement.map(str::to_string))),
    }
}

impl Gates {
    /// What the report comes to. A fail is graver than what is not known.
    pub(super) fn judge(&self, report: &Report) -> Verdict {
        if report.collected.interrupted {
            return Verdict { exit: Exit::Interrupted, reasons: Vec::new() };
        }
        let mut reasons = Vec::new();
        let fails = |f: &&crate::finding::Finding| {
            f.outcome == Outcome::Fail && f.severity >= self.fail_on && !f.is_waived() && !f.is_known()
        };
        let mut failed = report.findings.iter().filter(fails).count() > 0;
        let counts = |f: &crate::finding::Finding| f.outcome == Outcome::Unknown && !waits_for_run_time(f);
        let mut open = !self.allow_unknown && report.findings.iter().any(counts);
        for (framework, wanted) in &self.required {
            let views = report.frameworks.iter().filter(|f| f.id == *framework).flat_map(|f| &f.requirements);
            for view in views.filter(|r| wanted.as_ref().is_none_or(|w| *w == r.id)) {
                match view.status {
                    RequirementStatus::NotMet => failed = true,
                    RequirementStatus::Undecided => open = true,
                    _ => continue,
                }
                reasons.push(format!("{framework}:{} is required and {}: {}", view.id, view.status.label(), view.because));
            }
        }
        if let Some(least) = self.min_coverage {
            let coverage = &report.summary.coverage;
            // By whole numbers, so that nothing is rounded into being enough. Of nothing, nothing was decided.
            let enough = coverage.evaluated * 1000 >= least as usize * coverage.in_scope && (coverage.in_scope > 0 || least == 0);
            if !enough {
                open = true;
                let (evaluated, in_scope) = (coverage.evaluated, coverage.in_scope);
                reasons.push(format!(
                    "{evaluated} of {in_scope} findings that apply were decided, less than the {}.{} % that are required",
                    least / 10,
                    least % 10
                ));
            }
        }
        let exit = match (failed, open) {
            (true, _) => Exit::Fail,
            (false, true) => Exit::Unknown,
            (false, false) => Exit::Good,
        };
        Verdict { exit, reasons }
    }
}

/// Whether nothing but a running account could decide: no code that is better would.
fn waits_for_run_time(finding: &crate::finding::Finding) -> bool {
    !finding.gaps.is_empty() && finding.gaps.iter().all(|gap| gap.kind == GapKind::RunTime)
}
