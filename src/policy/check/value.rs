//! Values, among them the unknown, and how they compare.
//!
//! An unknown always carries at least one gap. Nothing here reads the inventory.

use std::borrow::Cow;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use crate::inventory::noun::Opaque;
use crate::inventory::{Basis, Gap, GapKind, Gaps, Origin, Record};
use crate::semantics::{Answer, PartialEvent, Truth};

use super::case::Case;
use super::syntax::Operator;

/// A truth value, with the cases that show why and, where unknown, the gaps that decide.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) truth: Truth,
    /// Why it came out so, whichever way it did. `!` turns the truth and keeps the cases.
    pub(super) cases: Vec<Case>,
    pub(super) gaps: Gaps,
}

impl Verdict {
    pub(super) fn known(truth: bool) -> Self {
        Verdict { truth: truth.into(), cases: Vec::new(), gaps: Gaps::new() }
    }

    pub(super) fn unknown(gaps: Gaps) -> Self {
        Verdict { truth: Truth::Unknown, cases: Vec::new(), gaps: or_unexplained(gaps) }
    }

    pub(super) fn with_cases(mut self, cases: Vec<Case>) -> Self {
        self.cases = cases;
        self
    }

    /// What a semantic function said.
    pub(super) fn answered(answer: Answer) -> Self {
        let cases = answer.counterexamples.into_iter().map(Case::new).collect();
        match answer.truth {
            Truth::True => Verdict::known(true),
            Truth::False => Verdict::known(false).with_cases(cases),
            Truth::Unknown => Verdict::unknown(answer.gaps).with_cases(cases),
        }
    }

    /// Only what decides goes on: the false sides of a false, the unknown sides of an unknown.
    pub(super) fn and(self, other: Verdict) -> Verdict {
        let truth = self.truth.and(other.truth);
        let (mut cases, mut gaps) = (Vec::new(), Gaps::new());
        for side in [self, other] {
            if side.truth == truth {
                cases.extend(side.cases);
                gaps.extend(side.gaps);
            }
        }
        Verdict { truth, cases, gaps }
    }

    pub(super) fn or(self, other: Verdict) -> Verdict {
        !(!self).and(!other)
    }
}

impl std::ops::Not for Verdict {
    type Output = Verdict;
    fn not(self) -> Verdict {
        Verdict { truth: !self.truth, ..self }
    }
}

/// A gap for what is unknown without a reason: it must never count as known.
fn or_unexplained(gaps: Gaps) -> Gaps {
    if gaps.is_empty() { [Gap::new(GapKind::NotUnderstood, "it could not be decided")].into() } else { gaps }
}

/// A whole number as far as it is known: between two bounds, the upper one possibly open.
#[derive(Clone, Debug)]
pub(super) struct Range {
    pub(super) low: i64,
    pub(super) high: Option<i64>,
    /// Why it is not exact.
    pub(super) gaps: Gaps,
}

impl Range {
    pub(super) fn exact(number: i64) -> Self {
        Range { low: number, high: Some(number), gaps: Gaps::new() }
    }

    pub(super) fn number(&self) -> Option<i64> {
        (self.high == Some(self.low)).then_some(self.low)
    }
}

/// A record of the inventory, or the id of one that was not read.
#[derive(Clone)]
pub(super) struct RecordValue<'a> {
    pub(super) noun: &'static str,
    pub(super) id: &'a str,
    /// Absent where something points to it and it was not read.
    pub(super) found: Option<&'a dyn Record>,
    /// The id of the record that the inventory lists: itself, or what it is nested in.
    pub(super) owner: &'a str,
    /// The way from the owner to here, `status[eu-west-1].`; none for the owner itself.
    pub(super) prefix: Option<Rc<str>>,
    /// Where the fact was read that holds it, for nested records.
    pub(super) held_by: Option<(&'a Origin, Basis)>,
}

/// A list as far as it is known.
#[derive(Clone)]
pub(super) struct ListValue<'a> {
    pub(super) items: Vec<Item<'a>>,
    /// Why there may be more items; empty where these are all.
    pub(super) gaps: Gaps,
}

/// An element, and why it may not be one.
#[derive(Clone)]
pub(super) struct Item<'a> {
    pub(super) value: Value<'a>,
    /// Empty where it certainly is an element.
    pub(super) doubts: Gaps,
}

impl<'a> ListValue<'a> {
    pub(super) fn complete(values: impl IntoIterator<Item = Value<'a>>) -> Self {
        let items = values.into_iter().map(|value| Item { value, doubts: Gaps::new() }).collect();
        ListValue { items, gaps: Gaps::new() }
    }

    /// A list of which nothing is known.
    pub(super) fn unread(gaps: Gaps) -> Self {
        ListValue { items: Vec::new(), gaps: or_unexplained(gaps) }
    }

    pub(super) fn size(&self) -> Range {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let certain = self.items.iter().filter(|item| item.doubts.is_empty()).count();
        let high = self.gaps.is_empty().then(|| count(self.items.len()));
        let mut gaps = self.gaps.clone();
        gaps.extend(self.items.iter().flat_map(|item| item.doubts.iter().cloned()));
        Range { low: count(certain), high, gaps }
    }
}

#[derive(Clone)]
pub(super) enum Value<'a> {
    Null,
    Truth(Verdict),
    Int(Range),
    Text(Cow<'a, str>),
    Time(Timestamp),
    Duration(SignedDuration),
    List(ListValue<'a>),
    Record(RecordValue<'a>),
    Opaque(Opaque<'a>),
    Event {
        name: &'a str,
        event: &'a PartialEvent,
    },
    /// An event of which only those who watch know what it means.
    Watched {
        name: &'a str,
    },
    /// Exactly one of these, and the source cannot tell which; none of them is an unknown or another choice. Where there are
    /// none, there is a value that is not null, and nothing more is known of it.
    OneOf {
        candidates: Vec<Value<'a>>,
        gap: Gap,
    },
    Unknown(Gaps),
}

/// More candidates than these are not tried out.
const MAX_CANDIDATES: usize = 64;

impl<'a> Value<'a> {
    pub(super) fn bool(truth: bool) -> Self {
        Value::Truth(Verdict::known(truth))
    }

    pub(super) fn unknown(gaps: Gaps) -> Self {
        Value::Unknown(or_unexplained(gaps))
    }

    /// How the value is spoken of as a case.
    pub(super) fn label(&self) -> Option<String> {
        match self {
            Value::Text(text) => Some(text.to_string()),
            Value::Record(record) => Some(record.id.to_string()),
            Value::Event { name, .. } | Value::Watched { name } => Some((*name).to_string()),
            Value::Int(range) => range.number().map(|n| n.to_string()),
            Value::Time(time) => Some(time.to_string()),
            Value::Duration(duration) => Some(format!("{duration:#}")),
            _ => None,
        }
    }

    /// Whether two values are known to be the same; what cannot be told counts as different.
    fn is_same(&self, other: &Value<'a>) -> bool {
        match (self, other) {
            (Value::Record(a), Value::Record(b)) => (a.noun, a.id, a.owner, &a.prefix) == (b.noun, b.id, b.owner, &b.prefix),
            (Value::Event { name: a, .. }, Value::Event { name: b, .. }) => a == b,
            (Value::Watched { name: a }, Value::Watched { name: b }) => a == b,
            (Value::List(_) | Value::Opaque(_), _) | (_, Value::List(_) | Value::Opaque(_)) => false,
            _ => equal(self, other).truth == Truth::True,
        }
    }

    /// What is known where exactly one of these is so.
    pub(super) fn one_of(candidates: Vec<Value<'a>>, gap: Gap) -> Value<'a> {
        let mut flat: Vec<Value<'a>> = Vec::new();
        let mut gaps: Gaps = [gap.clone()].into();
        let (mut unknown, mut cases) = (false, Vec::new());
        for candidate in candidates {
            match candidate {
                Value::OneOf { candidates, gap } => {
                    unknown |= candidates.is_empty();
                    gaps.insert(gap);
                    flat.extend(candidates);
                }
                Value::Unknown(more) => {
                    unknown = true;
                    gaps.extend(more);
                }
                Value::Truth(verdict) if verdict.truth == Truth::Unknown => {
                    unknown = true;
                    gaps.extend(verdict.gaps);
                    cases.extend(verdict.cases);
                }
                other => flat.push(other),
            }
        }
        if !unknown
            && let [first, rest @ ..] = flat.as_slice()
            && rest.iter().all(|other| first.is_same(other))
        {
            return flat.swap_remove(0);
        }
        let of_truths = flat.iter().any(|value| matches!(value, Value::Truth(_))) || !cases.is_empty();
        if of_truths {
            for value in flat {
                if let Value::Truth(verdict) = value {
                    cases.extend(verdict.cases);
                }
            }
            return Value::Truth(Verdict::unknown(gaps).with_cases(cases));
        }
        if unknown || flat.is_empty() || flat.len() > MAX_CANDIDATES {
            return Value::unknown(gaps);
        }
        Value::OneOf { candidates: flat, gap }
    }
}

/// Whether two values of one type, or a value and null, are equal.
pub(super) fn equal(left: &Value<'_>, right: &Value<'_>) -> Verdict {
    match (left, right) {
        (Value::OneOf { candidates, .. }, Value::Null) | (Value::Null, Value::OneOf { candidates, .. })
            if candidates.is_empty() =>
        {
            Verdict::known(false)
        }
        (Value::OneOf { candidates, gap }, other) | (other, Value::OneOf { candidates, gap }) => {
            pointwise(candidates, gap, |candidate| equal(candidate, other))
        }
        (Value::Unknown(a), Value::Unknown(b)) => Verdict::unknown(a | b),
        (Value::Truth(a), Value::Truth(b)) => match (a.truth, b.truth) {
            (Truth::Unknown, _) | (_, Truth::Unknown) => Verdict::unknown(&a.gaps | &b.gaps),
            (a, b) => Verdict::known(a == b),
        },
        (Value::Truth(verdict), Value::Unknown(gaps)) | (Value::Unknown(gaps), Value::Truth(verdict)) => {
            Verdict::unknown(&verdict.gaps | gaps)
        }
        (Value::Unknown(gaps), _) | (_, Value::Unknown(gaps)) => Verdict::unknown(gaps.clone()),
        (Value::Truth(verdict), _) | (_, Value::Truth(verdict)) if verdict.truth == Truth::Unknown => {
            Verdict::unknown(verdict.gaps.clone())
        }
        (Value::Null, Value::Null) => Verdict::known(true),
        (Value::Int(a), Value::Int(b)) => {
            let apart = a.high.is_some_and(|high| high < b.low) || b.high.is_some_and(|high| high < a.low);
            match (a.number(), b.number()) {
                (Some(a), Some(b)) => Verdict::known(a == b),
                _ if apart => Verdict::known(false),
                _ => Verdict::unknown(&a.gaps | &b.gaps),
            }
        }
        (Value::Text(a), Value::Text(b)) => Verdict::known(a == b),
        (Value::Time(a), Value::Time(b)) => Verdict::known(a == b),
        (Value::Duration(a), Value::Duration(b)) => Verdict::known(a == b),
        _ => Verdict::known(false),
    }
}

/// Whether one value comes before, or after, another of its type. `None` where the type has no order.
pub(super) fn ordered(operator: Operator, left: &Value<'_>, right: &Value<'_>) -> Option<Verdict> {
    match operator {
        Operator::Less => before(left, right),
        Operator::Greater => before(right, left),
        Operator::LessEqual => before(right, left).map(|v| !v),
        Operator::GreaterEqual => before(left, right).map(|v| !v),
        _ => None,
    }
}

fn before(left: &Value<'_>, right: &Value<'_>) -> Option<Verdict> {
    let all = |candidates: &[Value<'_>], gap: &Gap, ask: &dyn Fn(&Value<'_>) -> Option<Verdict>| {
        let verdicts: Vec<Verdict> = candidates.iter().map(ask).collect::<Option<_>>()?;
        Some(agreed(verdicts, gap))
    };
    match (left, right) {
        (Value::OneOf { candidates, gap }, other) => all(candidates, gap, &|candidate| before(candidate, other)),
        (other, Value::OneOf { candidates, gap }) => all(candidates, gap, &|candidate| before(other, candidate)),
        (Value::Unknown(a), Value::Unknown(b)) => Some(Verdict::unknown(a | b)),
        (Value::Unknown(gaps), Value::Int(range)) | (Value::Int(range), Value::Unknown(gaps)) => {
            Some(Verdict::unknown(gaps | &range.gaps))
        }
        (Value::Unknown(gaps), _) | (_, Value::Unknown(gaps)) => Some(Verdict::unknown(gaps.clone())),
        (Value::Int(a), Value::Int(b)) => Some(if a.high.is_some_and(|high| high < b.low) {
            Verdict::known(true)
        } else if b.high.is_some_and(|high| a.low >= high) {
            Verdict::known(false)
        } else {
            Verdict::unknown(&a.gaps | &b.gaps)
        }),
        (Value::Text(a), Value::Text(b)) => Some(Verdict::known(a < b)),
        (Value::Time(a), Value::Time(b)) => Some(Verdict::known(a < b)),
        (Value::Duration(a), Value::Duration(b)) => Some(Verdict::known(a < b)),
        _ => None,
    }
}

fn pointwise(candidates: &[Value<'_>], gap: &Gap, ask: impl Fn(&Value<'_>) -> Verdict) -> Verdict {
    agreed(candidates.iter().map(ask).collect(), gap)
}

/// What is so for every candidate; else unknown.
fn agreed(verdicts: Vec<Verdict>, gap: &Gap) -> Verdict {
    match Value::one_of(verdicts.into_iter().map(Value::Truth).collect(), gap.clone()) {
        Value::Truth(verdict) => verdict,
        _ => Verdict::unknown([gap.clone()].into()),
    }
}

/// The sum, difference or product. `None` where the types do not go together.
pub(super) fn computed<'a>(operator: Operator, left: &Value<'a>, right: &Value<'a>) -> Option<Value<'a>> {
    let too_large = || {
        let message = format!("the result of `{}` is too large to compute", operator.sign());
        Value::unknown([Gap::new(GapKind::NotUnderstood, message)].into())
    };
    Some(match (left, right) {
        (Value::OneOf { candidates, gap }, other) => {
            let results = candidates.iter().map(|candidate| computed(operator, candidate, other)).collect::<Option<_>>()?;
            Value::one_of(results, gap.clone())
        }
        (other, Value::OneOf { candidates, gap }) => {
            let results = candidates.iter().map(|candidate| computed(operator, other, candidate)).collect::<Option<_>>()?;
            Value::one_of(results, gap.clone())
        }
        (Value::Unknown(a), Value::Unknown(b)) => Value::unknown(a | b),
        (Value::Unknown(gaps), Value::Int(range)) | (Value::Int(range), Value::Unknown(gaps)) => {
            Value::unknown(gaps | &range.gaps)
        }
        (Value::Unknown(gaps), _) | (_, Value::Unknown(gaps)) => Value::unknown(gaps.clone()),
        (Value::Int(a), Value::Int(b)) => {
            let (Some(x), Some(y)) = (a.number(), b.number()) else { return Some(Value::unknown(&a.gaps | &b.gaps)) };
            let result = match operator {
                Operator::Add => x.checked_add(y),
                Operator::Subtract => x.checked_sub(y),
                Operator::Multiply => x.checked_mul(y),
                _ => return None,
            };
            result.map_or_else(too_large, |n| Value::Int(Range::exact(n)))
        }
        (Value::Text(a), Value::Text(b)) if operator == Operator::Add => Value::Text(Cow::Owned(format!("{a}{b}"))),
        (Value::Time(a), Value::Time(b)) if operator == Operator::Subtract => Value::Duration(a.duration_since(*b)),
        (Value::Time(time), Value::Duration(length)) if operator == Operator::Subtract => {
            time.checked_sub(*length).map_or_else(|_| too_large(), Value::Time)
        }
        (Value::Time(time), Value::Duration(length)) | (Value::Duration(length), Value::Time(time))
            if operator == Operator::Add =>
        {
            time.checked_add(*length).map_or_else(|_| too_large(), Value::Time)
        }
        _ => return None,
    })
}
