//! Whether a statement's conditions hold for somebody's request.
//!
//! A request is known by who makes it; what else is in its context is the requester's choice, a matter of place, or not
//! understood. Nothing here knows of statements.
//!
//! Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>.

use crate::inventory::document::Effect;
use crate::semantics::wildcard::matches;

use super::is_known;
use super::principal::{Requester, account_in};

/// When something about a statement holds for a requester.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Always,
    Never,
    /// For some requests.
    Sometimes(By),
    Unclear,
}

/// What decides between requests of the same requester.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum By {
    /// How the request is made: anybody can make it so.
    Choice,
    /// Where the request comes from: a network, an endpoint, an access point.
    Place,
    /// Who in the account makes it.
    Person,
}

/// What the context of a request says under a key.
enum Context<'a> {
    Is(&'a str),
    Absent,
    /// Something that no policy names.
    Unnamed,
    /// Something that no policy names, or nothing.
    UnnamedOrAbsent,
    /// The ARN of a principal of an account.
    ArnIn(&'a str),
    /// An ARN of an account that no policy names.
    UnnamedArn,
    By(By),
    Unclear,
}

/// Judges one condition; `key` is in lower case.
pub(super) fn judge(requester: &Requester<'_>, effect: Effect, operator: &str, key: &str, values: &[String]) -> Holds {
    let Some(operator) = Operator::read(operator) else { return Holds::Unclear };
    if values.is_empty() || values.iter().any(|v| v.contains("${")) {
        return Holds::Unclear;
    }
    if let Some(holds) = over_tls(effect, &operator, key, values) {
        return holds;
    }
    if key == "aws:principalorgpaths" && operator.base != "Null" {
        return within_organization(requester, effect, &operator, values);
    }
    // Of a session's id, `ROLE_ID:NAME`, the first part alone tells whose it is.
    let ids: Vec<String>;
    let values = if key == "aws:userid" {
        ids = values.iter().filter_map(|v| v.split(':').next().map(str::to_string)).collect();
        &ids
    } else {
        values
    };
    let context = context(requester, key);
    if operator.base == "Null" {
        return is_null(&context, values);
    }
    let positive = !operator.is_negated();
    match context {
        Context::Unclear => Holds::Unclear,
        Context::Absent => when_absent(&operator),
        Context::Is(value) => match operator.finds(values, value) {
            Some(found) if found == positive => Holds::Always,
            Some(_) => Holds::Never,
            None => Holds::Unclear,
        },
        Context::Unnamed => found(operator.finds_unnamed(values), positive),
        Context::UnnamedOrAbsent => match found(operator.finds_unnamed(values), positive) {
            Holds::Never if when_absent(&operator) == Holds::Always => Holds::Sometimes(By::Choice),
            holds => holds,
        },
        Context::ArnIn(account) => found(operator.finds_arn(values, Some(account)), positive),
        // Whether a service's requests have an ARN at all is not documented.
        Context::UnnamedArn if requester.is_service() && (operator.if_exists || operator.of_all) => Holds::Unclear,
        Context::UnnamedArn => found(operator.finds_arn(values, None), positive),
        Context::By(By::Place) => at_place(effect, &operator, key, values),
        Context::By(by) => Holds::Sometimes(by),
    }
}

/// A path in an organization begins with the organization's id; which of its members a path means is not known.
fn within_organization(requester: &Requester<'_>, effect: Effect, operator: &Operator<'_>, values: &[String]) -> Holds {
    let organizations: Vec<String> = values.iter().filter_map(|v| v.split('/').next().map(str::to_string)).collect();
    let spelt = match (operator.is_negated(), operator.if_exists, operator.of_all) {
        (true, ..) => "StringNotLike",
        (false, false, false) => "StringLike",
        _ => "StringLikeIfExists",
    };
    let all = values.iter().all(|v| v.split_once('/').is_none_or(|(_, below)| below == "*"));
    let holds = judge(requester, effect, spelt, "aws:principalorgid", &organizations);
    let hit = if operator.is_negated() { Holds::Never } else { Holds::Always };
    if matches!(requester, Requester::Member(_)) && holds == hit && !all { Holds::Sometimes(By::Person) } else { holds }
}

struct Operator<'a> {
    base: &'a str,
    if_exists: bool,
    of_all: bool,
    of_any: bool,
}

impl<'a> Operator<'a> {
    fn read(operator: &'a str) -> Option<Self> {
        let (set, plain) = operator.split_once(':').map_or(("", operator), |(set, plain)| (set, plain));
        if !["", "ForAnyValue", "ForAllValues"].contains(&set) {
            return None;
        }
        let (base, if_exists) = plain.strip_suffix("IfExists").map_or((plain, false), |base| (base, true));
        is_known(base).then_some(Operator { base, if_exists, of_all: set == "ForAllValues", of_any: set == "ForAnyValue" })
    }

    fn is_negated(&self) -> bool {
        self.base.contains("Not")
    }

    /// Whether one of the values is meant by the text; `None` where the operator does not compare texts.
    fn finds(&self, values: &[String], text: &str) -> Option<bool> {
        let any = |ask: &dyn Fn(&str) -> bool| Some(values.iter().any(|v| ask(v)));
        match self.base {
            "StringEquals" | "StringNotEquals" => any(&|v| v == text),
            "StringEqualsIgnoreCase" | "StringNotEqualsIgnoreCase" | "Bool" => any(&|v| v.eq_ignore_ascii_case(text)),
            "StringLike" | "StringNotLike" | "ArnEquals" | "ArnLike" | "ArnNotEquals" | "ArnNotLike" => {
                any(&|v| matches(v, text))
            }
            _ => None,
        }
    }

    fn has_wildcards(&self) -> bool {
        self.base.ends_with("Like") || self.base.starts_with("Arn")
    }

    /// Whether the values are about what nobody names: all of it, some of it, none.
    fn finds_unnamed(&self, values: &[String]) -> Option<Share> {
        self.finds(values, "")?;
        if !self.has_wildcards() {
            return Some(Share::None);
        }
        Some(values.iter().map(|v| share(v, is_wild(v))).max().unwrap_or(Share::None))
    }

    /// Whether the values are about the ARNs of an account, or of one that nobody names.
    fn finds_arn(&self, values: &[String], account: Option<&str>) -> Option<Share> {
        self.finds(values, "")?;
        let about = |pattern: &String| match (account_in(pattern), account) {
            (Some(named), Some(account)) => share(pattern, named == account),
            (Some(_), None) => Share::None,
            (None, _) => share(pattern, self.has_wildcards() && is_wild(pattern)),
        };
        Some(values.iter().map(about).max().unwrap_or(Share::None))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Share {
    None,
    Some,
    All,
}

fn share(pattern: &str, some: bool) -> Share {
    match (some, pattern.chars().all(|c| c == '*')) {
        (true, true) => Share::All,
        (true, false) => Share::Some,
        (false, _) => Share::None,
    }
}

fn found(share: Option<Share>, positive: bool) -> Holds {
    match share {
        None => Holds::Unclear,
        Some(Share::Some) => Holds::Sometimes(By::Person),
        Some(share) if (share == Share::All) == positive => Holds::Always,
        Some(_) => Holds::Never,
    }
}

fn is_wild(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

fn when_absent(operator: &Operator<'_>) -> Holds {
    let holds = if operator.of_any { operator.if_exists } else { operator.of_all || operator.if_exists || operator.is_negated() };
    if holds { Holds::Always } else { Holds::Never }
}

fn is_null(context: &Context<'_>, values: &[String]) -> Holds {
    let absent = match values {
        [one] if one.eq_ignore_ascii_case("true") => true,
        [one] if one.eq_ignore_ascii_case("false") => false,
        _ => return Holds::Unclear,
    };
    let is = |there: bool| if there == absent { Holds::Never } else { Holds::Always };
    match context {
        Context::Absent => is(false),
        Context::Is(_) | Context::Unnamed | Context::ArnIn(_) | Context::UnnamedArn => is(true),
        Context::UnnamedOrAbsent => Holds::Sometimes(By::Person),
        Context::By(By::Place) => Holds::Sometimes(By::Choice),
        Context::By(by) => Holds::Sometimes(*by),
        Context::Unclear => Holds::Unclear,
    }
}

/// Requests are thought of as coming over TLS, as everybody can make them so.
fn over_tls(effect: Effect, operator: &Operator<'_>, key: &str, values: &[String]) -> Option<Holds> {
    let plain = !operator.of_all && !operator.of_any;
    let says = |text: &str| values.iter().all(|v| v.eq_ignore_ascii_case(text));
    match (key, operator.base) {
        ("aws:securetransport", "Bool") if plain => Some(match effect {
            Effect::Allow if says("true") => Holds::Always,
            Effect::Deny if says("false") => Holds::Never,
            _ => Holds::Sometimes(By::Choice),
        }),
        ("aws:securetransport" | "s3:tlsversion", "Null") => Some(Holds::Unclear),
        ("aws:securetransport", _) => Some(Holds::Unclear),
        ("s3:tlsversion", base) if plain && base.starts_with("Numeric") => {
            let modern = values.iter().all(|v| v.parse::<f64>().is_ok_and(|v| v < 1.3 || (v <= 1.3 && base.ends_with("Equals"))));
            Some(match (effect, base) {
                (Effect::Deny, "NumericLessThan") if values.iter().all(|v| v.parse::<f64>().is_ok_and(|v| v <= 1.3)) => {
                    Holds::Never
                }
                (Effect::Allow, "NumericGreaterThan" | "NumericGreaterThanEquals") if modern => Holds::Always,
                _ => Holds::Sometimes(By::Choice),
            })
        }
        ("s3:tlsversion", _) => Some(Holds::Unclear),
        _ => None,
    }
}

/// A place only narrows where it is named exactly: S3 itself takes wildcards and very wide networks for no limit.
fn at_place(effect: Effect, operator: &Operator<'_>, key: &str, values: &[String]) -> Holds {
    let narrow = |value: &String| {
        if key.ends_with("ip") { is_narrow_network(value) } else { !is_wild(value) }
    };
    let is_narrow = values.iter().all(narrow);
    let limits = match effect {
        Effect::Allow => !operator.is_negated() && !operator.if_exists && !operator.of_all,
        Effect::Deny => operator.is_negated() && !operator.of_all && !operator.of_any,
    };
    Holds::Sometimes(if limits && is_narrow { By::Place } else { By::Choice })
}

/// Whether a network is no wider than S3 takes for a limit.
pub(in crate::semantics) fn is_narrow_network(network: &str) -> bool {
    let (address, bits) = network.split_once('/').map_or((network, None), |(address, bits)| (address, Some(bits)));
    let least = if address.contains(':') { 32 } else { 8 };
    bits.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits >= least))
}

fn context<'a>(requester: &Requester<'a>, key: &str) -> Context<'a> {
    use Requester::{Account, Anonymous, AnyService, Member, Other, Principal, Service, Stranger};
    match key {
        "aws:principalaccount" | "kms:calleraccount" => match requester {
            Anonymous if key.starts_with("kms:") => Context::Absent,
            Anonymous => Context::Is("anonymous"),
            Stranger | Member(_) => Context::Unnamed,
            Account(account) | Principal { account, .. } => Context::Is(account),
            // Services act from accounts of their own.
            Service(_) | AnyService => Context::UnnamedOrAbsent,
            Other(_) => Context::Unclear,
        },
        "aws:principalorgid" => match requester {
            Anonymous | Service(_) | AnyService => Context::Absent,
            Stranger => Context::UnnamedOrAbsent,
            Member(organization) => Context::Is(organization),
            Account(_) | Principal { .. } | Other(_) => Context::Unclear,
        },
        "aws:principalorgpaths" => Context::Unclear,
        "aws:principalarn" => match requester {
            Anonymous => Context::Absent,
            Stranger | Member(_) => Context::UnnamedArn,
            Account(account) => Context::ArnIn(account),
            // The ARN of a role's session is not the one that the key has.
            Principal { arn, .. } if arn.contains(":iam:") => Context::Is(arn),
            Service(_) | AnyService => Context::UnnamedArn,
            Principal { .. } | Other(_) => Context::Unclear,
        },
        "aws:principalisawsservice" => match requester {
            Anonymous => Context::Absent,
            Service(_) | AnyService => Context::Is("true"),
            _ => Context::Is("false"),
        },
        "aws:principalservicename" => match requester {
            Service(service) => Context::Is(service),
            AnyService => Context::Unclear,
            _ => Context::Absent,
        },
        // They say for whom a service acts; nobody else's requests have them.
        "aws:sourcearn" | "aws:sourceaccount" | "aws:sourceowner" | "aws:sourceorgid" | "aws:sourceorgpaths" => match requester {
            Service(_) | AnyService => Context::By(By::Choice),
            Other(_) => Context::Unclear,
            _ => Context::Absent,
        },
        "aws:userid" => match requester {
            Anonymous => Context::Is("anonymous"),
            Service(_) | AnyService => Context::Unclear,
            Stranger | Member(_) => Context::Unnamed,
            _ => Context::By(By::Person),
        },
        // Every account can have a user of any name.
        "aws:username" => match requester {
            Anonymous => Context::Absent,
            Service(_) | AnyService => Context::Unclear,
            _ => Context::By(By::Choice),
        },
        "aws:multifactorauthpresent" | "aws:multifactorauthage" => match requester {
            Anonymous => Context::Absent,
            Service(_) | AnyService => Context::Unclear,
            _ => Context::By(By::Choice),
        },
        "aws:sourceip"
        | "aws:vpcsourceip"
        | "aws:sourcevpc"
        | "aws:sourcevpce"
        | "aws:vpceaccount"
        | "aws:vpceorgid"
        | "s3:dataaccesspointarn"
        | "s3:dataaccesspointaccount"
        | "s3:accesspointnetworkorigin" => match requester {
            Service(_) | AnyService => Context::Unclear,
            _ => Context::By(By::Place),
        },
        _ if is_choice(key) => Context::By(By::Choice),
        _ => Context::Unclear,
    }
}

/// Keys whose values the requester sets by the way a request is made.
fn is_choice(key: &str) -> bool {
    const EXACTLY: [&str; 14] = [
        "aws:referer",
        "aws:useragent",
        "aws:viaawsservice",
        "s3:authtype",
        "s3:delimiter",
        "s3:max-keys",
        "s3:prefix",
        "s3:signatureage",
        "s3:signatureversion",
        "s3:versionid",
        "kms:viaservice",
        "kms:grantisforawsresource",
        "kms:encryptionalgorithm",
        "kms:encryptioncontextkeys",
    ];
    EXACTLY.contains(&key) || key.starts_with("s3:x-amz-") || key.starts_with("kms:encryptioncontext:")
}
