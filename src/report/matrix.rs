//! The requirement matrix: what the facts that were read say of each requirement, in the accounts that are in its scope.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::build::Material;
use super::concern::Concern;
use super::{Counts, wording};
use crate::finding::{Finding, Outcome, Strength};
use crate::inventory::{self, AccountScope};
use crate::policy::SubjectKind;
use crate::policy::framework::{Class, Framework, Requirement};
use crate::waiver::{Attested, Attests, Standing, Statement};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FrameworkView {
    pub id: String,
    pub title: String,
    pub version: String,
    pub publisher: String,
    pub url: String,
    pub note: String,
    pub scope: FrameworkScope,
    /// `11 of 14 automatable facts hold; 2 unknown; 9 requirements stay manual`.
    pub statement: String,
    /// Findings of policies that serve the framework, in its scope.
    pub facts: Counts,
    pub requirements: Vec<RequirementView>,
}

/// A framework that the report does not show whole, because it was not asked for by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FrameworkBrief {
    pub id: String,
    pub title: String,
    pub version: String,
    /// How many of its requirements have which status, the worst first.
    pub statuses: Vec<StatusCount>,
}

/// Requirements of one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusCount {
    pub status: RequirementStatus,
    pub requirements: usize,
}

/// The accounts that a framework is asked about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FrameworkScope {
    /// The accounts that the owner named; absent where every account of the population is in scope.
    pub accounts: Option<Vec<String>>,
    /// Accounts of the scope about which the audit holds no finding: what is asked of them is undecided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
    /// The scope in words.
    pub statement: String,
}

/// An account of the scope that was not audited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unread {
    pub account: String,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequirementView {
    pub id: String,
    pub title: String,
    pub class: Class,
    /// What people must show beside the facts.
    pub manual: Option<String>,
    pub status: RequirementStatus,
    /// Why the status is what it is, in a few words.
    pub because: String,
    /// What people state of it, which is no fact that was read and counts in no number of facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<Statement>,
    /// Facts that decide the requirement.
    pub direct: Counts,
    /// Facts that are needed or help, and do not decide.
    pub supporting: Counts,
    pub policies: Vec<ServedBy>,
}

/// Never "compliant": what the facts that were read say of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequirementStatus {
    /// At least one direct fact does not hold.
    NotMet,
    /// None fails, and at least one direct fact is unknown or was not asked.
    Undecided,
    /// The direct facts hold and something is missing: a supporting fact, a part of the population or of what is asked about; or
    /// only supporting facts are there.
    Partial,
    /// Every direct policy passes for the whole population in scope, and no supporting fact fails or is unknown.
    MetByFacts,
    /// People show it.
    Manual,
    /// AWS shows it.
    Inherited,
    /// Nothing here shows it.
    NotServed,
    /// Its policies have nothing to ask about here.
    NotApplicable,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServedBy {
    pub policy: String,
    pub strength: Strength,
    /// Whether the policy was asked at all.
    pub asked: bool,
    pub facts: Counts,
    /// The findings that fail or are unknown, by their place in `findings` counted from 1.
    pub open: Vec<usize>,
}

impl FrameworkScope {
    /// `2 accounts in scope`; absent where all are.
    pub(super) fn short(&self) -> Option<String> {
        self.accounts.as_ref().map(|accounts| format!("{} in scope", wording::counted(accounts.len(), "account")))
    }
}

impl RequirementView {
    /// Facts of both strengths.
    pub fn facts(&self) -> Counts {
        let mut facts = self.direct.clone();
        facts.join(&self.supporting);
        facts
    }
}

/// The findings of a framework's scope, by policy, with their numbers.
type Numbered<'a> = BTreeMap<&'a str, Vec<(usize, &'a Finding)>>;

/// The frameworks that are shown whole, and in brief the others. Where only some policies were asked there are no others: of what
/// they ask too little would be known.
pub(super) fn views(
    material: &Material<'_>,
    regions_left_out: usize,
    findings: &[Finding],
) -> (Vec<FrameworkView>, Vec<FrameworkBrief>) {
    let shown = material.catalogue.reported(material.frameworks);
    let mut policies = material.catalogue.policies.keys();
    let is_whole = policies.all(|id| material.asked.contains(id) || material.set_aside.iter().any(|s| s.policy == *id));
    let (mut whole, mut brief) = (Vec::new(), Vec::new());
    for file in material.catalogue.frameworks.values() {
        if shown.contains(&file.id) {
            whole.push(framework(file, material, regions_left_out, findings));
        } else if is_whole {
            let view = framework(file, material, regions_left_out, findings);
            let statuses = view.statuses();
            brief.push(FrameworkBrief { id: view.id, title: view.title, version: view.version, statuses });
        }
    }
    (whole, brief)
}

impl FrameworkView {
    /// How many of its requirements have which status, the worst first.
    pub fn statuses(&self) -> Vec<StatusCount> {
        let mut all: Vec<RequirementStatus> = self.requirements.iter().map(|r| r.status).collect();
        all.sort_unstable();
        let alike = all.chunk_by(|a, b| a == b);
        alike.filter_map(|same| same.first().map(|s| StatusCount { status: *s, requirements: same.len() })).collect()
    }
}

fn framework(framework: &Framework, material: &Material<'_>, regions_left_out: usize, findings: &[Finding]) -> FrameworkView {
    let named = material.scopes.get(&framework.id);
    let concern = named.map(|accounts| Concern::of(material.inventory, accounts));
    let mut numbered: Numbered<'_> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        if concern.as_ref().is_none_or(|c| c.includes(finding)) {
            numbered.entry(&finding.policy).or_default().push((at + 1, finding));
        }
    }
    let scope = scope(material, named);
    let missing = Missing { accounts: scope.unread.len(), regions: regions_left_out };
    let requirements: Vec<RequirementView> =
        framework.requirements.iter().map(|r| requirement(framework, r, material, &numbered, missing)).collect();
    let serves = |f: &&&Finding| f.requirements.iter().any(|r| r.framework == framework.id);
    let facts = Counts::of(numbered.values().flatten().map(|(_, f)| f).filter(serves).copied());
    let manual = requirements.iter().filter(|r| r.class == Class::Manual || r.manual.is_some()).count();
    let mut statement =
        format!("{} of {} automatable facts hold", wording::count(facts.pass), wording::count(facts.applicable()));
    if facts.unknown > 0 {
        statement.push_str(&format!("; {} could not be evaluated", wording::count(facts.unknown)));
    }
    if !scope.unread.is_empty() {
        statement.push_str(&format!("; {} of the scope not audited", wording::counted(scope.unread.len(), "account")));
    }
    statement.push_str(&format!("; {manual} requirements need something that people must show"));
    statement.push_str(&attested(&requirements));
    FrameworkView {
        id: framework.id.clone(),
        title: framework.title.clone(),
        version: framework.version.clone(),
        publisher: framework.publisher.clone(),
        url: framework.url.clone(),
        note: framework.note.clone(),
        scope,
        statement,
        facts,
        requirements,
    }
}

/// How many requirements people spoke about, and of how many their word has expired.
fn attested(requirements: &[RequirementView]) -> String {
    let mut attested = Attested::default();
    requirements.iter().filter_map(|r| r.attestation.as_ref()).for_each(|statement| attested.add(statement));
    let mut words = String::new();
    if attested.holds > 0 {
        words.push_str(&format!(", of which people attest {}", wording::count(attested.holds)));
    }
    if attested.expired > 0 {
        words.push_str(&format!("; {} expired", wording::counted(attested.expired, "attestation")));
    }
    words
}

fn scope(material: &Material<'_>, named: Option<&BTreeSet<String>>) -> FrameworkScope {
    let population = &material.inventory.scope.accounts;
    let Some(named) = named else {
        let left = population.iter().filter(|a| a.standing != inventory::Standing::Asked).count();
        let mut statement = "every account that was asked for is in scope: no narrower scope was declared".to_string();
        if left > 0 {
            let left = wording::counted(left, "account");
            statement.push_str(&format!("; {left} of the population, excluded or suspended, not audited"));
        }
        return FrameworkScope { accounts: None, unread: Vec::new(), statement };
    };
    let unread: Vec<Unread> = named.iter().filter_map(|id| unread(population, id)).collect();
    let mut statement = format!("{} declared in scope", wording::counted(named.len(), "account"));
    if !unread.is_empty() {
        statement.push_str(&format!("; {} of them not audited", wording::count(unread.len())));
    }
    statement.push_str("; what serves a trail that records in one of them counts too, whoever owns it");
    FrameworkScope { accounts: Some(named.iter().cloned().collect()), unread, statement }
}

/// Why there is no finding about the account; one that was asked for and not reached has findings, all of them unknown.
fn unread(population: &[AccountScope], id: &str) -> Option<Unread> {
    let why = match population.iter().find(|a| a.id == id).map(|a| a.standing) {
        Some(inventory::Standing::Asked) => return None,
        Some(inventory::Standing::Excluded) => "excluded from the audit",
        Some(inventory::Standing::Suspended) => "suspended or closed",
        None => "not in the population of this audit",
    };
    Some(Unread { account: id.into(), why: why.into() })
}

fn requirement(
    framework: &Framework,
    requirement: &Requirement,
    material: &Material<'_>,
    findings: &Numbered<'_>,
    missing: Missing,
) -> RequirementView {
    let mut policies = Vec::new();
    for (id, policy) in &material.catalogue.policies {
        let Some(serves) = policy.file.requirements.get(&framework.id) else { continue };
        let Some((_, strength)) = serves.each().find(|(r, _)| *r == requirement.id) else { continue };
        let mine = findings.get(id.as_str()).map(Vec::as_slice).unwrap_or_default();
        let open = mine.iter().filter(|(_, f)| matches!(f.outcome, Outcome::Fail | Outcome::Unknown));
        policies.push(ServedBy {
            policy: id.clone(),
            strength,
            asked: material.asked.contains(id),
            facts: Counts::of(mine.iter().map(|(_, f)| *f)),
            open: open.map(|(number, _)| *number).collect(),
        });
    }
    let (mut direct, mut supporting) = (Counts::default(), Counts::default());
    for served in &policies {
        match served.strength {
            Strength::Direct => direct.join(&served.facts),
            Strength::Supporting => supporting.join(&served.facts),
        }
    }
    let bare = bare(material, &policies, findings).len();
    let verdict = Verdict { requirement, direct: &direct, supporting: &supporting, policies: &policies, missing, bare };
    let (status, mut because) = verdict.given();
    let waived = policies
        .iter()
        .filter(|p| p.strength == Strength::Direct)
        .map(|p| findings.get(p.policy.as_str()).map_or(0, |mine| mine.iter().filter(|(_, f)| f.is_waived()).count()));
    match (status, waived.sum::<usize>()) {
        (RequirementStatus::NotMet, 1) => because.push_str("; 1 of the fails is waived"),
        (RequirementStatus::NotMet, n) if n > 1 => because.push_str(&format!("; {} of the fails are waived", wording::count(n))),
        _ => {}
    }
    let wanted = Attests { framework: framework.id.clone(), requirement: requirement.id.clone() };
    let attestation = material.waivers.and_then(|applied| applied.statements.get(&wanted)).cloned();
    if let Some(statement) = &attestation {
        let what = match statement.standing {
            Standing::Holds | Standing::EndsSoon => format!("attested until {}", statement.expires),
            Standing::Expired => format!("the attestation expired on {}: not evaluated", statement.expires),
            Standing::NotYet => "the attestation speaks of a later day: not evaluated".to_string(),
        };
        because = format!("{because}; {what}");
    }
    RequirementView {
        id: requirement.id.clone(),
        title: requirement.title.clone(),
        class: requirement.class,
        manual: requirement.manual.clone(),
        status,
        because,
        attestation,
        direct,
        supporting,
        policies,
    }
}

/// The accounts that have nothing which a policy that decides could be asked about: there its passes elsewhere show nothing.
fn bare<'a>(material: &Material<'_>, policies: &[ServedBy], findings: &Numbered<'a>) -> BTreeSet<&'a str> {
    let direct = policies.iter().filter(|p| p.strength == Strength::Direct);
    let of_parts = direct.filter(|p| {
        let policy = material.catalogue.policies.get(&p.policy);
        policy.is_some_and(|policy| policy.file.subject != SubjectKind::Account)
    });
    let theirs = of_parts.filter_map(|p| findings.get(p.policy.as_str())).flatten().map(|(_, finding)| *finding);
    let is_bare = |f: &&Finding| f.outcome == Outcome::NotApplicable && f.subject.kind == "account";
    theirs.filter(is_bare).map(|f| f.subject.id.as_str()).collect()
}

/// What of the population was not asked about.
#[derive(Clone, Copy)]
struct Missing {
    /// Accounts of the scope that were not audited.
    accounts: usize,
    /// Enabled Regions that the scope left out.
    regions: usize,
}

/// What decides a requirement's status.
struct Verdict<'a> {
    requirement: &'a Requirement,
    direct: &'a Counts,
    supporting: &'a Counts,
    policies: &'a [ServedBy],
    missing: Missing,
    /// Accounts in which a direct policy has nothing to ask about.
    bare: usize,
}

impl Verdict<'_> {
    fn given(&self) -> (RequirementStatus, String) {
        use RequirementStatus::{Inherited, Manual, MetByFacts, NotApplicable, NotMet, NotServed, Partial, Undecided};
        let has_direct = self.of(Strength::Direct).next().is_some();
        // A direct policy that was not asked leaves the requirement open, whatever the others say.
        let not_asked = self.of(Strength::Direct).filter(|p| !p.asked).count();
        if self.direct.fail > 0 {
            let what = facts(self.direct.fail, "direct");
            return (NotMet, format!("{what} {} not hold", if self.direct.fail == 1 { "does" } else { "do" }));
        }
        if self.direct.unknown > 0 {
            let what = facts(self.direct.unknown, "direct");
            return (Undecided, format!("{what} {} not known", if self.direct.unknown == 1 { "is" } else { "are" }));
        }
        if not_asked > 0 {
            let what = wording::counted(not_asked, "policy");
            return (Undecided, format!("{what} that would decide it {} not asked", if not_asked == 1 { "was" } else { "were" }));
        }
        if self.missing.accounts > 0 && !self.policies.is_empty() {
            return (Undecided, format!("{} of its scope not audited", wording::counted(self.missing.accounts, "account")));
        }
        if self.direct.pass > 0 {
            let short = self.short();
            return match short.is_empty() {
                true => {
                    (MetByFacts, format!("{} of {} hold", wording::count(self.direct.pass), facts(self.direct.pass, "direct")))
                }
                false => (Partial, format!("the direct facts hold; {}", short.join("; "))),
            };
        }
        let class = self.requirement.class;
        if self.supporting.applicable() > 0 {
            let (hold, all) = (wording::count(self.supporting.pass), facts(self.supporting.applicable(), "supporting"));
            match class {
                Class::Manual => return (Manual, format!("people show it; {hold} of {all} hold")),
                Class::Inherited => return (Inherited, format!("AWS shows it; {hold} of {all} hold")),
                Class::Automated | Class::None => {}
            }
            let none = if has_direct { "no direct fact applies" } else { "no fact decides it" };
            return (Partial, format!("{none}; {hold} of {all} hold"));
        }
        if self.policies.iter().any(|p| p.asked) {
            return (NotApplicable, "its policies have nothing to ask about here".into());
        }
        if !self.policies.is_empty() {
            return (Undecided, "its policies were not asked".into());
        }
        match class {
            Class::Manual => (Manual, "people show it".into()),
            Class::Inherited => (Inherited, "AWS shows it in its attestations".into()),
            Class::None => (NotServed, "no fact of an account shows it".into()),
            Class::Automated => (NotServed, "no policy speaks to it".into()),
        }
    }

    fn of(&self, strength: Strength) -> impl Iterator<Item = &ServedBy> {
        self.policies.iter().filter(move |p| p.strength == strength)
    }

    /// What direct facts that all hold fall short of.
    fn short(&self) -> Vec<String> {
        let mut short = Vec::new();
        match self.supporting.fail + self.supporting.unknown {
            0 => {}
            1 => short.push("1 supporting fact fails or is not known".to_string()),
            n => short.push(format!("{} fail or are not known", facts(n, "supporting"))),
        }
        let silent: Vec<String> =
            self.of(Strength::Direct).filter(|p| p.facts.applicable() == 0).map(|p| format!("`{}`", p.policy)).collect();
        if !silent.is_empty() {
            let have = if silent.len() == 1 { "has" } else { "have" };
            short.push(format!("{} {have} nothing to ask about here", wording::listed(&silent)));
        }
        if self.bare > 0 {
            short.push(format!("in {} there is nothing that they speak of", wording::counted(self.bare, "account")));
        }
        if self.missing.regions > 0 {
            let were = if self.missing.regions == 1 { "was" } else { "were" };
            short.push(format!("{} {were} not asked about", wording::counted(self.missing.regions, "enabled Region")));
        }
        if let Some(only) = &self.requirement.only {
            short.push(format!("they speak of {} only", only.trim()));
        }
        short
    }
}

/// `3 direct facts`.
fn facts(number: usize, word: &str) -> String {
    wording::counted(number, &format!("{word} fact"))
}
