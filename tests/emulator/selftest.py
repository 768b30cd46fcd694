#!/usr/bin/env python3
"""Does the emulator answer as AWS does, where the Rust tests rely on it? Needs TRAILPROOF_EMULATOR."""

import json
import os
import unittest
import urllib.error
import urllib.request

import boto3
import botocore.exceptions

import cbor
import monitoring
from builder import Builder, key_policy

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
        seeded = ask("POST", "seed", scenario=scenario, **settings)
        super().__init__(URL, seeded["account"])
        self.members = seeded["members"]

    def member(self, digit):
        """Another account of the scenario `org`."""
        number = digit + self.number[1:]
        assert number in self.members, self.members
        return Builder(URL, number)

    def assume(self, number, role="TrailproofAudit", **arguments):
        """A boto3 session with the credentials of a role."""
        arn = f"arn:aws:iam::{number}:role/{role}"
        given = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="scan", **arguments)["Credentials"]
        return boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], "us-east-1")

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

    def test_what_no_policy_allows_is_refused(self):
        lab = Lab("good")
        bucket = f"good-trail-logs-{lab.number}"
        allow = {"Statement": [{"Effect": "Allow", "Action": ["s3:GetEncryptionConfiguration"], "Resource": "*"}]}
        ask("POST", "account", account=lab.number, permissions={"user": [allow], "role": []})
        s3 = lab.client("s3")
        s3.get_bucket_encryption(Bucket=bucket)
        refused, message = code(s3.get_bucket_versioning, Bucket=bucket)
        self.assertEqual(refused, "AccessDenied")
        self.assertIn("s3:GetBucketVersioning", message)
        self.assertEqual(code(lab.client("cloudtrail").list_trails)[0], "AccessDeniedException")
        self.assertEqual(lab.client("sts").get_caller_identity()["Account"], lab.number)
        ask("POST", "account", account=lab.number, permissions=None)
        s3.get_bucket_versioning(Bucket=bucket)

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
        role = {"RoleName": trail["CloudWatchLogsRoleArn"].split("/")[1]}
        iam = lab.client("iam")
        self.assertIn("cloudtrail.amazonaws.com", str(iam.get_role(**role)["Role"]["AssumeRolePolicyDocument"]))
        written = iam.get_role_policy(**role, PolicyName=iam.list_role_policies(**role)["PolicyNames"][0])["PolicyDocument"]
        self.assertEqual(written["Statement"][0]["Action"], ["logs:CreateLogStream", "logs:PutLogEvents"])
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
        self.assertEqual(kms.describe_key(KeyId=trail["KmsKeyId"])["KeyMetadata"]["KeyUsage"], "ENCRYPT_DECRYPT")
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


def pages(call, rows, token, **arguments):
    """Every page of a listing, each as a list."""
    got, more = [], {}
    while True:
        page = call(**arguments, **more)
        got.append(page[rows])
        if token not in page:
            return got
        more = {token: page[token]}


class Organization(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab("org", external_id="acme-external")
        cls.trail = cls.lab.trail_arn("acme-org-trail", "us-east-1")

    def test_every_account_knows_its_organization(self):
        for account in (self.lab, self.lab.member("2")):
            described = account.client("organizations").describe_organization()["Organization"]
            self.assertEqual((described["MasterAccountId"], described["FeatureSet"]), (self.lab.number, "ALL"))
        alone = Lab("good").client("organizations")
        for call in (alone.describe_organization, alone.list_accounts):
            self.assertEqual(code(call)[0], "AWSOrganizationsNotInUseException")

    def test_accounts_come_in_pages(self):
        listed = pages(self.lab.client("organizations").list_accounts, "Accounts", "NextToken")
        self.assertEqual([len(page) for page in listed], [3, 3, 3])
        states = {a["Name"]: (a["State"], a["Status"]) for page in listed for a in page}
        self.assertEqual(states.pop("retired"), ("SUSPENDED", "SUSPENDED"))
        self.assertEqual(set(states.values()), {("ACTIVE", "ACTIVE")})

    def test_plain_members_may_not_list(self):
        member = self.lab.member("2").client("organizations")
        service = {"ServicePrincipal": "cloudtrail.amazonaws.com"}
        for call, arguments in (
            (member.list_accounts, {}),
            (member.list_roots, {}),
            (member.list_accounts_for_parent, {"ParentId": "r-0000"}),
            (member.list_organizational_units_for_parent, {"ParentId": "r-0000"}),
            (member.list_delegated_administrators, service),
            (member.list_aws_service_access_for_organization, {}),
        ):
            self.assertEqual(code(call, **arguments)[0], "AccessDeniedException")
        administrator = self.lab.member("8").client("organizations")
        self.assertEqual(len(administrator.list_accounts()["Accounts"]), 3)

    def test_units_are_a_tree(self):
        organizations = self.lab.client("organizations")
        root = organizations.list_roots()["Roots"][0]["Id"]

        def walk(parent):
            accounts = pages(organizations.list_accounts_for_parent, "Accounts", "NextToken", ParentId=parent)
            units = pages(organizations.list_organizational_units_for_parent, "OrganizationalUnits", "NextToken", ParentId=parent)
            inside = {u["Name"]: walk(u["Id"]) for page in units for u in page}
            return {"pages": (len(accounts), len(units)), **{a["Name"]: "" for page in accounts for a in page}, **inside}

        tree = walk(root)
        self.assertEqual(set(tree), {"pages", "management", "Infrastructure", "Workloads", "Sandboxes", "Leaving"})
        self.assertEqual(tree["Workloads"]["Production"], {"pages": (2, 1), "payments": "", "web": "", "data": ""})
        self.assertEqual(tree["Workloads"]["Test"]["Empty"], {"pages": (1, 1)})
        self.assertEqual(tree["pages"], (1, 2))
        self.assertEqual(code(organizations.list_accounts_for_parent, ParentId="ou-none-00000000")[0], "ParentNotFoundException")

    def test_cloudtrail_is_trusted_and_administered(self):
        organizations = self.lab.client("organizations")
        listed = pages(
            organizations.list_delegated_administrators, "DelegatedAdministrators", "NextToken", ServicePrincipal="cloudtrail.amazonaws.com"
        )
        self.assertEqual([[a["Name"] for a in page] for page in listed], [[], ["security"]], "the first page is empty, and not the last")
        others = organizations.list_delegated_administrators(ServicePrincipal="config.amazonaws.com")
        self.assertEqual(others["DelegatedAdministrators"], [])
        services = pages(organizations.list_aws_service_access_for_organization, "EnabledServicePrincipals", "NextToken")
        self.assertEqual(len(services), 2)
        self.assertIn("cloudtrail.amazonaws.com", [s["ServicePrincipal"] for page in services for s in page])

    def test_a_role_acts_in_its_account(self):
        number = self.lab.member("9").number
        session = self.lab.assume(number, ExternalId="acme-external")
        client = lambda service, region="us-east-1": session.client(service, region, endpoint_url=URL)  # noqa: E731
        identity = client("sts").get_caller_identity()
        self.assertEqual(identity["Account"], number)
        self.assertEqual(identity["Arn"], f"arn:aws:sts::{number}:assumed-role/TrailproofAudit/scan")
        trails = client("cloudtrail").describe_trails()["trailList"]
        self.assertEqual([t["TrailARN"] for t in trails], [self.trail])
        buckets = client("s3").list_buckets()["Buckets"]
        self.assertIn(trails[0]["S3BucketName"], [b["Name"] for b in buckets])
        self.assertTrue(client("kms").describe_key(KeyId=trails[0]["KmsKeyId"])["KeyMetadata"]["Enabled"])
        calls = ask("GET", "calls", account=number)["operations"]
        self.assertEqual(calls["cloudtrail:DescribeTrails"], {"us-east-1": 1})

    def test_a_role_is_not_for_everyone(self):
        def refused(caller, digit, role="TrailproofAudit", **arguments):
            arn = f"arn:aws:iam::{digit + self.lab.number[1:]}:role/{role}"
            answer = code(caller.client("sts").assume_role, RoleArn=arn, RoleSessionName="scan", **arguments)
            self.assertEqual(answer[0], "AccessDenied")
            self.assertIn("sts:AssumeRole", answer[1])

        right = {"ExternalId": "acme-external"}
        refused(self.lab, "2")
        refused(self.lab, "2", ExternalId="another")
        refused(self.lab, "2", role="no-such-role", **right)
        refused(self.lab, "5", **right)
        refused(self.lab, "6", **right)
        refused(self.lab.member("3"), "2", **right)
        self.lab.assume(self.lab.member("2").number, **right)
        lab = Lab("org")
        lab.assume(lab.member("2").number)

    def test_members_see_the_organization_trail_from_outside(self):
        member = self.lab.member("2")
        for region in ("us-east-1", "eu-west-1"):
            cloudtrail = member.client("cloudtrail", region)
            trail = cloudtrail.describe_trails()["trailList"][0]
            self.assertEqual((trail["TrailARN"], trail["IsOrganizationTrail"]), (self.trail, True))
            self.assertEqual([t["TrailARN"] for t in cloudtrail.list_trails()["Trails"]], [self.trail])
            self.assertEqual(cloudtrail.describe_trails(includeShadowTrails=False)["trailList"], [trail] if region == "us-east-1" else [])
            self.assertTrue(cloudtrail.get_trail_status(Name=self.trail)["IsLogging"])
            self.assertEqual(code(cloudtrail.get_trail_status, Name="acme-org-trail")[0], "TrailNotFoundException")
            self.assertEqual(code(cloudtrail.get_event_selectors, TrailName=self.trail)[0], "AccessDeniedException")
            self.assertEqual(code(cloudtrail.get_insight_selectors, TrailName=self.trail)[0], "AccessDeniedException")
            self.assertEqual(code(cloudtrail.list_tags, ResourceIdList=[self.trail])[0], "AccessDeniedException")
        administrator = self.lab.member("8").client("cloudtrail")
        self.assertEqual(len(administrator.get_event_selectors(TrailName=self.trail)["AdvancedEventSelectors"]), 2)

    def test_a_name_is_the_accounts_own(self):
        web = self.lab.member("3")
        cloudtrail = web.client("cloudtrail")
        trails = {t["TrailARN"]: t for t in cloudtrail.describe_trails()["trailList"]}
        own = web.trail_arn("acme-org-trail", "us-east-1")
        self.assertEqual(set(trails), {own, self.trail})
        self.assertEqual(cloudtrail.get_trail(Name="acme-org-trail")["Trail"]["TrailARN"], own)
        self.assertEqual(code(web.client("sns").get_topic_attributes, TopicArn=trails[own]["SnsTopicARN"])[0], "NotFound")
        self.assertEqual(web.client("logs").describe_log_groups(logGroupNamePrefix="/web/cloudtrail")["logGroups"], [])

    def test_regions_are_each_accounts_own(self):
        enabled = lambda digit: {  # noqa: E731
            r["RegionName"] for r in self.lab.member(digit).client("account").list_regions(RegionOptStatusContains=["ENABLED"])["Regions"]
        }
        self.assertEqual((enabled("4"), enabled("2")), ({"af-south-1"}, set()))
        self.lab.member("4").client("cloudtrail", "af-south-1").describe_trails()
        self.assertEqual(code(self.lab.member("2").client("cloudtrail", "af-south-1").describe_trails)[0], "UnrecognizedClientException")

    def test_the_archives_bucket_and_key_are_its_own(self):
        trail = self.lab.client("cloudtrail").describe_trails()["trailList"][0]
        bucket, key, archive = trail["S3BucketName"], trail["KmsKeyId"], self.lab.member("9")
        for other in (self.lab, self.lab.member("2")):
            s3 = other.client("s3")
            self.assertEqual(code(s3.get_bucket_policy, Bucket=bucket)[0], "AccessDenied")
            self.assertEqual(code(s3.list_objects_v2, Bucket=bucket)[0], "AccessDenied")
            self.assertEqual(code(s3.head_bucket, Bucket=bucket)[0], "403")
            self.assertEqual(s3.list_buckets(Prefix=bucket)["Buckets"], [])
            self.assertEqual(code(other.client("kms").describe_key, KeyId=key)[0], "AccessDeniedException")
        own = archive.client("s3")
        own.head_bucket(Bucket=bucket, ExpectedBucketOwner=archive.number)
        self.assertEqual(code(own.head_bucket, Bucket=bucket, ExpectedBucketOwner=self.lab.number)[0], "403")
        self.assertEqual(len(own.list_buckets(Prefix=bucket)["Buckets"]), 4)

    def test_a_key_policy_may_let_others_describe(self):
        owner = Lab("empty")
        shared = owner.key("us-east-1", "shared", policy=json.dumps(key_policy(owner.number, readers=[self.lab.number])))
        kms = self.lab.client("kms")
        self.assertEqual(kms.describe_key(KeyId=shared)["KeyMetadata"]["AWSAccountId"], owner.number)
        self.assertEqual(code(kms.get_key_policy, KeyId=shared, PolicyName="default")[0], "AccessDeniedException")
        self.assertEqual(code(self.lab.member("2").client("kms").describe_key, KeyId=shared)[0], "AccessDeniedException")

    def test_log_groups_come_by_prefix_and_page(self):
        logs = self.lab.client("logs")
        listed = pages(logs.describe_log_groups, "logGroups", "nextToken", logGroupNamePrefix="/cloudtrail/acme-org-trail")
        self.assertEqual([len(page) for page in listed], [3, 1])
        first = listed[0][0]
        self.assertEqual((first["logGroupName"], first["retentionInDays"], first["logGroupClass"]), ("/cloudtrail/acme-org-trail", 400, "STANDARD"))
        self.assertEqual(first["arn"], f"arn:aws:logs:us-east-1:{self.lab.number}:log-group:/cloudtrail/acme-org-trail:*")
        self.assertTrue(first["kmsKeyId"].startswith(f"arn:aws:kms:us-east-1:{self.lab.number}:key/"))
        lab = Lab("empty")
        lab.log_group("kept-for-ever", days=None, logGroupClass="INFREQUENT_ACCESS")
        group = lab.client("logs").describe_log_groups()["logGroups"][0]
        self.assertEqual((group.get("retentionInDays"), group.get("kmsKeyId"), group["logGroupClass"]), (None, None, "INFREQUENT_ACCESS"))
        self.assertEqual(lab.client("logs", "eu-west-1").describe_log_groups()["logGroups"], [])

    def test_topics_are_their_accounts_own(self):
        topic = self.lab.client("cloudtrail").describe_trails()["trailList"][0]["SnsTopicARN"]
        attributes = self.lab.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
        self.assertEqual((attributes["SubscriptionsConfirmed"], attributes["SubscriptionsPending"]), ("1", "0"))
        self.assertIn("CloudTrailPublishes", attributes["Policy"])
        self.assertTrue(attributes["KmsMasterKeyId"].startswith("arn:aws:kms:"))
        self.assertEqual(code(self.lab.member("2").client("sns").get_topic_attributes, TopicArn=topic)[0], "AuthorizationError")
        self.assertEqual(code(self.lab.client("sns", "eu-west-1").get_topic_attributes, TopicArn=topic)[0], "InvalidParameter")
        self.assertEqual(code(self.lab.client("sns").get_topic_attributes, TopicArn=f"{topic}-gone")[0], "NotFound")
        lab = Lab("empty")
        plain = lab.client("sns").create_topic(Name="plain")["TopicArn"]
        lab.subscribe(plain, "email", "nobody@example.com")
        attributes = lab.client("sns").get_topic_attributes(TopicArn=plain)["Attributes"]
        self.assertEqual((attributes["SubscriptionsConfirmed"], attributes["SubscriptionsPending"]), ("0", "1"))
        self.assertNotIn("KmsMasterKeyId", attributes)

    def test_faults_speak_each_services_language(self):
        lab = Lab("good")
        calls = {
            "organizations": (lab.client("organizations").describe_organization, {}),
            "sns": (lab.client("sns").get_topic_attributes, {"TopicArn": f"arn:aws:sns:us-east-1:{lab.number}:x"}),
            "logs": (lab.client("logs").describe_log_groups, {}),
            "kms": (lab.client("kms").list_keys, {}),
        }
        denied = {"sns": "AuthorizationError"}
        throttled = {"organizations": "TooManyRequestsException", "sns": "Throttling"}
        missing = {"organizations": "AWSOrganizationsNotInUseException", "sns": "NotFound", "kms": "NotFoundException"}
        for kind, codes, otherwise in (
            ("deny", denied, "AccessDeniedException"),
            ("throttle", throttled, "ThrottlingException"),
            ("missing", missing, "ResourceNotFoundException"),
        ):
            lab.fault(operation="*", kind=kind)
            for service, (call, arguments) in calls.items():
                self.assertEqual(code(call, **arguments)[0], codes.get(service, otherwise), f"{kind} {service}")
            ask("DELETE", "faults", account=lab.number)


class Watch(unittest.TestCase):
    """Who watches what is logged."""

    maxDiff = None

    def test_filters_come_in_pages(self):
        lab = Lab("acme")
        logs = lab.client("logs")
        group = "/cloudtrail/acme-org-trail"
        listed = pages(logs.describe_metric_filters, "metricFilters", "nextToken", logGroupName=group)
        self.assertEqual([len(page) for page in listed], [8, 8])
        found = {row["filterName"]: row for page in listed for row in page}
        self.assertEqual({name: row["filterPattern"] for name, row in found.items()}, monitoring.FILTERS)
        self.assertEqual(found["VPCChanges"]["metricTransformations"][0]["metricNamespace"], "CISBenchmark")
        self.assertEqual(logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"], [])
        gone = {"logGroupName": "/no/such/group"}
        self.assertEqual(code(logs.describe_metric_filters, **gone)[0], "ResourceNotFoundException")
        self.assertEqual(code(logs.describe_subscription_filters, **gone)[0], "ResourceNotFoundException")

    def test_alarms_speak_both_protocols(self):
        lab = Lab("acme")
        cloudwatch = lab.client("cloudwatch")
        everything = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
        listed = pages(cloudwatch.describe_alarms, "MetricAlarms", "NextToken", **everything)
        self.assertEqual([len(page) for page in listed], [10, 5])
        alarms = {alarm["AlarmName"]: alarm for page in listed for alarm in page}
        self.assertFalse(alarms["NetworkGatewayChanges"]["ActionsEnabled"])
        self.assertNotIn("VPCChanges", alarms)
        self.assertEqual(alarms["payments-queue-depth"]["Namespace"], "AWS/SQS")
        status, headers, got = rpc(lab, "DescribeAlarms", **everything)
        self.assertEqual((status, headers["content-type"], headers["smithy-protocol"]), (200, "application/cbor", "rpc-v2-cbor"))
        first = got["MetricAlarms"][0]
        self.assertEqual((len(got["MetricAlarms"]), got["CompositeAlarms"], got["NextToken"]), (10, [], "10"))
        self.assertIsInstance(first["StateUpdatedTimestamp"], cbor.Stamp)
        self.assertIsInstance(first["Threshold"], float)
        self.assertEqual({**alarms[first["AlarmName"]]}.keys(), first.keys())
        self.assertEqual(rpc(lab, "DescribeAlarms", region="eu-west-1")[2], {"MetricAlarms": [], "CompositeAlarms": []})
        self.assertEqual(rpc(lab, "DescribeAlarms", NextToken="none")[0], 400)

    def test_composite_alarms_are_asked_for(self):
        cloudwatch = Lab("org").client("cloudwatch")
        kinds = lambda *types: cloudwatch.describe_alarms(MaxRecords=100, **({"AlarmTypes": [*types]} if types else {}))  # noqa: E731
        self.assertEqual(kinds()["CompositeAlarms"], [], "without a type only metric alarms come")
        composite = kinds("CompositeAlarm")["CompositeAlarms"]
        self.assertEqual([c["AlarmRule"] for c in composite], ['ALARM("CloudTrailChanges") OR ALARM("TrailSelectorChanges")'])
        math = cloudwatch.describe_alarms(AlarmNames=["network-changes"])["MetricAlarms"][0]
        self.assertEqual(math["Metrics"][2]["Expression"], "SUM(METRICS())")
        self.assertNotIn("Namespace", math)

    def test_mute_rules_have_a_status(self):
        lab = Lab("acme", clock=1793534400)
        cloudwatch = lab.client("cloudwatch")
        once = {"Schedule": {"Expression": "at(2026-01-01T00:00)", "Duration": "PT1H"}}
        targets = {"AlarmNames": ["UnauthorizedAPICalls"]}
        cloudwatch.put_alarm_mute_rule(Name="now", Rule=once, MuteTargets=targets)
        cloudwatch.put_alarm_mute_rule(Name="over", Rule=once, MuteTargets=targets, ExpireDate="2026-02-01T00:00:00Z")
        listed = pages(cloudwatch.list_alarm_mute_rules, "AlarmMuteRuleSummaries", "NextToken")
        found = {row["AlarmMuteRuleArn"].rsplit(":", 1)[1]: row["Status"] for page in listed for row in page}
        self.assertEqual(found, {"now": "ACTIVE", "over": "EXPIRED", "weekly-maintenance": "SCHEDULED"})
        self.assertEqual([len(page) for page in listed], [1, 1, 1])
        _, _, live = rpc(lab, "ListAlarmMuteRules", Statuses=["ACTIVE"])
        self.assertEqual([row["Status"] for row in live["AlarmMuteRuleSummaries"]], ["ACTIVE"])
        _, _, rule = rpc(lab, "GetAlarmMuteRule", AlarmMuteRuleName="over")
        self.assertEqual((rule["MuteTargets"], rule["ExpireDate"], rule["Status"]), (targets, 1769904000, "EXPIRED"))
        self.assertEqual(rpc(lab, "GetAlarmMuteRule", AlarmMuteRuleName="none")[0], 404)

    def test_rules_and_targets_come_in_pages(self):
        lab = Lab("empty")
        events = lab.client("events", "eu-west-1")
        for n in range(3):
            events.put_rule(Name=f"rule-{n}", EventPattern='{"source": ["aws.iam"]}')
        self.assertEqual([len(page) for page in pages(events.list_rules, "Rules", "NextToken")], [2, 1])
        events.put_targets(Rule="rule-1", Targets=[{"Id": str(n), "Arn": f"arn:aws:sns:eu-west-1:{lab.number}:t{n}"} for n in range(3)])
        self.assertEqual([len(page) for page in pages(events.list_targets_by_rule, "Targets", "NextToken", Rule="rule-1")], [2, 1])
        self.assertEqual(events.list_targets_by_rule(Rule="rule-0")["Targets"], [])
        self.assertEqual(code(events.list_targets_by_rule, Rule="none")[0], "ResourceNotFoundException")
        self.assertEqual(lab.client("events").list_rules()["Rules"], [])

    def test_stores_are_listed_by_name_and_told_one_by_one(self):
        lab = Lab("empty")
        cloudtrail = lab.client("cloudtrail")
        self.assertEqual(cloudtrail.list_event_data_stores()["EventDataStores"], [])
        arn = monitoring.event_data_store(lab, "lake", RetentionPeriod=90, is_stopped=True)
        monitoring.event_data_store(lab, "second")
        listed = pages(cloudtrail.list_event_data_stores, "EventDataStores", "NextToken")
        self.assertEqual([len(page) for page in listed], [1, 1])
        self.assertIn({"EventDataStoreArn": arn, "Name": "lake"}, [store for page in listed for store in page])
        store = cloudtrail.get_event_data_store(EventDataStore=arn)
        self.assertEqual((store["Status"], store["RetentionPeriod"], store["MultiRegionEnabled"]), ("STOPPED_INGESTION", 90, True))
        self.assertEqual(len(store["AdvancedEventSelectors"]), 1)
        elsewhere = lab.client("cloudtrail", "eu-west-1")
        self.assertEqual(elsewhere.list_event_data_stores()["EventDataStores"], [])
        self.assertEqual(code(elsewhere.get_event_data_store, EventDataStore=arn)[0], "EventDataStoreNotFoundException")

    def test_the_services_beside_are_there_or_not(self):
        lab = Lab("acme")
        config = lab.client("config")
        recorder = config.describe_configuration_recorders()["ConfigurationRecorders"][0]
        self.assertEqual(recorder["recordingGroup"]["recordingStrategy"]["useOnly"], "ALL_SUPPORTED_RESOURCE_TYPES")
        self.assertTrue(recorder["recordingGroup"]["includeGlobalResourceTypes"])
        self.assertTrue(config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"][0]["recording"])
        channel = config.describe_delivery_channel_status()["DeliveryChannelsStatus"][0]
        self.assertEqual(channel["configHistoryDeliveryInfo"]["lastStatus"], "SUCCESS")
        ask("POST", "account", account=lab.number, deliveries={"default": "FAILURE"})
        channel = config.describe_delivery_channel_status()["DeliveryChannelsStatus"][0]
        self.assertEqual(channel["configHistoryDeliveryInfo"]["lastStatus"], "FAILURE")
        self.assertEqual(lab.client("config", "ap-southeast-2").describe_configuration_recorders()["ConfigurationRecorders"], [])
        guardduty = lab.client("guardduty", "eu-west-1")
        detector = guardduty.list_detectors()["DetectorIds"][0]
        self.assertEqual(guardduty.get_detector(DetectorId=detector)["Status"], "ENABLED")
        self.assertEqual(code(guardduty.get_detector, DetectorId="0" * 32)[0], "BadRequestException")
        self.assertEqual(lab.client("guardduty", "eu-central-1").list_detectors()["DetectorIds"], [])
        self.assertIn(":hub/default", lab.client("securityhub").describe_hub()["HubArn"])
        refused, message = code(lab.client("securityhub", "eu-west-1").describe_hub)
        self.assertEqual((refused, "is not subscribed" in message), ("InvalidAccessException", True))

    def test_the_root_user_has_mfa_unless_told_otherwise(self):
        lab = Lab("empty")
        summary = lambda: lab.client("iam").get_account_summary()["SummaryMap"]  # noqa: E731
        self.assertEqual((summary()["AccountMFAEnabled"], summary()["AccountAccessKeysPresent"]), (1, 0))
        ask("POST", "account", account=lab.number, root_mfa=False, root_keys=True)
        self.assertEqual((summary()["AccountMFAEnabled"], summary()["AccountAccessKeysPresent"]), (0, 1))

    def test_faults_speak_each_services_language(self):
        lab = Lab("good")
        calls = {
            "events": lab.client("events").list_rules,
            "config": lab.client("config").describe_configuration_recorders,
            "guardduty": lab.client("guardduty").list_detectors,
            "securityhub": lab.client("securityhub").describe_hub,
            "cloudwatch": lab.client("cloudwatch").describe_alarms,
            "iam": lab.client("iam").get_account_summary,
            "cloudtrail": lab.client("cloudtrail").list_event_data_stores,
        }
        answers = {"events": "Rules", "config": "ConfigurationRecorders", "guardduty": "DetectorIds", "securityhub": "HubArn"}
        answers |= {"cloudwatch": "MetricAlarms", "iam": "SummaryMap", "cloudtrail": "EventDataStores"}
        denied = dict.fromkeys(("cloudwatch", "iam"), "AccessDenied")
        throttled = {**dict.fromkeys(("cloudwatch", "iam"), "Throttling"), **dict.fromkeys(("guardduty", "securityhub"), "TooManyRequestsException")}
        for kind, codes, otherwise in (("deny", denied, "AccessDeniedException"), ("scp", denied, "AccessDeniedException"), ("throttle", throttled, "ThrottlingException")):
            lab.fault(operation="*", kind=kind)
            for service, call in calls.items():
                refused, message = code(call)
                self.assertEqual(refused, codes.get(service, otherwise), f"{kind} {service}")
                self.assertEqual("service control policy" in message, kind == "scp", f"{kind} {service}")
            status, headers, refusal = rpc(lab, "DescribeAlarms")
            expected = codes["cloudwatch"]
            self.assertEqual((status >= 400, headers["x-amzn-query-error"]), (True, f"{expected};Sender"))
            self.assertEqual(refusal["__type"], f"com.amazonaws.cloudwatch#{expected}")
            ask("DELETE", "faults", account=lab.number)
        for kind in ("truncated", "malformed"):
            lab.fault(operation="*", kind=kind)
            for service, call in calls.items():
                with self.assertRaises(Exception, msg=f"{kind} {service}"):
                    call()[answers[service]]
            with self.assertRaises(Exception, msg=kind):
                rpc(lab, "DescribeAlarms")
            ask("DELETE", "faults", account=lab.number)

    def test_cbor_is_read_as_it_is_written(self):
        value = {"a": [1, -5, 300, 70000, 2**40, 1.5, True, None, "\u00e9" * 30], "t": cbor.Stamp(5), "m": {}}
        self.assertEqual(cbor.decode(cbor.encode(value)), value)
        # What the SDK for Rust sends: a map and a list without a length.
        self.assertEqual(cbor.decode(bytes.fromhex("bf61619f0203ffff")), {"a": [2, 3]})


def rpc(lab, operation, region="us-east-1", **arguments):
    """One request in CBOR, as the SDK for Rust makes it: status, headers, and what came."""
    signed = f"AWS4-HMAC-SHA256 Credential=AKIA{lab.number}TEST/20260101/{region}/monitoring/aws4_request"
    headers = {"Authorization": signed, "smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    url = f"{URL}/service/GraniteServiceVersion20100801/operation/{operation}"
    try:
        reply = urllib.request.urlopen(urllib.request.Request(url, cbor.encode(arguments), headers, method="POST"), timeout=20)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        return reply.status, {name.lower(): value for name, value in reply.headers.items()}, cbor.decode(reply.read())


if __name__ == "__main__":
    unittest.main(verbosity=1)
