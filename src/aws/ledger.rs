//! What was said in a run, in every account of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::gap::clean;
use super::record::{AccountHead, Envelope};
use crate::inventory::{Call, CallId};

/// The exchanges of a run. Its sessions share one.
pub(super) struct Ledger {
    /// Whether the answers themselves are kept, for a recording; they are most of the memory.
    keeps_answers: bool,
    was_interrupted: AtomicBool,
    entries: Mutex<BTreeMap<String, (CallId, Envelope)>>,
    accounts: Mutex<BTreeMap<String, AccountHead>>,
}

impl Ledger {
    pub(super) fn new(keeps_answers: bool, was_interrupted: bool) -> Self {
        let was_interrupted = AtomicBool::new(was_interrupted);
        Ledger { keeps_answers, was_interrupted, entries: Mutex::default(), accounts: Mutex::default() }
    }

    pub(super) fn interrupted(&self) {
        self.was_interrupted.store(true, Ordering::SeqCst);
    }

    pub(super) fn was_interrupted(&self) -> bool {
        self.was_interrupted.load(Ordering::SeqCst)
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, (CallId, Envelope)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters an exchange under its key.
    pub(super) fn enter(&self, key: String, call: CallId, mut envelope: Envelope) {
        if !self.keeps_answers {
            envelope.request = None;
            envelope.body = None;
            envelope.headers.retain(|name, _| REQUEST_IDS.contains(&name.as_str()));
        }
        self.entries().insert(key, (call, envelope));
    }

    /// What became of an account of the run.
    pub(super) fn account(&self, id: &str, head: AccountHead) {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_string(), head);
    }

    pub(super) fn accounts(&self) -> BTreeMap<String, AccountHead> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// When the last answer came.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.entries().values().map(|(_, envelope)| envelope.time).max()
    }

    pub(super) fn calls(&self) -> BTreeMap<CallId, Call> {
        self.entries().values().map(|(id, envelope)| (id.clone(), call_of(envelope))).collect()
    }

    /// The exchanges, whole where the answers are kept.
    pub(super) fn envelopes(&self) -> Vec<Envelope> {
        self.entries().values().map(|(_, envelope)| envelope.clone()).collect()
    }
}

const REQUEST_IDS: [&str; 2] = ["x-amzn-requestid", "x-amz-request-id"];

pub(super) fn request_id(envelope: &Envelope) -> Option<String> {
    REQUEST_IDS.iter().find_map(|name| envelope.headers.get(*name)).map(|id| clean(id))
}

fn call_of(envelope: &Envelope) -> Call {
    Call {
        account: envelope.account.clone(),
        region: envelope.region.clone(),
        service: envelope.service.clone(),
        operation: envelope.operation.clone(),
        about: envelope.about.clone(),
        time: envelope.time,
        status: envelope.status,
        request_id: request_id(envelope),
    }
}
