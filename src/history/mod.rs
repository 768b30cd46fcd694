//! The history of audits in one SQLite file: what each said, and since when a fail fails.
//!
//! It stores what [`Snapshot`] says and gives it back; what a change is, `report::past` decides. A file that is not ours, newer,
//! damaged or locked is refused and left as it is; every write is one transaction.

mod store;

use std::path::PathBuf;

pub use store::History;

/// Why a history cannot be read or written. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("`{}` is not a history of Trailproof", .0.display())]
    NotAHistory(PathBuf),
    #[error("`{}` was written by a newer version: its form is {found}, and this program knows form {known}", .path.display())]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("`{}` is damaged: {what}", .path.display())]
    Damaged { path: PathBuf, what: String },
    #[error("`{}` is in use by another program", .0.display())]
    Locked(PathBuf),
    #[error("`{}` cannot be opened: {source}", .path.display())]
    Unusable { path: PathBuf, source: rusqlite::Error },
}

impl HistoryError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAHistory(_) => "name another file; one that does not exist is made",
            Self::Newer { .. } => "use the version of Trailproof that wrote it, or a newer one",
            Self::Damaged { .. } => {
                "restore it from a backup, or name a new file; reports can be added again with `trailproof history FILE --add`"
            }
            Self::Locked(_) => "wait until the other run has ended, and try again",
            Self::Unusable { .. } => "look whether the folder exists and may be written",
        }
    }
}
