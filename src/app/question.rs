//! What is asked of an inventory: which policies, with which parameters, as of when. The same question of the same facts has
//! the same report, today and when evidence is judged again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Refusal;
use super::scan::Selection;
use crate::audit::{Settings, audit};
use crate::finding::Severity;
use crate::inventory::Inventory;
use crate::policy::ParameterValue;
use crate::policy::catalogue::Catalogue;
use crate::report::build::Material;
use crate::report::{Report, SetAside};

/// Everything that a report depends on beside facts, policies and the program's version. Saved as `settings.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// The moment as of which is judged.
    pub(super) now: Timestamp,
    /// The policies that are asked.
    pub(super) asked: BTreeSet<String>,
    /// Only these frameworks are reported; every one where it is empty.
    frameworks: Vec<String>,
    /// framework -> the accounts in its scope.
    scopes: BTreeMap<String, BTreeSet<String>>,
    /// policy -> parameter -> value, of every policy that is asked: the owner's, and otherwise the default.
    parameters: BTreeMap<String, BTreeMap<String, ParameterValue>>,
    /// policy -> severity, where it is not the policy's own.
    severities: BTreeMap<String, Severity>,
    set_aside: Vec<SetAside>,
}

impl Question {
    pub(super) fn new(
        selection: Selection,
        frameworks: Vec<String>,
        scopes: BTreeMap<String, BTreeSet<String>>,
        now: Timestamp,
        catalogue: &Catalogue,
    ) -> Self {
        let Selection { settings, set_aside, asked } = selection;
        let resolved = |id: &String| {
            let values = catalogue.policies.get(id)?.parameters(settings.parameters.get(id));
            (!values.is_empty()).then(|| (id.clone(), values))
        };
        let parameters = asked.iter().filter_map(resolved).collect();
        Question { now, asked, frameworks, scopes, parameters, severities: settings.severities, set_aside }
    }

    /// Whether the catalogue has every policy and framework that is named, so that none is silently not asked.
    ///
    /// # Errors
    /// The first one that it has not.
    #[cfg(feature = "aws")]
    pub(super) fn check(&self, catalogue: &Catalogue) -> Result<(), Refusal> {
        let policies = self.asked.iter().filter(|id| !catalogue.policies.contains_key(*id));
        let frameworks = self.frameworks.iter().filter(|id| !catalogue.frameworks.contains_key(*id));
        match policies.chain(frameworks).next() {
            None => Ok(()),
            Some(id) => Err(Refusal::new(format!("`settings.json` asks `{id}`, which is not among `policies/`"))),
        }
    }

    /// Judges the facts.
    ///
    /// # Errors
    /// A policy that could not be asked, which is a bug and no verdict.
    pub(super) fn answer(&self, inventory: &Inventory, catalogue: &Catalogue) -> Result<Report, Refusal> {
        let settings =
            Settings { only: Some(self.asked.clone()), parameters: self.parameters.clone(), severities: self.severities.clone() };
        let findings = audit(inventory, catalogue, &settings, self.now).map_err(|e| {
            Refusal::new(e.to_string()).hint("this is a fault of the policy or of Trailproof, and no verdict; please report it")
        })?;
        let material = Material {
            inventory,
            catalogue,
            frameworks: &self.frameworks,
            scopes: &self.scopes,
            action,
            set_aside: self.set_aside.clone(),
            asked: self.asked.clone(),
            now: self.now,
        };
        Ok(Report::build(&material, findings))
    }
}

/// The IAM action that allows an operation, from the table of every call that can be made.
#[cfg(feature = "aws")]
fn action(service: &str, operation: &str) -> Option<&'static str> {
    crate::aws::operation::ALL.iter().find(|o| o.service == service && o.name == operation).map(|o| o.action)
}

/// Without the SDK the table is not there.
#[cfg(not(feature = "aws"))]
fn action(_: &str, _: &str) -> Option<&'static str> {
    None
}
