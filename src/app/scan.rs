//! `trailproof scan`: from what was asked for to reports and an exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::terminal::Terminal;
use super::{Exit, Refusal, catalogue, inputs, read};
use crate::audit::{Settings, audit};
use crate::cli::{Format, Scan};
use crate::config::{Config, FILE_NAME};
use crate::finding::{Outcome, Severity};
use crate::inventory::Inventory;
use crate::inventory::noun::closest;
use crate::moment::Moments;
use crate::policy::catalogue::Catalogue;
use crate::report::build::Material;
use crate::report::text::TextOptions;
use crate::report::{Report, SetAside, html, json, text};
use crate::yaml::SourceFile;

pub(super) fn run(scan: &Scan, terminal: &Terminal) -> Result<Exit, Refusal> {
    let (config, source) = config(scan)?;
    let mut directories: Vec<PathBuf> = config.policies.directories.iter().map(PathBuf::from).collect();
    directories.extend(scan.directories.iter().cloned());
    let catalogue = catalogue(&directories)?;
    if let Some(source) = &source {
        config.check(source, &catalogue)?;
    }
    let mut selection = Selection::new(scan, &config, &catalogue)?;
    let output = Output::prepare(scan, &config)?;
    let inventory = inputs::inventory(scan, &config, terminal)?;
    let now = scan.now.unwrap_or(inventory.scope.ended);
    selection.settings.as_read = scan.now.is_none() && Moments::of(&inventory).are_apart();
    let findings = audit(&inventory, &catalogue, &selection.settings, now).map_err(|e| {
        Refusal::new(e.to_string()).hint("this is a fault of the policy or of Trailproof, and no verdict; please report it")
    })?;
    let material = Material {
        inventory: &inventory,
        catalogue: &catalogue,
        frameworks: &scan.frameworks,
        scopes: &config.scopes(),
        action,
        set_aside: selection.set_aside,
        asked: selection.asked,
        now,
    };
    let mut report = Report::build(&material, findings);
    report.collected.judged_as_read = selection.settings.as_read;
    output.write(&report, &inventory, terminal)?;
    let fail_on = scan.fail_on.or(config.fail_on).unwrap_or(Severity::Low);
    Ok(exit(&report, fail_on, scan.allow_unknown || config.allow_unknown))
}

/// The IAM action that allows an operation, from the table of every call that can be made.
fn action(service: &str, operation: &str) -> Option<&'static str> {
    crate::aws::operation::ALL.iter().find(|o| o.service == service && o.name == operation).map(|o| o.action)
}

fn exit(report: &Report, fail_on: Severity, allow_unknown: bool) -> Exit {
    if report.collected.interrupted {
        return Exit::Interrupted;
    }
    let failed = report.findings.iter().any(|f| f.outcome == Outcome::Fail && f.severity >= fail_on);
    match (failed, report.summary.outcomes.unknown > 0 && !allow_unknown) {
        (true, _) => Exit::Fail,
        (false, true) => Exit::Unknown,
        (false, false) => Exit::Good,
    }
}

fn config(scan: &Scan) -> Result<(Config, Option<SourceFile>), Refusal> {
    let path = match &scan.config {
        Some(path) => path.clone(),
        None if Path::new(FILE_NAME).is_file() => PathBuf::from(FILE_NAME),
        None => return Ok((Config::default(), None)),
    };
    let mut source = SourceFile::new(path.display().to_string(), read(&path)?);
    let config = Config::load(&mut source)?;
    Ok((config, Some(source)))
}

/// Which policies are asked, and how.
struct Selection {
    settings: Settings,
    set_aside: Vec<SetAside>,
    asked: BTreeSet<String>,
}

impl Selection {
    fn new(scan: &Scan, config: &Config, catalogue: &Catalogue) -> Result<Self, Refusal> {
        for id in &scan.policies {
            known("policy", id, catalogue.policies.keys())?;
        }
        for id in &scan.frameworks {
            known("framework", id, catalogue.frameworks.keys())?;
        }
        let set_aside: Vec<SetAside> =
            config.policies.disable.iter().map(|d| SetAside { policy: d.id.clone(), reason: d.reason.clone() }).collect();
        // A framework that was asked for by name may take a policy more seriously; the owner's word stands above both.
        let stricter = |id: &String| {
            let serves = &catalogue.policies[id].file.requirements;
            scan.frameworks.iter().filter_map(|f| serves.get(f)?.severity).max().map(|s| (id.clone(), s))
        };
        let mut severities: BTreeMap<String, Severity> = catalogue.policies.keys().filter_map(stricter).collect();
        severities.extend(config.policies.severity.clone());
        let wanted = |id: &&String| {
            let policy = &catalogue.policies[*id].file;
            let severity = severities.get(*id).copied().unwrap_or(policy.severity);
            (scan.policies.is_empty() || scan.policies.contains(id))
                && (scan.frameworks.is_empty() || scan.frameworks.iter().any(|f| policy.requirements.contains_key(f)))
                && scan.min_severity.is_none_or(|least| severity >= least)
                && !set_aside.iter().any(|s| &s.policy == *id)
        };
        let asked: BTreeSet<String> = catalogue.policies.keys().filter(wanted).cloned().collect();
        if asked.is_empty() {
            return Err(Refusal::new("no policy is left to ask").hint("loosen --policy, --framework or --min-severity"));
        }
        let settings =
            Settings { only: Some(asked.clone()), parameters: config.policies.parameters.clone(), severities, as_read: false };
        Ok(Selection { settings, set_aside, asked })
    }
}

pub(super) fn known<'a>(what: &str, id: &str, ids: impl Iterator<Item = &'a String> + Clone) -> Result<(), Refusal> {
    if ids.clone().any(|known| known == id) {
        return Ok(());
    }
    let hint = match closest(id, ids.map(String::as_str)) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("`trailproof policy list` shows every {what}"),
    };
    Err(Refusal::new(format!("unknown {what} `{id}`")).hint(hint))
}

/// Where the reports go. Asked for, and tried, before anything is read.
struct Output {
    folder: Option<PathBuf>,
    formats: BTreeSet<Format>,
}

impl Output {
    fn prepare(scan: &Scan, config: &Config) -> Result<Self, Refusal> {
        let default = || config.out.as_ref().map_or_else(|| PathBuf::from("trailproof-report"), PathBuf::from);
        let out = scan.out.clone().unwrap_or_else(default);
        let all = [Format::Text, Format::Html, Format::Json, Format::Inventory];
        let formats: BTreeSet<Format> = if scan.formats.is_empty() { all.into() } else { scan.formats.iter().copied().collect() };
        if out == Path::new("-") {
            if formats.len() != 1 {
                return Err(Refusal::new("`--out -` writes one format to standard output")
                    .hint("name it, for example `--format json --out -`"));
            }
            return Ok(Output { folder: None, formats });
        }
        if formats.iter().any(|f| *f != Format::Text) {
            writable(&out)?;
        }
        Ok(Output { folder: Some(out), formats })
    }

    fn write(&self, report: &Report, inventory: &Inventory, terminal: &Terminal) -> Result<(), Refusal> {
        let render = |format: Format| -> Result<String, Refusal> {
            let failed = |e: &dyn std::fmt::Display| Refusal::new(format!("the report could not be written: {e}"));
            match format {
                Format::Text => Ok(text::write(report, &options(terminal))),
                Format::Html => html::write(report).map_err(|e| failed(&e)),
                Format::Json => json::write(report).map_err(|e| failed(&e)),
                Format::Inventory => inventory.to_json().map_err(|e| failed(&e)),
            }
        };
        let Some(folder) = &self.folder else {
            for format in &self.formats {
                terminal.print(&render(*format)?);
            }
            return Ok(());
        };
        let mut written = Vec::new();
        for format in &self.formats {
            let name = match format {
                Format::Text => continue,
                Format::Html => "report.html",
                Format::Json => "report.json",
                Format::Inventory => "inventory.json",
            };
            let path = folder.join(name);
            whole_file(&path, render(*format)?.as_bytes())?;
            written.push(path.display().to_string());
        }
        terminal.print(&text::write(report, &options(terminal)));
        if !written.is_empty() {
            terminal.note(&format!("wrote {}", crate::policy::message::names(&written)));
        }
        Ok(())
    }
}

fn options(terminal: &Terminal) -> TextOptions {
    TextOptions { color: terminal.color, width: terminal.width, verbose: terminal.verbose > 0, quiet: terminal.quiet }
}

/// Creates the folder, and proves that a file can be written in it.
pub(super) fn writable(folder: &Path) -> Result<(), Refusal> {
    let probe = folder.join(".trailproof-probe");
    fs::create_dir_all(folder).and_then(|()| fs::write(&probe, b"")).and_then(|()| fs::remove_file(&probe)).map_err(|e| {
        Refusal::new(format!("cannot write to the folder `{}`: {e}", folder.display()))
            .hint("name another one with --out; nothing was asked of AWS")
    })
}

/// A file is there as a whole or not at all.
fn whole_file(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    let part = path.with_extension("part");
    fs::write(&part, bytes)
        .and_then(|()| fs::rename(&part, path))
        .map_err(|e| Refusal::new(format!("cannot write `{}`: {e}", path.display())))
}
