//! One value of the plan out of its three trees: what it will be, what of it is unknown, what is a secret.

use std::collections::BTreeMap;

use serde_json::Value;

use super::address::Address;
use super::links::Links;
use crate::inventory::{Basis, Gap, GapKind, Remedy};
use crate::source::code::node::{Node, State};

/// Attributes that AWS fills in where the configuration does not: unknown on a new resource, and not open for that.
const DEFAULTS: [(&str, &[&str]); 4] = [
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
    /// Whether the plan creates it.
    pub(super) is_new: bool,
}

impl Leaves<'_> {
    /// The resource as a whole.
    pub(super) fn read(&self, after: &Value, unknown: &Value, sensitive: &Value) -> Node {
        let mut map = BTreeMap::new();
        let keys = |value: &Value| value.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        for key in keys(after).into_iter().chain(keys(unknown)) {
            if map.contains_key(&key) {
                continue;
            }
            let config = at(self.config, &key);
            let is_default =
                self.is_new && unknown.get(&key) == Some(&Value::Bool(true)) && config.is_null() && self.has_default(&key);
            let node = match is_default {
                true => Node::new(State::Absent),
                false => self.node(at(after, &key), at(unknown, &key), at(sensitive, &key), config),
            };
            map.insert(key, node);
        }
        Node::new(State::Map(map))
    }

    fn has_default(&self, attribute: &str) -> bool {
        DEFAULTS.iter().any(|(of, attributes)| *of == self.address.r#type && attributes.contains(&attribute))
    }

    fn is_default_in_block(&self, config: &Value, unknown: &Value, key: &str) -> bool {
        let is_written = config.is_object() && !is_expression(config) && config.get(key).is_none();
        let is_open = unknown.get(key) == Some(&Value::Bool(true));
        let listed = DEFAULTS_IN_BLOCKS.iter().any(|(of, leaves)| *of == self.address.r#type && leaves.contains(&key));
        self.is_new && is_written && is_open && listed
    }

    fn node(&self, after: &Value, unknown: &Value, sensitive: &Value, config: &Value) -> Node {
        if sensitive == &Value::Bool(true) {
            return Node::new(State::Sensitive);
        }
        if unknown == &Value::Bool(true) {
            return self.open(config);
        }
        match (after, unknown) {
            (Value::Array(_), _) | (Value::Null, Value::Array(_)) => {
                let lengths = [after, unknown].map(|v| v.as_array().map_or(0, Vec::len));
                let count = if after.is_array() { lengths[0] } else { lengths[1] };
                let items = (0..count)
                    .map(|i| self.node(item(after, i), item(unknown, i), item(sensitive, i), element(config, i, count)));
                Node::new(State::List(items.collect()))
            }
            (Value::Object(_), _) | (Value::Null, Value::Object(_)) => {
                let mut map = BTreeMap::new();
                for tree in [after, unknown] {
                    for key in tree.as_object().into_iter().flat_map(|o| o.keys()) {
                        if !map.contains_key(key) {
                            if self.is_default_in_block(config, unknown, key) {
                                map.insert(key.clone(), Node::new(State::Absent));
                                continue;
                            }
                            let config = if is_expression(config) { config } else { at(config, key) };
                            map.insert(key.clone(), self.node(at(after, key), at(unknown, key), at(sensitive, key), config));
                        }
                    }
                }
                Node::new(State::Map(map))
            }
            (Value::Null, _) => Node::new(State::Absent),
            (Value::Bool(value), _) => Node::new(State::Bool(*value)),
            (Value::Number(number), _) => match number.as_i64() {
                Some(value) => Node::new(State::Int(value)),
                None => Node::new(State::Text(number.to_string())),
            },
            (Value::String(text), _) => Node::new(State::Text(text.clone())),
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

/// Whether a part of the configuration is an expression, and not a block with expressions of its own.
fn is_expression(config: &Value) -> bool {
    config.as_object().is_some_and(|o| o.contains_key("references") || o.contains_key("constant_value"))
}

fn at<'v>(value: &'v Value, key: &str) -> &'v Value {
    value.get(key).unwrap_or(&Value::Null)
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
