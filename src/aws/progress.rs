//! What a run tells while it goes on.

use super::operation::Operation;

/// Watches the calls of a run. The methods are called from many tasks, and must be quick.
pub trait Progress: Send + Sync {
    /// So many accounts are to be read.
    fn accounts(&self, _total: usize) {}
    /// One more of them was read, or could not be.
    fn account_done(&self) {}
    /// A call waits for its turn, or is being made.
    fn call_started(&self, _operation: &Operation, _region: &str) {}
    /// The call has ended, however it ended.
    fn call_finished(&self, _operation: &Operation, _region: &str) {}
    /// AWS asked to slow down; the call is tried again after a pause.
    fn throttled(&self, _operation: &Operation, _region: &str) {}
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}
