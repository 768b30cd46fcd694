//! Signing with a key that never leaves KMS. It is the one use of AWS that is no reading: the key signs the sums of a bundle,
//! and nothing in the account changes.

use aws_sdk_kms::Client;
use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::operation::sign::{SignError, SignOutput};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeySpec, KeyUsageType, MessageType, SigningAlgorithmSpec};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::region::Region;

use super::connector::innermost;
use super::gap::clean;
use super::session::Session;

/// Why KMS does not sign.
#[derive(Debug, thiserror::Error)]
pub enum KmsError {
    #[error("`{0}` is not the ARN of a KMS key or alias")]
    NotAnArn(String),
    #[error("the key {arn} is {spec} for {usage}")]
    OtherKind { arn: String, spec: String, usage: String },
    #[error("kms:{operation} of {arn}: {reason}")]
    Refused { operation: &'static str, arn: String, reason: String },
}

impl KmsError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAnArn(_) => {
                "name the key as arn:aws:kms:REGION:ACCOUNT:key/ID, or an alias of it as arn:aws:kms:REGION:ACCOUNT:alias/NAME"
            }
            Self::OtherKind { .. } => "make a key with `aws kms create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY`",
            Self::Refused { .. } => "the caller needs kms:GetPublicKey and kms:Sign on the key, which must be enabled",
        }
    }
}

/// The Region of a key's or an alias's ARN.
///
/// # Errors
/// Any other text.
pub fn region_of_key(arn: &str) -> Result<&str, KmsError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "kms", region, account, name]
            if !region.is_empty() && account.len() == 12 && (name.starts_with("key/") || name.starts_with("alias/")) =>
        {
            Ok(region)
        }
        _ => Err(KmsError::NotAnArn(arn.to_string())),
    }
}

/// A key of KMS that signs with ECDSA on P-256.
pub struct KmsKey {
    client: Client,
    arn: String,
    public: Vec<u8>,
}

impl KmsKey {
    /// Finds the key, and tries without signing anything whether the caller may sign with it.
    ///
    /// # Errors
    /// A name that is none, a key of another kind, and whatever KMS refuses.
    pub async fn open(session: &Session, name: &str) -> Result<Self, KmsError> {
        let region = region_of_key(name)?;
        // The client that credentials are fetched with, which nothing records.
        let source = session.credentials_source().unwrap_or(session.config());
        let config = source.to_builder().region(Region::new(region.to_string())).build();
        let client = Client::new(&config);
        let answer = client.get_public_key().key_id(name).send().await.map_err(|e| refused("GetPublicKey", name, &e))?;
        // Of an alias the answer names the key, and whatever becomes of the alias, that is what signed.
        let arn = answer.key_id().unwrap_or(name).to_string();
        let (spec, usage) = (answer.key_spec(), answer.key_usage());
        if spec != Some(&KeySpec::EccNistP256) || usage != Some(&KeyUsageType::SignVerify) {
            let spec = spec.map_or("of an unknown kind", KeySpec::as_str).to_string();
            let usage = usage.map_or("an unknown use", KeyUsageType::as_str).to_string();
            return Err(KmsError::OtherKind { arn, spec, usage });
        }
        let public = answer.public_key().map(|key| key.as_ref().to_vec()).unwrap_or_default();
        let key = KmsKey { client, arn, public };
        match key.ask([0; 32], true).await {
            Err(error) if error.code() != Some("DryRunOperationException") => Err(refused("Sign", &key.arn, &error)),
            _ => Ok(key),
        }
    }

    /// The ARN of the key itself, also where an alias was named.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The public key: a SubjectPublicKeyInfo in DER.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// Signs a SHA-256; the signature is in DER.
    ///
    /// # Errors
    /// Whatever KMS refuses.
    pub async fn sign(&self, digest: [u8; 32]) -> Result<Vec<u8>, KmsError> {
        let answer = self.ask(digest, false).await.map_err(|e| refused("Sign", &self.arn, &e))?;
        Ok(answer.signature().map(|signature| signature.as_ref().to_vec()).unwrap_or_default())
    }

    async fn ask(&self, digest: [u8; 32], is_trial: bool) -> Result<SignOutput, SdkError<SignError, HttpResponse>> {
        let request = self.client.sign().key_id(&self.arn).message(Blob::new(digest)).message_type(MessageType::Digest);
        request.signing_algorithm(SigningAlgorithmSpec::EcdsaSha256).dry_run(is_trial).send().await
    }
}

fn refused<E>(operation: &'static str, arn: &str, error: &SdkError<E, HttpResponse>) -> KmsError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let reason = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_string(),
        (None, _) => innermost(error),
    };
    KmsError::Refused { operation, arn: arn.to_string(), reason: clean(&reason) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_an_arn_with_its_region() {
        let region = |arn: &str| region_of_key(arn).ok().map(str::to_string);
        let of = |name: &str| format!("arn:aws-us-gov:kms:us-gov-west-1:111122223333:{name}");
        assert_eq!(region(&of("key/1234abcd")).as_deref(), Some("us-gov-west-1"));
        assert_eq!(region(&of("alias/evidence")).as_deref(), Some("us-gov-west-1"));
        for bad in ["", "alias/evidence", "1234abcd", &of("grant/x"), "arn:aws:kms::111122223333:key/x", "arn:aws:s3:eu-west-1:1:key/x"] {
            assert_eq!(region(bad), None, "{bad}");
        }
    }
}
