//! The trail inventory: one row a trail, in words, what was not read with its reason.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wording;
use crate::inventory::{Fact, Gap, GapKind, Inventory, Trail, TrailStatus};
use crate::semantics::selectors;

/// A fact in a table's cell: its words, or why it is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// `none` where AWS says that there is none.
    Known(String),
    /// The reason, in one line.
    Unknown(String),
}

/// One trail: what an assessor asks for first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrailView {
    pub arn: String,
    pub name: String,
    pub owner_account: String,
    pub home_region: String,
    /// Accounts of the population that see the trail.
    pub seen_by: usize,
    pub is_multi_region: Shown,
    pub is_organization: Shown,
    pub is_logging: Shown,
    /// Which events the trail records.
    pub records: Shown,
    pub bucket: Shown,
    /// The account that owns the bucket.
    pub bucket_account: Shown,
    pub key: Shown,
    pub log_group: Shown,
    pub topic: Shown,
    /// Whether signed digests are written over the log files.
    pub validation: Shown,
    /// When log files were last delivered, in the home Region.
    pub last_delivery: Shown,
    /// When a digest was last delivered, in the home Region.
    pub last_digest: Shown,
}

impl Shown {
    fn because(gap: &Gap) -> Shown {
        Shown::Unknown(format!("{}: {}", gap.kind.label(), gap.message))
    }

    fn of<T>(fact: &Fact<T>, show: impl Fn(&T) -> String) -> Shown {
        match fact {
            Fact::Known { value, .. } => Shown::Known(show(value)),
            Fact::OneOf { candidates, .. } => {
                Shown::Unknown(format!("one of {}", candidates.iter().map(show).collect::<Vec<_>>().join(", ")))
            }
            Fact::Unknown(gap) => Shown::because(gap),
        }
    }

    fn yes_no(fact: &Fact<bool>) -> Shown {
        Shown::of(fact, |b| if *b { "yes" } else { "no" }.into())
    }

    fn or_none(fact: &Fact<Option<String>>) -> Shown {
        Shown::of(fact, |v| v.clone().unwrap_or_else(|| "none".into()))
    }

    fn time(fact: &Fact<Option<Timestamp>>) -> Shown {
        Shown::of(fact, |t| t.map_or_else(|| "never".to_string(), wording::moment))
    }
}

impl TrailView {
    pub(super) fn of(inventory: &Inventory, trail: &Trail) -> TrailView {
        let home = trail.status.items.iter().find(|s| s.region == trail.home_region);
        let unasked = || {
            let silent = Gap::new(GapKind::AbsentInput, format!("the trail's status in {} was not read", trail.home_region));
            Shown::because(trail.status.gaps.first().unwrap_or(&silent))
        };
        let time = |pick: fn(&TrailStatus) -> &Fact<Option<Timestamp>>| home.map_or_else(unasked, |s| Shown::time(pick(s)));
        let bucket = trail.bucket.known();
        TrailView {
            arn: trail.arn.clone(),
            name: trail.name.clone(),
            owner_account: trail.owner_account.clone(),
            home_region: trail.home_region.clone(),
            seen_by: inventory.accounts.iter().filter(|a| a.trails.items.iter().any(|t| t.0 == trail.arn)).count(),
            is_multi_region: Shown::yes_no(&trail.is_multi_region),
            is_organization: Shown::yes_no(&trail.is_organization),
            is_logging: Shown::yes_no(&trail.is_logging),
            records: Shown::of(&trail.event_selectors, selectors::describe),
            bucket: Shown::of(&trail.bucket, |b| b.0.clone()),
            bucket_account: match bucket.map(|b| inventory.bucket(&b.0)) {
                Some(Some(bucket)) => Shown::of(&bucket.owner_account, Clone::clone),
                Some(None) => Shown::Unknown("the bucket was not read".into()),
                None => Shown::Unknown("which bucket it is is not known".into()),
            },
            key: Shown::or_none(&trail.kms_key_id),
            log_group: Shown::or_none(&trail.cloud_watch_logs_log_group_arn),
            topic: Shown::or_none(&trail.sns_topic_arn),
            validation: Shown::yes_no(&trail.log_file_validation_enabled),
            last_delivery: time(|s| &s.latest_delivery_time),
            last_digest: time(|s| &s.latest_digest_delivery_time),
        }
    }
}
