//! The baseline on the terminal: what of it got worse, what is not known any more, and what is stale.

use super::paper::{Ink, Paper};
use crate::report::{BaselineTurn, Report, foreign, wording};

/// Entries that are listed; the rest is counted.
const LISTED: usize = 20;

/// The file, and the entries of which something else is so.
pub(super) fn entries(paper: &mut Paper, report: &Report, is_verbose: bool) {
    let Some(view) = &report.baseline else { return };
    paper.heading(Ink::Bold, &format!("baseline ({})", foreign::line(&view.file)));
    paper.text(2, &view.line());
    paper.text(2, &foreign::prose(&view.caveat));
    let told: Vec<_> = view.turned.iter().filter(|entry| is_verbose || entry.turn != BaselineTurn::NotAsked).collect();
    let listed = if is_verbose { told.len() } else { LISTED };
    for entry in told.iter().take(listed) {
        let (mark, ink) = match entry.turn {
            BaselineTurn::Worse => ('✗', Ink::Fail),
            BaselineTurn::Unknown => ('?', Ink::Unknown),
            BaselineTurn::Fixed | BaselineTurn::Gone => ('!', Ink::Bold),
            BaselineTurn::NotAsked => ('–', Ink::Soft),
        };
        paper.marked(ink, &format!("{mark} {}", entry.turn.label()), &foreign::prose(&entry.line()));
    }
    if told.len() > listed {
        paper.text(2, &format!("and {} more: see the report", wording::count(told.len() - listed)));
    }
}
