//! Whatever is changed in a bundle is found, in its folder and in its archive.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};
use trailproof::evidence::sums::{self, hash};
use trailproof::evidence::{Bundle, KeyFile, Limits, Signer, archive, layout};

use super::{FINGERPRINT, authority, files, key, manifest, seal, signed, stamp, verify};

const REPORT: &str = "report.json";

/// Another key than the golden one.
fn other_key(folder: &Path) -> KeyFile {
    let (is_good, pem) = super::shell(folder, "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    assert!(is_good);
    KeyFile::from_pem(&pem).unwrap()
}

/// A bundle of its own, changed by `change`, verified with the golden key: the exit code and the words that must be there.
fn after(change: impl Fn(&Path), exit: i32, words: &str) {
    let folder = tempfile::tempdir().unwrap();
    let bundle = signed(folder.path());
    change(&bundle);
    let (code, said) = verify(folder.path(), &bundle, &["--key", FINGERPRINT]);
    assert!(code == exit && said.contains(words), "wanted {exit} and `{words}`:\n{said}");
}

#[test]
fn a_sound_bundle_is_sound_in_both_forms() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = signed(folder.path());
    let packed = folder.path().join("b.tar.gz");
    archive::write(&bundle, &packed).unwrap();
    fs::write(folder.path().join("signer.pem"), key().public().to_pem()).unwrap();
    for form in [&bundle, &packed] {
        for trusted in [FINGERPRINT, "signer.pem"] {
            let (exit, said) = verify(folder.path(), form, &["--key", trusted]);
            assert!(exit == 0 && said.contains("7 files, ") && said.contains("all as they were sealed"), "{said}");
        }
        let (exit, said) = verify(folder.path(), form, &[]);
        assert!(exit == 3 && said.contains("UNTRUSTED  signature: valid, by key 5a7a78cc"), "{said}");
    }
    // Unpacked by another program it is the same bundle.
    fs::create_dir(folder.path().join("out")).unwrap();
    assert!(super::shell(folder.path(), "tar xzf b.tar.gz -C out").0);
    assert_eq!(files(&folder.path().join("out/evidence-golden")), files(&bundle));
}

#[test]
fn every_file_that_changes_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = signed(folder.path());
    for (name, bytes) in files(&bundle) {
        for (what, changed) in [
            ("a bit", bytes.iter().enumerate().map(|(i, b)| if i == bytes.len() / 2 { b ^ 1 } else { *b }).collect()),
            ("an end", [&bytes[..], b"\n"].concat()),
            ("a start", bytes[1..].to_vec()),
            ("nothing left", Vec::new()),
        ] {
            fs::write(bundle.join(&name), &changed).unwrap();
            let (exit, said) = verify(folder.path(), &bundle, &["--key", FINGERPRINT]);
            assert!(exit == 1 && said.contains("FAILED"), "{name}, {what}:\n{said}");
        }
        fs::remove_file(bundle.join(&name)).unwrap();
        let (exit, said) = verify(folder.path(), &bundle, &["--key", FINGERPRINT]);
        // Without its copy for cosign the bundle says no less.
        let expected = i32::from(name != layout::SIGSTORE);
        assert_eq!(exit, expected, "{name} removed:\n{said}");
        fs::write(bundle.join(&name), &bytes).unwrap();
    }
    assert_eq!(verify(folder.path(), &bundle, &["--key", FINGERPRINT]).0, 0);
}

#[test]
fn what_is_added_renamed_or_linked_is_found() {
    after(|b| fs::write(b.join(REPORT), "{}").unwrap(), 1, "`report.json` is not as it was sealed");
    after(|b| fs::write(b.join("raw/added.json"), "{}").unwrap(), 1, "`raw/added.json` was not sealed: it was added");
    after(|b| fs::write(b.join("SHA256SUMS.asc"), "{}").unwrap(), 1, "`SHA256SUMS.asc` was not sealed");
    after(|b| fs::write(b.join(".hidden"), "").unwrap(), 1, "`.hidden` was not sealed");
    after(|b| fs::rename(b.join(REPORT), b.join("Report.json")).unwrap(), 1, "`report.json` is missing");
    after(|b| fs::remove_dir_all(b.join("raw")).unwrap(), 1, "are missing");
    after(|b| fs::remove_file(b.join("SHA256SUMS")).unwrap(), 1, "`SHA256SUMS` is missing");
    after(|b| fs::remove_file(b.join("SHA256SUMS.sig")).unwrap(), 1, "`SHA256SUMS.sig` is missing, and the manifest says");
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        after(
            |b| {
                fs::rename(b.join(REPORT), b.with_file_name("elsewhere")).unwrap();
                symlink("../elsewhere", b.join(REPORT)).unwrap();
            },
            1,
            "`report.json` is a symbolic link",
        );
        after(|b| symlink("/etc", b.join("raw/etc")).unwrap(), 1, "`raw/etc` is a symbolic link");
        after(|b| assert!(super::shell(b, "mkfifo pipe").0), 1, "`pipe` is a special file");
    }
}

/// Whoever changes a file can make the sums anew, and sign them with a key of his own.
#[test]
fn a_bundle_sealed_anew_is_of_another_key() {
    let again = |bundle: &Path, signer: Option<&dyn Signer>| {
        fs::write(bundle.join(REPORT), "{\"result\": \"all is well\"}").unwrap();
        if let Some(signer) = signer {
            fs::write(bundle.join(layout::PUBLIC_KEY), signer.public().to_pem()).unwrap();
        }
        let listed = files(bundle).into_iter().filter(|(name, _)| !layout::SEALS.contains(&name.as_str()));
        let sums = sums::write(&listed.map(|(name, bytes)| (name, hash(&bytes))).collect());
        fs::write(bundle.join(layout::SUMS), &sums).unwrap();
        if let Some(signer) = signer {
            fs::write(bundle.join(layout::SIGNATURE), signer.sign(&hash(&sums)).unwrap()).unwrap();
        }
    };
    after(|b| again(b, None), 1, "`SHA256SUMS.sig` is not a signature of `SHA256SUMS` by the key");
    after(|b| again(b, Some(&other_key(b.parent().unwrap()))), 1, "which is not the given one");

    let folder = tempfile::tempdir().unwrap();
    let bundle = signed(folder.path());
    again(&bundle, Some(&other_key(folder.path())));
    let (exit, said) = verify(folder.path(), &bundle, &[]);
    // The manifest still names the first signer.
    assert!(exit == 1 && said.contains("the manifest says that key 5a7a78cc"), "{said}");
    fs::write(folder.path().join("signer.pem"), key().public().to_pem()).unwrap();
    let (exit, said) = verify(folder.path(), &bundle, &["--key", "signer.pem"]);
    assert!(exit == 1 && said.contains("which is not the given one"), "{said}");
}

#[test]
fn a_signature_of_something_else_is_none() {
    let swapped = |bundle: &Path| {
        let mut other = manifest();
        other.run_id = "ffffffffffffffff".into();
        let other = seal(&bundle.with_file_name("elsewhere"), "other", other, Some(&key()));
        fs::copy(other.join(layout::SIGNATURE), bundle.join(layout::SIGNATURE)).unwrap();
    };
    after(swapped, 1, "`SHA256SUMS.sig` is not a signature of `SHA256SUMS` by the key");
    after(
        |b| {
            let text = fs::read_to_string(b.join(layout::SIGSTORE)).unwrap();
            fs::write(b.join(layout::SIGSTORE), text.replace("v0.3", "v0.2")).unwrap();
        },
        1,
        "`SHA256SUMS.sigstore.json` holds something else",
    );
}

#[test]
fn an_unsigned_bundle_is_untrusted() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = seal(folder.path(), "evidence-unsigned", manifest(), None);
    for more in [&[][..], &["--key", FINGERPRINT]] {
        let (exit, said) = verify(folder.path(), &bundle, more);
        assert!(exit == 3 && said.contains("UNTRUSTED  signature: the bundle is not signed"), "{said}");
    }
}

#[test]
fn a_timestamp_of_another_file_is_found() {
    after(
        |b| {
            let folder = b.parent().unwrap();
            authority(folder);
            stamp(folder, &b.join(REPORT), &b.join(layout::TIMESTAMP));
        },
        1,
        "`SHA256SUMS.tsr` is about another file than `SHA256SUMS`",
    );
    after(|b| fs::write(b.join(layout::TIMESTAMP), "x").unwrap(), 1, "`SHA256SUMS.tsr` cannot be read");
}

/// An entry of a made-up archive.
enum Odd<'a> {
    File(&'a str, &'a [u8]),
    Of(EntryType, &'a str, &'a [u8]),
}

/// The archive of a sound bundle with entries added, written byte by byte where the library would refuse.
fn archive_with(folder: &Path, odd: &[Odd<'_>]) -> PathBuf {
    let bundle = signed(folder);
    let path = folder.join("b.tar.gz");
    let mut tar = Builder::new(GzEncoder::new(File::create(&path).unwrap(), Compression::default()));
    let sound = files(&bundle);
    let sound = sound.iter().map(|(name, bytes)| (EntryType::Regular, format!("evidence-golden/{name}"), &bytes[..]));
    let odd = odd.iter().map(|o| match o {
        Odd::File(name, bytes) => (EntryType::Regular, (*name).to_string(), *bytes),
        Odd::Of(kind, name, bytes) => (*kind, (*name).to_string(), *bytes),
    });
    for (kind, name, bytes) in sound.chain(odd) {
        let mut header = Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(0);
        header.set_cksum();
        tar.append(&header, bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
    path
}

#[test]
fn what_no_archive_has_is_found() {
    let cases: [(&[Odd<'_>], i32, &str); 14] = [
        (&[], 0, "all as they were sealed"),
        (&[Odd::File("evidence-golden/added", b"x")], 1, "`added` was not sealed"),
        (&[Odd::File("evidence-golden/report.json", b"{\"result\": \"no fails\"}\n")], 1, "report.json` stands there twice"),
        (&[Odd::File("evidence-golden/../../x", b"x")], 1, "a path cannot be `evidence-golden/../../x`"),
        (&[Odd::File("../x", b"x")], 1, "a path cannot be `../x`"),
        (&[Odd::File("/etc/x", b"x")], 1, "a path cannot be `/etc/x`"),
        (&[Odd::File("evidence-golden/./x", b"x")], 1, "a path cannot be"),
        (&[Odd::File("evidence-golden/a\\x", b"x")], 1, "a path cannot be"),
        (&[Odd::File("elsewhere/x", b"x")], 1, "`elsewhere/x` stands outside of the archive's one folder"),
        (&[Odd::File("x", b"x")], 1, "`x` stands outside"),
        (&[Odd::Of(EntryType::Symlink, "evidence-golden/link", b"")], 1, "is a symbolic link"),
        (&[Odd::Of(EntryType::Link, "evidence-golden/link", b"")], 1, "is a hard link"),
        (&[Odd::Of(EntryType::Fifo, "evidence-golden/pipe", b"")], 1, "is a special file"),
        (&[Odd::Of(EntryType::GNULongName, "evidence-golden/x", b"long\0")], 1, "is an extended header"),
    ];
    for (odd, exit, words) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = archive_with(folder.path(), odd);
        let (code, said) = verify(folder.path(), &path, &["--key", FINGERPRINT]);
        assert!(code == exit && said.contains(words), "wanted {exit} and `{words}`:\n{said}");
    }
}

#[test]
fn an_archive_that_is_cut_or_continued_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = archive_with(folder.path(), &[]);
    let whole = fs::read(&path).unwrap();
    for length in [10, 100, whole.len() / 2, whole.len() - 9, whole.len() - 8, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let (exit, said) = verify(folder.path(), &path, &["--key", FINGERPRINT]);
        assert!(exit == 1 && said.contains("the archive is cut short or damaged"), "{length}:\n{said}");
    }
    for tail in [&b"x"[..], &whole] {
        fs::write(&path, [&whole[..], tail].concat()).unwrap();
        let (exit, said) = verify(folder.path(), &path, &["--key", FINGERPRINT]);
        assert!(exit == 1 && said.contains("something follows the archive's end"), "{said}");
    }
    // Cut inside of the tar, and packed again.
    let mut tar = Vec::new();
    GzDecoder::new(&whole[..]).read_to_end(&mut tar).unwrap();
    for (length, words) in [(tar.len() - 2048, "is missing"), (700, "damaged"), (1, "damaged")] {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&tar[..length]).unwrap();
        fs::write(&path, packed.finish().unwrap()).unwrap();
        let (exit, said) = verify(folder.path(), &path, &["--key", FINGERPRINT]);
        assert!(exit == 1 && (said.contains(words) || said.contains("FAILED")), "{length}:\n{said}");
    }
}

#[test]
fn an_archive_that_would_fill_a_disk_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = vec![0; 80 << 20];
    let path = archive_with(folder.path(), &[Odd::File("evidence-golden/zeros", &zeros)]);
    assert!(fs::metadata(&path).unwrap().len() < 1 << 20);
    let (exit, said) = verify(folder.path(), &path, &["--key", FINGERPRINT]);
    assert!(exit == 1 && said.contains("it is made to fill a disk"), "{said}");
    let limits = |limits: Limits| -> String {
        let found = Bundle::open(&path).unwrap().read(&limits);
        found.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let default = Limits { ratio: u64::MAX, ..Limits::default() };
    assert_eq!(limits(default), "");
    assert_eq!(limits(Limits { total: 1 << 20, ..default }), "it has more than 1048576 bytes");
    assert_eq!(limits(Limits { file: 1 << 20, ..default }), "`evidence-golden/zeros` has more than 1048576 bytes");
    assert_eq!(limits(Limits { entries: 3, ..default }), "it has more than 3 files");
    assert_eq!(limits(Limits { kept: 10, ..default }), "`SHA256SUMS` has more than 10 bytes");
}

#[test]
fn a_folder_that_is_too_large_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = Bundle::open(&signed(folder.path())).unwrap();
    let faults = |limits: Limits| bundle.read(&limits).faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    assert_eq!(faults(Limits { total: 100, ..Limits::default() }), "it has more than 100 bytes");
    assert_eq!(faults(Limits { entries: 3, ..Limits::default() }), "it has more than 3 files");
    assert!(faults(Limits { file: 2, ..Limits::default() }).contains("has more than 2 bytes"));
}
