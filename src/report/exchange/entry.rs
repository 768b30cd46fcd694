//! A finding as every format needs it: numbered, named for good, with its requirements in words.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::spot::relative;
use super::verdict::{Grade, Verdict, grade};
use crate::finding::{Finding, Severity, Strength, Waived, WaiverKind};
use crate::report::{FrameworkView, PolicyView, Report, RequirementView};

/// The namespace of every UUID of ours. It never changes: whoever compares two reports relies on it.
const NAMESPACE: Uuid = Uuid::from_u128(0x5e0b_6c1f_93d4_4a67_8f21_7c5d_a0e4_b913);

/// The UUID that names these parts, in every run.
pub(super) fn uuid(parts: &[&str]) -> Uuid {
    // Lengths keep `a, bc` and `ab, c` apart.
    let name: String = parts.iter().map(|part| format!("{}:{part};", part.len())).collect();
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// One finding.
pub(super) struct Entry<'a> {
    /// The place in `report.json`, counted from 1.
    pub number: usize,
    pub finding: &'a Finding,
    pub verdict: Verdict,
    /// The same for the same policy and subject in every run.
    pub id: Uuid,
    pub policy: Option<&'a PolicyView>,
    pub requirements: Vec<Served<'a>>,
}

/// A requirement that a finding speaks to.
pub(super) struct Served<'a> {
    pub framework: &'a str,
    pub id: &'a str,
    pub strength: Strength,
    pub view: Option<(&'a FrameworkView, Option<&'a RequirementView>)>,
}

/// Every finding, in the report's order.
pub(super) fn entries(report: &Report) -> Vec<Entry<'_>> {
    let frameworks: BTreeMap<&str, &FrameworkView> = report.frameworks.iter().map(|f| (f.id.as_str(), f)).collect();
    let rows: BTreeMap<(&str, &str), &RequirementView> =
        report.frameworks.iter().flat_map(|f| f.requirements.iter().map(|r| ((f.id.as_str(), r.id.as_str()), r))).collect();
    let mut seen: BTreeMap<(&str, &str, &str, Option<String>), usize> = BTreeMap::new();
    let entry = |(at, finding)| {
        let finding: &Finding = finding;
        let subject = &finding.subject;
        // An address is one of its file alone.
        let file = subject.place.as_ref().map(|place| relative(&place.file));
        let times = seen.entry((&finding.policy, &subject.kind, &subject.id, file.clone())).or_default();
        *times += 1;
        let again = times.to_string();
        let mut parts = vec!["finding", &finding.policy, &subject.kind, &subject.id];
        parts.extend(file.as_deref());
        parts.extend((*times > 1).then_some(again.as_str()));
        let served = finding.requirements.iter().map(|r| Served {
            framework: &r.framework,
            id: &r.id,
            strength: r.strength,
            view: frameworks.get(r.framework.as_str()).map(|f| (*f, rows.get(&(r.framework.as_str(), r.id.as_str())).copied())),
        });
        Entry {
            number: at + 1,
            finding,
            verdict: Verdict::of(finding),
            id: uuid(&parts),
            policy: report.policies.get(&finding.policy),
            requirements: served.collect(),
        }
    };
    report.findings.iter().enumerate().map(entry).collect()
}

impl Entry<'_> {
    /// The question in words: the good state that the policy asks for.
    pub(super) fn title(&self) -> &str {
        self.policy.map_or(self.finding.policy.as_str(), |p| p.title.as_str())
    }

    /// The severity for tools that raise alarms: what needs nothing is informational.
    pub(super) fn grade(&self) -> Grade {
        grade(if self.verdict.words().is_live { self.finding.severity } else { Severity::Info })
    }

    /// The message, with the further cases, what keeps it unknown and what became of the waiver.
    pub(super) fn story(&self) -> String {
        let finding = self.finding;
        let mut story = finding.message.trim().to_string();
        let cases: Vec<&str> = finding.further_cases().map(String::as_str).collect();
        if !cases.is_empty() {
            story.push_str(&format!("; for example {}", cases.join(", ")));
        }
        if let Some(accepted) = &finding.accepted {
            story.push_str(&format!(" (accepted: {accepted})"));
        }
        if let Some(gap) = finding.gaps.first() {
            story.push_str(&format!("; {}: {}", gap.kind.label(), gap.message));
            if finding.gaps.len() > 1 {
                story.push_str(&format!("; {} more gaps", finding.gaps.len() - 1));
            }
        }
        if let Some(waiver) = &finding.waiver {
            story.push_str(&format!("; {}", waiver_words(waiver)));
        }
        if let Some(known) = finding.known.as_ref().filter(|_| finding.is_known()) {
            story.push_str(&format!("; known since the baseline of {}", known.since.strftime("%Y-%m-%d")));
        }
        story
    }

    /// What to do: the fix of a fail, the remedy of an unknown.
    pub(super) fn advice(&self) -> Option<String> {
        let remedies: Vec<String> =
            self.finding.gaps.iter().filter_map(|gap| gap.remedy.as_ref()).map(ToString::to_string).collect();
        if let Some(first) = remedies.first() {
            return Some(first.clone());
        }
        let summary = self.finding.fix.as_ref().map(|fix| fix.summary.trim())?;
        (!summary.is_empty() && self.verdict.words().is_live).then(|| summary.to_string())
    }

    /// Pages about the policy, of the web alone.
    pub(super) fn references(&self) -> impl Iterator<Item = &str> {
        let all = self.policy.map_or(&[][..], |p| &p.references);
        all.iter().map(String::as_str).filter(|url| is_link(url))
    }
}

/// Whether other tools may show it as a link.
pub(super) fn is_link(url: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&*+,;=%".contains(c);
    url.len() <= 512 && url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && rest.chars().all(plain))
}

impl Served<'_> {
    /// As AWS writes it, so that Security Hub's filters find it: `PCI DSS v4.0.1/10.2.1`, `NIST.800-53.r5 AU-9`.
    ///
    /// Source: <https://docs.aws.amazon.com/securityhub/latest/userguide/cloudtrail-controls.html>, "Related requirements".
    pub(super) fn aws_spelling(&self) -> String {
        if let Some(rest) = self.framework.strip_prefix("nist-800-53-r") {
            let revision: String = rest.chars().take_while(char::is_ascii_digit).collect();
            return format!("NIST.800-53.r{revision} {}", self.id);
        }
        format!("{}/{}", self.standard(), self.id)
    }

    /// The framework with its version, where the version is a number: `PCI DSS v4.0.1`.
    pub(super) fn standard(&self) -> String {
        match self.view {
            Some((f, _)) => standard(f),
            None => self.framework.to_string(),
        }
    }
}

/// The framework with its version, where the version is a number.
pub(super) fn standard(framework: &FrameworkView) -> String {
    let version = &framework.version;
    let is_number = !version.is_empty() && version.split('.').all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    let is_year = version.len() == 4 && !version.contains('.');
    match is_number && !is_year {
        true => format!("{} v{version}", framework.title),
        false => framework.title.clone(),
    }
}

/// `waived by W-1 until 2027-01-31: reason`, or that it has run out.
pub(super) fn waiver_words(waiver: &Waived) -> String {
    if waiver.is_expired {
        format!("the waiver {} expired on {} and no longer counts", waiver.id, waiver.expires)
    } else {
        format!("waived by {} until {}: {}", waiver.id, waiver.expires, waiver.reason)
    }
}

pub(super) fn waiver_kind(waiver: &Waived) -> &'static str {
    match waiver.kind {
        WaiverKind::RiskAccepted => "risk-accepted",
        WaiverKind::CompensatingControl => "compensating-control",
        WaiverKind::FalsePositive => "false-positive",
    }
}

pub(super) fn strength_word(strength: Strength) -> &'static str {
    match strength {
        Strength::Direct => "direct",
        Strength::Supporting => "supporting",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_kept_apart() {
        assert_ne!(uuid(&["a", "bc"]), uuid(&["ab", "c"]));
        assert_eq!(uuid(&["a", "bc"]), uuid(&["a", "bc"]));
        assert_eq!(uuid(&["a"]).get_version_num(), 5);
    }

    #[test]
    fn only_plain_pages_are_links() {
        assert!(is_link("https://docs.aws.amazon.com/a/b.html#c"));
        for url in ["javascript:alert(1)", "http://a", "https://a b", "https://a\"b", "https://a)b", "https://"] {
            assert!(!is_link(url), "{url}");
        }
    }

    #[test]
    fn awss_spelling_of_what_it_spells() {
        let served = |framework, id| Served { framework, id, strength: Strength::Direct, view: None };
        assert_eq!(served("nist-800-53-r5", "AU-9(4)").aws_spelling(), "NIST.800-53.r5 AU-9(4)");
        assert_eq!(served("mine", "1").aws_spelling(), "mine/1");
    }
}
