//! A small AWS on loopback: a world to read, faults to script, and a count of what was asked.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use minicbor::Encoder;
use minicbor::data::Tag;
use serde_json::{Value, json};

pub(super) const ACCOUNT: &str = "111122223333";

/// What the account holds.
#[derive(Clone, Default)]
pub(super) struct World {
    pub(super) regions: Vec<&'static str>,
    pub(super) disabled: Vec<&'static str>,
    pub(super) trails: Vec<FakeTrail>,
    /// Buckets of the account, all in eu-west-1.
    pub(super) buckets: Vec<String>,
    /// Buckets of others.
    pub(super) foreign: Vec<String>,
    pub(super) has_policy: bool,
    pub(super) key: Option<&'static str>,
    /// `service:Operation`, or `service:Operation/region` -> what happens, one after the other; the last goes on.
    pub(super) faults: BTreeMap<&'static str, Vec<Fault>>,
}

#[derive(Clone)]
pub(super) struct FakeTrail {
    pub(super) account: &'static str,
    pub(super) name: &'static str,
    pub(super) home: &'static str,
    pub(super) multi: bool,
    pub(super) insights: bool,
    pub(super) bucket: &'static str,
    pub(super) key: Option<&'static str>,
    /// The name of the log group, in the trail's account and Region.
    pub(super) log_group: Option<&'static str>,
    /// The role that writes to it, as the trail names it.
    pub(super) role: Option<&'static str>,
}

impl FakeTrail {
    pub(super) fn new(name: &'static str, home: &'static str, multi: bool) -> Self {
        FakeTrail {
            account: ACCOUNT,
            name,
            home,
            multi,
            insights: false,
            bucket: "trail-logs",
            key: None,
            log_group: None,
            role: None,
        }
    }

    pub(super) fn arn(&self) -> String {
        format!("arn:aws:cloudtrail:{}:{}:trail/{}", self.home, self.account, self.name)
    }
}

#[derive(Clone)]
pub(super) enum Fault {
    /// No fault this time.
    Nothing,
    Answer(u16, &'static str),
    /// In the language of the service: CBOR or JSON. A time is `{"$time": seconds}`.
    Say(u16, Value),
    /// The body ends before its length is reached.
    Cut,
    /// The connection closes without a word.
    Reset,
    Stall(Duration),
}

#[derive(Default)]
struct State {
    world: World,
    /// (operation, Region) -> attempts.
    counts: BTreeMap<(String, String), usize>,
    log: Vec<String>,
}

/// Serves until the process ends.
#[derive(Clone)]
pub(super) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct Request {
    operation: String,
    region: String,
    path: String,
    body: String,
}

impl Server {
    pub(super) fn start(world: World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State { world, ..State::default() }));
        let server = Server { address, state };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = serving.clone();
                std::thread::spawn(move || server.serve(stream));
            }
        });
        server
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Attempts by operation.
    pub(super) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for ((operation, _), n) in &self.state.lock().expect("state").counts {
            *counts.entry(operation.clone()).or_default() += n;
        }
        counts
    }

    pub(super) fn total(&self) -> usize {
        self.counts().values().sum()
    }

    pub(super) fn regions_of(&self, operation: &str) -> Vec<String> {
        let state = self.state.lock().expect("state");
        state.counts.keys().filter(|(o, _)| o == operation).map(|(_, region)| region.clone()).collect()
    }

    fn serve(&self, mut stream: TcpStream) {
        let Some(request) = read_request(&mut stream) else { return };
        let (fault, world) = {
            let mut state = self.state.lock().expect("state");
            let key = (request.operation.clone(), request.region.clone());
            let n = state.counts.entry(key).or_default();
            *n += 1;
            let n = *n;
            state.log.push(request.operation.clone());
            let there = format!("{}/{}", request.operation, request.region);
            let faults = &state.world.faults;
            let faults =
                faults.get(there.as_str()).or_else(|| faults.get(request.operation.as_str())).cloned().unwrap_or_default();
            (faults.get(n - 1).or(faults.last()).cloned().unwrap_or(Fault::Nothing), state.world.clone())
        };
        let (status, mut headers, body) = match &fault {
            Fault::Answer(status, body) => (*status, String::new(), body.as_bytes().to_vec()),
            Fault::Say(status, value) => said(&request.operation, *status, value),
            Fault::Reset => return,
            Fault::Stall(time) => {
                std::thread::sleep(*time);
                return;
            }
            Fault::Nothing | Fault::Cut => world.answer(&request),
        };
        headers.push_str(&format!("x-amzn-requestid: req-{}\r\nset-cookie: secret=1\r\n", request.operation.replace(':', "-")));
        let length = if matches!(fault, Fault::Cut) { body.len() + 100 } else { body.len() };
        let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(head.as_bytes());
        if !request.operation.ends_with(":HeadBucket") {
            let _ = stream.write_all(&body);
        }
    }
}

fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let head_end = loop {
        let n = stream.read(&mut buffer).ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&buffer[..n]);
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).to_string();
    let header = |name: &str| {
        head.lines()
            .find_map(|line| line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.to_string()))
    };
    let length: usize = header("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
    while bytes.len() < head_end + length {
        let n = stream.read(&mut buffer).ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&buffer[..n]);
    }
    let body = String::from_utf8_lossy(&bytes[head_end..]).to_string();
    let mut line = head.lines().next()?.split(' ');
    let (method, path) = (line.next()?.to_string(), line.next()?.to_string());
    let authorization = header("authorization")?;
    let scope: Vec<&str> = authorization.split("Credential=").nth(1)?.split('/').collect();
    let (region, service) = (scope[2].to_string(), scope[3]);
    let operation = match header("x-amz-target") {
        Some(target) => {
            let services = [
                ("CloudTrail", "cloudtrail"),
                ("Organizations", "organizations"),
                ("Logs", "logs"),
                ("AWSEvents", "events"),
                ("StarlingDove", "config"),
            ];
            let service = services.iter().find(|(word, _)| target.contains(word)).map_or("kms", |(_, service)| service);
            format!("{service}:{}", target.rsplit('.').next()?)
        }
        None if service == "sts" || service == "iam" => {
            format!("{service}:{}", body.split("Action=").nth(1)?.split('&').next()?)
        }
        None if service == "monitoring" => format!("cloudwatch:{}", path.rsplit('/').next()?),
        None if service == "guardduty" && path.starts_with("/detector/") => "guardduty:GetDetector".into(),
        None if service == "guardduty" => "guardduty:ListDetectors".into(),
        None if service == "securityhub" => "securityhub:DescribeHub".into(),
        None if service == "sns" => format!("sns:{}", body.split("Action=").nth(1)?.split('&').next()?),
        None if service == "account" => "account:ListRegions".into(),
        None if path.contains("/v20180820/") => "s3control:GetPublicAccessBlock".into(),
        None => format!("s3:{}", s3_operation(&method, &path)),
    };
    Some(Request { operation, region, path, body })
}

fn s3_operation(method: &str, path: &str) -> &'static str {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    if method == "HEAD" {
        return "HeadBucket";
    }
    if path == "/" {
        return "ListBuckets";
    }
    let has = |name: &str| query.split('&').any(|q| q == name || q.starts_with(&format!("{name}=")));
    let table = [
        ("versioning", "GetBucketVersioning"),
        ("encryption", "GetBucketEncryption"),
        ("publicAccessBlock", "GetPublicAccessBlock"),
        ("policyStatus", "GetBucketPolicyStatus"),
        ("policy", "GetBucketPolicy"),
        ("acl", "GetBucketAcl"),
        ("ownershipControls", "GetBucketOwnershipControls"),
        ("logging", "GetBucketLogging"),
        ("object-lock", "GetObjectLockConfiguration"),
        ("lifecycle", "GetBucketLifecycleConfiguration"),
        ("replication", "GetBucketReplication"),
        ("tagging", "GetBucketTagging"),
        ("location", "GetBucketLocation"),
        ("list-type", "ListObjectsV2"),
    ];
    table.iter().find(|(q, _)| has(q)).map_or("Unknown", |(_, name)| name)
}

type Reply = (u16, String, Vec<u8>);

fn ok(body: impl Into<Vec<u8>>) -> Reply {
    (200, String::new(), body.into())
}

fn s3_error(status: u16, code: &str) -> Reply {
    (status, String::new(), format!("<Error><Code>{code}</Code><Message>told so</Message></Error>").into())
}

fn said(operation: &str, status: u16, value: &Value) -> Reply {
    if !operation.starts_with("cloudwatch:") {
        return (status, "content-type: application/json\r\n".into(), value.to_string().into());
    }
    let mut headers = "content-type: application/cbor\r\nsmithy-protocol: rpc-v2-cbor\r\n".to_string();
    if let Some(code) = value["__type"].as_str() {
        headers.push_str(&format!("x-amzn-query-error: {};Sender\r\n", code.rsplit('#').next().unwrap_or(code)));
    }
    let mut into = Encoder::new(Vec::new());
    encode(value, &mut into);
    (status, headers, into.into_writer())
}

fn encode(value: &Value, into: &mut Encoder<Vec<u8>>) {
    let length = |length: usize| u64::try_from(length).expect("a length");
    let written = match value {
        Value::Null => into.null(),
        Value::Bool(flag) => into.bool(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(number) => into.i64(number),
            None => into.f64(number.as_f64().expect("a number")),
        },
        Value::String(text) => into.str(text),
        Value::Array(items) => {
            into.array(length(items.len())).expect("written");
            items.iter().for_each(|item| encode(item, into));
            return;
        }
        Value::Object(members) => match members.get("$time").and_then(Value::as_f64) {
            Some(seconds) => into.tag(Tag::new(1)).and_then(|into| into.f64(seconds)),
            None => {
                into.map(length(members.len())).expect("written");
                for (name, member) in members {
                    into.str(name).expect("written");
                    encode(member, into);
                }
                return;
            }
        },
    };
    written.expect("written");
}

/// What an account answers where nothing stands beside its trails, and nothing watches them.
fn nothing_there(operation: &str) -> Option<Value> {
    Some(match operation {
        "logs:DescribeMetricFilters" => json!({"metricFilters": []}),
        "logs:DescribeSubscriptionFilters" => json!({"subscriptionFilters": []}),
        "cloudwatch:DescribeAlarms" => json!({"MetricAlarms": [], "CompositeAlarms": []}),
        "cloudwatch:ListAlarmMuteRules" => json!({"AlarmMuteRuleSummaries": []}),
        "events:ListRules" => json!({"Rules": []}),
        "events:ListTargetsByRule" => json!({"Targets": []}),
        "cloudtrail:ListEventDataStores" => json!({"EventDataStores": []}),
        "config:DescribeConfigurationRecorders" => json!({"ConfigurationRecorders": []}),
        "config:DescribeConfigurationRecorderStatus" => json!({"ConfigurationRecordersStatus": []}),
        "config:DescribeDeliveryChannelStatus" => json!({"DeliveryChannelsStatus": []}),
        "guardduty:ListDetectors" => json!({"detectorIds": [], "nextToken": ""}),
        "guardduty:GetDetector" => json!({"status": "ENABLED"}),
        _ => return None,
    })
}

impl World {
    fn answer(&self, request: &Request) -> Reply {
        let (service, operation) = request.operation.split_once(':').expect("service:Operation");
        if let Some(value) = nothing_there(&request.operation) {
            return said(&request.operation, 200, &value);
        }
        match service {
            "logs" => {
                let group = |name: &str| {
                    let arn = format!("arn:aws:logs:{}:{ACCOUNT}:log-group:{name}", request.region);
                    json!({"logGroupName": name, "arn": format!("{arn}:*"), "logGroupArn": arn, "retentionInDays": 400})
                };
                let groups = self.trails.iter().filter_map(|trail| trail.log_group).filter(|name| request.body.contains(name));
                ok(json!({ "logGroups": groups.map(group).collect::<Vec<_>>() }).to_string())
            }
            "sns" => ok(
                "<GetTopicAttributesResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><GetTopicAttributesResult><Attributes>\
                 <entry><key>SubscriptionsConfirmed</key><value>1</value></entry><entry><key>SubscriptionsPending</key><value>0</value>\
                 </entry></Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>",
            ),
            "securityhub" => said(
                &request.operation,
                401,
                &json!({"__type": "InvalidAccessException", "message": format!("Account {ACCOUNT} is not subscribed to AWS Security Hub")}),
            ),
            "iam" if operation == "GetAccountSummary" => ok(
                "<GetAccountSummaryResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetAccountSummaryResult><SummaryMap>\
                 <entry><key>AccountMFAEnabled</key><value>1</value></entry><entry><key>AccountAccessKeysPresent</key><value>0</value>\
                 </entry></SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>",
            ),
            "sts" => ok(format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                 <Arn>arn:aws:sts::{ACCOUNT}:assumed-role/Audit/me</Arn><UserId>AROAEXAMPLE:me</UserId><Account>{ACCOUNT}</Account>\
                 </GetCallerIdentityResult></GetCallerIdentityResponse>"
            )),
            "iam" => {
                ok("<ListAccountAliasesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListAccountAliasesResult>\
                 <IsTruncated>false</IsTruncated><AccountAliases><member>acme</member></AccountAliases>\
                 </ListAccountAliasesResult></ListAccountAliasesResponse>")
            }
            "account" => {
                let region =
                    |name: &&str, status: &str| format!("{{\"RegionName\":\"{name}\",\"RegionOptStatus\":\"{status}\"}}");
                let enabled = self.regions.iter().map(|r| region(r, "ENABLED_BY_DEFAULT"));
                let all: Vec<_> = enabled.chain(self.disabled.iter().map(|r| region(r, "DISABLED"))).collect();
                ok(format!("{{\"Regions\":[{}]}}", all.join(",")))
            }
            "s3control" => ok(
                "<PublicAccessBlockConfiguration xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\"><BlockPublicAcls>true\
                 </BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>\
                 <RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>",
            ),
            "cloudtrail" => self.cloudtrail(operation, request),
            "organizations" => (400, String::new(), b"{\"__type\":\"AWSOrganizationsNotInUseException\"}".to_vec()),
            "kms" => self.kms(operation),
            _ => self.s3(operation, request),
        }
    }

    fn cloudtrail(&self, operation: &str, request: &Request) -> Reply {
        let describe = |trail: &FakeTrail| {
            serde_json::json!({
                "Name": trail.name, "TrailARN": trail.arn(), "HomeRegion": trail.home, "S3BucketName": trail.bucket,
                "IsMultiRegionTrail": trail.multi, "IsOrganizationTrail": trail.account != ACCOUNT,
                "IncludeGlobalServiceEvents": true, "LogFileValidationEnabled": true, "HasCustomEventSelectors": false,
                "HasInsightSelectors": trail.insights, "KmsKeyId": trail.key,
                "CloudWatchLogsLogGroupArn": trail.log_group
                    .map(|name| format!("arn:aws:logs:{}:{}:log-group:{name}:*", trail.home, trail.account)),
                "CloudWatchLogsRoleArn": trail.role,
            })
        };
        let named = |trail: &&FakeTrail| request.body.contains(&trail.arn());
        match operation {
            "ListTrails" => {
                let own = self.trails.iter().filter(|t| t.account == ACCOUNT);
                let own: Vec<_> =
                    own.map(|t| serde_json::json!({"TrailARN": t.arn(), "Name": t.name, "HomeRegion": t.home})).collect();
                ok(serde_json::json!({ "Trails": own }).to_string())
            }
            "DescribeTrails" => {
                let is_by_name = request.body.contains("trailNameList") || request.body.contains("TrailNameList");
                let seen = self.trails.iter().filter(|t| if is_by_name { named(t) } else { t.multi || t.home == request.region });
                ok(serde_json::json!({ "trailList": seen.map(describe).collect::<Vec<_>>() }).to_string())
            }
            "GetTrailStatus" => ok("{\"IsLogging\":true,\"LatestDeliveryTime\":1767225600.25,\"LatestDeliveryError\":\"\"}"),
            "GetEventSelectors" => {
                ok("{\"EventSelectors\":[{\"ReadWriteType\":\"All\",\"IncludeManagementEvents\":true,\"DataResources\":[],\
                 \"ExcludeManagementEventSources\":[\"kms.amazonaws.com\"]}]}")
            }
            "GetInsightSelectors" => ok("{\"InsightSelectors\":[{\"InsightType\":\"ApiCallRateInsight\"}]}"),
            "ListTags" => ok("{\"ResourceTagList\":[{\"TagsList\":[{\"Key\":\"team\",\"Value\":\"security\"}]}]}"),
            _ => (400, String::new(), "{\"__type\":\"UnknownOperationException\"}".into()),
        }
    }

    fn kms(&self, operation: &str) -> Reply {
        let arn = self.key.unwrap_or("arn:aws:kms:eu-west-1:111122223333:key/k");
        match operation {
            "DescribeKey" => ok(serde_json::json!({"KeyMetadata": {
                "Arn": arn, "KeyId": "k", "AWSAccountId": ACCOUNT, "Enabled": true, "KeyState": "Enabled", "KeyManager": "CUSTOMER",
                "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS", "MultiRegion": false,
                "CreationDate": 1_700_000_000,
            }})
            .to_string()),
            "GetKeyRotationStatus" => ok("{\"KeyRotationEnabled\":true,\"RotationPeriodInDays\":180}"),
            _ => ok(serde_json::json!({"Policy": "{\"Version\":\"2012-10-17\",\"Statement\":[]}"}).to_string()),
        }
    }

    fn s3(&self, operation: &str, request: &Request) -> Reply {
        let bucket = request.path.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default().to_string();
        let is_own = self.buckets.contains(&bucket);
        match operation {
            "ListBuckets" => {
                let one = |name: &String| format!("<Bucket><Name>{name}</Name><BucketRegion>eu-west-1</BucketRegion></Bucket>");
                let all: String = self.buckets.iter().map(one).collect();
                return ok(format!("<ListAllMyBucketsResult><Buckets>{all}</Buckets></ListAllMyBucketsResult>"));
            }
            "HeadBucket" if self.foreign.contains(&bucket) => {
                return (403, "x-amz-bucket-region: ap-south-1\r\n".into(), Vec::new());
            }
            "HeadBucket" if !is_own => return (404, String::new(), Vec::new()),
            "HeadBucket" => return (200, "x-amz-bucket-region: eu-west-1\r\n".into(), Vec::new()),
            _ => {}
        }
        match operation {
            "GetBucketVersioning" => {
                ok("<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>")
            }
            "GetBucketEncryption" => {
                let key = self.key.map_or(String::new(), |key| format!("<KMSMasterKeyID>{key}</KMSMasterKeyID>"));
                ok(format!(
                    "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms\
                     </SSEAlgorithm>{key}</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule>\
                     </ServerSideEncryptionConfiguration>"
                ))
            }
            "GetPublicAccessBlock" => s3_error(404, "NoSuchPublicAccessBlockConfiguration"),
            "GetBucketPolicy" if self.has_policy => ok("{\"Version\":\"2012-10-17\",\"Statement\":[]}"),
            "GetBucketPolicy" => s3_error(404, "NoSuchBucketPolicy"),
            "GetBucketPolicyStatus" => ok("<PolicyStatus><IsPublic>false</IsPublic></PolicyStatus>"),
            "GetBucketAcl" => ok(
                "<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                 xsi:type=\"CanonicalUser\"><ID>abc</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>\
                 </AccessControlList></AccessControlPolicy>",
            ),
            "GetBucketOwnershipControls" => {
                ok("<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>")
            }
            "GetBucketLogging" => ok("<BucketLoggingStatus/>"),
            "GetObjectLockConfiguration" => {
                ok("<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>\
                 <Mode>COMPLIANCE</Mode><Years>2</Years></DefaultRetention></Rule></ObjectLockConfiguration>")
            }
            "GetBucketLifecycleConfiguration" => {
                ok("<LifecycleConfiguration><Rule><ID>old</ID><Filter><Prefix>AWSLogs/</Prefix></Filter><Status>Enabled</Status>\
                 <Expiration><Days>400</Days></Expiration><Transition><Days>90</Days><StorageClass>GLACIER</StorageClass>\
                 </Transition></Rule></LifecycleConfiguration>")
            }
            "GetBucketReplication" => s3_error(404, "ReplicationConfigurationNotFoundError"),
            "GetBucketTagging" => s3_error(404, "NoSuchTagSet"),
            "ListObjectsV2" => {
                ok("<ListBucketResult><IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>AWSLogs/</Prefix></CommonPrefixes>\
                    </ListBucketResult>")
            }
            _ => s3_error(400, "NotImplemented"),
        }
    }
}
