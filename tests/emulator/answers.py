"""What moto does not know, or answers otherwise than AWS, for the calls that Trailproof makes.

`answer` replies in moto's stead, `before` and `after` correct what moto is asked and says. CloudTrail's reading calls are wholly here,
over the trails that moto keeps. Sources are the API references of the services.
"""

import datetime
import fnmatch
import html
import json
import re
import urllib.parse
from xml.sax.saxutils import escape

from moto.cloudtrail import models as cloudtrail
from moto.iam.access_control import PermissionResult
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.sns.models import sns_backends

import access
import beside
import organization
import outward
import watch
from world import Refusal

GLOBAL = ("iam", "sts", "s3", "s3control", "account", "organizations")
S3_XML = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
ALL_MANAGEMENT = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [], "ExcludeManagementEventSources": []}


def patch_moto():
    """The places where moto would refuse what AWS allows, or keep what AWS replaces."""
    own_bucket = cloudtrail.Trail.check_bucket_exists
    put_selectors = cloudtrail.Trail.put_event_selectors

    def check_bucket_exists(trail):
        if trail.bucket_name not in s3_backends.bucket_accounts:
            own_bucket(trail)

    def put_event_selectors(trail, basic, advanced):
        put_selectors(trail, basic, advanced)
        if basic:
            trail.advanced_event_selectors = []

    cloudtrail.Trail.check_bucket_exists = check_bucket_exists
    cloudtrail.Trail.put_event_selectors = put_event_selectors
    # moto reads bucket policies without their conditions: a Deny of plain HTTP would deny everything.
    FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL


def answer(call, account):
    """(status, headers, body), or None where moto is to answer."""
    if call.service not in GLOBAL and not account.enabled(call.region):
        raise Refusal("UnrecognizedClientException", "The security token included in the request is invalid.", 403 if call.service == "sns" else 400)
    if call.service == "s3" and call.bucket and call.operation not in ("PutBucket", "CreateBucket"):
        reachable(call)
    handler = HANDLERS.get(call.name)
    return handler(call, account) if handler else None


def json_reply(value):
    return 200, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(value).encode()


def xml_reply(text):
    return 200, [("Content-Type", "application/xml")], ('<?xml version="1.0" encoding="UTF-8"?>\n' + text).encode()


def question(call):
    return json.loads(call.body or b"{}")


# Account and STS


def list_regions(call, account):
    asked = question(call)
    wanted = asked.get("RegionOptStatusContains")
    rows = [(name, status) for name, status in account.regions.items() if not wanted or status in wanted]
    at = int(asked.get("NextToken") or 0)
    size = min(asked.get("MaxResults") or 50, account.page)
    reply = {"Regions": [{"RegionName": name, "RegionOptStatus": status} for name, status in rows[at : at + size]]}
    if at + size < len(rows):
        reply["NextToken"] = str(at + size)
    return json_reply(reply)


def get_caller_identity(call, _account):
    return xml_reply(
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>{call.caller_arn}</Arn><UserId>AROAEXAMPLEEXAMPLE123:{call.caller_arn.rsplit('/', 1)[1]}</UserId><Account>{call.account}</Account></GetCallerIdentityResult>"
        f"<ResponseMetadata><RequestId>{call.request_id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )


# CloudTrail


def owners(call, account):
    """The caller's account, and the one that manages its organization."""
    managers = {account.organization.management} - {call.account} if account.organization else ()
    return [call.account, *managers]


def visible_trails(call, account, shadows=True):
    """The trails that a Region of the account shows, its own first, then those of its organization."""
    trails = []
    for owner in owners(call, account):
        for backend in list(cloudtrail.cloudtrail_backends[owner].values()):
            for trail in backend.trails.values():
                at_home = trail.region_name == call.region
                shown = at_home or (shadows and trail.is_multi_region)
                if shown and (owner == call.account or trail.is_org_trail):
                    trails.append(trail)
    return sorted(trails, key=lambda trail: (trail.account_id != call.account, trail.arn))


def find_trail(call, account, name):
    for trail in visible_trails(call, account):
        if name == trail.arn or (name == trail.trail_name and trail.account_id == call.account and trail.region_name == call.region):
            return trail
    raise Refusal("TrailNotFoundException", f"Unknown trail: {name} for the user: {call.account}")


def own_trail(call, account, name):
    """A trail for whoever may see inside it: its owner, and the organization's administrator of CloudTrail."""
    trail = find_trail(call, account, name)
    if trail.account_id != call.account and not account.organization.is_administrator(call.account, "cloudtrail.amazonaws.com"):
        raise access.not_allowed(call, trail.arn)
    return trail


def describe(trail):
    text = {
        "Name": trail.trail_name,
        "S3BucketName": trail.bucket_name,
        "S3KeyPrefix": trail.s3_key_prefix,
        "SnsTopicName": trail.sns_topic_name,
        "SnsTopicARN": trail.topic_arn,
        "CloudWatchLogsLogGroupArn": trail.cw_log_group_arn,
        "CloudWatchLogsRoleArn": trail.cw_role_arn,
        "KmsKeyId": trail.kms_key_id,
        "HomeRegion": trail.region_name,
        "TrailARN": trail.arn,
    }
    return {
        **{name: value for name, value in text.items() if value},
        "IncludeGlobalServiceEvents": trail.include_global_service_events,
        "IsMultiRegionTrail": trail.is_multi_region,
        "IsOrganizationTrail": trail.is_org_trail,
        "LogFileValidationEnabled": trail.log_validation,
        "HasCustomEventSelectors": bool(trail.event_selectors or trail.advanced_event_selectors),
        "HasInsightSelectors": bool(trail.insight_selectors),
    }


def describe_trails(call, account):
    asked = question(call)
    names = asked.get("trailNameList")
    trails = visible_trails(call, account, asked.get("includeShadowTrails", True))
    return json_reply({"trailList": [describe(t) for t in trails if not names or t.arn in names or t.trail_name in names]})


def list_trails(call, account):
    """Every trail of the account, whichever Region is asked."""
    rows = [
        {"Name": trail.trail_name, "TrailARN": trail.arn, "HomeRegion": trail.region_name}
        for backend in list(cloudtrail.cloudtrail_backends[call.account].values())
        for trail in backend.trails.values()
    ]
    rows += [
        {"Name": trail.trail_name, "TrailARN": trail.arn, "HomeRegion": trail.region_name}
        for trail in visible_trails(call, account)
        if trail.account_id != call.account
    ]
    rows.sort(key=lambda row: row["TrailARN"])
    at = int(question(call).get("NextToken") or 0)
    reply = {"Trails": rows[at : at + 2]}
    if at + 2 < len(rows):
        reply["NextToken"] = str(at + 2)
    return json_reply(reply)


def get_trail(call, account):
    return json_reply({"Trail": describe(find_trail(call, account, question(call)["Name"]))})


def get_trail_status(call, account):
    trail = find_trail(call, account, question(call)["Name"])
    now = account.now()
    logging = trail.status.is_logging
    ago = {}
    if trail.status.started:
        ago = {"StartLoggingTime": -90 * 86400, "LatestDeliveryTime": -400 if logging else -10 * 86400}
    if logging and trail.log_validation:
        ago["LatestDigestDeliveryTime"] = -2400
    if logging and trail.cw_log_group_arn:
        ago["LatestCloudWatchLogsDeliveryTime"] = -120
    if logging and trail.sns_topic_name:
        ago["LatestNotificationTime"] = -400
    if trail.status.stopped and not logging:
        ago["StopLoggingTime"] = -9 * 86400
    fields = {"IsLogging": logging, **ago}
    for rule in account.status:
        if rule["trail"] == trail.trail_name and fnmatch.fnmatchcase(call.region, rule.get("region", "*")):
            fields |= rule["set"]
    moved = lambda v: round(now + v, 3) if isinstance(v, (int, float)) and not isinstance(v, bool) and v < 0 else v  # noqa: E731
    return json_reply({name: moved(value) for name, value in fields.items() if value is not None})


def get_event_selectors(call, account):
    trail = own_trail(call, account, question(call)["TrailName"])
    reply = {"TrailARN": trail.arn}
    if trail.advanced_event_selectors:
        reply["AdvancedEventSelectors"] = trail.advanced_event_selectors
    else:
        reply["EventSelectors"] = [{**ALL_MANAGEMENT, **selector} for selector in trail.event_selectors or [ALL_MANAGEMENT]]
    return json_reply(reply)


def get_insight_selectors(call, account):
    trail = own_trail(call, account, question(call)["TrailName"])
    if not trail.insight_selectors:
        raise Refusal("InsightNotEnabledException", f"Trail {trail.arn} does not have Insights enabled.")
    return json_reply({"TrailARN": trail.arn, "InsightSelectors": trail.insight_selectors})


def list_tags(call, account):
    rows = []
    for arn in question(call)["ResourceIdList"]:
        trail = own_trail(call, account, arn)
        backend = cloudtrail.cloudtrail_backends[trail.account_id][trail.region_name]
        rows.append({"ResourceId": arn, "TagsList": backend.tagging_service.list_tags_for_resource(arn)["TagsList"]})
    return json_reply({"ResourceTagList": rows})


# S3


def reachable(call):
    """Refuses what AWS refuses before it looks at the question: another account's bucket, and the wrong Region."""
    found = s3_backends.bucket_accounts.get(call.bucket)
    if not found:
        return
    partition, owner = found
    region = s3_backends[owner][partition].buckets[call.bucket].region_name
    where = [("x-amz-bucket-region", region)]
    if owner != call.account or call.expected_owner not in ("", owner):
        raise Refusal("AccessDenied", f'User: {call.caller_arn} is not authorized to perform: {call.name} on resource: "arn:aws:s3:::{call.bucket}"', 403, where)
    if region != call.region and call.operation != "GetBucketLocation":
        message = "The bucket you are attempting to access must be addressed using the specified endpoint."
        raise Refusal("PermanentRedirect", message, 301, where)


def own_bucket(call):
    bucket = s3_backends[call.account]["aws"].buckets.get(call.bucket)
    if not bucket:
        raise Refusal("NoSuchBucket", "The specified bucket does not exist", 404)
    return bucket


def list_buckets(call, account):
    first = {name: values[0] for name, values in call.arguments.items()}
    prefix, region, after = first.get("prefix", ""), first.get("bucket-region"), first.get("continuation-token", "")
    rows = [
        bucket
        for bucket in sorted(s3_backends[call.account]["aws"].buckets.values(), key=lambda b: b.name)
        if bucket.name.startswith(prefix) and bucket.name > after and region in (None, bucket.region_name)
    ]
    size = min(int(first.get("max-buckets", 10000)), 10000)
    made = "2026-01-05T09:00:00.000Z"
    items = "".join(
        f"<Bucket><Name>{b.name}</Name><CreationDate>{made}</CreationDate><BucketRegion>{b.region_name}</BucketRegion></Bucket>" for b in rows[:size]
    )
    token = f"<ContinuationToken>{rows[size - 1].name}</ContinuationToken>" if len(rows) > size else ""
    return xml_reply(
        f"<ListAllMyBucketsResult {S3_XML}><Buckets>{items}</Buckets><Owner><ID>{call.canonical_user()}</ID></Owner>{token}"
        f"<Prefix>{escape(prefix)}</Prefix></ListAllMyBucketsResult>"
    )


def head_bucket(call, _account):
    bucket = own_bucket(call)
    return 200, [("x-amz-bucket-region", bucket.region_name), ("Content-Type", "application/xml")], b""


def get_bucket_versioning(call, account):
    status, mfa = own_bucket(call).versioning_status, account.mfa_delete.get(call.bucket)
    inner = (f"<Status>{status}</Status>" if status else "") + (f"<MfaDelete>{mfa}</MfaDelete>" if mfa else "")
    return xml_reply(f"<VersioningConfiguration {S3_XML}>{inner}</VersioningConfiguration>")


def put_bucket_versioning(call, account):
    asked = re.search(rb"<MfaDelete>(\w+)</MfaDelete>", call.body)
    if asked:
        account.mfa_delete[call.bucket] = asked.group(1).decode()
    return None


def get_bucket_encryption(call, _account):
    """Since 2023 every bucket has SSE-S3 where nothing else is set."""
    if own_bucket(call).encryption:
        return None
    return xml_reply(
        f"<ServerSideEncryptionConfiguration {S3_XML}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>"
        "</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>"
    )


# KMS


def kms_key(call, _account):
    """Refuses keys of other accounts where their policies are silent; a key's policy is shown to its own account alone."""
    name = question(call).get("KeyId", "")
    parts = name.split(":")
    if not name.startswith("arn:"):
        return None
    if parts[4] != call.account:
        key = kms_backends[parts[4]][parts[3]].keys.get(parts[5].removeprefix("key/")) if parts[4] in kms_backends else None
        if not key or call.operation == "GetKeyPolicy" or not access.allows(key.policy, call.name, call.account, call.caller_arn):
            raise access.not_allowed(call, name)
        call.served_by = parts[4]
    if parts[3] != call.region:
        raise Refusal("NotFoundException", f"Invalid arn {parts[3]}")
    return None


# CloudWatch Logs and SNS


LOG_GROUPS_PAGE = 3


def create_log_group(call, account):
    asked = question(call)
    account.log_classes[call.region, asked["logGroupName"]] = asked.get("logGroupClass", "STANDARD")
    return None


def describe_log_groups(call, account):
    """The log groups of the Region in pages, which may be shorter than what is asked for."""
    asked = question(call)
    prefix, after = asked.get("logGroupNamePrefix", ""), asked.get("nextToken", "")
    groups = sorted(logs_backends[call.account][call.region].groups.values(), key=lambda group: group.name)
    rows = [
        {
            **group.to_describe_dict(),
            "creationTime": 1767603600000,
            "logGroupClass": account.log_classes.get((call.region, group.name), "STANDARD"),
        }
        for group in groups
        if group.name.startswith(prefix) and group.name > after
    ]
    size = min(asked.get("limit") or 50, LOG_GROUPS_PAGE)
    reply = {"logGroups": rows[:size]}
    if len(rows) > size:
        reply["nextToken"] = rows[size - 1]["logGroupName"]
    return json_reply(reply)


def topic(call, _account):
    """Refuses another Region's topics, and another account's where their policies are silent."""
    arn = call.form().get("TopicArn", [""])[0]
    parts = arn.split(":")
    if len(parts) != 6 or parts[3] != call.region:
        raise Refusal("InvalidParameter", "Invalid parameter: TopicArn")
    if parts[4] == call.account:
        return None
    found = sns_backends[parts[4]][parts[3]].topics.get(arn) if parts[4] in sns_backends else None
    owner = {"AWS:SourceOwner": call.account, "AWS:SourceAccount": call.account}
    if not found or not access.allows(found.policy, "sns:GetTopicAttributes", call.account, call.caller_arn, owner):
        raise access.not_allowed(call, arn, "AuthorizationError", 403)
    return None


def counted(call, body):
    """The topic's subscriptions, which moto keeps but does not count. Whoever is asked by e-mail has not confirmed yet."""
    arn = call.form()["TopicArn"][0]
    subscriptions = [s for s in sns_backends[arn.split(":")[4]][call.region].subscriptions.values() if s.topic.arn == arn]
    pending = sum(s.protocol.startswith("email") for s in subscriptions)
    for name, count in (("Pending", pending), ("Confirmed", len(subscriptions) - pending)):
        entry = rf"(<key>Subscriptions{name}</key>\s*<value>)\d+".encode()
        body, found = re.subn(entry, lambda m, count=count: m[1] + str(count).encode(), body)
        assert found == 1, body
    return body


def before(call):
    """The body that moto is asked with."""
    if call.name == "kms:GetKeyPolicy":
        return json.dumps({"PolicyName": "default", **question(call)}).encode()
    return call.body


def documented(match):
    """A policy document as IAM writes it: as in a URL."""
    text = html.unescape(match[2].decode())
    return match[1] + (text if text.startswith("%7B") else urllib.parse.quote(text, safe="")).encode() + match[3]


def after(call, account, status, body):
    """The body that the caller gets."""
    body = re.sub(rb"<RequestId>[^<]*</RequestId>", f"<RequestId>{call.request_id}</RequestId>".encode(), body)
    if account.clock:
        body = re.sub(rb"<LastModified>[^<]*</LastModified>", b"<LastModified>2026-01-05T09:00:00.000Z</LastModified>", body)
        if call.service == "iam":
            body = re.sub(rb"<(Create|Update)Date>[^<]*</", rb"<\1Date>2026-01-05T09:00:00Z</", body)
    if status != 200:
        return body
    if call.name in ("iam:GetRolePolicy", "iam:GetPolicyVersion"):
        return re.sub(rb"(<(?:Policy)?Document>)([^<]*)(</)", documented, body)
    if call.name == "kms:DescribeKey":
        reply = json.loads(body)
        reply["KeyMetadata"]["KeyUsage"] = reply["KeyMetadata"].get("KeyUsage") or "ENCRYPT_DECRYPT"
        reply["KeyMetadata"]["MultiRegion"] = bool(reply["KeyMetadata"].get("MultiRegion"))
        reply["KeyMetadata"]["CreationDate"] = datetime.datetime(2026, 1, 5, 9, tzinfo=datetime.timezone.utc).timestamp()
        return json.dumps(reply).encode()
    if call.name == "kms:GetKeyRotationStatus":
        reply = {"KeyId": question(call)["KeyId"], **json.loads(body)}
        if reply["KeyRotationEnabled"]:
            reply.setdefault("RotationPeriodInDays", 365)
        return json.dumps(reply).encode()
    if call.name == "sns:GetTopicAttributes":
        return counted(call, body)
    if call.name == "s3:GetObjectLockConfiguration":
        return re.sub(rb"<(Days|Years)>0</\1>", b"", body)  # AWS gives the one that was set
    if call.name == "s3:GetBucketNotificationConfiguration":
        return body.replace(b"GetBucketNotificationResponse", b"NotificationConfiguration")
    return body


HANDLERS = {
    **organization.HANDLERS,
    **outward.HANDLERS,
    **watch.HANDLERS,
    **beside.HANDLERS,
    "logs:CreateLogGroup": create_log_group,
    "logs:DescribeLogGroups": describe_log_groups,
    "sns:GetTopicAttributes": topic,
    "account:ListRegions": list_regions,
    "sts:GetCallerIdentity": get_caller_identity,
    "cloudtrail:DescribeTrails": describe_trails,
    "cloudtrail:ListTrails": list_trails,
    "cloudtrail:GetTrail": get_trail,
    "cloudtrail:GetTrailStatus": get_trail_status,
    "cloudtrail:GetEventSelectors": get_event_selectors,
    "cloudtrail:GetInsightSelectors": get_insight_selectors,
    "cloudtrail:ListTags": list_tags,
    "s3:ListBuckets": list_buckets,
    "s3:HeadBucket": head_bucket,
    "s3:GetBucketVersioning": get_bucket_versioning,
    "s3:PutBucketVersioning": put_bucket_versioning,
    "s3:GetBucketEncryption": get_bucket_encryption,
    "kms:DescribeKey": kms_key,
    "kms:GetKeyRotationStatus": kms_key,
    "kms:GetKeyPolicy": kms_key,
}
