//! `report.json`: the view model as it is, complete, for machines and for whoever wants every fact.

use super::{Report, foreign};

/// Pretty JSON with a final newline, the same bytes for the same report. Characters that a terminal would obey are escaped.
///
/// # Errors
/// None in practice: every type of the report serializes.
pub fn write(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = foreign::json(&serde_json::to_string_pretty(report)?);
    text.push('\n');
    Ok(text)
}
