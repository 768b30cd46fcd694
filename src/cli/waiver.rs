//! Waivers on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use super::number;

#[derive(Debug, Subcommand)]
pub enum Waiver {
    /// Print a waiver, or append it to a file, once it passes every rule of the file.
    ///
    /// What it is about comes from a fail of a report, by its number there (F12 is 12), or from --policy and --resource.
    New(Box<NewWaiver>),
    /// Check a file of waivers and attestations, and say what each would do.
    Check {
        #[arg(value_name = "FILE", default_value = crate::waiver::FILE_NAME)]
        file: PathBuf,
        /// Say which fails of this report.json each waiver names. The report's moment is then the day that counts.
        #[arg(long, value_name = "REPORT")]
        report: Option<PathBuf>,
        /// Add policies of your own from this folder.
        #[arg(long = "policies", value_name = "DIR")]
        directories: Vec<PathBuf>,
        /// Judge as of this moment instead of now.
        #[arg(long, value_name = "TIME")]
        now: Option<Timestamp>,
    },
}

#[derive(Debug, Args)]
pub struct NewWaiver {
    /// Take policy and resource from a fail of this report.json.
    #[arg(long, value_name = "REPORT", requires = "finding")]
    pub report: Option<PathBuf>,
    /// The number of the fail in the report, counted from 1.
    #[arg(long, value_name = "NUMBER", requires = "report", conflicts_with_all = ["policy", "resources"], value_parser = number)]
    pub finding: Option<usize>,
    /// The policy.
    #[arg(long, value_name = "ID", required_unless_present = "report")]
    pub policy: Option<String>,
    /// What may fail, as the finding names it; repeat it for more.
    #[arg(long = "resource", value_name = "ARN", required_unless_present = "report")]
    pub resources: Vec<String>,
    /// The account of the resources, where their ARNs hold none, as those of buckets.
    #[arg(long = "account", value_name = "ID")]
    pub account_id: Option<String>,
    /// Holds only where no framework beside this one is asked about; repeat it for more.
    #[arg(long = "framework", value_name = "ID")]
    pub frameworks: Vec<String>,
    /// Who answers for it.
    #[arg(long, value_name = "WHO")]
    pub owner: String,
    /// Who approved it: somebody else.
    #[arg(long, value_name = "WHO")]
    pub approved_by: String,
    /// Why, in at least twenty characters.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// What kind of waiver it is.
    #[arg(long = "type", value_enum, value_name = "TYPE", default_value_t = WaiverType::RiskAccepted)]
    pub r#type: WaiverType,
    /// What is done instead.
    #[arg(long, value_name = "TEXT")]
    pub compensating_control: Option<String>,
    /// The day from which it holds; today where it is not given.
    #[arg(long, value_name = "DATE")]
    pub created: Option<jiff::civil::Date>,
    /// The last day on which it holds.
    #[arg(long, value_name = "DATE", conflicts_with = "days")]
    pub expires: Option<jiff::civil::Date>,
    /// How many days it holds; 30 where neither is given.
    #[arg(long, value_name = "DAYS")]
    pub days: Option<i32>,
    /// A file that shows it, relative to the file of waivers.
    #[arg(long, value_name = "PATH")]
    pub evidence: Option<String>,
    /// Its id; the next free one of the year where it is not given.
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// Append it to this file of waivers, which is made where it is not there.
    #[arg(long, value_name = "FILE")]
    pub append: Option<PathBuf>,
    /// Add policies of your own from this folder.
    #[arg(long = "policies", value_name = "DIR")]
    pub directories: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WaiverType {
    RiskAccepted,
    CompensatingControl,
    FalsePositive,
}
