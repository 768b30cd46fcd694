//! Templates of one run, each as a stack: where they are made, what they are given, and what they import of one another.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::TemplateError;
use super::evaluate::{Choices, Want, World};
use super::for_each;
use super::nested::{self, Family};
use super::parameters::Parameters;
use super::resources;
use super::template::Template;
use super::text::decode;
use super::tree::{Value, parse};
use crate::inventory::code::{is_placeholder, placeholder};
use crate::inventory::{Gap, GapKind, Remedy};
use crate::parallel;
use crate::source::code::node::Node;
use crate::source::code::resource::{Home, Resource, Stack};

/// A template to read.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The file as it was named.
    pub path: String,
    pub bytes: Vec<u8>,
    /// `CloudFormation template`, `CDK stack`.
    pub kind: &'static str,
    /// What wrote it, where that is known.
    pub written_by: Option<String>,
    /// Where and how an assembly says that the stack is made.
    pub made: Made,
}

/// What an assembly says of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    pub account: Option<String>,
    pub region: Option<String>,
    pub stack_name: Option<String>,
    pub parameters: BTreeMap<String, String>,
    /// The folder of the assembly: stacks of one that name no account are made in one.
    pub assembly: Option<String>,
}

impl Input {
    /// A file of its own.
    pub fn template(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        Input { path: path.into(), bytes, kind: "CloudFormation template", ..Input::default() }
    }
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Read {
    pub stacks: Vec<Stack>,
    /// Files that could not be read: nothing is known of what they hold.
    pub gaps: Vec<Gap>,
    /// Resources that templates make without writing them, so that the code is not all that there will be.
    pub unwritten: Vec<Gap>,
}

/// A template with what it is made with.
pub(super) struct Stage<'a> {
    pub(super) file: &'a str,
    pub(super) template: &'a Template<'a>,
    pub(super) given: Parameters,
    pub(super) home: Home,
    /// What the stack around it gives it: each parameter as text, and as a name.
    pub(super) inherited: BTreeMap<String, (Node, Node)>,
    /// Whether it is made at all, as far as that is known: a nested stack may not be.
    pub(super) is_made: Result<bool, Gap>,
    /// How many functions were worked out for it.
    pub(super) work: Cell<usize>,
    /// Nested stacks of it among the others, by logical id.
    children: BTreeMap<String, usize>,
    exports: &'a Exports<'a>,
    /// The others of the run, once they are known.
    others: &'a [Stage<'a>],
}

/// The places of exports among the templates, by name.
#[derive(Default)]
pub(super) struct Exports<'a> {
    by_name: BTreeMap<String, Vec<(usize, &'a Value<'a>)>>,
}

impl<'a> Stage<'a> {
    pub(super) fn stack_name(&self) -> String {
        match self.given.get("AWS::StackName") {
            Some(name) => name.to_string(),
            None => placeholder(&format!("name of the stack of {}", self.file)),
        }
    }

    /// The nested stack of that logical id, where its template is one of the run.
    pub(super) fn nested(&self, logical: &str) -> Option<&'a Stage<'a>> {
        self.others.get(*self.children.get(logical)?)
    }

    /// The stack that exports the name, and the value, where it is one alone that this one can import from.
    pub(super) fn exporter(&self, name: &str) -> Option<(&'a Stage<'a>, &'a Value<'a>)> {
        let near: Vec<(&'a Stage<'a>, &'a Value<'a>)> = self
            .exports
            .by_name
            .get(name)?
            .iter()
            .filter_map(|(at, value)| Some((self.others.get(*at)?, *value)))
            .filter(|(stage, _)| stage.home == self.home)
            .collect();
        match near.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }
}

/// Reads the templates of one run.
pub fn read(inputs: &[Input], parameters: &Parameters) -> Read {
    let mut read = Read::default();
    let mut texts: Vec<(&Input, Cow<'_, str>)> = Vec::new();
    for input in inputs {
        match decode(&input.bytes) {
            Ok(text) => texts.push((input, text)),
            Err(error) => read.gaps.push(of(input, error).gap()),
        }
    }
    let mut trees: Vec<(&Input, Value<'_>)> = Vec::new();
    for ((input, _), tree) in texts.iter().zip(parallel::map(&texts, |(_, text)| parse(text))) {
        match tree {
            Ok(mut tree) => {
                for_each::write_out(&mut tree);
                trees.push((input, tree));
            }
            Err(error) => read.gaps.push(of(input, error).gap()),
        }
    }
    let mut templates: Vec<(&Input, Template<'_>)> = Vec::new();
    for (input, tree) in &trees {
        match Template::read(tree) {
            Ok(template) => templates.push((input, template)),
            Err(error) => read.gaps.push(of(input, error).gap()),
        }
    }
    let family = Family::of(&templates);
    read.stacks = stacks(&templates, &family, parameters);
    for ((input, template), children) in templates.iter().zip(&family.children) {
        for (what, at) in template.unwritten(|logical| children.contains_key(logical)) {
            let message = format!("{}:{}:{}: {what}, which is not followed", input.path, at.line, at.column);
            let remedy = "give the template that they are made from too, or scan the account once the stack is made";
            read.unwritten.push(Gap::new(GapKind::NotInCode, message).with_remedy(Remedy::Do(remedy.into())));
        }
    }
    read
}

fn of(input: &Input, error: TemplateError) -> TemplateError {
    TemplateError { file: input.path.clone(), ..error }
}

fn stacks(templates: &[(&Input, Template<'_>)], family: &Family, parameters: &Parameters) -> Vec<Stack> {
    let nothing = Exports::default();
    let whose = whose(templates);
    let outermost = |at: usize| templates.get(family.root(at)).map(|(input, _)| *input);
    let mut homes: Vec<Home> =
        templates.iter().enumerate().map(|(at, (input, _))| home(outermost(at).unwrap_or(input), parameters, whose)).collect();
    let alone = staged(templates, family, parameters, &homes, (&nothing, &[]), &[]);
    let mut exports = Exports::default();
    for (at, (stage, (_, template))) in alone.iter().zip(templates).enumerate() {
        for (name, value) in &template.exports {
            if let Some(name) = plain(stage, name) {
                exports.by_name.entry(name).or_default().push((at, *value));
            }
        }
    }
    homes = joined(&alone, templates, family, &exports);
    // What a stack is given may come of what another exports, and that of what it is given.
    let first = staged(templates, family, parameters, &homes, (&nothing, &[]), &alone);
    let second = staged(templates, family, parameters, &homes, (&exports, &first), &first);
    let stages = staged(templates, family, parameters, &homes, (&exports, &second), &second);
    stages.iter().zip(templates).map(|(stage, (input, template))| stack(input, template, stage, parameters)).collect()
}

/// Each template as a stage; nested ones with what those `before` say that the stacks around them give.
fn staged<'a>(
    templates: &'a [(&'a Input, Template<'a>)],
    family: &Family,
    parameters: &Parameters,
    homes: &[Home],
    (exports, others): (&'a Exports<'a>, &'a [Stage<'a>]),
    before: &[Stage<'_>],
) -> Vec<Stage<'a>> {
    let each = templates.iter().zip(homes).zip(&family.children).zip(&family.parents);
    each.map(|((((input, template), home), children), parent)| {
        let around = parent.as_ref().and_then(|(at, logical)| Some((before.get(*at)?, logical)));
        let mut made = input.made.parameters.clone();
        if let Some(name) = &input.made.stack_name {
            made.insert("AWS::StackName".into(), name.clone());
        }
        Stage {
            file: &input.path,
            template,
            given: parameters.with(&made),
            home: home.clone(),
            is_made: around.as_ref().map_or(Ok(true), |(stage, logical)| nested::is_made(stage, logical)),
            inherited: around.map(|(stage, logical)| nested::given(stage, logical)).unwrap_or_default(),
            work: Cell::new(0),
            children: children.clone(),
            exports,
            others,
        }
    })
    .collect()
}

/// What the account and the Region of templates that tell neither are called by: each is made somewhere of its own, unless none of
/// them has a trail, so that there is nothing to keep apart.
fn whose(templates: &[(&Input, Template<'_>)]) -> Option<&'static str> {
    let has_trail = |template: &Template<'_>| template.declarations.values().any(|one| one.kind == "AWS::CloudTrail::Trail");
    (templates.len() > 1 && !templates.iter().any(|(_, template)| has_trail(template))).then_some("the templates")
}

fn home(input: &Input, parameters: &Parameters, whose: Option<&str>) -> Home {
    let made = &input.made;
    let own = made.assembly.as_ref().unwrap_or(&input.path);
    let whose = whose.unwrap_or(own).replace(':', ".");
    let given = |name: &str| parameters.get(name).map(str::to_string);
    let account = made.account.clone().or_else(|| given("AWS::AccountId"));
    let region = made.region.clone().or_else(|| given("AWS::Region"));
    // Nothing of a template says otherwise: outside of the Regions of China and GovCloud it is this one.
    let by_region = match region.as_deref() {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    Home {
        account: account.unwrap_or_else(|| placeholder(&format!("account of {whose}"))),
        partition: given("AWS::Partition").unwrap_or_else(|| by_region.to_string()),
        region: region.unwrap_or_else(|| placeholder(&format!("Region of {whose}"))),
    }
}

/// Text that is open nowhere.
fn plain(stage: &Stage<'_>, value: &Value<'_>) -> Option<String> {
    let none = Choices::new();
    let world = World::new(stage, &none);
    let text = world.node(value, Want::Text).text().ok().flatten()?;
    let is_open = world.open.borrow().is_some();
    (!is_open && !is_placeholder(&text)).then_some(text)
}

/// Where each stack is made. One that imports from another is made where that is: exports reach no further.
fn joined(stages: &[Stage<'_>], templates: &[(&Input, Template<'_>)], family: &Family, exports: &Exports<'_>) -> Vec<Home> {
    let mut homes: Vec<Home> = stages.iter().map(|stage| stage.home.clone()).collect();
    let mut pairs: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (at, (stage, (_, template))) in stages.iter().zip(templates).enumerate() {
        for name in template.imports.iter().filter_map(|name| plain(stage, name)) {
            if let Some([(from, _)]) = exports.by_name.get(&name).map(Vec::as_slice) {
                pairs.insert((at, *from));
            }
        }
        pairs.extend(family.parents.get(at).and_then(Option::as_ref).map(|(parent, _)| (at, *parent)));
    }
    // Each pass carries a home one import further.
    for _ in 0..pairs.len() {
        let mut is_settled = true;
        for (one, other) in &pairs {
            let Some([one, other]) = (if one == other { None } else { homes.get_disjoint_mut([*one, *other]).ok() }) else {
                continue;
            };
            is_settled &= same(&mut one.account, &mut other.account) & same(&mut one.region, &mut other.region);
        }
        if is_settled {
            break;
        }
    }
    homes
}

/// Makes two texts of one thing the same: the one that tells more, else the first of the two. Whether they were.
fn same(one: &mut String, other: &mut String) -> bool {
    if one == other {
        return true;
    }
    let best = match (is_placeholder(one), is_placeholder(other)) {
        (false, false) => return true,
        (true, false) => other.clone(),
        (false, true) => one.clone(),
        (true, true) => one.clone().min(other.clone()),
    };
    one.clone_from(&best);
    other.clone_from(&best);
    false
}

fn stack(input: &Input, template: &Template<'_>, stage: &Stage<'_>, parameters: &Parameters) -> Stack {
    let mut resources: Vec<Resource> = Vec::new();
    for declaration in template.declarations.values() {
        resources.extend(resources::read(stage, declaration));
    }
    Stack {
        file: input.path.clone(),
        kind: input.kind,
        written_by: input.written_by.clone(),
        count: template.declarations.len(),
        home: stage.home.clone(),
        resources,
        is_whole: template.unwritten(|logical| stage.children.contains_key(logical)).is_empty(),
        notes: notes(template, stage, parameters),
        hides: template.hides(|logical| stage.children.contains_key(logical)),
        read: None,
        before: None,
        actions: Vec::new(),
    }
}

/// What the reader of a report should know of how the template was read.
fn notes(template: &Template<'_>, stage: &Stage<'_>, parameters: &Parameters) -> Vec<String> {
    let mut notes = Vec::new();
    let mut say = |names: Vec<&str>, one: &str, many: &str| match names.as_slice() {
        [] => {}
        [name] => notes.push(format!("parameter {name} {one}")),
        names => notes.push(format!("parameters {} {many}", names.join(", "))),
    };
    let open = |name: &&str| stage.given.get(name).is_none() && !stage.inherited.contains_key(*name);
    let (assumed, missing): (Vec<&str>, Vec<&str>) = template
        .parameters
        .keys()
        .copied()
        .filter(open)
        // What the CDK looks up for its own.
        .filter(|name| *name != "BootstrapVersion")
        .partition(|name| template.parameters.get(name).is_some_and(|parameter| parameter.default.is_some()));
    say(
        assumed,
        "is assumed to keep its default; `--parameters FILE` says otherwise",
        "are assumed to keep their defaults; `--parameters FILE` says otherwise",
    );
    say(missing, "has no value; give it with `--parameters FILE`", "have no values; give them with `--parameters FILE`");
    for name in &template.macros {
        notes.push(format!("the macro `{name}` may rewrite every resource, so that none of them is known"));
    }
    for (what, _) in template.unwritten(|logical| stage.children.contains_key(logical)) {
        notes.push(format!("{what}, which is not followed"));
    }
    if !parameters.is_empty() && template.parameters.keys().all(|name| parameters.get(name).is_none()) {
        let unused: Vec<&str> = parameters.names().filter(|name| !name.starts_with("AWS::")).collect();
        if !unused.is_empty() && !template.parameters.is_empty() {
            notes.push("none of its parameters is among those of `--parameters`".into());
        }
    }
    notes
}
