//! Names and types: what an expression may say, with "did you mean" where it says something else.
//!
//! Everything that could go wrong in an evaluation is refused here. Nothing here knows of values.

use super::functions::{self, Entry};
use super::syntax::{Form, Macro, Operator, Place, Syntax};
use super::tree::Node;
use super::vocabulary::{Type, Vocabulary};
use super::{CheckError, Env, parse_duration};
use crate::inventory::noun::closest;

const PARAMETERS: &str = "params";
const EVENTS: &str = "events";
const NOW: &str = "now";

/// Checks a whole expression, which must say yes or no.
///
/// # Errors
/// The first thing that is not right, with its place.
pub(super) fn check(source: &str, env: &Env, syntax: &Syntax) -> Result<Node, CheckError> {
    let mut checker =
        Checker { source, env, words: Vocabulary::new(), table: functions::table(), binders: Vec::new(), not_null: Vec::new() };
    checker.bool(syntax, "a check")
}

struct Checker<'a> {
    source: &'a str,
    env: &'a Env,
    words: Vocabulary,
    table: Vec<Entry>,
    /// The elements that enclosing macros speak of, innermost last.
    binders: Vec<(String, Type)>,
    /// Paths that are known not to be null here.
    not_null: Vec<String>,
}

type Typed = (Node, Type);

impl Checker<'_> {
    fn text(&self, place: Place) -> &str {
        self.source.get(place.start..place.end).unwrap_or_default()
    }

    fn check(&mut self, syntax: &Syntax) -> Result<Typed, CheckError> {
        match &syntax.form {
            Form::Null => Ok((Node::Null, Type::Null)),
            Form::Bool(b) => Ok((Node::Bool(*b), Type::Bool)),
            Form::Int(i) => Ok((Node::Int(*i), Type::Int)),
            Form::Text(t) => Ok((Node::Text(t.clone()), Type::Text)),
            Form::Name(name) => self.name(name, syntax),
            Form::List(elements) => self.list(elements, syntax),
            Form::Field { of, name } => self.field(of, name, syntax),
            Form::Call { name, target, arguments } => self.call(name, target.as_deref(), arguments, syntax),
            Form::Not(of) => Ok((Node::Not(Box::new(self.bool(of, "`!`")?)), Type::Bool)),
            Form::Negate(of) => match self.settled(of)? {
                (node, Type::Int) => Ok((Node::Negate(Box::new(node)), Type::Int)),
                (_, ty) => Err(syntax.word.error(format!("`-` does not take {ty}"))),
            },
            Form::Binary { operator, left, right } => self.binary(*operator, left, right, syntax),
            Form::If { condition, then, otherwise } => {
                let condition = self.bool(condition, "the condition of `?`")?;
                let (then_node, then_type) = self.knowing(&condition, true, |c| c.check(then))?;
                let (otherwise_node, otherwise_type) = self.knowing(&condition, false, |c| c.check(otherwise))?;
                if then_type != otherwise_type {
                    return Err(syntax.word.error(format!("one side of `? :` is {then_type}, the other {otherwise_type}")));
                }
                let (condition, then, otherwise) = (Box::new(condition), Box::new(then_node), Box::new(otherwise_node));
                Ok((Node::If { condition, then, otherwise }, then_type))
            }
            Form::Macro { which, range, binder, body } => self.comprehension(*which, range, binder, body, syntax),
        }
    }

    /// An expression whose value cannot be null here.
    fn settled(&mut self, syntax: &Syntax) -> Result<Typed, CheckError> {
        let (node, ty) = self.check(syntax)?;
        match ty {
            Type::Nullable(_) => {
                let text = self.text(syntax.place);
                Err(syntax.place.error(format!("`{text}` may be null; write `{text} != null && ...`")))
            }
            Type::Null => Err(syntax.place.error_with("`null` can only be compared", "write `x == null` or `x != null`")),
            ty => Ok((node, ty)),
        }
    }

    fn bool(&mut self, syntax: &Syntax, what: &str) -> Result<Node, CheckError> {
        match self.settled(syntax)? {
            (node, Type::Bool) => Ok(node),
            (_, ty) => Err(syntax.place.error(format!("{what} must be bool, this is {ty}"))),
        }
    }

    /// Checks with what is known where the condition turned out so.
    fn knowing<T>(&mut self, condition: &Node, outcome: bool, check: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.not_null.len();
        self.not_null.extend(condition.not_null_where(outcome));
        let checked = check(self);
        self.not_null.truncate(before);
        checked
    }

    /// A value that may be null, as seen here.
    fn narrowed(&self, node: Node, ty: Type) -> Typed {
        match (ty, node.path()) {
            (Type::Nullable(inner), Some(path)) if self.not_null.contains(&path) => (Node::NonNull(Box::new(node)), *inner),
            (ty, _) => (node, ty),
        }
    }

    fn name(&self, name: &str, syntax: &Syntax) -> Result<Typed, CheckError> {
        if let Some((_, ty)) = self.binders.iter().rev().find(|(binder, _)| binder == name) {
            return Ok(self.narrowed(Node::Binder(name.to_string()), ty.clone()));
        }
        if name == self.env.subject {
            let noun = self.words.noun(name).ok_or_else(|| syntax.place.error(format!("there is no noun `{name}`")))?;
            return Ok((Node::Subject(name.to_string()), Type::Record(noun)));
        }
        match name {
            NOW => Ok((Node::Now, Type::Time)),
            EVENTS => Ok((Node::Events, Type::List(Box::new(self.event_type(|watched| !watched.is_empty()))))),
            PARAMETERS => Err(syntax.place.error("`params` is not a value; write `params.NAME`")),
            _ => {
                let names = self.names();
                let message = format!("unknown name `{name}`");
                // A word of its own that is right with what stands before it.
                let owner = if self.env.parameters.contains_key(name) {
                    Some(PARAMETERS)
                } else if self.env.events.iter().any(|event| event == name) {
                    Some(EVENTS)
                } else {
                    Some(self.env.subject.as_str()).filter(|subject| self.words.field(subject, name).is_some())
                };
                if let Some(owner) = owner {
                    return Err(syntax.place.error_with(message, format!("did you mean `{owner}.{name}`?")));
                }
                Err(match closest(name, names.iter().copied()) {
                    Some(near) => syntax.place.error_with(message, format!("did you mean `{near}`?")),
                    None => syntax.place.error_with(message, format!("the names here are {}", quoted(&names))),
                })
            }
        }
    }

    fn event_type(&self, is_watched_alone: impl Fn(&[String]) -> bool) -> Type {
        if is_watched_alone(&self.env.watched_alone) { Type::WatchedEvent } else { Type::Event }
    }

    fn names(&self) -> Vec<&str> {
        let mut names = vec![self.env.subject.as_str(), PARAMETERS, EVENTS, NOW];
        names.extend(self.binders.iter().map(|(name, _)| name.as_str()));
        names
    }

    fn list(&mut self, elements: &[Syntax], syntax: &Syntax) -> Result<Typed, CheckError> {
        let mut nodes = Vec::new();
        let mut of: Option<Type> = None;
        for element in elements {
            let (node, ty) = self.settled(element)?;
            match &of {
                Some(first) if *first != ty => {
                    return Err(element.place.error(format!("a list holds one type: this is {ty}, the first is {first}")));
                }
                _ => of = Some(ty),
            }
            nodes.push(node);
        }
        match of {
            Some(of) => Ok((Node::List(nodes), Type::List(Box::new(of)))),
            None => Err(syntax.place.error_with("an empty list says nothing", "ask `size(list) == 0`")),
        }
    }

    fn field(&mut self, of: &Syntax, name: &str, syntax: &Syntax) -> Result<Typed, CheckError> {
        match &of.form {
            Form::Name(namespace) if namespace == PARAMETERS => {
                return match self.env.parameters.get(name) {
                    Some(ty) => Ok((Node::Parameter(name.to_string()), Type::from(*ty))),
                    None => Err(missing(
                        syntax.word,
                        format!("there is no parameter `{name}`"),
                        name,
                        self.env.parameters.keys().map(String::as_str),
                    )),
                };
            }
            Form::Name(namespace) if namespace == EVENTS => {
                return if self.env.events.iter().any(|event| event == name) {
                    let ty = self.event_type(|watched| watched.iter().any(|event| event == name));
                    Ok((Node::Event(name.to_string()), ty))
                } else {
                    let events = self.env.events.iter().map(String::as_str);
                    Err(missing(syntax.word, format!("there is no event `{name}`"), name, events))
                };
            }
            _ => {}
        }
        let (node, ty) = self.settled(of)?;
        let Type::Record(noun) = ty else {
            let message = format!("`{}` is {ty}: only records have fields", self.text(of.place));
            return Err(match &ty {
                Type::List(_) => syntax.word.error_with(message, "ask its elements with `all`, `exists` or `filter`"),
                _ => syntax.word.error(message),
            });
        };
        match self.words.field(noun, name) {
            Some((field, ty)) => Ok(self.narrowed(Node::Field { of: Box::new(node), noun, field }, ty)),
            None => {
                let message = format!("{noun} has no field `{name}`");
                if self.table.iter().any(|entry| entry.name == name) {
                    return Err(syntax.word.error_with(message, format!("`{name}` is a function: write `{name}(...)`")));
                }
                Err(missing(syntax.word, message, name, self.words.fields(noun)))
            }
        }
    }

    fn call(&mut self, name: &str, target: Option<&Syntax>, arguments: &[Syntax], syntax: &Syntax) -> Result<Typed, CheckError> {
        match (name, target, arguments) {
            ("matches", ..) => {
                return Err(syntax.word.error_with(
                    "regular expressions are not part of the check language: policies ask about meaning, not spelling",
                    "use `==`, `in`, `startsWith`, `endsWith` or `contains`",
                ));
            }
            ("size", Some(of), []) | ("size", None, [of]) => {
                return match self.settled(of)? {
                    (node, Type::List(_)) => Ok((Node::Size(Box::new(node)), Type::Int)),
                    (_, ty) => Err(of.place.error(format!("`size` takes a list, this is {ty}"))),
                };
            }
            ("size", ..) => return Err(syntax.word.error("`size` takes one list")),
            ("duration", None, [literal]) => {
                let Form::Text(text) = &literal.form else {
                    return Err(literal.place.error("`duration` takes a literal, such as `duration(\"24h\")`"));
                };
                return match parse_duration(text) {
                    Some(duration) => Ok((Node::Duration(duration), Type::Duration)),
                    None => Err(literal
                        .place
                        .error_with(format!("`{text}` is not a duration"), "write it such as `24h`, `30m` or `1h30m`")),
                };
            }
            ("duration", ..) => return Err(syntax.word.error("`duration` takes one literal, such as `duration(\"24h\")`")),
            ("all" | "exists" | "exists_one" | "existsOne" | "filter" | "map" | "has", ..) => {
                return Err(syntax.word.error(match name {
                    "has" => "`has` takes one field, such as `has(trail.kms_key)`".to_string(),
                    _ => format!("`{name}` takes a name for the element and an expression, such as `list.{name}(t, ...)`"),
                }));
            }
            _ => {}
        }
        if !self.table.iter().any(|entry| entry.name == name) {
            let candidates = self.table.iter().map(|entry| entry.name).chain(functions::BUILT_IN);
            return Err(missing(syntax.word, format!("unknown function `{name}`"), name, candidates));
        }
        let Some(target) = target else {
            return Err(syntax.word.error_with(
                format!("`{name}` is called on something"),
                self.table
                    .iter()
                    .find(|entry| entry.name == name)
                    .map_or_else(String::new, |e| format!("write `x.{name}(...)`, where x is {}", e.receiver)),
            ));
        };
        let (receiver, ty) = self.settled(target)?;
        let Some(entry) = self.table.iter().find(|e| e.name == name && e.receiver == ty).cloned() else {
            let receivers: Vec<String> = self.table.iter().filter(|e| e.name == name).map(|e| e.receiver.to_string()).collect();
            let message = format!("`{name}` is a function of {}, not of {ty}", receivers.join(" or "));
            let here = self.table.iter().filter(|e| e.receiver == ty).map(|e| e.name);
            return Err(missing(syntax.word, message, name, here));
        };
        if arguments.len() != entry.arguments.len() {
            let wanted: Vec<String> = entry.arguments.iter().map(|(name, ty)| format!("{name} ({ty})")).collect();
            let wanted = if wanted.is_empty() { "no argument".to_string() } else { wanted.join(", ") };
            return Err(syntax.word.error(format!("`{name}` takes {wanted}; there are {} arguments", arguments.len())));
        }
        let mut nodes = Vec::new();
        for (argument, (meaning, wanted)) in arguments.iter().zip(&entry.arguments) {
            let (node, ty) = self.settled(argument)?;
            if (wanted, &ty) == (&Type::Event, &Type::WatchedEvent) {
                let message = format!("the {meaning} of `{name}` says something that the selectors of trails cannot speak of");
                let hint = format!(
                    "write values of {}, each one text without `*`; other events are for `raisesAlarm`",
                    crate::semantics::event::FIELDS.join(", ")
                );
                return Err(argument.place.error_with(message, hint));
            }
            if ty != *wanted && (wanted, &ty) != (&Type::WatchedEvent, &Type::Event) {
                return Err(argument.place.error(format!("the {meaning} of `{name}` is {wanted}, this is {ty}")));
            }
            nodes.push(node);
        }
        Ok((Node::Call { function: entry.function, receiver: Box::new(receiver), arguments: nodes }, entry.result))
    }

    fn binary(&mut self, operator: Operator, left: &Syntax, right: &Syntax, syntax: &Syntax) -> Result<Typed, CheckError> {
        let sign = operator.sign();
        let build = |left, right, ty| Ok((Node::Binary { operator, left: Box::new(left), right: Box::new(right) }, ty));
        match operator {
            Operator::And | Operator::Or => {
                let left = self.bool(left, &format!("each side of `{sign}`"))?;
                let right =
                    self.knowing(&left, operator == Operator::And, |c| c.bool(right, &format!("each side of `{sign}`")))?;
                build(left, right, Type::Bool)
            }
            Operator::Equal | Operator::NotEqual if is_null(left) || is_null(right) => {
                let other = if is_null(left) { right } else { left };
                if is_null(other) {
                    return Err(syntax.place.error("`null` is compared with itself"));
                }
                let (node, ty) = self.check(other)?;
                if !matches!(ty, Type::Nullable(_)) && !matches!(node, Node::NonNull(_)) {
                    return Err(other.place.error(format!("`{}` is never null", self.text(other.place))));
                }
                build(node.nullable(), Node::Null, Type::Bool)
            }
            Operator::Equal | Operator::NotEqual => {
                let (left_node, left_type) = self.check(left)?;
                let (right_node, right_type) = self.check(right)?;
                let bare = |ty: &Type| match ty {
                    Type::Nullable(inner) => (**inner).clone(),
                    ty => ty.clone(),
                };
                if matches!((&left_type, &right_type), (Type::Nullable(_), Type::Nullable(_))) {
                    self.settled(left)?;
                }
                self.comparable(sign, &bare(&left_type), &bare(&right_type), syntax)?;
                build(left_node, right_node, Type::Bool)
            }
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
                let (left_node, left_type) = self.settled(left)?;
                let (right_node, right_type) = self.settled(right)?;
                self.comparable(sign, &left_type, &right_type, syntax)?;
                if !left_type.is_ordered() {
                    return Err(syntax.word.error(format!("{left_type} has no order: `{sign}` does not take it")));
                }
                build(left_node, right_node, Type::Bool)
            }
            Operator::In => {
                let (needle, needle_type) = self.settled(left)?;
                let (list, list_type) = self.settled(right)?;
                let Type::List(of) = &list_type else {
                    return Err(right.place.error(format!("`in` takes a list, this is {list_type}")));
                };
                let of = match &**of {
                    Type::Nullable(inner) => inner,
                    of => of,
                };
                self.comparable(sign, &needle_type, of, syntax)?;
                build(needle, list, Type::Bool)
            }
            Operator::Add | Operator::Subtract | Operator::Multiply => {
                let (left_node, left_type) = self.settled(left)?;
                let (right_node, right_type) = self.settled(right)?;
                let ty = match (operator, &left_type, &right_type) {
                    (_, Type::Int, Type::Int) => Type::Int,
                    (Operator::Add, Type::Text, Type::Text) => Type::Text,
                    (Operator::Subtract, Type::Time, Type::Time) => Type::Duration,
                    (Operator::Add | Operator::Subtract, Type::Time, Type::Duration) => Type::Time,
                    (Operator::Add, Type::Duration, Type::Time) => Type::Time,
                    _ => {
                        return Err(syntax.word.error(format!("`{sign}` does not take {left_type} and {right_type}")));
                    }
                };
                build(left_node, right_node, ty)
            }
        }
    }

    fn comparable(&self, sign: &str, left: &Type, right: &Type, syntax: &Syntax) -> Result<(), CheckError> {
        let place = syntax.word;
        for ty in [left, right] {
            match ty {
                Type::Record(noun) => {
                    return Err(place.error_with(
                        format!("records cannot be compared: `{sign}` is asked of {noun}"),
                        "compare a field that names it, or ask whether it is null",
                    ));
                }
                Type::List(_) => {
                    return Err(place.error_with(
                        format!("lists cannot be compared: `{sign}` is asked of {ty}"),
                        "ask `size(list) == 0`, `x in list`, or use `all` and `exists`",
                    ));
                }
                ty if !ty.is_scalar() => {
                    return Err(place.error(format!("{ty} cannot be compared: only functions understand it")));
                }
                _ => {}
            }
        }
        if left == right {
            return Ok(());
        }
        Err(place.error(format!("`{sign}` compares {left} with {right}")))
    }

    fn comprehension(
        &mut self,
        which: Macro,
        range: &Syntax,
        binder: &str,
        body: &Syntax,
        syntax: &Syntax,
    ) -> Result<Typed, CheckError> {
        let written = self.text(syntax.word).to_string();
        let (range_node, range_type) = self.settled(range)?;
        let Type::List(of) = range_type else {
            return Err(range.place.error(format!("`{written}` takes a list, this is {range_type}")));
        };
        if self.names().contains(&binder) {
            let message = format!("`{binder}` already means something here");
            return Err(syntax.word.error_with(message, format!("give the element of `{written}` another name")));
        }
        self.binders.push((binder.to_string(), (*of).clone()));
        let before = self.not_null.len();
        let body_typed = match which {
            Macro::Map => self.check(body),
            _ => self.bool(body, &format!("what `{written}` asks")).map(|node| (node, Type::Bool)),
        };
        self.not_null.truncate(before);
        self.binders.pop();
        let (body_node, body_type) = body_typed?;
        let ty = match which {
            Macro::All | Macro::Exists | Macro::ExistsOne => Type::Bool,
            Macro::Filter => Type::List(of),
            Macro::Map if body_type == Type::Null => return Err(body.place.error("a list of nulls says nothing")),
            Macro::Map => Type::List(Box::new(body_type)),
        };
        let (range, body) = (Box::new(range_node), Box::new(body_node));
        Ok((Node::Macro { which, range, binder: binder.to_string(), body }, ty))
    }
}

fn is_null(syntax: &Syntax) -> bool {
    matches!(syntax.form, Form::Null)
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A word that is not there, with the one that was meant, or with all where they are few.
fn missing<'a>(place: Place, message: String, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> CheckError {
    let mut candidates: Vec<&str> = candidates.into_iter().collect();
    candidates.sort_unstable();
    candidates.dedup();
    match closest(name, candidates.iter().copied()) {
        Some(near) => place.error_with(message, format!("did you mean `{near}`?")),
        None if candidates.is_empty() => place.error(message),
        None if candidates.len() <= 16 => place.error_with(message, format!("there are {}", quoted(&candidates))),
        None => place.error(message),
    }
}
