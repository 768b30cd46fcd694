//! A bundle as one file: `.tar.gz`, the same bytes for the same folder.
//!
//! Written in the plain ustar form, sorted, without owners and times. Read as a stream: nothing is unpacked, and whatever is
//! not a plain file or folder below one folder is a fault.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::rc::Rc;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use tar::{Archive, EntryType, Header};

use super::draft::{DraftError, private_file};
use super::layout::{SEALS, check_path};
use super::sums;
use super::tree::{Fault, Limits};

/// Writes the archive of a sealed bundle.
///
/// # Errors
/// An archive that is there already, and what cannot be read or written.
pub fn write(folder: &Path, to: &Path) -> Result<(), DraftError> {
    let shown = |path: &Path| path.display().to_string();
    let write_failed = |source| DraftError::Write { path: shown(to), source };
    if to.exists() {
        return Err(DraftError::Exists(shown(to)));
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let listed = folder.join(super::layout::SUMS);
    let read_failed = |path: &Path| {
        let path = shown(path);
        move |source| DraftError::Read { path, source }
    };
    let bytes = fs::read(&listed).map_err(read_failed(&listed))?;
    let broken = |e: sums::SumsError| io::Error::new(io::ErrorKind::InvalidData, e);
    let listed = sums::parse(&bytes).map_err(broken).map_err(read_failed(&listed))?;
    let seals = SEALS.iter().filter(|s| folder.join(s).is_file()).map(ToString::to_string);
    let paths: BTreeSet<String> = listed.into_keys().chain(seals).collect();
    let folders: BTreeSet<&str> =
        paths.iter().flat_map(|p| p.match_indices('/').map(|(at, _)| &p[..at])).chain(std::iter::once("")).collect();

    let part = to.with_extension("part");
    fs::remove_file(&part).ok();
    let file = private_file(&part).map_err(write_failed)?;
    let mut tar = tar::Builder::new(GzEncoder::new(BufWriter::new(file), Compression::new(6)));
    let entries: BTreeSet<(&str, bool)> =
        folders.into_iter().map(|f| (f, true)).chain(paths.iter().map(|p| (p.as_str(), false))).collect();
    let outcome = entries.into_iter().try_for_each(|(path, is_folder)| {
        let whole = [&name, path].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("/");
        if is_folder {
            return tar
                .append(&header(&format!("{whole}/"), EntryType::Directory, 0).map_err(write_failed)?, io::empty())
                .map_err(write_failed);
        }
        let from = folder.join(path);
        let source = File::open(&from).map_err(read_failed(&from))?;
        let size = source.metadata().map_err(read_failed(&from))?.len();
        let head = header(&whole, EntryType::Regular, size).map_err(write_failed)?;
        tar.append(&head, Exactly { source, left: size }).map_err(write_failed)
    });
    let finished = outcome.and_then(|()| {
        tar.into_inner()
            .and_then(GzEncoder::finish)
            .and_then(|mut file| file.flush())
            .and_then(|()| fs::rename(&part, to))
            .map_err(write_failed)
    });
    if finished.is_err() {
        fs::remove_file(&part).ok();
    }
    finished
}

fn header(path: &str, kind: EntryType, size: u64) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(path)?;
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(if kind == EntryType::Directory { 0o700 } else { 0o600 });
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    Ok(header)
}

/// As many bytes as the header says, or an error.
struct Exactly {
    source: File,
    left: u64,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let n = self.source.read(&mut buffer[..room])?;
        if n == 0 && room > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
        }
        self.left -= n as u64;
        Ok(n)
    }
}

/// A file of an archive.
pub(super) struct Entry<'a> {
    /// Below the archive's folder.
    pub(super) path: &'a str,
}

/// Reads an archive, file by file; what is given is the name of its folder, and what must not be there. After a fault of the
/// archive itself nothing more is read.
pub(super) fn read(
    source: impl Read,
    limits: &Limits,
    mut file: impl FnMut(&Entry<'_>, &mut dyn Read) -> Result<(), Fault>,
) -> (String, Vec<Fault>) {
    let state = Rc::new(State::default());
    let compressed = BufReader::with_capacity(64 * 1024, Counted { inner: source, state: state.clone() });
    let metered = Metered { inner: GzDecoder::new(compressed), state: state.clone(), limits: *limits, grown: 0 };
    let mut archive = Archive::new(metered);
    let mut faults = Vec::new();
    let mut name = None;
    let finished = entries(&mut archive, limits, &mut name, &mut faults, &mut file);
    match finished {
        Err(fault) => faults.push(state.limit.take().unwrap_or(fault)),
        Ok(()) => {
            if let Err(fault) = end(archive.into_inner()) {
                faults.push(state.limit.take().unwrap_or(fault));
            }
        }
    }
    (name.unwrap_or_default(), faults)
}

fn entries(
    archive: &mut Archive<impl Read>,
    limits: &Limits,
    name: &mut Option<String>,
    faults: &mut Vec<Fault>,
    file: &mut impl FnMut(&Entry<'_>, &mut dyn Read) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let damaged = |e: io::Error| Fault::Damaged(e.to_string());
    let mut seen = BTreeSet::new();
    // Raw entries: a long name or an extended header would be an entry of its own kind, and is refused as such.
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let size = entry.size();
        let bytes = entry.path_bytes().into_owned();
        let Ok(path) = String::from_utf8(bytes) else {
            faults.push(Fault::Name("the archive".into()));
            continue;
        };
        if seen.len() >= limits.entries {
            return Err(Fault::Many(limits.entries));
        }
        let kind = entry.header().entry_type();
        let trimmed = path.strip_suffix('/').filter(|_| kind == EntryType::Directory).unwrap_or(&path);
        let (top, inner) = trimmed.split_once('/').map_or((trimmed, None), |(top, inner)| (top, Some(inner)));
        if let Err(fault) = check_path(top).and(inner.map_or(Ok(()), check_path)) {
            faults.push(Fault::Path { path, fault });
            continue;
        }
        if !seen.insert(trimmed.to_string()) {
            faults.push(Fault::Duplicate(trimmed.into()));
            continue;
        }
        match kind {
            EntryType::Directory if size == 0 => {}
            EntryType::Regular if inner.is_some() => {}
            EntryType::Regular => {
                faults.push(Fault::Outside(path));
                continue;
            }
            _ => {
                faults.push(Fault::Kind { path, kind: said(kind) });
                continue;
            }
        }
        if name.get_or_insert_with(|| top.to_string()) != top {
            faults.push(Fault::Outside(path));
            continue;
        }
        if size > limits.file {
            return Err(Fault::Large { path, limit: limits.file });
        }
        if let (EntryType::Regular, Some(inner)) = (kind, inner) {
            file(&Entry { path: inner }, &mut entry).map_err(|fault| match fault {
                Fault::Read { source, .. } => damaged(source),
                fault => fault,
            })?;
        }
    }
    Ok(())
}

fn said(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Link => "a hard link",
        EntryType::Symlink => "a symbolic link",
        EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader | EntryType::XGlobalHeader => {
            "an extended header, which Trailproof does not write; unpack the archive and verify its folder"
        }
        EntryType::Directory => "a folder with content of its own",
        _ => "a special file",
    }
}

/// What follows the last entry is padding, up to the archive's end and to the file's.
fn end<R: Read>(mut metered: Metered<GzDecoder<BufReader<Counted<R>>>>) -> Result<(), Fault> {
    let damaged = |e: io::Error| Fault::Damaged(e.to_string());
    let mut block = [0; 4096];
    loop {
        let n = metered.read(&mut block).map_err(damaged)?;
        if n == 0 {
            break;
        }
        if block[..n].iter().any(|b| *b != 0) {
            return Err(Fault::Trailing);
        }
    }
    let mut rest = metered.inner.into_inner();
    match rest.read(&mut block).map_err(damaged)? {
        0 => Ok(()),
        _ => Err(Fault::Trailing),
    }
}

#[derive(Default)]
struct State {
    compressed: Cell<u64>,
    /// The limit that was reached; the error goes through the readers between.
    limit: Cell<Option<Fault>>,
}

/// Counts what is read of the file.
struct Counted<R> {
    inner: R,
    state: Rc<State>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.state.compressed.set(self.state.compressed.get() + n as u64);
        Ok(n)
    }
}

/// Counts what the file becomes, and stops where it becomes too much.
struct Metered<R> {
    inner: R,
    state: Rc<State>,
    limits: Limits,
    grown: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.grown += n as u64;
        let Limits { total, ratio, grace, .. } = self.limits;
        let fault = if self.grown > total {
            Fault::Total(total)
        } else if self.grown > grace && self.grown / self.state.compressed.get().max(1) > ratio {
            Fault::Bomb(ratio)
        } else {
            return Ok(n);
        };
        let error = io::Error::new(io::ErrorKind::FileTooLarge, fault.to_string());
        self.state.limit.set(Some(fault));
        Err(error)
    }
}
