//! Requests to services whose own crates would be larger than all others together: signed by AWS's signer, sent by AWS's
//! client, with a body that is ready and an answer that is JSON.
//!
//! What is sent here is paced, recorded and replayed like every other call where [`Session::call`] makes it.

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
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::Value;

use super::session::{Session, behavior};

/// What is tried again: throttling and passing failures.
const PASSING: &[u16] = &[429, 500, 502, 503, 504];

/// A request to a service in a Region.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    /// The name that the service is signed for, and that stands in its address.
    pub(super) service: &'static str,
    pub(super) operation: &'static str,
    pub(super) method: &'static str,
    /// Path and query.
    pub(super) path: String,
    /// The body; empty for none.
    pub(super) body: String,
}

/// What the service refused a request with.
#[derive(Debug, thiserror::Error)]
#[error("{} ({status}): {}", meta.code().unwrap_or("an error"), meta.message().unwrap_or_default())]
pub struct Refused {
    status: u16,
    meta: Box<ErrorMetadata>,
}

impl ProvideErrorMetadata for Refused {
    fn meta(&self) -> &ErrorMetadata {
        &self.meta
    }
}

impl Session {
    /// Reads JSON from a path of a service.
    ///
    /// # Errors
    /// The service's refusal, an answer that is not JSON, or no answer.
    pub async fn get_json(
        &self,
        operation: &'static super::Operation,
        region: &str,
        partition: &str,
        path: String,
    ) -> Result<Value, SdkError<Refused, HttpResponse>> {
        let (service, operation) = (operation.service, operation.name);
        send(self, partition, region, Plain { service, operation, method: "GET", path, body: String::new() }).await
    }
}

/// Sends a request as the session's caller.
///
/// # Errors
/// The service's refusal, an answer that is not JSON, no answer, no credentials, or a partition without known addresses.
pub(super) async fn send(
    session: &Session,
    partition: &str,
    region: &str,
    request: Plain,
) -> Result<Value, SdkError<Refused, HttpResponse>> {
    let failed = |message: String| SdkError::construction_failure(BoxError::from(message));
    let Plain { service, operation, .. } = request;
    let endpoint = endpoint(session, service, partition, region).ok_or_else(|| {
        let variable = format!("AWS_ENDPOINT_URL_{}", service.to_uppercase());
        failed(format!("the partition `{partition}` has no known endpoint; set {variable}"))
    })?;
    let provider = session.config().credentials_provider().ok_or_else(|| failed("no credentials".into()))?;
    let credentials = provider.provide_credentials().await.map_err(SdkError::construction_failure)?;
    let (uri, region) = (format!("{endpoint}{}", request.path), region.to_string());
    // As patient as every other call of the session; a replay tries once.
    let retries = session.config().retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    let timeouts = session.config().timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled);
    let mut builder = Operation::builder()
        .service_name(service)
        .operation_name(operation)
        .behavior_version(behavior())
        .endpoint_url(&endpoint)
        .no_auth()
        .standard_retry(&retries)
        .retry_classifier(HttpStatusCodeClassifier::new_from_codes(PASSING))
        .retry_classifier(TransientErrorClassifier::<Refused>::new())
        .timeout_config(timeouts);
    if let Some(client) = session.config().http_client() {
        builder = builder.http_client(client);
    }
    let operation = builder
        .serializer(move |request: Plain| signed(&uri, &region, &credentials, request))
        .deserializer(read)
        .build();
    operation.invoke(request).await
}

/// The request as a whole; what the SDK adds to it later is not signed.
fn signed(uri: &str, region: &str, credentials: &Credentials, plain: Plain) -> Result<HttpRequest, BoxError> {
    let Plain { service, method, body, .. } = plain;
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let kind = (!body.is_empty()).then_some(("content-type", "application/json"));
    let signable = SignableRequest::new(method, uri, kind.into_iter(), SignableBody::Bytes(body.as_bytes()))?;
    let (instructions, _) = sign(signable, &parameters)?.into_parts();
    let headers: Vec<(String, String)> = instructions.headers().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method(method)?;
    request.set_uri(uri)?;
    if let Some((name, value)) = kind {
        request.headers_mut().insert(name, value);
    }
    for (name, value) in headers {
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

fn read(response: &HttpResponse) -> Result<Value, OrchestratorError<Refused>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return serde_json::from_slice(body).map_err(OrchestratorError::other);
    }
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |names: [&str; 2]| names.iter().find_map(|name| said[name].as_str());
    let code = response.headers().get("x-amzn-errortype").or_else(|| text(["Code", "__type"])).unwrap_or("an error");
    // The type may be followed by an address, and preceded by a namespace.
    let code = code.split(':').next().unwrap_or(code).rsplit('#').next().unwrap_or(code).to_string();
    let message = text(["Message", "message"]).unwrap_or_default().to_string();
    let meta = Box::new(ErrorMetadata::builder().code(code).message(message).build());
    Err(OrchestratorError::operation(Refused { status: response.status().as_u16(), meta }))
}

/// The address of the service, without a slash at its end.
fn endpoint(session: &Session, service: &str, partition: &str, region: &str) -> Option<String> {
    let own = std::env::var(format!("AWS_ENDPOINT_URL_{}", service.to_uppercase())).ok().filter(|url| !url.is_empty());
    if let Some(url) = own.as_deref().or(session.config().endpoint_url()) {
        return Some(url.trim_end_matches('/').to_string());
    }
    let fips = if session.config().use_fips() == Some(true) { "-fips" } else { "" };
    domain(partition).map(|domain| format!("https://{service}{fips}.{region}.{domain}"))
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
    fn a_request_is_signed_for_its_service_and_region() {
        let credentials = Credentials::new("AKIAEXAMPLE", "secret", Some("token".into()), None, "test");
        let uri = "https://securityhub.eu-west-1.amazonaws.com/findings/import";
        let plain = |method, body: &str| Plain {
            service: "securityhub",
            operation: "BatchImportFindings",
            method,
            path: "/findings/import".into(),
            body: body.into(),
        };
        let request = signed(uri, "eu-west-1", &credentials, plain("POST", "{}")).expect("signed");
        let header = |request: &HttpRequest, name: &str| request.headers().get(name).unwrap_or_default().to_string();
        let authorization = header(&request, "authorization");
        assert!(authorization.contains("/eu-west-1/securityhub/aws4_request"), "{authorization}");
        assert!(authorization.contains("content-type;host;x-amz-date"), "{authorization}");
        assert_eq!((header(&request, "x-amz-security-token").as_str(), request.uri()), ("token", uri));
        assert_eq!((request.method(), request.body().bytes()), ("POST", Some(&b"{}"[..])));
        let read = signed(uri, "eu-west-1", &credentials, plain("GET", "")).expect("signed");
        assert!(header(&read, "authorization").contains("SignedHeaders=host;x-amz-date"), "{}", header(&read, "authorization"));
        assert_eq!(header(&read, "content-type"), "");
    }
}
