//! What an expression can read: its fields, before anything was read.
//!
//! A trace says what an evaluation did read, this says what any evaluation may: permissions follow from it. Nothing here
//! knows of values.

use std::collections::BTreeSet;

use super::functions::Function;
use super::tree::Node;
use crate::inventory::noun::{Kind, Noun};
use crate::inventory::nouns;

/// Fields, each with its noun: `("trail", "is_logging")`.
pub type Reads = BTreeSet<(&'static str, &'static str)>;

/// Every field that an evaluation of the expression can read.
pub(super) fn of(root: &Node) -> Reads {
    let mut reads = Reads::new();
    add(root, &mut reads);
    reads
}

fn add(node: &Node, reads: &mut Reads) {
    match node {
        Node::Null
        | Node::Bool(_)
        | Node::Int(_)
        | Node::Text(_)
        | Node::Duration(_)
        | Node::Subject(_)
        | Node::Now
        | Node::Parameter(_)
        | Node::Events
        | Node::Event(_)
        | Node::Binder(_) => {}
        Node::Field { of, noun, field } => {
            reads.insert((noun, field));
            add(of, reads);
        }
        Node::List(elements) => elements.iter().for_each(|element| add(element, reads)),
        Node::NonNull(inner) | Node::Not(inner) | Node::Negate(inner) | Node::Size(inner) => add(inner, reads),
        Node::Binary { left, right, .. } => {
            add(left, reads);
            add(right, reads);
        }
        Node::If { condition, then, otherwise } => [condition, then, otherwise].into_iter().for_each(|part| add(part, reads)),
        Node::Macro { range, body, .. } => {
            add(range, reads);
            add(body, reads);
        }
        Node::Call { function, receiver, arguments } => {
            reads.extend(by_itself(*function));
            add(receiver, reads);
            arguments.iter().for_each(|argument| add(argument, reads));
        }
    }
}

/// The fields of its receiver that a function reads by itself.
fn by_itself(function: Function) -> &'static [(&'static str, &'static str)] {
    match function {
        Function::Record | Function::Records => &[("trail", "event_selectors")],
        Function::TakeIn => &[("event_data_store", "event_selectors")],
        Function::Covers => &[("trail", "is_multi_region"), ("trail", "home_region")],
        Function::DeniesInsecureTransport => &[("bucket", "policy"), ("bucket", "partition")],
        Function::ForeignWriters => super::functions::access::OF_BUCKET_POLICY,
        Function::Events(question) => super::functions::events::reads(question),
        Function::Watch(_) => super::functions::watch::READS,
        Function::Roles(question) => super::functions::roles::reads(question),
        Function::Topics(_) => &[("topic", "policy"), ("topic", "partition")],
        Function::Access(question) => super::functions::access::reads(question),
        Function::StartsWith | Function::EndsWith | Function::Contains => &[],
    }
}

/// The fields that lead to the records of a noun: without them there may be records that nobody saw.
pub fn population(noun: &str) -> Reads {
    let nouns = nouns();
    let nested: BTreeSet<&str> = nouns.iter().flat_map(|n| &n.fields).filter_map(|f| names(&f.kind, true)).collect();
    nouns
        .iter()
        .filter(|owner| !nested.contains(owner.name))
        .flat_map(|owner| owner.fields.iter().map(|field| (owner.name, field)))
        .filter(|(_, field)| leads_to(&field.kind, noun, &nouns))
        .map(|(owner, field)| (owner, field.name))
        .collect()
}

/// Whether a field refers to records of the noun, itself or in what is nested in it.
fn leads_to(kind: &Kind, noun: &str, nouns: &[&Noun]) -> bool {
    let inside = |of: &str| nouns.iter().filter(|n| n.name == of).flat_map(|n| &n.fields).any(|f| leads_to(&f.kind, noun, nouns));
    // Accounts are listed by whoever starts a scan.
    names(kind, false) == Some(noun) || (noun != "account" && names(kind, true).is_some_and(inside))
}

/// The noun of the records in a field: those nested in it, or those that it refers to.
fn names(kind: &Kind, nested: bool) -> Option<&'static str> {
    match kind {
        Kind::Record(noun) if nested => Some(noun),
        Kind::Ref(noun) if !nested => Some(noun),
        Kind::Nullable(inner) | Kind::List(inner) => names(inner, nested),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::check::{Env, Program};

    fn reads(source: &str) -> Vec<String> {
        let env = Env { subject: "account".into(), events: vec!["writes".into()], ..Env::default() };
        let program = Program::compile(source, &env).expect("it is right");
        program.reads().into_iter().map(|(noun, field)| format!("{noun}.{field}")).collect()
    }

    #[test]
    fn fields_are_found_with_the_noun_that_has_them_wherever_they_stand() {
        assert_eq!(reads("size(account.regions) > 0"), ["account.regions"]);
        assert_eq!(
            reads(
                "account.trails.exists(t, t.kms_key != null && t.kms_key.key_state == \"Enabled\" ? t.is_logging : !t.is_organization)"
            ),
            ["account.trails", "key.key_state", "trail.is_logging", "trail.is_organization", "trail.kms_key"]
        );
        assert_eq!(
            reads("account.trails.map(t, t.bucket).all(b, b.tags.exists(x, x.key in [b.name]))"),
            ["account.trails", "bucket.name", "bucket.tags", "tag.key", "trail.bucket"]
        );
    }

    #[test]
    fn functions_are_seen_through() {
        assert_eq!(reads("account.trails.record(events.writes)"), ["account.trails", "trail.event_selectors"]);
        let of_bucket = reads("account.trails.all(t, t.bucket.foreignWriters().all(w, w == account.id))");
        for needed in ["bucket.policy", "bucket.owner_account", "account.id"] {
            assert!(of_bucket.iter().any(|read| read == needed), "{needed}: {of_bucket:?}");
        }
    }

    #[test]
    fn what_names_a_record_leads_to_its_population() {
        let keys = population("key");
        for (noun, field) in [("trail", "kms_key"), ("bucket", "default_encryption_key"), ("log_group", "kms_key")] {
            assert!(keys.contains(&(noun, field)), "{noun}.{field}: {keys:?}");
        }
        assert!(population("trail").contains(&("account", "trails")));
        assert_eq!(population("bucket"), Reads::from([("trail", "bucket")]));
        assert_eq!(population("account"), Reads::new(), "members are listed by whoever starts a scan, not by what it reads");
    }
}
