//! The command line of `trailproof drift`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{CodeOptions, LiveOptions};

#[derive(Debug, Args)]
pub struct Drift {
    /// The code: Terraform plans as JSON, folders of Terraform's configuration, CloudFormation templates, folders of them, or a
    /// `cdk.out`, as `trailproof scan` takes them.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    pub code: Vec<PathBuf>,
    /// The account: recordings (made with --record), saved inventories, or `aws` for the account of the current credentials.
    #[arg(long, value_name = "RECORDING|aws", required = true, num_args = 1..)]
    pub live: Vec<PathBuf>,
    #[command(flatten)]
    pub options: CodeOptions,
    #[command(flatten)]
    pub asking: LiveOptions,

    /// Add policies of your own from this folder; one with the id of a built-in policy takes its place.
    #[arg(long = "policies", value_name = "DIR", help_heading = "Policies")]
    pub directories: Vec<PathBuf>,
    /// Read the settings from this file instead of trailproof.yaml in the current folder.
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub config: Option<PathBuf>,

    /// Write only this format; repeat it for more. Without it: text, html and json.
    #[arg(long = "format", value_enum, value_name = "FORMAT", value_delimiter = ',', help_heading = "Output")]
    pub formats: Vec<DriftFormat>,
    /// Where drift.html and drift.json go; `-` writes the one format that --format names to standard output.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Exit with 0 although something could not be compared. (An interrupted reading of the account exits with 130 all the same.)
    #[arg(long, help_heading = "Output")]
    pub allow_unknown: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum DriftFormat {
    /// The differences on the terminal.
    Text,
    /// drift.html: one self-contained file.
    Html,
    /// drift.json: every comparison.
    Json,
}
