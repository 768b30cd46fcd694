//! Running the built program as a person would, in an environment that holds nothing of this machine's.

use std::path::Path;
use std::process::{Command, Output};

/// The program with an empty environment, in this folder.
pub fn trailproof(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trailproof"));
    command.current_dir(folder).env_clear().env("HOME", folder).env("PATH", "/usr/bin:/bin").env("NO_COLOR", "1");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// What it said and how it ended, with this folder's name taken out.
pub fn said(output: &Output, folder: &Path) -> String {
    let clean = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&folder.display().to_string(), "FOLDER");
    format!(
        "exit {}\n--- stdout\n{}--- stderr\n{}",
        output.status.code().map_or("by signal".to_string(), |c| c.to_string()),
        clean(&output.stdout),
        clean(&output.stderr)
    )
}
