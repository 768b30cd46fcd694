//! `trailproof scan`: from what was asked for to reports and an exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::gate::{self, Gates};
use super::question::Question;
use super::terminal::Terminal;
use super::{Exit, Refusal, baseline, catalogue, history, inputs, read, waiver};
use crate::audit::Settings;
use crate::cli::{Format, Scan};
use crate::config::{Config, FILE_NAME};
use crate::finding::Severity;
use crate::inventory::Inventory;
use crate::inventory::noun::closest;
use crate::moment::Moments;
use crate::policy::catalogue::Catalogue;
use crate::report::exchange::sarif::InventoryLines;
use crate::report::past::Past;
use crate::report::text::TextOptions;
use crate::report::{Report, SetAside, exchange, html, json, text};
use crate::yaml::SourceFile;

pub(super) fn run(scan: &Scan, terminal: &Terminal) -> Result<Exit, Refusal> {
    let (config, source, catalogue) = settled(scan)?;
    let mut selection = Selection::new(scan, &config, &catalogue)?;
    let history = scan.history.as_deref().map(history::open).transpose()?;
    let waivers = waiver::of_scan(scan.waivers.as_deref(), &config, source.as_ref(), &catalogue, &selection.settings.severities)?;
    let gates = Gates {
        fail_on: scan.fail_on.or(config.fail_on).unwrap_or(Severity::Low),
        allow_unknown: scan.allow_unknown || config.allow_unknown,
        required: gate::required(&scan.required, &scan.frameworks, &catalogue)?,
        min_coverage: scan.min_coverage,
    };
    let baseline = scan.baseline.as_deref().map(baseline::load).transpose()?;
    let writing = scan.write_baseline.as_deref().map(baseline::Writing::prepare).transpose()?;
    let output = Output::prepare(scan, &config)?;
    let mut sealing = super::evidence::Sealing::begin(scan)?;
    let inventory = match &mut sealing {
        Some(sealing) => sealing.collect(scan, &config, terminal)?,
        None => inputs::inventory(scan, &config, terminal)?,
    };
    let now = selection.as_of(scan.now, &inventory);
    let frameworks = reported(scan, &config, &catalogue, waivers.as_ref());
    let question = Question::new(selection, frameworks, config.scopes(), now, &catalogue, waivers.as_ref());
    let question = question.against(baseline);
    let report = question.answer(&inventory, &catalogue, waivers.as_ref().map(|w| &w.register))?;
    let past = history.map(|history| history::kept(history, &report)).transpose()?;
    output.write(&report, past.as_ref(), &inventory, terminal)?;
    if let Some(sealing) = sealing {
        let sealable = super::evidence::Sealable {
            question: &question,
            catalogue: &catalogue,
            config: &config,
            source: source.as_ref(),
            waivers: waivers.as_ref(),
            inventory: &inventory,
            report: &report,
        };
        sealing.seal(&sealable, terminal)?;
    }
    if let Some(view) = &report.waivers {
        waiver::warn(view, terminal);
    }
    if let Some(writing) = writing {
        writing.write(&report, question.laid(&report, &inventory).as_ref(), terminal)?;
    }
    let verdict = gates.judge(&report);
    verdict.reasons.iter().for_each(|reason| terminal.complain(reason));
    #[cfg(feature = "aws")]
    if scan.security_hub {
        super::security_hub::import(scan, &config, &report, terminal)?;
    }
    Ok(verdict.exit)
}

/// The frameworks that are reported whole: those of --framework, else also those that the settings, --require or an attestation
/// name beside the ones that need no asking for. None stands for these alone.
pub(super) fn reported(scan: &Scan, config: &Config, catalogue: &Catalogue, waivers: Option<&waiver::Waivers>) -> Vec<String> {
    if !scan.frameworks.is_empty() {
        return scan.frameworks.clone();
    }
    let required = scan.required.iter().map(|text| text.split_once(':').map_or(text.as_str(), |(id, _)| id));
    let attested = waivers.into_iter().flat_map(|w| &w.register.attestations).map(|(a, _)| a.attests.framework.as_str());
    let named = config.frameworks.keys().map(String::as_str).chain(required).chain(attested);
    let unasked = catalogue.reported(&[]);
    let mut all: BTreeSet<String> = unasked.iter().cloned().collect();
    all.extend(named.map(str::to_string));
    if all.len() == unasked.len() { Vec::new() } else { all.into_iter().collect() }
}

/// The settings, and the policies that they and the command line name.
pub(super) fn settled(scan: &Scan) -> Result<(Config, Option<SourceFile>, Catalogue), Refusal> {
    let (config, source) = config(scan)?;
    let mut directories: Vec<PathBuf> = config.policies.directories.iter().map(PathBuf::from).collect();
    directories.extend(scan.directories.iter().cloned());
    let catalogue = catalogue(&directories)?;
    if let Some(source) = &source {
        config.check(source, &catalogue)?;
    }
    Ok((config, source, catalogue))
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
pub(super) struct Selection {
    pub(super) settings: Settings,
    pub(super) set_aside: Vec<SetAside>,
    pub(super) asked: BTreeSet<String>,
}

impl Selection {
    pub(super) fn new(scan: &Scan, config: &Config, catalogue: &Catalogue) -> Result<Self, Refusal> {
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

    /// The moment of the audit: the one that was named, else the last of reading. Where none was named and accounts were read at
    /// different times, each subject is judged at its own.
    pub(super) fn as_of(&mut self, named: Option<jiff::Timestamp>, inventory: &Inventory) -> jiff::Timestamp {
        self.settings.as_read = named.is_none() && Moments::of(inventory).are_apart();
        named.unwrap_or(inventory.scope.ended)
    }
}

pub(super) fn known<'a>(what: &str, id: &str, ids: impl Iterator<Item = &'a String> + Clone) -> Result<(), Refusal> {
    if ids.clone().any(|known| known == id) {
        return Ok(());
    }
    let hint = match closest(id, ids.clone().map(String::as_str)) {
        Some(close) => format!("did you mean `{close}`?"),
        None if ids.clone().count() <= 20 => {
            format!("known are {}", ids.map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", "))
        }
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
        let all = [Format::Text, Format::Html, Format::Json, Format::Inventory];
        let formats: BTreeSet<Format> = if scan.formats.is_empty() { all.into() } else { scan.formats.iter().copied().collect() };
        let any_file = formats.iter().any(|f| *f != Format::Text);
        Ok(Output { folder: folder(scan.out.as_deref(), config, formats.len(), any_file)?, formats })
    }

    fn write(&self, report: &Report, past: Option<&Past>, inventory: &Inventory, terminal: &Terminal) -> Result<(), Refusal> {
        let Some(folder) = &self.folder else {
            for format in &self.formats {
                match format {
                    Format::Json => terminal.stream(|out| json::write_to(report, out)).map_err(|e| unwritten(&e))?,
                    format => terminal.print(&self.render(*format, report, past, inventory, terminal)?),
                }
            }
            return Ok(());
        };
        let mut written = Vec::new();
        for format in &self.formats {
            let Some(name) = file_name(*format) else { continue };
            let path = folder.join(name);
            match format {
                Format::Json => whole_file_by(&path, |out| json::write_to(report, out))?,
                format => whole_file(&path, self.render(*format, report, past, inventory, terminal)?.as_bytes())?,
            }
            written.push(path.display().to_string());
        }
        terminal.print(&summary(report, past, terminal));
        if !written.is_empty() {
            terminal.note(&format!("wrote {}", crate::policy::message::names(&written)));
        }
        Ok(())
    }

    fn render(
        &self,
        format: Format,
        report: &Report,
        past: Option<&Past>,
        inventory: &Inventory,
        terminal: &Terminal,
    ) -> Result<String, Refusal> {
        fn sound<T, E: std::fmt::Display>(written: Result<T, E>) -> Result<T, Refusal> {
            written.map_err(|e| unwritten(&e))
        }
        let lines = || sound(inventory.to_json()).map(|text| InventoryLines::of(&text));
        let written = match format {
            Format::Text => return Ok(summary(report, past, terminal)),
            Format::Html => return sound(html::write_with_past(report, past)),
            Format::Json => return sound(json::write(report)),
            Format::Inventory => return sound(inventory.to_json()),
            Format::Csv => sound(exchange::csv::write(report))?,
            Format::Md => exchange::markdown::write(report),
            Format::Sarif => exchange::sarif::write(report, &lines()?),
            Format::Oscal => sound(exchange::oscal::write(report))?,
            Format::Ocsf => exchange::ocsf::write(report),
            Format::Asff => exchange::asff::write(report),
            Format::Junit => sound(exchange::junit::write(report))?,
            Format::Gitlab => exchange::gitlab::write(report, &lines()?),
        };
        for note in &written.notes {
            terminal.complain(note);
        }
        for (pointing, beside) in [(Format::Sarif, Format::Inventory), (Format::Oscal, Format::Json)] {
            if format == pointing && self.folder.is_some() && !self.formats.contains(&beside) {
                let name = file_name(beside).unwrap_or_default();
                terminal.note(&format!("{} points into {name}, which was not asked for", file_name(format).unwrap_or_default()));
            }
        }
        Ok(written.text)
    }
}

/// The folder that reports go to, proven to take files where any is to be written; none where standard output is named.
pub(super) fn folder(out: Option<&Path>, config: &Config, formats: usize, any_file: bool) -> Result<Option<PathBuf>, Refusal> {
    let default = || config.out.as_ref().map_or_else(|| PathBuf::from("trailproof-report"), PathBuf::from);
    let out = out.map_or_else(default, Path::to_path_buf);
    if out == Path::new("-") {
        if formats != 1 {
            return Err(Refusal::new("`--out -` writes one format to standard output")
                .hint("name it, for example `--format json --out -`"));
        }
        return Ok(None);
    }
    if any_file {
        writable(&out)?;
    }
    Ok(Some(out))
}

/// The file that a format is written to; the text goes to the terminal.
fn file_name(format: Format) -> Option<&'static str> {
    match format {
        Format::Text => None,
        Format::Html => Some("report.html"),
        Format::Json => Some("report.json"),
        Format::Inventory => Some("inventory.json"),
        Format::Csv => Some("report.csv"),
        Format::Md => Some("report.md"),
        Format::Sarif => Some("report.sarif"),
        Format::Oscal => Some("report.oscal.json"),
        Format::Ocsf => Some("report.ocsf.jsonl"),
        Format::Asff => Some("report.asff.jsonl"),
        Format::Junit => Some("report.junit.xml"),
        Format::Gitlab => Some("gl-code-quality-report.json"),
    }
}

fn summary(report: &Report, past: Option<&Past>, terminal: &Terminal) -> String {
    let options = options(terminal);
    let past = past.filter(|_| !terminal.quiet).map(|past| text::since(past, &options));
    text::write(report, &options) + &past.unwrap_or_default()
}

pub(super) fn options(terminal: &Terminal) -> TextOptions {
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

fn unwritten(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(format!("the report could not be written: {error}"))
}

/// A file is there as a whole or not at all.
pub(super) fn whole_file(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    whole_file_by(path, |out| out.write_all(bytes))
}

/// The same, of what is written piece by piece.
fn whole_file_by(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Refusal> {
    let part = path.with_extension("part");
    fs::File::create(&part)
        .and_then(|mut file| write(&mut file))
        .and_then(|()| fs::rename(&part, path))
        .map_err(|e| Refusal::new(format!("cannot write `{}`: {e}", path.display())))
}
