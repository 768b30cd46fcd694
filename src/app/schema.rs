//! `trailproof schema`: the form of every file that is read or written.

use schemars::schema_for;

use super::terminal::Terminal;
use super::{Exit, Refusal};
use crate::cli::SchemaOf;

pub(super) fn run(of: SchemaOf, terminal: &Terminal) -> Result<Exit, Refusal> {
    let schema = match of {
        SchemaOf::Inventory => schema_for!(crate::inventory::Inventory),
        SchemaOf::Report => schema_for!(crate::report::Report),
        SchemaOf::Policy => schema_for!(crate::policy::PolicyFile),
        SchemaOf::Framework => schema_for!(crate::policy::framework::Framework),
        SchemaOf::Waivers => schema_for!(crate::waiver::WaiverFile),
        SchemaOf::Baseline => schema_for!(crate::baseline::Baseline),
        SchemaOf::Drift => schema_for!(crate::drift::Drift),
        SchemaOf::Config => schema_for!(crate::config::Config),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(|e| Refusal::new(e.to_string()))?;
    terminal.print(&text);
    Ok(Exit::Good)
}
