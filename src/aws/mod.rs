//! Talking to AWS: who asks, with which credentials, how fast, and what was said.
//!
//! Every call goes through [`Session::call`]: it is one of the [`operation`] table, it is paced, it is recorded, and what
//! goes wrong becomes a [`Gap`](crate::inventory::Gap). A [`Recording`] holds the raw answers of a run; a session can be
//! made from it that answers the same calls without a network. Nothing here knows what the facts are good for. Without the
//! SDK (the feature `aws`) only the table of operations is left, and the permissions that follow from it.

#[cfg(feature = "aws")]
mod client;
#[cfg(feature = "aws")]
mod connect;
#[cfg(feature = "aws")]
mod connector;
#[cfg(feature = "aws")]
mod exchange;
#[cfg(feature = "aws")]
mod gap;
#[cfg(feature = "aws")]
mod interrupt;
#[cfg(feature = "aws")]
mod limits;
pub mod operation;
pub mod permission;
#[cfg(feature = "aws")]
mod profile;
#[cfg(feature = "aws")]
mod progress;
#[cfg(feature = "aws")]
mod record;
#[cfg(feature = "aws")]
mod session;

#[cfg(feature = "aws")]
pub use connect::{ConnectError, connect};
#[cfg(feature = "aws")]
pub use gap::Refusal;
#[cfg(feature = "aws")]
pub use interrupt::Interrupt;
pub use operation::Operation;
#[cfg(feature = "aws")]
pub use progress::{Progress, Silent};
#[cfg(feature = "aws")]
pub use record::{Recording, RecordingError};
#[cfg(feature = "aws")]
pub use session::{Answer, Identity, Options, Session, Timeouts};
