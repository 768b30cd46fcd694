//! Every way in which what a template leaves open may turn out, and what is the same in all of them.

use super::evaluate::{Choices, World};
use super::stack::Stage;
use crate::inventory::{Alarm, Bucket, EventDataStore, Fact, Gap, GapKind, Key, LogGroup, Remedy, Topic, Trail};
use crate::source::code::resource::{
    AlarmBody, Body, BucketBody, BucketSetting, EventDataStoreBody, LogGroupBody, RuleBody, Setting, Subscription, TrailBody,
};
use crate::source::code::setting::merged;

/// Worlds that are looked into at most.
const MOST: usize = 64;

/// What is read in every world.
///
/// # Errors
/// There are too many.
pub(super) fn every<T>(stage: &Stage<'_>, read: impl Fn(&World<'_>) -> T) -> Result<Vec<T>, Gap> {
    let (mut pending, mut all) = (vec![Choices::new()], Vec::new());
    while let Some(fixed) = pending.pop() {
        let world = World::new(stage, &fixed);
        let seen = read(&world);
        match world.open.into_inner() {
            None => all.push(seen),
            Some((_, outcomes)) if pending.len() + all.len() + outcomes > MOST => {
                let message = format!("it depends on more than {MOST} combinations of conditions and parameters that are open");
                return Err(Gap::new(GapKind::AbsentInput, message)
                    .with_remedy(Remedy::Do("give the parameters values with `--parameters FILE`".into())));
            }
            Some((what, outcomes)) => pending.extend((0..outcomes).rev().map(|outcome| {
                let mut fixed = fixed.clone();
                fixed.insert(what.clone(), outcome);
                fixed
            })),
        }
    }
    Ok(all)
}

/// A record of which each of these fields is what all the records agree on, or one of what they say.
macro_rules! agreed {
    ($first:expr, $rest:expr, $noun:ident, $($field:ident),+ $(,)?) => {{
        let mut agreed: $noun = $first.clone();
        $(agreed.$field = merged(&$first.$field, $rest.iter().map(|other| &other.$field));)+
        agreed
    }};
}

/// What the bodies of one resource in every world agree on.
pub(super) fn agreed(bodies: Vec<Body>) -> Option<Body> {
    let mut all = bodies.into_iter();
    let first = all.next()?;
    let rest: Vec<Body> = all.collect();
    if rest.is_empty() {
        return Some(first);
    }
    Some(match &first {
        Body::Trail(first) => {
            let others: Vec<&TrailBody> =
                rest.iter().filter_map(|body| if let Body::Trail(trail) = body { Some(&**trail) } else { None }).collect();
            let records: Vec<&Trail> = others.iter().map(|other| &other.record).collect();
            Body::Trail(Box::new(TrailBody {
                record: trail(&first.record, &records),
                bucket: merged(&first.bucket, others.iter().map(|other| &other.bucket)),
                key: merged(&first.key, others.iter().map(|other| &other.key)),
                log_group: merged(&first.log_group, others.iter().map(|other| &other.log_group)),
                topic: merged(&first.topic, others.iter().map(|other| &other.topic)),
            }))
        }
        Body::Bucket(first) => {
            let others: Vec<&BucketBody> =
                rest.iter().filter_map(|body| if let Body::Bucket(bucket) = body { Some(&**bucket) } else { None }).collect();
            let records: Vec<&Bucket> = others.iter().map(|other| &other.record).collect();
            Body::Bucket(Box::new(BucketBody {
                record: bucket(&first.record, &records),
                key: merged(&first.key, others.iter().map(|other| &other.key)),
                log_target: merged(&first.log_target, others.iter().map(|other| &other.log_target)),
            }))
        }
        Body::Key(record) => {
            let records: Vec<&Key> =
                rest.iter().filter_map(|body| if let Body::Key(key) = body { Some(&**key) } else { None }).collect();
            Body::Key(Box::new(key(record, &records)))
        }
        Body::LogGroup(first) => {
            let others: Vec<&LogGroupBody> =
                rest.iter().filter_map(|body| if let Body::LogGroup(group) = body { Some(&**group) } else { None }).collect();
            let records: Vec<&LogGroup> = others.iter().map(|other| &other.record).collect();
            Body::LogGroup(Box::new(LogGroupBody {
                record: agreed!(first.record, records, LogGroup, retention_days, class),
                key: merged(&first.key, others.iter().map(|other| &other.key)),
            }))
        }
        Body::Topic(record) => {
            let records: Vec<&Topic> =
                rest.iter().filter_map(|body| if let Body::Topic(topic) = body { Some(&**topic) } else { None }).collect();
            Body::Topic(Box::new(agreed!(record.as_ref(), records, Topic, kms_key_id, policy)))
        }
        Body::Alarm(first) => {
            let others: Vec<&AlarmBody> =
                rest.iter().filter_map(|body| if let Body::Alarm(alarm) = body { Some(&**alarm) } else { None }).collect();
            let records: Vec<&Alarm> = others.iter().map(|other| &other.record).collect();
            let mut watches = first.watches.clone();
            for other in &others {
                watches = watches.zip(other.watches.clone()).map(|(one, other)| [one, other].concat());
            }
            Body::Alarm(Box::new(AlarmBody {
                record: agreed!(first.record, records, Alarm, actions_enabled, definition),
                watches,
                actions: merged(&first.actions, others.iter().map(|other| &other.actions)),
            }))
        }
        Body::Rule(first) => {
            let others: Vec<&RuleBody> =
                rest.iter().filter_map(|body| if let Body::Rule(rule) = body { Some(&**rule) } else { None }).collect();
            Body::Rule(Box::new(RuleBody {
                is_on_default_bus: merged(&first.is_on_default_bus, others.iter().map(|other| &other.is_on_default_bus)),
                pattern: merged(&first.pattern, others.iter().map(|other| &other.pattern)),
                state: merged(&first.state, others.iter().map(|other| &other.state)),
                targets: merged(&first.targets, others.iter().map(|other| &other.targets)),
            }))
        }
        Body::EventDataStore(first) => {
            let others: Vec<&EventDataStoreBody> = rest
                .iter()
                .filter_map(|body| if let Body::EventDataStore(store) = body { Some(&**store) } else { None })
                .collect();
            let records: Vec<&EventDataStore> = others.iter().map(|other| &other.record).collect();
            Body::EventDataStore(Box::new(EventDataStoreBody {
                record: event_data_store(&first.record, &records),
                key: merged(&first.key, others.iter().map(|other| &other.key)),
            }))
        }
        Body::Alias { of } => {
            let others: Vec<_> =
                rest.iter().filter_map(|body| if let Body::Alias { of } = body { Some(of) } else { None }).collect();
            Body::Alias { of: merged(of, others.into_iter()) }
        }
        Body::AccountPublicAccessBlock(_) | Body::Neighbour(_) => first,
        Body::Setting { of, setting } => {
            let others: Vec<_> = rest
                .iter()
                .filter_map(|body| if let Body::Setting { of, setting } = body { Some((of, setting)) } else { None })
                .collect();
            let settings: Vec<&Setting> = others.iter().map(|other| other.1).collect();
            Body::Setting { of: merged(of, others.iter().map(|other| other.0)), setting: agreed_setting(setting, &settings) }
        }
    })
}

fn agreed_setting(first: &Setting, rest: &[&Setting]) -> Setting {
    match first {
        Setting::KeyPolicy(policy) => Setting::KeyPolicy(merged(
            policy,
            rest.iter().filter_map(|other| if let Setting::KeyPolicy(policy) = other { Some(policy) } else { None }),
        )),
        Setting::TopicPolicy(policy) => Setting::TopicPolicy(merged(
            policy,
            rest.iter().filter_map(|other| if let Setting::TopicPolicy(policy) = other { Some(policy) } else { None }),
        )),
        Setting::Subscription(subscription) => {
            let other = rest.iter().find_map(|other| match other {
                Setting::Subscription(other @ Subscription::Open(_)) => Some(other.clone()),
                _ => None,
            });
            Setting::Subscription(other.unwrap_or_else(|| subscription.clone()))
        }
        Setting::MetricFilter(filter) => Setting::MetricFilter(Box::new(merged(
            filter,
            rest.iter().filter_map(|other| if let Setting::MetricFilter(filter) = other { Some(&**filter) } else { None }),
        ))),
        Setting::SubscriptionFilter(filter) => Setting::SubscriptionFilter(Box::new(merged(
            filter,
            rest.iter().filter_map(|other| if let Setting::SubscriptionFilter(filter) = other { Some(&**filter) } else { None }),
        ))),
        Setting::RuleTarget(target) => Setting::RuleTarget(Box::new(merged(
            target,
            rest.iter().filter_map(|other| if let Setting::RuleTarget(target) = other { Some(&**target) } else { None }),
        ))),
        // Of the settings of a bucket a template has none but its policy apart from it.
        Setting::Bucket(setting) => match &**setting {
            BucketSetting::Policy(policy) => {
                let others = rest.iter().filter_map(|other| match other {
                    Setting::Bucket(other) => match &**other {
                        BucketSetting::Policy(policy) => Some(policy),
                        _ => None,
                    },
                    _ => None,
                });
                Setting::Bucket(Box::new(BucketSetting::Policy(merged(policy, others))))
            }
            other => Setting::Bucket(Box::new(other.clone())),
        },
    }
}

fn event_data_store(first: &EventDataStore, rest: &[&EventDataStore]) -> EventDataStore {
    agreed!(
        first,
        rest,
        EventDataStore,
        status,
        is_multi_region,
        is_organization,
        termination_protection_enabled,
        retention_days,
        billing_mode,
        kms_key_id,
        event_selectors,
    )
}

fn trail(first: &Trail, rest: &[&Trail]) -> Trail {
    agreed!(
        first,
        rest,
        Trail,
        is_multi_region,
        is_organization,
        include_global_service_events,
        log_file_validation_enabled,
        s3_key_prefix,
        cloud_watch_logs_role_arn,
        has_custom_event_selectors,
        has_insight_selectors,
        is_logging,
        event_selectors,
        insight_types,
        tags,
    )
}

fn bucket(first: &Bucket, rest: &[&Bucket]) -> Bucket {
    agreed!(
        first,
        rest,
        Bucket,
        versioning,
        mfa_delete,
        default_encryption,
        default_encryption_key_id,
        bucket_key_enabled,
        policy,
        acl_grants,
        object_ownership,
        public_access_block,
        access_log_prefix,
        object_lock,
        lifecycle_rules,
        replication_rules,
        tags,
    )
}

fn key(first: &Key, rest: &[&Key]) -> Key {
    agreed!(
        first,
        rest,
        Key,
        key_manager,
        key_state,
        key_spec,
        key_usage,
        origin,
        is_multi_region,
        deletion_date,
        rotation_enabled,
        rotation_period_days,
        policy,
    )
}

/// A resource that is made in some worlds alone, for this reason.
pub(in crate::source::code) fn conditional(mut body: Body, why: &Gap) -> Body {
    match &mut body {
        // A trail that is not made records nothing.
        Body::Trail(trail) => {
            if !matches!(trail.record.is_logging, Fact::Known { value: false, .. }) {
                trail.record.is_logging = Fact::Unknown(why.clone());
            }
        }
        // An alarm, a rule or a store that is not made does nothing.
        Body::Alarm(alarm) => {
            if !matches!(alarm.record.actions_enabled, Fact::Known { value: false, .. }) {
                alarm.record.actions_enabled = Fact::Unknown(why.clone());
            }
        }
        Body::Rule(rule) => rule.state = Fact::Unknown(why.clone()),
        Body::EventDataStore(store) => store.record.status = Fact::Unknown(why.clone()),
        Body::Setting { of, .. } | Body::Alias { of } => {
            *of = match std::mem::replace(of, Fact::Unknown(why.clone())) {
                Fact::Known { value, from, .. } => Fact::OneOf { candidates: vec![value, None], from },
                Fact::OneOf { mut candidates, from } => {
                    candidates.push(None);
                    Fact::OneOf { candidates, from }
                }
                unknown => unknown,
            };
        }
        // Who names one of these is made with it, or not at all.
        Body::Bucket(_)
        | Body::Key(_)
        | Body::LogGroup(_)
        | Body::Topic(_)
        | Body::AccountPublicAccessBlock(_)
        | Body::Neighbour(_) => {}
    }
    body
}
