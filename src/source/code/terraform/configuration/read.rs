//! A root module as a stack of resources, and what of it could not be read.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use hcl_edit::structure::Block;
use hcl_edit::{Decorate, Span};

use super::expand::only_if;
use super::folder::{Files, Loaded, Module, is_configuration, load, shown};
use super::names::naming;
use super::parse::SourceText;
use super::value::{Kind, Value};
use super::variables::{Given, Values};
use super::{Env, Instance, Project, Scope, What};
use crate::inventory::{Fact, Gap, GapKind, Remedy, SourcePlace};
use crate::source::code::cloudformation::conditional;
use crate::source::code::node::{Node, State};
use crate::source::code::resource::{Body, OnlyIf, Stack, Target};
use crate::source::code::terraform;
use crate::source::code::terraform::address::{Address, Key};

/// The stack on which one configuration is worked out: expressions lead through names, and those through others.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// A root module.
#[derive(Clone, Debug)]
pub struct Root {
    pub folder: PathBuf,
    /// The folder that no call leads out of.
    pub within: PathBuf,
}

/// What was read of a root module.
#[derive(Clone, Debug)]
pub struct Read {
    pub stack: Stack,
    /// What could not be read, so that nobody knows what it makes.
    pub gaps: Vec<Gap>,
    /// The folders of the modules that it calls.
    pub called: Vec<PathBuf>,
    /// The variables that its root module declares.
    pub variables: BTreeSet<String>,
}

/// The files of a root module and of all that it calls, each with the names of the calls that lead to its module, its path and
/// its bytes. What cannot be read is left out.
///
/// # Errors
/// A folder that cannot be read.
pub fn sources(files: &dyn Files, root: &Root) -> io::Result<Vec<(String, String, Vec<u8>)>> {
    let loaded = load(files, &root.folder, &root.within)?;
    let mut all = Vec::new();
    for (key, number) in &loaded.calls {
        let Some(folder) = number.as_ref().ok().and_then(|number| loaded.folders.get(*number)) else { continue };
        let mut names = files.list(&folder.path)?;
        names.sort();
        for name in names.iter().filter(|name| is_configuration(name)) {
            let path = folder.path.join(name);
            if let Ok(bytes) = files.read(&path) {
                all.push((key.clone(), shown(&path), bytes));
            }
        }
    }
    Ok(all)
}

/// Whether a folder holds Terraform's configuration.
pub fn is_root(files: &dyn Files, folder: &Path) -> bool {
    files.list(folder).is_ok_and(|names| names.iter().any(|name| is_configuration(name)))
}

/// Reads a root module and all that it calls.
///
/// # Errors
/// The folder itself cannot be read.
pub fn read(files: &dyn Files, root: &Root, given: &Given) -> Result<Read, Gap> {
    let failed = |why: String| {
        Gap::new(GapKind::AbsentInput, format!("cannot read `{}`: {why}", shown(&root.folder)))
            .with_remedy(Remedy::Do("let it be read, or name another folder".into()))
    };
    let work = || {
        let loaded = load(files, &root.folder, &root.within).map_err(|error| failed(error.to_string()))?;
        Ok(worked_out(files, root, given, &loaded))
    };
    std::thread::scope(|scope| match std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work) {
        Ok(thread) => match thread.join() {
            Ok(read) => read,
            Err(panic) => std::panic::resume_unwind(panic),
        },
        Err(error) => Err(failed(error.to_string())),
    })
}

fn worked_out(files: &dyn Files, root: &Root, given: &Given, loaded: &Loaded) -> Read {
    prepared(files, root, given, loaded, |project, mut gaps| {
        let mut stack = project.read(&gaps);
        let called = project.modules.iter().skip(1).map(|module| module.folder.clone()).collect();
        let variables = project.modules.first().map(|module| module.variables.keys().map(|name| (*name).to_string()).collect());
        gaps.extend(loaded.calls.values().filter_map(|led| led.clone().err()));
        gaps.extend(project.gaps.borrow().iter().cloned());
        gaps.sort();
        gaps.dedup();
        stack.is_whole &= gaps.is_empty();
        Read { stack, gaps, called, variables: variables.unwrap_or_default() }
    })
}

/// A project with its root module, and what of the folders could not be read.
pub(super) fn prepared<T>(
    files: &dyn Files,
    root: &Root,
    given: &Given,
    loaded: &Loaded,
    work: impl FnOnce(&Project<'_>, Vec<Gap>) -> T,
) -> T {
    let modules: Vec<Module<'_>> = loaded.folders.iter().map(Module::of).collect();
    let (own, unread) = Given::of_folder(files, &root.folder);
    let mut gaps: Vec<Gap> = loaded.folders.iter().flat_map(|folder| folder.gaps.clone()).collect();
    gaps.extend(modules.iter().flat_map(|module| module.gaps.clone()));
    gaps.extend(unread.iter().cloned());
    let project = Project {
        file: shown(&root.folder),
        files,
        modules: &modules,
        calls: &loaded.calls,
        given: Values { layers: vec![&own, given], unread: unread.into_iter().next() },
        scopes: RefCell::default(),
        gaps: RefCell::default(),
        assumed: RefCell::default(),
        missing: RefCell::default(),
        names: RefCell::default(),
        open_names: RefCell::default(),
        work: Cell::new(0),
        depth: Cell::new(0),
    };
    if let Some(module) = modules.first() {
        let root = Rc::new(Scope {
            number: 0,
            module,
            path: Vec::new(),
            key: String::new(),
            caller: None,
            homes: RefCell::default(),
            basis: Default::default(),
            doubt: None,
            places: Vec::new(),
            memo: RefCell::default(),
            expanded: RefCell::default(),
            instances: RefCell::default(),
        });
        project.scopes.borrow_mut().push(root.clone());
        let own = project.own_providers(&root);
        root.homes.borrow_mut().extend(own);
    }
    work(&project, gaps)
}

/// A resource that was worked out, and why it may not be made.
struct Found {
    instance: terraform::Instance,
    only_if: Option<OnlyIf>,
    /// Whether it stands for several, of which it is not known which there are.
    is_several: bool,
}

impl<'a> Project<'a> {
    fn read(&self, unread: &[Gap]) -> Stack {
        let Some(root) = self.scope(0) else { return self.stack(0) };
        let mut all: Vec<(Rc<Scope<'a>>, Rc<Instance>)> = Vec::new();
        let mut walk = Walk { kinds: BTreeMap::new(), count: 0, hides: Vec::new(), touched: BTreeMap::new() };
        self.walk(&root, &mut walk, &mut all);
        self.learn_names(&all);
        let mut found: BTreeMap<String, Found> = BTreeMap::new();
        for (scope, instance) in &all {
            if let Some(one) = self.found(scope, instance, unread.first(), &walk.touched) {
                found.insert(instance.address.to_string(), one);
            }
        }
        let mut doubts = BTreeMap::new();
        let mut instances: BTreeMap<String, terraform::Instance> = BTreeMap::new();
        for (address, one) in found {
            if let Some(only_if) = one.only_if {
                doubts.insert(address.clone(), (only_if, one.is_several));
            }
            instances.insert(address, one.instance);
        }
        let mut stack = self.stack(walk.count);
        stack.hides = unread.iter().cloned().chain(walk.hides).collect();
        stack.resources = terraform::resources_of(&self.file, &instances);
        let conditions: BTreeMap<String, String> =
            doubts.iter().map(|(address, (only_if, _))| (address.clone(), only_if.condition.clone())).collect();
        for resource in &mut stack.resources {
            let Some((only_if, is_several)) = doubts.remove(&resource.address) else { continue };
            if let (Body::Trail(_), true) = (&resource.body, is_several) {
                stack.hides.push(only_if.gap.clone());
                stack.is_whole = false;
            }
            // What is made with what it is about is about it for certain.
            let together = match &resource.body {
                Body::Setting { of: Fact::Known { value: Some(Target::Resource(of)), .. }, .. }
                | Body::Alias { of: Fact::Known { value: Some(Target::Resource(of)), .. } } => {
                    conditions.get(of) == Some(&only_if.condition)
                }
                _ => false,
            };
            if !together {
                let blank = Body::Alias { of: Fact::Unknown(only_if.gap.clone()) };
                resource.body = conditional(std::mem::replace(&mut resource.body, blank), &only_if.gap);
            }
            resource.only_if = Some(only_if);
        }
        stack.notes = self.notes();
        stack
    }

    fn stack(&self, count: usize) -> Stack {
        Stack {
            file: self.file.clone(),
            kind: "Terraform configuration",
            written_by: None,
            count,
            home: self.default_home(),
            resources: Vec::new(),
            is_whole: true,
            notes: Vec::new(),
            hides: Vec::new(),
            read: None,
            before: None,
            actions: Vec::new(),
        }
    }

    /// Goes through a module and all below it.
    fn walk(&self, scope: &Rc<Scope<'a>>, walk: &mut Walk, all: &mut Vec<(Rc<Scope<'a>>, Rc<Instance>)>) {
        for name in scope.module.resources.keys().filter(|(is_data, _, _)| !is_data) {
            if !walk.is_known(name.1) {
                walk.count += 1;
                continue;
            }
            let instances = self.instances(scope, *name);
            walk.count += instances.len();
            all.extend(instances.into_iter().map(|instance| (scope.clone(), instance)));
        }
        for (name, call) in &scope.module.calls {
            for instance in self.module_instances(scope, name) {
                match &instance.what {
                    What::Module(Ok(number)) => {
                        if let Some(below) = self.scope(*number) {
                            self.walk(&below, walk, all);
                        }
                    }
                    What::Module(Err(gap)) => {
                        walk.hides.push(gap.clone());
                        // What it is given it may set something of.
                        let env = Env { scope: scope.number, each: instance.each.as_ref(), bound: None };
                        for attribute in call.attributes() {
                            if let Some(Ok(value)) = call.value(attribute).map(|value| self.eval(&env, value)) {
                                touched(&value, gap, &mut walk.touched);
                            }
                        }
                    }
                    What::Resource { .. } | What::Block { .. } => {}
                }
            }
        }
    }

    /// Learns by which open names resources of the code are called.
    fn learn_names(&self, all: &[(Rc<Scope<'a>>, Rc<Instance>)]) {
        for (_, instance) in all {
            let Some((_, kind, _)) = instance.name() else { continue };
            for attribute in naming(kind).into_iter().chain(naming(kind).map(|_| "arn")) {
                let Ok(value) = self.instance_attribute(instance, attribute) else { continue };
                if let Kind::Identity(identity) = &value.kind
                    && let Some(Kind::Open(open)) = &identity.text
                {
                    if attribute != "arn" {
                        self.names.borrow_mut().insert(open.text.clone());
                    }
                    self.open_names.borrow_mut().insert(open.text.clone());
                }
            }
        }
    }

    fn found(
        &self,
        scope: &Rc<Scope<'a>>,
        instance: &Rc<Instance>,
        unread: Option<&Gap>,
        touched: &BTreeMap<String, Gap>,
    ) -> Option<Found> {
        let name @ (_, kind, of) = instance.name()?;
        let declared = scope.module.resources.get(&name)?;
        let (file, block) = declared.first()?;
        let home = self.home(scope, instance);
        let mut node = self.resource_node(scope, instance);
        let own = self.own(scope, instance, kind, &home.partition);
        if let State::Map(map) = &mut node.state {
            if let Some(policy) = map.get_mut("policy")
                && let State::Text(text) = &policy.state
                && let Err(gap) = self.settled(text, own.as_deref(), &home)
            {
                policy.state = State::Unknown(gap);
            }
            let name = own.as_deref().and_then(|arn| arn.rsplit_once(":::")).map(|(_, name)| name);
            let by_name = || own.as_deref().into_iter().chain(name).find_map(|name| touched.get(name));
            if let Some(gap) = touched.get(&*instance.address).or_else(by_name).or(unread) {
                for attribute in set_apart(kind) {
                    map.entry((*attribute).to_string()).or_insert_with(|| Node::unknown(may_be_set(gap)));
                }
            }
        }
        let address = Address {
            modules: scope.path.clone(),
            is_data: false,
            r#type: kind.to_string(),
            name: of.to_string(),
            key: instance.key.clone(),
        };
        let place = file.place_of(block, &address.resource());
        let mut related = scope.places.clone();
        related.extend(waivers(file, block));
        let made = terraform::Instance { address, node, home, is_new: true, place, related };
        let only_if = only_if(scope, declared, &self.file, instance.doubt.as_ref());
        let is_several = instance.key == Some(Key::Any) || scope.path.iter().any(|step| step.key == Some(Key::Any));
        Some(Found { instance: made, only_if, is_several })
    }

    /// The ARN of the bucket that a resource is, or sets something of.
    fn own(&self, scope: &Rc<Scope<'a>>, instance: &Rc<Instance>, kind: &str, partition: &str) -> Option<String> {
        if !kind.starts_with("aws_s3_bucket") {
            return None;
        }
        let value = match kind {
            "aws_s3_bucket" => self.instance_attribute(instance, "bucket").ok()?,
            _ => {
                let declared = scope.module.resources.get(&instance.name()?)?;
                let env = Env { scope: scope.number, each: instance.each.as_ref(), bound: None };
                self.eval(&env, declared.value("bucket")?).ok()?
            }
        };
        let name = match &value.kind {
            Kind::Text(name) => name.to_string(),
            Kind::Identity(_) => value.as_text().ok()?.ok()?,
            Kind::Open(_) | Kind::Unknown(_) => value.as_text().ok()?.ok().filter(|name| self.names.borrow().contains(name))?,
            _ => return None,
        };
        Some(format!("arn:{partition}:s3:::{name}"))
    }

    /// What the reader of a report should know of how the configuration was read.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let mut say = |names: Vec<String>, one: &str, many: &str| {
            let shown: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
            match (names.len(), names.len().saturating_sub(shown.len())) {
                (0, _) => {}
                (1, _) => notes.push(format!("variable {} {one}", shown.join(", "))),
                (_, 0) => notes.push(format!("variables {} {many}", shown.join(", "))),
                (_, more) => notes.push(format!("variables {} and {more} more {many}", shown.join(", "))),
            }
        };
        say(
            self.assumed.borrow().iter().cloned().collect(),
            "is assumed to keep its default; `--var NAME=VALUE` says otherwise",
            "are assumed to keep their defaults; `--var NAME=VALUE` says otherwise",
        );
        say(
            self.missing.borrow().iter().cloned().collect(),
            "has no value; give it with `--var NAME=VALUE`",
            "have no values; give them with `--var NAME=VALUE`",
        );
        notes
    }
}

/// What was seen on the way through the modules.
struct Walk {
    /// Whether resources of a type are looked at.
    kinds: BTreeMap<String, bool>,
    count: usize,
    hides: Vec<Gap>,
    /// Resources that a module which was not read may set something of, by address and by name.
    touched: BTreeMap<String, Gap>,
}

impl Walk {
    fn is_known(&mut self, kind: &str) -> bool {
        if let Some(known) = self.kinds.get(kind) {
            return *known;
        }
        let known = terraform::is_looked_at(kind);
        self.kinds.insert(kind.to_string(), known);
        known
    }
}

/// The resources that a value names, by their addresses, and its texts, which may be names of some.
fn touched(value: &Value, gap: &Gap, found: &mut BTreeMap<String, Gap>) {
    match &value.kind {
        Kind::Identity(identity) => {
            for address in &identity.addresses {
                found.entry(address.to_string()).or_insert_with(|| gap.clone());
            }
        }
        Kind::Text(text) => drop(found.entry(text.to_string()).or_insert_with(|| gap.clone())),
        Kind::Open(open) => drop(found.entry(open.text.clone()).or_insert_with(|| gap.clone())),
        Kind::Instance(instance) => drop(found.entry(instance.address.to_string()).or_insert_with(|| gap.clone())),
        Kind::List(items) => items.iter().for_each(|item| touched(item, gap, found)),
        Kind::Map(map) => map.values().for_each(|value| touched(value, gap, found)),
        _ => {}
    }
}

/// What resources of their own may set of one of this type.
fn set_apart(kind: &str) -> &'static [&'static str] {
    match kind {
        "aws_s3_bucket" => &[
            "acl",
            "grant",
            "lifecycle_rule",
            "logging",
            "object_lock_configuration",
            "policy",
            "replication_configuration",
            "server_side_encryption_configuration",
            "versioning",
            terraform::SET_APART,
        ],
        "aws_kms_key" | "aws_sns_topic" => &["policy"],
        _ => &[],
    }
}

fn may_be_set(gap: &Gap) -> Gap {
    Gap { message: format!("it may be set by what was not read: {}", gap.message), ..gap.clone() }
}

/// The waivers that the comments before a block name: `# trailproof:waive ID`.
fn waivers(file: &SourceText, block: &Block) -> Vec<SourcePlace> {
    const MARK: &str = "trailproof:waive";
    let (Some(comments), Some(span)) = (block.decor().prefix(), block.span()) else { return Vec::new() };
    let text: &str = comments;
    let Some(start) = span.start.checked_sub(text.len()) else { return Vec::new() };
    let named = text.match_indices(MARK).flat_map(|(at, _)| {
        let line = text.get(at + MARK.len()..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        line.split([' ', ',', '\t']).filter(|id| !id.is_empty() && *id != "*/").map(move |id| (at, id)).collect::<Vec<_>>()
    });
    named
        .filter_map(|(at, id)| {
            let place = file.at(start + at, "")?;
            Some(SourcePlace::of_waiver(place.file, place.line, place.column, id))
        })
        .collect()
}
