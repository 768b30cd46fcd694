//! Where facts come from. Each source fills an [`Inventory`](crate::inventory::Inventory); none knows what it is for.

#[cfg(feature = "aws")]
pub mod aws;
pub mod blank;
pub mod code;
mod rule;
pub mod saved;
