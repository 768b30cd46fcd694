//! Standard output and standard error: data on the one, everything else on the other.

use std::io::{self, IsTerminal, Write};
use std::process;

use crate::cli::{Color, Global};

/// How to speak to whoever started the program.
#[derive(Clone, Debug)]
pub(super) struct Terminal {
    pub quiet: bool,
    pub verbose: u8,
    pub color: bool,
    pub width: usize,
}

impl Terminal {
    pub(super) fn new(global: &Global) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|v| v == "dumb");
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stdout().is_terminal() && !no_color && !dumb,
        };
        let width = terminal_size::terminal_size().map_or(100, |(w, _)| usize::from(w.0)).clamp(40, 120);
        if global.verbose > 1 {
            let filter = tracing_subscriber::EnvFilter::new("trailproof=debug");
            // A second subscriber in the same process is refused, which only tests could see.
            tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init().ok();
        }
        Terminal { quiet: global.quiet, verbose: global.verbose, color, width }
    }

    /// Data. A reader that went away is no failure of ours.
    pub(super) fn print(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let ended = if text.ends_with('\n') { "" } else { "\n" };
        let written = out.write_all(text.as_bytes()).and_then(|()| out.write_all(ended.as_bytes())).and_then(|()| out.flush());
        if written.is_err_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe) {
            process::exit(0);
        }
    }

    /// Data that is written piece by piece.
    ///
    /// # Errors
    /// Standard output takes no more. A reader that went away is no failure of ours.
    pub(super) fn stream(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        // Not line by line, as standard output is written otherwise.
        let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
        match write(&mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => process::exit(0),
            written => written,
        }
    }

    /// A word for people; silent where they asked for quiet.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// What must be said in any case.
    pub(super) fn complain(&self, text: &str) {
        // There is nowhere left to say that standard error cannot be written.
        writeln!(std::io::stderr().lock(), "{}", crate::report::foreign::block(text)).ok();
    }
}
