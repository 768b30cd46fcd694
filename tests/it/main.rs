//! The one integration binary.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests say what went wrong by panicking")]

mod action;
mod architecture;
mod bad_input;
mod baseline;
mod cloudformation;
mod documents;
mod drift;
#[cfg(feature = "aws")]
mod e2e;
#[cfg(feature = "aws")]
mod e2e_errors;
#[cfg(feature = "aws")]
mod e2e_faults;
#[cfg(feature = "aws")]
mod e2e_org;
#[cfg(feature = "aws")]
mod e2e_outward;
#[cfg(feature = "aws")]
mod e2e_permissions;
#[cfg(feature = "aws")]
mod e2e_watch;
#[cfg(feature = "aws")]
mod emulator;
mod evidence;
#[cfg(feature = "aws")]
mod faults;
mod frameworks;
mod hcl;
mod history;
mod hostile;
mod moments;
mod permissions;
mod places;
mod plan;
mod policies;
mod program;
mod report;
mod stranger;
mod waivers;
mod watched;
