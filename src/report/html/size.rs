//! How large the page may grow, in one place. What is left out is counted on the page, and stands in `report.json`.

/// Findings of one policy and outcome that are shown; the rest is counted.
pub(super) const FINDINGS_PER_POLICY: usize = 500;

/// Findings of one policy and outcome that paper shows in full; the rest is counted there too.
pub(super) const FINDINGS_ON_PAPER: usize = 25;

/// Rows of one facts table.
pub(super) const FACTS_PER_FINDING: usize = 12;

/// Counterexamples of one finding, and gaps of one finding.
pub(super) const CASES_PER_FINDING: usize = 10;

/// Rows of the tables of gaps, trails and accounts, each.
pub(super) const ROWS_PER_TABLE: usize = 500;

/// Accounts that are shown with every Region by name; where there are more, a row says how many were read.
pub(super) const ACCOUNTS_IN_DETAIL: usize = 4;

/// Account ids at one cause.
pub(super) const ACCOUNTS_PER_CAUSE: usize = 100;

/// Rows of the map of accounts and policies; where there are more accounts, those with the same outcomes share a row.
pub(super) const HEAT_ROWS: usize = 200;

/// Columns of the map that stand side by side on paper.
pub(super) const HEAT_COLUMNS: usize = 24;

/// Callers that are named on the cover.
pub(super) const CALLERS: usize = 3;

/// Findings of a policy that are named at a requirement.
pub(super) const FINDINGS_PER_SERVING: usize = 4;

/// Bytes for findings as rows, and for their facts and remedies. Fails come first, so they are the last to lose theirs.
const ROW_BYTES: usize = 3_500_000;
const DETAIL_BYTES: usize = 3_500_000;

/// Grants space until none is left.
pub(super) struct Budget {
    rows: usize,
    details: usize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Budget { rows: ROW_BYTES, details: DETAIL_BYTES }
    }

    pub(super) fn row(&mut self, cost: usize) -> bool {
        take(&mut self.rows, cost)
    }

    pub(super) fn detail(&mut self, cost: usize) -> bool {
        take(&mut self.details, cost)
    }
}

fn take(left: &mut usize, cost: usize) -> bool {
    match left.checked_sub(cost) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => {
            *left = 0;
            false
        }
    }
}
