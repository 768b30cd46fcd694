//! Reading AWS, and replaying recordings of it: the runtime, Ctrl-C and progress.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::terminal::Terminal;
use super::{Refusal, scan::writable};
use crate::aws::{self, ConnectError, Interrupt, Operation, Options, Progress, Recording, RecordingError, Session, Silent};
use crate::cli::Scan;
use crate::config::Config;
use crate::inventory::Inventory;
use crate::source;

/// Reads the account of the current credentials.
pub(super) fn scan(scan: &Scan, config: &Config, terminal: &Terminal) -> Result<Inventory, Refusal> {
    if let Some(folder) = &scan.record {
        empty(folder)?;
        writable(folder)?;
    }
    let interrupt = Interrupt::default();
    let options = Options {
        profile: scan.profile.clone().or_else(|| config.profile.clone()),
        regions: if scan.regions.is_empty() { config.regions.clone() } else { scan.regions.clone() },
        progress: progress(terminal),
        interrupt: interrupt.clone(),
        ..Options::default()
    };
    runtime()?.block_on(async {
        tokio::spawn(async move {
            // The second Ctrl-C is for whoever cannot wait for what was read to be written.
            if tokio::signal::ctrl_c().await.is_ok() {
                interrupt.trigger();
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        });
        let session = aws::connect(options).await.map_err(|e| {
            let exit = if matches!(e, ConnectError::Interrupted) { 130 } else { 2 };
            Refusal { exit, ..Refusal::caused(&e).hint(e.hint()) }
        })?;
        let inventory = source::aws::collect(&session).await.map_err(|e| Refusal::caused(&e))?;
        if let Some(folder) = &scan.record {
            session.recording().write(folder).map_err(|e| recording_refused(&e))?;
            terminal.note(&format!("recorded {} calls in {}", inventory.calls.len(), folder.display()));
        }
        if inventory.scope.interrupted {
            terminal.complain("interrupted: the report holds what was read until then, and the rest is unknown");
        }
        Ok(inventory)
    })
}

/// Asks a recording on disk.
pub(super) fn replay(folder: &Path, _: &Terminal) -> Result<Inventory, Refusal> {
    ask(Recording::load(folder).map_err(|e| recording_refused(&e))?)
}

/// Asks an embedded recording.
pub(super) fn replay_files(files: Vec<(String, Vec<u8>)>, _: &Terminal) -> Result<Inventory, Refusal> {
    ask(Recording::from_files(files).map_err(|e| recording_refused(&e))?)
}

fn ask(recording: Recording) -> Result<Inventory, Refusal> {
    let session = Session::replay(recording);
    runtime()?
        .block_on(source::aws::collect(&session))
        .map_err(|e| Refusal::caused(&e).hint("the recording holds no answer about who recorded it"))
}

fn recording_refused(error: &RecordingError) -> Refusal {
    Refusal::caused(error).hint(error.hint())
}

/// A recording never mixes with an older one.
fn empty(folder: &Path) -> Result<(), Refusal> {
    let used = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if used {
        return Err(Refusal::new(format!("the folder `{}` is not empty", folder.display()))
            .hint("record into a new folder: evidence is not overwritten"));
    }
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime, Refusal> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| Refusal::new(format!("cannot start: {e}")))
}

fn progress(terminal: &Terminal) -> Arc<dyn Progress> {
    if terminal.quiet || !std::io::stderr().is_terminal() || terminal.verbose > 1 {
        return Arc::new(Silent);
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    Arc::new(Bar { bar, done: AtomicUsize::new(0), open: AtomicUsize::new(0), throttled: AtomicUsize::new(0) })
}

/// Calls done and under way, on one line of a terminal.
struct Bar {
    bar: ProgressBar,
    done: AtomicUsize,
    open: AtomicUsize,
    throttled: AtomicUsize,
}

impl Bar {
    fn show(&self, operation: &Operation, region: &str) {
        let (done, open) = (self.done.load(Ordering::Relaxed), self.open.load(Ordering::Relaxed));
        let throttled = match self.throttled.load(Ordering::Relaxed) {
            0 => String::new(),
            n => format!(", throttled {n} times"),
        };
        self.bar.set_message(format!(
            "{done} calls answered, {open} under way{throttled}: {}:{} {region}",
            operation.service, operation.name
        ));
    }
}

impl Progress for Bar {
    fn call_started(&self, operation: &Operation, region: &str) {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.show(operation, region);
    }
    fn call_finished(&self, operation: &Operation, region: &str) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.done.fetch_add(1, Ordering::Relaxed);
        self.show(operation, region);
    }
    fn throttled(&self, operation: &Operation, region: &str) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
        self.show(operation, region);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
