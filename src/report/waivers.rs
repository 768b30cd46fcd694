//! What people answer for: the waivers of an audit, those first that have ended, and the words about them.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wording;
use crate::finding::{Finding, Waived, WaiverKind};
use crate::waiver::{Applied, AppliedWaiver, Evidence, Standing, State};

/// The file of waivers and attestations, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiversView {
    pub file: String,
    /// Of the file, in lower-case hexadecimal.
    pub sha256: String,
    /// Fails for which a waiver holds. They are fails in every other count.
    pub waived: usize,
    /// Fails whose waiver has ended: they count as any other.
    pub ended: usize,
    /// A sentence for each waiver that has ended over a fail; the reader sees them first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<String>,
    /// A sentence for whatever else must be looked at: what ends soon, and what was laid upon nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Those first that have ended, then those that end soon; inside by id.
    pub waivers: Vec<WaiverView>,
}

/// One waiver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiverView {
    pub id: String,
    pub state: State,
    pub policy: String,
    pub kind: WaiverKind,
    /// As the file names them.
    pub resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frameworks: Vec<String>,
    pub owner: String,
    pub approved_by: String,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensating_control: Option<String>,
    pub created: Date,
    /// The last day on which it holds, in UTC.
    pub expires: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The fails that it was laid upon, by their place in `findings` counted from 1.
    pub findings: Vec<usize>,
    /// Why it was laid upon none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<String>,
}

impl WaiversView {
    pub(super) fn of(applied: &Applied, findings: &[Finding]) -> WaiversView {
        let mut ordered: Vec<&AppliedWaiver> = applied.waivers.iter().collect();
        ordered.sort_by_key(|w| (w.state, &w.checked.waiver.id));
        let over_fail = |w: &&&AppliedWaiver| w.state == State::Expired && !w.findings.is_empty();
        let alarms = ordered.iter().filter(over_fail).map(|w| alarm(w)).collect();
        let warnings = ordered.iter().filter_map(|w| warning(w, applied.today));
        let stale = applied.statements.iter().filter_map(|(to, statement)| {
            let what = format!("the attestation of {} {}", to.framework, to.requirement);
            match statement.standing {
                Standing::Holds => None,
                Standing::EndsSoon => Some(format!("{what} ends on {}", statement.expires)),
                Standing::NotYet => Some(format!("{what} speaks of {}, after the day of the audit", statement.date)),
                Standing::Expired => Some(format!("{what} expired on {}", statement.expires)),
            }
        });
        WaiversView {
            file: applied.file.clone(),
            sha256: applied.sha256.clone(),
            waived: findings.iter().filter(|f| f.is_waived()).count(),
            ended: findings.iter().filter(|f| f.waiver.as_ref().is_some_and(|w| w.is_expired)).count(),
            alarms,
            warnings: warnings.chain(stale).collect(),
            waivers: ordered.iter().map(|w| WaiverView::of(w)).collect(),
        }
    }

    /// What the line of the result says of them; empty where there is nothing to say.
    pub(super) fn aside(&self) -> String {
        let mut parts = Vec::new();
        if self.ended > 0 {
            parts.push(format!("the waiver of {} has expired", wording::counted(self.ended, "fail")));
        }
        if self.waived > 0 {
            parts.push(match self.waived {
                1 => "1 fail is waived".to_string(),
                n => format!("{} fails are waived", wording::count(n)),
            });
        }
        parts.iter().map(|part| format!("; {part}")).collect()
    }
}

impl WaiverView {
    fn of(applied: &AppliedWaiver) -> WaiverView {
        let waiver = &applied.checked.waiver;
        WaiverView {
            id: waiver.id.clone(),
            state: applied.state,
            policy: waiver.policy.clone(),
            kind: waiver.r#type,
            resources: waiver.resources.clone(),
            account: waiver.account.clone(),
            frameworks: waiver.frameworks.clone(),
            owner: waiver.owner.clone(),
            approved_by: waiver.approved_by.clone(),
            reason: waiver.reason.trim().into(),
            compensating_control: waiver.compensating_control.clone(),
            created: waiver.created,
            expires: waiver.expires,
            evidence: applied.checked.evidence.clone(),
            findings: applied.findings.iter().map(|at| at + 1).collect(),
            idle: (!applied.idle.is_empty()).then(|| applied.idle.clone()),
        }
    }

    /// `holds until 2026-11-30`.
    pub(super) fn standing(&self) -> String {
        match self.state {
            State::Expired => format!("expired on {}", self.expires),
            State::EndsSoon => format!("ends on {}", self.expires),
            State::Holds => format!("holds until {}", self.expires),
            State::NotYet => format!("holds from {}", self.created),
        }
    }
}

fn alarm(applied: &AppliedWaiver) -> String {
    let waiver = &applied.checked.waiver;
    let counts = if applied.findings.len() == 1 { "counts" } else { "count" };
    let fails = wording::counted(applied.findings.len(), "fail");
    format!("waiver {} of {} expired on {}: {fails} {counts} again", waiver.id, waiver.policy, waiver.expires)
}

fn warning(applied: &AppliedWaiver, today: Date) -> Option<String> {
    let waiver = &applied.checked.waiver;
    let named = format!("waiver {} of {}", waiver.id, waiver.policy);
    match (applied.state, applied.idle.is_empty()) {
        (State::Expired | State::Holds, true) => None,
        (State::Expired, false) => {
            Some(format!("{named} expired on {} and waives nothing: {}; take it out", waiver.expires, applied.idle))
        }
        (State::EndsSoon, true) => {
            let days = today.until(waiver.expires).map_or(0, |span| span.get_days());
            let when = match days {
                0 => "ends today".to_string(),
                1 => "ends tomorrow".to_string(),
                n => format!("ends in {n} days"),
            };
            Some(format!("{named} {when}, after {}", waiver.expires))
        }
        (State::EndsSoon | State::Holds | State::NotYet, _) => Some(format!("{named} waives nothing: {}", applied.idle)),
    }
}

/// The kind in words.
pub(super) fn kind(kind: WaiverKind) -> &'static str {
    match kind {
        WaiverKind::RiskAccepted => "risk accepted",
        WaiverKind::CompensatingControl => "compensating control",
        WaiverKind::FalsePositive => "false positive",
    }
}

/// Who answers for a fail, and until when, in one line.
pub(super) fn line(waived: &Waived) -> String {
    let until = if waived.is_expired { "expired on" } else { "until" };
    format!(
        "{} ({}), {until} {}; owner {}, approved by {}",
        waived.id,
        kind(waived.kind),
        waived.expires,
        waived.owner,
        waived.approved_by
    )
}
