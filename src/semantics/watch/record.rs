//! What CloudTrail's records hold: which fields are always there, and what kinds of values they have.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html> and
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>. Of what those pages
//! do not speak, such as the parameters of a request, anything is possible.

use crate::semantics::leaf::{Path, Step};
use crate::semantics::text::{Glob, TextTest};

/// The fields at the top of a record.
pub(super) const FIELDS: [&str; 29] = [
    "additionalEventData",
    "addendum",
    "apiVersion",
    "awsRegion",
    "edgeDeviceDetails",
    "errorCode",
    "errorMessage",
    "eventCategory",
    "eventContext",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "managementEvent",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "resources",
    "responseElements",
    "serviceEventDetails",
    "sessionCredentialFromConsole",
    "sharedEventID",
    "sourceIPAddress",
    "tlsDetails",
    "userAgent",
    "userIdentity",
];

/// The fields that belong to VPC endpoints.
pub(super) const ENDPOINT_FIELDS: [&str; 2] = ["vpcEndpointAccountId", "vpcEndpointId"];

/// The types of events, with the name by which EventBridge delivers each.
pub(super) const EVENT_TYPES: [(&str, &str); 6] = [
    ("AwsApiCall", "AWS API Call via CloudTrail"),
    ("AwsConsoleSignIn", "AWS Console Sign In via CloudTrail"),
    ("AwsServiceEvent", "AWS Service Event via CloudTrail"),
    ("AwsConsoleAction", "AWS Console Action via CloudTrail"),
    ("AwsVpceEvent", "AWS Vpce Event via CloudTrail"),
    ("AwsCloudTrailInsight", "AWS Insight via CloudTrail"),
];

/// The types of management events; the others belong to network activity and to Insights.
pub(super) const MANAGEMENT_TYPES: [&str; 4] = ["AwsApiCall", "AwsConsoleAction", "AwsConsoleSignIn", "AwsServiceEvent"];

/// What a field can be.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    pub(super) absent: bool,
    pub(super) null: bool,
    pub(super) bools: bool,
    pub(super) numbers: bool,
    pub(super) containers: bool,
    pub(super) texts: Option<Texts>,
}

/// Which texts a field can be.
#[derive(Clone, Debug)]
pub(super) enum Texts {
    OneOf(&'static [&'static str]),
    Within(TextTest),
}

const CATEGORIES: &[&str] = &["Management", "Data", "NetworkActivity", "Insight"];
const TYPES: &[&str] =
    &["AwsApiCall", "AwsConsoleSignIn", "AwsServiceEvent", "AwsConsoleAction", "AwsVpceEvent", "AwsCloudTrailInsight"];

impl Shape {
    pub(super) fn of(path: &Path) -> Self {
        let keys: Option<Vec<&str>> = path
            .0
            .iter()
            .map(|step| match step {
                Step::Key(key) => Some(key.as_str()),
                _ => None,
            })
            .collect();
        let text = |absent| Shape { absent, texts: Some(Texts::Within(TextTest::Any)), ..Shape::default() };
        let container = |null, absent| Shape { null, absent, containers: true, ..Shape::default() };
        match keys.as_deref() {
            Some(["eventType"]) => Shape { texts: Some(Texts::OneOf(TYPES)), ..Shape::default() },
            Some(["eventCategory"]) => Shape { texts: Some(Texts::OneOf(CATEGORIES)), ..Shape::default() },
            Some(["eventSource"]) => {
                let within = TextTest::Glob(Glob::new("*.amazonaws.com"));
                Shape { texts: Some(Texts::Within(within)), ..Shape::default() }
            }
            Some(
                [
                    "eventVersion" | "eventTime" | "eventName" | "awsRegion" | "eventID" | "recipientAccountId"
                    | "sourceIPAddress",
                ],
            ) => text(false),
            Some(
                ["errorCode" | "errorMessage" | "userAgent" | "requestID" | "apiVersion" | "sharedEventID"]
                | ["vpcEndpointId" | "vpcEndpointAccountId"]
                | [
                    "userIdentity",
                    // Services that act by themselves have no type.
                    "type" | "userName" | "principalId" | "arn" | "accountId" | "accessKeyId" | "invokedBy" | "identityProvider",
                ]
                | ["additionalEventData", "MFAUsed" | "MobileVersion" | "LoginTo" | "MFAIdentifier"]
                | ["responseElements", "ConsoleLogin"],
            ) => text(true),
            Some(["managementEvent"]) => Shape { bools: true, ..Shape::default() },
            Some(["readOnly"]) => Shape { bools: true, absent: true, ..Shape::default() },
            Some(["userIdentity"]) => container(false, false),
            Some(["requestParameters" | "responseElements"]) => container(true, true),
            Some(["additionalEventData" | "resources" | "tlsDetails" | "addendum" | "serviceEventDetails"]) => {
                container(false, true)
            }
            // Unread corners of the record, and what services write: anything.
            _ => Shape {
                absent: true,
                null: true,
                bools: true,
                numbers: true,
                containers: true,
                texts: Some(Texts::Within(TextTest::Any)),
            },
        }
    }
}

/// A value that people know, for a field whose value may be any.
pub(super) fn familiar(path: &Path) -> &'static [&'static str] {
    match path.to_string().as_str() {
        "userIdentity.type" => &["AssumedRole", "IAMUser"],
        "userIdentity.userName" => &["bob", "carol"],
        "userIdentity.invokedBy" => &["cloudformation.amazonaws.com"],
        "eventName" => &["RunInstances", "GetObject", "DescribeInstances", "ListBuckets"],
        "eventSource" => &["ec2.amazonaws.com", "s3.amazonaws.com", "lambda.amazonaws.com"],
        "errorCode" => &["AccessDenied", "Client.UnauthorizedOperation", "ThrottlingException"],
        "sourceIPAddress" => &["203.0.113.7"],
        "awsRegion" => &["eu-west-1", "us-west-2"],
        "userAgent" => &["aws-cli/2.15.0"],
        _ => &[],
    }
}
