//! The catalogues of requirements: every id once, every policy in use, and nothing credited that facts do not show.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use trailproof::finding::Strength;
use trailproof::policy::catalogue::Catalogue;
use trailproof::policy::framework::Class;
use trailproof::yaml::SourceFile;

use crate::program::{said, trailproof};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());

const ALL: [&str; 13] = [
    "aws-fsbp",
    "cis-aws-3.0.0",
    "cis-aws-5.0.0",
    "cis-aws-7.0.0",
    "fedramp-20x-ksi",
    "fedramp-r5",
    "gdpr",
    "hipaa-security-rule",
    "iso-27001-2022",
    "nist-800-53-r5",
    "nist-csf-2.0",
    "pci-dss-4.0.1",
    "soc-2",
];

/// framework -> requirement -> the policies that serve it, with their strengths.
type Served = BTreeMap<&'static str, BTreeMap<&'static str, Vec<(&'static str, Strength)>>>;

fn served() -> Served {
    let mut all: BTreeMap<_, BTreeMap<_, Vec<_>>> = BTreeMap::new();
    for (policy, loaded) in &CATALOGUE.policies {
        for (framework, serves) in &loaded.file.requirements {
            for (requirement, strength) in serves.each() {
                all.entry(framework.as_str()).or_default().entry(requirement).or_default().push((policy.as_str(), strength));
            }
        }
    }
    all
}

#[test]
fn every_policy_serves_a_requirement_and_names_it_once() {
    for (id, policy) in &CATALOGUE.policies {
        let named: Vec<(&str, &str)> =
            policy.file.requirements.iter().flat_map(|(f, serves)| serves.each().map(move |(r, _)| (f.as_str(), r))).collect();
        assert!(!named.is_empty(), "{id} serves no requirement");
        let once: BTreeSet<_> = named.iter().collect();
        assert_eq!(once.len(), named.len(), "{id} names a requirement twice, or as direct and supporting");
    }
}

#[test]
fn every_id_exists_once_and_every_row_that_a_policy_names_is_there() {
    assert_eq!(CATALOGUE.frameworks.keys().map(String::as_str).collect::<Vec<_>>(), ALL);
    for (id, framework) in &CATALOGUE.frameworks {
        let rows: BTreeSet<&str> = framework.requirements.iter().map(|r| r.id.as_str()).collect();
        assert_eq!(rows.len(), framework.requirements.len(), "{id}: an id stands twice");
        let titles: BTreeSet<&str> = framework.requirements.iter().map(|r| r.title.as_str()).collect();
        assert_eq!(titles.len(), framework.requirements.len(), "{id}: a title stands twice");
        for row in &framework.requirements {
            assert!(!row.title.ends_with('.'), "{id} {}: a final period in its title", row.id);
            assert!(row.id.trim() == row.id && !row.id.is_empty());
        }
    }
    for (framework, requirements) in served() {
        let rows: BTreeSet<&str> = CATALOGUE.frameworks[framework].requirements.iter().map(|r| r.id.as_str()).collect();
        for (requirement, policies) in requirements {
            assert!(rows.contains(requirement), "{framework} {requirement} is named by {policies:?} and is not there");
        }
    }
}

#[test]
fn a_catalogue_that_names_an_id_twice_is_refused() {
    let twice = "id: x\ntitle: X\nversion: \"1\"\npublisher: P\nurl: https://example.com/\nnote: N\nrequirements:\n  \
                 - {id: \"1\", title: One, class: manual}\n  - {id: \"1\", title: Again, class: manual}\n";
    let complaints = Catalogue::only(Vec::new(), vec![SourceFile::new("frameworks/x.yaml", twice)]).unwrap_err();
    assert_eq!(complaints.len(), 1);
    assert!(complaints[0].to_string().contains("requirement `1` stands twice"), "{}", complaints[0]);
    let empty = twice.replace("{id: \"1\", title: Again, class: manual}", "{id: \"2\", title: T, class: automated, only: \"\"}");
    let complaints = Catalogue::only(Vec::new(), vec![SourceFile::new("frameworks/x.yaml", empty)]).unwrap_err();
    assert!(complaints[0].to_string().contains("does not say what facts speak of"), "{}", complaints[0]);
}

#[test]
fn what_is_not_shown_here_is_served_by_nothing_and_says_why() {
    let served = served();
    let mut none = 0;
    for (id, framework) in &CATALOGUE.frameworks {
        for row in &framework.requirements {
            let by = served.get(id.as_str()).and_then(|rows| rows.get(row.id.as_str())).map(Vec::as_slice).unwrap_or_default();
            let direct = by.iter().filter(|(_, strength)| *strength == Strength::Direct).count();
            match row.class {
                Class::Automated => {}
                Class::Manual => assert_eq!(direct, 0, "{id} {}: facts decide what is left to people", row.id),
                Class::Inherited | Class::None => assert!(by.is_empty(), "{id} {}: served by {by:?}", row.id),
            }
            none += usize::from(row.class == Class::None);
            if row.class != Class::Automated {
                assert!(row.manual.as_ref().is_some_and(|m| !m.trim().is_empty()), "{id} {}: no reason", row.id);
            }
            if row.only.is_some() {
                assert!(row.manual.is_some(), "{id} {}: shown in part, and nobody is asked for the rest", row.id);
            }
        }
        assert!(!framework.note.trim().is_empty());
    }
    assert!(none >= 15, "only {none} rows say that nothing shows them");
}

#[test]
fn what_facts_are_said_to_show_some_policy_asks_about() {
    let served = served();
    for (id, framework) in &CATALOGUE.frameworks {
        let asked = |row: &str| served.get(id.as_str()).is_some_and(|rows| rows.contains_key(row));
        let idle: Vec<&str> = framework
            .requirements
            .iter()
            .filter(|row| row.class == Class::Automated && !asked(&row.id))
            .map(|row| row.id.as_str())
            .collect();
        assert!(idle.is_empty(), "{id}: no policy serves {}", idle.join(", "));
    }
}

#[test]
fn what_is_often_credited_wrongly_is_not() {
    let served = served();
    let by = |framework: &str, requirement: &str| -> Vec<&str> {
        served[framework].get(requirement).into_iter().flatten().map(|(policy, _)| *policy).collect()
    };
    // Encryption is no proof of integrity, Insights are no retention, and a trail is no encryption of transmissions.
    assert!(by("nist-800-53-r5", "AU-9(3)").iter().all(|p| !p.contains("kms") && !p.starts_with("key-")));
    assert!(by("nist-800-53-r5", "AU-9(3)").contains(&"trail-log-file-validation"));
    for (framework, requirement) in [("nist-800-53-r5", "AU-11"), ("pci-dss-4.0.1", "10.5.1"), ("soc-2", "C1.2")] {
        assert!(!by(framework, requirement).iter().any(|p| p.contains("insights")), "{framework} {requirement}");
    }
    for (framework, requirement) in [
        ("nist-800-53-r5", "SC-8(1)"),
        ("nist-csf-2.0", "PR.DS-02"),
        ("soc-2", "CC6.7"),
        ("hipaa-security-rule", "164.312(e)(2)(i)"),
    ] {
        assert_eq!(by(framework, requirement), ["log-bucket-tls-only"], "{framework} {requirement}");
    }
    // Ids of CSF 1.1, of the indicators' first numbering, and controls that are not in the standard.
    for (framework, gone) in [
        ("nist-csf-2.0", "PR.PT-1"),
        ("nist-csf-2.0", "DE.DP-4"),
        ("fedramp-20x-ksi", "KSI-MLA-01"),
        ("aws-fsbp", "CloudTrail.3"),
        ("aws-fsbp", "CloudTrail.6"),
        ("aws-fsbp", "CloudWatch.1"),
    ] {
        assert!(CATALOGUE.frameworks[framework].requirements.iter().all(|r| r.id != gone), "{framework} {gone}");
    }
}

#[test]
fn the_editions_of_a_benchmark_number_the_same_recommendation_differently() {
    let of = |policy: &str, framework: &str| -> Vec<String> {
        CATALOGUE.policies[policy].file.requirements.get(framework).map(|s| s.direct.clone()).unwrap_or_default()
    };
    for (policy, now, before) in [
        ("trail-exists", "4.1", "3.1"),
        ("trail-log-file-validation", "4.2", "3.2"),
        ("log-bucket-access-logging", "4.4", "3.4"),
        ("trail-kms-encryption", "4.5", "3.5"),
        ("trail-records-s3-object-writes", "4.8", "3.8"),
        ("trail-records-s3-object-reads", "4.9", "3.9"),
        ("log-bucket-tls-only", "3.1.1", "2.1.1"),
    ] {
        assert_eq!(of(policy, "cis-aws-7.0.0"), [now], "{policy}");
        assert_eq!(of(policy, "cis-aws-5.0.0"), [before], "{policy}");
        assert_eq!(of(policy, "cis-aws-3.0.0"), [before], "{policy}");
    }
    let title = |framework: &str, id: &str| {
        let rows = &CATALOGUE.frameworks[framework].requirements;
        rows.iter().find(|r| r.id == id).map(|r| r.title.trim_start_matches("(L1) ").to_string()).unwrap_or_default()
    };
    for (framework, key, mfa) in
        [("cis-aws-7.0.0", "2.4", "2.5"), ("cis-aws-5.0.0", "1.3", "1.4"), ("cis-aws-3.0.0", "1.4", "1.5")]
    {
        assert_eq!(title(framework, key), "The root user has no access key");
        assert_eq!(title(framework, mfa), "The root user needs MFA");
    }
}

fn example(arguments: &[&str], settings: Option<&str>) -> (String, serde_json::Value) {
    let folder = tempfile::tempdir().unwrap();
    let plan = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/terraform/plan.json");
    if let Some(settings) = settings {
        std::fs::write(folder.path().join("trailproof.yaml"), settings).unwrap();
    }
    let output = trailproof(folder.path()).arg("scan").arg(plan).args(["--out", "out"]).args(arguments).output().unwrap();
    let said = said(&output, folder.path());
    let json = std::fs::read(folder.path().join("out/report.json")).unwrap_or_else(|e| panic!("{e}: {said}"));
    (said, serde_json::from_slice(&json).unwrap())
}

fn ids(report: &serde_json::Value, key: &str) -> Vec<String> {
    let list = report[key].as_array().cloned().unwrap_or_default();
    list.iter().map(|f| f["id"].as_str().unwrap().to_string()).collect()
}

#[test]
fn a_report_shows_some_frameworks_whole_and_the_others_by_their_numbers() {
    let (said, report) = example(&[], None);
    let whole = ["cis-aws-7.0.0", "gdpr", "hipaa-security-rule", "pci-dss-4.0.1"];
    assert_eq!(ids(&report, "frameworks"), whole);
    let mut all: Vec<String> = [ids(&report, "frameworks"), ids(&report, "more_frameworks")].concat();
    all.sort();
    assert_eq!(all, ALL);
    for brief in report["more_frameworks"].as_array().unwrap() {
        let framework = &CATALOGUE.frameworks[brief["id"].as_str().unwrap()];
        let counted: u64 = brief["statuses"].as_array().unwrap().iter().map(|s| s["requirements"].as_u64().unwrap()).sum();
        assert_eq!(counted, framework.requirements.len() as u64, "{}", framework.id);
        assert!(said.contains(&framework.id), "{} is not named in:\n{said}", framework.id);
    }
    let named: BTreeSet<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|f| f["requirements"].as_array().unwrap())
        .map(|r| r["framework"].as_str().unwrap())
        .collect();
    assert_eq!(named.into_iter().collect::<Vec<_>>(), whole, "a finding points to a framework that is not shown");
}

#[test]
fn a_framework_is_shown_whole_where_it_is_named() {
    let (_, report) = example(&["--framework", "nist-csf-2.0"], None);
    assert_eq!(ids(&report, "frameworks"), ["nist-csf-2.0"]);
    assert!(ids(&report, "more_frameworks").is_empty(), "of policies that were not asked nothing can be counted");
    let (_, report) = example(&[], Some("version: 1\nframeworks: {soc-2: {}}\n"));
    assert_eq!(ids(&report, "frameworks"), ["cis-aws-7.0.0", "gdpr", "hipaa-security-rule", "pci-dss-4.0.1", "soc-2"]);
    assert_eq!(ids(&report, "more_frameworks").len(), ALL.len() - 5);
    let (_, report) = example(&["--require", "aws-fsbp:CloudTrail.4"], None);
    assert!(ids(&report, "frameworks").contains(&"aws-fsbp".to_string()));
    let (_, report) = example(&["--min-severity", "high"], None);
    assert!(ids(&report, "more_frameworks").is_empty());
}
