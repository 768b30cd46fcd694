//! Blocks as the trees of values that the rest of the program reads: attributes with their places, `dynamic` blocks worked out.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use hcl_edit::structure::{Block, Body};

use super::expressions::pairs;
use super::folder::{Declared, makes};
use super::names::{naming, placed};
use super::parse::SourceText;
use super::value::{Kind, Value, wrong};
use super::{Bound, Env, Instance, Project, Scope};
use crate::inventory::code::{OPEN, is_placeholder, placeholders};
use crate::inventory::{Basis, Gap, SourcePlace};
use crate::source::code::node::{Node, State};
use crate::source::code::terraform::links::is_identity;

/// What Terraform itself reads of a resource.
const META: [&str; 8] = ["count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection", "timeouts"];

/// What a value is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum As {
    /// A value: what names a resource is a link to it.
    Value,
    /// The name of a resource: what is open in it is as good as its name.
    Name,
    /// A policy, or a part of one, with what stands for what is open.
    Policy,
    /// Text that is held against ARNs: whole, or with the names of resources of the code in it.
    Selector,
}

/// Where a block stands, and what its values are read as.
#[derive(Clone, Copy)]
struct Site<'s> {
    env: &'s Env<'s>,
    kind: &'s str,
    is_document: bool,
}

impl Site<'_> {
    fn reads(&self, attribute: &str) -> As {
        match attribute {
            _ if self.is_document => As::Policy,
            _ if naming(self.kind) == Some(attribute) || attribute == "name" => As::Name,
            "policy" => As::Policy,
            "values" | "equals" | "starts_with" | "ends_with" | "not_equals" | "not_starts_with" | "not_ends_with" | "tags" => {
                As::Selector
            }
            _ => As::Value,
        }
    }
}

impl<'a> Project<'a> {
    /// A resource as a tree of values.
    pub(super) fn resource_node(&self, scope: &Scope<'a>, instance: &Instance) -> Node {
        let Some(name @ (_, kind, _)) = instance.name() else { return Node::new(State::Absent) };
        let Some(declared) = scope.module.resources.get(&name) else { return Node::new(State::Absent) };
        let env = Env { scope: scope.number, each: instance.each.as_ref(), bound: None };
        let site = Site { env: &env, kind, is_document: false };
        let mut node = self.declared_node(site, declared);
        if let (State::Map(map), Some(provider)) = (&mut node.state, self.provider(scope, instance))
            && let Some(tags) = self.tags(&site, declared, provider.tags.as_ref())
        {
            map.insert("tags_all".into(), tags);
        }
        // It stands no firmer than that it is made.
        node.raise(instance.each.as_ref().map_or(scope.basis, |each| each.key.basis.max(scope.basis)));
        node
    }

    /// A policy document as a tree of texts.
    pub(super) fn document_node(&self, scope: &Scope<'a>, instance: &Instance) -> Node {
        let Some(declared) = instance.name().and_then(|name| scope.module.resources.get(&name)) else {
            return Node::new(State::Absent);
        };
        let env = Env { scope: scope.number, each: instance.each.as_ref(), bound: None };
        self.declared_node(Site { env: &env, kind: "aws_iam_policy_document", is_document: true }, declared)
    }

    /// The tags of a resource, those of its provider included.
    fn tags(&self, site: &Site<'_>, declared: &Declared<'a>, default: Option<&Value>) -> Option<Node> {
        let default = default.filter(|default| !default.is_null())?;
        let own = match declared.attribute("tags") {
            Some((_, attribute)) => self.eval(site.env, &attribute.value).unwrap_or_else(|gap| Value::unknown(*gap)),
            None => Value::null(),
        };
        let merged = super::collections::call(self, "merge", &[default.clone(), own])?;
        Some(self.node(&merged.unwrap_or_else(|gap| Value::unknown(*gap)), As::Selector, false))
    }

    fn declared_node(&self, site: Site<'_>, declared: &Declared<'a>) -> Node {
        let mut map = BTreeMap::new();
        let mut basis = Basis::Configured;
        for name in declared.attributes().into_iter().filter(|name| !META.contains(name)) {
            if let Some((file, attribute)) = declared.attribute(name) {
                let node = self.leaf(site, file, name, &attribute.value, file.place(attribute, name));
                basis = basis.max(node.basis);
                map.insert(name.to_string(), node);
            }
        }
        for name in declared.block_names().into_iter().filter(|name| !META.contains(name)) {
            map.insert(name.to_string(), self.block_list(site, name, &declared.blocks(name), 0));
        }
        Node { basis, ..Node::new(State::Map(map)) }
    }

    fn leaf(
        &self,
        site: Site<'_>,
        file: &SourceText,
        name: &str,
        expression: &hcl_edit::expr::Expression,
        place: Option<SourcePlace>,
    ) -> Node {
        let mut node = match self.eval(site.env, expression) {
            Ok(value) => self.node(&value, site.reads(name), true),
            Err(gap) => Node::unknown(*placed(gap, || file.spot(expression))),
        };
        if let State::Unknown(gap) = &mut node.state
            && !gap.message.starts_with('`')
        {
            gap.message = format!("`{name}`: {}", gap.message);
        }
        // Of an attribute of JSON only its value has a place.
        node.place = place.or_else(|| file.place(expression, name));
        node
    }

    /// The blocks of one name.
    fn block_list(&self, site: Site<'_>, name: &str, blocks: &[(&SourceText, &Block)], deeper: usize) -> Node {
        let mut nodes = Vec::new();
        let mut open: Option<Gap> = None;
        for (file, block) in blocks {
            let place = file.place_of(block, name);
            if block.ident.as_str() != "dynamic" {
                nodes.push(Node { place, ..self.block_node(site, file, &block.body, deeper) });
                continue;
            }
            match self.dynamic(site, file, block, name, deeper) {
                Ok(made) => nodes.extend(made.into_iter().map(|node| Node { place: place.clone(), ..node })),
                // Nobody knows how many there are, nor what they say.
                Err(gap) => drop(open.get_or_insert(*placed(gap, || file.spot_of(block)))),
            }
        }
        let place = blocks.first().and_then(|(file, block)| file.place_of(block, name));
        let basis = nodes.iter().map(|node| node.basis).max().unwrap_or_default();
        let state = match open {
            Some(gap) => State::Unknown(Gap { message: format!("`{name}`: {}", gap.message), ..gap }),
            None => State::List(nodes),
        };
        Node { place, basis, ..Node::new(state) }
    }

    fn block_node(&self, site: Site<'_>, file: &SourceText, body: &Body, deeper: usize) -> Node {
        if deeper > 24 {
            return Node::unknown(wrong("blocks inside of too many others"));
        }
        let mut map = BTreeMap::new();
        let mut basis = Basis::Configured;
        for attribute in body.attributes() {
            let name = attribute.key.as_str();
            let node = self.leaf(site, file, name, &attribute.value, file.place(attribute, name));
            basis = basis.max(node.basis);
            map.insert(name.to_string(), node);
        }
        let names: BTreeSet<&str> = body.blocks().map(makes).collect();
        for name in names {
            let blocks: Vec<(&SourceText, &Block)> =
                body.blocks().filter(|block| makes(block) == name).map(|block| (file, block)).collect();
            let node = self.block_list(site, name, &blocks, deeper + 1);
            basis = basis.max(node.basis);
            map.insert(name.to_string(), node);
        }
        Node { basis, ..Node::new(State::Map(map)) }
    }

    /// The blocks that a `dynamic` block makes.
    fn dynamic(
        &self,
        site: Site<'_>,
        file: &SourceText,
        block: &Block,
        name: &str,
        deeper: usize,
    ) -> Result<Vec<Node>, Box<Gap>> {
        let mistake = |what: &str| Box::new(wrong(what));
        let for_each = block.body.get_attribute("for_each").ok_or_else(|| mistake("a `dynamic` block without `for_each`"))?;
        let content = block.body.get_blocks("content").next().ok_or_else(|| mistake("a `dynamic` block without `content`"))?;
        let iterator = match block.body.get_attribute("iterator").map(|iterator| &iterator.value) {
            Some(written) => written
                .as_variable()
                .map(|name| name.as_str())
                .or_else(|| written.as_str())
                .ok_or_else(|| mistake("an iterator that is no name"))?,
            None => name,
        };
        let collection = self.eval(site.env, &for_each.value)?;
        if collection.is_null() {
            return Ok(Vec::new());
        }
        let items = match pairs(&collection)? {
            Ok(items) => items,
            Err(unknown) => return Err(Box::new(unknown.open_gap())),
        };
        self.spend(items.len())?;
        let mut made = Vec::new();
        for (key, value) in items {
            let map = BTreeMap::from([(Rc::from("key"), key), (Rc::from("value"), value)]);
            let bound = Bound { name: iterator, value: Value::map(map), outer: site.env.bound };
            let env = Env { bound: Some(&bound), ..*site.env };
            let mut node = self.block_node(Site { env: &env, ..site }, file, &content.body, deeper + 1);
            node.raise(collection.basis);
            made.push(node);
        }
        Ok(made)
    }

    /// A value as what the rest of the program reads. `is_bare` where it is all that an attribute holds.
    pub(super) fn node(&self, value: &Value, reads: As, is_bare: bool) -> Node {
        let text = |text: &str, gap: &dyn Fn() -> Gap| match text.contains(OPEN) {
            false => State::Text(text.to_string()),
            true => match reads {
                As::Name | As::Policy => State::Text(text.to_string()),
                As::Selector if placeholders(text).all(|name| self.is_declared(name)) => State::Text(text.to_string()),
                As::Value if self.names.borrow().contains(text) => State::Text(text.to_string()),
                _ => State::Unknown(gap()),
            },
        };
        let state = match &value.kind {
            Kind::Null => State::Absent,
            Kind::Bool(truth) => State::Bool(*truth),
            Kind::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => State::Int(*number as i64),
            Kind::Number(number) => State::Text(number.to_string()),
            Kind::Text(text) => State::Text(text.to_string()),
            Kind::Open(open) => text(&open.text, &|| open.gap.clone()),
            Kind::List(items) => State::List(items.iter().map(|item| self.node(item, reads, false)).collect()),
            Kind::Map(map) => {
                State::Map(map.iter().map(|(key, value)| (key.to_string(), self.node(value, reads, false))).collect())
            }
            Kind::Identity(identity) => {
                let addresses = || identity.addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
                match (reads, &identity.text) {
                    // Other attributes may name another resource.
                    (As::Value, _) if is_identity(&identity.attribute) => State::Link(addresses()),
                    (_, Some(Kind::Text(known))) => State::Text(known.to_string()),
                    (_, Some(Kind::Open(open))) => text(&open.text, &|| value.open_gap()),
                    _ if is_bare && is_identity(&identity.attribute) && reads == As::Value => State::Link(addresses()),
                    _ => State::Unknown(value.open_gap()),
                }
            }
            Kind::Instance(_) => State::Unknown(value.open_gap()),
            Kind::Unknown(unknown) if unknown.is_secret => State::Sensitive,
            Kind::Unknown(unknown) => match value.as_text() {
                Ok(Ok(label)) if reads != As::Selector && is_placeholder(&label) => text(&label, &|| unknown.gap.clone()),
                _ => State::Unknown(unknown.gap.clone()),
            },
        };
        Node { basis: value.basis, ..Node::new(state) }
    }
}
