//! Parse, call, exit code.

use std::process::ExitCode;

use clap::Parser;
use trailproof::{app, cli::Cli};

fn main() -> ExitCode {
    app::run(Cli::parse())
}
