//! Roles by which CloudTrail writes to log groups: who may assume them, and what their policies allow.

use futures_util::future::join_all;
use percent_encoding::percent_decode_str;
use tokio::join;

use super::arn::Arn;
use super::ask::{Ask, Heard, Paged, Reader, not_understood, pages, stated, try_fact};
use crate::aws::operation::{
    GET_POLICY, GET_POLICY_VERSION, GET_ROLE, GET_ROLE_POLICY, LIST_ATTACHED_ROLE_POLICIES, LIST_ROLE_POLICIES,
};
use crate::inventory::document::PolicyDocument;
use crate::inventory::{Fact, Gap, GapKind, Listing, Origin, Remedy, Role, RolePolicy};

/// Reads a role that a trail names. Without a reader for its account nothing can be asked: IAM answers the owner alone.
pub(super) async fn collect(owner: Option<&Reader>, arn: &str) -> Role {
    let parts = Arn::parse(arn);
    let name = parts.and_then(|parts| parts.resource.strip_prefix("role/")).and_then(|path| path.rsplit('/').next());
    let (Some(parts), Some(name)) = (parts, name) else {
        return unread(arn, &Gap::new(GapKind::NotUnderstood, format!("`{arn}` is not the ARN of a role")));
    };
    let Some(reader) = owner else {
        let message = format!("role {name} is in account {}, which was not read", parts.account);
        let remedy = Remedy::ScanAccount { account: Some(parts.account.to_string()) };
        return unread(arn, &Gap::new(GapKind::OtherAccount, message).with_remedy(remedy));
    };
    let region = reader.session.base_region();
    let ask = Ask::new(GET_ROLE, region, name).owned_by(parts.account).beside();
    let heard = reader.ask(ask, reader.session.iam(region).get_role().role_name(name).send()).await;
    let heard = match heard {
        Err(mut refusal) if refusal.code.as_deref() == Some("NoSuchEntity") => {
            let message = format!("role {name} does not exist in account {}, though a trail names it", parts.account);
            let remedy = Remedy::Do("create the role, or let the trail name another".into());
            let gap = Gap { call: refusal.gap.call.clone(), ..Gap::new(GapKind::NotFound, message).with_remedy(remedy) };
            let mut role = unread(arn, &gap);
            if let Some(call) = gap.call.clone() {
                role.exists = Fact::observed(false, Origin::Call(call));
                return role;
            }
            refusal.gap = Box::new(gap);
            Err(refusal)
        }
        heard => heard,
    };
    // A role is asked for by its name, which another one in another path may have.
    let answered = heard.as_ref().ok().and_then(|answer| Some((answer.value.role()?.arn(), answer)));
    if let Some((_, answer)) = answered.filter(|(other, _)| other.is_empty()) {
        return unread(arn, &not_understood(answer, "the role's ARN is missing in the answer"));
    }
    if let Some((other, answer)) = answered.filter(|(other, _)| *other != arn) {
        let message = format!("role {arn} does not exist: the role of that name is {other}");
        let remedy = Remedy::Do("let the trail name the role that there is".into());
        let gap = Gap::new(GapKind::NotFound, message).with_remedy(remedy).with_call(answer.call.clone());
        let mut role = unread(arn, &gap);
        role.exists = Fact::observed(false, answer.origin());
        return role;
    }
    let role = |what: &str| format!("the {what} of role {name}");
    let trust_policy = stated(&heard, "AssumeRolePolicyDocument", |output| {
        output.role().and_then(|role| role.assume_role_policy_document()).map(str::to_string)
    });
    let boundary = try_fact(&heard, |output| {
        let boundary = output.role().ok_or("`Role` is missing in the answer")?.permissions_boundary();
        boundary
            .map(|set| set.permissions_boundary_arn().map(str::to_string).ok_or("a permissions boundary without an ARN"))
            .transpose()
            .map_err(str::to_string)
    });
    let boundary = async {
        match boundary {
            Fact::Known { value: None, from, .. } => Fact::observed(None, from),
            Fact::Known { value: Some(boundary), .. } => managed(reader, &boundary).await.map(Some),
            Fact::OneOf { .. } => Fact::Unknown(Gap::new(GapKind::NotUnderstood, "a choice of permissions boundaries")),
            Fact::Unknown(gap) => Fact::Unknown(gap),
        }
    };
    let (written, attached, permissions_boundary) = join!(written(reader, name), attached(reader, name), boundary);
    let mut policies = written;
    policies.from.extend(attached.from);
    attached.gaps.into_iter().for_each(|gap| policies.add_gap(gap));
    policies.items.extend(attached.items);
    policies.items.sort_by(|a, b| a.name.cmp(&b.name));
    Role {
        arn: arn.to_string(),
        exists: try_fact(&heard, |_| Ok(true)),
        trust_policy: parsed(trust_policy, &role("trust policy")),
        permissions_boundary,
        policies,
    }
}

/// The policies that are written into the role.
async fn written(reader: &Reader, role: &str) -> Listing<RolePolicy> {
    let (client, region) = (reader.session.iam(reader.session.base_region()), reader.session.base_region());
    let paged = pages(
        |token| {
            let request = client.list_role_policies().role_name(role).set_marker(token).send();
            reader.ask(Ask::new(LIST_ROLE_POLICIES, region, role).beside(), request)
        },
        |page| page.marker().filter(|_| page.is_truncated()),
    )
    .await;
    let names: Vec<&String> = paged.pages.iter().flat_map(|page| page.value.policy_names()).collect();
    let read = names.into_iter().map(async |name| {
        let request = client.get_role_policy().role_name(role).policy_name(name).send();
        let heard = reader.ask(Ask::new(GET_ROLE_POLICY, region, role).beside(), request).await;
        let text = stated(&heard, "PolicyDocument", |output| Some(output.policy_document().to_string()));
        RolePolicy { name: name.clone(), document: parsed(text, &format!("policy {name} of role {role}")) }
    });
    listed(&paged, join_all(read).await, |page| page.is_truncated() && page.marker().is_none())
}

/// The policies that are attached to the role, in the version that is in force.
async fn attached(reader: &Reader, role: &str) -> Listing<RolePolicy> {
    let (client, region) = (reader.session.iam(reader.session.base_region()), reader.session.base_region());
    let paged = pages(
        |token| {
            let request = client.list_attached_role_policies().role_name(role).set_marker(token).send();
            reader.ask(Ask::new(LIST_ATTACHED_ROLE_POLICIES, region, role).beside(), request)
        },
        |page| page.marker().filter(|_| page.is_truncated()),
    )
    .await;
    let attached = paged.pages.iter().flat_map(|page| page.value.attached_policies());
    let arns: Vec<Option<&str>> = attached.map(|policy| policy.policy_arn()).collect();
    let is_nameless = arns.iter().any(Option::is_none);
    let read =
        arns.into_iter().flatten().map(async |arn| RolePolicy { name: arn.to_string(), document: managed(reader, arn).await });
    let mut listing = listed(&paged, join_all(read).await, |page| page.is_truncated() && page.marker().is_none());
    if let Some(page) = paged.pages.iter().find(|page| page.value.attached_policies.is_none()) {
        listing.add_gap(not_understood(page, "`AttachedPolicies` is missing in the answer"));
    }
    if is_nameless {
        listing.add_gap(Gap::new(GapKind::NotUnderstood, format!("an attached policy of role {role} without an ARN")));
    }
    listing
}

/// The policies of these pages, and why there may be more: also where the last page has a next one and does not name it.
fn listed<P>(paged: &Paged<P>, policies: Vec<RolePolicy>, is_cut: impl Fn(&P) -> bool) -> Listing<RolePolicy> {
    let mut listing = Listing::complete(policies, paged.origins());
    let cut = paged.pages.last().filter(|page| is_cut(&page.value));
    let cut = cut.map(|page| not_understood(page, "there are more policies, and the answer does not say where"));
    paged.gap().into_iter().chain(cut).for_each(|gap| listing.add_gap(gap));
    listing
}

/// A managed policy, in the version that is in force.
async fn managed(reader: &Reader, arn: &str) -> Fact<PolicyDocument> {
    let (client, region) = (reader.session.iam(reader.session.base_region()), reader.session.base_region());
    let heard = reader.ask(Ask::new(GET_POLICY, region, arn).beside(), client.get_policy().policy_arn(arn).send()).await;
    let version = stated(&heard, "DefaultVersionId", |output| {
        output.policy().and_then(|policy| policy.default_version_id()).map(str::to_string)
    });
    let version = match version {
        Fact::Known { value, .. } => value,
        Fact::Unknown(gap) => return Fact::Unknown(gap),
        Fact::OneOf { .. } => return Fact::Unknown(Gap::new(GapKind::NotUnderstood, "a choice of versions")),
    };
    let request = client.get_policy_version().policy_arn(arn).version_id(&version).send();
    let heard: Heard<_> = reader.ask(Ask::new(GET_POLICY_VERSION, region, arn).beside(), request).await;
    let text = stated(&heard, "Document", |output| output.policy_version().and_then(|v| v.document()).map(str::to_string));
    parsed(text, &format!("policy {arn}"))
}

/// IAM writes documents as in a URL.
fn parsed(text: Fact<String>, what: &str) -> Fact<PolicyDocument> {
    match text {
        Fact::Known { value, from, basis } => {
            let decoded = percent_decode_str(&value).decode_utf8().map_err(|e| e.to_string());
            match decoded.and_then(|text| PolicyDocument::parse(&text).map_err(|e| e.to_string())) {
                Ok(value) => Fact::Known { value, from, basis },
                Err(why) => Fact::Unknown(Gap::new(GapKind::NotUnderstood, format!("{what}: {why}"))),
            }
        }
        Fact::Unknown(gap) => Fact::Unknown(gap),
        Fact::OneOf { .. } => Fact::Unknown(Gap::new(GapKind::NotUnderstood, format!("{what}: a choice"))),
    }
}

fn unread(arn: &str, gap: &Gap) -> Role {
    Role {
        arn: arn.to_string(),
        exists: Fact::Unknown(gap.clone()),
        trust_policy: Fact::Unknown(gap.clone()),
        permissions_boundary: Fact::Unknown(gap.clone()),
        policies: Listing::unread(gap.clone()),
    }
}
