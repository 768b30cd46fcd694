//! The check language: CEL's syntax, our own types and three-valued evaluation.
//!
//! The crate `cel` parses; what an expression may say (`checker`, `vocabulary`, `functions`) and what it means when
//! something was not read (`evaluate`, `value`, `view`) is decided here. Nothing here knows of policies' files or of
//! findings' outcomes.

mod case;
mod checker;
mod evaluate;
mod functions;
mod patterns;
mod reads;
mod syntax;
mod tree;
mod users;
mod value;
mod view;
mod vocabulary;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::finding::{Chain, FactRead};
use crate::inventory::{Gaps, Inventory, Record};
use crate::parallel;
use crate::semantics::watch::WatchedEvent;
use crate::semantics::{PartialEvent, Truth};

pub use functions::{FunctionDoc, functions};
pub use reads::{Reads, population};
pub use view::Memory;

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
    /// Those of them that speak of more than trails' selectors can: only who watches understands them.
    pub watched_alone: Vec<String>,
}

/// What it speaks of in one evaluation.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub inventory: &'a Inventory,
    pub subject: &'a dyn Record,
    pub parameters: &'a BTreeMap<String, ParameterValue>,
    pub events: &'a BTreeMap<String, PartialEvent>,
    /// Every event, as those see it who watch.
    pub watched: &'a BTreeMap<String, WatchedEvent>,
    pub now: Timestamp,
}

/// A checked expression.
#[derive(Debug)]
pub struct Program {
    root: tree::Node,
    /// Duration parameters are written as text; their types tell.
    parameters: BTreeMap<String, ParameterType>,
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
    /// Where it was asked who is told: the ways to people, as far as they go.
    pub chains: Vec<Chain>,
    /// Where unknown: the gaps that decide.
    pub gaps: Gaps,
    /// Every fact that was read, in the order of reading, each once.
    pub facts: Vec<Arc<FactRead>>,
}

/// An evaluation that failed is a bug of the checker or the evaluator: a checked expression cannot fail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("evaluation failed: {0}")]
pub struct EvaluationError(pub String);

/// What parsing takes of a stack at most.
pub const STACK: usize = syntax::PARSER_STACK;

fn about(source: &str, message: &str) -> CheckError {
    CheckError { message: message.into(), hint: None, start: 0, end: source.len() }
}

impl Program {
    /// Parses and type-checks, on a stack of its own.
    ///
    /// # Errors
    /// Anything outside the subset, with its place and what was meant.
    pub fn compile(source: &str, env: &Env) -> Result<Program, CheckError> {
        let compiled = parallel::map_deep(&[source], STACK, |source| Program::compile_here(source, env));
        let none = || Err(about(source, "there is no memory to parse this expression"));
        compiled.and_then(|mut one| one.pop()).unwrap_or_else(none)
    }

    /// Parses and type-checks. Call it on a stack of [`STACK`] bytes: the parser recurses deeply on hostile input.
    ///
    /// # Errors
    /// Anything outside the subset, with its place and what was meant.
    pub fn compile_here(source: &str, env: &Env) -> Result<Program, CheckError> {
        let compile = || syntax::parse(source).and_then(|parsed| checker::check(source, env, &parsed));
        let root =
            std::panic::catch_unwind(compile).unwrap_or_else(|_| Err(about(source, "the parser gave up on this expression")))?;
        Ok(Program { root, parameters: env.parameters.clone() })
    }

    /// Evaluates.
    ///
    /// # Errors
    /// Never for a checked expression and parameters of the declared types; an error is a bug.
    pub fn evaluate(&self, context: Context<'_>) -> Result<Evaluation, EvaluationError> {
        self.evaluate_with(context, &mut Memory::of(context.inventory))
    }

    /// Evaluates, with what other evaluations of the same inventory read already.
    ///
    /// # Errors
    /// As for [`Program::evaluate`].
    pub fn evaluate_with<'a>(&'a self, context: Context<'a>, memory: &mut Memory<'a>) -> Result<Evaluation, EvaluationError> {
        self.evaluate_by(context, functions::Semantics::default(), memory)
    }

    /// Every field that an evaluation can read, what functions read by themselves included.
    pub fn reads(&self) -> Reads {
        reads::of(&self.root)
    }

    fn evaluate_by<'a>(
        &'a self,
        context: Context<'a>,
        semantics: functions::Semantics,
        memory: &mut Memory<'a>,
    ) -> Result<Evaluation, EvaluationError> {
        evaluate::evaluate(&self.root, &self.parameters, context, semantics, memory)
    }
}

/// A length of time as policies write it: numbers with `d`, `h`, `m` or `s`, such as `24h` or `1h30m`.
/// `None` where it is nothing of the kind, or longer than time itself.
pub fn parse_duration(text: &str) -> Option<SignedDuration> {
    let mut total = SignedDuration::ZERO;
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let seconds = match c {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        let number: i64 = digits.parse().ok()?;
        total = total.checked_add(SignedDuration::from_secs(number.checked_mul(seconds)?))?;
        digits.clear();
    }
    (digits.is_empty() && !text.is_empty()).then_some(total)
}
