//! Handing findings to Security Hub, each account's own with that account's credentials, as the default product ARN asks for.
//!
//! One call is all that is used of the service, and its body is ready: it is signed and sent without the service's own crate,
//! which would be as large as all others together.
//! Source: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use futures_util::stream::{self, StreamExt};
use serde::Deserialize;

use super::assume::Role;
use super::connector::innermost;
use super::gap::clean;
use super::plan::Plan;
use super::session::{Session, Timeouts, behavior};

const SERVICE: &str = "securityhub";
const PATH: &str = "/findings/import";
const TRIES: u32 = 5;
/// Accounts that are served at a time.
const AT_A_TIME: usize = 8;
/// What is tried again: throttling and passing failures.
const PASSING: &[u16] = &[429, 500, 502, 503, 504];

/// Findings of one account and Region, as one request takes them.
#[derive(Clone, Debug)]
pub struct Import {
    pub account: String,
    pub region: String,
    pub findings: usize,
    /// The body of BatchImportFindings.
    pub body: String,
}

/// What became of some findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub account: String,
    pub region: String,
    pub taken: usize,
    /// Why findings were not taken, one line each, or one for all.
    pub refused: Vec<String>,
    /// How many were not taken.
    pub lost: usize,
}

/// Sends every request, as the caller in its own account and by the plan's roles in others. Results come by account; a refusal
/// never keeps others from being sent.
pub async fn import(caller: &Session, plan: &Plan, imports: Vec<Import>) -> Vec<Imported> {
    let mut by_account: BTreeMap<String, Vec<Import>> = BTreeMap::new();
    for import in imports {
        by_account.entry(import.account.clone()).or_default().push(import);
    }
    let accounts = by_account.into_iter().map(|(account, imports)| in_account(caller, plan, account, imports));
    let results: Vec<Vec<Imported>> = stream::iter(accounts).buffered(AT_A_TIME).collect().await;
    results.into_iter().flatten().collect()
}

async fn in_account(caller: &Session, plan: &Plan, account: String, imports: Vec<Import>) -> Vec<Imported> {
    let session = enter(caller, plan, &account).await;
    let mut results = Vec::new();
    for import in imports {
        let answer = match &session {
            Ok((session, partition)) => send(session, partition, &import).await,
            Err(reason) => Err(reason.clone()),
        };
        let Import { account, region, findings, .. } = import;
        results.push(match answer {
            Ok(answer) => {
                let refused: Vec<String> = answer.failed.iter().map(Failed::line).collect();
                let lost = findings.saturating_sub(answer.success_count);
                Imported { account, region, taken: answer.success_count, refused, lost }
            }
            Err(reason) => Imported { account, region, taken: 0, refused: vec![reason], lost: findings },
        });
    }
    results
}

async fn enter(caller: &Session, plan: &Plan, account: &str) -> Result<(Session, String), String> {
    let identity = caller.identity().await.map_err(|refusal| refusal.gap.message.clone())?;
    if identity.account == account {
        return Ok((caller.clone(), identity.partition));
    }
    let arn = plan.role(account, &identity.partition);
    let role = Role { account: account.to_string(), arn, external_id: plan.external_id.clone() };
    let session = caller.assume(&role).await.map_err(|gap| gap.message.clone())?;
    Ok((session, identity.partition))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    success_count: usize,
    #[serde(default, rename = "FailedFindings")]
    failed: Vec<Failed>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
    error_code: String,
    #[serde(default)]
    error_message: String,
}

impl Failed {
    fn line(&self) -> String {
        clean(&format!("{}: {}: {}", self.id, self.error_code, self.error_message))
    }
}

/// What Security Hub refused the whole request with.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

async fn send(session: &Session, partition: &str, import: &Import) -> Result<Answer, String> {
    let at = format!("securityhub:BatchImportFindings in account {}, {}", import.account, import.region);
    let endpoint = endpoint(session, partition, &import.region).ok_or_else(|| {
        format!("{at}: the partition `{partition}` has no known endpoint; set AWS_ENDPOINT_URL_SECURITYHUB")
    })?;
    let Some(provider) = session.config().credentials_provider() else { return Err(format!("{at}: no credentials")) };
    let credentials = provider.provide_credentials().await.map_err(|e| format!("{at}: {}", clean(&innermost(&e))))?;
    let (uri, region) = (format!("{endpoint}{PATH}"), import.region.clone());
    let patience = Timeouts::default();
    let timeouts = TimeoutConfig::builder()
        .operation_timeout(patience.operation)
        .operation_attempt_timeout(patience.attempt)
        .connect_timeout(patience.connect)
        .build();
    let operation = Operation::builder()
        .service_name(SERVICE)
        .operation_name("BatchImportFindings")
        .behavior_version(behavior())
        .endpoint_url(&endpoint)
        .no_auth()
        .standard_retry(&RetryConfig::standard().with_max_attempts(TRIES))
        .retry_classifier(HttpStatusCodeClassifier::new_from_codes(PASSING))
        .retry_classifier(TransientErrorClassifier::<Refused>::new())
        .timeout_config(timeouts)
        .serializer(move |body: String| signed(&uri, &region, &credentials, body))
        .deserializer(read)
        .build();
    operation.invoke(import.body.clone()).await.map_err(|error| {
        let reason = match error {
            SdkError::ServiceError(refused) => refused.into_err().to_string(),
            other => innermost(&other),
        };
        format!("{at}: {}", clean(&reason))
    })
}

/// The request as a whole; what the SDK adds to it later is not signed.
fn signed(uri: &str, region: &str, credentials: &Credentials, body: String) -> Result<HttpRequest, BoxError> {
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let kind = ("content-type", "application/json");
    let signable = SignableRequest::new("POST", uri, std::iter::once(kind), SignableBody::Bytes(body.as_bytes()))?;
    let (instructions, _) = sign(signable, &parameters)?.into_parts();
    let headers: Vec<(String, String)> = instructions.headers().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("POST")?;
    request.set_uri(uri)?;
    request.headers_mut().insert(kind.0, kind.1);
    for (name, value) in headers {
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

fn read(response: &HttpResponse) -> Result<Answer, OrchestratorError<Refused>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return serde_json::from_slice(body).map_err(OrchestratorError::other);
    }
    let said: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |names: [&str; 2]| names.iter().find_map(|name| said[name].as_str());
    let code = response.headers().get("x-amzn-errortype").or_else(|| text(["Code", "__type"])).unwrap_or("an error");
    let message = text(["Message", "message"]).unwrap_or_default();
    Err(OrchestratorError::operation(Refused(format!("{} ({}): {message}", code, response.status().as_u16()))))
}

/// The address of the service, without a slash at its end.
fn endpoint(session: &Session, partition: &str, region: &str) -> Option<String> {
    let own = std::env::var("AWS_ENDPOINT_URL_SECURITYHUB").ok().filter(|url| !url.is_empty());
    if let Some(url) = own.as_deref().or(session.config().endpoint_url()) {
        return Some(url.trim_end_matches('/').to_string());
    }
    let fips = if session.config().use_fips() == Some(true) { "-fips" } else { "" };
    domain(partition).map(|domain| format!("https://{SERVICE}{fips}.{region}.{domain}"))
}

/// Source: the partitions of AWS's endpoint rules.
fn domain(partition: &str) -> Option<&'static str> {
    match partition {
        "aws" | "aws-us-gov" => Some("amazonaws.com"),
        "aws-cn" => Some("amazonaws.com.cn"),
        "aws-eusc" => Some("amazonaws.eu"),
        "aws-iso" => Some("c2s.ic.gov"),
        "aws-iso-b" => Some("sc2s.sgov.gov"),
        "aws-iso-e" => Some("cloud.adc-e.uk"),
        "aws-iso-f" => Some("csp.hci.ic.gov"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_signed_for_its_region() {
        let credentials = Credentials::new("AKIAEXAMPLE", "secret", Some("token".into()), None, "test");
        let uri = "https://securityhub.eu-west-1.amazonaws.com/findings/import";
        let request = signed(uri, "eu-west-1", &credentials, "{}".into()).expect("signed");
        let header = |name: &str| request.headers().get(name).unwrap_or_default().to_string();
        assert!(header("authorization").contains("/eu-west-1/securityhub/aws4_request"), "{}", header("authorization"));
        assert!(header("authorization").contains("content-type;host;x-amz-date"), "{}", header("authorization"));
        assert_eq!((header("x-amz-security-token").as_str(), request.uri()), ("token", uri));
        assert_eq!((request.method(), request.body().bytes()), ("POST", Some(&b"{}"[..])));
    }
}
