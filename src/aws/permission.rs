//! Which permissions some facts need, as it follows from the table of operations.
//!
//! Facts are named by noun and field. Nothing here knows of policies, nor of how a permission is written down.

use std::collections::BTreeSet;

use super::operation::{ALL, Need, Operation};

/// What is to be read.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    Everything,
    /// These fields, each with its noun.
    Fields(&'a BTreeSet<(&'static str, &'static str)>),
}

/// An IAM action, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// For example `s3:ListBucket`.
    pub name: &'static str,
    /// The purposes of the operations that it allows.
    pub purposes: Vec<&'static str>,
}

/// The operations that are asked with an audited account's own permissions, in the order of the table.
pub fn in_account(wanted: Wanted<'_>) -> Vec<&'static Operation> {
    let is_first = |noun: &str| match wanted {
        Wanted::Everything => true,
        // What is known of a record before it was asked about needs no more than what named it.
        Wanted::Fields(fields) => fields.iter().any(|(n, field)| *n == noun && !is_known_with_the_population(n, field)),
    };
    let is_needed = |operation: &&&Operation| {
        feeds_any(operation, wanted)
            || operation.needs.iter().any(|need| match need {
                Need::Always => true,
                Need::First(noun) => is_first(noun),
                Need::Discovery | Need::Management | Need::Unrestricted => false,
            })
    };
    ALL.iter().filter(|operation| !operation.needs.contains(&Need::Management)).filter(is_needed).copied().collect()
}

/// The operations that are asked of the organization, with the permissions of whoever starts the scan: the management
/// account, or a delegated administrator.
pub fn in_organization(wanted: Wanted<'_>) -> Vec<&'static Operation> {
    let is_needed = |operation: &&&Operation| operation.needs.contains(&Need::Discovery) || tells(operation, wanted);
    ALL.iter().filter(is_needed).copied().collect()
}

/// The actions that allow the operations, by name; without those that AWS answers in any case.
pub fn actions(operations: &[&'static Operation]) -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    for operation in operations.iter().filter(|o| !o.needs.contains(&Need::Unrestricted)) {
        match actions.iter_mut().find(|action| action.name == operation.action) {
            Some(action) => action.purposes.push(operation.purpose),
            None => actions.push(Action { name: operation.action, purposes: vec![operation.purpose] }),
        }
    }
    actions.sort_by_key(|action| action.name);
    actions
}

/// Whether something that is wanted is told to the management account alone, by this operation.
pub fn tells(operation: &Operation, wanted: Wanted<'_>) -> bool {
    operation.needs.contains(&Need::Management) && feeds_any(operation, wanted)
}

fn feeds_any(operation: &Operation, wanted: Wanted<'_>) -> bool {
    match wanted {
        Wanted::Everything => !operation.feeds.is_empty(),
        Wanted::Fields(fields) => fields.iter().any(|(noun, field)| operation.feeds(noun, field)),
    }
}

fn is_known_with_the_population(noun: &str, field: &str) -> bool {
    ALL.iter().any(|operation| operation.needs.contains(&Need::Always) && operation.feeds(noun, field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::noun::{Kind, Noun};
    use crate::inventory::nouns;

    fn nested_in(kind: &Kind) -> Option<&'static str> {
        match kind {
            Kind::Record(noun) => Some(noun),
            Kind::Nullable(inner) | Kind::List(inner) => nested_in(inner),
            _ => None,
        }
    }

    /// Nouns that stand by themselves, and the names of those that are nested in a field of another.
    fn owners() -> (Vec<&'static Noun>, BTreeSet<&'static str>) {
        let nested: BTreeSet<&str> = nouns().iter().flat_map(|n| &n.fields).filter_map(|f| nested_in(&f.kind)).collect();
        (nouns().into_iter().filter(|n| !nested.contains(n.name)).collect(), nested)
    }

    fn names(wanted: &[(&'static str, &'static str)]) -> Vec<&'static str> {
        let fields = wanted.iter().copied().collect();
        in_account(Wanted::Fields(&fields)).iter().map(|operation| operation.name).collect()
    }

    #[test]
    fn every_field_of_the_inventory_is_fed() {
        let (owners, nested) = owners();
        let mut missing = Vec::new();
        // What code changes is told by code.
        for noun in owners.iter().filter(|noun| noun.name != "change") {
            for field in &noun.fields {
                if !ALL.iter().any(|operation| operation.feeds(noun.name, field.name)) {
                    missing.push(format!("{}.{}", noun.name, field.name));
                }
            }
        }
        assert!(missing.is_empty(), "say in the table which operation feeds {missing:?}");
        assert_eq!(owners.len() + nested.len(), nouns().len());
        assert!(owners.len() >= 7 && nested.contains("trail_status"), "{nested:?}");
    }

    #[test]
    fn every_feed_is_a_field_of_the_inventory() {
        let (owners, _) = owners();
        for operation in ALL {
            for (noun, fields) in operation.feeds {
                let table =
                    owners.iter().find(|n| n.name == *noun).unwrap_or_else(|| panic!("{}: no noun {noun}", operation.name));
                for field in *fields {
                    assert!(table.fields.iter().any(|f| f.name == *field), "{}: {noun} has no {field}", operation.name);
                }
            }
            for need in operation.needs {
                if let Need::First(noun) = need {
                    assert!(owners.iter().any(|n| n.name == *noun), "{}: no noun {noun}", operation.name);
                }
            }
        }
    }

    #[test]
    fn every_operation_is_for_something() {
        for operation in ALL {
            let finds = operation.needs.contains(&Need::Always) || operation.needs.contains(&Need::Discovery);
            assert!(finds || !operation.feeds.is_empty(), "{} {} feeds nothing", operation.service, operation.name);
        }
        let whole: BTreeSet<_> = in_account(Wanted::Everything)
            .into_iter()
            .chain(in_organization(Wanted::Everything))
            .map(|o| (o.service, o.name))
            .collect();
        assert_eq!(whole.len(), ALL.len(), "an operation is in nobody's permissions");
    }

    #[test]
    fn a_field_needs_what_feeds_it_what_finds_it_and_the_population() {
        let population = ["GetCallerIdentity", "ListRegions", "ListTrails", "DescribeTrails"];
        assert_eq!(names(&[]), population);
        assert_eq!(names(&[("trail", "log_file_validation_enabled"), ("bucket", "name")]), population);
        assert_eq!(names(&[("trail", "is_logging")])[4..], ["GetTrailStatus"]);
        assert_eq!(names(&[("bucket", "tags")])[4..], ["ListBuckets", "HeadBucket", "GetBucketLocation", "GetBucketTagging"]);
        assert_eq!(names(&[("key", "policy")])[4..], ["DescribeKey", "GetKeyPolicy"]);
    }

    #[test]
    fn what_only_the_management_account_may_ask_is_not_asked_by_others() {
        let members = BTreeSet::from([("organization", "members"), ("organization", "cloudtrail_trusted_access")]);
        let of_account: Vec<&str> = in_account(Wanted::Fields(&members)).iter().map(|o| o.action).collect();
        assert_eq!(of_account.last(), Some(&"organizations:DescribeOrganization"));
        let asked: Vec<&str> = in_organization(Wanted::Fields(&members)).iter().map(|o| o.name).collect();
        assert!(asked.contains(&"ListAccounts") && asked.contains(&"ListAWSServiceAccessForOrganization"), "{asked:?}");
        assert!(!asked.contains(&"ListDelegatedAdministrators"), "{asked:?}");
        assert!(in_account(Wanted::Everything).iter().all(|o| o.name != "ListAccounts"));
    }

    #[test]
    fn an_action_stands_once_with_every_purpose() {
        let all = actions(&in_account(Wanted::Everything));
        let list = all.iter().find(|a| a.name == "s3:ListBucket").expect("there");
        assert_eq!(list.purposes.len(), 2);
        assert!(all.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(all.iter().all(|a| a.name != "sts:GetCallerIdentity"), "no permission is needed for it");
    }
}
