//! The command line: types and words only. What the commands do stands in `app`.

mod drift;
mod evidence;
mod sides;
mod waiver;

use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::finding::Severity;

pub use drift::{Drift, DriftFormat};
pub use evidence::{Evidence, Pack, Seal, Timestamping, Verify};
pub use sides::{CodeOptions, LiveOptions};
pub use waiver::{NewWaiver, Waiver, WaiverType};

/// Audits whether what happens in AWS accounts is recorded, protected, watched and kept.
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

impl Cli {
    /// Reads the command line; ends the program where it is wrong, or asks for help.
    pub fn read() -> Self {
        let matches = Cli::command().get_matches();
        let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let code = match &mut cli.command {
            Command::Scan(scan) => Some(&mut scan.code),
            Command::Drift(drift) => Some(&mut drift.options),
            _ => None,
        };
        if let (Some(code), Some((_, of))) = (code, matches.subcommand()) {
            let places = |name: &str| of.indices_of(name).into_iter().flatten().collect();
            code.variable_order = (places("variables"), places("variable_files"));
        }
        cli
    }
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

/// What `athena-ddl` is asked.
#[derive(Debug, Args)]
pub struct Athena {
    /// A recording, or a saved inventory.json; several at once.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// The database of the tables; that of the query where it is not given.
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
    /// The first day that the tables know, as YYYY-MM-DD; a year before the scan where it is not given.
    #[arg(long, value_name = "DAY")]
    pub since: Option<jiff::civil::Date>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Audit an AWS account, a recording of one, a saved inventory, or the code that will make it.
    ///
    /// Without PATH the account of the current AWS credentials is read, in every enabled Region. Only what a trail points
    /// to is asked about, by calls that read settings; nothing is changed and no log is opened.
    ///
    /// Exit codes: 0 no fail; 1 a fail at or above --fail-on, or a requirement of --require that is not met; 3 none of that,
    /// but something could not be evaluated, a requirement of --require is undecided, or less was decided than --min-coverage
    /// asks for; 2 the scan could not be made; 130 interrupted, and what was read until then is written. A fail for which a
    /// waiver holds does not count for --fail-on, and one whose waiver has expired does; one that --baseline knows does not; --require looks at the facts alone.
    /// Where code is scanned, what only a running account tells is unknown, and no reason for 3.
    Scan(Box<Scan>),
    /// Compare code with the accounts that it is for.
    ///
    /// The same facts are read of both sides, and the same policies asked. Told are settings that differ, things that no code
    /// describes, things that code describes and that are not there, and policies that hold in an account and fail in what the
    /// code describes. What cannot be compared is told too, and why: it is never called the same. Open parts of the code, such as
    /// the account of a template, are filled in from the one thing of that name that the account has; which ones, is told.
    ///
    /// Exit codes: 0 everything could be compared and is the same; 1 something differs, is not described, is missing, or is
    /// weaker in code; 3 none of that, but something could not be compared; 2 a side could not be read.
    Drift(Box<Drift>),
    /// Say what changed between two reports.
    ///
    /// Each policy on each subject of the one report is looked up in the other: what regressed, is new, was put right, is not
    /// known any more. A fail that the later audit did not ask about is said to be not asked about, and never fixed.
    ///
    /// Exit codes: 0 nothing came up; 1 something fails that did not fail before; 3 nothing of the kind, but something is not
    /// known any more; 2 a report could not be read.
    Diff {
        /// The earlier report: a report.json, or the folder that holds it.
        #[arg(value_name = "BEFORE")]
        before: PathBuf,
        /// The later report.
        #[arg(value_name = "AFTER")]
        after: PathBuf,
        /// Write JSON for a program.
        #[arg(long)]
        json: bool,
    },
    /// List the audits of a history, or add reports to it.
    ///
    /// A history is one file, kept by `trailproof scan --history FILE`. It holds what each audit said of each policy and
    /// subject, and no fact.
    History {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Add this report: a report.json, or the folder that holds it. Repeat it for more; one that is there already is left
        /// as it is.
        #[arg(long = "add", value_name = "REPORT")]
        add: Vec<PathBuf>,
        /// Write JSON for a program.
        #[arg(long)]
        json: bool,
    },
    /// Write and check waivers: fails that somebody answers for, until a day.
    #[command(subcommand)]
    Waiver(Waiver),
    /// Seal recordings as evidence, and verify what was sealed.
    #[command(subcommand)]
    Evidence(Evidence),
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
    /// Print tables by which Athena finds the log files of the trails that were read.
    ///
    /// The bucket, the prefix, the organization, the accounts and the Regions are those of a recording or of a saved inventory;
    /// partitions are projected, so that nothing has to be loaded. The tables are text: nothing is run.
    ///
    /// Exit codes: 0 every trail has its table; 3 some have none, and why is said; 2 none has.
    AthenaDdl(Athena),
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

#[derive(Debug, Default, Args)]
pub struct Scan {
    /// Terraform plans as JSON (`terraform show -json PLANFILE > plan.json`), each with its PLANFILE beside it where places
    /// and references are to be exact; folders of Terraform's configuration (.tf, .tf.json), for which no Terraform is needed;
    /// CloudFormation templates in YAML or JSON, a folder of them, or a `cdk.out`; recordings (made with --record); or saved
    /// inventories. What a file is shows in its content. `examples/acme-org` is carried inside the program.
    ///
    /// A folder with .tf files is a root module, and the folders below it are read as far as it calls them. Of a folder without
    /// any, each folder below that has some, and that no other calls, is a root module of its own. Modules are read where they
    /// are: local ones, and those that `terraform init` installed; nothing is fetched, and no call is followed out of the
    /// repository, the current folder and the folder that is named. A plan that stands in the folder of a root module, or
    /// is named beside it, is read in its place, because it tells more, and the folder is its source.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    pub code: CodeOptions,
    #[command(flatten)]
    pub live: LiveOptions,
    /// Keep AWS's raw answers in this folder, for replays and as evidence.
    #[arg(long, value_name = "DIR", help_heading = "AWS")]
    pub record: Option<PathBuf>,
    /// Go on with an interrupted recording: what it answers is not asked again.
    #[arg(long, help_heading = "AWS")]
    pub resume: bool,

    /// Add policies of your own from this folder; one with the id of a built-in policy takes its place.
    #[arg(long = "policies", value_name = "DIR", help_heading = "Policies")]
    pub directories: Vec<PathBuf>,
    /// Ask only this policy; repeat it for more.
    #[arg(long = "policy", value_name = "ID", help_heading = "Policies")]
    pub policies: Vec<String>,
    /// Ask only the policies that serve this framework, and report it alone; repeat it for more.
    ///
    /// Without it every policy is asked, and the report shows in full the frameworks that need no asking for, those that
    /// trailproof.yaml names under `frameworks:`, and those of --require; the others stand in it with their numbers.
    #[arg(long = "framework", value_name = "ID", help_heading = "Policies")]
    pub frameworks: Vec<String>,
    /// Ask only policies of at least this severity.
    #[arg(long, value_name = "SEVERITY", help_heading = "Policies", value_parser = severity)]
    pub min_severity: Option<Severity>,
    /// Read the settings from this file instead of trailproof.yaml in the current folder.
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub config: Option<PathBuf>,
    /// Take the waivers and attestations of this file instead of waivers.yaml beside trailproof.yaml, or in the current
    /// folder where there is none.
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub waivers: Option<PathBuf>,
    /// Fails that stand in this file were there already: they are shown as known, and do not decide the exit code.
    ///
    /// A fail is known again by its policy and its subject, in code by the file and the address, and never by a line; where it
    /// is graver than it was, or fails in a case that was not there, it counts. An unknown is never known, and --require looks at
    /// the facts alone. Entries that do not fail any more are said to be stale. A baseline is no waiver: nobody answers for it.
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub baseline: Option<PathBuf>,
    /// Judge as of this moment, such as 2026-11-01T12:00:00Z. The default is when the last fact was read.
    #[arg(long, value_name = "TIME", help_heading = "Policies")]
    pub now: Option<Timestamp>,

    /// Where the reports go; `-` writes the one format that --format names to standard output.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Write only this format; repeat it for more. Without it: text, html, json and inventory.
    ///
    /// An unknown is never a pass in any of them, and a waived fail stays a fail that somebody answers for. What a format cannot
    /// hold is counted and said on standard error.
    #[arg(long = "format", value_enum, value_name = "FORMAT", value_delimiter = ',', help_heading = "Output")]
    pub formats: Vec<Format>,
    /// Keep what this audit says in this file, and show in report.html and on the terminal what changed since the audit
    /// before. The file is made where there is none.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub history: Option<PathBuf>,
    /// Write what fails now to this file, for --baseline. With --baseline its dates stay, and what could not be judged this time
    /// stays in it. The exit code is as without it.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub write_baseline: Option<PathBuf>,
    /// The least severity whose fails make the exit code 1; a fail for which a waiver holds does not.
    #[arg(long, value_name = "SEVERITY", help_heading = "Output", value_parser = severity)]
    pub fail_on: Option<Severity>,
    /// Exit with 0 although something could not be evaluated.
    #[arg(long, help_heading = "Output")]
    pub allow_unknown: bool,
    /// Exit with 1 where a direct fact of this framework or requirement fails, waived or not, and with 3 where one is unknown;
    /// repeat it for more. The other gates stay.
    #[arg(long = "require", value_name = "FRAMEWORK[:REQUIREMENT]", help_heading = "Output")]
    pub required: Vec<String>,
    /// Exit with 3 where fewer percent of the findings that apply could be decided, --allow-unknown or not.
    #[arg(long, value_name = "PERCENT", help_heading = "Output", value_parser = permille)]
    pub min_coverage: Option<u32>,

    /// Hand the findings to Security Hub too, each account's own in that account.
    ///
    /// This is the one thing that writes to an account. The caller, or the role there, needs securityhub:BatchImportFindings,
    /// which the role that `trailproof permissions` prints does not have. What Security Hub does not take ends the scan with 2,
    /// after the reports are written.
    #[arg(long, help_heading = "Output")]
    pub security_hub: bool,

    /// Seal the answers, the policies and the reports as an evidence bundle, in a new folder inside this one.
    #[arg(long, value_name = "DIR", help_heading = "Evidence")]
    pub evidence: Option<PathBuf>,
    #[command(flatten)]
    pub seal: Seal,
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
    /// report.csv: one row a finding and requirement, for spreadsheets; no cell is a formula.
    Csv,
    /// report.md: a page for a pull request or a job's summary.
    Md,
    /// report.sarif: SARIF 2.1.0 for code scanning; it points into inventory.json.
    Sarif,
    /// report.oscal.json: OSCAL 1.2.1 Assessment Results; it points to report.json.
    Oscal,
    /// report.ocsf.jsonl: OCSF 1.5.0 Compliance Findings, one event a line.
    Ocsf,
    /// report.asff.jsonl: findings for AWS Security Hub, one BatchImportFindings request a line.
    Asff,
    /// report.junit.xml: a suite a policy and account, for CI servers.
    Junit,
    /// gl-code-quality-report.json: GitLab's Code Quality, for merge requests; what is live points into inventory.json.
    Gitlab,
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
    Waivers,
    Baseline,
    Drift,
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::ALL
        .into_iter()
        .find(|s| s.label() == text)
        .ok_or_else(|| format!("known are {}", Severity::ALL.map(Severity::label).join(", ")))
}

/// A percentage from 0 to 100 with at most one decimal, in tenths.
fn permille(text: &str) -> Result<u32, String> {
    let wrong = || "write a percentage from 0 to 100, with one decimal at most".to_string();
    let number = text.strip_suffix('%').unwrap_or(text);
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |t: &str, most: usize| (1..=most).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole, 3) || !digits(tenth, 1) {
        return Err(wrong());
    }
    let permille = format!("{whole}{tenth}").parse::<u32>().map_err(|_| wrong())?;
    if permille > 1000 { Err(wrong()) } else { Ok(permille) }
}

/// `12`, or `F12` as the report writes it.
fn number(text: &str) -> Result<usize, String> {
    let digits = text.strip_prefix(['F', 'f']).unwrap_or(text);
    digits.parse().ok().filter(|n| *n > 0).ok_or_else(|| "write the number of a finding, such as 12 or F12".into())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_read_in_tenths_and_nothing_else_is() {
        let good = [("0", 0), ("95", 950), ("99.9", 999), ("100", 1000), ("100.0", 1000), ("95%", 950), ("07.5%", 75)];
        for (text, value) in good {
            assert_eq!(permille(text), Ok(value), "{text}");
        }
        for text in ["", "-1", "100.1", "101", "99.95", "1e2", "ninety", ".5", "5.", "1000", "９５"] {
            assert!(permille(text).is_err(), "{text}");
        }
    }
}
