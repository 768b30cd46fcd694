//! What went wrong with a call, as a gap: the one place where errors of the SDK become data.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::connector::innermost;
use super::exchange::{Breakage, BreakageKind, Exchange};
use crate::inventory::{CallId, Gap, GapKind, Remedy};

/// A call that gave no value.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub gap: Box<Gap>,
    /// The service's error code, where it gave one.
    pub code: Option<String>,
    /// The HTTP status, where an answer came.
    pub status: Option<u16>,
    /// The Region that S3 names for the bucket, where it does.
    pub bucket_region: Option<String>,
}

impl Refusal {
    /// A refusal that no answer stands behind.
    pub fn of(gap: Gap) -> Self {
        Refusal { gap: Box::new(gap), code: None, status: None, bucket_region: None }
    }
}

/// What the service, or the way to it, said.
pub(super) enum Failure {
    Service { code: Option<String>, message: Option<String> },
    Unreadable(String),
    Broken(Breakage),
}

/// Sorts an SDK error. `broken` is what the connector kept, where it got no answer.
pub(super) fn failure<E>(error: &SdkError<E, HttpResponse>, broken: Option<Breakage>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match (error, broken) {
        // The SDK files a success that it cannot deserialize under the service's errors.
        (SdkError::ServiceError(context), _) if context.raw().status().is_success() => {
            Failure::Unreadable(innermost(context.err()))
        }
        (SdkError::ServiceError(context), _) => {
            let meta = context.err().meta();
            let text = |t: Option<&str>| t.map(str::to_string).filter(|t| !t.is_empty());
            Failure::Service { code: text(meta.code()), message: text(meta.message()) }
        }
        (SdkError::ResponseError(_), _) => Failure::Unreadable(innermost(error)),
        (SdkError::TimeoutError(_), _) => Failure::Broken(Breakage::timeout()),
        (_, Some(broken)) => Failure::Broken(broken),
        (_, None) => Failure::Broken(Breakage::not_sent(&clean(&innermost(error)))),
    }
}

pub(super) const DENIED: [&str; 6] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "AllAccessDisabled",
    "UnauthorizedException",
];
const THROTTLED: [&str; 12] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequests",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "ProvisionedThroughputExceededException",
    "SlowDown",
    "PriorRequestNotComplete",
];
const NOT_FOUND: [&str; 3] = ["TrailNotFoundException", "NoSuchBucket", "NotFoundException"];
const EXPIRED: [&str; 5] =
    ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired", "RequestTimeTooSkewed"];
const BAD_CREDENTIALS: [&str; 6] = [
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "InvalidToken",
];

pub(super) fn is_expired(code: &str) -> bool {
    EXPIRED.contains(&code)
}

pub(super) fn is_bad_credentials(code: &str) -> bool {
    BAD_CREDENTIALS.contains(&code)
}

const AGAIN: &str = "run the scan again; if it fails in the same way, check the AWS Health Dashboard";

/// Makes the gap of a failed call.
pub(super) fn gap(
    failure: &Failure,
    exchange: &Exchange,
    account: &str,
    call: CallId,
    status: Option<u16>,
    request_id: Option<&str>,
) -> Gap {
    let operation = exchange.operation;
    let (kind, said, remedy) = match failure {
        Failure::Service { code, message } => {
            let (kind, remedy) =
                judge(code.as_deref(), message.as_deref().unwrap_or_default(), status, operation.action, account);
            (kind, said(code.as_deref(), message.as_deref(), status), remedy)
        }
        Failure::Unreadable(why) => {
            (GapKind::Failed, format!("the answer cannot be read: {}", clean(why)), Some(Remedy::Do(AGAIN.into())))
        }
        Failure::Broken(Breakage { kind: BreakageKind::NotSent, text }) => {
            let remedy = "renew the credentials, and run the scan again";
            (GapKind::Failed, format!("the request was not sent: {}", clean(text)), Some(Remedy::Do(remedy.into())))
        }
        Failure::Broken(breakage) => {
            let remedy = "check the connection to AWS, and run the scan again";
            (GapKind::Failed, clean(&breakage.text), Some(Remedy::Do(remedy.into())))
        }
    };
    let mut message = format!("{}: {said}", place(exchange, account));
    if let Some(id) = request_id {
        message.push_str(&format!(" (request {})", clean(id)));
    }
    Gap { kind, message, remedy, call: Some(call) }
}

/// What was tried, and where.
pub(super) fn place(exchange: &Exchange, account: &str) -> String {
    let operation = exchange.operation;
    let about = if exchange.about.is_empty() { String::new() } else { format!(" of {}", clean(&exchange.about)) };
    format!("{}:{}{about} in account {account}, {}", operation.service, operation.name, exchange.region)
}

fn said(code: Option<&str>, message: Option<&str>, status: Option<u16>) -> String {
    match (code, message) {
        (Some(code), Some(message)) => format!("{}: {}", clean(code), clean(message)),
        (Some(code), None) => clean(code),
        (None, Some(message)) => clean(message),
        (None, None) => status.map_or_else(|| "an error without a code".into(), |status| format!("HTTP status {status}")),
    }
}

pub(super) fn judge(
    code: Option<&str>,
    message: &str,
    status: Option<u16>,
    action: &str,
    account: &str,
) -> (GapKind, Option<Remedy>) {
    let code = code.unwrap_or_default();
    if EXPIRED.contains(&code) || BAD_CREDENTIALS.contains(&code) {
        let remedy = if code == "UnrecognizedClientException" {
            "renew the credentials, or check that the account has enabled the Region; then run the scan again"
        } else {
            "renew the credentials, and run the scan again"
        };
        return (GapKind::Failed, Some(Remedy::Do(remedy.into())));
    }
    if THROTTLED.contains(&code) || status == Some(429) {
        return (GapKind::Throttled, Some(Remedy::Do("run the scan again when the account's API is less busy".into())));
    }
    if DENIED.contains(&code) || status == Some(403) {
        let by_organization = ["service control policy", "resource control policy"].iter().any(|p| message.contains(p));
        if by_organization {
            let remedy = format!("let the organization's policy allow {action} to the auditing principal in account {account}");
            return (GapKind::BlockedByScp, Some(Remedy::Do(remedy)));
        }
        return (GapKind::Denied, Some(Remedy::Allow { action: action.into(), account: account.into() }));
    }
    if NOT_FOUND.contains(&code) {
        return (GapKind::NotFound, None);
    }
    let is_passing = status.is_none_or(|status| status >= 500) || code == "RequestTimeout";
    (GapKind::Failed, is_passing.then(|| Remedy::Do(AGAIN.into())))
}

/// Foreign text as one line: no control or direction characters, at most 300 characters.
pub(super) fn clean(text: &str) -> String {
    const LIMIT: usize = 300;
    let is_hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let visible: String = text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LIMIT) {
        None => line,
        Some((at, _)) => format!("{}…", &line[..at]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(code: &str, message: &str, status: u16) -> GapKind {
        judge(Some(code).filter(|c| !c.is_empty()), message, Some(status), "s3:GetBucketPolicy", "111122223333").0
    }

    #[test]
    fn codes_become_kinds() {
        assert_eq!(kind("AccessDenied", "Access Denied", 403), GapKind::Denied);
        assert_eq!(kind("AccessDeniedException", "no", 400), GapKind::Denied);
        assert_eq!(kind("", "", 403), GapKind::Denied);
        assert_eq!(kind("AccessDenied", "with an explicit deny in a service control policy", 403), GapKind::BlockedByScp);
        assert_eq!(kind("AccessDenied", "because no service control policy allows it", 403), GapKind::BlockedByScp);
        assert_eq!(kind("SlowDown", "", 503), GapKind::Throttled);
        assert_eq!(kind("", "", 429), GapKind::Throttled);
        assert_eq!(kind("TrailNotFoundException", "", 400), GapKind::NotFound);
        assert_eq!(kind("404", "", 404), GapKind::Failed);
        assert_eq!(kind("InvalidClientTokenId", "", 403), GapKind::Failed);
        assert_eq!(kind("ExpiredToken", "", 400), GapKind::Failed);
        assert_eq!(kind("InternalFailure", "", 500), GapKind::Failed);
    }

    #[test]
    fn foreign_text_stays_on_one_line() {
        assert_eq!(clean("a\n\u{1b}[31m b\u{202e}c\t"), "a [31m b c");
        assert_eq!(clean(&"ä".repeat(400)).chars().count(), 301);
    }
}
