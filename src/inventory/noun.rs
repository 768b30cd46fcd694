//! The one table per noun: from it come the struct, the view that policies read, its types and its documentation.
//!
//! A policy sees nouns through [`Record`] and [`View`] alone; it never touches the structs. Nothing here knows which nouns
//! there are, nor how a view is evaluated.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::fact::{Basis, Fact, Gap, GapKind, Listing, Origin, Remedy};

/// The type of a field as a policy sees it. `Fact` is transparent: an unknown is a value of every type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Int,
    Text,
    Time,
    /// May be `null`: AWS says that there is none.
    Nullable(Box<Kind>),
    List(Box<Kind>),
    /// A record of the noun with this name, nested in its owner.
    Record(&'static str),
    /// A record of the noun with this name, found by its id in the inventory.
    Ref(&'static str),
    /// Something only functions understand, for example `event_selectors` or `policy_document`.
    Opaque(&'static str),
}

/// One field of a noun.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    /// The doc comment, lines joined.
    pub doc: String,
}

/// A noun: its name in policies, its documentation and its fields.
#[derive(Clone, Debug)]
pub struct Noun {
    pub name: &'static str,
    pub doc: String,
    pub fields: Vec<Field>,
}

/// A value as a policy reads it, borrowed from the inventory.
#[derive(Clone)]
pub enum View<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Text(&'a str),
    Time(Timestamp),
    List {
        items: Vec<View<'a>>,
        gaps: &'a [Gap],
        from: &'a [Origin],
    },
    Record(&'a dyn Record),
    /// The id of a record of the noun.
    Ref {
        noun: &'static str,
        id: &'a str,
    },
    Opaque(Opaque<'a>),
    /// A fact that was read, with where it was read.
    Known {
        value: Box<View<'a>>,
        from: &'a Origin,
        basis: Basis,
    },
    OneOf {
        candidates: Vec<View<'a>>,
        from: &'a Origin,
    },
    Unknown(&'a Gap),
}

/// Values that only functions understand.
#[derive(Clone, Copy)]
pub enum Opaque<'a> {
    EventSelectors(&'a super::trail::EventSelectors),
    PolicyDocument(&'a super::document::PolicyDocument),
    AlarmDefinition(&'a super::alarm::AlarmDefinition),
}

/// A noun's record seen through its table.
pub trait Record: Sync {
    fn noun_name(&self) -> &'static str;
    /// The noun's table: name, documentation, fields.
    fn noun(&self) -> &'static Noun;
    /// What identifies the record for a reader: an ARN, a name, an id.
    fn id(&self) -> &str;
    /// The field's value; `None` where the noun has no such field.
    fn read(&self, field: &str) -> Option<View<'_>>;
}

/// A type that can stand in a noun's table.
pub trait Viewable {
    fn kind() -> Kind;
    fn view(&self) -> View<'_>;
}

impl Viewable for bool {
    fn kind() -> Kind {
        Kind::Bool
    }
    fn view(&self) -> View<'_> {
        View::Bool(*self)
    }
}

impl Viewable for i64 {
    fn kind() -> Kind {
        Kind::Int
    }
    fn view(&self) -> View<'_> {
        View::Int(*self)
    }
}

/// Why a text that stands for something which code does not tell is no text to policies.
static NOT_TOLD: LazyLock<Gap> = LazyLock::new(|| {
    Gap::new(GapKind::KnownAfterApply, "the code leaves an account, a Region or a name open until it is applied").with_remedy(
        Remedy::Do(
            "scan the account once the code is applied, or write them into the code; of a template, name `AWS::AccountId` and \
             `AWS::Region` in the file of `--parameters`"
                .into(),
        ),
    )
});

impl Viewable for String {
    fn kind() -> Kind {
        Kind::Text
    }
    fn view(&self) -> View<'_> {
        if super::code::is_placeholder(self) { View::Unknown(&NOT_TOLD) } else { View::Text(self) }
    }
}

impl Viewable for Timestamp {
    fn kind() -> Kind {
        Kind::Time
    }
    fn view(&self) -> View<'_> {
        View::Time(*self)
    }
}

impl<T: Viewable> Viewable for Option<T> {
    fn kind() -> Kind {
        match T::kind() {
            nullable @ Kind::Nullable(_) => nullable,
            kind => Kind::Nullable(Box::new(kind)),
        }
    }
    fn view(&self) -> View<'_> {
        self.as_ref().map_or(View::Null, Viewable::view)
    }
}

impl<T: Viewable> Viewable for Vec<T> {
    fn kind() -> Kind {
        Kind::List(Box::new(T::kind()))
    }
    fn view(&self) -> View<'_> {
        View::List { items: self.iter().map(Viewable::view).collect(), gaps: &[], from: &[] }
    }
}

impl<T: Viewable> Viewable for Fact<T> {
    fn kind() -> Kind {
        T::kind()
    }
    fn view(&self) -> View<'_> {
        match self {
            Fact::Known { value, from, basis } => View::Known { value: Box::new(value.view()), from, basis: *basis },
            Fact::OneOf { candidates, from } => View::OneOf { candidates: candidates.iter().map(Viewable::view).collect(), from },
            Fact::Unknown(gap) => View::Unknown(gap),
        }
    }
}

impl<T: Viewable> Viewable for Listing<T> {
    fn kind() -> Kind {
        Kind::List(Box::new(T::kind()))
    }
    fn view(&self) -> View<'_> {
        View::List { items: self.items.iter().map(Viewable::view).collect(), gaps: &self.gaps, from: &self.from }
    }
}

/// Declares an id type that joins to a noun of the inventory.
macro_rules! reference {
    ($(#[doc = $doc:expr])+ $name:ident => $noun:literal) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl Viewable for $name {
            fn kind() -> Kind {
                Kind::Ref($noun)
            }
            fn view(&self) -> View<'_> {
                View::Ref { noun: $noun, id: &self.0 }
            }
        }
    };
}

reference!(
    /// A trail, by its ARN.
    TrailRef => "trail"
);
reference!(
    /// A bucket, by its name.
    BucketRef => "bucket"
);
reference!(
    /// A KMS key, by its key ARN.
    KeyRef => "key"
);
reference!(
    /// A CloudWatch Logs log group, by its ARN without the final `:*`.
    LogGroupRef => "log_group"
);
reference!(
    /// An SNS topic, by its ARN.
    TopicRef => "topic"
);
reference!(
    /// A CloudWatch alarm, by its ARN.
    AlarmRef => "alarm"
);
reference!(
    /// An event data store, by its ARN.
    EventDataStoreRef => "event_data_store"
);
reference!(
    /// An organization, by its id.
    OrganizationRef => "organization"
);
reference!(
    /// An account, by its twelve digits.
    AccountRef => "account"
);

/// Declares a noun: the struct with serde and JSON Schema, and its table.
macro_rules! noun {
    (
        $(#[doc = $doc:expr])+
        $vis:vis struct $name:ident($noun:literal, id = $id:ident) {
            $( $(#[doc = $fdoc:expr])+ $field:ident: $ty:ty, )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        $vis struct $name {
            $( $(#[doc = $fdoc])+ pub $field: $ty, )+
        }

        impl $name {
            /// The noun's table.
            pub fn table() -> &'static $crate::inventory::noun::Noun {
                static TABLE: std::sync::LazyLock<$crate::inventory::noun::Noun> =
                    std::sync::LazyLock::new(|| $crate::inventory::noun::Noun {
                        name: $noun,
                        doc: [$($doc),+].join("").trim().to_string(),
                        fields: vec![ $( $crate::inventory::noun::Field {
                            name: stringify!($field),
                            kind: <$ty as $crate::inventory::noun::Viewable>::kind(),
                            doc: [$($fdoc),+].join("").trim().to_string(),
                        }, )+ ],
                    });
                &TABLE
            }
        }

        impl $crate::inventory::noun::Record for $name {
            fn noun_name(&self) -> &'static str {
                $noun
            }
            fn noun(&self) -> &'static $crate::inventory::noun::Noun {
                Self::table()
            }
            fn id(&self) -> &str {
                AsRef::<str>::as_ref(&self.$id)
            }
            fn read(&self, field: &str) -> Option<$crate::inventory::noun::View<'_>> {
                match field {
                    $( stringify!($field) => Some($crate::inventory::noun::Viewable::view(&self.$field)), )+
                    _ => None,
                }
            }
        }

        impl $crate::inventory::noun::Viewable for $name {
            fn kind() -> $crate::inventory::noun::Kind {
                $crate::inventory::noun::Kind::Record($noun)
            }
            fn view(&self) -> $crate::inventory::noun::View<'_> {
                $crate::inventory::noun::View::Record(self)
            }
        }
    };
}
pub(crate) use noun;

/// The candidate that a misspelt name most likely means, for "did you mean"; `None` where nothing is near.
/// Case, underscores and hyphens do not count; neighbours that changed places count once.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |s: &str| s.chars().filter(|c| !"_-".contains(*c)).take(64).flat_map(char::to_lowercase).collect::<Vec<char>>();
    let wanted = plain(name);
    let limit = (wanted.len() / 3).clamp(1, 4);
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let near = candidates
        .iter()
        .copied()
        .map(|candidate| (distance(&wanted, &plain(candidate)), candidate))
        .filter(|(far, _)| *far <= limit)
        .min()
        .map(|(_, candidate)| candidate);
    // A name that was cut short or lengthened is far by letters, and meant all the same.
    let part = |candidate: &&&str| {
        let candidate = plain(candidate);
        let (short, long) = if wanted.len() < candidate.len() { (&wanted, &candidate) } else { (&candidate, &wanted) };
        short.len() >= 5 && long.starts_with(short)
    };
    near.or_else(|| candidates.iter().filter(part).min_by_key(|c| c.len()).copied())
}

/// Letters to insert, delete, replace, or swap with their neighbour to turn one word into the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (rows[i][j] + usize::from(x != y)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names = ["is_logging", "is_multi_region", "arn", "name"];
        assert_eq!(closest("is_loging", names), Some("is_logging"));
        assert_eq!(closest("isMultiRegion", names), Some("is_multi_region"));
        assert_eq!(closest("ARN", names), Some("arn"));
        assert_eq!(closest("nmae", names), Some("name"));
        assert_eq!(closest("is_multi", names), Some("is_multi_region"));
        assert_eq!(closest("bucket", names), None);
        assert_eq!(closest("", names), None);
    }
}
