//! Expressions, worked out as far as they are known. What is unknown stays so; what Terraform would refuse is an error, which
//! `try` and `can` alone go past.

use std::collections::BTreeMap;
use std::rc::Rc;

use hcl_edit::expr::{BinaryOperator, Expression, ForExpr, ObjectKey, TraversalOperator, UnaryOperator};
use hcl_edit::template::{Directive, Element, Strip};

use super::value::{Kind, MOST_BYTES, MOST_ELEMENTS, Outcome, Value, beyond, wrong};
use super::{Bound, Env, Project};
use crate::inventory::code::OPEN;
use crate::inventory::{Basis, Gap};

/// Expressions inside one another, through names too.
const DEEPEST: usize = 400;

impl Project<'_> {
    pub(super) fn eval(&self, env: &Env<'_>, expression: &Expression) -> Outcome {
        let depth = self.depth.get();
        if depth >= DEEPEST {
            return Err(Box::new(beyond("expressions that lead through too many others")));
        }
        self.spend(1)?;
        self.depth.set(depth + 1);
        let value = self.worked_out(env, expression);
        self.depth.set(depth);
        value
    }

    fn worked_out(&self, env: &Env<'_>, expression: &Expression) -> Outcome {
        match expression {
            Expression::Null(_) => Ok(Value::null()),
            Expression::Bool(truth) => Ok(Value::bool(**truth)),
            Expression::Number(number) => Ok(Value::number(number.as_f64().unwrap_or_default())),
            Expression::String(text) => Ok(Value::text(text.as_str())),
            Expression::Parenthesis(inner) => self.eval(env, inner.inner()),
            Expression::StringTemplate(template) => self.template(env, &template.iter().collect::<Vec<_>>(), true),
            Expression::HeredocTemplate(heredoc) => self.template(env, &heredoc.template.iter().collect::<Vec<_>>(), false),
            Expression::Array(items) => {
                let items = items.iter().map(|item| self.eval(env, item)).collect::<Result<Vec<_>, _>>()?;
                Ok(Value::list(items))
            }
            Expression::Object(object) => {
                let mut map = BTreeMap::new();
                for (key, item) in object.iter() {
                    let key = match key {
                        ObjectKey::Ident(ident) => ident.as_str().into(),
                        ObjectKey::Expression(key) => match self.eval(env, key)?.as_text()? {
                            Ok(key) if !key.contains(OPEN) => Rc::from(key),
                            Ok(_) => return Ok(Value::unknown(wrong("a key that is not known"))),
                            Err(unknown) => return Ok(unknown),
                        },
                    };
                    map.insert(key, self.eval(env, item.expr())?);
                }
                Ok(Value::map(map))
            }
            Expression::Variable(name) => self.root(env, name.as_str(), &[]).map(|(value, _)| value),
            Expression::Traversal(traversal) => {
                let operators: Vec<&TraversalOperator> = traversal.operators.iter().map(|operator| &**operator).collect();
                let (value, used) = match &traversal.expr {
                    Expression::Variable(name) => self.root(env, name.as_str(), &operators)?,
                    other => (self.eval(env, other)?, 0),
                };
                self.steps(env, value, operators.get(used..).unwrap_or_default())
            }
            Expression::Conditional(of) => {
                let condition = self.eval(env, &of.cond_expr)?;
                match condition.truth()? {
                    Ok(true) => Ok(self.eval(env, &of.true_expr)?.by(condition.basis)),
                    Ok(false) => Ok(self.eval(env, &of.false_expr)?.by(condition.basis)),
                    Err(why) => {
                        let arms = (self.eval(env, &of.true_expr), self.eval(env, &of.false_expr));
                        Ok(match arms {
                            (Ok(one), Ok(other)) => one.either(&other, &why),
                            _ => Value::unknown(why),
                        })
                    }
                }
            }
            Expression::FuncCall(call) => self.call(env, call),
            Expression::UnaryOp(of) => {
                let value = self.eval(env, &of.expr)?;
                match *of.operator {
                    UnaryOperator::Not => match value.truth()? {
                        Ok(truth) => Ok(Value::bool(!truth).by(value.basis)),
                        Err(why) => Ok(Value::unknown(why)),
                    },
                    UnaryOperator::Neg => match value.to_number()? {
                        Some(number) => Ok(Value::number(-number).by(value.basis)),
                        None => Ok(Value::unknown(value.open_gap())),
                    },
                }
            }
            Expression::BinaryOp(of) => self.binary(env, &of.lhs_expr, *of.operator, &of.rhs_expr),
            Expression::ForExpr(of) => self.for_each(env, of),
        }
    }

    fn binary(&self, env: &Env<'_>, left: &Expression, operator: BinaryOperator, right: &Expression) -> Outcome {
        use BinaryOperator as Op;
        let left = self.eval(env, left)?;
        if let Op::And | Op::Or = operator {
            let decides = operator == Op::Or;
            let first = left.truth()?;
            if first == Ok(decides) {
                return Ok(Value::bool(decides).by(left.basis));
            }
            let right = self.eval(env, right)?;
            return Ok(match (first, right.truth()?) {
                (_, Ok(truth)) if truth == decides => Value::bool(decides).by(right.basis),
                (Err(why), _) | (_, Err(why)) => Value::unknown(why),
                _ => Value::bool(!decides).by(left.basis.max(right.basis)),
            });
        }
        let right = self.eval(env, right)?;
        let basis = left.basis.max(right.basis);
        let open = || {
            let gap = [&left, &right].into_iter().find_map(|side| side.doubt());
            gap.unwrap_or_else(|| if is_plain(&left) { right.open_gap() } else { left.open_gap() })
        };
        if let Op::Eq | Op::NotEq = operator {
            return Ok(match left.equals(&right) {
                Some(same) => Value::bool(same == (operator == Op::Eq)).by(basis),
                None => Value::unknown(open()),
            });
        }
        let (Some(a), Some(b)) = (left.to_number()?, right.to_number()?) else { return Ok(Value::unknown(open())) };
        let number = |number: f64| match number.is_finite() {
            true => Ok(Value::number(number).by(basis)),
            false => Err(Box::new(wrong("a number that is none"))),
        };
        match operator {
            Op::Plus => number(a + b),
            Op::Minus => number(a - b),
            Op::Mul => number(a * b),
            Op::Div => number(a / b),
            Op::Mod => number(a % b),
            Op::Less => Ok(Value::bool(a < b).by(basis)),
            Op::LessEq => Ok(Value::bool(a <= b).by(basis)),
            Op::Greater => Ok(Value::bool(a > b).by(basis)),
            Op::GreaterEq => Ok(Value::bool(a >= b).by(basis)),
            Op::Eq | Op::NotEq | Op::And | Op::Or => Ok(Value::unknown(open())),
        }
    }

    /// Goes on from a value by attributes, indices and splats.
    pub(super) fn steps(&self, env: &Env<'_>, mut value: Value, operators: &[&TraversalOperator]) -> Outcome {
        let mut rest = operators;
        while let Some((operator, after)) = rest.split_first() {
            rest = after;
            let basis = value.basis;
            value = match operator {
                TraversalOperator::GetAttr(name) => self.attribute(&value, name.as_str())?,
                TraversalOperator::Index(index) => {
                    let index = self.eval(env, index)?;
                    self.index(&value, &index)?.by(index.basis)
                }
                TraversalOperator::LegacyIndex(index) => self.index(&value, &Value::number(**index as f64))?,
                TraversalOperator::FullSplat(_) | TraversalOperator::AttrSplat(_) => {
                    let is_full = matches!(operator, TraversalOperator::FullSplat(_));
                    let applied = if is_full {
                        after.len()
                    } else {
                        after.iter().take_while(|o| matches!(o, TraversalOperator::GetAttr(_))).count()
                    };
                    let (each, further) = after.split_at(applied);
                    rest = further;
                    match &value.kind {
                        Kind::Null => Value::list(Vec::new()),
                        Kind::Unknown(_) => value.clone(),
                        Kind::List(items) => {
                            self.spend(items.len())?;
                            let items = items.iter().map(|item| self.steps(env, item.clone(), each));
                            Value::list(items.collect::<Result<Vec<_>, _>>()?)
                        }
                        _ => Value::list(vec![self.steps(env, value.clone(), each)?]),
                    }
                }
            }
            .by(basis);
        }
        Ok(value)
    }

    /// An attribute of an object, or of a resource.
    pub(super) fn attribute(&self, of: &Value, name: &str) -> Outcome {
        match &of.kind {
            Kind::Map(map) => map
                .get(name)
                .cloned()
                .map(|value| value.by(of.basis))
                .ok_or_else(|| Box::new(wrong(&format!("no attribute `{name}` in a value")))),
            Kind::Instance(instance) => self.instance_attribute(instance, name),
            Kind::Unknown(unknown) => Ok(match &unknown.label {
                Some(label) if unknown.instance.is_none() => Value::named(unknown.gap.clone(), further(label, name)),
                _ => Value::new(Kind::Unknown(Rc::new(super::value::Unknown {
                    label: None,
                    instance: None,
                    ..(**unknown).clone()
                }))),
            }),
            Kind::Identity(_) | Kind::Open(_) => Err(Box::new(wrong(&format!("the attribute `{name}` of a text")))),
            Kind::List(_) => Err(Box::new(wrong(&format!("the attribute `{name}` of a list")))),
            _ => Err(Box::new(wrong(&format!("the attribute `{name}` of something that has none")))),
        }
    }

    pub(super) fn index(&self, of: &Value, index: &Value) -> Outcome {
        let basis = of.basis.max(index.basis);
        if let Kind::Unknown(unknown) = &of.kind {
            // Which instance it is, nothing tells; that there is one, the code does.
            if let Some(instance) = &unknown.instance {
                return Ok(Value::new(Kind::Instance(instance.clone())).by(basis));
            }
            if let (Some(label), Kind::Text(_) | Kind::Number(_)) = (&unknown.label, &index.kind)
                && let Ok(key) = index.as_text()?
            {
                return Ok(Value::named(unknown.gap.clone(), further(label, &key)));
            }
            return Ok(of.clone());
        }
        match (&of.kind, &index.kind) {
            (Kind::List(items), Kind::Unknown(_) | Kind::Open(_) | Kind::Identity(_)) => {
                Ok(one_of(items.iter(), &index.open_gap()))
            }
            (Kind::Map(map), Kind::Unknown(_) | Kind::Open(_) | Kind::Identity(_)) => {
                if let Kind::Identity(identity) = &index.kind
                    && let Some(Kind::Text(key)) = &identity.text
                    && let Some(value) = map.get(key)
                {
                    return Ok(value.clone().by(basis));
                }
                Ok(one_of(map.values(), &index.open_gap()))
            }
            (Kind::List(items), _) => {
                let Some(number) = index.to_number()? else { return Ok(Value::unknown(index.open_gap())) };
                let found = (number >= 0.0 && number.fract() == 0.0).then(|| items.get(number as usize)).flatten();
                found
                    .cloned()
                    .map(|value| value.by(basis))
                    .ok_or_else(|| Box::new(wrong("an index that the list does not reach")))
            }
            (Kind::Map(_) | Kind::Instance(_), _) => match index.as_text()? {
                Ok(key) => Ok(self.attribute(of, &key)?.by(basis)),
                Err(unknown) => Ok(unknown),
            },
            _ => Err(Box::new(wrong("an index into something that has no elements"))),
        }
    }

    fn for_each(&self, env: &Env<'_>, of: &ForExpr) -> Outcome {
        let collection = self.eval(env, &of.intro.collection_expr)?;
        let items = match pairs(&collection)? {
            Ok(items) => items,
            Err(unknown) => return Ok(unknown.clone()),
        };
        self.spend(items.len())?;
        let (mut list, mut map, mut groups) = (Vec::new(), BTreeMap::new(), BTreeMap::<Rc<str>, Vec<Value>>::new());
        let mut basis = collection.basis;
        for (key, value) in items {
            let value = Bound { name: of.intro.value_var.as_str(), value, outer: env.bound };
            let with_key = of.intro.key_var.as_ref().map(|name| Bound { name: name.as_str(), value: key, outer: Some(&value) });
            let inner = Env { bound: Some(with_key.as_ref().unwrap_or(&value)), ..*env };
            if let Some(condition) = &of.cond {
                let condition = self.eval(&inner, &condition.expr)?;
                basis = basis.max(condition.basis);
                match condition.truth()? {
                    Ok(true) => {}
                    Ok(false) => continue,
                    Err(why) => return Ok(Value::unknown(why)),
                }
            }
            let made = self.eval(&inner, &of.value_expr)?;
            let Some(key) = &of.key_expr else {
                list.push(made);
                continue;
            };
            let key: Rc<str> = match self.eval(&inner, key)?.as_text()? {
                Ok(key) if !key.contains(OPEN) => key.into(),
                Ok(_) => return Ok(Value::unknown(wrong("a key that is not known"))),
                Err(unknown) => return Ok(unknown),
            };
            if of.grouping {
                groups.entry(key).or_default().push(made);
            } else if map.insert(key, made).is_some() {
                return Err(Box::new(wrong("a `for` that makes one key twice")));
            }
        }
        Ok(match (&of.key_expr, of.grouping) {
            (None, _) => Value::list(list),
            (_, true) => Value::map(groups.into_iter().map(|(key, items)| (key, Value::list(items))).collect()),
            _ => Value::map(map),
        }
        .by(basis))
    }

    /// A template. One that is nothing but an expression is that.
    pub(super) fn template(&self, env: &Env<'_>, elements: &[&Element], is_quoted: bool) -> Outcome {
        if let [Element::Interpolation(one), rest @ ..] = elements {
            let is_log_group = matches!(rest, [Element::Literal(text)] if text.as_str() == ":*");
            if (rest.is_empty() && is_quoted) || is_log_group {
                let value = self.eval(env, &one.expr)?;
                // A log group is named by its ARN with `:*` behind it.
                let is_arn = matches!(&value.kind, Kind::Identity(of) if &*of.attribute == "arn" && of.addresses.iter().all(|a| a.contains("aws_cloudwatch_log_group.")));
                if rest.is_empty() || is_arn {
                    return Ok(value);
                }
            }
        }
        let mut out = Rendered { text: String::new(), basis: Basis::Configured, gap: None, unknown: None };
        self.render(env, elements, (false, false), &mut out)?;
        Ok(match (out.unknown, out.gap) {
            (Some(unknown), _) => unknown,
            (None, Some(gap)) => Value::texts(out.text, &gap).by(out.basis),
            (None, None) => Value::new(Kind::Text(out.text.into())).by(out.basis),
        })
    }

    fn render(&self, env: &Env<'_>, elements: &[&Element], trim: (bool, bool), out: &mut Rendered) -> Result<(), Box<Gap>> {
        for (at, element) in elements.iter().enumerate() {
            let before = at.checked_sub(1).map_or(trim.0, |at| elements.get(at).is_some_and(|element| ends(element)));
            let behind = elements.get(at + 1).map_or(trim.1, |element| begins(element));
            match element {
                Element::Literal(literal) => {
                    let mut text = literal.as_str();
                    if before {
                        text = text.trim_start();
                    }
                    if behind {
                        text = text.trim_end();
                    }
                    if text.contains(OPEN) {
                        out.unknown.get_or_insert_with(|| Value::text(text));
                    }
                    out.text.push_str(text);
                }
                Element::Interpolation(one) => {
                    let value = self.eval(env, &one.expr)?;
                    out.basis = out.basis.max(value.basis);
                    match value.as_text()? {
                        Ok(text) => {
                            if text.contains(OPEN) {
                                out.gap.get_or_insert_with(|| value.open_gap());
                            }
                            out.text.push_str(&text);
                        }
                        Err(unknown) => drop(out.unknown.get_or_insert(unknown)),
                    }
                }
                Element::Directive(directive) => self.direct(env, directive, out)?,
            }
            if out.text.len() > MOST_BYTES {
                return Err(Box::new(beyond("a text that grows too long")));
            }
        }
        self.spend(out.text.len() / 64)
    }

    fn direct(&self, env: &Env<'_>, directive: &Directive, out: &mut Rendered) -> Result<(), Box<Gap>> {
        match directive {
            Directive::If(of) => {
                let condition = self.eval(env, &of.if_expr.cond_expr)?;
                out.basis = out.basis.max(condition.basis);
                let tail = of.endif_expr.strip.strip_start();
                match condition.truth()? {
                    Err(why) => drop(out.unknown.get_or_insert(Value::unknown(why))),
                    Ok(true) => {
                        let tail = of.else_expr.as_ref().map_or(tail, |of| of.strip.strip_start());
                        let elements: Vec<&Element> = of.if_expr.template.iter().collect();
                        self.render(env, &elements, (of.if_expr.strip.strip_end(), tail), out)?;
                    }
                    Ok(false) => {
                        if let Some(other) = &of.else_expr {
                            let elements: Vec<&Element> = other.template.iter().collect();
                            self.render(env, &elements, (other.strip.strip_end(), tail), out)?;
                        }
                    }
                }
            }
            Directive::For(of) => {
                let collection = self.eval(env, &of.for_expr.collection_expr)?;
                out.basis = out.basis.max(collection.basis);
                let items = match pairs(&collection)? {
                    Ok(items) => items,
                    Err(unknown) => {
                        out.unknown.get_or_insert(unknown.clone());
                        return Ok(());
                    }
                };
                self.spend(items.len())?;
                let elements: Vec<&Element> = of.for_expr.template.iter().collect();
                let trim = (of.for_expr.strip.strip_end(), of.endfor_expr.strip.strip_start());
                for (key, value) in items {
                    let value = Bound { name: of.for_expr.value_var.as_str(), value, outer: env.bound };
                    let with_key =
                        of.for_expr.key_var.as_ref().map(|name| Bound { name: name.as_str(), value: key, outer: Some(&value) });
                    let inner = Env { bound: Some(with_key.as_ref().unwrap_or(&value)), ..*env };
                    self.render(&inner, &elements, trim, out)?;
                }
            }
        }
        Ok(())
    }
}

struct Rendered {
    text: String,
    basis: Basis,
    /// Why a part of the text is open.
    gap: Option<Gap>,
    /// Why there is no text.
    unknown: Option<Value>,
}

fn ends(element: &Element) -> bool {
    match element {
        Element::Literal(_) => false,
        Element::Interpolation(of) => of.strip.strip_end(),
        Element::Directive(of) => match &**of {
            Directive::If(of) => of.endif_expr.strip.strip_end(),
            Directive::For(of) => of.endfor_expr.strip.strip_end(),
        },
    }
}

fn begins(element: &Element) -> bool {
    let strip: Strip = match element {
        Element::Literal(_) => return false,
        Element::Interpolation(of) => of.strip,
        Element::Directive(of) => match &**of {
            Directive::If(of) => of.if_expr.strip,
            Directive::For(of) => of.for_expr.strip,
        },
    };
    strip.strip_start()
}

/// The keys and values of a collection, or the collection that is unknown.
type Pairs<'v> = Result<Vec<(Value, Value)>, &'v Value>;

/// The keys and values of a collection; what it is where it is unknown.
pub(super) fn pairs(collection: &Value) -> Result<Pairs<'_>, Box<Gap>> {
    match &collection.kind {
        Kind::List(items) if collection.is_set => Ok(Ok(items.iter().map(|item| (item.clone(), item.clone())).collect())),
        Kind::List(items) => {
            Ok(Ok(items.iter().enumerate().map(|(at, item)| (Value::number(at as f64), item.clone())).collect()))
        }
        Kind::Map(map) => Ok(Ok(map.iter().map(|(key, value)| (Value::new(Kind::Text(key.clone())), value.clone())).collect())),
        Kind::Unknown(_) => Ok(Err(collection)),
        Kind::Null => Err(Box::new(wrong("a `for` over null"))),
        _ => Err(Box::new(wrong("a `for` over something that has no elements"))),
    }
}

/// One of several values, it is not known which.
fn one_of<'v>(mut values: impl Iterator<Item = &'v Value>, why: &Gap) -> Value {
    let Some(first) = values.next() else { return Value::unknown(why.clone()) };
    values.fold(first.clone(), |one, other| one.either(other, why))
}

/// What an attribute or an element of something unknown is called: the same whichever way it is written.
fn further(label: &str, key: &str) -> String {
    let is_name = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let step = if is_name { format!(".{key}") } else { format!("[{key:?}]") };
    match label.rsplit_once(" of ") {
        Some((what, file)) => format!("{what}{step} of {file}"),
        None => format!("{label}{step}"),
    }
}

fn is_plain(value: &Value) -> bool {
    !matches!(value.kind, Kind::Open(_) | Kind::Identity(_) | Kind::Unknown(_))
}

/// Whether so many elements are few enough.
pub(super) fn few(count: usize) -> Result<(), Box<Gap>> {
    if count <= MOST_ELEMENTS { Ok(()) } else { Err(Box::new(beyond("a collection with too many elements"))) }
}
