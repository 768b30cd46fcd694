//! Tests of a text, and the classes into which several tests divide all texts.
//!
//! Filter patterns and event patterns compare values by these tests; whether patterns together leave a value out is asked of
//! the classes. Nothing here knows what the texts are about.

mod classes;
mod network;
mod nfa;
mod regex;

pub use classes::{Class, classes};
pub use network::Network;
pub use nfa::Nfa;
pub use regex::{RegexError, parse as parse_regex};

/// A condition on a text.
#[derive(Clone, Debug)]
pub enum TextTest {
    /// Every text.
    Any,
    Equals(String),
    /// `*` for any characters, anywhere.
    Glob(Glob),
    Prefix {
        text: String,
        ignore_case: bool,
    },
    Suffix {
        text: String,
        ignore_case: bool,
    },
    EqualsIgnoringCase(String),
    Regex(Nfa),
    /// An IP address within the network.
    Within(Network),
}

/// A pattern with stars, cut at them: a text matches that has the pieces in this order, the first at its start, the last at its
/// end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    pieces: Vec<String>,
}

impl Glob {
    pub fn new(pattern: &str) -> Self {
        Glob { pieces: pattern.split('*').map(str::to_string).collect() }
    }

    /// What stands between the stars.
    pub fn of_pieces(pieces: Vec<String>) -> Self {
        Glob { pieces }
    }

    /// Stars elsewhere than at the start and the end.
    pub fn has_inner_star(&self) -> bool {
        let pattern = self.pattern();
        pattern.trim_matches('*').contains('*')
    }

    fn holds(&self, text: &str) -> bool {
        let Some((first, rest)) = self.pieces.split_first() else { return text.is_empty() };
        let Some((last, inner)) = rest.split_last() else { return text == first };
        let Some(mut left) = text.strip_prefix(first.as_str()) else { return false };
        for piece in inner {
            match left.find(piece.as_str()) {
                Some(at) => left = &left[at + piece.len()..],
                None => return false,
            }
        }
        left.ends_with(last.as_str())
    }

    /// The pattern as it was written.
    pub fn pattern(&self) -> String {
        self.pieces.join("*")
    }

    pub(super) fn pieces(&self) -> &[String] {
        &self.pieces
    }
}

impl TextTest {
    /// What a text with `*` for any characters means.
    pub fn of_pattern(pattern: &str) -> Self {
        match pattern {
            "*" => TextTest::Any,
            plain if !plain.contains('*') => TextTest::Equals(plain.to_string()),
            stars => TextTest::Glob(Glob::new(stars)),
        }
    }

    pub fn holds(&self, text: &str) -> bool {
        match self {
            TextTest::Any => true,
            TextTest::Equals(wanted) => text == wanted,
            TextTest::Glob(glob) => glob.holds(text),
            TextTest::Prefix { text: start, ignore_case: false } => text.starts_with(start.as_str()),
            TextTest::Suffix { text: end, ignore_case: false } => text.ends_with(end.as_str()),
            TextTest::Prefix { text: start, ignore_case: true } => folded(text).starts_with(&folded(start)),
            TextTest::Suffix { text: end, ignore_case: true } => folded(text).ends_with(&folded(end)),
            TextTest::EqualsIgnoringCase(wanted) => folded(text) == folded(wanted),
            TextTest::Regex(nfa) => nfa.accepts(text),
            TextTest::Within(network) => network.contains(text),
        }
    }

    /// The one text for which it holds, where it is one.
    pub fn literal(&self) -> Option<&str> {
        match self {
            TextTest::Equals(text) => Some(text),
            _ => None,
        }
    }

    /// The test as an automaton; `None` where none is as exact.
    pub(super) fn nfa(&self) -> Option<Nfa> {
        Some(match self {
            TextTest::Any => Nfa::of_pieces(&[String::new(), String::new()], false),
            TextTest::Equals(text) => Nfa::of_pieces(std::slice::from_ref(text), false),
            TextTest::Glob(glob) => Nfa::of_pieces(glob.pieces(), false),
            TextTest::Prefix { text, ignore_case } => Nfa::of_pieces(&[text.clone(), String::new()], *ignore_case),
            TextTest::Suffix { text, ignore_case } => Nfa::of_pieces(&[String::new(), text.clone()], *ignore_case),
            TextTest::EqualsIgnoringCase(text) => Nfa::of_pieces(std::slice::from_ref(text), true),
            TextTest::Regex(nfa) => nfa.clone(),
            TextTest::Within(_) => return None,
        })
    }
}

/// Letters whose case does not count: those of ASCII.
fn folded(text: &str) -> String {
    text.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        let holds = |pattern: &str, text: &str| TextTest::of_pattern(pattern).holds(text);
        for (pattern, text) in [
            ("*", ""),
            ("*Operation", "Client.UnauthorizedOperation"),
            ("AccessDenied*", "AccessDenied"),
            ("*html*", "a.html b"),
            ("a*b*c", "aXbc"),
            ("aa*aa", "aaaa"),
        ] {
            assert!(holds(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("Access*", "access"), ("a*b", "abc"), ("aa*aa", "aaa"), ("*a*b*", "ba"), ("x", "")] {
            assert!(!holds(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn inner_stars_are_told_from_those_at_the_ends() {
        let inner = |pattern: &str| Glob::new(pattern).has_inner_star();
        assert!(!inner("*a") && !inner("a*") && !inner("*a*"));
        assert!(inner("a*b") && inner("*a*b") && inner("a*b*") && inner("*a*b*"));
    }
}
