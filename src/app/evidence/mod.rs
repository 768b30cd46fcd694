//! `trailproof evidence`, and `scan --evidence`: sealing what an audit rests on, and verifying what was sealed.

#[cfg(feature = "aws")]
mod facts;
#[cfg(feature = "aws")]
mod kms;
mod pack;
mod replay;
mod tsa;
mod verify;

use std::fs::File;
use std::path::Path;

use super::terminal::Terminal;
use super::{Exit, Refusal};
use crate::cli::Evidence;
use crate::evidence::tree::OpenError;
use crate::evidence::{Bundle, DraftError};

pub(super) use pack::{Sealable, Sealing};

pub(super) fn run(command: &Evidence, terminal: &Terminal) -> Result<Exit, Refusal> {
    match command {
        Evidence::Pack(asked) => pack::run(asked, terminal),
        Evidence::Timestamp(asked) => pack::timestamp(asked, terminal),
        Evidence::Verify(asked) => verify::run(asked, terminal),
    }
}

impl From<DraftError> for Refusal {
    fn from(error: DraftError) -> Self {
        let hint = match &error {
            DraftError::Write { .. } => "check that the folder can be written, and that the disk has room",
            DraftError::Read { .. } => "check that the file exists and can be read",
            DraftError::Exists(_) => "the same audit is sealed already; evidence is not overwritten",
            DraftError::Path { .. } | DraftError::Name(_) | DraftError::Twice(_) => "rename the file",
            DraftError::Kind(_) => "a bundle holds files and folders only; give what the link points to",
            DraftError::Sign(_) => "nothing was sealed; check the key, and seal the recording again",
        };
        Refusal::caused(&error).hint(hint)
    }
}

impl From<OpenError> for Refusal {
    fn from(error: OpenError) -> Self {
        Refusal::caused(&error).hint("name the bundle's folder, or its .tar.gz")
    }
}

fn open(path: &Path) -> Result<Bundle, Refusal> {
    let bundle = Bundle::open(path)?;
    if let Bundle::Folder(folder) = &bundle
        && File::open(folder.join(crate::evidence::layout::SUMS)).is_err()
        && File::open(folder.join(crate::evidence::layout::MANIFEST)).is_err()
    {
        return Err(Refusal::new(format!("`{}` is no evidence bundle", path.display()))
            .hint("a bundle has `manifest.json` and `SHA256SUMS`; `trailproof evidence pack` makes one of a recording"));
    }
    Ok(bundle)
}

/// A folder that is gone when it is dropped, for what others are to read.
fn scratch() -> Result<tempfile::TempDir, Refusal> {
    tempfile::Builder::new().prefix("trailproof-").tempdir().map_err(|e| {
        let folder = std::env::temp_dir();
        Refusal::new(format!("cannot make a folder in `{}`: {e}", folder.display()))
            .hint("name a folder that can be written in TMPDIR, with room for the bundle's answers")
    })
}
