//! The check language: CEL's syntax, our own types and three-valued evaluation.
//!
//! The crate `cel` parses; what an expression may say ([`types`], [`checker`]) and what it means when something was not
//! read ([`evaluate`]) is decided here. Nothing here knows of policies' files or of findings' outcomes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::finding::FactRead;
use crate::inventory::{Gaps, Inventory, Record};
use crate::semantics::{PartialEvent, Truth};

use super::{ParameterType, ParameterValue};

/// What an expression may speak of.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// The noun of the subject, also the name it is spoken of by: `account`, `trail`, `bucket`, `key`.
    pub subject: String,
    /// `params.NAME`.
    pub parameters: BTreeMap<String, ParameterType>,
    /// The names of `events.NAME`; `events` itself is the list of all of them.
    pub events: Vec<String>,
}

/// What it speaks of in one evaluation.
pub struct Context<'a> {
    pub inventory: &'a Inventory,
    pub subject: &'a dyn Record,
    pub parameters: &'a BTreeMap<String, ParameterValue>,
    pub events: &'a BTreeMap<String, PartialEvent>,
    pub now: Timestamp,
}

/// A checked expression.
#[derive(Debug)]
pub struct Program {
    // the syntax tree and the types found for it
}

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CheckError {
    pub message: String,
    /// The next thing to do, such as `did you mean `is_multi_region`?`.
    pub hint: Option<String>,
    /// Bytes of the expression's source that are meant.
    pub start: usize,
    pub end: usize,
}

/// What an evaluation found.
#[derive(Clone, Debug)]
pub struct Evaluation {
    pub truth: Truth,
    /// Where false (or unknown): the cases that show it, in plain words: the binders of an `all` that failed, and what
    /// semantic functions gave.
    pub counterexamples: Vec<String>,
    /// Where unknown: the gaps that decide.
    pub gaps: Gaps,
    /// Every fact that was read, in the order of reading, each once.
    pub facts: Vec<FactRead>,
}

/// An evaluation that failed is a bug of the checker or the evaluator: a checked expression cannot fail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("evaluation failed: {0}")]
pub struct EvaluationError(pub String);

impl Program {
    /// Parses and type-checks.
    ///
    /// # Errors
    /// Anything outside the subset, with its place and what was meant.
    pub fn compile(_source: &str, _env: &Env) -> Result<Program, CheckError> {
        Err(CheckError { message: String::new(), hint: None, start: 0, end: 0 })
    }

    /// Evaluates.
    ///
    /// # Errors
    /// Never for a checked expression; an error is a bug.
    pub fn evaluate(&self, _context: &Context<'_>) -> Result<Evaluation, EvaluationError> {
        Err(EvaluationError(String::new()))
    }
}
