//! Questions about meaning: what would be recorded, what would be let through.
//!
//! Pure and three-valued, over inventory types. Nothing here knows of policies, of findings or of where facts came from.

pub mod access;
pub mod alarm;
pub mod event;
pub mod event_pattern;
mod family;
pub mod filter_pattern;
pub mod leaf;
pub mod log_keys;
mod s3_action;
pub mod selectors;
pub mod shown;
mod strings;
pub mod text;
pub mod topic;
pub mod truth;
pub mod watch;
pub mod wildcard;
mod words;

pub use event::PartialEvent;
pub use truth::{Answer, Truth};
