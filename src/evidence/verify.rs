//! Whether a bundle is as it was sealed, and by whom: check by check, each in one line.
//!
//! A bundle vouches for its hashes, never for its signer: without a key from elsewhere the best answer is "untrusted".

use std::collections::BTreeSet;

use super::layout;
use super::manifest::Manifest;
use super::signature::{ALGORITHM, PublicKey, sigstore};
use super::sums::{self, Sums, hash};
use super::timestamp::Statement;
use super::tree::Reading;

/// How many paths a line names before it only counts.
const NAMED: usize = 5;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Good,
    /// Nothing to check, or nothing to be decided here.
    Note,
    /// It is as it was sealed, and nobody trusted says so.
    Untrusted,
    Failed,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub state: State,
    /// What was checked, in a word.
    pub about: &'static str,
    /// What came of it.
    pub says: String,
}

/// What the bundle came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Sound,
    Untrusted,
    Altered,
}

/// Whose signature is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Nobody's.
    Nobody,
    Key(PublicKey),
    /// The key with this fingerprint.
    Fingerprint(String),
}

/// Every check of a bundle.
#[derive(Debug, Default)]
pub struct Verification {
    pub checks: Vec<Check>,
    /// Absent where it cannot be read.
    pub manifest: Option<Manifest>,
}

impl Verification {
    /// Notes a check.
    pub fn add(&mut self, state: State, about: &'static str, says: impl Into<String>) {
        self.checks.push(Check { state, about, says: says.into() });
    }

    /// The worst of the checks.
    pub fn standing(&self) -> Standing {
        match self.checks.iter().map(|c| c.state).max() {
            Some(State::Failed) | None => Standing::Altered,
            Some(State::Untrusted) => Standing::Untrusted,
            Some(State::Good | State::Note) => Standing::Sound,
        }
    }
}

/// Checks what a reading found.
pub fn verify(reading: &Reading, trust: &Trust) -> Verification {
    let mut done = Verification::default();
    for fault in &reading.faults {
        done.add(State::Failed, "files", fault.to_string());
    }
    let Some(listed) = reading.kept.get(layout::SUMS) else {
        done.add(State::Failed, "files", format!("`{}` is missing", layout::SUMS));
        return done;
    };
    match sums::parse(listed) {
        Ok(sums) => files(&mut done, reading, &sums),
        Err(e) => done.add(State::Failed, "files", format!("`{}` cannot be read: {e}", layout::SUMS)),
    }
    manifest(&mut done, reading);
    signature(&mut done, reading, listed, trust);
    timestamp(&mut done, reading, listed);
    done
}

fn files(done: &mut Verification, reading: &Reading, sums: &Sums) {
    let missing: Vec<&str> = sums.keys().filter(|p| !reading.files.contains_key(*p)).map(String::as_str).collect();
    let changed: Vec<&str> =
        sums.iter().filter(|(p, s)| reading.files.get(*p).is_some_and(|f| f != *s)).map(|(p, _)| p.as_str()).collect();
    let seals: BTreeSet<&str> = layout::SEALS.into();
    let added: Vec<&str> =
        reading.files.keys().map(String::as_str).filter(|p| !sums.contains_key(*p) && !seals.contains(p)).collect();
    for (paths, one, many) in [
        (&changed, "is not as it was sealed", "are not as they were sealed"),
        (&missing, "is missing", "are missing"),
        (&added, "was not sealed: it was added", "were not sealed: they were added"),
    ] {
        if !paths.is_empty() {
            done.add(State::Failed, "files", format!("{} {}", named(paths), if paths.len() == 1 { one } else { many }));
        }
    }
    if changed.is_empty() && missing.is_empty() && added.is_empty() && reading.faults.is_empty() {
        let says = format!("{} files, {} bytes: all as they were sealed, and no other", sums.len(), reading.bytes);
        done.add(State::Good, "files", says);
    }
}

fn named(paths: &[&str]) -> String {
    let mut text = paths.iter().take(NAMED).map(|p| format!("`{p}`")).collect::<Vec<_>>().join(", ");
    if paths.len() > NAMED {
        text.push_str(&format!(" and {} more", paths.len() - NAMED));
    }
    text
}

fn manifest(done: &mut Verification, reading: &Reading) {
    let Some(bytes) = reading.kept.get(layout::MANIFEST) else {
        done.add(State::Failed, "manifest", format!("`{}` is missing", layout::MANIFEST));
        return;
    };
    match Manifest::parse(bytes) {
        Ok(manifest) => {
            let says = format!(
                "run {} of {} {}, {} to {}, {} of {} calls answered",
                manifest.run_id,
                manifest.tool.name,
                manifest.tool.version,
                manifest.started,
                manifest.ended,
                manifest.coverage.ok,
                manifest.coverage.calls
            );
            done.add(State::Note, "manifest", says);
            done.manifest = Some(manifest);
        }
        Err(e) => done.add(State::Failed, "manifest", format!("`{}` cannot be read: {e}", layout::MANIFEST)),
    }
}

fn signature(done: &mut Verification, reading: &Reading, listed: &[u8], trust: &Trust) {
    const ABOUT: &str = "signature";
    let stated = done.manifest.as_ref().and_then(|m| m.signer.clone());
    let Some(signature) = reading.kept.get(layout::SIGNATURE) else {
        match stated {
            Some(signer) => {
                let says = format!("`{}` is missing, and the manifest says that key {} signed", layout::SIGNATURE, signer.key_id);
                done.add(State::Failed, ABOUT, says);
            }
            None => done.add(State::Untrusted, ABOUT, "the bundle is not signed: anybody may have made it"),
        }
        if reading.kept.contains_key(layout::SIGSTORE) {
            done.add(State::Failed, ABOUT, format!("`{}` is there without `{}`", layout::SIGSTORE, layout::SIGNATURE));
        }
        return;
    };
    let embedded = reading.kept.get(layout::PUBLIC_KEY).and_then(|b| std::str::from_utf8(b).ok());
    let embedded = embedded.and_then(|pem| PublicKey::from_pem(pem).ok());
    let own = embedded.as_ref().filter(|key| key.verifies(listed, signature));
    let valid = match trust {
        Trust::Key(key) => Some(key).filter(|key| key.verifies(listed, signature)),
        Trust::Fingerprint(wanted) => own.filter(|key| key.fingerprint() == *wanted),
        Trust::Nobody => own,
    };
    let Some(key) = valid else {
        let says = match own {
            Some(own) => format!("it is signed by key {}, which is not the given one", own.fingerprint()),
            None => format!("`{}` is not a signature of `{}` by the key", layout::SIGNATURE, layout::SUMS),
        };
        return done.add(State::Failed, ABOUT, says);
    };
    let fingerprint = key.fingerprint();
    match stated {
        Some(signer) if signer.key_id == fingerprint && signer.algorithm == ALGORITHM => {}
        Some(signer) => {
            let says = format!("the manifest says that key {} signed by {}", signer.key_id, signer.algorithm);
            return done.add(State::Failed, ABOUT, format!("{says}, but it was {fingerprint} by {ALGORITHM}"));
        }
        None if done.manifest.is_some() => {
            return done.add(State::Failed, ABOUT, "the manifest says that nobody signed, and there is a signature");
        }
        None => {}
    }
    match trust {
        Trust::Nobody => {
            let says = format!("valid, by key {fingerprint}: only the bundle itself says whose that is");
            done.add(State::Untrusted, ABOUT, says);
        }
        _ => done.add(State::Good, ABOUT, format!("valid, by the given key {fingerprint}")),
    }
    if let Some(copy) = reading.kept.get(layout::SIGSTORE)
        && *copy != sigstore(listed, signature, &fingerprint)
    {
        done.add(State::Failed, ABOUT, format!("`{}` holds something else than the signature", layout::SIGSTORE));
    }
}

fn timestamp(done: &mut Verification, reading: &Reading, listed: &[u8]) {
    const ABOUT: &str = "timestamp";
    let Some(answer) = reading.kept.get(layout::TIMESTAMP) else {
        return done.add(State::Note, ABOUT, "there is none: the time is whoever sealed it's own claim");
    };
    match Statement::read(answer) {
        Ok(statement) if statement.imprint == hash(listed) => {
            done.add(State::Good, ABOUT, format!("`{}` existed at {}, says the authority", layout::SUMS, statement.time));
        }
        Ok(_) => done.add(State::Failed, ABOUT, format!("`{}` is about another file than `{}`", layout::TIMESTAMP, layout::SUMS)),
        Err(e) => done.add(State::Failed, ABOUT, format!("`{}` cannot be read: {e}", layout::TIMESTAMP)),
    }
}
