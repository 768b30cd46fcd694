"""Watching, as people set it up: a metric filter for each event that the CIS benchmark and Security Hub name, an alarm on each, a topic
that tells somebody, and the services beside.

The patterns are spelt as these texts publish them, which is what one meets in accounts: some bind an event to its service, some do not.
"""

import json

NAMESPACE = "CISBenchmark"


def events(names, source=None):
    """A pattern that matches calls by their name."""
    named = " || ".join(f"($.eventName={name})" for name in names.split())
    return f"{{($.eventSource={source}) && ({named})}}" if source else f"{{{named}}}"


# name of filter and metric -> pattern
FILTERS = {
    "UnauthorizedAPICalls": '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}',
    "ConsoleSigninWithoutMFA": '{($.eventName="ConsoleLogin") && ($.additionalEventData.MFAUsed !="Yes") && '
    '($.userIdentity.type="IAMUser") && ($.responseElements.ConsoleLogin="Success")}',
    "RootAccountUsage": '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}',
    "IAMPolicyChanges": events(
        "DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy CreatePolicy DeletePolicy "
        "CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy AttachUserPolicy DetachUserPolicy AttachGroupPolicy "
        "DetachGroupPolicy",
        "iam.amazonaws.com",
    ),
    "CloudTrailChanges": events("CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"),
    "ConsoleAuthenticationFailure": '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}',
    "DisableOrDeleteCMK": events("DisableKey ScheduleKeyDeletion", "kms.amazonaws.com"),
    "S3BucketPolicyChanges": events(
        "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication DeleteBucketPolicy DeleteBucketCors "
        "DeleteBucketLifecycle DeleteBucketReplication",
        "s3.amazonaws.com",
    ),
    "AWSConfigChanges": events(
        "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel PutConfigurationRecorder", "config.amazonaws.com"
    ),
    "SecurityGroupChanges": events(
        "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress "
        "CreateSecurityGroup DeleteSecurityGroup"
    ),
    "NetworkACLChanges": events(
        "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry ReplaceNetworkAclAssociation"
    ),
    "NetworkGatewayChanges": events(
        "CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway DeleteInternetGateway DetachInternetGateway"
    ),
    "RouteTableChanges": events(
        "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute DisassociateRouteTable",
        "ec2.amazonaws.com",
    ),
    "VPCChanges": events(
        "CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection CreateVpcPeeringConnection DeleteVpcPeeringConnection "
        "RejectVpcPeeringConnection AttachClassicLinkVpc DetachClassicLinkVpc DisableVpcClassicLink EnableVpcClassicLink"
    ),
    "OrganizationsChanges": events(
        "AcceptHandshake AttachPolicy CreateAccount CreateOrganizationalUnit CreatePolicy DeclineHandshake DeleteOrganization "
        "DeleteOrganizationalUnit DeletePolicy DetachPolicy DisablePolicyType EnablePolicyType InviteAccountToOrganization "
        "LeaveOrganization MoveAccount RemoveAccountFromOrganization UpdatePolicy UpdateOrganizationalUnit",
        "organizations.amazonaws.com",
    ),
    # What no edition of the benchmark names: a trail that goes on logging, and records nothing any more.
    "TrailSelectorChanges": events(
        "PutEventSelectors PutInsightSelectors UpdateEventDataStore DeleteEventDataStore StopEventDataStoreIngestion",
        "cloudtrail.amazonaws.com",
    ),
}

# What else ends the logs: their bucket, and who administers the trails.
BEYOND = {
    "LogBucketChanges": events(
        "DeleteBucket DeleteBucketPolicy PutBucketPolicy PutBucketLifecycle DeleteBucketLifecycle PutBucketVersioning "
        "PutBucketObjectLockConfiguration",
        "s3.amazonaws.com",
    ),
    "TrailAdministratorChanges": events(
        "RegisterOrganizationDelegatedAdmin DeregisterOrganizationDelegatedAdmin", "cloudtrail.amazonaws.com"
    ),
}


def alarm_topic(make, name, region="us-east-1", key=None):
    """A topic that CloudWatch's alarms and EventBridge's rules of the account may tell."""
    sns = make.client("sns", region)
    arn = sns.create_topic(Name=name)["TopicArn"]
    allow = lambda sid, service, source: {  # noqa: E731
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "SNS:Publish",
        "Resource": arn,
        "Condition": source,
    }
    statements = [
        allow("AlarmsPublish", "cloudwatch.amazonaws.com", {"StringEquals": {"aws:SourceAccount": make.number}}),
        allow("RulesPublish", "events.amazonaws.com", {"ArnLike": {"aws:SourceArn": f"arn:aws:events:{region}:{make.number}:rule/*"}}),
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    for attribute, value in {"Policy": policy, **({"KmsMasterKeyId": key} if key else {})}.items():
        sns.set_topic_attributes(TopicArn=arn, AttributeName=attribute, AttributeValue=value)
    return arn


def metric_filter(make, group, name, pattern, region="us-east-1", **more):
    transformation = {"metricName": name, "metricNamespace": NAMESPACE, "metricValue": "1"}
    make.client("logs", region).put_metric_filter(
        logGroupName=group, filterName=name, filterPattern=pattern, metricTransformations=[transformation], **more
    )


def alarm(make, name, metric, topic, region="us-east-1", **more):
    """An alarm that goes off with the first event in five minutes."""
    make.client("cloudwatch", region).put_metric_alarm(
        **{
            "AlarmName": name,
            "AlarmActions": [topic],
            "MetricName": metric,
            "Namespace": NAMESPACE,
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            **more,
        }
    )


def watched(make, group, topic, region="us-east-1", without=()):
    """Every filter on the log group, and an alarm on each; `without` names filters whose alarm was forgotten."""
    for name, pattern in FILTERS.items():
        metric_filter(make, group, name, pattern, region)
        if name not in without:
            alarm(make, name, name, topic, region)


def rule(make, name, topic, pattern, region="us-east-1", **more):
    """A rule that tells a topic of events."""
    client = make.client("events", region)
    client.put_rule(Name=name, EventPattern=json.dumps(pattern), **more)
    client.put_targets(Rule=name, Targets=[{"Id": "tell", "Arn": topic}])


def api_calls(names, source):
    """The event pattern of calls that CloudTrail reports."""
    return {"source": [source], "detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": names.split()}}


def configured(make, region, bucket, is_global=False, is_recording=True):
    """AWS Config in a Region."""
    config = make.client("config", region)
    role = f"arn:aws:iam::{make.number}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
    group = {"allSupported": True, "includeGlobalResourceTypes": is_global}
    config.put_configuration_recorder(ConfigurationRecorder={"name": "default", "roleARN": role, "recordingGroup": group})
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": bucket})
    if is_recording:
        config.start_configuration_recorder(ConfigurationRecorderName="default")


def beside(make, regions, config=(), guardduty=(), security_hub=()):
    """The services beside CloudTrail, each in the Regions that it is named for."""
    for region in regions:
        if region in config:
            configured(make, region, f"config-{make.number}", is_global=region == "us-east-1")
        if region in guardduty:
            make.client("guardduty", region).create_detector(Enable=True)
        if region in security_hub:
            make.client("securityhub", region).enable_security_hub(EnableDefaultStandards=True)


def event_data_store(make, name, region="us-east-1", is_stopped=False, **more):
    cloudtrail = make.client("cloudtrail", region)
    arn = cloudtrail.create_event_data_store(Name=name, **more)["EventDataStoreArn"]
    if is_stopped:
        cloudtrail.stop_event_data_store_ingestion(EventDataStore=arn)
    return arn
