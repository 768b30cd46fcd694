//! Accounts x policies: the worst outcome of each policy among the findings about each account and what it owns.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Population;
use crate::finding::{Finding, Outcome};

/// The map. A row has as many cells as there are policies, in their order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeatMap {
    /// The policies that were asked, by id.
    pub policies: Vec<String>,
    /// The accounts of the population, then others that own something that was judged.
    pub rows: Vec<HeatRow>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeatRow {
    /// The account; `unknown` for what has an owner that is not known.
    pub account: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why the account was not read, in a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The worst outcome; null where the policy had nothing to ask about.
    pub cells: Vec<Option<Outcome>>,
}

impl HeatMap {
    /// The map of these findings, with a column for each policy that was asked.
    pub fn of(population: &Population, asked: &BTreeSet<String>, findings: &[Finding]) -> HeatMap {
        let column: BTreeMap<&str, usize> = asked.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
        let mut cells: BTreeMap<&str, Vec<Option<Outcome>>> = BTreeMap::new();
        for finding in findings {
            let Some(at) = column.get(finding.policy.as_str()) else { continue };
            let row = cells.entry(&finding.subject.account).or_insert_with(|| vec![None; asked.len()]);
            if let Some(cell) = row.get_mut(*at) {
                *cell = Some(cell.map_or(finding.outcome, |worst| worst.min(finding.outcome)));
            }
        }
        let mut rows: Vec<HeatRow> = population
            .accounts
            .iter()
            .map(|view| HeatRow {
                account: view.scope.id.clone(),
                name: view.name().map(str::to_string),
                note: view.note().map(str::to_string),
                cells: cells.remove(view.scope.id.as_str()).unwrap_or_else(|| vec![None; asked.len()]),
            })
            .collect();
        let others = cells.into_iter().map(|(account, cells)| HeatRow {
            account: account.into(),
            name: None,
            note: Some(if account == "unknown" { "owner not known" } else { "not in the population" }.into()),
            cells,
        });
        rows.extend(others);
        HeatMap { policies: asked.iter().cloned().collect(), rows }
    }
}
