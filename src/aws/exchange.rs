//! One question and its answer, as it went over the wire.
//!
//! The exchange of the call that is being made travels with the task, so that the connector knows who asks. It keeps the
//! last attempt alone. What could open a door is taken out before anything else sees the answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::cbor;
use super::operation::Operation;
use super::progress::Progress;
use crate::inventory::CallId;

tokio::task_local! {
    /// The exchange of the call that this task is making.
    pub(super) static CURRENT: Arc<Exchange>;
}

/// Headers of an answer that are kept: those that identify the request, name the bucket's Region, or that the SDK reads.
pub(super) const KEPT_HEADERS: [&str; 8] = [
    "content-type",
    "date",
    "x-amz-bucket-region",
    "x-amz-id-2",
    "x-amz-request-id",
    "x-amzn-errortype",
    "x-amzn-query-error",
    "x-amzn-requestid",
];

/// One call on its way: who asks, and the last attempt.
pub(super) struct Exchange {
    pub(super) operation: &'static Operation,
    pub(super) region: String,
    /// What is asked about, in a few words.
    pub(super) about: String,
    pub(super) progress: Arc<dyn Progress>,
    attempt: Mutex<Attempt>,
}

/// The last attempt of an exchange.
#[derive(Clone, Default)]
pub(super) struct Attempt {
    pub(super) request: Option<Request>,
    pub(super) reply: Option<Reply>,
    pub(super) time: Option<Timestamp>,
    /// The recording was asked, and holds no such exchange.
    pub(super) is_missing: bool,
}

/// How an attempt ended.
#[derive(Clone)]
pub(super) enum Reply {
    Answer { status: u16, headers: BTreeMap<String, String>, body: Body },
    Broken(Breakage),
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(deny_unknown_fields)]
#[error("{text}")]
pub(super) struct Breakage {
    pub(super) kind: BreakageKind,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BreakageKind {
    /// No answer in time.
    Timeout,
    /// No connection, or it broke.
    Connection,
    /// The request was never sent, for example for want of credentials.
    NotSent,
}

impl Breakage {
    pub(super) fn not_sent(text: &str) -> Self {
        Breakage { kind: BreakageKind::NotSent, text: text.to_string() }
    }

    pub(super) fn cut() -> Self {
        Breakage { kind: BreakageKind::Connection, text: "the answer is cut short".to_string() }
    }

    pub(super) fn timeout() -> Self {
        Breakage { kind: BreakageKind::Timeout, text: "no answer in time".to_string() }
    }
}

/// What is kept of a request: nothing that signs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) method: String,
    /// Without the bucket's name, which stands in the host or in the path.
    pub(super) path: String,
    /// Sorted.
    pub(super) query: Vec<String>,
    #[serde(default, skip_serializing_if = "Body::is_empty")]
    pub(super) body: Body,
}

/// Bytes: readable where they are text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Body {
    Text(String),
    Base64(String),
}

impl Default for Body {
    fn default() -> Self {
        Body::Text(String::new())
    }
}

impl Body {
    pub(super) fn from_bytes(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|e| Body::Base64(STANDARD.encode(e.as_bytes())), Body::Text)
    }

    /// The bytes; none where the Base64 text is broken.
    pub(super) fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Body::Text(text) => Some(text.clone().into_bytes()),
            Body::Base64(text) => STANDARD.decode(text).ok(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Body::Text(text) if text.is_empty())
    }
}

impl Exchange {
    pub(super) fn new(operation: &'static Operation, region: &str, about: &str, progress: Arc<dyn Progress>) -> Arc<Self> {
        let attempt = Mutex::default();
        Arc::new(Exchange { operation, region: region.to_string(), about: about.to_string(), progress, attempt })
    }

    pub(super) fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    pub(super) fn attempt(&self) -> MutexGuard<'_, Attempt> {
        self.attempt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Request {
    /// The request in its canonical form, the same for every way of addressing the service.
    pub(super) fn canonical(exchange: &Exchange, method: &str, uri: &str, body: &[u8]) -> Self {
        let after_host = uri.split_once("://").map_or(uri, |(_, rest)| rest.find(['/', '?']).map_or("/", |at| &rest[at..]));
        let (path, query) = after_host.split_once('?').unwrap_or((after_host, ""));
        let path = match path.strip_prefix('/').and_then(|p| p.strip_prefix(exchange.about.as_str())) {
            Some(rest) if exchange.operation.service == "s3" && !exchange.about.is_empty() && rest.is_empty() => "/",
            Some(rest) if exchange.operation.service == "s3" && !exchange.about.is_empty() && rest.starts_with('/') => rest,
            _ if path.is_empty() => "/",
            _ => path,
        };
        // `x-id` repeats the operation's name, and which operations carry it differs between versions of the SDK.
        let mut query: Vec<String> =
            query.split('&').filter(|q| !q.is_empty() && !q.starts_with("x-id=")).map(str::to_string).collect();
        query.sort();
        // CloudWatch is asked in CBOR: as JSON it is readable, and the order is no difference there either.
        let body = match serde_json::from_slice::<Value>(body).ok().or_else(|| cbor::to_json(body)) {
            Some(value @ Value::Object(_)) => Body::Text(canonical_json(&value)),
            _ => Body::from_bytes(body.to_vec()),
        };
        Request { method: method.to_string(), path: path.to_string(), query, body }
    }
}

/// The hash that names an exchange: who asked whom, and what. Sixty-four hex digits.
pub(super) fn key(account: &str, exchange: &Exchange, request: Option<&Request>) -> String {
    key_of(account, &exchange.region, exchange.operation.service, exchange.operation.name, &exchange.about, request)
}

/// The same, from its parts.
pub(super) fn key_of(
    account: &str,
    region: &str,
    service: &str,
    operation: &str,
    about: &str,
    request: Option<&Request>,
) -> String {
    let parts = serde_json::json!([
        account,
        region,
        service,
        operation,
        about,
        request.map(|r| serde_json::json!([r.method, r.path, r.query, r.body])),
    ]);
    hex(&Sha256::digest(parts.to_string().as_bytes()))
}

/// The call's id, which readers of reports see.
pub(super) fn call_id(account: &str, exchange: &Exchange, key: &str) -> CallId {
    let Operation { service, name, .. } = exchange.operation;
    CallId(format!("{service}:{name}/{account}/{}/{}", exchange.region, &key[..12]))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// JSON with the keys of every object sorted.
fn canonical_json(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let members: Vec<_> =
                sorted.into_iter().map(|(k, v)| format!("{}:{}", Value::String(k.clone()), canonical_json(v))).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(canonical_json).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// Takes out of an answer what could open a door: the secrets of the request wherever they are repeated, and, in errors,
/// what S3 and STS repeat of a request whose signature or token they refuse.
pub(super) fn redact(body: Vec<u8>, is_error: bool, secrets: &[String]) -> Vec<u8> {
    let mut text = match String::from_utf8(body) {
        Ok(text) => text,
        Err(e) => {
            let body = e.into_bytes();
            let within = |text: &mut Vec<u8>| {
                let clean = redact(text.clone(), is_error, secrets);
                let is_changed = clean != *text;
                *text = clean;
                usize::from(is_changed)
            };
            return cbor::edited(&body, within).filter(|(_, count)| *count > 0).map_or(body, |(clean, _)| clean);
        }
    };
    for secret in secrets.iter().filter(|s| s.len() >= 8) {
        if text.contains(secret.as_str()) {
            text = text.replace(secret.as_str(), REDACTED);
        }
    }
    if is_error {
        const ELEMENTS: [&str; 7] = [
            "AWSAccessKeyId",
            "Token-0",
            "StringToSign",
            "StringToSignBytes",
            "CanonicalRequest",
            "CanonicalRequestBytes",
            "SignatureProvided",
        ];
        for element in ELEMENTS {
            text = without_content(&text, element);
        }
        text = without_key_ids(&text);
    }
    text.into_bytes()
}

const REDACTED: &str = "[redacted]";

fn without_content(text: &str, element: &str) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(&open) {
        out.push_str(before);
        out.push_str(&open);
        out.push_str(REDACTED);
        rest = after.find(&close).map_or("", |at| &after[at..]);
    }
    out.push_str(rest);
    out
}

/// Replaces access key ids: `AKIA` or `ASIA` and sixteen letters or digits.
fn without_key_ids(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = ["AKIA", "ASIA"].iter().filter_map(|prefix| rest.find(prefix)).min() {
        let length = rest[at..].bytes().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit()).count();
        out.push_str(&rest[..at]);
        out.push_str(if length >= 20 { REDACTED } else { &rest[at..at + length] });
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{Silent, operation};

    fn canonical(about: &str, uri: &str, body: &str) -> Request {
        let exchange = Exchange::new(operation::GET_BUCKET_POLICY, "eu-west-1", about, Arc::new(Silent));
        Request::canonical(&exchange, "GET", uri, body.as_bytes())
    }

    #[test]
    fn both_ways_of_addressing_a_bucket_are_the_same_request() {
        let host = canonical("logs", "https://logs.s3.eu-west-1.amazonaws.com/?policy", "");
        let path = canonical("logs", "http://127.0.0.1:5000/logs?policy", "");
        let slash = canonical("logs", "http://127.0.0.1:5000/logs/?policy", "");
        assert_eq!(host, path);
        assert_eq!(path, slash);
        assert_eq!(canonical("logs", "http://127.0.0.1:5000/logs-2?policy", "").path, "/logs-2");
    }

    #[test]
    fn order_in_a_request_is_no_difference() {
        let one = canonical("", "https://x/?b=2&a=1&x-id=Foo", r#"{"b":[1,{"d":1,"c":2}],"a":"x"}"#);
        let two = canonical("", "https://x/?a=1&b=2", r#"{"a":"x","b":[1,{"c":2,"d":1}]}"#);
        assert_eq!(one, two);
        let key = |r: &Request| key_of("111122223333", "eu-west-1", "s3", "GetBucketPolicy", "", Some(r));
        assert_eq!(key(&one), key(&two));
        assert_ne!(key(&one), key_of("111122223333", "eu-west-2", "s3", "GetBucketPolicy", "", Some(&one)));
        assert_ne!(key(&one), key_of("111122223333", "eu-west-1", "s3", "GetBucketPolicy", "other", Some(&one)));
    }

    #[test]
    fn an_error_that_repeats_the_request_is_redacted() {
        let body = "<Error><Code>ExpiredToken</Code><Token-0>IQoJtoken</Token-0><AWSAccessKeyId>ASIAEXAMPLEEXAMPLE01</AWSAccessKeyId>\
                    <Message>key ASIAEXAMPLEEXAMPLE01, ASIA is large</Message><StringToSign>AWS4</StringToSign></Error>";
        let text = String::from_utf8(redact(body.into(), true, &[])).expect("text");
        for secret in ["IQoJtoken", "ASIAEXAMPLE", "AWS4"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("ExpiredToken") && text.contains("ASIA is large"), "{text}");
    }

    #[test]
    fn the_requests_own_secrets_are_redacted_in_any_answer() {
        let text = redact(b"<A>my-session-token</A>".to_vec(), false, &["my-session-token".into()]);
        assert_eq!(text, b"<A>[redacted]</A>");
    }

    #[test]
    fn order_in_a_request_in_cbor_is_no_difference_and_it_is_readable() {
        let exchange = Exchange::new(operation::DESCRIBE_ALARMS, "eu-west-1", "", Arc::new(Silent));
        let uri = "https://monitoring.eu-west-1.amazonaws.com/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
        let of = |body: &[u8]| Request::canonical(&exchange, "POST", uri, body);
        let one = of(b"\xbf\x6aMaxRecords\x18\x64\x69NextToken\x61x\xff");
        let two = of(b"\xa2\x69NextToken\x61x\x6aMaxRecords\x18\x64");
        assert_eq!(one, two);
        assert_eq!(one.body, Body::Text(r#"{"MaxRecords":100,"NextToken":"x"}"#.into()));
    }

    #[test]
    fn secrets_are_redacted_in_cbor_too() {
        let body = [b"\xa1\x67message\x78\x2e".as_slice(), b"key ASIAEXAMPLEEXAMPLE01 of my-session-token x"].concat();
        let clean = redact(body, true, &["my-session-token".into()]);
        assert_eq!(cbor::to_json(&clean), Some(serde_json::json!({"message": "key [redacted] of [redacted] x"})));
    }

    #[test]
    fn bytes_survive_the_envelope() {
        for bytes in [&b"text"[..], &[0xff, 0xfe, 0x00], b""] {
            assert_eq!(Body::from_bytes(bytes.to_vec()).to_bytes().as_deref(), Some(bytes));
        }
    }
}
