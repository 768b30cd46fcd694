//! The folders of Terraform's configuration that a scan names: which of them are root modules, and what is given to them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Refusal;
use crate::cli::Scan;
use crate::inventory::{Gap, Inventory};
use crate::source::code::terraform::PlanFile;
use crate::source::code::terraform::configuration::{Files, Given, MOST_BYTES, Root, is_root, read, shown, sources};
use crate::source::code::{FolderSource, Stack};

/// Folders inside one another that are looked through.
const DEEPEST: usize = 16;

/// The files of the disk.
struct Disk;

impl Files for Disk {
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        Ok(fs::read_dir(here(folder))?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let about = fs::metadata(path)?;
        if !about.is_file() || about.len() > MOST_BYTES as u64 {
            return Err(io::Error::other("it is no file, or too large"));
        }
        fs::read(path)
    }

    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(here(path))
    }
}

/// A path as the system takes it: the current folder has a name.
fn here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// Root modules, and the values of their variables.
#[derive(Default)]
pub(super) struct Configurations {
    roots: Vec<Root>,
    /// Those that need not be roots, but modules of others.
    maybe: BTreeSet<PathBuf>,
    given: Given,
    gaps: Vec<Gap>,
    notes: Vec<String>,
}

impl Configurations {
    /// With what the command line gives, in its order.
    pub(super) fn given(scan: &Scan) -> Result<Self, Refusal> {
        let mut given = Given::default();
        let refused = |error: &dyn std::fmt::Display, hint: &str| Refusal::new(error.to_string()).hint(hint);
        let at = |order: &[usize], number: usize| order.get(number).copied().unwrap_or(number);
        let (of_values, of_files) = &scan.code.variable_order;
        let values = scan.code.variables.iter().enumerate().map(|(number, text)| (at(of_values, number), Ok(text)));
        let files = scan.code.variable_files.iter().enumerate().map(|(number, path)| (at(of_files, number), Err(path)));
        let mut all: Vec<(usize, Result<&String, &PathBuf>)> = values.chain(files).collect();
        all.sort_by_key(|(place, _)| *place);
        for (_, one) in all {
            match one {
                Ok(text) => given.one(text).map_err(|error| refused(&error, error.hint()))?,
                Err(path) => {
                    let shown = path.display().to_string();
                    let bytes = fs::read(path).map_err(|error| {
                        Refusal::new(format!("cannot read `{shown}`: {error}")).hint("let it be read, or name another file")
                    })?;
                    given.file(&shown, &bytes).map_err(|error| refused(&error, error.hint()))?;
                }
            }
        }
        Ok(Configurations { given, ..Configurations::default() })
    }

    /// Adds what a folder holds: a root module, or the root modules below it. Whether it holds any.
    pub(super) fn folder(&mut self, folder: &Path) -> bool {
        if folder.join("recording.json").is_file() {
            return false;
        }
        let folder = shortest(folder);
        if is_root(&Disk, &folder) {
            let mut below = Vec::new();
            gather(&folder, DEEPEST, &mut below);
            self.add(&folder, &folder);
            self.beside(&folder, &below);
            return true;
        }
        let mut found = Vec::new();
        gather(&folder, DEEPEST, &mut found);
        // What is called by another is likely to be called a module.
        let is_module = |path: &PathBuf| path.components().any(|part| part.as_os_str() == "modules");
        found.sort_by_key(|path| (is_module(path), path.clone()));
        self.maybe.extend(found.iter().cloned());
        found.iter().for_each(|path| self.add(path, &folder));
        !found.is_empty()
    }

    /// Adds the folder of a file of configuration. Whether it is one.
    pub(super) fn file(&mut self, path: &Path) -> Result<bool, Refusal> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !path.is_file() || !(name.ends_with(".tf") || name.ends_with(".tf.json")) {
            return Ok(false);
        }
        let folder = shortest(path.parent().unwrap_or(Path::new("")));
        if self.roots.iter().all(|root| root.folder != folder) {
            self.add(&folder, &folder);
            self.notes.push(format!("{}: every file of its folder was read, because they are one module", path.display()));
        }
        Ok(true)
    }

    fn add(&mut self, folder: &Path, named: &Path) {
        if self.roots.iter().all(|root| root.folder != *folder) {
            self.roots.push(Root { folder: folder.to_path_buf(), within: around(named) });
        }
    }

    /// Says which folders below a root module are left to be named.
    fn beside(&mut self, folder: &Path, below: &[PathBuf]) {
        self.maybe.extend(below.iter().filter(|path| *path != folder).cloned());
    }

    /// The root modules as the source that plans may have been made of.
    pub(super) fn sources(&self) -> Vec<FolderSource> {
        let source = |root: &Root| {
            let files = sources(&Disk, root).ok()?;
            let changed =
                files.iter().filter_map(|(_, path, _)| fs::metadata(path).and_then(|about| about.modified()).ok()).max();
            let changed = changed.and_then(|time| jiff::Timestamp::try_from(time).ok());
            Some(FolderSource { folder: shown(&root.folder), source: PlanFile::of_folder(files), changed })
        };
        self.roots.iter().filter_map(source).collect()
    }

    /// Leaves root modules out of which there is a plan: it tells more.
    pub(super) fn give_way(&mut self, taken: &BTreeSet<String>) {
        self.roots.retain(|root| !taken.contains(&shown(&root.folder)));
    }

    /// Reads the root modules.
    pub(super) fn stacks(&mut self) -> Result<Vec<Stack>, Refusal> {
        if self.roots.is_empty() {
            return match self.given.is_empty() {
                true => Ok(Vec::new()),
                false => {
                    Err(Refusal::new("--var and --var-file are for Terraform's configuration, and none of the inputs is any")
                        .hint("leave them away, or name a folder of .tf files"))
                }
            };
        }
        let (mut all, mut called, mut variables) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for root in std::mem::take(&mut self.roots) {
            if self.maybe.contains(&root.folder) && called.contains(&root.folder) {
                continue;
            }
            let read = read(&Disk, &root, &self.given).map_err(|gap| {
                let hint = gap.remedy.as_ref().map(ToString::to_string).unwrap_or_default();
                Refusal::new(gap.message).hint(hint)
            })?;
            called.extend(read.called.iter().cloned());
            variables.extend(read.variables.iter().cloned());
            all.push((root, read));
        }
        if let Some(unknown) = self.given.named().find(|name| !variables.contains(*name)) {
            return Err(Refusal::new(format!("--var {unknown}=...: no root module has a variable `{unknown}`"))
                .hint("look for a slip of the pen, or leave it away"));
        }
        let read: BTreeSet<PathBuf> = all.iter().map(|(root, _)| root.folder.clone()).collect();
        all.retain(|(root, _)| !(self.maybe.contains(&root.folder) && called.contains(&root.folder)));
        let left: Vec<&PathBuf> = self.maybe.iter().filter(|path| !read.contains(*path) && !called.contains(*path)).collect();
        if let Some(first) = left.first() {
            let more = if left.len() > 1 { format!(" and {} more", left.len() - 1) } else { String::new() };
            self.notes.push(format!("{}{more}: not read, because nothing calls it; name it to have it read", first.display()));
        }
        self.gaps.extend(all.iter().flat_map(|(_, read)| read.gaps.clone()));
        if let (true, Some(gap)) = (all.iter().all(|(_, read)| read.stack.count == 0), self.gaps.first()) {
            let hint = gap.remedy.as_ref().map(ToString::to_string).unwrap_or_default();
            return Err(Refusal::new(gap.message.clone()).hint(hint));
        }
        let mut stacks: Vec<Stack> = all.into_iter().map(|(_, read)| read.stack).collect();
        // What was not read may hold what the rest lacks.
        stacks.iter_mut().for_each(|stack| stack.is_whole &= self.gaps.is_empty());
        Ok(stacks)
    }

    /// Says in the inventory what was not read.
    pub(super) fn confess(self, inventory: &mut Inventory) {
        inventory.scope.gaps.extend(self.gaps);
        inventory.scope.gaps.sort();
        inventory.scope.gaps.dedup();
        if let Some(code) = &mut inventory.code {
            code.notes.extend(self.notes);
            code.sort();
        }
    }
}

/// A path as it is shown: without `.` in it.
fn shortest(path: &Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect()
}

/// The folder that no call leads out of: the repository around what is named, the current folder, or what is named itself.
fn around(folder: &Path) -> PathBuf {
    let Ok(real) = fs::canonicalize(here(folder)) else { return here(folder).to_path_buf() };
    let repository = real.ancestors().find(|above| above.join(".git").exists()).map(Path::to_path_buf);
    let current = std::env::current_dir().and_then(fs::canonicalize).ok().filter(|current| real.starts_with(current));
    let widest = repository.into_iter().chain(current).min_by_key(|path| path.components().count());
    widest.unwrap_or(real)
}

/// Folders with files of configuration, below a folder and itself. Links are not followed.
fn gather(folder: &Path, deeper: usize, found: &mut Vec<PathBuf>) {
    if is_root(&Disk, folder) {
        found.push(folder.to_path_buf());
    }
    let Ok(entries) = fs::read_dir(here(folder)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && deeper > 0 && !name.starts_with('.') && name != "node_modules" {
            gather(&folder.join(&*name), deeper - 1, found);
        }
    }
}
