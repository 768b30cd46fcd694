//! CSV as RFC 4180 has it: UTF-8, CRLF, every cell quoted; one row a finding and requirement it speaks to.
//!
//! A cell that a spreadsheet would take for a formula begins with an apostrophe: names and tags are somebody else's. Columns
//! are only ever added, at the end.

use super::Written;
use super::entry::{Entry, Served, entries, strength_word, waiver_kind};
use super::place::Places;
use super::shape::clip;
use super::spot::Standing;
use crate::report::{Report, foreign};

/// The columns, in their order.
pub const COLUMNS: [&str; 37] = [
    "finding",
    "finding_id",
    "policy",
    "title",
    "severity",
    "outcome",
    "account",
    "account_name",
    "region",
    "subject_kind",
    "subject_id",
    "subject_name",
    "message",
    "counterexamples",
    "framework",
    "framework_title",
    "framework_version",
    "requirement",
    "requirement_title",
    "strength",
    "requirement_status",
    "waiver_id",
    "waiver_kind",
    "waiver_owner",
    "waiver_approved_by",
    "waiver_reason",
    "waiver_expires",
    "not_read",
    "advice",
    "audited_at",
    "tool_version",
    "file",
    "line",
    "column",
    "address",
    "related",
    "known_since",
];

/// Bytes of a cell; spreadsheets take 32,767 characters.
const CELL: usize = 4_000;

/// A header and the rows, in the report's order.
///
/// # Errors
/// None in practice: it is written into memory.
pub fn write(report: &Report) -> Result<Written, ::csv::Error> {
    let places = Places::of(report);
    let mut writer = ::csv::WriterBuilder::new()
        .quote_style(::csv::QuoteStyle::Always)
        .terminator(::csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for entry in entries(report) {
        if entry.requirements.is_empty() {
            writer.write_record(row(report, &places, &entry, None))?;
        }
        for served in &entry.requirements {
            writer.write_record(row(report, &places, &entry, Some(served)))?;
        }
    }
    let bytes = writer.into_inner().map_err(|e| ::csv::Error::from(e.into_error()))?;
    Ok(Written::whole(String::from_utf8_lossy(&bytes).into_owned()))
}

fn row(report: &Report, places: &Places<'_>, entry: &Entry<'_>, served: Option<&Served<'_>>) -> [String; COLUMNS.len()] {
    let finding = entry.finding;
    let subject = &finding.subject;
    let waiver = finding.waiver.as_ref();
    let framework = served.and_then(|s| s.view).map(|(f, _)| f);
    let requirement = served.and_then(|s| s.view).and_then(|(_, r)| r);
    let waived = |text: fn(&crate::finding::Waived) -> String| waiver.map(text).unwrap_or_default();
    let code = Standing::of(finding);
    let code = code.as_ref();
    let spot = code.and_then(|c| c.spot.as_ref());
    let file = spot.map(|s| s.file.clone()).or_else(|| code.map(|c| c.place.file.clone())).unwrap_or_default();
    let gaps: Vec<String> = finding.gaps.iter().map(|g| format!("{}: {}", g.kind.label(), g.message)).collect();
    let cells: [String; COLUMNS.len()] = [
        entry.number.to_string(),
        entry.id.to_string(),
        finding.policy.clone(),
        entry.title().to_string(),
        finding.severity.label().to_string(),
        entry.verdict.words().word.to_string(),
        subject.account.clone(),
        places.account_name(&subject.account).unwrap_or_default().to_string(),
        subject.region.clone().unwrap_or_default(),
        subject.kind.clone(),
        subject.id.clone(),
        subject.name.clone(),
        finding.message.clone(),
        finding.counterexamples.join(", "),
        served.map(|s| s.framework.to_string()).unwrap_or_default(),
        framework.map(|f| f.title.clone()).unwrap_or_default(),
        framework.map(|f| f.version.clone()).unwrap_or_default(),
        served.map(|s| s.id.to_string()).unwrap_or_default(),
        requirement.map(|r| r.title.clone()).unwrap_or_default(),
        served.map(|s| strength_word(s.strength).to_string()).unwrap_or_default(),
        requirement.map(|r| r.status.label().to_string()).unwrap_or_default(),
        waived(|w| w.id.clone()),
        waived(|w| waiver_kind(w).to_string()),
        waived(|w| w.owner.clone()),
        waived(|w| w.approved_by.clone()),
        waived(|w| w.reason.clone()),
        waived(|w| w.expires.to_string()),
        gaps.join("; "),
        entry.advice().unwrap_or_default(),
        report.now.to_string(),
        report.tool.version.clone(),
        file,
        spot.map(|s| s.line.to_string()).unwrap_or_default(),
        spot.and_then(|s| s.column).map(|column| column.to_string()).unwrap_or_default(),
        code.map(|c| c.place.address.clone()).unwrap_or_default(),
        code.map(|c| c.related().join("; ")).unwrap_or_default(),
        finding.known.as_ref().filter(|_| finding.is_known()).map(|known| known.since.to_string()).unwrap_or_default(),
    ];
    cells.map(|text| cell(&text))
}

/// Foreign text as one cell that no spreadsheet computes.
fn cell(text: &str) -> String {
    let shown = clip(foreign::prose(text).trim(), CELL);
    // The full-width signs are signs too where the spreadsheet speaks an East Asian language.
    let computes = shown.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '＝', '＋', '－', '＠']);
    if computes { format!("'{shown}") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_computed() {
        for text in ["=cmd()", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r\n=1", "\u{feff}=1", "＝1", "|calc"] {
            let shown = cell(text);
            assert!(shown.starts_with('\'') || shown.starts_with('\\'), "{text:?}: {shown:?}");
        }
        assert_eq!(cell("arn:aws:s3:::logs"), "arn:aws:s3:::logs");
    }
}
