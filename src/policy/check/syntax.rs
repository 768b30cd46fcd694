//! From the crate's syntax tree to our own: places in bytes, macros recognised by their exact shape, the rest refused.
//!
//! Nothing here knows of names or types.

use cel::common::ast::operators;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SourceInfo};
use cel::parser::Parser;

use super::CheckError;

/// Longer expressions are refused before they are parsed.
const MAX_BYTES: usize = 8 * 1024;
/// Levels of nesting, in the source and in the tree. What walks the tree later relies on it.
pub(super) const MAX_DEPTH: usize = 48;
/// The parser recurses about 150 KiB for each level of brackets, and once for each link of a chain such as `a.b.c`.
pub(super) const PARSER_STACK: usize = 128 * 1024 * 1024;

/// A place: bytes of the source, the end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Place {
    pub(super) fn error(self, message: impl Into<String>) -> CheckError {
        CheckError { message: message.into(), hint: None, start: self.start, end: self.end }
    }

    pub(super) fn error_with(self, message: impl Into<String>, hint: impl Into<String>) -> CheckError {
        CheckError { hint: Some(hint.into()), ..self.error(message) }
    }

    fn to(self, other: Place) -> Place {
        Place { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// One expression of the source.
#[derive(Debug)]
pub(super) struct Syntax {
    pub(super) form: Form,
    /// The whole expression.
    pub(super) place: Place,
    /// The word that names what is done: the operator, the field, the function.
    pub(super) word: Place,
}

#[derive(Debug)]
pub(super) enum Form {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Name(String),
    List(Vec<Syntax>),
    Field { of: Box<Syntax>, name: String },
    Call { name: String, target: Option<Box<Syntax>>, arguments: Vec<Syntax> },
    Not(Box<Syntax>),
    Negate(Box<Syntax>),
    Binary { operator: Operator, left: Box<Syntax>, right: Box<Syntax> },
    If { condition: Box<Syntax>, then: Box<Syntax>, otherwise: Box<Syntax> },
    Macro { which: Macro, range: Box<Syntax>, binder: String, body: Box<Syntax> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Add,
    Subtract,
    Multiply,
}

impl Operator {
    fn parse(name: &str) -> Option<Operator> {
        Some(match name {
            operators::LOGICAL_AND => Operator::And,
            operators::LOGICAL_OR => Operator::Or,
            operators::EQUALS => Operator::Equal,
            operators::NOT_EQUALS => Operator::NotEqual,
            operators::LESS => Operator::Less,
            operators::LESS_EQUALS => Operator::LessEqual,
            operators::GREATER => Operator::Greater,
            operators::GREATER_EQUALS => Operator::GreaterEqual,
            operators::IN => Operator::In,
            operators::ADD => Operator::Add,
            operators::SUBSTRACT => Operator::Subtract,
            operators::MULTIPLY => Operator::Multiply,
            _ => return None,
        })
    }

    /// As it is written.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Operator::And => "&&",
            Operator::Or => "||",
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterEqual => ">=",
            Operator::In => "in",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Macro {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

/// Parses an expression. Call it on a stack of [`PARSER_STACK`] bytes.
///
/// # Errors
/// What is not CEL, what is too long or too deep, and CEL that is outside the subset whatever its names mean.
pub(super) fn parse(source: &str) -> Result<Syntax, CheckError> {
    let whole = Place { start: 0, end: source.len() };
    if source.len() > MAX_BYTES {
        return Err(whole.error(format!("the expression is longer than {MAX_BYTES} bytes")));
    }
    let depth = u16::try_from(MAX_DEPTH).unwrap_or(u16::MAX);
    let parser = Parser::new().enable_optional_syntax(false).max_recursion_depth(depth);
    match parser.parse_with_source_info(source) {
        Ok((tree, info)) => Reader { source, info: &info }.read(&tree, 0),
        Err(errors) => Err(errors.errors.first().map_or_else(
            || whole.error("not an expression"),
            |first| {
                let start = byte_at(source, first.pos);
                let end = source[start..].chars().next().map_or(start, |c| start + c.len_utf8());
                explain(&first.msg, Place { start, end }, whole)
            },
        )),
    }
}

/// The byte that a line and a column mean, both counted from 1, columns in characters.
fn byte_at(source: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line - 1).unwrap_or(0);
    let column = usize::try_from(column - 1).unwrap_or(0);
    let start: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = &source[start..];
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

/// The parser's words for what is wrong, in ours.
fn explain(message: &str, place: Place, whole: Place) -> CheckError {
    let quoted = |after: &str| {
        let rest = message.split_once(after)?.1;
        Some(rest.split_once("' expecting").map_or(rest.trim_end_matches('\''), |(token, _)| token).to_string())
    };
    if message.contains("Recursion limit") {
        return whole.error(format!("nested more than {MAX_DEPTH} levels deep"));
    }
    if message.starts_with("unsupported syntax") {
        return place.error_with(
            "optional syntax is not part of the check language",
            "what may be null is asked with `x != null && ...`; what was not read needs no care",
        );
    }
    if message.contains("argument must be a simple name") {
        return place.error("the first argument names the element, such as `t` in `list.all(t, ...)`");
    }
    if message.contains("invalid argument to has() macro") {
        return place.error("`has` takes a field, such as `has(trail.kms_key)`");
    }
    match quoted(" input '").or_else(|| quoted("error at: '")) {
        Some(token) if token == "<EOF>" => place.error("the expression ends too early"),
        Some(token) => place.error(format!("`{token}` is not expected here")),
        None => place.error(message.trim_start_matches("Syntax error: ").to_string()),
    }
}

struct Reader<'a> {
    source: &'a str,
    info: &'a SourceInfo,
}

impl Reader<'_> {
    /// The token that the parser notes for a node.
    fn token(&self, id: u64) -> Place {
        let (start, last) = self.info.offset_for(id).unwrap_or((0, 0));
        let start = (start as usize).min(self.source.len());
        Place { start, end: (last as usize + 1).clamp(start, self.source.len()) }
    }

    fn read(&self, node: &IdedExpr, depth: usize) -> Result<Syntax, CheckError> {
        let token = self.token(node.id);
        if depth > MAX_DEPTH {
            return Err(token.error(format!("nested more than {MAX_DEPTH} levels deep")));
        }
        let leaf = |form| Ok(Syntax { form, place: token, word: token });
        match &node.expr {
            Expr::Literal(LiteralValue::Null) => leaf(Form::Null),
            Expr::Literal(LiteralValue::Boolean(b)) => leaf(Form::Bool(*b.inner())),
            Expr::Literal(LiteralValue::Int(i)) => leaf(Form::Int(*i.inner())),
            Expr::Literal(LiteralValue::String(s)) => leaf(Form::Text(s.inner().to_string())),
            Expr::Literal(LiteralValue::Double(_) | LiteralValue::UInt(_)) => {
                Err(token.error("numbers are whole, and written without a suffix"))
            }
            Expr::Literal(LiteralValue::Bytes(_)) => Err(token.error("bytes are not part of the check language")),
            Expr::Ident(name) => leaf(Form::Name(name.clone())),
            Expr::Select(select) => {
                let of = self.read(&select.operand, depth + 1)?;
                // `has(x.f)` is noted at the opening bracket of `has`, a field at its dot.
                if select.test {
                    return Ok(self.presence(of, &select.field, token));
                }
                let after = self.source.get(token.end..).unwrap_or_default();
                let start = token.end + (after.len() - after.trim_start().len());
                let word = Place { start, end: (start + select.field.len()).min(self.source.len()) };
                let place = of.place.to(word);
                Ok(Syntax { form: Form::Field { of: Box::new(of), name: select.field.clone() }, place, word })
            }
            Expr::List(list) => {
                let elements = list.elements.iter().map(|e| self.read(e, depth + 1)).collect::<Result<Vec<_>, _>>()?;
                let place = Place { start: token.start, end: self.closing(token) };
                Ok(Syntax { form: Form::List(elements), place, word: token })
            }
            Expr::Call(call) => self.call(call, token, depth),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, token, depth),
            Expr::Map(_) => Err(token.error("map literals are not part of the check language")),
            Expr::Struct(_) => Err(token.error("struct literals are not part of the check language")),
            Expr::Unspecified => Err(token.error("not an expression")),
        }
    }

    /// `has(x.f)` asks whether `x.f` is not null.
    fn presence(&self, of: Syntax, field: &str, open: Place) -> Syntax {
        let place = Place { start: self.word_before(open).start, end: self.closing(open) };
        let inner = Place { start: of.place.start, end: place.end.saturating_sub(1).max(of.place.start) };
        let written = self.source.get(inner.start..inner.end).unwrap_or_default();
        let start = written.rfind(field).map_or(inner.start, |at| inner.start + at);
        let word = Place { start, end: start + field.len() };
        let left = Syntax { form: Form::Field { of: Box::new(of), name: field.to_string() }, place: inner, word };
        let right = Syntax { form: Form::Null, place, word: place };
        Syntax {
            form: Form::Binary { operator: Operator::NotEqual, left: Box::new(left), right: Box::new(right) },
            place,
            word: place,
        }
    }

    fn call(&self, call: &CallExpr, token: Place, depth: usize) -> Result<Syntax, CheckError> {
        let name = call.func_name.as_str();
        let below = |e: &IdedExpr| self.read(e, depth + 1).map(Box::new);
        match (name, call.target.as_deref(), call.args.as_slice()) {
            (operators::LOGICAL_NOT, None, [of]) => {
                let of = below(of)?;
                Ok(Syntax { place: token.to(of.place), form: Form::Not(of), word: token })
            }
            (operators::NEGATE, None, [of]) => {
                let of = below(of)?;
                Ok(Syntax { place: token.to(of.place), form: Form::Negate(of), word: token })
            }
            (operators::CONDITIONAL, None, [condition, then, otherwise]) => {
                let (condition, then, otherwise) = (below(condition)?, below(then)?, below(otherwise)?);
                let place = condition.place.to(otherwise.place);
                Ok(Syntax { form: Form::If { condition, then, otherwise }, place, word: token })
            }
            (operators::INDEX, None, _) => {
                Err(token.error_with("indexing is not part of the check language", "ask with `exists`, `all` or `in`"))
            }
            (operators::DIVIDE | operators::MODULO, None, _) => Err(token.error("division is not part of the check language")),
            (_, None, [left, right]) if Operator::parse(name).is_some() => {
                let operator = Operator::parse(name).unwrap_or(Operator::Equal);
                let (left, right) = (below(left)?, below(right)?);
                let place = left.place.to(right.place);
                Ok(Syntax { form: Form::Binary { operator, left, right }, place, word: token })
            }
            (_, target, arguments) => {
                let target = target.map(below).transpose()?;
                let arguments = arguments.iter().map(|a| self.read(a, depth + 1)).collect::<Result<Vec<_>, _>>()?;
                let word = self.word_before(token);
                let start = target.as_ref().map_or(word.start, |t| t.place.start);
                let place = Place { start, end: self.closing(token) };
                Ok(Syntax { form: Form::Call { name: name.to_string(), target, arguments }, place, word })
            }
        }
    }

    fn comprehension(&self, tree: &ComprehensionExpr, token: Place, depth: usize) -> Result<Syntax, CheckError> {
        let (which, predicate, element) =
            shape(tree).ok_or_else(|| token.error("this macro is not part of the check language"))?;
        let range = self.read(&tree.iter_range, depth + 1)?;
        let end = self.closing(token);
        let word = self.word_before(token);
        let place = Place { start: range.place.start, end };
        let build = |which, range, body| Syntax {
            form: Form::Macro { which, range: Box::new(range), binder: tree.iter_var.clone(), body: Box::new(body) },
            place,
            word,
        };
        let filtered = match predicate {
            Some(predicate) => {
                let predicate = self.read(predicate, depth + 1)?;
                build(if which == Macro::Map { Macro::Filter } else { which }, range, predicate)
            }
            None => range,
        };
        Ok(match element {
            Some(element) => build(Macro::Map, filtered, self.read(element, depth + 1)?),
            None => filtered,
        })
    }

    /// The word in front of an opening bracket.
    fn word_before(&self, open: Place) -> Place {
        let before = self.source.get(..open.start).unwrap_or_default().trim_end();
        // Function names are ASCII, so that characters are bytes.
        let letters = before.bytes().rev().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        match letters {
            0 => open,
            _ => Place { start: before.len() - letters, end: before.len() },
        }
    }

    /// The byte after the bracket that closes the one at `open`.
    fn closing(&self, open: Place) -> usize {
        let bytes = self.source.as_bytes();
        let (mut at, mut depth) = (open.start, 0usize);
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'(' | b'[' => depth += 1,
                b')' | b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at + 1;
                    }
                }
                b'\'' | b'"' => {
                    at += 1;
                    while bytes.get(at).is_some_and(|b| b != byte) {
                        at += if bytes[at] == b'\\' { 2 } else { 1 };
                    }
                }
                b'/' if bytes.get(at + 1) == Some(&b'/') => {
                    while bytes.get(at).is_some_and(|b| *b != b'\n') {
                        at += 1;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        open.end
    }
}

const RESULT: &str = "@result";

fn is_result(e: &IdedExpr) -> bool {
    matches!(&e.expr, Expr::Ident(name) if name == RESULT)
}

fn is_bool(e: &IdedExpr, expected: bool) -> bool {
    matches!(&e.expr, Expr::Literal(LiteralValue::Boolean(b)) if *b.inner() == expected)
}

fn is_int(e: &IdedExpr, expected: i64) -> bool {
    matches!(&e.expr, Expr::Literal(LiteralValue::Int(i)) if *i.inner() == expected)
}

fn arguments<'a>(e: &'a IdedExpr, function: &str) -> Option<&'a [IdedExpr]> {
    match &e.expr {
        Expr::Call(call) if call.func_name == function && call.target.is_none() => Some(&call.args),
        _ => None,
    }
}

/// The macro that a comprehension was, with its predicate and its mapped element.
fn shape(tree: &ComprehensionExpr) -> Option<(Macro, Option<&IdedExpr>, Option<&IdedExpr>)> {
    if tree.iter_var2.is_some() || tree.accu_var != RESULT {
        return None;
    }
    let step = &tree.loop_step;
    let unless_decided = arguments(&tree.loop_cond, operators::NOT_STRICTLY_FALSE);
    if let Some([condition]) = unless_decided {
        if !is_result(&tree.result) {
            return None;
        }
        if is_bool(&tree.accu_init, true) && is_result(condition) {
            return match arguments(step, operators::LOGICAL_AND)? {
                [result, body] if is_result(result) => Some((Macro::All, Some(body), None)),
                _ => None,
            };
        }
        let negated = matches!(arguments(condition, operators::LOGICAL_NOT), Some([result]) if is_result(result));
        if is_bool(&tree.accu_init, false) && negated {
            return match arguments(step, operators::LOGICAL_OR)? {
                [result, body] if is_result(result) => Some((Macro::Exists, Some(body), None)),
                _ => None,
            };
        }
        return None;
    }
    if !is_bool(&tree.loop_cond, true) {
        return None;
    }
    if is_int(&tree.accu_init, 0) {
        return match (arguments(step, operators::CONDITIONAL)?, arguments(&tree.result, operators::EQUALS)?) {
            ([body, more, same], [result, one]) if is_result(same) && is_result(result) && is_int(one, 1) => {
                match arguments(more, operators::ADD)? {
                    [result, one] if is_result(result) && is_int(one, 1) => Some((Macro::ExistsOne, Some(body), None)),
                    _ => None,
                }
            }
            _ => None,
        };
    }
    if !matches!(&tree.accu_init.expr, Expr::List(list) if list.elements.is_empty()) || !is_result(&tree.result) {
        return None;
    }
    let appended = |e: &IdedExpr| matches!(arguments(e, operators::ADD), Some([r, _]) if is_result(r));
    let (predicate, append) = match arguments(step, operators::CONDITIONAL) {
        Some([predicate, append, same]) if is_result(same) => (Some(predicate), append),
        Some(_) => return None,
        None => (None, step),
    };
    if !appended(append) {
        return None;
    }
    let Some([_, IdedExpr { expr: Expr::List(list), .. }]) = arguments(append, operators::ADD) else { return None };
    let [element] = list.elements.as_slice() else { return None };
    let itself = matches!(&element.expr, Expr::Ident(name) if *name == tree.iter_var);
    match predicate {
        Some(predicate) if itself => Some((Macro::Filter, Some(predicate), None)),
        _ => Some((Macro::Map, predicate, Some(element))),
    }
}
