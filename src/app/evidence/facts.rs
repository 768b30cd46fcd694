//! The answers of a bundle: brought into it, and read back from it.

use std::path::Path;

use crate::app::terminal::Terminal;
use crate::app::{Refusal, example, inputs, live};
use crate::aws::{CallOutcome, Ending, Recording};
use crate::cli::Scan;
use crate::config::Config;
use crate::evidence::{Draft, Manifest, layout, manifest};
use crate::inventory::Inventory;

/// What the answers say of the run.
pub(super) struct Raw {
    outcomes: Vec<CallOutcome>,
}

/// Brings the answers that the command line asks for into the draft, and reads the facts from there.
pub(super) fn collect(draft: &mut Draft, scan: &Scan, config: &Config, terminal: &Terminal) -> Result<(Raw, Inventory), Refusal> {
    match scan.paths.as_slice() {
        [] => {
            let recording = live::recorded(scan, config, terminal)?.1;
            let recording = recording.ok_or_else(|| Refusal::new("nothing was recorded"))?;
            add(draft, recording.to_files())?;
        }
        [path] => {
            inputs::refuse_live_options(scan)?;
            bring(draft, path)?;
        }
        _ => {
            return Err(Refusal::new("evidence is of one run, and more than one recording is named")
                .hint("seal each by itself; `--previous` links them"));
        }
    }
    let recording = Recording::load(&draft.path(layout::RAW)).map_err(|e| live::recording_refused(&e))?;
    let raw = Raw { outcomes: recording.outcomes().collect() };
    let inventory = live::ask(recording)?;
    Ok((raw, inventory))
}

fn bring(draft: &mut Draft, path: &Path) -> Result<(), Refusal> {
    if path.is_file() {
        return Err(Refusal::new(format!("`{}` is a file, and evidence is made of AWS's raw answers", path.display()))
            .hint("name the folder that `scan --record` wrote"));
    }
    if path.is_dir() {
        // A folder that is no recording is told so by whoever knows what one is.
        let head = path.join("recording.json");
        if !head.is_file() {
            return Recording::load(path).map(|_| ()).map_err(|e| live::recording_refused(&e));
        }
        draft.copy(&head, &format!("{}/recording.json", layout::RAW))?;
        if path.join("calls").exists() {
            draft.copy(&path.join("calls"), &format!("{}/calls", layout::RAW))?;
        }
        return Ok(());
    }
    match example::find(path) {
        Some(files) => add(draft, files),
        None => Err(Refusal::new(format!("there is no `{}`", path.display())).hint("name a recording, or examples/acme-org")),
    }
}

fn add(draft: &mut Draft, files: Vec<(String, Vec<u8>)>) -> Result<(), Refusal> {
    for (path, bytes) in files {
        draft.add(&format!("{}/{path}", layout::RAW), &bytes)?;
    }
    Ok(())
}

impl Raw {
    /// Writes into the manifest what the answers say of the run.
    pub(super) fn describe(&self, manifest: &mut Manifest) {
        let count = |ending: Ending| self.outcomes.iter().filter(|o| o.ending == ending).count();
        let coverage = &mut manifest.coverage;
        coverage.calls = self.outcomes.len();
        coverage.ok = count(Ending::Answered);
        coverage.denied = count(Ending::Denied);
        coverage.error = count(Ending::Failed);
        let difference = |o: &CallOutcome| {
            let date = jiff::fmt::rfc2822::parse(o.server_date.as_deref()?).ok()?;
            i64::try_from(o.time.duration_since(date.timestamp()).as_millis()).ok()
        };
        manifest.clock = manifest::Clock::of(self.outcomes.iter().filter_map(difference).collect());
    }
}
