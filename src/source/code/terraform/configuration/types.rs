//! Type constraints of variables: values as what they are declared to be, `optional` attributes with their defaults.
//!
//! Source: <https://developer.hashicorp.com/terraform/language/expressions/type-constraints>.

use std::collections::BTreeMap;
use std::rc::Rc;

use hcl_edit::expr::{Expression, ObjectKey};

use super::value::{Kind, Outcome, Value, digits, wrong};
use super::{Env, Project};

impl Project<'_> {
    /// A value as one of a type. What is unknown stays as it is.
    pub(super) fn converted(&self, value: Value, to: &Expression) -> Outcome {
        self.spend(1)?;
        let (name, arguments): (&str, Vec<&Expression>) = match to {
            Expression::Variable(name) => (name.as_str(), Vec::new()),
            Expression::FuncCall(call) => (call.name.name.as_str(), call.args.iter().collect()),
            Expression::String(text) => {
                let inner = super::parse::expression(text.as_str()).map_err(|_| Box::new(wrong("a type that is none")))?;
                return match inner {
                    Expression::String(_) => Err(Box::new(wrong("a type that is none"))),
                    inner => self.converted(value, &inner),
                };
            }
            Expression::Parenthesis(inner) => return self.converted(value, inner.inner()),
            _ => return Err(Box::new(wrong("a type that is none"))),
        };
        if matches!(value.kind, Kind::Null | Kind::Unknown(_)) {
            return Ok(value);
        }
        let basis = value.basis;
        let element = |value: &Value| match arguments.first() {
            Some(of) => self.converted(value.clone(), of),
            None => Ok(value.clone()),
        };
        let refused = || Err(Box::new(wrong(&format!("a value that is no {name}"))));
        Ok(match (name, &value.kind) {
            ("any", _) => value,
            ("string", Kind::Bool(truth)) => Value::text(truth.to_string()).by(basis),
            ("string", Kind::Number(number)) => Value::text(digits(*number)).by(basis),
            ("string", Kind::Text(_) | Kind::Open(_) | Kind::Identity(_)) => value,
            ("number", _) => match value.to_number()? {
                Some(number) => Value::number(number).by(basis),
                None => value,
            },
            ("bool", _) => match value.truth()? {
                Ok(truth) => Value::bool(truth).by(basis),
                Err(_) => value,
            },
            ("list" | "set", Kind::List(items)) => {
                self.spend(items.len())?;
                let items = items.iter().map(element).collect::<Result<Vec<_>, _>>()?;
                if name == "set" { super::collections::set(items) } else { Value::list(items) }.by(basis)
            }
            ("map", Kind::Map(map)) => {
                self.spend(map.len())?;
                let map = map.iter().map(|(key, value)| Ok((key.clone(), element(value)?)));
                Value::map(map.collect::<Result<_, Box<crate::inventory::Gap>>>()?).by(basis)
            }
            ("tuple", Kind::List(items)) => match arguments.first() {
                Some(Expression::Array(types)) if types.len() == items.len() => {
                    let items = items.iter().zip(types.iter()).map(|(item, of)| self.converted(item.clone(), of));
                    Value::list(items.collect::<Result<Vec<_>, _>>()?).by(basis)
                }
                _ => return refused(),
            },
            ("object", Kind::Map(map)) => match arguments.first() {
                Some(Expression::Object(attributes)) => {
                    let mut made: BTreeMap<Rc<str>, Value> = BTreeMap::new();
                    for (key, of) in attributes.iter() {
                        let key = match key {
                            ObjectKey::Ident(ident) => ident.as_str(),
                            ObjectKey::Expression(key) => key.as_str().unwrap_or_default(),
                        };
                        made.insert(key.into(), self.of_object(key, map.get(key), of.expr())?);
                    }
                    Value::map(made).by(basis)
                }
                _ => return refused(),
            },
            (_, Kind::Instance(_)) => value,
            _ => return refused(),
        })
    }

    /// An attribute of an object: the one that is there, or what `optional` says.
    fn of_object(&self, key: &str, value: Option<&Value>, of: &Expression) -> Outcome {
        let optional = match of {
            Expression::FuncCall(call) if call.name.name.as_str() == "optional" => Some(call.args.iter().collect::<Vec<_>>()),
            _ => None,
        };
        let Some(arguments) = optional else {
            return match value {
                Some(value) => self.converted(value.clone(), of),
                None => Err(Box::new(wrong(&format!("an object without `{key}`")))),
            };
        };
        let Some(kind) = arguments.first() else { return Err(Box::new(wrong("a type that is none"))) };
        match (value, arguments.get(1)) {
            (Some(value), _) if !value.is_null() => self.converted(value.clone(), kind),
            (_, Some(default)) => {
                let value = self.eval(&Env { scope: usize::MAX, each: None, bound: None }, default)?;
                self.converted(value, kind)
            }
            _ => Ok(Value::null()),
        }
    }
}
