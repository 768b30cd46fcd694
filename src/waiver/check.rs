//! The rules of the file. A waiver that breaks one is refused with its place, and never left out in silence.

use std::collections::BTreeMap;

use crate::finding::{Severity, WaiverKind};
use crate::inventory::noun::closest;
use crate::policy::catalogue::Catalogue;
use crate::policy::framework::{Class, Framework};
use crate::yaml::{Complaint, SourceFile, Step};

use super::attest::days;
use super::resource::is_account;
use super::{
    Attestation, Checked, Evidence, EvidenceReader, LEAST_REASON, LONGEST_DAYS, LONGEST_DAYS_CRITICAL, Register, Resource,
    Waiver, WaiverFile,
};

/// What the file is checked against.
pub struct Basis<'a> {
    pub catalogue: &'a Catalogue,
    /// Severities that are not the policies' own, by policy. The graver of the two counts.
    pub severities: &'a BTreeMap<String, Severity>,
    pub evidence: &'a EvidenceReader<'a>,
}

/// What is wrong, gathered while everything is looked at.
struct Checking<'a> {
    source: &'a SourceFile,
    basis: &'a Basis<'a>,
    complaints: Vec<Complaint>,
}

/// Where the complaint of a waiver or of an attestation stands.
type Place<'a> = [Step<'a>; 2];

pub(super) fn file(source: &SourceFile, file: WaiverFile, basis: &Basis<'_>) -> Result<Register, Vec<Complaint>> {
    let mut checking = Checking { source, basis, complaints: Vec::new() };
    let mut register = Register { file: source.name.clone(), ..Register::default() };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (i, waiver) in file.waivers.into_iter().enumerate() {
        let at = [Step::Key("waivers"), Step::Item(i)];
        if let Some(first) = seen.insert(waiver.id.trim().to_lowercase(), i) {
            let message = format!("waiver `{}` stands twice", waiver.id);
            checking.say(at, "id", message, format!("it is number {} of the file already; an id is never used again", first + 1));
        }
        register.waivers.extend(checking.waiver(at, waiver));
    }
    for (i, attestation) in file.attestations.into_iter().enumerate() {
        let evidence = checking.attestation([Step::Key("attestations"), Step::Item(i)], &attestation);
        register.attestations.push((attestation, evidence));
    }
    if checking.complaints.is_empty() { Ok(register) } else { Err(checking.complaints) }
}

impl Checking<'_> {
    fn say(&mut self, at: Place<'_>, key: &str, message: String, hint: impl Into<String>) {
        let complaint = self.source.complain(&[at[0], at[1], Step::Key(key)], message);
        self.complaints.push(complaint.with_hint(Some(hint)));
    }

    fn waiver(&mut self, at: Place<'_>, waiver: Waiver) -> Option<Checked> {
        let before = self.complaints.len();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if waiver.id.is_empty() || waiver.id.len() > 64 || !waiver.id.chars().all(plain) {
            let message = format!("`{}` is no id", waiver.id);
            self.say(at, "id", message, "write up to 64 letters, digits, hyphens, dots and underscores, such as `W-2026-014`");
        }
        self.policy(at, &waiver);
        self.people(at, &waiver);
        self.dates(at, &waiver);
        match (waiver.r#type, waiver.compensating_control.as_deref().map(str::trim)) {
            (WaiverKind::CompensatingControl, None | Some("")) => {
                let message = format!("waiver `{}` does not say what is done instead", waiver.id);
                self.say(at, "type", message, "add `compensating_control: ...`, or choose another type");
            }
            (WaiverKind::RiskAccepted | WaiverKind::FalsePositive, Some(_)) => {
                let message = format!("waiver `{}` names a compensating control, and its type is another", waiver.id);
                self.say(at, "compensating_control", message, "write `type: compensating-control`, or leave the control out");
            }
            _ => {}
        }
        let resources = self.resources(at, &waiver);
        let evidence = waiver.evidence.as_deref().and_then(|path| self.evidence(&[at[0], at[1], Step::Key("evidence")], path));
        (self.complaints.len() == before).then_some(Checked { waiver, resources, evidence })
    }

    fn policy(&mut self, at: Place<'_>, waiver: &Waiver) {
        let catalogue = self.basis.catalogue;
        let Some(policy) = catalogue.policies.get(&waiver.policy) else {
            let hint = match closest(&waiver.policy, catalogue.policies.keys().map(String::as_str)) {
                Some(close) => format!("did you mean `{close}`?"),
                None => "one policy by its id; `trailproof policy list` shows every policy".into(),
            };
            self.say(at, "policy", format!("unknown policy `{}`", waiver.policy), hint);
            return;
        };
        if !policy.file.waivable {
            let message = format!("policy `{}` may not be waived", waiver.policy);
            self.say(at, "policy", message, "without it nothing else that is read can be trusted; put it right instead");
        }
        for (i, id) in waiver.frameworks.iter().enumerate() {
            let path = [at[0], at[1], Step::Key("frameworks"), Step::Item(i)];
            let serves = &policy.file.requirements;
            let (message, hint) = if !catalogue.frameworks.contains_key(id) {
                let close = closest(id, catalogue.frameworks.keys().map(String::as_str));
                (format!("unknown framework `{id}`"), close.map(|c| format!("did you mean `{c}`?")))
            } else if !serves.contains_key(id) {
                let known: Vec<String> = serves.keys().map(|k| format!("`{k}`")).collect();
                let hint = (!known.is_empty()).then(|| format!("it serves {}", known.join(", ")));
                (format!("policy `{}` does not serve `{id}`", waiver.policy), hint)
            } else {
                continue;
            };
            self.complaints.push(self.source.complain(&path, message).with_hint(hint));
        }
    }

    fn people(&mut self, at: Place<'_>, waiver: &Waiver) {
        for (key, who) in [("owner", &waiver.owner), ("approved_by", &waiver.approved_by)] {
            if who.trim().is_empty() {
                self.say(
                    at,
                    key,
                    format!("waiver `{}` names nobody as `{key}`", waiver.id),
                    "write who it is, such as an e-mail address",
                );
            }
        }
        let same = waiver.owner.trim().to_lowercase() == waiver.approved_by.trim().to_lowercase();
        if same && !waiver.owner.trim().is_empty() {
            let message = format!("waiver `{}` is approved by its own owner", waiver.id);
            self.say(at, "approved_by", message, "somebody else must approve it");
        }
        self.long_enough(at, "reason", &waiver.reason);
    }

    fn long_enough(&mut self, at: Place<'_>, key: &str, text: &str) {
        let length = text.trim().chars().count();
        if length < LEAST_REASON {
            let message = format!("the {key} has {length} characters, and {LEAST_REASON} are the least");
            self.say(at, key, message, "say what an assessor must know, such as why, and the ticket");
        }
    }

    fn dates(&mut self, at: Place<'_>, waiver: &Waiver) {
        if waiver.expires < waiver.created {
            let message = format!("waiver `{}` ends before it begins", waiver.id);
            self.say(at, "expires", message, format!("it was created on {}", waiver.created));
            return;
        }
        let own = self.basis.catalogue.policies.get(&waiver.policy).map(|p| p.file.severity);
        let severity = own.max(self.basis.severities.get(&waiver.policy).copied());
        let (longest, whose) = match severity {
            Some(Severity::Critical) => (LONGEST_DAYS_CRITICAL, "a waiver of a critical policy"),
            _ => (LONGEST_DAYS, "a waiver"),
        };
        let held = days(waiver.created, waiver.expires);
        if held > longest {
            let last = waiver.created.saturating_add(jiff::Span::new().days(longest));
            let message = format!("waiver `{}` holds for {held} days, and {whose} holds for {longest} at most", waiver.id);
            self.say(at, "expires", message, format!("{last} is the last day that can be written here; look at it again then"));
        }
    }

    fn resources(&mut self, at: Place<'_>, waiver: &Waiver) -> Vec<Resource> {
        if let Some(account) = waiver.account.as_deref().filter(|a| !is_account(a)) {
            let hint = "an account id has twelve digits; write it in quotes, as it may begin with 0";
            self.say(at, "account", format!("`{account}` is no account id"), hint);
            return Vec::new();
        }
        if waiver.resources.is_empty() {
            let hint = "name what may fail, as the finding names it";
            self.say(at, "resources", format!("waiver `{}` names no resource", waiver.id), hint);
        }
        let mut resources = Vec::new();
        for (i, text) in waiver.resources.iter().enumerate() {
            match Resource::parse(text, waiver.account.as_deref()) {
                Ok(resource) => resources.push(resource),
                Err(e) => {
                    let path = [at[0], at[1], Step::Key("resources"), Step::Item(i)];
                    self.complaints.push(self.source.complain(&path, e.to_string()).with_hint(Some(e.hint())));
                }
            }
        }
        resources
    }

    fn evidence(&mut self, path: &[Step<'_>], name: &str) -> Option<Evidence> {
        match (self.basis.evidence)(name) {
            Ok(evidence) => Some(evidence),
            Err(why) => {
                let complaint = self.source.complain(path, format!("the evidence `{name}` cannot be read: {why}"));
                self.complaints
                    .push(complaint.with_hint(Some("paths are relative to this file; evidence that is not there shows nothing")));
                None
            }
        }
    }

    fn attestation(&mut self, at: Place<'_>, attestation: &Attestation) -> Vec<Evidence> {
        let catalogue = self.basis.catalogue;
        let wanted = &attestation.attests;
        let attests = [at[0], at[1], Step::Key("attests")];
        match catalogue.frameworks.get(&wanted.framework) {
            None => {
                let path = [attests[0], attests[1], attests[2], Step::Key("framework")];
                let close = closest(&wanted.framework, catalogue.frameworks.keys().map(String::as_str));
                let complaint = self.source.complain(&path, format!("unknown framework `{}`", wanted.framework));
                self.complaints.push(complaint.with_hint(close.map(|c| format!("did you mean `{c}`?"))));
            }
            Some(framework) => {
                if let Some((message, hint)) = unattestable(framework, &wanted.requirement) {
                    let path = [attests[0], attests[1], attests[2], Step::Key("requirement")];
                    self.complaints.push(self.source.complain(&path, message).with_hint(hint));
                }
            }
        }
        if attestation.by.trim().is_empty() {
            self.say(at, "by", "the attestation names nobody who makes it".into(), "write who it is, such as an e-mail address");
        }
        self.long_enough(at, "statement", &attestation.statement);
        let mut found = Vec::new();
        for (i, name) in attestation.evidence.iter().enumerate() {
            found.extend(self.evidence(&[at[0], at[1], Step::Key("evidence"), Step::Item(i)], name));
        }
        found
    }
}

/// Why nobody can attest the requirement, and the next thing to do.
fn unattestable(framework: &Framework, id: &str) -> Option<(String, Option<String>)> {
    let Some(requirement) = framework.requirements.iter().find(|r| r.id == id) else {
        let close = closest(id, framework.requirements.iter().map(|r| r.id.as_str()));
        let message = format!("framework `{}` has no requirement `{id}`", framework.id);
        return Some((message, close.map(|c| format!("did you mean `{c}`?"))));
    };
    let why = match (requirement.class, &requirement.manual) {
        (Class::Manual, _) | (Class::Automated, Some(_)) => return None,
        (Class::Automated, None) => "facts alone decide it",
        (Class::Inherited, _) => "AWS shows it",
        (Class::None, _) => "nothing here speaks of it",
    };
    let hint = "people attest what a framework file says that people must show (`class: manual`, or `manual: ...`)";
    Some((format!("requirement `{id}` takes no attestation: {why}"), Some(hint.into())))
}
