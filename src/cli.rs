//! The command line: types and words only. What the commands do stands in `app`.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::finding::Severity;

/// Audits whether what happens in AWS accounts is recorded, protected and kept.
///
/// Trailproof reads what decides whether CloudTrail's logs can be trusted, judges it by YAML policies, and writes reports
/// that an assessor can re-perform. It never says pass about something that it did not read: where it cannot know, it says
/// unknown, why, and what would let it know.
#[derive(Debug, Parser)]
#[command(
    name = "trailproof",
    version,
    propagate_version = true,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

#[derive(Debug, Args)]
pub struct Global {
    /// Say more; twice, log every call.
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Say only the result and errors.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// When to use colour; `auto` honours NO_COLOR and whether a person is looking.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Audit an AWS account, a recording of one, or a saved inventory.
    ///
    /// Without PATH the account of the current AWS credentials is read, in every enabled Region. Only what a trail points
    /// to is asked about, by calls that read settings; nothing is changed and no log is opened.
    ///
    /// Exit codes: 0 no fail; 1 a fail at or above --fail-on; 3 no fail, but something could not be evaluated; 2 the scan
    /// could not be made; 130 interrupted, and what was read until then is written.
    Scan(Box<Scan>),
    /// List, show, check and test policies.
    #[command(subcommand)]
    Policy(Policy),
    /// Print the least-privilege IAM policy of the role that reads an account.
    ///
    /// The actions follow from the one table of calls that a scan can make, each with what it is for; every one of them
    /// reads. Without --policy and --framework they are those of a whole scan. With them they are those that let the chosen
    /// policies be decided: a scan makes its other calls all the same, AWS refuses them, and what they would have told is
    /// unknown in the report, which none of the chosen policies asks for.
    ///
    /// The names of trails, buckets and keys are not known before they are read, so that the resource is `*`. Notes go to
    /// standard error; they are part of the text format.
    Permissions(Permissions),
    /// Print the JSON Schema of a file that Trailproof reads or writes.
    Schema {
        #[arg(value_enum)]
        of: SchemaOf,
    },
    /// Write a trailproof.yaml with every setting explained.
    Init {
        /// The file to write; an existing file is left alone.
        #[arg(default_value = crate::config::FILE_NAME, value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct Scan {
    /// Recordings (made with --record) or saved inventories; `examples/acme-org` is carried inside the program.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// The profile of the AWS configuration to use.
    #[arg(long, value_name = "NAME", help_heading = "AWS")]
    pub profile: Option<String>,
    /// Look at this Region; repeat it for more. Every enabled Region where it is not given.
    #[arg(long = "region", value_name = "REGION", help_heading = "AWS")]
    pub regions: Vec<String>,
    /// Keep AWS's raw answers in this folder, for replays and as evidence.
    #[arg(long, value_name = "DIR", help_heading = "AWS")]
    pub record: Option<PathBuf>,

    /// Go on with an interrupted recording: what it answers is not asked again.
    #[arg(long, help_heading = "AWS")]
    pub resume: bool,

    /// Read this account, by the role ARN or by the role name; repeat it for more. The account of the credentials is read
    /// where none is named, and always by the credentials themselves where no role ARN is given for it. With --org these
    /// accounts are read beside the organization's.
    #[arg(long = "account", value_name = "ID[=ROLE_ARN]", help_heading = "Accounts")]
    pub accounts: Vec<String>,
    /// Read every active account of the organization. The credentials belong to its management account, or to an account
    /// that administers a service for it.
    #[arg(long, help_heading = "Accounts")]
    pub org: bool,
    /// The role to assume in each account; TrailproofAudit where it is not given.
    #[arg(long, value_name = "NAME", help_heading = "Accounts")]
    pub role_name: Option<String>,
    /// The external id that the roles ask for.
    #[arg(long, value_name = "ID", help_heading = "Accounts")]
    pub external_id: Option<String>,
    /// The account that keeps the logs: it is read too, and asked first whose a bucket is.
    #[arg(long, value_name = "ID", help_heading = "Accounts")]
    pub log_account: Option<String>,
    /// Of the organization only this unit, with the units inside; repeat it for more.
    #[arg(long = "ou", value_name = "OU", help_heading = "Accounts")]
    pub units: Vec<String>,
    /// Leave this account of the organization out; the report says so. Repeat it for more.
    #[arg(long = "exclude-account", value_name = "ID", help_heading = "Accounts")]
    pub excluded_accounts: Vec<String>,
    /// Leave this unit of the organization out, with the units inside; repeat it for more.
    #[arg(long = "exclude-ou", value_name = "OU", help_heading = "Accounts")]
    pub excluded_units: Vec<String>,

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
    /// Judge as of this moment, such as 2026-11-01T12:00:00Z. The default is when the last fact was read.
    #[arg(long, value_name = "TIME", help_heading = "Policies")]
    pub now: Option<Timestamp>,

    /// Where the reports go; `-` writes the one format that --format names to standard output.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Write only this format; repeat it for more. The default is all of them.
    #[arg(long = "format", value_enum, value_name = "FORMAT", value_delimiter = ',', help_heading = "Output")]
    pub formats: Vec<Format>,
    /// The least severity whose fails make the exit code 1.
    #[arg(long, value_name = "SEVERITY", help_heading = "Output", value_parser = severity)]
    pub fail_on: Option<Severity>,
    /// Exit with 0 although something could not be evaluated.
    #[arg(long, help_heading = "Output")]
    pub allow_unknown: bool,
}

#[derive(Debug, Args)]
pub struct Permissions {
    /// Only what this policy needs; repeat it for more.
    #[arg(long = "policy", value_name = "ID")]
    pub policies: Vec<String>,
    /// Only what the policies need that serve this framework; repeat it for more.
    #[arg(long = "framework", value_name = "ID")]
    pub frameworks: Vec<String>,
    /// Add policies of your own from this folder.
    #[arg(long = "policies", value_name = "DIR")]
    pub directories: Vec<PathBuf>,
    /// Print a second policy too: what whoever starts the scan of an organization needs, to list its accounts and to assume
    /// the role in them.
    #[arg(long)]
    pub organization: bool,
    /// The role's name, the same in every account.
    #[arg(long, value_name = "NAME", default_value = crate::config::ROLE_NAME, value_parser = role_name)]
    pub role_name: String,
    /// How to write it.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = PermissionFormat::Json)]
    pub format: PermissionFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PermissionFormat {
    /// The policy document; with --organization an object that holds both, as `role` and `caller`.
    Json,
    /// A template with the role, for a StackSet; with --organization a second template behind `---`.
    Cloudformation,
    /// A policy document as a data source; examples/deploy/terraform has the role around it.
    Terraform,
    /// A list for people.
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Format {
    /// The summary on the terminal.
    Text,
    /// report.html: one self-contained file.
    Html,
    /// report.json: every finding with the facts read.
    Json,
    /// inventory.json: the facts, to be judged again later.
    Inventory,
}

#[derive(Debug, Subcommand)]
pub enum Policy {
    /// List the policies, one a line.
    List {
        /// Add policies of your own from this folder.
        #[arg(long = "policies", value_name = "DIR")]
        directories: Vec<PathBuf>,
        /// Only the policies that serve this framework.
        #[arg(long, value_name = "ID")]
        framework: Option<String>,
    },
    /// Show one policy: what it asks, why, and how to put it right.
    Show {
        #[arg(value_name = "ID")]
        id: String,
        /// Add policies of your own from this folder.
        #[arg(long = "policies", value_name = "DIR")]
        directories: Vec<PathBuf>,
    },
    /// Check policies, without asking anything.
    Check {
        /// Folders of policies, or files.
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
    },
    /// Run the cases of policies, and run them again with facts taken away: no missing fact may turn a verdict round.
    ///
    /// What is tested are the policies below PATH, and those that cases below PATH are about. Policies are read from the disk
    /// where PATH names them; all others are the ones that were built in when this program was compiled.
    Test {
        /// Folders of policies and cases, or files.
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
        /// Test only this policy; repeat it for more.
        #[arg(long = "policy", value_name = "ID")]
        policies: Vec<String>,
    },
    /// Print the vocabulary of checks and cases: every noun, field and function, and what a field is where a case does not
    /// write it.
    Vocabulary,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    Inventory,
    Report,
    Policy,
    Framework,
    Config,
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::ALL
        .into_iter()
        .find(|s| s.label() == text)
        .ok_or_else(|| format!("known are {}", Severity::ALL.map(Severity::label).join(", ")))
}

/// Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>, `RoleName`.
fn role_name(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if (1..=64).contains(&text.len()) && text.chars().all(allowed) {
        Ok(text.to_string())
    } else {
        Err("a role's name has 1 to 64 letters, digits and _+=,.@-".into())
    }
}
