//! Where the facts of a scan come from: AWS, a recording, saved inventories, or code.

use std::path::{Path, PathBuf};

use super::Refusal;
use super::configurations::Configurations;
use super::stranger;
use super::templates::Templates;
use super::terminal::Terminal;
use crate::cli::Scan;
use crate::config::Config;
use crate::inventory::{Inventory, Listing, TrailRef};
use crate::source::code::{self, Form, Stack};
use crate::source::saved;

#[cfg(feature = "aws")]
use super::{example, live};

/// The inventory that the command line asks for.
pub(super) fn inventory(scan: &Scan, config: &Config, terminal: &Terminal) -> Result<Inventory, Refusal> {
    if scan.paths.is_empty() {
        if scan.code.complete {
            return Err(
                Refusal::new("--complete is for code").hint("name a plan, for example `trailproof scan plan.json --complete`")
            );
        }
        if !scan.code.parameters.is_empty() {
            return Err(Refusal::new("--parameters is for CloudFormation templates").hint("name a template, or leave it away"));
        }
        if !scan.code.variables.is_empty() || !scan.code.variable_files.is_empty() {
            return Err(Refusal::new("--var and --var-file are for Terraform's configuration")
                .hint("name a folder of .tf files, or leave them away"));
        }
        return from_aws(scan, config, terminal);
    }
    refuse_live_options(scan)?;
    let (mut inventories, mut files, mut templates) = (Vec::new(), Vec::new(), Templates::default());
    let mut configurations = Configurations::given(scan)?;
    let mut seen: Vec<(PathBuf, &PathBuf)> = Vec::new();
    for path in &scan.paths {
        // Two names of one file are one.
        if let Ok(whole) = std::fs::canonicalize(path) {
            if let Some((_, other)) = seen.iter().find(|(known, _)| *known == whole) {
                return Err(Refusal::new(format!("`{}` and `{}` are the same", other.display(), path.display()))
                    .hint("name each file, or its folder, once"));
            }
            seen.push((whole, path));
        }
        if path.is_dir() {
            let (is_template, is_configuration) = (templates.folder(path)?, configurations.folder(path));
            if is_template || is_configuration {
                continue;
            }
        } else if configurations.file(path)? {
            continue;
        }
        match one(path, terminal)? {
            Input::Facts(inventory) => inventories.push(*inventory),
            Input::Code(Form::Template(bytes)) => templates.file(path.display().to_string(), bytes),
            Input::Code(form) => files.push((path.display().to_string(), form)),
        }
    }
    // A plan and the folder that holds it may both be named: the folder is then its source.
    let plain = |path: &str| Path::new(path).components().collect::<PathBuf>();
    templates.plans.retain(|(path, _)| !files.iter().any(|(named, _)| plain(named) == plain(path)));
    files.append(&mut templates.plans);
    let has_plan = files.iter().any(|(_, form)| matches!(form, Form::Plan(_)));
    let folders = if has_plan { configurations.sources() } else { Vec::new() };
    let loaded = code::load_beside(files, &folders).map_err(|e| Refusal::new(e.to_string()).hint(e.hint()))?;
    configurations.give_way(&loaded.taken);
    let mut stacks = loaded.stacks;
    stacks.extend(templates.stacks(scan)?);
    stacks.extend(configurations.stacks()?);
    if stacks.is_empty() && scan.code.complete {
        return Err(Refusal::new("--complete is for code, and none of the inputs is code").hint("leave it away"));
    }
    if let Some(mut inventory) = of_code(&stacks, scan.code.complete)? {
        templates.confess(&mut inventory, scan.code.complete);
        configurations.confess(&mut inventory);
        inventories.push(inventory);
    }
    once_each(&inventories)?;
    let whole = merge(inventories).ok_or_else(|| Refusal::new("nothing to scan"))?;
    if whole.accounts.is_empty() && whole.scope.accounts.is_empty() {
        return Err(Refusal::new("the input holds no account, so that there is nothing to judge")
            .hint("give the `inventory.json` of a scan that reached an account"));
    }
    Ok(whole)
}

/// What recordings and saved inventories hold.
pub(super) fn saved(paths: &[std::path::PathBuf], terminal: &Terminal) -> Result<Inventory, Refusal> {
    let mut inventories = Vec::new();
    for path in paths {
        match one(path, terminal)? {
            Input::Facts(inventory) => inventories.push(*inventory),
            Input::Code(_) => {
                return Err(Refusal::new(format!("`{}` is code, and what is asked is about accounts", path.display()))
                    .hint("name a recording, or the inventory.json of a scan"));
            }
        }
    }
    once_each(&inventories)?;
    merge(inventories).ok_or_else(|| Refusal::new("no input"))
}

/// What asks AWS has no meaning where a file answers.
pub(super) fn refuse_live_options(scan: &Scan) -> Result<(), Refusal> {
    let for_aws = [
        ("--record", scan.record.is_some()),
        ("--security-hub", scan.security_hub),
        ("--resume", scan.resume),
        ("--profile", scan.live.profile.is_some()),
        ("--region", !scan.live.regions.is_empty()),
        ("--account", !scan.live.accounts.is_empty()),
        ("--org", scan.live.org),
        ("--role-name", scan.live.role_name.is_some()),
        ("--external-id", scan.live.external_id.is_some()),
        ("--log-account", scan.live.log_account.is_some()),
        ("--ou", !scan.live.units.is_empty()),
        ("--exclude-account", !scan.live.excluded_accounts.is_empty()),
        ("--exclude-ou", !scan.live.excluded_units.is_empty()),
        ("--skip", !scan.live.skip.is_empty()),
    ];
    if let Some((option, _)) = for_aws.iter().find(|(_, is_given)| *is_given) {
        return Err(Refusal::new(format!("{option} is for live accounts"))
            .hint("leave PATH out to read the account of the current credentials"));
    }
    Ok(())
}

/// What a path holds.
enum Input {
    Facts(Box<Inventory>),
    Code(Form),
}

fn one(path: &Path, terminal: &Terminal) -> Result<Input, Refusal> {
    if !path.is_file() {
        if !example_is_at(path) && !is_recording(path) {
            return Err(stranger::path(path));
        }
        return recording(path, terminal).map(|inventory| Input::Facts(Box::new(inventory)));
    }
    let shown = path.display().to_string();
    let (form, bytes) = match std::fs::metadata(path) {
        Ok(about) if usize::try_from(about.len()).is_ok_and(|length| length > code::MAX_BYTES) => {
            return Err(Refusal::new(format!("`{shown}` is larger than {} MiB", code::MAX_BYTES / 1024 / 1024)));
        }
        _ => {
            let bytes = std::fs::read(path)
                .map_err(|e| Refusal::new(format!("cannot read `{shown}`: {e}")).hint("let it be read, or name another file"))?;
            (code::recognise(&bytes), bytes)
        }
    };
    match form {
        Form::Broken(error) => {
            Err(Refusal::new(format!("{shown}:{error}")).hint("write it anew with `terraform show -json PLANFILE > plan.json`"))
        }
        Form::OtherJson | Form::Unknown => {
            if let Some(refusal) = stranger::file(path, &bytes) {
                return Err(refusal);
            }
            drop(bytes);
            saved::load(path).map(|i| Input::Facts(Box::new(i))).map_err(|e| Refusal::caused(&e).hint(e.hint()))
        }
        form => Ok(Input::Code(form)),
    }
}

/// The code as one inventory: what one file makes, another may name.
fn of_code(stacks: &[Stack], complete: bool) -> Result<Option<Inventory>, Refusal> {
    if stacks.is_empty() {
        return Ok(None);
    }
    let mut files = std::collections::BTreeSet::new();
    if let Some(twice) = stacks.iter().find(|stack| !files.insert(stack.file.as_str())) {
        return Err(Refusal::new(format!("`{}` is named more than once", twice.file)).hint("name each file, or its folder, once"));
    }
    // A plan that does not say when it was made is of now.
    let read = stacks.iter().filter_map(|stack| stack.read).max().unwrap_or_else(jiff::Timestamp::now);
    Ok(Some(code::build(stacks, code::Options { complete, read })))
}

#[cfg(feature = "aws")]
fn from_aws(scan: &Scan, config: &Config, terminal: &Terminal) -> Result<Inventory, Refusal> {
    live::scan(scan, config, terminal)
}

#[cfg(not(feature = "aws"))]
fn from_aws(_: &Scan, _: &Config, _: &Terminal) -> Result<Inventory, Refusal> {
    Err(Refusal::new("this program was built without AWS").hint("name a saved inventory, or build with the default features"))
}

/// Whether a folder looks like a recording, be it a good one.
fn is_recording(path: &Path) -> bool {
    path.join("recording.json").exists() || path.join("calls").is_dir()
}

/// Whether an example of this name is carried inside the program.
#[cfg(feature = "aws")]
fn example_is_at(path: &Path) -> bool {
    example::find(path).is_some()
}

/// Of examples whole programs alone can make something.
#[cfg(not(feature = "aws"))]
fn example_is_at(_: &Path) -> bool {
    false
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
    Err(Refusal::new(format!("`{}` is a recording, and this program was built without AWS", path.display()))
        .hint("build it with the default features (`cargo install --path .`); an inventory.json that was saved of it needs none"))
}

/// Two readings of one account may say different things, at different times or of different Regions: neither is left out unseen.
fn once_each(inventories: &[Inventory]) -> Result<(), Refusal> {
    let mut seen = std::collections::BTreeSet::new();
    match inventories.iter().flat_map(|i| &i.accounts).find(|a| !seen.insert(a.id.as_str())) {
        None => Ok(()),
        Some(account) => Err(Refusal::new(format!("account {} was read in more than one of the inputs", account.id))
            .hint("name one input for each account")),
    }
}

/// Several inventories as one: what one saw of a thing and another did not is taken from the one that saw more.
fn merge(inventories: Vec<Inventory>) -> Option<Inventory> {
    let mut all = inventories.into_iter();
    let mut whole = all.next()?;
    for other in all {
        if other.scope.regions_asked != whole.scope.regions_asked {
            // Where one run asked for every Region, so did they all together.
            let any_asked_all = other.scope.regions_asked.is_empty() || whole.scope.regions_asked.is_empty();
            whole.scope.regions_asked.extend(other.scope.regions_asked.iter().cloned());
            whole.scope.regions_asked.sort();
            whole.scope.regions_asked.dedup();
            if any_asked_all {
                whole.scope.regions_asked.clear();
            }
        }
        whole.scope.started = whole.scope.started.min(other.scope.started);
        whole.scope.ended = whole.scope.ended.max(other.scope.ended);
        whole.scope.interrupted |= other.scope.interrupted;
        whole.scope.synthetic |= other.scope.synthetic;
        whole.scope.accounts.extend(other.scope.accounts);
        whole.scope.gaps.extend(other.scope.gaps);
        whole.accounts.extend(other.accounts);
        whole.trails.extend(other.trails);
        whole.buckets.extend(other.buckets);
        whole.keys.extend(other.keys);
        whole.log_groups.extend(other.log_groups);
        whole.alarms.extend(other.alarms);
        whole.topics.extend(other.topics);
        whole.event_data_stores.extend(other.event_data_stores);
        whole.organizations.extend(other.organizations);
        whole.calls.extend(other.calls);
        whole.changes.extend(other.changes);
        // All code is in one inventory.
        whole.code = whole.code.or(other.code);
    }
    keep_best(&mut whole.scope.accounts, |a| a.id.clone(), |_, _| {});
    keep_best(&mut whole.accounts, |a| a.id.clone(), |_, _| {});
    // Each account sees the trail in its own Regions, and its own trails of the bucket: none of that is in the better record.
    keep_best(
        &mut whole.trails,
        |t| t.arn.clone(),
        |best, other| {
            for status in other.status.items {
                if !best.status.items.iter().any(|s| s.region == status.region) {
                    best.status.items.push(status);
                }
            }
        },
    );
    keep_best(
        &mut whole.buckets,
        |b| b.name.clone(),
        |best, other| {
            add_trails(&mut best.trails, other.trails);
        },
    );
    keep_best(&mut whole.keys, |k| k.arn.clone(), |_, _| {});
    keep_best(&mut whole.log_groups, |g| g.arn.clone(), |best, other| add_trails(&mut best.trails, other.trails));
    keep_best(&mut whole.alarms, |a| a.arn.clone(), |_, _| {});
    keep_best(&mut whole.event_data_stores, |s| s.arn.clone(), |_, _| {});
    keep_best(&mut whole.topics, |t| t.arn.clone(), |best, other| add_trails(&mut best.trails, other.trails));
    keep_best(&mut whole.organizations, |o| o.id.clone(), |best, other| add_trails(&mut best.trails, other.trails));
    whole.sort();
    Some(whole)
}

fn add_trails(best: &mut Listing<TrailRef>, other: Listing<TrailRef>) {
    for trail in other.items {
        if !best.items.contains(&trail) {
            best.items.push(trail);
        }
    }
    other.gaps.into_iter().for_each(|gap| best.add_gap(gap));
}

/// Of several records of one thing, the one with the fewest gaps; `add` gives it what only the others hold.
fn keep_best<T: serde::Serialize>(records: &mut Vec<T>, id: impl Fn(&T) -> String, add: impl Fn(&mut T, T)) {
    let ids: std::collections::BTreeSet<String> = records.iter().map(&id).collect();
    if ids.len() == records.len() {
        return;
    }
    let gaps = |record: &T| serde_json::to_string(record).map_or(usize::MAX, |t| t.matches("\"kind\":").count());
    let mut best: std::collections::BTreeMap<String, (usize, T)> = std::collections::BTreeMap::new();
    for record in records.drain(..) {
        let (key, count) = (id(&record), gaps(&record));
        match best.remove(&key) {
            None => best.insert(key, (count, record)),
            Some((least, mut kept)) if least <= count => {
                add(&mut kept, record);
                best.insert(key, (least, kept))
            }
            Some((_, other)) => {
                let mut kept = record;
                add(&mut kept, other);
                best.insert(key, (count, kept))
            }
        };
    }
    records.extend(best.into_values().map(|(_, record)| record));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{Fact, Gap, GapKind};

    /// The inventory of one case: account, its trails, a bucket.
    fn read(account: &str, trail: &str, regions: &[&str]) -> Inventory {
        let regions = regions.iter().map(|r| format!("\"{r}\"")).collect::<Vec<_>>().join(",");
        let text = format!(
            r#"{{"accounts":[{{"id":"{account}","regions":[{regions}]}}],
                "trails":[{{"arn":"{trail}","seen_by":["{account}"],"s3_key_prefix":"p{account}"}}],
                "buckets":[{{"name":"log-archive"}}]}}"#
        );
        let given: super::super::cases::Given = serde_json::from_str(&text).expect("a case");
        given.inventory().expect("an inventory")
    }

    const ONE: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main";
    const TWO: &str = "arn:aws:cloudtrail:us-east-1:444455556666:trail/main";

    #[test]
    fn the_trails_of_every_input_deliver_to_the_bucket() {
        let mut other = read("111122223333", ONE, &["us-east-1"]);
        other.buckets[0].policy = Fact::Unknown(Gap::new(GapKind::OtherAccount, "not ours"));
        let owner = read("444455556666", TWO, &["us-east-1"]);
        for inputs in [vec![other.clone(), owner.clone()], vec![owner, other]] {
            let bucket = &merge(inputs).expect("merged").buckets[0];
            assert!(bucket.policy.known().is_some(), "the better record is kept");
            assert_eq!(bucket.trails.items.iter().map(|t| t.0.as_str()).collect::<Vec<_>>(), [ONE, TWO]);
        }
    }

    #[test]
    fn what_one_account_sees_of_a_trail_in_its_own_regions_is_kept() {
        let owner = read("111122223333", ONE, &["us-east-1"]);
        let mut member = read("444455556666", ONE, &["us-east-1", "af-south-1"]);
        member.trails[0].event_selectors = Fact::Unknown(Gap::new(GapKind::OtherAccount, "not ours"));
        let merged = merge(vec![owner, member]).expect("merged");
        assert!(merged.trails[0].event_selectors.known().is_some());
        assert_eq!(
            merged.trails[0].status.items.iter().map(|s| s.region.as_str()).collect::<Vec<_>>(),
            ["af-south-1", "us-east-1"]
        );
    }

    #[test]
    fn an_account_that_was_read_twice_is_refused() {
        let (one, two) = (read("111122223333", ONE, &["us-east-1"]), read("444455556666", TWO, &["us-east-1"]));
        assert!(once_each(&[one.clone(), two]).is_ok());
        assert!(once_each(&[one.clone(), one]).is_err());
    }

    #[test]
    fn an_account_that_was_not_reached_is_unknown() {
        use crate::audit::{Settings, audit};
        use crate::finding::Outcome;
        let mut inventory = read("111122223333", ONE, &["us-east-1"]);
        inventory.scope.accounts[0].id = "444455556666".into();
        inventory.scope.accounts[0].reached = false;
        inventory.scope.accounts[0].gaps = vec![Gap::new(GapKind::Denied, "no role")];
        let catalogue = crate::policy::catalogue::Catalogue::with(Vec::new(), Vec::new()).expect("the embedded policies");
        let findings = audit(&inventory, &catalogue, &Settings::default(), inventory.scope.ended).expect("audited");
        // What is about to change is told by code alone.
        let is_change = |id: &str| catalogue.policies[id].file.subject == crate::policy::SubjectKind::Change;
        for id in catalogue.policies.keys().filter(|id| !is_change(id)) {
            let about = findings.iter().find(|f| &f.policy == id && f.subject.id == "444455556666").expect("a finding");
            assert_eq!((about.outcome, about.gaps.len()), (Outcome::Unknown, 1), "{id}");
        }
    }
}
