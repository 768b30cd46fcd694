//! What a case gives: a tiny inventory, written down as far as it matters.
//!
//! The rest has the defaults of [`super::healthy`]. What does not fit is told with its place, and nothing that a case
//! writes is left out in silence. Nothing here knows what the case expects.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{healthy, moment, watched};
use crate::inventory::noun::closest;
use crate::inventory::{CallId, Gap, GapKind, Inventory};
use crate::yaml::Step;

/// A record as a case writes it.
pub(super) type Written = Map<String, Value>;

/// A tiny inventory.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// One account without anything where it is not given.
    #[serde(default)]
    pub accounts: Option<Vec<Written>>,
    #[serde(default)]
    pub trails: Vec<Written>,
    #[serde(default)]
    pub buckets: Vec<Written>,
    #[serde(default)]
    pub keys: Vec<Written>,
    #[serde(default)]
    pub log_groups: Vec<Written>,
    #[serde(default)]
    pub alarms: Vec<Written>,
    #[serde(default)]
    pub topics: Vec<Written>,
    #[serde(default)]
    pub event_data_stores: Vec<Written>,
    #[serde(default)]
    pub organizations: Vec<Written>,
    #[serde(default)]
    pub changes: Vec<Written>,
}

/// A step to what is meant, as [`Step`], and owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    Key(String),
    Name(String),
    Item(usize),
}

impl At {
    pub(super) fn step(&self) -> Step<'_> {
        match self {
            At::Key(key) => Step::Key(key),
            At::Name(name) => Step::Name(name),
            At::Item(index) => Step::Item(*index),
        }
    }
}

/// Something that a case writes and no inventory can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Misfit {
    /// Where it stands, below `given`.
    pub(super) path: Vec<At>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Misfit {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Misfit { path: Vec::new(), message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into);
        self
    }

    /// The same misfit, seen from one level above.
    pub(super) fn below(mut self, at: At) -> Self {
        self.path.insert(0, at);
        self
    }
}

impl Given {
    /// The inventory, with a default for everything that the case does not write.
    ///
    /// # Errors
    /// What no inventory can hold: a field that does not exist, a value of another type, a Region that is not covered.
    pub fn inventory(&self) -> Result<Inventory, Misfit> {
        let one = || vec![[("id".to_string(), json!("111122223333"))].into_iter().collect()];
        let accounts = self.accounts.clone().unwrap_or_else(one);
        let trails = each("trails", &self.trails, |t| healthy::trail(t, &accounts))?;
        let buckets = each("buckets", &self.buckets, |b| healthy::bucket(b, &accounts, &trails))?;
        let keys = each("keys", &self.keys, healthy::key)?;
        let alarms = each("alarms", &self.alarms, watched::alarm)?;
        let log_groups = each("log_groups", &self.log_groups, |g| healthy::log_group(g, &trails, &alarms))?;
        let topics = each("topics", &self.topics, |t| healthy::topic(t, &trails))?;
        let stores = each("event_data_stores", &self.event_data_stores, watched::event_data_store)?;
        let organizations = each("organizations", &self.organizations, |o| healthy::organization(o, &trails))?;
        let changes = each("changes", &self.changes, healthy::change)?;
        let listed = each("accounts", &accounts, |a| healthy::account(a, &self.trails, &stores))?;
        let scopes: Vec<Value> = listed.iter().map(|a| json!({"id": a["id"], "reached": true, "regions": []})).collect();
        let now = moment();
        let mut all = json!({
            "kind": Inventory::KIND,
            "schema_version": crate::inventory::SCHEMA_VERSION,
            "scope": {"started": now, "ended": now, "accounts": scopes},
            "accounts": listed, "trails": trails, "buckets": buckets, "keys": keys,
            "log_groups": log_groups, "alarms": alarms, "topics": topics, "event_data_stores": stores, "organizations": organizations, "calls": {},
        });
        if !changes.is_empty() {
            all["changes"] = changes.into();
            all["code"] = json!({"files": [], "declared": []});
        }
        let mut inventory: Inventory =
            serde_json::from_value(all).map_err(|e| Misfit::new(format!("the case does not fit the inventory: {e}")))?;
        inventory.sort();
        Ok(inventory)
    }
}

fn each(noun: &str, written: &[Written], complete: impl Fn(&Written) -> Result<Value, Misfit>) -> Result<Vec<Value>, Misfit> {
    let one = |(i, record)| complete(record).map_err(|m| m.below(At::Item(i)).below(At::Key(noun.into())));
    written.iter().enumerate().map(one).collect()
}

/// A fact that was read.
pub(super) fn known(value: impl Into<Value>) -> Value {
    json!({"known": {"value": value.into(), "from": {"call": "cloudtrail:Case/111122223333/us-east-1/000000000000"}}})
}

/// A reason for not knowing, by its kind.
pub(super) fn gap(kind: &str) -> Result<Gap, Misfit> {
    let parsed: Result<GapKind, serde_json::Error> = serde_json::from_value(json!(kind));
    let kind = parsed.map_err(|e| {
        let all = e.to_string();
        let kinds: Vec<&str> = all.split('`').skip(3).step_by(2).collect();
        let near = closest(kind, kinds.iter().copied()).map(|c| format!("did you mean `{c}`?"));
        let known = || format!("known are {}", kinds.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", "));
        Misfit::new(format!("unknown kind of gap `{kind}`")).hint(Some(near.unwrap_or_else(known)))
    })?;
    let call = CallId("cloudtrail:Case/111122223333/us-east-1/000000000000".into());
    Ok(Gap::new(kind, format!("the case says: {}", kind.label())).with_call(call))
}

/// The text of a field that every record of the noun has to write.
pub(super) fn text<'a>(written: &'a Written, key: &str) -> Result<&'a str, Misfit> {
    match written.get(key) {
        None => Err(Misfit::new(format!("`{key}` is missing"))),
        Some(Value::String(text)) => Ok(text),
        Some(Value::Object(map)) if map.contains_key("unknown") => {
            Err(Misfit::new(format!("`{key}` says which record it is, and cannot be unknown"))
                .hint(Some("leave the record out, or make another field of it unknown"))
                .below(At::Key(key.into())))
        }
        Some(_) => Err(Misfit::new(format!("`{key}` is not text"))
            .hint(Some("numbers such as account ids stand in quotes"))
            .below(At::Key(key.into()))),
    }
}

/// The ARN of a record, and its parts: partition, service, Region, account and the rest follow `arn`.
pub(super) fn arn(written: &Written) -> Result<(&str, [&str; 6]), Misfit> {
    let arn = text(written, "arn")?;
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let parts = <[&str; 6]>::try_from(parts).ok().filter(|p| p[0] == "arn");
    parts.map(|parts| (arn, parts)).ok_or_else(|| {
        let hint = "it looks like `arn:aws:SERVICE:REGION:ACCOUNT:NAME`";
        Misfit::new(format!("`{arn}` is not an ARN")).hint(Some(hint)).below(At::Key("arn".into()))
    })
}

/// The defaults with what the case writes in their place, as a record of the noun. `apart` are the names that the caller
/// reads itself.
pub(super) fn record<T: DeserializeOwned>(defaults: &Value, written: &Written, apart: &[&str]) -> Result<Value, Misfit> {
    let own = || written.iter().filter(|(name, _)| !apart.contains(&name.as_str()));
    let mut record = defaults.clone();
    for (name, value) in own() {
        put(&mut record, name, value, apart)?;
    }
    let fits = |record: &Value| T::deserialize(record).err();
    let Some(error) = fits(&record) else { return Ok(record) };
    // Which of the fields it is, serde does not say.
    for (name, value) in own() {
        let mut alone = defaults.clone();
        put(&mut alone, name, value, apart)?;
        if let Some(error) = fits(&alone) {
            return Err(Misfit::new(format!("`{name}` does not fit: {error}")).below(At::Key(name.clone())));
        }
    }
    Err(Misfit::new(format!("the record does not fit: {error}")))
}

fn put(record: &mut Value, name: &str, value: &Value, apart: &[&str]) -> Result<(), Misfit> {
    let fields = || record.as_object().into_iter().flat_map(|o| o.keys().map(String::as_str));
    let Some(default) = record.get(name) else {
        let near = closest(name, fields().chain(apart.iter().copied())).map(|c| format!("did you mean `{c}`?"));
        let hint = near.unwrap_or_else(|| "`trailproof policy vocabulary` shows every field".into());
        return Err(Misfit::new(format!("unknown field `{name}`")).hint(Some(hint)).below(At::Name(name.into())));
    };
    let unknown = value.as_object().filter(|o| o.len() == 1).and_then(|o| o.get("unknown")).and_then(Value::as_str);
    let (is_fact, is_listing) = (default.get("known").is_some(), default.get("items").is_some());
    let new = match unknown {
        Some(kind) if is_fact => gap(kind).map(|gap| json!({"unknown": gap})),
        Some(_) if !is_listing => Err(Misfit::new(format!("`{name}` alone cannot be unknown"))
            .hint(Some("it comes with the record, or says which one it is; make a field that is read by itself unknown"))),
        _ if is_fact => Ok(known(value.clone())),
        _ if is_listing => listing(value),
        _ => Ok(value.clone()),
    };
    record[name] = new.map_err(|m| m.below(At::Key(name.into())))?;
    Ok(())
}

fn listing(value: &Value) -> Result<Value, Misfit> {
    let wrong = || Misfit::new("a list is written as `[...]`, or as `{items: [...], gap: KIND}` where more may be missing");
    match value {
        Value::Array(_) => Ok(json!({"items": value})),
        Value::Object(o) => {
            if let Some(name) = o.keys().find(|k| !["items", "gap"].contains(&k.as_str())) {
                return Err(wrong().below(At::Name(name.clone())));
            }
            let gap = match o.get("gap") {
                None => None,
                Some(Value::String(kind)) => Some(gap(kind).map_err(|m| m.below(At::Key("gap".into())))?),
                Some(_) => return Err(wrong().below(At::Key("gap".into()))),
            };
            Ok(json!({"items": o.get("items").cloned().unwrap_or(json!([])), "gaps": gap.into_iter().collect::<Vec<_>>()}))
        }
        _ => Err(wrong()),
    }
}
