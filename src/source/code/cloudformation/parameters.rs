//! The values that a stack is made with: what `--parameters` names.

use std::collections::BTreeMap;

use super::text::decode;
use super::tree::{Kind, Value, parse};
use super::{TemplateError, shown};

/// The parameter of which the value is the account that the templates are for.
const ACCOUNT: &str = "AWS::AccountId";

/// Values of parameters by name. Names of pseudo parameters tell where the stacks are made: `AWS::AccountId`, `AWS::Region`,
/// `AWS::Partition`, `AWS::StackName`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    values: BTreeMap<String, String>,
}

impl Parameters {
    /// Adds those of a file: a list of `ParameterKey` and `ParameterValue`, a list of `Key=Value`, a map below `Parameters`, or a
    /// plain map; JSON or YAML.
    ///
    /// # Errors
    /// A file of another shape, or one that gives another value to a parameter that has one; with the place.
    pub fn add(&mut self, file: &str, bytes: &[u8]) -> Result<(), TemplateError> {
        self.read(bytes).map_err(|error| TemplateError { file: file.to_string(), ..error })
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), TemplateError> {
        let text = decode(bytes)?;
        let root = parse(&text)?;
        let map = root.get("Parameters").unwrap_or(&root);
        match &map.kind {
            Kind::Map(entries) => entries.iter().try_for_each(|entry| self.set(&entry.key, &entry.value)),
            Kind::List(items) => items.iter().try_for_each(|item| {
                if let Some((key, value)) = item.text().and_then(|text| text.split_once('=')) {
                    return self.put(key, value.to_string(), item);
                }
                match (item.get("ParameterKey").and_then(Value::text), item.get("ParameterValue")) {
                    (Some(key), Some(value)) => self.set(key, value),
                    // The value that the stack has already, which no file tells.
                    (Some(_), None) if item.get("UsePreviousValue").is_some() => Ok(()),
                    _ => Err(wrong(item)),
                }
            }),
            _ => Err(wrong(map)),
        }
    }

    fn set(&mut self, key: &str, value: &Value<'_>) -> Result<(), TemplateError> {
        let text = match &value.kind {
            Kind::Scalar { text, .. } => text.to_string(),
            Kind::List(items) => {
                items.iter().map(|item| item.text().ok_or_else(|| wrong(item))).collect::<Result<Vec<_>, _>>()?.join(",")
            }
            _ => return Err(wrong(value)),
        };
        self.put(key, text, value)
    }

    fn put(&mut self, key: &str, text: String, at: &Value<'_>) -> Result<(), TemplateError> {
        if key == ACCOUNT && !(text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())) {
            let message = format!("`{ACCOUNT}` is `{}`, and no account", shown(&text));
            return Err(TemplateError::at(at.at.line, at.at.column, message).hint("an account has twelve digits"));
        }
        match self.values.insert(key.to_string(), text) {
            Some(other) if other != self.values[key] => {
                let message = format!("the parameter `{}` has two values", shown(key));
                Err(TemplateError::at(at.at.line, at.at.column, message)
                    .hint("scan templates that need different values one by one"))
            }
            _ => Ok(()),
        }
    }

    /// With these as well, where they are not given already: those that an assembly says its stack is made with.
    pub(super) fn with(&self, more: &BTreeMap<String, String>) -> Self {
        let mut values = more.clone();
        values.extend(self.values.clone());
        Parameters { values }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }
}

fn wrong(value: &Value<'_>) -> TemplateError {
    TemplateError::at(value.at.line, value.at.column, "this gives no value to a parameter")
        .hint("write a map of names and values, or a list of `ParameterKey` and `ParameterValue`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Parameters, TemplateError> {
        let mut parameters = Parameters::default();
        parameters.add("p.json", text.as_bytes()).map(|()| parameters)
    }

    #[test]
    fn every_shape_says_the_same() {
        let wanted = read("Account: 012345678901\nZones: a,b\n").expect("read");
        for text in [
            r#"[{"ParameterKey":"Account","ParameterValue":"012345678901"},{"ParameterKey":"Zones","ParameterValue":"a,b"}]"#,
            r#"{"Parameters": {"Account": "012345678901", "Zones": ["a", "b"]}, "Tags": {}}"#,
            r#"["Account=012345678901", "Zones=a,b"]"#,
            "Parameters:\n  Account: 012345678901\n  Zones: [a, b]\n",
        ] {
            assert_eq!(read(text).as_ref(), Ok(&wanted), "{text}");
        }
    }

    #[test]
    fn other_shapes_are_refused_with_a_place() {
        assert_eq!(read("[\n  {\"Key\": \"a\"}\n]").map_err(|e| (e.line, e.column)), Err((2, 3)));
        assert!(read("just text").is_err());
        assert!(read("AWS::AccountId: 1234").is_err());
        let mut parameters = read("A: 1").expect("read");
        assert!(parameters.add("q.json", b"A: 2").is_err());
    }
}
