//! Families of CloudTrail events that somebody wants to be told of: any field of the record, and what is not written stands for
//! every value and for absence.

use std::collections::BTreeMap;

use super::record::{ENDPOINT_FIELDS, FIELDS, MANAGEMENT_TYPES, Shape, Texts};
use crate::inventory::noun::closest;
use crate::semantics::PartialEvent;
use crate::semantics::leaf::{Path, Step};
use crate::semantics::text::TextTest;

/// A family of events, by what is written of their fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchedEvent {
    pub fields: BTreeMap<Path, Constraint>,
}

/// What is written of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// One of these texts; `*` stands for any characters.
    OneOf(Vec<String>),
    /// A text that is none of these.
    Not(Vec<String>),
    Bool(bool),
    Absent,
    Present,
}

/// Why what is written of a field is no family of events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WatchedError {
    #[error("unknown event field `{field}`")]
    Unknown { field: String, closest: Option<&'static str> },
    #[error("`{field}` cannot be {what}")]
    Impossible { field: String, what: String },
}

impl WatchedEvent {
    /// The family with these constraints, by paths with dots.
    ///
    /// # Errors
    /// A field that no record has, or a value that the field never has: such a family would hold no event.
    pub fn new(written: impl IntoIterator<Item = (String, Constraint)>) -> Result<Self, WatchedError> {
        let mut event = WatchedEvent::default();
        for (field, constraint) in written {
            let path = Path::of_keys(&field);
            let first = field.split('.').next().unwrap_or_default();
            let known = || FIELDS.into_iter().chain(ENDPOINT_FIELDS);
            if !known().any(|f| f == first) {
                let closest = closest(first, known());
                return Err(WatchedError::Unknown { field, closest });
            }
            if let Some(what) = impossible(&Shape::of(&path), &constraint) {
                return Err(WatchedError::Impossible { field, what });
            }
            event.fields.insert(path, constraint);
        }
        Ok(event)
    }

    /// The family as those see it who watch.
    ///
    /// # Errors
    /// A value that the field never has.
    pub fn of(event: &PartialEvent) -> Result<Self, WatchedError> {
        let constraint = |field: &str, value: &str| match value.parse::<bool>() {
            Ok(b) if field == "readOnly" => Constraint::Bool(b),
            _ => Constraint::OneOf(vec![value.to_string()]),
        };
        WatchedEvent::new(event.fields.iter().map(|(field, value)| (field.clone(), constraint(field, value))))
    }

    /// The family of those that have one of these texts, too.
    #[must_use]
    pub fn with(&self, field: &str, texts: Vec<String>) -> Self {
        let mut event = self.clone();
        event.fields.insert(Path::of_keys(field), Constraint::OneOf(texts));
        event
    }

    /// The family's management events, where it says nothing of their category.
    #[must_use]
    pub fn of_management(&self) -> Self {
        let mut event = self.clone();
        let of_management = Constraint::OneOf(vec!["Management".into()]);
        let category = event.fields.entry(Path::of_keys("eventCategory")).or_insert_with(|| of_management.clone());
        if *category == of_management {
            event.fields.insert(Path::of_keys("managementEvent"), Constraint::Bool(true));
            let types = event.fields.entry(Path::of_keys("eventType")).or_insert_with(|| Constraint::Not(Vec::new()));
            if let Constraint::Not(excluded) = types {
                let left = MANAGEMENT_TYPES.into_iter().filter(|t| !excluded.iter().any(|e| e == t));
                *types = Constraint::OneOf(left.map(str::to_string).collect());
            }
        }
        event
    }

    /// The one text that a field has.
    pub fn text(&self, field: &str) -> Option<&str> {
        match self.fields.get(&Path::of_keys(field)) {
            Some(Constraint::OneOf(texts)) => match texts.as_slice() {
                [one] if !one.contains('*') => Some(one),
                _ => None,
            },
            _ => None,
        }
    }

    /// A filter pattern that sees every event of the family, and little else.
    pub fn filter_pattern(&self) -> String {
        let order = |path: &Path| match path.to_string().as_str() {
            "eventSource" => 0,
            "eventName" => 1,
            _ => 2,
        };
        let mut fields: Vec<(&Path, &Constraint)> = self.fields.iter().collect();
        fields.sort_by_key(|(path, _)| (order(path), (*path).clone()));
        let parts: Vec<String> = fields.into_iter().filter_map(|(path, constraint)| asked(path, constraint)).collect();
        format!("{{ {} }}", parts.join(" && "))
    }

    /// The families that it consists of, one for each name of an event and each source that is written, with that name.
    pub fn parts(&self) -> Vec<(Option<String>, WatchedEvent)> {
        let path = Path::of_keys("eventName");
        match self.fields.get(&path) {
            Some(Constraint::OneOf(names)) if names.len() > 1 => {
                names.iter().map(|name| (Some(name.clone()), self.with("eventName", vec![name.clone()]))).collect()
            }
            _ => vec![(self.text("eventName").map(str::to_string), self.clone())],
        }
    }
}

impl std::fmt::Display for Constraint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Constraint::OneOf(texts) => write!(f, "= {}", texts.join(" or ")),
            Constraint::Not(texts) => write!(f, "is there, and not {}", texts.join(" or ")),
            Constraint::Bool(b) => write!(f, "= {b}"),
            Constraint::Absent => f.write_str("is absent"),
            Constraint::Present => f.write_str("is there"),
        }
    }
}

impl Constraint {
    /// The tests of texts in it.
    pub(super) fn texts(&self) -> Vec<TextTest> {
        match self {
            Constraint::OneOf(texts) | Constraint::Not(texts) => texts.iter().map(|t| TextTest::of_pattern(t)).collect(),
            _ => Vec::new(),
        }
    }
}

/// A part of a filter pattern; nothing where the field only says what kind of record it is.
fn asked(path: &Path, constraint: &Constraint) -> Option<String> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._*".contains(&b));
    let quoted = |text: &String| if plain(text) { text.clone() } else { format!("\"{}\"", text.replace('"', "\\\"")) };
    let each =
        |texts: &[String], sign: &str| texts.iter().map(|t| format!("($.{path} {sign} {})", quoted(t))).collect::<Vec<_>>();
    let kind = ["eventType", "eventCategory", "readOnly", "managementEvent"].contains(&path.to_string().as_str());
    match constraint {
        Constraint::Not(texts) => Some(each(texts, "!=").join(" && ")),
        _ if kind => None,
        Constraint::OneOf(texts) => match each(texts, "=").as_slice() {
            [one] => Some(one.clone()),
            several => Some(format!("({})", several.join(" || "))),
        },
        Constraint::Bool(b) => Some(format!("($.{path} IS {})", if *b { "TRUE" } else { "FALSE" })),
        Constraint::Absent => Some(format!("($.{path} NOT EXISTS)")),
        Constraint::Present => Some(format!("($.{path} = *)")),
    }
}

fn impossible(shape: &Shape, constraint: &Constraint) -> Option<String> {
    match constraint {
        Constraint::Absent => (!shape.absent).then(|| "absent".to_string()),
        Constraint::Present => None,
        Constraint::Bool(b) => (!shape.bools).then(|| b.to_string()),
        Constraint::OneOf(texts) | Constraint::Not(texts) => match &shape.texts {
            None => Some("a text".into()),
            _ if texts.is_empty() => Some("an empty list".into()),
            Some(Texts::OneOf(all)) => {
                let never = |t: &&String| !all.iter().any(|v| TextTest::of_pattern(t).holds(v));
                texts.iter().find(never).map(|t| format!("`{t}`"))
            }
            Some(Texts::Within(within)) => texts.iter().find(|t| !t.contains('*') && !within.holds(t)).map(|t| format!("`{t}`")),
        },
    }
}

/// Whether a step is one that policies write.
pub(super) fn key(step: &Step) -> Option<&str> {
    match step {
        Step::Key(key) => Some(key),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(field: &str, constraint: Constraint) -> Result<WatchedEvent, WatchedError> {
        WatchedEvent::new([(field.to_string(), constraint)])
    }

    fn texts(texts: &[&str]) -> Constraint {
        Constraint::OneOf(texts.iter().map(|t| (*t).to_string()).collect())
    }

    #[test]
    fn what_no_event_has_is_refused() {
        let meant = |field: &str| match new(field, Constraint::Present) {
            Err(WatchedError::Unknown { closest, .. }) => closest,
            other => panic!("{other:?}"),
        };
        assert_eq!(meant("useridentity.type"), Some("userIdentity"));
        assert_eq!(meant("colour"), None);
        for (field, constraint) in [
            ("eventName", Constraint::Absent),
            ("eventType", texts(&["AwsApiCalls"])),
            ("eventSource", texts(&["iam"])),
            ("eventName", Constraint::Bool(true)),
            ("readOnly", texts(&["false"])),
            ("eventName", texts(&[])),
        ] {
            assert!(matches!(new(field, constraint), Err(WatchedError::Impossible { .. })), "{field}");
        }
        assert!(new("requestParameters.bucketName", texts(&["*-logs"])).is_ok());
        assert!(new("errorCode", Constraint::Absent).is_ok());
        assert!(new("vpcEndpointId", Constraint::Present).is_ok());
    }

    #[test]
    fn a_family_of_several_names_has_a_part_for_each() {
        let event = new("eventName", texts(&["A", "B"])).expect("a family");
        let names: Vec<Option<String>> = event.parts().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, [Some("A".to_string()), Some("B".to_string())]);
        assert_eq!(new("errorCode", Constraint::Present).expect("a family").parts().len(), 1);
    }
}
