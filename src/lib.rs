//! Trailproof: is what happens in these AWS accounts recorded, protected, watched and kept?
//!
//! ```text
//! Source ──► Inventory ──► audit(policies, now), waivers ──► Findings ──► Report ──► bytes
//! ```
//!
//! Everything from [`inventory::Inventory`] to the right is pure: no network, no clock, no environment.

pub mod app;
pub mod audit;
pub mod aws;
pub mod baseline;
pub mod cli;
pub mod config;
pub mod drift;
pub mod evidence;
pub mod finding;
pub mod history;
pub mod inventory;
pub mod moment;
mod parallel;
pub mod policy;
pub mod report;
pub mod semantics;
pub mod source;
pub mod waiver;
pub mod yaml;
