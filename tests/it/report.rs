//! The formats of a report: what people see, what machines read, and that foreign text stays text.

mod exchange;
mod many;
mod requirements;
mod sample;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};
use trailproof::report::text::TextOptions;
use trailproof::report::{Report, foreign, html, json, text};

const PLAIN: TextOptions = TextOptions { color: false, width: 80, verbose: false, quiet: false };

fn page(report: &Report) -> String {
    html::write(report).expect("the templates are sound")
}

#[test]
fn text_for_people() {
    let report = sample::report();
    insta::assert_snapshot!("text_80", text::write(&report, &PLAIN));
    insta::assert_snapshot!("text_120_verbose", text::write(&report, &TextOptions { width: 120, verbose: true, ..PLAIN }));
    insta::assert_snapshot!("text_quiet", text::write(&report, &TextOptions { quiet: true, ..PLAIN }));
}

#[test]
fn what_is_waived_is_seen_and_what_has_expired_is_seen_first() {
    let report = sample::waived();
    let written = text::write(&report, &PLAIN);
    insta::assert_snapshot!("text_80_waived", written);
    assert!(written.find("waivers that have expired") < written.find("critical ("), "{written}");
    let page = page(&report);
    leave("report-waived.html", &page);
    assert!(page.find("EXPIRED") < page.find("<h1>"), "the cover says it first");
    for id in ["W-2026-001", "W-2026-002", "W-2026-003"] {
        assert!(page.contains(id));
    }
    let json = json::write(&report).expect("it serializes");
    assert_eq!(serde_json::from_str::<Report>(&json).expect("it reads back"), report);
}

#[test]
fn json_for_machines() {
    let report = sample::report();
    let written = json::write(&report).expect("it serializes");
    insta::assert_snapshot!("json", written);
    assert!(written.ends_with("}\n"));
    assert_eq!(serde_json::from_str::<Report>(&written).expect("it reads back"), report);
}

#[test]
fn lines_fit_the_width_and_colour_changes_no_word() {
    for report in [sample::report(), sample::waived(), sample::large(3, 20)] {
        for width in [40, 60, 80, 120, 200] {
            let options = TextOptions { width, verbose: true, ..PLAIN };
            let plain = text::write(&report, &options);
            for line in plain.lines() {
                assert!(line.chars().count() <= width, "wider than {width}: {line}");
                assert_eq!(line, line.trim_end());
            }
            let painted = text::write(&report, &TextOptions { color: true, ..options });
            assert_ne!(painted, plain);
            let bare: Vec<String> = without_colour(&painted).lines().map(|line| line.trim_end().to_string()).collect();
            assert_eq!(bare, plain.lines().collect::<Vec<_>>());
        }
    }
}

fn without_colour(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        out.push_str(part.split_once('m').expect("an ANSI colour").1);
    }
    out
}

#[test]
fn many_findings_of_one_policy_are_counted_in_text() {
    let written = text::write(&sample::large(3, 200), &PLAIN);
    assert!(written.contains("and 190 more of made-up-policy-000"), "{written}");
}

/// Leaves a page where the browser's check can be run on it.
fn leave(name: &str, page: &str) {
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), page).expect("a writable target folder");
}

#[test]
fn the_policy_of_the_page_names_exactly_its_own_style_and_script() {
    let page = page(&sample::report());
    leave("report.html", &page);
    let between = |open: &str, close: &str| -> Vec<String> {
        page.split(open).skip(1).map(|rest| rest.split(close).next().unwrap_or_default().to_string()).collect()
    };
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    let (styles, scripts) = (between("<style>", "</style>"), between("<script>", "</script>"));
    assert_eq!((styles.len(), scripts.len()), (1, 1));
    assert!(!page.contains(" style=") && !page.contains("\r"));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(&styles[0]),
        hash(&scripts[0])
    );
    assert!(page.contains(&format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">")));
    assert!(page.find("Content-Security-Policy") < page.find("<style>"));
}

#[test]
fn the_page_asks_for_nothing() {
    let page = page(&sample::report());
    for tag in tags(&page) {
        let loads = ["src", "srcset", "data", "action", "xlink:href"].iter().any(|name| tag.attributes.contains_key(*name));
        assert!(!loads, "{tag:?}");
        if let Some(href) = tag.attributes.get("href") {
            assert_eq!(tag.name, "a");
            assert!(href.starts_with('#') || href.starts_with("https://"), "{href}");
        }
        assert!(!tag.attributes.keys().any(|name| name.starts_with("on")), "{tag:?}");
    }
    let style = page.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).expect("a style");
    assert!(!style.contains("@import") && !style.contains("url(http") && !style.contains("url(//"));
}

#[test]
fn every_id_stands_once_and_every_link_leads_somewhere() {
    for report in [sample::report(), sample::waived(), sample::large(6, 40)] {
        let page = page(&report);
        let mut ids: BTreeMap<String, usize> = BTreeMap::new();
        let tags = tags(&page);
        for tag in &tags {
            if let Some(id) = tag.attributes.get("id") {
                assert!(!id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)), "{id}");
                *ids.entry(id.clone()).or_default() += 1;
            }
        }
        assert!(ids.values().all(|times| *times == 1), "{ids:?}");
        for tag in &tags {
            let names = ["href", "for", "aria-labelledby"].iter().filter_map(|name| tag.attributes.get(*name));
            for target in names.filter(|target| !target.starts_with("https://")) {
                assert!(ids.contains_key(target.trim_start_matches('#')), "nothing at {target}");
            }
        }
    }
}

#[test]
fn every_finding_gap_trail_requirement_and_policy_is_on_the_page() {
    let report = sample::report();
    let page = page(&report);
    let on_page = |text: &str| page.contains(&escaped(&foreign::line(text)));
    assert_eq!(tags(&page).iter().filter(|tag| tag.attributes.contains_key("data-f")).count(), report.findings.len());
    for finding in &report.findings {
        assert!(on_page(&finding.message) && on_page(&finding.subject.id) && on_page(&finding.policy), "{}", finding.message);
        let drawn = |case: &&String| case.ends_with("its actions are disabled");
        assert!(finding.counterexamples.iter().filter(|case| !drawn(case)).all(|case| on_page(case)));
        // What is drawn is not said again.
        assert!(!finding.counterexamples.iter().filter(drawn).any(|case| on_page(case)));
        for chain in &finding.chains {
            assert!(chain.links.iter().all(|link| on_page(&link.kind) && on_page(&link.name)));
            assert!(chain.why.iter().all(|why| on_page(why)));
        }
        if let Some(fix) = &finding.fix {
            assert!(
                [&fix.cli, &fix.terraform, &fix.cloudformation]
                    .into_iter()
                    .all(|code| page.contains(&escaped(&foreign::block(code))))
            );
        }
    }
    assert!(report.gaps.iter().all(|view| on_page(&view.gap.message)));
    assert!(report.trails.iter().all(|trail| on_page(&trail.arn) && on_page(&trail.home_region)));
    for framework in &report.frameworks {
        assert!(on_page(&framework.statement));
        for requirement in &framework.requirements {
            assert!(on_page(&requirement.id) && on_page(&requirement.title) && on_page(requirement.status.label()));
        }
    }
    for words in ["breaks here", "breaks at the trail", "somebody is told"] {
        assert_eq!(page.matches(&format!(">{words}</span>")).count(), 1, "{words}");
    }
    assert!(on_page(&report.result) && page.contains("SYNTHETIC DATA") && !page.contains("INTERRUPTED"));
    assert!(page.contains("8f6a3c1e-52f4-4c7b-9c55-2f6d1b9e7a10"), "the request id of a call");
    assert!(!page.to_lowercase().contains("compliant"), "the page claims nothing");
}

#[test]
fn an_interrupted_run_says_so() {
    let mut report = sample::report();
    report.collected.interrupted = true;
    assert!(page(&report).contains("INTERRUPTED"));
    assert!(text::write(&report, &PLAIN).contains("INTERRUPTED"));
}

#[test]
fn an_empty_report_is_a_page() {
    let mut report = sample::report();
    report.findings.clear();
    report.gaps.clear();
    report.trails.clear();
    report.frameworks.clear();
    report.policies.clear();
    report.operations.clear();
    report.population = trailproof::report::Population::default();
    report.executive = trailproof::report::Executive::default();
    report.heat_map = trailproof::report::HeatMap::default();
    report.summary = trailproof::report::Summary {
        outcomes: trailproof::report::Counts::default(),
        fails: BTreeMap::new(),
        coverage: trailproof::report::Coverage { evaluated: 0, in_scope: 0, permille: None },
    };
    assert!(page(&report).contains("No trail was found"));
    assert!(text::write(&report, &PLAIN).contains("0 fail"));
}

#[test]
fn the_page_stays_small_and_says_what_it_leaves_out() {
    for (policies, subjects) in [(20, 500), (100, 100), (1, 12_113)] {
        let page = page(&sample::large(policies, subjects));
        leave(&format!("report-{policies}x{subjects}.html"), &page);
        assert!(page.len() < 10_000_000, "{policies} policies, {subjects} subjects: {} bytes", page.len());
        if subjects > 500 {
            assert!(page.contains("Showing 500 of 12,113"));
        }
    }
}

#[test]
fn a_thousand_findings_are_all_shown_within_four_megabytes() {
    let page = page(&sample::large(20, 50));
    assert!(page.len() < 4_000_000, "{} bytes", page.len());
    assert!(!page.contains("Showing "), "nothing is left out");
}

/// What the page does to text before it stands in an element or an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
        .replace('`', "&#96;")
}

#[derive(Debug)]
struct Tag {
    name: String,
    attributes: BTreeMap<String, String>,
}

/// The start tags of the page, style and script left out. It panics where a tag or an attribute is not as the templates write them.
fn tags(page: &str) -> Vec<Tag> {
    let mut rest = page;
    let mut out = Vec::new();
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with('/') || rest.starts_with('!') {
            continue;
        }
        let mut name_end = rest.find(|c: char| !c.is_ascii_alphanumeric()).expect("a tag ends");
        let name = rest[..name_end].to_string();
        assert!(!name.is_empty(), "a bare < before {:.40}", rest);
        let mut attributes = BTreeMap::new();
        loop {
            rest = rest[name_end..].trim_start();
            if let Some(after) = rest.strip_prefix("/>").or(rest.strip_prefix('>')) {
                rest = after;
                break;
            }
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-:".contains(c)).expect("an attribute ends");
            assert!(end > 0, "not an attribute: {rest:.60}");
            let key = rest[..end].to_string();
            rest = &rest[end..];
            name_end = 0;
            let mut value = String::new();
            if let Some(quoted) = rest.strip_prefix("=\"") {
                let close = quoted.find('"').expect("a quote is closed");
                value = quoted[..close].to_string();
                assert!(!value.contains('<') && !value.contains('>'), "{value}");
                rest = &quoted[close + 1..];
            }
            assert!(attributes.insert(key, value).is_none(), "an attribute twice in {name}");
        }
        if name == "style" || name == "script" {
            rest = &rest[rest.find("</").expect("it is closed")..];
        }
        out.push(Tag { name, attributes });
    }
    out
}

/// Puts the text into every string of the report, except where the form allows only certain words.
fn infect(value: &mut Value, key: &str, text: &str) {
    const FORMS: [&str; 20] = [
        "created",
        "expires",
        "date",
        "standing",
        "cells",
        "kind",
        "outcome",
        "severity",
        "strength",
        "status",
        "class",
        "now",
        "started",
        "ended",
        "time",
        "basis",
        "file",
        "line",
        "column",
        "schema_version",
    ];
    match value {
        Value::String(_) if FORMS.contains(&key) => {}
        Value::String(old)
            if ["reached", "not_enabled", "derived", "expired", "ends_soon", "holds", "told", "broken"]
                .contains(&old.as_str()) => {}
        Value::String(old) => *old = text.to_string(),
        Value::Array(items) => items.iter_mut().for_each(|item| infect(item, key, text)),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, field)| infect(field, name, text)),
        _ => {}
    }
}

fn infected(text: &str) -> Report {
    let mut value = serde_json::to_value(sample::waived()).expect("it serializes");
    infect(&mut value, "", text);
    serde_json::from_value(value).expect("still a report")
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<script>alert(1)</script>".to_string()),
        Just("</style></script><img src=x onerror=alert(1)>".to_string()),
        Just("\"><svg/onload=alert(1)>".to_string()),
        Just("' autofocus onfocus='alert(1)".to_string()),
        Just("{{ page }}{% include 'x' %}".to_string()),
        Just("javascript:alert(1)".to_string()),
        Just("\u{1b}]8;;http://evil\u{7}\u{1b}[2J".to_string()),
        Just("\u{202e}\u{2066}\u{200f}\u{feff}\u{9b}\u{0}".to_string()),
        Just("<!--".to_string()),
        Just("&lt;&#x3c;".to_string()),
        Just("\r\n\t".to_string()),
        Just("x".repeat(10_240)),
        "\\PC{0,40}",
        any::<String>(),
    ];
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

/// The names of the tags of a page without anything hostile.
static CLEAN: LazyLock<Vec<String>> = LazyLock::new(|| tags(&page(&infected("x"))).into_iter().map(|tag| tag.name).collect());

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn foreign_text_stays_text(text in hostile()) {
        let report = infected(&text);
        let clean = CLEAN.clone();
        let page = page(&report);
        let names = tags(&page).into_iter().map(|tag| tag.name).filter(|name| name != "a").collect::<Vec<_>>();
        let expected = clean.into_iter().filter(|name| name != "a").collect::<Vec<_>>();
        // Only what depends on a text being empty, equal to another or a word of ours may differ.
        for name in ["script", "style", "img", "svg", "iframe", "meta", "form", "object", "base", "link"] {
            prop_assert_eq!(names.iter().filter(|n| *n == name).count(), expected.iter().filter(|n| *n == name).count());
        }
        prop_assert!(!page.chars().any(|c| c != '\n' && foreign::is_hidden(c)));
        prop_assert!(page.len() < 3_000_000);

        let written = text::write(&report, &TextOptions { verbose: true, ..PLAIN });
        prop_assert!(!written.chars().any(|c| c != '\n' && foreign::is_hidden(c)));
        let quiet = text::write(&report, &TextOptions { quiet: true, ..PLAIN });
        prop_assert_eq!(quiet.lines().count(), 1);

        let json = json::write(&report).expect("it serializes");
        prop_assert!(!json.chars().any(|c| c != '\n' && foreign::is_hidden(c)));
        prop_assert_eq!(serde_json::from_str::<Report>(&json).expect("it reads back"), report);
    }
}
