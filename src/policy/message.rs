//! Sentences and remedies with the real names filled in.
//!
//! Names are foreign text: whoever names a trail must not be able to write into an auditor's shell, so remedies quote every
//! value for their language, whether the template asks for it or not. What is not known renders as `unknown`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use minijinja::value::{Serde, Value as Jinja, ValueKind};
use minijinja::{Environment, ErrorKind, Output, State, UndefinedBehavior, escape_formatter};
use serde_json::{Map, Value, json};

use crate::inventory::noun::{Kind, Noun, Opaque, Record, View, closest};

use super::ParameterValue;

/// What a template may speak of.
pub struct Subject<'a> {
    pub record: &'a dyn Record,
    pub parameters: &'a BTreeMap<String, ParameterValue>,
    pub counterexamples: &'a [String],
}

/// Why a template is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    pub message: String,
    pub hint: Option<String>,
    /// The part of the template that is meant, in bytes; empty where it is not known.
    pub meant: Range<usize>,
}

/// The texts of a policy, each by its name, parsed once and filled in for many subjects.
#[derive(Debug)]
pub struct Texts {
    env: Environment<'static>,
    /// The fields of the subject that they speak of; none where that may be any.
    fields: Option<BTreeSet<&'static str>>,
}

/// The texts, about one subject.
pub struct Filling<'t> {
    texts: &'t Texts,
    names: Jinja,
}

impl Texts {
    /// Reads templates, each with its name, and checks that they speak only of what there is.
    ///
    /// # Errors
    /// Every template that does not parse, or names something that the noun does not have, by its number.
    pub fn read(
        templates: &[(&'static str, &str)],
        noun: &'static Noun,
        parameters: &[String],
    ) -> Result<Texts, Vec<(usize, TemplateError)>> {
        let mut texts = Texts { env: environment(), fields: Some(BTreeSet::new()) };
        let mut errors = Vec::new();
        for (at, (name, template)) in templates.iter().enumerate() {
            if let Err(error) = texts.add(name, template, noun, parameters) {
                errors.push((at, error));
            }
        }
        if errors.is_empty() { Ok(texts) } else { Err(errors) }
    }

    fn add(
        &mut self,
        name: &'static str,
        template: &str,
        noun: &'static Noun,
        parameters: &[String],
    ) -> Result<(), TemplateError> {
        self.env.add_template_owned(name, template.to_string()).map_err(|e| refused(&e))?;
        for (filter, meant) in filters(template) {
            if !self.knows_filter(filter) {
                return Err(no_filter(filter, meant));
            }
        }
        let parsed = self.env.get_template(name).map_err(|e| refused(&e))?;
        let mut names: Vec<String> = parsed.undeclared_variables(true).into_iter().collect();
        names.sort();
        for name in names {
            let mut parts = name.split('.');
            let (head, member) = (parts.next().unwrap_or_default(), parts.next());
            let (known, wanted): (Vec<&'static str>, &str) = match (head, member) {
                ("counterexamples", _) => continue,
                ("params", Some(p)) => {
                    if parameters.iter().any(|known| known == p) {
                        continue;
                    }
                    let known: Vec<&str> = parameters.iter().map(String::as_str).collect();
                    return Err(unknown(template, &name, head, p, &known, None));
                }
                (h, Some(f)) if h == noun.name => (noun.fields.iter().map(|f| f.name).collect(), f),
                (h, None) if h == noun.name => {
                    self.fields = None;
                    continue;
                }
                ("params", None) => continue,
                (h, _) => (vec![noun.name, "params", "counterexamples"], h),
            };
            let Some(field) = known.iter().find(|known| **known == wanted) else {
                let parameter = parameters.iter().find(|known| member.is_none() && *known == head).map(String::as_str);
                return Err(unknown(template, &name, head, wanted, &known, parameter));
            };
            if let Some(fields) = &mut self.fields {
                fields.insert(field);
            }
        }
        Ok(())
    }

    /// Whether there is a filter of this name: the templates' own language looks for it only where it is used.
    fn knows_filter(&self, name: &str) -> bool {
        let tried = self.env.compile_expression(&format!("'' | {name}")).and_then(|expression| expression.eval(()).map(|_| ()));
        !matches!(tried, Err(e) if e.kind() == ErrorKind::UnknownFilter)
    }

    /// The texts, to be filled in with a subject's names.
    pub fn about(&self, subject: &Subject<'_>) -> Filling<'_> {
        let of = |name: &'static str| subject.record.read(name).map(|view| (name.to_string(), plain(&view)));
        let fields: Map<String, Value> = match &self.fields {
            Some(fields) => fields.iter().copied().filter_map(of).collect(),
            None => subject.record.noun().fields.iter().map(|f| f.name).filter_map(of).collect(),
        };
        let parameters: Map<String, Value> = subject.parameters.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        let names = json!({
            subject.record.noun_name(): fields,
            "params": parameters,
            "counterexamples": subject.counterexamples,
        });
        Filling { texts: self, names: Jinja::from(Serde(&names)) }
    }
}

impl Filling<'_> {
    /// One of the texts with the subject's names filled in.
    ///
    /// # Errors
    /// A template that fails on this subject; a checked template fails only by misusing a filter.
    pub fn fill(&self, name: &str) -> Result<String, TemplateError> {
        let template = self.texts.env.get_template(name).map_err(|e| refused(&e))?;
        template.render(&self.names).map(|text| text.trim().to_string()).map_err(|e| refused(&e))
    }
}

fn unknown(template: &str, name: &str, head: &str, wanted: &str, known: &[&str], parameter: Option<&str>) -> TemplateError {
    let near = || closest(wanted, known.iter().copied()).map(str::to_string);
    let hint = parameter.map(|p| format!("params.{p}")).or_else(near).map(|c| format!("did you mean `{c}`?"));
    let what = if head == wanted { format!("unknown name `{wanted}`") } else { format!("`{head}` has no `{wanted}`") };
    TemplateError { message: what, hint, meant: meant(template, name, wanted) }
}

/// Filters of our own. Those of the templates' language that call a text safe are taken away: only quoting makes it so.
const FILTERS: [&str; 5] = ["sh", "hcl", "yaml", "names", "comment"];

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    env.set_formatter(format);
    env.set_fuel(Some(100_000));
    for unsafe_here in ["safe", "escape", "e", "tojson"] {
        env.remove_filter(unsafe_here);
    }
    env.add_filter("sh", |v: String| Jinja::from_safe_string(shell(&v)));
    env.add_filter("hcl", |v: String| Jinja::from_safe_string(hcl(&v)));
    env.add_filter("yaml", |v: String| Jinja::from_safe_string(yaml(&v)));
    env.add_filter("comment", |v: String| Jinja::from_safe_string(comment(&v)));
    env.add_filter("names", |list: Vec<String>| names(&list));
    env
}

/// Writes a value into a text. In a remedy, what no filter has quoted is quoted for the remedy's language.
fn format(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Jinja) -> Result<(), minijinja::Error> {
    let quote = match state.name() {
        "cli" => shell,
        "terraform" => hcl,
        "cloudformation" => yaml,
        _ => return escape_formatter(out, state, value),
    };
    if value.is_safe() || matches!(value.kind(), ValueKind::Number | ValueKind::Bool) {
        return escape_formatter(out, state, value);
    }
    out.write_str(&quote(&value.to_string())).map_err(minijinja::Error::from)
}

fn no_filter(filter: &str, meant: Range<usize>) -> TemplateError {
    let hint = match closest(filter, FILTERS.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => "in `fix` every value is quoted for its language; `names` joins a list, `comment` makes one line".into(),
    };
    TemplateError { message: format!("there is no filter `{filter}`"), hint: Some(hint), meant }
}

/// The filters that a template names, with their places.
fn filters(template: &str) -> Vec<(&str, Range<usize>)> {
    let word = |from: usize| {
        let rest = &template[from..];
        let start = from + rest.len() - rest.trim_start().len();
        let length = template[start..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(template.len() - start);
        start..start + length
    };
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = template[at..].find(['{']).map(|i| at + i) {
        let close = match template.as_bytes().get(open + 1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => {
                at = template[open..].find("#}").map_or(template.len(), |i| open + i + 2);
                continue;
            }
            _ => {
                at = open + 1;
                continue;
            }
        };
        let first = word(open + 2 + usize::from(template[open + 2..].starts_with(['-', '+'])));
        if close == "%}" && &template[first.clone()] == "filter" {
            found.push(word(first.end));
        }
        let mut quote = None;
        at = template.len();
        for (i, c) in template[open + 2..].char_indices().map(|(i, c)| (open + 2 + i, c)) {
            match quote {
                Some(q) if c == q => quote = None,
                Some(_) => {}
                None if c == '"' || c == '\'' => quote = Some(c),
                None if c == '|' => found.push(word(i + 1)),
                None if template[i..].starts_with(close) => {
                    at = i + close.len();
                    break;
                }
                None => {}
            }
        }
    }
    found.into_iter().filter(|range| !range.is_empty()).map(|range| (&template[range.clone()], range)).collect()
}

fn refused(error: &minijinja::Error) -> TemplateError {
    let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_string);
    TemplateError { message, hint: None, meant: error.range().unwrap_or_default() }
}

/// Where the wanted part of a dotted name stands in the template.
fn meant(template: &str, name: &str, wanted: &str) -> Range<usize> {
    let whole = |at: usize| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !template[..at].ends_with(is_part) && !template[at + name.len()..].starts_with(is_part)
    };
    let Some(at) = template.match_indices(name).map(|(at, _)| at).find(|at| whole(*at)) else { return 0..0 };
    let start = at + name.find(&format!(".{wanted}")).map_or(0, |dot| dot + 1);
    start..start + wanted.len()
}

/// One word of a POSIX shell, whatever the text is. Control characters cannot be pasted safely and are left out.
fn shell(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(safe) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// A string of Terraform's language, in which `${` and `%{` open templates.
fn hcl(text: &str) -> String {
    json!(text).to_string().replace("${", "$${").replace("%{", "%%{")
}

/// A scalar of YAML, in double quotes.
fn yaml(text: &str) -> String {
    json!(text).to_string()
}

/// Part of a comment that ends with its line.
fn comment(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !['\u{2028}', '\u{2029}'].contains(c)).collect()
}

/// `a, b and c`.
pub fn names(list: &[String]) -> String {
    match list {
        [] => "none".into(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// A view as plain JSON: what is not known is the word `unknown`.
fn plain(view: &View<'_>) -> Value {
    match view {
        View::Null => Value::String("none".into()),
        View::Bool(b) => json!(b),
        View::Int(i) => json!(i),
        View::Text(t) => json!(t),
        View::Time(t) => json!(t.to_string()),
        View::List { items, .. } => Value::Array(items.iter().map(plain).collect()),
        View::Record(record) => {
            let fields = record.noun().fields.iter().filter(|f| !matches!(f.kind, Kind::Opaque(_)));
            Value::Object(fields.filter_map(|f| record.read(f.name).map(|v| (f.name.to_string(), plain(&v)))).collect())
        }
        View::Ref { id, .. } => json!(id),
        View::Opaque(Opaque::EventSelectors(_)) => json!("event selectors"),
        View::Opaque(Opaque::PolicyDocument(_)) => json!("policy document"),
        View::Known { value, .. } => plain(value),
        View::OneOf { .. } | View::Unknown(_) => json!("unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_one_word_of_its_language() {
        assert_eq!(shell("log-archive"), "log-archive");
        assert_eq!(shell("a'; rm -rf / #\u{1b}[31m"), r"'a'\''; rm -rf / #[31m'");
        assert_eq!(shell(""), "''");
        assert_eq!(hcl("a\"${file(\"/etc/passwd\")}"), r#""a\"$${file(\"/etc/passwd\")}""#);
    }

    #[test]
    fn a_template_that_names_what_there_is_not_is_refused() {
        let check = |text: &str| {
            let read = Texts::read(&[("text", text)], crate::inventory::Trail::table(), &[]);
            read.map(|_| ()).map_err(|mut errors| errors.remove(0).1)
        };
        assert!(check("{{ trail.name }} {{ counterexamples | names }}").is_ok());
        let e = check("{{ trail.nmae }}").expect_err("no such field");
        assert_eq!((e.message.as_str(), e.hint.as_deref()), ("`trail` has no `nmae`", Some("did you mean `name`?")));
        assert_eq!(e.meant, 9..13);
        assert!(check("{{ bucket.name }}").is_err());
        assert!(check("{{ params.days }}").is_err());
        assert!(check("{{ trail.name ").is_err());
    }

    /// The remedy of each language about something that somebody named badly.
    fn filled(template: &str) -> Vec<String> {
        let parameters = vec!["name".to_string(), "days".to_string()];
        let all: Vec<(&'static str, &str)> =
            ["cli", "terraform", "cloudformation", "summary"].map(|name| (name, template)).into();
        let texts = Texts::read(&all, crate::inventory::Trail::table(), &parameters).expect("the template is right");
        let names = json!({"params": {"name": "a'; rm -rf / #\n${x}", "days": 30}});
        let about = Filling { texts: &texts, names: Jinja::from(Serde(&names)) };
        ["cli", "terraform", "cloudformation", "summary"].map(|name| about.fill(name).expect("it can be filled")).into()
    }

    #[test]
    fn a_value_without_a_filter_is_quoted_for_its_language() {
        let bare = filled("x {{ params.name }} {{ params.days }}");
        assert_eq!(bare[0], r"x 'a'\''; rm -rf / #${x}' 30");
        assert_eq!(bare[1], r#"x "a'; rm -rf / #\n$${x}" 30"#);
        assert_eq!(bare[2], r#"x "a'; rm -rf / #\n${x}" 30"#);
        assert_eq!(bare[3], "x a'; rm -rf / #\n${x} 30", "a sentence is no language");
        // With the filter of the language it is the same, and not quoted twice.
        assert_eq!(filled("x {{ params.name | sh }} {{ params.days | sh }}")[0], bare[0]);
        assert_eq!(filled("x {{ params.name | hcl }} {{ params.days }}")[1], bare[1]);
        assert_eq!(filled("# {{ params.name | comment }}")[0], "# a'; rm -rf / #${x}", "a comment stays one line");
    }

    #[test]
    fn a_filter_that_there_is_not_is_refused() {
        let check = |text: &str| {
            let read = Texts::read(&[("text", text)], crate::inventory::Trail::table(), &["prefix".to_string()]);
            read.map(|_| ()).map_err(|mut errors| errors.remove(0).1)
        };
        let e = check("{% if trail.name == \"a | b\" %}{{ trail.name | shh }}{% endif %}").expect_err("no such filter");
        assert_eq!((e.message.as_str(), e.hint.as_deref()), ("there is no filter `shh`", Some("did you mean `sh`?")));
        assert_eq!(&"{% if trail.name == \"a | b\" %}{{ trail.name | shh }}{% endif %}"[e.meant], "shh");
        for bad in ["{{ trail.name|safe }}", "{{ trail.name | upper | tojson }}", "{% filter nope %}a{% endfilter %}"] {
            assert!(check(bad).is_err(), "{bad}");
        }
        for good in ["{{ trail.name | upper | sh }}", "{# | nope #}{{ \"| nope\" }}", "{{ counterexamples | join(\", \") }}"] {
            assert!(check(good).is_ok(), "{good}");
        }
        let e = check("{{ prefix }}").expect_err("a parameter has another name");
        assert_eq!(e.hint.as_deref(), Some("did you mean `params.prefix`?"));
    }
}
