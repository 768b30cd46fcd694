//! The saved inventory: facts that an earlier run wrote down.

use std::path::Path;

use crate::inventory::{Inventory, InventoryError};

/// Why a saved inventory could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    #[error("cannot read `{path}`")]
    Read { path: String, source: std::io::Error },
    #[error("`{path}` cannot be used")]
    Inventory { path: String, source: InventoryError },
}

impl SavedError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Read { .. } => "check that the file exists and can be read".into(),
            Self::Inventory { source: InventoryError::Version { .. }, .. } => {
                "read it with the version that wrote it, or scan again".into()
            }
            Self::Inventory { .. } => {
                "give the `inventory.json` that a scan wrote, or what `terraform show -json PLANFILE` prints".into()
            }
        }
    }
}

/// Loads a saved inventory, and puts its lists in their stable order.
///
/// # Errors
/// A file that cannot be read, or that is not a saved inventory of this version.
pub fn load(path: &Path) -> Result<Inventory, SavedError> {
    let shown = || path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| SavedError::Read { path: shown(), source })?;
    let mut inventory = Inventory::from_json(&text).map_err(|source| SavedError::Inventory { path: shown(), source })?;
    inventory.sort();
    Ok(inventory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Scope;

    fn empty() -> Inventory {
        Inventory::empty(Scope {
            started: "2026-01-02T03:04:05Z".parse().expect("a time"),
            ended: "2026-01-02T03:04:06Z".parse().expect("a time"),
            interrupted: false,
            synthetic: true,
            regions_asked: Vec::new(),
            accounts: Vec::new(),
            gaps: Vec::new(),
        })
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("inventory.json");
        std::fs::write(&path, empty().to_json().expect("json")).expect("written");
        assert_eq!(load(&path).expect("loads"), empty());
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("inventory.json");
        let error = load(&path).expect_err("no file");
        assert!(error.to_string().contains("inventory.json") && error.hint().contains("exists"));
        std::fs::write(&path, r#"{"kind":"trailproof-inventory","schema_version":"0"}"#).expect("written");
        assert!(load(&path).expect_err("old").hint().contains("version"));
        std::fs::write(&path, "{}").expect("written");
        assert!(load(&path).expect_err("other").hint().contains("inventory.json"));
    }
}
