//! Collectors against a small AWS on loopback, and against what was recorded of it.

mod beside;
mod role;
mod server;
mod watch;

use std::time::Duration;

use aws_credential_types::Credentials;
use jiff::Timestamp;

use self::server::{ACCOUNT, FakeTrail, Fault, Server, World};
use super::collect;
use crate::aws::{ConnectError, Ending, Interrupt, Options, Plan, Recording, RecordingError, Session, Timeouts, connect};
use crate::inventory::{Fact, GapKind, Inventory, RegionOutcome, Remedy};

const KEY_ID: &str = "AKIAFAKEFAKEFAKE0001";
const SECRET: &str = "a-secret-key-of-nobody";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";

fn options(server: &Server, regions: &[&str]) -> Options {
    Options {
        regions: regions.iter().map(ToString::to_string).collect(),
        endpoint_url: Some(server.url()),
        credentials: Some(Credentials::new(KEY_ID, SECRET, Some(TOKEN.into()), None, "test")),
        timeouts: Timeouts {
            operation: Duration::from_secs(20),
            attempt: Duration::from_millis(600),
            connect: Duration::from_secs(2),
            first_pause: Duration::from_millis(5),
        },
        ..Options::default()
    }
}

fn world(regions: &[&'static str], trails: Vec<FakeTrail>) -> World {
    World { regions: regions.to_vec(), trails, buckets: vec!["trail-logs".into()], has_policy: true, ..World::default() }
}

/// A session in eu-west-1 that reads every Region: the base Region is the first that is asked for, and all are asked for.
async fn scan(server: &Server, regions: &[&str]) -> (Session, Inventory) {
    let session = connect(options(server, regions)).await.expect("connects");
    let inventory = collect(&session, &Plan::default()).await.expect("collects");
    (session, inventory)
}

fn json(inventory: &Inventory) -> String {
    inventory.to_json().expect("an inventory serializes")
}

async fn replayed(recording: Recording) -> Inventory {
    let plan = recording.plan().clone();
    collect(&Session::replay(recording), &plan).await.expect("a recording is collected like an account")
}

const THREE: [&str; 3] = ["eu-west-1", "eu-west-2", "us-east-1"];

const SEVENTEEN: [&str; 17] = [
    "eu-west-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

#[tokio::test]
async fn the_number_of_calls_is_the_formula() {
    for regions in [&SEVENTEEN[..1], &THREE[..], &SEVENTEEN[..]] {
        for n in 0..=5 {
            for bucket in ["trail-logs", "their-logs"] {
                let last = *regions.last().expect("a Region");
                let names = ["main", "side", "third", "fourth", "fifth"];
                let trail = |(i, name): (usize, &'static str)| {
                    // Every second trail is of one Region, and every second of these lives in the last one.
                    let home = if i % 4 == 1 { last } else { "eu-west-1" };
                    FakeTrail { bucket, insights: i == 2, ..FakeTrail::new(name, home, i % 2 == 0) }
                };
                let trails: Vec<FakeTrail> = names.into_iter().enumerate().take(n).map(trail).collect();
                let server = Server::start(World { foreign: vec!["their-logs".into()], ..world(regions, trails.clone()) });
                let (_, inventory) = scan(&server, regions).await;
                let other_homes: std::collections::BTreeSet<_> =
                    trails.iter().filter(|t| !t.multi && t.home != "eu-west-1").map(|t| t.home).collect();
                let of_trail = |t: &FakeTrail| if t.multi { regions.len() } else { 1 } + 2 + usize::from(t.insights);
                let of_trails: usize = trails.iter().map(of_trail).sum();
                let of_bucket = match (n, bucket) {
                    (0, _) => 0,
                    (_, "trail-logs") => 1 + 12 + 1,
                    _ => 2,
                };
                let what = format!("{} Regions, {n} trails to {bucket}: {:?}", regions.len(), server.counts());
                let beside = 1 + 7 * regions.len();
                assert_eq!(server.total(), 7 + beside + other_homes.len() + of_trails + of_bucket, "{what}");
                assert_eq!(inventory.calls.len(), server.total(), "{what}");
                assert_eq!(inventory.trails.len(), n, "{what}");
                assert!(inventory.accounts[0].trails.is_complete(), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn other_buckets_of_the_account_cost_nothing() {
    let mut world = world(&THREE[..1], vec![FakeTrail::new("main", "eu-west-1", true)]);
    let few = Server::start(world.clone());
    scan(&few, &THREE[..1]).await;
    world.buckets.extend((0..200).map(|n| format!("trail-logs-{n}")));
    let many = Server::start(world);
    scan(&many, &THREE[..1]).await;
    assert_eq!(few.counts(), many.counts());
}

#[tokio::test]
async fn what_aws_says_is_in_the_inventory() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/k";
    let trail = FakeTrail { key: Some("alias/logs"), insights: true, ..FakeTrail::new("main", "eu-west-1", true) };
    let world = World { key: Some(key), disabled: vec!["af-south-1"], ..world(&THREE, vec![trail]) };
    let server = Server::start(world);
    let (_, inventory) = scan(&server, &["eu-west-1", "us-east-1"]).await;
    let account = &inventory.accounts[0];
    assert_eq!((account.id.as_str(), account.partition.as_str()), (ACCOUNT, "aws"));
    assert_eq!(account.alias.known(), Some(&Some("acme".to_string())));
    assert_eq!(account.regions.items, ["eu-west-1", "us-east-1"]);
    assert!(account.public_access_block.known().is_some_and(|b| b.block_public_acls && b.level == "account"));
    let outcome = |name: &str| {
        let regions = &inventory.scope.accounts[0].regions;
        regions.iter().find(|r| r.name == name).map(|r| r.outcome.clone()).expect("known")
    };
    assert_eq!(outcome("af-south-1"), RegionOutcome::NotEnabled);
    assert_eq!(outcome("eu-west-2"), RegionOutcome::NotAsked);
    assert_eq!(outcome("us-east-1"), RegionOutcome::Reached);
    let trail = &inventory.trails[0];
    assert_eq!(trail.status.items.iter().map(|s| s.region.as_str()).collect::<Vec<_>>(), ["eu-west-1", "us-east-1"]);
    assert_eq!(trail.is_logging.known(), Some(&true));
    let delivered: Timestamp = "2026-01-01T00:00:00.25Z".parse().expect("a time");
    assert_eq!(trail.status.items[0].latest_delivery_time.known(), Some(&Some(delivered)));
    assert_eq!(trail.status.items[0].latest_delivery_error.known(), Some(&None));
    assert_eq!(trail.insight_types.known(), Some(&vec!["ApiCallRateInsight".to_string()]));
    assert_eq!(trail.kms_key_id.known(), Some(&Some("alias/logs".to_string())));
    assert_eq!(trail.kms_key.known().and_then(Option::as_ref).map(|k| k.0.as_str()), Some(key));
    let bucket = &inventory.buckets[0];
    assert_eq!(bucket.owner_account.known().map(String::as_str), Some(ACCOUNT));
    assert_eq!(bucket.mfa_delete.known(), Some(&true));
    assert_eq!(bucket.default_encryption_key.known().and_then(Option::as_ref).map(|k| k.0.as_str()), Some(key));
    assert_eq!(bucket.public_access_block.known().map(|b| b.block_public_acls), Some(false));
    assert_eq!(bucket.access_log_bucket.known(), Some(&None));
    assert_eq!(bucket.tags.known(), Some(&Vec::new()));
    assert_eq!(bucket.object_lock.known().and_then(|l| l.as_ref()?.days), Some(730));
    assert_eq!(
        bucket.lifecycle_rules.known().map(|r| (r[0].prefix.clone(), r[0].expiration_days)),
        Some(("AWSLogs/".into(), Some(400)))
    );
    assert_eq!(bucket.top_level_prefixes.items, ["AWSLogs/"]);
    assert_eq!(inventory.keys.len(), 1, "two names of one key are one key");
    assert_eq!(inventory.keys[0].rotation_period_days.known(), Some(&Some(180)));
    assert_eq!(server.counts()["kms:DescribeKey"], 2);
    assert_eq!(server.counts()["kms:GetKeyPolicy"], 1);
}

/// A world in which much goes wrong.
fn broken_world() -> World {
    let mut world = world(&THREE, vec![FakeTrail::new("main", "eu-west-1", true)]);
    let error = |code: &'static str| Fault::Answer(400, code);
    world.faults = [
        ("cloudtrail:GetEventSelectors", vec![error(
            r#"{"__type":"AccessDeniedException","message":"User is not authorized\nto perform this"}"#,
        )]),
        ("cloudtrail:ListTags", vec![Fault::Answer(500, "oops"), Fault::Answer(503, "oops"), Fault::Nothing]),
        ("iam:ListAccountAliases", vec![Fault::Answer(
            403,
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>with an explicit deny in a service control policy</Message></Error></ErrorResponse>",
        )]),
        ("s3:GetBucketPolicy", vec![Fault::Cut]),
        ("s3:GetBucketAcl", vec![Fault::Answer(200, "<AccessControlPolicy><Acc")]),
        ("s3:GetBucketOwnershipControls", vec![Fault::Answer(200, "<html>log in to the network</html>")]),
        ("s3:GetBucketTagging", vec![Fault::Reset]),
        ("s3:GetBucketLogging", vec![Fault::Stall(Duration::from_secs(2))]),
        ("s3:GetBucketVersioning", vec![Fault::Cut, Fault::Nothing]),
        ("s3:GetBucketEncryption", vec![Fault::Answer(503, "<Error><Code>SlowDown</Code><Message>Please</Message></Error>")]),
        ("s3:GetObjectLockConfiguration", vec![Fault::Answer(
            400,
            "<Error><Code>ExpiredToken</Code><Message>old</Message><Token-0>IQoJb3JpZ2luX2VjEXAMPLETOKEN</Token-0>\
             <AWSAccessKeyId>AKIAFAKEFAKEFAKE0001</AWSAccessKeyId></Error>",
        )]),
    ]
    .into();
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_of_a_broken_run_gives_the_same_bytes() {
    let server = Server::start(broken_world());
    let (session, live) = scan(&server, &THREE).await;
    let kind = |gap: Option<&crate::inventory::Gap>| gap.map(|gap| gap.kind);
    let (trail, bucket) = (&live.trails[0], &live.buckets[0]);
    assert_eq!(kind(trail.event_selectors.gap()), Some(GapKind::Denied));
    let gap = trail.event_selectors.gap().expect("a gap");
    let remedy = Remedy::Allow { action: "cloudtrail:GetEventSelectors".into(), account: ACCOUNT.into() };
    assert_eq!(gap.remedy, Some(remedy));
    assert_eq!(
        gap.message,
        format!(
            "cloudtrail:GetEventSelectors of {} in account {ACCOUNT}, eu-west-1: AccessDeniedException: \
             User is not authorized to perform this (request req-cloudtrail-GetEventSelectors)",
            trail.arn
        )
    );
    assert_eq!(trail.tags.known().map(Vec::len), Some(1), "two server errors are retried");
    assert_eq!(bucket.versioning.known(), Some(&Some("Enabled".to_string())), "a body that is cut is retried");
    assert_eq!(kind(live.accounts[0].alias.gap()), Some(GapKind::BlockedByScp));
    assert_eq!(kind(bucket.policy.gap()), Some(GapKind::Failed));
    assert_eq!(bucket.policy_is_public.known(), Some(&false), "asked, for there may be a policy");
    assert_eq!(kind(bucket.acl_grants.gap()), Some(GapKind::Failed));
    assert!(bucket.acl_grants.gap().is_some_and(|g| g.message.contains("cut short")));
    assert_eq!(kind(bucket.object_ownership.gap()), Some(GapKind::Failed));
    assert!(bucket.object_ownership.gap().is_some_and(|g| g.message.contains("cannot be read")), "{:?}", bucket.object_ownership);
    assert_eq!(kind(bucket.tags.gap()), Some(GapKind::Failed));
    assert_eq!(kind(bucket.access_log_bucket.gap()), Some(GapKind::Failed));
    assert!(bucket.access_log_bucket.gap().is_some_and(|g| g.message.contains("no answer in time")));
    assert_eq!(kind(bucket.default_encryption.gap()), Some(GapKind::Throttled));
    assert_eq!(kind(bucket.object_lock.gap()), Some(GapKind::Failed));
    assert_eq!(server.counts()["s3:GetBucketEncryption"], 5);
    let region = live.scope.accounts[0].regions.iter().find(|r| r.name == "eu-west-1").expect("known");
    assert!(matches!(region.outcome, RegionOutcome::Gap(_)));

    let recording = session.recording(&Plan::default());
    assert_eq!(recording.len(), live.calls.len());
    let asked = server.total();
    assert_eq!(json(&replayed(recording.clone()).await), json(&live));
    assert_eq!(server.total(), asked, "a replay asks nobody");

    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path().join("recording");
    recording.write(&dir).expect("written");
    let loaded = Recording::load(&dir).expect("loads");
    assert_eq!(loaded.to_files().expect("read"), recording.to_files().expect("read"));
    assert_eq!(json(&replayed(loaded).await), json(&live));
    assert!(matches!(recording.write(&dir), Err(RecordingError::NotEmpty { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_holds_no_key_material() {
    let server = Server::start(broken_world());
    let (session, live) = scan(&server, &THREE).await;
    let files = session.recording(&Plan::default()).to_files().expect("files");
    assert!(files.len() > 20);
    let everything = files.into_iter().map(|(_, bytes)| String::from_utf8(bytes).expect("text")).chain([json(&live)]);
    for text in everything {
        let lower = text.to_lowercase();
        for secret in [KEY_ID, SECRET, TOKEN, "AWS4-HMAC", "Signature=", "secret=1"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        for header in ["x-amz-security-token", "authorization\":", "set-cookie", "amz-sdk-invocation-id"] {
            assert!(!lower.contains(header), "{header} in {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_stopped_is_an_inventory_with_gaps() {
    let mut world = world(&THREE, vec![FakeTrail::new("main", "eu-west-1", true)]);
    world.faults = [
        ("cloudtrail:GetEventSelectors", vec![Fault::Answer(500, "oops"), Fault::Stall(Duration::from_secs(30))]),
        ("kms:DescribeKey", vec![Fault::Nothing]),
    ]
    .into();
    world.trails[0].key = Some("alias/logs");
    let server = Server::start(world);
    let interrupt = Interrupt::default();
    let timeouts = Timeouts { attempt: Duration::from_secs(20), ..options(&server, &THREE).timeouts };
    let session =
        connect(Options { interrupt: interrupt.clone(), timeouts, ..options(&server, &THREE) }).await.expect("connects");
    let waiting = session.clone();
    let watch = server.clone();
    let scan = tokio::spawn(async move { collect(&waiting, &Plan::default()).await.expect("collects") });
    let stop = async move {
        while watch.counts().get("cloudtrail:GetEventSelectors") != Some(&2)
            || !watch.counts().contains_key("cloudtrail:ListTags")
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        interrupt.trigger();
    };
    let (live, ()) =
        tokio::time::timeout(Duration::from_secs(15), async { tokio::join!(scan, stop) }).await.expect("stops at once");
    let live = live.expect("the task ends");
    assert!(live.scope.interrupted);
    let trail = &live.trails[0];
    assert_eq!(trail.event_selectors.gap().map(|g| g.kind), Some(GapKind::Interrupted));
    assert_eq!(trail.is_logging.known(), Some(&true));
    assert_eq!(live.keys[0].key_state.gap().map(|g| g.kind), Some(GapKind::Interrupted));
    assert_eq!(live.buckets[0].versioning.gap().map(|g| g.kind), Some(GapKind::Interrupted));
    assert_eq!(json(&replayed(session.recording(&Plan::default())).await), json(&live));
}

#[tokio::test]
async fn what_a_recording_lacks_is_an_absent_input() {
    let server = Server::start(world(&THREE[..1], vec![FakeTrail::new("main", "eu-west-1", true)]));
    let (session, _) = scan(&server, &THREE[..1]).await;
    let short = session.recording(&Plan::default()).without("cloudtrail", "GetEventSelectors");
    let inventory = replayed(short).await;
    let gap = inventory.trails[0].event_selectors.gap().expect("a gap");
    assert_eq!(gap.kind, GapKind::AbsentInput);
    assert!(gap.message.starts_with("the recording holds no answer to cloudtrail:GetEventSelectors"), "{}", gap.message);
    let nobody = Session::replay(session.recording(&Plan::default()).without("sts", "GetCallerIdentity"));
    assert!(collect(&nobody, &Plan::default()).await.is_err());
}

type Files = Vec<(String, Vec<u8>)>;

#[tokio::test]
async fn a_recording_that_was_tampered_with_is_refused() {
    let server = Server::start(world(&THREE[..1], Vec::new()));
    let (session, _) = scan(&server, &THREE[..1]).await;
    let files = session.recording(&Plan::default()).to_files().expect("files");
    let load = |change: &dyn Fn(&mut Files)| {
        let mut files = files.clone();
        change(&mut files);
        let dir = tempfile::tempdir().expect("a folder");
        for (path, bytes) in &files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, bytes).expect("written");
        }
        let on_disk = Recording::load(dir.path()).expect_err("refused");
        let error = Recording::from_files(files).expect_err("refused");
        assert_eq!(std::mem::discriminant(&on_disk), std::mem::discriminant(&error), "{on_disk} and {error}");
        assert!(!error.hint().is_empty());
        error
    };
    let head = |from: &'static str, to: &'static str| {
        move |files: &mut Files| {
            let text = String::from_utf8(files[0].1.clone()).expect("text");
            assert!(text.contains(from), "{text}");
            files[0].1 = text.replace(from, to).into_bytes();
        }
    };
    assert!(Recording::from_files(files.clone()).is_ok());
    assert!(matches!(load(&|f| drop(f.remove(1))), RecordingError::Missing { .. }));
    assert!(matches!(load(&|f| f[1].1.truncate(20)), RecordingError::Changed { .. }));
    assert!(matches!(load(&|f| f.push(("calls/x.json".into(), b"{}".to_vec()))), RecordingError::Unlisted { .. }));
    assert!(matches!(load(&|f| drop(f.remove(0))), RecordingError::NoHead { .. }));
    assert!(matches!(load(&head("trailproof-recording", "other")), RecordingError::Kind(_)));
    assert!(matches!(load(&head("\"schema_version\": \"1\"", "\"schema_version\": \"9\"")), RecordingError::Version { .. }));
    assert!(matches!(load(&head("\"calls/", "\"calls/../")), RecordingError::Outside { .. }));
    assert!(matches!(
        load(&head("\"account\": \"111122223333\"", "\"account\": \"999999999999\"")),
        RecordingError::Misplaced { .. }
    ));
    assert!(matches!(load(&|f| f[0].1 = b"{}{".to_vec()), RecordingError::Json { .. }));
}

#[cfg(unix)]
#[tokio::test]
async fn a_recording_is_read_from_files_alone() {
    let server = Server::start(world(&THREE[..1], Vec::new()));
    let (session, _) = scan(&server, &THREE[..1]).await;
    let dir = tempfile::tempdir().expect("a folder");
    session.recording(&Plan::default()).write(dir.path()).expect("written");
    let loaded = Recording::load(dir.path()).expect("loads");
    let changed = session.recording(&Plan::default()).to_files().expect("files").remove(1).0;
    std::fs::write(dir.path().join(&changed), "{}").expect("written");
    assert!(matches!(loaded.to_files(), Err(RecordingError::Changed { .. })), "what changes after it was read is seen");
    session.recording(&Plan::default()).write_over(dir.path()).expect("written");
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join("calls/link")).expect("linked");
    assert!(matches!(Recording::load(dir.path()), Err(RecordingError::NotAFile { .. })));
    assert!(matches!(Recording::load(&dir.path().join("calls")), Err(RecordingError::NoHead { .. })));
}

#[tokio::test]
async fn an_organizations_trail_is_read_at_its_owner() {
    let trail = FakeTrail { account: "444455556666", bucket: "org-logs", ..FakeTrail::new("org", "us-east-1", true) };
    let mut world = World { foreign: vec!["org-logs".into()], ..world(&THREE, vec![trail]) };
    world.faults =
        [("cloudtrail:GetEventSelectors", vec![Fault::Answer(400, r#"{"__type":"AccessDeniedException","message":"no"}"#)])]
            .into();
    let server = Server::start(world);
    let (session, inventory) = scan(&server, &["eu-west-1"]).await;
    let trail = &inventory.trails[0];
    assert_eq!(trail.owner_account, "444455556666");
    let gap = trail.event_selectors.gap().expect("a gap");
    assert_eq!(gap.kind, GapKind::OtherAccount);
    assert_eq!(gap.remedy, Some(Remedy::ScanAccount { account: Some("444455556666".into()) }));
    let regions: Vec<&str> = trail.status.items.iter().map(|s| s.region.as_str()).collect();
    assert_eq!(
        regions,
        ["eu-west-1", "us-east-1"],
        "the Region that was asked for, and the home Region, which policies look for"
    );
    assert_eq!(server.regions_of("cloudtrail:GetTrailStatus"), regions);
    let bucket = &inventory.buckets[0];
    assert_eq!(bucket.region.known().map(String::as_str), Some("ap-south-1"));
    let gap = bucket.versioning.gap().expect("a gap");
    assert_eq!((gap.kind, &gap.remedy), (GapKind::OtherAccount, &Some(Remedy::ScanAccount { account: None })));
    assert!(!server.counts().contains_key("s3:GetBucketVersioning"));
    assert_eq!(json(&replayed(session.recording(&Plan::default())).await), json(&inventory));
}

#[tokio::test]
async fn a_bucket_that_does_not_exist_is_not_found() {
    let trail = FakeTrail { bucket: "gone", ..FakeTrail::new("main", "eu-west-1", true) };
    let server = Server::start(world(&THREE[..1], vec![trail]));
    let (_, inventory) = scan(&server, &THREE[..1]).await;
    assert_eq!(inventory.buckets[0].policy.gap().map(|g| g.kind), Some(GapKind::NotFound));
    assert_eq!(inventory.buckets[0].owner_account.gap().map(|g| g.kind), Some(GapKind::NotFound));
}

#[tokio::test]
async fn without_the_list_of_buckets_the_settings_are_still_read() {
    let mut world = world(&THREE[..1], vec![FakeTrail::new("main", "eu-west-1", true)]);
    world.faults =
        [("s3:ListBuckets", vec![Fault::Answer(403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>")])].into();
    let server = Server::start(world);
    let (_, inventory) = scan(&server, &THREE[..1]).await;
    let bucket = &inventory.buckets[0];
    assert_eq!(bucket.owner_account.gap().map(|g| g.kind), Some(GapKind::Denied));
    assert_eq!(bucket.account_public_access_block.gap().map(|g| g.kind), Some(GapKind::Denied));
    assert_eq!(bucket.mfa_delete.known(), Some(&true));
}

#[tokio::test]
async fn lists_that_are_denied_are_not_short_lists() {
    let denied = vec![Fault::Answer(400, r#"{"__type":"AccessDeniedException","message":"no"}"#)];
    for (operation, keeps_trail) in
        [("cloudtrail:ListTrails", true), ("cloudtrail:DescribeTrails", true), ("account:ListRegions", true)]
    {
        let mut world = world(&THREE, vec![FakeTrail::new("main", "eu-west-1", true)]);
        world.faults = [(operation, denied.clone())].into();
        let server = Server::start(world);
        let (_, inventory) = scan(&server, &THREE[..1]).await;
        let account = &inventory.accounts[0];
        assert_eq!(inventory.trails.len() == 1, keeps_trail, "{operation}");
        match operation {
            "account:ListRegions" => {
                assert_eq!(account.regions.gaps[0].kind, GapKind::Denied);
                assert_eq!(account.regions.items, ["eu-west-1"]);
                assert!(!inventory.trails[0].status.is_complete());
            }
            _ => assert_eq!(account.trails.gaps[0].kind, GapKind::Denied, "{operation}"),
        }
        if operation == "cloudtrail:DescribeTrails" {
            let trail = &inventory.trails[0];
            assert!(matches!(trail.log_file_validation_enabled, Fact::Unknown(_)));
            assert_eq!(trail.is_logging.known(), Some(&true));
            assert!(!trail.status.is_complete());
        }
        assert!(!inventory.scope.accounts[0].gaps.is_empty());
    }
}

#[tokio::test]
async fn an_empty_answer_is_no_empty_list() {
    for (operation, body) in [
        ("cloudtrail:ListTrails", "{}"),
        ("cloudtrail:DescribeTrails", "{}"),
        ("cloudtrail:ListTrails", ""),
        ("account:ListRegions", "{}"),
    ] {
        let mut world = world(&THREE[..1], Vec::new());
        world.faults = [(operation, vec![Fault::Answer(200, body)])].into();
        let server = Server::start(world);
        let (_, inventory) = scan(&server, &THREE[..1]).await;
        let account = &inventory.accounts[0];
        let is_complete =
            if operation == "account:ListRegions" { account.regions.is_complete() } else { account.trails.is_complete() };
        assert!(!is_complete, "{operation} answered with `{body}`");
    }
}

#[tokio::test]
async fn a_key_of_another_account_is_read_there() {
    let key = "arn:aws:kms:eu-west-1:444455556666:key/k";
    let mut world = world(&THREE[..1], vec![FakeTrail { key: Some(key), ..FakeTrail::new("main", "eu-west-1", true) }]);
    world.faults = [("kms:DescribeKey", vec![Fault::Answer(400, r#"{"__type":"AccessDeniedException","message":"no"}"#)])].into();
    let server = Server::start(world);
    let (_, inventory) = scan(&server, &THREE[..1]).await;
    let found = inventory.keys.iter().find(|k| k.arn == key).expect("an entry");
    let gap = found.key_state.gap().expect("a gap");
    assert_eq!(gap.kind, GapKind::OtherAccount);
    assert_eq!(gap.remedy, Some(Remedy::ScanAccount { account: Some("444455556666".into()) }));
    assert_eq!(found.owner_account.known().map(String::as_str), Some("444455556666"));
    assert_eq!(inventory.trails[0].kms_key.known().and_then(Option::as_ref).map(|k| k.0.as_str()), Some(key));
}

#[tokio::test]
async fn what_keeps_a_session_from_starting_is_named() {
    let with = |fault: Fault| {
        let mut world = world(&THREE[..1], Vec::new());
        world.faults = [("sts:GetCallerIdentity", vec![fault])].into();
        Server::start(world)
    };
    let refused = async |server: &Server, regions: &[&str]| match connect(options(server, regions)).await {
        Ok(_) => panic!("connects"),
        Err(error) => error,
    };
    let sts = |code: &str| format!("<ErrorResponse><Error><Code>{code}</Code><Message>told so</Message></Error></ErrorResponse>");
    let code = |code: &str| Fault::Answer(403, Box::leak(sts(code).into_boxed_str()));
    assert!(matches!(refused(&with(Fault::Nothing), &["nowhere"]).await, ConnectError::BadRegion { .. }));
    assert!(matches!(refused(&with(code("InvalidClientTokenId")), &THREE[..1]).await, ConnectError::Rejected { .. }));
    assert!(matches!(refused(&with(code("ExpiredToken")), &THREE[..1]).await, ConnectError::Expired { .. }));
    assert!(matches!(refused(&with(code("AccessDenied")), &THREE[..1]).await, ConnectError::IdentityDenied { .. }));
    let error = refused(&with(Fault::Reset), &THREE[..1]).await;
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    assert!(error.hint().contains("AWS_ENDPOINT_URL"), "{}", error.hint());
}
