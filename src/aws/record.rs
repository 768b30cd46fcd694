//! Recordings: the raw exchanges of one run, kept so that the run can be repeated without AWS.
//!
//! ```text
//! DIR/recording.json                                        what the run was, and the SHA-256 of every other file
//! DIR/calls/ACCOUNT/REGION/SERVICE.Operation.HASH12.json    one exchange each: the request's canonical form, the last answer
//! ```
//!
//! A recording is read whole or not at all: a file that is missing, changed or not listed is an error. Nothing in it can
//! sign a request.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::exchange::{Body, Breakage, Reply, Request, hex, key_of};
use super::plan::Plan;
use crate::inventory::Gap;

/// The version of the recorded form.
pub(super) const SCHEMA_VERSION: &str = "1";
const KIND: &str = "trailproof-recording";
const HEAD: &str = "recording.json";

/// The raw exchanges of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    pub(super) head: Head,
    /// By their key.
    envelopes: BTreeMap<String, Envelope>,
}

/// What the run was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) kind: String,
    pub(super) schema_version: String,
    /// The version of the tool that recorded.
    pub(super) tool_version: String,
    pub(super) started: Timestamp,
    pub(super) ended: Timestamp,
    pub(super) interrupted: bool,
    /// Whether the account's data was made up for a demonstration.
    pub(super) synthetic: bool,
    pub(super) regions_asked: Vec<String>,
    /// The Region in which calls about the account as a whole were made.
    pub(super) base_region: String,
    /// The account of the caller.
    pub(super) account: String,
    pub(super) partition: String,
    /// Which accounts were to be read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) plan: Plan,
    /// The accounts that were entered by a role, or could not be.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) accounts: BTreeMap<String, AccountHead>,
    /// path -> SHA-256 of the file, in hex.
    pub(super) files: BTreeMap<String, String>,
}

/// What became of an account that was to be entered by a role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountHead {
    pub(super) partition: String,
    /// Why it could not be entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<Gap>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One exchange, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Envelope {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) service: String,
    pub(super) operation: String,
    pub(super) about: String,
    /// Absent where none was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<Request>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    /// When the answer came, or was given up.
    pub(super) time: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Body>,
    /// Why there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Breakage>,
}

impl Envelope {
    pub(super) fn key(&self) -> String {
        let Envelope { account, region, service, operation, about, request, .. } = self;
        key_of(account, region, service, operation, about, request.as_ref())
    }

    pub(super) fn reply(&self) -> Reply {
        match (&self.error, self.status) {
            (None, Some(status)) => {
                Reply::Answer { status, headers: self.headers.clone(), body: self.body.clone().unwrap_or_default() }
            }
            (Some(error), _) => Reply::Broken(error.clone()),
            (None, None) => unreachable!("load refuses an envelope without an answer and without an error"),
        }
    }

    fn path(&self, key: &str) -> String {
        let Envelope { account, region, service, operation, .. } = self;
        format!("calls/{account}/{region}/{service}.{operation}.{}.json", &key[..12])
    }

    /// Services deny with 403, or with 400 and an error that says so.
    fn is_denied(&self, status: u16) -> bool {
        let kind = self.headers.get("x-amzn-errortype").map_or("", String::as_str);
        let says = |text: &str| super::gap::DENIED.iter().any(|code| text.contains(code));
        let body = || matches!(&self.body, Some(Body::Text(text)) if text.len() < 4096 && says(text));
        matches!(status, 401 | 403) || (status == 400 && (says(kind) || body()))
    }

    fn is_whole(&self) -> bool {
        self.status.is_some() != self.error.is_some() && self.body.as_ref().is_none_or(|body| body.to_bytes().is_some())
    }
}

/// How a recorded call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOutcome {
    /// When the answer came, by the clock of the machine that asked.
    pub time: Timestamp,
    /// The answer's `Date`, as the service wrote it; absent where it wrote none.
    pub server_date: Option<String>,
    pub ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With a value, or with the word that there is none.
    Answered,
    Denied,
    /// With another error, or not at all.
    Failed,
}

/// Why a recording could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    #[error("`{path}` is not a recording: it has no `{HEAD}`")]
    NoHead { path: String },
    #[error("cannot read `{path}`")]
    Read { path: String, source: io::Error },
    #[error("cannot write `{path}`")]
    Write { path: String, source: io::Error },
    #[error("`{path}` is not empty")]
    NotEmpty { path: String },
    #[error("`{path}` is not what a recording holds: {source}")]
    Json { path: String, source: serde_json::Error },
    #[error("`{HEAD}` says it is `{0}`, not a recording")]
    Kind(String),
    #[error("the recording has schema version {found}; this version reads {SCHEMA_VERSION}")]
    Version { found: String },
    #[error("the recording lists `{path}`, which is missing")]
    Missing { path: String },
    #[error("`{path}` is not as it was recorded: its SHA-256 is another")]
    Changed { path: String },
    #[error("`{path}` is in the recording's folder, but the recording does not list it")]
    Unlisted { path: String },
    #[error("the recording lists `{path}`, which is outside of `calls/`")]
    Outside { path: String },
    #[error("`{path}` holds another exchange than its name says")]
    Misplaced { path: String },
    #[error("`{path}` holds neither an answer nor an error, or both")]
    Hollow { path: String },
    #[error("`{path}` is neither a file nor a folder")]
    NotAFile { path: String },
}

impl RecordingError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NoHead { .. } | Self::Kind(_) => format!("give the folder that `--record` wrote; it holds `{HEAD}`"),
            Self::Read { .. } => "check that the path exists and can be read".into(),
            Self::Write { .. } => "check that the folder can be written".into(),
            Self::NotEmpty { .. } => "give `--record` a folder that does not exist yet".into(),
            Self::Version { .. } => "replay it with the version that recorded it, named in `tool_version`".into(),
            Self::Unlisted { .. } => "remove the file, or restore the recording from a copy".into(),
            _ => "the recording was changed or cut after it was written; restore it from a copy, or record again".into(),
        }
    }
}

#[derive(Deserialize)]
struct Label {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    schema_version: String,
}

impl Recording {
    pub(super) fn new(head: Head, envelopes: impl IntoIterator<Item = Envelope>) -> Self {
        let envelopes: BTreeMap<_, _> = envelopes.into_iter().map(|e| (e.key(), e)).collect();
        let mut recording = Recording { head, envelopes };
        recording.head.files = recording.files().map(|(path, bytes)| (path, sha256(&bytes))).collect();
        recording
    }

    /// The account that was read.
    pub fn account(&self) -> &str {
        &self.head.account
    }

    /// How many calls it holds.
    pub fn len(&self) -> usize {
        self.envelopes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.envelopes.is_empty()
    }

    /// Marks the data as made up for a demonstration; every report made from it says so.
    pub fn mark_synthetic(&mut self) {
        self.head.synthetic = true;
    }

    /// The recording without the answers of one operation.
    #[cfg(test)]
    pub(crate) fn without(&self, service: &str, operation: &str) -> Self {
        let kept = self.envelopes.values().filter(|e| (e.service.as_str(), e.operation.as_str()) != (service, operation));
        Self::new(self.head.clone(), kept.cloned())
    }

    pub(super) fn find(&self, key: &str) -> Option<&Envelope> {
        self.envelopes.get(key)
    }

    /// The files of the exchanges, path and bytes.
    fn files(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        self.envelopes.iter().map(|(key, envelope)| (envelope.path(key), json(envelope)))
    }

    /// Every file, path and bytes: what [`Recording::from_files`] reads.
    pub fn to_files(&self) -> Vec<(String, Vec<u8>)> {
        // What was read may have been laid out in another way; the sums are of what is written.
        let files: Vec<(String, Vec<u8>)> = self.files().collect();
        let sums = files.iter().map(|(path, bytes)| (path.clone(), sha256(bytes))).collect();
        let head = Head { files: sums, ..self.head.clone() };
        std::iter::once((HEAD.to_string(), json(&head))).chain(files).collect()
    }

    /// Reads a recording's folder.
    ///
    /// # Errors
    /// A file that cannot be read, and whatever [`Recording::from_files`] refuses.
    pub fn load(dir: &Path) -> Result<Self, RecordingError> {
        let mut files = Vec::new();
        let head = dir.join(HEAD);
        if !head.is_file() {
            return Err(RecordingError::NoHead { path: show(dir) });
        }
        files.push((HEAD.to_string(), read(&head)?));
        let calls = dir.join("calls");
        if calls.exists() {
            walk(&calls, "calls", &mut files)?;
        }
        Self::from_files(files)
    }

    /// Reads a recording from its files: paths with `/` below the recording's folder, and their bytes.
    ///
    /// # Errors
    /// A recording of another kind or version; a file that is missing, changed, not listed, or not where it belongs.
    pub fn from_files(files: impl IntoIterator<Item = (impl Into<String>, impl Into<Vec<u8>>)>) -> Result<Self, RecordingError> {
        let mut files: BTreeMap<String, Vec<u8>> = files.into_iter().map(|(path, bytes)| (path.into(), bytes.into())).collect();
        let head = files.remove(HEAD).ok_or_else(|| RecordingError::NoHead { path: ".".into() })?;
        let head_error = |source| RecordingError::Json { path: HEAD.into(), source };
        let label: Label = serde_json::from_slice(&head).map_err(head_error)?;
        if label.kind != KIND {
            return Err(RecordingError::Kind(label.kind));
        }
        if label.schema_version != SCHEMA_VERSION {
            return Err(RecordingError::Version { found: label.schema_version });
        }
        let head: Head = serde_json::from_slice(&head).map_err(head_error)?;
        let mut envelopes = BTreeMap::new();
        for (path, sum) in &head.files {
            if !is_inside(path) {
                return Err(RecordingError::Outside { path: path.clone() });
            }
            let bytes = files.remove(path).ok_or_else(|| RecordingError::Missing { path: path.clone() })?;
            if sha256(&bytes) != *sum {
                return Err(RecordingError::Changed { path: path.clone() });
            }
            let envelope: Envelope =
                serde_json::from_slice(&bytes).map_err(|source| RecordingError::Json { path: path.clone(), source })?;
            let key = envelope.key();
            if envelope.path(&key) != *path || !head.holds(&envelope.account) {
                return Err(RecordingError::Misplaced { path: path.clone() });
            }
            if !envelope.is_whole() {
                return Err(RecordingError::Hollow { path: path.clone() });
            }
            envelopes.insert(key, envelope);
        }
        if let Some(path) = files.into_keys().next() {
            return Err(RecordingError::Unlisted { path });
        }
        Ok(Recording { head, envelopes })
    }

    /// How each call ended, and when by whose clock.
    pub fn outcomes(&self) -> impl Iterator<Item = CallOutcome> {
        self.envelopes.values().map(|e| CallOutcome {
            time: e.time,
            server_date: e.headers.get("date").cloned(),
            ending: match (e.status, &e.error) {
                (Some(status), None) if status < 400 || status == 404 => Ending::Answered,
                (Some(status), None) if e.is_denied(status) => Ending::Denied,
                _ => Ending::Failed,
            },
        })
    }

    /// The run with something taken out of the answers: `edit` changes a body and says how often. What was changed stands
    /// beside, by its file.
    pub fn edited(mut self, edit: impl Fn(&mut Vec<u8>) -> usize) -> (Self, BTreeMap<String, usize>) {
        let mut changed = BTreeMap::new();
        for (key, envelope) in &mut self.envelopes {
            let Some(mut bytes) = envelope.body.as_ref().and_then(Body::to_bytes) else { continue };
            let count = edit(&mut bytes);
            if count > 0 {
                envelope.body = Some(Body::from_bytes(bytes));
                changed.insert(envelope.path(key), count);
            }
        }
        (Self::new(self.head, self.envelopes.into_values()), changed)
    }

    /// The plan that the run followed.
    pub fn plan(&self) -> &Plan {
        &self.head.plan
    }

    /// Whether the run was stopped before it had asked everything.
    pub fn was_interrupted(&self) -> bool {
        self.head.interrupted
    }

    /// Writes over an earlier state of the same run. The old `recording.json` goes first and the new one comes last, so that
    /// a folder cut short is no recording.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn write_over(&self, dir: &Path) -> Result<(), RecordingError> {
        let failed = |path: &Path| {
            let path = show(path);
            move |source| RecordingError::Write { path, source }
        };
        let (head, calls) = (dir.join(HEAD), dir.join("calls"));
        if head.exists() {
            fs::remove_file(&head).map_err(failed(&head))?;
        }
        if calls.exists() {
            fs::remove_dir_all(&calls).map_err(failed(&calls))?;
        }
        self.write(dir)
    }

    /// Writes the recording's folder; `recording.json` comes last, so that a folder cut short is no recording.
    ///
    /// # Errors
    /// A folder that is not empty, or that cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), RecordingError> {
        let failed = |path: &Path| {
            let path = show(path);
            move |source| RecordingError::Write { path, source }
        };
        fs::create_dir_all(dir).map_err(failed(dir))?;
        if fs::read_dir(dir).map_err(failed(dir))?.next().is_some() {
            return Err(RecordingError::NotEmpty { path: show(dir) });
        }
        for (name, bytes) in self.files().chain([(HEAD.to_string(), json(&self.head))]) {
            let path = dir.join(name);
            let folder = path.parent().unwrap_or(dir);
            fs::create_dir_all(folder).map_err(failed(folder))?;
            fs::write(&path, bytes).map_err(failed(&path))?;
        }
        Ok(())
    }
}

impl Head {
    fn holds(&self, account: &str) -> bool {
        self.account == account || self.accounts.contains_key(account)
    }

    pub(super) fn kind() -> String {
        KIND.into()
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("every type of a recording serializes");
    bytes.push(b'\n');
    bytes
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Whether a listed path stays below `calls/`.
fn is_inside(path: &str) -> bool {
    !path.contains('\\')
        && path.starts_with("calls/")
        && Path::new(path).components().all(|component| matches!(component, Component::Normal(_)))
}

fn walk(dir: &Path, name: &str, files: &mut Vec<(String, Vec<u8>)>) -> Result<(), RecordingError> {
    let failed = |source| RecordingError::Read { path: show(dir), source };
    let mut entries: Vec<PathBuf> =
        fs::read_dir(dir).map_err(failed)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>().map_err(failed)?;
    entries.sort();
    for path in entries {
        let kind = fs::symlink_metadata(&path).map_err(|source| RecordingError::Read { path: show(&path), source })?.file_type();
        let name = format!("{name}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if kind.is_dir() {
            walk(&path, &name, files)?;
        } else if kind.is_file() {
            files.push((name, read(&path)?));
        } else {
            return Err(RecordingError::NotAFile { path: name });
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, RecordingError> {
    fs::read(path).map_err(|source| RecordingError::Read { path: show(path), source })
}

fn show(path: &Path) -> String {
    path.display().to_string()
}
