//! Tests of `selectors`.

use std::slice::from_ref;

use proptest::prelude::*;

use super::*;
use crate::semantics::Truth;

mod questions;

fn event(fields: &[(&str, &str)]) -> PartialEvent {
    PartialEvent::new(fields.iter().map(|(f, v)| (f.to_string(), v.to_string())).collect()).unwrap()
}

fn writes() -> PartialEvent {
    event(&[("eventCategory", "Management"), ("readOnly", "false")])
}

fn management() -> PartialEvent {
    event(&[("eventCategory", "Management")])
}

fn s3_writes() -> PartialEvent {
    event(&[("eventCategory", "Data"), ("readOnly", "false"), ("resources.type", "AWS::S3::Object")])
}

fn gap(message: &str) -> Gap {
    Gap::new(GapKind::Denied, message)
}

fn basic(access: ReadWriteType, management: bool, excluded: &[&str], data: &[(&str, &[&str])]) -> BasicSelector {
    let texts = |list: &[&str]| list.iter().map(|s| s.to_string()).collect::<Vec<_>>();
    BasicSelector {
        read_write_type: access,
        include_management_events: management,
        exclude_management_event_sources: texts(excluded),
        data_resources: data.iter().map(|(t, v)| DataResource { r#type: t.to_string(), values: texts(v) }).collect(),
    }
}

/// One advanced selector, written `field=value`, `field^=prefix`, `field$=suffix`, with `!` before the sign to exclude;
/// values are separated by `|`.
fn advanced(conditions: &[&str]) -> AdvancedSelector {
    let field_selectors = conditions
        .iter()
        .map(|text| {
            let (left, values) = text.split_once('=').unwrap();
            let values: Vec<String> = values.split('|').map(str::to_string).collect();
            let end = left.find(['!', '^', '$']).unwrap_or(left.len());
            let mut f = FieldSelector { field: left[..end].to_string(), ..FieldSelector::default() };
            match &left[end..] {
                "" => f.equals = values,
                "^" => f.starts_with = values,
                "$" => f.ends_with = values,
                "!" => f.not_equals = values,
                "!^" => f.not_starts_with = values,
                "!$" => f.not_ends_with = values,
                other => panic!("{other}"),
            }
            f
        })
        .collect();
    AdvancedSelector { name: Some("Management events selector".into()), field_selectors }
}

fn sets(list: &[&[&str]]) -> EventSelectors {
    EventSelectors::Advanced(list.iter().map(|c| advanced(c)).collect())
}

fn ask(all: &[EventSelectors], event: &PartialEvent) -> Answer {
    let contributors: Vec<_> = all.iter().map(|s| Contributor { selectors: Ok(s), doubts: Gaps::new() }).collect();
    records(&contributors, &Gaps::new(), event)
}

fn no(all: &[EventSelectors], event: &PartialEvent) -> Vec<String> {
    let answer = ask(all, event);
    assert_eq!(answer.truth, Truth::False, "{answer:?}");
    assert!(answer.gaps.is_empty());
    answer.counterexamples
}

fn is_recorded(all: &[EventSelectors], event: &PartialEvent) {
    let answer = ask(all, event);
    assert_eq!(answer, Answer::yes());
}

fn is_open(all: &[EventSelectors], event: &PartialEvent) -> Answer {
    let answer = ask(all, event);
    assert_eq!(answer.truth, Truth::Unknown, "{answer:?}");
    assert!(answer.gaps.iter().all(|g| g.kind == GapKind::NotUnderstood) && !answer.gaps.is_empty());
    answer
}

#[test]
fn a_read_trail_and_a_write_trail_record_everything_together() {
    let read = EventSelectors::Basic(vec![basic(ReadWriteType::ReadOnly, true, &[], &[])]);
    let write = sets(&[&["eventCategory=Management", "readOnly=false"]]);
    assert_eq!(no(from_ref(&read), &management()), ["write management events"]);
    assert_eq!(no(from_ref(&write), &management()), ["read management events"]);
    is_recorded(&[read, write], &management());
}

#[test]
fn a_source_excluded_on_one_trail_may_be_recorded_by_another() {
    let all = || basic(ReadWriteType::All, true, &["kms.amazonaws.com", "rdsdata.amazonaws.com"], &[]);
    let most = EventSelectors::Basic(vec![all()]);
    assert_eq!(
        no(from_ref(&most), &writes()),
        ["write management events of kms.amazonaws.com", "write management events of rdsdata.amazonaws.com"]
    );
    let kms = sets(&[&["eventCategory=Management", "eventSource=kms.amazonaws.com", "readOnly=false"]]);
    assert_eq!(no(&[most.clone(), kms.clone()], &writes()), ["write management events of rdsdata.amazonaws.com"]);
    let rds = sets(&[&["eventCategory=Management", "eventSource!=kms.amazonaws.com"]]);
    is_recorded(&[most.clone(), kms, rds], &writes());
    is_recorded(&[most], &event(&[("eventCategory", "Management"), ("eventSource", "iam.amazonaws.com")]));
}

#[test]
fn labels_decide_nothing() {
    let data = sets(&[&["eventCategory=Data", "resources.type=AWS::S3::Object"]]);
    assert_eq!(no(&[data], &writes()), ["write management events"]);
}

#[test]
fn include_management_events_false_records_none() {
    let none = EventSelectors::Basic(vec![basic(ReadWriteType::All, false, &[], &[("AWS::S3::Object", &["arn:aws:s3"])])]);
    assert_eq!(no(from_ref(&none), &management()), ["management events"]);
    is_recorded(&[none], &s3_writes());
}

#[test]
fn no_selectors_record_nothing() {
    for empty in [EventSelectors::Basic(vec![]), EventSelectors::Advanced(vec![])] {
        assert_eq!(no(from_ref(&empty), &writes()), ["write management events"]);
        assert_eq!(describe(&empty), "nothing");
    }
    assert_eq!(no(&[], &PartialEvent::default()), ["events"]);
    let no_values = EventSelectors::Basic(vec![basic(ReadWriteType::All, false, &[], &[("AWS::S3::Object", &[])])]);
    assert_eq!(no(&[no_values], &s3_writes()), ["write data events of AWS::S3::Object"]);
}

#[test]
fn every_spelling_of_all_buckets_is_all_buckets() {
    for all in ["arn:aws:s3", "arn:aws:s3:::", "arn:aws-us-gov:s3", "arn:aws-cn:s3:::"] {
        is_recorded(
            &[EventSelectors::Basic(vec![basic(
                ReadWriteType::WriteOnly,
                false,
                &[],
                &[("AWS::S3::Object", &["arn:aws:s3:::one/", all])],
            )])],
            &s3_writes(),
        );
        let prefix = format!("resources.ARN^={all}");
        is_recorded(&[sets(&[&["eventCategory=Data", "resources.type=AWS::S3::Object", &prefix]])], &s3_writes());
    }
    let invoke = event(&[("eventCategory", "Data"), ("resources.type", "AWS::Lambda::Function")]);
    is_recorded(
        &[EventSelectors::Basic(vec![basic(ReadWriteType::All, false, &[], &[("AWS::Lambda::Function", &["arn:aws:lambda"])])])],
        &invoke,
    );
    let other = EventSelectors::Basic(vec![basic(ReadWriteType::All, false, &[], &[("AWS::Lambda::Function", &["arn:aws:s3"])])]);
    assert_eq!(ask(&[other], &invoke).truth, Truth::False);
}

#[test]
fn a_read_only_data_selector_is_not_enough_for_writes() {
    let reads = sets(&[&["eventCategory=Data", "resources.type=AWS::S3::Object", "readOnly=true"]]);
    assert_eq!(no(&[reads], &s3_writes()), ["write data events of AWS::S3::Object"]);
    let reads = EventSelectors::Basic(vec![basic(ReadWriteType::ReadOnly, true, &[], &[("AWS::S3::Object", &["arn:aws:s3"])])]);
    assert_eq!(no(&[reads], &s3_writes()), ["write data events of AWS::S3::Object"]);
}

#[test]
fn one_bucket_is_not_all_buckets_nor_a_bucket_with_a_longer_name() {
    let foo = EventSelectors::Basic(vec![basic(ReadWriteType::All, true, &[], &[("AWS::S3::Object", &["arn:aws:s3:::foo/"])])]);
    assert_eq!(
        no(from_ref(&foo), &s3_writes()),
        ["write data events of AWS::S3::Object on resources other than arn:aws:s3:::foo/..."]
    );
    let on = |arn: &str| event(&[("eventCategory", "Data"), ("resources.type", "AWS::S3::Object"), ("resources.ARN", arn)]);
    is_recorded(from_ref(&foo), &on("arn:aws:s3:::foo/key"));
    assert_eq!(no(&[foo], &on("arn:aws:s3:::foobar/key")), ["data events of AWS::S3::Object on arn:aws:s3:::foobar/key"]);
    let part =
        EventSelectors::Basic(vec![basic(ReadWriteType::All, true, &[], &[("AWS::S3::Object", &["arn:aws:s3:::foo/sub"])])]);
    assert_eq!(ask(&[part], &on("arn:aws:s3:::foo/other")).truth, Truth::False);
    let bare = EventSelectors::Basic(vec![basic(ReadWriteType::All, true, &[], &[("AWS::S3::Object", &["arn:aws:s3:::foo"])])]);
    is_recorded(from_ref(&bare), &on("arn:aws:s3:::foo/key"));
    is_open(from_ref(&bare), &on("arn:aws:s3:::foobar/key"));
    assert_eq!(ask(&[bare], &on("arn:aws:s3:::bar/key")).truth, Truth::False);
}

#[test]
fn excluding_the_log_bucket_shows_the_log_bucket_and_another_trail_may_record_it() {
    let most = sets(&[&["eventCategory=Data", "resources.type=AWS::S3::Object", "resources.ARN!^=arn:aws:s3:::logs/"]]);
    assert_eq!(no(from_ref(&most), &s3_writes()), ["write data events of AWS::S3::Object on arn:aws:s3:::logs/..."]);
    let logs =
        EventSelectors::Basic(vec![basic(ReadWriteType::WriteOnly, false, &[], &[("AWS::S3::Object", &["arn:aws:s3:::logs/"])])]);
    is_recorded(&[most, logs], &s3_writes());
}

#[test]
fn a_lambda_arn_is_exact() {
    let one = EventSelectors::Basic(vec![basic(
        ReadWriteType::All,
        true,
        &[],
        &[("AWS::Lambda::Function", &["arn:aws:lambda:us-east-1:111122223333:function:a"])],
    )]);
    let on = |arn: &str| event(&[("eventCategory", "Data"), ("resources.type", "AWS::Lambda::Function"), ("resources.ARN", arn)]);
    is_recorded(from_ref(&one), &on("arn:aws:lambda:us-east-1:111122223333:function:a"));
    assert_eq!(ask(&[one], &on("arn:aws:lambda:us-east-1:111122223333:function:ab")).truth, Truth::False);
}

#[test]
fn selecting_operators_are_alternatives_and_excluding_ones_each_exclude() {
    let mut selector = advanced(&["eventCategory=Data", "eventName=GetObject"]);
    selector.field_selectors[1].starts_with = vec!["Put".into()];
    selector.field_selectors[1].not_ends_with = vec!["Acl".into()];
    let all = [EventSelectors::Advanced(vec![selector])];
    let named = |name: &str| event(&[("eventCategory", "Data"), ("eventName", name)]);
    is_recorded(&all, &named("GetObject"));
    is_recorded(&all, &named("PutObject"));
    assert_eq!(no(&all, &named("PutObjectAcl")), ["data events named PutObjectAcl"]);
    assert_eq!(ask(&all, &named("DeleteObject")).truth, Truth::False);
    let twice = sets(&[&["eventCategory=Data", "eventName^=Put", "eventName$=Acl"]]);
    is_recorded(from_ref(&twice), &named("PutObjectAcl"));
    assert_eq!(ask(&[twice], &named("PutObject")).truth, Truth::False);
}

#[test]
fn values_are_compared_with_case() {
    let all = [sets(&[&["eventCategory=Management", "eventSource!=KMS.amazonaws.com"]])];
    is_recorded(&all, &event(&[("eventCategory", "Management"), ("eventSource", "kms.amazonaws.com")]));
    assert_eq!(ask(&[sets(&[&["eventCategory=management"]])], &management()).truth, Truth::False);
}

#[test]
fn what_is_not_understood_never_passes() {
    is_open(&[sets(&[&["readOnly=false"]])], &writes());
    is_open(&[sets(&[&["eventCategory=Management", "userAgent!=x"]])], &writes());
    is_open(&[EventSelectors::Basic(vec![basic(ReadWriteType::Other("Some".into()), true, &[], &[])])], &writes());
    is_open(
        &[EventSelectors::Basic(vec![basic(ReadWriteType::All, true, &[], &[("AWS::S3::Object", &["arn:aws:s3:::*"])])])],
        &s3_writes(),
    );
    let absent = is_open(
        &[sets(&[
            &["eventCategory=Management", "errorCode!=AccessDenied"],
            &["eventCategory=Management", "errorCode=AccessDenied"],
        ])],
        &writes(),
    );
    assert_eq!(absent.counterexamples, ["write management events without errorCode"]);
    let impossible = PartialEvent { fields: [("readOnly".to_string(), "maybe".to_string())].into() };
    is_open(&[], &impossible);
}

#[test]
fn a_condition_without_known_values_never_passes() {
    // An operator that came after this version reads as no values at all.
    let mut selector = advanced(&["eventCategory=Management"]);
    selector.field_selectors.push(FieldSelector { field: "eventName".into(), ..FieldSelector::default() });
    let answer = ask(&[EventSelectors::Advanced(vec![selector])], &management());
    assert_eq!(answer.truth, Truth::Unknown, "{answer:?}");
    assert!(!answer.gaps.is_empty());
}

#[test]
fn what_is_not_understood_covers_no_more_than_it_could() {
    let odd = sets(&[&["eventCategory=Data", "userAgent=x"]]);
    assert_eq!(no(&[odd], &writes()), ["write management events"]);
    let odd = EventSelectors::Basic(vec![basic(ReadWriteType::Other("Some".into()), true, &["kms.amazonaws.com"], &[])]);
    assert_eq!(no(&[odd], &writes()), ["write management events of kms.amazonaws.com"]);
    let sure = sets(&[&["eventCategory=Management"], &["eventCategory=Data", "userAgent=x"]]);
    is_recorded(&[sure], &writes());
}

#[test]
fn only_gaps_that_decide_are_given() {
    let all = sets(&[&["eventCategory=Management"]]);
    let data = sets(&[&["eventCategory=Data"]]);
    let doubtful = |s, message: &str| Contributor { selectors: Ok(s), doubts: [gap(message)].into() };
    let answer = records(&[doubtful(&all, "status"), doubtful(&data, "irrelevant")], &Gaps::new(), &writes());
    assert_eq!((answer.truth, answer.gaps), (Truth::Unknown, Gaps::from([gap("status")])));
    assert_eq!(answer.counterexamples, ["write management events"]);
    let answer = records(&[doubtful(&data, "irrelevant")], &Gaps::new(), &writes());
    assert_eq!(answer, Answer::no(vec!["write management events".into()]));
    let unread = Contributor { selectors: Err([gap("selectors")].into()), doubts: Gaps::new() };
    let answer = records(&[doubtful(&data, "irrelevant"), unread.clone()], &[gap("page")].into(), &writes());
    assert_eq!((answer.truth, answer.gaps), (Truth::Unknown, Gaps::from([gap("selectors"), gap("page")])));
    let sure = Contributor { selectors: Ok(&all), doubts: Gaps::new() };
    assert_eq!(records(&[unread, sure], &[gap("page")].into(), &writes()), Answer::yes());
}

#[test]
fn a_doubtful_trail_cannot_turn_a_fail_that_it_could_not_mend() {
    let most = sets(&[&["eventCategory=Management", "eventSource!=kms.amazonaws.com"]]);
    let doubtful = Contributor { selectors: Ok(&most), doubts: [gap("status")].into() };
    let answer = records(&[doubtful], &Gaps::new(), &writes());
    assert_eq!(answer, Answer::no(vec!["write management events of kms.amazonaws.com".into()]));
}

#[test]
fn many_counterexamples_are_counted() {
    let names: Vec<String> = (0..9).map(|i| format!("s{i}.amazonaws.com")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let most = EventSelectors::Basic(vec![basic(ReadWriteType::All, true, &names, &[])]);
    let said = no(&[most], &writes());
    assert_eq!((said.len(), said[5].as_str()), (6, "and 4 more"));
    let few = sets(&[&["eventCategory=Management", "eventSource=s3.amazonaws.com|a|b|c|kms.amazonaws.com"]]);
    assert_eq!(no(&[few], &writes()), ["write management events of iam.amazonaws.com and other sources"]);
}

#[test]
fn many_selectors_do_not_explode() {
    let texts: Vec<Vec<String>> = (0..120)
        .map(|i| {
            vec![
                "eventCategory=Data".into(),
                format!("resources.ARN$=/{i}"),
                format!("eventName$=x{i}"),
                format!("eventSource^=s{i}"),
                format!("errorCode^=e{i}"),
            ]
        })
        .collect();
    let lists: Vec<Vec<&str>> = texts.iter().map(|t| t.iter().map(String::as_str).collect()).collect();
    let all = sets(&lists.iter().map(Vec::as_slice).collect::<Vec<_>>());
    assert_ne!(ask(&[all], &event(&[("eventCategory", "Data")])).truth, Truth::True);
    let values: Vec<String> = (0..250).map(|i| format!("arn:aws:s3:::bucket-{i}/")).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let buckets = EventSelectors::Basic(vec![basic(ReadWriteType::All, false, &[], &[("AWS::S3::Object", &values)])]);
    assert_eq!(no(&[buckets], &s3_writes()).len(), 1);
}

#[test]
fn selectors_in_a_few_words() {
    use ReadWriteType::{All, ReadOnly, WriteOnly};
    let s3: &[(&str, &[&str])] = &[("AWS::S3::Object", &["arn:aws:s3"])];
    for (selectors, words) in [
        (EventSelectors::Basic(vec![basic(All, true, &[], &[])]), "all management events"),
        (
            EventSelectors::Basic(vec![basic(All, true, &["kms.amazonaws.com"], &[])]),
            "management events except kms.amazonaws.com",
        ),
        (EventSelectors::Basic(vec![basic(WriteOnly, true, &[], s3)]), "write management events; S3 data events (write)"),
        (
            EventSelectors::Basic(vec![basic(ReadOnly, false, &[], &[("AWS::S3::Object", &["arn:aws:s3:::b/"])])]),
            "S3 data events (read) on arn:aws:s3:::b/...",
        ),
        (sets(&[&["eventCategory=Management"]]), "all management events"),
        (
            sets(&[&["eventCategory=Management", "readOnly=false"], &["eventCategory=Data", "resources.type=AWS::S3::Object"]]),
            "write management events; S3 data events (read and write)",
        ),
        (sets(&[&["eventCategory=Management", "eventSource!=kms.amazonaws.com"]]), "management events except kms.amazonaws.com"),
        (
            sets(&[&[
                "eventCategory=Data",
                "resources.type=AWS::S3::Object",
                "resources.ARN!^=arn:aws:s3:::logs/",
                "eventName=PutObject",
            ]]),
            "S3 data events (read and write) on resources other than arn:aws:s3:::logs/... named PutObject",
        ),
        (sets(&[&["eventCategory=Management", "eventSource=kms.amazonaws.com"]]), "management events of kms.amazonaws.com"),
        (
            sets(&[&["eventCategory=NetworkActivity", "eventSource=s3.amazonaws.com"]]),
            "network activity events of s3.amazonaws.com",
        ),
        (sets(&[&["readOnly=true"]]), "read events of no stated category"),
        (sets(&[&["eventCategory=Management|Data"]]), "events with eventCategory Management or Data"),
    ] {
        assert_eq!(describe(&selectors), words);
    }
}

/// Every string over `a`, `b` and a character that no selector names, with room between a prefix and a suffix of two.
fn sources() -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..5 {
        last = last.iter().flat_map(|s| ["a", "b", "z"].map(|c| format!("{s}{c}"))).collect();
        all.extend(last.iter().cloned());
    }
    all
}

fn any_field() -> impl Strategy<Value = FieldSelector> {
    let few = |pattern: &'static str| prop::collection::vec(pattern, 0..2);
    let source = (few("[ab]{0,2}"), few("[ab]{0,2}"), few("[ab]{0,2}"), few("[ab]{0,2}"), few("[ab]{0,2}"), few("[ab]{0,2}"))
        .prop_map(|(equals, starts_with, ends_with, not_equals, not_starts_with, not_ends_with)| FieldSelector {
            field: "eventSource".into(),
            equals,
            starts_with,
            ends_with,
            not_equals,
            not_starts_with,
            not_ends_with,
        })
        .prop_filter("a condition has values", |f| !alternatives(f).is_empty() || !excluded(f).is_empty());
    let one = |field: &'static str, values: &'static [&'static str]| {
        (prop::sample::subsequence(values, 1..=values.len()), any::<bool>()).prop_map(move |(values, wanted)| {
            let values: Vec<String> = values.into_iter().map(str::to_string).collect();
            let (equals, not_equals) = if wanted { (values, vec![]) } else { (vec![], values) };
            FieldSelector { field: field.into(), equals, not_equals, ..FieldSelector::default() }
        })
    };
    prop_oneof![3 => source, 2 => one("readOnly", &["true", "false"]), 1 => one("eventName", &["x", "y"])]
}

fn any_advanced() -> impl Strategy<Value = AdvancedSelector> {
    let category = prop::sample::select(vec!["Management", "Management", "Data"]);
    (category, prop::collection::vec(any_field(), 0..3)).prop_map(|(category, mut fields)| {
        fields.push(advanced(&[&format!("eventCategory={category}")]).field_selectors.remove(0));
        AdvancedSelector { name: None, field_selectors: fields }
    })
}

fn any_event() -> impl Strategy<Value = PartialEvent> {
    let maybe = |values: &'static [&'static str]| prop::option::of(prop::sample::select(values));
    (maybe(&["true", "false"]), maybe(&["a", "ab", "z"]), maybe(&["x", "y", "z"])).prop_map(|(access, source, name)| {
        let all = [("eventCategory", Some("Management")), ("readOnly", access), ("eventSource", source), ("eventName", name)];
        event(&all.into_iter().filter_map(|(f, v)| Some((f, v?))).collect::<Vec<_>>())
    })
}

fn selects(selector: &AdvancedSelector, event: &[(&str, &str)]) -> bool {
    selector.field_selectors.iter().all(|f| {
        let value = event.iter().find(|(field, _)| *field == f.field).unwrap().1;
        let chosen = f.equals.iter().any(|v| value == v)
            || f.starts_with.iter().any(|v| value.starts_with(v.as_str()))
            || f.ends_with.iter().any(|v| value.ends_with(v.as_str()));
        let excluded = f.not_equals.iter().any(|v| value == v)
            || f.not_starts_with.iter().any(|v| value.starts_with(v.as_str()))
            || f.not_ends_with.iter().any(|v| value.ends_with(v.as_str()));
        (chosen || (f.equals.is_empty() && f.starts_with.is_empty() && f.ends_with.is_empty())) && !excluded
    })
}

/// What a mutation of the world hides.
#[derive(Clone, Copy, Debug)]
enum Hidden {
    Nothing,
    Selectors,
    Status,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn coverage_agrees_with_every_single_event(all in prop::collection::vec(any_advanced(), 0..6), event in any_event()) {
        let covered = sources().iter().all(|source| {
            ["true", "false"].iter().all(|access| ["x", "y", "z"].iter().all(|name| {
                let one = [("eventCategory", "Management"), ("readOnly", *access), ("eventSource", source.as_str()), ("eventName", *name)];
                let in_family = event.fields.iter().all(|(f, v)| one.contains(&(f.as_str(), v.as_str())));
                !in_family || all.iter().any(|s| selects(s, &one))
            }))
        });
        let answer = ask(&[EventSelectors::Advanced(all)], &event);
        prop_assert_eq!(answer.truth, Truth::from(covered), "{:?}", answer);
        prop_assert_eq!(answer.counterexamples.is_empty(), covered);
    }

    #[test]
    fn knowing_less_never_gives_another_verdict(
        trails in prop::collection::vec(
            (prop::collection::vec(any_advanced(), 0..3), any::<[bool; 3]>(), prop::sample::select(vec![Hidden::Nothing, Hidden::Selectors, Hidden::Status])),
            0..4,
        ),
        more in any::<[bool; 2]>(),
        event in any_event(),
    ) {
        let odd = sets(&[&["eventCategory=Management", "userAgent=x"]]);
        let EventSelectors::Advanced(odd) = odd else { unreachable!() };
        let all: Vec<_> = trails.into_iter().map(|(mut list, [is_odd, doubted, unread], hidden)| {
            if is_odd { list.extend(odd.clone()); }
            (EventSelectors::Advanced(list), doubted, unread, hidden)
        }).collect();
        let page = |has: bool| if has { Gaps::from([gap("page")]) } else { Gaps::new() };
        let known: Vec<_> = all.iter().map(|(s, doubted, unread, _)| Contributor {
            selectors: if *unread && *doubted { Err([gap("selectors")].into()) } else { Ok(s) },
            doubts: if *doubted { [gap("status")].into() } else { Gaps::new() },
        }).collect();
        let less: Vec<_> = known.iter().zip(&all).map(|(c, (.., hidden))| match hidden {
            Hidden::Nothing => c.clone(),
            Hidden::Selectors => Contributor { selectors: Err([gap("hidden")].into()), ..c.clone() },
            Hidden::Status => Contributor { doubts: [gap("hidden")].into(), ..c.clone() },
        }).collect();
        let before = records(&known, &page(more[0]), &event);
        let after = records(&less, &page(more[0] || more[1]), &event);
        prop_assert!(before.truth.refines(after.truth), "{:?} became {:?}", before, after);
        prop_assert_eq!(after.truth == Truth::Unknown, !after.gaps.is_empty());
    }
}
