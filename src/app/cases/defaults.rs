//! What every field is where a case does not write it: found by building cases, not written down a second time.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Given;
use crate::inventory::nouns;

/// noun, field -> the default in words.
pub(in crate::app) type Defaults = BTreeMap<(&'static str, &'static str), String>;

/// Where a record of the noun stands in an inventory of one record each. The nouns that are not here have no defaults.
const RECORDS: [(&str, &str); 25] = [
    ("account", "/accounts/0"),
    ("trail", "/trails/0"),
    ("trail_status", "/trails/0/status/items/0"),
    ("role", "/trails/1/cloud_watch_logs_role/known/value"),
    ("role_policy", "/trails/1/cloud_watch_logs_role/known/value/policies/items/0"),
    ("bucket", "/buckets/0"),
    ("key", "/keys/0"),
    ("log_group", "/log_groups/0"),
    ("metric_filter", "/log_groups/0/metric_filters/items/0"),
    ("metric", "/log_groups/0/metric_filters/items/0/metrics/0"),
    ("subscription_filter", "/log_groups/0/subscription_filters/items/0"),
    ("alarm", "/alarms/0"),
    ("mute_rule", "/alarms/0/mute_rules/items/0"),
    ("event_bus", "/accounts/0/event_buses/items/0"),
    ("event_rule", "/accounts/0/event_buses/items/0/rules/items/0"),
    ("rule_target", "/accounts/0/event_buses/items/0/rules/items/0/targets/items/0"),
    ("topic", "/topics/0"),
    ("event_data_store", "/event_data_stores/0"),
    ("config_region", "/accounts/0/config_regions/items/0"),
    ("config_recorder", "/accounts/0/config_regions/items/0/recorders/items/0"),
    ("delivery_channel", "/accounts/0/config_regions/items/0/delivery_channels/items/0"),
    ("threat_detection", "/accounts/0/threat_detections/items/0"),
    ("security_hub", "/accounts/0/security_hubs/items/0"),
    ("organization", "/organizations/0"),
    ("member", "/organizations/0/members/items/0"),
];

/// Every field's default. What differs between two cases that write nothing but ids follows from those.
pub(in crate::app) fn defaults() -> Defaults {
    let (one, other) = (sample("111122223333", "us-east-1", "one"), sample("444455556666", "eu-west-1", "other"));
    let mut all = Defaults::new();
    for noun in nouns() {
        let Some((_, place)) = RECORDS.iter().find(|(name, _)| *name == noun.name) else { continue };
        let field = |of: &Value, name: &str| of.pointer(place).and_then(|record| record.get(name)).map(shown);
        for f in &noun.fields {
            let (Some(value), Some(elsewhere)) = (field(&one, f.name), field(&other, f.name)) else { continue };
            let written = WRITTEN.contains(&(noun.name, f.name));
            let words = match (written, value == elsewhere) {
                (true, _) => "has to be written".into(),
                (false, true) => value,
                (false, false) => "follows from what else is written".into(),
            };
            all.insert((noun.name, f.name), words);
        }
    }
    all
}

/// What a record is known by.
const WRITTEN: [(&str, &str); 23] = [
    ("account", "id"),
    ("trail", "arn"),
    ("trail_status", "region"),
    ("role", "arn"),
    ("role_policy", "name"),
    ("bucket", "name"),
    ("key", "arn"),
    ("log_group", "arn"),
    ("metric_filter", "name"),
    ("metric", "name"),
    ("subscription_filter", "name"),
    ("alarm", "arn"),
    ("mute_rule", "arn"),
    ("event_bus", "region"),
    ("event_rule", "name"),
    ("rule_target", "arn"),
    ("topic", "arn"),
    ("event_data_store", "arn"),
    ("config_region", "region"),
    ("threat_detection", "region"),
    ("security_hub", "region"),
    ("organization", "id"),
    ("member", "id"),
];

/// An inventory of one record each, in which only ids are written.
fn sample(account: &str, region: &str, name: &str) -> Value {
    let arn = |service: &str, rest: &str| format!("arn:aws:{service}:{region}:{account}:{rest}{name}");
    let given = json!({
        "accounts": [{"id": account, "event_buses": [{"region": "us-east-1", "rules": [{"name": name, "targets": [{"arn": arn("sns", "")}]}]}]}],
        "trails": [
            {"arn": arn("cloudtrail", "trail/")},
            {"arn": arn("cloudtrail", "trail/z-"), "cloud_watch_logs_role": {"arn": arn("iam", "role/"), "policies": [{"name": name}]}},
        ],
        "buckets": [{"name": format!("bucket-{name}")}],
        "keys": [{"arn": arn("kms", "key/")}],
        "log_groups": [{
            "arn": arn("logs", "log-group:"),
            "metric_filters": [{"name": name}],
            "subscription_filters": [{"name": name}],
        }],
        "alarms": [{"arn": arn("cloudwatch", "alarm:"), "mute_rules": [{"arn": arn("cloudwatch", "alarm-mute-rule:")}]}],
        "topics": [{"arn": arn("sns", "")}],
        "event_data_stores": [{"arn": arn("cloudtrail", "eventdatastore/")}],
        "organizations": [{"id": format!("o-{name}"), "members": [{"id": account}]}],
    });
    let given: Option<Given> = serde_json::from_value(given).ok();
    given.and_then(|g| g.inventory().ok()).and_then(|i| serde_json::to_value(i).ok()).unwrap_or_default()
}

/// A field's value, without where it was read.
fn shown(field: &Value) -> String {
    let value = match field {
        Value::Object(o) => o.get("known").and_then(|k| k.get("value")).or_else(|| o.get("items")).unwrap_or(field),
        _ => field,
    };
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_every_noun_that_a_case_gives_has_its_default() {
        let all = defaults();
        for noun in nouns().into_iter().filter(|n| RECORDS.iter().any(|(name, _)| *name == n.name)) {
            for field in &noun.fields {
                assert!(all.contains_key(&(noun.name, field.name)), "{}.{}", noun.name, field.name);
            }
        }
        let said = |noun, field| all[&(noun, field)].as_str();
        assert_eq!(said("bucket", "versioning"), "\"Enabled\"");
        assert_eq!(said("bucket", "policy"), "null");
        assert_eq!(said("trail", "is_logging"), "true");
        assert_eq!(said("trail", "arn"), "has to be written");
        assert_eq!(said("trail", "home_region"), "follows from what else is written");
        assert_eq!(said("account", "regions"), "[\"us-east-1\"]");
    }
}
