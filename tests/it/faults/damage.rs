//! What each fault makes of a recorded answer, as the service would write it.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minicbor::Encoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trailproof::inventory::{CallId, GapKind};

pub(super) const HEAD: &str = "recording.json";

/// Path -> bytes, as `Recording::from_files` reads them.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// One way for a call to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Denied,
    BlockedByScp,
    Throttled,
    ServerError,
    Timeout,
    Reset,
    Truncated,
    Malformed,
    /// The first page is answered, and no other.
    MissingPage,
    NotFound,
}

impl Fault {
    pub(super) const ALL: [Fault; 10] = [
        Fault::Denied,
        Fault::BlockedByScp,
        Fault::Throttled,
        Fault::ServerError,
        Fault::Timeout,
        Fault::Reset,
        Fault::Truncated,
        Fault::Malformed,
        Fault::MissingPage,
        Fault::NotFound,
    ];

    /// What gaps may call it.
    /// An answer to HEAD has no body, and so no code that would tell more than its status.
    pub(super) fn gap_kinds(self, has_body: bool) -> &'static [GapKind] {
        match self {
            Fault::BlockedByScp if !has_body => &[GapKind::Denied],
            Fault::Throttled if !has_body => &[GapKind::Failed],
            // What belongs to another account is that account's to tell.
            Fault::Denied => &[GapKind::Denied, GapKind::OtherAccount],
            Fault::BlockedByScp => &[GapKind::BlockedByScp],
            Fault::Throttled => &[GapKind::Throttled],
            Fault::ServerError | Fault::Timeout | Fault::Reset | Fault::MissingPage => &[GapKind::Failed],
            Fault::Truncated | Fault::Malformed => &[GapKind::Failed, GapKind::NotUnderstood],
            Fault::NotFound => &[GapKind::NotFound, GapKind::OtherAccount, GapKind::Failed],
        }
    }
}

/// One recorded exchange.
#[derive(Clone)]
pub(super) struct Exchange {
    pub(super) path: String,
    pub(super) envelope: Value,
}

impl Exchange {
    fn text(&self, field: &str) -> &str {
        self.envelope[field].as_str().unwrap()
    }

    /// `service:Operation`.
    pub(super) fn operation(&self) -> String {
        format!("{}:{}", self.text("service"), self.text("operation"))
    }

    pub(super) fn account(&self) -> &str {
        self.text("account")
    }

    /// The call's id, which facts and gaps name. Its hash is the file's.
    pub(super) fn id(&self) -> CallId {
        let hash = self.path.strip_suffix(".json").unwrap().rsplit('.').next().unwrap();
        CallId(format!("{}/{}/{}/{hash}", self.operation(), self.account(), self.text("region")))
    }

    fn has_body(&self) -> bool {
        self.envelope["body"].as_object().is_some_and(|body| body.values().any(|text| text != ""))
    }

    /// Whether it asks for another page than the first.
    pub(super) fn is_later_page(&self) -> bool {
        let request = &self.envelope["request"];
        let is_token = |name: &str| name.to_ascii_lowercase().ends_with("token");
        let in_query =
            request["query"].as_array().into_iter().flatten().any(|q| is_token(q.as_str().unwrap().split('=').next().unwrap()));
        let body: Value = request["body"]["text"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        in_query || body.as_object().is_some_and(|body| body.keys().any(|name| is_token(name)))
    }

    /// The exchange as the fault leaves it; nothing where the fault cannot meet it.
    fn damaged(&self, fault: Fault) -> Option<Value> {
        let service = self.text("service");
        let wire = Wire::of(service);
        let refused = |(status, code): (u16, &str), message: &str| Some(self.refused(&wire, status, code, message));
        let about = format!("the auditor is not authorized to perform {}", self.operation());
        match fault {
            Fault::Denied => refused(wire.denied, &format!("{about} because no identity-based policy allows it")),
            Fault::BlockedByScp => refused(wire.denied, &format!("{about} with an explicit deny in a service control policy")),
            Fault::Throttled => refused(wire.throttled, "Rate exceeded"),
            Fault::ServerError => refused((500, if service == "s3" { "InternalError" } else { "InternalFailure" }), "try again"),
            Fault::NotFound => refused(wire.missing, "it does not exist"),
            Fault::Timeout => Some(self.broken("timeout", "no answer in time")),
            Fault::Reset => Some(self.broken("connection", "connection reset by peer")),
            Fault::MissingPage => self.is_later_page().then(|| self.broken("timeout", "no answer in time")),
            Fault::Truncated | Fault::Malformed if !self.has_body() => None,
            Fault::Truncated => match (&self.envelope["body"]["text"], &self.envelope["body"]["base64"]) {
                (Value::String(text), _) => {
                    let half = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap();
                    Some(self.answered(json!({"text": text[..half]})))
                }
                (_, Value::String(text)) => {
                    let bytes = STANDARD.decode(text).unwrap();
                    Some(self.answered(json!({"base64": STANDARD.encode(&bytes[..bytes.len() / 2])})))
                }
                _ => None,
            },
            Fault::Malformed => Some(self.answered(json!({"text": "<html>\u{1}<body>{\"Bad\": gateway"}))),
        }
    }

    /// With another body. What a body in CBOR says is no longer shown beside it.
    fn answered(&self, body: Value) -> Value {
        let mut envelope = self.envelope.clone();
        envelope.as_object_mut().unwrap().remove("decoded");
        envelope["body"] = body;
        envelope
    }

    fn broken(&self, kind: &str, text: &str) -> Value {
        let mut envelope = self.envelope.clone();
        for field in ["status", "headers", "body", "decoded"] {
            envelope.as_object_mut().unwrap().remove(field);
        }
        envelope["error"] = json!({"kind": kind, "text": text});
        envelope
    }

    fn refused(&self, wire: &Wire, status: u16, code: &str, message: &str) -> Value {
        let mut envelope = self.envelope.clone();
        envelope.as_object_mut().unwrap().retain(|field, _| !["error", "decoded"].contains(&field.as_str()));
        envelope["status"] = json!(status);
        let (kind, body) = match wire.form {
            _ if self.envelope["request"]["method"] == "HEAD" => ("application/xml", String::new()),
            Form::S3 => ("application/xml", format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>")),
            Form::Xml => (
                "text/xml",
                format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
                ),
            ),
            Form::Json => ("application/x-amz-json-1.1", json!({"__type": code, "message": message}).to_string()),
            Form::Cbor => ("application/cbor", String::new()),
        };
        envelope["headers"] = json!({"content-type": kind, "x-amzn-requestid": "00000000-0000-0000-0000-000000000000"});
        if matches!(wire.form, Form::Json) {
            envelope["headers"]["x-amzn-errortype"] = json!(code);
        }
        envelope["body"] = json!({ "text": body });
        if matches!(wire.form, Form::Cbor) {
            envelope["headers"]["x-amzn-query-error"] = json!(format!("{code};Sender"));
            let mut body = Encoder::new(Vec::new());
            body.map(2).unwrap().str("__type").unwrap().str(code).unwrap().str("message").unwrap().str(message).unwrap();
            envelope["body"] = json!({"base64": STANDARD.encode(body.into_writer())});
        }
        envelope
    }
}

#[derive(Clone, Copy)]
enum Form {
    S3,
    Xml,
    Json,
    Cbor,
}

/// How a service writes its errors, with status and code.
struct Wire {
    form: Form,
    denied: (u16, &'static str),
    throttled: (u16, &'static str),
    missing: (u16, &'static str),
}

impl Wire {
    fn of(service: &str) -> Self {
        let xml = |missing| Wire { form: Form::Xml, denied: (403, "AccessDenied"), throttled: (400, "Throttling"), missing };
        let json = |missing| Wire {
            form: Form::Json,
            denied: (400, "AccessDeniedException"),
            throttled: (400, "ThrottlingException"),
            missing,
        };
        match service {
            "s3" => Wire {
                form: Form::S3,
                denied: (403, "AccessDenied"),
                throttled: (503, "SlowDown"),
                missing: (404, "NoSuchBucket"),
            },
            "s3control" => Wire { throttled: (503, "SlowDown"), ..xml((404, "NoSuchResource")) },
            "sns" => Wire { denied: (403, "AuthorizationError"), ..xml((404, "NotFound")) },
            "iam" | "sts" => xml((404, "NoSuchEntity")),
            "account" => Wire {
                denied: (403, "AccessDeniedException"),
                throttled: (429, "TooManyRequestsException"),
                ..json((404, "ResourceNotFoundException"))
            },
            "organizations" => Wire { throttled: (400, "TooManyRequestsException"), ..json((400, "ParentNotFoundException")) },
            "cloudtrail" => json((400, "TrailNotFoundException")),
            "kms" => json((400, "NotFoundException")),
            "cloudwatch" => Wire {
                form: Form::Cbor,
                denied: (403, "AccessDenied"),
                throttled: (400, "Throttling"),
                missing: (404, "ResourceNotFoundException"),
            },
            "guardduty" | "securityhub" => Wire {
                denied: (403, "AccessDeniedException"),
                throttled: (429, "TooManyRequestsException"),
                ..json((404, "ResourceNotFoundException"))
            },
            "config" => json((400, "NoSuchConfigurationRecorderException")),
            "logs" | "events" => json((400, "ResourceNotFoundException")),
            other => panic!("how does {other} write its errors? Say it here"),
        }
    }
}

/// Every exchange of a recording, by path.
pub(super) fn exchanges(files: &Files) -> Vec<Exchange> {
    let calls = files.iter().filter(|(path, _)| *path != HEAD);
    calls.map(|(path, bytes)| Exchange { path: path.clone(), envelope: serde_json::from_slice(bytes).unwrap() }).collect()
}

/// The recording with the fault in some of its exchanges, and which these are. Their sums are made again.
pub(super) fn with_fault<'a>(
    files: &Files,
    hit: impl IntoIterator<Item = &'a Exchange>,
    fault: Fault,
) -> (Files, BTreeSet<CallId>) {
    let mut files = files.clone();
    let mut head: Value = serde_json::from_slice(&files[HEAD]).unwrap();
    let mut faulted = BTreeSet::new();
    for exchange in hit {
        let Some(envelope) = exchange.damaged(fault) else { continue };
        let bytes = serde_json::to_vec(&envelope).unwrap();
        head["files"][&exchange.path] = json!(Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>());
        files.insert(exchange.path.clone(), bytes);
        faulted.insert(exchange.id());
    }
    files.insert(HEAD.into(), serde_json::to_vec(&head).unwrap());
    (files, faulted)
}
