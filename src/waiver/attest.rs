//! Attestations: until when a statement holds, and which one speaks for a requirement on a day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Attestation, Attests, Evidence, WARNING_DAYS};

/// How often something must be stated anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Frequency {
    Weekly,
    Monthly,
    Quarterly,
    HalfYearly,
    Yearly,
}

impl Frequency {
    fn span(self) -> Span {
        match self {
            Frequency::Weekly => 1.week(),
            Frequency::Monthly => 1.month(),
            Frequency::Quarterly => 3.months(),
            Frequency::HalfYearly => 6.months(),
            Frequency::Yearly => 1.year(),
        }
    }
}

impl Attestation {
    /// The last day on which it holds; the last day of a month where the day itself is not in it.
    pub fn expires(&self) -> Date {
        self.date.saturating_add(self.frequency.span())
    }

    fn standing(&self, today: Date) -> Standing {
        let expires = self.expires();
        if today < self.date {
            Standing::NotYet
        } else if today > expires {
            Standing::Expired
        } else if days(today, expires) <= WARNING_DAYS.min(days(self.date, expires) / 3) {
            // What is stated every week or month is no news before it ends.
            Standing::EndsSoon
        } else {
            Standing::Holds
        }
    }
}

/// Days from one to the other.
pub(super) fn days(from: Date, to: Date) -> i32 {
    to.since(from).map_or(i32::MAX, |span| span.get_days())
}

/// Whether a statement speaks for a requirement today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Holds,
    /// It holds, and must soon be stated anew.
    EndsSoon,
    /// Its day lies after the moment of the audit.
    NotYet,
    Expired,
}

/// The statement that speaks for a requirement. It is people's word, and no fact that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    pub standing: Standing,
    pub by: String,
    pub statement: String,
    pub date: Date,
    /// The last day on which it holds, in UTC.
    pub expires: Date,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

impl Statement {
    /// Whether it speaks for the requirement on the day of the audit.
    pub fn holds(&self) -> bool {
        matches!(self.standing, Standing::Holds | Standing::EndsSoon)
    }
}

/// How many requirements people spoke about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attested {
    pub holds: usize,
    pub expired: usize,
}

impl Attested {
    /// Counts the statement.
    pub fn add(&mut self, statement: &Statement) {
        match statement.standing {
            Standing::Holds | Standing::EndsSoon => self.holds += 1,
            Standing::Expired => self.expired += 1,
            Standing::NotYet => {}
        }
    }
}

/// Of each requirement the statement that holds longest; one that does not hold only where none does.
pub(super) fn statements(attestations: &[(Attestation, Vec<Evidence>)], today: Date) -> BTreeMap<Attests, Statement> {
    let mut best: BTreeMap<Attests, Statement> = BTreeMap::new();
    for (attestation, evidence) in attestations {
        let statement = Statement {
            standing: attestation.standing(today),
            by: attestation.by.clone(),
            statement: attestation.statement.clone(),
            date: attestation.date,
            expires: attestation.expires(),
            evidence: evidence.clone(),
        };
        let rank = |s: &Statement| (s.holds(), s.standing != Standing::NotYet, s.expires);
        match best.get(&attestation.attests) {
            Some(other) if rank(other) >= rank(&statement) => {}
            _ => {
                best.insert(attestation.attests.clone(), statement);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn stated(on: Date, frequency: Frequency, by: &str) -> (Attestation, Vec<Evidence>) {
        let attests = Attests { framework: "f".into(), requirement: "1".into() };
        let statement = "people looked at it".into();
        (Attestation { attests, by: by.into(), statement, evidence: Vec::new(), date: on, frequency }, Vec::new())
    }

    fn standing(on: Date, frequency: Frequency, today: Date) -> Standing {
        stated(on, frequency, "a").0.standing(today)
    }

    #[test]
    fn a_statement_ends_with_the_day_that_its_frequency_says() {
        let on = date(2026, 1, 31);
        assert_eq!(stated(on, Frequency::Monthly, "a").0.expires(), date(2026, 2, 28), "February has no 31st");
        assert_eq!(standing(on, Frequency::Monthly, date(2026, 2, 28)), Standing::EndsSoon);
        assert_eq!(standing(on, Frequency::Monthly, date(2026, 3, 1)), Standing::Expired);
        assert_eq!(standing(on, Frequency::Yearly, date(2026, 3, 1)), Standing::Holds);
        assert_eq!(standing(on, Frequency::Yearly, date(2027, 1, 1)), Standing::EndsSoon);
        assert_eq!(standing(on, Frequency::Yearly, date(2026, 1, 30)), Standing::NotYet);
        assert_eq!(standing(on, Frequency::Weekly, on), Standing::Holds);
        assert_eq!(standing(date(2026, 6, 1), Frequency::Quarterly, date(2026, 9, 2)), Standing::Expired);
        assert_eq!(standing(date(2026, 6, 1), Frequency::HalfYearly, date(2026, 12, 1)), Standing::EndsSoon);
    }

    #[test]
    fn the_statement_that_holds_speaks_wherever_it_stands_in_the_file() {
        let old = stated(date(2025, 1, 1), Frequency::Yearly, "old");
        let new = stated(date(2026, 1, 1), Frequency::Yearly, "new");
        let later = stated(date(2026, 12, 1), Frequency::Yearly, "later");
        for order in [[&old, &new, &later], [&later, &new, &old], [&new, &old, &later]] {
            let list: Vec<_> = order.into_iter().cloned().collect();
            let by = |today| statements(&list, today).into_values().map(|s| (s.by, s.standing)).collect::<Vec<_>>();
            assert_eq!(by(date(2026, 6, 1)), [("new".to_string(), Standing::Holds)]);
            assert_eq!(by(date(2025, 6, 1)), [("old".to_string(), Standing::Holds)]);
            assert_eq!(by(date(2024, 6, 1)), [("later".to_string(), Standing::NotYet)]);
        }
    }
}
