//! `report.json`: the view model as it is, complete, for machines and for whoever wants every fact.

use std::cell::Cell;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::{Report, SCHEMA_VERSION, foreign};
use crate::finding::Finding;
use crate::parallel;

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
    let mut text = Vec::new();
    let whole = write_to(report, &mut text).and_then(|()| String::from_utf8(text).map_err(io::Error::other));
    whole.map_err(serde::ser::Error::custom)
}

/// The same, into a file or a pipe: the findings are made into text piece by piece, on every processor.
///
/// # Errors
/// Whatever takes the bytes failed.
pub fn write_to(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    APART.set(true);
    let rest = serde_json::to_string_pretty(report);
    APART.set(false);
    let rest = rest?;
    let rest = foreign::json(&rest);
    // At this depth no other list is called so, and no text has a line break.
    let (before, after) = rest.split_once("\n  \"findings\": []").ok_or_else(|| io::Error::other("a report without findings"))?;
    out.write_all(before.as_bytes())?;
    out.write_all(b"\n  \"findings\": [")?;
    let mut is_first = true;
    for some in pieces(&report.findings).chunks(PIECES) {
        for piece in parallel::map(some, |piece| written(piece)) {
            if !std::mem::take(&mut is_first) {
                out.write_all(b",")?;
            }
            out.write_all(piece?.as_bytes())?;
        }
    }
    out.write_all(if is_first { b"]" } else { b"\n  ]" })?;
    out.write_all(after.as_bytes())?;
    out.write_all(b"\n")
}

/// Facts of the findings that are made into text at once, and how many such pieces are held.
const PIECE: usize = 2_000;
const PIECES: usize = 8;

/// The findings in pieces of about the same size. A finding may hold one fact or thousands.
fn pieces(findings: &[Finding]) -> Vec<&[Finding]> {
    let mut size = 0;
    let in_one = |a: &Finding, _: &Finding| {
        size += a.facts.len() + 10;
        let fits = size < PIECE;
        size = if fits { size } else { 0 };
        fits
    };
    findings.chunk_by(in_one).collect()
}

/// Findings as they stand in the report, without the brackets around them.
fn written(findings: &[Finding]) -> io::Result<String> {
    let mut formatter = PrettyFormatter::new();
    formatter.begin_object(&mut io::sink())?;
    let mut text = Vec::new();
    findings.serialize(&mut Serializer::with_formatter(&mut text, formatter))?;
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix("\n  ]"));
    Ok(foreign::json(inner.unwrap_or_default()).into_owned())
}

thread_local! {
    /// Whether the findings of a report are written apart from the rest of it.
    static APART: Cell<bool> = const { Cell::new(false) };
}

/// The findings, or none where they are written apart.
pub(super) fn findings<S: serde::Serializer>(findings: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    let here: &[Finding] = if APART.get() { &[] } else { findings };
    here.serialize(serializer)
}
