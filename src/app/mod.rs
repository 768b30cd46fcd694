//! The commands. Here, and nowhere else, are the clock, the environment, files, standard output and progress.

mod athena;
mod baseline;
pub mod cases;
mod configurations;
mod drift;
mod evidence;
#[cfg(feature = "aws")]
mod example;
mod gate;
mod history;
mod init;
mod inputs;
#[cfg(feature = "aws")]
mod live;
mod permissions;
mod policy;
mod question;
mod scan;
mod schema;
#[cfg(feature = "aws")]
mod security_hub;
mod stranger;
mod templates;
mod terminal;
mod vary;
mod waiver;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::policy::catalogue::Catalogue;
use crate::yaml::{Complaint, SourceFile};
use terminal::Terminal;

/// What a command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Good,
    Fail,
    Unknown,
    Interrupted,
}

/// Why a command could not do its work: exit code 2, or 130 where somebody stopped it.
#[derive(Debug)]
struct Refusal {
    messages: Vec<String>,
    hint: Option<String>,
    exit: u8,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: Vec<String> = self.messages.iter().map(|m| format!("error: {m}")).collect();
        f.write_str(&messages.join("\n\n"))?;
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl Refusal {
    fn new(message: impl Into<String>) -> Self {
        Refusal { messages: vec![message.into()], hint: None, exit: 2 }
    }

    /// An error and what caused it, on one line.
    fn caused(error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(source) = cause {
            let more = source.to_string();
            if !text.contains(&more) {
                text.push_str(&format!(": {more}"));
            }
            cause = source.source();
        }
        Refusal::new(text)
    }

    #[must_use]
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<Complaint> for Refusal {
    fn from(complaint: Complaint) -> Self {
        Refusal::new(complaint.to_string())
    }
}

impl From<Vec<Complaint>> for Refusal {
    fn from(complaints: Vec<Complaint>) -> Self {
        Refusal { messages: complaints.iter().map(ToString::to_string).collect(), hint: None, exit: 2 }
    }
}

/// Does what the command line says.
pub fn run(cli: Cli) -> ExitCode {
    let terminal = Terminal::new(&cli.global);
    let done = match cli.command {
        Command::Scan(scan) => scan::run(&scan, &terminal),
        Command::Drift(asked) => drift::run(&asked, &terminal),
        Command::Diff { before, after, json } => history::diff(&before, &after, json, &terminal),
        Command::History { file, add, json } => history::run(&file, &add, json, &terminal),
        Command::Evidence(command) => evidence::run(&command, &terminal),
        Command::Policy(command) => policy::run(&command, &terminal),
        Command::Waiver(command) => waiver::run(&command, &terminal),
        Command::Permissions(asked) => permissions::run(&asked, &terminal),
        Command::AthenaDdl(asked) => athena::run(&asked, &terminal),
        Command::Schema { of } => schema::run(of, &terminal),
        Command::Init { file } => init::run(&file, &terminal),
    };
    match done {
        Ok(Exit::Good) => ExitCode::SUCCESS,
        Ok(Exit::Fail) => ExitCode::from(1),
        Ok(Exit::Unknown) => ExitCode::from(3),
        Ok(Exit::Interrupted) => ExitCode::from(130),
        Err(refusal) => {
            terminal.complain(&refusal.to_string());
            ExitCode::from(refusal.exit)
        }
    }
}

/// The embedded catalogue and what these folders add.
fn catalogue(directories: &[PathBuf]) -> Result<Catalogue, Refusal> {
    let mut policies = Vec::new();
    let mut frameworks = Vec::new();
    for directory in directories {
        for file in yaml_files(directory)? {
            match FileKind::of(&file) {
                FileKind::Framework => frameworks.push(file),
                FileKind::Policy => policies.push(file),
                FileKind::Cases => {}
            }
        }
    }
    Ok(Catalogue::with(policies, frameworks)?)
}

/// What a YAML file below a folder of policies is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Policy,
    Framework,
    Cases,
}

impl FileKind {
    /// A file of cases starts with the policy it is about; frameworks stand in a folder of that name.
    fn of(file: &SourceFile) -> FileKind {
        if file.text.lines().any(|l| l.starts_with("cases:")) {
            FileKind::Cases
        } else if Path::new(&file.name).parent().is_some_and(|p| p.ends_with("frameworks")) {
            FileKind::Framework
        } else {
            FileKind::Policy
        }
    }
}

/// Every YAML file below the folder, sorted; a file stands for itself.
fn yaml_files(path: &Path) -> Result<Vec<SourceFile>, Refusal> {
    let mut files = Vec::new();
    if path.is_file() {
        files.push(path.to_path_buf());
    } else {
        gather(path, 0, &mut files)?;
    }
    files.sort();
    if files.is_empty() {
        return Err(
            Refusal::new(format!("there is no YAML file below `{}`", path.display())).hint("name a folder that holds policies")
        );
    }
    files.into_iter().map(|path| read(&path).map(|text| SourceFile::new(path.display().to_string(), text))).collect()
}

fn gather(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Refusal> {
    let failed = |e: std::io::Error| Refusal::new(format!("cannot read the folder `{}`: {e}", directory.display()));
    if depth > 16 {
        return Err(Refusal::new(format!("`{}` is nested too deeply", directory.display())));
    }
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            gather(&path, depth + 1, files)?;
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            files.push(path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Refusal> {
    std::fs::read_to_string(path).map_err(|e| Refusal::new(format!("cannot read `{}`: {e}", path.display())))
}
