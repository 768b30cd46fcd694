"""Short words for making things in one account, through the same HTTP calls that an administrator would make."""

import json
import re

import boto3
from botocore.config import Config

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

    def log_group(self, name, region="us-east-1", days=400, **arguments):
        logs = self.client("logs", region)
        logs.create_log_group(logGroupName=name, **arguments)
        if days:
            logs.put_retention_policy(logGroupName=name, retentionInDays=days)

    def topic(self, name, trail_arn, region="us-east-1", **attributes):
        sns = self.client("sns", region)
        arn = sns.create_topic(Name=name)["TopicArn"]
        for attribute, value in {"Policy": json.dumps(topic_policy(arn, trail_arn)), **attributes}.items():
            sns.set_topic_attributes(TopicArn=arn, AttributeName=attribute, AttributeValue=value)
        return arn

    def subscribe(self, topic, protocol, endpoint):
        self.client("sns", topic.split(":")[3]).subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)

    def role(self, name, trusted, external_id=None):
        """A role that a principal may assume, where it says the external id."""
        statement = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
        if external_id:
            statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
        trust = {"Version": "2012-10-17", "Statement": [statement]}
        self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))

    def logs_role(self, name, group, region, organization=False):
        """The role by which CloudTrail writes to a log group: its own streams are allowed in a policy that is written into it, within a permissions
        boundary; of an organization's trail all streams in one that is attached."""
        iam = self.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = lambda statement: json.dumps({"Version": "2012-10-17", "Statement": [statement]})  # noqa: E731
        policy = lambda name, statement: iam.create_policy(PolicyName=name, PolicyDocument=document(statement))["Policy"]["Arn"]  # noqa: E731
        boundary = {} if organization else {"PermissionsBoundary": policy(f"{name}-boundary", {"Effect": "Allow", "Action": "logs:*", "Resource": "*"})}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust), **boundary)
        streams = "*" if organization else f"{self.number}_CloudTrail_{region}*"
        resource = f"arn:aws:logs:{region}:{self.number}:log-group:{group}:log-stream:{streams}"
        write = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": [resource]}
        if organization:
            iam.attach_role_policy(RoleName=name, PolicyArn=policy(f"{name}-policy", write))
        else:
            iam.put_role_policy(RoleName=name, PolicyName="to-cloudwatch", PolicyDocument=document(write))

    def good_trail(self, name, bucket, key, region="us-east-1", organization=False, own_key=None):
        """A trail as it should be; `own_key` encrypts its log group and topic where the trail's key is another account's."""
        cloudtrail = self.client("cloudtrail", region)
        arn = self.trail_arn(name, region)
        topic = self.topic(f"{name}-deliveries", arn, region, KmsMasterKeyId=own_key or key)
        self.subscribe(topic, "sqs", f"arn:aws:sqs:{region}:{self.number}:{name}-deliveries")
        self.log_group(f"/cloudtrail/{name}", region, kmsKeyId=own_key or key)
        self.logs_role(f"{name}-to-cloudwatch", f"/cloudtrail/{name}", region, organization)
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


def topic_policy(topic_arn, trail_arn):
    """CloudTrail tells the topic of one trail's deliveries."""
    statement = {
        "Sid": "CloudTrailPublishes",
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "SNS:Publish",
        "Resource": topic_arn,
        "Condition": {"StringEquals": {"aws:SourceArn": trail_arn}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def key_policy(account, trail_arn=None, readers=()):
    """The account administers the key, CloudTrail encrypts for one trail, CloudWatch Logs for its log group; readers describe it."""
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
            {
                "Sid": "CloudTrailNotifies",
                "Effect": "Allow",
                "Principal": service,
                "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:SourceArn": trail_arn}},
            },
            log_group_statement(*trail_arn.split(":")[3:5]),
        ]
    if readers:
        readers = [f"arn:aws:iam::{reader}:root" for reader in readers]
        described = {"Sid": "OthersDescribe", "Effect": "Allow", "Principal": {"AWS": readers}, "Action": "kms:DescribeKey", "Resource": "*"}
        statements.append(described)
    return {"Version": "2012-10-17", "Statement": statements}


def log_group_statement(region, account):
    return {
        "Sid": "LogGroupsEncrypt",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.amazonaws.com"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{region}:{account}:log-group:/cloudtrail/*"}},
    }
