#!/usr/bin/env python3
"""What a scan of code costs, beside checkov and cfn-guard on the same files.

    benches/code.py [--binary target/release/trailproof] [--rounds 5] [--keep FOLDER]

The inputs are made here and are the same in every run: a Terraform plan of 50 resources, and 2,000 resources in 400 CloudFormation
templates, once with a trail in ten of them and once with a trail in each; and as many in 400 files of Terraform's configuration. Faults are planted in them, and a program that does not name
exactly those ends the script with 1: speed without the right answer counts for nothing. The last two columns compare with the first
row, start-up counted in and left out; start-up is what the program takes for one queue in a file. The peers are installed by name,
checkov from `benches/code-requirements.txt` and cfn-guard by `cargo install` outside the repository; one that cannot be installed is
left out, with the reason. It is no part of `tests/run`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import configuration

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = 400
GUARD = "3.2.1"

# A fault -> Trailproof's policy, checkov's check, the resource of the template that it is in, and cfn-guard's rule, which is ours.
FAULTS = {
    "no log file validation": ("trail-log-file-validation", "CKV_AWS_36", "Trail", "log_file_validation"),
    "no key": ("trail-kms-encryption", "CKV_AWS_35", "Trail", "encryption"),
    "no versions": ("log-bucket-versioning", "CKV_AWS_21", "LogBucket", "versioning"),
    "the key is not rotated": ("key-rotation", "CKV_AWS_7", "LogKey", "rotation"),
}

GUARD_RULES = """
let trails = Resources.*[ Type == 'AWS::CloudTrail::Trail' ]
let buckets = Resources.*[ Type == 'AWS::S3::Bucket' ]
let keys = Resources.*[ Type == 'AWS::KMS::Key' ]

rule log_file_validation when %trails !empty { %trails.Properties.EnableLogFileValidation == true }
rule encryption when %trails !empty { %trails.Properties.KMSKeyId exists }
rule rotation when %keys !empty { %keys.Properties.EnableKeyRotation == true }
rule multi_region when %trails !empty { %trails.Properties.IsMultiRegionTrail == true }
rule logging when %trails !empty { %trails.Properties.IsLogging == true }
rule versioning when %buckets !empty { %buckets.Properties.VersioningConfiguration.Status == 'Enabled' }
rule bucket_encryption when %buckets !empty { %buckets.Properties.BucketEncryption exists }
rule public_access when %buckets !empty {
    %buckets.Properties.PublicAccessBlockConfiguration {
        BlockPublicPolicy == true
        BlockPublicAcls == true
        IgnorePublicAcls == true
        RestrictPublicBuckets == true
    }
}
"""

GUARD_PLAN_RULES = """
let trails = resource_changes[ type == 'aws_cloudtrail' ]
let versions = resource_changes[ type == 'aws_s3_bucket_versioning' ]

rule log_file_validation when %trails !empty { %trails.change.after.enable_log_file_validation == true }
rule multi_region when %trails !empty { %trails.change.after.is_multi_region_trail == true }
rule logging when %trails !empty { %trails.change.after.enable_logging == true }
rule versioning when %versions !empty { %versions.change.after.versioning_configuration[*].status == 'Enabled' }
"""

PLANTED_IN_PLAN = ["no log file validation", "no versions"]

QUEUE = """AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Work:
    Type: AWS::SQS::Queue
    Properties: { SqsManagedSseEnabled: true }
"""

# What checkov has about trails, the buckets that they use, and their keys.
CHECKOV_OURS = "CKV_AWS_7,CKV_AWS_35,CKV_AWS_36,CKV_AWS_67,CKV_AWS_18,CKV_AWS_19,CKV_AWS_20,CKV_AWS_21,CKV_AWS_53,CKV_AWS_54,CKV_AWS_55,CKV_AWS_56,CKV_AWS_57"


def planted(number):
    """The faults of the template with this number. A key that no trail uses is not Trailproof's concern."""
    faults = [fault for fault, every in zip(FAULTS, (3, 7, 9, 11)) if number % every == 1]
    return [fault for fault in faults if fault != "the key is not rotated" or "no key" not in faults]


def bucket(name, faults=()):
    versions = "" if "no versions" in faults else "\n      VersioningConfiguration: { Status: Enabled }"
    return f"""  {name}:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    Properties:
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault: {{ SSEAlgorithm: aws:kms }}{versions}
      LifecycleConfiguration:
        Rules:
          - {{ Id: keep, Status: Enabled, ExpirationInDays: !Ref RetentionDays }}
      PublicAccessBlockConfiguration:
        BlockPublicAcls: true
        BlockPublicPolicy: true
        IgnorePublicAcls: true
        RestrictPublicBuckets: true
"""


def head(number, says):
    return f"""AWSTemplateFormatVersion: "2010-09-09"
Description: {says}

Parameters:
  Environment:
    Type: String
    AllowedValues: [production, staging]
    Default: production
  RetentionDays:
    Type: Number
    Default: {400 + number % 100}

Resources:
"""


def logging_stack(number):
    """Five resources: a trail, its bucket with a policy, its key and its topic."""
    faults = planted(number)
    key = "" if "no key" in faults else "\n      KMSKeyId: !GetAtt LogKey.Arn"
    rotated = "false" if "the key is not rotated" in faults else "true"
    validation = "" if "no log file validation" in faults else "\n      EnableLogFileValidation: true"
    arn = f"arn:${{AWS::Partition}}:cloudtrail:${{AWS::Region}}:${{AWS::AccountId}}:trail/trail-{number}"
    return f"""{head(number, f"The logging of team {number}")}  LogKey:
    Type: AWS::KMS::Key
    DeletionPolicy: Retain
    Properties:
      EnableKeyRotation: {rotated}
      KeyPolicy:
        Version: 2012-10-17
        Statement:
          - Sid: Administration
            Effect: Allow
            Principal: {{ AWS: !Sub "arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:root" }}
            Action: kms:*
            Resource: "*"
          - Sid: CloudTrailEncrypts
            Effect: Allow
            Principal: {{ Service: cloudtrail.amazonaws.com }}
            Action: [kms:GenerateDataKey*, kms:DescribeKey]
            Resource: "*"
            Condition:
              StringEquals:
                aws:SourceArn: !Sub "{arn}"

{bucket("LogBucket", faults)}
  LogBucketPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref LogBucket
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - Sid: PlainHttpIsDenied
            Effect: Deny
            Principal: "*"
            Action: s3:*
            Resource: [!GetAtt LogBucket.Arn, !Sub "${{LogBucket.Arn}}/*"]
            Condition: {{ Bool: {{ aws:SecureTransport: "false" }} }}
          - Sid: CloudTrailLooks
            Effect: Allow
            Principal: {{ Service: cloudtrail.amazonaws.com }}
            Action: s3:GetBucketAcl
            Resource: !GetAtt LogBucket.Arn
            Condition:
              StringEquals:
                aws:SourceArn: !Sub "{arn}"
          - Sid: CloudTrailWrites
            Effect: Allow
            Principal: {{ Service: cloudtrail.amazonaws.com }}
            Action: s3:PutObject
            Resource: !Sub "${{LogBucket.Arn}}/AWSLogs/${{AWS::AccountId}}/*"
            Condition:
              StringEquals:
                s3:x-amz-acl: bucket-owner-full-control
                aws:SourceArn: !Sub "{arn}"

  Topic:
    Type: AWS::SNS::Topic
    Properties:
      KmsMasterKeyId: !Ref LogKey

  Trail:
    Type: AWS::CloudTrail::Trail
    DependsOn: LogBucketPolicy
    Properties:
      TrailName: trail-{number}
      IsLogging: true
      IsMultiRegionTrail: true
      IncludeGlobalServiceEvents: true
      S3BucketName: !Ref LogBucket
      SnsTopicName: !GetAtt Topic.TopicName{key}{validation}
"""


def application_stack(number):
    """Five resources: a bucket, a queue, a table, a role and a log group of some service."""
    return f"""{head(number, f"The service of team {number}")}{bucket("Uploads")}
  Work:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "work-{number}-${{Environment}}"
      VisibilityTimeout: 120
      SqsManagedSseEnabled: true

  State:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {{ AttributeName: id, AttributeType: S }}
      KeySchema:
        - {{ AttributeName: id, KeyType: HASH }}
      PointInTimeRecoverySpecification: {{ PointInTimeRecoveryEnabled: true }}

  Worker:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - {{ Effect: Allow, Principal: {{ Service: lambda.amazonaws.com }}, Action: sts:AssumeRole }}
      Policies:
        - PolicyName: work
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              - {{ Effect: Allow, Action: [sqs:ReceiveMessage, sqs:DeleteMessage], Resource: !GetAtt Work.Arn }}
              - {{ Effect: Allow, Action: [s3:GetObject, s3:PutObject], Resource: !Sub "${{Uploads.Arn}}/*" }}
              - {{ Effect: Allow, Action: [dynamodb:GetItem, dynamodb:PutItem], Resource: !GetAtt State.Arn }}

  Log:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub "/aws/lambda/worker-{number}-${{Environment}}"
      RetentionInDays: 400
"""


def templates(folder, every):
    """400 templates of five resources, every so many of which is a logging stack; what is planted, as (file, fault)."""
    folder.mkdir(parents=True)
    faults = set()
    for number in range(TEMPLATES):
        name = f"team-{number:03}.yaml"
        is_logging = number % every == 0
        (folder / name).write_text(logging_stack(number) if is_logging else application_stack(number))
        faults |= {(name, fault) for fault in planted(number) if is_logging}
    return faults


PROVIDER = "registry.terraform.io/hashicorp/aws"


class Plan:
    """The JSON of a plan that creates everything: what `terraform show -json` writes, as far as it says what is made."""

    def __init__(self):
        self.values, self.changes, self.configuration = [], [], []

    def add(self, kind, label, /, unknown=(), **arguments):
        """A resource. An argument that is a `Reference` is known after apply; so is what `unknown` names."""
        known = {key: value for key, value in arguments.items() if not isinstance(value, Reference)}
        later = {key: True for key, value in arguments.items() if isinstance(value, Reference)}
        later |= {key: True for key in ("id", "arn", *unknown)}
        who = {"address": f"{kind}.{label}", "mode": "managed", "type": kind, "name": label}
        change = {"actions": ["create"], "before": None, "after": known, "after_unknown": later}
        change |= {"before_sensitive": False, "after_sensitive": {}}
        self.values.append(who | {"provider_name": PROVIDER, "schema_version": 0, "values": known, "sensitive_values": {}})
        self.changes.append(who | {"provider_name": PROVIDER, "change": change})
        expressions = {key: expression(value) for key, value in arguments.items() if value is not None}
        self.configuration.append(who | {"provider_config_key": "aws", "expressions": expressions, "schema_version": 0})
        return lambda attribute: Reference(f"{kind}.{label}.{attribute}")

    def document(self):
        aws = {"name": "aws", "full_name": PROVIDER, "version_constraint": "~> 5.0"}
        aws["expressions"] = {"region": {"constant_value": "eu-west-1"}, "allowed_account_ids": {"constant_value": ["111122223333"]}}
        return {
            "format_version": "1.2",
            "terraform_version": "1.11.4",
            "planned_values": {"root_module": {"resources": self.values}},
            "resource_changes": self.changes,
            "configuration": {"provider_config": {"aws": aws}, "root_module": {"resources": self.configuration}},
            "timestamp": "2026-01-05T08:00:00Z",
            "applyable": True,
            "complete": True,
            "errored": False,
        }


class Reference(str):
    pass


def expression(value):
    if isinstance(value, Reference):
        return {"references": [str(value), value.rsplit(".", 1)[0]]}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [{key: expression(inner) for key, inner in block.items()} for block in value]
    return {"constant_value": value}


def statement(sid, effect, principal, action, resource, **condition):
    return {"Sid": sid, "Effect": effect, "Principal": principal, "Action": action, "Resource": resource} | condition


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def plan_bucket(plan, name, bucket, versions="Enabled"):
    """A bucket and the five resources that say how it is kept."""
    this = plan.add("aws_s3_bucket", name, unknown=("policy", "versioning"), bucket=bucket, force_destroy=False, tags={"team": "a"})
    where = this("id")
    flags = dict.fromkeys(("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"), True)
    default = [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms", "kms_master_key_id": ""}]}]
    plan.add("aws_s3_bucket_versioning", name, bucket=where, versioning_configuration=[{"status": versions}])
    plan.add("aws_s3_bucket_public_access_block", name, bucket=where, **flags)
    plan.add("aws_s3_bucket_server_side_encryption_configuration", name, bucket=where, rule=default)
    plan.add("aws_s3_bucket_ownership_controls", name, bucket=where, rule=[{"object_ownership": "BucketOwnerEnforced"}])
    kept = [{"id": "keep", "status": "Enabled", "expiration": [{"days": 400}]}]
    plan.add("aws_s3_bucket_lifecycle_configuration", name, bucket=where, rule=kept)
    return this


def plan_document():
    """50 resources: a logging stack with two faults, and what stands beside one."""
    plan, cloudtrail = Plan(), {"Service": "cloudtrail.amazonaws.com"}
    source = {"Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"}}}
    root = statement("Administration", "Allow", {"AWS": "arn:aws:iam::111122223333:root"}, "kms:*", "*")
    encrypts = statement("Encrypts", "Allow", cloudtrail, ["kms:GenerateDataKey*", "kms:DescribeKey"], "*", **source)
    key = plan.add("aws_kms_key", "logs", enable_key_rotation=True, is_enabled=True, policy=policy(root, encrypts))
    plan.add("aws_kms_alias", "logs", name="alias/logs", target_key_id=key("key_id"))
    name = "acme-trail-logs-111122223333"
    logs = plan_bucket(plan, "logs", name, versions="Suspended")
    both = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    tls = statement("Tls", "Deny", "*", "s3:*", both, Condition={"Bool": {"aws:SecureTransport": "false"}})
    looks = statement("Looks", "Allow", cloudtrail, "s3:GetBucketAcl", both[0], **source)
    writes = statement("Writes", "Allow", cloudtrail, "s3:PutObject", f"{both[0]}/AWSLogs/111122223333/*", **source)
    plan.add("aws_s3_bucket_policy", "logs", bucket=logs("id"), policy=policy(tls, looks, writes))
    group = plan.add("aws_cloudwatch_log_group", "trail", name="trail", retention_in_days=400, kms_key_id=key("arn"))
    trust = policy({"Effect": "Allow", "Principal": cloudtrail, "Action": "sts:AssumeRole"})
    role = plan.add("aws_iam_role", "trail", name="trail-to-logs", assume_role_policy=trust)
    delivers = policy({"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"})
    plan.add("aws_iam_role_policy", "trail", role=role("id"), policy=delivers)
    topic = plan.add("aws_sns_topic", "trail", name="trail", kms_master_key_id="alias/aws/sns")
    publishes = statement("Publishes", "Allow", cloudtrail, "sns:Publish", "*", **source)
    plan.add("aws_sns_topic_policy", "trail", arn=topic("arn"), policy=policy(publishes))
    plan.add(
        "aws_cloudtrail", "main", unknown=("home_region",), name="main", s3_bucket_name=logs("id"), kms_key_id=key("arn"),
        cloud_watch_logs_group_arn=group("arn"), cloud_watch_logs_role_arn=role("arn"), sns_topic_name=topic("name"),
        is_multi_region_trail=True, include_global_service_events=True, enable_logging=True, enable_log_file_validation=False,
        is_organization_trail=False, event_selector=[], advanced_event_selector=[], insight_selector=[],
    )  # fmt: skip
    for number in range(3):
        plan_bucket(plan, f"data_{number}", f"acme-data-{number}-111122223333")
    number = 0
    while len(plan.values) < 50:
        worker = plan.add("aws_iam_role", f"worker_{number}", name=f"worker-{number}", assume_role_policy=trust)
        plan.add("aws_iam_role_policy", f"worker_{number}", role=worker("id"), policy=delivers)
        plan.add("aws_sqs_queue", f"work_{number}", name=f"work-{number}", sqs_managed_sse_enabled=True)
        plan.add("aws_cloudwatch_log_group", f"work_{number}", name=f"/work/{number}", retention_in_days=400)
        number += 1
    document = plan.document()
    for part in (document["planned_values"]["root_module"]["resources"], document["resource_changes"]):
        del part[50:]
    del document["configuration"]["root_module"]["resources"][50:]
    return document


class Tool:
    """A program that judges files, and how to read what it found: the file, the resource or rule, and the fault."""

    def __init__(self, name, program, arguments, found):
        self.name, self.program, self.arguments, self.found = name, program, arguments, found

    def run(self, path, folder):
        """Wall and processor seconds and the peak memory in MB of one run; what it wrote is in `output`."""
        with open(folder / "output", "wb") as out, open(folder / "errors", "wb") as errors:
            begun = time.monotonic()
            process = subprocess.Popen([self.program, *self.arguments(path)], stdout=out, stderr=errors, cwd=folder, env=surroundings(folder))
            _, status, used = os.wait4(process.pid, 0)
            wall = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1, 19):
            sys.exit(f"{self.name} ended with {process.returncode}:\n{(folder / 'errors').read_text()[-3000:]}")
        cost = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1000}
        return cost

    def measure(self, path, folder, rounds):
        """The medians of some runs, after one that fills the caches."""
        self.run(path, folder)
        costs = [self.run(path, folder) for _ in range(rounds)]
        return {key: statistics.median(cost[key] for cost in costs) for key in costs[0]}


def surroundings(folder):
    return {"HOME": str(folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "LOG_LEVEL": "ERROR"}


def faults_of(index):
    return {terms[index]: fault for fault, terms in FAULTS.items()}


def found_by_trailproof(output):
    faults = faults_of(0)
    for finding in json.loads(output)["findings"]:
        if finding["outcome"] == "fail" and finding["policy"] in faults:
            place = finding["subject"]["place"]
            file = (place.get("source") or place)["file"]
            yield Path(file).name, place["address"], faults[finding["policy"]]


def found_by_checkov(output):
    faults, report = faults_of(1), json.loads(output)
    for check in report["results"]["failed_checks"]:
        if check["check_id"] in faults:
            yield Path(check["file_path"]).name, check["resource"], faults[check["check_id"]]


def found_by_guard(output):
    faults = faults_of(3)
    for file in json.loads(output):
        for rule in file["not_compliant"]:
            name = rule["Rule"]["name"]
            if name in faults:
                yield Path(file["name"]).name, name, faults[name]


def python(requirements):
    script = ROOT / "tests/emulator/python"
    return Path(subprocess.run([script, requirements], check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


def checkov():
    """checkov, with the checks about trails and buckets and with all; why not, where it cannot be installed."""
    try:
        program = python(ROOT / "benches/code-requirements.txt").parent / "checkov"
    except subprocess.CalledProcessError as error:
        return [], f"checkov is left out: {error}"

    def arguments(path, *more):
        kind = "terraform_plan" if path.is_file() else "terraform" if any(path.glob("*.tf")) else "cloudformation"
        return ["-d" if path.is_dir() else "-f", path, "--framework", kind, "--quiet", "--compact", "-o", "json", "--skip-download", *more]

    ours = Tool("checkov, 13 checks", program, lambda path: arguments(path, "--check", CHECKOV_OURS), found_by_checkov)
    return [ours, Tool("checkov, all checks", program, arguments, found_by_checkov)], None


def guard(folder):
    """cfn-guard with rules that ask the same; why not, where it cannot be built."""
    cache = Path(os.environ.get("TRAILPROOF_TEST_CACHE", Path.home() / ".cache/trailproof-tests"))
    root = cache / f"cfn-guard-{GUARD}"
    program = root / "bin/cfn-guard"
    if not program.exists():
        command = ["cargo", "install", "cfn-guard", "--version", GUARD, "--locked", "--root", root]
        with tempfile.TemporaryDirectory() as target:
            built = subprocess.run(command, env=os.environ | {"CARGO_TARGET_DIR": target}, stderr=subprocess.PIPE, text=True)
        if built.returncode:
            return [], f"cfn-guard is left out: {built.stderr.strip().splitlines()[-1]}"
    rules = {"dir": folder / "templates.guard", "file": folder / "plan.guard"}
    rules["dir"].write_text(GUARD_RULES)
    rules["file"].write_text(GUARD_PLAN_RULES)

    def arguments(path):
        asked = rules["dir" if path.is_dir() else "file"]
        return ["validate", "--data", path, "--rules", asked, "--structured", "--output-format", "json", "--show-summary", "none"]

    return [Tool("cfn-guard, 8 rules", program, arguments, found_by_guard)], None


def named(found, output, is_plan):
    """What was found as (file, fault), or as the faults alone where there is one file."""
    return {fault if is_plan else (file, fault) for file, _, fault in found(output.read_text())}


def apart(work, *arguments):
    """The answer of a process of its own: a program's peak is told as no less than that of the process that starts it, so that this
    one must not hold what programs write."""
    with ProcessPoolExecutor(1) as pool:
        return pool.submit(work, *arguments).result()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=Path, default=Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/trailproof")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="a folder that does not exist yet, for the inputs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        inputs = options.keep.resolve() if options.keep else folder / "inputs"
        cases = make(inputs)
        binary = options.binary.resolve()
        scan = lambda form: lambda path: ["scan", path, "--format", form, "--out", "-"]
        tools = [Tool("trailproof, report.json", binary, scan("json"), found_by_trailproof)]
        tools.append(Tool("trailproof, for people", binary, scan("text"), None))
        for peers, reason in (guard(folder), checkov()):
            tools += peers
            if reason:
                print(reason)
        is_right = True
        for title, path, start, expected in cases:
            is_right &= compare(title, path, start, expected, tools, folder, options.rounds)
    sys.exit(0 if is_right else 1)


def make(folder):
    """The inputs: a title, the path, what a program is started on, and what is planted."""
    folder.mkdir(parents=True)
    few, every = (templates(folder / name, each) for name, each in (("few-trails", TEMPLATES // 10), ("trail-in-each", 1)))
    (folder / "plan.json").write_text(json.dumps(plan_document()))
    empty = Plan()
    empty.add("aws_sqs_queue", "work", name="work", sqs_managed_sse_enabled=True)
    (folder / "start.json").write_text(json.dumps(empty.document()))
    (folder / "start").mkdir()
    (folder / "start/queue.yaml").write_text(QUEUE)
    (folder / "start-tf").mkdir()
    (folder / "start-tf/queue.tf").write_text(configuration.QUEUE)
    shapes = (("few-tf", configuration.FILES // 10), ("each-tf", 1))
    few_tf, every_tf = (configuration.configuration(folder / name, each, planted) for name, each in shapes)
    size, of_tf = f"2,000 resources in {TEMPLATES} templates", f"2,000 resources in {configuration.FILES} files of configuration"
    return [
        ("a plan of 50 resources", folder / "plan.json", folder / "start.json", set(PLANTED_IN_PLAN)),
        (f"{size}, a trail in ten of them", folder / "few-trails", folder / "start", few),
        (f"{size}, a trail in each", folder / "trail-in-each", folder / "start", every),
        (f"{of_tf}, a trail in ten of them", folder / "few-tf", folder / "start-tf", few_tf),
        (f"{of_tf}, a trail in each", folder / "each-tf", folder / "start-tf", every_tf),
    ]


def compare(title, path, start, expected, tools, folder, rounds):
    """Prints what each program costs on one input. Whether all were right."""
    print(f"\n{title}; medians of {rounds} rounds")
    columns = ("wall s", "cpu s", "peak MB", "start s", "own s", "wall/", "own/")
    print(f"{'':24}" + "".join(f"{column:>9}" for column in columns) + "  faults")
    is_right, first = True, None
    for tool in tools:
        if tool.name.startswith("cfn-guard") and path.name.endswith("-tf"):
            continue
        begin = tool.measure(start, folder, rounds)
        cost = tool.measure(path, folder, rounds)
        # What is shown to people is a part of what report.json holds.
        found = apart(named, tool.found, folder / "output", not path.is_dir()) if tool.found else expected
        own = max(cost["wall"] - begin["wall"], 1e-4)
        first = first or (cost["wall"], own)
        says = wrong(found, expected) if found != expected else f"all {len(expected)}" if tool.found else ""
        is_right &= found == expected
        numbers = f"{cost['wall']:9.3f}{cost['cpu']:9.3f}{cost['memory']:9.0f}{begin['wall']:9.3f}{own:9.3f}"
        print(f"{tool.name:24}{numbers}{cost['wall'] / first[0]:8.1f}x{own / first[1]:8.1f}x  {says}", flush=True)
    return is_right


def wrong(found, expected):
    missed, more = sorted(expected - found, key=str), sorted(found - expected, key=str)
    return f"WRONG: missed {len(missed)} {missed[:3]}, {len(more)} too many {more[:3]}"


if __name__ == "__main__":
    main()
