//! `trailproof evidence verify`: every check in one line, and what the bundle came to.

use std::fs;
use std::path::Path;

use jiff::SignedDuration;

use super::{open, replay, scratch};
use crate::app::terminal::Terminal;
use crate::app::{Exit, Refusal, read};
use crate::cli::Verify;
use crate::evidence::chain::{self, Link};
use crate::evidence::sums::unhex;
use crate::evidence::tree::Reading;
use crate::evidence::verify::verify;
use crate::evidence::{Bundle, Limits, PublicKey, Standing, State, Trust, Verification, layout};
use crate::report::foreign;

pub(super) fn run(asked: &Verify, terminal: &Terminal) -> Result<Exit, Refusal> {
    let trust = trust(asked.key.as_deref())?;
    if let Some(ca) = &asked.tsa_ca {
        read(ca)?;
    }
    let limits = Limits::default();
    let bundle = open(&asked.bundle)?;
    let reading = bundle.read(&limits);
    let mut done = verify(&reading, &trust);
    if let Some(ca) = &asked.tsa_ca {
        authority(&mut done, &reading, ca)?;
    }
    if asked.replay {
        if done.standing() == Standing::Altered {
            done.add(State::Note, "replay", "not judged again: a check before it failed");
        } else {
            replay::run(&mut done, &bundle, &reading, &limits);
        }
    }
    if let Some(folder) = &asked.chain {
        follow(&mut done, &bundle, &reading, folder, &trust, asked.max_gap)?;
    }
    terminal.print(&shown(&done, terminal.quiet));
    Ok(match done.standing() {
        Standing::Sound => Exit::Good,
        Standing::Untrusted => Exit::Unknown,
        Standing::Altered => Exit::Fail,
    })
}

/// A line a check, then the verdict. What the checks quote is foreign.
fn shown(done: &Verification, is_quiet: bool) -> String {
    let mut text = String::new();
    for check in &done.checks {
        let state = match check.state {
            State::Good => "ok",
            State::Note => "-",
            State::Untrusted => "UNTRUSTED",
            State::Failed => "FAILED",
        };
        if !is_quiet || check.state > State::Note {
            let says = check.says.replace(['\n', '\r'], " ");
            text.push_str(&format!("{state:<10} {}: {says}\n", check.about));
        }
    }
    text.push_str(match done.standing() {
        Standing::Sound => "the bundle is as it was sealed by the given key\n",
        Standing::Untrusted => {
            "the bundle is as it was sealed, but nobody trusted says so: give the signer's key or fingerprint with --key\n"
        }
        Standing::Altered => "the bundle FAILED: do not rely on it\n",
    });
    foreign::block(&text)
}

fn trust(key: Option<&str>) -> Result<Trust, Refusal> {
    let Some(key) = key else { return Ok(Trust::Nobody) };
    let digits = key.replace(':', "").to_ascii_lowercase();
    if unhex(&digits).is_some() && !Path::new(key).exists() {
        return Ok(Trust::Fingerprint(digits));
    }
    let path = Path::new(key);
    let hint = "give the signer's public key as a PEM file, or its fingerprint of 64 hex digits; \
                `openssl pkey -in signer.pem -pubout` prints the public key of a private one";
    if !path.exists() {
        return Err(Refusal::new(format!("`{key}` is neither a file nor a fingerprint")).hint(hint));
    }
    PublicKey::from_pem(&read(path)?)
        .map(Trust::Key)
        .map_err(|e| Refusal::new(format!("cannot verify with `{key}`: {e}")).hint(hint))
}

/// Asks openssl whether the timestamp is of an authority that the given certificates vouch for.
fn authority(done: &mut Verification, reading: &Reading, ca: &Path) -> Result<(), Refusal> {
    let (Some(sums), Some(answer)) = (reading.kept.get(layout::SUMS), reading.kept.get(layout::TIMESTAMP)) else {
        done.add(State::Failed, "timestamp", "an authority was given, and there is no timestamp");
        return Ok(());
    };
    let failed = |e: std::io::Error| Refusal::new(format!("cannot write a temporary file: {e}"));
    let folder = scratch()?;
    let (data, token) = (folder.path().join("data"), folder.path().join("token"));
    let written = fs::write(&data, sums).and_then(|()| fs::write(&token, answer));
    let asked = written.map(|()| {
        let mut command = std::process::Command::new("openssl");
        command.args(["ts", "-verify", "-data"]).arg(&data).arg("-in").arg(&token).arg("-CAfile").arg(ca).output()
    });
    match asked.map_err(failed)? {
        Ok(output) if output.status.success() => {
            done.add(State::Good, "timestamp", format!("openssl says that the authority is one of `{}`", ca.display()));
        }
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            let why: Vec<&str> = text.lines().filter(|l| l.contains(':')).take(2).collect();
            done.add(State::Failed, "timestamp", format!("openssl does not trust the authority: {}", why.join("; ")));
        }
        Err(e) => {
            let says = format!("the authority was not checked, for `openssl` cannot be run: {e}");
            done.add(State::Failed, "timestamp", says);
        }
    }
    Ok(())
}

/// Follows the bundles of a folder. Those that came before are verified as the last one is.
fn follow(
    done: &mut Verification,
    bundle: &Bundle,
    reading: &Reading,
    folder: &Path,
    trust: &Trust,
    max_gap: Option<u32>,
) -> Result<(), Refusal> {
    let Some(last) = Link::of(reading) else {
        done.add(State::Failed, "chain", "the bundle's sums or manifest cannot be read");
        return Ok(());
    };
    let failed = |e: std::io::Error| {
        Refusal::new(format!("cannot read the folder `{}`: {e}", folder.display())).hint("name the folder that holds the bundles")
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_archive = path.to_string_lossy().ends_with(".tar.gz");
        if is_archive || path.join(layout::SUMS).is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    let mut links: Vec<Link> = Vec::new();
    let limits = Limits::default();
    for path in paths.iter().filter(|p| *p != bundle.path()) {
        let Ok(other) = Bundle::open(path) else { continue };
        let found = other.read(&limits);
        let Some(link) = Link::of(&found) else {
            done.add(State::Note, "chain", format!("`{}` is no bundle", path.display()));
            continue;
        };
        // The folder and the archive of one bundle are one link.
        if link.sums == last.sums || links.iter().any(|l| l.sums == link.sums) {
            continue;
        }
        for check in verify(&found, trust).checks.into_iter().filter(|c| c.state > State::Note) {
            // The signature of the last one vouches for all, by their hashes.
            if check.state == State::Failed {
                done.add(State::Failed, "chain", format!("`{}`: {}", path.display(), check.says));
            }
        }
        links.push(link);
    }
    let longest = max_gap.map(|days| SignedDuration::from_hours(24 * i64::from(days)));
    chain::follow(done, &last, &links, longest);
    Ok(())
}
