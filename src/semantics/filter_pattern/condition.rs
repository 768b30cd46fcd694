//! Conditions on one value, of JSON patterns and of space-delimited ones.

use crate::semantics::Truth;
use crate::semantics::leaf::Leaf;
use crate::semantics::text::TextTest;

/// What is asked of a property.
#[derive(Clone, Debug)]
pub enum Condition {
    Equal(Literal),
    NotEqual(Literal),
    Less(f64),
    LessOrEqual(f64),
    Greater(f64),
    GreaterOrEqual(f64),
    IsNull,
    IsTrue,
    IsFalse,
    NotExists,
}

/// What a property is compared with.
#[derive(Clone, Debug)]
pub enum Literal {
    Text {
        test: TextTest,
        quoted: bool,
        /// The text itself, where stars stand inside: whether those are wildcards, AWS's pages do not agree.
        literally: Option<String>,
    },
    Number {
        value: f64,
        /// As it was written.
        text: String,
    },
}

impl Condition {
    /// Whether it holds for the value; unknown where the documentation does not tell.
    pub fn judge(&self, leaf: Leaf<'_>) -> Truth {
        match self {
            Condition::Equal(literal) => literal.equals(leaf),
            // A property that is missing is like nothing, and unlike nothing either.
            Condition::NotEqual(literal) => match leaf {
                Leaf::Absent | Leaf::Object | Leaf::Array => Truth::False,
                Leaf::Null | Leaf::Bool(_) => Truth::Unknown,
                Leaf::Number(_) | Leaf::Text(_) => !literal.equals(leaf),
            },
            Condition::Less(bound) => ordered(leaf, |n| n < *bound),
            Condition::LessOrEqual(bound) => ordered(leaf, |n| n <= *bound),
            Condition::Greater(bound) => ordered(leaf, |n| n > *bound),
            Condition::GreaterOrEqual(bound) => ordered(leaf, |n| n >= *bound),
            Condition::IsNull => matches!(leaf, Leaf::Null).into(),
            Condition::IsTrue => matches!(leaf, Leaf::Bool(true)).into(),
            Condition::IsFalse => matches!(leaf, Leaf::Bool(false)).into(),
            Condition::NotExists => matches!(leaf, Leaf::Absent).into(),
        }
    }

    /// What it compares with.
    pub fn literal(&self) -> Option<&Literal> {
        match self {
            Condition::Equal(literal) | Condition::NotEqual(literal) => Some(literal),
            _ => None,
        }
    }

    /// The number that it compares with.
    pub fn number(&self) -> Option<f64> {
        match self {
            Condition::Less(n) | Condition::LessOrEqual(n) | Condition::Greater(n) | Condition::GreaterOrEqual(n) => Some(*n),
            Condition::Equal(Literal::Number { value, .. }) | Condition::NotEqual(Literal::Number { value, .. }) => Some(*value),
            _ => None,
        }
    }
}

fn ordered(leaf: Leaf<'_>, ask: impl Fn(f64) -> bool) -> Truth {
    match leaf {
        Leaf::Number(n) => n.as_f64().is_some_and(ask).into(),
        // Whether a text of digits counts as a number is not written anywhere.
        Leaf::Text(text) if text.trim().parse::<f64>().is_ok() => Truth::Unknown,
        _ => Truth::False,
    }
}

impl Literal {
    fn equals(&self, leaf: Leaf<'_>) -> Truth {
        match (self, leaf) {
            (_, Leaf::Absent | Leaf::Object | Leaf::Array) => Truth::False,
            (Literal::Text { test, literally: None, .. }, Leaf::Text(text)) => test.holds(text).into(),
            (Literal::Text { test, literally: Some(itself), .. }, Leaf::Text(text)) => match text == itself {
                true => Truth::True,
                false => possibly(test.holds(text)),
            },
            (Literal::Number { text: written, .. }, Leaf::Text(text)) if text == written => Truth::True,
            (Literal::Number { value, .. }, Leaf::Text(text)) => possibly(text.trim().parse::<f64>() == Ok(*value)),
            (Literal::Number { value, .. }, Leaf::Number(n)) => (n.as_f64() == Some(*value)).into(),
            // Stars match numbers too, as the page says; of quoted numbers it says nothing.
            (Literal::Text { test: TextTest::Any | TextTest::Glob(_), quoted: false, literally: None }, Leaf::Number(n)) => {
                self.holds(&n.to_string()).into()
            }
            (_, Leaf::Number(n)) => possibly(self.holds(&n.to_string())),
            (_, Leaf::Bool(b)) => possibly(self.holds(if b { "true" } else { "false" })),
            (Literal::Text { test: TextTest::Any, .. }, Leaf::Null) => Truth::Unknown,
            (_, Leaf::Null) => Truth::False,
        }
    }

    fn holds(&self, text: &str) -> bool {
        match self {
            Literal::Text { test, .. } => test.holds(text),
            Literal::Number { text: written, .. } => text == written,
        }
    }
}

fn possibly(holds: bool) -> Truth {
    if holds { Truth::Unknown } else { Truth::False }
}

/// The number that a text is, as the page writes numbers: a sign, decimals, an exponent.
pub(super) fn number(text: &str) -> Option<f64> {
    let plain = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = plain.split_once(['e', 'E']).map_or((plain, None), |(m, e)| (m, Some(e)));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let right =
        digits(whole) && fraction.is_none_or(digits) && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    right.then(|| text.parse().ok()).flatten()
}

/// What a bare word or a text in quotes means where it is compared.
pub(super) fn literal(text: String, quoted: bool) -> Literal {
    if !quoted && let Some(value) = number(&text) {
        return Literal::Number { value, text };
    }
    let test = TextTest::of_pattern(&text);
    let literally = matches!(&test, TextTest::Glob(glob) if glob.has_inner_star()).then_some(text);
    Literal::Text { test, quoted, literally }
}
