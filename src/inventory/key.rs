//! KMS keys that encrypt logs.

use jiff::Timestamp;

use super::document::PolicyDocument;
use super::fact::Fact;
use super::noun::noun;

noun! {
    /// A KMS key that a trail or its bucket uses.
    pub struct Key("key", id = arn) {
        /// The key's ARN; where the key could not be described, the name by which it was asked for.
        arn: String,
        /// Whether the key exists. Where it does not, nothing else of it is known.
        exists: Fact<bool>,
        /// The account that owns the key.
        owner_account: Fact<String>,
        /// The Region that the key lives in.
        region: Fact<String>,
        /// Who manages the key: `CUSTOMER` or `AWS`.
        key_manager: Fact<String>,
        /// The key's state, for example `Enabled`, `Disabled`, `PendingDeletion`, `PendingImport`.
        key_state: Fact<String>,
        /// The key's spec, for example `SYMMETRIC_DEFAULT`.
        key_spec: Fact<String>,
        /// What the key is for, for example `ENCRYPT_DECRYPT`.
        key_usage: Fact<String>,
        /// Where the key material comes from: `AWS_KMS`, `EXTERNAL`, `AWS_CLOUDHSM`, `EXTERNAL_KEY_STORE`.
        origin: Fact<String>,
        /// Whether the key is a multi-Region key.
        is_multi_region: Fact<bool>,
        /// When the key was created.
        creation_date: Fact<Option<Timestamp>>,
        /// When the key will be deleted; null where no deletion is scheduled.
        deletion_date: Fact<Option<Timestamp>>,
        /// Whether the key material rotates by itself.
        rotation_enabled: Fact<bool>,
        /// Days between rotations; null where rotation is off.
        rotation_period_days: Fact<Option<i64>>,
        /// The key policy.
        policy: Fact<PolicyDocument>,
    }
}
