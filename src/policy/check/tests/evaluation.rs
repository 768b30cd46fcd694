//! What expressions mean, what they say about themselves, and what they read.

use super::world::*;
use crate::inventory::{Basis, GapKind, Origin, Remedy, TrailRef};
use crate::semantics::Truth::{self, False, True, Unknown};

/// Asserts the truth of expressions about the trail of the world, in which `is_organization` is unknown, the prefix is
/// open between null, `a` and `ab`, and the key's rotation was denied.
#[track_caller]
fn about_trail(table: &[(&str, Truth)]) {
    let mut world = world();
    world.trails[0].is_organization = unknown("organization denied");
    world.trails[0].s3_key_prefix = one_of(vec![None, Some("a".into()), Some("ab".into())]);
    world.trails[0].include_global_service_events = one_of(vec![true, true]);
    world.trails[0].has_insight_selectors = one_of(vec![true, false]);
    world.trails[0].insight_types = unknown("insights denied");
    world.trails[0].tags = unknown("tags denied");
    world.buckets[0].region = unknown("region denied");
    world.keys[0].rotation_enabled = unknown("rotation denied");
    world.keys[0].rotation_period_days = unknown("rotation denied");
    for (source, expected) in table {
        assert_eq!(truth(&world, "trail", source), *expected, "{source}");
    }
}

#[test]
fn known_values_compare_and_compute() {
    about_trail(&[
        ("trail.is_logging", True),
        ("!trail.is_logging", False),
        ("trail.name == 'main' && trail.name != 'other'", True),
        ("trail.name == params.name", True),
        ("trail.name < 'n' && 'a' <= 'a' && 'b' > 'a' && 'b' >= 'c'", False),
        ("trail.name.startsWith('ma') && trail.name.endsWith('in') && trail.name.contains('ai')", True),
        ("trail.name.contains('x')", False),
        ("trail.name in ['other', 'main']", True),
        ("trail.home_region in params.regions", True),
        ("trail.name in params.regions", False),
        ("1 + 2 * 3 - -1 == 8", True),
        ("trail.name + '/' + params.name == 'main/main'", True),
        ("trail.bucket.region + '/' == 'x'", Unknown),
        ("params.days > 30 && params.strict", True),
        ("now - duration('1h') < now && now + params.max_age > now", True),
        ("now - (now - duration('1d')) == duration('24h')", True),
        ("trail.s3_key_prefix == null ? false : true", Unknown),
        ("trail.sns_topic_arn == null", True),
        ("has(trail.sns_topic_arn)", False),
        ("trail.cloud_watch_logs_log_group_arn == 'group'", True),
        ("trail.sns_topic_arn == 'topic'", False),
        ("trail.sns_topic_arn != 'topic'", True),
        ("trail.kms_key_id != null && trail.kms_key_id.startsWith('alias/')", True),
        ("events.size() == 2 && size(params.regions) == 2", True),
        ("9223372036854775807 + 1 > 0", Unknown),
        ("now - duration('9999999d') < now", Unknown),
    ]);
}

#[test]
fn the_unknown_goes_on_until_something_known_decides() {
    about_trail(&[
        ("trail.is_organization", Unknown),
        ("!trail.is_organization", Unknown),
        ("trail.is_organization && true", Unknown),
        ("trail.is_organization && false", False),
        ("false && trail.is_organization", False),
        ("trail.is_organization || true", True),
        ("true || trail.is_organization", True),
        ("trail.is_organization || false", Unknown),
        ("trail.is_organization == trail.is_organization", Unknown),
        ("trail.is_organization || !trail.is_organization", Unknown),
        ("trail.is_organization ? true : true", True),
        ("trail.is_organization ? true : false", Unknown),
        ("(trail.is_organization ? 'a' : 'a') == 'a'", True),
        ("(trail.is_organization ? 'a' : 'b') == 'c'", Unknown),
        ("(trail.is_organization ? ['a'] : ['a']).size() == 1", Unknown),
        ("trail.kms_key != null", True),
        ("trail.kms_key != null && trail.kms_key.rotation_enabled", Unknown),
        ("trail.kms_key != null && trail.kms_key.rotation_period_days == null", Unknown),
        ("trail.kms_key == null || trail.kms_key.rotation_period_days == 365", Unknown),
        ("trail.sns_topic_arn == trail.bucket.region && trail.sns_topic_arn.startsWith('a')", False),
        ("trail.sns_topic_arn == trail.name && trail.sns_topic_arn.startsWith('a')", False),
    ]);
}

#[test]
fn candidates_decide_where_they_agree() {
    about_trail(&[
        ("trail.include_global_service_events", True),
        ("trail.has_insight_selectors", Unknown),
        ("trail.s3_key_prefix == null", Unknown),
        ("trail.s3_key_prefix == 'a'", Unknown),
        ("trail.s3_key_prefix == 'x'", False),
        ("trail.s3_key_prefix != 'x'", True),
        ("trail.s3_key_prefix != null && trail.s3_key_prefix.startsWith('a')", Unknown),
        ("trail.s3_key_prefix == null || trail.s3_key_prefix.startsWith('a')", True),
        ("trail.s3_key_prefix == null || trail.s3_key_prefix in ['a', 'ab']", True),
        ("trail.s3_key_prefix == null || trail.s3_key_prefix < 'b'", True),
        ("trail.s3_key_prefix == null || trail.s3_key_prefix >= 'ab'", Unknown),
    ]);
}

#[test]
fn lists_that_were_not_read_may_hold_anything() {
    about_trail(&[
        ("trail.insight_types.all(i, i == 'x')", Unknown),
        ("trail.insight_types.exists(i, i == 'x')", Unknown),
        ("trail.insight_types.all(i, true)", Unknown),
        ("trail.insight_types.size() >= 0", True),
        ("trail.insight_types.size() > 0", Unknown),
        ("'x' in trail.insight_types", Unknown),
        ("trail.tags.filter(t, t.key == 'a').map(t, t.value).exists(v, v == 'b')", Unknown),
    ]);
}

/// The account of the world with a second trail, `side`, that may or may not be logging; and perhaps more trails.
#[track_caller]
fn about_trails(open: bool, table: &[(&str, Truth)]) {
    let mut world = world();
    world.accounts[0].trails.items.push(TrailRef(arn("side")));
    if open {
        world.accounts[0].trails.add_gap(gap("page 2 denied"));
    }
    let mut side = trail("side");
    side.is_logging = unknown("status denied");
    side.is_multi_region = known(false);
    world.trails.push(side);
    for (source, expected) in table {
        assert_eq!(truth(&world, "account", source), *expected, "{source}");
    }
}

#[test]
fn quantifiers_over_lists_that_are_complete() {
    about_trails(
        false,
        &[
            ("account.trails.all(t, t.is_logging)", Unknown),
            ("account.trails.all(t, t.name != '')", True),
            ("account.trails.all(t, t.is_multi_region)", False),
            ("account.trails.exists(t, t.is_logging)", True),
            ("account.trails.exists(t, t.name == 'x')", False),
            ("account.trails.exists(t, !t.is_logging)", Unknown),
            ("account.trails.exists_one(t, t.is_multi_region)", True),
            ("account.trails.exists_one(t, t.is_logging)", Unknown),
            ("account.trails.exists_one(t, t.name == 'x')", False),
            ("account.trails.exists_one(t, t.name != 'x')", False),
            ("account.trails.filter(t, t.is_logging).all(t, t.is_multi_region)", Unknown),
            ("account.trails.filter(t, t.is_logging).exists(t, t.is_multi_region)", True),
            ("account.trails.filter(t, t.is_logging).exists(t, t.name == 'side')", Unknown),
            ("account.trails.filter(t, t.is_logging).size() > 0", True),
            ("account.trails.filter(t, t.is_logging).size() == 1", Unknown),
            ("account.trails.filter(t, t.is_logging).size() < 3", True),
            ("account.trails.filter(t, t.is_logging).size() == 3", False),
            ("account.trails.filter(t, t.is_logging).map(t, t.name).exists(n, n == 'main')", True),
            ("'side' in account.trails.filter(t, t.is_logging).map(t, t.name)", Unknown),
            ("'main' in account.trails.map(t, t.is_logging, t.name)", True),
            ("'x' in account.trails.map(t, t.is_logging, t.name)", False),
            ("account.trails.map(t, t.is_logging).all(l, l)", Unknown),
            ("false in account.trails.map(t, t.is_multi_region)", True),
        ],
    );
}

#[test]
fn quantifiers_over_lists_with_something_missing() {
    about_trails(
        true,
        &[
            ("account.trails.all(t, t.name != '')", Unknown),
            ("account.trails.all(t, t.is_multi_region)", False),
            ("account.trails.exists(t, t.is_logging)", True),
            ("account.trails.exists(t, t.name == 'x')", Unknown),
            ("account.trails.exists_one(t, t.is_multi_region)", Unknown),
            ("account.trails.exists_one(t, t.name != 'x')", False),
            ("account.trails.size() > 1", True),
            ("account.trails.size() > 2", Unknown),
            ("account.trails.size() == 1", False),
            ("account.trails.size() <= 2", Unknown),
            ("2 <= account.trails.size()", True),
            ("account.trails.size() + 1 > 0", Unknown),
            ("'main' in account.trails.map(t, t.name)", True),
            ("'x' in account.trails.map(t, t.name)", Unknown),
            ("account.trails.record(events.writes)", True),
        ],
    );
}

#[test]
fn only_the_gaps_that_decide_are_given() {
    let mut world = world();
    world.trails[0].is_organization = unknown("a denied");
    world.trails[0].is_logging = unknown("b denied");
    let gaps_of = |source: &str| gaps(&ask(&world, "trail", source)).join(" + ");
    assert_eq!(gaps_of("trail.is_organization && trail.is_logging"), "a denied + b denied");
    assert_eq!(gaps_of("trail.is_multi_region && trail.is_logging"), "b denied");
    assert_eq!(gaps_of("(trail.is_organization || true) && trail.is_logging"), "b denied");
    assert_eq!(gaps_of("trail.is_organization && false"), "");
    assert_eq!(gaps_of("trail.is_organization ? trail.is_logging : true"), "a denied + b denied");
}

#[test]
fn a_record_that_was_not_read_is_there_but_unknown() {
    let mut world = world();
    world.keys.clear();
    world.buckets.clear();
    assert_eq!(truth(&world, "trail", "trail.kms_key != null"), True);
    let found = ask(&world, "trail", "trail.kms_key != null && trail.kms_key.rotation_enabled");
    assert_eq!(found.truth, Unknown);
    let gap = found.gaps.first().expect("a gap");
    assert_eq!(gap.kind, GapKind::OtherAccount);
    assert_eq!(gap.message, "key arn:aws:kms:eu-west-1:222222222222:key/k was not read");
    assert_eq!(gap.remedy, Some(Remedy::ScanAccount { account: Some("222222222222".into()) }));
    let found = ask(&world, "trail", "trail.bucket.deniesInsecureTransport()");
    assert_eq!((found.truth, gaps(&found)), (Unknown, vec!["bucket logs was not read"]));
    assert_eq!(found.gaps.first().expect("a gap").remedy, Some(Remedy::ScanAccount { account: None }));
    assert_eq!(paths(&found.facts), [("bucket", Some("logs")), ("policy", None)]);
    world.trails.clear();
    let found = ask(&world, "account", "account.trails.record(events.writes)");
    assert_eq!((found.truth, found.gaps.len()), (Unknown, 1));
    assert_eq!(truth(&world, "account", "account.trails.size() == 1"), True);
}

#[test]
fn functions_read_their_facts_and_pass_on_what_they_found() {
    let mut world = world();
    world.trails[0].event_selectors = known(selectors(false));
    let found = ask(&world, "trail", "trail.records(events.writes)");
    assert_eq!((found.truth, found.counterexamples), (False, vec!["management events of kms.amazonaws.com".to_string()]));
    assert_eq!(found.facts.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["event_selectors"]);
    assert!(found.facts[0].value.is_some() && found.facts[0].from == Some(origin()));

    world.trails[0].event_selectors = unknown("selectors denied");
    let found = ask(&world, "trail", "trail.records(events.writes)");
    assert_eq!((found.truth, gaps(&found)), (Unknown, vec!["selectors denied"]));

    world.trails[0].is_multi_region = unknown("region denied");
    assert_eq!(truth(&world, "trail", "trail.covers('eu-west-1')"), True);
    assert_eq!(truth(&world, "trail", "trail.covers('us-east-1')"), Unknown);
    assert_eq!(truth(&world, "trail", "trail.logsIn('eu-west-1')"), True);
    assert_eq!(truth(&world, "trail", "trail.logsIn('us-east-1')"), Unknown);
    world.trails[0].is_multi_region = known(false);
    assert_eq!(truth(&world, "trail", "trail.covers('us-east-1')"), False);

    assert_eq!(truth(&world, "bucket", "bucket.deniesInsecureTransport()"), True);
    world.buckets[0].policy = known(None);
    let found = ask(&world, "bucket", "bucket.deniesInsecureTransport()");
    assert_eq!((found.truth, found.counterexamples), (False, vec!["s3:GetObject over HTTP by everyone".to_string()]));
    assert_eq!(paths(&found.facts), [("policy", Some("null"))]);
}

#[test]
fn foreign_writers_are_doubtful_where_the_owner_is_not_known() {
    let mut world = world();
    assert_eq!(truth(&world, "bucket", "bucket.foreignWriters().all(w, w == 'everyone')"), True);
    world.buckets[0].owner_account = unknown("owner denied");
    assert_eq!(truth(&world, "bucket", "bucket.foreignWriters().all(w, w == 'everyone')"), Unknown);
    assert_eq!(truth(&world, "bucket", "bucket.foreignWriters().size() == 0"), False);
    world.buckets[0].policy = unknown("policy denied");
    let found = ask(&world, "bucket", "size(bucket.foreignWriters()) == 0");
    assert_eq!((found.truth, gaps(&found)), (Unknown, vec!["policy denied"]));
}

const EVERY_REGION: &str = "account.regions.all(r, account.trails.filter(t, t.covers(r) && t.is_logging).record(events.writes))";

#[test]
fn the_elements_that_fail_are_the_counterexamples() {
    let mut world = world();
    let cases = |world: &crate::inventory::Inventory, subject: &str, source: &str| ask(world, subject, source).counterexamples;
    assert_eq!(cases(&world, "account", EVERY_REGION), Vec::<String>::new());
    world.trails[0].is_multi_region = known(false);
    assert_eq!(cases(&world, "account", EVERY_REGION), ["us-east-1: management events of kms.amazonaws.com"]);
    world.trails[0].is_logging = known(false);
    assert_eq!(cases(&world, "account", EVERY_REGION), ["management events of kms.amazonaws.com, in eu-west-1 and us-east-1"]);
    world.trails[0].is_logging = unknown("status denied");
    let found = ask(&world, "account", "account.regions.all(r, account.trails.filter(t, t.is_logging).record(events.writes))");
    assert_eq!((found.truth, gaps(&found)), (Unknown, vec!["status denied"]));
    assert_eq!(found.counterexamples, ["management events of kms.amazonaws.com, in eu-west-1 and us-east-1"]);

    assert_eq!(cases(&world, "trail", "trail.status.all(s, s.latest_delivery_error == null)"), ["us-east-1"]);
    assert_eq!(cases(&world, "trail", "!trail.status.exists(s, s.latest_delivery_error != null)"), ["us-east-1"]);
    assert_eq!(cases(&world, "account", "account.regions.all(r, r == 'x')"), ["eu-west-1", "us-east-1"]);
    assert_eq!(cases(&world, "account", "events.all(e, account.trails.exists(t, t.name == 'x'))"), ["reads", "writes"]);
    world.trails[0].event_selectors = known(selectors(false));
    assert_eq!(
        cases(&world, "account", "events.all(e, account.trails.exists(t, t.records(e)))"),
        [format!("{}: management events of kms.amazonaws.com", arn("main"))]
    );
}

#[test]
fn cases_of_what_does_not_decide_are_dropped() {
    let mut world = world();
    let cases = |world: &crate::inventory::Inventory, source: &str| ask(world, "account", source).counterexamples;
    let fails = "account.regions.all(r, r == 'eu-west-1')";
    assert_eq!(cases(&world, &format!("({fails} || true) && account.regions.all(r, r != 'eu-west-1')")), ["eu-west-1"]);
    assert_eq!(cases(&world, &format!("!{fails}")), Vec::<String>::new());
    assert_eq!(cases(&world, &format!("!!{fails}")), ["us-east-1"]);
    assert_eq!(cases(&world, &format!("!(!{fails})")), ["us-east-1"]);
    world.accounts[0].alias = unknown("alias denied");
    assert_eq!(cases(&world, &format!("account.alias == 'x' && {fails}")), ["us-east-1"]);
}

#[test]
fn every_fact_is_noted_once_with_where_it_was_read() {
    let mut world = world();
    world.trails[0].is_multi_region = unknown("trail denied");
    world.trails[0].has_insight_selectors = one_of(vec![true, false]);
    let source = "trail.name == 'main' && trail.is_logging && trail.is_logging && trail.bucket.versioning == 'Enabled' \
                  && (trail.is_multi_region || trail.has_insight_selectors) \
                  && trail.status.all(s, s.region != '' && s.latest_delivery_error == null)";
    let found = ask(&world, "trail", source);
    assert_eq!(found.truth, False);
    assert_eq!(
        paths(&found.facts),
        [
            ("is_logging", Some("true")),
            ("bucket", Some("logs")),
            ("versioning", Some("Enabled")),
            ("is_multi_region", None),
            ("has_insight_selectors", None),
            ("status", Some("eu-west-1, us-east-1")),
            ("status[eu-west-1].latest_delivery_error", Some("null")),
            ("status[us-east-1].latest_delivery_error", Some("AccessDenied")),
        ]
    );
    let of: Vec<&str> = found.facts.iter().map(|f| f.of.as_str()).collect();
    assert_eq!((of[0], of[1], of[2], of[7]), (arn("main").as_str(), arn("main").as_str(), "logs", arn("main").as_str()));
    assert_eq!((found.facts[0].from.clone(), found.facts[0].basis), (Some(origin()), Some(Basis::Observed)));
    assert_eq!(found.facts[3].gap, Some(gap("trail denied")));
    let open = found.facts[4].gap.clone().expect("a gap");
    assert_eq!(
        (open.kind, open.message.as_str()),
        (GapKind::KnownAfterApply, "`has_insight_selectors` is one of 2 candidates: true, false")
    );
    assert!(matches!(found.facts[4].from, Some(Origin::Place { .. })));
}

#[test]
fn parts_of_a_fact_are_noted_with_its_origin_and_told_apart() {
    let world = world();
    let found = ask(&world, "bucket", "bucket.lifecycle_rules.all(r, r.expiration_days == null || r.expiration_days >= 30)");
    assert_eq!((found.truth, found.counterexamples), (False, vec!["old".to_string()]));
    assert_eq!(
        paths(&found.facts),
        [
            ("lifecycle_rules", Some(", , old")),
            ("lifecycle_rules[#1].expiration_days", Some("30")),
            ("lifecycle_rules[#2].expiration_days", Some("365")),
            ("lifecycle_rules[old].expiration_days", Some("10")),
        ]
    );
    assert!(found.facts.iter().all(|f| f.of == "logs" && f.from == Some(origin())));
    let found = ask(&world, "bucket", "bucket.public_access_block.block_public_acls && bucket.top_level_prefixes.size() == 1");
    assert_eq!(
        paths(&found.facts),
        [
            ("public_access_block", Some("bucket")),
            ("public_access_block.block_public_acls", Some("true")),
            ("top_level_prefixes", Some("AWSLogs/")),
        ]
    );
}

#[test]
fn long_values_are_cut_and_unread_lists_are_not_called_empty() {
    let mut world = world();
    world.accounts[0].alias = known(Some("ä".repeat(400)));
    world.accounts[0].regions = complete((10..30).map(|i| format!("r{i}")).collect());
    let found = ask(&world, "account", "account.alias == 'x' || account.regions.size() == 1");
    assert_eq!(found.facts[0].value.as_ref().map(|v| v.chars().count()), Some(300));
    assert_eq!(found.facts[1].value.as_deref(), Some("r10, r11, r12, r13, r14, r15, r16, r17, r18, r19 and 10 more"));
    world.accounts[0].regions = crate::inventory::Listing::unread(gap("regions denied"));
    let found = ask(&world, "account", "account.regions.size() == 1");
    assert_eq!((found.facts[0].value.as_deref(), found.facts[0].gap.clone()), (None, Some(gap("regions denied"))));
    world.accounts[0].regions = complete(Vec::new());
    let found = ask(&world, "account", "account.regions.size() == 1");
    assert_eq!(found.facts[0].value.as_deref(), Some("none"));
}

#[test]
fn the_deepest_expression_that_is_accepted_is_evaluated() {
    let nested = |n: usize| format!("{}true{}", "[1].all(x, ".repeat(n).replace("(x,", "(x@,"), ")".repeat(n));
    let numbered = |n: usize| (0..n).fold(nested(n), |text, i| text.replacen("x@", &format!("x{i}"), 1));
    let world = world();
    let deepest = (1..60).rev().find(|n| try_ask(&world, "trail", &numbered(*n)).is_ok()).expect("some depth is accepted");
    assert!(deepest >= 20, "{deepest}");
    let source = format!("{}true{}", "!(true && ".repeat(22), ")".repeat(22));
    assert_eq!(truth(&world, "trail", &source), True);
}
