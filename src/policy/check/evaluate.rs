//! What a checked expression means when not everything was read.
//!
//! The law: knowing less gives the same truth or an unknown, never another truth. Functions about meaning live in
//! [`super::functions`]; nothing here knows how facts are read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::inventory::Gaps;
use crate::policy::{ParameterType, ParameterValue};
use crate::semantics::{Answer, Truth};

use super::case::{self, Case};
use super::functions::{Recorded, Semantics};
use super::syntax::{Macro, Operator};
use super::tree::Node;
use super::value::{Item, ListValue, Range, RecordValue, Value, Verdict, computed, equal, ordered};
use super::view::{Memory, Reader};
use super::{Context, Evaluation, EvaluationError, parse_duration};

pub(super) type Evaluated<T> = Result<T, EvaluationError>;

/// Evaluates a whole check.
///
/// # Errors
/// Never for a checked expression.
pub(super) fn evaluate<'a>(
    root: &'a Node,
    types: &'a BTreeMap<String, ParameterType>,
    context: Context<'a>,
    semantics: Semantics,
    memory: &mut Memory<'a>,
) -> Evaluated<Evaluation> {
    let reader = Reader::new(std::mem::replace(memory, Memory::of(context.inventory)));
    let mut evaluator = Evaluator { context, types, semantics, reader, recorded: Vec::new(), binders: Vec::new() };
    let verdict = evaluator.truth(root);
    let (facts, chains, remembered) = evaluator.reader.into_facts();
    *memory = remembered;
    let verdict = verdict?;
    let counterexamples = if verdict.truth == Truth::True { Vec::new() } else { case::lines(verdict.cases) };
    Ok(Evaluation {
        truth: verdict.truth,
        counterexamples,
        chains: super::functions::watch::folded(chains),
        gaps: verdict.gaps,
        facts,
    })
}

pub(super) struct Evaluator<'a> {
    pub(super) context: Context<'a>,
    types: &'a BTreeMap<String, ParameterType>,
    pub(super) semantics: Semantics,
    pub(super) reader: Reader<'a>,
    /// What was asked about trails and events, and the answers.
    pub(super) recorded: Vec<(Recorded<'a>, Answer)>,
    binders: Vec<(&'a str, Value<'a>)>,
}

/// A value of a type that the checker rules out here.
pub(super) fn impossible<T>(what: &str) -> Evaluated<T> {
    Err(EvaluationError(format!("a checked expression came to {what}")))
}

impl<'a> Evaluator<'a> {
    pub(super) fn eval(&mut self, node: &'a Node) -> Evaluated<Value<'a>> {
        match node {
            Node::Null => Ok(Value::Null),
            Node::Bool(b) => Ok(Value::bool(*b)),
            Node::Int(i) => Ok(Value::Int(Range::exact(*i))),
            Node::Text(text) => Ok(Value::Text(Cow::Borrowed(text))),
            Node::Duration(duration) => Ok(Value::Duration(*duration)),
            Node::Subject(_) => Ok(Value::Record(RecordValue::listed(self.context.subject))),
            Node::Now => Ok(Value::Time(self.context.now)),
            Node::Parameter(name) => self.parameter(name),
            Node::Events => Ok(self.events()),
            Node::Event(name) => self.event(name),
            Node::Binder(name) => self.binder(name),
            Node::List(elements) => {
                let values = elements.iter().map(|e| self.eval(e)).collect::<Evaluated<Vec<_>>>()?;
                Ok(Value::List(ListValue::complete(values)))
            }
            Node::Field { of, field, .. } => {
                let record = self.eval(of)?;
                self.field(record, field)
            }
            Node::NonNull(inner) => {
                let value = self.eval(inner)?;
                not_null(value)
            }
            Node::Negate(inner) => {
                let value = self.eval(inner)?;
                let zero = Value::Int(Range::exact(0));
                computed(Operator::Subtract, &zero, &value).map_or_else(|| impossible("the negative of no number"), Ok)
            }
            Node::Size(of) => {
                let list = self.eval(of)?;
                self.distribute(list, |_, list| Ok(Value::Int(as_list(list)?.size())))
            }
            Node::If { condition, then, otherwise } => self.choice(condition, then, otherwise),
            Node::Macro { which, range, binder, body } => self.comprehension(*which, range, binder, body),
            Node::Call { function, receiver, arguments } => self.call(*function, receiver, arguments),
            Node::Not(_) | Node::Binary { operator: Operator::And | Operator::Or, .. } => self.truth(node).map(Value::Truth),
            Node::Binary { operator, left, right } => self.binary(*operator, left, right),
        }
    }

    /// Evaluates what is a bool.
    pub(super) fn truth(&mut self, node: &'a Node) -> Evaluated<Verdict> {
        match node {
            Node::Not(inner) => self.truth(inner).map(|verdict| !verdict),
            Node::Binary { operator: operator @ (Operator::And | Operator::Or), left, right } => {
                let left = self.truth(left)?;
                let decisive = if *operator == Operator::And { Truth::False } else { Truth::True };
                if left.truth == decisive {
                    return Ok(left);
                }
                let right = self.truth(right)?;
                Ok(if *operator == Operator::And { left.and(right) } else { left.or(right) })
            }
            _ => match self.eval(node)? {
                Value::Truth(verdict) => Ok(verdict),
                Value::Unknown(gaps) => Ok(Verdict::unknown(gaps)),
                _ => impossible("a condition that is no bool"),
            },
        }
    }

    /// Asks a value, or each of its candidates.
    pub(super) fn distribute(
        &mut self,
        value: Value<'a>,
        ask: impl Fn(&mut Self, Value<'a>) -> Evaluated<Value<'a>>,
    ) -> Evaluated<Value<'a>> {
        match value {
            Value::OneOf { candidates, gap } => {
                let answers = candidates.into_iter().map(|value| ask(self, value)).collect::<Evaluated<Vec<_>>>()?;
                Ok(Value::one_of(answers, gap))
            }
            value => ask(self, value),
        }
    }

    pub(super) fn field(&mut self, record: Value<'a>, field: &str) -> Evaluated<Value<'a>> {
        self.distribute(record, |this, value| match value {
            Value::Record(record) => this.reader.read(&record, field),
            Value::Unknown(gaps) => Ok(Value::Unknown(gaps)),
            _ => impossible("a field of no record"),
        })
    }

    fn parameter(&self, name: &str) -> Evaluated<Value<'a>> {
        let value = self.context.parameters.get(name);
        Ok(match (self.types.get(name), value) {
            (Some(ParameterType::Bool), Some(ParameterValue::Bool(b))) => Value::bool(*b),
            (Some(ParameterType::Int), Some(ParameterValue::Int(i))) => Value::Int(Range::exact(*i)),
            (Some(ParameterType::Text), Some(ParameterValue::Text(text))) => Value::Text(Cow::Borrowed(text)),
            (Some(ParameterType::Texts), Some(ParameterValue::Texts(texts))) => {
                Value::List(ListValue::complete(texts.iter().map(|text| Value::Text(Cow::Borrowed(text.as_str())))))
            }
            (Some(ParameterType::Duration), Some(ParameterValue::Text(text))) => match parse_duration(text) {
                Some(duration) => Value::Duration(duration),
                None => return Err(EvaluationError(format!("parameter `{name}`: `{text}` is not a duration"))),
            },
            (_, None) => return Err(EvaluationError(format!("parameter `{name}` has no value"))),
            _ => return Err(EvaluationError(format!("the value of parameter `{name}` is of another type"))),
        })
    }

    fn events(&self) -> Value<'a> {
        let watched = self.context.watched.keys().map(|name| match self.context.events.get_key_value(name) {
            Some((name, event)) => Value::Event { name, event },
            None => Value::Watched { name },
        });
        Value::List(ListValue::complete(watched))
    }

    fn event(&self, name: &str) -> Evaluated<Value<'a>> {
        match self.context.events.get_key_value(name) {
            Some((name, event)) => Ok(Value::Event { name, event }),
            None => match self.context.watched.get_key_value(name) {
                Some((name, _)) => Ok(Value::Watched { name }),
                None => Err(EvaluationError(format!("there is no event `{name}`"))),
            },
        }
    }

    fn binder(&self, name: &str) -> Evaluated<Value<'a>> {
        match self.binders.iter().rev().find(|(binder, _)| *binder == name) {
            Some((_, value)) => Ok(value.clone()),
            None => impossible("a name without a value"),
        }
    }

    fn binary(&mut self, operator: Operator, left: &'a Node, right: &'a Node) -> Evaluated<Value<'a>> {
        let with_null = matches!(left, Node::Null) || matches!(right, Node::Null);
        let (left, right) = (self.eval(left)?, self.eval(right)?);
        // Only one side may be null where none is written `null`; the other is not null, whatever it is.
        let apart = !with_null && (matches!(left, Value::Null) || matches!(right, Value::Null));
        let are_equal = || if apart { Verdict::known(false) } else { equal(&left, &right) };
        match operator {
            Operator::Equal => Ok(Value::Truth(are_equal())),
            Operator::NotEqual => Ok(Value::Truth(!are_equal())),
            Operator::In => self.distribute(right, |this, list| {
                let list = as_list(list)?;
                this.distribute(left.clone(), |_, needle| Ok(Value::Truth(is_in(&needle, &list))))
            }),
            Operator::Add | Operator::Subtract | Operator::Multiply => {
                computed(operator, &left, &right).map_or_else(|| impossible("a sum of other things than numbers"), Ok)
            }
            _ => ordered(operator, &left, &right)
                .map_or_else(|| impossible("an order of things without one"), |verdict| Ok(Value::Truth(verdict))),
        }
    }

    fn choice(&mut self, condition: &'a Node, then: &'a Node, otherwise: &'a Node) -> Evaluated<Value<'a>> {
        let condition = self.truth(condition)?;
        match condition.truth {
            Truth::True => self.eval(then),
            Truth::False => self.eval(otherwise),
            Truth::Unknown => {
                let (then, otherwise) = (self.eval(then)?, self.eval(otherwise)?);
                let gaps = condition.gaps;
                let Some(gap) = gaps.first().cloned() else { return impossible("an unknown without a gap") };
                Ok(match Value::one_of(vec![then, otherwise], gap) {
                    Value::Truth(verdict) if verdict.truth == Truth::Unknown => {
                        Value::Truth(Verdict { gaps: &verdict.gaps | &gaps, ..verdict })
                    }
                    Value::Unknown(more) => Value::unknown(&more | &gaps),
                    // Candidates stand for values that code leaves open; here more than one gap may decide.
                    Value::OneOf { .. } => Value::unknown(gaps),
                    same => same,
                })
            }
        }
    }

    fn comprehension(&mut self, which: Macro, range: &'a Node, binder: &'a str, body: &'a Node) -> Evaluated<Value<'a>> {
        let range = self.eval(range)?;
        self.distribute(range, |this, list| {
            let list = as_list(list)?;
            match which {
                Macro::All => this.every(list, binder, body, true).map(Value::Truth),
                Macro::Exists => this.every(list, binder, body, false).map(|verdict| Value::Truth(!verdict)),
                Macro::ExistsOne => this.exactly_one(list, binder, body).map(Value::Truth),
                Macro::Filter => this.filter(list, binder, body).map(Value::List),
                Macro::Map => this.map(list, binder, body).map(Value::List),
            }
        })
    }

    fn with<T>(&mut self, binder: &'a str, value: Value<'a>, ask: impl FnOnce(&mut Self) -> Evaluated<T>) -> Evaluated<T> {
        self.binders.push((binder, value));
        let answer = ask(self);
        self.binders.pop();
        answer
    }

    /// Whether the body is `wanted` for every element, of those that are there and of those that may be.
    fn every(&mut self, list: ListValue<'a>, binder: &'a str, body: &'a Node, wanted: bool) -> Evaluated<Verdict> {
        let (mut agreeing, mut failing, mut open) = (Vec::new(), Vec::new(), Vec::new());
        let mut failed = false;
        let mut gaps = list.gaps;
        for Item { value, doubts } in list.items {
            let verdict = self.with(binder, value.clone(), |this| this.truth(body))?;
            let verdict = if wanted { verdict } else { !verdict };
            match verdict.truth {
                Truth::True => agreeing.extend(inner_cases(&value, verdict.cases)),
                Truth::False if doubts.is_empty() => {
                    failed = true;
                    failing.extend(cases_at(&value, verdict.cases));
                }
                _ => {
                    // That one element may satisfy an `exists` is no case against it.
                    open.extend(if wanted { cases_at(&value, verdict.cases) } else { inner_cases(&value, verdict.cases) });
                    gaps.extend(verdict.gaps);
                    gaps.extend(doubts);
                }
            }
        }
        Ok(if failed {
            Verdict::known(false).with_cases(case::folded(failing))
        } else if gaps.is_empty() {
            Verdict::known(true).with_cases(case::folded(agreeing))
        } else {
            Verdict::unknown(gaps).with_cases(case::folded(open))
        })
    }

    fn exactly_one(&mut self, list: ListValue<'a>, binder: &'a str, body: &'a Node) -> Evaluated<Verdict> {
        let size = self.filter(list, binder, body)?.size();
        Ok(equal(&Value::Int(size), &Value::Int(Range::exact(1))))
    }

    fn filter(&mut self, list: ListValue<'a>, binder: &'a str, body: &'a Node) -> Evaluated<ListValue<'a>> {
        let mut items = Vec::new();
        for Item { value, mut doubts } in list.items {
            let verdict = self.with(binder, value.clone(), |this| this.truth(body))?;
            match verdict.truth {
                Truth::True => items.push(Item { value, doubts }),
                Truth::False => {}
                Truth::Unknown => {
                    doubts.extend(verdict.gaps);
                    items.push(Item { value, doubts });
                }
            }
        }
        Ok(ListValue { items, gaps: list.gaps })
    }

    fn map(&mut self, list: ListValue<'a>, binder: &'a str, body: &'a Node) -> Evaluated<ListValue<'a>> {
        let mut items = Vec::new();
        for Item { value, doubts } in list.items {
            let value = self.with(binder, value, |this| this.eval(body))?;
            items.push(Item { value, doubts });
        }
        Ok(ListValue { items, gaps: list.gaps })
    }
}

/// A list; of one that is not known there may be any elements.
pub(super) fn as_list(value: Value<'_>) -> Evaluated<ListValue<'_>> {
    match value {
        Value::List(list) => Ok(list),
        Value::Unknown(gaps) => Ok(ListValue::unread(gaps)),
        _ => impossible("a list that is none"),
    }
}

/// A value where the expression has made sure that it is not null: what is left of its candidates.
fn not_null(value: Value<'_>) -> Evaluated<Value<'_>> {
    match value {
        Value::Null => impossible("null where it was ruled out"),
        Value::OneOf { candidates, gap } => {
            let left: Vec<Value<'_>> = candidates.into_iter().filter(|value| !matches!(value, Value::Null)).collect();
            Ok(Value::one_of(left, gap))
        }
        value => Ok(value),
    }
}

fn is_in(needle: &Value<'_>, list: &ListValue<'_>) -> Verdict {
    let mut gaps: Gaps = list.gaps.clone();
    for item in &list.items {
        let verdict = equal(needle, &item.value);
        match verdict.truth {
            Truth::True if item.doubts.is_empty() => return Verdict::known(true),
            Truth::False => {}
            _ => {
                gaps.extend(verdict.gaps);
                gaps.extend(item.doubts.iter().cloned());
            }
        }
    }
    if gaps.is_empty() { Verdict::known(false) } else { Verdict::unknown(gaps) }
}

/// The cases of an element that decides: what its body gave, or itself.
fn cases_at(value: &Value<'_>, inner: Vec<Case>) -> Vec<Case> {
    match value.label() {
        Some(label) if inner.is_empty() => vec![Case::new(label)],
        _ => inner_cases(value, inner),
    }
}

/// What the body gave for an element, said of the element; events are spoken of in their cases already.
fn inner_cases(value: &Value<'_>, inner: Vec<Case>) -> Vec<Case> {
    match (value, value.label()) {
        (Value::Event { .. } | Value::Watched { .. }, _) | (_, None) => inner,
        (_, Some(label)) => inner.iter().map(|case| case.at(&label)).collect(),
    }
}
