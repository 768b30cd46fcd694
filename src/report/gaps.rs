//! What could not be read, each root cause once: the same thing refused in two hundred accounts is one cause with one remedy.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wording;
use crate::finding::{Finding, Outcome};
use crate::inventory::{CallId, Gap, GapKind, Remedy};

/// A root cause, with what it left open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GapView {
    /// The gap, or the first of those that the same kind of remedy would close.
    pub gap: Gap,
    /// The others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alike: Vec<Gap>,
    /// `kind` in words.
    pub label: String,
    /// One remedy for all of them, as a sentence; absent where there is none.
    pub remedy: Option<String>,
    /// The accounts in which the remedy is needed, where the gaps name them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    /// How many findings are unknown because of it.
    pub findings: usize,
    /// The policies of those findings.
    pub policies: Vec<String>,
}

/// The causes of every finding that is unknown, those that leave most open first.
pub(super) fn views(findings: &[Finding]) -> Vec<GapView> {
    #[derive(Default)]
    struct Root<'a> {
        gaps: BTreeSet<&'a Gap>,
        findings: BTreeSet<usize>,
        policies: BTreeSet<&'a str>,
    }
    let mut roots: BTreeMap<(GapKind, String), Root<'_>> = BTreeMap::new();
    for (i, finding) in findings.iter().enumerate().filter(|(_, f)| f.outcome == Outcome::Unknown) {
        for gap in &finding.gaps {
            let root = roots.entry(cause(gap)).or_default();
            root.gaps.insert(gap);
            root.findings.insert(i);
            root.policies.insert(&finding.policy);
        }
    }
    let mut views: Vec<GapView> = roots
        .into_values()
        .filter_map(|root| {
            let accounts: BTreeSet<String> = root.gaps.iter().filter_map(|gap| account_of(gap)).collect();
            let accounts: Vec<String> = accounts.into_iter().collect();
            let mut gaps = root.gaps.into_iter().cloned();
            let gap = gaps.next()?;
            Some(GapView {
                label: gap.kind.label().into(),
                remedy: remedy(&gap, &accounts),
                gap,
                alike: gaps.collect(),
                accounts,
                findings: root.findings.len(),
                policies: root.policies.into_iter().map(str::to_string).collect(),
            })
        })
        .collect();
    views.sort_by(|a, b| b.findings.cmp(&a.findings).then_with(|| a.gap.cmp(&b.gap)));
    views
}

/// What makes two gaps one cause: the kind, and the remedy whatever the account. Where there is no remedy, the operation that
/// was refused; where there is neither, the words.
pub(super) fn cause(gap: &Gap) -> (GapKind, String) {
    let refused = matches!(gap.kind, GapKind::Denied | GapKind::BlockedByScp | GapKind::Throttled | GapKind::Failed);
    let what = match (&gap.remedy, &gap.call) {
        (Some(Remedy::Allow { action, .. }), _) => format!("allow {action}"),
        (Some(Remedy::ScanAccount { account: Some(_) }), _) => "scan an account".into(),
        (Some(Remedy::ScanAccount { account: None }), _) => "scan the owner".into(),
        (Some(Remedy::Do(what)), _) => format!("do {}", without_accounts(what)),
        (None, Some(call)) if refused => format!("call {}", operation(call)),
        (None, _) => format!("say {}", without_accounts(&gap.message)),
    };
    (gap.kind, what)
}

/// The remedy as a sentence, for every account that needs it.
pub(super) fn remedy(gap: &Gap, accounts: &[String]) -> Option<String> {
    let remedy = gap.remedy.as_ref()?;
    if accounts.len() < 2 {
        return Some(remedy.to_string());
    }
    let many = wording::count(accounts.len());
    Some(match remedy {
        Remedy::Allow { action, .. } => format!("allow {action} to the auditing principal in each of these {many} accounts"),
        Remedy::ScanAccount { account: Some(_) } => format!("scan these {many} accounts too, with a role in each"),
        Remedy::ScanAccount { account: None } => remedy.to_string(),
        Remedy::Do(what) => match account_in(what) {
            Some(account) => {
                let named = what.replace(&format!("account {account}"), &format!("each of these {many} accounts"));
                if named.contains(&account) || named == *what {
                    format!("{}, in each of these {many} accounts", what.replace(&account, "ACCOUNT"))
                } else {
                    named
                }
            }
            None => what.clone(),
        },
    })
}

/// The account in which the gap's remedy is needed, or where its call was made.
fn account_of(gap: &Gap) -> Option<String> {
    match &gap.remedy {
        Some(Remedy::Allow { account, .. } | Remedy::ScanAccount { account: Some(account) }) => return Some(account.clone()),
        Some(Remedy::Do(what)) => {
            if let Some(account) = account_in(what) {
                return Some(account);
            }
        }
        Some(Remedy::ScanAccount { account: None }) | None => {}
    }
    let account = gap.call.as_ref()?.0.split('/').nth(1)?;
    (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then(|| account.to_string())
}

/// `cloudtrail:GetTrailStatus` of a call's id.
fn operation(call: &CallId) -> &str {
    call.0.split('/').next().unwrap_or_default()
}

/// The runs of exactly twelve digits in a text, as byte ranges.
fn account_ids(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, byte) in text.bytes().chain([b' ']).enumerate() {
        match (byte.is_ascii_digit(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                if at - from == 12 {
                    found.push((from, at));
                }
                start = None;
            }
            _ => {}
        }
    }
    found
}

fn account_in(text: &str) -> Option<String> {
    let (from, to) = account_ids(text).into_iter().next()?;
    text.get(from..to).map(str::to_string)
}

fn without_accounts(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (from, to) in account_ids(text) {
        out.push_str(text.get(at..from).unwrap_or_default());
        out.push('*');
        at = to;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(account: &str, action: &str) -> Gap {
        Gap::new(GapKind::Denied, format!("{action} in {account}: AccessDenied"))
            .with_remedy(Remedy::Allow { action: action.into(), account: account.into() })
    }

    #[test]
    fn the_same_refusal_in_two_accounts_is_one_cause_and_another_action_is_another() {
        let (a, b) = (denied("111122223333", "s3:GetBucketPolicy"), denied("444455556666", "s3:GetBucketPolicy"));
        assert_eq!(cause(&a), cause(&b));
        assert_ne!(cause(&a), cause(&denied("111122223333", "s3:GetBucketAcl")));
        let both = ["111122223333".to_string(), "444455556666".to_string()];
        let said = remedy(&a, &both);
        assert_eq!(said.as_deref(), Some("allow s3:GetBucketPolicy to the auditing principal in each of these 2 accounts"));
        assert_eq!(remedy(&a, &both[..1]).as_deref(), a.remedy.as_ref().map(ToString::to_string).as_deref());
    }

    #[test]
    fn words_are_compared_without_the_account() {
        let said = |account: &str| {
            Gap::new(GapKind::BlockedByScp, "x").with_remedy(Remedy::Do(format!("let the SCP allow it in account {account}")))
        };
        assert_eq!(cause(&said("111122223333")), cause(&said("444455556666")));
        let both = ["111122223333".to_string(), "444455556666".to_string()];
        assert_eq!(remedy(&said("111122223333"), &both).as_deref(), Some("let the SCP allow it in each of these 2 accounts"));
        assert_eq!(without_accounts("a 1234567890123 é 123456789012"), "a 1234567890123 é *");
        assert_eq!(account_of(&said("444455556666")).as_deref(), Some("444455556666"));
    }

    #[test]
    fn what_is_not_understood_is_told_apart_by_its_words() {
        let call = CallId("cloudtrail:GetEventSelectors/111122223333/us-east-1/1".into());
        let gap = |kind, text: &str| Gap::new(kind, text).with_call(call.clone());
        assert_ne!(cause(&gap(GapKind::NotUnderstood, "a")), cause(&gap(GapKind::NotUnderstood, "b")));
        assert_eq!(cause(&gap(GapKind::Throttled, "a")), cause(&gap(GapKind::Throttled, "b")));
    }
}
