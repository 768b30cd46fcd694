"""What stands beside CloudTrail's trails: event data stores, AWS Config, GuardDuty, Security Hub, and the account's root user.

moto has no event data store, gives its own times, and knows no page. Sources are the API references of the services.
"""

import hashlib
import json
import re
import uuid

from world import Refusal

STORES_PAGE, DETECTORS_PAGE = 1, 1
SINCE = 1767603600.0  # 2026-01-05T09:00:00Z
ALL_MANAGEMENT = [{"Name": "Default management events", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]


def json_reply(value, kind="application/x-amz-json-1.1"):
    return 200, [("Content-Type", kind)], json.dumps(value).encode()


def question(call):
    return json.loads(call.body or b"{}")


def page_of(token, rows, size):
    """A page of rows, and the token of the next one; none behind the last."""
    at = int((token or "page-0").removeprefix("page-"))
    return rows[at : at + size], (f"page-{at + size}" if at + size < len(rows) else None)


# CloudTrail Lake


def store_arn(call, name):
    """The same for the same name, so that a recording can be made again."""
    drawn = uuid.uuid5(uuid.NAMESPACE_URL, f"{call.account}/{call.region}/{name}")
    return f"arn:aws:cloudtrail:{call.region}:{call.account}:eventdatastore/{drawn}"


def create_event_data_store(call, account):
    asked = question(call)
    arn = store_arn(call, asked["Name"])
    kept = {
        "EventDataStoreArn": arn,
        "Name": asked["Name"],
        "Status": "ENABLED",
        "AdvancedEventSelectors": asked.get("AdvancedEventSelectors", ALL_MANAGEMENT),
        "MultiRegionEnabled": asked.get("MultiRegionEnabled", True),
        "OrganizationEnabled": asked.get("OrganizationEnabled", False),
        "RetentionPeriod": asked.get("RetentionPeriod", 366),
        "TerminationProtectionEnabled": asked.get("TerminationProtectionEnabled", True),
        "CreatedTimestamp": SINCE,
        "UpdatedTimestamp": SINCE,
        "BillingMode": asked.get("BillingMode", "EXTENDABLE_RETENTION_PRICING"),
        "FederationStatus": "DISABLED",
    }
    if "KmsKeyId" in asked:
        kept["KmsKeyId"] = asked["KmsKeyId"]
    account.kept("store", call.region)[arn] = kept
    return json_reply(kept)


def store(call, account):
    name = question(call)["EventDataStore"]
    found = next((s for arn, s in account.kept("store", call.region).items() if name in (arn, arn.rsplit("/", 1)[1])), None)
    if not found:
        raise Refusal("EventDataStoreNotFoundException", f"Event data store {name} was not found.")
    return found


def stop_event_data_store_ingestion(call, account):
    store(call, account)["Status"] = "STOPPED_INGESTION"
    return json_reply({})


def list_event_data_stores(call, account):
    """Names and ARNs: whoever wants more asks for each store."""
    page, token = page_of(question(call).get("NextToken"), sorted(account.kept("store", call.region)), STORES_PAGE)
    rows = [{"EventDataStoreArn": arn, "Name": account.kept("store", call.region)[arn]["Name"]} for arn in page]
    return json_reply({"EventDataStores": rows, **({"NextToken": token} if token else {})})


def get_event_data_store(call, account):
    return json_reply({name: value for name, value in store(call, account).items() if name != "FederationStatus"})


# AWS Config


def put_configuration_recorder(call, account):
    recorder = question(call)["ConfigurationRecorder"]
    group = recorder.get("recordingGroup") or {"allSupported": True}
    everything = {"allSupported": False, "includeGlobalResourceTypes": False, "resourceTypes": [], **group}
    everything.setdefault("recordingStrategy", {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES" if everything["allSupported"] else "INCLUSION_BY_RESOURCE_TYPES"})
    arn = f"arn:aws:config:{call.region}:{call.account}:configuration-recorder/{recorder['name']}/{steady(call, recorder['name'])[:16]}"
    kept = {"arn": arn, **recorder, "recordingGroup": everything, "recordingMode": {"recordingFrequency": "CONTINUOUS"}, "recordingScope": "PAID"}
    account.kept("recorder", call.region)[recorder["name"]] = kept
    account.kept("recording", call.region)[recorder["name"]] = {"arn": arn, "name": recorder["name"], "recording": False}
    return json_reply({})


def steady(call, name):
    return hashlib.sha256(f"{call.account}/{call.region}/{name}".encode()).hexdigest()


def start_configuration_recorder(call, account):
    status = account.kept("recording", call.region)[question(call)["ConfigurationRecorderName"]]
    status.update(recording=True, lastStartTime=SINCE, lastStatus="SUCCESS", lastStatusChangeTime=SINCE)
    return json_reply({})


def stop_configuration_recorder(call, account):
    account.kept("recording", call.region)[question(call)["ConfigurationRecorderName"]].update(recording=False, lastStopTime=SINCE)
    return json_reply({})


def put_delivery_channel(call, account):
    channel = question(call)["DeliveryChannel"]
    account.kept("channel", call.region)[channel["name"]] = channel
    return json_reply({})


def describe_configuration_recorders(call, account):
    return json_reply({"ConfigurationRecorders": list(account.kept("recorder", call.region).values())})


def describe_configuration_recorder_status(call, account):
    return json_reply({"ConfigurationRecordersStatus": list(account.kept("recording", call.region).values())})


def describe_delivery_channel_status(call, account):
    """Deliveries go well, unless the test says otherwise of a channel."""
    rows = []
    for name in account.kept("channel", call.region):
        last = {"lastStatus": account.deliveries.get(name, "SUCCESS"), "lastAttemptTime": SINCE, "lastSuccessfulTime": SINCE}
        stream = {"lastStatus": last["lastStatus"], "lastStatusChangeTime": SINCE}
        rows.append({"name": name, "configSnapshotDeliveryInfo": last, "configHistoryDeliveryInfo": last, "configStreamDeliveryInfo": stream})
    return json_reply({"DeliveryChannelsStatus": rows})


# GuardDuty


def create_detector(call, account):
    detectors = account.kept("detector", call.region)
    detector = steady(call, f"detector {len(detectors)}")[:32]
    enabled = question(call)["enable"]
    detectors[detector] = {
        "createdAt": "2026-01-05T09:00:00.000Z",
        "findingPublishingFrequency": "SIX_HOURS",
        "serviceRole": f"arn:aws:iam::{call.account}:role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty",
        "status": "ENABLED" if enabled else "DISABLED",
        "updatedAt": "2026-01-05T09:00:00.000Z",
        "tags": {},
    }
    return json_reply({"detectorId": detector}, "application/json")


def list_detectors(call, account):
    """One to a Region, as AWS has it, and an empty token behind the last page."""
    page, token = page_of(call.arguments.get("nextToken", [""])[0], sorted(account.kept("detector", call.region)), DETECTORS_PAGE)
    return json_reply({"detectorIds": page, "nextToken": token or ""}, "application/json")


def get_detector(call, account):
    found = account.kept("detector", call.region).get(call.path.rsplit("/", 1)[1])
    if not found:
        raise Refusal("BadRequestException", "The request is rejected because the input detectorId is not owned by the current account.")
    return json_reply(found, "application/json")


# Security Hub


def enable_security_hub(call, account):
    account.kept("hub", call.region)["default"] = True
    return json_reply({}, "application/json")


def describe_hub(call, account):
    if account.security_hub is None and not account.kept("hub", call.region):
        raise Refusal("InvalidAccessException", f"Account {call.account} is not subscribed to AWS Security Hub", 401)
    hub = {"HubArn": f"arn:aws:securityhub:{call.region}:{call.account}:hub/default", "SubscribedAt": "2026-01-05T09:00:00.000Z"}
    return json_reply({**hub, "AutoEnableControls": True, "ControlFindingGenerator": "SECURITY_CONTROL"}, "application/json")


# IAM


def get_account_summary(call, account):
    counts = {"Users": 1, "MFADevices": int(account.root_mfa), "AccountMFAEnabled": int(account.root_mfa), "AccountAccessKeysPresent": int(account.root_keys)}
    rows = "".join(f"<entry><key>{name}</key><value>{count}</value></entry>" for name, count in counts.items())
    text = (
        '<GetAccountSummaryResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetAccountSummaryResult><SummaryMap>'
        f"{rows}</SummaryMap></GetAccountSummaryResult><ResponseMetadata><RequestId>{call.request_id}</RequestId></ResponseMetadata>"
        "</GetAccountSummaryResponse>"
    )
    return 200, [("Content-Type", "text/xml")], text.encode()


def rest_operation(service, method, path):
    """The operation behind a path, for services that speak REST; none where it is another's."""
    for of, verb, pattern, operation in (
        ("guardduty", "GET", r"/detector", "ListDetectors"),
        ("guardduty", "POST", r"/detector", "CreateDetector"),
        ("guardduty", "GET", r"/detector/[^/]+", "GetDetector"),
        ("securityhub", "GET", r"/accounts", "DescribeHub"),
        ("securityhub", "POST", r"/accounts", "EnableSecurityHub"),
        ("securityhub", "POST", r"/findings/import", "BatchImportFindings"),
    ):
        if (of, verb) == (service, method) and re.fullmatch(pattern, path):
            return operation
    return None


HANDLERS = {
    "cloudtrail:CreateEventDataStore": create_event_data_store,
    "cloudtrail:StopEventDataStoreIngestion": stop_event_data_store_ingestion,
    "cloudtrail:ListEventDataStores": list_event_data_stores,
    "cloudtrail:GetEventDataStore": get_event_data_store,
    "config:PutConfigurationRecorder": put_configuration_recorder,
    "config:StartConfigurationRecorder": start_configuration_recorder,
    "config:StopConfigurationRecorder": stop_configuration_recorder,
    "config:PutDeliveryChannel": put_delivery_channel,
    "config:DescribeConfigurationRecorders": describe_configuration_recorders,
    "config:DescribeConfigurationRecorderStatus": describe_configuration_recorder_status,
    "config:DescribeDeliveryChannelStatus": describe_delivery_channel_status,
    "guardduty:CreateDetector": create_detector,
    "guardduty:ListDetectors": list_detectors,
    "guardduty:GetDetector": get_detector,
    "securityhub:EnableSecurityHub": enable_security_hub,
    "securityhub:DescribeHub": describe_hub,
    "iam:GetAccountSummary": get_account_summary,
}
