//! Parse, call, exit code.

use std::process::ExitCode;

use trailproof::{app, cli::Cli};

fn main() -> ExitCode {
    app::run(Cli::read())
}
