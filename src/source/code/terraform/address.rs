//! Addresses: `module.logs["eu.west"].aws_s3_bucket.this["a]b"].id`, read by their grammar.
//!
//! Keys are quoted and may hold dots and brackets, so that an address is never split by signs alone.

use std::fmt;

/// One step of an address: a name, and the key of an instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) key: Option<Key>,
}

/// The key of an instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Number(i64),
    Text(String),
    /// `[*]`, or an expression that the plan does not keep.
    Any,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.key {
            None => Ok(()),
            Some(Key::Number(number)) => write!(f, "[{number}]"),
            Some(Key::Text(text)) => write!(f, "[{}]", serde_json::Value::from(text.as_str())),
            Some(Key::Any) => f.write_str("[*]"),
        }
    }
}

/// The steps of a reference or an address; `None` where it is none.
pub(super) fn steps(text: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let name = rest.get(..end)?.to_string();
        if name.is_empty() || name.contains([']', '"', ' ']) {
            return None;
        }
        rest = rest.get(end..)?;
        let mut key = None;
        if let Some(open) = rest.strip_prefix('[') {
            let (found, after) = if open.starts_with('"') { quoted(open)? } else { bare(open)? };
            key = Some(found);
            rest = after.strip_prefix(']')?;
        }
        // A second index is one into the value, and belongs to no instance.
        while let Some(open) = rest.strip_prefix('[') {
            let (_, after) = if open.starts_with('"') { quoted(open)? } else { bare(open)? };
            rest = after.strip_prefix(']')?;
        }
        steps.push(Step { name, key });
        match rest.strip_prefix('.') {
            Some(more) => rest = more,
            None if rest.is_empty() => return Some(steps),
            None => return None,
        }
    }
}

/// A quoted key, with the text behind it.
fn quoted(text: &str) -> Option<(Key, &str)> {
    let mut escaped = false;
    for (at, sign) in text.char_indices().skip(1) {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let (key, rest) = (text.get(..=at)?, text.get(at + 1..)?);
                return Some((Key::Text(unescaped(key)), rest));
            }
            _ => {}
        }
    }
    None
}

/// HCL escapes are those of JSON, with `$${` and `%%{` beside.
fn unescaped(quoted: &str) -> String {
    let text: String = serde_json::from_str(quoted).unwrap_or_else(|_| quoted.trim_matches('"').to_string());
    text.replace("$${", "${").replace("%%{", "%{")
}

fn bare(text: &str) -> Option<(Key, &str)> {
    let end = text.find(']')?;
    let (inside, rest) = (text.get(..end)?, text.get(end..)?);
    Some((inside.parse().map_or(Key::Any, Key::Number), rest))
}

/// Where a resource stands: the module instances that lead to it, and its own type, name and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) modules: Vec<Step>,
    pub(super) is_data: bool,
    pub(super) r#type: String,
    pub(super) name: String,
    pub(super) key: Option<Key>,
}

impl Address {
    pub(super) fn parse(text: &str) -> Option<Address> {
        let mut steps = steps(text)?.into_iter().peekable();
        let mut modules = Vec::new();
        while steps.peek().is_some_and(|step| step.name == "module") {
            steps.next();
            modules.push(steps.next()?);
        }
        let is_data = steps.peek().is_some_and(|step| step.name == "data");
        if is_data {
            steps.next();
        }
        let (r#type, name) = (steps.next()?, steps.next()?);
        steps.next().is_none().then_some(Address { modules, is_data, r#type: r#type.name, name: name.name, key: name.key })
    }

    /// The address without its own key: what every instance of the resource shares.
    pub(super) fn resource(&self) -> String {
        let data = if self.is_data { "data." } else { "" };
        format!("{}{data}{}.{}", prefix(&self.modules), self.r#type, self.name)
    }
}

/// `module.a.module.b["c"].`
pub(super) fn prefix(modules: &[Step]) -> String {
    modules.iter().map(|step| format!("module.{step}.")).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn keys_may_hold_dots_brackets_and_quotes() {
        let address = Address::parse(r#"module.a["x.y"].module.b[0].aws_s3_bucket.logs["a].b[\"c\"]"]"#).unwrap();
        assert_eq!(address.modules.len(), 2);
        assert_eq!(address.modules[0].key, Some(Key::Text("x.y".into())));
        assert_eq!(address.modules[1].key, Some(Key::Number(0)));
        assert_eq!(address.key, Some(Key::Text("a].b[\"c\"]".into())));
        assert_eq!(address.resource(), r#"module.a["x.y"].module.b[0].aws_s3_bucket.logs"#);
    }

    #[test]
    fn data_resources_are_told_apart() {
        let address = Address::parse("data.aws_iam_policy_document.logs").unwrap();
        assert!(address.is_data && address.key.is_none());
        assert_eq!(address.resource(), "data.aws_iam_policy_document.logs");
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in ["", ".", "a", "a.", "a[", "a.b[\"", "a.b[\"x\"", "a..b", "module.a", "a.b]"] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
        assert_eq!(steps("aws_s3_bucket.logs[*].id").unwrap()[1].key, Some(Key::Any));
    }
}
