//! `trailproof permissions`: what the role that reads an account must be allowed, and how to write it down.

use std::fmt::Write;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value as Jinja};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::json;

use super::scan::known;
use super::terminal::Terminal;
use super::{Exit, Refusal, catalogue};
use crate::aws::permission::{self, Action, Wanted};
use crate::cli::{PermissionFormat as Format, Permissions};
use crate::config::ROLE_NAME;
use crate::policy::catalogue::{Catalogue, Policy};
use crate::policy::check::Reads;

const TEMPLATES: [(&str, &str); 4] = [
    ("role.yaml", include_str!("../../templates/permissions/role.yaml")),
    ("caller.yaml", include_str!("../../templates/permissions/caller.yaml")),
    ("policies.tf", include_str!("../../templates/permissions/policies.tf")),
    ("notes.txt", include_str!("../../templates/permissions/notes.txt")),
];

const ASSUME: &str = "to read each account with its own role";
const WHY_EVERY_RESOURCE: &str = "The names of trails, buckets and keys are not known before they are read, hence the resource \"*\". Every action reads settings.";

pub(super) fn run(asked: &Permissions, terminal: &Terminal) -> Result<Exit, Refusal> {
    let needed = Needed::new(asked, &catalogue(&asked.directories)?)?;
    let failed = |e: &dyn std::error::Error| Refusal::new(format!("the permissions could not be written: {e}"));
    let text = match asked.format {
        Format::Json => needed.json().map_err(|e| failed(&e))?,
        Format::Cloudformation => needed.cloudformation().map_err(|e| failed(&e))?,
        Format::Terraform => needed.render("policies.tf").map_err(|e| failed(&e))?,
        Format::Text => needed.text(terminal.width).map_err(|e| failed(&e))?,
    };
    terminal.print(&text);
    if asked.format != Format::Text {
        for note in needed.notes().map_err(|e| failed(&e))? {
            terminal.note(&format!("note: {note}"));
        }
    }
    Ok(Exit::Good)
}

/// What is needed, by whom.
struct Needed<'a> {
    asked: &'a Permissions,
    /// The role's actions in every audited account.
    audit: Vec<Action>,
    /// The actions of whoever starts the scan of an organization, less sts:AssumeRole.
    caller: Option<Vec<Action>>,
    /// Whether something that was asked for is told to the management account alone.
    for_management: bool,
    /// The policies that were chosen; none where a whole scan is meant.
    chosen: Vec<String>,
}

/// The actions of one service, as templates lay them out.
#[derive(Serialize)]
struct Service {
    sid: String,
    actions: Vec<Purposeful>,
}

#[derive(Serialize)]
struct Purposeful {
    name: &'static str,
    purpose: String,
}

impl<'a> Needed<'a> {
    fn new(asked: &'a Permissions, catalogue: &Catalogue) -> Result<Self, Refusal> {
        for id in &asked.policies {
            known("policy", id, catalogue.policies.keys())?;
        }
        for id in &asked.frameworks {
            known("framework", id, catalogue.frameworks.keys())?;
        }
        let is_whole = asked.policies.is_empty() && asked.frameworks.is_empty();
        let is_chosen = |policy: &&Policy| {
            let file = &policy.file;
            (asked.policies.is_empty() || asked.policies.contains(&file.id))
                && (asked.frameworks.is_empty() || asked.frameworks.iter().any(|f| file.requirements.contains_key(f)))
        };
        let policies: Vec<&Policy> = catalogue.policies.values().filter(is_chosen).collect();
        if policies.is_empty() {
            return Err(Refusal::new("no policy is left to ask").hint("loosen --policy or --framework"));
        }
        let fields: Reads = policies.iter().flat_map(|policy| policy.reads()).collect();
        let wanted = if is_whole { Wanted::Everything } else { Wanted::Fields(&fields) };
        let by_caller = permission::in_organization(wanted);
        let for_management = by_caller.iter().any(|o| permission::tells(o, wanted));
        Ok(Needed {
            asked,
            audit: permission::actions(&permission::in_account(wanted)),
            caller: asked.organization.then(|| permission::actions(&by_caller)),
            for_management: for_management && !asked.organization,
            chosen: if is_whole { Vec::new() } else { policies.iter().map(|p| p.file.id.clone()).collect() },
        })
    }

    /// What was typed, as far as it decides what is printed.
    fn command(&self) -> String {
        let mut command = String::from("trailproof permissions");
        let asked = self.asked;
        let directories: Vec<String> = asked.directories.iter().map(|d| d.display().to_string()).collect();
        for (flag, values) in [("policy", &asked.policies), ("framework", &asked.frameworks), ("policies", &directories)] {
            for value in values {
                // A folder's name may hold anything, and this stands in a comment.
                let value: String = value.chars().filter(|c| !c.is_control()).collect();
                write!(command, " --{flag} {value}").ok();
            }
        }
        if asked.organization {
            command.push_str(" --organization");
        }
        if asked.role_name != ROLE_NAME {
            write!(command, " --role-name {}", asked.role_name).ok();
        }
        command.push_str(match asked.format {
            Format::Json => "",
            Format::Cloudformation => " --format cloudformation",
            Format::Terraform => " --format terraform",
            Format::Text => " --format text",
        });
        command
    }

    fn json(&self) -> Result<String, serde_json::Error> {
        let audit = Document::new(&self.audit, None);
        let Some(caller) = &self.caller else { return serde_json::to_string_pretty(&audit) };
        let assume = Statement::new(&[ASSUME], "sts:AssumeRole", &format!("arn:*:iam::*:role/{}", self.asked.role_name));
        let both = Both { role: audit, caller: Document::new(caller, Some(assume)) };
        serde_json::to_string_pretty(&both)
    }

    fn cloudformation(&self) -> Result<String, minijinja::Error> {
        let role = self.render("role.yaml")?;
        Ok(if self.caller.is_some() { format!("{role}---\n{}", self.render("caller.yaml")?) } else { role })
    }

    fn text(&self, width: usize) -> Result<String, minijinja::Error> {
        let assume = Action { name: "sts:AssumeRole", purposes: vec![ASSUME] };
        let widest = |actions: &[Action]| actions.iter().map(|a| a.name.len()).max().unwrap_or(0);
        let indent = 2 + widest(&self.audit).max(self.caller.as_deref().map_or(0, widest)) + 2;
        let table = |actions: &mut dyn Iterator<Item = &Action>| {
            let rows = actions.map(|action| {
                let name = format!("  {:<1$}", action.name, indent - 2);
                let rest = " ".repeat(indent);
                let options = textwrap::Options::new(width.max(indent + 20)).initial_indent(&name).subsequent_indent(&rest);
                textwrap::fill(&purpose(action), options.break_words(false))
            });
            rows.collect::<Vec<_>>().join("\n")
        };
        let role = &self.asked.role_name;
        let whose = match self.chosen.as_slice() {
            [] => "for every call of a scan".to_string(),
            chosen => format!("for {}", crate::policy::message::names(chosen)),
        };
        let title = textwrap::fill(&format!("{role}, the role in every audited account, {whose}"), width);
        let mut parts = vec![format!("{title}\n{}", table(&mut self.audit.iter()))];
        if let Some(caller) = &self.caller {
            let title = textwrap::fill(
                &format!(
                    "Whoever starts the scan, in the management account or a delegated administrator's; sts:AssumeRole on arn:*:iam::*:role/{role}"
                ),
                width,
            );
            parts.push(format!("{title}\n{}", table(&mut caller.iter().chain([&assume]))));
        }
        let notes = self.notes()?;
        let options = textwrap::Options::new(width).initial_indent("  - ").subsequent_indent("    ").break_words(false);
        let notes: Vec<String> = notes.iter().map(|note| textwrap::fill(note, &options)).collect();
        parts.push(format!("To know\n{}", notes.join("\n")));
        Ok(parts.join("\n\n"))
    }

    fn notes(&self) -> Result<Vec<String>, minijinja::Error> {
        Ok(self.render("notes.txt")?.lines().map(str::to_string).collect())
    }

    fn render(&self, template: &str) -> Result<String, minijinja::Error> {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        env.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        for (name, source) in TEMPLATES {
            env.add_template(name, source)?;
        }
        let scope = match self.chosen.as_slice() {
            [] => "It lets a scan make every call, and so decide every policy, also those of your own.".to_string(),
            chosen => format!("It lets these policies be decided: {}.", chosen.join(", ")),
        };
        let key_actions: Vec<String> =
            self.audit.iter().filter(|a| a.name.starts_with("kms:")).map(|a| a.name.to_string()).collect();
        let names = json!({
            "has_keys": !key_actions.is_empty(),
            "command": self.command(),
            "scope": scope,
            "role": self.asked.role_name,
            "why_every_resource": WHY_EVERY_RESOURCE,
            "assume_purpose": ASSUME,
            "audit": services(&self.audit),
            "caller": self.caller.as_deref().map(services),
            "chosen": !self.chosen.is_empty(),
            "key_actions": crate::policy::message::names(&key_actions),
            "for_management": self.for_management,
        });
        let text = env.get_template(template)?.render(Jinja::from(Serde(&names)))?;
        Ok(format!("{}\n", text.trim_end()))
    }
}

fn purpose(action: &Action) -> String {
    action.purposes.join("; ")
}

/// The actions by service; they are sorted by name, and so by service.
fn services(actions: &[Action]) -> Vec<Service> {
    let service = |action: &Action| action.name.split(':').next().unwrap_or_default();
    let groups = actions.chunk_by(|a, b| service(a) == service(b));
    let services = groups.map(|group| Service {
        sid: words(service(&group[0])),
        actions: group.iter().map(|action| Purposeful { name: action.name, purpose: purpose(action) }).collect(),
    });
    services.collect()
}

/// The role's policy, and that of whoever starts the scan.
#[derive(Serialize)]
struct Both {
    role: Document,
    caller: Document,
}

/// A policy document, one statement for each action: the statement's id is all that JSON has for words.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: String,
    effect: &'static str,
    action: &'static str,
    resource: String,
}

impl Document {
    fn new(actions: &[Action], last: Option<Statement>) -> Self {
        let statements = actions.iter().map(|action| Statement::new(&action.purposes, action.name, "*"));
        Document { version: "2012-10-17", statement: statements.chain(last).collect() }
    }
}

impl Statement {
    fn new(purposes: &[&str], action: &'static str, resource: &str) -> Self {
        let sid = purposes.iter().map(|purpose| words(purpose)).collect();
        Statement { sid, effect: "Allow", action, resource: resource.into() }
    }
}

/// A sentence as a statement's id, which takes letters and digits alone: `a trail's tags` is `ATrailsTags`.
fn words(text: &str) -> String {
    let mut id = String::new();
    for word in text.split_whitespace() {
        let mut letters = word.chars().filter(char::is_ascii_alphanumeric);
        id.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        id.extend(letters);
    }
    id
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn printed(arguments: &[&str]) -> Needed<'static> {
        use clap::Parser;
        let words = ["trailproof", "permissions"].iter().chain(arguments);
        let cli = crate::cli::Cli::try_parse_from(words).expect("it is understood");
        let crate::cli::Command::Permissions(asked) = cli.command else { panic!("another command") };
        let asked: &'static Permissions = Box::leak(Box::new(asked));
        Needed::new(asked, &Catalogue::embedded().expect("the embedded policies are right")).expect("it can be answered")
    }

    #[test]
    fn statements_have_ids_that_iam_takes_each_once() {
        let needed = printed(&["--organization"]);
        let all: serde_json::Value = serde_json::from_str(&needed.json().expect("written")).expect("JSON");
        for of in ["role", "caller"] {
            let statements = all[of]["Statement"].as_array().expect("statements");
            let ids: BTreeSet<&str> = statements.iter().filter_map(|s| s["Sid"].as_str()).collect();
            assert_eq!(ids.len(), statements.len(), "{of}: an id stands twice");
            for id in ids {
                assert!(!id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
            }
        }
    }

    /// A role's inline policies may have 10,240 characters together, white space not counted.
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
    #[test]
    fn the_whole_policy_fits_into_a_role() {
        let text = printed(&[]).json().expect("written");
        let length = text.chars().filter(|c| !c.is_whitespace()).count();
        assert!(length < 10_240, "{length} characters");
    }

    #[test]
    fn a_sentence_becomes_an_id() {
        assert_eq!(words("a trail's settings, and the organization's trails"), "ATrailsSettingsAndTheOrganizationsTrails");
        assert_eq!(words("cloudtrail"), "Cloudtrail");
    }
}
