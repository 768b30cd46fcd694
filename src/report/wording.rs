//! Words and numbers that two formats write alike.

use jiff::Timestamp;

use super::{Collected, Counts, Report, RequirementStatus};
use crate::finding::CodePlace;
use crate::inventory::Origin;

impl RequirementStatus {
    /// The words that people read.
    pub fn label(self) -> &'static str {
        match self {
            RequirementStatus::MetByFacts => "met by facts",
            RequirementStatus::NotMet => "not met",
            RequirementStatus::Undecided => "undecided",
            RequirementStatus::Partial => "partial",
            RequirementStatus::Manual => "manual",
            RequirementStatus::Inherited => "inherited from AWS",
            RequirementStatus::NotServed => "not shown here",
            RequirementStatus::NotApplicable => "not applicable",
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

/// `1 finding`, `12,113 findings`, `2 policies`.
pub(crate) fn counted(number: usize, one: &str) -> String {
    match (number, one.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o']))) {
        (1, _) => format!("1 {one}"),
        (n, Some(stem)) => format!("{} {stem}ies", count(n)),
        (n, None) => format!("{} {one}s", count(n)),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Tenths of a percent as `99.9 %`.
pub(super) fn percent(permille: u32) -> String {
    format!("{}.{} %", permille / 10, permille % 10)
}

/// `2026-11-20 10:00:00 UTC`.
pub(super) fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// When facts were read, and what moment they are judged at where that is not one.
pub(super) fn read(collected: &Collected) -> String {
    let span = span(collected.started, collected.ended);
    if collected.judged_as_read {
        format!("{span}; accounts were read at different times, and what each holds is judged at the moment it was read")
    } else {
        span
    }
}

/// From the first moment to the last, the date said once where it is the same.
pub(super) fn span(from: Timestamp, to: Timestamp) -> String {
    if from.strftime("%Y-%m-%d").to_string() == to.strftime("%Y-%m-%d").to_string() {
        format!("{} to {} UTC", from.strftime("%Y-%m-%d %H:%M:%S"), to.strftime("%H:%M:%S"))
    } else {
        format!("{} to {}", moment(from), moment(to))
    }
}

/// Where code declares something: the place in its source, else the address in the file that was read.
pub(super) fn place(place: &CodePlace) -> String {
    match &place.source {
        Some(source) => format!("{}:{}:{} ({})", source.file, source.line, source.column, place.address),
        None => format!("{} in {}", place.address, place.file),
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
        Origin::Address { file, address } => format!("{address} in {file}"),
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
        assert_eq!((counted(2, "policy"), counted(2, "key")), ("2 policies".into(), "2 keys".into()));
        assert_eq!(percent(999), "99.9 %");
        assert_eq!(percent(7), "0.7 %");
    }
}
