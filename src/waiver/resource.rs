//! What a waiver is about: one resource, or those of one account whose name begins or ends alike.
//!
//! The account is always literal, so that no pattern can reach into another account.

use crate::finding::Subject;
use crate::semantics::wildcard::matches;

/// In place of a resource: what code names this waiver in its metadata.
const NAMED_IN_CODE: &str = "named-in-code";

/// The resources of one account that a waiver names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Twelve digits.
    account: String,
    form: Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// The account itself, an organization, or whatever else has an id that is no ARN.
    Id(String),
    /// What code says that the waiver is about.
    NamedInCode,
    /// The parts of an ARN, after `arn`: partition, service, Region, account, resource.
    Arn([String; 5]),
}

/// Why a text names no resource of one account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    #[error("`{0}` stands for everything")]
    Everything(String),
    #[error("`{0}` leaves the account open")]
    OpenAccount(String),
    #[error("`{0}` names no account")]
    NoAccount(String),
    #[error("`{0}` is of account {1}, and the waiver of account {2}")]
    OtherAccount(String, String, String),
    #[error("`{0}` has a wildcard where the partition or the service stands")]
    OpenService(String),
    #[error("`{0}` is neither an ARN nor an id")]
    Neither(String),
}

impl ResourceError {
    /// The next thing to do.
    pub fn hint(&self) -> &'static str {
        match self {
            ResourceError::Everything(_) => {
                "name the resource, or the beginning of names, such as `arn:aws:cloudtrail:*:111122223333:trail/legacy-*`"
            }
            ResourceError::OpenAccount(_) => {
                "write the twelve digits of one account; a waiver for another account is another waiver"
            }
            ResourceError::NoAccount(_) => "add `account: \"111122223333\"` beside `resources`: the account that owns it",
            ResourceError::OtherAccount(..) => "name each account in a waiver of its own",
            ResourceError::OpenService(_) => "`*` and `?` may stand in the Region and in the name only",
            ResourceError::Neither(_) => "findings name resources by ARN, accounts by their twelve digits",
        }
    }
}

/// Whether the text is an account id.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_open(text: &str) -> bool {
    text.contains(['*', '?'])
}

impl Resource {
    /// Reads what a waiver names, where the waiver as a whole may name the account.
    ///
    /// # Errors
    /// Whatever could reach more than one account, or everything in it.
    pub fn parse(text: &str, account: Option<&str>) -> Result<Resource, ResourceError> {
        let named = text.to_string();
        let of = |own: Option<&str>| match (own, account) {
            (Some(own), Some(given)) if own != given => Err(ResourceError::OtherAccount(named.clone(), own.into(), given.into())),
            (Some(one), _) | (None, Some(one)) => Ok(one.to_string()),
            (None, None) => Err(ResourceError::NoAccount(named.clone())),
        };
        if text == NAMED_IN_CODE {
            return Ok(Resource { account: account.unwrap_or_default().to_string(), form: Form::NamedInCode });
        }
        if text.trim().is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(ResourceError::Neither(named));
        }
        if !text.chars().any(|c| c.is_alphanumeric()) {
            return Err(ResourceError::Everything(named));
        }
        let Some(parts) = parts(text) else {
            if text.starts_with("arn:") || text.contains([':', '/']) {
                return Err(ResourceError::Neither(named));
            }
            if is_open(text) {
                return Err(ResourceError::OpenAccount(named));
            }
            let account = of(is_account(text).then_some(text))?;
            return Ok(Resource { account, form: Form::Id(text.into()) });
        };
        let [partition, service, _, own, name] = &parts;
        if is_open(partition) || is_open(service) || partition.is_empty() || service.is_empty() {
            return Err(ResourceError::OpenService(named));
        }
        if !own.is_empty() && !is_account(own) {
            return Err(ResourceError::OpenAccount(named));
        }
        // `trail/*` names every trail of the account, and that can be meant; `*` alone cannot.
        if !name.chars().any(char::is_alphanumeric) {
            return Err(ResourceError::Everything(named));
        }
        let account = of((!own.is_empty()).then_some(own))?;
        Ok(Resource { account, form: Form::Arn(parts) })
    }

    /// The account that it is confined to.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Whether the subject is meant. One whose owner is not known never is.
    pub fn matches(&self, subject: &Subject) -> bool {
        match (&self.form, parts(&subject.id)) {
            (Form::Id(id), _) => *id == subject.id && subject.account == self.account,
            (Form::Arn(pattern), Some(parts)) => {
                let own = &parts[3];
                let owner = if own.is_empty() { &subject.account } else { own };
                // Part by part, so that no star reaches beyond its own.
                *owner == self.account && pattern.iter().zip(&parts).all(|(pattern, part)| matches(pattern, part))
            }
            (Form::Arn(_), None) | (Form::NamedInCode, _) => false,
        }
    }

    /// Whether the subject is meant because the code that declares it names the waiver. Who approves a waiver says that code may.
    pub fn is_named_by(&self, subject: &Subject, waiver: &str) -> bool {
        let names = subject.place.iter().flat_map(|place| &place.related).any(|place| place.names_waiver(waiver));
        self.form == Form::NamedInCode && names && (self.account.is_empty() || self.account == subject.account)
    }

    /// Whether it names the subject, and only the owner is another or not known.
    pub fn matches_elsewhere(&self, subject: &Subject) -> bool {
        !self.matches(subject) && self.matches(&Subject { account: self.account.clone(), ..subject.clone() })
    }
}

/// The parts of an ARN, without `arn`.
fn parts(text: &str) -> Option<[String; 5]> {
    let rest = text.strip_prefix("arn:")?;
    let parts: Vec<String> = rest.splitn(5, ':').map(str::to_string).collect();
    parts.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn subject(id: &str, account: &str) -> Subject {
        Subject { kind: "x".into(), id: id.into(), name: id.into(), account: account.into(), region: None, place: None }
    }

    const ONE: &str = "111122223333";
    const TWO: &str = "444455556666";

    #[test]
    fn what_leaves_the_account_open_is_refused() {
        for text in ["*", "**", "?", "arn:aws:cloudtrail:*:*:trail/x", "arn:aws:cloudtrail:*:11112222333?:trail/x", "1111222233*"]
        {
            let error = Resource::parse(text, None).expect_err(text);
            assert!(matches!(error, ResourceError::Everything(_) | ResourceError::OpenAccount(_)), "{text}: {error}");
        }
        for text in ["arn:aws:s3:::logs", "o-abcdef1234"] {
            assert_eq!(Resource::parse(text, None), Err(ResourceError::NoAccount(text.into())));
            assert!(Resource::parse(text, Some(ONE)).is_ok());
        }
        assert!(matches!(Resource::parse("arn:aws:s3:::*", Some(ONE)), Err(ResourceError::Everything(_))));
        assert!(matches!(Resource::parse("arn:*:s3:::logs", Some(ONE)), Err(ResourceError::OpenService(_))));
        assert!(matches!(Resource::parse(ONE, Some(TWO)), Err(ResourceError::OtherAccount(..))));
        for text in ["", "arn:aws:s3", "a b", "arn:aws:s3:::a b", "trail/x"] {
            assert!(matches!(Resource::parse(text, Some(ONE)), Err(ResourceError::Neither(_))), "{text}");
        }
    }

    #[test]
    fn a_name_matches_as_a_whole_and_a_star_stays_in_its_part() {
        let matches = |pattern: &str, id: &str, owner: &str| {
            Resource::parse(pattern, Some(ONE)).unwrap_or_else(|e| panic!("{pattern}: {e}")).matches(&subject(id, owner))
        };
        assert!(matches("arn:aws:s3:::logs", "arn:aws:s3:::logs", ONE));
        assert!(!matches("arn:aws:s3:::logs", "arn:aws:s3:::logs-2", ONE));
        assert!(!matches("arn:aws:s3:::logs", "arn:aws:s3:::my-logs", ONE));
        assert!(matches("arn:aws:s3:::logs-*", "arn:aws:s3:::logs-2", ONE));
        assert!(!matches("arn:aws:s3:::logs-*", "arn:aws:s3:::logs-2", TWO), "the owner is another account");
        assert!(!matches("arn:aws:s3:::logs-*", "arn:aws:s3:::logs-2", "unknown"), "the owner is not known");
        let trail = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/a:b";
        assert!(matches("arn:aws:cloudtrail:*:111122223333:trail/a*", trail, ONE));
        assert!(!matches("arn:aws:cloudtrail:*b:111122223333:trail/a*", trail, ONE), "a star crossed a colon");
        assert!(!matches(
            "arn:aws:cloudtrail:e*:111122223333:trail/a*",
            "arn:aws:cloudtrail:eu-west-1:444455556666:trail/a",
            TWO
        ));
        assert!(matches(ONE, ONE, ONE));
        assert!(!matches("o-abcdef1234", "o-abcdef1234", TWO));
    }

    fn part() -> impl Strategy<Value = String> {
        prop::collection::vec(
            prop_oneof![Just("*"), Just("?"), Just("a"), Just(":"), Just("1"), Just("trail/"), Just(ONE), Just(TWO)],
            0..6,
        )
        .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn no_pattern_reaches_into_another_account(
            region in part(), account in part(), name in part(), given in prop::option::of(Just(ONE)),
            id_region in "[a:*]{0,4}", id_name in part(), bucket in any::<bool>(),
        ) {
            let texts = [format!("arn:aws:s3:{region}:{account}:{name}"), name.clone(), format!("{account}{name}")];
            for text in texts {
                let Ok(resource) = Resource::parse(&text, given) else { continue };
                prop_assert!(is_account(resource.account()));
                for owner in [ONE, TWO, "unknown"] {
                    let own = if bucket { "" } else { owner };
                    let arn = subject(&format!("arn:aws:s3:{}:{own}:{id_name}", id_region.replace(':', "")), owner);
                    for subject in [arn, subject(owner, owner)] {
                        prop_assert!(!resource.matches(&subject) || owner == resource.account(), "{text} matches {subject:?}");
                    }
                }
            }
        }
    }
}
