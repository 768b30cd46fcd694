#!/usr/bin/env python3
"""Does the emulator answer as AWS does, where the Rust tests rely on it? Needs TRAILPROOF_EMULATOR."""

import json
import os
import unittest
import urllib.error
import urllib.request

import botocore.exceptions

from scenarios import Builder

URL = os.environ["TRAILPROOF_EMULATOR"]


def ask(method, what, **arguments):
    query = f"?account={arguments['account']}" if method in ("GET", "DELETE") else ""
    body = None if query else json.dumps(arguments).encode()
    request = urllib.request.Request(f"{URL}/_emulator/{what}{query}", body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode()) from None


class Lab(Builder):
    def __init__(self, scenario, **settings):
        super().__init__(URL, ask("POST", "seed", scenario=scenario, **settings)["account"])

    def fault(self, **fault):
        ask("POST", "faults", account=self.number, **fault)


def code(call, **arguments):
    """The error code of a call that must fail."""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("the call was answered")


class Emulator(unittest.TestCase):
    maxDiff = None

    def test_accounts_are_apart(self):
        one, two = Lab("good"), Lab("empty")
        self.assertEqual(one.client("sts").get_caller_identity()["Account"], one.number)
        self.assertEqual(len(one.client("cloudtrail").list_trails()["Trails"]), 1)
        self.assertEqual(two.client("cloudtrail").list_trails()["Trails"], [])
        bucket = f"good-trail-logs-{one.number}"
        self.assertEqual(code(two.client("s3").get_bucket_policy, Bucket=bucket)[0], "AccessDenied")
        self.assertEqual(code(two.client("s3").head_bucket, Bucket=bucket)[0], "403")

    def test_regions_come_in_pages_and_may_be_disabled(self):
        lab = Lab("acme")
        regions, token, pages = {}, {}, 0
        while True:
            page = lab.client("account").list_regions(**token)
            regions |= {r["RegionName"]: r["RegionOptStatus"] for r in page["Regions"]}
            pages += 1
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        self.assertGreater(pages, 1)
        self.assertEqual(regions["eu-south-1"], "DISABLED")
        some = lab.client("account").list_regions(RegionOptStatusContains=["DISABLED"])["Regions"]
        self.assertEqual({r["RegionName"] for r in some}, {"eu-south-1", "me-south-1"})
        self.assertEqual(code(lab.client("cloudtrail", "eu-south-1").describe_trails)[0], "UnrecognizedClientException")

    def test_the_good_trail(self):
        lab = Lab("good")
        cloudtrail, s3, kms = lab.client("cloudtrail"), lab.client("s3"), lab.client("kms")
        trail = cloudtrail.describe_trails()["trailList"][0]
        self.assertTrue(trail["HasCustomEventSelectors"] and trail["HasInsightSelectors"] and trail["LogFileValidationEnabled"])
        elsewhere = lab.client("cloudtrail", "eu-west-1")
        self.assertEqual(elsewhere.get_trail(Name=trail["TrailARN"])["Trail"]["HomeRegion"], "us-east-1")
        self.assertEqual(elsewhere.describe_trails(includeShadowTrails=False)["trailList"], [])
        self.assertEqual(code(elsewhere.get_trail, Name=trail["Name"])[0], "TrailNotFoundException")
        status = elsewhere.get_trail_status(Name=trail["TrailARN"])
        self.assertTrue(status["IsLogging"] and status["LatestDigestDeliveryTime"])
        selectors = cloudtrail.get_event_selectors(TrailName=trail["TrailARN"])
        self.assertNotIn("EventSelectors", selectors)
        self.assertEqual(len(selectors["AdvancedEventSelectors"]), 2)
        self.assertEqual(len(cloudtrail.get_insight_selectors(TrailName=trail["TrailARN"])["InsightSelectors"]), 2)
        self.assertEqual(len(cloudtrail.list_tags(ResourceIdList=[trail["TrailARN"]])["ResourceTagList"][0]["TagsList"]), 2)
        bucket = trail["S3BucketName"]
        self.assertEqual(s3.get_bucket_versioning(Bucket=bucket)["MFADelete"], "Enabled")
        rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
        self.assertEqual(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "aws:kms")
        self.assertIn("OnlyOverTls", s3.get_bucket_policy(Bucket=bucket)["Policy"])
        self.assertFalse(s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"])
        self.assertEqual(s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetBucket"], f"good-access-logs-{lab.number}")
        lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
        self.assertEqual(lock["Rule"]["DefaultRetention"]["Mode"], "COMPLIANCE")
        prefixes = s3.list_objects_v2(Bucket=bucket, Delimiter="/")["CommonPrefixes"]
        self.assertEqual(prefixes, [{"Prefix": "AWSLogs/"}])
        self.assertEqual(code(s3.get_bucket_lifecycle_configuration, Bucket=bucket)[0], "NoSuchLifecycleConfiguration")
        self.assertEqual(code(s3.get_bucket_replication, Bucket=bucket)[0], "ReplicationConfigurationNotFoundError")
        self.assertEqual(len(s3.get_bucket_acl(Bucket=bucket)["Grants"]), 1)
        self.assertEqual(s3.get_bucket_tagging(Bucket=bucket)["TagSet"][0]["Key"], "owner")
        owned = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"][0]["ObjectOwnership"]
        self.assertEqual(owned, "BucketOwnerEnforced")
        block = lab.client("s3control").get_public_access_block(AccountId=lab.number)["PublicAccessBlockConfiguration"]
        self.assertTrue(all(block.values()))
        self.assertEqual(kms.describe_key(KeyId=trail["KmsKeyId"])["KeyMetadata"]["MultiRegion"], False)
        self.assertEqual(kms.get_key_rotation_status(KeyId=trail["KmsKeyId"])["RotationPeriodInDays"], 365)
        self.assertIn("CloudTrailEncrypts", kms.get_key_policy(KeyId=trail["KmsKeyId"])["Policy"])
        self.assertEqual(code(kms.describe_key, KeyId="arn:aws:kms:us-east-1:999999999999:key/x")[0], "AccessDeniedException")
        self.assertEqual(code(lab.client("kms", "eu-west-1").describe_key, KeyId=trail["KmsKeyId"])[0], "NotFoundException")

    def test_the_careless_trail(self):
        lab = Lab("acme")
        west = lab.client("cloudtrail", "eu-west-1")
        arn = f"arn:aws:cloudtrail:eu-west-1:{lab.number}:trail/legacy-eu"
        selector = west.get_event_selectors(TrailName=arn)["EventSelectors"][0]
        self.assertEqual((selector["ReadWriteType"], selector["ExcludeManagementEventSources"]), ("WriteOnly", ["kms.amazonaws.com"]))
        self.assertEqual(code(west.get_insight_selectors, TrailName=arn)[0], "InsightNotEnabledException")
        status = west.get_trail_status(Name=arn)
        self.assertEqual(status["LatestDeliveryError"], "AccessDenied")
        self.assertNotIn("LatestDigestDeliveryTime", status)
        s3 = lab.client("s3", "eu-west-1")
        bucket = f"acme-legacy-logs-{lab.number}"
        rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
        self.assertEqual(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256")
        self.assertEqual(code(s3.get_bucket_versioning, Bucket=bucket)[0], "AccessDenied")
        lab.client("s3").get_bucket_acl(Bucket=bucket)  # boto3 follows a redirect to the right Region
        self.assertIn(301, [call["status"] for call in ask("GET", "calls", account=lab.number)["calls"]])
        # selectors that nobody set are AWS's own
        archive = f"arn:aws:cloudtrail:us-west-2:{lab.number}:trail/security-archive"
        reason = code(lab.client("cloudtrail", "af-south-1").get_trail_status, Name=archive)[1]
        self.assertIn("service control policy", reason)
        default = lab.client("cloudtrail", "us-west-2").get_event_selectors(TrailName=archive)["EventSelectors"]
        self.assertEqual(default[0]["ReadWriteType"], "All")

    def test_buckets_are_listed_by_prefix_and_page(self):
        lab = Lab("crowded")
        s3 = lab.client("s3")
        reply = s3.list_buckets(Prefix="acme-org", MaxBuckets=1)
        self.assertEqual([b["BucketRegion"] for b in reply["Buckets"]], ["us-east-1"])
        self.assertEqual(len(s3.list_buckets(Prefix="acme-org", ContinuationToken=reply["ContinuationToken"])["Buckets"]), 1)
        self.assertGreater(len(s3.list_buckets()["Buckets"]), 200)

    def test_members_see_the_organization_trail(self):
        owner = Lab("acme")
        member = Lab("empty", member_of=owner.number)
        cloudtrail = member.client("cloudtrail", "eu-west-1")
        trails = cloudtrail.describe_trails()["trailList"]
        self.assertEqual([t["Name"] for t in trails], ["acme-org-trail"])
        self.assertEqual(code(cloudtrail.get_event_selectors, TrailName=trails[0]["TrailARN"])[0], "AccessDeniedException")

    def test_every_fault(self):
        lab = Lab("good")
        s3, cloudtrail = lab.client("s3"), lab.client("cloudtrail")
        bucket = f"good-trail-logs-{lab.number}"
        expected = {"deny": "AccessDenied", "scp": "AccessDenied", "throttle": "SlowDown", "status": "InternalError"}
        for kind, answer in expected.items():
            lab.fault(operation="s3:GetBucketPolicy", kind=kind)
            self.assertEqual(code(s3.get_bucket_policy, Bucket=bucket)[0], answer)
            ask("DELETE", "faults", account=lab.number)
        lab.fault(operation="s3:GetBucketPolicy", kind="deny", message="<&>")
        self.assertEqual(code(s3.get_bucket_policy, Bucket=bucket)[1], "<&>")
        for operation in ("iam:*", "kms:*", "account:*"):
            lab.fault(operation=operation, kind="deny")
        self.assertEqual(code(lab.client("iam").list_account_aliases)[0], "AccessDenied")
        self.assertEqual(code(lab.client("kms").list_keys)[0], "AccessDeniedException")
        self.assertEqual(code(lab.client("account").list_regions)[0], "AccessDeniedException")
        for kind in ("truncated", "malformed"):
            lab.fault(operation="cloudtrail:DescribeTrails", kind=kind)
            with self.assertRaises(Exception, msg=kind):
                cloudtrail.describe_trails()["trailList"]
            ask("DELETE", "faults", account=lab.number)
        for kind in ("reset", "hang"):
            ask("DELETE", "faults", account=lab.number)
            lab.fault(operation="cloudtrail:DescribeTrails", kind=kind, seconds=1)
            with self.assertRaises(Exception, msg=kind):
                cloudtrail.describe_trails()
        ask("DELETE", "faults", account=lab.number)
        lab.fault(operation="cloudtrail:*", kind="throttle", times=2)
        lab.client("cloudtrail", attempts=3).describe_trails()
        lab.fault(operation="cloudtrail:*", kind="deny", region="eu-west-1")
        cloudtrail.describe_trails()
        self.assertEqual(code(lab.client("cloudtrail", "eu-west-1").describe_trails)[0], "AccessDeniedException")

    def test_calls_are_counted(self):
        lab = Lab("good")
        self.assertEqual(ask("GET", "calls", account=lab.number)["total"], 0)
        lab.client("cloudtrail", "eu-west-1").describe_trails()
        lab.client("s3control").get_public_access_block(AccountId=lab.number)
        calls = ask("GET", "calls", account=lab.number)
        self.assertEqual(calls["operations"], {"cloudtrail:DescribeTrails": {"eu-west-1": 1}, "s3control:GetPublicAccessBlock": {"us-east-1": 1}})
        self.assertEqual([call["status"] for call in calls["calls"]], [200, 200])
        ask("DELETE", "calls", account=lab.number)
        self.assertEqual(ask("GET", "calls", account=lab.number)["total"], 0)

    def test_what_is_not_there_is_said_cleanly(self):
        lab = Lab("empty")
        self.assertEqual(code(lab.client("cloudtrail").list_public_keys)[0], "UnsupportedOperationException")
        self.assertEqual(code(lab.client("account").get_contact_information)[0], "UnsupportedOperationException")
        self.assertEqual(code(lab.client("s3").get_bucket_policy, Bucket="there-is-no-such-bucket")[0], "NoSuchBucket")
        self.assertEqual(code(lab.client("s3control").get_public_access_block, AccountId=lab.number)[0], "NoSuchPublicAccessBlockConfiguration")

    def test_hostile_text_arrives_as_sent(self):
        lab = Lab("hostile")
        arn = f"arn:aws:cloudtrail:us-east-1:{lab.number}:trail/hostile"
        tags = lab.client("cloudtrail").list_tags(ResourceIdList=[arn])["ResourceTagList"][0]["TagsList"]
        self.assertIn("\u001b[31m", tags[0]["Value"])
        lab.client("s3").get_bucket_lifecycle_configuration(Bucket=f"hostile-logs-{lab.number}")


if __name__ == "__main__":
    unittest.main(verbosity=1)
