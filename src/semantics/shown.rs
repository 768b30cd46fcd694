//! Values as people see them in a trace: short, and the same everywhere. Foreign text is kept as it is: writers escape it.

use crate::inventory::noun::{Opaque, View};

/// Longer values are cut.
const MAX_CHARACTERS: usize = 300;
/// Items of a list that are written out.
pub const MOST_ITEMS: usize = 10;

/// A value in a few words.
pub fn value(view: &View<'_>) -> String {
    cut(match view {
        View::Null => "null".to_string(),
        View::Bool(b) => b.to_string(),
        View::Int(i) => i.to_string(),
        View::Text(text) => (*text).to_string(),
        View::Time(time) => time.to_string(),
        View::Record(record) => record.id().to_string(),
        View::Ref { id, .. } => (*id).to_string(),
        View::Opaque(Opaque::EventSelectors(selectors)) => super::selectors::describe(selectors),
        View::Opaque(Opaque::AlarmDefinition(definition)) => definition.summary(),
        View::Opaque(Opaque::PolicyDocument(policy)) => match policy.statements.len() {
            1 => "policy of 1 statement".to_string(),
            n => format!("policy of {n} statements"),
        },
        View::List { items, .. } if items.is_empty() => "none".to_string(),
        View::List { items, .. } => {
            let shown = items.iter().take(MOST_ITEMS).map(value).collect::<Vec<_>>().join(", ");
            match items.len().saturating_sub(MOST_ITEMS) {
                0 => shown,
                more => format!("{shown} and {more} more"),
            }
        }
        View::Known { value, .. } => self::value(value),
        View::OneOf { candidates, .. } => format!("one of {} candidates", candidates.len()),
        View::Unknown(_) => "unknown".to_string(),
    })
}

/// The text, shortened where it is long.
pub fn cut(text: String) -> String {
    match text.char_indices().nth(MAX_CHARACTERS) {
        None => text,
        Some(_) => text.chars().take(MAX_CHARACTERS - 1).chain(['…']).collect(),
    }
}
