//! The score: one number beside the coverage, which no gate hangs on.
//!
//! Each policy counts once in each account, as its worst outcome there: 1 where it passes, 0 where it fails or is unknown. The
//! accounts of a policy are averaged, so that neither an account with many resources nor a policy that is asked of many decides;
//! the policies are then weighted by severity. What does not apply is left out.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wording;
use crate::finding::{Finding, Outcome, Severity};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// In tenths of a percent, truncated: 999 is 99.9 %. A waived fail is a fail. Absent where nothing is in scope.
    pub permille: Option<u32>,
    /// The same, without the fails for which a waiver holds; absent where nothing else is in scope.
    pub with_accepted_risk: Option<u32>,
    /// Policies that it rests on: those that applied somewhere, with a severity above `info`.
    pub policies: usize,
    /// Accounts in which they applied.
    pub accounts: usize,
}

/// What a policy of the severity weighs.
pub fn weight(severity: Severity) -> u32 {
    match severity {
        Severity::Critical => 10,
        Severity::High => 5,
        Severity::Medium => 2,
        Severity::Low => 1,
        Severity::Info => 0,
    }
}

impl Score {
    /// The score of an audit.
    pub fn of(findings: &[Finding]) -> Score {
        let raw = Tally::of(findings.iter());
        let accepted = Tally::of(findings.iter().filter(|f| !f.is_waived()));
        Score {
            permille: raw.permille(),
            with_accepted_risk: accepted.permille(),
            policies: raw.policies.len(),
            accounts: raw.policies.values().flat_map(|p| p.worst.keys()).collect::<BTreeSet<_>>().len(),
        }
    }

    /// `81.2 %`, or `n/a`.
    pub fn label(permille: Option<u32>) -> String {
        permille.map_or_else(|| "n/a".into(), wording::percent)
    }

    /// The score in a few words.
    pub(super) fn statement(&self) -> String {
        let raw = Score::label(self.permille);
        let rests = match self.permille {
            Some(_) => {
                format!(" over {} in {}", wording::counted(self.policies, "policy"), wording::counted(self.accounts, "account"))
            }
            None => ": no policy applied".into(),
        };
        if self.permille == self.with_accepted_risk {
            return format!("{raw}{rests}");
        }
        format!("{raw}{rests}; {} without the waived fails", Score::label(self.with_accepted_risk))
    }
}

/// What is counted of one policy.
struct Counted<'a> {
    weight: u32,
    worst: BTreeMap<&'a str, Outcome>,
}

struct Tally<'a> {
    policies: BTreeMap<&'a str, Counted<'a>>,
}

/// Parts of one, fine enough that no rounding shows in a thousandth, and few enough for the sum to fit.
const ONE: u128 = 10u128.pow(30);

impl<'a> Tally<'a> {
    fn of(findings: impl Iterator<Item = &'a Finding>) -> Self {
        let mut policies: BTreeMap<&str, Counted<'_>> = BTreeMap::new();
        for finding in findings.filter(|f| f.outcome != Outcome::NotApplicable) {
            let counted = policies.entry(&finding.policy).or_insert_with(|| Counted { weight: 0, worst: BTreeMap::new() });
            counted.weight = counted.weight.max(weight(finding.severity));
            let worst = counted.worst.entry(&finding.subject.account).or_insert(finding.outcome);
            // Outcomes are ordered, the worst first.
            *worst = finding.outcome.min(*worst);
        }
        policies.retain(|_, counted| counted.weight > 0);
        Tally { policies }
    }

    fn permille(&self) -> Option<u32> {
        let weights: u128 = self.policies.values().map(|p| u128::from(p.weight)).sum();
        if weights == 0 {
            return None;
        }
        let hold = |p: &Counted<'_>| p.worst.values().filter(|o| **o == Outcome::Pass).count() as u128;
        let part = |p: &Counted<'_>| u128::from(p.weight) * hold(p) * ONE / (p.worst.len() as u128);
        let sum: u128 = self.policies.values().map(part).sum();
        // Each part was cut by less than one; what is so near below a whole thousandth is that thousandth.
        let cut = self.policies.len() as u128;
        let permille = (sum + cut) * 1000 / (weights * ONE);
        Some(u32::try_from(permille).unwrap_or(1000).min(1000))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::finding::{Subject, Waived, WaiverKind};

    fn finding(policy: &str, severity: Severity, account: &str, outcome: Outcome) -> Finding {
        let subject = Subject {
            kind: "trail".into(),
            id: "t".into(),
            name: "t".into(),
            account: account.into(),
            region: None,
            place: None,
        };
        Finding {
            policy: policy.into(),
            outcome,
            severity,
            subject,
            message: String::new(),
            accepted: None,
            counterexamples: Vec::new(),
            chains: Vec::new(),
            waiver: None,
            known: None,
            facts: Vec::new(),
            gaps: Vec::new(),
            requirements: Vec::new(),
            fix: None,
        }
    }

    fn waived(mut finding: Finding, is_expired: bool) -> Finding {
        finding.waiver = Some(Waived {
            id: "W-1".into(),
            kind: WaiverKind::RiskAccepted,
            owner: "a".into(),
            approved_by: "b".into(),
            reason: "because".into(),
            compensating_control: None,
            created: jiff::civil::date(2026, 1, 1),
            expires: jiff::civil::date(2026, 2, 1),
            is_expired,
        });
        finding
    }

    fn score(findings: &[Finding]) -> (Option<u32>, Option<u32>) {
        let score = Score::of(findings);
        (score.permille, score.with_accepted_risk)
    }

    use Outcome::{Fail, NotApplicable, Pass, Unknown};
    use Severity::{Critical, High, Info, Low, Medium};

    #[test]
    fn by_hand() {
        // Nothing, and nothing that applies, is no score rather than a full one.
        assert_eq!(score(&[]), (None, None));
        assert_eq!(score(&[finding("a", High, "1", NotApplicable)]), (None, None));
        assert_eq!(score(&[finding("a", Info, "1", Pass)]), (None, None), "info weighs nothing");
        // Everything unknown is 0, not n/a.
        assert_eq!(score(&[finding("a", High, "1", Unknown), finding("b", Low, "1", Unknown)]), (Some(0), Some(0)));
        // (10 * 1 + 2 * 0) / 12 = 83.33 %.
        assert_eq!(score(&[finding("a", Critical, "1", Pass), finding("b", Medium, "1", Fail)]).0, Some(833));
        // An unknown weighs as a fail: (5 * 1 + 5 * 0) / 10.
        assert_eq!(score(&[finding("a", High, "1", Pass), finding("b", High, "1", Unknown)]).0, Some(500));
        // One account counts once for a policy, as its worst: a hundred passes beside one fail.
        let mut many: Vec<Finding> = (0..100).map(|_| finding("a", High, "1", Pass)).collect();
        many.push(finding("a", High, "1", Fail));
        many.push(finding("a", High, "2", Pass));
        assert_eq!(score(&many).0, Some(500));
        // Accounts are averaged before policies are weighted: (10 * 1/3 + 1 * 1) / 11 = 39.39 %.
        let three = [
            finding("a", Critical, "1", Pass),
            finding("a", Critical, "2", Fail),
            finding("a", Critical, "3", Unknown),
            finding("b", Low, "1", Pass),
        ];
        assert_eq!(score(&three).0, Some(393));
    }

    #[test]
    fn it_is_cut_and_never_rounded_up() {
        // 2499 of 2500 accounts: 99.96 % is 99.9 %.
        let mut findings: Vec<Finding> = (0..2499).map(|i| finding("a", High, &i.to_string(), Pass)).collect();
        findings.push(finding("a", High, "bad", Fail));
        assert_eq!(score(&findings).0, Some(999));
        // Thirds that make a whole number make it: (1/3 + 2/3 + 1/2) / 3 = 50 %, and all passing is 100 %.
        let part = |policy: &str, pass: usize, of: usize| {
            (0..of).map(|i| finding(policy, Low, &i.to_string(), if i < pass { Pass } else { Fail })).collect::<Vec<_>>()
        };
        assert_eq!(score(&[part("a", 1, 3), part("b", 2, 3), part("c", 1, 2)].concat()).0, Some(500));
        assert_eq!(score(&[part("a", 3, 3), part("b", 7, 7)].concat()).0, Some(1000));
    }

    #[test]
    fn a_waived_fail_stays_in_the_raw_score_and_an_expired_one_in_both() {
        let pass = finding("a", High, "1", Pass);
        let fail = finding("b", High, "1", Fail);
        assert_eq!(score(&[pass.clone(), waived(fail.clone(), false)]), (Some(500), Some(1000)));
        assert_eq!(score(&[pass.clone(), waived(fail.clone(), true)]), (Some(500), Some(500)));
        // Where all that fails is waived and nothing else is there, what is left is nothing, and not everything.
        assert_eq!(score(&[waived(fail.clone(), false)]), (Some(0), None));
        // A waiver covers its fail, not what stands beside it in the account.
        assert_eq!(score(&[waived(fail, false), finding("b", High, "1", Unknown)]), (Some(0), Some(0)));
    }

    fn any_finding() -> impl Strategy<Value = Finding> {
        let outcome = prop_oneof![Just(Pass), Just(Fail), Just(Unknown), Just(NotApplicable)];
        let severity = prop_oneof![Just(Critical), Just(High), Just(Medium), Just(Low), Just(Info)];
        ("[abc]", severity, "[123]", outcome, prop::option::of(any::<bool>())).prop_map(
            |(policy, severity, account, outcome, waiver)| {
                let made = finding(&policy, severity, &account, outcome);
                match waiver {
                    Some(is_expired) if outcome == Fail => waived(made, is_expired),
                    _ => made,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn accepting_risk_never_lowers_it_and_losing_a_pass_never_raises_it(
            findings in prop::collection::vec(any_finding(), 0..20), at in any::<prop::sample::Index>(), fails in any::<bool>(),
        ) {
            // A policy has one severity in one audit.
            let severities: BTreeMap<String, Severity> = findings.iter().map(|f| (f.policy.clone(), f.severity)).collect();
            let findings: Vec<Finding> = findings.into_iter().map(|f| Finding { severity: severities[&f.policy], ..f }).collect();
            let before = Score::of(&findings);
            if let (Some(raw), Some(accepted)) = (before.permille, before.with_accepted_risk) {
                prop_assert!(accepted >= raw);
            }
            if let Some(place) = (!findings.is_empty()).then(|| at.index(findings.len())).filter(|i| findings[*i].outcome == Pass) {
                let mut worse = findings.clone();
                worse[place].outcome = if fails { Fail } else { Unknown };
                prop_assert!(Score::of(&worse).permille <= before.permille);
            }
        }
    }
}
