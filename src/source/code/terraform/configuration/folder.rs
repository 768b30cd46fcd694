//! Folders of Terraform's configuration as modules: what each declares, and which folder a call leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block};
use serde::Deserialize;

use super::parse::SourceText;
use crate::inventory::{Gap, GapKind, Remedy};
use crate::parallel;
use crate::source::code::path::plain;

/// Files of one folder, module calls of one configuration, and calls inside one another, that are followed at most.
const MOST_FILES: usize = 5_000;
const MOST_CALLS: usize = 10_000;
const DEEPEST: usize = 24;

/// Where files are read from.
pub trait Files: Sync {
    /// The names of the files in a folder, in any order.
    ///
    /// # Errors
    /// There is no such folder, or it cannot be read.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// # Errors
    /// There is no such file, or it cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The path without links.
    ///
    /// # Errors
    /// There is nothing at this path.
    fn real(&self, path: &Path) -> io::Result<PathBuf>;
}

/// Files in memory, by their paths.
impl Files for BTreeMap<PathBuf, Vec<u8>> {
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let name =
            |path: &PathBuf| Some((path.parent() == Some(folder)).then(|| path.file_name())??.to_string_lossy().into_owned());
        let names: Vec<String> = self.keys().filter_map(name).collect();
        if names.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(names) }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.get(&plain(path)).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        let path = plain(path);
        if self.keys().any(|known| known.starts_with(&path)) { Ok(path) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

/// A path as it is shown.
pub fn shown(path: &Path) -> String {
    let text = path.display().to_string().replace('\\', "/");
    if text.is_empty() { ".".into() } else { text }
}

/// One folder, its files parsed.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    files: Vec<SourceText>,
    /// Files of it that could not be read.
    pub(super) gaps: Vec<Gap>,
}

/// The folders of one configuration, and where its calls lead.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) folders: Vec<Folder>,
    /// By the names of the calls that lead there, `a.b`: the number of its folder, or why it is not read. The root is empty.
    pub(super) calls: BTreeMap<String, Result<usize, Gap>>,
}

/// Whether a file is one of Terraform's configuration by its name.
pub(super) fn is_configuration(name: &str) -> bool {
    (name.ends_with(".tf") || name.ends_with(".tf.json")) && !name.starts_with(['.', '#']) && !name.ends_with('~')
}

fn is_override(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.strip_suffix(".tf.json").or_else(|| name.strip_suffix(".tf")).unwrap_or(name);
    stem == "override" || stem.ends_with("_override")
}

/// Loads a root module and all that it calls.
pub(super) fn load(files: &dyn Files, root: &Path, within: &Path) -> io::Result<Loaded> {
    let mut loader = Loader {
        files,
        root,
        within: files.real(within)?,
        installed: installed(files, root),
        by_path: BTreeMap::new(),
        loaded: Loaded { folders: Vec::new(), calls: BTreeMap::new() },
    };
    let first = loader.folder(root)?;
    loader.loaded.calls.insert(String::new(), Ok(first));
    loader.follow("", first, &[first]);
    Ok(loader.loaded)
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(rename = "Modules", default)]
    modules: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "Key", default)]
    key: String,
    #[serde(rename = "Source", default)]
    source: String,
    #[serde(rename = "Dir", default)]
    dir: String,
}

/// What `terraform init` installed, by the names of the calls.
fn installed(files: &dyn Files, root: &Path) -> BTreeMap<String, Entry> {
    let bytes = files.read(&root.join(".terraform/modules/modules.json")).unwrap_or_default();
    let manifest = serde_json::from_slice::<Manifest>(&bytes).unwrap_or(Manifest { modules: Vec::new() });
    manifest.modules.into_iter().map(|entry| (entry.key.clone(), entry)).collect()
}

struct Loader<'f> {
    files: &'f dyn Files,
    root: &'f Path,
    within: PathBuf,
    installed: BTreeMap<String, Entry>,
    by_path: BTreeMap<PathBuf, usize>,
    loaded: Loaded,
}

impl Loader<'_> {
    /// Parses a folder, once.
    fn folder(&mut self, path: &Path) -> io::Result<usize> {
        let real = self.files.real(path)?;
        if let Some(number) = self.by_path.get(&real) {
            return Ok(*number);
        }
        let mut folder = Folder { path: path.to_path_buf(), files: Vec::new(), gaps: Vec::new() };
        let mut all = self.files.list(path)?;
        all.sort();
        let (mut names, others): (Vec<String>, Vec<String>) = all.into_iter().partition(|name| is_configuration(name));
        for name in others.iter().filter(|name| name.ends_with(".tofu") || name.ends_with(".tofu.json")) {
            let message = format!("{} is written for OpenTofu alone, and is not read", shown(&path.join(name)));
            let remedy = "give the plan: `tofu plan -out tfplan && tofu show -json tfplan > plan.json`";
            folder.gaps.push(Gap::new(GapKind::AbsentInput, message).with_remedy(Remedy::Do(remedy.into())));
        }
        if names.len() > MOST_FILES {
            let message = format!("{}: more than {MOST_FILES} files of one folder are not read", shown(path));
            folder.gaps.push(Gap::new(GapKind::NotUnderstood, message).with_remedy(Remedy::Do("scan a plan instead".into())));
            names.truncate(MOST_FILES);
        }
        let (files, within) = (self.files, self.within.as_path());
        let parsed = parallel::map(&names, |name| {
            let at = path.join(name);
            let seen = shown(&at);
            let failed = |why: String| {
                Gap::new(GapKind::AbsentInput, format!("cannot read `{seen}`: {why}"))
                    .with_remedy(Remedy::Do("let it be read, or take it away".into()))
            };
            let real = files.real(&at).map_err(|error| failed(error.to_string()))?;
            if !real.starts_with(within) {
                return Err(failed("it is a link that leads out of what is scanned".into()));
            }
            let bytes = files.read(&at).map_err(|error| failed(error.to_string()))?;
            SourceText::parse(&seen, &bytes).map_err(|broken| {
                let message = format!("{seen}:{}:{}: {}", broken.line, broken.column, broken.message);
                Gap::new(GapKind::NotUnderstood, message)
                    .with_remedy(Remedy::Do("put right what `terraform validate` complains about".into()))
            })
        });
        for file in parsed {
            match file {
                Ok(file) => folder.files.push(file),
                Err(gap) => folder.gaps.push(gap),
            }
        }
        // What is laid upon the rest comes last, in its order.
        folder.files.sort_by_key(|file| is_override(&file.path));
        self.loaded.folders.push(folder);
        let number = self.loaded.folders.len() - 1;
        self.by_path.insert(real, number);
        Ok(number)
    }

    /// Loads what a module calls, and what that does.
    fn follow(&mut self, key: &str, number: usize, above: &[usize]) {
        let Some(folder) = self.loaded.folders.get(number) else { return };
        let mut found: Vec<(String, Option<String>, String)> = Vec::new();
        for file in &folder.files {
            for block in file.body.get_blocks("module") {
                let Some(name) = block.labels.first() else { continue };
                let source = block.body.get_attribute("source").and_then(|source| source.value.as_str()).map(str::to_string);
                found.push((name.as_str().to_string(), source, file.spot_of(block)));
            }
        }
        let folder = folder.path.clone();
        // An override says another source, or none.
        let mut sources: BTreeMap<String, (Option<String>, String)> = BTreeMap::new();
        for (name, source, spot) in found {
            match sources.get_mut(&name) {
                Some((known, _)) if source.is_some() => *known = source,
                Some(_) => {}
                None => drop(sources.insert(name, (source, spot))),
            }
        }
        for (name, (source, spot)) in sources {
            let below = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            let led = self.lead(&folder, &below, &name, source.as_deref(), &spot, above);
            self.loaded.calls.insert(below.clone(), led.clone());
            if let Ok(child) = led {
                self.follow(&below, child, &[above, &[child]].concat());
            }
        }
    }

    /// The folder that a call leads to.
    fn lead(
        &mut self,
        folder: &Path,
        key: &str,
        name: &str,
        source: Option<&str>,
        spot: &str,
        above: &[usize],
    ) -> Result<usize, Gap> {
        let gap = |kind, message: String, remedy: &str| {
            Gap::new(kind, format!("{spot}: module `{name}`{message}")).with_remedy(Remedy::Do(remedy.into()))
        };
        let init = "run `terraform init` there, or scan a plan instead";
        let Some(source) = source else {
            return Err(gap(GapKind::NotUnderstood, " has no source that is written out".into(), "write the source as text"));
        };
        if above.len() >= DEEPEST || self.loaded.calls.len() >= MOST_CALLS {
            return Err(gap(GapKind::NotUnderstood, ": there are too many calls inside of calls".into(), "scan a plan instead"));
        }
        let source: String = source.chars().filter(|c| !c.is_control()).take(200).collect();
        let path = if source.starts_with("./") || source.starts_with("../") || source == "." || source == ".." {
            plain(&folder.join(&source))
        } else {
            match self.installed.get(key) {
                Some(entry) if entry.source == source || entry.source.ends_with(&format!("/{source}")) => {
                    plain(&self.root.join(&entry.dir))
                }
                Some(entry) => {
                    let message = format!(" is installed from `{}`, and the code names `{source}`", entry.source);
                    return Err(gap(GapKind::AbsentInput, message, init));
                }
                None => return Err(gap(GapKind::AbsentInput, format!(" (`{source}`) is not installed"), init)),
            }
        };
        let missing = |why: String| gap(GapKind::AbsentInput, format!(" (`{source}`) {why}"), init);
        let real = self.files.real(&path).map_err(|_| missing("is not there".into()))?;
        if !real.starts_with(&self.within) {
            let message = format!(" (`{source}`) leads out of what is scanned");
            return Err(gap(GapKind::AbsentInput, message, "name the folder that holds both"));
        }
        let number = self.folder(&path).map_err(|error| missing(format!("cannot be read: {error}")))?;
        if above.contains(&number) {
            return Err(gap(GapKind::NotUnderstood, format!(" (`{source}`) calls itself"), "let no module call itself"));
        }
        if self.loaded.folders.get(number).is_some_and(|folder| folder.files.is_empty() && folder.gaps.is_empty()) {
            return Err(missing("holds no configuration".into()));
        }
        Ok(number)
    }
}

/// A block that declares something, with what override files lay upon it.
#[derive(Debug)]
pub(super) struct Declared<'a> {
    layers: Vec<(&'a SourceText, &'a Block)>,
}

impl<'a> Declared<'a> {
    /// The file and the block that declare it first.
    pub(super) fn first(&self) -> Option<(&'a SourceText, &'a Block)> {
        self.layers.first().copied()
    }

    /// An attribute, as the last layer has it.
    pub(super) fn attribute(&self, name: &str) -> Option<(&'a SourceText, &'a Attribute)> {
        self.layers.iter().rev().find_map(|(file, block)| Some((*file, block.body.get_attribute(name)?)))
    }

    pub(super) fn value(&self, name: &str) -> Option<&'a Expression> {
        self.attribute(name).map(|(_, attribute)| &attribute.value)
    }

    /// The names of all attributes.
    pub(super) fn attributes(&self) -> BTreeSet<&'a str> {
        self.layers.iter().flat_map(|(_, block)| block.body.attributes().map(|attribute| attribute.key.as_str())).collect()
    }

    /// Blocks of a name, `dynamic` ones among them: those of the last layer that has any.
    pub(super) fn blocks(&self, name: &str) -> Vec<(&'a SourceText, &'a Block)> {
        for (file, block) in self.layers.iter().rev() {
            let found: Vec<_> = block.body.blocks().filter(|block| makes(block) == name).map(|block| (*file, block)).collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// The names of all blocks, those that `dynamic` makes among them.
    pub(super) fn block_names(&self) -> BTreeSet<&'a str> {
        self.layers.iter().flat_map(|(_, block)| block.body.blocks().map(makes)).collect()
    }
}

/// The name of the blocks that a block is, or makes.
pub(super) fn makes(block: &Block) -> &str {
    match (block.ident.as_str(), block.labels.first()) {
        ("dynamic", Some(label)) => label.as_str(),
        (name, _) => name,
    }
}

/// The name of a resource: whether it is data, its type and its name.
pub(super) type Name<'a> = (bool, &'a str, &'a str);

/// What a folder declares.
#[derive(Debug, Default)]
pub(super) struct Module<'a> {
    pub(super) folder: PathBuf,
    pub(super) variables: BTreeMap<&'a str, Declared<'a>>,
    pub(super) locals: BTreeMap<&'a str, (&'a SourceText, &'a Attribute)>,
    pub(super) outputs: BTreeMap<&'a str, Declared<'a>>,
    pub(super) calls: BTreeMap<&'a str, Declared<'a>>,
    pub(super) resources: BTreeMap<Name<'a>, Declared<'a>>,
    /// By `aws` or `aws.ALIAS`.
    pub(super) providers: BTreeMap<String, Declared<'a>>,
    /// What is declared twice.
    pub(super) gaps: Vec<Gap>,
}

impl<'a> Module<'a> {
    pub(super) fn of(folder: &'a Folder) -> Self {
        let mut module = Module { folder: folder.path.clone(), ..Module::default() };
        for file in &folder.files {
            let over = is_override(&file.path);
            for block in file.body.blocks() {
                let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
                let gaps = &mut module.gaps;
                match (block.ident.as_str(), labels.as_slice()) {
                    ("variable", [name]) => declare(&mut module.variables, *name, file, block, over, gaps),
                    ("output", [name]) => declare(&mut module.outputs, *name, file, block, over, gaps),
                    ("module", [name]) => declare(&mut module.calls, *name, file, block, over, gaps),
                    ("resource", [kind, name]) => declare(&mut module.resources, (false, *kind, *name), file, block, over, gaps),
                    ("data", [kind, name]) => declare(&mut module.resources, (true, *kind, *name), file, block, over, gaps),
                    ("provider", [name]) => {
                        let alias = block.body.get_attribute("alias").and_then(|alias| alias.value.as_str());
                        let key = alias.map_or_else(|| (*name).to_string(), |alias| format!("{name}.{alias}"));
                        declare(&mut module.providers, key, file, block, over, gaps);
                    }
                    ("locals", []) => {
                        for attribute in block.body.attributes() {
                            if module.locals.insert(attribute.key.as_str(), (file, attribute)).is_some() && !over {
                                gaps.push(twice(file, block));
                            }
                        }
                    }
                    // They declare nothing that is made.
                    _ => {}
                }
            }
        }
        module
    }
}

fn declare<'a, K: Ord>(
    map: &mut BTreeMap<K, Declared<'a>>,
    key: K,
    file: &'a SourceText,
    block: &'a Block,
    over: bool,
    gaps: &mut Vec<Gap>,
) {
    let declared = map.entry(key).or_insert(Declared { layers: Vec::new() });
    if declared.layers.is_empty() || over {
        declared.layers.push((file, block));
    } else {
        gaps.push(twice(file, block));
    }
}

fn twice(file: &SourceText, block: &Block) -> Gap {
    let message = format!("{}: it is declared twice, and one of them was left out", file.spot_of(block));
    Gap::new(GapKind::NotUnderstood, message)
        .with_remedy(Remedy::Do("put right what `terraform validate` complains about".into()))
}
