//! What stands beside CloudTrail in each Region: AWS Config, GuardDuty, Security Hub.

use aws_sdk_config::types as sdk;
use futures_util::future::join_all;
use serde_json::Value;
use tokio::join;

use super::ask::{Ask, Heard, Reader, not_understood, pages};
use crate::aws::operation::{
    DESCRIBE_CONFIGURATION_RECORDER_STATUS, DESCRIBE_CONFIGURATION_RECORDERS, DESCRIBE_DELIVERY_CHANNEL_STATUS, DESCRIBE_HUB,
    GET_DETECTOR, LIST_DETECTORS,
};
use crate::inventory::{ConfigRecorder, ConfigRegion, DeliveryChannel, Fact, Gap, Listing, Origin, SecurityHub, ThreatDetection};

/// AWS Config in a Region.
pub(super) async fn config(reader: &Reader, region: &str) -> ConfigRegion {
    let client = reader.session.config_client(region);
    let (recorders, statuses, channels) = join!(
        reader.ask(
            Ask::new(DESCRIBE_CONFIGURATION_RECORDERS, region, "").beside(),
            client.describe_configuration_recorders().send()
        ),
        reader.ask(
            Ask::new(DESCRIBE_CONFIGURATION_RECORDER_STATUS, region, "").beside(),
            client.describe_configuration_recorder_status().send()
        ),
        reader.ask(
            Ask::new(DESCRIBE_DELIVERY_CHANNEL_STATUS, region, "").beside(),
            client.describe_delivery_channel_status().send()
        ),
    );
    let statuses = match &statuses {
        Ok(answer) => Ok((answer.value.configuration_recorders_status(), answer)),
        Err(refusal) => Err(&*refusal.gap),
    };
    let recorders = match &recorders {
        Err(refusal) => Listing::unread((*refusal.gap).clone()),
        Ok(answer) => {
            let mut listing = Listing::complete(Vec::new(), vec![answer.origin()]);
            if answer.value.configuration_recorders.is_none() {
                listing.add_gap(not_understood(answer, "`ConfigurationRecorders` is missing in the answer"));
            }
            for recorder in answer.value.configuration_recorders() {
                let Some(name) = recorder.name() else {
                    listing.add_gap(not_understood(answer, "a configuration recorder without a name"));
                    continue;
                };
                let status = statuses.as_ref().map_err(|gap| (*gap).clone()).and_then(|(statuses, answer)| {
                    let found = statuses.iter().find(|status| status.name() == Some(name));
                    let missing = || not_understood(answer, &format!("the status of recorder {name} is missing in the answer"));
                    found.map(|status| (status, answer.origin())).ok_or_else(missing)
                });
                let of_status = |read: &dyn Fn(&sdk::ConfigurationRecorderStatus) -> Fact<bool>| match &status {
                    Ok((status, _)) => read(status),
                    Err(gap) => Fact::Unknown(gap.clone()),
                };
                let from = status.as_ref().ok().map(|(_, from)| from.clone());
                let is_recording = of_status(&|status| match &from {
                    Some(from) => Fact::observed(status.recording(), from.clone()),
                    None => Fact::observed(status.recording(), answer.origin()),
                });
                let last_status = match &status {
                    Ok((status, from)) => Fact::observed(status.last_status().map(|last| spelt(last.as_str())), from.clone()),
                    Err(gap) => Fact::Unknown(gap.clone()),
                };
                let (records_all_types, records_global_types) = recorded_types(recorder.recording_group());
                listing.items.push(ConfigRecorder {
                    name: name.to_string(),
                    service_principal: recorder.service_principal().map(str::to_string),
                    records_all_types,
                    records_global_types,
                    is_recording,
                    last_status,
                });
            }
            listing
        }
    };
    ConfigRegion { region: region.to_string(), recorders, delivery_channels: delivery_channels(&channels) }
}

/// Whether every type is recorded, and whether those of global services are. What is not written takes AWS's default: every
/// type, those of global services left out. Source: the RecordingGroup type of the AWS Config API.
fn recorded_types(group: Option<&sdk::RecordingGroup>) -> (bool, bool) {
    const GLOBAL: [sdk::ResourceType; 4] =
        [sdk::ResourceType::User, sdk::ResourceType::Group, sdk::ResourceType::Role, sdk::ResourceType::Policy];
    let Some(group) = group else { return (true, false) };
    let strategy = group.recording_strategy().and_then(|strategy| strategy.use_only());
    match strategy {
        Some(sdk::RecordingStrategyType::ExclusionByResourceTypes) => {
            let excluded = group.exclusion_by_resource_types().map_or(&[][..], |e| e.resource_types());
            (excluded.is_empty(), GLOBAL.iter().all(|kind| !excluded.contains(kind)))
        }
        Some(sdk::RecordingStrategyType::InclusionByResourceTypes) => {
            (false, GLOBAL.iter().all(|kind| group.resource_types().contains(kind)))
        }
        _ if group.all_supported() => (true, group.include_global_resource_types()),
        _ => (false, GLOBAL.iter().all(|kind| group.resource_types().contains(kind))),
    }
}

fn delivery_channels(
    heard: &Heard<aws_sdk_config::operation::describe_delivery_channel_status::DescribeDeliveryChannelStatusOutput>,
) -> Listing<DeliveryChannel> {
    let answer = match heard {
        Ok(answer) => answer,
        Err(refusal) => return Listing::unread((*refusal.gap).clone()),
    };
    let mut listing = Listing::complete(Vec::new(), vec![answer.origin()]);
    if answer.value.delivery_channels_status.is_none() {
        listing.add_gap(not_understood(answer, "`DeliveryChannelsStatus` is missing in the answer"));
    }
    for channel in answer.value.delivery_channels_status() {
        let status = |info: Option<&sdk::ConfigExportDeliveryInfo>| Some(spelt(info?.last_status()?.as_str()));
        listing.items.push(DeliveryChannel {
            name: channel.name().unwrap_or_default().to_string(),
            history_status: status(channel.config_history_delivery_info()),
            snapshot_status: status(channel.config_snapshot_delivery_info()),
        });
    }
    listing
}

/// A status as the API's model spells it: answers spell it in capitals, as in `SUCCESS`.
fn spelt(status: &str) -> String {
    const MODEL: [&str; 5] = ["Success", "Failure", "Pending", "NotApplicable", "Not_Applicable"];
    MODEL.into_iter().find(|model| model.eq_ignore_ascii_case(status)).unwrap_or(status).to_string()
}

/// GuardDuty in a Region.
pub(super) async fn threat_detection(reader: &Reader, region: &str, partition: &str) -> ThreatDetection {
    let paged = pages(
        |token| {
            let query = token.map_or(String::new(), |token| format!("?nextToken={}", encoded(&token)));
            let request = reader.session.get_json(LIST_DETECTORS, region, partition, format!("/detector{query}"));
            reader.ask(Ask::new(LIST_DETECTORS, region, "").beside(), request)
        },
        |page: &Value| page["nextToken"].as_str(),
    )
    .await;
    let known = |enabled| ThreatDetection { region: region.to_string(), enabled };
    if let Some(gap) = paged.gap() {
        return known(Fact::Unknown(gap));
    }
    let mut ids = Vec::new();
    for page in &paged.pages {
        let Some(listed) = page.value["detectorIds"].as_array() else {
            return known(Fact::Unknown(not_understood(page, "`detectorIds` is missing in the answer")));
        };
        ids.extend(listed.iter().filter_map(Value::as_str).map(str::to_string));
    }
    let states = join_all(ids.iter().map(async |id| {
        let path = format!("/detector/{}", encoded(id));
        let request = reader.session.get_json(GET_DETECTOR, region, partition, path);
        reader.ask(Ask::new(GET_DETECTOR, region, id).beside(), request).await
    }))
    .await;
    let mut gap: Option<Gap> = None;
    for state in &states {
        match state {
            Ok(answer) => match answer.value["status"].as_str() {
                Some("ENABLED") => return known(Fact::observed(true, answer.origin())),
                Some(_) => {}
                None => gap = gap.or(Some(not_understood(answer, "`status` is missing in the answer"))),
            },
            Err(refusal) => gap = gap.or(Some((*refusal.gap).clone())),
        }
    }
    let from = states.iter().flatten().map(crate::aws::Answer::origin).next_back();
    let listed = paged.pages.last().map(crate::aws::Answer::origin);
    match (gap, from.or(listed)) {
        (Some(gap), _) => known(Fact::Unknown(gap)),
        (None, Some(from)) => known(Fact::observed(false, from)),
        (None, None) => known(super::ask::derived(false)),
    }
}

/// Security Hub in a Region. A subscription that is not there is a refusal that says so; the same code stands for an account
/// that has no permission. Source: the errors of DescribeHub in the Security Hub API.
pub(super) async fn security_hub(reader: &Reader, region: &str, partition: &str) -> SecurityHub {
    let request = reader.session.get_json(DESCRIBE_HUB, region, partition, "/accounts".into());
    let heard = reader.ask_or_none(Ask::new(DESCRIBE_HUB, region, "").beside(), &["ResourceNotFoundException"], request).await;
    let enabled = match &heard {
        Err(refusal) if refusal.code.as_deref() == Some("InvalidAccessException") => match &refusal.gap.call {
            Some(call) if refusal.gap.message.contains("not subscribed") => Fact::observed(false, Origin::Call(call.clone())),
            _ => Fact::Unknown((*refusal.gap).clone()),
        },
        Err(refusal) => Fact::Unknown((*refusal.gap).clone()),
        Ok(answer) => match &answer.value {
            None => Fact::observed(false, answer.origin()),
            Some(hub) if hub["HubArn"].is_string() => Fact::observed(true, answer.origin()),
            Some(_) => Fact::Unknown(not_understood(answer, "`HubArn` is missing in the answer")),
        },
    };
    SecurityHub { region: region.to_string(), enabled }
}

/// A text as a part of an address.
fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
