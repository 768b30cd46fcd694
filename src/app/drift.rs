//! `trailproof drift`: code beside the account that it is for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::history::printed;
use super::scan::{Selection, folder, options, settled, whole_file};
use super::terminal::Terminal;
use super::{Exit, Refusal, inputs};
use crate::audit::audit;
use crate::cli::{Drift as Asked, DriftFormat, Scan};
use crate::config::Config;
use crate::drift::{Drift, Side, Standing, locate};
use crate::inventory::Inventory;
use crate::report::{html, text};

pub(super) fn run(asked: &Asked, terminal: &Terminal) -> Result<Exit, Refusal> {
    let settings = Scan { config: asked.config.clone(), directories: asked.directories.clone(), ..Scan::default() };
    let (config, _, catalogue) = settled(&settings)?;
    let selection = Selection::new(&settings, &config, &catalogue)?;
    let output = Output::prepare(asked, &config)?;
    let code = code(asked, &config, terminal)?;
    let live = live(asked, &config, terminal)?;
    let unwritten = |e: serde_json::Error| Refusal::new(format!("the sides could not be compared: {e}"));
    let located = locate(&code, &live).map_err(unwritten)?;
    let now = live.scope.ended;
    let judged = |inventory: &Inventory| audit(inventory, &catalogue, &selection.settings, now).map_err(|e| Refusal::caused(&e));
    let (of_code, of_live) = (judged(&located.inventory)?, judged(&live)?);
    let drift = Drift::between(&located, &of_code, Side { inventory: &live, findings: &of_live }, now);
    output.write(&drift, terminal)?;
    if live.scope.interrupted {
        return Ok(Exit::Interrupted);
    }
    Ok(match drift.standing() {
        Standing::Differs => Exit::Fail,
        Standing::Open if !asked.allow_unknown => Exit::Unknown,
        Standing::Open | Standing::Same => Exit::Good,
    })
}

fn code(asked: &Asked, config: &Config, terminal: &Terminal) -> Result<Inventory, Refusal> {
    let scan = Scan { paths: asked.code.clone(), code: asked.options.clone(), ..Scan::default() };
    let inventory = inputs::inventory(&scan, config, terminal)?;
    if inventory.code.is_none() || !inventory.calls.is_empty() {
        return Err(Refusal::new("what --code names is not code alone").hint("name a recording or an inventory.json with --live"));
    }
    Ok(inventory)
}

fn live(asked: &Asked, config: &Config, terminal: &Terminal) -> Result<Inventory, Refusal> {
    let is_aws = |path: &PathBuf| path == Path::new("aws") && !path.exists();
    let paths = match asked.live.iter().filter(|path| is_aws(path)).count() {
        0 => asked.live.clone(),
        1 if asked.live.len() == 1 => Vec::new(),
        _ => return Err(Refusal::new("--live is `aws`, or recordings and saved inventories").hint("name the one or the others")),
    };
    let scan = Scan { paths, live: asked.asking.clone(), ..Scan::default() };
    let inventory = inputs::inventory(&scan, config, terminal)?;
    if inventory.code.is_some() {
        return Err(Refusal::new("what --live names is code").hint("name a recording, the inventory.json of a scan, or `aws`"));
    }
    Ok(inventory)
}

/// Where the comparison goes. Asked for, and tried, before anything is read.
struct Output {
    folder: Option<PathBuf>,
    formats: BTreeSet<DriftFormat>,
}

impl Output {
    fn prepare(asked: &Asked, config: &Config) -> Result<Self, Refusal> {
        let all = [DriftFormat::Text, DriftFormat::Html, DriftFormat::Json];
        let formats: BTreeSet<DriftFormat> =
            if asked.formats.is_empty() { all.into() } else { asked.formats.iter().copied().collect() };
        let any_file = formats.iter().any(|format| *format != DriftFormat::Text);
        Ok(Output { folder: folder(asked.out.as_deref(), config, formats.len(), any_file)?, formats })
    }

    fn write(&self, drift: &Drift, terminal: &Terminal) -> Result<(), Refusal> {
        let mut written = Vec::new();
        let mut shown = None;
        for format in &self.formats {
            let (name, text) = match format {
                DriftFormat::Text => (None, text::drift(drift, &options(terminal))),
                DriftFormat::Html => (Some("drift.html"), html::drift(drift).map_err(|e| Refusal::caused(&e))?),
                DriftFormat::Json => (Some("drift.json"), printed(drift)? + "\n"),
            };
            match (&self.folder, name) {
                (Some(folder), Some(name)) => {
                    let path = folder.join(name);
                    whole_file(&path, text.as_bytes())?;
                    written.push(path.display().to_string());
                }
                _ => shown = Some(text),
            }
        }
        if self.folder.is_some() {
            shown = Some(text::drift(drift, &options(terminal)));
        }
        shown.into_iter().for_each(|text| terminal.print(&text));
        if !written.is_empty() {
            terminal.note(&format!("wrote {}", crate::policy::message::names(&written)));
        }
        Ok(())
    }
}
