//! The plan as `terraform show -json` writes it: the parts that are used, as they stand in the file.
//!
//! Source: <https://developer.hashicorp.com/terraform/internals/json-format>.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The whole file. Keys that are not used are not read.
#[derive(Debug, Deserialize)]
pub(super) struct Plan {
    #[serde(default)]
    pub(super) terraform_version: Option<String>,
    /// When the plan was made; versions before 1.5 do not say.
    #[serde(default)]
    pub(super) timestamp: Option<String>,
    /// Whether making the plan failed on its way.
    #[serde(default)]
    pub(super) errored: bool,
    /// Whether applying it leaves nothing to be planned; not where it was made for chosen resources alone, or some were deferred.
    #[serde(default)]
    pub(super) complete: Option<bool>,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, Variable>,
    #[serde(default)]
    pub(super) planned_values: Values,
    #[serde(default)]
    pub(super) resource_changes: Vec<ResourceChange>,
    /// What the plan puts off to a later one: what will be is not planned.
    #[serde(default)]
    pub(super) deferred_changes: Vec<DeferredChange>,
    #[serde(default)]
    pub(super) prior_state: Option<PriorState>,
    #[serde(default)]
    pub(super) configuration: Configuration,
}

#[derive(Debug, Deserialize)]
pub(super) struct Variable {
    #[serde(default)]
    pub(super) value: Value,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Values {
    #[serde(default)]
    pub(super) root_module: ModuleValues,
}

#[derive(Debug, Deserialize)]
pub(super) struct PriorState {
    #[serde(default)]
    pub(super) values: Option<Values>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ModuleValues {
    #[serde(default)]
    pub(super) resources: Vec<ResourceValues>,
    #[serde(default)]
    pub(super) child_modules: Vec<ModuleValues>,
}

impl ModuleValues {
    /// Every resource, of this module and of all below.
    pub(super) fn all(&self) -> Vec<&ResourceValues> {
        let mut found: Vec<&ResourceValues> = self.resources.iter().collect();
        found.extend(self.child_modules.iter().flat_map(ModuleValues::all));
        found
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct ResourceValues {
    pub(super) address: String,
    #[serde(default)]
    pub(super) values: Value,
    #[serde(default)]
    pub(super) sensitive_values: Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct ResourceChange {
    pub(super) address: String,
    /// There for what is left over of an object that was replaced.
    #[serde(default)]
    pub(super) deposed: Option<String>,
    #[serde(default)]
    pub(super) previous_address: Option<String>,
    pub(super) change: Change,
}

#[derive(Debug, Deserialize)]
pub(super) struct DeferredChange {
    /// Such as `provider_config_unknown`.
    #[serde(default)]
    pub(super) reason: String,
    pub(super) resource_change: DeferredResource,
}

#[derive(Debug, Deserialize)]
pub(super) struct DeferredResource {
    /// With `[*]` where it is not known of how many instances.
    pub(super) address: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Change {
    #[serde(default)]
    pub(super) actions: Vec<String>,
    #[serde(default)]
    pub(super) after: Value,
    #[serde(default)]
    pub(super) after_unknown: Value,
    #[serde(default)]
    pub(super) after_sensitive: Value,
}

impl Change {
    pub(super) fn is(&self, action: &str) -> bool {
        self.actions.iter().any(|a| a == action)
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Configuration {
    #[serde(default)]
    pub(super) provider_config: BTreeMap<String, ProviderConfig>,
    #[serde(default)]
    pub(super) root_module: ModuleConfig,
}

#[derive(Debug, Deserialize)]
pub(super) struct ProviderConfig {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) expressions: BTreeMap<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ModuleConfig {
    #[serde(default)]
    pub(super) resources: Vec<ResourceConfig>,
    #[serde(default)]
    pub(super) module_calls: BTreeMap<String, ModuleCall>,
    #[serde(default)]
    pub(super) outputs: BTreeMap<String, Output>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ResourceConfig {
    /// `managed` or `data`.
    #[serde(default)]
    pub(super) mode: String,
    pub(super) r#type: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) provider_config_key: String,
    #[serde(default)]
    pub(super) expressions: Value,
    #[serde(default)]
    pub(super) for_each_expression: Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct ModuleCall {
    #[serde(default)]
    pub(super) expressions: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) module: ModuleConfig,
}

#[derive(Debug, Deserialize)]
pub(super) struct Output {
    #[serde(default)]
    pub(super) expression: Value,
}

/// Why a file is no plan that can be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("it is not a Terraform plan: {0}")]
    Json(serde_json::Error),
    #[error("it is a Terraform plan of format {0}, and this version reads formats 0 and 1")]
    Version(String),
    #[error("it is a state, and not a plan")]
    State,
    #[error("making the plan failed, so that it is not whole")]
    Errored,
    #[error("it is an encrypted OpenTofu plan")]
    Encrypted,
    #[error("it is the plan file itself, which only Terraform can read")]
    Binary,
}

impl PlanError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            PlanError::Json(_) => "write it with `terraform show -json PLANFILE > plan.json`".into(),
            PlanError::Version(_) => "look for a newer version of Trailproof".into(),
            PlanError::State => "`terraform plan -out tfplan`, then `terraform show -json tfplan > plan.json`".into(),
            PlanError::Errored => "put right what `terraform plan` complains about, and make the plan again".into(),
            PlanError::Encrypted => "give what `tofu show -json PLANFILE` writes".into(),
            PlanError::Binary => "give the JSON too: `terraform show -json PLANFILE > plan.json`".into(),
        }
    }
}

/// Whether an object looks like a plan, of whatever version.
pub(super) fn looks_like(value: &Value) -> bool {
    value.get("format_version").is_some_and(Value::is_string)
        && ["planned_values", "resource_changes", "terraform_version", "configuration"]
            .iter()
            .any(|key| value.get(*key).is_some())
}

/// Reads the JSON of a plan.
pub(super) fn read(value: Value) -> Result<Plan, PlanError> {
    let version = value.get("format_version").and_then(Value::as_str).unwrap_or_default().to_string();
    let major = version.split('.').next().unwrap_or_default();
    if !["0", "1"].contains(&major) {
        return Err(PlanError::Version(version));
    }
    if value.get("planned_values").is_none() && value.get("resource_changes").is_none() {
        return Err(PlanError::State);
    }
    let plan: Plan = serde_json::from_value(value).map_err(PlanError::Json)?;
    if plan.errored {
        return Err(PlanError::Errored);
    }
    Ok(plan)
}
