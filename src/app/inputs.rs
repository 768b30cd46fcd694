//! Where the facts of a scan come from: AWS, a recording, or saved inventories.

use std::path::Path;

use super::Refusal;
use super::terminal::Terminal;
use crate::cli::Scan;
use crate::config::Config;
use crate::inventory::Inventory;
use crate::source::saved;

#[cfg(feature = "aws")]
use super::{example, live};

/// The inventory that the command line asks for.
pub(super) fn inventory(scan: &Scan, config: &Config, terminal: &Terminal) -> Result<Inventory, Refusal> {
    if scan.paths.is_empty() {
        return from_aws(scan, config, terminal);
    }
    if scan.record.is_some() || scan.profile.is_some() || !scan.regions.is_empty() {
        return Err(Refusal::new("--record, --profile and --region are for live accounts")
            .hint("leave PATH out to read the account of the current credentials"));
    }
    let mut inventories = Vec::new();
    for path in &scan.paths {
        inventories.push(one(path, terminal)?);
    }
    merge(inventories).ok_or_else(|| Refusal::new("nothing to scan"))
}

fn one(path: &Path, terminal: &Terminal) -> Result<Inventory, Refusal> {
    if path.is_file() {
        return saved::load(path).map_err(|e| Refusal::caused(&e).hint(e.hint()));
    }
    recording(path, terminal)
}

#[cfg(feature = "aws")]
fn from_aws(scan: &Scan, config: &Config, terminal: &Terminal) -> Result<Inventory, Refusal> {
    live::scan(scan, config, terminal)
}

#[cfg(not(feature = "aws"))]
fn from_aws(_: &Scan, _: &Config, _: &Terminal) -> Result<Inventory, Refusal> {
    Err(Refusal::new("this program was built without AWS").hint("name a saved inventory, or build with the default features"))
}

#[cfg(feature = "aws")]
fn recording(path: &Path, terminal: &Terminal) -> Result<Inventory, Refusal> {
    // A folder on disk stands above the embedded one of the same name.
    match (path.is_dir(), example::find(path)) {
        (false, Some(files)) => live::replay_files(files, terminal),
        (true, _) => live::replay(path, terminal),
        (false, None) => Err(Refusal::new(format!("there is no `{}`", path.display()))
            .hint("name a recording, an inventory.json, or examples/acme-org")),
    }
}

#[cfg(not(feature = "aws"))]
fn recording(path: &Path, _: &Terminal) -> Result<Inventory, Refusal> {
    Err(Refusal::new(format!("`{}` is no file", path.display()))
        .hint("recordings need a build with the default features; saved inventories do not"))
}

/// Several inventories as one: what one saw of a thing and another did not is taken from the one that saw more.
fn merge(inventories: Vec<Inventory>) -> Option<Inventory> {
    let mut all = inventories.into_iter();
    let mut whole = all.next()?;
    for other in all {
        whole.scope.started = whole.scope.started.min(other.scope.started);
        whole.scope.ended = whole.scope.ended.max(other.scope.ended);
        whole.scope.interrupted |= other.scope.interrupted;
        whole.scope.synthetic |= other.scope.synthetic;
        whole.scope.accounts.extend(other.scope.accounts);
        whole.accounts.extend(other.accounts);
        whole.trails.extend(other.trails);
        whole.buckets.extend(other.buckets);
        whole.keys.extend(other.keys);
        whole.calls.extend(other.calls);
    }
    keep_best(&mut whole.scope.accounts, |a| a.id.clone());
    keep_best(&mut whole.accounts, |a| a.id.clone());
    keep_best(&mut whole.trails, |t| t.arn.clone());
    keep_best(&mut whole.buckets, |b| b.name.clone());
    keep_best(&mut whole.keys, |k| k.arn.clone());
    whole.sort();
    Some(whole)
}

/// Of several records of one thing, the one with the fewest gaps.
fn keep_best<T: serde::Serialize>(records: &mut Vec<T>, id: impl Fn(&T) -> String) {
    let ids: std::collections::BTreeSet<String> = records.iter().map(&id).collect();
    if ids.len() == records.len() {
        return;
    }
    let gaps = |record: &T| serde_json::to_string(record).map_or(usize::MAX, |t| t.matches("\"kind\":").count());
    let mut best: std::collections::BTreeMap<String, (usize, T)> = std::collections::BTreeMap::new();
    for record in records.drain(..) {
        let (key, count) = (id(&record), gaps(&record));
        if best.get(&key).is_none_or(|(least, _)| count < *least) {
            best.insert(key, (count, record));
        }
    }
    records.extend(best.into_values().map(|(_, record)| record));
}
