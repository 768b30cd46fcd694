//! Families and selections of events in plain words, for people.
//!
//! Foreign text is kept as it is: writers escape it.

use super::event::FIELDS;
use super::family::{Family, Values, widest};
use super::strings::{Literal, Strings, Test};

/// As many cases are written out; the rest are counted.
const MOST_CASES: usize = 5;
/// As many values of one field are written out.
const MOST_VALUES: usize = 3;
/// Finding which cases say the same costs their number squared.
const MOST_COMPARED: usize = 200;

/// Event sources that nearly every account uses, the telling ones first.
const SOURCES: [&str; 8] = [
    "kms.amazonaws.com",
    "iam.amazonaws.com",
    "s3.amazonaws.com",
    "sts.amazonaws.com",
    "ec2.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "rdsdata.amazonaws.com",
    "lambda.amazonaws.com",
];

/// Members of a field's values that people know, to show what is left.
fn familiar(field: &str) -> &'static [&'static str] {
    match field {
        "eventSource" => &SOURCES,
        "eventName" => &["StopLogging", "PutObject", "GetObject", "DeleteObject", "ConsoleLogin", "CreateUser"],
        "eventType" => &["AwsApiCall", "AwsServiceEvent", "AwsConsoleSignIn"],
        "errorCode" => &["VpceAccessDenied", "AccessDenied"],
        "resources.type" => &["AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table", "AWS::SNS::Topic"],
        "resources.ARN" => &["arn:aws:s3:::example-bucket/key", "arn:aws:lambda:us-east-1:111122223333:function:example"],
        "userIdentity.arn" => &["arn:aws:iam::111122223333:user/example", "arn:aws:iam::111122223333:root"],
        "vpcEndpointId" => &["vpce-0123456789abcdef0", "vpce-0fedcba9876543210"],
        _ => &[],
    }
}

/// The cases, each once, the first few written out: `write management events of kms.amazonaws.com`.
pub(super) fn cases(families: &[Family]) -> Vec<String> {
    let families = if families.len() <= MOST_COMPARED { widest(families) } else { families.iter().collect() };
    let mut texts: Vec<String> = Vec::new();
    for text in families.into_iter().map(family) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    shorten(texts)
}

/// The first few texts, and how many more there are.
pub(super) fn shorten(mut texts: Vec<String>) -> Vec<String> {
    if texts.len() > MOST_CASES {
        let more = texts.len() - MOST_CASES;
        texts.truncate(MOST_CASES);
        texts.push(format!("and {more} more"));
    }
    texts
}

fn family(family: &Family) -> String {
    let few = |field| match family.field(field) {
        Some(Values { present: Some(Strings::OneOf(values)), .. }) => values.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let mut text = kind_of_events(&few("readOnly"), &few("eventCategory"));
    for field in ["resources.type", "eventSource", "eventName", "resources.ARN"] {
        let typed = family.field("resources.type").is_some();
        text.extend(family.field(field).map(|values| phrase(field, values, typed)));
    }
    for field in FIELDS {
        if !["readOnly", "eventCategory", "resources.type", "eventSource", "eventName", "resources.ARN"].contains(&field) {
            text.extend(family.field(field).map(|values| phrase(field, values, false)));
        }
    }
    text
}

/// `write management events`; the values of `readOnly` and of `eventCategory`, empty where open.
pub(super) fn kind_of_events(read_only: &[&str], categories: &[&str]) -> String {
    let access = match read_only {
        ["true"] => "read ",
        ["false"] => "write ",
        _ => "",
    };
    let mut kinds: Vec<&str> = ["Management", "Data", "NetworkActivity"]
        .into_iter()
        .filter(|c| categories.contains(c))
        .map(|c| match c {
            "Management" => "management",
            "Data" => "data",
            _ => "network activity",
        })
        .collect();
    if kinds.len() == 3 {
        kinds.clear();
    }
    let space = if kinds.is_empty() { "" } else { " " };
    format!("{access}{}{space}events", kinds.join(" or "))
}

fn phrase(field: &str, values: &Values, typed: bool) -> String {
    let Wording { lead, others_lead, others } = Wording::of(field, typed);
    let Some(present) = &values.present else { return format!(" without {field}") };
    match present {
        Strings::OneOf(few) => format!(" {lead} {}", listed(few.iter().cloned().collect(), "or")),
        Strings::Such { prefix, suffix, excluded } => {
            let open = prefix.is_empty() && suffix.is_empty();
            let such = match (prefix.as_str(), suffix.as_str()) {
                (prefix, "") => format!("{prefix}..."),
                ("", suffix) => format!("...{suffix}"),
                (prefix, suffix) => format!("{prefix}...{suffix}"),
            };
            let except = || listed(excluded.iter().map(literal).collect(), "and");
            match (open, excluded.len()) {
                (true, 0) => format!(" with any {field}"),
                (false, 0) => format!(" {lead} {such}"),
                (true, n) if n > MOST_VALUES => format!(" {lead} {} and other {others}", present.witness(familiar(field))),
                (false, n) if n > MOST_VALUES => format!(" {lead} {such}, such as {}", present.witness(familiar(field))),
                (true, _) => format!(" {others_lead} other than {}", except()),
                (false, _) => format!(" {lead} {such} other than {}", except()),
            }
        }
    }
}

/// How a field is spoken of.
pub(super) struct Wording {
    /// The words before a value.
    pub(super) lead: String,
    /// The words before "other than" and values.
    pub(super) others_lead: String,
    /// What the field's values are called.
    others: &'static str,
}

impl Wording {
    /// `typed`: whether the type of the resources is spoken of before.
    pub(super) fn of(field: &str, typed: bool) -> Self {
        let (lead, others_lead, others) = match field {
            "eventSource" if typed => ("from", "from sources", "sources"),
            "eventSource" => ("of", "of sources", "sources"),
            "eventName" => ("named", "with names", "names"),
            "resources.type" => ("of", "of resource types", "resource types"),
            "resources.ARN" => ("on", "on resources", "resources"),
            field => {
                return Wording { lead: format!("with {field}"), others_lead: format!("with {field} values"), others: "values" };
            }
        };
        Wording { lead: lead.into(), others_lead: others_lead.into(), others }
    }
}

/// `kms.amazonaws.com`, `arn:aws:s3:::example/...`, `....png`.
pub(super) fn literal(literal: &Literal) -> String {
    match literal.test {
        Test::Equals => literal.value.clone(),
        Test::StartsWith => format!("{}...", literal.value),
        Test::EndsWith => format!("...{}", literal.value),
    }
}

/// `a`, `a or b`, `a, b, c or 4 more`.
pub(super) fn listed(mut values: Vec<String>, word: &str) -> String {
    if values.len() > MOST_VALUES {
        let more = values.len() - MOST_VALUES;
        values.truncate(MOST_VALUES);
        values.push(format!("{more} more"));
    }
    match values.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {word} {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}
