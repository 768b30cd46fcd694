//! The one integration binary.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests say what went wrong by panicking")]

mod architecture;
mod bad_input;
mod documents;
mod policies;
mod program;
mod report;
