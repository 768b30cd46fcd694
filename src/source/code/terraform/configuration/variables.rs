//! Where the values of variables come from: files of variables, the command line, callers, and defaults.
//!
//! In Terraform's order, a later one above an earlier: `terraform.tfvars`, `terraform.tfvars.json`, `*.auto.tfvars` and
//! `*.auto.tfvars.json` by name, then what is given. The environment is not looked at: what a scan says follows from what it is
//! given. Source: <https://developer.hashicorp.com/terraform/language/values/variables>.

use std::collections::BTreeSet;
use std::path::Path;

use hcl_edit::expr::Expression;

use super::folder::{Files, shown};
use super::names::placed;
use super::parse::{Broken, SourceText, decoded, expression};
use super::value::{Kind, Outcome, Value, wrong};
use super::{Env, Of, Project, Scope};
use crate::inventory::{Basis, Gap, GapKind, Remedy};

/// Values that were given, later ones above earlier ones.
#[derive(Debug, Default)]
pub struct Given {
    sets: Vec<Set>,
}

#[derive(Debug)]
enum Set {
    Hcl(SourceText),
    Json(serde_json::Map<String, serde_json::Value>),
    Text { name: String, text: String },
}

/// Why a value cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GivenError {
    message: String,
}

impl GivenError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "write `--var NAME=VALUE`, or name a file as `terraform plan -var-file` takes it"
    }
}

impl Given {
    /// Adds a file of variables.
    ///
    /// # Errors
    /// Where it is none.
    pub fn file(&mut self, path: &str, bytes: &[u8]) -> Result<(), GivenError> {
        let failed =
            |broken: Broken| GivenError { message: format!("{path}:{}:{}: {}", broken.line, broken.column, broken.message) };
        if path.ends_with(".json") {
            let text = decoded(bytes).map_err(failed)?;
            let map = serde_json::from_str(text).map_err(|error| {
                let said = error.to_string();
                let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said).to_string();
                failed(Broken { line: error.line(), column: error.column().max(1), message: said })
            })?;
            self.sets.push(Set::Json(map));
            return Ok(());
        }
        let file = SourceText::parse(path, bytes).map_err(failed)?;
        if let Some(block) = file.body.blocks().next() {
            return Err(GivenError { message: format!("{}: a file of variables has no blocks", file.spot_of(block)) });
        }
        self.sets.push(Set::Hcl(file));
        Ok(())
    }

    /// Adds `NAME=VALUE`.
    ///
    /// # Errors
    /// It is not written like that.
    pub fn one(&mut self, text: &str) -> Result<(), GivenError> {
        match text.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                self.sets.push(Set::Text { name: name.trim().into(), text: value.into() });
                Ok(())
            }
            _ => Err(GivenError { message: format!("`{text}` gives no variable a value") }),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// The variables that were given a value by name, which some module should have.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.sets.iter().filter_map(|set| if let Set::Text { name, .. } = set { Some(name.as_str()) } else { None })
    }

    /// What a folder says itself; why a file of it cannot be used.
    pub(super) fn of_folder(files: &dyn Files, folder: &Path) -> (Given, Vec<Gap>) {
        let (mut given, mut gaps) = (Given::default(), Vec::new());
        let names: BTreeSet<String> = files.list(folder).unwrap_or_default().into_iter().collect();
        let first = ["terraform.tfvars", "terraform.tfvars.json"].into_iter().filter(|name| names.contains(*name));
        let automatic = |name: &&String| name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json");
        for name in first.chain(names.iter().filter(automatic).map(String::as_str)) {
            let path = shown(&folder.join(name));
            let read = files.read(&folder.join(name)).map_err(|error| format!("cannot read `{path}`: {error}"));
            if let Err(why) = read.and_then(|bytes| given.file(&path, &bytes).map_err(|error| error.to_string())) {
                let gap = Gap::new(GapKind::AbsentInput, why);
                gaps.push(gap.with_remedy(Remedy::Do("put the file right: nobody knows what it gives".into())));
            }
        }
        (given, gaps)
    }
}

/// What is given to one configuration.
pub(super) struct Values<'g> {
    pub(super) layers: Vec<&'g Given>,
    /// A file of values that was not read: what it gives is above what is known.
    pub(super) unread: Option<Gap>,
}

impl Values<'_> {
    fn last(&self, name: &str) -> Option<&Set> {
        let has = |set: &&Set| match set {
            Set::Hcl(file) => file.body.has_attribute(name),
            Set::Json(map) => map.contains_key(name),
            Set::Text { name: known, .. } => known == name,
        };
        self.layers.iter().rev().find_map(|given| given.sets.iter().rev().find(has))
    }
}

impl<'a> Project<'a> {
    pub(super) fn variable(&self, scope: &Scope<'a>, name: &str) -> Outcome {
        let Some(declared) = scope.module.variables.get(name) else {
            return Err(Box::new(wrong(&format!("`var.{name}`, which is not declared"))));
        };
        self.once(scope, Of::Variable, name, || {
            // What is a secret is not looked at.
            if declared.value("sensitive").is_some_and(|value| value.as_bool() != Some(false)) {
                return Ok(Value::secret());
            }
            let given = match &scope.caller {
                Some(caller) => match caller.call.attribute(name) {
                    Some((file, attribute)) => {
                        let env = Env { scope: caller.scope, each: caller.each.as_ref(), bound: None };
                        Some(self.eval(&env, &attribute.value).map_err(|gap| placed(gap, || file.spot(attribute)))?)
                    }
                    None => None,
                },
                None => self.of_root(name, declared.value("type"))?,
            };
            let null_is_default = declared.value("nullable").is_some_and(|value| value.as_bool() == Some(false));
            let given = given.filter(|value| !(null_is_default && value.is_null()));
            let value = match (given, declared.attribute("default")) {
                (Some(value), _) => value,
                (None, Some((file, attribute))) => {
                    let value = self.eval(&Env { scope: usize::MAX, each: None, bound: None }, &attribute.value);
                    let value = value.map_err(|gap| placed(gap, || file.spot(attribute)))?;
                    if scope.caller.is_none() {
                        self.assumed.borrow_mut().insert(name.to_string());
                        value.by(Basis::AssumedDefault)
                    } else {
                        value
                    }
                }
                (None, None) => self.not_given(scope, name),
            };
            match declared.attribute("type") {
                Some((file, kind)) => {
                    let spot = || file.spot(kind);
                    let basis = value.basis;
                    let value = self.converted(value, &kind.value).map_err(|gap| placed(gap, spot))?;
                    Ok(if basis > Basis::Configured { assumed(value) } else { value })
                }
                None if value.basis > Basis::Configured => Ok(assumed(value)),
                None => Ok(value),
            }
        })
    }

    fn not_given(&self, scope: &Scope<'_>, name: &str) -> Value {
        let message = match scope.path.last() {
            Some(step) => format!("variable `{name}` of module {step} has no default, and no value was given"),
            None => {
                self.missing.borrow_mut().insert(name.to_string());
                format!("variable `{name}` has no default, and no value was given")
            }
        };
        let gap = Gap::new(GapKind::AbsentInput, message);
        let gap = gap.with_remedy(Remedy::Do(match scope.path.last() {
            Some(_) => "give it in the call of the module".into(),
            None => format!("give it with `--var {name}=...`, or with `--var-file FILE`"),
        }));
        Value::named(gap, format!("{}var.{name} of {}", super::names::prefix(scope), self.file))
    }

    /// The value that a variable of the root module was given.
    fn of_root(&self, name: &str, kind: Option<&Expression>) -> Result<Option<Value>, Box<Gap>> {
        if let Some(gap) = &self.given.unread {
            return Ok(Some(Value::named(gap.clone(), format!("var.{name} of {}", self.file))));
        }
        let none = Env { scope: usize::MAX, each: None, bound: None };
        match self.given.last(name) {
            None => Ok(None),
            Some(Set::Hcl(file)) => match file.body.get_attribute(name) {
                Some(attribute) => {
                    self.eval(&none, &attribute.value).map(Some).map_err(|gap| placed(gap, || file.spot(attribute)))
                }
                None => Ok(None),
            },
            Some(Set::Json(map)) => Ok(map.get(name).map(super::encoding::of_json)),
            Some(Set::Text { text, .. }) => {
                let is_text = match kind {
                    None => true,
                    Some(Expression::Variable(kind)) => matches!(kind.as_str(), "string" | "any"),
                    Some(kind) => kind.as_str() == Some("string"),
                };
                if is_text {
                    return Ok(Some(Value::text(text)));
                }
                let parsed = expression(text).map_err(|broken| {
                    Box::new(wrong(&format!("the value of `--var {name}=...` cannot be read: {}", broken.message)))
                })?;
                self.eval(&none, &parsed).map(Some)
            }
        }
    }
}

/// A value of which every part is assumed.
fn assumed(value: Value) -> Value {
    let basis = value.basis.max(Basis::AssumedDefault);
    match &value.kind {
        Kind::List(items) => Value::list(items.iter().cloned().map(assumed).collect()).being_set(value.is_set),
        Kind::Map(map) => Value::map(map.iter().map(|(key, value)| (key.clone(), assumed(value.clone()))).collect()),
        _ => value,
    }
    .by(basis)
}
