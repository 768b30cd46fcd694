//! The baseline as the page shows it.

use serde::Serialize;

use super::size::ROWS_PER_TABLE;
use crate::report::{BaselineTurn, BaselineView};

/// The file, and the entries of which something else is so.
#[derive(Serialize)]
pub(super) struct Baseline {
    file: String,
    sha256: String,
    known: usize,
    line: String,
    caveat: String,
    rows: Vec<Row>,
    more: usize,
}

#[derive(Serialize)]
struct Row {
    class: &'static str,
    label: &'static str,
    line: String,
}

pub(super) fn build(view: &BaselineView) -> Baseline {
    let rows = view.turned.iter().take(ROWS_PER_TABLE).map(|entry| Row {
        class: match entry.turn {
            BaselineTurn::Worse => "fail",
            BaselineTurn::Unknown => "unknown",
            BaselineTurn::Fixed | BaselineTurn::Gone | BaselineTurn::NotAsked => "manual",
        },
        label: entry.turn.label(),
        line: entry.line(),
    });
    Baseline {
        file: view.file.clone(),
        sha256: view.sha256.clone(),
        known: view.known,
        line: view.line(),
        caveat: view.caveat.clone(),
        rows: rows.collect(),
        more: view.turned.len().saturating_sub(ROWS_PER_TABLE),
    }
}
