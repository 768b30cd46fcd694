//! Reading a bundle, be it a folder or an archive: what files it has, and what their hashes are.
//!
//! The bytes are foreign. Nothing is unpacked but what is asked for by name, after all was read; a file is hashed block by block, and only the few that vouch for the others
//! are kept. What must not be there is noted, with everything else, so that one reading tells all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::archive;
use super::draft::{BLOCK, each, private_file, private_folders};
use super::layout::{self, PathFault, check_path};
use super::sums::{Hash, Sums, hash, stream};

/// A bundle to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bundle {
    Folder(PathBuf),
    /// A `.tar.gz`.
    Archive(PathBuf),
}

/// How much is read before it is too much: what no audit writes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Files and folders.
    pub entries: usize,
    /// Bytes of one file.
    pub file: u64,
    /// Bytes of one file that is read whole.
    pub kept: u64,
    /// Bytes of all files.
    pub total: u64,
    /// Bytes that one byte of an archive may become, once an archive has become more than `grace`.
    pub ratio: u64,
    pub grace: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { entries: 4_000_000, file: 8 << 30, kept: 512 << 20, total: 256 << 30, ratio: 200, grace: 64 << 20 }
    }
}

/// Why a bundle could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("there is no `{0}`")]
    Absent(String),
    #[error("`{0}` is neither a folder nor a .tar.gz")]
    Neither(String),
    #[error("cannot read `{path}`")]
    Read { path: String, source: io::Error },
}

/// Something that no bundle has.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("a path cannot be `{path}`: {fault}")]
    Path { path: String, fault: PathFault },
    #[error("the name of a file in `{0}` is not UTF-8")]
    Name(String),
    #[error("`{path}` is {kind}")]
    Kind { path: String, kind: &'static str },
    #[error("`{0}` stands there twice")]
    Duplicate(String),
    #[error("`{path}` has more than {limit} bytes")]
    Large { path: String, limit: u64 },
    #[error("it has more than {0} files")]
    Many(usize),
    #[error("it has more than {0} bytes")]
    Total(u64),
    #[error("`{0}` stands outside of the archive's one folder")]
    Outside(String),
    #[error("the archive is cut short or damaged: {0}")]
    Damaged(String),
    #[error("the archive becomes more than {0} times its size: it is made to fill a disk")]
    Bomb(u64),
    #[error("something follows the archive's end")]
    Trailing,
    #[error("cannot read `{path}`: {source}")]
    Read { path: String, source: io::Error },
    #[error("cannot write `{path}`: {source}")]
    Write { path: String, source: io::Error },
    #[error("`{0}` changed while it was read")]
    Changed(String),
}

/// What a bundle was found to hold.
#[derive(Debug, Default)]
pub struct Reading {
    /// The name of its folder.
    pub name: String,
    pub files: Sums,
    /// The files that vouch for others, and those that say what the bundle is.
    pub kept: BTreeMap<String, Vec<u8>>,
    pub bytes: u64,
    pub faults: Vec<Fault>,
}

/// The files of which a reading keeps the bytes.
const KEPT: [&str; 6] =
    [layout::SUMS, layout::SIGNATURE, layout::SIGSTORE, layout::TIMESTAMP, layout::PUBLIC_KEY, layout::MANIFEST];

impl Bundle {
    /// What stands at this path.
    ///
    /// # Errors
    /// Nothing, or neither a folder nor an archive.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let shown = || path.display().to_string();
        let failed = |source| OpenError::Read { path: shown(), source };
        let kind = match fs::metadata(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(OpenError::Absent(shown())),
            kind => kind.map_err(failed)?,
        };
        if kind.is_dir() {
            return Ok(Bundle::Folder(path.to_path_buf()));
        }
        let mut magic = Vec::new();
        if kind.is_file() {
            File::open(path).and_then(|f| f.take(2).read_to_end(&mut magic)).map_err(failed)?;
        }
        if magic == [0x1f, 0x8b] { Ok(Bundle::Archive(path.to_path_buf())) } else { Err(OpenError::Neither(shown())) }
    }

    pub fn path(&self) -> &Path {
        match self {
            Bundle::Folder(path) | Bundle::Archive(path) => path,
        }
    }

    /// Reads every file.
    pub fn read(&self, limits: &Limits) -> Reading {
        match self {
            Bundle::Folder(path) => folder(path, limits, true),
            Bundle::Archive(path) => archived(path, limits, true),
        }
    }

    /// Reads only the few files that a reading keeps; of the others only the names are seen.
    pub fn glance(&self, limits: &Limits) -> Reading {
        match self {
            Bundle::Folder(path) => folder(path, limits, false),
            Bundle::Archive(path) => archived(path, limits, false),
        }
    }

    /// The bytes of the wanted files, which must be what an earlier reading found.
    ///
    /// # Errors
    /// A file that is not as it was, or is not there any more.
    pub fn load(
        &self,
        reading: &Reading,
        limits: &Limits,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, Vec<u8>>, Fault> {
        let mut found = BTreeMap::new();
        let mut take = |path: &str, from: &mut dyn Read| -> Result<(), Fault> {
            if let Some(expected) = reading.files.get(path).filter(|_| wanted(path)) {
                let bytes = whole(path, from, limits.kept)?;
                if hash(&bytes) != *expected {
                    return Err(Fault::Changed(path.into()));
                }
                found.insert(path.to_string(), bytes);
            }
            Ok(())
        };
        match self {
            Bundle::Folder(root) => {
                for path in reading.files.keys() {
                    let failed = |source| Fault::Read { path: path.clone(), source };
                    if wanted(path) {
                        take(path, &mut File::open(root.join(path)).map_err(failed)?)?;
                    }
                }
            }
            Bundle::Archive(file) => {
                let failed = |source| Fault::Read { path: file.display().to_string(), source };
                let faults = archive::read(File::open(file).map_err(failed)?, limits, |entry, from| take(entry.path, from)).1;
                if let Some(fault) = faults.into_iter().next() {
                    return Err(fault);
                }
            }
        }
        match reading.files.keys().find(|path| wanted(path) && !found.contains_key(*path)) {
            Some(path) => Err(Fault::Changed(path.clone())),
            None => Ok(found),
        }
    }
}

impl Bundle {
    /// Writes the wanted files of an archive below a folder, each of which must be what an earlier reading found. Only a block of
    /// a file is in memory at once. The files of a folder stay where they are, and nothing is written.
    ///
    /// # Errors
    /// A file that is not as it was or is not there any more, and what cannot be written.
    pub fn unpack(&self, reading: &Reading, limits: &Limits, wanted: impl Fn(&str) -> bool, to: &Path) -> Result<(), Fault> {
        let Bundle::Archive(file) = self else { return Ok(()) };
        let mut written = BTreeSet::new();
        let mut buffer = vec![0; BLOCK];
        let failed = |source| Fault::Read { path: file.display().to_string(), source };
        let faults = archive::read(File::open(file).map_err(failed)?, limits, |entry, from| {
            let Some(expected) = reading.files.get(entry.path).filter(|_| wanted(entry.path)) else { return Ok(()) };
            let path = to.join(entry.path);
            let mut failure = None;
            let opened = path.parent().map_or(Ok(()), private_folders).and_then(|()| private_file(&path));
            let mut out = opened.map_err(|source| Fault::Write { path: path.display().to_string(), source })?;
            let copied = stream(from, limits.file, &mut buffer, |block| {
                out.write_all(block).map_err(|e| {
                    failure = Some(e);
                    io::Error::from(io::ErrorKind::WriteZero)
                })
            });
            if let Some(source) = failure {
                return Err(Fault::Write { path: path.display().to_string(), source });
            }
            let (sum, _) = copied.map_err(|source| Fault::Read { path: entry.path.into(), source })?;
            if sum != *expected {
                return Err(Fault::Changed(entry.path.into()));
            }
            written.insert(entry.path.to_string());
            Ok(())
        })
        .1;
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault);
        }
        match reading.files.keys().find(|path| wanted(path) && !written.contains(*path)) {
            Some(path) => Err(Fault::Changed(path.clone())),
            None => Ok(()),
        }
    }
}

/// The bytes of a file, not more than the limit.
fn whole(path: &str, from: &mut dyn Read, limit: u64) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let read = from.take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|source| Fault::Read { path: path.into(), source })?;
    if bytes.len() as u64 > limit { Err(Fault::Large { path: path.into(), limit }) } else { Ok(bytes) }
}

fn folder(root: &Path, limits: &Limits, all: bool) -> Reading {
    let name = fs::canonicalize(root).ok().and_then(|p| Some(p.file_name()?.to_string_lossy().into_owned())).unwrap_or_default();
    let mut reading = Reading { name, ..Reading::default() };
    let mut files = Vec::new();
    let mut count = 0;
    walk(root, "", limits, &mut count, &mut files, &mut reading.faults);
    files.sort();
    let total: u64 = files.iter().map(|(_, size)| size).sum();
    if total > limits.total {
        reading.faults.push(Fault::Total(limits.total));
        return reading;
    }
    let results = each(&files, |buffer, (path, _)| -> Result<_, std::convert::Infallible> {
        Ok(match KEPT.contains(&path.as_str()) {
            true => one_kept(root, path, limits).map(|bytes| (hash(&bytes), bytes.len() as u64, Some(bytes))),
            false if all => one(root, path, limits, buffer).map(|(sum, length)| (sum, length, None)),
            false => Ok((Hash::default(), 0, None)),
        })
    });
    let Ok(results) = results;
    for ((path, _), result) in files.into_iter().zip(results) {
        match result {
            Ok((sum, length, kept)) => {
                reading.bytes += length;
                if let Some(bytes) = kept {
                    reading.kept.insert(path.clone(), bytes);
                }
                reading.files.insert(path, sum);
            }
            Err(fault) => reading.faults.push(fault),
        }
    }
    reading
}

fn one_kept(root: &Path, path: &str, limits: &Limits) -> Result<Vec<u8>, Fault> {
    let mut file = File::open(root.join(path)).map_err(|source| Fault::Read { path: path.into(), source })?;
    whole(path, &mut file, limits.kept)
}

fn one(root: &Path, path: &str, limits: &Limits, buffer: &mut [u8]) -> Result<(Hash, u64), Fault> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::FileTooLarge => Fault::Large { path: path.into(), limit: limits.file },
        _ => Fault::Read { path: path.into(), source },
    };
    stream(File::open(root.join(path)).map_err(failed)?, limits.file, buffer, |_| Ok(())).map_err(failed)
}

fn walk(folder: &Path, below: &str, limits: &Limits, count: &mut usize, files: &mut Vec<(String, u64)>, faults: &mut Vec<Fault>) {
    let shown = || if below.is_empty() { ".".to_string() } else { below.to_string() };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(source) => return faults.push(Fault::Read { path: shown(), source }),
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(source) => return faults.push(Fault::Read { path: shown(), source }),
        };
        *count += 1;
        if *count > limits.entries {
            if *count == limits.entries + 1 {
                faults.push(Fault::Many(limits.entries));
            }
            return;
        }
        let Ok(name) = entry.file_name().into_string() else {
            faults.push(Fault::Name(shown()));
            continue;
        };
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if let Err(fault) = check_path(&path) {
            faults.push(Fault::Path { path, fault });
            continue;
        }
        // What a link points to is not asked.
        let meta = match entry.metadata() {
            Ok(meta) => meta,
            Err(source) => {
                faults.push(Fault::Read { path, source });
                continue;
            }
        };
        if meta.is_dir() {
            walk(&entry.path(), &path, limits, count, files, faults);
        } else if meta.is_file() {
            files.push((path, meta.len()));
        } else {
            let kind = if meta.is_symlink() { "a symbolic link" } else { "a special file" };
            faults.push(Fault::Kind { path, kind });
        }
    }
}

fn archived(file: &Path, limits: &Limits, all: bool) -> Reading {
    let mut reading = Reading::default();
    let source = match File::open(file) {
        Ok(source) => source,
        Err(source) => {
            reading.faults.push(Fault::Read { path: file.display().to_string(), source });
            return reading;
        }
    };
    let mut buffer = vec![0; BLOCK];
    let (name, faults) = archive::read(source, limits, |entry, from| {
        let path = entry.path.to_string();
        let sum = if KEPT.contains(&entry.path) {
            let bytes = whole(&path, from, limits.kept)?;
            let sum = hash(&bytes);
            reading.bytes += bytes.len() as u64;
            reading.kept.insert(path.clone(), bytes);
            sum
        } else if all {
            let failed = |source| Fault::Read { path: path.clone(), source };
            let (sum, length) = stream(from, limits.file, &mut buffer, |_| Ok(())).map_err(failed)?;
            reading.bytes += length;
            sum
        } else {
            Hash::default()
        };
        reading.files.insert(path, sum);
        Ok(())
    });
    reading.name = name;
    reading.faults = faults;
    reading
}
