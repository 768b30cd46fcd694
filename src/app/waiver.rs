//! `trailproof waiver`, and where a scan finds its waivers: files, the clock, and words for the terminal.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::{Span, Timestamp, tz::TimeZone};
use sha2::{Digest, Sha256};

use super::terminal::Terminal;
use super::{Exit, Refusal, catalogue, read};
use crate::cli::{NewWaiver, Waiver as Command, WaiverType};
use crate::config::Config;
use crate::finding::{Finding, Outcome, Severity, WaiverKind};
use crate::policy::catalogue::Catalogue;
use crate::report::{Report, WaiversView};
use crate::waiver::{Basis, Evidence, FILE_NAME, LONGEST_DAYS, LONGEST_DAYS_CRITICAL, Register, Resource, State, Waiver};
use crate::yaml::SourceFile;

/// Evidence larger than this is not looked at: somebody named the wrong file.
const LARGEST_EVIDENCE: u64 = 1 << 30;

pub(super) fn run(command: &Command, terminal: &Terminal) -> Result<Exit, Refusal> {
    match command {
        Command::New(asked) => new(asked, terminal),
        Command::Check { file, report, directories, now } => {
            check(file, report.as_deref(), directories, now.unwrap_or_else(Timestamp::now), terminal)
        }
    }
}

/// The file of waivers that a scan takes: the one that was named, the one of the settings, or `waivers.yaml` beside them.
fn file_of_scan(named: Option<&Path>, config: &Config, settings: Option<&SourceFile>) -> Option<PathBuf> {
    let folder = settings.map(|s| Path::new(&s.name).parent().unwrap_or(Path::new("")).to_path_buf()).unwrap_or_default();
    let told = || config.waivers.as_ref().map(|name| folder.join(name));
    let beside = || Some(folder.join(FILE_NAME)).filter(|path| path.is_file());
    named.map(Path::to_path_buf).or_else(told).or_else(beside)
}

/// A file of waivers that was read and checked.
pub(super) struct Waivers {
    pub(super) source: SourceFile,
    pub(super) register: Register,
    /// Where the evidence that it names is looked for.
    pub(super) folder: PathBuf,
}

/// The waivers that a scan takes.
pub(super) fn of_scan(
    named: Option<&Path>,
    config: &Config,
    settings: Option<&SourceFile>,
    catalogue: &Catalogue,
    severities: &BTreeMap<String, Severity>,
) -> Result<Option<Waivers>, Refusal> {
    file_of_scan(named, config, settings).map(|path| load(&path, catalogue, severities)).transpose()
}

/// Reads and checks a file of waivers.
fn load(path: &Path, catalogue: &Catalogue, severities: &BTreeMap<String, Severity>) -> Result<Waivers, Refusal> {
    let mut source = SourceFile::new(path.display().to_string(), read(path)?);
    let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
    let register = {
        let evidence = |name: &str| evidence(&folder, name);
        Register::load(&mut source, &Basis { catalogue, severities, evidence: &evidence })?
    };
    Ok(Waivers { source, register, folder })
}

fn evidence(folder: &Path, name: &str) -> Result<Evidence, String> {
    if name.trim().is_empty() {
        return Err("it has no name".into());
    }
    let path = folder.join(name);
    let about = std::fs::metadata(&path).map_err(|e| e.to_string())?;
    if !about.is_file() {
        return Err("it is no file".into());
    }
    if about.len() > LARGEST_EVIDENCE {
        return Err(format!("it is larger than {LARGEST_EVIDENCE} bytes"));
    }
    let mut file = std::fs::File::open(&path).map_err(|e| e.to_string())?;
    let (mut hash, mut bytes, mut part) = (Sha256::new(), 0_u64, vec![0; 1 << 16]);
    loop {
        match file.read(&mut part).map_err(|e| e.to_string())? {
            0 => break,
            n => {
                bytes += n as u64;
                hash.update(part.get(..n).unwrap_or_default());
            }
        }
    }
    Ok(Evidence { path: name.into(), sha256: hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(), bytes })
}

/// Says what must be looked at, on standard error.
pub(super) fn warn(view: &WaiversView, terminal: &Terminal) {
    terminal.note(&format!("took the waivers of {}", view.file));
    for alarm in &view.alarms {
        terminal.complain(&format!("warning: {alarm}"));
    }
    for warning in &view.warnings {
        terminal.complain(&format!("warning: {warning}"));
    }
    match view.waived {
        0 => {}
        1 => terminal.note("1 fail is waived and does not count for --fail-on"),
        n => terminal.note(&format!("{n} fails are waived and do not count for --fail-on")),
    }
}

fn check(
    file: &Path,
    report: Option<&Path>,
    directories: &[PathBuf],
    now: Timestamp,
    terminal: &Terminal,
) -> Result<Exit, Refusal> {
    let catalogue = catalogue(directories)?;
    let register = load(file, &catalogue, &BTreeMap::new())?.register;
    let counted = |number: usize, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    let waivers = counted(register.waivers.len(), "waiver");
    let counts = format!("{waivers} and {}, nothing wrong", counted(register.attestations.len(), "attestation"));
    let report = report.map(self::report).transpose()?;
    // A report has a clock of its own.
    let now = report.as_ref().map_or(now, |r| r.now);
    let mut findings = report.map(|r| r.findings).unwrap_or_default();
    for finding in &mut findings {
        finding.waiver = None;
    }
    let is_judged = !findings.is_empty();
    let applied = register.apply(&mut findings, &[], now);
    let mut text = format!("{counts} (as of {})\n", applied.today);
    for waiver in &applied.waivers {
        let what = &waiver.checked.waiver;
        let standing = match waiver.state {
            State::Expired => format!("expired on {}", what.expires),
            State::EndsSoon => format!("ends on {}", what.expires),
            State::Holds => format!("holds until {}", what.expires),
            State::NotYet => format!("holds from {}", what.created),
        };
        text.push_str(&format!("{}  {}  {standing}", what.id, what.policy));
        if is_judged && waiver.idle.is_empty() {
            let subjects: Vec<&str> =
                waiver.findings.iter().filter_map(|at| findings.get(*at)).map(|f| f.subject.id.as_str()).collect();
            text.push_str(&format!("; names {} that fail: {}", subjects.len(), subjects.join(", ")));
        } else if is_judged {
            text.push_str(&format!("; waives nothing: {}", waiver.idle));
        }
        text.push('\n');
    }
    for (to, statement) in &applied.statements {
        text.push_str(&format!("{} {}  attested by {}", to.framework, to.requirement, statement.by));
        text.push_str(&format!(", {} {}\n", if statement.holds() { "until" } else { "not now: it speaks of" }, span(statement)));
    }
    terminal.print(&crate::report::foreign::block(&text));
    Ok(Exit::Good)
}

fn span(statement: &crate::waiver::Statement) -> String {
    match statement.holds() {
        true => statement.expires.to_string(),
        false => format!("{} to {}", statement.date, statement.expires),
    }
}

fn report(path: &Path) -> Result<Report, Refusal> {
    let wrong = |why: String| {
        Refusal::new(format!("`{}` is no report of this version: {why}", path.display()))
            .hint("give the `report.json` that `trailproof scan` wrote")
    };
    let text = read(path)?;
    let report: Report = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    if report.kind != Report::KIND { Err(wrong(format!("it is a `{}`", report.kind))) } else { Ok(report) }
}

fn new(asked: &NewWaiver, terminal: &Terminal) -> Result<Exit, Refusal> {
    let catalogue = catalogue(&asked.directories)?;
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let named = named(asked)?;
    let created = asked.created.unwrap_or(today);
    let critical = catalogue.policies.get(&named.policy).is_some_and(|p| p.file.severity == Severity::Critical)
        || named.severity == Some(Severity::Critical);
    let longest = if critical { LONGEST_DAYS_CRITICAL } else { LONGEST_DAYS };
    let days = asked.days.unwrap_or(LONGEST_DAYS_CRITICAL);
    if days < 0 || days > longest {
        return Err(Refusal::new(format!("a waiver of `{}` holds for {longest} days at most", named.policy))
            .hint("look at it again then"));
    }
    let expires = asked.expires.unwrap_or_else(|| created.saturating_add(Span::new().days(days)));
    let mut waiver = Waiver {
        id: String::new(),
        policy: named.policy,
        resources: named.resources,
        account: asked.account_id.clone().or(named.account),
        frameworks: asked.frameworks.clone(),
        owner: asked.owner.clone(),
        approved_by: asked.approved_by.clone(),
        reason: asked.reason.clone(),
        r#type: kind(asked.r#type),
        compensating_control: asked.compensating_control.clone(),
        created,
        expires,
        evidence: asked.evidence.clone(),
    };
    let before = match &asked.append {
        Some(path) if path.exists() => read(path)?,
        _ => String::new(),
    };
    waiver.id = asked.id.clone().unwrap_or_else(|| next_id(&before, created));
    let text = appended(&before, &waiver);
    // What would be written is checked first, together with what is there.
    let path = asked.append.clone().unwrap_or_else(|| PathBuf::from("new waiver"));
    let mut source = SourceFile::new(path.display().to_string(), text.clone());
    let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
    let look = move |name: &str| evidence(&folder, name);
    Register::load(&mut source, &Basis { catalogue: &catalogue, severities: &BTreeMap::new(), evidence: &look })?;
    match &asked.append {
        None => terminal.print(&text),
        Some(path) => {
            super::scan::whole_file(path, text.as_bytes())?;
            terminal.note(&format!("added {} to {}", waiver.id, path.display()));
        }
    }
    Ok(Exit::Good)
}

fn kind(kind: WaiverType) -> WaiverKind {
    match kind {
        WaiverType::RiskAccepted => WaiverKind::RiskAccepted,
        WaiverType::CompensatingControl => WaiverKind::CompensatingControl,
        WaiverType::FalsePositive => WaiverKind::FalsePositive,
    }
}

/// What a new waiver is about.
struct Named {
    policy: String,
    resources: Vec<String>,
    account: Option<String>,
    severity: Option<Severity>,
}

fn named(asked: &NewWaiver) -> Result<Named, Refusal> {
    let (Some(path), Some(number)) = (&asked.report, asked.finding) else {
        let policy = asked.policy.clone().unwrap_or_default();
        return Ok(Named { policy, resources: asked.resources.clone(), account: None, severity: None });
    };
    let report = report(path)?;
    let finding: &Finding = number.checked_sub(1).and_then(|at| report.findings.get(at)).ok_or_else(|| {
        Refusal::new(format!("there is no finding {number}"))
            .hint(format!("the report has {}, counted from 1", report.findings.len()))
    })?;
    if finding.outcome != Outcome::Fail {
        let message = format!("finding {number} is {}, and only a fail can be waived", finding.outcome.label());
        return Err(Refusal::new(message).hint("what is unknown is decided by reading it, not by a waiver"));
    }
    let subject = &finding.subject;
    let alone = Resource::parse(&subject.id, None).is_ok();
    Ok(Named {
        policy: finding.policy.clone(),
        resources: vec![subject.id.clone()],
        account: (!alone).then(|| subject.account.clone()),
        severity: Some(finding.severity),
    })
}

/// The first free number of the year.
fn next_id(before: &str, created: Date) -> String {
    let mut number = 1;
    loop {
        let id = format!("W-{}-{number:03}", created.year());
        if !before.contains(&id) {
            return id;
        }
        number += 1;
    }
}

/// The file with the waiver at the end of its `waivers`; everything else, comments too, stays as it is.
fn appended(before: &str, waiver: &Waiver) -> String {
    let record = record(waiver);
    let mut lines: Vec<&str> = before.lines().collect();
    let Some(start) = lines.iter().position(|l| l.trim_end() == "waivers:" || l.starts_with("waivers: []")) else {
        let ended = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
        return format!("{before}{ended}waivers:\n{record}");
    };
    if let Some(line) = lines.get_mut(start) {
        *line = "waivers:";
    }
    let is_inside = |line: &str| line.is_empty() || line.starts_with([' ', '-', '#']);
    let mut end = lines.iter().enumerate().skip(start + 1).find(|(_, l)| !is_inside(l)).map_or(lines.len(), |(i, _)| i);
    while end > start + 1 && lines.get(end - 1).is_some_and(|l| l.trim().is_empty() || l.starts_with('#')) {
        end -= 1;
    }
    // A list may stand at the margin, or be indented as deep as somebody likes.
    let indent = lines.get(start + 1..end).unwrap_or_default().iter().find(|l| l.trim_start().starts_with("- "));
    let indent = indent.map_or(2, |l| l.len() - l.trim_start().len());
    let record: Vec<String> =
        record.lines().map(|l| format!("{}{}", " ".repeat(indent), l.strip_prefix("  ").unwrap_or(l))).collect();
    let mut all: Vec<String> = lines.iter().map(|l| (*l).to_string()).collect();
    all.splice(end..end, record);
    all.join("\n") + "\n"
}

/// The waiver as a person would write it.
fn record(waiver: &Waiver) -> String {
    let mut text = format!("  - id: {}\n", quoted(&waiver.id));
    let mut say = |key: &str, value: String| text.push_str(&format!("    {key}: {value}\n"));
    let list = |items: &[String]| format!("[{}]", items.iter().map(|i| quoted(i)).collect::<Vec<_>>().join(", "));
    say("policy", quoted(&waiver.policy));
    say("resources", list(&waiver.resources));
    if let Some(account) = &waiver.account {
        say("account", quoted(account));
    }
    if !waiver.frameworks.is_empty() {
        say("frameworks", list(&waiver.frameworks));
    }
    say("owner", quoted(&waiver.owner));
    say("approved_by", quoted(&waiver.approved_by));
    say("reason", quoted(&waiver.reason));
    let kind = serde_json::to_value(waiver.r#type).ok();
    say("type", kind.as_ref().and_then(|k| k.as_str()).unwrap_or_default().into());
    if let Some(control) = &waiver.compensating_control {
        say("compensating_control", quoted(control));
    }
    say("created", waiver.created.to_string());
    say("expires", waiver.expires.to_string());
    if let Some(evidence) = &waiver.evidence {
        say("evidence", quoted(evidence));
    }
    text
}

/// A YAML string of any text: JSON's quotes are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
