//! What names stand for: variables, locals, modules, resources and their attributes.

use std::rc::Rc;

use hcl_edit::expr::TraversalOperator;

use super::expand::Expanded;
use super::folder::{Name, shown};
use super::home::dns_suffix;
use super::value::{Identity, Kind, Outcome, Unknown, Value, circle, wrong};
use super::{Env, Instance, Of, Project, Scope, What};
use crate::inventory::code::{OPEN, placeholder};
use crate::inventory::{Gap, GapKind, Remedy};
use crate::source::code::terraform::links::is_identity;

const PLAN: &str = "scan a plan instead: `terraform plan -out tfplan && terraform show -json tfplan > plan.json`";

impl<'a> Project<'a> {
    /// What the name at the beginning of a traversal stands for, and how many of its steps are used for that.
    pub(super) fn root(&self, env: &Env<'_>, name: &str, steps: &[&TraversalOperator]) -> Result<(Value, usize), Box<Gap>> {
        let mut bound = env.bound;
        while let Some(one) = bound {
            if one.name == name {
                return Ok((one.value.clone(), 0));
            }
            bound = one.outer;
        }
        let attribute = |at: usize| match steps.get(at) {
            Some(TraversalOperator::GetAttr(name)) => Some(name.as_str()),
            _ => None,
        };
        let none = || Box::new(wrong(&format!("`{name}`, which stands for nothing")));
        let Some(scope) = self.scope(env.scope) else { return Err(none()) };
        let value = match (name, attribute(0)) {
            ("var", Some(variable)) => self.variable(&scope, variable)?,
            ("local", Some(local)) => self.local(&scope, local)?,
            ("each", Some("key")) => match env.each {
                Some(each) if each.value.is_some() => each.key.clone(),
                _ => return Err(none()),
            },
            ("each", Some("value")) => match env.each.and_then(|each| each.value.clone()) {
                Some(value) => value,
                None => return Err(none()),
            },
            ("count", Some("index")) => match env.each {
                Some(each) if each.value.is_none() => each.key.clone(),
                _ => return Err(none()),
            },
            ("path", Some("module")) => Value::text(self.beside(&scope)),
            ("path", Some("root")) => Value::text("."),
            ("path", Some("cwd")) => {
                let gap = Gap::new(GapKind::KnownAfterApply, "the folder that Terraform is run in");
                Value::unknown(gap.with_remedy(Remedy::Do(PLAN.into())))
            }
            ("terraform", Some("workspace")) => self.workspace(),
            ("module", Some(call)) => self.module(&scope, call)?,
            ("data", Some(kind)) => {
                let Some(of) = attribute(1) else { return Err(none()) };
                return Ok((self.resource(&scope, (true, kind, of))?, 2));
            }
            ("self", _) => return Err(none()),
            (kind, Some(of)) => self.resource(&scope, (false, kind, of))?,
            _ => return Err(none()),
        };
        Ok((value, 1))
    }

    /// The folder of a module as seen from the root module.
    fn beside(&self, scope: &Scope<'_>) -> String {
        let root = self.modules.first().map(|module| module.folder.as_path()).unwrap_or(std::path::Path::new(""));
        let mut up = String::new();
        for above in root.ancestors() {
            if let Ok(rest) = scope.module.folder.strip_prefix(above) {
                let path = format!("{up}{}", rest.display()).replace('\\', "/");
                let path = path.trim_end_matches('/');
                return if path.is_empty() { ".".into() } else { path.to_string() };
            }
            up.push_str("../");
        }
        shown(&scope.module.folder)
    }

    /// The workspace that was chosen in this folder; which one others choose, nothing tells.
    fn workspace(&self) -> Value {
        let root = self.modules.first().map(|module| module.folder.clone()).unwrap_or_default();
        let chosen = self.files.read(&root.join(".terraform/environment")).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match chosen.map(|name| name.trim().to_string()).filter(|name| !name.is_empty()) {
            Some(name) => Value::text(name).by(crate::inventory::Basis::AssumedDefault),
            None => {
                let gap = Gap::new(GapKind::AbsentInput, "which workspace is used is not told")
                    .with_remedy(Remedy::Do(format!("choose one with `terraform workspace select NAME`, or {PLAN}")));
                Value::named(gap, format!("terraform.workspace of {}", self.file))
            }
        }
    }

    /// Works something out once; what needs itself for that is an error.
    pub(super) fn once(&self, scope: &Scope<'_>, of: Of, name: &str, work: impl FnOnce() -> Outcome) -> Outcome {
        let key = (of, name.to_string());
        match scope.memo.borrow().get(&key) {
            Some(Some(known)) => return known.clone(),
            Some(None) => {
                let what = match of {
                    Of::Variable => "variable",
                    Of::Local => "local value",
                    Of::Output => "output",
                    Of::Attribute | Of::Document => "attribute",
                };
                let spot = match of {
                    Of::Local => scope.module.locals.get(name).map(|(file, attribute)| file.spot(*attribute)),
                    Of::Variable => spot(scope.module.variables.get(name)),
                    Of::Output => spot(scope.module.outputs.get(name)),
                    Of::Attribute | Of::Document => None,
                };
                let gap = circle(&format!("{}: {what} `{name}` needs itself", spot.unwrap_or_else(|| self.file.clone())));
                self.gaps.borrow_mut().insert(gap.clone());
                return Err(Box::new(gap));
            }
            None => {}
        }
        scope.memo.borrow_mut().insert(key.clone(), None);
        let found = work();
        scope.memo.borrow_mut().insert(key, Some(found.clone()));
        found
    }

    fn local(&self, scope: &Scope<'a>, name: &str) -> Outcome {
        let Some((file, attribute)) = scope.module.locals.get(name) else {
            return Err(Box::new(wrong(&format!("`local.{name}`, which is not declared"))));
        };
        self.once(scope, Of::Local, name, || {
            self.eval(&Env::of(scope.number), &attribute.value).map_err(|gap| placed(gap, || file.spot(*attribute)))
        })
    }

    pub(super) fn output(&self, scope: &Scope<'a>, name: &str) -> Outcome {
        let Some(declared) = scope.module.outputs.get(name) else {
            let what = scope.path.last().map(ToString::to_string).unwrap_or_default();
            return Err(Box::new(wrong(&format!("module {what} has no output `{name}`"))));
        };
        self.once(scope, Of::Output, name, || {
            // What is a secret is not looked at.
            if declared.value("sensitive").is_some_and(|value| value.as_bool() != Some(false)) {
                return Ok(Value::secret());
            }
            let Some((file, attribute)) = declared.attribute("value") else {
                return Err(Box::new(wrong(&format!("output `{name}` has no value"))));
            };
            self.eval(&Env::of(scope.number), &attribute.value).map_err(|gap| placed(gap, || file.spot(attribute)))
        })
    }

    /// What stands for a module: an instance, or several.
    fn module(&self, scope: &Rc<Scope<'a>>, name: &str) -> Outcome {
        let Some(call) = scope.module.calls.get(name) else {
            return Err(Box::new(wrong(&format!("`module.{name}`, which is not called"))));
        };
        let expanded = self.expanded(scope, &format!("module.{name}"), call);
        let instances = self.module_instances(scope, name);
        Ok(together(&expanded, &instances, format!("{}module.{name} of {}", prefix(scope), self.file)))
    }

    /// What stands for a resource: an instance, or several.
    fn resource(&self, scope: &Rc<Scope<'a>>, name: Name<'_>) -> Outcome {
        let text = display(name);
        let Some(declared) = scope.module.resources.get(&name) else {
            return Err(Box::new(wrong(&format!("`{text}`, which is not declared"))));
        };
        let expanded = self.expanded(scope, &text, declared);
        let instances = self.instances(scope, name);
        Ok(together(&expanded, &instances, format!("{}{text} of {}", prefix(scope), self.file)))
    }

    /// An attribute of an instance.
    pub(super) fn instance_attribute(&self, instance: &Rc<Instance>, name: &str) -> Outcome {
        match &instance.what {
            What::Module(Ok(number)) => {
                let Some(scope) = self.scope(*number) else { return Err(Box::new(wrong("a module that is not there"))) };
                let value = self.output(&scope, name)?;
                Ok(if instance.is_made() { value } else { doubtful(&value) })
            }
            What::Module(Err(gap)) => Ok(Value::named(gap.clone(), format!("{}.{name} of {}", instance.address, self.file))),
            What::Block { of, name: block, at } => self.of_block(of, block, *at, name),
            What::Resource { .. } => {
                let Some(scope) = self.scope(instance.scope) else { return Err(Box::new(wrong("a module that is not there"))) };
                let key = format!("{}.{name}", instance.address);
                self.once(&scope, Of::Attribute, &key, || self.of_resource(&scope, instance, name))
            }
        }
    }

    fn of_resource(&self, scope: &Rc<Scope<'a>>, instance: &Rc<Instance>, name: &str) -> Outcome {
        let Some(of @ (is_data, kind, _)) = instance.name() else { return Ok(Value::null()) };
        let Some(declared) = scope.module.resources.get(&of) else { return Ok(Value::null()) };
        if is_data && let Some(value) = self.told(scope, instance, kind, name) {
            return value;
        }
        let written = match declared.attribute(name) {
            Some((file, attribute)) => {
                let env = Env { scope: scope.number, each: instance.each.as_ref(), bound: None };
                Some(self.eval(&env, &attribute.value).map_err(|gap| placed(gap, || file.spot(attribute)))?)
            }
            None => None,
        };
        if let Some(value) = written.clone().filter(|value| !value.is_null())
            && (naming(kind) != Some(name) || is_data)
        {
            return Ok(value);
        }
        let is_named = is_identity(name) || naming(kind) == Some(name);
        if is_named && (!is_data || naming(kind).is_some()) {
            let text = self.text_of(scope, instance, name);
            if is_data {
                return text.map(|text| Ok(Value::new(text))).unwrap_or_else(|| Ok(self.later(instance, name)));
            }
            let identity =
                Identity { addresses: vec![instance.address.clone()], attribute: name.into(), text, is_made: instance.is_made() };
            return Ok(Value::new(Kind::Identity(Rc::new(identity))).by(written.map(|value| value.basis).unwrap_or_default()));
        }
        let blocks = declared.blocks(name);
        if !blocks.is_empty() && blocks.iter().all(|(_, block)| block.ident.as_str() != "dynamic") {
            let block = |at: usize| {
                let what = What::Block { of: instance.clone(), name: name.to_string(), at };
                let address = format!("{}.{name}[{at}]", instance.address).into();
                let doubt = instance.doubt.clone();
                Value::new(Kind::Instance(Rc::new(Instance {
                    scope: instance.scope,
                    what,
                    key: None,
                    each: None,
                    address,
                    doubt,
                })))
            };
            return Ok(Value::list((0..blocks.len()).map(block).collect()));
        }
        Ok(self.later(instance, name))
    }

    /// An attribute of a block of an instance: what is not written in it only a plan tells.
    fn of_block(&self, of: &Rc<Instance>, block: &str, at: usize, name: &str) -> Outcome {
        let written = || {
            let scope = self.scope(of.scope)?;
            let declared = scope.module.resources.get(&of.name()?)?;
            let (file, block) = declared.blocks(block).get(at).copied()?;
            let attribute = block.body.get_attribute(name)?;
            let env = Env { scope: scope.number, each: of.each.as_ref(), bound: None };
            Some(self.eval(&env, &attribute.value).map_err(|gap| placed(gap, || file.spot(attribute))))
        };
        match written() {
            Some(Ok(value)) if value.is_null() => Ok(self.later(of, &format!("{block}[{at}].{name}"))),
            Some(written) => written,
            None => Ok(self.later(of, &format!("{block}[{at}].{name}"))),
        }
    }

    /// What only a plan, or AWS, tells.
    fn later(&self, instance: &Instance, name: &str) -> Value {
        let gap = Gap::new(GapKind::KnownAfterApply, format!("`{name}` of {} is not in the code", instance.address));
        Value::named(gap.with_remedy(Remedy::Do(PLAN.into())), format!("{}.{name} of {}", instance.address, self.file))
    }

    /// What data tells that follows from the code.
    fn told(&self, scope: &Rc<Scope<'a>>, instance: &Rc<Instance>, kind: &str, name: &str) -> Option<Outcome> {
        let home = || self.home(scope, instance);
        let open = |text: String, what: &str| {
            let gap = Gap::new(GapKind::KnownAfterApply, format!("{what} is not in the code")).with_remedy(Remedy::Do(
                "name it in the provider (`region`, `allowed_account_ids`), or scan a plan instead".into(),
            ));
            Some(Ok(Value::texts(text, &gap)))
        };
        match (kind, name) {
            ("aws_iam_policy_document", "json" | "minified_json") => Some(self.document(scope, instance)),
            ("aws_caller_identity", "account_id" | "id") => open(home().account, "the account"),
            ("aws_region", "name" | "region" | "id") => {
                let written = scope.module.resources.get(&instance.name()?)?.value("name").is_some();
                if written { None } else { open(home().region, "the Region") }
            }
            ("aws_partition", "partition" | "id") => open(home().partition, "the partition"),
            ("aws_partition", "dns_suffix") => open(dns_suffix(&home().partition).into(), "the partition"),
            _ => None,
        }
    }

    /// The text of an attribute that names a resource, with what stands for what is open in it. Nothing where it does not follow.
    fn text_of(&self, scope: &Rc<Scope<'a>>, instance: &Rc<Instance>, attribute: &str) -> Option<Kind> {
        let (is_data, kind, _) = instance.name()?;
        let of = naming(kind)?;
        let declared = scope.module.resources.get(&instance.name()?)?;
        let env = Env { scope: scope.number, each: instance.each.as_ref(), bound: None };
        let written = match declared.value(of).map(|value| self.eval(&env, value)) {
            Some(Ok(value)) if !value.is_null() => Some(value),
            Some(Err(_)) => return None,
            _ => None,
        };
        let (name, gap) = match &written {
            Some(value) => (value.as_text().ok()?.ok()?, value.open_gap()),
            None if is_data => return None,
            None => {
                let gap = Gap::new(GapKind::KnownAfterApply, format!("the name of {} is known after apply", instance.address))
                    .with_remedy(Remedy::Do(format!("write the name out, or {PLAN}")));
                (placeholder(&format!("{} in {}", instance.address, self.file)), gap)
            }
        };
        let home = self.home(scope, instance);
        let (partition, account, region) = (&home.partition, &home.account, &home.region);
        let within = |service: &str, rest: String| format!("arn:{partition}:{service}:{region}:{account}:{rest}");
        // A path stands between, where there is one; of what is not made here nobody says whether.
        let bare = !is_data && declared.value("path").is_none();
        let text = match (kind, attribute) {
            ("aws_s3_bucket", "id" | "bucket")
            | ("aws_cloudwatch_log_group", "id" | "name")
            | ("aws_kms_key", "id" | "key_id")
            | ("aws_iam_role" | "aws_iam_user", "id" | "name")
            | ("aws_cloudtrail" | "aws_sns_topic" | "aws_kms_alias", "name") => name,
            ("aws_s3_bucket", "arn") => format!("arn:{partition}:s3:::{name}"),
            ("aws_cloudtrail", "arn") => within("cloudtrail", format!("trail/{name}")),
            ("aws_cloudwatch_log_group", "arn") => within("logs", format!("log-group:{name}")),
            ("aws_sns_topic", "arn" | "id") => within("sns", name),
            ("aws_kms_key", "arn") => within("kms", format!("key/{name}")),
            ("aws_kms_alias", "arn") => within("kms", name),
            ("aws_iam_role", "arn") if bare => format!("arn:{partition}:iam::{account}:role/{name}"),
            ("aws_iam_user", "arn") if bare => format!("arn:{partition}:iam::{account}:user/{name}"),
            _ => return None,
        };
        let gap = if text.contains(OPEN) { gap } else { wrong("") };
        Some(Value::texts(text, &gap).kind)
    }
}

/// The attribute that names a resource of this type, where it is one whose ARN follows from its name. A key has none that is
/// written.
pub(super) fn naming(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "aws_s3_bucket" => "bucket",
        "aws_cloudtrail" | "aws_cloudwatch_log_group" | "aws_sns_topic" | "aws_kms_alias" | "aws_iam_role" | "aws_iam_user" => {
            "name"
        }
        "aws_kms_key" => "key_id",
        _ => return None,
    })
}

/// The words of a resource.
pub(super) fn display((is_data, kind, name): Name<'_>) -> String {
    if is_data { format!("data.{kind}.{name}") } else { format!("{kind}.{name}") }
}

/// `module.a.module.b["c"].`
pub(super) fn prefix(scope: &Scope<'_>) -> String {
    crate::source::code::terraform::address::prefix(&scope.path)
}

/// Instances as the value that they are together.
fn together(expanded: &Expanded, instances: &[Rc<Instance>], label: String) -> Value {
    let instance = |instance: &Rc<Instance>| Value::new(Kind::Instance(instance.clone()));
    match expanded {
        Expanded::One => instances.first().map_or_else(Value::null, instance),
        Expanded::Count(_, basis) => Value::list(instances.iter().map(instance).collect()).by(*basis),
        Expanded::Keys(keys, basis) => {
            let each = keys.iter().zip(instances).map(|((key, _), one)| (key.clone(), instance(one)));
            Value::map(each.collect()).by(*basis)
        }
        Expanded::Open { gap, .. } => Value::new(Kind::Unknown(Rc::new(Unknown {
            gap: gap.clone(),
            label: Some(label),
            is_secret: false,
            instance: instances.first().cloned(),
        }))),
    }
}

/// A value of something that may not be made.
fn doubtful(value: &Value) -> Value {
    let kind = match &value.kind {
        Kind::Identity(of) => Kind::Identity(Rc::new(Identity {
            addresses: of.addresses.clone(),
            attribute: of.attribute.clone(),
            text: of.text.clone(),
            is_made: false,
        })),
        Kind::List(items) => return Value::list(items.iter().map(doubtful).collect()).being_set(value.is_set).by(value.basis),
        Kind::Map(map) => {
            let made = map.iter().map(|(key, value)| (key.clone(), doubtful(value)));
            return Value::map(made.collect()).by(value.basis);
        }
        other => other.clone(),
    };
    Value::new(kind).by(value.basis)
}

fn spot(declared: Option<&super::Declared<'_>>) -> Option<String> {
    declared.and_then(super::Declared::first).map(|(file, block)| file.spot_of(block))
}

/// An error with its place, where it has none yet.
pub(super) fn placed(gap: Box<Gap>, spot: impl FnOnce() -> String) -> Box<Gap> {
    let has_place = gap.message.split(": ").next().is_some_and(|first| first.contains(".tf"));
    if has_place {
        return gap;
    }
    Box::new(Gap { message: format!("{}: {}", spot(), gap.message), ..*gap })
}
