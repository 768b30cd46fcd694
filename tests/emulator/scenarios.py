"""Named accounts to audit, made through the same HTTP calls that an administrator would make.

`good`     everything as it should be: one multi-Region trail, its bucket and its key, an alarm on each filter, every service beside
`acme`     the demonstration: a good organization trail that is watched with gaps, a careless legacy trail, a trail into an account that is
           not reached
`crowded`  acme, and 200 buckets and 20 keys that no trail uses
`org`      an organization of nine accounts, with all that one may meet when it is read from its management account: see `org`
`hostile`  text that tries to leave the place it is shown in
`empty`    nothing at all
"""

import json

import monitoring
import organization
from builder import Builder, key_policy, trail_bucket_policy
from world import REGIONS, WORLD

HOSTILE = "<script>alert('tp')</script>\"&amp;{{ 7*7 }}{% raw %}</style>]]>\u001b[31mred\u001b[0m\u202etxt\u0007\r\nnext | line `tick` $(id) \\"


def good(make, prefix="good", organization=False):
    name, bucket = f"{prefix}-trail", f"{prefix}-trail-logs-{make.number}"
    arn = make.trail_arn(name, "us-east-1")
    key = make.key("us-east-1", f"{name} logs", policy=json.dumps(key_policy(make.number, arn)))
    make.access_log_bucket(f"{prefix}-access-logs-{make.number}")
    make.guarded_bucket(bucket, trail_bucket_policy(bucket, arn, make.number), key, access_logs=f"{prefix}-access-logs-{make.number}")
    make.account_block()
    make.good_trail(name, bucket, key, organization=organization)


def watched_well(make):
    """All that a trail can have of watchers, and every service beside it."""
    topic = monitoring.alarm_topic(make, "security-alarms", key=make.key("us-east-1", "alarms"))
    make.subscribe(topic, "https", "https://pager.example.com/alarms")
    monitoring.watched(make, "/cloudtrail/good-trail", topic)
    for name, pattern in monitoring.BEYOND.items():
        monitoring.metric_filter(make, "/cloudtrail/good-trail", name, pattern)
        monitoring.alarm(make, name, name, topic)
    # Of another team's alarm: whether a rule mutes the trail's alarms is known when it was read.
    make.client("cloudwatch").put_alarm_mute_rule(
        Name="batch-window", Rule={"Schedule": {"Expression": "cron(0 3 * * *)", "Duration": "PT1H"}}, MuteTargets={"AlarmNames": ["batch-jobs"]}
    )
    tampering = monitoring.api_calls("StopLogging DeleteTrail UpdateTrail PutEventSelectors", "aws.cloudtrail")
    monitoring.rule(make, "cloudtrail-tampering", topic, tampering)
    monitoring.event_data_store(make, "investigations", RetentionPeriod=2555)
    regions = [region for region, status in REGIONS.items() if status != "DISABLED"]
    monitoring.beside(make, regions, regions, regions, regions)


def watched_with_gaps(make, regions):
    """What grows over the years: an alarm is switched off, one was forgotten, and one tells a topic that nobody confirmed."""
    group = "/cloudtrail/acme-org-trail"
    topic, pending = (monitoring.alarm_topic(make, name) for name in ("acme-security-alarms", "acme-oncall"))
    make.subscribe(topic, "https", "https://pager.example.com/alarms")
    make.subscribe(pending, "email", "oncall@example.com")
    monitoring.watched(make, group, topic, without=("RouteTableChanges", "VPCChanges", "AWSConfigChanges"))
    monitoring.alarm(make, "AWSConfigChanges", "AWSConfigChanges", pending)
    cloudwatch = make.client("cloudwatch")
    cloudwatch.disable_alarm_actions(AlarmNames=["NetworkGatewayChanges"])
    # Of another team's, on what no metric filter counts.
    monitoring.alarm(make, "payments-queue-depth", "ApproximateNumberOfMessagesVisible", pending, Namespace="AWS/SQS")
    cloudwatch.put_alarm_mute_rule(
        Name="weekly-maintenance",
        Rule={"Schedule": {"Expression": "cron(0 2 * * SUN)", "Duration": "PT4H"}},
        MuteTargets={"AlarmNames": ["SecurityGroupChanges", "NetworkACLChanges"]},
    )
    tampering = monitoring.api_calls("StopLogging DeleteTrail UpdateTrail PutEventSelectors", "aws.cloudtrail")
    monitoring.rule(make, "cloudtrail-tampering", topic, tampering)
    monitoring.event_data_store(
        make, "acme-investigations", BillingMode="FIXED_RETENTION_PRICING", RetentionPeriod=90, TerminationProtectionEnabled=False
    )
    monitoring.beside(
        make, regions, [region for region in regions if region != "ap-southeast-2"], ("us-east-1", "us-west-2", "eu-west-1"), ("us-east-1",)
    )


def legacy(make, region="eu-west-1"):
    """What grows where nobody looks: writes only, KMS left out, no digests, a bucket with hardly a guard, failing delivery."""
    name, bucket = "legacy-eu", f"acme-legacy-logs-{make.number}"
    s3, cloudtrail = make.client("s3", region), make.client("cloudtrail", region)
    make.bucket(bucket, region)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    policy = trail_bucket_policy(bucket, make.trail_arn(name, region), make.number, secure=False)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": [{"ID": "cheap", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 90}}]},
    )
    for key in (f"AWSLogs/{make.number}/CloudTrail/", "backups/2026/db.sql", "notes.txt"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    cloudtrail.create_trail(Name=name, S3BucketName=bucket, IncludeGlobalServiceEvents=False)
    selector = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "ExcludeManagementEventSources": ["kms.amazonaws.com"]}
    cloudtrail.put_event_selectors(TrailName=name, EventSelectors=[selector])
    cloudtrail.start_logging(Name=name)
    error = {"LatestDeliveryError": "AccessDenied", "LatestDeliveryTime": -6 * 86400}
    WORLD.account(make.number).status.append({"trail": name, "region": region, "set": error})


def acme(make, fault):
    archive_number = "9" + make.number[1:]
    archive = Builder(make.url, archive_number)
    good(make, "acme-org", organization=True)
    legacy(make)
    copy = f"acme-security-archive-{archive_number}"
    arn = make.trail_arn("security-archive", "us-west-2")
    archive.guarded_bucket(copy, trail_bucket_policy(copy, arn, make.number), region="us-west-2")
    key = archive.key("us-west-2", "archive", policy=json.dumps(key_policy(archive_number, arn)))
    cloudtrail = make.client("cloudtrail", "us-west-2")
    cloudtrail.create_trail(
        Name="security-archive", S3BucketName=copy, IsMultiRegionTrail=True, EnableLogFileValidation=True, KmsKeyId=key, S3KeyPrefix="acme"
    )
    cloudtrail.start_logging(Name="security-archive")
    make.client("iam").create_account_alias(AccountAlias="acme-management")
    acme_organization = organization.found(make.number)
    acme_organization.join(make.number, "acme-management")
    acme_organization.join(archive_number, "acme-security-archive")
    account = WORLD.account(make.number)
    account.regions = {
        "us-east-1": "ENABLED_BY_DEFAULT",
        "us-east-2": "ENABLED_BY_DEFAULT",
        "us-west-2": "ENABLED_BY_DEFAULT",
        "eu-west-1": "ENABLED_BY_DEFAULT",
        "eu-central-1": "ENABLED_BY_DEFAULT",
        "ap-southeast-2": "ENABLED_BY_DEFAULT",
        "af-south-1": "ENABLED",
        "eu-south-1": "DISABLED",
        "me-south-1": "DISABLED",
    }
    watched_with_gaps(make, [region for region, status in account.regions.items() if status != "DISABLED"])
    account.standing += [
        fault(operation="cloudtrail:GetTrailStatus", kind="scp", region="af-south-1", resource="security-archive"),
        fault(operation="s3:GetBucketVersioning", kind="deny", resource="acme-legacy-logs"),
    ]


def crowded(make, fault):
    acme(make, fault)
    for index in range(200):
        make.bucket(f"acme-data-{index:03}-{make.number}", ("us-east-1", "eu-west-1")[index % 2])
    for index in range(20):
        make.key(("us-east-1", "us-west-2")[index % 2], f"data {index}", rotate=False)


def sibling(number, digit):
    """The number of another account of the same organization: 222222222222 beside 111111111111, 2xx beside 1xx."""
    return digit * 12 if len(set(number)) == 1 else digit + number[1:]


def org(make, external_id=None):
    """An organization read from its management account.

    The log archive (9) holds the organization trail's bucket and key, the management account its log group and topic, and the security
    account (8) administers CloudTrail by delegation. Of the members, `web` (3) has a trail of its own that is named like the
    organization's, and points to a log group and a topic that are gone; `data` (4) has enabled a Region that nobody else has; `sandbox`
    (5) has no role for the auditors; `retired` (6) is suspended. The role is `TrailproofAudit`, in the management account too, trusted to the management account,
    with the external id where one is given.
    """
    names = {"9": "log-archive", "8": "security", "2": "payments", "3": "web", "4": "data", "5": "sandbox", "6": "retired", "7": "partner"}
    makes = {name: Builder(make.url, sibling(make.number, digit)) for digit, name in names.items()}
    acme = organization.found(make.number)
    infrastructure, workloads, sandboxes, leaving = (acme.unit(name) for name in ("Infrastructure", "Workloads", "Sandboxes", "Leaving"))
    production, staging, test = (acme.unit(name, workloads) for name in ("Production", "Staging", "Test"))
    places = {"log-archive": infrastructure, "security": infrastructure, "partner": staging, "sandbox": sandboxes, "retired": leaving}
    acme.join(make.number, "management")
    for name, member in makes.items():
        acme.join(member.number, name, places.get(name, production), "SUSPENDED" if name == "retired" else "ACTIVE")
    acme.unit("Empty", test)
    acme.administrators["cloudtrail.amazonaws.com"] = [makes["security"].number]
    for number in acme.members:
        WORLD.account(number).regions = {
            "us-east-1": "ENABLED_BY_DEFAULT",
            "eu-west-1": "ENABLED_BY_DEFAULT",
            "af-south-1": "ENABLED" if number == makes["data"].number else "DISABLED",
            "me-south-1": "DISABLED",
            "eu-south-1": "DISABLED",
        }
    for name, member in {"management": make, **makes}.items():
        if name != "sandbox":
            member.role("TrailproofAudit", f"arn:aws:iam::{make.number}:root", external_id)
    make.client("iam").create_account_alias(AccountAlias="acme-management")

    archive, trail = makes["log-archive"], "acme-org-trail"
    arn, bucket = make.trail_arn(trail, "us-east-1"), f"acme-org-logs-{archive.number}"
    key = archive.key("us-east-1", "organization trail", policy=json.dumps(key_policy(archive.number, arn)))
    archive.access_log_bucket(f"acme-access-logs-{archive.number}")
    archive.guarded_bucket(bucket, trail_bucket_policy(bucket, arn, make.number), key, access_logs=f"acme-access-logs-{archive.number}")
    for name in ("backup", "copy", "old"):
        archive.bucket(f"{bucket}-{name}")
    for member in (make, archive):
        member.account_block()
    for year in (2023, 2024, 2025):
        make.log_group(f"/cloudtrail/{trail}-{year}")
    make.good_trail(trail, bucket, key, organization=True, own_key=make.key("us-east-1", f"{trail} log group and topic", policy=json.dumps(key_policy(make.number, arn))))

    web = makes["web"]
    own = f"web-trail-logs-{web.number}"
    web.bucket(own)
    web.client("s3").put_bucket_policy(Bucket=own, Policy=json.dumps(trail_bucket_policy(own, web.trail_arn(trail, "us-east-1"), web.number, secure=False)))
    topic = web.topic("web-deliveries", web.trail_arn(trail, "us-east-1"))
    web.client("cloudtrail").create_trail(
        Name=trail,
        S3BucketName=own,
        SnsTopicName="web-deliveries",
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:us-east-1:{web.number}:log-group:/web/cloudtrail:*",
        CloudWatchLogsRoleArn=f"arn:aws:iam::{web.number}:role/web-to-cloudwatch",
    )
    web.client("cloudtrail").start_logging(Name=trail)
    web.client("sns").delete_topic(TopicArn=topic)
    watched_by_many(make, makes)
    return list(acme.members), {name: unit for unit, (name, _) in acme.units.items()}


def watched_by_many(make, makes):
    """Alarms of every kind in the management account, and services that some accounts have and some have not.

    A composite alarm tells of two metric alarms that tell nobody, one alarm counts several metrics at once, `payments` has a store that
    takes nothing in any more, the security account a rule without an event pattern, and the root user of `web` has keys and no MFA.
    """
    group = "/cloudtrail/acme-org-trail"
    topic = monitoring.alarm_topic(make, "org-alarms")
    make.subscribe(topic, "lambda", f"arn:aws:lambda:us-east-1:{make.number}:function:tell")
    quiet = ("CloudTrailChanges", "TrailSelectorChanges")
    together = ("VPCChanges", "RouteTableChanges")
    monitoring.watched(make, group, topic, without=(*quiet, *together))
    for name in quiet:
        monitoring.alarm(make, name, name, topic, AlarmActions=[])
    cloudwatch = make.client("cloudwatch")
    either = " OR ".join(f'ALARM("{name}")' for name in quiet)
    cloudwatch.put_composite_alarm(AlarmName="trails-are-changed", AlarmRule=either, AlarmActions=[topic])
    counted = lambda name: {"Namespace": monitoring.NAMESPACE, "MetricName": name}  # noqa: E731
    stat = lambda at, name: {"Id": at, "ReturnData": False, "MetricStat": {"Metric": counted(name), "Period": 300, "Stat": "Sum"}}  # noqa: E731
    cloudwatch.put_metric_alarm(
        AlarmName="network-changes",
        AlarmActions=[topic],
        Metrics=[*(stat(f"m{at}", name) for at, name in enumerate(together)), {"Id": "all", "Expression": "SUM(METRICS())"}],
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    subscription = f"arn:aws:firehose:us-east-1:{make.number}:deliverystream/siem"
    make.client("logs").put_subscription_filter(logGroupName=group, filterName="siem", filterPattern="", destinationArn=subscription)
    for name, day in (("sundays", "SUN"), ("mondays", "MON")):
        rule = {"Schedule": {"Expression": f"cron(0 2 * * {day})", "Duration": "PT1H"}}
        cloudwatch.put_alarm_mute_rule(Name=name, Rule=rule, MuteTargets={"AlarmNames": ["network-changes"]})
    monitoring.event_data_store(make, "organization", OrganizationEnabled=True, RetentionPeriod=2555)
    monitoring.event_data_store(make, "copies")
    monitoring.event_data_store(makes["payments"], "payments", is_stopped=True)
    security = makes["security"]
    alarms = monitoring.alarm_topic(security, "security-alarms", "eu-west-1")
    security.client("events", "eu-west-1").put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    monitoring.rule(security, "sign-in-of-root", alarms, {"detail-type": ["AWS Console Sign In via CloudTrail"]}, "eu-west-1")
    more = [{"Id": f"queue-{n}", "Arn": f"arn:aws:sqs:eu-west-1:{security.number}:queue-{n}"} for n in range(2)]
    security.client("events", "eu-west-1").put_targets(Rule="sign-in-of-root", Targets=more)
    monitoring.rule(security, "instances", alarms, {"detail-type": ["EC2 Instance State-change Notification"]}, "eu-west-1")
    for member in (make, makes["log-archive"]):
        monitoring.beside(member, ("us-east-1", "eu-west-1"), ("us-east-1",), ("us-east-1",), ("us-east-1", "eu-west-1"))
    WORLD.account(makes["web"].number).set(root_mfa=False, root_keys=True)


def hostile_watch(make):
    """Names that are legal for AWS, or that come from services which check less."""
    group, strange = "hostile", "<img src=x onerror=alert(2)> {{ 7*7 }} \\\"'`$(id)|"
    make.log_group(group)
    make.client("cloudtrail").create_trail(
        Name="hostile-watched",
        S3BucketName=f"hostile-logs-{make.number}",
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:us-east-1:{make.number}:log-group:{group}:*",
        CloudWatchLogsRoleArn=f"arn:aws:iam::{make.number}:role/to-logs",
    )
    topic = monitoring.alarm_topic(make, "hostile-alarms")
    pattern = '{ $.eventName = "</script><script>alert(`pattern`)</script>" }'
    monitoring.metric_filter(make, group, f"filter {strange}", pattern, fieldSelectionCriteria=f'@aws.account = "{strange}"')
    monitoring.alarm(make, f"alarm {strange}", f"filter {strange}", topic)
    make.client("cloudwatch").put_composite_alarm(AlarmName=f"both {strange}", AlarmRule=f'ALARM("alarm {strange}")', AlarmActions=[topic])
    make.client("cloudwatch").put_alarm_mute_rule(
        Name="mute:<b>rule</b>", Rule={"Schedule": {"Expression": "at(2026-01-01T00:00)", "Duration": "P15D"}}, MuteTargets={"AlarmNames": [f"alarm {strange}"]}
    )
    make.client("logs").put_subscription_filter(
        logGroupName=group, filterName=f"to {strange}", filterPattern=HOSTILE, destinationArn=f"arn:aws:firehose:us-east-1:{make.number}:{strange}"
    )
    monitoring.rule(make, "rule-<u>", topic, {"source": ["aws.iam"], "detail": {"eventName": [HOSTILE]}})
    monitoring.event_data_store(make, f"store {strange}", AdvancedEventSelectors=[{"Name": HOSTILE, "FieldSelectors": [{"Field": "eventCategory", "Equals": [HOSTILE]}]}])
    monitoring.configured(make, "us-east-1", "config-<i>")


def hostile(make):
    region = "us-east-1"
    bucket = f"hostile-logs-{make.number}"
    s3, cloudtrail = make.client("s3", region), make.client("cloudtrail", region)
    make.bucket(bucket)
    policy = trail_bucket_policy(bucket, make.trail_arn("hostile", region), make.number, secure=False)
    policy["Statement"][0]["Sid"] = HOSTILE
    policy["Statement"].append(
        {"Sid": "x" * 10000, "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={
            "Rules": [{"ID": "<b>'\"&rule", "Status": "Enabled", "Filter": {"Prefix": "<i>\"'&/"}, "Expiration": {"Days": 30}}]
        },
    )
    for key in ("<img src=x onerror=alert(1)>/a", "'; DROP TABLE logs; --", "AWSLogs/x"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    cloudtrail.create_trail(
        Name="hostile",
        S3BucketName=bucket,
        S3KeyPrefix="<script>alert(`prefix`)</script>",
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:{region}:{make.number}:log-group:<svg onload=alert(1)>:*",
        CloudWatchLogsRoleArn="arn:aws:iam::000000000000:role/\"'><u>",
        KmsKeyId="arn:aws:kms:us-east-1:000000000000:key/<s>not-a-key</s>",
        TagsList=[{"Key": "<h1>'\"", "Value": HOSTILE}, {"Key": "long", "Value": "\u00e9\u4e2d" * 3000}],
    )
    cloudtrail.start_logging(Name="hostile")
    WORLD.account(make.number).status.append({"trail": "hostile", "set": {"LatestDeliveryError": HOSTILE, "LatestDeliveryTime": -90000}})
    hostile_watch(make)


def seed(url, number, fault, scenario="empty", external_id=None, **settings):
    account = WORLD.account(number)
    members, units = [], {}
    make = Builder(url, number)
    match scenario:
        case "good":
            good(make)
            watched_well(make)
        case "acme":
            acme(make, fault)
        case "crowded":
            crowded(make, fault)
        case "hostile":
            hostile(make)
        case "org":
            members, units = org(make, external_id)
        case "empty":
            pass
        case other:
            raise ValueError(f"no scenario {other!r}")
    account.set(**settings)
    for member in [account, *map(WORLD.account, members)]:
        member.set(**{name: value for name, value in settings.items() if name in ("clock", "latency_ms")})
        member.calls.clear()
    return {"account": number, "access_key": f"AKIA{number}TEST", "scenario": scenario, "members": members, "units": units}
