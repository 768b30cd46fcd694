//! What the accounts hold, and how each call about them is answered.
//!
//! Every account has a trail of its own, over every Region, with a bucket and a key of its own; every account sees the
//! organization's trail, which the first account owns, with its bucket, key, log group and topic. Nothing is stored: an
//! answer follows from who asks, where and what.

use serde_json::{Value, json};

/// The organization that the server plays.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) accounts: usize,
    pub(crate) regions: Vec<String>,
}

/// A call, as far as it matters to the answer.
pub(crate) struct Call<'a> {
    pub(crate) account: &'a str,
    pub(crate) service: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a str,
}

/// Status, header lines, body.
pub(crate) type Reply = (u16, &'static str, Vec<u8>);

const CBOR: &str = "content-type: application/cbor\r\nsmithy-protocol: rpc-v2-cbor\r\n";
const BASE: &str = "us-east-1";
/// The policies of the role that writes the organization's trail to its log group, as IAM writes them.
const TRUST: &str = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22clou\
    dtrail.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";
const WRITE: &str = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%5B%22logs%3ACreateLogStream%\
    22%2C%22logs%3APutLogEvents%22%5D%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
const SEVENTEEN: [&str; 17] = [
    BASE,
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
];

fn ok(body: impl Into<Vec<u8>>) -> Reply {
    (200, "", body.into())
}

fn json_error(kind: &str) -> Reply {
    (400, "", json!({"__type": kind, "message": "told so"}).to_string().into())
}

fn s3_error(status: u16, code: &str) -> Reply {
    (status, "", format!("<Error><Code>{code}</Code><Message>told so</Message></Error>").into())
}

/// The twelve digits of an account.
pub(crate) fn account(index: usize) -> String {
    format!("{:012}", 100_000_000_000_usize + index)
}

impl World {
    pub(crate) fn new(accounts: usize, regions: usize) -> Self {
        World { accounts, regions: SEVENTEEN[..regions.min(17)].iter().map(|r| (*r).to_string()).collect() }
    }

    pub(crate) fn answer(&self, call: &Call<'_>) -> Reply {
        match (call.service, call.operation) {
            ("sts", "AssumeRole") => self.assume(call),
            ("sts", _) => ok(format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                 <Arn>arn:aws:sts::{0}:assumed-role/TrailproofAudit/me</Arn><UserId>AROAEXAMPLE:me</UserId><Account>{0}</Account>\
                 </GetCallerIdentityResult></GetCallerIdentityResponse>",
                call.account
            )),
            ("iam", "GetAccountSummary") => ok(
                "<GetAccountSummaryResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetAccountSummaryResult><SummaryMap>\
                 <entry><key>AccountMFAEnabled</key><value>1</value></entry><entry><key>AccountAccessKeysPresent</key><value>0</value>\
                 </entry></SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>",
            ),
            ("iam", "GetRole") => ok(format!(
                "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role><Path>/</Path>\
                 <RoleName>to-logs</RoleName><RoleId>AROAEXAMPLE</RoleId><Arn>arn:aws:iam::{}:role/to-logs</Arn>\
                 <CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>{TRUST}</AssumeRolePolicyDocument>\
                 </Role></GetRoleResult></GetRoleResponse>",
                call.account
            )),
            ("iam", "ListRolePolicies") => {
                ok("<ListRolePoliciesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListRolePoliciesResult>\
                 <IsTruncated>false</IsTruncated><PolicyNames><member>write</member></PolicyNames>\
                 </ListRolePoliciesResult></ListRolePoliciesResponse>")
            }
            ("iam", "GetRolePolicy") => ok(format!(
                "<GetRolePolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRolePolicyResult>\
                 <RoleName>to-logs</RoleName><PolicyName>write</PolicyName><PolicyDocument>{WRITE}</PolicyDocument>\
                 </GetRolePolicyResult></GetRolePolicyResponse>"
            )),
            ("iam", "ListAttachedRolePolicies") => ok(
                "<ListAttachedRolePoliciesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListAttachedRolePoliciesResult>\
                 <IsTruncated>false</IsTruncated><AttachedPolicies/></ListAttachedRolePoliciesResult></ListAttachedRolePoliciesResponse>",
            ),
            ("iam", _) => ok(format!(
                "<ListAccountAliasesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListAccountAliasesResult>\
                 <IsTruncated>false</IsTruncated><AccountAliases><member>acme-{}</member></AccountAliases>\
                 </ListAccountAliasesResult></ListAccountAliasesResponse>",
                call.account
            )),
            ("account", _) => {
                let regions = self.regions.iter().map(|r| json!({"RegionName": r, "RegionOptStatus": "ENABLED_BY_DEFAULT"}));
                ok(json!({ "Regions": regions.collect::<Vec<_>>() }).to_string())
            }
            ("s3control", _) => ok(public_access_block("http://awss3control.amazonaws.com/doc/2018-08-20/")),
            ("organizations", operation) => self.organizations(operation, call.body),
            ("cloudtrail", operation) => cloudtrail(operation, call),
            ("kms", operation) => kms(operation, call),
            ("logs", "DescribeMetricFilters") => {
                let filter = |name: &str| {
                    json!({"filterName": name, "filterPattern": format!("{{ $.eventName = {name} }}"), "logGroupName": "/cloudtrail/org",
                        "metricTransformations": [{"metricName": name, "metricNamespace": "Trails", "metricValue": "1"}]})
                };
                let filters = ["StopLogging", "DeleteTrail", "UpdateTrail"].map(filter);
                ok(json!({"metricFilters": filters}).to_string())
            }
            ("logs", "DescribeSubscriptionFilters") => ok("{\"subscriptionFilters\":[]}"),
            // A map of two empty lists, in CBOR.
            ("cloudwatch", _) => (200, CBOR, b"\xa2\x6cMetricAlarms\x80\x6fCompositeAlarms\x80".to_vec()),
            ("logs", _) => {
                let arn = format!("arn:aws:logs:{BASE}:{}:log-group:/cloudtrail/org", call.account);
                ok(json!({"logGroups": [{"logGroupName": "/cloudtrail/org", "arn": format!("{arn}:*"), "logGroupArn": arn,
                    "retentionInDays": 400, "storedBytes": 1}]})
                .to_string())
            }
            ("sns", _) => ok(format!(
                "<GetTopicAttributesResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><GetTopicAttributesResult><Attributes>\
                 <entry><key>TopicArn</key><value>arn:aws:sns:{BASE}:{0}:org</value></entry><entry><key>Owner</key><value>{0}</value>\
                 </entry><entry><key>Policy</key><value>{{\"Version\":\"2012-10-17\",\"Statement\":[]}}</value></entry></Attributes>\
                 </GetTopicAttributesResult></GetTopicAttributesResponse>",
                call.account
            )),
            ("s3", operation) => s3(operation, call),
            ("events", _) => ok("{\"Rules\":[]}"),
            ("config", operation) => ok(config(operation).to_string()),
            ("guardduty", _) if call.path == "/detector" => ok("{\"detectorIds\":[\"d\"],\"nextToken\":\"\"}"),
            ("guardduty", _) => ok("{\"status\":\"ENABLED\"}"),
            ("securityhub", _) => {
                ok(json!({"HubArn": format!("arn:aws:securityhub:{BASE}:{}:hub/default", call.account)}).to_string())
            }
            _ => json_error("UnknownOperationException"),
        }
    }

    /// Credentials whose access key tells the account.
    fn assume(&self, call: &Call<'_>) -> Reply {
        let role = call.body.split("RoleArn=arn%3Aaws%3Aiam%3A%3A").nth(1).and_then(|rest| rest.get(..12));
        let Some(of) = role.filter(|id| id.parse().is_ok_and(|n: usize| n < 100_000_000_000 + self.accounts)) else {
            let text = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
            return (403, "", text.into());
        };
        ok(format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>\
             <AssumedRoleId>AROAEXAMPLE:me</AssumedRoleId><Arn>arn:aws:sts::{of}:assumed-role/TrailproofAudit/me</Arn></AssumedRoleUser>\
             <Credentials><AccessKeyId>ASIA{of}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>\
             <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        ))
    }

    fn organizations(&self, operation: &str, body: &str) -> Reply {
        let management = account(0);
        let arn = |of: &str| format!("arn:aws:organizations::{management}:{of}");
        match operation {
            "DescribeOrganization" => ok(json!({"Organization": {"Id": "o-abcdefghij", "Arn": arn("organization/o-abcdefghij"),
                "FeatureSet": "ALL", "MasterAccountArn": arn(&format!("account/o-abcdefghij/{management}")),
                "MasterAccountId": management, "MasterAccountEmail": "a@example.com"}})
            .to_string()),
            "ListAccounts" => {
                // Twenty on a page, as AWS gives them.
                let asked: Value = serde_json::from_str(body).unwrap_or_default();
                let from: usize = asked["NextToken"].as_str().and_then(|token| token.parse().ok()).unwrap_or(0);
                let to = self.accounts.min(from + 20);
                let member = |i: usize| {
                    let id = account(i);
                    json!({"Id": id, "Arn": arn(&format!("account/o-abcdefghij/{id}")), "Email": "a@example.com",
                        "Name": format!("acme {i}"), "Status": "ACTIVE", "State": "ACTIVE", "JoinedMethod": "CREATED",
                        "JoinedTimestamp": 1_700_000_000})
                };
                let mut page = json!({"Accounts": (from..to).map(member).collect::<Vec<_>>()});
                if to < self.accounts {
                    page["NextToken"] = to.to_string().into();
                }
                ok(page.to_string())
            }
            "ListDelegatedAdministrators" => ok("{\"DelegatedAdministrators\":[]}"),
            _ => ok(
                "{\"EnabledServicePrincipals\":[{\"ServicePrincipal\":\"cloudtrail.amazonaws.com\",\"DateEnabled\":1700000000}]}",
            ),
        }
    }
}

fn cloudtrail(operation: &str, call: &Call<'_>) -> Reply {
    let describe = |owner: &str, name: &str, is_organization: bool| {
        let of = |service: &str, what: &str| format!("arn:aws:{service}:{BASE}:{owner}:{what}");
        let mut trail = json!({
            "Name": name, "TrailARN": of("cloudtrail", &format!("trail/{name}")), "HomeRegion": BASE,
            "S3BucketName": format!("trail-logs-{name}-{owner}"), "KmsKeyId": of("kms", &format!("key/{name}")),
            "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": true, "IsOrganizationTrail": is_organization,
            "LogFileValidationEnabled": true, "HasCustomEventSelectors": false, "HasInsightSelectors": false,
        });
        if is_organization {
            trail["CloudWatchLogsLogGroupArn"] = of("logs", "log-group:/cloudtrail/org:*").into();
            trail["CloudWatchLogsRoleArn"] = format!("arn:aws:iam::{owner}:role/to-logs").into();
            trail["SnsTopicARN"] = of("sns", "org").into();
            trail["SnsTopicName"] = "org".into();
        }
        trail
    };
    let management = account(0);
    match operation {
        "DescribeTrails" => {
            let trails = [describe(&management, "org", true), describe(call.account, "main", false)];
            ok(json!({ "trailList": trails }).to_string())
        }
        "ListTrails" => {
            let named = |name: &str| json!({"TrailARN": format!("arn:aws:cloudtrail:{BASE}:{}:trail/{name}", call.account), "Name": name, "HomeRegion": BASE});
            let mut trails = vec![named("main")];
            trails.extend((call.account == management).then(|| named("org")));
            ok(json!({ "Trails": trails }).to_string())
        }
        "GetTrailStatus" => {
            ok("{\"IsLogging\":true,\"LatestDeliveryTime\":1767225600.25,\"LatestDigestDeliveryTime\":1767225600.25,\
             \"StartLoggingTime\":1700000000.5,\"LatestDeliveryAttemptTime\":\"\",\"LatestDeliveryAttemptSucceeded\":\"\"}")
        }
        "GetEventSelectors" => {
            ok("{\"EventSelectors\":[{\"ReadWriteType\":\"All\",\"IncludeManagementEvents\":true,\"DataResources\":[],\
             \"ExcludeManagementEventSources\":[]}]}")
        }
        "ListEventDataStores" => ok("{\"EventDataStores\":[]}"),
        "ListTags" => ok("{\"ResourceTagList\":[{\"TagsList\":[{\"Key\":\"team\",\"Value\":\"security\"}]}]}"),
        _ => json_error("UnknownOperationException"),
    }
}

fn config(operation: &str) -> Value {
    match operation {
        "DescribeConfigurationRecorders" => {
            json!({"ConfigurationRecorders": [{"name": "default", "recordingGroup": {"allSupported": true}}]})
        }
        "DescribeConfigurationRecorderStatus" => {
            json!({"ConfigurationRecordersStatus": [{"name": "default", "recording": true, "lastStatus": "SUCCESS"}]})
        }
        _ => json!({"DeliveryChannelsStatus": [{"name": "default", "configHistoryDeliveryInfo": {"lastStatus": "SUCCESS"}}]}),
    }
}

fn kms(operation: &str, call: &Call<'_>) -> Reply {
    let asked: Value = serde_json::from_str(call.body).unwrap_or_default();
    match operation {
        "DescribeKey" => ok(json!({"KeyMetadata": {
            "Arn": asked["KeyId"], "KeyId": "k", "AWSAccountId": call.account, "Enabled": true, "KeyState": "Enabled",
            "KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS",
            "MultiRegion": false, "CreationDate": 1_700_000_000,
        }})
        .to_string()),
        "GetKeyRotationStatus" => ok("{\"KeyRotationEnabled\":true,\"RotationPeriodInDays\":365}"),
        _ => {
            let statement = |principal: &str, action: &str| json!({"Effect": "Allow", "Principal": principal_of(principal), "Action": action, "Resource": "*"});
            let root = format!("arn:aws:iam::{}:root", call.account);
            let statements = [statement(&root, "kms:*"), statement("cloudtrail.amazonaws.com", "kms:GenerateDataKey*")];
            ok(json!({"Policy": json!({"Version": "2012-10-17", "Statement": statements}).to_string()}).to_string())
        }
    }
}

fn principal_of(name: &str) -> Value {
    if name.starts_with("arn:") { json!({"AWS": name}) } else { json!({"Service": name}) }
}

fn public_access_block(namespace: &str) -> String {
    format!(
        "<PublicAccessBlockConfiguration xmlns=\"{namespace}\"><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true\
         </IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>\
         </PublicAccessBlockConfiguration>"
    )
}

fn s3(operation: &str, call: &Call<'_>) -> Reply {
    let bucket = call.path.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default();
    match operation {
        "ListBuckets" => {
            let prefix = call.path.split("prefix=").nth(1).and_then(|rest| rest.split('&').next()).unwrap_or_default();
            let own = prefix.ends_with(call.account);
            let bucket = format!("<Bucket><Name>{prefix}</Name><BucketRegion>{BASE}</BucketRegion></Bucket>");
            let bucket = if own { bucket.as_str() } else { "" };
            ok(format!("<ListAllMyBucketsResult><Buckets>{bucket}</Buckets></ListAllMyBucketsResult>"))
        }
        "HeadBucket" => (200, "x-amz-bucket-region: us-east-1\r\n", Vec::new()),
        "GetBucketVersioning" => ok("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
        "GetBucketEncryption" => ok(format!(
            "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>\
             <KMSMasterKeyID>arn:aws:kms:{BASE}:{}:key/main</KMSMasterKeyID></ApplyServerSideEncryptionByDefault>\
             <BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>",
            call.account
        )),
        "GetPublicAccessBlock" => ok(public_access_block("http://s3.amazonaws.com/doc/2006-03-01/")),
        "GetBucketPolicyStatus" => ok("<PolicyStatus><IsPublic>false</IsPublic></PolicyStatus>"),
        "GetBucketPolicy" => {
            let service = json!({"Service": "cloudtrail.amazonaws.com"});
            let statements = json!([
                {"Sid": "Acl", "Effect": "Allow", "Principal": service, "Action": "s3:GetBucketAcl", "Resource": format!("arn:aws:s3:::{bucket}")},
                {"Sid": "Write", "Effect": "Allow", "Principal": service, "Action": "s3:PutObject",
                 "Resource": format!("arn:aws:s3:::{bucket}/AWSLogs/{}/*", call.account),
                 "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control",
                    "aws:SourceArn": format!("arn:aws:cloudtrail:{BASE}:{}:trail/main", call.account)}}},
                {"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                 "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
                 "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            ]);
            ok(json!({"Version": "2012-10-17", "Statement": statements}).to_string())
        }
        "GetBucketAcl" => ok("<AccessControlPolicy><Owner><ID>abc</ID></Owner><AccessControlList><Grant>\
             <Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>abc</ID></Grantee>\
             <Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>"),
        "GetBucketOwnershipControls" => {
            ok("<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>")
        }
        "GetBucketLogging" => ok("<BucketLoggingStatus/>"),
        "GetObjectLockConfiguration" => s3_error(404, "ObjectLockConfigurationNotFoundError"),
        "GetBucketLifecycleConfiguration" => ok("<LifecycleConfiguration><Rule><ID>keep</ID><Filter><Prefix></Prefix></Filter>\
             <Status>Enabled</Status><Expiration><Days>730</Days></Expiration></Rule></LifecycleConfiguration>"),
        "GetBucketReplication" => s3_error(404, "ReplicationConfigurationNotFoundError"),
        "GetBucketTagging" => s3_error(404, "NoSuchTagSet"),
        "ListObjectsV2" => {
            ok("<ListBucketResult><Name>b</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>")
        }
        _ => s3_error(400, "NotImplemented"),
    }
}
