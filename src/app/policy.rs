//! `trailproof policy`: list, show, check, test, vocabulary.

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
        Command::Check { directories } => {
            let catalogue = catalogue(directories)?;
            let own = catalogue.policies.values().filter(|p| !p.embedded).count();
            terminal.print(&format!("{own} {} checked, nothing wrong", if own == 1 { "policy" } else { "policies" }));
            Ok(Exit::Good)
        }
        Command::Test { directories } => test(directories, terminal),
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
    let Some(policy) = catalogue.policies.get(id) else {
        let hint = closest(id, catalogue.policies.keys().map(String::as_str)).map(|c| format!("did you mean `{c}`?"));
        return Err(Refusal::new(format!("unknown policy `{id}`"))
            .hint(hint.unwrap_or_else(|| "`trailproof policy list` shows them all".into())));
    };
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
    if !policy.events.is_empty() {
        let events = policy.events.iter().map(|(name, event)| {
            let fields: Vec<String> = event.fields.iter().map(|(k, v)| format!("{k} = {v}")).collect();
            format!("  {name}: {}", fields.join(", "))
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

fn test(directories: &[PathBuf], terminal: &Terminal) -> Result<Exit, Refusal> {
    let catalogue = catalogue(directories)?;
    let mut files = Vec::new();
    let mut named = Vec::new();
    for directory in directories {
        for file in yaml_files(directory)? {
            match FileKind::of(&file) {
                FileKind::Cases => files.push(file),
                FileKind::Policy => named.push(file.name),
                FileKind::Framework => {}
            }
        }
    }
    if files.is_empty() {
        return Err(Refusal::new("there is no file of cases below these folders")
            .hint("a file of cases starts with `policy: ID` and has `cases:`"));
    }
    // Folders that hold cases alone test whatever policies those are about.
    let about: Vec<String> = files
        .iter()
        .filter_map(|f| f.text.lines().find_map(|l| l.strip_prefix("policy:")).map(|id| id.trim().to_string()))
        .collect();
    let wanted = |id: &str| named.iter().any(|n| n.ends_with(&format!("{id}.yaml"))) || about.iter().any(|a| a == id);
    let tally = cases::run(&catalogue, files, &wanted)?;
    for failure in &tally.failures {
        terminal.print(failure);
    }
    terminal.print(&format!(
        "{} policies, {} cases, {} less-known variations: {}",
        tally.policies,
        tally.cases,
        tally.variations,
        if tally.failures.is_empty() { "all hold".into() } else { format!("{} failed", tally.failures.len()) }
    ));
    Ok(if tally.failures.is_empty() { Exit::Good } else { Exit::Fail })
}

fn vocabulary() -> String {
    let mut text = String::new();
    for noun in crate::inventory::nouns() {
        writeln!(text, "{}\n{}", noun.name, indented(&noun.doc)).ok();
        for field in &noun.fields {
            writeln!(text, "  .{}: {}\n{}", field.name, kind(&field.kind), indented(&indented(&field.doc))).ok();
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
