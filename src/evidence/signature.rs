//! Signatures: ECDSA on P-256 with SHA-256, over the bytes of `SHA256SUMS`.
//!
//! A key file signs deterministically (RFC 6979), so that the same bundle has the same signature. A key that cannot be read,
//! such as one of KMS, signs through [`Signer`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePublicKey, LineEnding};

use super::sums::{Hash, hash, hex};

/// The algorithm's name in a manifest.
pub const ALGORITHM: &str = "ECDSA_P256_SHA256";

/// Why a key cannot be used, or did not sign.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("it holds no P-256 private key in PEM form")]
    NoPrivateKey,
    #[error("the private key is encrypted")]
    Encrypted,
    #[error("it holds a private key; the public key is asked for")]
    PrivateGiven,
    #[error("it holds no P-256 public key in PEM form")]
    NoPublicKey,
    #[error("the key did not sign: {0}")]
    Refused(String),
    #[error("what the key answered is not its signature")]
    Wrong,
}

/// A P-256 public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    spki: Vec<u8>,
}

impl PublicKey {
    /// Reads `-----BEGIN PUBLIC KEY-----`.
    ///
    /// # Errors
    /// Any other text, and keys of other kinds.
    pub fn from_pem(text: &str) -> Result<Self, SignError> {
        if text.contains("PRIVATE KEY-----") {
            return Err(SignError::PrivateGiven);
        }
        VerifyingKey::from_public_key_pem(text.trim()).map_err(|_| SignError::NoPublicKey).and_then(Self::of)
    }

    /// Reads a SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// Other bytes, and keys of other kinds.
    pub fn from_der(spki: &[u8]) -> Result<Self, SignError> {
        VerifyingKey::from_public_key_der(spki).map_err(|_| SignError::NoPublicKey).and_then(Self::of)
    }

    fn of(key: VerifyingKey) -> Result<Self, SignError> {
        let spki = key.to_public_key_der().map_err(|_| SignError::NoPublicKey)?.as_bytes().to_vec();
        Ok(PublicKey { key, spki })
    }

    /// The SHA-256 of the SubjectPublicKeyInfo, in hex: what people compare.
    pub fn fingerprint(&self) -> String {
        hex(&hash(&self.spki))
    }

    /// The PEM form, as openssl writes it.
    pub fn to_pem(&self) -> String {
        self.key.to_public_key_pem(LineEnding::LF).unwrap_or_default()
    }

    /// Whether the signature, in DER, is this key's over the message.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_der(signature).is_ok_and(|s| self.key.verify_prehash(&hash(message), &s).is_ok())
    }
}

/// Whoever can sign: a key file, or a key that never leaves its keeper.
pub trait Signer {
    fn public(&self) -> &PublicKey;

    /// The ARN of the key, where KMS keeps it.
    fn kms_arn(&self) -> Option<&str> {
        None
    }

    /// Signs a SHA-256; the signature is in DER.
    ///
    /// # Errors
    /// Whatever kept the key from signing.
    fn sign(&self, digest: &Hash) -> Result<Vec<u8>, SignError>;
}

/// A private key that was read from a file.
pub struct KeyFile {
    key: SigningKey,
    public: PublicKey,
}

impl KeyFile {
    /// Reads a private key: PKCS#8, as `openssl genpkey` writes it, or SEC1, as `openssl ecparam -genkey` does.
    ///
    /// # Errors
    /// Any other text, encrypted keys, and keys of other kinds.
    pub fn from_pem(text: &str) -> Result<Self, SignError> {
        if text.contains("ENCRYPTED") {
            return Err(SignError::Encrypted);
        }
        let key = match text.find("-----BEGIN EC PRIVATE KEY-----") {
            // openssl writes the curve's parameters in front.
            Some(at) => p256::SecretKey::from_sec1_pem(text[at..].trim()).ok().map(SigningKey::from),
            None => SigningKey::from_pkcs8_pem(text.trim()).ok(),
        };
        let key = key.ok_or(SignError::NoPrivateKey)?;
        let public = PublicKey::of(*key.verifying_key())?;
        Ok(KeyFile { key, public })
    }
}

impl Signer for KeyFile {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, digest: &Hash) -> Result<Vec<u8>, SignError> {
        let signature: Signature = self.key.sign_prehash(digest).map_err(|e| SignError::Refused(e.to_string()))?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

/// The signature as cosign reads it: a Sigstore bundle that names a key and nothing else.
/// Source: <https://docs.sigstore.dev/about/bundle/>, version 0.3.
pub fn sigstore(sums: &[u8], signature: &[u8], fingerprint: &str) -> Vec<u8> {
    let bundle = serde_json::json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": { "publicKey": { "hint": fingerprint } },
        "messageSignature": {
            "messageDigest": { "algorithm": "SHA2_256", "digest": STANDARD.encode(hash(sums)) },
            "signature": STANDARD.encode(signature),
        },
    });
    format!("{bundle:#}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::sums::unhex;

    /// The key of RFC 6979, A.2.5, in the two forms that openssl writes.
    const PKCS8: &str = include_str!("../../tests/it/evidence/rfc6979.pem");
    const SEC1: &str = include_str!("../../tests/it/evidence/rfc6979-sec1.pem");

    #[test]
    fn a_signature_is_the_one_of_rfc_6979() {
        let key = KeyFile::from_pem(PKCS8).expect("a key");
        let der = key.sign(&hash(b"sample")).expect("signed");
        let signature = Signature::from_der(&der).expect("DER");
        let r = unhex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716").expect("hex");
        let s = unhex("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8").expect("hex");
        assert_eq!(signature.to_bytes()[..], [r, s].concat()[..]);
        assert!(key.public().verifies(b"sample", &der));
        assert!(!key.public().verifies(b"Sample", &der));
        assert!(!key.public().verifies(b"sample", &[&der[..], &[0]].concat()));
    }

    #[test]
    fn both_forms_are_the_same_key() {
        let (one, two) = (KeyFile::from_pem(PKCS8).expect("a key"), KeyFile::from_pem(SEC1).expect("a key"));
        assert_eq!(one.public(), two.public());
        let parameters = format!("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{SEC1}");
        assert_eq!(KeyFile::from_pem(&parameters).expect("a key").public(), one.public());
        assert_eq!(&PublicKey::from_pem(&one.public().to_pem()).expect("a key"), one.public());
    }

    #[test]
    fn what_is_no_key_is_said() {
        let public = KeyFile::from_pem(PKCS8).expect("a key").public().to_pem();
        assert!(matches!(PublicKey::from_pem(PKCS8), Err(SignError::PrivateGiven)));
        assert!(matches!(PublicKey::from_pem("x"), Err(SignError::NoPublicKey)));
        assert!(matches!(KeyFile::from_pem(&public), Err(SignError::NoPrivateKey)));
        assert!(matches!(KeyFile::from_pem("-----BEGIN ENCRYPTED PRIVATE KEY-----"), Err(SignError::Encrypted)));
    }
}
