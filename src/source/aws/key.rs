//! Keys that trails and their buckets name.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_kms::types as sdk;

use super::Fleet;
use super::arn::Arn;
use super::ask::{Ask, Heard, Reader, derived, fact, stated, time, try_fact};
use super::spread::spread;
use crate::aws::Refusal;
use crate::aws::operation::{DESCRIBE_KEY, GET_KEY_POLICY, GET_KEY_ROTATION_STATUS};
use crate::inventory::document::PolicyDocument;
use crate::inventory::{Basis, Fact, Gap, GapKind, Key, KeyRef, Origin};
use crate::source::blank;

/// A key as something names it, the Region to ask, and the account to ask in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) account: String,
}

/// Reads every key once, whatever its names. The map leads from a name to the key's ARN; from one that could not be
/// described, to the name itself.
pub(super) async fn collect(fleet: &Fleet, names: &BTreeSet<Named>) -> (Vec<Key>, BTreeMap<Named, KeyRef>) {
    let asked = names.iter().filter_map(|named| Some((named.clone(), fleet.member(&named.account)?.reader.clone())));
    let asked: Vec<_> = asked.collect();
    let described = spread(asked.into_iter().map(|(named, reader)| async move {
        let metadata = describe(&reader, &named).await;
        (named, metadata)
    }))
    .await;
    let mut refs = BTreeMap::new();
    let mut distinct: BTreeMap<String, (Named, Heard<Option<sdk::KeyMetadata>>)> = BTreeMap::new();
    for (named, metadata) in described {
        let arn = metadata.as_ref().ok().and_then(|answer| answer.value.as_ref()?.arn().map(str::to_string));
        let id = arn.unwrap_or_else(|| named.name.clone());
        refs.insert(named.clone(), KeyRef(id.clone()));
        distinct.entry(id).or_insert((named, metadata));
    }
    let read = distinct.into_iter().map(|(id, (named, metadata))| {
        let reader = fleet.member(&named.account).map(|member| member.reader.clone());
        async move {
            match (metadata, reader) {
                (Ok(answer), Some(reader)) => read(&reader, &id, &named.region, answer).await,
                (Ok(_), None) => unread(&id, &not_asked(&named)),
                (Err(refusal), _) => absent(&id, &named.account, &refusal),
            }
        }
    });
    let keys = spread(read).await;
    (keys, refs)
}

async fn describe(reader: &Reader, named: &Named) -> Heard<Option<sdk::KeyMetadata>> {
    let Named { name, region, .. } = named;
    let parts = Arn::parse(name);
    let mut ask = Ask::new(DESCRIBE_KEY, region, name);
    if let Some(parts) = &parts {
        ask = ask.owned_by(parts.account);
    }
    let heard = reader.ask(ask, reader.session.kms(region).describe_key().key_id(name).send()).await;
    heard.map(|answer| crate::aws::Answer { value: answer.value.key_metadata, call: answer.call })
}

fn not_asked(named: &Named) -> Gap {
    Gap::new(GapKind::OtherAccount, format!("key {} was not asked for in account {}", named.name, named.account))
}

/// A key that KMS does not know in the account that would own it is not there; elsewhere nothing is known of it.
fn absent(id: &str, asked: &str, refusal: &Refusal) -> Key {
    let mut key = unread(id, &refusal.gap);
    let owner = Arn::parse(id).map_or(asked, |parts| parts.account);
    if refusal.code.as_deref() == Some("NotFoundException")
        && owner == asked
        && let Some(call) = refusal.gap.call.clone()
    {
        key.exists = Fact::observed(false, Origin::Call(call));
    }
    key
}

/// A key that could not be described. Its ARN, where it is named by one, still tells whose it is.
fn unread(name: &str, gap: &Gap) -> Key {
    let parts = Arn::parse(name);
    let of_arn = |part: Option<&str>| part.map_or_else(|| Fact::Unknown(gap.clone()), |part| derived(part.to_string()));
    Key {
        arn: name.to_string(),
        owner_account: of_arn(parts.map(|p| p.account)),
        region: of_arn(parts.map(|p| p.region)),
        ..blank::key(gap)
    }
}

async fn read(reader: &Reader, id: &str, asked_region: &str, answer: crate::aws::Answer<Option<sdk::KeyMetadata>>) -> Key {
    let metadata: Heard<Option<sdk::KeyMetadata>> = Ok(answer);
    let of = |field: &'static str, read: fn(&sdk::KeyMetadata) -> Option<String>| {
        stated(&metadata, field, |metadata| metadata.as_ref().and_then(read))
    };
    let parts = Arn::parse(id);
    let region = parts.map_or(asked_region, |p| p.region);
    let owner = parts.map_or(reader.account.as_str(), |p| p.account);
    let kms = reader.session.kms(region);
    let ask = |operation| Ask::new(operation, region, id).owned_by(owner);
    let key_spec = of("KeySpec", |m| m.key_spec().map(|v| v.as_str().to_string()));
    let origin = of("Origin", |m| m.origin().map(|v| v.as_str().to_string()));
    let rotates = match (key_spec.known(), origin.known()) {
        (Some(spec), Some(origin)) => spec == "SYMMETRIC_DEFAULT" && origin == "AWS_KMS",
        _ => true,
    };
    let rotation = async {
        // AWS rotates only symmetric keys whose material it made.
        // Source: <https://docs.aws.amazon.com/kms/latest/developerguide/rotating-keys-enable.html>.
        if !rotates {
            return (derived(false), derived(None));
        }
        let heard = reader.ask(ask(GET_KEY_ROTATION_STATUS), kms.get_key_rotation_status().key_id(id).send()).await;
        let enabled = fact(&heard, |output| output.key_rotation_enabled());
        let period = match &heard {
            Ok(answer) if answer.value.key_rotation_enabled() && answer.value.rotation_period_in_days().is_none() => {
                Fact::Known { value: Some(365), from: answer.origin(), basis: Basis::AssumedDefault }
            }
            _ => fact(&heard, |output| output.rotation_period_in_days().filter(|_| output.key_rotation_enabled()).map(i64::from)),
        };
        (enabled, period)
    };
    let policy = reader.ask(ask(GET_KEY_POLICY), kms.get_key_policy().key_id(id).policy_name("default").send());
    let ((rotation_enabled, rotation_period_days), policy) = tokio::join!(rotation, policy);
    Key {
        arn: id.to_string(),
        exists: fact(&metadata, |_| true),
        owner_account: match parts {
            Some(parts) => derived(parts.account.to_string()),
            None => of("AWSAccountId", |m| m.aws_account_id().map(str::to_string)),
        },
        region: derived(region.to_string()),
        key_manager: of("KeyManager", |m| m.key_manager().map(|v| v.as_str().to_string())),
        key_state: of("KeyState", |m| m.key_state().map(|v| v.as_str().to_string())),
        key_usage: of("KeyUsage", |m| m.key_usage().map(|v| v.as_str().to_string())),
        is_multi_region: fact(&metadata, |m| m.as_ref().and_then(|m| m.multi_region()).unwrap_or(false)),
        creation_date: try_fact(&metadata, |m| time(m.as_ref().and_then(|m| m.creation_date()))),
        deletion_date: try_fact(&metadata, |m| time(m.as_ref().and_then(|m| m.deletion_date()))),
        rotation_enabled,
        rotation_period_days,
        policy: try_fact(&policy, |output| {
            let text = output.policy().ok_or("`Policy` is missing in the answer")?;
            PolicyDocument::parse(text).map_err(|e| format!("the policy of key {id}: {e}"))
        }),
        key_spec,
        origin,
    }
}
