"""Named accounts to audit, made through the same HTTP calls that an administrator would make.

`good`     everything as it should be: one multi-Region trail, its bucket and its key
`acme`     the demonstration: a good organization trail, a careless legacy trail, a trail into an account that is not reached
`crowded`  acme, and 200 buckets and 20 keys that no trail uses
`hostile`  text that tries to leave the place it is shown in
`empty`    nothing at all
"""

import json
import re

import boto3
from botocore.config import Config

from world import WORLD

HOSTILE = "<script>alert('tp')</script>\"&amp;{{ 7*7 }}{% raw %}</style>]]>\u001b[31mred\u001b[0m\u202etxt\u0007\r\nnext | line `tick` $(id) \\"
MFA = "arn:aws:iam::{}:mfa/root-account-mfa-device 123456"


def without_account_host(request, **_):
    """s3control writes the account in front of the host; a loopback address has no room for it."""
    request.url = re.sub(r"//\d{12}\.", "//", request.url)


class Builder:
    """Makes things in one account, with short words for what every scenario needs."""

    def __init__(self, url, number):
        self.url, self.number = url, number
        self.session = boto3.Session()
        self.clients = {}

    def client(self, service, region="us-east-1", attempts=1):
        at = (service, region, attempts)
        if at not in self.clients:
            self.clients[at] = self.session.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id=f"AKIA{self.number}TEST",
                aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                config=Config(
                    s3={"addressing_style": "path"},
                    request_checksum_calculation="when_required",
                    retries={"total_max_attempts": attempts},
                    read_timeout=10,
                ),
            )
            self.clients[at].meta.events.register("before-send", without_account_host)
        return self.clients[at]

    def trail_arn(self, name, region):
        return f"arn:aws:cloudtrail:{region}:{self.number}:trail/{name}"

    def key(self, region, description, rotate=True, policy=None):
        kms = self.client("kms", region)
        arn = kms.create_key(Description=description, Policy=policy or json.dumps(key_policy(self.number)))["KeyMetadata"]["Arn"]
        if rotate:
            kms.enable_key_rotation(KeyId=arn)
        return arn

    def bucket(self, name, region="us-east-1", lock=False):
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self.client("s3", region).create_bucket(Bucket=name, ObjectLockEnabledForBucket=lock, **place)
        return name

    def guarded_bucket(self, name, policy, key=None, region="us-east-1", access_logs=None):
        """A bucket as a trail's bucket should be."""
        s3 = self.client("s3", region)
        self.bucket(name, region, lock=True)
        s3.put_bucket_versioning(
            Bucket=name, MFA=MFA.format(self.number), VersioningConfiguration={"Status": "Enabled", "MFADelete": "Enabled"}
        )
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=closed())
        s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
        s3.put_object_lock_configuration(
            Bucket=name,
            ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 2555}}},
        )
        s3.put_object(Bucket=name, Key=f"AWSLogs/{self.number}/CloudTrail/", Body=b"", ChecksumAlgorithm="SHA256")
        if key:
            rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}, "BucketKeyEnabled": True}
            s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
        if access_logs:
            s3.put_bucket_logging(
                Bucket=name, BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": access_logs, "TargetPrefix": f"{name}/"}}
            )
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "owner", "Value": "security"}]})

    def access_log_bucket(self, name, region="us-east-1"):
        s3 = self.client("s3", region)
        self.bucket(name, region)
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=closed())
        statement = {
            "Sid": "S3ServerAccessLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{name}/*",
        }
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    def account_block(self):
        self.client("s3control").put_public_access_block(AccountId=self.number, PublicAccessBlockConfiguration=closed())

    def good_trail(self, name, bucket, key, region="us-east-1", organization=False):
        cloudtrail = self.client("cloudtrail", region)
        self.client("sns", region).create_topic(Name=f"{name}-deliveries")
        cloudtrail.create_trail(
            Name=name,
            S3BucketName=bucket,
            SnsTopicName=f"{name}-deliveries",
            IsMultiRegionTrail=True,
            EnableLogFileValidation=True,
            IsOrganizationTrail=organization,
            CloudWatchLogsLogGroupArn=f"arn:aws:logs:{region}:{self.number}:log-group:/cloudtrail/{name}:*",
            CloudWatchLogsRoleArn=f"arn:aws:iam::{self.number}:role/{name}-to-cloudwatch",
            KmsKeyId=key,
            TagsList=[{"Key": "owner", "Value": "security"}, {"Key": "classification", "Value": "confidential"}],
        )
        equals = lambda field, *values: {"Field": field, "Equals": list(values)}  # noqa: E731
        cloudtrail.put_event_selectors(
            TrailName=name,
            AdvancedEventSelectors=[
                {"Name": "every management event", "FieldSelectors": [equals("eventCategory", "Management")]},
                {"Name": "every object of S3", "FieldSelectors": [equals("eventCategory", "Data"), equals("resources.type", "AWS::S3::Object")]},
            ],
        )
        cloudtrail.put_insight_selectors(
            TrailName=name, InsightSelectors=[{"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"}]
        )
        cloudtrail.start_logging(Name=name)


def closed():
    return dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


def trail_bucket_policy(bucket, trail_arn, account, secure=True):
    """The policy that CloudTrail asks for, bound to one trail, and a refusal of plain HTTP."""
    service = {"Service": "cloudtrail.amazonaws.com"}
    source = {"aws:SourceArn": trail_arn} if secure else {}
    write = {"s3:x-amz-acl": "bucket-owner-full-control", **source}
    statements = [
        {
            "Sid": "CloudTrailReadsAcl",
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:GetBucketAcl",
            "Resource": f"arn:aws:s3:::{bucket}",
            **({"Condition": {"StringEquals": source}} if source else {}),
        },
        {
            "Sid": "CloudTrailWrites",
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{bucket}/AWSLogs/*" if secure else f"arn:aws:s3:::{bucket}/AWSLogs/{account}/*",
            "Condition": {"StringEquals": write},
        },
    ]
    if secure:
        statements.append(
            {
                "Sid": "OnlyOverTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def key_policy(account, trail_arn=None):
    """The account administers the key, CloudTrail encrypts for one trail, and the auditors' role decrypts."""
    statements = [
        {
            "Sid": "TheAccountAdministers",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ]
    if trail_arn:
        context = {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{account}:trail/*"}}
        bound = {"StringEquals": {"aws:SourceArn": trail_arn}, **context}
        service = {"Service": "cloudtrail.amazonaws.com"}
        statements += [
            {"Sid": "CloudTrailEncrypts", "Effect": "Allow", "Principal": service, "Action": "kms:GenerateDataKey*", "Resource": "*", "Condition": bound},
            {"Sid": "CloudTrailDescribes", "Effect": "Allow", "Principal": service, "Action": "kms:DescribeKey", "Resource": "*"},
        ]
    return {"Version": "2012-10-17", "Statement": statements}


def good(make, prefix="good", organization=False):
    name, bucket = f"{prefix}-trail", f"{prefix}-trail-logs-{make.number}"
    arn = make.trail_arn(name, "us-east-1")
    key = make.key("us-east-1", f"{name} logs", policy=json.dumps(key_policy(make.number, arn)))
    make.access_log_bucket(f"{prefix}-access-logs-{make.number}")
    make.guarded_bucket(bucket, trail_bucket_policy(bucket, arn, make.number), key, access_logs=f"{prefix}-access-logs-{make.number}")
    make.account_block()
    make.good_trail(name, bucket, key, organization=organization)


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


def seed(url, number, fault, scenario="empty", **settings):
    account = WORLD.account(number)
    make = Builder(url, number)
    match scenario:
        case "good":
            good(make)
        case "acme":
            acme(make, fault)
        case "crowded":
            crowded(make, fault)
        case "hostile":
            hostile(make)
        case "empty":
            pass
        case other:
            raise ValueError(f"no scenario {other!r}")
    account.set(**settings)
    account.calls.clear()
    return {"account": number, "access_key": f"AKIA{number}TEST", "scenario": scenario}
