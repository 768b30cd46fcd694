//! Tests of the questions beside `records`: on resources, some at all, more than once, and whether selectors are sound.

use super::*;

const CARDS: &str = "arn:aws:s3:::cards";

fn known(all: &[EventSelectors]) -> Vec<Contributor<'_>> {
    all.iter().map(|s| Contributor { selectors: Ok(s), doubts: Gaps::new() }).collect()
}

fn on(all: &[EventSelectors], arn: &str) -> Truth {
    records_on(&known(all), &Gaps::new(), &s3_writes(), arn).truth
}

fn s3(conditions: &[&str]) -> EventSelectors {
    let base = ["eventCategory=Data", "resources.type=AWS::S3::Object"];
    sets(&[&base.iter().chain(conditions).copied().collect::<Vec<_>>()])
}

fn except(all: &[EventSelectors], left_out: &LeftOut) -> Answer {
    records_except(&known(all), &Gaps::new(), &s3_writes(), left_out)
}

fn once(all: &[EventSelectors], event: &PartialEvent) -> Truth {
    record_at_most_once(&known(all), &Gaps::new(), event).truth
}

fn problems(selectors: &EventSelectors) -> Vec<String> {
    let answer = are_sound(selectors);
    assert_eq!(answer.truth, Truth::False, "{answer:?}");
    answer.counterexamples
}

#[test]
fn a_bucket_is_its_objects_and_no_bucket_with_a_longer_name() {
    assert_eq!(on(&[s3(&["resources.ARN^=arn:aws:s3:::cards/"])], CARDS), Truth::True);
    assert_eq!(on(&[s3(&["resources.ARN^=arn:aws:s3:::cards"])], CARDS), Truth::True);
    assert_eq!(on(&[s3(&["resources.ARN^=arn:aws:s3:::cards-old/"])], CARDS), Truth::False);
    assert_eq!(on(&[s3(&["resources.ARN^=arn:aws:s3:::cards/a/"])], CARDS), Truth::False);
    assert_eq!(on(&[s3(&["resources.ARN^=arn:aws:s3:::cards/a/"])], "arn:aws:s3:::cards/a/b"), Truth::True);
    assert_eq!(on(&[s3(&["resources.ARN=arn:aws:s3:::cards"])], CARDS), Truth::False);
    assert_eq!(on(&[s3(&["readOnly=true"])], CARDS), Truth::False);
    assert_eq!(on(&[s3(&["resources.ARN$=.log"])], CARDS), Truth::False);
}

#[test]
fn every_spelling_of_all_resources_asks_for_all() {
    let one = s3(&["resources.ARN^=arn:aws:s3:::cards/"]);
    for spelling in ["arn:aws:s3", "arn:aws:s3:::", "arn:aws-us-gov:s3:::"] {
        assert_eq!(on(std::slice::from_ref(&one), spelling), Truth::False, "{spelling}");
        assert_eq!(on(&[s3(&[])], spelling), Truth::True, "{spelling}");
    }
}

#[test]
fn a_resource_that_is_not_understood_never_passes() {
    for arn in ["cards", "arn:aws:s3:::card?", "arn:aws:s3:::*"] {
        assert_eq!(on(&[s3(&[])], arn), Truth::Unknown, "{arn}");
    }
}

#[test]
fn what_is_left_out_must_be_exactly_what_the_selector_leaves_out() {
    let certain =
        |names: &[&str]| LeftOut { certain: names.iter().map(|n| format!("arn:aws:s3:::{n}/")).collect(), ..LeftOut::default() };
    let selector = [s3(&["resources.ARN!^=arn:aws:s3:::logs/"])];
    assert_eq!(except(&selector, &certain(&["logs"])).truth, Truth::True);
    assert_eq!(except(&selector, &certain(&["other"])).truth, Truth::False);
    assert_eq!(except(&selector, &certain(&[])).truth, Truth::False);
    assert_eq!(except(&[s3(&["resources.ARN!^=arn:aws:s3:::logs"])], &certain(&["logs"])).truth, Truth::False);
}

#[test]
fn a_doubt_about_what_is_left_out_is_a_doubt_about_the_answer_only_where_it_decides() {
    let doubtful = LeftOut { doubtful: vec![("arn:aws:s3:::logs/".into(), [gap("status")].into())], ..LeftOut::default() };
    let answer = except(&[s3(&["resources.ARN!^=arn:aws:s3:::logs/"])], &doubtful);
    assert_eq!((answer.truth, answer.gaps), (Truth::Unknown, [gap("status")].into()));
    assert_eq!(except(&[s3(&[])], &doubtful).truth, Truth::True);
    assert_eq!(except(&[s3(&["readOnly=true"])], &doubtful).truth, Truth::False);
    let more = LeftOut { may_be_more: [gap("page")].into(), ..LeftOut::default() };
    assert_eq!(except(&[s3(&["readOnly=true"])], &more).truth, Truth::Unknown);
    assert_eq!(except(&[s3(&[])], &more).truth, Truth::True);
}

#[test]
fn trails_that_share_events_record_them_once() {
    let (reads, writes_only) =
        (sets(&[&["eventCategory=Management", "readOnly=true"]]), sets(&[&["eventCategory=Management", "readOnly=false"]]));
    let all = sets(&[&["eventCategory=Management"]]);
    assert_eq!(once(&[reads.clone(), writes_only.clone()], &management()), Truth::True);
    assert_eq!(once(&[reads.clone(), all.clone()], &management()), Truth::False);
    assert_eq!(once(&[reads, all], &writes()), Truth::True);
    let twice_in_one = sets(&[&["eventCategory=Management"], &["eventCategory=Management", "readOnly=false"]]);
    assert_eq!(once(&[twice_in_one], &management()), Truth::True);
    let odd = EventSelectors::Basic(vec![basic(ReadWriteType::Other("Sometimes".into()), true, &[], &[])]);
    assert_eq!(once(&[odd, writes_only], &management()), Truth::Unknown);
}

#[test]
fn selectors_that_mean_what_they_say_are_sound() {
    for sound in [
        EventSelectors::Basic(vec![basic(
            ReadWriteType::All,
            true,
            &["kms.amazonaws.com"],
            &[("AWS::S3::Object", &["arn:aws:s3"])],
        )]),
        sets(&[
            &["eventCategory=Management", "eventSource!=kms.amazonaws.com"],
            &["eventCategory=Management", "eventSource=kms.amazonaws.com", "readOnly=false"],
        ]),
        s3(&["resources.ARN^=arn:aws:s3:::a/", "resources.ARN!^=arn:aws:s3:::a/b/"]),
        s3(&["resources.ARN^=arn:aws:s3:::a/|arn:aws:s3:::a/b/"]),
        sets(&[&["eventCategory=NetworkActivity", "eventSource=s3.amazonaws.com", "vpcEndpointId!=vpce-1"]]),
    ] {
        assert_eq!(are_sound(&sound), Answer::yes(), "{sound:?}");
    }
}

#[test]
fn what_records_nothing_is_named() {
    assert_eq!(problems(&EventSelectors::Advanced(vec![])), ["there is no selector: the trail records nothing"]);
    let label = "selector 1 (`Management events selector`)";
    assert_eq!(problems(&s3(&["readOnly=TRUE"])), [format!("{label} records nothing: its conditions contradict each other")]);
    assert_eq!(problems(&s3(&["resources.ARN^=cards/"])), [format!("{label} names `cards/`, which is no ARN")]);
    let taken_back = s3(&["resources.ARN^=arn:aws:s3:::a/|arn:aws:s3:::b/", "resources.ARN!^=arn:aws:s3:::a"]);
    assert_eq!(
        problems(&taken_back),
        [format!("{label} chooses `arn:aws:s3:::a/...` as resources.ARN, and other conditions take it back")]
    );
    let defeated = EventSelectors::Basic(vec![
        basic(ReadWriteType::All, true, &["kms.amazonaws.com"], &[]),
        basic(ReadWriteType::ReadOnly, true, &[], &[]),
        basic(ReadWriteType::WriteOnly, true, &[], &[]),
    ]);
    assert_eq!(problems(&defeated), ["selector 1 excludes kms.amazonaws.com, which other selectors record all the same"]);
}

#[test]
fn a_selector_that_is_not_understood_is_neither_sound_nor_broken() {
    for odd in [
        sets(&[&["eventCategory=Management", "weather=fine"]]),
        sets(&[&["readOnly=true"]]),
        EventSelectors::Basic(vec![basic(ReadWriteType::All, false, &[], &[("AWS::S3::Object", &["arn:aws:s3:::*"])])]),
    ] {
        let answer = are_sound(&odd);
        assert!(answer.truth == Truth::Unknown && !answer.gaps.is_empty(), "{odd:?}: {answer:?}");
    }
}

/// Selectors that make intersections of long lists: beginnings and ends that fit together in every pair, and a last list
/// that fits none of them.
fn hostile(values: usize) -> EventSelectors {
    let list = |make: &dyn Fn(usize) -> String| (0..values).map(make).collect::<Vec<_>>();
    let field = |starts_with: Vec<String>, ends_with: Vec<String>, not_equals: Vec<String>| FieldSelector {
        field: "eventSource".into(),
        starts_with,
        ends_with,
        not_equals,
        ..FieldSelector::default()
    };
    let category = advanced(&["eventCategory=Management"]).field_selectors;
    let fields = [
        field(list(&|i| "a".repeat(i + 1)), vec![], vec![]),
        field(vec![], list(&|i| "b".repeat(i + 1)), vec![]),
        field(vec![], list(&|i| format!("{}c", "d".repeat(i))), vec![]),
        field(vec![], vec![], list(&|i| format!("a{i}b"))),
    ];
    EventSelectors::Advanced(vec![AdvancedSelector { name: None, field_selectors: category.into_iter().chain(fields).collect() }])
}

#[test]
fn hostile_selectors_are_given_up_in_time() {
    let most = hostile(240);
    assert_eq!(are_sound(&most).truth, Truth::Unknown);
    assert_ne!(once(&[most.clone(), most.clone(), most.clone()], &management()), Truth::False);
    assert_ne!(records_some(&known(std::slice::from_ref(&most)), &Gaps::new(), &management()).truth, Truth::True);
    let many: Vec<EventSelectors> = (0..12).map(|_| hostile(60)).collect();
    assert_ne!(once(&many, &management()), Truth::False);
    let names: Vec<String> = (0..1_000).map(|i| format!("s{i}.amazonaws.com")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let exclusions = EventSelectors::Basic(vec![basic(ReadWriteType::All, true, &names[..990], &[])]);
    assert_eq!(are_sound(&exclusions).truth, Truth::Unknown);
    assert_ne!(once(&[exclusions.clone(), exclusions], &management()), Truth::True);
    let buckets: Vec<String> = (0..900).map(|i| format!("arn:aws:s3:::bucket-{i}/")).collect();
    let left_out = LeftOut { certain: buckets, ..LeftOut::default() };
    assert_eq!(except(&[s3(&["resources.ARN!^=arn:aws:s3:::logs/"])], &left_out).truth, Truth::False);
}

/// Every event that the selectors of `any_advanced` can tell apart.
fn universe() -> Vec<[(&'static str, String); 4]> {
    let mut all = Vec::new();
    for source in sources() {
        for access in ["true", "false"] {
            for name in ["x", "y", "z"] {
                let (category, access, name) = ("Management".to_string(), access.to_string(), name.to_string());
                all.push([
                    ("eventCategory", category),
                    ("readOnly", access),
                    ("eventSource", source.clone()),
                    ("eventName", name),
                ]);
            }
        }
    }
    all
}

fn chosen(list: &[AdvancedSelector], one: &[(&'static str, String); 4]) -> bool {
    let one: Vec<(&str, &str)> = one.iter().map(|(f, v)| (*f, v.as_str())).collect();
    list.iter().any(|s| selects(s, &one))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn some_and_once_agree_with_every_single_event(
        trails in prop::collection::vec(prop::collection::vec(any_advanced(), 0..3), 1..4),
        event in any_event(),
    ) {
        let family: Vec<_> = universe()
            .into_iter()
            .filter(|one| event.fields.iter().all(|(f, v)| one.iter().any(|(field, value)| field == f && value == v)))
            .collect();
        let all: Vec<EventSelectors> = trails.iter().cloned().map(EventSelectors::Advanced).collect();
        let twice = family.iter().any(|one| trails.iter().filter(|list| chosen(list, one)).count() > 1);
        prop_assert_eq!(once(&all, &event), Truth::from(!twice));
        let some = family.iter().any(|one| chosen(&trails[0], one));
        prop_assert_eq!(records_some(&known(&all[..1]), &Gaps::new(), &event).truth, Truth::from(some));
    }

    #[test]
    fn a_selector_that_chooses_no_event_is_never_sound(list in prop::collection::vec(any_advanced(), 1..3)) {
        let management = |s: &AdvancedSelector| selects(&advanced(&["eventCategory=Management"]), &[("eventCategory", "Management")])
            && s.field_selectors.iter().all(|f| f.field != "eventCategory" || f.equals == ["Management"]);
        let idle = list.iter().any(|s| management(s) && !universe().iter().any(|one| chosen(std::slice::from_ref(s), one)));
        let answer = are_sound(&EventSelectors::Advanced(list));
        prop_assert!(!idle || answer.truth == Truth::False, "{:?}", answer);
    }

    #[test]
    fn knowing_less_never_gives_another_answer(
        trails in prop::collection::vec((prop::collection::vec(any_advanced(), 0..3), 0..3u8), 0..4),
        page in any::<bool>(),
        event in any_event(),
        left in prop::collection::vec(("[ab]{1,2}", any::<bool>()), 0..3),
        more_left in any::<bool>(),
    ) {
        let all: Vec<EventSelectors> = trails.iter().map(|(list, _)| EventSelectors::Advanced(list.clone())).collect();
        let before = known(&all);
        let less: Vec<Contributor<'_>> = before.iter().zip(&trails).map(|(c, (_, hidden))| match hidden {
            0 => c.clone(),
            1 => Contributor { selectors: Err([gap("hidden")].into()), ..c.clone() },
            _ => Contributor { doubts: [gap("hidden")].into(), ..c.clone() },
        }).collect();
        let pages = if page { Gaps::from([gap("page")]) } else { Gaps::new() };
        let exact = LeftOut { certain: left.iter().map(|(p, _)| p.clone()).collect(), ..LeftOut::default() };
        let vague = LeftOut {
            certain: left.iter().filter(|(_, hidden)| !hidden).map(|(p, _)| p.clone()).collect(),
            doubtful: left.iter().filter(|(_, hidden)| *hidden).map(|(p, _)| (p.clone(), [gap("left")].into())).collect(),
            may_be_more: if more_left { [gap("more")].into() } else { Gaps::new() },
        };
        for (what, known, unknown) in [
            ("some", records_some(&before, &Gaps::new(), &event), records_some(&less, &pages, &event)),
            ("once", record_at_most_once(&before, &Gaps::new(), &event), record_at_most_once(&less, &pages, &event)),
            ("on", records_on(&before, &Gaps::new(), &event, "arn:aws:s3:::a"), records_on(&less, &pages, &event, "arn:aws:s3:::a")),
            ("except", records_except(&before, &Gaps::new(), &event, &exact), records_except(&less, &pages, &event, &vague)),
        ] {
            prop_assert!(known.truth.refines(unknown.truth), "{}: {:?} became {:?}", what, known, unknown);
            prop_assert_eq!(unknown.truth == Truth::Unknown, !unknown.gaps.is_empty(), "{}: {:?}", what, unknown);
        }
    }
}
