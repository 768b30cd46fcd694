//! Where a finding belongs in AWS: partition, Region and account, also for what has none of its own.

use std::collections::BTreeMap;

use crate::finding::{Finding, Subject};
use crate::inventory::{CallId, Origin, RegionOutcome, Standing};
use crate::report::{AccountView, Report};

/// The place of one finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub partition: String,
    /// The subject's Region; for what has none, the one in which its account is looked at.
    pub region: String,
    /// The subject's account where it is one of the population, else the account whose logging depends on it.
    pub account: String,
}

/// The population, asked for places.
pub(super) struct Places<'a> {
    report: &'a Report,
    accounts: BTreeMap<&'a str, &'a AccountView>,
}

impl<'a> Places<'a> {
    pub(super) fn of(report: &'a Report) -> Places<'a> {
        let accounts = report.population.accounts.iter().map(|a| (a.scope.id.as_str(), a)).collect();
        Places { report, accounts }
    }

    /// Absent where the finding belongs to no account that is known.
    pub(super) fn place(&self, finding: &Finding) -> Option<Place> {
        let account = self.account(finding)?;
        let partition = self.partition(&finding.subject, account);
        let region = match &finding.subject.region {
            Some(region) if is_region(region) => region.clone(),
            _ => self.region(account, &partition),
        };
        Some(Place { partition, region, account: account.to_string() })
    }

    /// The name that people know an account by.
    pub(super) fn account_name(&self, id: &str) -> Option<&'a str> {
        self.accounts.get(id).and_then(|a| a.name())
    }

    /// The partition of the subject, from its ARN or from that of whoever read the account.
    pub(super) fn partition(&self, subject: &Subject, account: &str) -> String {
        let caller = |view: &&AccountView| view.caller_arn.as_deref().and_then(partition_of).map(str::to_string);
        partition_of(&subject.id)
            .map(str::to_string)
            .or_else(|| self.accounts.get(account).and_then(caller))
            .or_else(|| subject.region.as_deref().filter(|r| is_region(r)).map(|r| partition_of_region(r).to_string()))
            .or_else(|| self.accounts.values().find_map(caller))
            .unwrap_or_else(|| "aws".into())
    }

    fn account(&self, finding: &'a Finding) -> Option<&'a str> {
        let own = finding.subject.account.as_str();
        if is_account(own) && (self.accounts.contains_key(own) || self.accounts.is_empty()) {
            return Some(own);
        }
        let asked = || self.accounts.values().filter(|a| a.scope.standing == Standing::Asked).map(|a| a.scope.id.as_str());
        let reached = self.accounts.values().filter(|a| a.scope.reached).map(|a| a.scope.id.as_str());
        let mut candidates = self.readers(finding).chain(reached).chain(asked()).chain([own]);
        candidates.find(|id| is_account(id))
    }

    /// The accounts whose answers the finding rests on.
    fn readers(&self, finding: &'a Finding) -> impl Iterator<Item = &'a str> {
        let from = finding.facts.iter().filter_map(|fact| match &fact.from {
            Some(Origin::Call(id)) => Some(id),
            _ => None,
        });
        let failed = finding.gaps.iter().filter_map(|gap| gap.call.as_ref());
        let caller = |id: &CallId| self.report.calls.get(id).map(|call| call.account.as_str());
        from.chain(failed).filter_map(caller)
    }

    fn region(&self, account: &str, partition: &str) -> String {
        let home = home_region(partition);
        let regions = self.accounts.get(account).map_or(&[][..], |a| &a.scope.regions);
        let read: Vec<&str> = regions
            .iter()
            .filter(|r| !matches!(r.outcome, RegionOutcome::NotEnabled | RegionOutcome::NotAsked) && is_region(&r.name))
            .map(|r| r.name.as_str())
            .collect();
        match read.iter().min() {
            Some(first) if !read.contains(&home) => (*first).to_string(),
            _ => home.to_string(),
        }
    }
}

/// Twelve digits.
pub(super) fn is_account(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())
}

/// `eu-west-1`, `us-gov-east-1`, `us-isob-east-1`.
fn is_region(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    matches!(&parts[..], [head @ .., last] if head.len() >= 2 && head.iter().all(letters)
        && !last.is_empty() && last.len() <= 2 && last.bytes().all(|b| b.is_ascii_digit()))
}

fn partition_of(arn: &str) -> Option<&str> {
    let partition = arn.strip_prefix("arn:")?.split(':').next()?;
    let known = partition == "aws" || partition.strip_prefix("aws-").is_some_and(|rest| !rest.is_empty());
    (known && partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')).then_some(partition)
}

fn partition_of_region(region: &str) -> &'static str {
    const STARTS: [(&str, &str); 5] =
        [("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("us-isob-", "aws-iso-b"), ("us-iso-", "aws-iso"), ("eusc-", "aws-eusc")];
    STARTS.iter().find(|(start, _)| region.starts_with(start)).map_or("aws", |(_, partition)| partition)
}

/// The Region in which a partition keeps what is global.
fn home_region(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_nonsense() {
        for name in ["eu-west-1", "us-gov-east-1", "us-isob-east-1", "ap-southeast-12", "eusc-de-east-1"] {
            assert!(is_region(name), "{name}");
        }
        for name in ["", "global", "eu-west", "EU-west-1", "eu--1", "=cmd()", "eu-west-1\n"] {
            assert!(!is_region(name), "{name}");
        }
        assert_eq!(partition_of("arn:aws-us-gov:s3:::logs"), Some("aws-us-gov"));
        assert_eq!(partition_of("arn:<b>:s3:::logs"), None);
        assert_eq!(partition_of_region("us-gov-west-1"), "aws-us-gov");
    }
}
