"""Who watches what is logged: metric filters, subscription filters, alarms and the rules that mute them, EventBridge rules.

moto has no composite alarm of its own kind, no mute rule, no paging and no CBOR; what is put here stays here. Sources are the API
references of CloudWatch, CloudWatch Logs and EventBridge.
"""

import json

from moto.logs.models import logs_backends

import cbor
from world import Refusal

ALARMS_PAGE, FILTERS_PAGE, RULES_PAGE, TARGETS_PAGE, MUTES_PAGE = 10, 8, 2, 2, 1
SINCE = 1767603600.0  # 2026-01-05T09:00:00Z
SERVICE = "GraniteServiceVersion20100801"
ALARM_DEFAULTS = {"ActionsEnabled": True, "OKActions": [], "AlarmActions": [], "InsufficientDataActions": []}


def json_reply(value):
    return 200, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(value).encode()


def question(call):
    return json.loads(call.body or b"{}")


def speaks_cbor(call):
    """CloudWatch is asked in CBOR by the SDK for Rust, and in JSON by botocore."""
    return call.path.startswith("/service/")


def alarm_question(call):
    return cbor.decode(call.body) if speaks_cbor(call) else question(call)


def alarm_reply(call, value):
    if not speaks_cbor(call):
        return json_reply(value)
    return 200, [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")], cbor.encode(value)


def paged(asked, rows, size, token="nextToken", limit="limit"):
    """A page of rows, and the token of the next one, which may come before what was asked for is reached."""
    try:
        at = int(asked.get(token) or 0)
    except ValueError as wrong:
        raise Refusal("InvalidParameterException" if token == "nextToken" else "InvalidNextToken", "The specified nextToken is invalid.") from wrong
    size = min(asked.get(limit) or 50, size)
    return rows[at : at + size], ({token: str(at + size)} if at + size < len(rows) else {})


# CloudWatch Logs


def log_group(call, asked):
    name = asked.get("logGroupName") or asked.get("logGroupIdentifier", "")
    if name not in logs_backends[call.account][call.region].groups:
        raise Refusal("ResourceNotFoundException", "The specified log group does not exist.")
    return name


def put_metric_filter(call, account):
    asked = question(call)
    group = log_group(call, asked)
    kept = {"filterName": asked["filterName"], "filterPattern": asked.get("filterPattern", ""), "logGroupName": group, "creationTime": int(SINCE * 1000)}
    kept |= {name: asked[name] for name in ("fieldSelectionCriteria", "emitSystemFieldDimensions") if name in asked}
    kept |= {"applyOnTransformedLogs": asked.get("applyOnTransformedLogs", False), "metricTransformations": asked["metricTransformations"]}
    account.kept("metric filter", call.region)[group, asked["filterName"]] = kept
    return json_reply({})


def describe_metric_filters(call, account):
    asked = question(call)
    group = log_group(call, asked) if "logGroupName" in asked else None
    rows = [row for (name, _), row in sorted(account.kept("metric filter", call.region).items()) if group in (None, name)]
    page, more = paged(asked, rows, FILTERS_PAGE)
    return json_reply({"metricFilters": page, **more})


def put_subscription_filter(call, account):
    asked = question(call)
    group = log_group(call, asked)
    kept = {
        "filterName": asked["filterName"],
        "logGroupName": group,
        "filterPattern": asked.get("filterPattern", ""),
        "destinationArn": asked["destinationArn"],
        "distribution": asked.get("distribution", "ByLogStream"),
        "applyOnTransformedLogs": asked.get("applyOnTransformedLogs", False),
        "creationTime": int(SINCE * 1000),
    }
    account.kept("subscription filter", call.region)[group, asked["filterName"]] = kept
    return json_reply({})


def describe_subscription_filters(call, account):
    asked = question(call)
    group = log_group(call, asked)
    rows = [row for (name, _), row in sorted(account.kept("subscription filter", call.region).items()) if name == group]
    page, more = paged(asked, rows, FILTERS_PAGE)
    return json_reply({"subscriptionFilters": page, **more})


# CloudWatch


def arn(call, kind, name):
    return f"arn:aws:cloudwatch:{call.region}:{call.account}:{kind}:{name}"


def put_alarm(call, account, kind):
    asked = alarm_question(call)
    asked.pop("Tags", None)
    name = asked["AlarmName"]
    stamps = ("AlarmConfigurationUpdatedTimestamp", "StateUpdatedTimestamp", "StateTransitionedTimestamp")
    # Where no event is as good as none that matches, the first evaluation ends in OK; else the alarm waits for a datapoint.
    is_ok = kind == "CompositeAlarms" or asked.get("TreatMissingData") == "notBreaching"
    state = {"StateValue": "OK" if is_ok else "INSUFFICIENT_DATA", "StateReason": "No datapoints were received"}
    kept = {**ALARM_DEFAULTS, **asked, "AlarmArn": arn(call, "alarm", name), **state, **dict.fromkeys(stamps, cbor.Stamp(SINCE))}
    if kind == "MetricAlarms" and "Metrics" not in kept:
        kept.setdefault("Dimensions", [])
    if "Threshold" in kept:
        kept["Threshold"] = float(kept["Threshold"])
    account.kept("alarm", call.region)[name] = (kind, kept)
    return alarm_reply(call, {})


def put_metric_alarm(call, account):
    return put_alarm(call, account, "MetricAlarms")


def put_composite_alarm(call, account):
    return put_alarm(call, account, "CompositeAlarms")


def switch_actions(call, account):
    for name in alarm_question(call)["AlarmNames"]:
        account.kept("alarm", call.region)[name][1]["ActionsEnabled"] = call.operation == "EnableAlarmActions"
    return alarm_reply(call, {})


def set_alarm_state(call, account):
    asked = alarm_question(call)
    account.kept("alarm", call.region)[asked["AlarmName"]][1].update(StateValue=asked["StateValue"], StateReason=asked["StateReason"])
    return alarm_reply(call, {})


def describe_alarms(call, account):
    """Metric alarms alone where nobody asks for composite ones."""
    asked = alarm_question(call)
    wanted = {f"{kind}s" for kind in asked.get("AlarmTypes") or ["MetricAlarm"]}
    names = asked.get("AlarmNames")
    rows = [row for name, row in sorted(account.kept("alarm", call.region).items()) if row[0] in wanted and (not names or name in names)]
    page, more = paged(asked, rows, ALARMS_PAGE, "NextToken", "MaxRecords")
    kinds = {kind: [alarm for of, alarm in page if of == kind] for kind in ("MetricAlarms", "CompositeAlarms")}
    return alarm_reply(call, {**kinds, **more})


def put_alarm_mute_rule(call, account):
    asked = alarm_question(call)
    stamp = lambda name, value: cbor.Stamp(value) if name.endswith("Date") else value  # noqa: E731
    kept = {name: stamp(name, value) for name, value in asked.items() if name != "Tags"}
    kept |= {"AlarmMuteRuleArn": arn(call, "alarm-mute-rule", asked["Name"]), "LastUpdatedTimestamp": cbor.Stamp(SINCE)}
    once = asked["Rule"]["Schedule"]["Expression"].startswith("at(")
    kept |= {"MuteType": "ONE_TIME" if once else "RECURRING"}
    account.kept("mute rule", call.region)[asked["Name"]] = kept
    return alarm_reply(call, {})


def mute_status(rule, account):
    """AWS works it out from the schedule; here what begins at a time has begun, and what comes again waits."""
    if rule.get("ExpireDate") and rule["ExpireDate"] <= account.now():
        return "EXPIRED"
    return "ACTIVE" if rule["MuteType"] == "ONE_TIME" else "SCHEDULED"


def list_alarm_mute_rules(call, account):
    asked = alarm_question(call)
    rows = []
    for _, rule in sorted(account.kept("mute rule", call.region).items()):
        status = mute_status(rule, account)
        targets = rule.get("MuteTargets", {}).get("AlarmNames", [])
        if status in (asked.get("Statuses") or [status]) and asked.get("AlarmName") in (None, *targets):
            summary = {name: rule.get(name) for name in ("AlarmMuteRuleArn", "ExpireDate", "MuteType", "LastUpdatedTimestamp")}
            rows.append({**summary, "Status": status})
    page, more = paged(asked, rows, MUTES_PAGE, "NextToken", "MaxRecords")
    return alarm_reply(call, {"AlarmMuteRuleSummaries": page, **more})


def get_alarm_mute_rule(call, account):
    name = alarm_question(call)["AlarmMuteRuleName"]
    rule = account.kept("mute rule", call.region).get(name)
    if not rule:
        raise Refusal("ResourceNotFoundException", f"Alarm mute rule {name} does not exist", 404)
    return alarm_reply(call, {**rule, "Status": mute_status(rule, account)})


# EventBridge


def put_rule(call, account):
    asked = question(call)
    rule_arn = f"arn:aws:events:{call.region}:{call.account}:rule/{asked['Name']}"
    kept = {"Name": asked["Name"], "Arn": rule_arn, "EventBusName": "default", "State": "ENABLED"}
    kept |= {name: asked[name] for name in ("EventPattern", "State", "Description", "ScheduleExpression", "ManagedBy") if name in asked}
    account.kept("rule", call.region).setdefault(asked["Name"], {"targets": {}})["rule"] = kept
    return json_reply({"RuleArn": rule_arn})


def rule(call, account, name):
    found = account.kept("rule", call.region).get(name)
    if not found:
        raise Refusal("ResourceNotFoundException", f"Rule {name} does not exist on EventBus default.")
    return found


def put_targets(call, account):
    asked = question(call)
    rule(call, account, asked["Rule"])["targets"].update({target["Id"]: target for target in asked["Targets"]})
    return json_reply({"FailedEntryCount": 0, "FailedEntries": []})


def list_rules(call, account):
    asked = question(call)
    rows = [row["rule"] for _, row in sorted(account.kept("rule", call.region).items())]
    page, more = paged(asked, rows, RULES_PAGE, "NextToken", "Limit")
    return json_reply({"Rules": page, **more})


def list_targets_by_rule(call, account):
    asked = question(call)
    rows = list(rule(call, account, asked["Rule"])["targets"].values())
    page, more = paged(asked, rows, TARGETS_PAGE, "NextToken", "Limit")
    return json_reply({"Targets": page, **more})


HANDLERS = {
    "logs:PutMetricFilter": put_metric_filter,
    "logs:DescribeMetricFilters": describe_metric_filters,
    "logs:PutSubscriptionFilter": put_subscription_filter,
    "logs:DescribeSubscriptionFilters": describe_subscription_filters,
    "cloudwatch:PutMetricAlarm": put_metric_alarm,
    "cloudwatch:PutCompositeAlarm": put_composite_alarm,
    "cloudwatch:EnableAlarmActions": switch_actions,
    "cloudwatch:DisableAlarmActions": switch_actions,
    "cloudwatch:SetAlarmState": set_alarm_state,
    "cloudwatch:DescribeAlarms": describe_alarms,
    "cloudwatch:PutAlarmMuteRule": put_alarm_mute_rule,
    "cloudwatch:ListAlarmMuteRules": list_alarm_mute_rules,
    "cloudwatch:GetAlarmMuteRule": get_alarm_mute_rule,
    "events:PutRule": put_rule,
    "events:PutTargets": put_targets,
    "events:ListRules": list_rules,
    "events:ListTargetsByRule": list_targets_by_rule,
}
