//! Every policy, on every case, and with everything that could be missing.

use std::path::Path;

use trailproof::app::cases;
use trailproof::policy::catalogue::Catalogue;
use trailproof::yaml::SourceFile;

fn case_files() -> Vec<SourceFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("tests/policies is there").map(|e| e.expect("an entry").path()).collect();
    files.sort();
    files.iter().map(|p| SourceFile::new(p.file_name().unwrap().to_string_lossy(), std::fs::read_to_string(p).unwrap())).collect()
}

#[test]
fn every_case_of_every_policy_holds_and_no_missing_fact_turns_a_verdict_round() {
    let catalogue = Catalogue::embedded()
        .unwrap_or_else(|c| panic!("{}", c.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")));
    let tally = cases::run(&catalogue, case_files(), &|_| true)
        .unwrap_or_else(|c| panic!("{}", c.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")));
    assert!(tally.failures.is_empty(), "{} failures\n{}", tally.failures.len(), tally.failures.join("\n"));
    assert!(tally.policies >= 37, "only {} policies", tally.policies);
    assert!(tally.variations > 50 * tally.cases, "only {} variations of {} cases", tally.variations, tally.cases);
    eprintln!("{} policies, {} cases, {} variations", tally.policies, tally.cases, tally.variations);
}

#[test]
fn every_policy_of_weight_serves_a_requirement_and_each_says_how_to_put_it_right() {
    let catalogue = Catalogue::embedded().expect("the embedded policies are right");
    for (id, policy) in &catalogue.policies {
        assert_eq!(policy.file.lacks(), Vec::<&str>::new(), "{id}");
    }
    for framework in catalogue.frameworks.values() {
        for requirement in &framework.requirements {
            assert!(requirement.title.chars().count() <= 120, "{} {}: more than 120 characters", framework.id, requirement.id);
        }
    }
}

#[test]
fn a_harness_that_cannot_fail_would_prove_nothing() {
    let catalogue = Catalogue::embedded().expect("the embedded policies are right");
    let lie = "policy: trail-log-file-validation\ncases:\n  - name: a lie\n    given: {trails: [{arn: \"arn:aws:cloudtrail:us-east-1:111122223333:trail/main\", log_file_validation_enabled: false}]}\n    expect: pass\n";
    let tally = cases::run(&catalogue, vec![SourceFile::new("lie.yaml", lie)], &|id| id == "trail-log-file-validation")
        .expect("it can be read");
    assert!(tally.failures.iter().any(|f| f.contains("a lie: expected pass, found fail")), "{:?}", tally.failures);
    assert!(tally.failures.iter().any(|f| f.contains("no case expects `unknown`")), "{:?}", tally.failures);
}
