//! A signer whose key stays in KMS.

use tokio::runtime::Runtime;

use crate::app::{Refusal, live};
use crate::aws::{self, KmsKey, Options};
use crate::evidence::signature::SignError;
use crate::evidence::sums::Hash;
use crate::evidence::{PublicKey, Signer};

pub(super) struct KmsSigner {
    /// The connections to KMS live on it, from the first question to the signature.
    runtime: Runtime,
    key: KmsKey,
    public: PublicKey,
}

impl KmsSigner {
    /// Finds the key with the caller's own credentials, whatever roles the scan assumes.
    pub(super) fn open(arn: &str, profile: Option<&str>) -> Result<Self, Refusal> {
        let region = aws::region_of_key(arn).map_err(|e| Refusal::caused(&e).hint(e.hint()))?;
        let options = Options {
            profile: profile.map(str::to_string),
            regions: vec![region.to_string()],
            keep_answers: false,
            ..Options::default()
        };
        let runtime = live::runtime(live::Threads::One)?;
        let session = runtime.block_on(aws::connect(options)).map_err(|e| Refusal::caused(&e).hint(e.hint()))?;
        let key = runtime.block_on(KmsKey::open(&session, arn)).map_err(|e| Refusal::caused(&e).hint(e.hint()))?;
        let public = PublicKey::from_der(key.public()).map_err(|e| Refusal::new(format!("cannot sign with {arn}: {e}")))?;
        Ok(KmsSigner { runtime, key, public })
    }
}

impl Signer for KmsSigner {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn kms_arn(&self) -> Option<&str> {
        Some(self.key.arn())
    }

    fn sign(&self, digest: &Hash) -> Result<Vec<u8>, SignError> {
        self.runtime.block_on(self.key.sign(*digest)).map_err(|e| SignError::Refused(e.to_string()))
    }
}
