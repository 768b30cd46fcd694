//! Anchors inside the page: each id once, and each link to something that is there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::finding::{Finding, Outcome};
use crate::inventory::Gap;
use crate::report::{Report, foreign};

/// Text that leads somewhere, where there is somewhere to go.
#[derive(Clone, Serialize)]
pub(super) struct Link {
    pub(super) text: String,
    pub(super) href: Option<String>,
}

impl Link {
    /// A link out of the page: web addresses alone are followed.
    pub(super) fn out(text: &str, address: &str) -> Self {
        let plain = address.chars().all(|c| !c.is_whitespace() && !foreign::is_hidden(c) && !"\"'<>`\\".contains(c));
        let web = address.starts_with("https://") || address.starts_with("http://");
        let href = (plain && web && address.chars().count() <= foreign::VALUE_LIMIT).then(|| address.to_string());
        Link { text: text.to_string(), href }
    }
}

/// Hands out ids, none of them twice.
#[derive(Default)]
pub(super) struct Ids {
    given: BTreeSet<String>,
}

impl Ids {
    pub(super) fn give(&mut self, wish: &str) -> String {
        let mut id = wish.to_string();
        let mut turn = 2;
        while !self.given.insert(id.clone()) {
            id = format!("{wish}-{turn}");
            turn += 1;
        }
        id
    }
}

/// Letters, digits, dots and hyphens of a text, for ids and for the URL.
pub(super) fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(80) {
        if c.is_ascii_alphanumeric() || c == '.' || c == '_' {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_string()
}

/// The same finding has the same id in every run.
pub(super) fn finding_id(finding: &Finding) -> String {
    let subject = &finding.subject;
    let mut hash = Sha256::new();
    for part in [&finding.policy, &subject.kind, &subject.id, &subject.account, subject.region.as_ref().unwrap_or(&String::new())]
    {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let hex: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("f-{hex}")
}

/// Where things stand on the page.
pub(super) struct Places<'a> {
    pub(super) ids: Ids,
    /// policy -> the group of its worst outcome.
    pub(super) policies: BTreeMap<&'a str, String>,
    /// policy and outcome -> the group of its findings.
    groups: BTreeMap<&'a str, BTreeMap<Outcome, String>>,
    /// A finding's number -> where it stands, for those that are shown.
    pub(super) findings: BTreeMap<usize, String>,
    gaps: BTreeMap<&'a Gap, String>,
    requirements: BTreeMap<&'a str, BTreeMap<&'a str, String>>,
    frameworks: BTreeMap<&'a str, &'a str>,
}

impl<'a> Places<'a> {
    pub(super) fn of(report: &'a Report, gap_rows: usize) -> Self {
        let mut ids = Ids::default();
        for section in [
            "top",
            "main",
            "population",
            "summary",
            "requirements",
            "accounts",
            "trails",
            "findings",
            "passed",
            "gaps",
            "method",
            "glossary",
            "count",
            "filter",
            "filter-count",
            "hatch",
        ] {
            ids.give(section);
        }
        let mut requirements: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
        let mut frameworks = BTreeMap::new();
        for framework in &report.frameworks {
            frameworks.insert(framework.id.as_str(), framework.title.as_str());
            for requirement in &framework.requirements {
                let id = ids.give(&format!("r-{}-{}", slug(&framework.id), slug(&requirement.id)));
                requirements.entry(&framework.id).or_default().entry(&requirement.id).or_insert(id);
            }
        }
        let mut gaps = BTreeMap::new();
        for (index, view) in report.gaps.iter().take(gap_rows).enumerate() {
            let id = ids.give(&format!("gap-{}", index + 1));
            for gap in std::iter::once(&view.gap).chain(&view.alike) {
                gaps.entry(gap).or_insert_with(|| id.clone());
            }
        }
        Places {
            ids,
            policies: BTreeMap::new(),
            groups: BTreeMap::new(),
            findings: BTreeMap::new(),
            gaps,
            requirements,
            frameworks,
        }
    }

    /// Names the group's place; the first group of a policy holds its worst outcome.
    pub(super) fn group(&mut self, outcome: Outcome, policy: &'a str) -> String {
        let word = slug(outcome.label());
        let id = self.ids.give(&format!("{word}-{}", slug(policy)));
        self.policies.entry(policy).or_insert_with(|| id.clone());
        self.groups.entry(policy).or_default().entry(outcome).or_insert_with(|| id.clone());
        id
    }

    pub(super) fn group_of(&self, policy: &str, outcome: Outcome) -> Option<&String> {
        self.groups.get(policy)?.get(&outcome)
    }

    pub(super) fn gap(&self, gap: &Gap) -> Option<&String> {
        self.gaps.get(gap)
    }

    pub(super) fn requirement(&self, framework: &str, id: &str) -> Option<&String> {
        self.requirements.get(framework)?.get(id)
    }

    pub(super) fn framework_title<'b>(&self, id: &'b str) -> &'b str
    where
        'a: 'b,
    {
        self.frameworks.get(id).copied().unwrap_or(id)
    }

    pub(super) fn policy(&self, id: &str) -> Link {
        Link { text: id.to_string(), href: self.policies.get(id).map(|anchor| format!("#{anchor}")) }
    }
}
