//! Calls of functions. Those that are not known here leave what they give unknown.
//!
//! Source: <https://developer.hashicorp.com/terraform/language/functions>.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use hcl_edit::expr::{Expression, FuncCall};

use super::value::{Kind, Outcome, Value, beyond, is_mistake, wrong};
use super::{Bound, Env, Project};
use super::{collections, encoding, text};
use crate::inventory::{Gap, GapKind, Remedy};
use crate::source::code::path::plain;

/// Larger files are not taken into a text.
const MOST_BYTES: usize = 1024 * 1024;

impl Project<'_> {
    pub(super) fn call(&self, env: &Env<'_>, call: &FuncCall) -> Outcome {
        let name = call.name.name.as_str();
        let is_own = match call.name.namespace.as_slice() {
            [] => true,
            [one] => one.as_str() == "core",
            _ => false,
        };
        if !is_own {
            return Ok(Value::unknown(not_known(&format!("a function of a provider, `{name}`"))));
        }
        match name {
            "try" => return self.first_good(env, call),
            "can" => {
                let Some(argument) = call.args.iter().next() else { return Err(Box::new(wrong("`can` of nothing"))) };
                return Ok(match self.eval(env, argument) {
                    Err(gap) if is_mistake(&gap) => Value::bool(false),
                    Err(gap) => Value::unknown(*gap),
                    Ok(value) => match value.doubt() {
                        Some(gap) => Value::unknown(gap),
                        None => Value::bool(true).by(value.basis),
                    },
                });
            }
            _ => {}
        }
        let mut arguments = call.args.iter().map(|argument| self.eval(env, argument)).collect::<Result<Vec<_>, _>>()?;
        if call.args.expand_final() {
            let last = arguments.pop().unwrap_or_else(Value::null);
            match last.elements() {
                Ok(items) => arguments.extend(items),
                Err(unknown) if unknown.gap().is_some() => return Ok(unknown),
                Err(_) => return Err(Box::new(wrong("`...` behind something that is no list"))),
            }
        }
        self.spend(arguments.iter().map(size).sum())?;
        let basis = arguments.iter().map(|argument| argument.basis).max().unwrap_or_default();
        // Instances are objects to functions.
        let value = match name {
            "file" | "templatefile" | "fileexists" | "filebase64" => self.of_file(env, name, &arguments)?,
            "sensitive" => Value::secret(),
            "nonsensitive" | "ephemeralasnull" => {
                arguments.into_iter().next().ok_or_else(|| wrong("a call without arguments"))?
            }
            "tostring" | "tonumber" | "tobool" | "tolist" | "toset" | "tomap" => self.as_kind(name, &arguments)?,
            _ => match collections::call(self, name, &arguments)
                .or_else(|| text::call(self, name, &arguments))
                .or_else(|| encoding::call(name, &arguments))
            {
                Some(value) => value?,
                None => {
                    let secret = arguments.iter().find(|a| matches!(&a.kind, Kind::Unknown(of) if of.is_secret));
                    secret.cloned().unwrap_or_else(|| Value::unknown(not_known(&format!("the function `{name}`"))))
                }
            },
        };
        Ok(value.by(basis))
    }

    /// `try`: the first argument that has no mistake in it. What is unknown may have one.
    fn first_good(&self, env: &Env<'_>, call: &FuncCall) -> Outcome {
        let mut last = None;
        for argument in call.args.iter() {
            match self.eval(env, argument) {
                Err(gap) if is_mistake(&gap) => last = Some(gap),
                Err(gap) => return Err(gap),
                Ok(value) => {
                    return Ok(match value.doubt() {
                        Some(_) if matches!(&value.kind, Kind::Unknown(of) if of.is_secret) => value,
                        Some(gap) => Value::unknown(gap),
                        None => value,
                    });
                }
            }
        }
        Err(last.unwrap_or_else(|| Box::new(wrong("`try` of nothing"))))
    }

    fn as_kind(&self, name: &str, arguments: &[Value]) -> Outcome {
        let [value] = arguments else { return Err(Box::new(wrong(&format!("a `{name}` of something else than one value")))) };
        if matches!(value.kind, Kind::Unknown(_) | Kind::Null) {
            return Ok(value.clone());
        }
        let value = match (&value.kind, name) {
            // A list of what is not all of one kind becomes one of texts.
            (Kind::List(items), "toset") => collections::set(items.to_vec()),
            (Kind::List(_), "tolist") => value.clone().being_set(false),
            (Kind::Map(_), "tomap") => value.clone(),
            (_, "tostring" | "tonumber" | "tobool") => {
                let kind = Expression::from(hcl_edit::Ident::new(name.trim_start_matches("to").to_string()));
                self.converted(value.clone(), &kind)?
            }
            _ => return Err(Box::new(wrong(&format!("a `{name}` of a value that is none")))),
        };
        Ok(value)
    }

    /// What stands in a file of the modules that are read; no other is looked at.
    fn of_file(&self, env: &Env<'_>, name: &str, arguments: &[Value]) -> Outcome {
        let Some(path) = arguments.first() else { return Err(Box::new(wrong(&format!("a `{name}` of nothing")))) };
        let path = match &path.kind {
            Kind::Text(path) => path.to_string(),
            _ => return Ok(Value::unknown(path.open_gap())),
        };
        let outside = |why: &str| {
            let path: String = path.chars().filter(|c| !c.is_control()).take(120).collect();
            let gap = Gap::new(GapKind::AbsentInput, format!("the file `{path}` {why}"));
            Ok(Value::unknown(gap.with_remedy(Remedy::Do("keep it in the folder of its module, or scan a plan instead".into()))))
        };
        let root = self.modules.first().map(|module| module.folder.clone()).unwrap_or_default();
        let at = plain(&root.join(&path));
        let folders = || self.modules.iter().map(|module| module.folder.as_path());
        let is_up = |part: std::path::Component<'_>| matches!(part, std::path::Component::ParentDir);
        let reaches =
            |path: &Path, folder: &Path| path.strip_prefix(plain(folder)).is_ok_and(|rest| !rest.components().any(is_up));
        if Path::new(&path).is_absolute() || !folders().any(|folder| reaches(&at, folder)) {
            return outside("is in no module that is read");
        }
        let Ok(real) = self.files.real(&at) else {
            return if name == "fileexists" { Ok(Value::bool(false)) } else { outside("is not there") };
        };
        let inside = |folder: &Path| self.files.real(folder).is_ok_and(|folder: PathBuf| real.starts_with(folder));
        if !folders().any(inside) {
            return outside("leads out of the modules that are read");
        }
        if name == "fileexists" {
            return Ok(Value::bool(true));
        }
        let text = match self.files.read(&at) {
            Ok(bytes) if bytes.len() > MOST_BYTES => return outside("is too large"),
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(_) => return outside("is no text"),
            },
            Err(_) => return outside("cannot be read"),
        };
        self.spend(text.len() / 64)?;
        match name {
            "file" => Ok(Value::text(text)),
            "templatefile" => {
                let Ok(template) = hcl_edit::parser::parse_template(&text) else {
                    return outside("is a template that cannot be read");
                };
                let variables = match arguments.get(1).map(|variables| &variables.kind) {
                    Some(Kind::Map(map)) => map.clone(),
                    Some(Kind::Unknown(_)) => return Ok(arguments[1].clone()),
                    _ => Rc::new(BTreeMap::new()),
                };
                let elements: Vec<_> = template.iter().collect();
                // What a template binds is all that it sees.
                let outer = Env { scope: usize::MAX, each: None, bound: None };
                let value = self.bound_all(&variables.iter().collect::<Vec<_>>(), None, &|bound| {
                    self.template(&Env { bound, ..outer }, &elements, false)
                });
                let _ = env;
                value
            }
            _ => Ok(Value::unknown(not_known(&format!("the function `{name}`")))),
        }
    }

    /// Works something out with these names bound.
    fn bound_all(
        &self,
        variables: &[(&Rc<str>, &Value)],
        outer: Option<&Bound<'_>>,
        work: &dyn Fn(Option<&Bound<'_>>) -> Outcome,
    ) -> Outcome {
        match variables.split_first() {
            None => work(outer),
            Some(((name, value), rest)) => {
                if rest.len() > 500 {
                    return Err(Box::new(beyond("a template with too many variables")));
                }
                self.bound_all(rest, Some(&Bound { name, value: (*value).clone(), outer }), work)
            }
        }
    }
}

/// The work that a function has with a value.
fn size(value: &Value) -> usize {
    1 + match &value.kind {
        Kind::List(items) => items.len() / 8,
        Kind::Map(map) => map.len() / 8,
        Kind::Text(text) => text.len() / 64,
        _ => 0,
    }
}

fn not_known(what: &str) -> Gap {
    Gap::new(GapKind::NotUnderstood, format!("{what} is not worked out"))
        .with_remedy(Remedy::Do("write the value out, or scan a plan instead".into()))
}
