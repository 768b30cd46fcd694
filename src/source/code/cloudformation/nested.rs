//! Stacks inside of stacks: which template of the run a nested stack is made from, and what it is given.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::evaluate::{Choices, Want, World};
use super::stack::{Input, Stage};
use super::template::{Declaration, Template};
use super::tree::Value;
use super::worlds;
use crate::inventory::{Gap, GapKind, Remedy};
use crate::source::code::node::Node;
use crate::source::code::path::plain;

/// Stacks inside one another that are followed.
const DEEPEST: usize = 8;

/// For each template the nested stacks of it that are made from others of the run, by logical id; and of which one it is part.
#[derive(Default)]
pub(super) struct Family {
    pub(super) children: Vec<BTreeMap<String, usize>>,
    pub(super) parents: Vec<Option<(usize, String)>>,
}

/// The file that a nested stack is made from, as its template names it: what the CDK says in the metadata, or a path that
/// `aws cloudformation package` would take.
pub(super) fn file_of<'t>(declaration: &Declaration<'t>) -> Option<&'t str> {
    if declaration.kind != "AWS::CloudFormation::Stack" {
        return None;
    }
    let asset = declaration.metadata.and_then(|metadata| metadata.get("aws:asset:path")).and_then(Value::text);
    asset.or_else(|| declaration.property("TemplateURL").and_then(Value::text)).filter(|file| !file.contains("://"))
}

impl Family {
    pub(super) fn of(templates: &[(&Input, Template<'_>)]) -> Self {
        let by_path: BTreeMap<PathBuf, usize> =
            templates.iter().enumerate().map(|(at, (input, _))| (plain(Path::new(&input.path)), at)).collect();
        let mut family = Family { children: vec![BTreeMap::new(); templates.len()], parents: vec![None; templates.len()] };
        let mut twice = vec![false; templates.len()];
        // What a macro may rewrite gives nothing for certain.
        for (at, (input, template)) in templates.iter().enumerate().filter(|(_, (_, template))| template.macros.is_empty()) {
            let folder = Path::new(&input.path).parent().unwrap_or(Path::new(""));
            for declaration in template.declarations.values() {
                let Some(file) = file_of(declaration) else { continue };
                let Some(child) = by_path.get(&plain(&folder.join(file))).copied().filter(|child| *child != at) else { continue };
                twice[child] |= family.parents[child].is_some();
                family.parents[child] = Some((at, declaration.logical.to_string()));
            }
        }
        // A template that several stacks are made from is none of them.
        for (child, parent) in family.parents.iter_mut().enumerate() {
            match parent {
                Some((at, logical)) if !twice[child] => {
                    family.children[*at].insert(logical.clone(), child);
                }
                _ => *parent = None,
            }
        }
        family
    }

    /// The outermost stack that a template is part of: itself, where it is part of none.
    pub(super) fn root(&self, at: usize) -> usize {
        let mut root = at;
        for _ in 0..DEEPEST {
            match self.parents.get(root) {
                Some(Some((parent, _))) => root = *parent,
                _ => break,
            }
        }
        root
    }
}

/// What the stack around it gives a nested stack: each parameter as text, and as a name.
pub(super) fn given(stage: &Stage<'_>, logical: &str) -> BTreeMap<String, (Node, Node)> {
    let Some(declaration) = stage.template.declarations.get(logical) else { return BTreeMap::new() };
    let entries = declaration.property("Parameters").map_or(&[][..], Value::entries);
    let none = Choices::new();
    let read = |value: &Value<'_>, want: Want| {
        let world = World::new(stage, &none);
        let node = world.node(value, want);
        let is_open = world.open.borrow().is_some();
        if is_open { Node::unknown(super::evaluate::after("a parameter of the stack around it")) } else { node }
    };
    let both = |value: &Value<'_>| (read(value, Want::Text), read(value, Want::Name));
    entries.iter().map(|entry| (entry.key.to_string(), both(&entry.value))).collect()
}

/// Whether a nested stack is made.
///
/// # Errors
/// Why that is not known.
pub(super) fn is_made(stage: &Stage<'_>, logical: &str) -> Result<bool, Gap> {
    if !stage.is_made.clone()? {
        return Ok(false);
    }
    let Some(condition) = stage.template.declarations.get(logical).and_then(|declaration| declaration.condition) else {
        return Ok(true);
    };
    let name = condition.text().unwrap_or_default();
    let depends = || {
        let message = format!("whether the nested stack {logical} is made depends on the condition {name}");
        Gap::new(GapKind::AbsentInput, message)
            .with_remedy(Remedy::Do("give the parameters of the condition values with `--parameters FILE`".into()))
    };
    let all = worlds::every(stage, |world| world.condition(name).map(|(truth, _)| truth))?;
    match all.as_slice() {
        all if all.iter().all(|truth| *truth == Ok(true)) => Ok(true),
        all if all.iter().all(|truth| *truth == Ok(false)) => Ok(false),
        _ => Err(depends()),
    }
}
