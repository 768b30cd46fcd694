//! In which account and Region a resource is made, as far as the plan tells.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::address::Address;
use super::links::Links;
use super::plan::{Plan, ProviderConfig};
use crate::inventory::code::placeholder;
use crate::source::code::resource::Home;

/// What decides whose credentials a provider uses. Two providers that agree in these act in one account.
pub(super) const CREDENTIALS: [&str; 11] = [
    "access_key",
    "allowed_account_ids",
    "assume_role",
    "assume_role_with_web_identity",
    "endpoints",
    "profile",
    "secret_key",
    "shared_config_files",
    "shared_credentials_files",
    "sts_region",
    "token",
];

/// What the configuration of a provider tells.
pub(super) struct Told {
    /// What is written of credentials, as one text; empty where nothing is.
    pub(super) signature: String,
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
}

/// Where each provider makes what it makes. What one tells of its account, its aliases with the same credentials share.
pub(super) fn homes(told: &BTreeMap<String, Told>, file: &str, partition: &dyn Fn(&str) -> String) -> BTreeMap<String, Home> {
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for of in told.values() {
        known.entry(&of.signature).or_default().extend(of.account.as_deref());
    }
    let several = known.len() > 1;
    let home = |(key, of): (&String, &Told)| {
        let shared = known.get(of.signature.as_str()).filter(|ids| ids.len() == 1).and_then(|ids| ids.first());
        let open = || match told.iter().find(|(_, other)| other.signature == of.signature) {
            Some((first, _)) if several && !of.signature.is_empty() => {
                placeholder(&format!("account of provider {first} in {file}"))
            }
            _ => placeholder(&format!("account of {file}")),
        };
        let account = of.account.clone().or_else(|| shared.map(|id| (*id).to_string())).unwrap_or_else(open);
        let region = of.region.clone().unwrap_or_else(|| placeholder(&format!("Region of {key} in {file}")));
        (key.clone(), Home { partition: partition(&region), account, region })
    };
    told.iter().map(home).collect()
}

/// The provider configurations of a plan, by their keys.
pub(super) struct Providers {
    homes: BTreeMap<String, Home>,
    default: Home,
}

impl Providers {
    pub(super) fn new(plan: &Plan, links: &Links<'_>, file: &str) -> Self {
        let callers = callers(plan, links);
        let mut told = BTreeMap::new();
        for (key, config) in plan.configuration.provider_config.iter().filter(|(_, c)| is_aws(c)) {
            let account =
                account(config).or_else(|| match callers.get(key).map(|ids| ids.iter().collect::<Vec<_>>()).as_deref() {
                    Some([one]) => Some((*one).clone()),
                    _ => None,
                });
            told.insert(key.clone(), Told { signature: signature(config), account, region: region(plan, config) });
        }
        let homes = homes(&told, file, &|region| partition(plan, region));
        let one_caller = callers.values().flatten().collect::<BTreeSet<_>>();
        let unconfigured = Home {
            account: match one_caller.first() {
                Some(id) if one_caller.len() == 1 && homes.is_empty() => (*id).clone(),
                _ => placeholder(&format!("account of {file}")),
            },
            partition: partition(plan, ""),
            region: placeholder(&format!("Region of {file}")),
        };
        let default = homes.get("aws").cloned().unwrap_or(unconfigured);
        Providers { homes, default }
    }

    pub(super) fn default(&self) -> Home {
        self.default.clone()
    }

    /// Where a resource is made. The AWS provider of version 6 lets each resource name its Region.
    pub(super) fn home(&self, key: Option<&str>, values: &Value) -> Home {
        let mut home = key.and_then(|key| self.homes.get(key)).cloned().unwrap_or_else(|| self.default());
        if let Some(region) = values.get("region").and_then(Value::as_str).filter(|r| !r.is_empty()) {
            home.region = region.to_string();
        }
        home
    }
}

fn is_aws(config: &ProviderConfig) -> bool {
    config.name == "aws"
}

/// The accounts that `aws_caller_identity` told when the plan was made, by provider.
fn callers(plan: &Plan, links: &Links<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut callers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let values = plan.prior_state.iter().filter_map(|state| state.values.as_ref()).flat_map(|v| v.root_module.all());
    for resource in values.chain(plan.planned_values.root_module.all()) {
        let Some(address) = Address::parse(&resource.address).filter(|a| a.is_data && a.r#type == "aws_caller_identity") else {
            continue;
        };
        let id = resource.values.get("account_id").and_then(Value::as_str).filter(|id| is_account(id));
        let key = links.config(&address).map_or_else(|| "aws".to_string(), |config| config.provider_config_key.clone());
        callers.entry(key).or_default().extend(id.map(str::to_string));
    }
    callers
}

pub(super) fn is_account(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())
}

/// The account that a provider's configuration names.
fn account(config: &ProviderConfig) -> Option<String> {
    let allowed = config.expressions.get("allowed_account_ids").and_then(|e| e.get("constant_value")).and_then(Value::as_array);
    if let Some([Value::String(id)]) = allowed.map(Vec::as_slice) {
        return Some(id.clone()).filter(|id| is_account(id));
    }
    let roles = match config.expressions.get("assume_role") {
        Some(Value::Array(roles)) => roles.as_slice(),
        _ => &[],
    };
    // Of a chain of roles the last one acts.
    let arn = roles.last()?.get("role_arn")?.get("constant_value")?.as_str()?;
    arn.split(':').nth(4).filter(|id| is_account(id)).map(str::to_string)
}

/// What is written of credentials, as one text; empty where nothing is.
fn signature(config: &ProviderConfig) -> String {
    let written: Vec<String> =
        CREDENTIALS.iter().filter_map(|key| config.expressions.get(*key).map(|e| format!("{key}={e}"))).collect();
    written.join(" ")
}

fn region(plan: &Plan, config: &ProviderConfig) -> Option<String> {
    let expression = config.expressions.get("region")?;
    if let Some(region) = expression.get("constant_value").and_then(Value::as_str) {
        return Some(region.to_string());
    }
    // A Region that is a variable of the root module: its value is in the plan.
    let references = expression.get("references")?.as_array()?;
    let [Value::String(one)] = references.as_slice() else { return None };
    let name = one.strip_prefix("var.")?;
    plan.variables.get(name)?.value.as_str().map(str::to_string)
}

/// The partition, from a data source that tells it, else from the Region, else from ARNs in the plan.
fn partition(plan: &Plan, region: &str) -> String {
    let told = plan.prior_state.iter().filter_map(|s| s.values.as_ref()).flat_map(|v| v.root_module.all()).find_map(|resource| {
        let address = Address::parse(&resource.address)?;
        (address.is_data && address.r#type == "aws_partition")
            .then(|| resource.values.get("partition")?.as_str().map(str::to_string))?
    });
    told.unwrap_or_else(|| partition_of(region).to_string())
}

/// The partition of a Region; that of most where nothing is told.
pub(super) fn partition_of(region: &str) -> &'static str {
    match region {
        r if r.starts_with("cn-") => "aws-cn",
        r if r.starts_with("us-gov-") => "aws-us-gov",
        r if r.starts_with("us-isob-") => "aws-iso-b",
        r if r.starts_with("us-iso-") => "aws-iso",
        r if r.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}
