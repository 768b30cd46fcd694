//! The terminal summary.
