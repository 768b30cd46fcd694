//! Credentials, the base Region and the caller's identity: all that must be right before anything is read.

use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;

use super::connector::{Live, innermost};
use super::gap::{Refusal, clean, is_bad_credentials, is_expired};
use super::profile::Profile;
use super::session::{Options, Session, behavior};
use crate::inventory::GapKind;

/// Why nothing can be read.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("cannot read the AWS configuration files: {reason}")]
    Configuration { reason: String },
    #[error("there is no AWS profile `{name}`")]
    UnknownProfile { name: String, available: Vec<String> },
    #[error("`{region}` is not the name of a Region")]
    BadRegion { region: String },
    #[error("no Region is set")]
    NoRegion,
    #[error("no AWS credentials were found: {reason}")]
    NoCredentials { reason: String, remarks: Vec<String> },
    #[error("the AWS credentials have expired: {reason}")]
    Expired { reason: String, login: Option<String>, remarks: Vec<String> },
    #[error("AWS does not accept the credentials: {reason}")]
    Rejected { reason: String, remarks: Vec<String> },
    #[error("AWS cannot be reached: {reason}")]
    Unreachable { reason: String, endpoint: Option<String>, remarks: Vec<String> },
    #[error("the caller may not ask who it is: {reason}")]
    IdentityDenied { reason: String },
    #[error("AWS does not say who the caller is: {reason}")]
    Identity { reason: String },
    #[error("the recording was made from account {recorded}, and the credentials are for account {now}")]
    AnotherCaller { recorded: String, now: String },
    #[error("stopped before anything was read")]
    Interrupted,
}

impl ConnectError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        let (hint, remarks): (String, &[String]) = match self {
            Self::Configuration { .. } => ("mend `~/.aws/config` or `~/.aws/credentials`".into(), &[]),
            Self::UnknownProfile { available, .. } if available.is_empty() => {
                ("there are no profiles; `aws configure` makes one".into(), &[])
            }
            Self::UnknownProfile { available, .. } => (format!("the profiles are {}", available.join(", ")), &[]),
            Self::BadRegion { .. } => ("names look like `eu-west-1`".into(), &[]),
            Self::NoRegion => ("give `--region`, set AWS_REGION, or set `region` in the profile".into(), &[]),
            Self::NoCredentials { remarks, .. } => {
                ("give `--profile`, set AWS_PROFILE, or run where a role gives credentials".into(), remarks)
            }
            Self::Expired { login: Some(profile), remarks, .. } => (format!("run `aws sso login --profile {profile}`"), remarks),
            Self::Expired { remarks, .. } => ("renew the credentials".into(), remarks),
            Self::Rejected { remarks, .. } => {
                ("check the access key, its session token, and this machine's clock".into(), remarks)
            }
            Self::Unreachable { endpoint: Some(endpoint), remarks, .. } => {
                (format!("the endpoint is overridden with `{endpoint}`: check that it runs, or unset AWS_ENDPOINT_URL"), remarks)
            }
            Self::Unreachable { remarks, .. } => {
                ("check the network, the Region's name, and HTTPS_PROXY if there is a proxy".into(), remarks)
            }
            Self::IdentityDenied { .. } => ("allow sts:GetCallerIdentity to the auditing principal".into(), &[]),
            Self::Identity { .. } => ("run it again".into(), &[]),
            Self::AnotherCaller { .. } => ("use the credentials that the recording was begun with".into(), &[]),
            Self::Interrupted => ("run it again".into(), &[]),
        };
        std::iter::once(hint).chain(remarks.iter().cloned()).collect::<Vec<_>>().join("; ")
    }
}

/// Finds credentials and Region, and asks AWS who the caller is.
///
/// # Errors
/// Whatever would keep every later call from working.
pub async fn connect(options: Options) -> Result<Session, ConnectError> {
    if let Some(region) = options.regions.iter().find(|region| !is_region_name(region)) {
        return Err(ConnectError::BadRegion { region: region.clone() });
    }
    let profile = Profile::read(options.profile.as_deref())
        .await
        .map_err(|e| ConnectError::Configuration { reason: clean(&innermost(&e)) })?;
    if profile.is_chosen && !profile.exists && options.credentials.is_none() {
        return Err(ConnectError::UnknownProfile { name: profile.name, available: profile.available });
    }
    let mut loader = aws_config::defaults(behavior())
        .retry_config(RetryConfig::standard().with_max_attempts(5).with_initial_backoff(options.timeouts.first_pause))
        .timeout_config(
            TimeoutConfig::builder()
                .operation_timeout(options.timeouts.operation)
                .operation_attempt_timeout(options.timeouts.attempt)
                .connect_timeout(options.timeouts.connect)
                .build(),
        )
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Ok(name) = AppName::new(concat!("trailproof-", env!("CARGO_PKG_VERSION"))) {
        loader = loader.app_name(name);
    }
    if let Some(name) = &options.profile {
        loader = loader.profile_name(name);
    }
    if let Some(region) = options.regions.first() {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(credentials) = &options.credentials {
        loader = loader.credentials_provider(SharedCredentialsProvider::new(credentials.clone()));
    }
    let config = loader.load().await;
    let base_region = config.region().map(ToString::to_string).ok_or(ConnectError::NoRegion)?;
    if !is_region_name(&base_region) {
        return Err(ConnectError::BadRegion { region: base_region });
    }
    let provider = config
        .credentials_provider()
        .ok_or_else(|| ConnectError::NoCredentials { reason: "no provider".into(), remarks: profile.remarks() })?;
    let found = tokio::select! {
        biased;
        () = options.interrupt.triggered() => return Err(ConnectError::Interrupted),
        found = provider.provide_credentials() => found,
    };
    if let Err(error) = found {
        return Err(no_credentials(&error, &profile));
    }
    let overrides = overrides(config.endpoint_url());
    let is_overridden = !overrides.is_empty();
    let endpoint = overrides.first().cloned();
    let hosts = overrides.iter().filter_map(|url| host(url)).map(str::to_string).collect();
    // The client of the configuration, which credentials are fetched with, stays as it is: its answers hold secrets.
    let mut connector = Live::new(hosts);
    if let Some(recording) = &options.resumed {
        connector = connector.resuming(recording.clone());
    }
    let session = Session::live(config, connector, is_overridden, base_region, &options);
    match session.identity().await {
        Ok(identity) => match &options.resumed {
            Some(recording) if recording.account() != identity.account => {
                Err(ConnectError::AnotherCaller { recorded: recording.account().into(), now: identity.account })
            }
            _ => Ok(session),
        },
        Err(refusal) => Err(unidentified(refusal, &profile, endpoint)),
    }
}

/// Endpoint overrides that matter to how requests are addressed.
fn overrides(general: Option<&str>) -> Vec<String> {
    let of_service =
        ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_S3_CONTROL"].into_iter().filter_map(|name| std::env::var(name).ok());
    general.map(str::to_string).into_iter().chain(of_service).collect()
}

fn host(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?']).next()?;
    if authority.starts_with('[') {
        return None;
    }
    authority.split(':').next().filter(|host| !host.is_empty())
}

/// `xx-name-1`, with any number of names between: `us-gov-west-1`, `eusc-de-east-1`.
fn is_region_name(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    match parts.as_slice() {
        [words @ .., number] if words.len() >= 2 => {
            words.iter().all(is_word) && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
        }
        _ => false,
    }
}

fn no_credentials(error: &CredentialsError, profile: &Profile) -> ConnectError {
    let reason = clean(&innermost(error));
    let lower = reason.to_ascii_lowercase();
    let is_sso = profile.has_sso || lower.contains("sso");
    let is_expired = lower.contains("expired") || (is_sso && lower.contains("token"));
    let remarks = profile.remarks();
    if is_expired {
        let login = is_sso.then(|| profile.name.clone());
        return ConnectError::Expired { reason, login, remarks };
    }
    ConnectError::NoCredentials { reason, remarks }
}

fn unidentified(refusal: Refusal, profile: &Profile, endpoint: Option<String>) -> ConnectError {
    let reason = refusal.gap.message.clone();
    let remarks = profile.remarks();
    match (refusal.code.as_deref(), refusal.gap.kind) {
        (_, GapKind::Interrupted) => ConnectError::Interrupted,
        (Some(code), _) if is_expired(code) => {
            ConnectError::Expired { reason, login: profile.has_sso.then(|| profile.name.clone()), remarks }
        }
        (Some(code), _) if is_bad_credentials(code) => ConnectError::Rejected { reason, remarks },
        (_, GapKind::Denied | GapKind::BlockedByScp) => ConnectError::IdentityDenied { reason },
        _ if refusal.status.is_none() => ConnectError::Unreachable { reason, endpoint, remarks },
        _ => ConnectError::Identity { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_names_have_a_shape() {
        for good in ["eu-west-1", "us-gov-west-1", "eusc-de-east-1", "ap-southeast-12", "us-isob-east-1"] {
            assert!(is_region_name(good), "{good}");
        }
        for bad in ["", "eu", "eu-west", "EU-WEST-1", "eu-west-1a", "eu--1", "eu-west-1/x", "a.b-c-1"] {
            assert!(!is_region_name(bad), "{bad}");
        }
    }

    #[test]
    fn the_host_of_an_override_is_found() {
        assert_eq!(host("http://127.0.0.1:5000"), Some("127.0.0.1"));
        assert_eq!(host("https://example.com/path"), Some("example.com"));
        assert_eq!(host("http://[::1]:5000"), None);
        assert_eq!(host("nonsense"), None);
    }

    #[test]
    fn expired_single_sign_on_names_the_login() {
        let profile = Profile { name: "audit".into(), has_sso: true, ..Profile::default() };
        let error = no_credentials(&CredentialsError::provider_error("the SSO session token was not found"), &profile);
        assert_eq!(error.hint(), "run `aws sso login --profile audit`");
        let profile = Profile { name: "default".into(), has_ca_bundle: true, ..Profile::default() };
        let error = no_credentials(&CredentialsError::not_loaded("no providers in chain provided credentials"), &profile);
        assert!(matches!(error, ConnectError::NoCredentials { .. }), "{error}");
        assert!(error.hint().contains("AWS_CA_BUNDLE"), "{}", error.hint());
    }
}
