//! Waivers and attestations on the terminal: what has ended first, whatever the severity of what it covered.

use super::paper::{Ink, Paper};
use crate::finding::Waived;
use crate::report::{Report, WaiverView, foreign, waivers, wording};
use crate::waiver::{Standing, State};

/// Waivers and attestations that are listed, each; the rest is counted.
const LISTED: usize = 20;

/// What must be seen before anything else.
pub(super) fn alarms(paper: &mut Paper, report: &Report) {
    let Some(view) = report.waivers.as_ref().filter(|view| !view.alarms.is_empty()) else { return };
    paper.heading(Ink::Fail, &format!("waivers that have expired ({})", wording::count(view.alarms.len())));
    for alarm in view.alarms.iter().take(LISTED) {
        paper.marked(Ink::Fail, "✗ expired", &foreign::prose(alarm));
    }
    more(paper, view.alarms.len());
}

/// Who answers for the fail.
pub(super) fn of_finding(paper: &mut Paper, waived: &Waived) {
    paper.labelled(6, if waived.is_expired { "waiver expired" } else { "waived" }, &foreign::prose(&waivers::line(waived)));
    paper.labelled(6, "reason", &foreign::prose(&waived.reason));
    if let Some(control) = &waived.compensating_control {
        paper.labelled(6, "instead", &foreign::prose(control));
    }
}

/// Every waiver, what must be looked at, and what people attest.
pub(super) fn register(paper: &mut Paper, report: &Report, is_verbose: bool) {
    let Some(view) = &report.waivers else { return };
    let title = if view.waivers.is_empty() { "waivers and attestations" } else { "waivers" };
    paper.heading(Ink::Bold, &format!("{title} ({})", foreign::line(&view.file)));
    for warning in view.warnings.iter().take(LISTED) {
        paper.marked(Ink::Unknown, "! warning", &foreign::prose(warning));
    }
    more(paper, view.warnings.len());
    let listed = if is_verbose { view.waivers.len() } else { LISTED };
    view.waivers.iter().take(listed).for_each(|waiver| one(paper, waiver));
    if view.waivers.len() > listed {
        more(paper, view.waivers.len());
    }
    attestations(paper, report, is_verbose);
}

fn one(paper: &mut Paper, waiver: &WaiverView) {
    let ink = if waiver.state == State::Expired { Ink::Fail } else { Ink::Bold };
    let over = match waiver.findings.len() {
        0 => "waives nothing".to_string(),
        n => wording::counted(n, "fail"),
    };
    let line = format!("{}: {over}, {}", foreign::line(&waiver.policy), waiver.standing());
    paper.marked(ink, &format!("- {}", foreign::line(&waiver.id)), &line);
}

fn attestations(paper: &mut Paper, report: &Report, is_verbose: bool) {
    let all = report.frameworks.iter().flat_map(|f| f.requirements.iter().map(move |r| (f, r)));
    let stated: Vec<_> = all.filter_map(|(f, r)| r.attestation.as_ref().map(|statement| (f, r, statement))).collect();
    if stated.is_empty() {
        return;
    }
    paper.heading(Ink::Bold, &format!("people attest ({}): their word, and no fact that was read", wording::count(stated.len())));
    let listed = if is_verbose { stated.len() } else { LISTED };
    for (framework, requirement, statement) in stated.iter().take(listed) {
        let (ink, standing) = match statement.standing {
            Standing::Holds | Standing::EndsSoon => (Ink::Bold, format!("until {}", statement.expires)),
            Standing::Expired => (Ink::Unknown, format!("expired on {}: not evaluated", statement.expires)),
            Standing::NotYet => (Ink::Unknown, format!("of {}, after the day of the audit: not evaluated", statement.date)),
        };
        let named = format!("- {} {}", foreign::line(&framework.id), foreign::line(&requirement.id));
        paper.marked(ink, &named, &format!("by {}, {standing}", foreign::line(&statement.by)));
        if is_verbose {
            paper.text(6, &foreign::prose(&statement.statement));
            for file in &statement.evidence {
                paper.labelled(6, "evidence", &foreign::line(&format!("{} sha256 {}", file.path, file.sha256)));
            }
        }
    }
    if stated.len() > listed {
        more(paper, stated.len());
    }
}

fn more(paper: &mut Paper, all: usize) {
    if all > LISTED {
        paper.text(2, &format!("and {} more: see the report", wording::count(all - LISTED)));
    }
}
