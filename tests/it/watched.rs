//! What the monitoring policies ask for, held against the patterns that AWS, CIS and Security Hub publish.
//!
//! However such a pattern is written, it must be enough; and however it is narrowed, it must not.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;

use trailproof::policy::catalogue::Catalogue;
use trailproof::semantics::filter_pattern::FilterPattern;
use trailproof::semantics::leaf::Path;
use trailproof::semantics::watch::{Constraint, Coverage, WatchedEvent, Watcher, covers};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().expect("the embedded policies are right"));

/// The monitoring policies' events, by policy and name, for one account with two Regions.
fn families() -> BTreeMap<(String, String), WatchedEvent> {
    let monitoring = CATALOGUE.policies.iter().filter(|(id, _)| id.starts_with("monitoring-"));
    monitoring
        .flat_map(|(id, policy)| policy.watched.iter().map(move |(name, event)| ((id.clone(), name.clone()), event)))
        .map(|(key, event)| {
            let regions = vec!["us-east-1".into(), "eu-west-1".into()];
            (key, event.with("recipientAccountId", vec!["111122223333".into()]).with("awsRegion", regions).of_management())
        })
        .collect()
}

fn asked(event: &WatchedEvent, patterns: &[String]) -> Vec<Coverage> {
    let parsed: Vec<FilterPattern> =
        patterns.iter().map(|p| FilterPattern::parse(p).unwrap_or_else(|e| panic!("{p}: {e}"))).collect();
    let watchers: Vec<Watcher<'_>> = parsed.iter().map(Watcher::Filter).collect();
    event.parts().into_iter().map(|(_, part)| covers(&part, &watchers)).collect()
}

fn is_covered(event: &WatchedEvent, patterns: &[String]) -> bool {
    asked(event, patterns).iter().all(|c| matches!(c, Coverage::Covered))
}

fn escapes(event: &WatchedEvent, patterns: &[String]) -> bool {
    asked(event, patterns).iter().any(|c| matches!(c, Coverage::Escapes(_)))
}

fn names(event: &WatchedEvent) -> Option<Vec<String>> {
    match event.fields.get(&Path::of_keys("eventName")) {
        Some(Constraint::OneOf(names)) if event.text("eventSource").is_some() => Some(names.clone()),
        _ => None,
    }
}

#[test]
fn what_a_policy_proposes_is_enough_and_short_enough() {
    let families = families();
    assert!(families.len() >= 20, "only {}", families.len());
    for ((policy, name), event) in &families {
        let written = &CATALOGUE.policies[policy].watched[name];
        let pattern = written.filter_pattern();
        assert!(pattern.chars().count() <= 1_024, "{policy}: {pattern}");
        assert!(
            is_covered(event, std::slice::from_ref(&pattern)),
            "{policy}: {pattern}: {:?}",
            asked(event, std::slice::from_ref(&pattern))
        );
    }
}

/// Event name by event name as the pages list them, so that a name that a policy asks for is one that they publish.
#[test]
fn published_patterns_are_enough() {
    let any = |names: &str| names.split(' ').map(|n| format!("($.eventName={n})")).collect::<Vec<_>>().join(" || ");
    let of = |source: &str, names: &str| format!("{{($.eventSource={source}.amazonaws.com) && ({})}}", any(names));
    let all = |names: &str| format!("{{{}}}", any(names));
    let published = [
        ("root-use", r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#.to_string()),
        ("unauthorized-calls", r#"{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}"#.to_string()),
        ("unauthorized-calls", r#"{ ($.errorCode ="*UnauthorizedOperation") || ($.errorCode ="AccessDenied*") && ($.sourceIPAddress!="delivery.logs.amazonaws.com") && ($.eventName!="HeadBucket") }"#.to_string()),
        ("unauthorized-calls", r#"{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") || ($.sourceIPAddress!="delivery.logs.amazonaws.com") || ($.eventName!="HeadBucket") }"#.to_string()),
        ("unauthorized-calls", r#"{ ($.errorCode = *UnauthorizedOperation) || ($.errorCode = AccessDenied*) }"#.to_string()),
        ("console-sign-in-without-mfa", r#"{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }"#.to_string()),
        ("console-sign-in-without-mfa", r#"{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }"#.to_string()),
        ("console-sign-in-failures", r#"{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}"#.to_string()),
        ("iam-policy-changes", of("iam", "DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy AttachUserPolicy DetachUserPolicy AttachGroupPolicy DetachGroupPolicy")),
        ("trail-changes", all("CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging")),
        ("key-disabled-or-deleted", of("kms", "DisableKey ScheduleKeyDeletion")),
        ("bucket-policy-changes", of("s3", "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication DeleteBucketPolicy DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication")),
        ("config-changes", of("config", "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel PutConfigurationRecorder")),
        ("security-group-changes", all("AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup")),
        ("network-acl-changes", all("CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry ReplaceNetworkAclAssociation")),
        ("network-gateway-changes", all("CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway DeleteInternetGateway DetachInternetGateway")),
        ("route-table-changes", of("ec2", "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute DisassociateRouteTable")),
        ("route-table-changes", all("CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute DisassociateRouteTable")),
        ("vpc-changes", all("CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection CreateVpcPeeringConnection DeleteVpcPeeringConnection RejectVpcPeeringConnection AttachClassicLinkVpc DetachClassicLinkVpc DisableVpcClassicLink EnableVpcClassicLink")),
        ("organization-changes", of("organizations", "AcceptHandshake AttachPolicy CreateAccount CreateOrganizationalUnit CreatePolicy DeclineHandshake DeleteOrganization DeleteOrganizationalUnit DeletePolicy DetachPolicy DisablePolicyType EnablePolicyType InviteAccountToOrganization LeaveOrganization MoveAccount RemoveAccountFromOrganization UpdatePolicy UpdateOrganizationalUnit")),
    ];
    let families = families();
    for (policy, pattern) in published {
        let id = format!("monitoring-{policy}");
        let event = families.iter().find(|((of, name), _)| *of == id && name != "modified_rules").expect("a policy").1;
        let found = asked(event, std::slice::from_ref(&pattern));
        assert!(found.iter().all(|c| matches!(c, Coverage::Covered)), "{policy}: {pattern}: {found:?}");
    }
}

/// A condition on the event's name, written in one of the ways in which people write it.
fn written(name: &str, style: u8) -> String {
    match style % 5 {
        0 => format!("($.eventName={name})"),
        1 => format!("($.eventName = \"{name}\")"),
        2 => format!("( $.eventName =\"{name}\" )"),
        3 => format!("(($.eventName = {name}))"),
        _ => format!("$.eventName={name}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn order_quoting_spacing_and_more_events_change_nothing(
        which in any::<Index>(),
        order in prop::collection::vec(any::<Index>(), 20),
        styles in prop::collection::vec(any::<u8>(), 24),
        more in 0..3_usize,
        source in 0..3_u8,
        gap in prop_oneof![Just(""), Just(" "), Just("  "), Just("\n")],
        split in any::<bool>(),
    ) {
        let lists: Vec<(WatchedEvent, Vec<String>)> =
            families().into_values().filter_map(|event| Some((event.clone(), names(&event)?))).collect();
        let (event, mut names) = lists[which.index(lists.len())].clone();
        names.extend((0..more).map(|i| format!("Other{i}")));
        for (at, with) in order.iter().enumerate().take(names.len()) {
            names.swap(at, with.index(order.len()) % order.len().min(at + 1));
        }
        let parts: Vec<String> = names.iter().zip(styles.iter().cycle()).map(|(n, s)| written(n, *s)).collect();
        let pattern = |parts: &[String]| {
            let any = parts.join(&format!("{gap}||{gap}"));
            match (source, event.text("eventSource")) {
                (1, Some(source)) => format!("{{{gap}($.eventSource = {source}){gap}&&{gap}({any}){gap}}}"),
                (2, Some(source)) => format!("{gap}{{ ({any}) && $.eventSource=\"{source}\" }}{gap}"),
                _ => format!("{{{any}}}"),
            }
        };
        let patterns = match (split, parts.split_at(parts.len() / 2)) {
            (true, (a, b)) if !a.is_empty() => vec![pattern(a), pattern(b)],
            _ => vec![pattern(&parts)],
        };
        if patterns.iter().all(|p| p.chars().count() <= 1_024) {
            prop_assert!(is_covered(&event, &patterns), "{:?}: {:?}", patterns, asked(&event, &patterns));
        }
    }

    #[test]
    fn a_narrowed_pattern_is_never_enough(
        which in any::<Index>(),
        narrowing in prop_oneof![
            Just("$.userIdentity.userName = \"alice\""),
            Just("$.userIdentity.userName != \"alice\""),
            Just("$.userIdentity.arn = \"arn:aws:iam::111122223333:user/alice\""),
            Just("$.errorCode NOT EXISTS"),
            Just("$.errorCode = *"),
            Just("$.sourceIPAddress != 10.*"),
            Just("$.sourceIPAddress = %^10%"),
            Just("$.awsRegion = us-east-1"),
            Just("$.userAgent NOT EXISTS"),
            Just("$.requestParameters.name = \"main\""),
            Just("$.userIdentity.type = \"IAMUser\" && $.userIdentity.type = \"Root\""),
            Just("$.eventName NOT EXISTS"),
            Just("$.eventname = *"),
            Just("$.eventVersion = 0.9"),
            Just("$.recipientAccountId = 999999999999"),
            Just("$.requestID = 7"),
        ],
    ) {
        let all: Vec<((String, String), WatchedEvent)> = families().into_iter().collect();
        let ((policy, name), event) = &all[which.index(all.len())];
        let whole = CATALOGUE.policies[policy].watched[name].filter_pattern();
        let inner = &whole[1..whole.len() - 1];
        let pattern = format!("{{ ({inner}) && {narrowing} }}");
        // An event that is refused has its error code; one that was not narrowed stays as it was.
        let says_so = event.fields.contains_key(&Path::of_keys("errorCode")) && narrowing == "$.errorCode = *";
        if pattern.chars().count() <= 1_024 && !says_so {
            prop_assert!(escapes(event, std::slice::from_ref(&pattern)), "{}: {}: {:?}", policy, pattern, asked(event, std::slice::from_ref(&pattern)));
        }
    }
}
