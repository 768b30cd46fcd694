//! Topics that trails tell of their deliveries.

use std::collections::HashMap;

use super::arn::Arn;
use super::ask::{Ask, Reader, text, try_fact};
use crate::aws::operation::GET_TOPIC_ATTRIBUTES;
use crate::inventory::document::PolicyDocument;
use crate::inventory::{Fact, Gap, GapKind, Listing, Remedy, Topic, TrailRef};

/// Reads a topic, in the account that owns it where that can be asked. Its policy may let others ask too.
pub(super) async fn collect(reader: &Reader, arn: &str, partition: &str, trails: Listing<TrailRef>) -> Topic {
    let parts = Arn::parse(arn);
    let (account, region, name) = parts.map_or(("", "", arn), |p| (p.account, p.region, p.resource));
    let mut topic = Topic {
        arn: arn.to_string(),
        name: name.to_string(),
        partition: partition.to_string(),
        owner_account: account.to_string(),
        region: region.to_string(),
        exists: Fact::Unknown(not_a_topic(arn)),
        kms_key_id: Fact::Unknown(not_a_topic(arn)),
        policy: Fact::Unknown(not_a_topic(arn)),
        subscriptions_confirmed: Fact::Unknown(not_a_topic(arn)),
        subscriptions_pending: Fact::Unknown(not_a_topic(arn)),
        trails,
    };
    if parts.is_none() {
        return topic;
    }
    let request = reader.session.sns(region).get_topic_attributes().topic_arn(arn).send();
    let heard = reader.ask(Ask::new(GET_TOPIC_ATTRIBUTES, region, arn).owned_by(account), request).await;
    let heard = match heard {
        Err(mut refusal) if refusal.code.as_deref() == Some("NotFound") && account == reader.account => {
            let message = format!("topic {name} does not exist in account {account}, {region}, though a trail names it");
            let remedy = Remedy::Do("create the topic, or let the trail tell another".into());
            let gap = Gap { call: refusal.gap.call.clone(), ..Gap::new(GapKind::NotFound, message).with_remedy(remedy) };
            if let Some(call) = gap.call.clone() {
                topic.exists = Fact::observed(false, crate::inventory::Origin::Call(call));
            }
            refusal.gap = Box::new(gap);
            Err(refusal)
        }
        heard => heard,
    };
    if !matches!(topic.exists, Fact::Known { .. }) {
        topic.exists = try_fact(&heard, |_| Ok(true));
    }
    let attribute = |attributes: Option<&HashMap<String, String>>, name: &str| text(attributes?.get(name).map(String::as_str));
    let count = |name: &'static str| {
        try_fact(&heard, |output| {
            let count = attribute(output.attributes(), name).ok_or_else(|| format!("`{name}` is missing in the answer"))?;
            count.parse().map_err(|_| format!("`{name}` is no number"))
        })
    };
    topic.kms_key_id = try_fact(&heard, |output| match output.attributes() {
        None => Err("`Attributes` is missing in the answer".into()),
        attributes => Ok(attribute(attributes, "KmsMasterKeyId")),
    });
    topic.policy = try_fact(&heard, |output| match output.attributes() {
        None => Err("`Attributes` is missing in the answer".into()),
        attributes => attribute(attributes, "Policy")
            .map(|policy| PolicyDocument::parse(&policy).map_err(|e| format!("the policy of topic {name}: {e}")))
            .transpose(),
    });
    topic.subscriptions_confirmed = count("SubscriptionsConfirmed");
    topic.subscriptions_pending = count("SubscriptionsPending");
    topic
}

fn not_a_topic(arn: &str) -> Gap {
    Gap::new(GapKind::NotUnderstood, format!("`{arn}` is not the ARN of a topic"))
}
