//! JSON patterns: conditions on properties, with `&&`, `||` and parentheses.

use std::ops::Range;

use serde_json::Value;

use super::ParseError;
use super::condition::{Condition, Literal, literal, number};
use crate::semantics::Truth;
use crate::semantics::leaf::{Leaf, Path, Step};
use crate::semantics::text::{TextTest, parse_regex};

/// A JSON pattern: the properties that it speaks of, each once, and what is asked of them.
#[derive(Clone, Debug)]
pub struct JsonPattern {
    pub selectors: Vec<Path>,
    pub expression: Expression,
}

/// Conditions, combined. Never nested in another of the same kind.
#[derive(Clone, Debug)]
pub enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Test(Test),
}

/// A condition on one property.
#[derive(Clone, Debug)]
pub struct Test {
    /// The property, as an index into the pattern's selectors.
    pub selector: usize,
    pub condition: Condition,
    /// The bytes of the pattern that say so.
    pub place: Range<usize>,
}

impl JsonPattern {
    pub(super) fn matches(&self, event: &Value) -> Truth {
        // Most patterns ask many things of few properties: each is looked up once.
        let mut found: [Option<Leaf<'_>>; 16] = [None; 16];
        self.judge(&self.expression, event, &mut found)
    }

    fn judge<'v>(&self, expression: &Expression, event: &'v Value, found: &mut [Option<Leaf<'v>>; 16]) -> Truth {
        match expression {
            Expression::Test(test) => {
                let path = &self.selectors[test.selector];
                if path.has_wildcard() {
                    return test.condition.judge_all(&path.find_all(event));
                }
                let leaf = match found.get(test.selector) {
                    Some(Some(leaf)) => *leaf,
                    _ => path.find(event),
                };
                if let Some(place) = found.get_mut(test.selector) {
                    *place = Some(leaf);
                }
                test.condition.judge(leaf)
            }
            Expression::All(parts) => {
                let mut truth = Truth::True;
                for part in parts {
                    truth = truth.and(self.judge(part, event, found));
                    if truth == Truth::False {
                        break;
                    }
                }
                truth
            }
            Expression::Any(parts) => {
                let mut truth = Truth::False;
                for part in parts {
                    truth = truth.or(self.judge(part, event, found));
                    if truth == Truth::True {
                        break;
                    }
                }
                truth
            }
        }
    }
}

impl Condition {
    /// Whether it holds for a selector that stands for several places.
    pub(super) fn judge_all(&self, leaves: &[Leaf<'_>]) -> Truth {
        let truths = leaves.iter().map(|leaf| self.judge(*leaf));
        match self {
            Condition::NotExists => leaves.is_empty().into(),
            // Whether one that differs is enough, or all must, is not written anywhere.
            Condition::NotEqual(_) => {
                let (mut any, mut all) = (Truth::False, Truth::True);
                for truth in truths {
                    (any, all) = (any.or(truth), all.and(truth));
                }
                if any == all { any } else { if any == Truth::False { Truth::False } else { Truth::Unknown } }
            }
            _ => truths.fold(Truth::False, Truth::or),
        }
    }
}

/// Parses a pattern that begins with a brace.
pub(super) fn parse(pattern: &str) -> Result<JsonPattern, ParseError> {
    let start = pattern.len() - pattern.trim_start().len() + 1;
    let mut parser = Parser { pattern, at: start, selectors: Vec::new() };
    let expression = parser.expression()?;
    parser.skip_spaces();
    if parser.at < pattern.len() {
        return parser.error("nothing follows the closing brace");
    }
    Ok(JsonPattern { selectors: parser.selectors, expression })
}

struct Parser<'a> {
    pattern: &'a str,
    at: usize,
    selectors: Vec<Path>,
}

/// What stands between an opening parenthesis and its closing one, as far as it was read.
#[derive(Default)]
struct Open {
    at: usize,
    alternatives: Vec<Expression>,
    conditions: Vec<Expression>,
}

impl Open {
    fn next_alternative(&mut self) {
        let conditions = std::mem::take(&mut self.conditions);
        self.alternatives.push(combined(conditions, true));
    }

    fn close(mut self) -> Expression {
        self.next_alternative();
        combined(self.alternatives, false)
    }
}

/// One expression of several; those of the same kind among them are opened.
fn combined(parts: Vec<Expression>, all: bool) -> Expression {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Expression::All(more) if all => flat.extend(more),
            Expression::Any(more) if !all => flat.extend(more),
            other => flat.push(other),
        }
    }
    match flat.len() {
        1 => flat.swap_remove(0),
        _ if all => Expression::All(flat),
        _ => Expression::Any(flat),
    }
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.pattern[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    /// A word of letters, whatever their case.
    fn take_word(&mut self, word: &str) -> bool {
        let found = self.rest().get(..word.len()).is_some_and(|w| w.eq_ignore_ascii_case(word))
            && !self.rest()[word.len()..].starts_with(|c: char| c.is_alphanumeric());
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T, ParseError> {
        self.error_at(self.at, message)
    }

    fn error_at<T>(&self, at: usize, message: impl Into<String>) -> Result<T, ParseError> {
        Err(ParseError::new(self.pattern, at, message))
    }

    /// Everything up to the closing brace. Parentheses are kept on a stack of their own, so that their depth costs no stack.
    fn expression(&mut self) -> Result<Expression, ParseError> {
        let mut open = vec![Open::default()];
        loop {
            self.skip_spaces();
            let at = self.at;
            if self.take("(") {
                open.push(Open { at, ..Open::default() });
                continue;
            }
            let mut done = Expression::Test(self.test()?);
            // Behind an operand: closing parentheses, then an operator or the end.
            loop {
                let Some(here) = open.last_mut() else { return self.error("a parenthesis closes nothing") };
                here.conditions.push(done);
                self.skip_spaces();
                if self.take("&&") {
                    break;
                }
                if self.take("||") {
                    here.next_alternative();
                    break;
                }
                match self.peek() {
                    Some(')') if open.len() > 1 => {
                        self.at += 1;
                        done = open.pop().map(Open::close).unwrap_or_else(|| Expression::All(Vec::new()));
                    }
                    Some('}') if open.len() == 1 => {
                        self.at += 1;
                        return Ok(open.swap_remove(0).close());
                    }
                    Some(')') => return self.error("this parenthesis closes nothing"),
                    Some('}') | None if open.len() > 1 => {
                        let at = open.last().map_or(0, |o| o.at);
                        return self.error_at(at, "this parenthesis is not closed");
                    }
                    None => return self.error("the closing brace is missing"),
                    Some('&' | '|') => return self.error("write `&&` or `||`"),
                    Some(_) => {
                        return self
                            .error("`&&`, `||` or the closing brace is missing here; a text with spaces stands in quotes");
                    }
                }
            }
        }
    }

    fn test(&mut self) -> Result<Test, ParseError> {
        let start = self.at;
        let selector = self.selector()?;
        self.skip_spaces();
        let condition = self.condition()?;
        Ok(Test { selector, condition, place: start..self.at })
    }

    fn selector(&mut self) -> Result<usize, ParseError> {
        let start = self.at;
        if !self.take("$") {
            return match self.peek() {
                Some('\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}') => {
                    self.error("this is a typographic quotation mark; write `\"`")
                }
                Some('}') | None => self.error("a condition such as `$.eventName = \"StopLogging\"` is missing"),
                _ => self.error("a property such as `$.eventName` is missing"),
            };
        }
        let mut steps = Vec::new();
        loop {
            if self.take("[*]") {
                steps.push(Step::AnyIndex);
            } else if self.take("['") || self.take(".['") || self.take("[\"") || self.take(".[\"") {
                let quote = &self.pattern[self.at - 1..self.at];
                let Some(end) = self.rest().find(quote) else { return self.error("the name of the property is not closed") };
                steps.push(Step::Key(self.rest()[..end].to_string()));
                self.at += end + 1;
                if !self.take("]") {
                    return self.error("`]` is missing");
                }
            } else if self.take("[") {
                let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
                let Ok(index) = self.rest()[..digits].parse() else { return self.error("`[]` takes a number or `*`") };
                self.at += digits;
                if !self.take("]") {
                    return self.error("`]` is missing");
                }
                steps.push(Step::Index(index));
            } else if self.rest().starts_with('.') {
                self.at += 1;
                if self.take("*") {
                    steps.push(Step::AnyKey);
                    continue;
                }
                let name = self.rest().find(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).unwrap_or(self.rest().len());
                if name == 0 {
                    return self.error("the name of a property is missing; one with other characters is written `['name']`");
                }
                steps.push(Step::Key(self.rest()[..name].to_string()));
                self.at += name;
            } else {
                break;
            }
        }
        if steps.is_empty() {
            return self.error_at(start, "`$` alone is no property; write such as `$.eventName`");
        }
        let path = Path(steps);
        if path.0.iter().filter(|step| matches!(step, Step::AnyIndex | Step::AnyKey)).count() > 1 {
            return self.error_at(start, "a property has at most one wildcard");
        }
        Ok(match self.selectors.iter().position(|known| *known == path) {
            Some(known) => known,
            None => {
                self.selectors.push(path);
                self.selectors.len() - 1
            }
        })
    }

    fn condition(&mut self) -> Result<Condition, ParseError> {
        if self.take_word("IS") {
            self.skip_spaces();
            let words = [("NULL", Condition::IsNull), ("TRUE", Condition::IsTrue), ("FALSE", Condition::IsFalse)];
            for (word, condition) in words {
                if self.take_word(word) {
                    return Ok(condition);
                }
            }
            return self.error("`IS` takes NULL, TRUE or FALSE");
        }
        if self.take_word("NOT") {
            self.skip_spaces();
            return if self.take_word("EXISTS") { Ok(Condition::NotExists) } else { self.error("`NOT` takes EXISTS") };
        }
        if self.take_word("EXISTS") {
            return self.error("`EXISTS` is not supported; write `= *`");
        }
        for sign in ["!=", "<=", ">=", "=", "<", ">"] {
            let at = self.at;
            if self.take(sign) {
                self.skip_spaces();
                return self.compared(sign, at);
            }
        }
        self.error("an operator is missing: =, !=, <, <=, >, >=, IS or NOT EXISTS")
    }

    fn compared(&mut self, sign: &str, at: usize) -> Result<Condition, ParseError> {
        let start = self.at;
        let value = self.value()?;
        if sign == "=" {
            return Ok(Condition::Equal(value));
        }
        if sign == "!=" {
            return Ok(Condition::NotEqual(value));
        }
        let Literal::Number { value, .. } = value else {
            return self.error_at(start, format!("`{sign}` takes a number"));
        };
        match sign {
            "<" => Ok(Condition::Less(value)),
            "<=" => Ok(Condition::LessOrEqual(value)),
            ">" => Ok(Condition::Greater(value)),
            ">=" => Ok(Condition::GreaterOrEqual(value)),
            _ => self.error_at(at, "an operator is missing"),
        }
    }

    fn value(&mut self) -> Result<Literal, ParseError> {
        let start = self.at;
        if self.take("\"") {
            let mut text = String::new();
            let mut chars = self.rest().char_indices();
            while let Some((i, c)) = chars.next() {
                match c {
                    '"' => {
                        self.at += i + 1;
                        return Ok(literal(text, true));
                    }
                    '\\' => match chars.next() {
                        Some((_, c @ ('"' | '\\'))) => text.push(c),
                        Some((_, c)) => text.extend(['\\', c]),
                        None => break,
                    },
                    c => text.push(c),
                }
            }
            return self.error_at(start, "this quotation mark is not closed");
        }
        if self.take("%") {
            let Some(end) = self.rest().find('%') else { return self.error_at(start, "this `%` is not closed") };
            let expression = &self.rest()[..end];
            let nfa = match parse_regex(expression) {
                Ok(nfa) => nfa,
                Err(e) => return self.error_at(self.at + e.at, e.message),
            };
            self.at += end + 1;
            return Ok(Literal::Text { test: TextTest::Regex(nfa), quoted: false, literally: None });
        }
        let ends = |c: char| c.is_whitespace() || "(){}[]=<>!&|%,\"'$\u{201c}\u{201d}\u{2018}\u{2019}".contains(c);
        let length = self.rest().find(ends).unwrap_or(self.rest().len());
        if length == 0 {
            return match self.peek() {
                Some('\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}') => {
                    self.error("this is a typographic quotation mark; write `\"`")
                }
                Some('\'') => self.error("texts stand in double quotation marks"),
                Some('=') => self.error("write one `=`"),
                _ => self.error("a value is missing"),
            };
        }
        let text = self.rest()[..length].to_string();
        self.at += length;
        Ok(literal(text, false))
    }
}

/// Only for space-delimited patterns: a value without quotes that may be a number.
pub(super) fn bare(text: &str) -> Literal {
    match number(text) {
        Some(value) => Literal::Number { value, text: text.to_string() },
        None => literal(text.to_string(), false),
    }
}
