//! The formats of other people's tools. Whether they are what their standards say is asked of others, in `tests/formats`;
//! here is what holds for every report: nothing lost, nothing hostile, the same ids in every run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use trailproof::finding::{Finding, Known, Outcome, Waived, WaiverKind};
use trailproof::report::exchange::sarif::InventoryLines;
use trailproof::report::exchange::{Written, asff, csv, gitlab, junit, markdown, ocsf, oscal, sarif};
use trailproof::report::{Report, foreign, json};

use super::{hostile, infected, many, sample};

const NAMES: [&str; 8] = ["ocsf", "asff", "sarif", "oscal", "csv", "markdown", "junit", "gitlab"];

fn written(name: &str, report: &Report) -> Written {
    written_beside(name, report, &InventoryLines::default())
}

fn written_beside(name: &str, report: &Report, inventory: &InventoryLines) -> Written {
    match name {
        "ocsf" => ocsf::write(report),
        "asff" => asff::write(report),
        "sarif" => sarif::write(report, inventory),
        "oscal" => oscal::write(report).unwrap(),
        "csv" => csv::write(report).unwrap(),
        "markdown" => markdown::write(report),
        "junit" => junit::write(report).unwrap(),
        "gitlab" => gitlab::write(report, inventory),
        other => panic!("no format {other}"),
    }
}

fn text(name: &str, report: &Report) -> String {
    written(name, report).text
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn asff_findings(report: &Report) -> Vec<Value> {
    lines(&text("asff", report)).iter().flat_map(|r| r["Findings"].as_array().unwrap().clone()).collect()
}

fn parsed(name: &str, report: &Report) -> Value {
    serde_json::from_str(&text(name, report)).unwrap()
}

fn rows(report: &Report) -> Vec<BTreeMap<String, String>> {
    ::csv::Reader::from_reader(text("csv", report).as_bytes()).deserialize().map(Result::unwrap).collect()
}

fn counted<T: Ord>(all: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    all.into_iter().for_each(|one| *counts.entry(one).or_default() += 1);
    counts
}

/// What a finding is called in the formats that take words of ours.
fn word(finding: &Finding) -> &'static str {
    match (&finding.waiver, finding.outcome) {
        (Some(waiver), Outcome::Fail) if waiver.is_expired => "waiver expired",
        (Some(_), Outcome::Fail) => "waived",
        (None, Outcome::Fail) if finding.known.is_some() => "known",
        (_, outcome) => outcome.label(),
    }
}

#[test]
fn every_format_reads_as_it_did() {
    let report = sample::waived();
    for name in NAMES {
        insta::assert_snapshot!(format!("exchange_{name}"), text(name, &report));
    }
}

/// The counts of every format are those of `report.json`, read back from the documents.
#[test]
fn nothing_is_lost_and_nothing_is_turned_round() {
    for report in [sample::waived(), sample::large(6, 40), waived_organization().0] {
        let words = counted(report.findings.iter().map(word));
        let number = |word: &str| words.get(word).copied().unwrap_or_default();
        let fails =
            report.summary.outcomes.fail.max(number("fail") + number("waived") + number("waiver expired") + number("known"));

        let statuses = counted(
            lines(&text("ocsf", &report))
                .iter()
                .map(|e| (e["compliance"]["status_id"].as_u64().unwrap(), e["status_id"].as_u64().unwrap())),
        );
        let ocsf = |key| statuses.get(&key).copied().unwrap_or_default();
        assert_eq!(ocsf((1, 4)), number("pass"));
        assert_eq!(ocsf((2, 1)), number("unknown"));
        assert_eq!(ocsf((3, 3)), number("waived"));
        assert_eq!(ocsf((3, 1)), number("fail") + number("waiver expired"));
        assert_eq!(ocsf((3, 99)), number("known"));
        assert_eq!(ocsf((99, 99)), number("not applicable"));

        let statuses = counted(asff_findings(&report).iter().map(|f| f["Compliance"]["Status"].as_str().unwrap().to_string()));
        let asff = |key: &str| statuses.get(key).copied().unwrap_or_default();
        assert_eq!((asff("PASSED"), asff("WARNING")), (number("pass"), number("unknown")));
        assert_eq!((asff("FAILED"), asff("NOT_AVAILABLE")), (fails, number("not applicable")));

        let run = parsed("sarif", &report)["runs"][0].clone();
        let results = run["results"].as_array().unwrap();
        let kinds = counted(results.iter().map(|r| r["kind"].as_str().unwrap()));
        assert_eq!(kinds.values().sum::<usize>(), fails + number("unknown"));
        assert_eq!(kinds.get("open").copied().unwrap_or_default(), number("unknown"));
        assert_eq!(results.iter().filter(|r| r["suppressions"].is_array()).count(), number("waived"));

        let result = parsed("oscal", &report)["assessment-results"]["results"][0].clone();
        let outcome = |o: &Value| {
            let props = o["props"].as_array().unwrap();
            props.iter().find(|p| p["name"] == "outcome").unwrap()["value"].as_str().unwrap().to_string()
        };
        let outcomes = counted(result["observations"].as_array().unwrap().iter().map(outcome));
        assert_eq!(outcomes, words.iter().map(|(k, v)| (k.to_string(), *v)).collect());
        let risks = result["risks"].as_array().map_or(0, Vec::len);
        assert_eq!(risks, number("waived") + number("waiver expired"));

        let rows = rows(&report);
        assert_eq!(rows.len(), report.findings.iter().map(|f| f.requirements.len().max(1)).sum::<usize>());
        let outcomes = rows.iter().map(|r| (r["finding"].clone(), r["outcome"].clone())).collect::<BTreeSet<_>>();
        assert_eq!(
            counted(outcomes.into_iter().map(|(_, outcome)| outcome)),
            words.iter().map(|(k, v)| (k.to_string(), *v)).collect()
        );

        let page = text("markdown", &report);
        for (word, number) in &words {
            let row = page.lines().find(|l| l.starts_with(&format!("| {word} |"))).unwrap();
            assert!(row.replace(',', "").ends_with(&format!(" {number} |")), "{row}");
        }

        let suites = quick_junit::Report::deserialize_from_str(&text("junit", &report)).unwrap();
        assert_eq!(suites.tests, report.findings.len());
        assert_eq!((suites.failures, suites.errors), (number("fail") + number("waiver expired"), number("unknown")));

        let issues = parsed("gitlab", &report);
        let issues = issues.as_array().unwrap();
        assert_eq!(issues.len(), fails + number("unknown"));
        let begins = |with: &str| issues.iter().filter(|i| i["description"].as_str().unwrap().starts_with(with)).count();
        assert_eq!((begins("unknown: "), begins("waived: ")), (number("unknown"), number("waived")));
        assert_eq!(begins("known: "), number("known"));
    }
}

#[test]
fn a_waiver_that_expired_is_a_fail_that_says_so() {
    let report = sample::waived();
    for name in NAMES {
        let text = text(name, &report);
        let says =
            if name == "csv" { "waiver expired" } else { "the waiver W-2026-001 expired on 2026-10-31 and no longer counts" };
        assert!(text.contains(says), "{name}");
        assert!(text.contains("W-2026-002"), "{name}");
    }
    let suppressed = |f: &Value| f["ProductFields"]["waiver/State"].as_str().map(str::to_string);
    let states = counted(asff_findings(&report).iter().filter_map(suppressed));
    assert_eq!(states, [("active".to_string(), 1), ("expired".to_string(), 1)].into());
    assert!(!text("asff", &report).contains("Workflow"), "the workflow is the customer's");
}

#[test]
fn ids_are_the_same_in_every_run_and_never_shared() {
    let report = sample::waived();
    let mut later = report.clone();
    later.now = "2027-02-03T04:05:06Z".parse().unwrap();
    later.collected.started = later.now;
    later.collected.ended = later.now;
    later.findings.reverse();
    for finding in &mut later.findings {
        finding.message.push_str(", still");
        finding.outcome = Outcome::Unknown;
        finding.waiver = None;
        finding.subject.account = "unknown".into();
    }
    let ids = |report: &Report| -> Vec<BTreeSet<String>> {
        let owned = |v: &Value| v.as_str().unwrap().to_string();
        let result = parsed("oscal", report)["assessment-results"]["results"][0].clone();
        let sets = vec![
            lines(&text("ocsf", report)).iter().map(|e| owned(&e["finding_info"]["uid"])).collect::<BTreeSet<_>>(),
            asff_findings(report).iter().map(|f| owned(&f["Id"])).collect(),
            result["observations"].as_array().unwrap().iter().map(|o| owned(&o["uuid"])).collect(),
            result["local-definitions"]["inventory-items"].as_array().unwrap().iter().map(|o| owned(&o["uuid"])).collect(),
            result["findings"].as_array().unwrap().iter().map(|o| owned(&o["uuid"])).collect(),
            rows(report).iter().map(|r| r["finding_id"].clone()).collect(),
        ];
        assert!(sets[..3].iter().all(|set| set.len() == report.findings.len()));
        sets
    };
    assert_eq!(ids(&report), ids(&later));

    let prints = |report: &Report| -> BTreeSet<String> {
        let run = parsed("sarif", report)["runs"][0].clone();
        let print = |r: &Value| r["partialFingerprints"]["trailproofFinding/v1"].as_str().unwrap().to_string();
        run["results"].as_array().unwrap().iter().map(print).collect()
    };
    // An alert must not close because a fail became unknown.
    assert!(prints(&report).is_subset(&prints(&later)));
    let prints = |report: &Report| -> BTreeSet<String> {
        let print = |issue: &Value| issue["fingerprint"].as_str().unwrap().to_string();
        parsed("gitlab", report).as_array().unwrap().iter().map(print).collect()
    };
    assert!(!prints(&report).is_empty() && prints(&report).is_subset(&prints(&later)));

    // Two findings of one policy on one subject stay two.
    let mut twice = report.clone();
    twice.findings.push(twice.findings[0].clone());
    ids(&twice);
}

/// An organization with waivers and hostile names, judged for real, and the text of its inventory.
fn waived_organization() -> (Report, String) {
    let mut inventory = many::organization(9);
    many::unreach(&mut inventory, 4);
    for scope in &mut inventory.scope.accounts {
        scope.name = Some("=cmd()|'<b>`x`</b>\u{202e}@team".into());
    }
    let mut report = many::judged(&inventory, &BTreeMap::new());
    let waiver = |is_expired: bool| Waived {
        id: if is_expired { "W-1" } else { "W-2" }.into(),
        kind: if is_expired { WaiverKind::FalsePositive } else { WaiverKind::CompensatingControl },
        owner: "=HYPERLINK(\"http://evil\")".into(),
        approved_by: "@everyone | <script>alert(1)</script>".into(),
        reason: "`backticks` | bars | and\r\nlines \u{1b}[31m".into(),
        compensating_control: (!is_expired).then(|| "-1+1|cmd".into()),
        created: "2025-01-01".parse().unwrap(),
        expires: if is_expired { "2025-06-30" } else { "2099-12-31" }.parse().unwrap(),
        is_expired,
    };
    for (at, finding) in report.findings.iter_mut().filter(|f| f.outcome == Outcome::Fail).enumerate().take(12) {
        finding.waiver = (at % 3 < 2).then(|| waiver(at % 3 == 1));
    }
    for finding in report.findings.iter_mut().filter(|f| f.outcome == Outcome::Fail).skip(12).take(5) {
        finding.known = Some(Known { since: "2025-03-01T00:00:00Z".parse().unwrap() });
    }
    (report, inventory.to_json().unwrap())
}

/// Leaves the organization's documents where other people's validators find them (`tests/run`).
#[test]
fn documents_for_the_validators() {
    let (report, inventory) = waived_organization();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("formats");
    std::fs::create_dir_all(&folder).unwrap();
    let leave = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    leave("report.json", &json::write(&report).unwrap());
    leave("inventory.json", &inventory);
    let places = InventoryLines::of(&inventory);
    let files = [
        "report.ocsf.jsonl",
        "report.asff.jsonl",
        "report.sarif",
        "report.oscal.json",
        "report.csv",
        "report.md",
        "report.junit.xml",
        "gl-code-quality-report.json",
    ];
    for (name, file) in NAMES.into_iter().zip(files) {
        let written = written_beside(name, &report, &places);
        assert!(written.notes.is_empty() || name == "markdown", "{:?}", written.notes);
        leave(file, &written.text);
    }
}

#[test]
fn a_result_points_to_the_record_of_its_subject() {
    let (report, inventory) = waived_organization();
    let written = sarif::write(&report, &InventoryLines::of(&inventory)).text;
    let run = serde_json::from_str::<Value>(&written).unwrap()["runs"][0].clone();
    let rows: Vec<&str> = inventory.lines().collect();
    let mut pointed = 0;
    for result in run["results"].as_array().unwrap() {
        let location = &result["locations"][0];
        let name = location["logicalLocations"][0]["fullyQualifiedName"].as_str().unwrap();
        let line = usize::try_from(location["physicalLocation"]["region"]["startLine"].as_u64().unwrap()).unwrap();
        if line == 1 {
            // The account that nobody could read has no record.
            assert_eq!(name, many::id(4));
            continue;
        }
        let record = rows[line - 1..].iter().take_while(|row| **row != "    }" && **row != "    },").copied().collect::<String>();
        let short = name.strip_prefix("arn:aws:s3:::").unwrap_or(name);
        assert!(rows[line - 1] == "    {" && record.contains(&format!("\"{short}\"")), "line {line} is not {name}");
        pointed += 1;
    }
    assert!(pointed > 50, "only {pointed}");
}

#[test]
fn sarif_stays_within_what_github_takes_and_says_what_it_leaves_out() {
    let mut report = sample::large(1, 26_123);
    report.findings.iter_mut().for_each(|f| f.outcome = Outcome::Fail);
    let written = written("sarif", &report);
    let run = serde_json::from_str::<Value>(&written.text).unwrap()["runs"][0].clone();
    assert_eq!(run["results"].as_array().unwrap().len(), 25_000);
    assert_eq!(run["properties"]["resultsLeftOut"], 1_123);
    assert_eq!(written.notes, ["the SARIF file holds the first 25,000 of 26,123 results: 1,123 are left out, the least severe"]);
    assert!(written.text.contains(&written.notes[0]), "the document says so too");
}

#[test]
fn a_page_for_a_comment_stays_short_and_says_what_it_leaves_out() {
    let report = sample::large(3, 4_000);
    let written = written("markdown", &report);
    assert!(written.text.chars().count() < 65_536);
    let shown = written.text.lines().filter(|l| l.starts_with("| critical | `made-up-policy-000`")).count();
    let left = written.text.lines().find_map(|l| l.strip_prefix("Left out here: ")?.strip_suffix(" of 4,000 rows.")).unwrap();
    assert!(shown > 0 && left.replace(',', "").parse::<usize>().unwrap() == 4_000 - shown, "{left}");
    assert_eq!(written.notes.len(), 2);
}

/// Bytes for each of 10,000 findings that a format may take.
#[test]
fn ten_thousand_findings_stay_bounded() {
    let report = sample::large(10, 1_000);
    let limits = [
        ("ocsf", 3_500),
        ("asff", 2_000),
        ("sarif", 1_500),
        ("oscal", 4_500),
        ("csv", 1_500),
        ("markdown", 6),
        ("junit", 500),
        ("gitlab", 800),
    ];
    for (name, limit) in limits {
        let bytes = text(name, &report).len();
        assert!(bytes < limit * report.findings.len(), "{name}: {bytes} bytes");
    }
    let requests = lines(&text("asff", &report));
    assert!(requests.len() == 100 && requests.iter().all(|r| r["Findings"].as_array().unwrap().len() == 100));
}

#[test]
fn every_finding_is_placed_where_it_can_be_imported() {
    let place = |change: fn(&mut Report)| {
        let mut report = sample::report();
        report.findings.truncate(1);
        report.population.accounts.truncate(1);
        change(&mut report);
        let finding = asff_findings(&report).remove(0);
        let word = |v: &Value| v.as_str().unwrap().to_string();
        let resource = &finding["Resources"][0];
        assert_eq!(finding["Region"], resource["Region"]);
        (word(&finding["ProductArn"]), word(&resource["Type"]), word(&resource["Id"]))
    };
    let product = |arn: &str| arn.to_string();
    let trail = place(|_| ());
    assert_eq!(trail.0, product("arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default"));
    assert_eq!(trail.1, "AwsCloudTrailTrail");

    let plain = place(|r| {
        let subject = &mut r.findings[0].subject;
        (subject.kind, subject.id, subject.region) = ("account".into(), "111122223333".into(), None);
    });
    assert_eq!(plain.0, product("arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default"));
    assert_eq!((plain.1.as_str(), plain.2.as_str()), ("AwsAccount", "AWS::::Account:111122223333"));

    let gov = place(|r| {
        let subject = &mut r.findings[0].subject;
        (subject.kind, subject.id, subject.region) = ("account".into(), "111122223333".into(), None);
        r.population.accounts[0].caller_arn = Some("arn:aws-us-gov:sts::111122223333:assumed-role/a/b".into());
        r.population.accounts[0].scope.regions.retain(|_| false);
    });
    assert_eq!(gov.0, product("arn:aws-us-gov:securityhub:us-gov-west-1:111122223333:product/111122223333/default"));

    let narrowed = place(|r| {
        let subject = &mut r.findings[0].subject;
        (subject.kind, subject.id, subject.region) = ("account".into(), "111122223333".into(), None);
        r.population.accounts[0].scope.regions.retain(|region| region.name.starts_with("eu-"));
    });
    assert_eq!(narrowed.0, product("arn:aws:securityhub:eu-central-1:111122223333:product/111122223333/default"));

    let china = place(|r| {
        let subject = &mut r.findings[0].subject;
        subject.id = "arn:aws-cn:cloudtrail:cn-northwest-1:111122223333:trail/t".into();
        subject.region = Some("cn-northwest-1".into());
    });
    assert_eq!(china.0, product("arn:aws-cn:securityhub:cn-northwest-1:111122223333:product/111122223333/default"));

    // A bucket whose owner is not known, and a key of an account outside: the account whose trail needs them answers.
    for account in ["unknown", "999988887777"] {
        let mut report = sample::report();
        report.findings.truncate(1);
        report.findings[0].subject.account = account.into();
        let finding = asff_findings(&report).remove(0);
        assert_eq!(finding["AwsAccountId"], "111122223333");
        assert_eq!(finding["ProductFields"]["trailproof/SubjectAccount"], account);
    }

    let mut nowhere = sample::report();
    nowhere.findings.truncate(2);
    nowhere.population = trailproof::report::Population::default();
    nowhere.calls.clear();
    nowhere.findings.iter_mut().for_each(|f| f.subject.account = "unknown".into());
    let written = written("asff", &nowhere);
    assert_eq!(written.text, "");
    assert_eq!(written.notes, ["the ASFF file leaves out 2 findings that no AWS account is known for"]);
}

#[test]
fn an_empty_report_is_a_document_in_every_format() {
    let mut report = sample::report();
    report.findings.clear();
    report.frameworks.clear();
    report.gaps.clear();
    report.policies.clear();
    assert_eq!((text("ocsf", &report), text("asff", &report)), (String::new(), String::new()));
    assert_eq!(parsed("sarif", &report)["runs"][0]["results"], Value::Array(Vec::new()));
    assert_eq!(text("gitlab", &report), "[]\n");
    let result = parsed("oscal", &report)["assessment-results"]["results"][0].clone();
    assert_eq!(result["reviewed-controls"]["control-selections"][0]["include-all"], serde_json::json!({}));
    assert!(result.get("observations").is_none(), "no empty list");
    assert_eq!(rows(&report).len(), 0);
    assert_eq!(quick_junit::Report::deserialize_from_str(&text("junit", &report)).unwrap().tests, 0);
    assert!(text("markdown", &report).contains("| fail | 0 | 0 | 0 | 0 | 0 | 0 |"));
}

/// What holds of every document, whatever stands in the report.
fn stays_text(report: &Report) {
    for name in NAMES {
        let text = text(name, report);
        let lines_end = |c: char| c == '\n' || (name == "csv" && c == '\r');
        let shown = text.chars().find(|c| !lines_end(*c) && foreign::is_hidden(*c));
        assert_eq!(shown, None, "{name} shows what is hidden");
        assert!(text.len() < 2_000_000, "{name}: {} bytes", text.len());
    }
    assert_eq!(lines(&text("ocsf", report)).len(), report.findings.len());
    lines(&text("asff", report));
    parsed("sarif", report);
    parsed("oscal", report);
    assert!(parsed("gitlab", report).as_array().unwrap().iter().all(|i| !i["description"].as_str().unwrap().is_empty()));
    for row in rows(report) {
        assert_eq!(row.len(), csv::COLUMNS.len());
        assert!(!row.values().any(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])), "{row:?}");
    }
    let suites = quick_junit::Report::deserialize_from_str(&text("junit", report)).unwrap();
    assert_eq!(suites.tests, report.findings.len());
    page_is_sound(&text("markdown", report));
}

/// Every line is one that the writer writes, and every row has the cells of its table.
fn page_is_sound(page: &str) {
    assert!(page.chars().count() < 65_536);
    let mut columns = None;
    for line in page.lines() {
        if !line.starts_with('|') {
            columns = None;
            let ours = [
                "",
                "# Trailproof audit",
                "- Accounts: ",
                "- Enabled Regions: ",
                "- Read: ",
                "- Judged for: ",
                "## ",
                "**",
                "The ",
                "Left out here: ",
            ];
            assert!(ours.iter().any(|start| line == *start || (!start.is_empty() && line.starts_with(start))), "{line}");
            continue;
        }
        let mut bars = 0;
        let mut before = ' ';
        for c in line.chars() {
            bars += usize::from(c == '|' && before != '\\');
            before = c;
        }
        assert_eq!(*columns.get_or_insert(bars), bars, "{line}");
        let mut outside = String::new();
        let mut rest = line;
        let opens = |rest: &str| rest.match_indices('`').map(|(at, _)| at).find(|at| !rest[..*at].ends_with('\\'));
        while let Some(at) = opens(rest) {
            outside.push_str(&rest[..at]);
            let fence = rest[at..].chars().take_while(|c| *c == '`').count();
            let inside = &rest[at + fence..];
            let marks = "`".repeat(fence);
            let closes = |i: &usize| !inside[..*i].ends_with('`') && !inside[i + fence..].starts_with('`');
            let close = inside.match_indices(&marks).map(|(i, _)| i).find(closes).expect("a code span is closed");
            rest = &inside[close + fence..];
        }
        outside.push_str(rest);
        assert!(!outside.contains('@') && !outside.replace("\\<", "").contains('<') && !outside.contains("://"), "{outside}");
    }
}

#[test]
fn names_that_are_code_elsewhere_stay_names() {
    let long = "A".repeat(10_240);
    let names = [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "a | b | c",
        "\\|",
        "a\\",
        "`",
        "``` ` ```",
        "[x](javascript:alert(1))",
        "![x](http://evil/x.png)",
        "@everyone",
        "# h",
        "<!-- -->",
        "]]>",
        "<![CDATA[",
        "&amp;&#x0;",
        "\u{0}\u{1}\u{b}\u{1f}\u{fffe}\u{ffff}",
        "\u{1b}]0;x\u{7}",
        "\u{202e}gpj.exe",
        "\u{feff}=1",
        "<script>alert(1)</script>",
        "\"},{\"a\":[",
        "{{7*7}}${7*7}",
        "\u{2028}",
        "",
        " ",
        "\u{a0}",
        long.as_str(),
        "🙂".repeat(3_000).leak(),
    ];
    for name in names {
        let mut report = infected(name);
        let waiver = Waived {
            id: name.into(),
            kind: WaiverKind::RiskAccepted,
            owner: name.into(),
            approved_by: name.into(),
            reason: name.into(),
            compensating_control: Some(name.into()),
            created: "2026-01-01".parse().unwrap(),
            expires: "2026-12-31".parse().unwrap(),
            is_expired: false,
        };
        report.findings[0].waiver = Some(Waived { is_expired: true, ..waiver.clone() });
        report.findings[1].waiver = Some(waiver);
        stays_text(&report);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn foreign_text_stays_text_everywhere(text in hostile()) {
        stays_text(&infected(&text));
    }
}
