//! `trailproof init`: a settings file to start from.

use std::io::{ErrorKind, Write};
use std::path::Path;

use super::terminal::Terminal;
use super::{Exit, Refusal};

const TEMPLATE: &str = include_str!("../../templates/trailproof.yaml");

pub(super) fn run(file: &Path, terminal: &Terminal) -> Result<Exit, Refusal> {
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).open(file);
    let mut opened = opened.map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => Refusal::new(format!("`{}` is there already", file.display()))
            .hint("it was left alone; name another file, or move it away"),
        _ => Refusal::new(format!("cannot write `{}`: {e}", file.display())),
    })?;
    opened.write_all(TEMPLATE.as_bytes()).map_err(|e| Refusal::new(format!("cannot write `{}`: {e}", file.display())))?;
    terminal.note(&format!("wrote {}", file.display()));
    Ok(Exit::Good)
}
