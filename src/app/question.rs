//! What is asked of an inventory: which policies, with which parameters, as of when. The same question of the same facts has
//! the same report, today and when evidence is judged again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Refusal;
use super::baseline::Given;
use super::scan::Selection;
use super::waiver::Waivers;
use crate::audit::{Settings, audit};
use crate::baseline::Applied;
use crate::finding::Severity;
use crate::inventory::Inventory;
use crate::policy::ParameterValue;
use crate::policy::catalogue::Catalogue;
use crate::report::build::Material;
use crate::report::{PlanChange, Report, SetAside};
use crate::waiver::{Evidence, Register};

/// Everything that a report depends on beside facts, policies and the program's version. Saved as `settings.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// The moment as of which is judged.
    pub(super) now: Timestamp,
    /// Whether each subject is judged at the moment at which it was read instead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    as_read: bool,
    /// The policies that are asked.
    pub(super) asked: BTreeSet<String>,
    /// The frameworks that are reported whole; where it is empty, those of the catalogue that need not be asked for by name.
    frameworks: Vec<String>,
    /// framework -> the accounts in its scope.
    scopes: BTreeMap<String, BTreeSet<String>>,
    /// policy -> parameter -> value, of every policy that is asked: the owner's, and otherwise the default.
    parameters: BTreeMap<String, BTreeMap<String, ParameterValue>>,
    /// policy -> severity, where it is not the policy's own.
    severities: BTreeMap<String, Severity>,
    set_aside: Vec<SetAside>,
    /// The file of waivers, where there is one; its text is saved beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waivers: Option<WaiverFile>,
    /// The baseline, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baseline: Option<Given>,
}

/// What is said of a file of waivers beside its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WaiverFile {
    /// The name that it was given by.
    name: String,
    /// The files that it names as evidence, as they were found.
    evidence: Vec<Evidence>,
}

impl Question {
    pub(super) fn new(
        selection: Selection,
        frameworks: Vec<String>,
        scopes: BTreeMap<String, BTreeSet<String>>,
        now: Timestamp,
        catalogue: &Catalogue,
        waivers: Option<&Waivers>,
    ) -> Self {
        let Selection { settings, set_aside, asked } = selection;
        let resolved = |id: &String| {
            let values = catalogue.policies.get(id)?.parameters(settings.parameters.get(id));
            (!values.is_empty()).then(|| (id.clone(), values))
        };
        let parameters = asked.iter().filter_map(resolved).collect();
        let waivers = waivers.map(|w| {
            let mut evidence: Vec<Evidence> = w.register.evidence().cloned().collect();
            evidence.sort_by(|a, b| a.path.cmp(&b.path));
            evidence.dedup();
            WaiverFile { name: w.source.name.clone(), evidence }
        });
        let Settings { severities, as_read, .. } = settings;
        Question { now, as_read, asked, frameworks, scopes, parameters, severities, set_aside, waivers, baseline: None }
    }

    /// The same question, with a baseline laid upon what fails.
    pub(super) fn against(self, baseline: Option<Given>) -> Self {
        Question { baseline, ..self }
    }

    /// What the baseline comes to in a report.
    pub(super) fn laid(&self, report: &Report, inventory: &Inventory) -> Option<Applied> {
        Some(self.baseline.as_ref()?.lay(&mut report.findings.clone(), inventory, &self.asked))
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

    /// Reads the saved waivers again, with the evidence as it was found then.
    ///
    /// # Errors
    /// Waivers that are asked for and are not there, or the other way round, or are not those of then.
    #[cfg(feature = "aws")]
    pub(super) fn register(&self, text: Option<String>, catalogue: &Catalogue) -> Result<Option<Register>, Refusal> {
        let (file, text) = match (&self.waivers, text) {
            (Some(file), Some(text)) => (file, text),
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(Refusal::new("`waivers.yaml` is missing")),
            (None, Some(_)) => return Err(Refusal::new("`settings.json` does not ask for `waivers.yaml`")),
        };
        let evidence = |path: &str| {
            let found = file.evidence.iter().find(|e| e.path == path);
            found.cloned().ok_or_else(|| "`settings.json` does not name it".to_string())
        };
        let mut source = crate::yaml::SourceFile::new(file.name.clone(), text);
        let basis = crate::waiver::Basis { catalogue, severities: &self.severities, evidence: &evidence };
        Ok(Some(Register::load(&mut source, &basis)?))
    }

    /// Judges the facts.
    ///
    /// # Errors
    /// A policy that could not be asked, which is a bug and no verdict.
    pub(super) fn answer(
        &self,
        inventory: &Inventory,
        catalogue: &Catalogue,
        register: Option<&Register>,
    ) -> Result<Report, Refusal> {
        let settings = Settings {
            only: Some(self.asked.clone()),
            parameters: self.parameters.clone(),
            severities: self.severities.clone(),
            as_read: self.as_read,
        };
        let failed = |e: crate::audit::AuditError| {
            Refusal::new(e.to_string()).hint("this is a fault of the policy or of Trailproof, and no verdict; please report it")
        };
        let mut findings = audit(inventory, catalogue, &settings, self.now).map_err(failed)?;
        let before = inventory.code.as_ref().and_then(|code| code.before.as_deref());
        let before = before.map(|before| audit(before, catalogue, &settings, self.now)).transpose().map_err(failed)?;
        let change = before.map(|before| PlanChange::of(&before, &findings));
        let applied = register.map(|register| register.apply(&mut findings, &catalogue.reported(&self.frameworks), self.now));
        let laid = self.baseline.as_ref().map(|given| (given, given.lay(&mut findings, inventory, &self.asked)));
        let material = Material {
            inventory,
            catalogue,
            frameworks: &self.frameworks,
            scopes: &self.scopes,
            action,
            set_aside: self.set_aside.clone(),
            asked: self.asked.clone(),
            waivers: applied.as_ref(),
            now: self.now,
        };
        let mut report = Report::build(&material, findings);
        if let Some((given, applied)) = laid {
            let view = given.view(&applied, &report.findings);
            report.result.push_str(&view.aside());
            report.baseline = Some(view);
        }
        report.collected.judged_as_read = self.as_read;
        if let Some(code) = &mut report.code {
            code.change = change;
        }
        Ok(report)
    }
}

/// The IAM action that allows an operation, from the table of every call that can be made.
fn action(service: &str, operation: &str) -> Option<&'static str> {
    crate::aws::operation::ALL.iter().find(|o| o.service == service && o.name == operation).map(|o| o.action)
}
