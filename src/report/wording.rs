//! Words and numbers that two formats write alike.

use jiff::Timestamp;

use super::{Counts, Population, Report, RequirementStatus};
use crate::inventory::Origin;

impl RequirementStatus {
    /// The words that people read.
    pub fn label(self) -> &'static str {
        match self {
            RequirementStatus::FactsHold => "direct facts hold",
            RequirementStatus::NotMet => "not met",
            RequirementStatus::Unknown => "unknown",
            RequirementStatus::SupportingOnly => "supporting facts only",
            RequirementStatus::Manual => "manual",
            RequirementStatus::Inherited => "inherited from AWS",
            RequirementStatus::NotServed => "not served",
            RequirementStatus::NotEvaluated => "not evaluated",
        }
    }
}

impl Counts {
    /// Findings of every outcome.
    pub fn total(&self) -> usize {
        self.pass + self.fail + self.unknown + self.not_applicable
    }

    /// Findings that apply, decided or not.
    pub fn applicable(&self) -> usize {
        self.pass + self.fail + self.unknown
    }
}

impl Population {
    /// `15 of 17 Regions reached`, a Region counted once for each account.
    pub(super) fn regions_line(&self) -> String {
        format!("{} of {} read in full", count(self.regions_reached), count(self.regions_asked))
    }
}

/// `12113` as `12,113`.
pub(super) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 finding`, `12,113 findings`.
pub(super) fn counted(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {one}s", count(number)) }
}

/// Tenths of a percent as `99.9 %`.
pub(super) fn percent(permille: u32) -> String {
    format!("{}.{} %", permille / 10, permille % 10)
}

/// `2026-11-20 10:00:00 UTC`.
pub(super) fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// From the first moment to the last, the date said once where it is the same.
pub(super) fn span(from: Timestamp, to: Timestamp) -> String {
    if from.strftime("%Y-%m-%d").to_string() == to.strftime("%Y-%m-%d").to_string() {
        format!("{} to {} UTC", from.strftime("%Y-%m-%d %H:%M:%S"), to.strftime("%H:%M:%S"))
    } else {
        format!("{} to {}", moment(from), moment(to))
    }
}

/// Where a fact was read, in a few words.
pub(super) fn origin(report: &Report, origin: &Origin) -> String {
    match origin {
        Origin::Call(id) => match report.calls.get(id) {
            Some(call) => format!("{}:{} {}", call.service, call.operation, call.region),
            None => id.to_string(),
        },
        Origin::Place { file, line, column } => format!("{file}:{line}:{column}"),
        Origin::Declared(file) => format!("declared in {file}"),
        Origin::Derived => "follows from other facts".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (12_113, "12,113"), (1_234_567, "1,234,567")];
        for (number, text) in cases {
            assert_eq!(count(number), text);
        }
        assert_eq!(counted(1, "finding"), "1 finding");
        assert_eq!(percent(999), "99.9 %");
        assert_eq!(percent(7), "0.7 %");
    }
}
