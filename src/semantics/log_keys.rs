//! Where in a bucket CloudTrail puts a trail's files, and whether a rule's prefix is about them.
//!
//! Keys are `[PREFIX/]AWSLogs/[ORGANIZATION/]ACCOUNT/CloudTrail...`: log files, digests and Insights files stand below names
//! that begin alike. Nothing here knows of rules.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html>.

use crate::inventory::{Gap, GapKind};

use super::Answer;

/// What is asked of a trail to know its keys.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// The trail's own prefix, without a final slash.
    pub prefix: Option<&'a str>,
    pub owner_account: &'a str,
    pub is_organization: bool,
}

enum Part<'a> {
    Literal(&'a str),
    Organization,
    Account,
    /// `CloudTrail`, `CloudTrail-Digest`, `CloudTrail-Insight`.
    Files,
}

const FILES: &str = "CloudTrail";

impl<'a> Keys<'a> {
    fn parts(&self, of_organization: bool) -> Vec<Part<'a>> {
        let own = self.prefix.filter(|p| !p.is_empty()).into_iter().flat_map(|p| p.trim_end_matches('/').split('/'));
        let mut parts: Vec<Part<'a>> = own.map(Part::Literal).collect();
        parts.push(Part::Literal("AWSLogs"));
        if of_organization {
            parts.extend([Part::Organization, Part::Account]);
        } else {
            parts.push(Part::Literal(self.owner_account));
        }
        parts.push(Part::Files);
        parts
    }

    /// Whether some of the trail's files may have keys that begin with the prefix. What an organization trail wrote while it
    /// was none counts as well.
    pub fn touched_by(&self, prefix: &str) -> bool {
        touches(prefix, &self.parts(false)) || (self.is_organization && touches(prefix, &self.parts(true)))
    }

    /// Whether the keys of all files that the trail writes begin with the prefix.
    pub fn covered_by(&self, prefix: &str) -> Answer {
        let example = || vec![format!("keys that do not begin with {prefix}")];
        let given: Vec<&str> = prefix.split('/').collect();
        let (last, whole) = given.split_last().map_or(("", &[][..]), |(last, whole)| (*last, whole));
        let parts = self.parts(self.is_organization);
        let mut named = None;
        for (part, given) in parts.iter().zip(whole) {
            match part {
                Part::Literal(literal) if literal == given => {}
                Part::Organization if given.starts_with("o-") => named = Some(*given),
                _ => return Answer::no(example()),
            }
        }
        let is_covered = match parts.get(whole.len()) {
            Some(Part::Literal(literal)) => literal.starts_with(last),
            Some(Part::Organization) if last.len() > 2 && last.starts_with("o-") => {
                named = Some(last);
                true
            }
            Some(Part::Organization) => "o-".starts_with(last),
            Some(Part::Account) => last.is_empty(),
            Some(Part::Files) => FILES.starts_with(last),
            None => false,
        };
        match named {
            _ if !is_covered => Answer::no(example()),
            Some(organization) => {
                let message =
                    format!("the prefix {prefix} names organization {organization}; whether it is the trail's was not read");
                Answer::unknown(example(), [Gap::new(GapKind::AbsentInput, message)].into())
            }
            None => Answer::yes(),
        }
    }
}

fn touches(prefix: &str, parts: &[Part<'_>]) -> bool {
    let given: Vec<&str> = prefix.split('/').collect();
    let digits = |text: &str| text.len() <= 12 && text.bytes().all(|b| b.is_ascii_digit());
    for (i, given_part) in given.iter().enumerate() {
        let is_last = i + 1 == given.len();
        let Some(part) = parts.get(i) else { return true };
        let fits = match part {
            Part::Literal(literal) if is_last => literal.starts_with(given_part),
            Part::Literal(literal) => literal == given_part,
            Part::Organization if is_last => given_part.starts_with("o-") || "o-".starts_with(given_part),
            Part::Organization => given_part.starts_with("o-"),
            Part::Account if is_last => digits(given_part),
            Part::Account => given_part.len() == 12 && digits(given_part),
            Part::Files if is_last => given_part.starts_with(FILES) || FILES.starts_with(given_part),
            Part::Files => given_part.starts_with(FILES),
        };
        if !fits {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::Truth;

    fn keys(prefix: Option<&'static str>, is_organization: bool) -> Keys<'static> {
        Keys { prefix, owner_account: "111122223333", is_organization }
    }

    #[test]
    fn a_prefix_touches_what_it_may_hold() {
        for prefix in [
            "",
            "A",
            "AWSLogs",
            "AWSLogs/",
            "AWSLogs/1111",
            "AWSLogs/111122223333/",
            "AWSLogs/111122223333/CloudTrail",
            "AWSLogs/111122223333/CloudTrail/",
            "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/",
        ] {
            assert!(keys(None, false).touched_by(prefix), "{prefix}");
        }
        for prefix in ["AWSLogs/111122223333/Config/", "AWSLogs/444455556666/", "AWSLogs/o-abc/", "access/", "AWSLogsX", "/"] {
            assert!(!keys(None, false).touched_by(prefix), "{prefix}");
        }
        assert!(keys(Some("org/audit"), false).touched_by("org/"));
        assert!(!keys(Some("org"), false).touched_by("organisation/"));
        assert!(!keys(Some("org"), false).touched_by("AWSLogs/"));
    }

    #[test]
    fn an_organization_trail_writes_for_every_member() {
        for prefix in ["AWSLogs/o-abc/", "AWSLogs/o-abc/444455556666/CloudTrail/", "AWSLogs/111122223333/", "AWSLogs/o"] {
            assert!(keys(None, true).touched_by(prefix), "{prefix}");
        }
        assert!(!keys(None, true).touched_by("AWSLogs/o-abc/444455556666/Config/"));
    }

    #[test]
    fn a_prefix_covers_what_it_holds_wholly() {
        let truth = |keys: Keys<'_>, prefix| keys.covered_by(prefix).truth;
        for prefix in ["", "AWS", "AWSLogs/", "AWSLogs/111122223333/", "AWSLogs/111122223333/CloudTrail"] {
            assert_eq!(truth(keys(None, false), prefix), Truth::True, "{prefix}");
        }
        for prefix in
            ["AWSLogs/111122223333/CloudTrail/", "AWSLogs/444455556666/", "x", "AWSLogs/111122223333/CloudTrail-Digest/"]
        {
            assert_eq!(truth(keys(None, false), prefix), Truth::False, "{prefix}");
        }
        assert_eq!(truth(keys(None, true), "AWSLogs/o-abc/"), Truth::Unknown);
        assert_eq!(truth(keys(None, true), "AWSLogs/o-"), Truth::True);
        assert_eq!(truth(keys(None, true), "AWSLogs/o-abc/444455556666/"), Truth::False);
        assert_eq!(truth(keys(None, true), "AWSLogs/111122223333/"), Truth::False);
        assert_eq!(truth(keys(Some("org/"), false), "org/"), Truth::True);
    }
}
