//! What a path holds where it is nothing that a scan reads: the reason with its place, and what to give instead.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Refusal;

/// Bytes that are looked at to tell what a file is.
const LOOKED_AT: usize = 1 << 20;

const PLAN: &str =
    "make a plan of it: `terraform plan -out tfplan && terraform show -json tfplan > plan.json`, and name plan.json";
const ANY: &str = "name a Terraform plan as JSON, a folder of Terraform's configuration, a CloudFormation template, a folder of \
                   templates, a cdk.out, a recording, or the inventory.json of a scan";
const VALUES: &str = "name the folder of the root module, and give the file with `--var-file`";

/// Why a path that is no file and no folder with anything in it cannot be scanned.
pub(super) fn path(path: &Path) -> Refusal {
    let shown = path.display();
    if path == Path::new("-") {
        return Refusal::new("a scan reads no standard input").hint("write it to a file, and name that");
    }
    if !path.exists() {
        let beside =
            path.extension().is_some_and(|e| e == "json").then_some("; `terraform show -json tfplan > plan.json` makes one");
        return Refusal::new(format!("there is no `{shown}`")).hint(format!("{ANY}{}", beside.unwrap_or_default()));
    }
    if !path.is_dir() {
        return Refusal::new(format!("`{shown}` is neither a file nor a folder")).hint(ANY);
    }
    folder(path)
}

/// Why a folder without templates, plans and recordings cannot be scanned.
fn folder(path: &Path) -> Refusal {
    let shown = path.display();
    let names: Vec<String> = match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect(),
        Err(error) => {
            return Refusal::new(format!("cannot read the folder `{shown}`: {error}"))
                .hint("let it be read, or name another one");
        }
    };
    if names.is_empty() {
        return Refusal::new(format!("the folder `{shown}` is empty")).hint(ANY);
    }
    if names.iter().any(|name| is_values(name)) {
        return Refusal::new(format!("the folder `{shown}` holds values of Terraform's variables, and no configuration"))
            .hint(VALUES);
    }
    if names.iter().any(|name| is_configuration(name)) {
        return Refusal::new(format!("the folder `{shown}` holds Terraform's configuration, and no plan")).hint(PLAN);
    }
    if names.iter().any(|name| name == "cdk.json") {
        return Refusal::new(format!("the folder `{shown}` holds an app of the CDK, and no cdk.out"))
            .hint("run `cdk synth`, and name the folder cdk.out");
    }
    Refusal::new(format!("the folder `{shown}` holds no template, no plan and no recording")).hint(ANY)
}

/// Whether a file is one of configuration that is not read as it is.
fn is_configuration(name: &str) -> bool {
    [".tofu", ".tofu.json", ".hcl"].iter().any(|end| name.ends_with(end))
}

fn is_values(name: &str) -> bool {
    name.ends_with(".tfvars") || name.ends_with(".tfvars.json")
}

/// Why a file cannot be scanned; nothing where it says that it is a saved inventory, which has errors of its own.
pub(super) fn file(path: &Path, bytes: &[u8]) -> Option<Refusal> {
    let shown = path.display().to_string();
    // It says so at once, and is large.
    let (beginning, kind) = (&bytes[..bytes.len().min(256)], crate::inventory::Inventory::KIND.as_bytes());
    if beginning.windows(kind.len()).any(|part| part == kind) {
        return None;
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Some(Refusal::new(format!("`{shown}` is empty")).hint(ANY));
    }
    if is_values(&name) {
        return Some(Refusal::new(format!("`{shown}` holds values of Terraform's variables")).hint(VALUES));
    }
    if is_configuration(&name) {
        return Some(Refusal::new(format!("`{shown}` is Terraform's configuration, and no plan")).hint(PLAN));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}'),
        Err(_) if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) => {
            return Some(
                Refusal::new(format!("{shown}:1:1: it begins as UTF-16, and holds nothing that a scan reads"))
                    .hint(format!("save it as UTF-8; {ANY}")),
            );
        }
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let column = before.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len) + 1;
            return Some(Refusal::new(format!("{shown}:{line}:{column}: this is no text")).hint(ANY));
        }
    };
    let is_json = text.trim_start().starts_with(['{', '[']) || name.ends_with(".json");
    if is_json { json(&shown, text) } else { Some(plain(&shown, text)) }
}

/// JSON that is no plan and no template.
fn json(shown: &str, text: &str) -> Option<Refusal> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let (line, column, said) = (error.line(), error.column().max(1), error.to_string());
            let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
            return Some(
                Refusal::new(format!("{shown}:{line}:{column}: this is no JSON: {said}"))
                    .hint("write it anew; it may have been cut off"),
            );
        }
    };
    let Some(object) = value.as_object() else {
        return Some(Refusal::new(format!("{shown}:1:1: it is no object, and so no plan, template or inventory")).hint(ANY));
    };
    let says = |message: &str, hint: &str| Some(Refusal::new(format!("{shown}:1:1: {message}")).hint(hint));
    match value.get("kind").and_then(Value::as_str).unwrap_or_default() {
        crate::inventory::Inventory::KIND => return None,
        crate::report::Report::KIND => {
            return says("it is a report", "give the inventory.json beside it; `trailproof diff` compares reports");
        }
        crate::baseline::KIND => return says("it is a baseline", "give it by --baseline, beside what is to be scanned"),
        "trailproof-recording" => return says("it is a part of a recording", "name the folder that it stands in"),
        _ => {}
    }
    if object.is_empty() {
        return says("the object is empty", ANY);
    }
    if object.contains_key("terraform_version") || object.contains_key("format_version") {
        return says("it is a state of Terraform, and no plan", PLAN);
    }
    if object.contains_key("artifacts") && object.contains_key("version") {
        return says("it is the manifest of an assembly", "name the folder cdk.out that it stands in");
    }
    if object.contains_key("Resources") {
        return says(
            "the section `Resources` declares no resource of a type of AWS",
            "give a template that CloudFormation takes: each resource has a `Type`, such as `AWS::S3::Bucket`",
        );
    }
    let mut keys: Vec<String> = object.keys().take(4).map(|key| format!("`{}`", clipped(key))).collect();
    if object.len() > keys.len() {
        keys.push("more".into());
    }
    says(&format!("this JSON is no plan, template or inventory: it holds {}", crate::policy::message::names(&keys)), ANY)
}

/// Text that is no JSON: YAML for the most part.
fn plain(shown: &str, text: &str) -> Refusal {
    let looked_at = text.get(..LOOKED_AT).unwrap_or(text);
    let line_of = |start: &str| looked_at.lines().position(|line| line.starts_with(start)).map(|at| at + 1);
    if let Some(line) = ["resource \"", "module \"", "terraform {", "provider \""].iter().find_map(|start| line_of(start)) {
        return Refusal::new(format!("{shown}:{line}:1: it is Terraform's configuration, and no plan")).hint(PLAN);
    }
    if looked_at.contains("Terraform will perform the following actions") {
        return Refusal::new(format!("{shown}:1:1: it is a plan as Terraform prints it for people")).hint(PLAN);
    }
    if line_of("waivers:").is_some() && line_of("Resources").is_none() {
        return Refusal::new(format!("{shown}:1:1: it is a file of waivers"))
            .hint("give it by --waivers, beside what is to be scanned");
    }
    if line_of("service:").is_some() && line_of("provider:").is_some() {
        return Refusal::new(format!("{shown}:1:1: it is written for the Serverless Framework"))
            .hint("give the template that `serverless package` writes");
    }
    match line_of("Resources") {
        Some(line) => Refusal::new(format!("{shown}:{line}:1: the section `Resources` declares no resource of a type of AWS"))
            .hint("give a template that CloudFormation takes: each resource has a `Type`, such as `AWS::S3::Bucket`"),
        None => {
            Refusal::new(format!("{shown}:1:1: there is no section `Resources`, so that it is no template of CloudFormation"))
                .hint(ANY)
        }
    }
}

fn clipped(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}
