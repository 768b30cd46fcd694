//! What is said of code, and of the accounts that are read, by every command that reads them.

use std::path::PathBuf;

use clap::Args;

use crate::config::Family;

/// How code is read.
#[derive(Clone, Debug, Default, Args)]
pub struct CodeOptions {
    /// The code is all that its accounts hold: what it does not hold is not there. Without it, what the code lacks may stand
    /// elsewhere, and is unknown.
    #[arg(long, help_heading = "Code")]
    pub complete: bool,
    /// Take the parameters of CloudFormation templates from this file, JSON or YAML: a list of `ParameterKey` and
    /// `ParameterValue`, or a map of names and values. `AWS::AccountId` and `AWS::Region` in it tell where the stacks are made.
    /// Without a value a parameter keeps its default, which is said to be assumed; without either it is unknown. Repeat it for
    /// more.
    #[arg(long, value_name = "FILE", help_heading = "Code")]
    pub parameters: Vec<PathBuf>,
    /// Give a variable of Terraform's root modules a value, as `terraform plan -var` takes it; repeat it for more.
    ///
    /// What is given later stands above what is given earlier, --var-file among it, and above terraform.tfvars and
    /// *.auto.tfvars of the root module. The environment (TF_VAR_...) is not looked at. Without a value a variable keeps its
    /// default, which is said to be assumed; without either it is unknown.
    #[arg(long = "var", value_name = "NAME=VALUE", help_heading = "Code")]
    pub variables: Vec<String>,
    /// Take values of variables of Terraform's root modules from this file, .tfvars or .tfvars.json; repeat it for more.
    #[arg(long = "var-file", value_name = "FILE", help_heading = "Code")]
    pub variable_files: Vec<PathBuf>,
    /// For each of --var and of --var-file, where on the command line it stood.
    #[arg(skip)]
    pub variable_order: (Vec<usize>, Vec<usize>),
}

/// Which accounts AWS is asked about, and how.
#[derive(Clone, Debug, Default, Args)]
pub struct LiveOptions {
    /// The profile of the AWS configuration to use.
    #[arg(long, value_name = "NAME", help_heading = "AWS")]
    pub profile: Option<String>,
    /// Look at this Region; repeat it for more. Every enabled Region where it is not given.
    #[arg(long = "region", value_name = "REGION", help_heading = "AWS")]
    pub regions: Vec<String>,
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
    /// Do not ask about this in every Region: event-rules, lake, config, guardduty or security-hub. What rests on it is
    /// unknown. Repeat it for more.
    #[arg(long, value_name = "FAMILY", help_heading = "Accounts")]
    pub skip: Vec<Family>,
}
