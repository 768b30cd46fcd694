//! `--baseline` and `--write-baseline`: files, and words for the terminal.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::scan::{whole_file, writable};
use super::terminal::Terminal;
use super::{Refusal, read};
use crate::baseline::{Applied, Asked, Baseline, KIND};
use crate::finding::Finding;
use crate::inventory::Inventory;
use crate::report::{BaselineView, Report, wording};

/// A baseline that an audit is asked to lay upon its findings. Saved in `settings.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    /// The name that it was given by.
    pub(super) file: String,
    sha256: String,
    baseline: Baseline,
}

/// Reads the baseline that was named.
pub(super) fn load(path: &Path) -> Result<Given, Refusal> {
    let file = path.display().to_string();
    let text = read(path).map_err(|refusal| refusal.hint("`--write-baseline FILE` makes one of what fails now"))?;
    let baseline = Baseline::parse(&file, &text)
        .map_err(|e| Refusal::new(e.to_string()).hint("`--write-baseline FILE` makes one of what fails now"))?;
    let sha256 = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Given { file, sha256, baseline })
}

impl Given {
    /// Marks what it holds.
    pub(super) fn lay(&self, findings: &mut [Finding], inventory: &Inventory, asked: &BTreeSet<String>) -> Applied {
        let scope = &inventory.scope;
        let reached = scope.accounts.iter().filter(|account| account.reached).map(|account| account.id.as_str());
        let files = inventory.code.iter().flat_map(|code| &code.files).map(|file| file.path.as_str());
        self.baseline.apply(findings, &Asked::new(asked, reached, files, !scope.interrupted))
    }

    pub(super) fn view(&self, applied: &Applied, findings: &[Finding]) -> BaselineView {
        BaselineView::of(&self.file, &self.sha256, applied, findings)
    }
}

/// Where a new baseline goes. Tried before anything is read.
pub(super) struct Writing {
    path: PathBuf,
}

impl Writing {
    pub(super) fn prepare(path: &Path) -> Result<Self, Refusal> {
        let shown = path.display();
        if path.is_dir() {
            return Err(Refusal::new(format!("`{shown}` is a folder"))
                .hint("name a file, for example `--write-baseline trailproof-baseline.json`"));
        }
        if path.exists() && !read(path)?.contains(KIND) {
            return Err(Refusal::new(format!("`{shown}` is there, and is no baseline: it is not written over"))
                .hint("name another file, or take this one away"));
        }
        writable(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
        Ok(Writing { path: path.to_path_buf() })
    }

    /// Writes what fails now; of the baseline before stay its dates, and what could not be judged this time.
    pub(super) fn write(&self, report: &Report, before: Option<&Applied>, terminal: &Terminal) -> Result<(), Refusal> {
        let shown = self.path.display();
        if report.collected.interrupted {
            terminal.complain(&format!("`{shown}` was not written: the scan was interrupted"));
            return Ok(());
        }
        let baseline = Baseline::of(&report.findings, before, report.now);
        let text = baseline.to_json().map_err(|e| Refusal::new(format!("the baseline could not be written: {e}")))?;
        whole_file(&self.path, text.as_bytes())?;
        terminal.note(&format!("wrote {shown}: {}; {}", wording::counted(baseline.fails.len(), "fail"), crate::report::CAVEAT));
        Ok(())
    }
}
