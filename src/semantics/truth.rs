//! Kleene's three truth values, and answers that say what they rest on.

use crate::inventory::Gaps;

/// True, false, or not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Truth {
    True,
    False,
    Unknown,
}

impl Truth {
    #[must_use]
    pub fn and(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::True, Truth::True) => Truth::True,
            _ => Truth::Unknown,
        }
    }

    #[must_use]
    pub fn or(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::True, _) | (_, Truth::True) => Truth::True,
            (Truth::False, Truth::False) => Truth::False,
            _ => Truth::Unknown,
        }
    }

    /// Whether knowing more could have led here: an unknown may become anything, a known stays.
    pub fn refines(self, less_known: Truth) -> bool {
        less_known == Truth::Unknown || less_known == self
    }
}

impl std::ops::Not for Truth {
    type Output = Truth;
    fn not(self) -> Truth {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(b: bool) -> Self {
        if b { Truth::True } else { Truth::False }
    }
}

/// The answer to a question about meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub truth: Truth,
    /// Where false: cases that show it, in plain words, such as `write management events of kms.amazonaws.com`. Where
    /// unknown: cases that may not be covered.
    pub counterexamples: Vec<String>,
    /// Where unknown: what was not known and decides.
    pub gaps: Gaps,
}

impl Answer {
    pub fn yes() -> Self {
        Answer { truth: Truth::True, counterexamples: Vec::new(), gaps: Gaps::new() }
    }

    pub fn no(counterexamples: Vec<String>) -> Self {
        Answer { truth: Truth::False, counterexamples, gaps: Gaps::new() }
    }

    pub fn unknown(counterexamples: Vec<String>, gaps: Gaps) -> Self {
        Answer { truth: Truth::Unknown, counterexamples, gaps }
    }
}
