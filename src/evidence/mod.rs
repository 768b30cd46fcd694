//! Evidence bundles: a folder that an assessor can check, and judge again, without us.
//!
//! ```text
//! evidence-ACCOUNT-START-RUN/
//!   README.txt  manifest.json  settings.json  trailproof.yaml  waivers.yaml  signer.pub.pem
//!   policies/   raw/   attestations/   report.json  report.html  inventory.json
//!   SHA256SUMS              every file above, its SHA-256 and its path, sorted
//!   SHA256SUMS.sig          ECDSA P-256 over SHA-256, of SHA256SUMS
//!   SHA256SUMS.sigstore.json  SHA256SUMS.tsr
//! ```
//!
//! All of this is about files: their bytes, their hashes, who signed them. Nothing here knows what the files say of AWS, how
//! they came to be, or how they are judged again; a key that lives elsewhere signs through [`Signer`].

pub mod archive;
pub mod chain;
mod der;
pub mod draft;
pub mod layout;
pub mod manifest;
pub mod redact;
pub mod signature;
pub mod sums;
pub mod timestamp;
pub mod tree;
pub mod verify;

pub use draft::{Draft, DraftError, Sealed};
pub use manifest::Manifest;
pub use signature::{KeyFile, PublicKey, SignError, Signer};
pub use tree::{Bundle, Limits};
pub use verify::{Standing, State, Trust, Verification};
