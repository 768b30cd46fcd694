//! The role by which CloudTrail writes to a log group: pages, versions, boundaries, refusals.

use super::server::{ACCOUNT, FakeTrail, Fault, Server};
use super::watch::{read, replays, watched};
use super::*;
use crate::inventory::{Role, RolePolicy};

const NAME: &str = "arn:aws:iam::111122223333:role/service/to-logs";
const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/boundary";
const SHARED: &str = "arn:aws:iam::aws:policy/Shared";

fn answer(operation: &str, result: &str) -> Fault {
    let text = format!(
        "<{operation}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{operation}Result>{result}</{operation}Result>\
         </{operation}Response>"
    );
    Fault::Answer(200, Box::leak(text.into_boxed_str()))
}

fn refused(code: &str) -> Fault {
    let text =
        format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>");
    Fault::Answer(if code == "NoSuchEntity" { 404 } else { 403 }, Box::leak(text.into_boxed_str()))
}

/// A document about an action, as IAM writes it.
fn document(action: &str) -> String {
    format!(
        "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22{action}%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D"
    )
}

fn role(more: &str) -> Fault {
    let trust = "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22cloudtrail.amazonaws.com\
                 %22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D";
    let result = format!(
        "<Role><Path>/service/</Path><RoleName>to-logs</RoleName><RoleId>AROAEXAMPLE</RoleId><Arn>{NAME}</Arn>\
         <CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument>{more}</Role>"
    );
    answer("GetRole", &result)
}

fn boundary() -> String {
    format!(
        "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
         <PermissionsBoundaryArn>{BOUNDARY}</PermissionsBoundaryArn></PermissionsBoundary>"
    )
}

fn listed(operation: &str, list: &str, items: &str, marker: Option<&str>) -> Fault {
    let more = marker.map_or("<IsTruncated>false</IsTruncated>".to_string(), |marker| {
        format!("<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>")
    });
    answer(operation, &format!("{more}<{list}>{items}</{list}>"))
}

fn written(name: &str, document: &str) -> Fault {
    let result =
        format!("<RoleName>to-logs</RoleName><PolicyName>{name}</PolicyName><PolicyDocument>{document}</PolicyDocument>");
    answer("GetRolePolicy", &result)
}

/// A role with all that one can have; a call that is named gets another answer.
fn faults(other: &[(&'static str, Fault)]) -> Vec<(&'static str, Vec<Fault>)> {
    let attached = format!("<member><PolicyName>Shared</PolicyName><PolicyArn>{SHARED}</PolicyArn></member>");
    let policy = |_| answer("GetPolicy", "<Policy><PolicyName>p</PolicyName><DefaultVersionId>v3</DefaultVersionId></Policy>");
    let version = |_| {
        let document = document("logs%3A%2A");
        answer(
            "GetPolicyVersion",
            &format!("<PolicyVersion><Document>{document}</Document><VersionId>v3</VersionId></PolicyVersion>"),
        )
    };
    let all = vec![
        ("iam:GetRole", vec![role(&boundary())]),
        (
            "iam:ListRolePolicies",
            vec![
                listed("ListRolePolicies", "PolicyNames", "<member>one</member>", Some("next")),
                listed("ListRolePolicies", "PolicyNames", "<member>two</member>", None),
            ],
        ),
        (
            "iam:GetRolePolicy",
            vec![written("one", &document("logs%3APutLogEvents")), written("two", &document("logs%3ACreateLogStream"))],
        ),
        ("iam:ListAttachedRolePolicies", vec![listed("ListAttachedRolePolicies", "AttachedPolicies", &attached, None)]),
        ("iam:GetPolicy", (0..2).map(policy).collect()),
        ("iam:GetPolicyVersion", (0..2).map(version).collect()),
    ];
    let instead = |(operation, answers): (&'static str, Vec<Fault>)| {
        let other = other.iter().find(|(name, _)| *name == operation).map(|(_, fault)| vec![fault.clone(); answers.len()]);
        (operation, other.unwrap_or(answers))
    };
    all.into_iter().map(instead).collect()
}

async fn roled(other: &[(&'static str, Fault)], name: &'static str) -> (Server, Session, Inventory) {
    let mut world = watched(faults(other));
    world.trails = vec![FakeTrail { log_group: Some("trails"), role: Some(name), ..FakeTrail::new("main", "eu-west-1", true) }];
    read(world).await
}

fn of(inventory: &Inventory) -> &Role {
    inventory.trails[0].cloud_watch_logs_role.known().and_then(Option::as_ref).expect("a role")
}

#[tokio::test]
async fn a_role_is_read_with_all_its_policies() {
    let (server, session, inventory) = roled(&[], NAME).await;
    let role = of(&inventory);
    assert_eq!((role.arn.as_str(), role.exists.known()), (NAME, Some(&true)));
    assert_eq!(role.trust_policy.known().map(|trust| trust.statements.len()), Some(1));
    assert!(matches!(role.permissions_boundary.known(), Some(Some(_))));
    assert!(role.policies.is_complete());
    let names: Vec<&str> = role.policies.items.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!(names, [SHARED, "one", "two"]);
    assert!(role.policies.items.iter().all(|policy| policy.document.known().is_some()), "{role:#?}");
    let counts = server.counts();
    let of = |operation: &str| counts.get(operation).copied().unwrap_or(0);
    assert_eq!((of("iam:GetRole"), of("iam:ListRolePolicies"), of("iam:GetRolePolicy")), (1, 2, 2));
    assert_eq!((of("iam:ListAttachedRolePolicies"), of("iam:GetPolicy"), of("iam:GetPolicyVersion")), (1, 2, 2));
    replays(&session, &inventory).await;
}

#[tokio::test]
async fn what_is_not_answered_is_not_known() {
    let documents = |policies: &[RolePolicy]| policies.iter().filter(|policy| policy.document.known().is_some()).count();
    for (operation, fault, kind) in [
        ("iam:GetRole", refused("AccessDenied"), GapKind::Denied),
        ("iam:GetRole", answer("GetRole", ""), GapKind::NotUnderstood),
        ("iam:ListRolePolicies", refused("AccessDenied"), GapKind::Denied),
        (
            "iam:ListRolePolicies",
            answer("ListRolePolicies", "<IsTruncated>true</IsTruncated><PolicyNames/>"),
            GapKind::NotUnderstood,
        ),
        (
            "iam:ListAttachedRolePolicies",
            answer("ListAttachedRolePolicies", "<IsTruncated>true</IsTruncated><AttachedPolicies/>"),
            GapKind::NotUnderstood,
        ),
        (
            "iam:ListAttachedRolePolicies",
            answer("ListAttachedRolePolicies", "<IsTruncated>false</IsTruncated>"),
            GapKind::NotUnderstood,
        ),
        ("iam:ListAttachedRolePolicies", refused("AccessDenied"), GapKind::Denied),
        (
            "iam:ListAttachedRolePolicies",
            listed("ListAttachedRolePolicies", "AttachedPolicies", "<member><PolicyName>p</PolicyName></member>", None),
            GapKind::NotUnderstood,
        ),
        ("iam:GetRolePolicy", refused("AccessDenied"), GapKind::Denied),
        ("iam:GetRolePolicy", written("one", "%7B%22Statement%22"), GapKind::NotUnderstood),
        ("iam:GetRolePolicy", written("one", "%FF"), GapKind::NotUnderstood),
        ("iam:GetPolicy", refused("AccessDenied"), GapKind::Denied),
        ("iam:GetPolicy", answer("GetPolicy", "<Policy/>"), GapKind::NotUnderstood),
        ("iam:GetPolicyVersion", refused("AccessDenied"), GapKind::Denied),
        ("iam:GetPolicyVersion", answer("GetPolicyVersion", "<PolicyVersion/>"), GapKind::NotUnderstood),
    ] {
        let (_, session, inventory) = roled(&[(operation, fault)], NAME).await;
        let role = of(&inventory);
        let of_documents = role.policies.items.iter().filter_map(|policy| policy.document.gap());
        let of_role = [role.exists.gap(), role.trust_policy.gap(), role.permissions_boundary.gap()];
        let gaps: Vec<GapKind> =
            of_role.into_iter().flatten().chain(of_documents).chain(&role.policies.gaps).map(|gap| gap.kind).collect();
        assert!(!gaps.is_empty() && gaps.iter().all(|gap| *gap == kind), "{operation}: {gaps:?} {role:#?}");
        assert!(documents(&role.policies.items) < 3 || operation == "iam:GetRole", "{operation}: {role:#?}");
        replays(&session, &inventory).await;
    }
}

#[tokio::test]
async fn a_role_that_is_gone_is_known_to_be() {
    // The role of the same name in another path is another one.
    let (_, session, inventory) = roled(&[], "arn:aws:iam::111122223333:role/to-logs").await;
    assert_eq!(of(&inventory).exists.known(), Some(&false));
    assert_eq!(of(&inventory).permissions_boundary.gap().map(|gap| gap.kind), Some(GapKind::NotFound));
    replays(&session, &inventory).await;
    let (server, session, inventory) = roled(&[("iam:GetRole", refused("NoSuchEntity"))], NAME).await;
    let role = of(&inventory);
    assert_eq!(role.exists.known(), Some(&false));
    assert_eq!(role.trust_policy.gap().map(|gap| gap.kind), Some(GapKind::NotFound));
    assert!(!role.policies.is_complete());
    assert_eq!(server.counts().get("iam:ListRolePolicies"), None);
    replays(&session, &inventory).await;
    for (name, kind) in [("arn:aws:iam::444455556666:role/theirs", GapKind::OtherAccount), ("to-logs", GapKind::NotUnderstood)] {
        let (server, _, inventory) = roled(&[], name).await;
        let role = of(&inventory);
        assert_eq!(role.exists.gap().map(|gap| gap.kind), Some(kind), "{name}");
        assert_eq!(server.counts().get("iam:GetRole"), None, "{name}: {ACCOUNT} cannot tell");
    }
}
