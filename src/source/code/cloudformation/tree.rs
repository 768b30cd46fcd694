//! YAML or JSON as a tree that keeps places, tags and scalars as they are written.
//!
//! No scalar is made into a number, a date or a truth value here: an account id keeps its zeros, and what a property expects
//! decides. JSON is read as the YAML that it is, so that it has places too.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::TemplateError;
use super::function::Function;

/// Collections inside one another.
const DEEPEST: usize = 100;

/// Values of a document at most, those that aliases stand for counted each time.
const MOST: usize = 500_000;

/// A place, line and column counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A value as it is written.
#[derive(Clone, Debug)]
pub(super) struct Value<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) at: At,
}

#[derive(Clone, Debug)]
pub(super) enum Kind<'t> {
    /// Plain scalars stand without quotes: `true` is a truth value, `"true"` is text.
    Scalar {
        text: Cow<'t, str>,
        is_plain: bool,
    },
    List(Vec<Value<'t>>),
    Map(Vec<Entry<'t>>),
    Call(Function, Box<Value<'t>>),
}

#[derive(Clone, Debug)]
pub(super) struct Entry<'t> {
    pub(super) key: Cow<'t, str>,
    /// Where the key stands.
    pub(super) at: At,
    pub(super) value: Value<'t>,
}

impl<'t> Value<'t> {
    /// The entries of a map; none of anything else.
    pub(super) fn entries(&self) -> &[Entry<'t>] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry<'t>> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value<'t>> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The elements of a list; none of anything else.
    pub(super) fn items(&self) -> &[Value<'t>] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// YAML's null: nothing after a key, `~` or `null`.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, is_plain: true } if matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The truth value that a plain scalar is in YAML 1.1, which CloudFormation reads.
    pub(super) fn truth(&self) -> Option<bool> {
        let Kind::Scalar { text, is_plain: true } = &self.kind else { return None };
        match text.as_ref() {
            "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
            "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
            _ => None,
        }
    }

    /// Calls `see` on this value and everything in it.
    pub(super) fn walk<'a>(&'a self, see: &mut impl FnMut(&'a Value<'t>)) {
        see(self);
        match &self.kind {
            Kind::Scalar { .. } => {}
            Kind::List(items) => items.iter().for_each(|item| item.walk(see)),
            Kind::Map(entries) => entries.iter().for_each(|entry| entry.value.walk(see)),
            Kind::Call(_, argument) => argument.walk(see),
        }
    }
}

/// Reads the one document of a text.
///
/// # Errors
/// Text that is no YAML, keys that stand twice, merge keys, and what is too deep or too much; each with its place.
pub(super) fn parse(text: &str) -> Result<Value<'_>, TemplateError> {
    let mut options = granit_parser::options! { flow_nesting_limit: DEEPEST, block_nesting_limit: DEEPEST };
    options.set_emit_comments(false);
    let mut reader = Reader { open: Vec::new(), anchors: BTreeMap::new(), count: 0, root: None };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| scan_error(&error))?;
        reader.take(event, &span)?;
    }
    reader.root.ok_or_else(|| TemplateError::whole("it is empty").hint("give a template with `Resources`"))
}

fn scan_error(error: &ScanError) -> TemplateError {
    let at = at_mark(error.marker().line(), error.marker().col());
    let info = error.info();
    if info.contains("nest") || info.contains("recursion") || info.contains("depth") {
        return too_deep(at);
    }
    TemplateError::at(at.line, at.column, info)
}

fn too_deep(at: At) -> TemplateError {
    TemplateError::at(at.line, at.column, format!("this stands inside more than {DEEPEST} others"))
        .hint("no template of CloudFormation is nested so deep")
}

fn at_mark(line: usize, column: usize) -> At {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    At { line: count(line.max(1)), column: count(column.saturating_add(1)) }
}

/// A collection whose end was not read yet.
struct Open<'t> {
    at: At,
    anchor: usize,
    tag: Option<Function>,
    /// The count of values before it.
    before: usize,
    /// Collections inside one another that it holds, those that aliases stand for as well.
    depth: usize,
    held: Held<'t>,
}

enum Held<'t> {
    List(Vec<Value<'t>>),
    Map { entries: Vec<Entry<'t>>, key: Option<(Cow<'t, str>, At)> },
}

/// What an alias stands for.
#[derive(Clone)]
struct Anchored<'t> {
    value: Value<'t>,
    /// Its number of values.
    size: usize,
    depth: usize,
}

struct Reader<'t> {
    open: Vec<Open<'t>>,
    /// What aliases stand for; nothing while it is still open.
    anchors: BTreeMap<usize, Anchored<'t>>,
    count: usize,
    root: Option<Value<'t>>,
}

impl<'t> Reader<'t> {
    fn take(&mut self, event: Event<'t>, span: &Span) -> Result<(), TemplateError> {
        let mark = span.tag_start().unwrap_or(span.start);
        let at = at_mark(mark.line(), mark.col());
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain && tag.as_ref().is_none_or(|tag| !tag.is_yaml_core_schema());
                let function = tag.and_then(|tag| function(&tag));
                self.more(1, at)?;
                if let Some(Open { held: Held::Map { key: key @ None, .. }, .. }) = self.open.last_mut()
                    && function.is_none()
                {
                    if is_plain && text == "<<" {
                        return Err(TemplateError::at(at.line, at.column, "merge keys (`<<`) are not part of a template")
                            .hint("write the keys out: CloudFormation refuses merge keys"));
                    }
                    if anchor != 0 {
                        let value = Value { kind: Kind::Scalar { text: text.clone(), is_plain }, at };
                        self.anchors.insert(anchor, Anchored { value, size: 1, depth: 0 });
                    }
                    *key = Some((text, at));
                    return Ok(());
                }
                self.put(call(function, Value { kind: Kind::Scalar { text, is_plain }, at }), anchor, (1, 0))
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.begin(at, anchor, tag.and_then(|tag| function(&tag)), Held::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                let held = Held::Map { entries: Vec::new(), key: None };
                self.begin(at, anchor, tag.and_then(|tag| function(&tag)), held)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(TemplateError::at(at.line, at.column, "a second document begins here")
                    .hint("give each template a file of its own"))
            }
            _ => Ok(()),
        }
    }

    fn more(&mut self, values: usize, at: At) -> Result<(), TemplateError> {
        self.count = self.count.saturating_add(values);
        if self.count > MOST {
            return Err(TemplateError::at(at.line, at.column, format!("here it has more than {MOST} values, aliases counted"))
                .hint("no template of CloudFormation is so large; look for aliases of aliases"));
        }
        Ok(())
    }

    fn begin(&mut self, at: At, anchor: usize, tag: Option<Function>, held: Held<'t>) -> Result<(), TemplateError> {
        self.more(1, at)?;
        if self.open.len() >= DEEPEST {
            return Err(too_deep(at));
        }
        if let Some(Open { held: Held::Map { key: None, .. }, .. }) = self.open.last() {
            return Err(TemplateError::at(at.line, at.column, "a key is a list or a map").hint("keys of a template are text"));
        }
        self.open.push(Open { at, anchor, tag, before: self.count, depth: 0, held });
        Ok(())
    }

    fn end(&mut self) -> Result<(), TemplateError> {
        let Some(Open { at, anchor, tag, before, depth, held }) = self.open.pop() else { return Ok(()) };
        let value = match held {
            Held::List(items) => Value { kind: Kind::List(items), at },
            Held::Map { entries, .. } => {
                once_each(&entries)?;
                long_form(entries, at)
            }
        };
        let size = self.count - before + 1;
        self.put(call(tag, value), anchor, (size, depth + 1))
    }

    fn alias(&mut self, anchor: usize, at: At) -> Result<(), TemplateError> {
        let Some(Anchored { value, size, depth }) = self.anchors.get(&anchor).cloned() else {
            return Err(TemplateError::at(at.line, at.column, "the alias stands inside what it stands for").hint("write it out"));
        };
        self.more(size, at)?;
        if self.open.len() + depth > DEEPEST {
            return Err(too_deep(at));
        }
        if let Some(Open { held: Held::Map { key: key @ None, .. }, .. }) = self.open.last_mut() {
            return match value.kind {
                Kind::Scalar { text, .. } => {
                    *key = Some((text, at));
                    Ok(())
                }
                _ => Err(TemplateError::at(at.line, at.column, "a key is a list or a map").hint("keys of a template are text")),
            };
        }
        self.put(value, 0, (size, depth))
    }

    fn put(&mut self, value: Value<'t>, anchor: usize, (size, depth): (usize, usize)) -> Result<(), TemplateError> {
        if anchor != 0 {
            self.anchors.insert(anchor, Anchored { value: value.clone(), size, depth });
        }
        if let Some(open) = self.open.last_mut() {
            open.depth = open.depth.max(depth);
        }
        match self.open.last_mut().map(|open| &mut open.held) {
            None => self.root = Some(value),
            Some(Held::List(items)) => items.push(value),
            Some(Held::Map { entries, key }) => match key.take() {
                Some((key, at)) => entries.push(Entry { key, at, value }),
                None => {
                    let At { line, column } = value.at;
                    return Err(
                        TemplateError::at(line, column, "a function stands where a key is").hint("keys of a template are text")
                    );
                }
            },
        }
        Ok(())
    }
}

fn function(tag: &granit_parser::Tag) -> Option<Function> {
    (!tag.is_yaml_core_schema()).then(|| Function::short(tag.suffix()))
}

fn call(function: Option<Function>, value: Value<'_>) -> Value<'_> {
    match function {
        None => value,
        Some(function) => Value { at: value.at, kind: Kind::Call(function, Box::new(value)) },
    }
}

/// A map of one key that names a function is a call of it, and so is one with what a macro puts in.
fn long_form(mut entries: Vec<Entry<'_>>, at: At) -> Value<'_> {
    let name = |entry: &Entry<'_>| Function::long(&entry.key, matches!(entry.value.kind, Kind::Scalar { .. }));
    if let [one] = entries.as_slice()
        && let Some(function) = name(one)
        && let Some(Entry { value, .. }) = entries.pop()
    {
        return Value { kind: Kind::Call(function, Box::new(value)), at };
    }
    match entries.iter().position(|entry| entry.key == "Fn::Transform") {
        Some(place) => {
            let argument = entries.swap_remove(place).value;
            Value { kind: Kind::Call(Function::Other("Fn::Transform".into()), Box::new(argument)), at }
        }
        None => Value { kind: Kind::Map(entries), at },
    }
}

fn once_each(entries: &[Entry<'_>]) -> Result<(), TemplateError> {
    if entries.len() < 2 {
        return Ok(());
    }
    let mut sorted: Vec<&Entry<'_>> = entries.iter().collect();
    sorted.sort_by(|a, b| (&a.key, a.at.line, a.at.column).cmp(&(&b.key, b.at.line, b.at.column)));
    match sorted.windows(2).find(|pair| pair[0].key == pair[1].key) {
        None => Ok(()),
        Some(pair) => {
            let (first, second) = (pair[0], pair[1]);
            let message = format!("the key `{}` stands here and in {}:{}", second.key, first.at.line, first.at.column);
            Err(TemplateError::at(second.at.line, second.at.column, message).hint("keep one of the two"))
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn error(text: &str) -> (u32, u32, String) {
        let error = parse(text).unwrap_err();
        (error.line, error.column, error.message)
    }

    #[test]
    fn scalars_stay_as_they_are_written() {
        let tree = parse("a: 012345678901\nb: 2012-10-17\nc: yes\nd: \"yes\"\n").unwrap();
        assert_eq!(tree.get("a").and_then(Value::text), Some("012345678901"));
        assert_eq!(tree.get("b").and_then(Value::text), Some("2012-10-17"));
        assert_eq!((tree.get("c").unwrap().truth(), tree.get("d").unwrap().truth()), (Some(true), None));
    }

    #[test]
    fn both_forms_of_a_function_are_one() {
        for text in ["x: !GetAtt A.Arn", "x: {\"Fn::GetAtt\": A.Arn}", "x:\n  Fn::GetAtt: A.Arn"] {
            let tree = parse(text).unwrap();
            assert!(
                matches!(&tree.get("x").unwrap().kind, Kind::Call(Function::GetAtt, argument) if argument.text() == Some("A.Arn"))
            );
        }
        let tree = parse("Statement:\n- Condition: {Bool: {a: b}}\n").unwrap();
        assert!(matches!(tree.get("Statement").unwrap().items()[0].kind, Kind::Map(_)), "a condition of a policy is no call");
    }

    #[test]
    fn places_are_those_of_keys_and_tags() {
        let tree = parse("a:\n  b: !Ref C\n").unwrap();
        let entry = tree.get("a").unwrap().entry("b").unwrap();
        assert_eq!((entry.at, entry.value.at), (At { line: 2, column: 3 }, At { line: 2, column: 6 }));
    }

    #[test]
    fn json_is_read_with_places() {
        let tree = parse("{\n\t\"a\": \"\\u00e9\\/\\ud83d\\ude00\",\n\t\"b\": [1, true, null]\n}").unwrap();
        assert_eq!(tree.get("a").and_then(Value::text), Some("é/😀"));
        assert_eq!(tree.entry("b").unwrap().at.line, 3);
        assert!(tree.get("b").unwrap().items()[2].is_null());
    }

    #[test]
    fn keys_that_stand_twice_are_told_with_both_places() {
        let (line, column, message) = error("Resources:\n  A: 1\n  B: 2\n  A: 3\n");
        assert_eq!((line, column, message.as_str()), (4, 3, "the key `A` stands here and in 2:3"));
    }

    #[test]
    fn aliases_are_followed_and_merge_keys_refused() {
        let tree = parse("a: &x {k: 1}\nb: *x\n").unwrap();
        assert_eq!(tree.get("b").unwrap().get("k").and_then(Value::text), Some("1"));
        assert!(error("a: &x {k: 1}\nb:\n  <<: *x\n").2.contains("merge keys"));
        assert!(parse("a: &x [*x]\n").is_err());
    }

    #[test]
    fn bombs_and_depths_are_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_string();
        for i in 1..12 {
            let last = i - 1;
            bomb += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{last}"); 10].join(", "));
        }
        assert!(error(&bomb).2.contains("values"));
        assert!(error(&"[".repeat(100_000)).2.contains("inside more than"));
        assert!(error(&(0..200).map(|i| format!("{}- \n", " ".repeat(i))).collect::<String>()).2.len() > 1);
        let chain: String = (1..200).map(|i| format!("a{i}: &a{i} [*a{}]\n", i - 1)).collect();
        assert!(error(&format!("a0: &a0 [x]\n{chain}")).2.contains("inside more than"));
        assert!(error("").2.contains("empty"));
        assert!(error("a: 1\n---\nb: 2\n").2.contains("second document"));
    }
}
