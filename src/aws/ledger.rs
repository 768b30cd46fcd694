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
    was_interrupted: AtomicBool,
    calls: Mutex<BTreeMap<CallId, Call>>,
    /// The answers themselves by their keys, where they are kept for a recording; they are most of the memory.
    answers: Option<Mutex<BTreeMap<String, Envelope>>>,
    accounts: Mutex<BTreeMap<String, AccountHead>>,
}

impl Ledger {
    pub(super) fn new(keeps_answers: bool, was_interrupted: bool) -> Self {
        let was_interrupted = AtomicBool::new(was_interrupted);
        let answers = keeps_answers.then(Mutex::default);
        Ledger { was_interrupted, calls: Mutex::default(), answers, accounts: Mutex::default() }
    }

    pub(super) fn interrupted(&self) {
        self.was_interrupted.store(true, Ordering::SeqCst);
    }

    pub(super) fn was_interrupted(&self) -> bool {
        self.was_interrupted.load(Ordering::SeqCst)
    }

    /// Enters an exchange under its key.
    pub(super) fn enter(&self, key: String, call: CallId, envelope: Envelope) {
        held(&self.calls).insert(call, call_of(&envelope));
        if let Some(answers) = &self.answers {
            held(answers).insert(key, envelope);
        }
    }

    /// What became of an account of the run.
    pub(super) fn account(&self, id: &str, head: AccountHead) {
        held(&self.accounts).insert(id.to_string(), head);
    }

    pub(super) fn accounts(&self) -> BTreeMap<String, AccountHead> {
        held(&self.accounts).clone()
    }

    /// When the last answer came.
    pub(super) fn last(&self) -> Option<Timestamp> {
        held(&self.calls).values().map(|call| call.time).max()
    }

    pub(super) fn calls(&self) -> BTreeMap<CallId, Call> {
        held(&self.calls).clone()
    }

    /// The exchanges with their answers; none where the answers are not kept.
    pub(super) fn envelopes(&self) -> Vec<Envelope> {
        self.answers.as_ref().map_or_else(Vec::new, |answers| held(answers).values().cloned().collect())
    }
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
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
