//! `trailproof diff` and `trailproof history`, and the history that a scan keeps.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::scan::options;
use super::terminal::Terminal;
use super::{Exit, Refusal, read};
use crate::history::{History, HistoryError};
use crate::report::past::{Changes, Past, Snapshot, Turn};
use crate::report::{Report, json, text};

pub(super) fn open(path: &Path) -> Result<History, Refusal> {
    Ok(History::open(path)?)
}

/// Adds the report, and says what is known of the audits before it.
pub(super) fn kept(mut history: History, report: &Report) -> Result<Past, Refusal> {
    let written = json::write(report).map_err(|e| Refusal::new(e.to_string()))?;
    let snapshot = Snapshot::of(report);
    history.add(&digest(&written), &snapshot)?;
    Ok(history.past(&snapshot)?)
}

pub(super) fn diff(before: &Path, after: &Path, as_json: bool, terminal: &Terminal) -> Result<Exit, Refusal> {
    let (before, after) = (report(before)?.0, report(after)?.0);
    if before.now > after.now {
        terminal.complain("note: the first report is of a later moment than the second");
    }
    let changes = Changes::between(&Snapshot::of(&before), &Snapshot::of(&after));
    if as_json {
        terminal.print(&printed(&changes)?);
    } else {
        terminal.print(&text::changes(&changes, &options(terminal)));
    }
    let any = |wanted: fn(Turn) -> bool| changes.changes.iter().any(|c| wanted(c.turn));
    Ok(if any(Turn::is_worse) {
        Exit::Fail
    } else if any(|turn| turn == Turn::Lost) {
        Exit::Unknown
    } else {
        Exit::Good
    })
}

pub(super) fn run(file: &Path, add: &[std::path::PathBuf], as_json: bool, terminal: &Terminal) -> Result<Exit, Refusal> {
    let points = if add.is_empty() {
        History::read(file)?.points()?
    } else {
        let reports = add.iter().map(|path| report(path)).collect::<Result<Vec<_>, _>>()?;
        let mut history = History::open(file)?;
        for (report, digest) in &reports {
            if !history.add(digest, &Snapshot::of(report))? {
                terminal.note(&format!("the audit of {} is there already", report.now));
            }
        }
        history.points()?
    };
    terminal.print(&if as_json { printed(&points)? } else { text::points(&points) });
    Ok(Exit::Good)
}

/// A report, and the SHA-256 of the file.
fn report(path: &Path) -> Result<(Report, String), Refusal> {
    let path = if path.is_dir() { path.join("report.json") } else { path.to_path_buf() };
    let written = read(&path)?;
    let report = json::read(&written).map_err(|e| {
        Refusal::new(format!("cannot read `{}`: {e}", path.display()))
            .hint("name the report.json of a scan, or its folder; a scan of its inventory.json writes it anew")
    })?;
    Ok((report, digest(&written)))
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// JSON with characters that a terminal would obey escaped.
pub(super) fn printed(value: &impl serde::Serialize) -> Result<String, Refusal> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Refusal::new(e.to_string()))?;
    Ok(crate::report::foreign::json(&text).into_owned())
}

impl From<HistoryError> for Refusal {
    fn from(error: HistoryError) -> Self {
        let hint = error.hint();
        Refusal::caused(&error).hint(hint)
    }
}
