//! How large the page may grow, in one place. What is left out is counted on the page, and stands in `report.json`.

/// Findings of one policy and outcome that are shown; the rest is counted.
pub(super) const FINDINGS_PER_POLICY: usize = 500;

/// Rows of one facts table.
pub(super) const FACTS_PER_FINDING: usize = 12;

/// Counterexamples of one finding, and gaps of one finding.
pub(super) const CASES_PER_FINDING: usize = 10;

/// Rows of the tables of gaps, trails and accounts, each.
pub(super) const ROWS_PER_TABLE: usize = 500;

/// Policies that must be seen to first, and gaps after them.
pub(super) const FIRST_POLICIES: usize = 5;
pub(super) const FIRST_GAPS: usize = 3;

/// Bytes for findings as rows, and for their facts and remedies. Fails come first, so they are the last to lose theirs.
const ROW_BYTES: usize = 4_000_000;
const DETAIL_BYTES: usize = 4_000_000;

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
