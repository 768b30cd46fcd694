//! `count` and `for_each`: the instances of resources and of modules, as far as it is known which there are.

use std::cell::RefCell;
use std::rc::Rc;

use hcl_edit::expr::Expression;

use super::folder::{Declared, Name};
use super::names::{display, placed, prefix};
use super::value::{Kind, Value, wrong};
use super::{Caller, Each, Env, Instance, MOST_SCOPES, Project, Scope, What};
use crate::inventory::code::OPEN;
use crate::inventory::{Basis, Gap, GapKind, Remedy};
use crate::source::code::resource::OnlyIf;
use crate::source::code::terraform::address::{Key, Step};

/// Instances of one thing that are looked at.
const MOST: usize = 2_000;

/// Which instances there are.
#[derive(Clone, Debug)]
pub(super) enum Expanded {
    One,
    Count(usize, Basis),
    Keys(Vec<(Rc<str>, Value)>, Basis),
    /// One stands for all of which it is not known whether they are made: the first, where there is no other.
    Open {
        gap: Gap,
        is_one: bool,
        is_keyed: bool,
    },
}

impl<'a> Project<'a> {
    /// Which instances of something there are, worked out once.
    pub(super) fn expanded(&self, scope: &Scope<'a>, text: &str, declared: &Declared<'a>) -> Expanded {
        if let Some(known) = scope.expanded.borrow().get(text) {
            return known.clone();
        }
        // What needs its own instances to tell which there are has no answer.
        let circle = Expanded::Open {
            gap: wrong(&format!("which instances of {}{text} there are depends on themselves", prefix(scope))),
            is_one: false,
            is_keyed: declared.value("for_each").is_some(),
        };
        scope.expanded.borrow_mut().insert(text.to_string(), circle);
        let found = self.work_out(scope, text, declared);
        scope.expanded.borrow_mut().insert(text.to_string(), found.clone());
        found
    }

    fn work_out(&self, scope: &Scope<'a>, text: &str, declared: &Declared<'a>) -> Expanded {
        let env = Env::of(scope.number);
        let address = format!("{}{text}", prefix(scope));
        let open = |gap: Gap, is_one: bool, is_keyed: bool| {
            let message = format!("whether {address} is made is not known: {}", gap.message);
            Expanded::Open { gap: Gap { message, ..gap }, is_one, is_keyed }
        };
        let fault = |gap: Box<Gap>, is_keyed: bool| {
            self.gaps.borrow_mut().insert((*gap).clone());
            open(*gap, false, is_keyed)
        };
        if let Some((file, attribute)) = declared.attribute("count") {
            let spot = || file.spot(attribute);
            let count = match self.eval(&env, &attribute.value).and_then(|value| Ok((value.to_number()?, value))) {
                Ok((Some(number), value)) if number >= 0.0 && number.fract() == 0.0 => {
                    if number > MOST as f64 {
                        let gap = Gap::new(GapKind::NotUnderstood, format!("{}: more than {MOST} instances", spot()));
                        let gap = gap.with_remedy(Remedy::Do("give it fewer, or scan a plan instead".into()));
                        return fault(Box::new(gap), false);
                    }
                    return Expanded::Count(number as usize, value.basis);
                }
                Ok((Some(_), _)) => Err(Box::new(wrong("a count that is no whole number"))),
                Ok((None, value)) => Ok(value),
                Err(gap) => Err(gap),
            };
            return match count {
                Ok(value) => open(value.open_gap(), self.is_one_at_most(&env, &attribute.value), false),
                Err(gap) => fault(placed(gap, spot), false),
            };
        }
        let Some((file, attribute)) = declared.attribute("for_each") else { return Expanded::One };
        match self.eval(&env, &attribute.value).and_then(|value| keys(&value)) {
            Ok(Ok((keys, basis))) if keys.len() <= MOST => Expanded::Keys(keys, basis),
            Ok(Ok(_)) => {
                let gap = Gap::new(GapKind::NotUnderstood, format!("{}: more than {MOST} instances", file.spot(attribute)));
                fault(Box::new(gap.with_remedy(Remedy::Do("give it fewer, or scan a plan instead".into()))), true)
            }
            Ok(Err(gap)) => open(gap, false, true),
            Err(gap) => fault(placed(gap, || file.spot(attribute)), true),
        }
    }

    /// Whether a count that is open can be 0 or 1 alone.
    fn is_one_at_most(&self, env: &Env<'_>, count: &Expression) -> bool {
        match count {
            Expression::Parenthesis(inner) => self.is_one_at_most(env, inner.inner()),
            Expression::Conditional(of) => [&of.true_expr, &of.false_expr].iter().all(|arm| self.is_one_at_most(env, arm)),
            other => {
                matches!(self.eval(env, other).map(|value| value.to_number()), Ok(Ok(Some(number))) if (0.0..=1.0).contains(&number))
            }
        }
    }

    /// The instances of a resource; of one that is open, what stands for them.
    pub(super) fn instances(&self, scope: &Scope<'a>, name: Name<'_>) -> Vec<Rc<Instance>> {
        let text = display(name);
        if let Some(known) = scope.instances.borrow().get(&text) {
            return known.clone();
        }
        let Some(declared) = scope.module.resources.get(&name) else { return Vec::new() };
        let expanded = self.expanded(scope, &text, declared);
        let (is_data, kind, of) = name;
        let address = format!("{}{text}", prefix(scope));
        let made: Vec<Rc<Instance>> = each(&expanded)
            .into_iter()
            .map(|(key, each, doubt)| {
                let step = Step { name: String::new(), key: key.clone() };
                Rc::new(Instance {
                    scope: scope.number,
                    what: What::Resource { is_data, kind: kind.to_string(), name: of.to_string() },
                    key,
                    each,
                    address: format!("{address}{step}").into(),
                    doubt,
                })
            })
            .collect();
        scope.instances.borrow_mut().insert(text, made.clone());
        made
    }

    /// The instances of a module that is called, each with a scope of its own.
    pub(super) fn module_instances(&self, scope: &Rc<Scope<'a>>, name: &str) -> Vec<Rc<Instance>> {
        let text = format!("module.{name}");
        if let Some(known) = scope.instances.borrow().get(&text) {
            return known.clone();
        }
        let Some((_, call)) = scope.module.calls.get_key_value(name) else { return Vec::new() };
        let expanded = self.expanded(scope, &text, call);
        let key = if scope.key.is_empty() { name.to_string() } else { format!("{}.{name}", scope.key) };
        let missing = || Err(wrong(&format!("module {key}, which was not read")));
        let led = self.calls.get(&key).cloned().unwrap_or_else(missing);
        let mut made = Vec::new();
        for (number, each, doubt) in each(&expanded) {
            let step = Step { name: name.to_string(), key: number.clone() };
            let address: Rc<str> = format!("{}module.{step}", prefix(scope)).into();
            let what =
                led.clone().and_then(|module| self.call_scope(scope, call, module, &step, &key, each.clone(), doubt.as_ref()));
            made.push(Rc::new(Instance { scope: scope.number, what: What::Module(what), key: number, each, address, doubt }));
        }
        scope.instances.borrow_mut().insert(text, made.clone());
        made
    }

    #[expect(clippy::too_many_arguments, reason = "all that makes a scope, in the one place that makes it")]
    fn call_scope(
        &self,
        scope: &Scope<'a>,
        call: &'a Declared<'a>,
        module: usize,
        step: &Step,
        key: &str,
        each: Option<Each>,
        doubt: Option<&Gap>,
    ) -> Result<usize, Gap> {
        let number = self.scopes.borrow().len();
        if number >= MOST_SCOPES {
            let gap = wrong(&format!("more than {MOST_SCOPES} modules are called in {}", self.file));
            self.gaps.borrow_mut().insert(gap.clone());
            return Err(gap);
        }
        let module = self.modules.get(module).ok_or_else(|| wrong("a module that was not read"))?;
        let mut path = scope.path.clone();
        path.push(step.clone());
        let mut places = scope.places.clone();
        places.extend(call.first().and_then(|(file, block)| file.place_of(block, &format!("called as module {step}"))));
        let homes = RefCell::new(self.passed(scope, call, module));
        let basis = each.as_ref().map_or(scope.basis, |each| each.key.basis.max(scope.basis));
        let made = Rc::new(Scope {
            number,
            module,
            path,
            key: key.to_string(),
            caller: Some(Caller { scope: scope.number, call, each }),
            homes,
            basis,
            doubt: only_if(scope, call, &self.file, doubt),
            places,
            memo: Default::default(),
            expanded: Default::default(),
            instances: Default::default(),
        });
        self.scopes.borrow_mut().push(made.clone());
        let own = self.own_providers(&made);
        made.homes.borrow_mut().extend(own);
        Ok(number)
    }
}

/// What decides whether something is made, where that is not known: the same for what is made together or not at all.
pub(super) fn only_if(scope: &Scope<'_>, declared: &Declared<'_>, file: &str, doubt: Option<&Gap>) -> Option<OnlyIf> {
    let Some(gap) = doubt else { return scope.doubt.clone() };
    let written = declared.value("count").or_else(|| declared.value("for_each")).map(ToString::to_string);
    let above = scope.doubt.as_ref().map(|above| above.condition.as_str()).unwrap_or_default();
    let condition = format!("{above} {file}: {}{}", prefix(scope), written.unwrap_or_default().trim());
    Some(OnlyIf { condition, gap: gap.clone() })
}

/// The keys of instances, with what each sees, and why it may not be made.
fn each(expanded: &Expanded) -> Vec<(Option<Key>, Option<Each>, Option<Gap>)> {
    match expanded {
        Expanded::One => vec![(None, None, None)],
        Expanded::Count(count, basis) => (0..*count)
            .map(|at| {
                let each = Each { key: Value::number(at as f64).by(*basis), value: None };
                (Some(Key::Number(i64::try_from(at).unwrap_or(i64::MAX))), Some(each), None)
            })
            .collect(),
        Expanded::Keys(keys, basis) => keys
            .iter()
            .map(|(key, value)| {
                let each = Each { key: Value::new(Kind::Text(key.clone())).by(*basis), value: Some(value.clone()) };
                (Some(Key::Text(key.to_string())), Some(each), None)
            })
            .collect(),
        Expanded::Open { gap, is_one, is_keyed } => {
            let unknown = || Value::unknown(gap.clone());
            let each = match (is_keyed, is_one) {
                (true, _) => Each { key: unknown(), value: Some(unknown()) },
                (false, true) => Each { key: Value::number(0.0), value: None },
                (false, false) => Each { key: unknown(), value: None },
            };
            let key = if *is_one { Key::Number(0) } else { Key::Any };
            vec![(Some(key), Some(each), Some(gap.clone()))]
        }
    }
}

/// The keys of `for_each`, with their values; why they are not known.
#[expect(clippy::type_complexity, reason = "an error, an unknown or the keys: what each caller takes apart at once")]
fn keys(value: &Value) -> Result<Result<(Vec<(Rc<str>, Value)>, Basis), Gap>, Box<Gap>> {
    match &value.kind {
        Kind::Map(map) => Ok(Ok((map.iter().map(|(key, value)| (key.clone(), value.clone())).collect(), value.basis))),
        Kind::List(items) => {
            let mut keys: Vec<(Rc<str>, Value)> = Vec::new();
            let mut basis = value.basis;
            for item in items.iter() {
                let text = match item.as_text()? {
                    Ok(text) if !text.contains(OPEN) => text,
                    _ => return Ok(Err(item.open_gap())),
                };
                basis = basis.max(item.basis);
                keys.push((text.as_str().into(), Value::new(Kind::Text(text.as_str().into())).by(item.basis)));
            }
            keys.sort_by(|one, other| one.0.cmp(&other.0));
            keys.dedup_by(|one, other| one.0 == other.0);
            Ok(Ok((keys, basis)))
        }
        Kind::Unknown(unknown) => Ok(Err(unknown.gap.clone())),
        Kind::Instance(_) | Kind::Identity(_) | Kind::Open(_) => Ok(Err(value.open_gap())),
        _ => Err(Box::new(wrong("a `for_each` of something that is neither a map nor a set"))),
    }
}
