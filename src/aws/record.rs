//! Recordings: the raw exchanges of one run, kept so that the run can be repeated without AWS.
//!
//! ```text
//! DIR/recording.json                                        what the run was, and the SHA-256 of every other file
//! DIR/calls/ACCOUNT/REGION/SERVICE.Operation.HASH12.json    one exchange each: the request's canonical form, the last answer
//! ```
//!
//! A recording is read whole or not at all: a file that is missing, changed or not listed is an error. Nothing in it can
//! sign a request.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::cbor;
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
    exchanges: BTreeMap<String, Kept>,
}

/// An exchange: in memory, or left in the file that it was read from, so that a recording may be larger than the memory.
#[derive(Clone, Debug, PartialEq)]
enum Kept {
    Here(Box<Envelope>),
    File { file: PathBuf, path: String, sum: String, outcome: CallOutcome },
}

impl Kept {
    fn envelope(&self) -> Result<Cow<'_, Envelope>, RecordingError> {
        match self {
            Kept::Here(envelope) => Ok(Cow::Borrowed(&**envelope)),
            Kept::File { file, path, sum, .. } => Ok(Cow::Owned(Envelope::read(path, &read(file)?, sum)?.1)),
        }
    }
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
    /// What a body in CBOR says, for people: a replay reads the body itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) decoded: Option<Value>,
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

    /// Reads an exchange, and its key.
    fn read(path: &str, bytes: &[u8], sum: &str) -> Result<(String, Envelope), RecordingError> {
        if sha256(bytes) != sum {
            return Err(RecordingError::Changed { path: path.into() });
        }
        let envelope: Envelope =
            serde_json::from_slice(bytes).map_err(|source| RecordingError::Json { path: path.into(), source })?;
        let key = envelope.key();
        if envelope.path(&key) != path {
            return Err(RecordingError::Misplaced { path: path.into() });
        }
        if !envelope.is_whole() {
            return Err(RecordingError::Hollow { path: path.into() });
        }
        if envelope.decoded.is_some() && envelope.decoded != envelope.decode() {
            return Err(RecordingError::Belied { path: path.into() });
        }
        Ok((key, envelope))
    }

    fn outcome(&self) -> CallOutcome {
        CallOutcome {
            time: self.time,
            server_date: self.headers.get("date").cloned(),
            ending: match (self.status, &self.error) {
                (Some(status), None) if status < 400 || status == 404 || self.is_without_hub() => Ending::Answered,
                (Some(status), None) if self.is_denied(status) => Ending::Denied,
                _ => Ending::Failed,
            },
        }
    }

    fn path(&self, key: &str) -> String {
        let Envelope { account, region, service, operation, .. } = self;
        format!("calls/{account}/{region}/{service}.{operation}.{}.json", &key[..12])
    }

    /// Whether the body is in CBOR.
    fn is_cbor(&self) -> bool {
        self.headers.get("content-type").is_some_and(|kind| kind.starts_with("application/cbor"))
    }

    /// What a body in CBOR says.
    fn decode(&self) -> Option<Value> {
        self.body.as_ref().filter(|_| self.is_cbor()).and_then(Body::to_bytes).and_then(|bytes| cbor::to_json(&bytes))
    }

    /// Security Hub says with a refusal that nobody has enabled it.
    fn is_without_hub(&self) -> bool {
        let says = |body: &Body| matches!(body, Body::Text(text) if text.contains("not subscribed"));
        self.service == "securityhub" && self.body.as_ref().is_some_and(says)
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
    #[error("`{path}` shows under `decoded` what its body does not say")]
    Belied { path: String },
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
        let exchanges: BTreeMap<_, _> = envelopes.into_iter().map(|e| (e.key(), Kept::Here(Box::new(e)))).collect();
        let mut recording = Recording { head, exchanges };
        let mut sums = BTreeMap::new();
        for (key, kept) in &recording.exchanges {
            if let Kept::Here(envelope) = kept {
                sums.insert(envelope.path(key), sha256(&json(envelope)));
            }
        }
        recording.head.files = sums;
        recording
    }

    /// The account that was read.
    pub fn account(&self) -> &str {
        &self.head.account
    }

    /// How many calls it holds.
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    /// Marks the data as made up for a demonstration; every report made from it says so.
    pub fn mark_synthetic(&mut self) {
        self.head.synthetic = true;
    }

    /// The recording without the answers of one operation.
    #[cfg(test)]
    pub(crate) fn without(&self, service: &str, operation: &str) -> Self {
        let all = self.exchanges.values().filter_map(|kept| kept.envelope().ok()).map(Cow::into_owned);
        Self::new(self.head.clone(), all.filter(|e| (e.service.as_str(), e.operation.as_str()) != (service, operation)))
    }

    /// The exchange of a key; none where there is none, or where its file is no longer as it was.
    pub(super) fn find(&self, key: &str) -> Option<Cow<'_, Envelope>> {
        self.exchanges.get(key)?.envelope().ok()
    }

    /// Every file, path and bytes, `recording.json` first: what [`Recording::from_files`] reads.
    ///
    /// # Errors
    /// A file that is no longer as it was when it was loaded.
    pub fn to_files(&self) -> Result<Vec<(String, Vec<u8>)>, RecordingError> {
        let mut files = Vec::new();
        self.each_file(|_| 0, |path, bytes, _| {
            files.push((path.to_string(), bytes.to_vec()));
            Ok::<_, RecordingError>(())
        })?;
        files.rotate_right(1);
        Ok(files)
    }

    /// Hands every file on, one after the other, `recording.json` last: path, bytes, and how often `edit` changed the body of
    /// its answer. Nothing but the file at hand is in memory for it.
    ///
    /// # Errors
    /// The first of whoever takes the files, and a file that is no longer as it was when it was loaded.
    pub fn each_file<E: From<RecordingError>>(
        &self,
        edit: impl Fn(&mut Vec<u8>) -> usize,
        mut take: impl FnMut(&str, &[u8], usize) -> Result<(), E>,
    ) -> Result<(), E> {
        // What was read may have been laid out in another way; the sums are of what is handed on.
        let mut sums = BTreeMap::new();
        for (key, kept) in &self.exchanges {
            let mut envelope = kept.envelope()?;
            let mut count = 0;
            if let Some(mut body) = envelope.body.as_ref().and_then(Body::to_bytes) {
                let in_cbor = if envelope.is_cbor() { cbor::edited(&body, &edit) } else { None };
                (body, count) = in_cbor.unwrap_or_else(|| {
                    let count = edit(&mut body);
                    (body, count)
                });
                if count > 0 {
                    envelope.to_mut().body = Some(Body::from_bytes(body));
                }
            }
            if envelope.is_cbor() {
                let decoded = envelope.decode();
                envelope.to_mut().decoded = decoded;
            }
            let (path, bytes) = (envelope.path(key), json(&*envelope));
            take(&path, &bytes, count)?;
            sums.insert(path, sha256(&bytes));
        }
        let head = Head { files: sums, ..self.head.clone() };
        take(HEAD, &json(&head), 0)
    }

    /// Reads a recording's folder. The answers stay in their files until they are asked for.
    ///
    /// # Errors
    /// A file that cannot be read, and whatever [`Recording::from_files`] refuses.
    pub fn load(dir: &Path) -> Result<Self, RecordingError> {
        let path = dir.join(HEAD);
        if !path.is_file() {
            return Err(RecordingError::NoHead { path: show(dir) });
        }
        let head = Head::parse(&read(&path)?)?;
        let mut found = BTreeMap::new();
        let calls = dir.join("calls");
        if calls.exists() {
            walk(&calls, "calls", &mut found)?;
        }
        let mut exchanges = BTreeMap::new();
        for (path, sum) in &head.files {
            head.lists(path)?;
            let file = found.remove(path).ok_or_else(|| RecordingError::Missing { path: path.clone() })?;
            let (key, envelope) = head.exchange(path, &read(&file)?, sum)?;
            let outcome = envelope.outcome();
            exchanges.insert(key, Kept::File { file, path: path.clone(), sum: sum.clone(), outcome });
        }
        nothing_else(found)?;
        Ok(Recording { head, exchanges })
    }

    /// Reads a recording from its files: paths with `/` below the recording's folder, and their bytes.
    ///
    /// # Errors
    /// A recording of another kind or version; a file that is missing, changed, not listed, or not where it belongs.
    pub fn from_files(files: impl IntoIterator<Item = (impl Into<String>, impl Into<Vec<u8>>)>) -> Result<Self, RecordingError> {
        let mut files: BTreeMap<String, Vec<u8>> = files.into_iter().map(|(path, bytes)| (path.into(), bytes.into())).collect();
        let head = files.remove(HEAD).ok_or_else(|| RecordingError::NoHead { path: ".".into() })?;
        let head = Head::parse(&head)?;
        let mut exchanges = BTreeMap::new();
        for (path, sum) in &head.files {
            head.lists(path)?;
            let bytes = files.remove(path).ok_or_else(|| RecordingError::Missing { path: path.clone() })?;
            let (key, envelope) = head.exchange(path, &bytes, sum)?;
            exchanges.insert(key, Kept::Here(Box::new(envelope)));
        }
        nothing_else(files)?;
        Ok(Recording { head, exchanges })
    }

    /// How each call ended, and when by whose clock.
    pub fn outcomes(&self) -> impl Iterator<Item = CallOutcome> {
        self.exchanges.values().map(|kept| match kept {
            Kept::Here(envelope) => envelope.outcome(),
            Kept::File { outcome, .. } => outcome.clone(),
        })
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
        self.each_file(
            |_| 0,
            |name, bytes, _| {
                let path = dir.join(name);
                let folder = path.parent().unwrap_or(dir);
                fs::create_dir_all(folder).map_err(failed(folder))?;
                fs::write(&path, bytes).map_err(failed(&path))
            },
        )
    }
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Head, RecordingError> {
        let error = |source| RecordingError::Json { path: HEAD.into(), source };
        let label: Label = serde_json::from_slice(bytes).map_err(error)?;
        if label.kind != KIND {
            return Err(RecordingError::Kind(label.kind));
        }
        if label.schema_version != SCHEMA_VERSION {
            return Err(RecordingError::Version { found: label.schema_version });
        }
        serde_json::from_slice(bytes).map_err(error)
    }

    fn lists(&self, path: &str) -> Result<(), RecordingError> {
        if is_inside(path) { Ok(()) } else { Err(RecordingError::Outside { path: path.into() }) }
    }

    /// An exchange of the run, and its key.
    fn exchange(&self, path: &str, bytes: &[u8], sum: &str) -> Result<(String, Envelope), RecordingError> {
        let (key, envelope) = Envelope::read(path, bytes, sum)?;
        if self.holds(&envelope.account) {
            return Ok((key, envelope));
        }
        Err(RecordingError::Misplaced { path: path.into() })
    }

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

fn nothing_else<T>(files: BTreeMap<String, T>) -> Result<(), RecordingError> {
    files.into_keys().next().map_or(Ok(()), |path| Err(RecordingError::Unlisted { path }))
}

fn walk(dir: &Path, name: &str, files: &mut BTreeMap<String, PathBuf>) -> Result<(), RecordingError> {
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
            files.insert(name, path);
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
