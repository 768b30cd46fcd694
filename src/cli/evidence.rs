//! Bundles on the command line: how one is sealed, stamped and verified.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::severity;
use crate::finding::Severity;

/// How a bundle is sealed.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Evidence")]
pub struct Seal {
    /// Sign with this private key: P-256 in a PEM file, as `openssl genpkey -algorithm EC -pkeyopt
    /// ec_paramgen_curve:P-256` writes it.
    #[arg(long, value_name = "FILE")]
    pub sign_key: Option<PathBuf>,
    /// Sign with this key of KMS: the ARN of an ECC_NIST_P256 key, or of an alias of one. The caller's own credentials ask,
    /// and need kms:GetPublicKey and kms:Sign on it.
    #[arg(long, value_name = "ARN", conflicts_with = "sign_key")]
    pub sign_kms: Option<String>,
    /// Have a timestamping authority (RFC 3161) state when the bundle existed.
    #[arg(long, value_name = "URL")]
    pub tsa: Option<String>,
    /// The bundle that this one follows: a folder or a .tar.gz.
    #[arg(long, value_name = "BUNDLE")]
    pub previous: Option<PathBuf>,
    /// Write the bundle as a .tar.gz too, beside its folder.
    #[arg(long)]
    pub archive: bool,
    /// Take e-mail addresses out of AWS's answers before they are judged and hashed; the manifest says where.
    #[arg(long)]
    pub redact: bool,
    /// Add this file or folder of statements by people; repeat it for more.
    #[arg(long = "attestation", value_name = "PATH")]
    pub attestations: Vec<PathBuf>,
    /// Until when the bundle is to be kept, such as 2027-11-01; a statement in the manifest.
    #[arg(long, value_name = "DATE")]
    pub retain_until: Option<jiff::civil::Date>,
    /// Why until then.
    #[arg(long, value_name = "TEXT", requires = "retain_until")]
    pub retain_basis: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Evidence {
    /// Judge a recording, and seal it with the policies and the reports as an evidence bundle.
    ///
    /// The bundle is a new folder: raw/ holds the recording as it is, SHA256SUMS every file's hash, README.txt the commands
    /// that verify it without Trailproof. Its name follows from the account, the start and the run. The same recording, judged
    /// and sealed in the same way, gives the same bytes. The exit code says whether it was sealed, not what was found.
    Pack(Box<Pack>),
    /// Verify a bundle: that it is as it was sealed, by whom, and that judging it again gives the same report.
    ///
    /// Exit codes: 0 every check is good; 1 a check failed; 3 the bundle is as it was sealed, but nobody trusted signed it;
    /// 2 it could not be verified. The key inside of a bundle is no reason to trust it: give --key.
    Verify(Verify),
    /// Have a timestamping authority (RFC 3161) state when a bundle existed, where none did when it was sealed.
    Timestamp(Timestamping),
}

#[derive(Debug, Args)]
pub struct Timestamping {
    /// The bundle's folder.
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// The authority's address, such as http://tsa.example/tsr.
    #[arg(long, value_name = "URL")]
    pub tsa: String,
}

#[derive(Debug, Args)]
pub struct Pack {
    /// A recording, made by `scan --record`; `examples/acme-org` is carried inside the program.
    #[arg(value_name = "RECORDING")]
    pub recording: PathBuf,
    /// The folder in which the bundle's folder is made.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    #[command(flatten)]
    pub seal: Seal,
    /// Ask KMS with this AWS profile, for --sign-kms.
    #[arg(long, value_name = "NAME", requires = "sign_kms", help_heading = "Evidence")]
    pub profile: Option<String>,

    /// Add policies of your own from this folder; one with the id of a built-in policy takes its place.
    #[arg(long = "policies", value_name = "DIR", help_heading = "Policies")]
    pub directories: Vec<PathBuf>,
    /// Ask only this policy; repeat it for more.
    #[arg(long = "policy", value_name = "ID", help_heading = "Policies")]
    pub policies: Vec<String>,
    /// Ask only the policies that serve this framework; repeat it for more.
    #[arg(long = "framework", value_name = "ID", help_heading = "Policies")]
    pub frameworks: Vec<String>,
    /// Ask only policies of at least this severity.
    #[arg(long, value_name = "SEVERITY", help_heading = "Policies", value_parser = severity)]
    pub min_severity: Option<Severity>,
    /// Read the settings from this file instead of trailproof.yaml in the current folder.
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub config: Option<PathBuf>,
    /// Lay this file of waivers and attestations upon what fails. Without it the one that the settings name is taken, else
    /// waivers.yaml beside them.
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub waivers: Option<PathBuf>,
    /// Judge as of this moment, such as 2026-11-01T12:00:00Z. The default is when the last fact was read.
    #[arg(long, value_name = "TIME", help_heading = "Policies")]
    pub now: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// The bundle: its folder, or its .tar.gz.
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// The signer's public key that you trust: a PEM file, or the fingerprint, which is the SHA-256 of its
    /// SubjectPublicKeyInfo in 64 hex digits.
    #[arg(long, value_name = "PEM|FINGERPRINT")]
    pub key: Option<String>,
    /// Judge raw/ again by the bundle's own policies, settings and moment: report.json must come out the same, byte for
    /// byte.
    #[arg(long)]
    pub replay: bool,
    /// Follow the bundles that came before this one, which are in this folder.
    #[arg(long, value_name = "DIR")]
    pub chain: Option<PathBuf>,
    /// The most days that may lie between two bundles of the chain.
    #[arg(long, value_name = "DAYS", requires = "chain")]
    pub max_gap: Option<u32>,
    /// The timestamping authority's certificates: `openssl` checks the timestamp by them.
    #[arg(long, value_name = "PEM")]
    pub tsa_ca: Option<PathBuf>,
}
