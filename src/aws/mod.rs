//! Talking to AWS: who asks, with which credentials, how fast, and what was said.
//!
//! Every call goes through [`Session::call`]: it is one of the [`operation`] table, it is paced, it is recorded, and what
//! goes wrong becomes a [`Gap`](crate::inventory::Gap). A [`Recording`] holds the raw answers of a run; a session can be
//! made from it that answers the same calls without a network. Nothing here knows what the facts are good for. What is no reading stands in rooms of its own: signing with KMS, and
//! handing findings to Security Hub. Without the
//! SDK (the feature `aws`) only the table of operations is left, and the permissions that follow from it.

macro_rules! with_sdk {
    ($($item:item)+) => { $( #[cfg(feature = "aws")] $item )+ };
}

pub mod operation;
pub mod permission;
with_sdk! {
    mod assume;
    mod cbor;
    mod client;
    mod connect;
    mod connector;
    mod exchange;
    mod gap;
    mod interrupt;
    mod ledger;
    mod limits;
    mod plain;
    mod plan;
    mod profile;
    mod progress;
    mod record;
    mod security_hub;
    mod session;
    mod sign;

    pub use assume::Role;
    pub use connect::{ConnectError, connect};
    pub use gap::Refusal;
    pub use interrupt::Interrupt;
    pub use plan::{Plan, PlanError};
    pub use progress::{Progress, Silent};
    pub use record::{CallOutcome, Ending, Recording, RecordingError};
    pub use security_hub::{Import, Imported, import};
    pub use session::{Answer, Identity, Options, Session, Timeouts};
    pub use sign::{KmsError, KmsKey, region_of_key};
}

pub use operation::Operation;
