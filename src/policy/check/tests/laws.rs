//! The laws: Kleene's, and that knowing less never gives another truth.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::world::*;
use crate::inventory::{BucketRef, Fact, Inventory, Listing, TrailRef};
use crate::semantics::Truth;

const TRUTHS: [Truth; 3] = [Truth::True, Truth::False, Truth::Unknown];

#[test]
fn kleenes_laws_hold_for_truths() {
    for a in TRUTHS {
        assert_eq!(!!a, a);
        for b in TRUTHS {
            assert_eq!(a.and(b), b.and(a));
            assert_eq!(a.or(b), b.or(a));
            assert_eq!(!a.and(b), (!a).or(!b));
            for c in TRUTHS {
                assert_eq!(a.and(b).and(c), a.and(b.and(c)));
                assert_eq!(a.and(b.or(c)), a.and(b).or(a.and(c)));
            }
        }
    }
}

/// Conditions on the account, with every macro, function and kind of comparison among them.
const ATOMS: &[&str] = &[
    "true",
    "false",
    "account.alias == null",
    "account.alias == 'acme'",
    "account.alias != null && account.alias.startsWith('ac')",
    "account.alias == null || account.alias in ['acme', 'other']",
    "account.public_access_block.block_public_acls",
    "account.regions.all(r, r in params.regions)",
    "account.regions.exists(r, r == 'us-east-1')",
    "account.regions.exists_one(r, r != 'us-east-1')",
    "'us-east-1' in account.regions",
    "account.regions.size() > 1",
    "account.regions.size() != 2",
    "account.trails.size() + 0 <= 1",
    "account.trails.all(t, t.is_logging)",
    "account.trails.all(t, t.is_logging == t.is_multi_region)",
    "account.trails.exists(t, t.is_logging && t.is_multi_region)",
    "account.trails.exists_one(t, t.is_logging)",
    "account.trails.filter(t, t.is_logging).all(t, t.is_multi_region)",
    "account.trails.filter(t, t.is_logging).exists(t, t.is_multi_region)",
    "account.trails.filter(t, t.is_logging).size() == 1",
    "account.trails.filter(t, t.is_logging).size() < account.trails.size()",
    "account.trails.filter(t, t.is_logging).map(t, t.name).exists(n, n == 'main')",
    "'main' in account.trails.map(t, t.is_multi_region, t.name)",
    "account.trails.map(t, t.is_logging).all(l, l)",
    "false in account.trails.map(t, t.is_logging)",
    "account.regions.all(r, account.trails.filter(t, t.covers(r) && t.is_logging).record(events.writes))",
    "events.all(e, account.trails.exists(t, t.is_logging && t.records(e)))",
    "account.trails.filter(t, t.is_logging).record(events.writes)",
    "account.trails.record(events.reads)",
    "account.regions.all(r, account.trails.exists(t, t.logsIn(r)))",
    "account.raisesAlarm(events.writes)",
    "account.trails.filter(t, t.logsIn('us-east-1')).recordOn(events.writes, 'arn:aws:s3:::cards')",
    "account.trails.filter(t, t.is_logging).recordExcept(events.reads, account.trails.filter(t, t.is_multi_region).map(t, t.bucket))",
    "account.trails.recordFrom(events.writes, params.name + '.amazonaws.com')",
    "account.trails.filter(t, t.is_logging).recordAtMostOnce(events.reads)",
    "account.trails.exists(t, t.is_logging && t.recordsSome(events.reads))",
    "account.trails.all(t, t.hasSoundSelectors())",
    "account.trails.exists(t, t.s3_key_prefix == null || t.s3_key_prefix.contains('a'))",
    "account.trails.all(t, t.s3_key_prefix == 'a' || t.s3_key_prefix == null)",
    "account.trails.all(t, t.s3_key_prefix != null && t.s3_key_prefix < 'b')",
    "account.trails.all(t, t.kms_key != null && t.kms_key.rotation_enabled)",
    "account.trails.all(t, t.kms_key == null || t.kms_key.rotation_period_days == null || t.kms_key.rotation_period_days < 400)",
    "account.trails.all(t, t.bucket.deniesInsecureTransport())",
    "account.trails.all(t, t.bucket.foreignWriters().all(w, w == 'everyone'))",
    "account.trails.exists(t, t.bucket.foreignWriters().size() == 0)",
    "account.trails.all(t, t.bucket.lifecycle_rules.all(r, r.expiration_days == null || r.expiration_days >= 30))",
    "account.trails.all(t, t.status.all(s, s.latest_delivery_error == null))",
    "account.trails.all(t, t.status.exists(s, s.latest_delivery_time != null && now - s.latest_delivery_time < params.max_age))",
    "account.trails.all(t, t.status.all(s, s.latest_delivery_time == null || s.latest_delivery_time > now - duration('1h')))",
    "account.trails.all(t, t.status.size() == account.regions.size())",
    "account.trails.all(t, (t.is_logging ? t.name : t.home_region) == 'main')",
    "account.trails.all(t, size(t.is_organization ? t.insight_types : ['a']) == 1)",
    "account.trails.exists(t, t.insight_types.exists(i, i == 'ApiCallRateInsight'))",
];

fn atom() -> impl Strategy<Value = String> {
    proptest::sample::select(ATOMS).prop_map(|atom| format!("({atom})"))
}

fn expression() -> impl Strategy<Value = String> {
    atom().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| format!("!{a}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} == {b})")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

/// Choices, one after the other, forever.
#[derive(Clone, Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len() as u64) as usize].clone()
    }
}

/// A world in which everything is known, with up to three trails.
fn generated(mut dice: Dice) -> Inventory {
    let mut world = world();
    let names = &["main", "side", "third"][..dice.roll(4) as usize];
    world.accounts[0] = account(names);
    world.accounts[0].alias = known(dice.one(&[None, Some("acme".to_string()), Some("zeta".to_string())]));
    world.accounts[0].public_access_block = known(block(dice.roll(2) == 0));
    world.accounts[0].regions.items.truncate(dice.roll(3) as usize);
    world.trails.clear();
    for name in names {
        let mut trail = trail(name);
        trail.home_region = dice.one(&["eu-west-1".to_string(), "us-east-1".to_string()]);
        trail.is_logging = known(dice.roll(3) > 0);
        trail.is_multi_region = known(dice.roll(2) == 0);
        trail.is_organization = known(dice.roll(2) == 0);
        trail.event_selectors = known(selectors(dice.roll(2) == 0));
        trail.s3_key_prefix = known(dice.one(&[None, Some("a".to_string()), Some("b".to_string())]));
        trail.bucket = known(BucketRef("logs".into()));
        trail.status.items.truncate(dice.roll(3) as usize);
        if dice.roll(2) == 0 {
            trail.kms_key = known(None);
        }
        world.trails.push(trail);
    }
    if dice.roll(3) == 0 {
        world.buckets[0].policy = known(None);
    }
    world.keys[0].rotation_enabled = known(dice.roll(2) == 0);
    world.keys[0].rotation_period_days = known(dice.one(&[None, Some(90), Some(900)]));
    world
}

/// The same world, less known: facts become unknown or one of several, listings lose items and gain a gap, records are
/// not read at all.
fn less_known(world: &Inventory, mut dice: Dice) -> Inventory {
    let rate = 2 + dice.roll(8);
    let mut json = serde_json::to_value(world).expect("an inventory is JSON");
    for noun in ["trails", "buckets", "keys"] {
        json[noun].as_array_mut().expect("a list").retain(|_| dice.roll(3 * rate) > 0);
    }
    for noun in ["accounts", "trails", "buckets", "keys"] {
        forget(&mut json[noun], &mut dice, rate);
    }
    serde_json::from_value(json).expect("an inventory")
}

fn forget(value: &mut Value, dice: &mut Dice, rate: u64) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| forget(item, dice, rate)),
        Value::Object(object) if object.contains_key("known") => forget_fact(object, dice, rate),
        Value::Object(object) => {
            if dice.roll(rate) == 0
                && let Some(Value::Array(items)) = object.get_mut("items")
            {
                items.retain(|_| dice.roll(2) == 0);
                let message = format!("page {} was denied", dice.roll(3));
                object.insert("gaps".into(), json!([{ "kind": "denied", "message": message }]));
            }
            object.values_mut().for_each(|inner| forget(inner, dice, rate));
        }
        _ => {}
    }
}

fn forget_fact(object: &mut Map<String, Value>, dice: &mut Dice, rate: u64) {
    if dice.roll(rate) != 0 {
        return;
    }
    let message = format!("call {} was denied", dice.roll(5));
    let known = object.remove("known").expect("a known fact");
    let other = match &known["value"] {
        Value::Bool(b) => Some(json!(!b)),
        Value::String(text) if ["a", "b", "acme", "zeta"].contains(&text.as_str()) => Some(dice.one(&[json!(null), json!("az")])),
        Value::String(text) if text == "logs" => Some(json!("elsewhere")),
        _ => None,
    };
    match other {
        Some(other) if dice.roll(2) == 0 => {
            let mut candidates = vec![known["value"].clone(), other];
            candidates.rotate_left(dice.roll(2) as usize);
            object.insert("one_of".into(), json!({ "candidates": candidates, "from": known["from"] }));
        }
        _ => {
            object.insert("unknown".into(), json!({ "kind": "denied", "message": message }));
        }
    }
}

fn seed() -> impl Strategy<Value = Dice> {
    any::<u64>().prop_map(Dice)
}

/// Forgets twice, and looks for a truth that turned into another.
fn never_turns(world: &Inventory, gaps: Dice, more: Dice, sources: &[&str]) -> Result<(), TestCaseError> {
    let less = less_known(world, gaps);
    let least = less_known(&less, more);
    for source in sources {
        let full = truth(world, "account", source);
        let (part, rest) = (ask(&less, "account", source), ask(&least, "account", source));
        prop_assert!(full != Truth::Unknown, "{source}: everything is known");
        prop_assert!(full.refines(part.truth), "{source}: {full:?} became {:?}", part.truth);
        prop_assert!(part.truth.refines(rest.truth), "{source}: {:?} became {:?}", part.truth, rest.truth);
        for found in [part, rest] {
            prop_assert_eq!(found.truth == Truth::Unknown, !found.gaps.is_empty(), "only an unknown has gaps: {}", source);
            prop_assert!(found.truth != Truth::True || found.counterexamples.is_empty(), "{source}");
        }
    }
    Ok(())
}

/// Whether two orders of one condition come to the same. Where null is one of several candidates, what stands behind a question
/// for null is asked of the others alone, and known where the turned condition leaves it open; known otherwise it never is.
fn agree(world: &Inventory, one: Truth, turned: Truth) -> bool {
    let is_choice = matches!(world.accounts[0].alias, Fact::OneOf { .. });
    one == turned || (is_choice && (one.refines(turned) || turned.refines(one)))
}

#[test]
fn what_stands_behind_a_question_for_null_is_asked_of_the_other_candidates() {
    let mut world = world();
    world.accounts[0].alias = one_of(vec![None, Some("acme".to_string())]);
    let is = |source: &str| truth(&world, "account", source);
    assert_eq!(is("account.alias == null || account.alias == 'acme'"), Truth::True);
    assert_eq!(is("account.alias == 'acme' || account.alias == null"), Truth::Unknown);
    assert_eq!(is("account.alias != null && account.alias != 'acme'"), Truth::False);
    assert_eq!(is("account.alias != 'acme' && account.alias != null"), Truth::Unknown);
    assert_eq!(is("account.alias == null || account.alias == 'zeta'"), Truth::Unknown);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn knowing_less_turns_no_single_condition(facts in seed(), gaps in seed(), more in seed()) {
        never_turns(&generated(facts), gaps, more, ATOMS)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn knowing_less_gives_the_same_truth_or_an_unknown(facts in seed(), gaps in seed(), more in seed(), source in expression()) {
        never_turns(&generated(facts), gaps, more, &[&source])?;
    }

    #[test]
    fn kleenes_laws_hold_for_what_is_evaluated(facts in seed(), gaps in seed(), a in expression(), b in atom()) {
        let world = less_known(&generated(facts), gaps);
        let is = |source: String| ask(&world, "account", &source);
        let (and, turned) = (is(format!("{a} && {b}")), is(format!("{b} && {a}")));
        let (or, or_turned) = (is(format!("{a} || {b}")), is(format!("{b} || {a}")));
        prop_assert!(agree(&world, and.truth, turned.truth), "&&: {:?}, turned {:?}", and.truth, turned.truth);
        prop_assert!(agree(&world, or.truth, or_turned.truth), "||: {:?}, turned {:?}", or.truth, or_turned.truth);
        prop_assert_eq!(is(format!("!({a} && {b})")).truth, is(format!("!{a} || !{b}")).truth);
        prop_assert_eq!(is(format!("!({a} || {b})")).truth, is(format!("!{a} && !{b}")).truth);
        let (plain, twice) = (is(a.clone()), is(format!("!(!{a})")));
        prop_assert_eq!((plain.truth, plain.gaps, plain.counterexamples), (twice.truth, twice.gaps, twice.counterexamples));
        prop_assert_eq!(is(format!("{a} ? {b} : false")).truth, and.truth);
    }

    #[test]
    fn quantifiers_are_each_others_duals(facts in seed(), gaps in seed(), body in proptest::sample::select(&[
        "t.is_logging", "t.is_multi_region && t.is_logging", "t.s3_key_prefix == null", "t.records(events.reads)", "t.covers('us-east-1')",
    ][..])) {
        let world = less_known(&generated(facts), gaps);
        let is = |source: String| truth(&world, "account", &source);
        let all = is(format!("account.trails.all(t, {body})"));
        prop_assert_eq!(all, is(format!("!account.trails.exists(t, !({body}))")));
        prop_assert_eq!(all, is(format!("account.trails.filter(t, !({body})).size() == 0")));
    }
}

#[test]
fn an_empty_list_is_empty_and_an_unread_one_is_not() {
    let mut world = generated(Dice(1));
    world.accounts[0].trails = complete(Vec::<TrailRef>::new());
    assert_eq!(truth(&world, "account", "account.trails.all(t, t.is_logging)"), Truth::True);
    world.accounts[0].trails = Listing::unread(gap("trails denied"));
    assert_eq!(truth(&world, "account", "account.trails.all(t, t.is_logging)"), Truth::Unknown);
}
