//! Templates that leave something open in a way that is easily taken for settled.

use trailproof::finding::Outcome;
use trailproof::inventory::Fact;

use super::{inventory, outcome, run, small, trail};

/// A trail whose `IsLogging` is this, in a template with these sections.
fn logging(sections: &str, is_logging: &str, given: &str) -> Fact<bool> {
    let template = small(sections, "", "").replace("IsLogging: true", &format!("IsLogging: {is_logging}"));
    trail(&inventory(&template, given)).is_logging.clone()
}

fn is_open(fact: &Fact<bool>) -> bool {
    !matches!(fact, Fact::Known { .. })
}

/// One that is empty and one that is not would be left out if both were asked about as one.
#[test]
fn two_secrets_need_not_be_equal() {
    let sections = "Parameters:\n  A: {Type: String, NoEcho: true}\n  B: {Type: String, NoEcho: true}\nConditions:\n  \
                    HasA: !Not [!Equals [!Ref A, '']]\n  HasB: !Not [!Equals [!Ref B, '']]\n";
    assert!(is_open(&logging(sections, "!If [HasA, !If [HasB, true, false], true]", "")));
    let stored = "Conditions:\n  HasA: !Equals ['{{resolve:ssm:/a}}', x]\n  HasB: !Equals ['{{resolve:ssm:/b}}', x]\n";
    assert!(is_open(&logging(stored, "!If [HasA, !If [HasB, true, false], true]", "")));
}

#[test]
fn what_is_given_for_a_stored_parameter_is_its_name_there() {
    let sections =
        "Parameters:\n  P: {Type: 'AWS::SSM::Parameter::Value<String>'}\nConditions:\n  Off: !Equals [!Ref P, 'off']\n";
    assert!(is_open(&logging(sections, "!If [Off, false, true]", "P: /trail/logging\n")));
}

#[test]
fn a_default_that_is_a_truth_value_is_the_word_for_it() {
    let sections = "Parameters:\n  P: {Type: String, Default: True}\nConditions:\n  On: !Equals [!Ref P, 'true']\n";
    assert_eq!(logging(sections, "!If [On, true, false]", "").known(), Some(&true));
    let quoted = sections.replace("True", "'True'");
    assert_eq!(logging(&quoted, "!If [On, true, false]", "").known(), Some(&false));
}

#[test]
fn a_key_of_a_map_that_is_open_is_none_that_the_map_lacks() {
    let sections = "Transform: AWS::LanguageExtensions\nMappings:\n  M:\n    prod: {us-east-1: 'false'}\n";
    assert!(is_open(&logging(sections, "!FindInMap [M, prod, !Ref AWS::Region, {DefaultValue: 'true'}]", "")));
}

#[test]
fn of_the_values_of_a_list_several_may_be_given() {
    let sections = "Parameters:\n  L: {Type: CommaDelimitedList, AllowedValues: [a, b]}\nConditions:\n  \
                    Off: !Equals [!Join [',', !Ref L], 'a,b']\n";
    assert!(is_open(&logging(sections, "!If [Off, false, true]", "")));
}

/// Where the condition does not hold, a bucket of that name is somebody else's.
#[test]
fn a_bucket_that_is_named_and_may_not_be_made_is_not_judged_as_made() {
    let template = small("Parameters:\n  P: {Type: String}\nConditions:\n  C: !Equals [!Ref P, x]", "", "BucketName: acme-logs")
        .replace("!Ref Logs", "acme-logs")
        .replace("    Type: AWS::S3::Bucket\n", "    Type: AWS::S3::Bucket\n    Condition: C\n");
    assert!(matches!(trail(&inventory(&template, "")).bucket, Fact::Unknown(_)));
    assert!(matches!(trail(&inventory(&template, "P: x\n")).bucket, Fact::Known { .. }));
    let together = template.replace("    Type: AWS::CloudTrail::Trail\n", "    Type: AWS::CloudTrail::Trail\n    Condition: C\n");
    assert!(matches!(trail(&inventory(&together, "")).bucket, Fact::Known { .. }));
    let by_reference = template.replace("S3BucketName: acme-logs", "S3BucketName: !Ref Logs");
    assert!(matches!(trail(&inventory(&by_reference, "")).bucket, Fact::Known { .. }));
}

#[test]
fn a_template_that_makes_more_than_is_read_is_not_one_without_a_trail() {
    let each = "Transform: AWS::LanguageExtensions\nParameters: {Names: {Type: CommaDelimitedList}}\nResources:\n  \
                'Fn::ForEach::Trails':\n    - N\n    - !Ref Names\n    - 'Trail${N}':\n        \
                Type: AWS::CloudTrail::Trail\n        Properties: {IsLogging: true, S3BucketName: logs}\n  Logs: {Type: 'AWS::S3::Bucket'}\n";
    let rewritten = "Transform: Trails\nResources:\n  Logs: {Type: 'AWS::S3::Bucket'}\n";
    let nested = "Resources:\n  Trails: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: 'https://a.s3.amazonaws.com/t.yaml'}}\n  \
                  Logs: {Type: 'AWS::S3::Bucket'}\n";
    let set = nested.replace("::Stack'", "::StackSet'");
    for template in [each, rewritten, nested, &set] {
        let inventory = inventory(template, "");
        for policy in ["trail-exists", "trail-log-file-validation"] {
            assert_eq!(outcome(&inventory, policy), Outcome::Unknown, "{policy}");
        }
    }
    let plain = inventory("Resources:\n  Logs: {Type: 'AWS::S3::Bucket'}\n", "");
    assert_eq!(outcome(&plain, "trail-exists"), Outcome::NotApplicable);
}

#[test]
fn a_plan_in_a_folder_of_templates_is_read_too() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("code")).expect("made");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join("code").join(name), text).expect("written");
    write("good.yaml", "Resources:\n  Logs: {Type: 'AWS::S3::Bucket'}\n");
    write("plan.json", include_str!("../../../examples/terraform/plan.json"));
    let (code, said) = run(folder.path(), &["code", "--policy", "trail-log-file-validation"]);
    assert!(code == Some(1) && said.contains("aws_cloudtrail.main"), "{said}");
}

/// The page of a template whose values are open is written like any other, reasons and all.
#[test]
fn every_report_of_open_values_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let sections = "Parameters:\n  Env: {Type: String, AllowedValues: [a, b]}\nConditions:\n  P: !Equals [!Ref Env, a]\n";
    let template = small(sections, "IsMultiRegionTrail: !If [P, true, false]", "");
    std::fs::write(folder.path().join("t.yaml"), template).expect("written");
    let (code, said) = run(folder.path(), &["t.yaml"]);
    assert_eq!(code, Some(1), "{said}");
    let page = std::fs::read_to_string(folder.path().join("trailproof-report/report.html")).expect("a page");
    assert!(page.contains("the code leaves open which of several values it is"), "the reason is not on the page");
    assert!(page.contains("1 file of code was read; no account was asked."), "the summary speaks of an account");
    assert!(!page.contains("reached"), "no account was reached, for none was asked");
}

#[test]
fn a_stack_whose_template_was_not_given_is_a_gap_by_its_name() {
    for kind in ["AWS::CloudFormation::Stack", "AWS::CloudFormation::StackSet"] {
        let template = format!("Resources:\n  Baseline: {{Type: '{kind}'}}\n  Logs: {{Type: 'AWS::S3::Bucket'}}\n");
        let gaps = inventory(&template, "").accounts[0].trails.gaps.clone();
        let wanted = format!("`Baseline` ({kind}) makes resources of another template");
        assert!(gaps.iter().any(|gap| gap.message.contains(&wanted)), "{gaps:?}");
        // Beside a trail it is other code: what is there is judged, and what the account lacks is not.
        let template = small("", "EnableLogFileValidation: true", "") + &format!("  Baseline: {{Type: '{kind}'}}\n");
        let made = inventory(&template, "");
        assert_eq!(outcome(&made, "trail-log-file-validation"), Outcome::Pass, "{kind}");
        assert!(made.accounts[0].trails.gaps.iter().any(|gap| gap.message.contains(&wanted)));
        assert_eq!(outcome(&made, "trail-covers-every-region"), Outcome::Unknown, "{kind}");
    }
}

/// Two trails by a loop, each with its own bucket and settings.
#[test]
fn a_loop_over_what_is_written_is_written_out() {
    let template = "Transform: AWS::LanguageExtensions\nResources:\n  'Fn::ForEach::Trails':\n    - Name\n    - [audit-eu, us]\n    \
         - 'Trail&{Name}':\n        Type: AWS::CloudTrail::Trail\n        Properties:\n          TrailName: !Ref Name\n          \
         IsLogging: true\n          S3BucketName: !Sub '${Name}-logs'\n          EnableLogFileValidation: true\n";
    let made = inventory(template, "");
    let trails: Vec<(&str, &str)> =
        made.trails.iter().map(|t| (t.name.as_str(), t.bucket.known().map_or("", |bucket| bucket.0.as_str()))).collect();
    assert_eq!(trails, [("audit-eu", "audit-eu-logs"), ("us", "us-logs")]);
    let addresses: Vec<&str> = made.code.iter().flat_map(|code| &code.declared).map(|d| d.address.as_str()).collect();
    assert_eq!(addresses[1..], ["Trailauditeu", "Trailus"]);
    // Without the transform it is nobody's loop.
    let plain = inventory(&template.replace("AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"), "");
    assert!(plain.trails.is_empty() && plain.accounts[0].trails.gaps.iter().any(|gap| gap.message.contains("Fn::ForEach")));
    // Two copies of one key are no template.
    let twice = inventory(&template.replace("[audit-eu, us]", "[us, us]"), "");
    assert!(twice.trails.is_empty());
}

#[test]
fn loops_in_loops_that_never_end_are_left_alone() {
    let items = vec!["x"; 400].join(", ");
    let mut body = "'A${A}${B}${C}': {Type: 'AWS::S3::Bucket'}".to_string();
    for name in ["C", "B", "A"] {
        body = format!("'Fn::ForEach::{name}': [{name}, [{items}], {{{body}}}]");
    }
    let template = format!("Transform: AWS::LanguageExtensions\nResources: {{{body}, Logs: {{Type: 'AWS::S3::Bucket'}}}}\n");
    assert!(inventory(&template, "").accounts[0].trails.gaps.iter().any(|gap| gap.message.contains("Fn::ForEach")));
}

#[test]
fn functions_are_worked_out_where_that_is_exact_and_named_where_not() {
    let is = |value: &str| {
        logging(
            "Transform: AWS::LanguageExtensions\nConditions:\n  C: CONDITION\n".replace("CONDITION", value).as_str(),
            "!If [C, true, false]",
            "",
        )
    };
    assert_eq!(is("!Equals [!Base64 trail, dHJhaWw=]").known(), Some(&true));
    assert_eq!(is("!Equals [!Length [a, b], '2']").known(), Some(&true));
    assert_eq!(is("!Equals [!Select [1, !Cidr [10.0.0.0/16, 2, 8]], 10.0.1.0/24]").known(), Some(&true));
    for (open, wanted) in [
        ("!Equals [!Select [0, !GetAZs eu-west-1], eu-west-1a]", "which Availability Zones"),
        ("!Equals [!ToJsonString {a: b}, x]", "`Fn::ToJsonString`, whose text"),
        ("!Equals [!Select [0, !Cidr ['2001:db8::/56', 1, 64]], x]", "IPv4"),
        ("!Equals [!Whatever x, x]", "`Fn::Whatever`, whose value"),
    ] {
        let fact = is(open);
        assert!(is_open(&fact), "{open}");
        let template = small("", "", "").replace(
            "IsLogging: true",
            &format!("IsLogging: {}", open.trim_start_matches("!Equals [").rsplit_once(", ").map_or(open, |(call, _)| call)),
        );
        let said = format!("{:?}", trail(&inventory(&template, "")).is_logging);
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}
