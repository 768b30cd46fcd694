//! What a file is, by its content, and the front end that reads it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::cloudformation;
use super::resource::Stack;
use super::terraform::{self, PlanError, SnapshotError};
use crate::inventory::Inventory;

/// Larger files are not read.
pub const MAX_BYTES: usize = 512 * 1024 * 1024;

/// What a file is.
#[derive(Debug)]
pub enum Form {
    /// A Terraform plan as JSON, read.
    Plan(Value),
    /// A plan file that Terraform wrote: a zip, as it is.
    PlanFile(Vec<u8>),
    /// A plan that OpenTofu encrypted.
    Encrypted,
    /// A CloudFormation template as it is, good or not: templates are read together, by `cloudformation::read`.
    Template(Vec<u8>),
    /// What looks like a plan as JSON, and cannot be read: `LINE:COLUMN: why`.
    Broken(String),
    /// A JSON object that is no code, such as a saved inventory.
    OtherJson,
    /// None of them.
    Unknown,
}

/// Why a file of code could not be used.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    #[error("`{path}` cannot be used: {source}")]
    Plan { path: String, source: PlanError },
    #[error("`{path}` cannot be used: {source}")]
    PlanFile { path: String, source: SnapshotError },
}

impl CodeError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            CodeError::Plan { source, .. } => source.hint(),
            CodeError::PlanFile { source, .. } => source.hint(),
        }
    }
}

/// Tells what a file is. A plan is read on the way, because only reading tells.
pub fn recognise(bytes: &[u8]) -> Form {
    if bytes.starts_with(b"PK\x03\x04") {
        return Form::PlanFile(bytes.to_vec());
    }
    // A saved inventory says so at once, and is large.
    if bytes[..bytes.len().min(256)].windows(Inventory::KIND.len()).any(|part| part == Inventory::KIND.as_bytes()) {
        return Form::OtherJson;
    }
    if cloudformation::recognise(bytes) {
        return Form::Template(bytes.to_vec());
    }
    let Some(text) = text(bytes) else { return Form::Unknown };
    if !text.trim_start().starts_with('{') {
        return Form::Unknown;
    }
    match serde_json::from_str::<Strict>(&text).map(|strict| strict.0) {
        Ok(value) if terraform::is_plan(&value) => Form::Plan(value),
        Ok(value) if value.get("encrypted_data").is_some() && value.get("encryption_version").is_some() => Form::Encrypted,
        Err(error) if text.contains("\"format_version\"") && text.contains("\"planned_values\"") => {
            let said = error.to_string();
            let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
            Form::Broken(format!("{}:{}: this is no JSON of a plan: {said}", error.line(), error.column().max(1)))
        }
        Ok(_) | Err(_) => Form::OtherJson,
    }
}

/// A folder of Terraform's configuration, as the source of a plan.
pub struct FolderSource {
    /// As it is shown, `.` for the current one.
    pub folder: String,
    pub source: terraform::PlanFile,
    /// When the newest of its files was changed, where that is known.
    pub changed: Option<Timestamp>,
}

/// What was read, and the folders that are the source of a plan.
pub struct Loaded {
    pub stacks: Vec<Stack>,
    /// Their configuration is not to be read beside the plan: it would be there twice.
    pub taken: BTreeSet<String>,
}

/// Reads files of code, each with the path that it was named by. What is none is left out: it is asked for by its form.
///
/// # Errors
/// The first file that cannot be used; also a plan file that belongs to none of the plans.
pub fn load(files: Vec<(String, Form)>) -> Result<Vec<Stack>, CodeError> {
    load_beside(files, &[]).map(|loaded| loaded.stacks)
}

/// As [`load`], with folders in which the source of plans may stand.
///
/// # Errors
/// As [`load`].
pub fn load_beside(files: Vec<(String, Form)>, folders: &[FolderSource]) -> Result<Loaded, CodeError> {
    let (mut plans, mut sources) = (Vec::new(), Vec::new());
    for (path, form) in files {
        let failed = |source| CodeError::Plan { path: path.clone(), source };
        match form {
            Form::Plan(value) => plans.push(terraform::read(&path, value).map_err(failed)?),
            Form::PlanFile(bytes) => {
                let source = terraform::open(&bytes).map_err(|source| CodeError::PlanFile { path: path.clone(), source })?;
                let source = source.named(&path);
                sources.push((path, source));
            }
            Form::Encrypted => return Err(failed(PlanError::Encrypted)),
            Form::Template(_) | Form::Broken(_) | Form::OtherJson | Form::Unknown => {}
        }
    }
    for (path, source) in &sources {
        if plans.is_empty() {
            return Err(CodeError::Plan { path: path.clone(), source: PlanError::Binary });
        }
        let misfits: Vec<String> = plans.iter().filter_map(|plan| plan.fits(source).err()).collect();
        if misfits.len() == plans.len() {
            let why = misfits.into_iter().next().unwrap_or_default();
            return Err(CodeError::PlanFile { path: path.clone(), source: SnapshotError::Foreign(why) });
        }
    }
    let mut loaded = Loaded { stacks: Vec::new(), taken: BTreeSet::new() };
    for plan in plans {
        let in_file = sources.iter().find(|(_, source)| plan.fits(source).is_ok()).map(|(_, source)| source);
        let beside = beside(&plan, folders);
        // Configuration of something else is code of its own.
        let is_of_it = beside.is_some_and(|folder| plan.fits(&folder.source).is_ok());
        loaded.taken.extend(beside.filter(|_| is_of_it).map(|folder| folder.folder.clone()));
        let (in_folder, note) = beside.map(|folder| usable(&plan, folder)).unzip();
        let mut stack = plan.stack(in_file.or(in_folder.flatten()));
        // What the plan file carries is the source for certain, and the folder only a copy of it.
        stack.notes.extend(note.filter(|_| in_file.is_none()));
        loaded.stacks.push(stack);
    }
    Ok(loaded)
}

/// The folder whose configuration the plan is of: the one that the plan stands in, else the only one that is its source.
fn beside<'f>(plan: &terraform::Read, folders: &'f [FolderSource]) -> Option<&'f FolderSource> {
    let within = plan.file().rsplit_once('/').map_or(".", |(folder, _)| folder);
    let is_its_own = |folder: &&FolderSource| folder.folder == within.trim_start_matches("./");
    let mut elsewhere = folders.iter().filter(|folder| plan.is_of(&folder.source));
    let only = elsewhere.next().filter(|_| elsewhere.next().is_none());
    folders.iter().find(is_its_own).or(only)
}

/// The source in the folder, if it is still what the plan was made of; and what is said of it.
fn usable<'f>(plan: &terraform::Read, folder: &'f FolderSource) -> (Option<&'f terraform::PlanFile>, String) {
    let (file, place) = (plan.file(), &folder.folder);
    if let Err(why) = plan.fits(&folder.source) {
        return (None, format!("{file} does not belong to the configuration in {place}, so that both were read: {why}"));
    }
    if folder.changed.zip(plan.made()).is_some_and(|(changed, made)| changed > made) {
        let note = format!(
            "{file} was read, and not the configuration in {place}, which was changed after the plan was made; places and exact \
             references are those of a plan that is newer"
        );
        return (None, note);
    }
    (Some(&folder.source), format!("{file} was read, with the configuration in {place} as its source"))
}

/// JSON in which no object has a key twice: readers differ in which of the two they take.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Strict, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = list.next_element()? {
            items.push(item);
        }
        Ok(Strict(Value::Array(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let mut object = serde_json::Map::new();
        while let Some((key, Strict(value))) = map.next_entry::<String, Strict>()? {
            match object.entry(key) {
                serde_json::map::Entry::Vacant(entry) => drop(entry.insert(value)),
                serde_json::map::Entry::Occupied(entry) => {
                    return Err(A::Error::custom(format!("the key `{}` stands twice in one object", entry.key())));
                }
            }
        }
        Ok(Strict(Value::Object(object)))
    }
}

/// The text of a file: UTF-8, or UTF-16 with its mark, as PowerShell writes what it is told to keep.
fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let wide = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        bytes.len().is_multiple_of(2).then(|| String::from_utf16(&units).ok().map(Cow::Owned))?
    };
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => std::str::from_utf8(rest).ok().map(Cow::Borrowed),
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_what_is_in_them() {
        let plan = r#"{"format_version":"1.2","planned_values":{}}"#;
        assert!(matches!(recognise(plan.as_bytes()), Form::Plan(_)));
        let mut marked = vec![0xEF, 0xBB, 0xBF];
        marked.extend(plan.as_bytes());
        assert!(matches!(recognise(&marked), Form::Plan(_)));
        let wide: Vec<u8> = [0xFF, 0xFE].into_iter().chain(plan.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert!(matches!(recognise(&wide), Form::Plan(_)));
        let wide: Vec<u8> = [0xFE, 0xFF].into_iter().chain(plan.encode_utf16().flat_map(u16::to_be_bytes)).collect();
        assert!(matches!(recognise(&wide), Form::Plan(_)));
        assert!(matches!(recognise(b"PK\x03\x04..."), Form::PlanFile(_)));
        assert!(matches!(recognise(br#"{"meta":{},"encrypted_data":"x","encryption_version":"v0"}"#), Form::Encrypted));
        assert!(matches!(recognise(br#"{"kind":"trailproof-inventory"}"#), Form::OtherJson));
        assert!(matches!(recognise(b"Resources:\n"), Form::Unknown));
        let broken = |text: &str| match recognise(text.as_bytes()) {
            Form::Broken(said) => said,
            other => panic!("{other:?}"),
        };
        assert!(broken(&plan[..plan.len() - 1]).contains(": this is no JSON of a plan: EOF"), "cut off");
        let twice = plan.replace("{}", r#"{"a":1,"a":2}"#);
        assert!(broken(&twice).contains("the key `a` stands twice in one object"));
    }
}
