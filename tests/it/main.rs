//! The one integration binary.

#![expect(clippy::unwrap_used, reason = "tests say what went wrong by panicking")]

#[cfg(feature = "aws")]
mod e2e;
#[cfg(feature = "aws")]
mod e2e_errors;
#[cfg(feature = "aws")]
mod e2e_faults;
#[cfg(feature = "aws")]
mod emulator;
