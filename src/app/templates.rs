//! The CloudFormation templates that a scan names, one by one, by their folder, or by the assembly of the CDK.

use std::fs;
use std::path::{Path, PathBuf};

use super::Refusal;
use crate::cli::Scan;
use crate::inventory::{Gap, GapKind, Inventory, Remedy};
use crate::source::code::cloudformation::{self, Assembly, Input, Parameters};
use crate::source::code::{Form, MAX_BYTES, Stack, recognise};

/// Folders inside one another that are looked through.
const DEEPEST: usize = 16;

/// Templates to read together: what one exports, another may import.
#[derive(Default)]
pub(super) struct Templates {
    inputs: Vec<Input>,
    /// Plans among the templates of a folder.
    pub(super) plans: Vec<(String, Form)>,
    gaps: Vec<Gap>,
    unwritten: Vec<Gap>,
}

impl Templates {
    /// Adds one file.
    pub(super) fn file(&mut self, path: String, bytes: Vec<u8>) {
        self.inputs.push(Input::template(path, bytes));
    }

    /// Adds what a folder holds: an assembly of the CDK, or templates and plans. Whether it holds any.
    pub(super) fn folder(&mut self, folder: &Path) -> Result<bool, Refusal> {
        let (inside, read) = (folder.join("cdk.out"), |path: &Path| fs::read(path));
        if let Some(at) = [folder, &inside].into_iter().find(|folder| Assembly::is_at(folder, &read)) {
            let assembly = Assembly::load(at, &read).map_err(|e| Refusal::caused(&e).hint("run `cdk synth` again"))?;
            self.gaps.extend(assembly.missing.iter().map(|missing| {
                Gap::new(GapKind::AbsentInput, format!("{}: the assembly names {missing}, which is not there", at.display()))
                    .with_remedy(Remedy::Do("run `cdk synth` again".into()))
            }));
            self.inputs.extend(assembly.inputs);
            return Ok(true);
        }
        // A recording is read as one.
        if folder.join("recording.json").is_file() {
            return Ok(false);
        }
        let mut files = Vec::new();
        gather(folder, DEEPEST, &mut files);
        files.sort();
        let (before, shown) =
            (self.inputs.len() + self.plans.len(), |path: &Path| path.strip_prefix(".").unwrap_or(path).display().to_string());
        let mut unread = Vec::new();
        for path in files {
            match fs::read(&path).map(|bytes| recognise(&bytes)) {
                Ok(Form::Template(bytes)) => self.file(shown(&path), bytes),
                Ok(form @ (Form::Plan(_) | Form::Encrypted)) => self.plans.push((shown(&path), form)),
                Ok(Form::PlanFile(_) | Form::OtherJson | Form::Unknown) => {}
                Ok(Form::Broken(error)) => unread.push(
                    Gap::new(GapKind::NotUnderstood, format!("{}:{error}", shown(&path)))
                        .with_remedy(Remedy::Do("write it anew with `terraform show -json PLANFILE > plan.json`".into())),
                ),
                Err(error) => unread.push(
                    Gap::new(GapKind::AbsentInput, format!("cannot read `{}`: {error}", shown(&path)))
                        .with_remedy(Remedy::Do("let it be read, or name the other files one by one".into())),
                ),
            }
        }
        let is_any = self.inputs.len() + self.plans.len() > before;
        if is_any {
            self.gaps.extend(unread);
        }
        Ok(is_any)
    }

    /// Reads the templates with the values that the command line gives.
    pub(super) fn stacks(&mut self, scan: &Scan) -> Result<Vec<Stack>, Refusal> {
        let mut parameters = Parameters::default();
        for path in &scan.code.parameters {
            let shown = path.display().to_string();
            let bytes = fs::read(path).map_err(|e| Refusal::new(format!("cannot read `{shown}`: {e}")))?;
            parameters.add(&shown, &bytes).map_err(|e| Refusal::new(e.to_string()).hint(e.hint.clone()))?;
        }
        if self.inputs.is_empty() {
            return match scan.code.parameters.is_empty() {
                true => Ok(Vec::new()),
                false => Err(Refusal::new("--parameters is for CloudFormation templates, and none of the inputs is one")
                    .hint("leave it away, or name a template")),
            };
        }
        let mut read = cloudformation::read(&self.inputs, &parameters);
        self.gaps.extend(read.gaps);
        // What was not read may hold what the rest lacks.
        read.stacks.iter_mut().for_each(|stack| stack.is_whole &= self.gaps.is_empty());
        self.unwritten = read.unwritten;
        match (read.stacks.is_empty(), self.gaps.first()) {
            (true, Some(gap)) => {
                let hint = gap.remedy.as_ref().map(ToString::to_string).unwrap_or_default();
                Err(Refusal::new(gap.message.clone()).hint(hint))
            }
            _ => Ok(read.stacks),
        }
    }

    /// Says in the inventory what was not read.
    pub(super) fn confess(self, inventory: &mut Inventory, complete: bool) {
        inventory.scope.gaps.extend(self.gaps);
        // Only where the code is said to be all there is, it matters that more is made than is written.
        if complete {
            inventory.scope.gaps.extend(self.unwritten);
        }
        inventory.scope.gaps.sort();
        inventory.scope.gaps.dedup();
    }
}

/// Files below a folder that may be templates by their names. Links are not followed.
fn gather(folder: &Path, deeper: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && deeper > 0 && !name.starts_with('.') && name != "node_modules" {
            gather(&path, deeper - 1, files);
        }
        let is_named = [".yaml", ".yml", ".json", ".template"].iter().any(|extension| name.ends_with(extension));
        let is_small =
            || entry.metadata().is_ok_and(|about| usize::try_from(about.len()).is_ok_and(|length| length <= MAX_BYTES));
        if kind.is_file() && is_named && is_small() {
            files.push(path);
        }
    }
}
