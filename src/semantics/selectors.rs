//! What event selectors record.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html> and
//! the pages on data events and network activity events beside it.

use crate::inventory::Gaps;
use crate::inventory::trail::EventSelectors;

use super::{Answer, PartialEvent};

/// One contributor to a union: the selectors of a trail that may or may not count.
#[derive(Clone, Debug)]
pub struct Contributor<'a> {
    /// `Err` where the selectors could not be read.
    pub selectors: Result<&'a EventSelectors, Gaps>,
    /// Why it is not certain that this trail counts at all (for example: it is not known whether it is logging); empty where it does.
    pub doubts: Gaps,
}

/// Whether every event of the family is recorded by at least one contributor.
///
/// `may_be_more` says why there may be contributors that are not listed. True only if true whatever the unknown turns out
/// to be; false only if no completion of the unknown could cover the family.
pub fn records(_contributors: &[Contributor<'_>], _may_be_more: &Gaps, _event: &PartialEvent) -> Answer {
    Answer::unknown(Vec::new(), Gaps::new())
}

/// The selectors in a few words, for the list of what was read.
pub fn describe(_selectors: &EventSelectors) -> String {
    "event selectors".to_string()
}
