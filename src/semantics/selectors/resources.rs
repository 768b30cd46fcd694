//! Whether data events on certain resources are recorded, or on all but certain ones.
//!
//! Resources are named by ARN. Nothing here knows who named them.

use crate::inventory::Gaps;
use crate::semantics::family::Family;
use crate::semantics::strings::{Literal, Test};
use crate::semantics::{Answer, PartialEvent, Truth};

use super::{Contributor, covered, is_whole_service, no_such_event, not_understood};

/// What need not be recorded: the beginnings of the ARNs of resources.
#[derive(Clone, Debug, Default)]
pub struct LeftOut {
    pub certain: Vec<String>,
    /// With the reasons for the doubt.
    pub doubtful: Vec<(String, Gaps)>,
    /// Why there may be more; empty where these are all.
    pub may_be_more: Gaps,
}

/// Whether every event of the family on the resource is recorded by at least one contributor.
///
/// A bucket's ARN stands for its objects, and what follows the bucket's name for those whose keys start so; ARNs of other
/// resources are exact. `arn:aws:s3` and the like stand for every resource.
pub fn records_on(contributors: &[Contributor<'_>], may_be_more: &Gaps, event: &PartialEvent, arn: &str) -> Answer {
    let resource_type = event.fields.get("resources.type").map(String::as_str).unwrap_or_default();
    let Some(family) = Family::of(event) else { return no_such_event() };
    if is_whole_service(resource_type, arn) {
        return covered(contributors, may_be_more, family);
    }
    if !arn.starts_with("arn:") || arn.contains(['*', '?']) {
        let why = if arn.starts_with("arn:") { "has a wildcard" } else { "is no ARN" };
        return Answer::unknown(Vec::new(), not_understood(format!("the resource `{arn}` that is asked for {why}")).into());
    }
    let meant = match resource_type {
        "AWS::S3::Object" if arn.contains('/') => Literal::new(Test::StartsWith, arn),
        "AWS::S3::Object" => Literal::new(Test::StartsWith, format!("{arn}/")),
        _ => Literal::new(Test::Equals, arn),
    };
    match family.narrowed("resources.ARN", &meant, true) {
        Some(family) => covered(contributors, may_be_more, family),
        None => no_such_event(),
    }
}

/// Whether every event of the family is recorded by at least one contributor, those on the left out resources aside.
pub fn records_except(contributors: &[Contributor<'_>], may_be_more: &Gaps, event: &PartialEvent, left_out: &LeftOut) -> Answer {
    let without = |prefixes: &[&String]| {
        let family = Family::of(event)?;
        prefixes.iter().try_fold(family, |f, p| f.narrowed("resources.ARN", &Literal::new(Test::StartsWith, *p), false))
    };
    let mut prefixes: Vec<&String> = left_out.certain.iter().collect();
    let Some(most) = without(&prefixes) else { return no_such_event() };
    let answer = covered(contributors, may_be_more, most);
    let doubts: Gaps = left_out.doubtful.iter().flat_map(|(_, gaps)| gaps).chain(&left_out.may_be_more).cloned().collect();
    if answer.truth != Truth::False || doubts.is_empty() {
        return answer;
    }
    // Not recorded: but what is not recorded may be what is left out.
    if !left_out.may_be_more.is_empty() {
        return Answer::unknown(answer.counterexamples, doubts);
    }
    prefixes.extend(left_out.doubtful.iter().map(|(prefix, _)| prefix));
    match without(&prefixes).map(|least| covered(contributors, may_be_more, least)) {
        Some(least) if least.truth == Truth::False => least,
        _ => Answer::unknown(answer.counterexamples, doubts),
    }
}
