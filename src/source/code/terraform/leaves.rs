//! One value of the plan out of its three trees: what it will be, what of it is unknown, what is a secret.

use std::collections::BTreeMap;

use serde_json::Value;

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};

use super::address::Address;
use super::evaluate::{Evaluator, Found, Site};
use super::links::{Links, is_identity};
use super::snapshot::SourceText;
use crate::inventory::{Basis, Gap, GapKind, Remedy};
use crate::source::code::node::{Node, State};

/// Attributes that AWS fills in where the configuration does not: unknown on a new resource, and not open for that.
const DEFAULTS: [(&str, &[&str]); 8] = [
    (
        "aws_s3_bucket",
        &[
            "acl",
            "cors_rule",
            "grant",
            "lifecycle_rule",
            "logging",
            "object_lock_configuration",
            "object_lock_enabled",
            "policy",
            "replication_configuration",
            "server_side_encryption_configuration",
            "versioning",
            "website",
        ],
    ),
    ("aws_kms_key", &["multi_region", "policy", "rotation_period_in_days"]),
    ("aws_sns_topic", &["policy"]),
    ("aws_cloudwatch_log_group", &["log_group_class"]),
    (
        "aws_cloudwatch_log_metric_filter",
        &["apply_on_transformed_logs", "emit_system_field_dimensions", "field_selection_criteria"],
    ),
    ("aws_cloudwatch_event_rule", &["event_bus_name", "is_enabled", "state"]),
    ("aws_cloudwatch_event_target", &["event_bus_name"]),
    ("aws_cloudtrail_event_data_store", &["advanced_event_selector", "billing_mode", "suspend"]),
];

/// The same inside of blocks: where the block is written, and this is not in it.
const DEFAULTS_IN_BLOCKS: [(&str, &[&str]); 5] = [
    ("aws_s3_bucket_versioning", &["mfa_delete"]),
    ("aws_s3_bucket_server_side_encryption_configuration", &["bucket_key_enabled", "kms_master_key_id"]),
    (
        "aws_s3_bucket_lifecycle_configuration",
        &["date", "days", "expired_object_delete_marker", "id", "newer_noncurrent_versions", "noncurrent_days", "prefix"],
    ),
    ("aws_s3_bucket_replication_configuration", &["account", "id", "prefix", "priority"]),
    ("aws_cloudtrail", &["name"]),
];

/// Reads the values of one resource.
pub(super) struct Leaves<'a> {
    pub(super) address: &'a Address,
    pub(super) links: &'a Links<'a>,
    /// The expressions of its configuration; null where it has none.
    pub(super) config: &'a Value,
    /// Whether the plan creates it, and its configuration is there to tell what of it is left to the service.
    pub(super) is_new: bool,
    /// Its block in the source, where the plan file was given too.
    pub(super) source: Option<Written<'a>>,
}

/// The block of a resource in the source.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) evaluator: &'a Evaluator<'a>,
    pub(super) file: &'a SourceText,
    pub(super) block: &'a Block,
}

/// A part of the source that a value was written in.
#[derive(Clone, Copy)]
enum Part<'s> {
    Nothing,
    Body(&'s Body),
    Value(&'s Expression),
}

impl Leaves<'_> {
    /// The resource as a whole.
    pub(super) fn read(&self, after: &Value, unknown: &Value, sensitive: &Value) -> Node {
        if !after.is_object() || unknown == &Value::Bool(true) {
            let gap = Gap::new(GapKind::KnownAfterApply, "the plan tells nothing of it");
            return Node::unknown(
                gap.with_remedy(Remedy::Do("make the plan anew, or scan the account once it is applied".into())),
            );
        }
        let mut map = BTreeMap::new();
        let keys = |value: &Value| value.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        for key in keys(after).into_iter().chain(keys(unknown)) {
            if map.contains_key(&key) {
                continue;
            }
            let config = at(self.config, &key);
            let is_default = self.is_new
                && unknown.get(&key) == Some(&Value::Bool(true))
                && config.is_null()
                && self.has_default(&key)
                && !self.is_dynamic(&key);
            let part = self.source.map_or(Part::Nothing, |source| Part::Body(&source.block.body));
            let node = match is_default {
                true => Node::new(State::Absent),
                false => self.named(&key, [at(after, &key), mark(unknown, &key), mark(sensitive, &key)], config, part),
            };
            map.insert(key, node);
        }
        Node::new(State::Map(map))
    }

    fn has_default(&self, attribute: &str) -> bool {
        DEFAULTS.iter().any(|(of, attributes)| *of == self.address.r#type && attributes.contains(&attribute))
    }

    /// Whether the source makes blocks of this name by a `dynamic` block, of which the plan's configuration keeps nothing.
    fn is_dynamic(&self, name: &str) -> bool {
        let blocks = self.source.into_iter().flat_map(|source| source.block.body.get_blocks("dynamic"));
        blocks.flat_map(|block| &block.labels).any(|label| label.as_str() == name)
    }

    fn is_default_in_block(&self, config: &Value, unknown: &Value, key: &str) -> bool {
        let is_written = config.is_object() && !is_expression(config) && config.get(key).is_none();
        let is_open = unknown.get(key) == Some(&Value::Bool(true));
        let listed = DEFAULTS_IN_BLOCKS.iter().any(|(of, leaves)| *of == self.address.r#type && leaves.contains(&key));
        self.is_new && is_written && is_open && listed
    }

    /// A value of a map; where it is open, the reason says which it is.
    fn named(&self, key: &str, trees: [&Value; 3], config: &Value, part: Part<'_>) -> Node {
        let mut node = self.child(key, trees, config, part);
        if let State::Unknown(gap) = &mut node.state
            && !gap.message.starts_with('`')
        {
            gap.message = format!("`{key}`: {}", gap.message);
        }
        node
    }

    /// A value of a map: an attribute, or the blocks of a name.
    fn child(&self, key: &str, [after, unknown, sensitive]: [&Value; 3], config: &Value, part: Part<'_>) -> Node {
        match part {
            Part::Body(body) => {
                if let Some(attribute) = body.get_attribute(key) {
                    let mut node = self.node([after, unknown, sensitive], config, Part::Value(&attribute.value));
                    node.place = self.source.and_then(|source| source.file.place(attribute, key));
                    return node;
                }
                let blocks: Vec<&Block> = body.get_blocks(key).collect();
                let is_dynamic = body.get_blocks("dynamic").any(|block| block.labels.iter().any(|label| label.as_str() == key));
                let count = after.as_array().or(unknown.as_array()).map_or(1, Vec::len);
                // Blocks that make a set come in another order than they are written in; statements make a list.
                if is_dynamic || blocks.len() != count || (count > 1 && key != "statement") {
                    return self.node([after, unknown, sensitive], config, Part::Nothing);
                }
                let trees = |i: usize| match after.is_array() || unknown.is_array() {
                    true => [item(after, i), item(unknown, i), item(sensitive, i)],
                    false => [after, unknown, sensitive],
                };
                let nodes = blocks.iter().enumerate().map(|(i, block)| {
                    let mut node = self.node(trees(i), element(config, i, count), Part::Body(&block.body));
                    node.place = self.source.and_then(|source| source.file.place(*block, key));
                    node
                });
                let nodes: Vec<Node> = nodes.collect();
                let place = nodes.first().and_then(|node| node.place.clone());
                if unknown == &Value::Bool(true) || sensitive == &Value::Bool(true) {
                    return Node { place, ..self.node([after, unknown, sensitive], config, Part::Nothing) };
                }
                Node { place, ..Node::new(State::List(nodes)) }
            }
            Part::Value(Expression::Object(object)) => {
                let value = object.iter().find(|(name, _)| match name {
                    hcl_edit::expr::ObjectKey::Ident(ident) => ident.as_str() == key,
                    hcl_edit::expr::ObjectKey::Expression(name) => name.as_str() == Some(key),
                });
                let part = value.map_or(Part::Nothing, |(_, value)| Part::Value(value.expr()));
                self.node([after, unknown, sensitive], config, part)
            }
            _ => self.node([after, unknown, sensitive], config, Part::Nothing),
        }
    }

    fn node(&self, [after, unknown, sensitive]: [&Value; 3], config: &Value, part: Part<'_>) -> Node {
        if sensitive == &Value::Bool(true) {
            return Node::new(State::Sensitive);
        }
        if let Part::Value(expression) = part
            && is_open(unknown)
            && !is_open(sensitive)
            && let Some(node) = self.evaluated(expression)
        {
            return node;
        }
        if unknown == &Value::Bool(true) {
            return self.open(config);
        }
        match (after, unknown) {
            (Value::Array(_), _) | (Value::Null, Value::Array(_)) => {
                let count = after.as_array().or(unknown.as_array()).map_or(0, Vec::len);
                let items = (0..count).map(|i| {
                    self.node([item(after, i), item(unknown, i), item(sensitive, i)], element(config, i, count), Part::Nothing)
                });
                Node::new(State::List(items.collect()))
            }
            (Value::Object(_), _) | (Value::Null, Value::Object(_)) => {
                let mut map = BTreeMap::new();
                for key in [after, unknown].into_iter().filter_map(Value::as_object).flat_map(|tree| tree.keys()) {
                    if map.contains_key(key) {
                        continue;
                    }
                    if self.is_default_in_block(config, unknown, key) {
                        map.insert(key.clone(), Node::new(State::Absent));
                        continue;
                    }
                    let config = if is_expression(config) { config } else { at(config, key) };
                    let trees = [at(after, key), mark(unknown, key), mark(sensitive, key)];
                    map.insert(key.clone(), self.named(key, trees, config, part));
                }
                Node::new(State::Map(map))
            }
            _ => Node::new(plain(after)),
        }
    }

    /// What the source says of a value that the plan leaves open.
    fn evaluated(&self, expression: &Expression) -> Option<Node> {
        let source = self.source?;
        let for_each = source.block.body.get_attribute("for_each").map(|attribute| &attribute.value);
        let site = Site { modules: &self.address.modules, key: self.address.key.as_ref(), for_each };
        match source.evaluator.eval(&site, expression)? {
            Found::Value(value) => Some(whole(&value)),
            // Other attributes may name another resource: the target of `aws_s3_bucket_logging` is not the bucket that it is about.
            Found::Attribute { address, attribute } => is_identity(&attribute).then(|| Node::new(State::Link(vec![address]))),
        }
    }

    /// A value that is known after apply: what the configuration says of it.
    fn open(&self, config: &Value) -> Node {
        if !is_expression(config) {
            let why = if config.is_null() { "it is known after apply" } else { "a part of it is known after apply" };
            return Node::unknown(Gap::new(GapKind::KnownAfterApply, why).with_remedy(Remedy::Do(
                "give the plan file beside its JSON, or scan the account once the plan is applied".into(),
            )));
        }
        match self.links.of(self.address, config) {
            Ok(to) => Node { basis: Basis::Referenced, ..Node::new(State::Link(to)) },
            Err(gap) => Node::unknown(gap),
        }
    }
}

/// A value without parts.
fn plain(value: &Value) -> State {
    match value {
        Value::Bool(value) => State::Bool(*value),
        Value::Number(number) => number.as_i64().map_or_else(|| State::Text(number.to_string()), State::Int),
        Value::String(text) => State::Text(text.clone()),
        _ => State::Absent,
    }
}

/// A value that is known as a whole.
fn whole(value: &Value) -> Node {
    Node::new(match value {
        Value::Array(items) => State::List(items.iter().map(whole).collect()),
        Value::Object(map) => State::Map(map.iter().map(|(key, value)| (key.clone(), whole(value))).collect()),
        other => plain(other),
    })
}

/// Whether anything in a tree of marks is marked.
fn is_open(marks: &Value) -> bool {
    match marks {
        Value::Bool(mark) => *mark,
        Value::Array(items) => items.iter().any(is_open),
        Value::Object(map) => map.values().any(is_open),
        _ => false,
    }
}

/// The marks of what is configured and has no value: what is known after apply is left out of planned values.
pub(super) fn left_out(values: &Value, config: &Value) -> Value {
    match (values, config) {
        (Value::Object(values), Value::Object(written)) if !is_expression(config) => {
            let mark = |(key, config): (&String, &Value)| {
                let mark = values.get(key).map_or(Value::Bool(true), |value| left_out(value, config));
                (key.clone(), mark)
            };
            Value::Object(written.iter().map(mark).collect())
        }
        (Value::Array(values), Value::Array(written)) if values.len() == written.len() => {
            Value::Array(values.iter().zip(written).map(|(value, config)| left_out(value, config)).collect())
        }
        (Value::Array(values), Value::Object(_)) if !is_expression(config) => match values.as_slice() {
            [one] => Value::Array(vec![left_out(one, config)]),
            _ => Value::Null,
        },
        _ => Value::Null,
    }
}

/// Whether a part of the configuration is an expression, and not a block with expressions of its own.
fn is_expression(config: &Value) -> bool {
    config.as_object().is_some_and(|o| o.contains_key("references") || o.contains_key("constant_value"))
}

fn at<'v>(value: &'v Value, key: &str) -> &'v Value {
    value.get(key).unwrap_or(&Value::Null)
}

/// The mark of one part. One word about the whole is one about each part.
fn mark<'v>(marks: &'v Value, key: &str) -> &'v Value {
    match marks {
        Value::Bool(true) => marks,
        _ => at(marks, key),
    }
}

fn item(value: &Value, index: usize) -> &Value {
    value.get(index).unwrap_or(match value {
        // One word about the whole is one about each part.
        Value::Bool(true) => value,
        _ => &Value::Null,
    })
}

/// The configuration of one element. Sets are sorted anew, so that among several elements a place says nothing.
fn element(config: &Value, index: usize, count: usize) -> &Value {
    match config {
        Value::Array(items) if count == 1 && items.len() == 1 => items.get(index).unwrap_or(&Value::Null),
        Value::Object(_) if count == 1 => config,
        _ => &Value::Null,
    }
}
