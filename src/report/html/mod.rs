//! `report.html`: one self-contained file that asks the network for nothing and is complete without scripts.
//!
//! The page is built in [`page`] as words and numbers, and laid out by the templates. Every text passes one formatter here,
//! which makes foreign text safe to look at and escapes it; a template cannot forget to.

mod baseline;
mod chain;
mod drift;
mod finding;
mod framework;
mod heat;
mod links;
mod page;
mod past;
mod population;
mod size;
mod waiver;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};
use sha2::{Digest, Sha256};

use super::past::Past;
use super::{Report, foreign};
use crate::drift::Drift;

/// The templates, by name.
const TEMPLATES: [(&str, &str); 16] = [
    ("report.html", include_str!("../../../templates/report.html")),
    ("drift.html", include_str!("../../../templates/drift.html")),
    ("macros.html", include_str!("../../../templates/macros.html")),
    ("cover.html", include_str!("../../../templates/cover.html")),
    ("population.html", include_str!("../../../templates/population.html")),
    ("summary.html", include_str!("../../../templates/summary.html")),
    ("past.html", include_str!("../../../templates/past.html")),
    ("waivers.html", include_str!("../../../templates/waivers.html")),
    ("baseline.html", include_str!("../../../templates/baseline.html")),
    ("frameworks.html", include_str!("../../../templates/frameworks.html")),
    ("accounts.html", include_str!("../../../templates/accounts.html")),
    ("trails.html", include_str!("../../../templates/trails.html")),
    ("findings.html", include_str!("../../../templates/findings.html")),
    ("passed.html", include_str!("../../../templates/passed.html")),
    ("gaps.html", include_str!("../../../templates/gaps.html")),
    ("method.html", include_str!("../../../templates/method.html")),
];
const STYLE: &str = include_str!("../../../templates/report.css");
const SCRIPT: &str = include_str!("../../../templates/report.js");

/// Why the report could not be written: a fault of the templates, never of the data.
#[derive(Debug, thiserror::Error)]
pub enum HtmlError {
    #[error("the template of report.html is faulty")]
    Template(#[from] minijinja::Error),
}

/// The whole page, the same bytes for the same report.
///
/// # Errors
/// A template that does not parse, or that names what the page does not have.
pub fn write(report: &Report) -> Result<String, HtmlError> {
    write_with_past(report, None)
}

/// The page with the audits before it.
///
/// # Errors
/// As [`write`].
pub fn write_with_past(report: &Report, past: Option<&Past>) -> Result<String, HtmlError> {
    let footer = format!("{} {}, audit of {}", report.tool.name, report.tool.version, super::wording::moment(report.now));
    render("report.html", &footer, Some(SCRIPT), Value::from(Serde(page::build(report, past))))
}

/// Code beside an account, as a page of its own.
///
/// # Errors
/// As [`write`].
pub fn drift(drift: &Drift) -> Result<String, HtmlError> {
    let footer = format!("{}, code and account of {}", drift.tool, super::wording::moment(drift.now));
    render("drift.html", &footer, None, Value::from(Serde(drift::build(drift))))
}

fn render(template: &str, footer: &str, script: Option<&str>, page: Value) -> Result<String, HtmlError> {
    let style = format!("\n{}", STYLE.replace("@@FOOTER@@", &plain(footer)));
    let script = script.map_or_else(String::new, |script| format!("\n{script}"));
    let scripts = if script.is_empty() { "'none'".to_string() } else { format!("'sha256-{}'", digest(&script)) };
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src {scripts}; img-src data:; base-uri 'none'; form-action 'none'",
        digest(&style)
    );
    let html = environment()?.get_template(template)?.render(minijinja::context! {
        page,
        policy => Value::from_safe_string(policy),
        style => Value::from_safe_string(style),
        script => Value::from_safe_string(script),
    })?;
    Ok(html)
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    env.set_formatter(format);
    env.add_filter("prose", |text: &str| Value::from_safe_string(escape(&foreign::prose(text))));
    env.add_filter("code", |text: &str| Value::from_safe_string(escape(&foreign::block(text))));
    env.add_filter("count", |number: usize| super::wording::count(number));
    env.add_filter("counted", |number: usize, one: &str| super::wording::counted(number, one));
    for (name, source) in TEMPLATES {
        env.add_template(name, source)?;
    }
    Ok(env)
}

fn format(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_safe() || value.kind() == ValueKind::Number {
        return minijinja::escape_formatter(out, state, value);
    }
    match value.as_str() {
        Some(text) => Ok(out.write_str(&escape(&foreign::line(text)))?),
        None => Err(Error::new(ErrorKind::BadSerialization, format!("a {} stands where text is printed", value.kind()))),
    }
}

/// Text for an element or a quoted attribute.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            c => out.push(c),
        }
    }
    out
}

/// The source expression of a Content Security Policy for exactly these bytes.
fn digest(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text))
}

/// What stands at the foot of each printed page. It goes into the style sheet, so only plain characters may stay.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || " .,:-".contains(*c)).take(100).collect()
}
