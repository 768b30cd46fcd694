//! What a process used so far, as the system tells it.

use std::fmt::Write;

/// `cpu=SECONDS rss=MB`: processor time and peak resident memory of this process.
pub(crate) fn usage() -> String {
    format!("cpu={:.2} rss={:.1}", cpu(), peak())
}

/// Processor seconds of this process, of all its threads.
pub(crate) fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, which may hold anything, ends with the last parenthesis; times are in ticks of 1/100 s.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Peak resident memory of this process in MB.
pub(crate) fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1e3
}

/// The value of a name in `name=value name=value`.
pub(crate) fn value(text: &str, name: &str) -> f64 {
    let mut pattern = String::new();
    let _ = write!(pattern, "{name}=");
    text.split_whitespace().find_map(|pair| pair.strip_prefix(&pattern)?.parse().ok()).unwrap_or(f64::NAN)
}
