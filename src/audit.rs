//! Inventory x policies -> findings. Pure: the same inventory, policies and moment give the same findings.

mod population;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::finding::{FactRead, Finding, Outcome, RequirementRef, Severity, Subject};
use crate::inventory::{Account, AccountScope, Gap, GapKind, Gaps, Inventory, Record, Standing};
use crate::moment::Moments;
use crate::parallel;
use crate::policy::catalogue::{Catalogue, Policy};
use crate::policy::check::{Context, Evaluation, EvaluationError, Memory};
use crate::policy::message::{self, TemplateError};
use crate::policy::{IfEmpty, ParameterValue, SubjectKind};
use crate::semantics::Truth;

use population::{Population, account_subject};

/// What the owner decided about the policies.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Only these policies; every one where it is `None`.
    pub only: Option<BTreeSet<String>>,
    /// Parameter values, by policy and name.
    pub parameters: BTreeMap<String, BTreeMap<String, ParameterValue>>,
    /// Severities, by policy.
    pub severities: BTreeMap<String, Severity>,
    /// Whether each subject is judged at the moment at which it was read, and not all of them at one.
    pub as_read: bool,
}

/// A policy that could not be asked: a bug of the policy or of the evaluator, never a verdict.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("policy `{policy}` on {subject}: {source}")]
    Evaluation { policy: String, subject: String, source: EvaluationError },
    #[error("policy `{policy}` on {subject}: its text could not be filled in: {source}")]
    Template { policy: String, subject: String, source: TemplateError },
}

/// Asks every selected policy of every subject.
///
/// # Errors
/// A policy that could not be asked. A fact that was not read is no error: it is an unknown finding.
pub fn audit(
    inventory: &Inventory,
    catalogue: &Catalogue,
    settings: &Settings,
    now: Timestamp,
) -> Result<Vec<Finding>, AuditError> {
    let moments = settings.as_read.then(|| Moments::of(inventory));
    let read: BTreeSet<&str> = inventory.accounts.iter().map(|account| account.id.as_str()).collect();
    let unreached = |scope: &&AccountScope| scope.standing == Standing::Asked && !read.contains(scope.id.as_str());
    let unreached: Vec<&AccountScope> = inventory.scope.accounts.iter().filter(unreached).collect();
    let is_asked = |id: &String, policy: &Policy| {
        // An account that runs is not about to be changed.
        let is_possible = policy.file.subject != SubjectKind::Change || inventory.code.is_some();
        is_possible && settings.only.as_ref().is_none_or(|only| only.contains(id))
    };
    let policies: Vec<(&String, &Policy)> = catalogue.policies.iter().filter(|(id, policy)| is_asked(id, policy)).collect();
    let kinds: BTreeSet<SubjectKind> = policies.iter().map(|(_, policy)| policy.file.subject).collect();
    let by_kind: BTreeMap<SubjectKind, Population<'_>> =
        kinds.into_iter().map(|kind| (kind, Population::of(inventory, kind))).collect();
    let asked: Vec<Asked<'_>> = policies
        .into_iter()
        .map(|(id, policy)| Asked {
            inventory,
            policy,
            parameters: policy.parameters(settings.parameters.get(id)),
            severity: settings.severities.get(id).copied(),
            now,
            moments: moments.as_ref(),
            population: &by_kind[&policy.file.subject],
            unreached: &unreached,
        })
        .collect();
    // What is asked of one account stands together: much of it reads the same.
    let most = asked.iter().map(|asked| asked.population.records.len()).max().unwrap_or_default();
    let of_each = |at: usize| asked.iter().filter(move |asked| at < asked.population.records.len()).map(move |asked| (asked, at));
    let questions: Vec<(&Asked<'_>, usize)> = (0..most).flat_map(of_each).collect();
    let mut findings: Vec<Finding> =
        parallel::map_with(&questions, || Memory::of(inventory), |memory, (asked, at)| asked.one(*at, memory))
            .into_iter()
            .collect::<Result<_, AuditError>>()?;
    asked.iter().for_each(|asked| asked.others(&mut findings));
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(findings)
}

fn order(f: &Finding) -> (Outcome, std::cmp::Reverse<Severity>, &str, &Subject) {
    (f.outcome, std::cmp::Reverse(f.severity), &f.policy, &f.subject)
}

struct Asked<'a> {
    inventory: &'a Inventory,
    policy: &'a Policy,
    parameters: BTreeMap<String, ParameterValue>,
    severity: Option<Severity>,
    now: Timestamp,
    /// When each subject was read, where that decides.
    moments: Option<&'a Moments<'a>>,
    population: &'a Population<'a>,
    /// The accounts that were to be read, and of which nothing was.
    unreached: &'a [&'a AccountScope],
}

impl<'a> Asked<'a> {
    /// What is said beside the subjects that were seen: of those that may be, and of accounts that have none.
    fn others(&self, findings: &mut Vec<Finding>) {
        for (account, holding) in self.inventory.accounts.iter().zip(&self.population.holdings) {
            if !holding.gaps.is_empty() {
                findings.push(self.unseen(account, &holding.gaps));
            } else if holding.found == 0 {
                findings.push(self.empty(account));
            }
        }
        // An account that was asked for and not reached is unknown in every respect, not absent.
        for scope in self.unreached {
            let mut gaps: Gaps = scope.gaps.iter().cloned().collect();
            if gaps.is_empty() {
                gaps.insert(Gap::new(GapKind::AbsentInput, format!("account {} was not read", scope.id)));
            }
            findings.push(self.unread(&scope.id, &gaps));
        }
        let unlisted: Gaps = self.inventory.scope.gaps.iter().cloned().collect();
        if !unlisted.is_empty() {
            findings.push(self.unlisted(&unlisted));
        }
    }

    fn one(&'a self, at: usize, memory: &mut Memory<'a>) -> Result<Finding, AuditError> {
        let (record, subject) = &self.population.records[at];
        let (record, subject) = (*record, subject.clone());
        if let Some(listing) = self.without_trails(record) {
            return Ok(self.finding(subject, Outcome::NotApplicable, "the code holds no trail".into(), vec![listing.into()]));
        }
        let failed = |source| AuditError::Evaluation { policy: self.policy.file.id.clone(), subject: subject.id.clone(), source };
        let context = Context {
            inventory: self.inventory,
            subject: record,
            parameters: &self.parameters,
            events: &self.policy.events,
            watched: &self.policy.watched,
            now: self.moments.and_then(|moments| moments.read(record, &subject.account)).unwrap_or(self.now),
        };
        let mut facts = Facts::default();
        if let Some(applies) = &self.policy.applies {
            let mut evaluation = applies.evaluate_with(context, memory).map_err(failed)?;
            facts.add(&mut evaluation);
            match evaluation.truth {
                Truth::True => {}
                Truth::False => {
                    return Ok(self.finding(subject, Outcome::NotApplicable, "not about this subject".into(), facts.0));
                }
                Truth::Unknown => {
                    let mut finding =
                        self.finding(subject, Outcome::Unknown, "it is not known whether the policy is about it".into(), facts.0);
                    finding.gaps = evaluation.gaps.into_iter().collect();
                    return Ok(finding);
                }
            }
        }
        let mut main = self.policy.check.evaluate_with(context, memory).map_err(failed)?;
        facts.add(&mut main);
        let mut truth = main.truth;
        let mut gaps: Gaps = main.gaps.clone();
        let mut accepted = None;
        for (program, says) in &self.policy.accept {
            if truth == Truth::True {
                break;
            }
            let mut evaluation = program.evaluate_with(context, memory).map_err(failed)?;
            facts.add(&mut evaluation);
            if evaluation.truth == Truth::True {
                accepted = Some(says.clone());
            }
            gaps.extend(evaluation.gaps.iter().cloned());
            truth = truth.or(evaluation.truth);
        }
        if truth == Truth::Unknown
            && let Some((says, listing)) = self.without_any(record, &gaps)
        {
            return Ok(self.finding(subject, Outcome::NotApplicable, says, vec![listing.into()]));
        }
        let templated =
            |source| AuditError::Template { policy: self.policy.file.id.clone(), subject: subject.id.clone(), source };
        // "account" stands before it already.
        let called = subject.name.strip_prefix("account ").unwrap_or(&subject.name).to_string();
        let names =
            message::Subject { record, parameters: &self.parameters, counterexamples: &main.counterexamples, called: &called };
        let file = &self.policy.file;
        let mut finding = match truth {
            Truth::True => {
                let says = if accepted.is_some() { "a declared alternative holds".to_string() } else { lower_first(&file.title) };
                self.finding(subject, Outcome::Pass, says, facts.0)
            }
            Truth::False => {
                let (message, fix) = self.policy.told(&names).map_err(templated)?;
                let mut finding = self.finding(subject, Outcome::Fail, message, facts.0);
                finding.fix = Some(fix);
                finding
            }
            Truth::Unknown => {
                let text = format!("could not be decided: {}", reasons(&gaps));
                self.finding(subject, Outcome::Unknown, text, facts.0)
            }
        };
        finding.accepted = accepted;
        finding.chains = std::mem::take(&mut main.chains);
        if truth != Truth::True {
            finding.counterexamples = main.counterexamples.clone();
        }
        if truth == Truth::Unknown {
            finding.gaps = gaps.into_iter().collect();
        }
        Ok(finding)
    }

    /// An account of which the code that was given holds no trail, and need not hold any.
    fn without_trails(&self, record: &dyn Record) -> Option<FactRead> {
        let account = self.inventory.account(record.id()).filter(|_| record.noun_name() == "account")?;
        let gap = account.trails.gaps.iter().find(|gap| gap.kind == GapKind::NotInCode)?;
        let is_read = account.trails.gaps.iter().all(|gap| gap.kind == GapKind::NotInCode);
        (account.trails.items.is_empty() && is_read).then(|| FactRead {
            of: account.id.clone(),
            path: "trails".into(),
            value: None,
            gap: Some(gap.clone()),
            from: account.trails.from.first().cloned(),
            basis: None,
        })
    }

    /// An account of which the code that was given holds nothing of what the policy asks about, and need not hold any: nothing else
    /// is missing for an answer.
    fn without_any(&self, record: &dyn Record, gaps: &Gaps) -> Option<(String, FactRead)> {
        self.inventory.code.as_ref()?;
        let account = self.inventory.account(record.id()).filter(|_| record.noun_name() == "account")?;
        let are_other_code = |gaps: &mut dyn Iterator<Item = &Gap>| {
            let kinds: Vec<GapKind> = gaps.map(|gap| gap.kind).collect();
            !kinds.is_empty() && kinds.iter().all(|kind| *kind == GapKind::NotInCode)
        };
        if !are_other_code(&mut gaps.iter()) {
            return None;
        }
        let (watch, config) = (&account.event_buses, &account.config_regions);
        let (detect, hub) = (&account.threat_detections, &account.security_hubs);
        let asked = [
            (
                "event_buses",
                watch.items.is_empty() && !self.has_filters(account),
                &watch.gaps,
                "metric filter and no rule on events of CloudTrail",
            ),
            ("config_regions", config.items.is_empty(), &config.gaps, "recorder of AWS Config"),
            ("threat_detections", detect.items.is_empty(), &detect.gaps, "detector of GuardDuty"),
            ("security_hubs", hub.items.is_empty(), &hub.gaps, "Security Hub"),
        ];
        let reads = self.policy.check.reads();
        let (path, is_none, gaps, what) = asked.into_iter().find(|(path, ..)| reads.contains(&("account", *path)))?;
        let gap = gaps.first().filter(|_| is_none && are_other_code(&mut gaps.iter()))?;
        let read = FactRead {
            of: account.id.clone(),
            path: path.into(),
            value: None,
            gap: Some(gap.clone()),
            from: account.trails.from.first().cloned(),
            basis: None,
        };
        Some((format!("the code holds no {what}"), read))
    }

    /// Whether a log group that a trail of the account sends events to has metric filters, or may have some in the code.
    fn has_filters(&self, account: &Account) -> bool {
        let trails = account.trails.items.iter().filter_map(|trail| self.inventory.trail(&trail.0));
        let groups = trails.flat_map(|trail| trail.log_group.possible().flatten()).filter_map(|g| self.inventory.log_group(&g.0));
        groups
            .map(|group| &group.metric_filters)
            .any(|filters| !filters.items.is_empty() || filters.gaps.iter().any(|gap| gap.kind != GapKind::NotInCode))
    }

    /// There may be subjects that nobody saw: nothing may be concluded from those that were seen.
    fn unseen(&self, account: &Account, gaps: &Gaps) -> Finding {
        let noun = self.policy.file.subject.noun().replace('_', " ");
        let text = format!("there may be a {noun} that was not seen: {}", reasons(gaps));
        self.unknown(account_subject(account), text, gaps)
    }

    /// An account of the scope of which nothing was read.
    fn unread(&self, id: &str, gaps: &Gaps) -> Finding {
        let subject =
            Subject { kind: "account".into(), id: id.into(), name: id.into(), account: id.into(), region: None, place: None };
        self.unknown(subject, format!("account {id} was not reached: {}", reasons(gaps)), gaps)
    }

    /// There may be accounts that nobody listed.
    fn unlisted(&self, gaps: &Gaps) -> Finding {
        if self.inventory.code.is_some() {
            return self.unread_code(gaps);
        }
        let id = "unlisted accounts".to_string();
        let subject = Subject { kind: "account".into(), name: id.clone(), account: id.clone(), id, region: None, place: None };
        self.unknown(subject, format!("there may be accounts that were not listed: {}", reasons(gaps)), gaps)
    }

    /// There is code of which nothing was read.
    fn unread_code(&self, gaps: &Gaps) -> Finding {
        let id = "code that was not read".to_string();
        let subject = Subject { kind: "account".into(), name: id.clone(), account: id.clone(), id, region: None, place: None };
        self.unknown(subject, format!("there is code that was not read: {}", reasons(gaps)), gaps)
    }

    fn unknown(&self, subject: Subject, text: String, gaps: &Gaps) -> Finding {
        let mut finding = self.finding(subject, Outcome::Unknown, text, Vec::new());
        finding.gaps = gaps.iter().cloned().collect();
        finding
    }

    fn empty(&self, account: &Account) -> Finding {
        let noun = self.policy.file.subject.noun().replace('_', " ");
        let (outcome, text) = match self.policy.file.if_empty {
            IfEmpty::Fail => (Outcome::Fail, format!("account {} has no {noun}", account.id)),
            IfEmpty::NotApplicable => (Outcome::NotApplicable, format!("account {} has no {noun}", account.id)),
        };
        let listing = FactRead {
            of: account.id.clone(),
            path: "trails".into(),
            value: Some(match account.trails.items.as_slice() {
                [] => "none".into(),
                trails => trails.iter().map(|t| t.0.as_str()).collect::<Vec<_>>().join(", "),
            }),
            gap: None,
            from: account.trails.from.first().cloned(),
            basis: None,
        };
        self.finding(account_subject(account), outcome, text, vec![listing.into()])
    }

    fn finding(&self, subject: Subject, outcome: Outcome, message: String, facts: Vec<Arc<FactRead>>) -> Finding {
        let file = &self.policy.file;
        let requirements = file.requirements.iter().flat_map(|(framework, serves)| {
            serves.each().map(|(id, strength)| RequirementRef { framework: framework.clone(), id: id.into(), strength })
        });
        Finding {
            policy: file.id.clone(),
            outcome,
            severity: self.severity.unwrap_or(file.severity),
            subject,
            message,
            accepted: None,
            waiver: None,
            known: None,
            counterexamples: Vec::new(),
            chains: Vec::new(),
            facts,
            gaps: Vec::new(),
            requirements: requirements.collect(),
            fix: None,
        }
    }
}

/// Facts in the order of reading, each once.
#[derive(Default)]
struct Facts(Vec<Arc<FactRead>>);

impl Facts {
    /// Takes the facts of an evaluation, which names each once.
    fn add(&mut self, evaluation: &mut Evaluation) {
        let before = self.0.len();
        for fact in std::mem::take(&mut evaluation.facts) {
            if !self.0[..before].iter().any(|known| Arc::ptr_eq(known, &fact) || known == &fact) {
                self.0.push(fact);
            }
        }
    }
}

fn reasons(gaps: &Gaps) -> String {
    const SHOWN: usize = 2;
    let mut texts: Vec<&str> = gaps.iter().map(|g| g.message.as_str()).collect();
    texts.dedup();
    let more = texts.len().saturating_sub(SHOWN);
    let mut text = texts.into_iter().take(SHOWN).collect::<Vec<_>>().join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    if text.is_empty() { "something was not read".into() } else { text }
}

/// A title in the middle of a sentence, unless it starts with a name such as `KMS` or `CloudTrail`.
fn lower_first(title: &str) -> String {
    let word = title.split_whitespace().next().unwrap_or_default();
    let is_name = word.chars().skip(1).any(char::is_uppercase);
    let mut chars = title.chars();
    match chars.next() {
        Some(first) if !is_name => first.to_lowercase().chain(chars).collect(),
        _ => title.to_string(),
    }
}
