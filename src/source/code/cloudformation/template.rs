//! The sections of a template.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>.

use std::collections::BTreeMap;

use super::TemplateError;
use super::evaluate::gap;
use super::function::Function;
use super::tree::{At, Kind, Value};
use crate::inventory::{Gap, GapKind, Remedy};

/// A template, as far as it matters here.
pub(super) struct Template<'t> {
    pub(super) parameters: BTreeMap<&'t str, Parameter<'t>>,
    pub(super) mappings: BTreeMap<&'t str, &'t Value<'t>>,
    pub(super) conditions: BTreeMap<&'t str, &'t Value<'t>>,
    pub(super) declarations: BTreeMap<&'t str, Declaration<'t>>,
    /// Names and values of the exports.
    pub(super) exports: Vec<(&'t Value<'t>, &'t Value<'t>)>,
    /// The names of what stands in other stacks.
    pub(super) imports: Vec<&'t Value<'t>>,
    /// Macros that rewrite the whole template.
    pub(super) macros: Vec<&'t str>,
    pub(super) outputs: BTreeMap<&'t str, &'t Value<'t>>,
    /// What makes resources that are not written in the template.
    generated: Vec<(String, At)>,
}

pub(super) struct Parameter<'t> {
    pub(super) kind: &'t str,
    pub(super) default: Option<&'t Value<'t>>,
    pub(super) allowed: &'t [Value<'t>],
    pub(super) is_secret: bool,
}

/// A resource as it is declared.
pub(super) struct Declaration<'t> {
    pub(super) logical: &'t str,
    /// What others call it by: the path of the construct that made it, or the logical id.
    pub(super) address: &'t str,
    pub(super) kind: &'t str,
    pub(super) properties: Option<&'t Value<'t>>,
    pub(super) condition: Option<&'t Value<'t>>,
    pub(super) metadata: Option<&'t Value<'t>>,
    /// Where its logical id stands.
    pub(super) at: At,
    /// Where its properties begin, or where it does.
    pub(super) block: At,
}

impl<'t> Declaration<'t> {
    fn read(logical: &'t str, at: At, value: &'t Value<'t>) -> Result<Self, TemplateError> {
        if !matches!(value.kind, Kind::Map(_)) {
            return Err(TemplateError::at(
                at.line,
                at.column,
                format!("the resource `{logical}` is no map of `Type` and `Properties`"),
            ));
        }
        let Some(kind) = value.get("Type").and_then(Value::text) else {
            return Err(TemplateError::at(at.line, at.column, format!("the resource `{logical}` has no `Type`"))
                .hint("name its type, such as `AWS::S3::Bucket`"));
        };
        let properties = value.entry("Properties");
        Ok(Declaration {
            logical,
            address: logical,
            kind,
            properties: properties.map(|entry| &entry.value),
            condition: value.get("Condition"),
            metadata: value.get("Metadata"),
            at,
            block: properties.map_or(at, |entry| entry.at),
        })
    }

    /// The path of the construct that made it: what the CDK writes into the metadata.
    fn construct_path(&self) -> Option<&'t str> {
        self.metadata?.get("aws:cdk:path").and_then(Value::text)
    }

    pub(super) fn address(&self) -> &'t str {
        self.address
    }

    pub(super) fn property(&self, name: &str) -> Option<&'t Value<'t>> {
        self.properties?.get(name)
    }
}

impl<'t> Template<'t> {
    /// # Errors
    /// What is no template, with the place where it ceases to be one.
    pub(super) fn read(root: &'t Value<'t>) -> Result<Self, TemplateError> {
        let whole = At { line: 1, column: 1 };
        let Some(resources) = root.entry("Resources") else {
            return Err(TemplateError::at(root.at.line, root.at.column, "there is no section `Resources`")
                .hint("every template of CloudFormation has one"));
        };
        let mut template = Template {
            parameters: BTreeMap::new(),
            mappings: section(root, "Mappings"),
            conditions: section(root, "Conditions"),
            declarations: BTreeMap::new(),
            exports: Vec::new(),
            imports: Vec::new(),
            macros: Vec::new(),
            outputs: BTreeMap::new(),
            generated: Vec::new(),
        };
        match &resources.value.kind {
            Kind::Map(entries) => {
                for entry in entries {
                    if entry.key.starts_with("Fn::ForEach") {
                        template.generated.push((format!("`{}` makes resources", entry.key), entry.at));
                        continue;
                    }
                    let declaration = Declaration::read(&entry.key, entry.at, &entry.value)?;
                    template.declarations.insert(&entry.key, declaration);
                }
            }
            Kind::Call(function, _) => {
                template.generated.push((format!("`{}` makes resources", function.name()), resources.at));
            }
            _ => {
                return Err(TemplateError::at(resources.at.line, resources.at.column, "`Resources` is no map")
                    .hint("a template declares at least one resource"));
            }
        }
        template.address();
        for (name, value) in section(root, "Parameters") {
            let no_echo = value.get("NoEcho");
            template.parameters.insert(
                name,
                Parameter {
                    kind: value.get("Type").and_then(Value::text).unwrap_or("String"),
                    default: value.get("Default"),
                    allowed: value.get("AllowedValues").map_or(&[], Value::items),
                    is_secret: no_echo
                        .is_some_and(|v| v.truth() == Some(true) || v.text().is_some_and(|t| t.eq_ignore_ascii_case("true"))),
                },
            );
        }
        for (name, output) in section(root, "Outputs") {
            template.outputs.extend(output.get("Value").map(|value| (name, value)));
            if let (Some(name), Some(value)) = (output.get("Export").and_then(|export| export.get("Name")), output.get("Value")) {
                template.exports.push((name, value));
            }
        }
        template.macros = macros(root.get("Transform"));
        if root.entries().iter().any(|entry| entry.key == "Fn::Transform") || matches!(root.kind, Kind::Call(..)) {
            template.macros.push("Fn::Transform");
        }
        resources.value.walk(&mut |value| {
            if let Kind::Call(Function::ImportValue, name) = &value.kind {
                template.imports.push(name);
            }
        });
        if template.declarations.is_empty() && template.generated.is_empty() {
            return Err(TemplateError::at(whole.line, whole.column, "it declares no resource"));
        }
        Ok(template)
    }
}

impl<'t> Template<'t> {
    /// What makes resources that are not written here, less the nested stacks that are followed.
    pub(super) fn unwritten(&self, is_followed: impl Fn(&str) -> bool) -> Vec<(String, At)> {
        let mut unwritten = self.generated.clone();
        unwritten.extend(self.of_others(is_followed));
        unwritten
    }

    /// The resources that make others by a template of their own, less the nested stacks that are followed.
    fn of_others(&self, is_followed: impl Fn(&str) -> bool) -> Vec<(String, At)> {
        let mut unwritten = Vec::new();
        for declaration in self.declarations.values() {
            let is_another = matches!(
                declaration.kind,
                "AWS::CloudFormation::Stack" | "AWS::CloudFormation::StackSet" | "AWS::Serverless::Application"
            ) || declaration.kind.ends_with("::MODULE");
            if is_another && !is_followed(declaration.logical) {
                let what = format!("`{}` ({}) makes resources of another template", declaration.logical, declaration.kind);
                unwritten.push((what, declaration.at));
            }
        }
        unwritten
    }

    /// What of this very template makes resources that are not read.
    pub(super) fn hides(&self, is_followed: impl Fn(&str) -> bool) -> Vec<Gap> {
        let rewriting = self.macros.iter().map(|name| gap(&format!("the macro `{name}`, which may make resources")));
        let generated = self.generated.iter().map(|(what, _)| gap(&format!("what is not followed: {what}")));
        let of_others = self.of_others(is_followed).into_iter().map(|(what, _)| {
            Gap::new(GapKind::AbsentInput, format!("{what}, which was not given"))
                .with_remedy(Remedy::Do("give the template that they are made from too".into()))
        });
        rewriting.chain(generated).chain(of_others).collect()
    }

    /// Takes the construct paths as addresses, where each stands once and is no logical id.
    fn address(&mut self) {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for declaration in self.declarations.values() {
            *seen.entry(declaration.construct_path().unwrap_or(declaration.logical)).or_default() += 1;
            *seen.entry(declaration.logical).or_default() += usize::from(declaration.construct_path().is_some());
        }
        let paths: Vec<(&'t str, &'t str)> = self
            .declarations
            .values()
            .filter_map(|declaration| Some((declaration.logical, declaration.construct_path()?)))
            .collect();
        for (logical, path) in paths {
            if seen.get(path) == Some(&1)
                && let Some(declaration) = self.declarations.get_mut(logical)
            {
                declaration.address = path;
            }
        }
    }
}

fn section<'t>(root: &'t Value<'t>, name: &str) -> BTreeMap<&'t str, &'t Value<'t>> {
    root.get(name).map_or(&[][..], Value::entries).iter().map(|entry| (entry.key.as_ref(), &entry.value)).collect()
}

/// The transforms that may change what the template declares. Those of AWS that only add to what they are about are none of them:
/// SAM makes its own types into others and leaves the rest, language extensions are functions.
fn macros<'t>(transform: Option<&'t Value<'t>>) -> Vec<&'t str> {
    let Some(transform) = transform else { return Vec::new() };
    let name = |value: &'t Value<'t>| value.text().or_else(|| value.get("Name").and_then(Value::text)).unwrap_or("a transform");
    let all = match &transform.kind {
        Kind::List(items) => items.iter().map(name).collect(),
        _ => vec![name(transform)],
    };
    let harmless = ["AWS::LanguageExtensions", "AWS::SecretsManager-", "AWS::Serverless-", "AWS::CodeDeployBlueGreen"];
    all.into_iter().filter(|name| !harmless.iter().any(|known| name.starts_with(known))).collect()
}
