//! A bundle on its way: files are hashed as they are written, and the folder gets its name when everything is in it.
//!
//! What fails half-way leaves nothing behind. Nothing is held in memory but sums.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::layout::{self, PathFault, check_path};
use super::signature::{SignError, Signer, sigstore};
use super::sums::{self, Hash, Sums, hash, stream};

/// How much of a file is in memory at once.
pub(super) const BLOCK: usize = 256 * 1024;

/// Why a bundle could not be written.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    #[error("cannot write `{path}`")]
    Write { path: String, source: io::Error },
    #[error("cannot read `{path}`")]
    Read { path: String, source: io::Error },
    #[error("`{0}` is there already")]
    Exists(String),
    #[error("`{path}` cannot stand in a bundle: {fault}")]
    Path { path: String, fault: PathFault },
    #[error("`{0}` is written twice")]
    Twice(String),
    #[error("`{0}` is a link or a special file")]
    Kind(String),
    #[error("the name of a file in `{0}` is not UTF-8")]
    Name(String),
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// A bundle that is being written.
pub struct Draft {
    parent: PathBuf,
    folder: PathBuf,
    sums: Sums,
}

/// A bundle that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub folder: PathBuf,
    /// The bytes of `SHA256SUMS`.
    pub sums: Vec<u8>,
}

impl Draft {
    /// Begins a bundle in this folder, which is made where it is not there.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn begin(parent: &Path) -> Result<Self, DraftError> {
        fs::create_dir_all(parent).map_err(|e| write_failed(parent, e))?;
        let folder = parent.join(format!(".trailproof-{}.part", std::process::id()));
        private_folder(&folder).map_err(|e| write_failed(&folder, e))?;
        Ok(Draft { parent: parent.to_path_buf(), folder, sums: Sums::new() })
    }

    /// Where a file or folder of the bundle stands for now.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// The sum of a file that was written.
    pub fn sum(&self, path: &str) -> Option<&Hash> {
        self.sums.get(path)
    }

    /// Writes a file.
    ///
    /// # Errors
    /// A path that no bundle holds or that was written before, and a folder that cannot be written.
    pub fn add(&mut self, path: &str, bytes: &[u8]) -> Result<(), DraftError> {
        self.admit(path)?;
        self.folder_of(path)?;
        let to = self.folder.join(path);
        private_file(&to).and_then(|mut f| f.write_all(bytes)).map_err(|e| write_failed(&to, e))?;
        self.sums.insert(path.to_string(), hash(bytes));
        Ok(())
    }

    /// Copies a folder, or a file into it, below this path of the bundle. Files are read once.
    ///
    /// # Errors
    /// Links, special files, names that no bundle holds, and what cannot be read or written.
    pub fn copy(&mut self, from: &Path, below: &str) -> Result<usize, DraftError> {
        let mut files = Vec::new();
        gather(from, below, 0, &mut files)?;
        files.sort();
        for (path, _) in &files {
            self.admit(path)?;
            self.folder_of(path)?;
        }
        let copied = each(&files, |buffer, (path, from)| {
            let to = self.folder.join(path);
            let read_failed = |source| DraftError::Read { path: show(from), source };
            let source = File::open(from).map_err(read_failed)?;
            let mut target = private_file(&to).map_err(|e| write_failed(&to, e))?;
            let mut failed = None;
            let done = stream(source, u64::MAX, buffer, |block| {
                target.write_all(block).inspect_err(|e| failed = Some(io::Error::from(e.kind())))
            });
            match (done, failed) {
                (Ok((sum, _)), _) => Ok((path.clone(), sum)),
                (Err(_), Some(e)) => Err(write_failed(&to, e)),
                (Err(e), None) => Err(read_failed(e)),
            }
        })?;
        let count = copied.len();
        self.sums.extend(copied);
        Ok(count)
    }

    /// Lists the sums, has them signed, and gives the bundle its name.
    ///
    /// # Errors
    /// A key that did not sign, a bundle of that name, and a folder that cannot be written.
    pub fn seal(mut self, name: &str, signer: Option<&dyn Signer>) -> Result<Sealed, DraftError> {
        let folder = self.parent.join(name);
        if folder.exists() {
            return Err(DraftError::Exists(show(&folder)));
        }
        if let Some(signer) = signer {
            let pem = signer.public().to_pem();
            self.add(layout::PUBLIC_KEY, pem.as_bytes())?;
        }
        let listed = sums::write(&self.sums);
        if let Some(signer) = signer {
            let signature = signer.sign(&hash(&listed))?;
            if !signer.public().verifies(&listed, &signature) {
                return Err(SignError::Wrong.into());
            }
            self.vouch(layout::SIGNATURE, &signature)?;
            self.vouch(layout::SIGSTORE, &sigstore(&listed, &signature, &signer.public().fingerprint()))?;
        }
        self.vouch(layout::SUMS, &listed)?;
        fs::rename(&self.folder, &folder).map_err(|e| write_failed(&folder, e))?;
        Ok(Sealed { folder, sums: listed })
    }

    /// A file that stands in no list.
    fn vouch(&self, path: &str, bytes: &[u8]) -> Result<(), DraftError> {
        let to = self.folder.join(path);
        private_file(&to).and_then(|mut f| f.write_all(bytes)).map_err(|e| write_failed(&to, e))
    }

    fn admit(&self, path: &str) -> Result<(), DraftError> {
        check_path(path).map_err(|fault| DraftError::Path { path: path.into(), fault })?;
        if self.sums.contains_key(path) || layout::SEALS.contains(&path) {
            return Err(DraftError::Twice(path.into()));
        }
        Ok(())
    }

    fn folder_of(&self, path: &str) -> Result<(), DraftError> {
        let mut folder = self.folder.clone();
        let parts: Vec<&str> = path.split('/').collect();
        for part in &parts[..parts.len() - 1] {
            folder.push(part);
            if !folder.is_dir() {
                private_folder(&folder).map_err(|e| write_failed(&folder, e))?;
            }
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After a seal the folder has its name, and there is nothing under this one.
        fs::remove_dir_all(&self.folder).ok();
    }
}

impl Sealed {
    /// Adds what vouches for the sums from outside, such as a timestamp.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn vouch(&self, path: &str, bytes: &[u8]) -> Result<(), DraftError> {
        whole(&self.folder.join(path), bytes)
    }
}

/// Writes a private file, as a whole or not at all.
pub(super) fn whole(path: &Path, bytes: &[u8]) -> Result<(), DraftError> {
    let part = path.with_extension("part");
    fs::remove_file(&part).ok();
    private_file(&part)
        .and_then(|mut f| f.write_all(bytes))
        .and_then(|()| fs::rename(&part, path))
        .map_err(|e| write_failed(path, e))
}

/// A file that only its owner may read; one that is there is an error.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder, and those above it that are not there.
pub(super) fn private_folders(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    path.parent().map_or(Ok(()), private_folders)?;
    private_folder(path)
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Every file below a folder, with its path in the bundle; a file stands for itself.
fn gather(from: &Path, below: &str, depth: usize, files: &mut Vec<(String, PathBuf)>) -> Result<(), DraftError> {
    let failed = |source| DraftError::Read { path: show(from), source };
    let kind = if depth == 0 { fs::metadata(from) } else { fs::symlink_metadata(from) }.map_err(failed)?.file_type();
    if kind.is_file() {
        files.push((below.to_string(), from.to_path_buf()));
        return Ok(());
    }
    if !kind.is_dir() {
        return Err(DraftError::Kind(show(from)));
    }
    for entry in fs::read_dir(from).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_str().ok_or_else(|| DraftError::Name(show(from)))?;
        gather(&from.join(name), &format!("{below}/{name}"), depth + 1, files)?;
    }
    Ok(())
}

/// Does the work for every item on every core, each worker with one buffer; the results come in the items' order.
pub(super) fn each<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&mut [u8], &T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8).min(items.len().max(1));
    let next = AtomicUsize::new(0);
    let run = || {
        let mut buffer = vec![0; BLOCK];
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return Ok(done) };
            match work(&mut buffer, item) {
                Ok(result) => done.push((at, result)),
                Err(e) => {
                    next.store(items.len(), Ordering::Relaxed);
                    return Err(e);
                }
            }
        }
    };
    let all: Vec<Result<Vec<(usize, R)>, E>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(run)).collect();
        handles.into_iter().map(|h| h.join().expect("the work does not panic")).collect()
    });
    let mut results = Vec::with_capacity(items.len());
    for part in all {
        results.extend(part?);
    }
    results.sort_by_key(|(at, _)| *at);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

fn write_failed(path: &Path, source: io::Error) -> DraftError {
    if source.kind() == io::ErrorKind::AlreadyExists {
        return DraftError::Exists(show(path));
    }
    DraftError::Write { path: show(path), source }
}

fn show(path: &Path) -> String {
    path.display().to_string()
}
