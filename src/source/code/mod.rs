//! Code that will make a trail and what serves it: read into the same inventory as a live account.
//!
//! # How it fits together
//!
//! ```text
//! a file ──► a front end (terraform, ...) ──► Stack of Resources ──► build ──► Inventory
//! ```
//!
//! A front end reads one file into a tree of [`Node`]s, each a value with its state and its place, and maps what it knows of
//! into [`Resource`]s: the records of the inventory, with facts where the code tells them and with [`Pointer`]s where one
//! resource names another. It decides nothing about joins, accounts or which bucket matters: [`build()`] does, the same for
//! every front end. A front end needs
//!
//! * [`Node`] and [`Source`], which turn leaves into facts (`Source::fact`, `Source::pointer`),
//! * the blank records of [`blank`], to fill with `..blank::bucket(..)`,
//! * [`Stack`], [`Resource`], [`Body`], [`Setting`], and nothing else of here.
//!
//! [`recognise`] tells by its content what a file is, and [`load`] gives it to its front end: a new one is added there.
//!
//! What code cannot tell is unknown with a reason: of kind `KnownAfterApply` where applying it tells, `RunTime` where only a
//! running account does, `NotInCode` where other code may say it.

mod account;
pub use super::blank;
pub mod build;
mod change;
pub mod cloudformation;
mod file;
mod join;
mod named;
pub mod node;
mod path;
pub mod resource;
mod setting;
pub mod terraform;
mod watch;

pub use build::{Options, build};
pub use file::{CodeError, FolderSource, Form, Loaded, MAX_BYTES, load, load_beside, recognise};
pub use node::{Node, Source, State};
pub use resource::{
    Action, AlarmBody, Body, BucketBody, BucketSetting, Encryption, EventDataStoreBody, Home, LogGroupBody, Neighbour, Pointer,
    Receiver, Resource, RuleBody, Setting, Stack, Subscription, Target, Targeted, TrailBody,
};
