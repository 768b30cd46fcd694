//! The map of accounts and policies as tables that fit paper; many accounts share rows, and no count is lost.

use std::collections::BTreeMap;

use serde::Serialize;

use super::links::{Link, Places};
use super::size::{HEAT_COLUMNS, HEAT_ROWS};
use crate::finding::Outcome;
use crate::report::{HeatMap, HeatRow, wording};

#[derive(Serialize)]
pub(super) struct Heat {
    blocks: Vec<Block>,
    /// How accounts were put together, and what is not shown; absent where each account has its row.
    note: Option<String>,
    policies: usize,
    accounts: usize,
}

/// Columns that stand side by side.
#[derive(Serialize)]
struct Block {
    policies: Vec<Link>,
    rows: Vec<Row>,
    totals: Vec<Total>,
    /// The last column is this one of all, counted from 1, as the first is.
    first: usize,
    last: usize,
}

#[derive(Serialize)]
struct Row {
    account: String,
    name: Option<String>,
    note: Option<String>,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    class: &'static str,
    letter: &'static str,
    href: Option<String>,
}

/// Accounts of one worst outcome, policy by policy.
#[derive(Serialize)]
struct Total {
    label: &'static str,
    counts: Vec<usize>,
}

/// A row of the page: one account, or all those of which the same is so.
struct Line<'a> {
    members: Vec<&'a HeatRow>,
    cells: &'a [Option<Outcome>],
}

pub(super) fn build(map: &HeatMap, places: &Places<'_>) -> Heat {
    let lines = lines(map);
    let shown = lines.len().min(HEAT_ROWS);
    let members: usize = lines.iter().take(shown).map(|line| line.members.len()).sum();
    let note = (map.rows.len() > HEAT_ROWS).then(|| {
        let all = wording::counted(map.rows.len(), "account");
        let kept = if shown < lines.len() {
            format!("showing {} of {all}; the totals are of all of them", wording::count(members))
        } else {
            format!("all {all} are in one of the {} rows", wording::count(lines.len()))
        };
        format!("Accounts in which every policy comes to the same share a row: {kept}. report.json has a row for each account.")
    });
    let blocks = (0..map.policies.len())
        .step_by(HEAT_COLUMNS)
        .map(|from| block(map, &lines[..shown], places, from..(from + HEAT_COLUMNS).min(map.policies.len())))
        .collect();
    Heat { blocks, note, policies: map.policies.len(), accounts: map.rows.len() }
}

/// Each account by itself; where they are many, those alike together, the worst first.
fn lines(map: &HeatMap) -> Vec<Line<'_>> {
    if map.rows.len() <= HEAT_ROWS {
        return map.rows.iter().map(|row| Line { members: vec![row], cells: &row.cells }).collect();
    }
    type Same<'s> = (Option<&'s str>, &'s [Option<Outcome>]);
    let mut alike: BTreeMap<Same<'_>, Vec<&HeatRow>> = BTreeMap::new();
    for row in &map.rows {
        alike.entry((row.note.as_deref(), &row.cells)).or_default().push(row);
    }
    let mut lines: Vec<Line<'_>> = alike.into_iter().map(|((_, cells), members)| Line { members, cells }).collect();
    let count = |line: &Line<'_>, outcome| line.cells.iter().filter(|c| **c == Some(outcome)).count();
    lines.sort_by_key(|line| {
        let worst = (count(line, Outcome::Fail), count(line, Outcome::Unknown), line.members.len());
        (std::cmp::Reverse(worst), line.members.first().map(|m| m.account.clone()))
    });
    lines
}

fn block(map: &HeatMap, lines: &[Line<'_>], places: &Places<'_>, range: std::ops::Range<usize>) -> Block {
    let policies = map.policies.get(range.clone()).unwrap_or_default();
    let totals = [(Some(Outcome::Fail), "fail"), (Some(Outcome::Unknown), "unknown"), (Some(Outcome::Pass), "pass")];
    let count = |at: usize, outcome| map.rows.iter().filter(|row| row.cells.get(at).copied().flatten() == outcome).count();
    Block {
        policies: policies.iter().map(|policy| places.policy(policy)).collect(),
        rows: lines.iter().map(|line| row(line, policies, places, range.start)).collect(),
        totals: totals
            .into_iter()
            .map(|(outcome, label)| Total { label, counts: range.clone().map(|at| count(at, outcome)).collect() })
            .collect(),
        first: range.start + 1,
        last: range.end,
    }
}

fn row(line: &Line<'_>, policies: &[String], places: &Places<'_>, from: usize) -> Row {
    let first = line.members.first();
    let (account, name) = match (line.members.len(), first) {
        (1, Some(only)) => (only.account.clone(), only.name.clone()),
        (many, _) => {
            let named: Vec<&str> = line.members.iter().take(2).map(|m| m.account.as_str()).collect();
            let more =
                if many > named.len() { format!(" and {} more", wording::count(many - named.len())) } else { String::new() };
            (wording::counted(many, "account"), Some(format!("{}{more}", named.join(", "))))
        }
    };
    let cells = policies.iter().enumerate().map(|(at, policy)| {
        let outcome = line.cells.get(from + at).copied().flatten();
        let (class, letter) = match outcome {
            Some(Outcome::Fail) => ("f", "F"),
            Some(Outcome::Unknown) => ("u", "U"),
            Some(Outcome::Pass) => ("p", "P"),
            Some(Outcome::NotApplicable) => ("n", "N"),
            None => ("o", "·"),
        };
        // Only what somebody must look at is a link: hundreds of others would stand in the way of the keyboard.
        let open = outcome.filter(|o| matches!(o, Outcome::Fail | Outcome::Unknown));
        Cell { class, letter, href: open.and_then(|o| places.group_of(policy, o)).map(|id| format!("#{id}")) }
    });
    Row { account, name, note: first.and_then(|m| m.note.clone()), cells: cells.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(accounts: usize, patterns: usize) -> HeatMap {
        let outcomes = [Outcome::Fail, Outcome::Unknown, Outcome::Pass, Outcome::NotApplicable];
        let cell = |bits: usize, at: usize| Some(outcomes[(bits >> (2 * at)) & 3]);
        let row = |n: usize| HeatRow {
            account: format!("{n:012}"),
            name: None,
            note: None,
            cells: (0..6).map(|at| cell(n % patterns, at)).collect(),
        };
        HeatMap { policies: (0..6).map(|n| format!("p-{n}")).collect(), rows: (0..accounts).map(row).collect() }
    }

    #[test]
    fn few_accounts_have_a_row_each_and_many_share_rows() {
        assert_eq!((lines(&map(200, 3)).len(), lines(&map(201, 3)).len()), (200, 3));
        let many = map(1_000, 7);
        let all: usize = lines(&many).iter().map(|line| line.members.len()).sum();
        assert_eq!(all, 1_000);
        let fails = |line: &Line<'_>| line.cells.iter().filter(|c| **c == Some(Outcome::Fail)).count();
        assert!(lines(&many).is_sorted_by(|a, b| fails(a) >= fails(b)));
    }
}
