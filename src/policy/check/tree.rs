//! A checked expression: every name resolved, every type right.
//!
//! It says what to do, and nothing of where it was written.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::functions::Function;
use super::syntax::{Macro, Operator};

#[derive(Debug)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Duration(SignedDuration),
    List(Vec<Node>),
    /// The subject, with the name it is spoken of by.
    Subject(String),
    Now,
    Parameter(String),
    Events,
    Event(String),
    /// The element that a macro speaks of.
    Binder(String),
    Field {
        of: Box<Node>,
        /// The noun that has the field.
        noun: &'static str,
        field: &'static str,
    },
    /// A value that is known not to be null wherever this is reached.
    NonNull(Box<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
    },
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Box<Node>,
    },
    Macro {
        which: Macro,
        range: Box<Node>,
        binder: String,
        body: Box<Node>,
    },
    Size(Box<Node>),
    Call {
        function: Function,
        receiver: Box<Node>,
        arguments: Vec<Node>,
    },
}

impl Node {
    /// The same value without the knowledge that it is not null.
    pub(super) fn nullable(self) -> Node {
        match self {
            Node::NonNull(inner) => *inner,
            node => node,
        }
    }

    /// How a value that was read along fields is spoken of: `trail.kms_key`. Values do not change, so that what is found
    /// about a path holds wherever the path is written.
    pub(super) fn path(&self) -> Option<String> {
        match self {
            Node::Subject(name) | Node::Binder(name) => Some(name.clone()),
            Node::NonNull(inner) => inner.path(),
            Node::Field { of, field, .. } => Some(format!("{}.{field}", of.path()?)),
            _ => None,
        }
    }

    /// The paths that are not null where this turned out as `outcome`, or where it is not known how it turned out.
    ///
    /// A path is in it only if this, with the path null, is certainly the opposite of `outcome`.
    pub(super) fn not_null_where(&self, outcome: bool) -> BTreeSet<String> {
        match self {
            Node::Not(inner) => inner.not_null_where(!outcome),
            Node::Binary { operator: Operator::And, left, right } => joined(left, right, outcome, true),
            Node::Binary { operator: Operator::Or, left, right } => joined(left, right, outcome, false),
            Node::Binary { operator: operator @ (Operator::Equal | Operator::NotEqual), left, right } => {
                let with_null = matches!(**left, Node::Null) || matches!(**right, Node::Null);
                // `x != null` where true and `x == null` where false; `x == "a"` where true and `x != "a"` where false.
                let equal = (*operator == Operator::Equal) == outcome;
                if equal == with_null {
                    return BTreeSet::new();
                }
                left.path().into_iter().chain(right.path()).collect()
            }
            _ => BTreeSet::new(),
        }
    }
}

fn joined(left: &Node, right: &Node, outcome: bool, both_where: bool) -> BTreeSet<String> {
    let (left, right) = (left.not_null_where(outcome), right.not_null_where(outcome));
    if outcome == both_where { &left | &right } else { &left & &right }
}
