//! The account as a whole: its alias, its Regions, its public access block.

use aws_sdk_account::types::RegionOptStatus;
use aws_sdk_iam::types::SummaryKeyType;
use tokio::join;

use super::ask::{Ask, Reader, fact, not_understood, pages, stated};
use crate::aws::operation::{GET_ACCOUNT_PUBLIC_ACCESS_BLOCK, GET_ACCOUNT_SUMMARY, LIST_ACCOUNT_ALIASES, LIST_REGIONS};
use crate::inventory::bucket::PublicAccessBlock;
use crate::inventory::{Fact, Gap, GapKind, Listing, Origin, RegionOutcome, RegionScope, Remedy};

/// What was read of the account as a whole.
pub(super) struct AccountFacts {
    pub(super) alias: Fact<Option<String>>,
    /// The enabled Regions, less those that were not asked for.
    pub(super) regions: Listing<String>,
    /// Every Region that AWS lists, with what is known before any trail is asked; none stands for "depends on the calls".
    pub(super) known: Vec<(String, Option<RegionOutcome>)>,
    pub(super) public_access_block: Fact<PublicAccessBlock>,
    pub(super) root_mfa_enabled: Fact<bool>,
    pub(super) root_has_access_keys: Fact<bool>,
}

pub(super) async fn collect(reader: &Reader) -> AccountFacts {
    let region = reader.session.base_region();
    let iam = reader.session.iam(region);
    let s3control = reader.session.s3control(region);
    let (aliases, summary, block, listed) = join!(
        reader.ask(Ask::new(LIST_ACCOUNT_ALIASES, region, ""), iam.list_account_aliases().send()),
        reader.ask(Ask::new(GET_ACCOUNT_SUMMARY, region, ""), iam.get_account_summary().send()),
        reader.ask_or_none(
            Ask::new(GET_ACCOUNT_PUBLIC_ACCESS_BLOCK, region, ""),
            &["NoSuchPublicAccessBlockConfiguration"],
            s3control.get_public_access_block().account_id(&reader.account).send(),
        ),
        list_regions(reader),
    );
    let (regions, known) = sort_regions(reader.session.regions_asked(), region, listed);
    let counted = |key: SummaryKeyType| {
        stated(&summary, key.as_str(), |output| output.summary_map().and_then(|map| map.get(&key)).map(|count| *count > 0))
    };
    AccountFacts {
        root_mfa_enabled: counted(SummaryKeyType::AccountMfaEnabled),
        root_has_access_keys: counted(SummaryKeyType::AccountAccessKeysPresent),
        alias: fact(&aliases, |output| output.account_aliases().first().cloned()),
        regions,
        known,
        public_access_block: fact(&block, |output| {
            let flags = output.as_ref().and_then(|output| output.public_access_block_configuration());
            let flag = |read: fn(&aws_sdk_s3control::types::PublicAccessBlockConfiguration) -> Option<bool>| {
                flags.and_then(read).unwrap_or(false)
            };
            PublicAccessBlock {
                level: "account".into(),
                block_public_acls: flag(|f| f.block_public_acls()),
                ignore_public_acls: flag(|f| f.ignore_public_acls()),
                block_public_policy: flag(|f| f.block_public_policy()),
                restrict_public_buckets: flag(|f| f.restrict_public_buckets()),
            }
        }),
    }
}

/// Region and opt-in status, page by page, as far as it goes.
struct Listed {
    regions: Vec<(String, RegionOptStatus)>,
    from: Vec<Origin>,
    gap: Option<Gap>,
}

async fn list_regions(reader: &Reader) -> Listed {
    let region = reader.session.base_region();
    let client = reader.session.account_client(region);
    let paged = pages(
        |token| {
            let request = client.list_regions().max_results(50).set_next_token(token).send();
            reader.ask(Ask::new(LIST_REGIONS, region, ""), request)
        },
        |page| page.next_token(),
    )
    .await;
    let mut listed = Listed { regions: Vec::new(), from: paged.origins(), gap: paged.gap() };
    for page in &paged.pages {
        if page.value.regions.is_none() {
            listed.gap = Some(not_understood(page, "`Regions` is missing in the answer"));
        }
        for item in page.value.regions() {
            match (item.region_name(), item.region_opt_status()) {
                (Some(name), Some(status)) => listed.regions.push((name.to_string(), status.clone())),
                _ => listed.gap = Some(not_understood(page, "a Region without a name or without a status")),
            }
        }
    }
    listed
}

fn sort_regions(asked: &[String], base: &str, listed: Listed) -> (Listing<String>, Vec<(String, Option<RegionOutcome>)>) {
    let is_asked = |name: &str| asked.is_empty() || asked.iter().any(|a| a == name);
    let mut regions = Listing { items: Vec::new(), gaps: Vec::from_iter(listed.gap.clone()), from: listed.from };
    let mut known = Vec::new();
    for (name, status) in listed.regions {
        let outcome = match status {
            RegionOptStatus::Disabled => Some(RegionOutcome::NotEnabled),
            RegionOptStatus::Enabled | RegionOptStatus::EnabledByDefault => {
                if is_asked(&name) {
                    regions.items.push(name.clone());
                    None
                } else {
                    Some(RegionOutcome::NotAsked)
                }
            }
            changing => {
                let message = format!("Region {name} is being changed: its status is {}", changing.as_str());
                let remedy = Remedy::Do("run the scan again when the Region's status has settled".into());
                let gap = Gap::new(GapKind::NotUnderstood, message).with_remedy(remedy);
                if is_asked(&name) {
                    regions.add_gap(gap.clone());
                }
                Some(if is_asked(&name) { RegionOutcome::Gap(gap) } else { RegionOutcome::NotAsked })
            }
        };
        known.push((name, outcome));
    }
    let wanted: Vec<&str> = if asked.is_empty() { vec![base] } else { asked.iter().map(String::as_str).collect() };
    for name in wanted {
        if known.iter().any(|(k, _)| k == name) {
            continue;
        }
        if listed.gap.is_some() {
            regions.items.push(name.to_string());
            known.push((name.to_string(), None));
        } else if !asked.is_empty() {
            let gap = Gap::new(GapKind::NotFound, format!("AWS lists no Region {name} for the account"))
                .with_remedy(Remedy::Do("check the Regions that were asked for".into()));
            regions.add_gap(gap.clone());
            known.push((name.to_string(), Some(RegionOutcome::Gap(gap))));
        }
    }
    // Every account has enabled Regions: where none is left, none was looked at, and that is no verdict on the account.
    if regions.items.is_empty() && regions.gaps.is_empty() {
        let message = "no Region that the account has enabled is among those that were asked for";
        regions.add_gap(Gap::new(GapKind::AbsentInput, message).with_remedy(Remedy::Do("ask for an enabled Region".into())));
    }
    regions.items.sort();
    regions.items.dedup();
    (regions, known)
}

/// The Regions' outcomes, when every call was made.
pub(super) fn region_scopes(reader: &Reader, known: &[(String, Option<RegionOutcome>)]) -> Vec<RegionScope> {
    let mut asked = reader.asked_regions();
    let mut scopes: Vec<RegionScope> = known
        .iter()
        .cloned()
        .map(|(name, outcome)| {
            let of_calls = asked.remove(&name);
            let outcome = outcome.unwrap_or_else(|| of_calls.map_or(RegionOutcome::NothingToAsk, outcome_of));
            RegionScope { name, outcome }
        })
        .collect();
    scopes.extend(asked.into_iter().map(|(name, gap)| RegionScope { name, outcome: outcome_of(gap) }));
    scopes.sort_by(|a, b| a.name.cmp(&b.name));
    scopes
}

fn outcome_of(gap: Option<Gap>) -> RegionOutcome {
    gap.map_or(RegionOutcome::Reached, RegionOutcome::Gap)
}

/// The Region in which a partition's global services record their events; the base Region where it is not known.
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html>, global service events.
pub(super) fn global_events_region(partition: &str, base: &str) -> String {
    match partition {
        "aws" => "us-east-1",
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-eusc" => "eusc-de-east-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-iso-e" => "eu-isoe-west-1",
        "aws-iso-f" => "us-isof-south-1",
        _ => base,
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(regions: &[(&str, RegionOptStatus)], gap: Option<Gap>) -> Listed {
        let regions = regions.iter().map(|(name, status)| ((*name).to_string(), status.clone())).collect();
        Listed { regions, from: vec![Origin::Derived], gap }
    }

    #[test]
    fn only_enabled_regions_are_read() {
        use RegionOptStatus::{Disabled, Disabling, Enabled, EnabledByDefault};
        let all = [("a-b-1", EnabledByDefault), ("a-b-2", Enabled), ("a-b-3", Disabled)];
        let (regions, known) = sort_regions(&[], "a-b-1", listed(&all, None));
        assert_eq!(regions.items, ["a-b-1", "a-b-2"]);
        assert!(regions.is_complete());
        assert_eq!(known[2].1, Some(RegionOutcome::NotEnabled));
        let (regions, _) = sort_regions(&[], "a-b-1", listed(&[("a-b-1", Disabling)], None));
        assert!(!regions.is_complete() && regions.items.is_empty());
    }

    #[test]
    fn regions_that_were_not_asked_for_are_left_out() {
        use RegionOptStatus::Enabled;
        let asked = ["a-b-2".to_string(), "a-b-9".to_string()];
        let (regions, known) = sort_regions(&asked, "a-b-2", listed(&[("a-b-1", Enabled), ("a-b-2", Enabled)], None));
        assert_eq!(regions.items, ["a-b-2"]);
        assert_eq!(known[0].1, Some(RegionOutcome::NotAsked));
        assert_eq!(known[1].1, None);
        assert!(!regions.is_complete(), "a Region that was asked for and is not there is not a Region that was read");
        assert!(matches!(&known[2], (name, Some(RegionOutcome::Gap(gap))) if name == "a-b-9" && gap.kind == GapKind::NotFound));
    }

    #[test]
    fn no_region_at_all_is_no_complete_list() {
        use RegionOptStatus::{Disabled, Enabled};
        let (regions, _) = sort_regions(&[], "a-b-1", listed(&[], None));
        assert!(!regions.is_complete());
        let all = [("a-b-1", Enabled), ("a-b-2", Disabled)];
        let (regions, _) = sort_regions(&["a-b-2".to_string()], "a-b-2", listed(&all, None));
        assert!(regions.items.is_empty() && !regions.is_complete());
    }

    #[test]
    fn without_the_list_only_the_named_regions_are_known() {
        let gap = Gap::new(GapKind::Denied, "no");
        let (regions, known) = sort_regions(&[], "a-b-1", listed(&[], Some(gap.clone())));
        assert_eq!((regions.items, regions.gaps), (vec!["a-b-1".to_string()], vec![gap]));
        assert_eq!(known, [("a-b-1".to_string(), None)]);
    }
}
