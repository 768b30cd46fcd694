//! What a filter or a rule asks of one field.

use super::{DOMAIN, READS, WRITES_BY_READING_NAMES, delivered_as, is_read, source};
use crate::semantics::Truth;
use crate::semantics::event_pattern::{Matcher, one_of};
use crate::semantics::filter_pattern::{Condition, Literal};
use crate::semantics::leaf::Leaf;
use crate::semantics::text::{Glob, TextTest};

/// What a pattern asks of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask<'a> {
    Filter(&'a Condition),
    Matchers(&'a [Matcher]),
    /// Of the event source, by EventBridge's name for it.
    Source(&'a [Matcher]),
    /// Of the type, by EventBridge's name for it.
    DetailType(&'a [Matcher]),
    /// That the event's name is none of those that a rule is not given.
    IsNoRead,
}

impl Ask<'_> {
    pub(super) fn judge(&self, leaf: Leaf<'_>) -> Truth {
        let as_text = |name: &dyn Fn(&str) -> String, matchers: &[Matcher]| match leaf {
            Leaf::Text(text) => one_of(matchers, Leaf::Text(&name(text))),
            other => one_of(matchers, other),
        };
        match self {
            Ask::Filter(condition) => condition.judge(leaf),
            Ask::Matchers(matchers) => one_of(matchers, leaf),
            Ask::Source(matchers) => as_text(&source, matchers),
            Ask::DetailType(matchers) => as_text(&|t| delivered_as(t).to_string(), matchers),
            Ask::IsNoRead => match leaf {
                Leaf::Text(name) => (!is_read(name)).into(),
                _ => Truth::True,
            },
        }
    }

    /// The tests of the field's text by which values are told apart; `false` where there are more than these.
    pub(super) fn texts(&self) -> (Vec<TextTest>, bool) {
        match self {
            Ask::Filter(condition) => match condition.literal() {
                Some(Literal::Text { test, literally, .. }) => {
                    let itself = literally.iter().map(|text| TextTest::Equals(text.clone()));
                    ([test.clone()].into_iter().chain(itself).collect(), true)
                }
                Some(Literal::Number { text, value }) => {
                    (vec![TextTest::Equals(text.clone()), TextTest::Equals(format!("{value:?}"))], true)
                }
                None => (condition.number().map(|n| TextTest::Equals(n.to_string())).into_iter().collect(), true),
            },
            Ask::Matchers(matchers) => (matchers.iter().flat_map(Matcher::texts).collect(), true),
            Ask::Source(matchers) => {
                let mapped: Vec<Option<TextTest>> = matchers.iter().flat_map(Matcher::texts).map(|t| of_source(&t)).collect();
                let whole = mapped.iter().all(Option::is_some);
                (mapped.into_iter().flatten().collect(), whole)
            }
            Ask::DetailType(_) => (Vec::new(), true),
            Ask::IsNoRead => {
                let starts = READS.iter().map(|text| TextTest::Prefix { text: (*text).into(), ignore_case: false });
                let names = WRITES_BY_READING_NAMES.iter().map(|name| TextTest::Equals((*name).into()));
                (starts.chain(names).collect(), true)
            }
        }
    }

    pub(super) fn numbers(&self) -> Vec<f64> {
        match self {
            Ask::Filter(condition) => {
                let of_text = match condition.literal() {
                    Some(Literal::Text { test: TextTest::Equals(text), .. }) => text.parse().ok(),
                    _ => None,
                };
                condition.number().or(of_text).into_iter().collect()
            }
            Ask::Matchers(matchers) => matchers.iter().flat_map(Matcher::numbers).collect(),
            _ => Vec::new(),
        }
    }

    /// Texts that it leaves out by name.
    pub(super) fn leaves_out(&self) -> Vec<String> {
        match self {
            Ask::Filter(Condition::NotEqual(Literal::Text { test: TextTest::Equals(text), .. })) => vec![text.clone()],
            Ask::Matchers(matchers) => matchers
                .iter()
                .filter(|m| matches!(m, Matcher::AnythingBut(_)))
                .flat_map(Matcher::texts)
                .filter_map(|t| t.literal().map(str::to_string))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// A test of EventBridge's source, as one of the event source; `None` where it is none.
fn of_source(test: &TextTest) -> Option<TextTest> {
    let rest = |text: &str| text.strip_prefix("aws.").map(str::to_string);
    // What no source has is asked by a text that no event source is.
    let never = || TextTest::Equals(String::new());
    Some(match test {
        TextTest::Any => TextTest::Any,
        TextTest::Equals(text) => rest(text).map_or_else(never, |name| TextTest::Equals(format!("{name}{DOMAIN}"))),
        TextTest::Prefix { text, ignore_case: false } => match rest(text) {
            Some(start) => TextTest::Prefix { text: start, ignore_case: false },
            None if "aws.".starts_with(text.as_str()) => TextTest::Any,
            None => never(),
        },
        TextTest::Suffix { text, ignore_case: false } if !text.contains('.') => {
            TextTest::Suffix { text: format!("{text}{DOMAIN}"), ignore_case: false }
        }
        TextTest::Glob(glob) => {
            let mut pieces = glob.pattern().split('*').map(str::to_string).collect::<Vec<_>>();
            let first = rest(pieces.first()?).or_else(|| pieces.first().filter(|p| p.is_empty()).cloned())?;
            *pieces.first_mut()? = first;
            let last = pieces.last_mut()?;
            if last.contains('.') {
                return None;
            }
            last.push_str(DOMAIN);
            TextTest::Glob(Glob::of_pieces(pieces))
        }
        _ => return None,
    })
}
