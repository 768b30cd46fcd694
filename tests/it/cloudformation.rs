//! CloudFormation templates and assemblies of the CDK: what they come to in the inventory, in the findings and at the end.

mod open;
mod watched;

use std::path::{Path, PathBuf};

use trailproof::audit::{Settings, audit};
use trailproof::finding::{Finding, Outcome};
use trailproof::inventory::{Basis, Bucket, Fact, GapKind, Inventory, Origin, Trail};
use trailproof::policy::catalogue::Catalogue;
use trailproof::source::code::cloudformation::{self, Assembly, Input, Parameters, Read};
use trailproof::source::code::{self, Options};

use crate::program::{said, trailproof};

const NOW: &str = "2026-11-02T09:30:00Z";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn example() -> String {
    std::fs::read_to_string(root().join("examples/cloudformation/trail.yaml")).expect("the example")
}

fn parameters(text: &str) -> Parameters {
    let mut parameters = Parameters::default();
    parameters.add("parameters.yaml", text.as_bytes()).expect("parameters");
    parameters
}

fn read(templates: &[(&str, &str)], given: &str) -> Read {
    let inputs: Vec<Input> = templates.iter().map(|(file, text)| Input::template(*file, text.as_bytes().to_vec())).collect();
    let given = if given.is_empty() { Parameters::default() } else { parameters(given) };
    cloudformation::read(&inputs, &given)
}

fn built(read: &Read) -> Inventory {
    code::build(&read.stacks, Options { complete: false, read: NOW.parse().expect("a time") })
}

fn inventory(template: &str, given: &str) -> Inventory {
    let read = read(&[("t.yaml", template)], given);
    assert_eq!(read.gaps, []);
    built(&read)
}

fn findings(inventory: &Inventory) -> Vec<Finding> {
    let catalogue = Catalogue::embedded().expect("the embedded policies");
    audit(inventory, &catalogue, &Settings::default(), inventory.scope.ended).expect("audited")
}

fn outcome(inventory: &Inventory, policy: &str) -> Outcome {
    let all = findings(inventory);
    let found: Vec<&Finding> = all.iter().filter(|f| f.policy == policy).collect();
    assert_eq!(found.len(), 1, "{policy}: {found:?}");
    found[0].outcome
}

fn trail(inventory: &Inventory) -> &Trail {
    assert_eq!(inventory.trails.len(), 1);
    &inventory.trails[0]
}

fn bucket(inventory: &Inventory) -> &Bucket {
    assert_eq!(inventory.buckets.len(), 1);
    &inventory.buckets[0]
}

/// A trail `Trail` with a bucket `Logs`; more sections before, more properties of the trail and of the bucket.
fn small(sections: &str, of_trail: &str, of_bucket: &str) -> String {
    format!(
        "{sections}\nResources:\n  Trail:\n    Type: AWS::CloudTrail::Trail\n    Properties:\n      IsLogging: true\n      \
         S3BucketName: !Ref Logs\n      {of_trail}\n  Logs:\n    Type: AWS::S3::Bucket\n    Properties:\n      \
         Tags: []\n      {of_bucket}\n"
    )
}

const HOME: &str = "AWS::AccountId: 012345678901\nAWS::Region: eu-central-1\n";

#[test]
fn the_example_is_judged_like_an_account() {
    let inventory = inventory(&example(), &format!("{HOME}Environment: production\n"));
    for (policy, wanted) in [
        ("trail-exists", Outcome::Pass),
        ("trail-covers-every-region", Outcome::Pass),
        ("trail-kms-encryption", Outcome::Pass),
        ("trail-log-file-validation", Outcome::Fail),
        ("log-bucket-tls-only", Outcome::Pass),
        ("log-bucket-confused-deputy", Outcome::Pass),
        ("log-bucket-versioning", Outcome::Pass),
        ("log-bucket-object-lock", Outcome::Fail),
        ("log-bucket-public-access-blocked", Outcome::Unknown),
        ("key-rotation", Outcome::Pass),
        ("log-group-kms-encryption", Outcome::Fail),
        ("topic-policy-limited", Outcome::Pass),
        ("trail-records-s3-object-writes", Outcome::Pass),
    ] {
        assert_eq!(outcome(&inventory, policy), wanted, "{policy}");
    }
    assert_eq!(trail(&inventory).arn, "arn:aws:cloudtrail:eu-central-1:012345678901:trail/organization-trail");
    let key = &inventory.keys[0].arn;
    assert!(key.starts_with("arn:aws:kms:eu-central-1:012345678901:key/⟨LogKey in t.yaml⟩"), "{key}");
}

/// Wherever a template decides less, no policy says the opposite.
#[test]
fn the_faults_of_the_bad_example_are_found() {
    let template = std::fs::read_to_string(root().join("examples/cloudformation/bad.yaml")).expect("the example");
    let account = "AWS::AccountId: '111122223333'\nAWS::Region: eu-central-1\n";
    let of = |given: &str, policy: &str| outcome(&inventory(&template, given), policy);
    for policy in [
        "trail-log-file-validation",
        "trail-kms-encryption",
        "log-bucket-versioning",
        "log-bucket-tls-only",
        "log-bucket-retention-minimum",
    ] {
        assert_eq!(of(account, policy), Outcome::Fail, "{policy}");
    }
    assert_eq!(of(&format!("{account}Validate: 'yes'\n"), "trail-log-file-validation"), Outcome::Pass);
}

#[test]
fn what_is_open_is_never_decided_otherwise() {
    let open = findings(&inventory(&example(), ""));
    for given in [
        format!("{HOME}Environment: production\n"),
        format!("{HOME}Environment: staging\nTrailName: organization-trail\n"),
        "Environment: staging\n".to_string(),
    ] {
        let decided = findings(&inventory(&example(), &given));
        for finding in open.iter().filter(|f| f.subject.kind != "account" && f.outcome != Outcome::Unknown) {
            let same: Vec<&Finding> =
                decided.iter().filter(|f| f.policy == finding.policy && f.subject.id == finding.subject.id).collect();
            assert_eq!(same.len(), 1, "{}", finding.policy);
            assert_eq!(same[0].outcome, finding.outcome, "{} on {} with {given}", finding.policy, finding.subject.id);
        }
    }
    let versioning = open.iter().find(|f| f.policy == "log-bucket-versioning").expect("a finding");
    assert_eq!(versioning.outcome, Outcome::Unknown, "one environment keeps versions and the other does not");
}

#[test]
fn facts_know_the_line_of_the_property_or_of_the_block_that_lacks_it() {
    let inventory = inventory(&example(), HOME);
    let lines: Vec<String> = example().lines().map(str::to_string).collect();
    let line = |origin: &Origin| match origin {
        Origin::Place { line, column, .. } => lines[*line as usize - 1][*column as usize - 1..].to_string(),
        other => panic!("{other:?}"),
    };
    match &trail(&inventory).log_file_validation_enabled {
        Fact::Known { value: false, from, basis: Basis::Configured } => assert_eq!(line(from), "EnableLogFileValidation: false"),
        other => panic!("{other:?}"),
    }
    match &bucket(&inventory).object_lock {
        Fact::Known { value: None, from, basis: Basis::AssumedDefault } => assert_eq!(line(from), "Properties:"),
        other => panic!("{other:?}"),
    }
    let declared = inventory.code.as_ref().expect("code").declared("trail", &trail(&inventory).arn).expect("declared");
    assert_eq!((declared.address.as_str(), declared.place.as_ref().map(|p| p.column)), ("Trail", Some(3)));
}

#[test]
fn account_ids_keep_their_zeros_and_true_may_be_text() {
    let policy = "Logging: x\n  Policy:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      Bucket: !Ref Logs\n      PolicyDocument:\n        \
                  Version: 2012-10-17\n        Statement:\n        - {Effect: Allow, Principal: {AWS: 012345678901}, Action: s3:GetObject, Resource: !Sub '${Logs.Arn}/*'}";
    let inventory = inventory(&small("", "IsMultiRegionTrail: 'True'\n      IncludeGlobalServiceEvents: no", policy), "");
    assert_eq!(trail(&inventory).is_multi_region.known(), Some(&true));
    assert_eq!(trail(&inventory).include_global_service_events.known(), Some(&false));
    let shown = format!("{:?}", bucket(&inventory).policy.known().expect("a policy"));
    assert!(shown.contains("\"012345678901\"") && shown.contains("arn:aws:s3:::⟨Logs in t.yaml⟩/*"), "{shown}");
}

#[test]
fn arms_that_agree_are_known_and_others_are_candidates() {
    let sections = "Parameters:\n  P: {Type: String}\nConditions:\n  C: !And [!Condition D, !Not [!Equals [!Ref P, b]]]\n  D: !Equals [!Ref P, a]";
    let of_bucket = "VersioningConfiguration: {Status: !If [C, Enabled, !If [D, Suspended, Enabled]]}\n      \
                     ObjectLockEnabled: !If [C, true, !Ref AWS::NoValue]";
    let open = inventory(&small(sections, "EnableLogFileValidation: !If [C, true, 'true']", of_bucket), "");
    assert_eq!(trail(&open).log_file_validation_enabled.known(), Some(&true));
    assert!(matches!(&bucket(&open).versioning, Fact::OneOf { candidates, .. } if candidates.len() == 2));
    assert!(matches!(&bucket(&open).object_lock, Fact::OneOf { candidates, .. } if candidates.contains(&None)));
    let given = inventory(&small(sections, "", of_bucket), "P: a\n");
    assert_eq!(bucket(&given).versioning.known(), Some(&Some("Enabled".into())));
}

#[test]
fn a_trail_that_may_not_be_made_satisfies_nothing() {
    let sections =
        "Parameters:\n  Make: {Type: String, AllowedValues: ['yes', 'no']}\nConditions:\n  C: !Equals [!Ref Make, 'yes']";
    let template = small(sections, "", "")
        .replace("    Type: AWS::CloudTrail::Trail\n", "    Type: AWS::CloudTrail::Trail\n    Condition: C\n");
    assert_eq!(outcome(&inventory(&template, ""), "trail-exists"), Outcome::Unknown);
    assert_eq!(outcome(&inventory(&template, "Make: 'yes'\n"), "trail-exists"), Outcome::Pass);
    assert!(inventory(&template, "Make: 'no'\n").trails.is_empty());
}

#[test]
fn parameters_are_given_assumed_allowed_or_unknown() {
    let sections = "Parameters:\n  A: {Type: String, Default: 'false'}\n  B: {Type: String}\n  C: {Type: String, AllowedValues: ['true']}\n  \
                    S: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /x}";
    let of_trail = "EnableLogFileValidation: !Ref A\n      IsMultiRegionTrail: !Ref B\n      IsOrganizationTrail: !Ref C\n      S3KeyPrefix: !Ref S";
    let inventory = inventory(&small(sections, of_trail, ""), "");
    let trail = trail(&inventory);
    assert!(matches!(trail.log_file_validation_enabled, Fact::Known { value: false, basis: Basis::AssumedDefault, .. }));
    let gap = trail.is_multi_region.gap().expect("unknown");
    assert_eq!(
        (gap.kind, gap.message.as_str()),
        (GapKind::AbsentInput, "Trail: parameter B has no default, and no value was given")
    );
    assert!(gap.remedy.as_ref().is_some_and(|remedy| remedy.to_string().contains("--parameters")));
    assert_eq!(trail.is_organization.known(), Some(&true));
    assert_eq!(trail.s3_key_prefix.gap().map(|gap| gap.kind), Some(GapKind::RunTime));
}

#[test]
fn secrets_are_not_shown_anywhere() {
    let sections = "Parameters:\n  P: {Type: String, NoEcho: true, Default: hunter2}";
    let of_trail = "S3KeyPrefix: !Sub 'x-${P}'\n      CloudWatchLogsRoleArn: '{{resolve:secretsmanager:hunter2}}'";
    let inventory = inventory(&small(sections, of_trail, ""), "P: hunter3\n");
    assert!(trail(&inventory).s3_key_prefix.gap().is_some());
    let saved = inventory.to_json().expect("saved");
    assert!(!saved.contains("hunter"), "{saved}");
}

#[test]
fn one_bucket_by_one_parameter_is_one() {
    let sections = "Parameters:\n  Name: {Type: String}";
    let template = small(sections, "", "BucketName: !Ref Name").replace("S3BucketName: !Ref Logs", "S3BucketName: !Ref Name");
    let inventory = inventory(&template, "");
    assert_eq!(bucket(&inventory).exists.known(), Some(&true), "{:?}", trail(&inventory).bucket);
}

#[test]
fn what_rests_on_a_default_is_assumed() {
    let sections = "Parameters:\n  Days: {Type: Number, Default: 400}";
    let rules = "LifecycleConfiguration: {Rules: [{Status: Enabled, ExpirationInDays: !Ref Days}]}";
    let basis = |given: &str| match &bucket(&inventory(&small(sections, "", rules), given)).lifecycle_rules {
        Fact::Known { value, basis, .. } => (value[0].expiration_days, *basis),
        other => panic!("{other:?}"),
    };
    assert_eq!(basis(""), (Some(400), Basis::AssumedDefault));
    assert_eq!(basis("Days: 30"), (Some(30), Basis::Configured));
}

#[test]
fn paths_that_stand_twice_are_no_addresses() {
    let metadata = "    Metadata: {'aws:cdk:path': Same/Path}\n";
    let template = small("", "", "").replace("    Properties:\n", &format!("{metadata}    Properties:\n"));
    let inventory = inventory(&template, "");
    assert_eq!(bucket(&inventory).name, "⟨Logs in t.yaml⟩");
    assert_eq!(bucket(&inventory).exists.known(), Some(&true));
}

#[test]
fn nobody_writes_what_stands_for_the_open() {
    let inventory = inventory(&small("", "S3KeyPrefix: ⟨account of t.yaml⟩", "BucketName: ⟨x⟩"), "");
    assert!(trail(&inventory).s3_key_prefix.gap().is_some());
    assert_eq!(bucket(&inventory).name, "⟨Logs in t.yaml⟩");
}

#[test]
fn a_bucket_of_nobody_is_unknown() {
    let template =
        small("Parameters:\n  Name: {Type: String}", "", "").replace("S3BucketName: !Ref Logs", "S3BucketName: !Ref Name");
    let inventory = inventory(&template, "");
    assert!(trail(&inventory).bucket.gap().is_some_and(|gap| gap.kind == GapKind::AbsentInput));
    assert!(findings(&inventory).iter().all(|f| f.subject.kind != "bucket" || f.outcome != Outcome::Pass));
}

const EXPORTER: &str =
    "Resources:\n  Logs: {Type: 'AWS::S3::Bucket'}\nOutputs:\n  O: {Value: !Ref Logs, Export: {Name: log-bucket}}\n";

#[test]
fn exports_of_the_run_are_imported() {
    let importer = small("", "", "").replace("!Ref Logs", "!ImportValue log-bucket");
    let both = read(&[("a.yaml", EXPORTER), ("b.yaml", &importer)], "");
    let inventory = built(&both);
    assert_eq!(bucket(&inventory).name, "⟨Logs in a.yaml⟩");
    assert_eq!(Some(&trail(&inventory).owner_account), bucket(&inventory).owner_account.known(), "exports reach one account");
    let twice = built(&read(&[("a.yaml", EXPORTER), ("b.yaml", &importer), ("c.yaml", EXPORTER)], ""));
    assert!(trail(&twice).bucket.gap().is_some_and(|gap| gap.message.contains("log-bucket")));
    assert!(built(&read(&[("b.yaml", &importer)], "")).buckets.is_empty());
}

#[test]
fn nested_stacks_are_given_what_the_stack_around_them_says() {
    let outer = "Parameters:\n  Valid: {Type: String, Default: 'true'}\nResources:\n  Logs: {Type: 'AWS::S3::Bucket'}\n  Key:\n    \
                 Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: ./key.yaml}\n  Inner:\n    Type: AWS::CloudFormation::Stack\n    \
                 Properties:\n      TemplateURL: inner/inner.yaml\n      Parameters:\n        Bucket: !Ref Logs\n        Valid: !Ref Valid\n        \
                 Key: !GetAtt Key.Outputs.Arn\n";
    let key = "Resources:\n  Key: {Type: 'AWS::KMS::Key'}\nOutputs:\n  Arn: {Value: !GetAtt Key.Arn}\n";
    let inner = small(
        "Parameters:\n  Bucket: {Type: String}\n  Valid: {Type: String}\n  Key: {Type: String}",
        "EnableLogFileValidation: !Ref Valid\n      KMSKeyId: !Ref Key",
        "",
    )
    .replace("S3BucketName: !Ref Logs", "S3BucketName: !Ref Bucket");
    let files = [("t/outer.yaml", outer), ("t/key.yaml", key), ("t/inner/inner.yaml", inner.as_str())];
    let all = read(&files, "");
    assert!(all.unwritten.is_empty() && all.gaps.is_empty(), "{:?}", all.unwritten);
    let inventory = built(&all);
    assert_eq!(bucket(&inventory).name, "⟨Logs in t/outer.yaml⟩");
    assert!(matches!(
        trail(&inventory).log_file_validation_enabled,
        Fact::Known { value: true, basis: Basis::AssumedDefault, .. }
    ));
    assert_eq!(inventory.keys.iter().map(|key| key.exists.known()).collect::<Vec<_>>(), [Some(&true)]);
    assert_eq!(Some(&trail(&inventory).owner_account), bucket(&inventory).owner_account.known());
    let alone = read(&files[..2], "");
    assert!(alone.unwritten.iter().any(|gap| gap.message.contains("Inner")));
}

#[test]
fn what_is_inside_of_a_stack_that_may_not_be_made_may_not_be_made() {
    let outer = "Parameters:\n  Make: {Type: String}\nConditions:\n  C: !Equals [!Ref Make, 'yes']\nResources:\n  Inner:\n    \
                 Type: AWS::CloudFormation::Stack\n    Condition: C\n    Properties: {TemplateURL: inner.yaml}\n";
    let inner = small("", "", "");
    let made = |given: &str| built(&read(&[("outer.yaml", outer), ("inner.yaml", &inner)], given));
    assert_eq!(outcome(&made(""), "trail-exists"), Outcome::Unknown);
    assert_eq!(outcome(&made("Make: 'yes'"), "trail-exists"), Outcome::Pass);
    assert!(made("Make: 'no'").trails.is_empty());
}

#[test]
fn templates_without_a_trail_are_one_account() {
    let inventory = built(&read(&[("a.yaml", EXPORTER), ("b.yaml", &EXPORTER.replace("log-bucket", "other"))], ""));
    assert_eq!(inventory.accounts.len(), 1);
}

#[test]
fn macros_leave_nothing_known() {
    let with = |transform: &str| inventory(&small(&format!("Transform: {transform}"), "EnableLogFileValidation: true", ""), "");
    assert!(trail(&with("Mine")).log_file_validation_enabled.gap().is_some());
    assert_eq!(outcome(&with("[Mine, AWS::LanguageExtensions]"), "trail-exists"), Outcome::Unknown);
    assert!(trail(&with("AWS::Serverless-2016-10-31")).log_file_validation_enabled.known().is_some());
    let inline = inventory(&small("", "Fn::Transform: {Name: AWS::Include}", ""), "");
    assert!(trail(&inline).is_logging.gap().is_some());
}

#[test]
fn a_policy_is_read_only_where_nothing_open_could_matter() {
    let with = |principal: &str, resource: &str| {
        let policy = format!(
            "BucketName: acme-logs\n  Policy:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      Bucket: !Ref Logs\n      PolicyDocument:\n        \
             Statement:\n        - Effect: Allow\n          Principal: {principal}\n          Action: s3:*\n          Resource: {resource}"
        );
        let inventory = inventory(&small("Parameters:\n  P: {Type: String}", "", &policy), "");
        bucket(&inventory).policy.known().is_some()
    };
    let own = "!Sub '${Logs.Arn}/AWSLogs/${AWS::AccountId}/*'";
    assert!(with("{AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}", own));
    assert!(with("{Service: cloudtrail.amazonaws.com}", "arn:aws:s3:::acme-logs/*"));
    assert!(!with("{AWS: !Ref P}", own), "who it is decides");
    assert!(!with("{Service: cloudtrail.amazonaws.com}", "!Sub 'arn:aws:s3:::logs-${AWS::AccountId}/*'"));
    assert!(!with("{Service: cloudtrail.amazonaws.com}", "!Sub 'arn:aws:s3:::${P}/*'"));
    assert!(!with("!GetAtt Custom.Principal", own));
}

#[test]
fn conditions_and_names_that_grow_without_end_come_to_one() {
    let mut sections = "Parameters:\n  P: {Type: String}\nConditions:\n  C0: !Equals [!Ref P, a]\n".to_string();
    for i in 1..20 {
        sections += &format!("  C{i}: !Or [{}]\n", vec![format!("!Condition C{}", i - 1); 10].join(", "));
    }
    sections += "  Loop: !Not [!Condition Loop]\n";
    let mut more = "Tags: []".to_string();
    for i in 0..20 {
        let next = format!("${{B{}}}", i + 1).repeat(8);
        more += &format!("\n  B{i}:\n    Type: AWS::S3::Bucket\n    Properties: {{BucketName: !Sub '{next}-x'}}");
    }
    let of_trail = "EnableLogFileValidation: !If [C19, true, false]\n      IsMultiRegionTrail: !If [Loop, true, true]\n      S3KeyPrefix: !Sub 'x-${B0}'";
    let inventory =
        inventory(&small(&sections, of_trail, &more.replace("Tags: []", "VersioningConfiguration: {Status: Enabled}")), "");
    assert!(trail(&inventory).is_multi_region.gap().is_some());
    assert!(trail(&inventory).log_file_validation_enabled.known().is_none());
}

/// Whatever a template is cut to, it is read or refused.
#[test]
fn pieces_of_a_template_never_end_the_program() {
    let text = example();
    for (at, line) in text.match_indices('\n') {
        let cut = format!("{}\n", &text[..at]);
        let missing = format!("{}{}", &text[..at], &text[at + line.len()..].split_once('\n').map_or("", |(_, rest)| rest));
        for piece in [cut, missing, text[at..].to_string()] {
            cloudformation::recognise(piece.as_bytes());
            built(&read(&[("t.yaml", &piece), ("u.yaml", &text)], ""));
        }
    }
}

#[test]
fn json_and_wide_text_say_the_same() {
    let yaml = small("", "IsMultiRegionTrail: true", "BucketName: acme-logs");
    let json = r#"{"Resources": {"Trail": {"Type": "AWS::CloudTrail::Trail", "Properties": {"IsLogging": true,
        "S3BucketName": {"Ref": "Logs"}, "IsMultiRegionTrail": true}},
        "Logs": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "acme-logs", "Tags": []}}}}"#;
    let outcomes = |bytes: Vec<u8>| {
        assert!(cloudformation::recognise(&bytes));
        let read = cloudformation::read(&[Input::template("t", bytes)], &Parameters::default());
        let all = findings(&built(&read));
        all.into_iter().map(|f| (f.policy, f.subject.id, f.outcome)).collect::<Vec<_>>()
    };
    let wanted = outcomes(yaml.clone().into_bytes());
    let wide =
        |mark: [u8; 2], unit: fn(u16) -> [u8; 2]| mark.into_iter().chain(yaml.encode_utf16().flat_map(unit)).collect::<Vec<u8>>();
    assert_eq!(outcomes(json.as_bytes().to_vec()), wanted);
    assert_eq!(outcomes([b"\xEF\xBB\xBF", yaml.as_bytes()].concat()), wanted);
    assert_eq!(outcomes(wide([0xFF, 0xFE], u16::to_le_bytes)), wanted);
    assert_eq!(outcomes(wide([0xFE, 0xFF], u16::to_be_bytes)), wanted);
}

#[test]
fn an_assembly_is_read_with_its_stages_and_exports() {
    let folder = root().join("tests/it/cloudformation/cdk.out");
    let files = |path: &Path| std::fs::read(path);
    assert!(Assembly::is_at(&folder, &files) && !Assembly::is_at(&root().join("examples"), &files));
    let assembly = Assembly::load(&folder, &files).expect("an assembly");
    assert!(assembly.missing.is_empty());
    let inventory = built(&cloudformation::read(&assembly.inputs, &Parameters::default()));
    let addresses: Vec<&str> = inventory.code.iter().flat_map(|code| &code.declared).map(|d| d.address.as_str()).collect();
    for wanted in ["Logs/Trail/Resource", "Logs/LogBucket/Resource", "Keys/LogKey/Resource", "Prod/Empty/Trail/Resource"] {
        assert!(addresses.contains(&wanted), "{addresses:?}");
    }
    let of = |policy: &str, id: &str| {
        let all = findings(&inventory);
        all.iter().find(|f| f.policy == policy && f.subject.id == id).map(|f| f.outcome)
    };
    assert_eq!(of("trail-kms-encryption", "Logs/Trail/Resource"), Some(Outcome::Pass), "the key is of another stack");
    assert_eq!(of("log-bucket-kms-encryption", "Logs/LogBucket/Resource"), Some(Outcome::Pass));
    assert_eq!(of("trail-log-file-validation", "Prod/Empty/Trail/Resource"), Some(Outcome::Fail));
    assert_eq!(of("trail-exists", "012345678901"), Some(Outcome::Pass));
}

#[test]
fn resources_that_are_made_elsewhere_are_confessed() {
    let template = small("", "", "") + "  Fn::ForEach::More: [X, [a, b], {}]\n  Nested: {Type: 'AWS::CloudFormation::Stack'}\n";
    let read = read(&[("t.yaml", &template)], "");
    assert_eq!(read.unwritten.len(), 2, "{:?}", read.unwritten);
    assert!(read.stacks[0].notes.iter().any(|note| note.contains("Nested")));
}

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = trailproof(folder).arg("scan").args(arguments).output().expect("it runs");
    (output.status.code(), said(&output, folder))
}

#[test]
fn bad_templates_are_refused_with_place_and_hint() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    let mut bomb = "AWSTemplateFormatVersion: '2010-09-09'\nA0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_string();
    for i in 1..12 {
        bomb += &format!("A{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", "));
    }
    for (text, wanted) in [
        (
            "Resources:\n  A: {Type: 'AWS::S3::Bucket'}\n  A: {Type: 'AWS::SNS::Topic'}\n",
            "bad.yaml:3:3: the key `A` stands here and in 2:3",
        ),
        (
            "Resources:\n  A: &a {Type: 'AWS::S3::Bucket'}\n  B:\n    <<: *a\n",
            "bad.yaml:4:5: merge keys (`<<`) are not part of a template",
        ),
        ("Resources:\n  A:\n    Properties: {}\nOutputs: {A: 'AWS::'}\n", "bad.yaml:2:3: the resource `A` has no `Type`"),
        (bomb.as_str(), "aliases counted"),
        (
            &format!("AWSTemplateFormatVersion: '2010-09-09'\nResources: {}\n", "[".repeat(5000)),
            "this stands inside more than 100 others",
        ),
        ("AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  A: [\n", "bad.yaml:"),
        ("AWSTemplateFormatVersion: '2010-09-09'\n", "there is no section `Resources`"),
    ] {
        write("bad.yaml", text);
        let (code, said) = run(folder.path(), &["bad.yaml"]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(wanted) && said.contains("hint: "), "{wanted}\n{said}");
    }
    write("good.yaml", &small("", "", ""));
    write("wrong.json", "[{\"Key\": 1}]");
    let (code, said) = run(folder.path(), &["good.yaml", "--parameters", "wrong.json"]);
    assert!(code == Some(2) && said.contains("wrong.json:1:2: this gives no value to a parameter"), "{said}");
}

#[test]
fn a_bad_template_among_good_ones_is_a_gap_and_no_clean_result() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("templates")).expect("made");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("templates/good.yaml", &small("", "EnableLogFileValidation: true", ""));
    let only = ["templates", "--policy", "trail-log-file-validation"];
    assert_eq!(run(folder.path(), &only).0, Some(0));
    write("templates/other.yaml", "no template\n");
    assert_eq!(run(folder.path(), &only).0, Some(0));
    write("templates/bad.yaml", "Resources:\n  A: {Type: 'AWS::CloudTrail::Trail'\n");
    let (code, said) = run(folder.path(), &only);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("templates/bad.yaml:") && said.contains("1 pass"), "{said}");
    write("templates/good.yaml", EXPORTER);
    let (code, said) = run(folder.path(), &["templates", "--policy", "trail-exists", "--complete"]);
    assert_eq!(code, Some(3), "the trail may be in the template that was not read\n{said}");
}

#[test]
fn metadata_may_name_a_waiver_that_lets_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    let metadata = "    Metadata: {Trailproof: {Waiver: W-1}}\n    Properties:\n      IsLogging";
    write("t.yaml", &small("", "", "").replace("    Properties:\n      IsLogging", metadata));
    let waiver = |resource: &str| {
        let text = format!(
            "waivers:\n- id: W-1\n  policy: trail-log-file-validation\n  resources: [{resource}]\n  owner: a@example.com\n  \
             approved_by: b@example.com\n  reason: The trail is replaced by that of the organization.\n  type: risk-accepted\n  \
             created: 2026-10-01\n  expires: 2026-12-01\n"
        );
        write("waivers.yaml", &text);
        run(folder.path(), &["t.yaml", "--policy", "trail-log-file-validation", "--now", NOW])
    };
    let (code, said) = waiver("named-in-code");
    assert!(code == Some(0) && said.contains("waived"), "{said}");
    let (code, said) = waiver("arn:aws:cloudtrail:*:111122223333:trail/x");
    assert!(code == Some(1), "{said}");
}
