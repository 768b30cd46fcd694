//! Parse, call, exit code.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use trailproof::{app, cli::Cli};

/// A scan makes and drops millions of short texts, on every processor.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    app::run(Cli::parse())
}
