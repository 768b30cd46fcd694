//! A report as a real audit gives it, built by hand: fails, unknowns, passes, hostile names, three frameworks.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use trailproof::finding::{
    Chain, ChainEnd, ChainLink, FactRead, Finding, Fix, Outcome, RequirementRef, Severity, Strength, Subject, Waived, WaiverKind,
};
use trailproof::inventory::{
    AccountScope, Basis, Call, CallId, Gap, GapKind, Origin, RegionOutcome, RegionScope, Remedy, Standing,
};
use trailproof::policy::framework::Class;
use trailproof::report::{
    AccountView, Cause, Collected, Counts, Coverage, Executive, FrameworkBrief, FrameworkScope, FrameworkView, GapView, HeatMap,
    OperationView, OrganizationView, OutsideAccount, PolicyView, Population, Report, RequirementStatus, RequirementView,
    SCHEMA_VERSION, Score, ServedBy, Shown, StatusCount, Summary, Tool, TrailView, Unread, WaiverView, WaiversView,
};

use trailproof::waiver::{Evidence, Standing as Stated, State, Statement};

const ACCOUNT: &str = "111122223333";
const HOSTILE: &str = "logs\u{202e}gpj\u{1b}[31m<script>alert('x')</script>\"><img src=x onerror=alert(1)>";
const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/acme-management-events";

fn time(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

fn call_id(operation: &str, region: &str) -> CallId {
    CallId(format!("cloudtrail:{operation}/{ACCOUNT}/{region}/5f2c"))
}

fn call(service: &str, operation: &str, region: &str, about: &str, status: u16) -> (CallId, Call) {
    let call = Call {
        account: ACCOUNT.into(),
        region: region.into(),
        service: service.into(),
        operation: operation.into(),
        about: about.into(),
        time: time("2026-11-20T10:00:17Z"),
        status: Some(status),
        request_id: Some("8f6a3c1e-52f4-4c7b-9c55-2f6d1b9e7a10".into()),
    };
    (call_id(operation, region), call)
}

fn read(of: &str, path: &str, value: &str, operation: &str) -> Arc<FactRead> {
    Arc::new(FactRead {
        of: of.into(),
        path: path.into(),
        value: Some(value.into()),
        gap: None,
        from: Some(Origin::Call(call_id(operation, "us-east-1"))),
        basis: Some(Basis::Observed),
    })
}

fn unread(of: &str, path: &str, gap: &Gap) -> Arc<FactRead> {
    Arc::new(FactRead { of: of.into(), path: path.into(), value: None, gap: Some(gap.clone()), from: None, basis: None })
}

fn subject(kind: &str, id: &str, name: &str) -> Subject {
    Subject {
        kind: kind.into(),
        id: id.into(),
        name: name.into(),
        account: ACCOUNT.into(),
        region: (kind != "account").then(|| "us-east-1".into()),
        place: None,
    }
}

fn finding(policy: &str, outcome: Outcome, severity: Severity, subject: Subject, message: &str) -> Finding {
    Finding {
        policy: policy.into(),
        outcome,
        severity,
        subject,
        message: message.into(),
        accepted: None,
        waiver: None,
        known: None,
        counterexamples: Vec::new(),
        chains: Vec::new(),
        facts: Vec::new(),
        gaps: Vec::new(),
        requirements: Vec::new(),
        fix: None,
    }
}

fn serves(list: &[(&str, &str, Strength)]) -> Vec<RequirementRef> {
    list.iter()
        .map(|(framework, id, strength)| RequirementRef { framework: (*framework).into(), id: (*id).into(), strength: *strength })
        .collect()
}

pub(super) fn denied() -> Gap {
    Gap::new(GapKind::Denied, "s3:GetBucketPolicy on acme-log-archive: AccessDenied: no identity-based policy allows the action")
        .with_remedy(Remedy::Allow { action: "s3:GetBucketPolicy".into(), account: ACCOUNT.into() })
        .with_call(call_id("GetBucketPolicy", "us-east-1"))
}

fn other_account() -> Gap {
    Gap::new(GapKind::OtherAccount, "the key arn:aws:kms:us-east-1:444455556666:key/1a2b lives in account 444455556666")
        .with_remedy(Remedy::ScanAccount { account: Some("444455556666".into()) })
}

fn scp() -> Gap {
    Gap::new(GapKind::BlockedByScp, "cloudtrail:GetTrailStatus in ap-southeast-3: explicit deny in a service control policy")
}

fn fails() -> Vec<Finding> {
    let mut logging = finding(
        "trail-is-logging",
        Outcome::Fail,
        Severity::Critical,
        subject("trail", TRAIL, "acme-management-events"),
        "the trail acme-management-events is not logging in its home Region us-east-1",
    );
    logging.facts = vec![
        read(TRAIL, "is_logging", "false", "GetTrailStatus"),
        read(TRAIL, "status[us-east-1].stop_logging_time", "2026-11-18T22:41:07Z", "GetTrailStatus"),
        read(TRAIL, "status[us-east-1].latest_delivery_error", "null", "GetTrailStatus"),
    ];
    logging.requirements =
        serves(&[("pci-dss-4.0.1", "10.2.1", Strength::Direct), ("hipaa-security-rule", "164.312(b)", Strength::Direct)]);
    logging.fix = Some(Fix {
        summary: "Start logging on the trail, and find out who stopped it.".into(),
        cli: "aws cloudtrail start-logging \\\n  --region us-east-1 \\\n  --name 'arn:aws:cloudtrail:us-east-1:111122223333:trail/acme-management-events'\n".into(),
        terraform: "resource \"aws_cloudtrail\" \"acme_management_events\" {\n  name           = \"acme-management-events\"\n  enable_logging = true\n}\n".into(),
        cloudformation: "Resources:\n  Trail:\n    Type: AWS::CloudTrail::Trail\n    Properties:\n      IsLogging: true\n".into(),
    });

    let mut covers = finding(
        "trail-covers-every-region",
        Outcome::Fail,
        Severity::High,
        subject("account", ACCOUNT, "acme-prod"),
        "no logging multi-Region trail of account 111122223333 records both reads and writes",
    );
    covers.counterexamples =
        vec!["management events of kms.amazonaws.com".into(), "read events of sts.amazonaws.com in eu-west-1".into()];
    let link = |kind: &str, name: &str| ChainLink { kind: kind.into(), name: name.into() };
    let links = vec![link("trail", "acme"), link("log group", "/acme"), link("filter", "stops"), link("alarm", "acme-alarm")];
    covers.chains = vec![
        Chain { links: links.clone(), end: ChainEnd::Broken, at: Some(3), why: Some("its actions are disabled".into()) },
        Chain { links, end: ChainEnd::Broken, at: Some(0), why: Some("the trail is not logging".into()) },
        Chain { links: vec![link("event bus of", "eu-west-1"), link("rule", HOSTILE)], end: ChainEnd::Told, at: None, why: None },
    ];
    covers
        .counterexamples
        .push("trail acme -> log group /acme -> filter stops -> alarm acme-alarm: its actions are disabled".into());
    covers.facts = (0..17).map(|n| read(TRAIL, &format!("status[region-{n}].is_logging"), "false", "GetTrailStatus")).collect();
    covers.facts.insert(0, read(ACCOUNT, "trails", "1 trail", "DescribeTrails"));
    covers.facts.push(Arc::new(FactRead {
        of: TRAIL.into(),
        path: "owner_account".into(),
        value: Some(ACCOUNT.into()),
        gap: None,
        from: Some(Origin::Derived),
        basis: Some(Basis::Observed),
    }));
    covers.requirements = serves(&[("pci-dss-4.0.1", "10.2.1", Strength::Direct), ("cis-aws-7.0.0", "4.1", Strength::Direct)]);
    covers.fix = Some(Fix {
        summary: "Make the trail multi-Region, and record reads and writes.".into(),
        cli: "aws cloudtrail update-trail --name acme-management-events --is-multi-region-trail".into(),
        ..Fix::default()
    });

    let mut out = vec![logging, covers];
    for name in ["acme-log-archive", HOSTILE] {
        let mut versioning = finding(
            "bucket-keeps-versions",
            Outcome::Fail,
            Severity::Medium,
            subject("bucket", name, name),
            &format!("the bucket {name} keeps no versions: a log file that is overwritten is gone"),
        );
        versioning.facts =
            vec![read(name, "versioning", "null", "GetBucketVersioning"), read(name, "region", "us-east-1", "GetBucketLocation")];
        versioning.requirements = serves(&[("pci-dss-4.0.1", "10.3.2", Strength::Supporting)]);
        versioning.fix = Some(Fix {
            summary: "Switch versioning on.".into(),
            cli: format!(
                "aws s3api put-bucket-versioning \\\n  --bucket '{}' \\\n  --versioning-configuration Status=Enabled",
                name.replace('\'', "'\\''")
            ),
            ..Fix::default()
        });
        out.push(versioning);
    }
    out
}

fn unknowns() -> Vec<Finding> {
    let mut public = finding(
        "bucket-is-not-public",
        Outcome::Unknown,
        Severity::Critical,
        subject("bucket", "acme-log-archive", "acme-log-archive"),
        "whether the bucket acme-log-archive is closed to the public is not known",
    );
    public.gaps = vec![denied()];
    public.facts = vec![
        unread("acme-log-archive", "policy", &denied()),
        read("acme-log-archive", "public_access_block.block_public_policy", "true", "GetPublicAccessBlock"),
        Arc::new(FactRead {
            of: "acme-log-archive".into(),
            path: "policy_is_public".into(),
            value: Some("false".into()),
            gap: None,
            from: Some(Origin::Place { file: "main.tf".into(), line: 12, column: 3 }),
            basis: Some(Basis::AssumedDefault),
        }),
    ];
    public.requirements = serves(&[("pci-dss-4.0.1", "10.3.1", Strength::Direct), ("cis-aws-7.0.0", "4.3", Strength::Direct)]);
    let mut rotates = finding(
        "key-rotates",
        Outcome::Unknown,
        Severity::Medium,
        subject("key", "arn:aws:kms:us-east-1:444455556666:key/1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809", "1a2b3c4d"),
        "whether the key rotates is not known",
    );
    rotates.gaps = vec![other_account()];
    rotates.facts = vec![unread("arn:aws:kms:us-east-1:444455556666:key/1a2b", "rotation_enabled", &other_account())];
    rotates.requirements = serves(&[("pci-dss-4.0.1", "10.3.1", Strength::Supporting)]);
    vec![public, rotates]
}

fn passes() -> Vec<Finding> {
    let mut validation = finding(
        "trail-validates-log-files",
        Outcome::Pass,
        Severity::High,
        subject("trail", TRAIL, "acme-management-events"),
        "the trail acme-management-events writes signed digests over its log files",
    );
    validation.facts = vec![read(TRAIL, "log_file_validation_enabled", "true", "DescribeTrails")];
    validation.requirements =
        serves(&[("pci-dss-4.0.1", "10.3.4", Strength::Direct), ("cis-aws-7.0.0", "4.2", Strength::Direct)]);
    let mut kept = finding(
        "bucket-keeps-logs-a-year",
        Outcome::Pass,
        Severity::Medium,
        subject("bucket", "acme-log-archive", "acme-log-archive"),
        "no rule deletes log files of acme-log-archive before 365 days",
    );
    kept.accepted = Some("the bucket has no lifecycle rule, so everything is kept".into());
    kept.facts = vec![read("acme-log-archive", "lifecycle_rules", "[]", "GetBucketLifecycleConfiguration")];
    kept.requirements = serves(&[("pci-dss-4.0.1", "10.5.1", Strength::Direct)]);
    let lock = finding(
        "bucket-lock-is-compliance-mode",
        Outcome::NotApplicable,
        Severity::Low,
        subject("bucket", "acme-log-archive", "acme-log-archive"),
        "the bucket acme-log-archive does not use Object Lock",
    );
    vec![validation, kept, lock]
}

fn counts(pass: usize, fail: usize, unknown: usize, not_applicable: usize) -> Counts {
    Counts { pass, fail, unknown, not_applicable }
}

fn requirement(
    id: &str,
    title: &str,
    class: Class,
    status: RequirementStatus,
    manual: Option<&str>,
    policies: &[(&str, Strength, Counts)],
) -> RequirementView {
    let (mut direct, mut supporting) = (Counts::default(), Counts::default());
    for (_, strength, each) in policies {
        let facts = if *strength == Strength::Direct { &mut direct } else { &mut supporting };
        facts.pass += each.pass;
        facts.fail += each.fail;
        facts.unknown += each.unknown;
        facts.not_applicable += each.not_applicable;
    }
    RequirementView {
        id: id.into(),
        title: title.into(),
        class,
        manual: manual.map(String::from),
        status,
        because: match status {
            RequirementStatus::NotMet => format!("{} direct facts do not hold", direct.fail),
            RequirementStatus::Undecided => format!("{} direct facts are not known", direct.unknown),
            RequirementStatus::Partial => "no fact decides it".into(),
            RequirementStatus::MetByFacts => format!("{} direct facts hold", direct.pass),
            _ => "people or AWS show it".into(),
        },
        attestation: None,
        direct,
        supporting,
        policies: policies
            .iter()
            .map(|(policy, strength, facts)| ServedBy {
                policy: (*policy).into(),
                strength: *strength,
                asked: *policy != "trail-logs-object-writes",
                facts: facts.clone(),
                open: open(policy),
            })
            .collect(),
    }
}

/// The numbers of the policy's findings that fail or are unknown.
fn open(policy: &str) -> Vec<usize> {
    let all: Vec<Finding> = fails().into_iter().chain(unknowns()).collect();
    all.iter().enumerate().filter(|(_, f)| f.policy == policy).map(|(at, _)| at + 1).collect()
}

fn scope(accounts: Option<&[&str]>, unread: &[(&str, &str)], statement: &str) -> FrameworkScope {
    FrameworkScope {
        accounts: accounts.map(|ids| ids.iter().map(|id| (*id).into()).collect()),
        unread: unread.iter().map(|(account, why)| Unread { account: (*account).into(), why: (*why).into() }).collect(),
        statement: statement.into(),
    }
}

fn frameworks() -> Vec<FrameworkView> {
    use RequirementStatus::{Inherited, Manual, MetByFacts, NotMet, NotServed, Partial, Undecided};
    use Strength::{Direct, Supporting};
    let pci = FrameworkView {
        id: "pci-dss-4.0.1".into(),
        title: "PCI DSS".into(),
        version: "4.0.1".into(),
        publisher: "PCI Security Standards Council".into(),
        url: "https://www.pcisecuritystandards.org/document_library/".into(),
        note: "Only requirement 10 and the parts of 3, 7 and 8 that logging touches are listed. The scope of the cardholder data environment is the assessor's to draw.".into(),
        scope: scope(Some(&[ACCOUNT, "777788889999"]), &[("777788889999", "not in the population of this audit")], "2 accounts declared in scope; 1 of them not audited"),
        statement: "2 of 7 automatable facts hold; 2 unknown; 3 requirements stay manual".into(),
        facts: counts(2, 4, 2, 0),
        requirements: vec![
            requirement("10.2.1", "Audit logs are on for every system component and for cardholder data", Class::Automated, NotMet, Some("System components outside AWS, and applications of your own"), &[("trail-is-logging", Direct, counts(0, 1, 0, 0)), ("trail-covers-every-region", Direct, counts(0, 1, 0, 0))]),
            requirement("10.3.1", "Only people whose job needs it can read audit logs", Class::Automated, Undecided, Some("Who needs it, and why"), &[("bucket-is-not-public", Direct, counts(0, 0, 1, 0)), ("key-rotates", Supporting, counts(0, 0, 1, 0))]),
            requirement("10.3.2", "Audit logs cannot be changed by the people whom they watch", Class::Automated, Partial, None, &[("bucket-keeps-versions", Supporting, counts(0, 2, 0, 0))]),
            requirement("10.3.4", "A change of existing log data raises an alarm", Class::Automated, MetByFacts, Some("Somebody answers the alarm"), &[("trail-validates-log-files", Direct, counts(1, 0, 0, 0))]),
            requirement("10.4.1", "Logs are reviewed every day", Class::Manual, Manual, Some("Records of the reviews"), &[]),
            requirement("10.5.1", "Twelve months of logs are kept, three of them at hand", Class::Automated, MetByFacts, None, &[("bucket-keeps-logs-a-year", Direct, counts(1, 0, 0, 0))]),
            requirement("10.6.1", "Clocks are synchronized", Class::Inherited, Inherited, Some("The clocks of AWS services are shown in its attestation"), &[]),
            requirement("10.7.2", "A failure of a critical control is noticed and answered", Class::None, NotServed, Some("Nothing here shows it"), &[]),
        ],
    };
    let hipaa = FrameworkView {
        id: "hipaa-security-rule".into(),
        title: "HIPAA Security Rule".into(),
        version: "2013".into(),
        publisher: "US Department of Health and Human Services".into(),
        url: "javascript:alert(1)".into(),
        note: String::new(),
        scope: scope(None, &[], "every account that was asked for is in scope: no narrower scope was declared"),
        statement: "0 of 1 automatable facts hold; 1 requirement stays manual".into(),
        facts: counts(0, 1, 0, 0),
        requirements: vec![
            requirement(
                "164.312(b)",
                "Activity in systems that hold health information is recorded and examined",
                Class::Automated,
                NotMet,
                Some("That somebody examines it"),
                &[("trail-is-logging", Direct, counts(0, 1, 0, 0))],
            ),
            requirement(
                "164.308(a)(1)(ii)(D)",
                "Records of activity are reviewed regularly",
                Class::Manual,
                Manual,
                Some("Records of the reviews"),
                &[],
            ),
        ],
    };
    let cis = FrameworkView {
        id: "cis-aws-7.0.0".into(),
        title: "CIS AWS Foundations Benchmark".into(),
        version: "7.0.0".into(),
        publisher: "Center for Internet Security".into(),
        url: "https://www.cisecurity.org/benchmark/amazon_web_services".into(),
        note: "The logging section alone.".into(),
        scope: scope(None, &[], "every account that was asked for is in scope: no narrower scope was declared"),
        statement: "1 of 3 automatable facts hold; 1 unknown".into(),
        facts: counts(1, 1, 1, 0),
        requirements: vec![
            requirement(
                "4.1",
                "CloudTrail is on in every Region",
                Class::Automated,
                NotMet,
                None,
                &[("trail-covers-every-region", Direct, counts(0, 1, 0, 0))],
            ),
            requirement(
                "4.2",
                "Log file validation is on",
                Class::Automated,
                MetByFacts,
                None,
                &[("trail-validates-log-files", Direct, counts(1, 0, 0, 0))],
            ),
            requirement(
                "4.3",
                "The log bucket is closed to the public",
                Class::Automated,
                Undecided,
                None,
                &[("bucket-is-not-public", Direct, counts(0, 0, 1, 0))],
            ),
            requirement(
                "4.9",
                "Object-level writes are logged",
                Class::Automated,
                Undecided,
                None,
                &[("trail-logs-object-writes", Direct, counts(0, 0, 0, 0))],
            ),
        ],
    };
    vec![pci, hipaa, cis]
}

fn policy(
    id: &str,
    title: &str,
    severity: Severity,
    subject: &str,
    why: &str,
    facts: Counts,
    outcome: Option<Outcome>,
) -> (String, PolicyView) {
    let view = PolicyView {
        id: id.into(),
        title: title.into(),
        severity,
        subject: subject.into(),
        why: why.into(),
        references: vec![
            "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html".into(),
            "javascript:alert(document.domain)".into(),
        ],
        facts,
        outcome,
    };
    (id.into(), view)
}

fn policies() -> BTreeMap<String, PolicyView> {
    use Outcome::{Fail, NotApplicable, Pass, Unknown};
    use Severity::{Critical, High, Low, Medium};
    [
        policy("trail-is-logging", "The trail is logging", Critical, "trail", "A trail that exists but is stopped records nothing.\nStopping it is the first thing that an intruder does, and nothing else looks different.\n", counts(0, 1, 0, 0), Some(Fail)),
        policy("trail-covers-every-region", "A multi-Region trail records every management event in every Region", High, "account", "What happens in a Region that no trail covers is seen by nobody.", counts(0, 1, 0, 0), Some(Fail)),
        policy("bucket-keeps-versions", "The bucket keeps earlier versions of log files", Medium, "bucket", "With versions an overwritten or deleted log file can be had back.", counts(0, 2, 0, 0), Some(Fail)),
        policy("bucket-is-not-public", "The log bucket is closed to the public", Critical, "bucket", "Logs tell an attacker who may do what.", counts(0, 0, 1, 0), Some(Unknown)),
        policy("key-rotates", "The key of the logs rotates", Medium, "key", "An old key protects every log that it ever encrypted.", counts(0, 0, 1, 0), Some(Unknown)),
        policy("trail-validates-log-files", "The trail writes signed digests over its log files", High, "trail", "Without digests nobody can tell whether a log file was changed.", counts(1, 0, 0, 0), Some(Pass)),
        policy("bucket-keeps-logs-a-year", "Log files are kept for at least a year", Medium, "bucket", "An intrusion is often found months later.", counts(1, 0, 0, 0), Some(Pass)),
        policy("bucket-lock-is-compliance-mode", "Object Lock is in compliance mode", Low, "bucket", "In governance mode some may shorten it.", counts(0, 0, 0, 1), Some(NotApplicable)),
    ]
    .into_iter()
    .collect()
}

fn regions() -> Vec<RegionScope> {
    let region = |name: &str, outcome| RegionScope { name: name.into(), outcome };
    let mut all: Vec<_> = ["eu-central-1", "eu-west-1", "eu-west-2", "us-east-1", "us-east-2", "us-west-2"]
        .into_iter()
        .map(|name| region(name, RegionOutcome::Reached))
        .collect();
    all.push(region("ap-southeast-3", RegionOutcome::Gap(scp())));
    all.push(region("me-central-1", RegionOutcome::NotEnabled));
    all
}

fn account(id: &str, name: Option<&str>, standing: Standing, reached: bool) -> AccountView {
    let scope = AccountScope {
        id: id.into(),
        name: name.map(String::from),
        standing,
        reached,
        gaps: Vec::new(),
        regions: if reached { regions() } else { Vec::new() },
    };
    AccountView { scope, alias: None, caller_arn: None }
}

fn population() -> Population {
    let mut prod = account(ACCOUNT, Some("Production"), Standing::Asked, true);
    prod.alias = Some("acme-prod".into());
    prod.caller_arn = Some("arn:aws:sts::111122223333:assumed-role/TrailproofAudit/nightly-2026-11-20".into());
    let mut archive = account("444455556666", Some(HOSTILE), Standing::Asked, false);
    archive.scope.gaps = vec![not_assumed()];
    Population {
        accounts_asked: 2,
        accounts_reached: 1,
        accounts_excluded: 1,
        accounts_suspended: 1,
        regions_asked: 7,
        regions_reached: 6,
        regions_left_out: 0,
        accounts: vec![
            prod,
            archive,
            account("555566667777", Some("Sandbox"), Standing::Excluded, false),
            account("666677778888", Some("Closed last year"), Standing::Suspended, false),
        ],
        causes: vec![
            Cause {
                label: "access denied".into(),
                message: not_assumed().message,
                remedy: Some("let the auditing principal assume the role".into()),
                accounts: vec!["444455556666".into()],
                regions: 0,
                region_accounts: Vec::new(),
            },
            Cause {
                label: "blocked by SCP".into(),
                message: scp().message,
                remedy: None,
                accounts: Vec::new(),
                regions: 1,
                region_accounts: vec![ACCOUNT.into()],
            },
        ],
        organizations: vec![OrganizationView {
            id: "o-exampleorgid".into(),
            management_account: ACCOUNT.into(),
            members: 5,
            outside: vec![OutsideAccount { id: "888899990000".into(), name: HOSTILE.into(), state: "ACTIVE".into() }],
            incomplete: Some("throttled: organizations:ListAccounts: TooManyRequestsException".into()),
        }],
    }
}

fn not_assumed() -> Gap {
    Gap::new(GapKind::Denied, "sts:AssumeRole on arn:aws:iam::444455556666:role/TrailproofAudit: AccessDenied")
}

/// The sample.
pub(super) fn report() -> Report {
    whole(bare())
}

/// The sample, of which the owner waived some: one waiver has expired, one holds, one is laid upon nothing.
pub(super) fn waived() -> Report {
    let mut report = bare();
    let waiver = |id: &str, kind, created: &str, expires: &str, is_expired| Waived {
        id: id.into(),
        kind,
        owner: "jane.doe@example.com".into(),
        approved_by: HOSTILE.into(),
        reason: format!("the archive moves in spring, ticket SEC-412 {HOSTILE}"),
        compensating_control: (kind == WaiverKind::CompensatingControl).then(|| "a nightly copy to another account".into()),
        created: created.parse().expect("a date"),
        expires: expires.parse().expect("a date"),
        is_expired,
    };
    report.findings[1].waiver = Some(waiver("W-2026-001", WaiverKind::RiskAccepted, "2026-08-01", "2026-10-31", true));
    report.findings[2].waiver = Some(waiver("W-2026-002", WaiverKind::CompensatingControl, "2026-11-01", "2026-12-01", false));
    let evidence = Evidence { path: "evidence/SEC-412.pdf".into(), sha256: "5f2c".repeat(16), bytes: 12 };
    let view = |at: usize, state, resource: &str| {
        let (finding, waived) = (&report.findings[at], report.findings[at].waiver.clone().expect("a waiver"));
        WaiverView {
            id: waived.id,
            state,
            policy: finding.policy.clone(),
            kind: waived.kind,
            resources: vec![resource.into()],
            account: Some(ACCOUNT.into()),
            frameworks: vec!["pci-dss-4.0.1".into()],
            owner: waived.owner,
            approved_by: waived.approved_by,
            reason: waived.reason,
            compensating_control: waived.compensating_control,
            created: waived.created,
            expires: waived.expires,
            evidence: Some(evidence.clone()),
            findings: vec![at + 1],
            idle: None,
        }
    };
    let mut waivers = vec![view(1, State::Expired, ACCOUNT), view(2, State::EndsSoon, "arn:aws:s3:::acme-*")];
    waivers.push(WaiverView {
        id: "W-2026-003".into(),
        state: State::Holds,
        findings: Vec::new(),
        idle: Some("what it names does not fail: pass".into()),
        ..view(2, State::Holds, HOSTILE)
    });
    report.waivers = Some(WaiversView {
        file: HOSTILE.into(),
        sha256: "0a".repeat(32),
        waived: 1,
        ended: 1,
        alarms: vec!["waiver W-2026-001 of trail-covers-every-region expired on 2026-10-31: 1 fail counts again".into()],
        warnings: vec![format!("waiver W-2026-003 of bucket-keeps-versions waives nothing: {HOSTILE}")],
        waivers,
    });
    report.score.with_accepted_risk = Some(430);
    for (requirement, standing) in
        report.frameworks[0].requirements.iter_mut().zip([Stated::Holds, Stated::Expired, Stated::NotYet])
    {
        requirement.attestation = Some(Statement {
            standing,
            by: HOSTILE.into(),
            statement: format!("somebody looks at it every day {HOSTILE}"),
            date: "2026-10-15".parse().expect("a date"),
            expires: "2027-01-15".parse().expect("a date"),
            evidence: vec![evidence.clone()],
        });
    }
    whole(report)
}

fn known(text: &str) -> Shown {
    Shown::Known(text.into())
}

fn unread_cell() -> Shown {
    Shown::Unknown("access denied: cloudtrail:DescribeTrails: AccessDeniedException".into())
}

/// With what follows from the rest.
fn whole(mut report: Report) -> Report {
    let asked = report.findings.iter().map(|f| f.policy.clone()).collect();
    report.heat_map = HeatMap::of(&report.population, &asked, &report.findings);
    report.executive = Executive::of(&report);
    report
}

fn bare() -> Report {
    let findings: Vec<Finding> = fails().into_iter().chain(unknowns()).chain(passes()).collect();
    let operation = |service: &str, operation: &str, calls, failed| OperationView {
        service: service.into(),
        operation: operation.into(),
        action: Some(format!("{service}:{operation}")),
        calls,
        failed,
    };
    Report {
        set_aside: vec![trailproof::report::SetAside {
            policy: "log-bucket-mfa-delete".into(),
            reason: "nobody holds the root user's device".into(),
        }],
        kind: "trailproof-report".into(),
        schema_version: SCHEMA_VERSION.into(),
        tool: Tool { name: "trailproof".into(), version: "0.1.0".into() },
        now: time("2026-11-20T10:01:12Z"),
        collected: Collected {
            started: time("2026-11-20T10:00:00Z"),
            ended: time("2026-11-20T10:01:12Z"),
            interrupted: false,
            synthetic: true,
            judged_as_read: false,
        },
        result: "1 critical, 1 high and 2 medium fail; 2 findings could not be decided; 3 requirements are not met".into(),
        summary: Summary {
            outcomes: counts(2, 4, 2, 1),
            fails: [(Severity::Critical, 1), (Severity::High, 1), (Severity::Medium, 2), (Severity::Low, 0), (Severity::Info, 0)]
                .into(),
            coverage: Coverage { evaluated: 6, in_scope: 8, permille: Some(750) },
        },
        score: Score { permille: Some(412), with_accepted_risk: Some(412), policies: 6, accounts: 1 },
        waivers: None,
        baseline: None,
        population: population(),
        code: None,
        executive: Executive::default(),
        heat_map: HeatMap::default(),
        frameworks: frameworks(),
        more_frameworks: vec![FrameworkBrief {
            id: "soc-2".into(),
            title: "SOC 2".into(),
            version: "2017".into(),
            statuses: [(RequirementStatus::NotMet, 1), (RequirementStatus::Partial, 1_204)]
                .map(|(status, requirements)| StatusCount { status, requirements })
                .into(),
        }],
        findings,
        gaps: vec![
            GapView {
                alike: Vec::new(),
                accounts: Vec::new(),
                gap: denied(),
                label: "access denied".into(),
                remedy: Some("allow s3:GetBucketPolicy to the auditing principal in account 111122223333".into()),
                findings: 1,
                policies: vec!["bucket-is-not-public".into()],
            },
            GapView {
                alike: Vec::new(),
                accounts: Vec::new(),
                gap: other_account(),
                label: "other account".into(),
                remedy: Some("scan account 444455556666 too, with a role in it".into()),
                findings: 1,
                policies: vec!["key-rotates".into()],
            },
            GapView {
                alike: Vec::new(),
                accounts: Vec::new(),
                gap: scp(),
                label: "blocked by SCP".into(),
                remedy: None,
                findings: 0,
                policies: Vec::new(),
            },
        ],
        policies: policies(),
        trails: vec![
            TrailView {
                arn: TRAIL.into(),
                name: "acme-management-events".into(),
                owner_account: ACCOUNT.into(),
                home_region: "us-east-1".into(),
                seen_by: 2,
                is_logging: known("no"),
                is_multi_region: known("yes"),
                is_organization: known("no"),
                validation: known("yes"),
                bucket: known("acme-log-archive"),
                bucket_account: Shown::Unknown("other account: no account in scope owns the bucket".into()),
                key: known("arn:aws:kms:us-east-1:444455556666:key/1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809"),
                log_group: known("none"),
                topic: known("none"),
                records: known("management: writes; data: none"),
                last_delivery: known("2026-11-18 22:38:40 UTC"),
                last_digest: known("2026-11-18 22:10:02 UTC"),
            },
            TrailView {
                arn: format!("arn:aws:cloudtrail:eu-west-1:111122223333:trail/{HOSTILE}"),
                name: HOSTILE.into(),
                owner_account: ACCOUNT.into(),
                home_region: "eu-west-1".into(),
                seen_by: 1,
                is_logging: known("yes"),
                is_multi_region: known("no"),
                is_organization: unread_cell(),
                validation: known("no"),
                bucket: known(HOSTILE),
                bucket_account: known(ACCOUNT),
                key: known("none"),
                log_group: unread_cell(),
                topic: known("none"),
                records: unread_cell(),
                last_delivery: unread_cell(),
                last_digest: known("never"),
            },
        ],
        operations: vec![
            operation("cloudtrail", "DescribeTrails", 7, 0),
            operation("cloudtrail", "GetTrailStatus", 8, 1),
            operation("s3", "GetBucketPolicy", 2, 1),
            operation("s3", "GetBucketVersioning", 2, 0),
        ],
        calls: [
            call("cloudtrail", "DescribeTrails", "us-east-1", "", 200),
            call("cloudtrail", "GetTrailStatus", "us-east-1", TRAIL, 200),
            call("s3", "GetBucketPolicy", "us-east-1", "acme-log-archive", 403),
            call("s3", "GetBucketVersioning", "us-east-1", "acme-log-archive", 200),
            call("s3", "GetPublicAccessBlock", "us-east-1", "acme-log-archive", 200),
        ]
        .into(),
    }
}

/// The sample with many findings: `policies` policies, each failing or passing on `subjects` buckets.
pub(super) fn large(policies: usize, subjects: usize) -> Report {
    let mut report = bare();
    let pattern = report.findings[0].clone();
    let outcomes = [Outcome::Fail, Outcome::Unknown, Outcome::Pass];
    report.findings = (0..policies)
        .flat_map(|policy| {
            let pattern = &pattern;
            (0..subjects).map(move |at| {
                let mut finding = pattern.clone();
                finding.policy = format!("made-up-policy-{policy:03}");
                finding.outcome = outcomes[policy * outcomes.len() / policies];
                finding.subject = subject("bucket", &format!("arn:aws:s3:::acme-{policy}-{at}"), &format!("acme-{policy}-{at}"));
                finding
            })
        })
        .collect();
    whole(report)
}
