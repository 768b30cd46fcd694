//! Reading AWS, and replaying recordings of it: the runtime, Ctrl-C and progress.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use super::terminal::Terminal;
use super::{Refusal, scan::writable};
use crate::aws::{self, ConnectError, Interrupt, Operation, Options, Plan, Progress, Recording, RecordingError, Session, Silent};
use crate::cli::Scan;
use crate::config::{Config, ROLE_NAME};
use crate::inventory::Inventory;
use crate::source;

/// Reads the account of the current credentials.
pub(super) fn scan(scan: &Scan, config: &Config, terminal: &Terminal) -> Result<Inventory, Refusal> {
    Ok(recorded(scan, config, terminal)?.0)
}

/// Reads the accounts, and keeps what was answered where a recording or evidence is asked for.
pub(super) fn recorded(scan: &Scan, config: &Config, terminal: &Terminal) -> Result<(Inventory, Option<Recording>), Refusal> {
    let plan = plan(scan, config)?;
    let mut resumed = None;
    match &scan.record {
        Some(folder) if scan.resume => {
            let recording = Recording::load(folder).map_err(|e| recording_refused(&e))?;
            same_run(&recording, &plan)?;
            writable(folder)?;
            resumed = Some(Arc::new(recording));
        }
        Some(folder) => {
            empty(folder)?;
            writable(folder)?;
        }
        None if scan.resume => {
            return Err(Refusal::new("`--resume` goes on with a recording, and none is named")
                .hint("name its folder with `--record DIR`"));
        }
        None => {}
    }
    let interrupt = Interrupt::default();
    let options = Options {
        profile: scan.live.profile.clone().or_else(|| config.profile.clone()),
        regions: if scan.live.regions.is_empty() { config.regions.clone() } else { scan.live.regions.clone() },
        progress: progress(terminal),
        interrupt: interrupt.clone(),
        keep_answers: scan.record.is_some() || scan.evidence.is_some(),
        resumed,
        ..Options::default()
    };
    runtime(Threads::EachCore)?.block_on(async {
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
        let inventory = source::aws::collect(&session, &plan).await.map_err(|e| Refusal::caused(&e).hint(e.hint()))?;
        let recording = (scan.record.is_some() || scan.evidence.is_some()).then(|| session.recording(&plan));
        if let (Some(folder), Some(recording)) = (&scan.record, &recording) {
            let written = if scan.resume { recording.write_over(folder) } else { recording.write(folder) };
            written.map_err(|e| recording_refused(&e))?;
            terminal.note(&format!("recorded {} calls in {}", inventory.calls.len(), folder.display()));
        }
        if inventory.scope.interrupted {
            terminal.complain("interrupted: the report holds what was read until then, and the rest is unknown");
        }
        Ok((inventory, recording))
    })
}

/// Which accounts the command line and trailproof.yaml mean together. The command line stands above the file.
pub(super) fn plan(scan: &Scan, config: &Config) -> Result<Plan, Refusal> {
    let file = &config.accounts;
    let mut accounts: BTreeMap<String, Option<String>> = if scan.live.accounts.is_empty() && !scan.live.org {
        file.include.iter().map(|a| (a.id().to_string(), a.role().map(str::to_string))).collect()
    } else {
        BTreeMap::new()
    };
    for named in &scan.live.accounts {
        let (id, role) = match named.split_once('=') {
            Some((id, role)) => (id, Some(role.to_string())),
            None => (named.as_str(), None),
        };
        if accounts.insert(id.to_string(), role.clone()).is_some_and(|before| before != role) {
            return Err(Refusal::new(format!("account {id} is named twice, with different roles")).hint("name it once"));
        }
    }
    let organization = scan.live.org || (scan.live.accounts.is_empty() && file.organization);
    let or = |given: &[String], file: &[String]| -> BTreeSet<String> {
        if given.is_empty() { file.iter().cloned().collect() } else { given.iter().cloned().collect() }
    };
    let plan = Plan {
        accounts,
        role_name: scan.live.role_name.clone().or_else(|| file.role_name.clone()).unwrap_or_else(|| ROLE_NAME.into()),
        external_id: scan.live.external_id.clone().or_else(|| file.external_id.clone()),
        organization,
        units: if organization { or(&scan.live.units, &file.units) } else { scan.live.units.iter().cloned().collect() },
        excluded_accounts: or(&scan.live.excluded_accounts, &file.exclude),
        excluded_units: if organization {
            or(&scan.live.excluded_units, &file.exclude_units)
        } else {
            scan.live.excluded_units.iter().cloned().collect()
        },
        skip: if scan.live.skip.is_empty() { file.skip.clone() } else { scan.live.skip.iter().copied().collect() },
        log_account: scan.live.log_account.clone().or_else(|| file.log_account.clone()),
    };
    plan.check().map_err(|e| Refusal::new(e.to_string()).hint(e.hint()))?;
    Ok(plan)
}

/// A recording is one run: what it goes on with is the same question.
fn same_run(recording: &Recording, plan: &Plan) -> Result<(), Refusal> {
    let asked = Plan { external_id: None, ..plan.clone() };
    if *recording.plan() != asked {
        return Err(Refusal::new("the recording was begun with other accounts or roles")
            .hint("give the same options as when it was begun, or record into a new folder"));
    }
    if !recording.was_interrupted() {
        return Err(Refusal::new("the recording is complete, so that there is nothing to go on with")
            .hint("record into a new folder: evidence is not overwritten"));
    }
    Ok(())
}

/// Asks a recording on disk.
pub(super) fn replay(folder: &Path, _: &Terminal) -> Result<Inventory, Refusal> {
    ask(Recording::load(folder).map_err(|e| recording_refused(&e))?)
}

/// Asks an embedded recording.
pub(super) fn replay_files(files: Vec<(String, Vec<u8>)>, _: &Terminal) -> Result<Inventory, Refusal> {
    ask(Recording::from_files(files).map_err(|e| recording_refused(&e))?)
}

pub(super) fn ask(recording: Recording) -> Result<Inventory, Refusal> {
    let plan = recording.plan().clone();
    let threads = if recording.len() < SMALL { Threads::One } else { Threads::EachCore };
    let session = Session::replay(recording);
    runtime(threads)?.block_on(source::aws::collect(&session, &plan)).map_err(|e| match e {
        source::aws::CollectError::Identity(_) => Refusal::caused(&e).hint("the recording holds no answer about who recorded it"),
        e => Refusal::caused(&e).hint(e.hint()),
    })
}

pub(super) fn recording_refused(error: &RecordingError) -> Refusal {
    Refusal::caused(error).hint(error.hint())
}

impl From<RecordingError> for Refusal {
    fn from(error: RecordingError) -> Self {
        recording_refused(&error)
    }
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

/// Calls of a recording that one thread answers sooner than several would begin to.
const SMALL: usize = 500;

/// A replay waits for nobody: one thread answers a small one soonest. Many accounts keep every core busy.
pub(super) fn runtime(threads: Threads) -> Result<tokio::runtime::Runtime, Refusal> {
    let mut builder = match threads {
        Threads::One => tokio::runtime::Builder::new_current_thread(),
        Threads::EachCore => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.enable_all().build().map_err(|e| Refusal::new(format!("cannot start: {e}")))
}

pub(super) enum Threads {
    One,
    EachCore,
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
    Arc::new(Bar {
        bar,
        begun: Instant::now(),
        done: 0.into(),
        open: 0.into(),
        throttled: 0.into(),
        accounts: 0.into(),
        read: 0.into(),
    })
}

/// Accounts and calls done and under way, on one line of a terminal.
struct Bar {
    bar: ProgressBar,
    begun: Instant,
    done: AtomicUsize,
    open: AtomicUsize,
    throttled: AtomicUsize,
    accounts: AtomicUsize,
    read: AtomicUsize,
}

impl Bar {
    fn show(&self, operation: &Operation, region: &str) {
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        let accounts = match of(&self.accounts) {
            0 | 1 => String::new(),
            total => format!("{} of {total} accounts{}, ", of(&self.read), self.left(of(&self.read), total)),
        };
        let throttled = match of(&self.throttled) {
            0 => String::new(),
            n => format!(", throttled {n} times"),
        };
        self.bar.set_message(format!(
            "{accounts}{} calls answered, {} under way{throttled}: {}:{} {region}",
            of(&self.done),
            of(&self.open),
            operation.service,
            operation.name
        ));
    }

    /// How long the rest takes where it goes on as it went so far.
    fn left(&self, read: usize, total: usize) -> String {
        if read == 0 || read >= total {
            return String::new();
        }
        let each = self.begun.elapsed().as_secs_f64() / read as f64;
        format!(" (about {} left)", HumanDuration(Duration::from_secs_f64(each * (total - read) as f64)))
    }
}

impl Progress for Bar {
    fn accounts(&self, total: usize) {
        self.accounts.store(total, Ordering::Relaxed);
    }
    fn account_done(&self) {
        self.read.fetch_add(1, Ordering::Relaxed);
    }
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
