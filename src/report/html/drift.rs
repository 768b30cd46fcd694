//! Code beside an account, as the page shows it.

use serde::Serialize;

use super::size::ROWS_PER_TABLE;
use crate::drift::{Drift, Thing, Turn};
use crate::report::drift::{apart, called, known_by, of_account, of_code, open, place, result, same};
use crate::report::wording;

/// Open parts of the code that are named.
const PLACEMENTS: usize = 50;

#[derive(Serialize)]
pub(super) struct Page {
    tool: String,
    schema_version: String,
    now: String,
    read: String,
    synthetic: bool,
    result: String,
    code: Vec<String>,
    accounts: Vec<String>,
    notes: Vec<String>,
    placed: Vec<Placed>,
    more_placed: usize,
    weaker_in_code: Rows<TurnRow>,
    stronger_in_code: Rows<TurnRow>,
    fail_in_both: Rows<TurnRow>,
    differs: Rows<PairRow>,
    undescribed: Rows<ThingRow>,
    missing: Rows<ThingRow>,
    open: Rows<OpenRow>,
    things: usize,
    same: usize,
    run_time: usize,
    left_to_others: usize,
}

/// The first rows of a table, and how many there are.
#[derive(Serialize)]
struct Rows<T> {
    rows: Vec<T>,
    total: usize,
}

impl<T> Rows<T> {
    fn of(rows: impl Iterator<Item = T>) -> Self {
        let mut rows: Vec<T> = rows.collect();
        let total = rows.len();
        rows.truncate(ROWS_PER_TABLE);
        Rows { rows, total }
    }
}

#[derive(Serialize)]
struct Placed {
    open: String,
    is: String,
}

#[derive(Serialize)]
struct TurnRow {
    policy: String,
    severity: &'static str,
    thing: ThingRow,
    message: String,
}

#[derive(Serialize)]
struct ThingRow {
    called: String,
    apart: Option<String>,
    place: Option<String>,
}

#[derive(Serialize)]
struct PairRow {
    thing: ThingRow,
    known_by: Option<&'static str>,
    same: usize,
    settings: Vec<SettingRow>,
}

#[derive(Serialize)]
struct SettingRow {
    path: String,
    code: String,
    account: String,
}

#[derive(Serialize)]
struct OpenRow {
    what: String,
    place: Option<String>,
    why: String,
}

pub(super) fn build(drift: &Drift) -> Page {
    let sides = &drift.sides;
    let differing = drift.pairs.iter().filter(|pair| !pair.differs.is_empty());
    let placed = drift.placed.iter().take(PLACEMENTS).map(|p| Placed { open: p.open.clone(), is: p.is.clone() });
    Page {
        tool: drift.tool.clone(),
        schema_version: drift.schema_version.clone(),
        now: wording::moment(drift.now),
        read: wording::moment(sides.live_ended),
        synthetic: sides.synthetic,
        result: result(drift),
        code: sides.code.clone(),
        accounts: sides.accounts.clone(),
        notes: drift.notes.clone(),
        placed: placed.collect(),
        more_placed: drift.placed.len().saturating_sub(PLACEMENTS),
        weaker_in_code: turns(&drift.weaker_in_code),
        stronger_in_code: turns(&drift.stronger_in_code),
        fail_in_both: turns(&drift.fail_in_both),
        differs: Rows::of(differing.map(|pair| {
            PairRow {
                thing: thing(&pair.thing),
                known_by: known_by(pair),
                same: pair.same,
                settings: pair
                    .differs
                    .iter()
                    .map(|s| SettingRow { path: s.path.clone(), code: of_code(s), account: of_account(s) })
                    .collect(),
            }
        })),
        undescribed: Rows::of(drift.undescribed.iter().map(thing)),
        missing: Rows::of(drift.missing.iter().map(thing)),
        open: Rows::of(open(drift).map(|(what, place, why)| OpenRow { what, place, why })),
        things: drift.pairs.len(),
        same: same(drift),
        run_time: drift.pairs.iter().map(|pair| pair.run_time).sum(),
        left_to_others: drift.pairs.iter().map(|pair| pair.left_to_others).sum(),
    }
}

fn turns(turns: &[Turn]) -> Rows<TurnRow> {
    Rows::of(turns.iter().map(|turn| TurnRow {
        policy: turn.policy.clone(),
        severity: turn.severity.label(),
        thing: thing(&turn.thing),
        message: turn.message.clone(),
    }))
}

fn thing(of: &Thing) -> ThingRow {
    ThingRow { called: called(of), apart: apart(of).map(str::to_string), place: place(of) }
}
