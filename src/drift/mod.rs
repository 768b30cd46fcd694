//! Code beside the account that it is for: what differs, what no code describes, and where the code is weaker.
//!
//! Both sides are inventories, judged by the same policies. What cannot be compared is said to be so, and why; a thing is never
//! called the same because it was not looked at.

mod holes;
mod locate;
mod pairs;
mod settings;
mod statements;
mod verdicts;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{CodePlace, Finding, Severity};
use crate::inventory::{Gap, Inventory};

pub use locate::{Located, Placed, locate};

/// The version of the saved form.
pub const SCHEMA_VERSION: &str = "1";

/// What lies between code and an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// `trailproof-drift`, so that a reader knows the file.
    pub kind: String,
    pub schema_version: String,
    /// The name and version of the program.
    pub tool: String,
    /// The moment as of which the policies were asked.
    pub now: Timestamp,
    pub sides: Sides,
    /// Open parts of the code, and what they are in the account: an account, a Region, the end of a name. They follow from things of
    /// one name, and everything below rests on them.
    pub placed: Vec<Placement>,
    /// What was seen in reading the code and is said to the reader.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Policies that hold in the account, and fail in what the code describes, or that a plan breaks.
    pub weaker_in_code: Vec<Turn>,
    /// Policies that fail in the account, and hold in what the code describes.
    pub stronger_in_code: Vec<Turn>,
    /// Policies that fail here and there.
    pub fail_in_both: Vec<Turn>,
    /// Things that code describes and the account has, with what differs.
    pub pairs: Vec<Pair>,
    /// What the account has and no code describes.
    pub undescribed: Vec<Thing>,
    /// What code describes and the account has not.
    pub missing: Vec<Thing>,
    /// What could not be compared as a whole.
    pub undecided: Vec<Undecided>,
}

/// What was compared with what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sides {
    /// The files of code.
    pub code: Vec<String>,
    /// The accounts that were read.
    pub accounts: Vec<String>,
    /// When the account was read, from the first call to the last.
    pub live_started: Timestamp,
    pub live_ended: Timestamp,
    /// Whether the account's data was made up for a demonstration.
    #[serde(default)]
    pub synthetic: bool,
}

/// An open part of code, and what it is in the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// For example `⟨account of logs.yaml⟩`.
    pub open: String,
    pub is: String,
}

/// A trail, a bucket, a key or another thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Thing {
    /// `trail`, `bucket`, `key`, `log_group`, `topic`, `alarm`, `event_data_store`, or what stands inside one.
    pub noun: String,
    /// Its ARN, or the name of a bucket or of a part. Of what the account has not, parts may be open.
    pub id: String,
    pub name: String,
    /// The thing that it is a part of, such as the log group of a metric filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// Where code describes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Box<CodePlace>>,
}

/// A thing on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    #[serde(flatten)]
    pub thing: Thing,
    pub by: Placed,
    /// Settings that are the same.
    pub same: usize,
    /// Settings that only a running account has, such as when files were last delivered.
    pub run_time: usize,
    /// Settings that the code leaves to other code.
    pub left_to_others: usize,
    pub differs: Vec<Setting>,
    /// Settings that could not be compared.
    pub open: Vec<OpenSetting>,
}

/// A setting that is one in code and another in the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The fact's name in the inventory, for example `log_file_validation_enabled`.
    pub path: String,
    /// The values as short text; absent where that side has nothing of the kind.
    pub code: Option<String>,
    pub live: Option<String>,
    /// The code does not say it: it is the default of AWS.
    #[serde(default)]
    pub assumed: bool,
}

/// A setting that could not be compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenSetting {
    pub path: String,
    pub why: Gap,
}

/// A thing of which it is not known whether the other side has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Undecided {
    #[serde(flatten)]
    pub thing: Thing,
    /// Whether code describes it; otherwise the account has it.
    pub in_code: bool,
    pub why: Gap,
}

/// One policy on one thing, on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    pub policy: String,
    pub severity: Severity,
    pub thing: Thing,
    /// What the failing side says.
    pub message: String,
}

/// What came of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Everything was compared, and is the same.
    Same,
    /// Something differs.
    Differs,
    /// Nothing that was compared differs, and something could not be compared.
    Open,
}

/// One side: facts, and what the policies say of them.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub inventory: &'a Inventory,
    pub findings: &'a [Finding],
}

impl Drift {
    /// The value of `kind`.
    pub const KIND: &'static str = "trailproof-drift";

    /// Compares code, put where the account has it, with the account; both with what the policies say of them.
    pub fn between(located: &Located, of_code: &[Finding], live: Side<'_>, now: Timestamp) -> Drift {
        let code = Side { inventory: &located.inventory, findings: of_code };
        let joined = pairs::joined(located, live.inventory);
        let turns = verdicts::turns(code, live);
        let scope = &live.inventory.scope;
        let files = code.inventory.code.iter().flat_map(|code| &code.files);
        Drift {
            kind: Self::KIND.into(),
            schema_version: SCHEMA_VERSION.into(),
            tool: format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
            now,
            sides: Sides {
                code: files.map(|file| file.path.clone()).collect(),
                accounts: live.inventory.accounts.iter().map(|account| account.id.clone()).collect(),
                live_started: scope.started,
                live_ended: scope.ended,
                synthetic: scope.synthetic,
            },
            placed: located.placed.clone(),
            notes: code.inventory.code.as_ref().map(|code| code.notes.clone()).unwrap_or_default(),
            weaker_in_code: turns.weaker_in_code,
            stronger_in_code: turns.stronger_in_code,
            fail_in_both: turns.fail_in_both,
            pairs: joined.pairs,
            undescribed: joined.undescribed,
            missing: joined.missing,
            undecided: joined.undecided,
        }
    }

    /// Whether something differs, or could not be compared.
    pub fn standing(&self) -> Standing {
        let differs = self.pairs.iter().any(|pair| !pair.differs.is_empty());
        if differs || !(self.undescribed.is_empty() && self.missing.is_empty() && self.weaker_in_code.is_empty()) {
            Standing::Differs
        } else if self.pairs.iter().all(|pair| pair.same == 0)
            || self.pairs.iter().any(|pair| !pair.open.is_empty())
            || !self.undecided.is_empty()
        {
            Standing::Open
        } else {
            Standing::Same
        }
    }
}
