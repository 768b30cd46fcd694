//! The default of every field of a case: what watches the logs, and what stands beside CloudTrail.
//!
//! An enabled Region has an event bus without rules, AWS Config recording every type, GuardDuty and Security Hub. A metric
//! filter adds 1 to a metric of its own name; an alarm goes off on one datapoint of 1 and tells somebody.

use serde_json::{Value, json};

use super::given::{At, Misfit, Written, arn, known, record, text};
use crate::inventory::{
    Alarm, ConfigRecorder, ConfigRegion, DeliveryChannel, EventBus, EventDataStore, EventRule, Metric, MetricFilter, MuteRule,
    RuleTarget, SecurityHub, SubscriptionFilter, ThreatDetection,
};

type Complete<'a> = &'a dyn Fn(&Written) -> Result<Value, Misfit>;

/// Replaces each item of a listing that is written short by the whole record.
fn items(written: &mut Written, field: &str, complete: Complete<'_>) -> Result<(), Misfit> {
    let items = match written.get_mut(field) {
        Some(Value::Object(listing)) => listing.get_mut("items"),
        other => other,
    };
    for (i, one) in items.and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
        let whole = one.as_object().map_or_else(|| Err(Misfit::new(format!("an item of `{field}` is a record"))), complete);
        *one = whole.map_err(|m| m.below(At::Item(i)).below(At::Key(field.into())))?;
    }
    Ok(())
}

/// The fields of an account that have one record a Region, completed: a Region that is not written has the default.
pub(super) fn by_region(written: &Written, regions: &[String]) -> Result<Written, Misfit> {
    let mut written = written.clone();
    let rooms: [(&str, Complete<'_>); 4] = [
        ("event_buses", &event_bus),
        ("config_regions", &config_region),
        ("threat_detections", &threat_detection),
        ("security_hubs", &security_hub),
    ];
    for (field, complete) in rooms {
        items(&mut written, field, complete)?;
        // With a gap, or unknown, what is not written may be what is missing.
        let Some(own) = written.entry(field.to_string()).or_insert_with(|| json!([])).as_array_mut() else { continue };
        for region in regions {
            if !own.iter().any(|item| item["region"] == json!(region)) {
                let alone: Written = [("region".to_string(), json!(region))].into_iter().collect();
                own.push(complete(&alone)?);
            }
        }
    }
    Ok(written)
}

fn event_bus(written: &Written) -> Result<Value, Misfit> {
    let region = text(written, "region")?;
    let mut written = written.clone();
    items(&mut written, "rules", &|rule| event_rule(rule, region))?;
    record::<EventBus>(&json!({"region": region, "rules": {"items": []}}), &written, &[])
}

fn event_rule(written: &Written, region: &str) -> Result<Value, Misfit> {
    let name = text(written, "name")?;
    let mut written = written.clone();
    items(&mut written, "targets", &rule_target)?;
    if let Some(pattern @ Value::Object(_)) = written.get("pattern") {
        let text = pattern.to_string();
        written.insert("pattern".into(), text.into());
    }
    let defaults = json!({
        "arn": format!("arn:aws:events:{region}:111122223333:rule/{name}"),
        "name": name,
        "state": "ENABLED",
        "pattern": "{}",
        "targets": {"items": []},
    });
    record::<EventRule>(&defaults, &written, &[])
}

fn rule_target(written: &Written) -> Result<Value, Misfit> {
    let arn = text(written, "arn")?;
    let topic = arn.contains(":sns:").then_some(arn);
    record::<RuleTarget>(&json!({"id": "target", "arn": arn, "topic": topic}), written, &[])
}

fn config_region(written: &Written) -> Result<Value, Misfit> {
    let region = text(written, "region")?;
    let mut written = written.clone();
    items(&mut written, "recorders", &config_recorder)?;
    items(&mut written, "delivery_channels", &delivery_channel)?;
    let alone: Written = Written::new();
    let defaults = json!({
        "region": region,
        "recorders": {"items": [config_recorder(&alone)?]},
        "delivery_channels": {"items": [delivery_channel(&alone)?]},
    });
    record::<ConfigRegion>(&defaults, &written, &[])
}

fn config_recorder(written: &Written) -> Result<Value, Misfit> {
    let defaults = json!({
        "name": "default",
        "service_principal": null,
        "records_all_types": true,
        "records_global_types": true,
        "is_recording": known(true),
        "last_status": known("Success"),
    });
    record::<ConfigRecorder>(&defaults, written, &[])
}

fn delivery_channel(written: &Written) -> Result<Value, Misfit> {
    let defaults = json!({"name": "default", "history_status": "Success", "snapshot_status": "Success"});
    record::<DeliveryChannel>(&defaults, written, &[])
}

fn threat_detection(written: &Written) -> Result<Value, Misfit> {
    record::<ThreatDetection>(&json!({"region": text(written, "region")?, "enabled": known(true)}), written, &[])
}

fn security_hub(written: &Written) -> Result<Value, Misfit> {
    record::<SecurityHub>(&json!({"region": text(written, "region")?, "enabled": known(true)}), written, &[])
}

/// The filters of a log group, completed.
pub(super) fn filters(written: &Written) -> Result<Written, Misfit> {
    let mut written = written.clone();
    items(&mut written, "metric_filters", &metric_filter)?;
    items(&mut written, "subscription_filters", &subscription_filter)?;
    Ok(written)
}

fn metric_filter(written: &Written) -> Result<Value, Misfit> {
    let name = text(written, "name")?;
    let mut written = written.clone();
    items(&mut written, "metrics", &metric)?;
    let own: Written = [("name".to_string(), json!(name))].into_iter().collect();
    let defaults = json!({"name": name, "pattern": "", "applied_on_transformed_logs": false, "field_selection_criteria": null,
        "metrics": [metric(&own)?]});
    record::<MetricFilter>(&defaults, &written, &[])
}

fn metric(written: &Written) -> Result<Value, Misfit> {
    let name = text(written, "name")?;
    let defaults = json!({"namespace": "CloudTrail", "name": name, "value": "1", "default_value": null, "dimensions": []});
    record::<Metric>(&defaults, written, &[])
}

fn subscription_filter(written: &Written) -> Result<Value, Misfit> {
    let name = text(written, "name")?;
    let defaults = json!({"name": name, "pattern": "", "destination_arn": "arn:aws:lambda:us-east-1:111122223333:function:siem"});
    record::<SubscriptionFilter>(&defaults, written, &[])
}

/// An alarm; `metric` names the metric that it watches where `definition` is not written.
pub(super) fn alarm(written: &Written) -> Result<Value, Misfit> {
    let (arn, [_, _, _, region, owner, name]) = arn(written)?;
    let name = name.strip_prefix("alarm:").unwrap_or(name);
    let metric = written.get("metric").and_then(Value::as_str).unwrap_or(name);
    let mut definition = json!({"metric": {
        "namespace": "CloudTrail",
        "metric": metric,
        "statistic": "Sum",
        "period_seconds": 300,
        "evaluation": evaluation(),
    }});
    let mut written = written.clone();
    if let Some(Value::Object(own)) = written.remove("definition") {
        match own.get("unknown") {
            Some(_) => drop(written.insert("definition".into(), Value::Object(own))),
            None => {
                let mut whole = Value::Object(own);
                lay_over(&mut definition, &mut whole);
                written.insert("definition".into(), whole);
            }
        }
    }
    items(&mut written, "mute_rules", &mute_rule)?;
    let actions = match written.get("actions") {
        Some(Value::Array(actions)) => actions.clone(),
        _ => vec![json!(format!("arn:aws:sns:{region}:{owner}:alarms"))],
    };
    let topics: Vec<&Value> = actions.iter().filter(|a| a.as_str().is_some_and(|a| a.contains(":sns:"))).collect();
    let defaults = json!({
        "arn": arn,
        "name": name,
        "owner_account": owner,
        "region": region,
        "actions_enabled": known(true),
        "actions": known(json!(actions)),
        "topics": {"items": topics},
        "state": known("OK"),
        "state_since": known(Value::Null),
        "mute_rules": {"items": []},
        "definition": known(definition),
    });
    record::<Alarm>(&defaults, &written, &["metric"])
}

fn mute_rule(written: &Written) -> Result<Value, Misfit> {
    let defaults = json!({
        "arn": text(written, "arn")?,
        "status": "ACTIVE",
        "schedule": "at(2026-10-01T00:00)",
        "duration": "P15D",
        "expires": null,
    });
    record::<MuteRule>(&defaults, written, &[])
}

fn evaluation() -> Value {
    json!({"evaluation_periods": 1, "threshold": 1.0, "comparison": "GreaterThanOrEqualToThreshold"})
}

/// What is written of a definition keeps its place; what it leaves out of the same kind comes from the default, and the
/// evaluation of every kind does.
fn lay_over(default: &mut Value, written: &mut Value) {
    let Some(own) = written.as_object_mut() else { return };
    for (kind, body) in own.iter_mut() {
        let Some(body) = body.as_object_mut() else { continue };
        let mut whole = default.get(kind).and_then(Value::as_object).cloned().unwrap_or_default();
        if kind != "composite" {
            whole.insert("evaluation".into(), evaluation());
        }
        for (name, value) in whole {
            match (name.as_str(), body.get_mut(&name)) {
                ("evaluation", Some(Value::Object(part))) => {
                    for (name, value) in value.as_object().cloned().unwrap_or_default() {
                        part.entry(name).or_insert(value);
                    }
                }
                (_, Some(_)) => {}
                (_, None) => drop(body.insert(name, value)),
            }
        }
    }
}

pub(super) fn event_data_store(written: &Written) -> Result<Value, Misfit> {
    let (arn, [_, _, _, region, owner, name]) = arn(written)?;
    let management = json!({"advanced": [{"field_selectors": [{"field": "eventCategory", "equals": ["Management"]}]}]});
    let defaults = json!({
        "arn": arn,
        "name": name.rsplit('/').next(),
        "owner_account": owner,
        "region": region,
        "status": known("ENABLED"),
        "is_multi_region": known(true),
        "is_organization": known(false),
        "termination_protection_enabled": known(true),
        "retention_days": known(2557),
        "billing_mode": known("EXTENDABLE_RETENTION_PRICING"),
        "kms_key_id": known(Value::Null),
        "kms_key": known(Value::Null),
        "event_selectors": known(management),
    });
    record::<EventDataStore>(&defaults, written, &[])
}
