//! Patterns of filters and rules, parsed once: every policy about being told asks the same ones.

use std::collections::HashMap;
use std::rc::Rc;

use crate::semantics::event_pattern::{self, EventPattern};
use crate::semantics::filter_pattern::{self, FilterPattern};

type Parsed<P, E> = Result<Rc<P>, E>;

/// What patterns of each language came to, by their text.
#[derive(Default)]
pub(super) struct Patterns {
    filters: HashMap<String, Parsed<FilterPattern, filter_pattern::ParseError>>,
    rules: HashMap<String, Parsed<EventPattern, event_pattern::ParseError>>,
}

/// More patterns of one language than these are not remembered at once.
const MOST_KNOWN: usize = 4_096;

impl Patterns {
    pub(super) fn filter(&mut self, text: &str) -> Parsed<FilterPattern, filter_pattern::ParseError> {
        remembered(&mut self.filters, text, FilterPattern::parse)
    }

    pub(super) fn rule(&mut self, text: &str) -> Parsed<EventPattern, event_pattern::ParseError> {
        remembered(&mut self.rules, text, EventPattern::parse)
    }
}

fn remembered<P, E: Clone>(
    known: &mut HashMap<String, Parsed<P, E>>,
    text: &str,
    parse: impl FnOnce(&str) -> Result<P, E>,
) -> Parsed<P, E> {
    if let Some(parsed) = known.get(text) {
        return parsed.clone();
    }
    if known.len() >= MOST_KNOWN {
        known.clear();
    }
    let parsed = parse(text).map(Rc::new);
    known.insert(text.to_string(), parsed.clone());
    parsed
}
