//! The settings of one thing, as code has them and as the account has them.

use serde_json::{Value, json};

use super::holes::{Fit, Likeness, fit, likeness};
use super::statements::{label, meaning, words};
use super::{OpenSetting, Setting};
use crate::inventory::code::is_placeholder;
use crate::inventory::document::{PolicyDocument, Statement};
use crate::inventory::noun::{Field, Opaque, View};
use crate::inventory::{Basis, Gap, GapKind, Record};
use crate::semantics::shown;

/// Fields that say nothing of their own: what the thing is called, who uses it, and what follows from other fields.
const LEFT_OUT: [(&str, &[&str]); 14] = [
    (
        "trail",
        &[
            "arn",
            "name",
            "owner_account",
            "home_region",
            "has_custom_event_selectors",
            "has_insight_selectors",
            "kms_key_id",
            "sns_topic_arn",
            "cloud_watch_logs_log_group_arn",
            "cloud_watch_logs_role",
            "status",
        ],
    ),
    (
        "bucket",
        &[
            "name",
            "partition",
            "owner_account",
            "exists",
            "default_encryption_key_id",
            "policy_is_public",
            "acl_owner",
            "account_public_access_block",
            "access_log_bucket_exists",
            "top_level_prefixes",
            "trails",
        ],
    ),
    ("key", &["arn", "exists", "owner_account", "region", "creation_date", "deletion_date"]),
    ("log_group", &["arn", "name", "owner_account", "region", "exists", "kms_key_id", "alarms", "trails"]),
    ("topic", &["arn", "name", "partition", "owner_account", "region", "exists", "trails"]),
    ("alarm", &["arn", "name", "owner_account", "region", "topics", "state", "state_since", "mute_rules"]),
    ("event_data_store", &["arn", "name", "owner_account", "region", "kms_key_id"]),
    ("event_rule", &["arn", "name"]),
    ("event_bus", &["region"]),
    ("public_access_block", &["level"]),
    ("lifecycle_rule", &["id"]),
    ("metric_filter", &["name"]),
    ("subscription_filter", &["name"]),
    // What an account has of trails is compared trail by trail; the rest no code that is read sets.
    (
        "account",
        &[
            "id",
            "partition",
            "alias",
            "caller_arn",
            "regions",
            "global_events_region",
            "trails",
            "organization",
            "root_mfa_enabled",
            "root_has_access_keys",
            "event_data_stores",
            "config_regions",
            "threat_detections",
            "security_hubs",
        ],
    ),
];

/// The fields of a record that say something of their own.
fn fields(of: &dyn Record) -> impl Iterator<Item = &'static Field> {
    let left_out = LEFT_OUT.iter().find(|(noun, _)| *noun == of.noun_name()).map_or(&[][..], |(_, fields)| fields);
    of.noun().fields.iter().filter(move |field| !left_out.contains(&field.name))
}

/// What came of the settings of one thing.
#[derive(Default)]
pub(super) struct Compared {
    pub(super) same: usize,
    pub(super) run_time: usize,
    pub(super) left_to_others: usize,
    pub(super) differs: Vec<Setting>,
    pub(super) open: Vec<OpenSetting>,
    /// Parts that the account has and code, which need not be all, does not: as noun and name.
    pub(super) undescribed: Vec<(&'static str, String)>,
    /// Who owns the thing by its ACL: nobody writes that the owner has full control, and it is there.
    owner: Option<String>,
}

pub(super) fn compare(code: &dyn Record, live: &dyn Record) -> Compared {
    let owner = match live.read("acl_owner") {
        Some(View::Known { value, .. }) => match *value {
            View::Text(owner) => Some(owner.to_string()),
            _ => None,
        },
        _ => None,
    };
    let mut compared = Compared { owner, ..Compared::default() };
    compared.records("", code, live, false);
    compared
}

impl Compared {
    fn records(&mut self, prefix: &str, code: &dyn Record, live: &dyn Record, assumed: bool) {
        for field in fields(code) {
            if let (Some(code), Some(live)) = (code.read(field.name), live.read(field.name)) {
                self.views(&format!("{prefix}{}", field.name), code, live, assumed);
            }
        }
    }

    fn views(&mut self, path: &str, code: View<'_>, live: View<'_>, assumed: bool) {
        match (code, live) {
            (View::Known { value, basis, .. }, live) => self.views(path, *value, live, basis == Basis::AssumedDefault),
            (View::Unknown(gap), _) if gap.kind == GapKind::RunTime => self.run_time += 1,
            (View::Unknown(gap), _) if gap.kind == GapKind::NotInCode => self.left_to_others += 1,
            (View::Unknown(gap), _) => self.open(path, gap.clone()),
            (code, View::Known { value, .. }) => self.views(path, code, *value, assumed),
            (_, View::Unknown(gap)) => self.open(path, gap.clone()),
            (View::OneOf { candidates, .. }, live) => self.one_of(path, &candidates, &live),
            (View::List { items: code, gaps, .. }, View::List { items: live, gaps: unread, .. }) => {
                self.lists(path, &code, gaps, &live, unread, assumed);
            }
            (View::Record(code), View::Record(live)) => self.records(&format!("{path}."), code, live, assumed),
            (View::Opaque(Opaque::PolicyDocument(code)), View::Opaque(Opaque::PolicyDocument(live))) => {
                self.policies(path, code, live, assumed);
            }
            (code, live) => match alike(&code, &live) {
                Likeness::Same => self.same += 1,
                Likeness::Open => self.open(path, after_apply(path)),
                // Two ways of writing that are told alike need not mean the same where not all is told.
                Likeness::Other if told(&code) == told(&live) => {
                    let gap = format!("it is written in two ways, both of which come to `{}`", told(&code));
                    self.open(path, Gap::new(GapKind::NotUnderstood, gap));
                }
                Likeness::Other => self.differ(path, Some(told(&code)), Some(told(&live)), assumed),
            },
        }
    }

    fn open(&mut self, path: &str, why: Gap) {
        self.open.push(OpenSetting { path: path.into(), why });
    }

    fn differ(&mut self, path: &str, code: Option<String>, live: Option<String>, assumed: bool) {
        self.differs.push(Setting { path: path.into(), code, live, assumed });
    }

    /// The account has what one of the candidates says, or none of them is so.
    fn one_of(&mut self, path: &str, candidates: &[View<'_>], live: &View<'_>) {
        if !candidates.is_empty() && candidates.iter().all(|candidate| alike(candidate, live) == Likeness::Other) {
            let said: Vec<String> = candidates.iter().map(told).collect();
            return self.differ(path, Some(shown::cut(format!("one of {}", said.join(", ")))), Some(told(live)), false);
        }
        self.open(path, after_apply(path));
    }

    fn lists(&mut self, path: &str, code: &[View<'_>], gaps: &[Gap], live: &[View<'_>], unread: &[Gap], assumed: bool) {
        if code.iter().chain(live).any(|item| matches!(item, View::Record(_))) {
            return self.parts(path, code, gaps, live, unread);
        }
        // Tags that AWS sets by itself are in no code.
        let (mut only_code, mut only_live) = (Vec::new(), live.iter().collect::<Vec<_>>());
        for item in code {
            match only_live.iter().position(|other| alike(item, other) == Likeness::Same) {
                Some(at) => drop(only_live.remove(at)),
                None => only_code.push(item),
            }
        }
        let may_be_there = |item: &&View<'_>| only_live.iter().any(|other| alike(item, other) == Likeness::Open);
        if only_code.iter().any(|item| matches!(item, View::Unknown(_)) || may_be_there(item)) {
            return self.open(path, after_apply(path));
        }
        let is_partial = gaps.iter().all(|gap| gap.kind == GapKind::NotInCode);
        match (only_code.is_empty(), only_live.is_empty(), gaps.first(), unread.first()) {
            (true, true, None, None) => self.same += 1,
            (_, _, Some(gap), _) if !is_partial => self.open(path, gap.clone()),
            (true, _, Some(_), _) => self.left_to_others += 1,
            (_, _, _, Some(gap)) => self.open(path, gap.clone()),
            _ => {
                let list = |items: &[View<'_>]| {
                    if items.is_empty() {
                        "none".into()
                    } else {
                        shown::cut(items.iter().map(told).collect::<Vec<_>>().join(", "))
                    }
                };
                self.differ(path, Some(list(code)), Some(list(live)), assumed);
            }
        }
    }

    /// Lists of things that have a name: each beside the one of its name.
    fn parts(&mut self, path: &str, code: &[View<'_>], gaps: &[Gap], live: &[View<'_>], unread: &[Gap]) {
        let is_owners = |part: &dyn Record| part.noun_name() == "grant" && self.owner.as_deref() == Some(part.id());
        let mut left: Vec<&dyn Record> = live.iter().filter_map(record).filter(|part| !is_owners(*part)).collect();
        let mut alone = Vec::new();
        for part in code.iter().filter_map(record) {
            match left.iter().position(|other| other.id() == part.id()) {
                Some(at) => {
                    let other = left.remove(at);
                    self.records(&format!("{path}[{}].", name(part)), part, other, false);
                }
                None => alone.push(part),
            }
        }
        // A name that nobody chose is another on each side: what is the same in all else is the same.
        let is_nameless = |part: &dyn Record| matches!(part.noun_name(), "lifecycle_rule" | "replication_rule" | "rule_target");
        let is_it = |part: &dyn Record, other: &dyn Record| but_for_their_names(part, other) == Likeness::Same;
        alone.retain(|part| match left.iter().position(|other| is_nameless(*part) && is_it(*part, *other)) {
            Some(at) => {
                left.remove(at);
                self.same += 1;
                false
            }
            None => true,
        });
        let is_partial = !gaps.is_empty() && gaps.iter().all(|gap| gap.kind == GapKind::NotInCode);
        for part in &alone {
            let path = format!("{path}[{}]", name(*part));
            let maybe = is_placeholder(part.id()) && left.iter().any(|other| fit(part.id(), other.id()) != Fit::Not);
            match unread.first() {
                _ if maybe => self.open(&path, after_apply(&path)),
                Some(gap) => self.open(&path, gap.clone()),
                None => self.differ(&path, Some(summary(*part)), None, false),
            }
        }
        let is_open = alone.iter().any(|part| is_placeholder(part.id()));
        // Where every part that was seen has its like, there may still be others.
        let other_code = gaps.iter().find(|gap| !matches!(gap.kind, GapKind::NotInCode | GapKind::RunTime));
        if let Some(gap) = unread.first().or(other_code).filter(|_| alone.is_empty() && left.is_empty()) {
            self.open(path, gap.clone());
        }
        for part in left.into_iter().filter(|part| !name(*part).starts_with("aws:")) {
            let path = format!("{path}[{}]", name(part));
            match gaps.iter().find(|gap| gap.kind != GapKind::NotInCode) {
                Some(gap) if gap.kind == GapKind::RunTime => self.run_time += 1,
                Some(gap) => self.open(&path, gap.clone()),
                None if is_open => self.open(&path, after_apply(&path)),
                // A bus is there in each Region; what counts is what stands in it.
                None if part.noun_name() == "event_bus" => self.rules_of(part),
                None if is_partial => self.undescribed.push((part.noun_name(), name(part))),
                None => self.differ(&path, None, Some(summary(part)), false),
            }
        }
    }

    fn likeness(&self) -> Likeness {
        if !self.differs.is_empty() {
            Likeness::Other
        } else if !self.open.is_empty() || !self.undescribed.is_empty() {
            Likeness::Open
        } else {
            Likeness::Same
        }
    }

    fn rules_of(&mut self, bus: &dyn Record) {
        if let Some(View::List { items, .. }) = bus.read("rules") {
            self.undescribed.extend(items.iter().filter_map(record).map(|rule| (rule.noun_name(), name(rule))));
        }
    }

    /// Statements without regard to their order and labels.
    fn policies(&mut self, path: &str, code: &PolicyDocument, live: &PolicyDocument, assumed: bool) {
        let mut left: Vec<(&Statement, Value)> = live.statements.iter().map(|s| (s, meaning(s))).collect();
        let mut alone = Vec::new();
        for statement in &code.statements {
            let means = meaning(statement);
            match left.iter().position(|(_, other)| likeness(&means, other) == Likeness::Same) {
                Some(at) => drop(left.remove(at)),
                None => alone.push((statement, means)),
            }
        }
        let mut is_open = false;
        alone.retain(|(_, means)| match left.iter().position(|(_, other)| likeness(means, other) == Likeness::Open) {
            Some(at) => {
                left.remove(at);
                is_open = true;
                false
            }
            None => true,
        });
        if is_open {
            self.open(path, after_apply(path));
        } else if alone.is_empty() && left.is_empty() {
            self.same += 1;
        }
        for (statement, _) in alone {
            self.differ(&format!("{path}{}", label(statement)), Some(words(statement)), None, assumed);
        }
        for (statement, _) in left {
            self.differ(&format!("{path}{}", label(statement)), None, Some(words(statement)), false);
        }
    }
}

/// Whether two values are one.
fn alike(code: &View<'_>, live: &View<'_>) -> Likeness {
    let told = |is_same: bool| if is_same { Likeness::Same } else { Likeness::Other };
    match (code, live) {
        (View::Known { value, .. }, live) => alike(value, live),
        (code, View::Known { value, .. }) => alike(code, value),
        (View::Null, View::Null) => Likeness::Same,
        (View::Bool(a), View::Bool(b)) => told(a == b),
        (View::Int(a), View::Int(b)) => told(a == b),
        (View::Time(a), View::Time(b)) => told(a == b),
        (View::Ref { noun: "key", id: a }, View::Ref { id: b, .. }) if a.contains("alias/") && a != b => Likeness::Open,
        (View::Text(a), View::Text(b)) | (View::Ref { id: a, .. }, View::Ref { id: b, .. }) => {
            likeness(&Value::from(*a), &Value::from(*b))
        }
        (View::Opaque(a), View::Opaque(b)) => likeness(&opaque(*a), &opaque(*b)),
        (View::Record(a), View::Record(b)) if a.id() == b.id() => but_for_their_names(*a, *b),
        (View::List { items: a, gaps, .. }, View::List { items: b, gaps: unread, .. }) => {
            let mut compared = Compared::default();
            compared.lists("", a, gaps, b, unread, false);
            compared.likeness()
        }
        (View::Unknown(_), _) => Likeness::Open,
        _ => Likeness::Other,
    }
}

/// What only functions understand, as JSON in which labels and order say nothing.
fn opaque(opaque: Opaque<'_>) -> Value {
    let mut value = match opaque {
        Opaque::EventSelectors(selectors) => json!(selectors),
        Opaque::PolicyDocument(policy) => policy.statements.iter().map(meaning).collect(),
        Opaque::AlarmDefinition(definition) => json!(definition),
    };
    settle(&mut value);
    value
}

/// Lists of objects in one order; labels of selectors away.
fn settle(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(settle);
            items.sort_by_cached_key(ToString::to_string);
        }
        Value::Object(fields) => {
            if fields.contains_key("field_selectors") {
                fields.remove("name");
            }
            fields.iter_mut().for_each(|(_, field)| settle(field));
        }
        _ => {}
    }
}

fn record<'a>(view: &View<'a>) -> Option<&'a dyn Record> {
    match view {
        View::Record(record) => Some(*record),
        _ => None,
    }
}

/// The name of a part: its id, and of an ARN the end.
fn name(part: &dyn Record) -> String {
    match part.read("name") {
        Some(View::Text(name)) => name.to_string(),
        _ => part.id().to_string(),
    }
}

/// How alike two records are in all but their ids.
fn but_for_their_names(code: &dyn Record, live: &dyn Record) -> Likeness {
    let mut compared = Compared::default();
    compared.records("", code, live, false);
    compared.likeness()
}

/// A part in a few words: the fields that say something.
fn summary(part: &dyn Record) -> String {
    let said = fields(part).filter_map(|field| {
        let value = told(&part.read(field.name)?);
        let says = !["", "none", "false", "unknown"].contains(&value.as_str()) && value != part.id();
        says.then(|| (field.name.replace('_', " "), value))
    });
    let said: Vec<(String, String)> = said.collect();
    let text = match &said[..] {
        [(_, only)] => only.clone(),
        all => all.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join("; "),
    };
    shown::cut(text)
}

fn told(view: &View<'_>) -> String {
    match view {
        View::Null => "none".into(),
        view => shown::value(view),
    }
}

fn after_apply(path: &str) -> Gap {
    Gap::new(GapKind::KnownAfterApply, format!("the code leaves a part of `{path}` open until it is applied"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::nouns;

    #[test]
    fn what_is_left_out_is_there() {
        for (noun, fields) in LEFT_OUT {
            let table = nouns().into_iter().find(|table| table.name == noun).expect("a noun");
            for field in fields {
                assert!(table.fields.iter().any(|f| f.name == *field), "{noun} has no `{field}`");
            }
        }
    }

    fn policy(text: &str) -> PolicyDocument {
        PolicyDocument::parse(text).expect("a policy")
    }

    fn said(code: &str, live: &str) -> (usize, Vec<String>, usize) {
        let mut compared = Compared::default();
        compared.policies("policy", &policy(code), &policy(live), false);
        (compared.same, compared.differs.into_iter().map(|s| s.path).collect(), compared.open.len())
    }

    #[test]
    fn a_policy_is_what_it_means() {
        let one = r#"{"Statement":[
            {"Sid":"A","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["s3:GetObject","s3:PutObject"],"Resource":"*"},
            {"Sid":"B","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}"#;
        let other = r#"{"Statement":[
            {"Effect":"Deny","Principal":{"AWS":"*"},"Action":["S3:*"],"Resource":["*"]},
            {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":["s3:PutObject","s3:GetObject"],"Resource":"*"}]}"#;
        assert_eq!(said(one, other), (1, vec![], 0));
        let less = r#"{"Statement":[{"Sid":"B","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}"#;
        assert_eq!(said(less, one), (0, vec!["policy.statement[A]".to_string()], 0));
        let open = r#"{"Statement":[
            {"Sid":"A","Effect":"Allow","Principal":{"AWS":"⟨account of a⟩"},"Action":["s3:GetObject","s3:PutObject"],"Resource":"*"},
            {"Sid":"B","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}"#;
        assert_eq!(said(open, one), (0, vec![], 1), "an open part may be it, and need not");
    }
}
