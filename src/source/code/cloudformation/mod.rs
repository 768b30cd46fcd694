//! CloudFormation templates, those of the CDK and of nobody: YAML or JSON into resources.
//!
//! ```text
//! bytes ──► text ──► tree ──► template ──► worlds ──► resources
//! ```
//!
//! [`tree`] keeps what is written with its place. [`evaluate`] works out functions, parameters and conditions of one *world*: one
//! way in which what the template leaves open may turn out. [`worlds`] goes through them, and a fact is known where it is the same
//! in all. Nothing here joins resources or judges them.

mod assembly;
mod condition;
mod evaluate;
mod for_each;
mod function;
mod further;
mod joined;
mod names;
mod nested;
mod parameters;
mod policy;
mod reader;
mod resources;
mod stack;
mod template;
mod text;
mod tree;
mod worlds;

pub use assembly::{Assembly, AssemblyError, Files};
pub use parameters::Parameters;
pub use stack::{Input, Read, read};
pub(super) use worlds::conditional;

use crate::inventory::{Gap, GapKind, Remedy};

/// Why a file is no template, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct TemplateError {
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    pub message: String,
    pub hint: String,
}

impl TemplateError {
    fn at(line: u32, column: u32, message: impl Into<String>) -> Self {
        TemplateError {
            file: String::new(),
            line,
            column,
            message: message.into(),
            hint: "give a template that CloudFormation takes".into(),
        }
    }

    fn whole(message: impl Into<String>) -> Self {
        TemplateError::at(1, 1, message)
    }

    fn hint(mut self, hint: &str) -> Self {
        self.hint = hint.into();
        self
    }

    /// What was not read for it.
    pub fn gap(&self) -> Gap {
        Gap::new(GapKind::NotUnderstood, self.to_string()).with_remedy(Remedy::Do(self.hint.clone()))
    }
}

/// A text of a file as a message shows it.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Whether a file looks like a template, be it a good one: it has the sections of one at its top level.
pub fn recognise(bytes: &[u8]) -> bool {
    let Ok(text) = text::decode(&bytes[..bytes.len().min(text::LARGEST)]) else { return false };
    let keys = if text.trim_start().starts_with('{') { json_keys(&text) } else { yaml_keys(&text) };
    keys.contains(&"AWSTemplateFormatVersion")
        || (keys.contains(&"Resources") && (text.contains("AWS::") || text.contains("Custom::")))
}

/// The keys at the beginning of a line: those of the top level in block style.
fn yaml_keys(text: &str) -> Vec<&str> {
    let key = |line: &'_ str| line.split_once(':').map(|(key, _)| key.trim_end().trim_matches(['"', '\'']).len());
    text.lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic() || c == '"' || c == '\''))
        .filter_map(|line| key(line).map(|length| line.trim_start_matches(['"', '\'']).get(..length).unwrap_or_default()))
        .collect()
}

/// The texts that stand one brace deep, keys among them.
fn json_keys(text: &str) -> Vec<&str> {
    let (mut keys, mut depth, mut start, mut is_escaped) = (Vec::new(), 0_usize, None, false);
    for (at, byte) in text.bytes().enumerate() {
        match (start, byte) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), b'\\') => is_escaped = true,
            (Some(from), b'"') => {
                if depth == 1 {
                    keys.push(&text[from..at]);
                }
                start = None;
            }
            (Some(_), _) => {}
            (None, b'"') => start = Some(at + 1),
            (None, b'{' | b'[') => depth += 1,
            (None, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::recognise;

    #[test]
    fn templates_are_recognised_by_what_they_hold() {
        for text in [
            "AWSTemplateFormatVersion: '2010-09-09'\n",
            "\u{feff}# a comment\nResources:\n  A:\n    Type: AWS::S3::Bucket\n",
            "\"Resources\":\n  A: {Type: \"AWS::S3::Bucket\"}\n",
            r#" {"Parameters": {"A": {}}, "Resources": {"A": {"Type": "AWS::S3::Bucket"}}}"#,
            "Resources:\n  A:\n    Type: AWS::S3::Bucket\n  broken: [\n",
        ] {
            assert!(recognise(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "accounts: {}\n",
            r#"{"format_version": "1.2", "planned_values": {"x": "{\"Resources\": {\"Type\": \"AWS::\"}, \"AWSTemplateFormatVersion\": 1}"}}"#,
            r#"{"Resources": {}}"#,
            "openapi: 3.0\npaths:\n  Resources: AWS::\n",
        ] {
            assert!(!recognise(text.as_bytes()), "{text}");
        }
        assert!(!recognise(&[0xFF, 0xFE, 0x00]));
    }
}
