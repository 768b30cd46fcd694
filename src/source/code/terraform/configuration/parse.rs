//! A file of Terraform's configuration as blocks and attributes with their places, from `.tf` and from `.tf.json`.

use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::structure::{Attribute, Block, BlockLabel, Body};
use hcl_edit::{Ident, Span};

use crate::inventory::SourcePlace;

/// Larger files are not read.
pub const MOST_BYTES: usize = 8 * 1024 * 1024;

/// One file.
#[derive(Debug)]
pub(super) struct SourceText {
    /// The path as it is shown.
    pub(super) path: String,
    /// Where each line begins.
    lines: Vec<usize>,
    pub(super) body: Body,
}

/// Why a file could not be parsed.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
}

impl SourceText {
    pub(super) fn parse(path: &str, bytes: &[u8]) -> Result<Self, Broken> {
        let text = decoded(bytes)?;
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let body = if path.ends_with(".json") { json(text)? } else { hcl(text)? };
        Ok(SourceText { path: path.to_string(), lines, body })
    }

    /// The place of something that was parsed here.
    pub(super) fn place(&self, of: &impl Span, what: &str) -> Option<SourcePlace> {
        self.at(of.span()?.start, what)
    }

    /// The place of a block; of one of JSON, that of the first thing in it.
    pub(super) fn place_of(&self, block: &Block, what: &str) -> Option<SourcePlace> {
        self.place(block, what)
            .or_else(|| block.body.attributes().find_map(|attribute| self.place(&attribute.value, what)))
            .or_else(|| block.body.blocks().find_map(|block| self.place_of(block, what)))
    }

    pub(super) fn at(&self, start: usize, what: &str) -> Option<SourcePlace> {
        let line = self.lines.partition_point(|begin| *begin <= start);
        let column = start - self.lines.get(line.checked_sub(1)?)? + 1;
        Some(SourcePlace {
            file: self.path.clone(),
            line: u32::try_from(line).ok()?,
            column: u32::try_from(column).ok()?,
            what: what.to_string(),
        })
    }

    /// `FILE:LINE:COLUMN` of something, or the file alone.
    pub(super) fn spot(&self, of: &impl Span) -> String {
        match self.place(of, "") {
            Some(place) => format!("{}:{}:{}", place.file, place.line, place.column),
            None => self.path.clone(),
        }
    }

    /// The same of a block.
    pub(super) fn spot_of(&self, block: &Block) -> String {
        match self.place_of(block, "") {
            Some(place) => format!("{}:{}:{}", place.file, place.line, place.column),
            None => self.path.clone(),
        }
    }
}

/// The text of a file, its mark left out.
pub(super) fn decoded(bytes: &[u8]) -> Result<&str, Broken> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.len() > MOST_BYTES {
        let message = format!("the file is larger than {} MiB", MOST_BYTES / 1024 / 1024);
        return Err(Broken { line: 1, column: 1, message });
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        Broken {
            line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
            column: before.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len) + 1,
            message: "this is no text".into(),
        }
    })
}

fn hcl(text: &str) -> Result<Body, Broken> {
    match hcl_edit::parser::parse_body(text) {
        Ok(body) => Ok(body),
        // Between the brackets of a `for` lines end nowhere, which the parser does not know everywhere.
        Err(error) => joined(text).and_then(|text| hcl_edit::parser::parse_body(&text).ok()).ok_or_else(|| broken(&error)),
    }
}

/// An expression by itself.
pub(super) fn expression(text: &str) -> Result<Expression, Broken> {
    hcl_edit::parser::parse_expr(text.trim()).map_err(|error| broken(&error))
}

fn broken(error: &hcl_edit::parser::Error) -> Broken {
    let place = error.location();
    let message: String = error.message().replace('\n', ", ").chars().filter(|c| !c.is_control()).take(200).collect();
    Broken { line: place.line(), column: place.column(), message }
}

/// What a bracket that is open holds.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Lines,
    NoLines,
    Quotes,
}

/// The same text with spaces in place of the ends of lines, and of comments, between brackets where no line ends.
fn joined(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let (mut open, mut at): (Vec<Inside>, usize) = (Vec::new(), 0);
    let is = |at: usize, what: &[u8]| bytes.get(at..).is_some_and(|rest| rest.starts_with(what));
    let blank = |out: &mut Vec<u8>, from: usize, to: usize| {
        if let Some(part) = out.get_mut(from..to) {
            part.fill(b' ');
        }
    };
    while let Some(byte) = bytes.get(at) {
        let inside = open.last().copied().unwrap_or(Inside::Lines);
        if inside == Inside::Quotes {
            match byte {
                b'\\' => at += 1,
                b'"' => drop(open.pop()),
                b'$' | b'%' if is(at + 1, b"{") && !(at > 0 && bytes.get(at - 1) == Some(byte)) => {
                    open.push(Inside::NoLines);
                    at += 1;
                }
                _ => {}
            }
            at += 1;
            continue;
        }
        match byte {
            b'"' => open.push(Inside::Quotes),
            b'(' | b'[' => open.push(Inside::NoLines),
            b'{' => {
                let rest = text.get(at + 1..)?.trim_start();
                let is_for = rest.strip_prefix("for").is_some_and(|rest| rest.starts_with(char::is_whitespace));
                open.push(if is_for { Inside::NoLines } else { Inside::Lines });
            }
            b')' | b']' | b'}' => drop(open.pop()),
            b'\n' if inside == Inside::NoLines => {
                blank(&mut out, at, at + 1);
                if at > 0 && bytes.get(at - 1) == Some(&b'\r') {
                    blank(&mut out, at - 1, at);
                }
            }
            b'#' | b'/' if *byte == b'#' || is(at, b"//") || is(at, b"/*") => {
                let rest = bytes.get(at..)?;
                let length = if is(at, b"/*") {
                    rest.windows(2).skip(2).position(|pair| pair == b"*/").map_or(rest.len(), |found| found + 4)
                } else {
                    rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
                };
                if inside == Inside::NoLines {
                    blank(&mut out, at, at + length);
                }
                at += length;
                continue;
            }
            b'<' if is(at, b"<<") => {
                let rest = text.get(at + 2..)?;
                let rest = rest.strip_prefix('-').unwrap_or(rest);
                let name: &str = rest.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
                if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
                    let start = text.len() - rest.len();
                    let end = rest.match_indices('\n').map(|(end, _)| end + 1).find(|end| {
                        let line = rest.get(*end..).and_then(|rest| rest.lines().next()).unwrap_or_default();
                        line.trim() == name
                    })?;
                    at = start + end + rest.get(end..)?.find(name)? + name.len();
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    String::from_utf8(out).ok()
}

/// JSON as blocks. Texts in it are templates, and numbers, lists and objects are written as HCL writes them too.
fn json(text: &str) -> Result<Body, Broken> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let said = error.to_string();
        let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
        return Err(Broken { line: error.line(), column: error.column().max(1), message: format!("this is no JSON: {said}") });
    }
    let whole = |message: &str| Broken { line: 1, column: 1, message: message.into() };
    let Expression::Object(object) = hcl_edit::parser::parse_expr(text.trim_end()).map_err(|error| broken(&error))? else {
        return Err(whole("it is no object"));
    };
    let mut body = Body::new();
    for (key, value) in object.iter() {
        let Some(name) = key_text(key) else { continue };
        let labels = match name.as_str() {
            "resource" | "data" => 2,
            "variable" | "module" | "output" | "provider" => 1,
            "locals" | "terraform" => 0,
            _ => continue,
        };
        blocks(&name, labels, Vec::new(), value.expr(), &mut body).ok_or_else(|| whole(&format!("`{name}` is no block")))?;
    }
    Ok(body)
}

fn key_text(key: &ObjectKey) -> Option<String> {
    match key {
        ObjectKey::Ident(ident) => Some(ident.as_str().to_string()),
        ObjectKey::Expression(expression) => expression.as_str().map(str::to_string),
    }
}

/// Adds the blocks that a value makes below as many labels.
fn blocks(name: &str, labels: usize, above: Vec<String>, value: &Expression, into: &mut Body) -> Option<()> {
    match value {
        Expression::Array(items) => {
            items.iter().try_for_each(|item| blocks(name, labels, above.clone(), item, into))?;
        }
        Expression::Object(object) if labels > 0 => {
            for (key, value) in object.iter() {
                let label = key_text(key)?;
                if label != "//" {
                    blocks(name, labels - 1, [above.clone(), vec![label]].concat(), value.expr(), into)?;
                }
            }
        }
        Expression::Object(object) => {
            let labels = above.into_iter().map(BlockLabel::from);
            into.push(Block::builder(Ident::try_new(name).ok()?).labels(labels).structures(inner(object)).build());
        }
        Expression::Null(_) => {}
        _ => return None,
    }
    Some(())
}

/// What stands in a block: attributes, and the blocks that `dynamic` makes. A value that is a block is read as one later.
fn inner(object: &Object) -> Body {
    let mut body = Body::new();
    for (key, value) in object.iter() {
        let Some((name, ident)) = key_text(key).and_then(|name| Some((name.clone(), Ident::try_new(name).ok()?))) else {
            continue;
        };
        if name == "dynamic" {
            let _ = blocks("dynamic", 1, Vec::new(), value.expr(), &mut body);
        } else if name == "content" && matches!(value.expr(), Expression::Object(_) | Expression::Array(_)) {
            let _ = blocks("content", 0, Vec::new(), value.expr(), &mut body);
        } else {
            body.push(Attribute::new(ident, value.expr().clone()));
        }
    }
    body
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_conditional_of_a_for_may_go_on_in_the_next_line() {
        let text = "locals {\r\n  a = {\r\n    for k, v in var.x : k => v == null ? # why\r\n      1 :\r\n      2\r\n  }\r\n  b = 1\r\n}\r\n";
        let file = SourceText::parse("main.tf", text.as_bytes()).unwrap();
        let block = file.body.get_blocks("locals").next().unwrap();
        let b = block.body.get_attribute("b").unwrap();
        assert_eq!(file.spot(b), "main.tf:7:3");
    }

    #[test]
    fn what_cannot_be_parsed_has_its_place() {
        let broken = SourceText::parse("main.tf", b"a = 1\nresource \"x\" {\n  b = = 2\n}\n").unwrap_err();
        assert_eq!((broken.line, broken.column), (3, 7), "{}", broken.message);
        assert_eq!(SourceText::parse("a.tf", b"a = \"\xFF\"").unwrap_err().message, "this is no text");
        let broken = SourceText::parse("a.tf.json", b"{\n \"resource\": [}\n").unwrap_err();
        assert_eq!((broken.line, broken.message.contains("no JSON")), (2, true));
    }

    #[test]
    fn a_mark_at_the_beginning_is_no_text() {
        let file = SourceText::parse("main.tf", b"\xEF\xBB\xBFa = 1\n").unwrap();
        assert!(file.body.has_attribute("a"));
    }

    #[test]
    fn json_has_the_same_blocks() {
        let text = r#"{"//": "x", "resource": {"aws_s3_bucket": {"a": {"bucket": "${var.x}-logs",
            "dynamic": {"grant": {"for_each": [1], "content": {"id": "x"}}}}}}, "provider": {"aws": [{"region": "a"}, {"alias": "b"}]}}"#;
        let file = SourceText::parse("main.tf.json", text.as_bytes()).unwrap();
        let block = file.body.get_blocks("resource").next().unwrap();
        assert!(block.has_exact_labels(&["aws_s3_bucket", "a"]));
        assert!(block.body.get_attribute("bucket").unwrap().value.is_string_template());
        assert_eq!(block.body.get_blocks("dynamic").count(), 1);
        assert_eq!(file.body.get_blocks("provider").count(), 2);
        assert_eq!(file.place_of(block, "").unwrap().line, 1);
    }
}
