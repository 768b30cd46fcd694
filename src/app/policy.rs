//! `trailproof policy`: list, show, check, test, vocabulary.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

use super::terminal::Terminal;
use super::{Exit, FileKind, Refusal, cases, catalogue, yaml_files};
use crate::cli::Policy as Command;
use crate::inventory::noun::{Kind, closest};
use crate::policy::catalogue::{Catalogue, Policy};
use crate::policy::check;

pub(super) fn run(command: &Command, terminal: &Terminal) -> Result<Exit, Refusal> {
    match command {
        Command::List { directories, framework } => list(&catalogue(directories)?, framework.as_deref(), terminal),
        Command::Show { id, directories } => show(&catalogue(directories)?, id, terminal),
        Command::Check { paths } => {
            let catalogue = catalogue(paths)?;
            let own = catalogue.policies.values().filter(|p| !p.embedded);
            note_what_is_lacking(own.clone(), terminal);
            terminal.print(&format!("{} checked, nothing wrong", count(own.count(), "policy", "policies")));
            Ok(Exit::Good)
        }
        Command::Test { paths, policies } => test(paths, policies, terminal),
        Command::Vocabulary => {
            terminal.print(&vocabulary());
            Ok(Exit::Good)
        }
    }
}

fn list(catalogue: &Catalogue, framework: Option<&str>, terminal: &Terminal) -> Result<Exit, Refusal> {
    if let Some(id) = framework.filter(|id| !catalogue.frameworks.contains_key(*id)) {
        let hint = closest(id, catalogue.frameworks.keys().map(String::as_str)).map(|c| format!("did you mean `{c}`?"));
        let known: Vec<String> = catalogue.frameworks.keys().cloned().collect();
        return Err(Refusal::new(format!("unknown framework `{id}`"))
            .hint(hint.unwrap_or_else(|| format!("known are {}", known.join(", ")))));
    }
    let serves = |p: &&Policy| framework.is_none_or(|f| p.file.requirements.contains_key(f));
    let policies: Vec<&Policy> = catalogue.policies.values().filter(serves).collect();
    let widest = policies.iter().map(|p| p.file.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for policy in policies {
        let file = &policy.file;
        // Writing to a string cannot fail.
        writeln!(text, "{:widest$}  {:8}  {:12}  {}", file.id, file.severity.label(), file.subject.noun(), file.title).ok();
    }
    terminal.print(&text);
    Ok(Exit::Good)
}

fn show(catalogue: &Catalogue, id: &str, terminal: &Terminal) -> Result<Exit, Refusal> {
    let policy = policy(catalogue, id)?;
    let file = &policy.file;
    let mut parts = vec![format!(
        "{}\n{}\n\nseverity  {}\nsubject   {}\nfrom      {}{}",
        file.id,
        file.title,
        file.severity.label(),
        file.subject.noun(),
        policy.source,
        if policy.embedded { " (built in)" } else { "" }
    )];
    let prose = |text: &str| wrapped(text, terminal.width);
    parts.push(format!("Why\n{}", prose(&file.why)));
    if let Some(applies) = &file.applies {
        parts.push(format!("Asked only where\n{}", indented(applies)));
    }
    parts.push(format!("Holds where\n{}", indented(&file.check)));
    for accept in &file.accept {
        parts.push(format!("Or, as a declared alternative, where\n{}\n{}", indented(&accept.check), prose(&accept.says)));
    }
    if !policy.watched.is_empty() {
        let events = policy.watched.iter().map(|(name, event)| {
            let fields: Vec<String> = event.fields.iter().map(|(k, v)| format!("{k} {v}")).collect();
            prose(&format!("  {name}: {}", fields.join(", ")))
        });
        parts.push(format!("Events\n{}", events.collect::<Vec<_>>().join("\n")));
    }
    if !file.parameters.is_empty() {
        let parameters =
            file.parameters.iter().map(|(name, p)| prose(&format!("{name} = {} ({}): {}", p.default, p.r#type.label(), p.doc)));
        parts.push(format!("Parameters\n{}", parameters.collect::<Vec<_>>().join("\n")));
    }
    if !file.requirements.is_empty() {
        let rows = file.requirements.iter().map(|(framework, serves)| {
            let list =
                |name: &str, ids: &[String]| if ids.is_empty() { String::new() } else { format!(" {name} {}", ids.join(", ")) };
            format!("  {framework}:{}{}", list("direct", &serves.direct), list("supporting", &serves.supporting))
        });
        parts.push(format!("Serves\n{}", rows.collect::<Vec<_>>().join("\n")));
    }
    parts.push(format!("To put it right\n{}", prose(&file.fix.summary)));
    if !file.references.is_empty() {
        parts.push(format!("Read more\n{}", file.references.iter().map(|r| format!("  {r}")).collect::<Vec<_>>().join("\n")));
    }
    terminal.print(&parts.join("\n\n"));
    Ok(Exit::Good)
}

fn policy<'a>(catalogue: &'a Catalogue, id: &str) -> Result<&'a Policy, Refusal> {
    catalogue.policies.get(id).ok_or_else(|| {
        let hint = closest(id, catalogue.policies.keys().map(String::as_str)).map(|c| format!("did you mean `{c}`?"));
        Refusal::new(format!("unknown policy `{id}`"))
            .hint(hint.unwrap_or_else(|| "`trailproof policy list` shows them all".into()))
    })
}

fn test(paths: &[PathBuf], only: &[String], terminal: &Terminal) -> Result<Exit, Refusal> {
    let catalogue = catalogue(paths)?;
    for id in only {
        policy(&catalogue, id)?;
    }
    let mut files = Vec::new();
    for path in paths {
        files.extend(yaml_files(path)?.into_iter().filter(|f| FileKind::of(f) == FileKind::Cases));
    }
    if files.is_empty() {
        return Err(Refusal::new("there is no file of cases among these paths")
            .hint("name the policy and its cases; a file of cases starts with `policy: ID` and has `cases:`"));
    }
    // A file that cannot be read is told about when its cases are run.
    let about: BTreeSet<String> =
        files.iter().filter_map(|f| f.clone().parse::<cases::CaseFile>().ok()).map(|f| f.policy).collect();
    let is_asked = |id: &str| only.is_empty() || only.iter().any(|o| o == id);
    let wanted = |id: &str| is_asked(id) && (about.contains(id) || catalogue.policies.get(id).is_some_and(|p| !p.embedded));
    let tally = cases::run(&catalogue, files, &wanted)?;
    for failure in &tally.failures {
        terminal.print(failure);
    }
    let tested = || catalogue.policies.values().filter(|p| wanted(&p.file.id));
    note_what_is_lacking(tested().filter(|p| !p.embedded), terminal);
    let built_in = tested().filter(|p| p.embedded).count();
    if built_in > 0 {
        terminal.note(&format!(
            "note: {} tested as built into this program; to test what is on the disk, name its folder too",
            count(built_in, "policy was", "policies were")
        ));
    }
    terminal.print(&format!(
        "{}, {}, {}: {}",
        count(tally.policies, "policy", "policies"),
        count(tally.cases, "case", "cases"),
        count(tally.variations, "less-known variation", "less-known variations"),
        if tally.failures.is_empty() { "all hold".into() } else { format!("{} failed", tally.failures.len()) }
    ));
    Ok(if tally.failures.is_empty() { Exit::Good } else { Exit::Fail })
}

/// A policy of somebody's own may do without what a built-in one must have.
fn note_what_is_lacking<'a>(policies: impl Iterator<Item = &'a Policy>, terminal: &Terminal) {
    let mut any = false;
    for policy in policies {
        let lacking: Vec<String> = policy.file.lacks().into_iter().map(str::to_string).collect();
        if !lacking.is_empty() {
            any = true;
            terminal.note(&format!("note: `{}` {}", policy.file.id, crate::policy::message::names(&lacking)));
        }
    }
    if any {
        terminal.note("note: that is allowed in policies of your own; Trailproof's test suite refuses it in built-in ones");
    }
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// What every expression of a policy may begin with.
const NAMES: &str = "\
subject, params, events, now
  the names that `applies`, `check` and `accept` may begin with

  the subject goes by the name of its noun: where a policy says `subject: trail`, write `trail.name`
  params.NAME: the value of a parameter that the policy declares under `parameters`
  events: list of event, those that the policy declares under `events`; one of them is events.NAME
  now: time, the moment of the audit

";

fn vocabulary() -> String {
    let defaults = cases::defaults();
    let mut text = String::from(NAMES);
    for noun in crate::inventory::nouns() {
        writeln!(text, "{}\n{}", noun.name, indented(&noun.doc)).ok();
        for field in &noun.fields {
            writeln!(text, "  .{}: {}\n{}", field.name, kind(&field.kind), format_args!("    {}", field.doc.trim())).ok();
            if let Some(default) = defaults.get(&(noun.name, field.name)) {
                writeln!(text, "    default in a case: {default}").ok();
            }
        }
        text.push('\n');
    }
    for function in check::functions() {
        let receiver = function.receiver.as_ref().map_or_else(String::new, |r| format!("{r}."));
        let arguments: Vec<String> = function.arguments.iter().map(|(meaning, kind)| format!("{meaning}: {kind}")).collect();
        writeln!(
            text,
            "{receiver}{}({}): {}\n{}\n",
            function.name,
            arguments.join(", "),
            function.result,
            indented(function.doc)
        )
        .ok();
    }
    text
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "bool".into(),
        Kind::Int => "int".into(),
        Kind::Text => "text".into(),
        Kind::Time => "time".into(),
        Kind::Nullable(inner) => format!("{} or null", self::kind(inner)),
        Kind::List(inner) => format!("list of {}", self::kind(inner)),
        Kind::Record(noun) | Kind::Ref(noun) => (*noun).into(),
        Kind::Opaque(name) => format!("{name} (read by functions)"),
    }
}

/// Prose in lines of the terminal's width.
fn wrapped(text: &str, width: usize) -> String {
    let options = textwrap::Options::new(width).initial_indent("  ").subsequent_indent("  ").break_words(false);
    textwrap::fill(&text.split_whitespace().collect::<Vec<_>>().join(" "), options)
}

fn indented(text: &str) -> String {
    text.trim().lines().map(|l| format!("  {l}")).collect::<Vec<_>>().join("\n")
}
