//! What is asked of one value of an event.

use crate::semantics::Truth;
use crate::semantics::leaf::Leaf;
use crate::semantics::text::{Network, TextTest};

/// A condition on a value.
#[derive(Clone, Debug)]
pub enum Matcher {
    Text(TextTest),
    Number(f64),
    Bool(bool),
    Null,
    Exists(bool),
    /// All of these bounds hold.
    Numeric(Vec<(Order, f64)>),
    Within(Network),
    /// The value is there, and none of these holds.
    AnythingBut(Vec<Matcher>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Order::Equal => value == bound,
            Order::Less => value < bound,
            Order::LessOrEqual => value <= bound,
            Order::Greater => value > bound,
            Order::GreaterOrEqual => value >= bound,
        }
    }
}

impl Matcher {
    /// Whether it holds for the value; unknown where the documentation does not tell.
    pub fn judge(&self, leaf: Leaf<'_>) -> Truth {
        match self {
            Matcher::Text(test) => match leaf {
                Leaf::Text(text) => test.holds(text).into(),
                _ => Truth::False,
            },
            Matcher::Within(network) => match leaf {
                Leaf::Text(text) => network.contains(text).into(),
                _ => Truth::False,
            },
            Matcher::Number(wanted) => number(leaf).is_some_and(|n| n == *wanted).into(),
            Matcher::Numeric(bounds) => {
                number(leaf).is_some_and(|n| bounds.iter().all(|(order, bound)| order.holds(n, *bound))).into()
            }
            Matcher::Bool(wanted) => matches!(leaf, Leaf::Bool(b) if b == *wanted).into(),
            Matcher::Null => matches!(leaf, Leaf::Null).into(),
            // Only of leaves: an object is neither there nor missing to it.
            Matcher::Exists(wanted) => match leaf {
                Leaf::Absent => (!wanted).into(),
                Leaf::Object | Leaf::Array => {
                    if *wanted {
                        Truth::False
                    } else {
                        Truth::Unknown
                    }
                }
                _ => (*wanted).into(),
            },
            Matcher::AnythingBut(excluded) => match leaf {
                Leaf::Absent | Leaf::Object | Leaf::Array => Truth::False,
                Leaf::Null | Leaf::Bool(_) => Truth::Unknown,
                leaf => !super::one_of(excluded, leaf),
            },
        }
    }

    /// The tests of texts in it.
    pub fn texts(&self) -> Vec<TextTest> {
        match self {
            Matcher::Text(test) => vec![test.clone()],
            Matcher::Within(network) => vec![TextTest::Within(*network)],
            Matcher::AnythingBut(excluded) => excluded.iter().flat_map(Matcher::texts).collect(),
            _ => Vec::new(),
        }
    }

    /// The numbers in it.
    pub fn numbers(&self) -> Vec<f64> {
        match self {
            Matcher::Number(n) => vec![*n],
            Matcher::Numeric(bounds) => bounds.iter().map(|(_, n)| *n).collect(),
            Matcher::AnythingBut(excluded) => excluded.iter().flat_map(Matcher::numbers).collect(),
            _ => Vec::new(),
        }
    }
}

fn number(leaf: Leaf<'_>) -> Option<f64> {
    match leaf {
        Leaf::Number(n) => n.as_f64(),
        _ => None,
    }
}
