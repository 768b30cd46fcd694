//! The answers of a bundle: brought into it, and read back from it.

use std::path::Path;

use crate::app::terminal::Terminal;
use crate::app::{Refusal, example, inputs, live};
use crate::aws::{CallOutcome, Ending, Recording};
use crate::cli::Scan;
use crate::config::Config;
use crate::evidence::manifest::{self, Redaction};
use crate::evidence::redact::emails;
use crate::evidence::{Draft, Manifest, layout};
use crate::inventory::Inventory;

/// What the answers say of the run.
pub(super) struct Raw {
    outcomes: Vec<CallOutcome>,
    redactions: Vec<Redaction>,
}

/// Brings the answers that the command line asks for into the draft, and reads the facts from there.
pub(super) fn collect(
    draft: &mut Draft,
    redact: bool,
    scan: &Scan,
    config: &Config,
    terminal: &Terminal,
) -> Result<(Raw, Inventory), Refusal> {
    let mut redactions = Vec::new();
    let mut bring = |draft: &mut Draft, recording: Recording| -> Result<(), Refusal> {
        let edit = |body: &mut Vec<u8>| if redact { emails(body) } else { 0 };
        recording.each_file(edit, |path, bytes, count| {
            let path = format!("{}/{path}", layout::RAW);
            draft.add(&path, bytes)?;
            if count > 0 {
                redactions.push(Redaction { path, what: "e-mail address".into(), count });
            }
            Ok(())
        })
    };
    match scan.paths.as_slice() {
        [] => {
            let recording = live::recorded(scan, config, terminal)?.1;
            bring(draft, recording.ok_or_else(|| Refusal::new("nothing was recorded"))?)?;
        }
        [path] => {
            inputs::refuse_live_options(scan)?;
            match found(path)? {
                Found::Folder if redact => bring(draft, load(path)?)?,
                Found::Folder => copy(draft, path)?,
                Found::Example(files) if !redact => {
                    for (path, bytes) in files.iter().filter(|(path, _)| path == "recording.json" || path.starts_with("calls/")) {
                        draft.add(&format!("{}/{path}", layout::RAW), bytes)?;
                    }
                }
                Found::Example(files) => {
                    bring(draft, Recording::from_files(files).map_err(|e| live::recording_refused(&e))?)?;
                }
            }
        }
        _ => {
            return Err(Refusal::new("evidence is of one run, and more than one recording is named")
                .hint("seal each by itself; `--previous` links them"));
        }
    }
    let recording = load(&draft.path(layout::RAW))?;
    let raw = Raw { outcomes: recording.outcomes().collect(), redactions };
    let inventory = live::ask(recording)?;
    Ok((raw, inventory))
}

enum Found {
    Folder,
    Example(Vec<(String, Vec<u8>)>),
}

fn found(path: &Path) -> Result<Found, Refusal> {
    if path.is_file() {
        return Err(Refusal::new(format!("`{}` is a file, and evidence is made of AWS's raw answers", path.display()))
            .hint("name the folder that `scan --record` wrote"));
    }
    match (path.is_dir(), example::find(path)) {
        (true, _) => Ok(Found::Folder),
        (false, Some(files)) => Ok(Found::Example(files)),
        (false, None) => {
            Err(Refusal::new(format!("there is no `{}`", path.display())).hint("name a recording, or examples/acme-org"))
        }
    }
}

fn load(folder: &Path) -> Result<Recording, Refusal> {
    Recording::load(folder).map_err(|e| live::recording_refused(&e))
}

/// The files as they are; what is no recording, whoever loads it says.
fn copy(draft: &mut Draft, folder: &Path) -> Result<(), Refusal> {
    let (head, calls) = (folder.join("recording.json"), folder.join("calls"));
    if !head.is_file() {
        return load(folder).map(|_| ());
    }
    draft.copy(&head, &format!("{}/recording.json", layout::RAW))?;
    if calls.exists() {
        draft.copy(&calls, &format!("{}/calls", layout::RAW))?;
    }
    Ok(())
}

impl Raw {
    /// Writes into the manifest what the answers say of the run.
    pub(super) fn describe(&self, manifest: &mut Manifest) {
        manifest.redactions.extend(self.redactions.iter().cloned());
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
