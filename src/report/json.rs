//! `report.json`: the view model as it is, complete, for machines and for whoever wants every fact.

use serde::Deserialize;

use super::{Report, SCHEMA_VERSION, foreign};

/// Why a text is no report of ours.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("it is no JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    #[error("it is {0}, and no report")]
    OtherKind(String),
    #[error("its schema version is {0}, and this program reads version {SCHEMA_VERSION}")]
    OtherVersion(String),
    #[error("it is a damaged report: {0}")]
    Damaged(#[source] serde_json::Error),
}

/// A report that [`write`] wrote.
///
/// # Errors
/// Another kind of file, another version, or a field that is missing or unknown.
pub fn read(text: &str) -> Result<Report, ReadError> {
    #[derive(Deserialize)]
    struct Head {
        kind: Option<String>,
        schema_version: Option<String>,
    }
    let head: Head = serde_json::from_str(text).map_err(ReadError::NotJson)?;
    match (head.kind.as_deref(), head.schema_version.as_deref()) {
        (Some("trailproof-report"), Some(SCHEMA_VERSION)) => serde_json::from_str(text).map_err(ReadError::Damaged),
        (Some("trailproof-report"), version) => Err(ReadError::OtherVersion(version.unwrap_or("not given").into())),
        (kind, _) => Err(ReadError::OtherKind(kind.map_or_else(|| "other JSON".into(), |kind| format!("a `{kind}`")))),
    }
}

/// Pretty JSON with a final newline, the same bytes for the same report. Characters that a terminal would obey are escaped.
///
/// # Errors
/// None in practice: every type of the report serializes.
pub fn write(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = foreign::json(&serde_json::to_string_pretty(report)?);
    text.push('\n');
    Ok(text)
}
