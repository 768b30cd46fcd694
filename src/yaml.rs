//! YAML that people write: policies, frameworks, cases, configuration. Typed, bounded, and every complaint has its place.
//!
//! Nothing here knows what the files mean.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::{Location, Spanned};

/// A file as it was read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The name that complaints show: the path as it was given.
    pub name: String,
    pub text: String,
    /// Whether the text was read: only then its places are known.
    is_read: bool,
    /// Where everything stands, worked out for the first complaint: most files are right.
    places: OnceLock<Option<Tree>>,
}

/// A complaint about a file that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Complaint {
    pub file: String,
    /// Counted from 1; 0 where the complaint is about the whole file.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// Characters that are meant; at least 1.
    pub width: usize,
    pub message: String,
    /// The next thing to do.
    pub hint: Option<String>,
    /// The line that is meant, as written.
    pub excerpt: Option<String>,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if self.line == 0 {
            write!(f, "\n  --> {}", self.file)?;
        } else {
            write!(f, "\n  --> {}:{}:{}", self.file, self.line, self.column)?;
        }
        if let Some(excerpt) = &self.excerpt {
            let number = self.line.to_string();
            let pad = " ".repeat(number.len());
            let shown: String = excerpt.chars().map(|c| if c == '\t' { ' ' } else { c }).take(160).collect();
            let before = self.column.saturating_sub(1).min(160);
            let width = self.width.clamp(1, shown.chars().count().saturating_sub(before).max(1));
            write!(f, "\n {pad} |\n {number} | {shown}\n {pad} | {}{}", " ".repeat(before), "^".repeat(width))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// A step of a path into a document.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// The value of a key.
    Key(&'a str),
    /// The key itself, which must be the last step.
    Name(&'a str),
    Item(usize),
}

/// Files larger than this are not written by people.
const MAX_BYTES: usize = 1 << 20;

impl SourceFile {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        SourceFile { name: name.into(), text: text.into(), is_read: false, places: OnceLock::new() }
    }

    /// Reads the document, and remembers where everything stands.
    ///
    /// # Errors
    /// YAML that is malformed or too large, and whatever does not fit the type, with its place.
    pub fn parse<T: DeserializeOwned>(&mut self) -> Result<T, Complaint> {
        if self.text.len() > MAX_BYTES {
            return Err(self.whole(format!("the file is larger than {MAX_BYTES} bytes")));
        }
        let value = serde_saphyr::from_str_with_options(&self.text, options()).map_err(|e| self.refused(&e))?;
        self.is_read = true;
        Ok(value)
    }

    /// Whether nothing stands in it but comments.
    pub fn is_blank(&self) -> bool {
        self.text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    }

    /// A complaint about the file as a whole.
    pub fn whole(&self, message: impl Into<String>) -> Complaint {
        let (file, message) = (self.name.clone(), message.into());
        Complaint { file, line: 0, column: 0, width: 1, message, hint: None, excerpt: None }
    }

    /// A complaint about the node at the path, or the nearest node above it that exists.
    pub fn complain(&self, path: &[Step<'_>], message: impl Into<String>) -> Complaint {
        let (line, column) = self.place(path);
        let width = match path.last() {
            Some(Step::Name(name)) => name.chars().count(),
            _ => 1,
        };
        self.at(line, column, width, message)
    }

    /// A complaint about bytes of the text of the scalar at the path, for example a part of an expression.
    pub fn complain_within(
        &self,
        path: &[Step<'_>],
        text: &str,
        start: usize,
        end: usize,
        message: impl Into<String>,
    ) -> Complaint {
        let (line, column) = self.place(path);
        let before = text.get(..start.min(text.len())).unwrap_or_default();
        let row = before.matches('\n').count();
        let in_row = before.rsplit('\n').next().unwrap_or_default().chars().count();
        let width = text.get(start..end).map_or(1, |t| t.split('\n').next().unwrap_or_default().chars().count().max(1));
        let rows: Vec<&str> = text.lines().collect();
        let source: Vec<&str> = self.text.lines().collect();
        let first = rows.first().map_or("", |r| r.trim());
        // A block scalar starts on a later line than its indicator, a plain one where it stands.
        let start_line =
            (line.max(1)..=source.len()).find(|l| !first.is_empty() && source[l - 1].contains(first)).unwrap_or(line.max(1));
        let wanted = rows.get(row).map_or("", |r| r.trim_end());
        let here = start_line + row;
        match source.get(here - 1).and_then(|l| l.find(wanted.trim_start()).map(|at| (l, at))) {
            Some((text_line, at)) if !wanted.is_empty() => {
                let indent = wanted.chars().count() - wanted.trim_start().chars().count();
                let column_of_row = text_line[..at].chars().count();
                self.at(here, column_of_row + in_row.saturating_sub(indent) + 1, width, message)
            }
            // Lines that were folded into one are not found as a whole: the part is, by how often it stands before.
            _ => match text.get(start..end).and_then(|part| self.folded(line, part, before.matches(part).count())) {
                Some((line, column)) => self.at(line, column, width, message),
                None => self.at(line, column, 1, message),
            },
        }
    }

    /// The place of a part of a scalar that starts on the line, when the part stands in it so many times before.
    fn folded(&self, line: usize, part: &str, before: usize) -> Option<(usize, usize)> {
        let rows = self.text.lines().enumerate().skip(line.max(1) - 1);
        let places = rows.flat_map(|(i, row)| row.match_indices(part).map(move |(at, _)| (i + 1, row[..at].chars().count() + 1)));
        places.filter(|_| !part.is_empty()).nth(before)
    }

    fn at(&self, line: usize, column: usize, width: usize, message: impl Into<String>) -> Complaint {
        let excerpt = if line == 0 { None } else { self.text.lines().nth(line - 1).map(str::to_string) };
        Complaint { file: self.name.clone(), line, column, width, message: message.into(), hint: None, excerpt }
    }

    fn places(&self) -> Option<&Tree> {
        let read = || serde_saphyr::from_str_with_options::<Spanned<Node>>(&self.text, options()).ok().map(Tree::from);
        if self.is_read { self.places.get_or_init(read).as_ref() } else { None }
    }

    fn place(&self, path: &[Step<'_>]) -> (usize, usize) {
        let Some(mut tree) = self.places() else { return (0, 0) };
        let mut place = tree.place;
        for step in path {
            match (step, &tree.children) {
                (Step::Key(key), Children::Map(map)) => match map.get(*key) {
                    Some((_, child)) => tree = child,
                    None => break,
                },
                (Step::Name(key), Children::Map(map)) => {
                    if let Some((at, _)) = map.get(*key) {
                        place = *at;
                    }
                    return place;
                }
                (Step::Item(index), Children::List(list)) => match list.get(*index) {
                    Some(child) => tree = child,
                    None => break,
                },
                _ => break,
            }
            place = tree.place;
        }
        place
    }

    fn refused(&self, error: &serde_saphyr::Error) -> Complaint {
        let (line, column) = error.location().map_or((0, 0), place_of);
        let rendered = error.without_snippet().to_string();
        let first = rendered.lines().next().unwrap_or_default();
        let message = strip_place(first).replace("sequence start", "a list").replace("mapping start", "a map");
        let (message, hint) = unknown_name(&message);
        let (message, hint) = if hint.is_none() { wrong_shape(message) } else { (message, hint) };
        let is_named = hint.is_some() && !message.starts_with("missing field");
        let width = message.split('`').nth(1).filter(|_| is_named).map_or(1, |name| name.chars().count());
        Complaint { hint, ..self.at(line, column, width, message) }
    }
}

impl Complaint {
    #[must_use]
    pub fn with_hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into);
        self
    }
}

/// serde's list of every field becomes the one that was probably meant.
fn unknown_name(message: &str) -> (String, Option<String>) {
    let Some((head, rest)) = message.split_once(", expected ") else { return (message.to_string(), None) };
    if !head.starts_with("unknown field") && !head.starts_with("unknown variant") {
        return (message.to_string(), None);
    }
    let name = head.split('`').nth(1).unwrap_or_default();
    let listed = rest.strip_prefix("one of ").unwrap_or(rest);
    let known: Vec<&str> =
        listed.split([',', ' ']).map(|k| k.trim_matches('`')).filter(|k| !k.is_empty() && *k != "or").collect();
    let all = || format!("known are {}", known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", "));
    let hint = match crate::inventory::noun::closest(name, known.iter().copied()) {
        // Values are few, fields are many.
        Some(close) if head.starts_with("unknown variant") => format!("did you mean `{close}`? {}", all()),
        Some(close) => format!("did you mean `{close}`?"),
        None => all(),
    };
    (head.to_string(), Some(hint))
}

/// What has another shape than the file's form asks for, in words of people who write YAML, with what to write.
fn wrong_shape(message: String) -> (String, Option<String>) {
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    let (message, hint) = match (missing, message.as_str()) {
        (Some("version"), _) => (message, "begin the file with `version: 1`".to_string()),
        (Some(field), _) => {
            let hint = format!("add `{field}:`");
            (message, hint)
        }
        (None, "expected string scalar") => {
            let hint = "write it in quotes where it begins with `[`, `{` or another sign of YAML";
            ("expected a text".to_string(), hint.to_string())
        }
        (None, "expected a list") => (message, "write `[VALUE]`, or each value after `- ` in a line of its own".to_string()),
        (None, "externally tagged enum expected scalar or mapping") => {
            ("expected one word".to_string(), "a list or a map does not fit here".to_string())
        }
        _ => return (message, None),
    };
    (message, Some(hint))
}

/// The crate writes the place into its messages; ours stands beside them.
fn strip_place(message: &str) -> String {
    let message = message.strip_prefix("error: ").unwrap_or(message);
    match message.find(" at line ") {
        Some(at) => message[..at].to_string(),
        None => match message.strip_prefix("line ").and_then(|rest| rest.split_once(": ")) {
            Some((_, rest)) => rest.to_string(),
            None => message.to_string(),
        },
    }
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 200_000,
            max_nodes: 100_000,
            max_aliases: 100,
            max_anchors: 100,
            max_depth: 64,
            flow_nesting_limit: 64,
            max_documents: 1,
            max_total_scalar_bytes: 4 << 20,
        },
        with_snippet: false,
        strict_booleans: true,
    }
}

fn place_of(location: Location) -> (usize, usize) {
    (usize::try_from(location.line()).unwrap_or(0), usize::try_from(location.column()).unwrap_or(0))
}

/// Where everything stands.
#[derive(Clone, Debug)]
struct Tree {
    place: (usize, usize),
    children: Children,
}

#[derive(Clone, Debug)]
enum Children {
    None,
    List(Vec<Tree>),
    Map(BTreeMap<String, ((usize, usize), Tree)>),
}

enum Node {
    Scalar,
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl From<Spanned<Node>> for Tree {
    fn from(node: Spanned<Node>) -> Self {
        let children = match node.value {
            Node::Scalar => Children::None,
            Node::List(list) => Children::List(list.into_iter().map(Tree::from).collect()),
            Node::Map(map) => {
                Children::Map(map.into_iter().map(|(k, v)| (k.value, (place_of(k.referenced), Tree::from(v)))).collect())
            }
        };
        Tree { place: place_of(node.referenced), children }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the complaints matter")]
    struct Small {
        id: String,
        severity: Option<String>,
        check: Option<String>,
        list: Option<Vec<String>>,
    }

    fn refused(text: &str) -> Complaint {
        SourceFile::new("p.yaml", text).parse::<Small>().expect_err("must be refused")
    }

    #[test]
    fn an_unknown_field_is_named_with_its_place_and_what_was_meant() {
        let c = refused("id: a\nsevrity: high\n");
        assert_eq!((c.line, c.column), (2, 1), "{c}");
        assert_eq!(c.message, "unknown field `sevrity`");
        assert_eq!(c.hint.as_deref(), Some("did you mean `severity`?"));
        assert_eq!(c.excerpt.as_deref(), Some("sevrity: high"));
    }

    #[test]
    fn a_wrong_type_has_its_place() {
        let c = refused("id: a\nlist: {a: b}\n");
        assert_eq!(c.line, 2, "{c}");
    }

    #[test]
    fn what_is_missing_or_has_another_shape_is_told_in_words_for_people() {
        let said = |text: &str| {
            let c = refused(text);
            (c.message, c.hint.unwrap_or_default())
        };
        assert_eq!(said("severity: high\n"), ("missing field `id`".into(), "add `id:`".into()));
        let (message, hint) = said("id: [a]\n");
        assert_eq!(message, "expected a text");
        assert!(hint.starts_with("write it in quotes"), "{hint}");
        let (message, hint) = said("id: a\nlist: b\n");
        assert_eq!(message, "expected a list");
        assert!(hint.starts_with("write `[VALUE]`"), "{hint}");
        assert_eq!(wrong_shape("missing field `version`".into()).1.as_deref(), Some("begin the file with `version: 1`"));
    }

    #[test]
    fn a_duplicate_key_is_refused() {
        let c = refused("id: a\nid: b\n");
        assert_eq!(c.line, 2, "{c}");
    }

    #[test]
    fn a_bomb_is_refused_by_the_budget() {
        let mut text = String::from("id: a\nlist:\n  - &a0 x\n");
        for i in 0..200 {
            text.push_str(&format!("  - &a{} [*a{i}, *a{i}]\n", i + 1));
        }
        let mut file = SourceFile::new("bomb.yaml", text);
        assert!(file.parse::<serde_json::Value>().is_err());
        let deep = format!("id: {}{}", "[".repeat(5000), "]".repeat(5000));
        assert!(SourceFile::new("deep.yaml", deep).parse::<serde_json::Value>().is_err());
    }

    #[test]
    fn places_are_found_by_path_and_inside_block_scalars() {
        let text = "id: a\ncheck: |\n  one &&\n  two.three\nlist:\n  - x\n  - y\n";
        let mut file = SourceFile::new("p.yaml", text);
        let small: Small = file.parse().expect("fits");
        let c = file.complain(&[Step::Key("list"), Step::Item(1)], "m");
        assert_eq!((c.line, c.column), (7, 5));
        let c = file.complain(&[Step::Name("list")], "m");
        assert_eq!((c.line, c.column), (5, 1));
        let check = small.check.expect("is there");
        let at = check.find("three").expect("is there");
        let c = file.complain_within(&[Step::Key("check")], &check, at, at + 5, "m");
        assert_eq!((c.line, c.column, c.width), (4, 7, 5));
        let text = "id: a\ncheck: one && two\n";
        let mut file = SourceFile::new("p.yaml", text);
        let small: Small = file.parse().expect("fits");
        let check = small.check.expect("is there");
        let c = file.complain_within(&[Step::Key("check")], &check, 7, 10, "m");
        assert_eq!((c.line, c.column, c.width), (2, 15, 3));
    }

    #[test]
    fn places_are_found_where_lines_were_folded_into_one() {
        let text = "id: two\ncheck: >-\n  one two\n  three two\n";
        let mut file = SourceFile::new("p.yaml", text);
        let small: Small = file.parse().expect("fits");
        let check = small.check.expect("is there");
        assert_eq!(check, "one two three two");
        let places = [(4, 7), (14, 17)].map(|(start, end)| {
            let c = file.complain_within(&[Step::Key("check")], &check, start, end, "m");
            (c.line, c.column, c.width)
        });
        assert_eq!(places, [(3, 7, 3), (4, 9, 3)]);
    }
}
