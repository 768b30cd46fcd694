//! Sets of strings described by conditions: exact, and never empty.
//!
//! A conjunction of "equals", "starts with", "ends with" and their negations is kept in a normal form in which emptiness is
//! read off: between a prefix and a suffix there is always room for a character that no condition speaks of, so only
//! contradictions among the conditions themselves can empty the set. Nothing here knows what the strings are about.

use std::collections::BTreeSet;

/// How a value is compared, always case-sensitively.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Test {
    Equals,
    StartsWith,
    EndsWith,
}

/// One condition on a string.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Literal {
    pub(super) test: Test,
    pub(super) value: String,
}

impl Literal {
    pub(super) fn new(test: Test, value: impl Into<String>) -> Self {
        Literal { test, value: value.into() }
    }

    pub(super) fn holds(&self, text: &str) -> bool {
        match self.test {
            Test::Equals => text == self.value,
            Test::StartsWith => text.starts_with(&self.value),
            Test::EndsWith => text.ends_with(&self.value),
        }
    }
}

/// A set of strings that has at least one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Strings {
    /// These and no others; not empty.
    OneOf(BTreeSet<String>),
    /// Every string that starts with `prefix`, ends with `suffix`, and for which nothing excluded holds. No excluded
    /// condition is implied by the prefix or the suffix alone, so the set is infinite.
    Such { prefix: String, suffix: String, excluded: BTreeSet<Literal> },
}

impl Strings {
    /// Every string there is.
    pub(super) fn any() -> Self {
        Strings::Such { prefix: String::new(), suffix: String::new(), excluded: BTreeSet::new() }
    }

    /// These strings; `None` where there are none.
    pub(super) fn one_of<S: Into<String>>(values: impl IntoIterator<Item = S>) -> Option<Self> {
        let values: BTreeSet<String> = values.into_iter().map(Into::into).collect();
        (!values.is_empty()).then_some(Strings::OneOf(values))
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        match self {
            Strings::OneOf(values) => values.contains(text),
            Strings::Such { prefix, suffix, excluded } => {
                // A prefix and a suffix may overlap in a member: both are conditions, not parts.
                text.starts_with(prefix) && text.ends_with(suffix) && !excluded.iter().any(|l| l.holds(text))
            }
        }
    }

    /// The members for which the condition holds; `None` where there are none.
    pub(super) fn and(&self, literal: &Literal) -> Option<Self> {
        let (prefix, suffix, excluded) = match self {
            Strings::OneOf(values) => return Self::one_of(values.iter().filter(|v| literal.holds(v)).cloned()),
            Strings::Such { prefix, suffix, excluded } => (prefix, suffix, excluded),
        };
        let value = &literal.value;
        let (prefix, suffix) = match literal.test {
            Test::Equals => return self.contains(value).then(|| Strings::OneOf([value.clone()].into())),
            Test::StartsWith if prefix.starts_with(value) => return Some(self.clone()),
            Test::StartsWith if value.starts_with(prefix) => (value, suffix),
            Test::EndsWith if suffix.ends_with(value) => return Some(self.clone()),
            Test::EndsWith if value.ends_with(suffix) => (prefix, value),
            _ => return None,
        };
        let all_excluded = excluded.iter().any(|l| match l.test {
            Test::Equals => false,
            Test::StartsWith => prefix.starts_with(&l.value),
            Test::EndsWith => suffix.ends_with(&l.value),
        });
        if all_excluded {
            return None;
        }
        let excluded = excluded.iter().filter(|l| could_hold(l, prefix, suffix)).cloned().collect();
        Some(Strings::Such { prefix: prefix.clone(), suffix: suffix.clone(), excluded })
    }

    /// The members for which the condition does not hold; `None` where it holds for all.
    pub(super) fn and_not(&self, literal: &Literal) -> Option<Self> {
        let (prefix, suffix, excluded) = match self {
            Strings::OneOf(values) => return Self::one_of(values.iter().filter(|v| !literal.holds(v)).cloned()),
            Strings::Such { prefix, suffix, excluded } => (prefix, suffix, excluded),
        };
        match literal.test {
            Test::StartsWith if prefix.starts_with(&literal.value) => return None,
            Test::EndsWith if suffix.ends_with(&literal.value) => return None,
            _ if !could_hold(literal, prefix, suffix) => return Some(self.clone()),
            _ => {}
        }
        // What the new condition excludes need not be excluded again.
        let mut excluded: BTreeSet<Literal> = excluded
            .iter()
            .filter(|l| match (literal.test, l.test) {
                (Test::StartsWith, Test::Equals | Test::StartsWith) => !l.value.starts_with(&literal.value),
                (Test::EndsWith, Test::Equals | Test::EndsWith) => !l.value.ends_with(&literal.value),
                _ => true,
            })
            .cloned()
            .collect();
        if literal.test != Test::Equals || self.contains(&literal.value) {
            excluded.insert(literal.clone());
        }
        Some(Strings::Such { prefix: prefix.clone(), suffix: suffix.clone(), excluded })
    }

    /// Whether every member is a member of the other set.
    pub(super) fn is_within(&self, other: &Strings) -> bool {
        match (self, other) {
            (Strings::OneOf(values), _) => values.iter().all(|v| other.contains(v)),
            (Strings::Such { .. }, Strings::OneOf(_)) => false,
            (Strings::Such { prefix, suffix, .. }, Strings::Such { prefix: p, suffix: s, excluded }) => {
                prefix.starts_with(p) && suffix.ends_with(s) && excluded.iter().all(|l| self.and(l).is_none())
            }
        }
    }

    /// A member: the first of the preferred strings that is one, else one made up.
    pub(super) fn witness(&self, preferred: &[&str]) -> String {
        if let Some(found) = preferred.iter().find(|p| self.contains(p)) {
            return (*found).to_string();
        }
        match self {
            Strings::OneOf(values) => values.first().cloned().unwrap_or_default(),
            Strings::Such { prefix, suffix, excluded } => {
                let made_up = ["example", "other", "another"].map(|middle| format!("{prefix}{middle}{suffix}"));
                made_up.into_iter().find(|text| self.contains(text)).unwrap_or_else(|| {
                    // A character that nothing excluded speaks of cannot be excluded.
                    let unspoken = |c: &char| !excluded.iter().any(|l| l.value.contains(*c));
                    let middle = ('a'..='z').chain('0'..='9').chain('\u{a1}'..=char::MAX).find(unspoken).unwrap_or('\u{fffd}');
                    format!("{prefix}{middle}{suffix}")
                })
            }
        }
    }
}

/// Whether the condition can hold for some string with this prefix and suffix.
fn could_hold(literal: &Literal, prefix: &str, suffix: &str) -> bool {
    let value = literal.value.as_str();
    match literal.test {
        Test::Equals => value.starts_with(prefix) && value.ends_with(suffix),
        Test::StartsWith => value.starts_with(prefix) || prefix.starts_with(value),
        Test::EndsWith => value.ends_with(suffix) || suffix.ends_with(value),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(conditions: &[(Literal, bool)]) -> Option<Strings> {
        conditions.iter().try_fold(Strings::any(), |set, (l, wanted)| if *wanted { set.and(l) } else { set.and_not(l) })
    }

    /// Every string over `a`, `b` and a character that no condition names, up to a length that leaves room between a
    /// prefix and a suffix of two.
    fn universe() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..5 {
            last = last.iter().flat_map(|s| ["a", "b", "z"].map(|c| format!("{s}{c}"))).collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    fn condition() -> impl Strategy<Value = (Literal, bool)> {
        let test = prop_oneof![Just(Test::Equals), Just(Test::StartsWith), Just(Test::EndsWith)];
        (test, "[ab]{0,2}", any::<bool>()).prop_map(|(test, value, wanted)| (Literal::new(test, value), wanted))
    }

    #[test]
    fn contradictions_are_empty() {
        let s = |v: &str| Literal::new(Test::StartsWith, v);
        let e = |v: &str| Literal::new(Test::EndsWith, v);
        let q = |v: &str| Literal::new(Test::Equals, v);
        assert_eq!(all(&[(s("ab"), true), (s("ac"), true)]), None);
        assert_eq!(all(&[(e("ba"), true), (e("ca"), true)]), None);
        assert_eq!(all(&[(s("a"), false), (s("ab"), true)]), None);
        assert_eq!(all(&[(q("ab"), true), (s("a"), false)]), None);
        assert_eq!(all(&[(s(""), false)]), None);
        assert!(all(&[(s("a"), true), (s("ab"), false), (q("a"), false)]).is_some());
        assert!(all(&[(s("bucket"), true), (s("bucket/"), false)]).is_some(), "a longer bucket name is left");
    }

    #[test]
    fn a_witness_is_realistic_where_it_can_be() {
        let set = Strings::any().and_not(&Literal::new(Test::Equals, "kms.amazonaws.com")).unwrap();
        assert_eq!(set.witness(&["kms.amazonaws.com", "s3.amazonaws.com"]), "s3.amazonaws.com");
        let set = Strings::any().and(&Literal::new(Test::StartsWith, "arn:aws:s3:::logs/")).unwrap();
        assert_eq!(set.witness(&["arn:aws:s3:::example/key"]), "arn:aws:s3:::logs/example");
    }

    proptest! {
        #[test]
        fn sets_agree_with_their_conditions(conditions in prop::collection::vec(condition(), 0..7)) {
            let set = all(&conditions);
            let holds = |text: &str| conditions.iter().all(|(l, wanted)| l.holds(text) == *wanted);
            let members: Vec<String> = universe().into_iter().filter(|t| holds(t)).collect();
            prop_assert_eq!(set.is_none(), members.is_empty());
            if let Some(set) = set {
                let witness = set.witness(&["ab", "zz"]);
                prop_assert!(holds(&witness), "{} in {:?}", witness, set);
                for text in universe() {
                    prop_assert_eq!(set.contains(&text), holds(&text));
                }
            }
        }

        #[test]
        fn inclusion_agrees_with_membership(a in prop::collection::vec(condition(), 0..5), b in prop::collection::vec(condition(), 0..4)) {
            if let (Some(a), Some(b)) = (all(&a), all(&b)) {
                prop_assert_eq!(a.is_within(&b), universe().iter().all(|t| !a.contains(t) || b.contains(t)));
            }
        }
    }
}
