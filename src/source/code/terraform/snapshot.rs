//! The source that a plan file carries: a zip with every module's files as they were when the plan was made.
//!
//! Of the zip only the configuration is read, into memory and within bounds; nothing is written anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block, Body};
use serde::Deserialize;
use serde_json::Value;

use super::plan::{ModuleConfig, Plan, ResourceConfig};
use crate::inventory::SourcePlace;

/// Bounds of what is read: entries, bytes of one file, bytes of all.
const ENTRIES: usize = 20_000;
const FILE_BYTES: u64 = 8 * 1024 * 1024;
const ALL_BYTES: u64 = 256 * 1024 * 1024;

/// Brackets inside of brackets that are followed.
const DEPTH: usize = 128;

/// Why the source of a plan file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("it is no plan file: {0}")]
    Zip(String),
    #[error("it holds `{0}`, which leads out of it")]
    Path(String),
    #[error("it holds more than is read of a plan file: {0}")]
    TooLarge(&'static str),
    #[error("it holds no configuration")]
    Empty,
    #[error("it belongs to none of the plans that were given: {0}")]
    Foreign(String),
}

impl SnapshotError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            SnapshotError::Foreign(_) => "give the JSON that `terraform show -json` prints of this very file".into(),
            _ => "give the file that `terraform plan -out` wrote, beside its JSON, or the JSON alone".into(),
        }
    }
}

/// The source of every module, by its key: empty for the root, `a.b` for module b that module a calls.
pub(super) struct Snapshot {
    modules: BTreeMap<String, Vec<SourceText>>,
    /// Files that could not be parsed.
    pub(super) unread: Vec<String>,
}

/// One file.
pub(super) struct SourceText {
    /// The path as it is known in the project.
    path: String,
    /// Where each line begins.
    lines: Vec<usize>,
    pub(super) body: Body,
}

#[derive(Deserialize)]
struct ModuleEntry {
    #[serde(rename = "Key", default)]
    key: String,
    #[serde(rename = "Dir", default)]
    dir: String,
}

impl Snapshot {
    pub(super) fn open(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let failed = |error: &dyn std::fmt::Display| SnapshotError::Zip(error.to_string());
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| failed(&e))?;
        if archive.len() > ENTRIES {
            return Err(SnapshotError::TooLarge("files"));
        }
        let (mut files, mut json, mut manifest, mut total) = (Vec::new(), Vec::new(), Vec::new(), 0u64);
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(|e| failed(&e))?;
            let name = entry.name().map_err(|e| failed(&e))?.into_owned();
            if name.starts_with(['/', '\\']) || name.split(['/', '\\']).any(|part| part == "..") || name.contains(':') {
                return Err(SnapshotError::Path(name));
            }
            if name.starts_with("tfconfig/m-") && name.ends_with(".tf.json") {
                json.push(name);
                continue;
            }
            let wanted = name == "tfconfig/modules.json" || (name.starts_with("tfconfig/m-") && name.ends_with(".tf"));
            if !wanted {
                continue;
            }
            // What the zip says of a size is not believed.
            let mut text = Vec::new();
            entry.by_ref().take(FILE_BYTES + 1).read_to_end(&mut text).map_err(|e| failed(&e))?;
            total += text.len() as u64;
            if text.len() as u64 > FILE_BYTES || total > ALL_BYTES {
                return Err(SnapshotError::TooLarge("bytes"));
            }
            if name == "tfconfig/modules.json" {
                manifest = serde_json::from_slice::<Vec<ModuleEntry>>(&text).map_err(|e| failed(&e))?;
            } else {
                files.push((name, text));
            }
        }
        let folders: BTreeMap<String, String> = manifest.into_iter().map(|entry| (entry.key, entry.dir)).collect();
        let located = |name: &str| {
            let (key, file) = name.strip_prefix("tfconfig/m-")?.split_once('/')?;
            let folder = folders.get(key).map_or("", |dir| dir.trim_start_matches("./")).trim_end_matches('/');
            let path = if folder.is_empty() || folder == "." { file.to_string() } else { format!("{folder}/{file}") };
            Some((key.to_string(), path))
        };
        // Configuration that is written as JSON is not read.
        let unread = json.iter().filter_map(|name| located(name)).map(|(_, path)| path).collect();
        let mut snapshot = Snapshot { modules: BTreeMap::new(), unread };
        for (name, text) in files {
            let Some((key, path)) = located(&name) else { continue };
            match parse(&text) {
                Some((lines, body)) => {
                    snapshot.modules.entry(key).or_default().push(SourceText { path, lines, body });
                }
                None => snapshot.unread.push(path),
            }
        }
        if snapshot.modules.is_empty() {
            return Err(SnapshotError::Empty);
        }
        Ok(snapshot)
    }

    /// The source as it stands in folders: files with the keys of their modules and their paths.
    pub(super) fn of(files: Vec<(String, String, Vec<u8>)>) -> Self {
        let mut snapshot = Snapshot { modules: BTreeMap::new(), unread: Vec::new() };
        for (key, path, text) in files {
            match parse(&text).filter(|_| path.ends_with(".tf")) {
                Some((lines, body)) => snapshot.modules.entry(key).or_default().push(SourceText { path, lines, body }),
                None => snapshot.unread.push(path),
            }
        }
        snapshot
    }

    /// Whether it is the source of the plan: it declares what the plan's configuration does. A file that could not be parsed may
    /// declare the rest.
    pub(super) fn belongs_to(&self, plan: &Plan) -> Result<(), String> {
        let (mut wanted, mut found) = (BTreeSet::new(), BTreeSet::new());
        declared(&plan.configuration.root_module, "", &mut wanted);
        for (key, files) in &self.modules {
            for block in files.iter().flat_map(|file| file.body.blocks()) {
                if let ("resource", [r#type, name]) = (block.ident.as_str(), block.labels.as_slice()) {
                    found.insert((key.clone(), r#type.as_str().to_string(), name.as_str().to_string()));
                }
            }
        }
        match wanted.iter().find(|resource| !found.contains(*resource)) {
            Some((key, r#type, name)) if self.unread.is_empty() => {
                let module = if key.is_empty() { String::new() } else { format!(" in module {key}") };
                Err(format!("it does not declare {type}.{name}{module}"))
            }
            _ => Ok(()),
        }
    }

    /// Whether it is the source of the plan and of nothing else: all of it was read, it declares the same, and no attribute that
    /// both write as a plain value has another in it. Folders of one shape, such as those of two environments, differ in these.
    pub(super) fn is_of(&self, plan: &Plan) -> bool {
        let mut wanted = BTreeSet::new();
        declared(&plan.configuration.root_module, "", &mut wanted);
        let root = self.modules.get("").map_or(&[][..], Vec::as_slice);
        let blocks = root.iter().flat_map(|file| file.body.blocks());
        let resources = blocks.filter(|block| block.has_ident("resource")).count();
        let in_root = wanted.iter().filter(|(key, ..)| key.is_empty()).count();
        let is_same = |resource: &ResourceConfig| {
            let block = self.block("", "resource", &[&resource.r#type, &resource.name]);
            block.is_none_or(|(_, block)| says_the_same(block, &resource.expressions))
        };
        self.unread.is_empty()
            && resources == in_root
            && self.belongs_to(plan).is_ok()
            && plan.configuration.root_module.resources.iter().all(is_same)
    }

    /// Takes the folder of the root module into every path.
    pub(super) fn within(&mut self, folder: &str) {
        let paths = self.modules.values_mut().flatten().map(|file| &mut file.path).chain(&mut self.unread);
        for path in paths.filter(|path| !path.starts_with('/')) {
            let mut parts: Vec<&str> = Vec::new();
            for part in folder.split('/').chain(path.split('/')) {
                match part {
                    "" | "." => {}
                    ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
                    part => parts.push(part),
                }
            }
            *path = parts.join("/");
        }
    }

    pub(super) fn files(&self, key: &str) -> &[SourceText] {
        self.modules.get(key).map_or(&[], Vec::as_slice)
    }

    /// The block that declares something, with its file. Nothing where an override file has another that is laid upon it.
    /// Source: <https://developer.hashicorp.com/terraform/language/files/override>.
    pub(super) fn block(&self, key: &str, ident: &str, labels: &[&str]) -> Option<(&SourceText, &Block)> {
        let is_meant = |block: &&Block| block.has_ident(ident) && block.has_exact_labels(labels);
        let mut found =
            self.files(key).iter().flat_map(|file| file.body.blocks().filter(is_meant).map(move |block| (file, block)));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// A local value; nothing where an override file has another.
    pub(super) fn local(&self, key: &str, name: &str) -> Option<&Attribute> {
        let blocks = self.files(key).iter().flat_map(|file| file.body.get_blocks("locals"));
        let mut found = blocks.filter_map(|block| block.body.get_attribute(name));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}

impl SourceText {
    /// The place of something that was parsed here.
    pub(super) fn place(&self, of: &impl Span, what: &str) -> Option<SourcePlace> {
        let start = of.span()?.start;
        let line = self.lines.partition_point(|begin| *begin <= start);
        let column = start - self.lines.get(line.checked_sub(1)?)? + 1;
        Some(SourcePlace {
            file: self.path.clone(),
            line: u32::try_from(line).ok()?,
            column: u32::try_from(column).ok()?,
            what: what.to_string(),
        })
    }
}

/// Whether the plan says what a block writes of its plain texts and truths, and no other: a plan names every argument that is written.
fn says_the_same(block: &Block, expressions: &Value) -> bool {
    let planned = |name: &str| expressions.get(name).and_then(|expression| expression.get("constant_value"));
    let is_kept = |attribute: &Attribute| match &attribute.value {
        Expression::String(text) => planned(attribute.key.as_str()).and_then(Value::as_str) == Some(text.as_str()),
        Expression::Bool(truth) => planned(attribute.key.as_str()).and_then(Value::as_bool) == Some(*truth.value()),
        _ => true,
    };
    let is_written = |(name, value): (&String, &Value)| value.get("constant_value").is_none() || block.body.has_attribute(name);
    block.body.attributes().all(is_kept) && expressions.as_object().into_iter().flatten().all(is_written)
}

/// The resources that a module of the configuration declares, and all below it. Data sources may stand in other blocks.
fn declared(module: &ModuleConfig, key: &str, found: &mut BTreeSet<(String, String, String)>) {
    for resource in module.resources.iter().filter(|resource| resource.mode != "data") {
        found.insert((key.to_string(), resource.r#type.clone(), resource.name.clone()));
    }
    for (name, call) in &module.module_calls {
        let below = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        declared(&call.module, &below, found);
    }
}

fn parse(bytes: &[u8]) -> Option<(Vec<usize>, Body)> {
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)).ok()?;
    if is_too_deep(text) {
        return None;
    }
    let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    Some((lines, hcl_edit::parser::parse_body(text).ok()?))
}

/// Whether brackets stand so deep in one another that a parser which calls itself would run out of stack.
fn is_too_deep(text: &str) -> bool {
    let mut depth = 0usize;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return true;
        }
    }
    false
}
