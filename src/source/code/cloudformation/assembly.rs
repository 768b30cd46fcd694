//! Assemblies of the CDK: a `cdk.out` with its manifest, those of its stages inside.
//!
//! Source: <https://github.com/aws/aws-cdk-cli/tree/main/packages/@aws-cdk/cloud-assembly-schema>.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::TemplateError;
use super::nested::file_of;
use super::stack::{Input, Made};
use super::template::Template;
use super::text::decode;
use super::tree::{Value, parse};

/// The file that makes a folder an assembly.
const MANIFEST: &str = "manifest.json";

/// Assemblies inside one another.
const DEEPEST: usize = 8;

/// Why an assembly was not read.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Manifest(#[from] TemplateError),
}

/// Gives the bytes of a file of an assembly.
pub type Files<'a> = dyn Fn(&Path) -> io::Result<Vec<u8>> + 'a;

/// The stacks of a `cdk.out`.
#[derive(Clone, Debug, Default)]
pub struct Assembly {
    pub inputs: Vec<Input>,
    /// What the manifest names and is not there.
    pub missing: Vec<String>,
}

impl Assembly {
    /// Whether a folder is an assembly.
    pub fn is_at(folder: &Path, files: &Files<'_>) -> bool {
        files(&folder.join(MANIFEST)).is_ok_and(|bytes| {
            let text = decode(&bytes).unwrap_or_default();
            let kinds = ["aws:cloudformation:stack", "cdk:cloud-assembly", "cdk:tree"];
            text.contains("\"artifacts\"") && kinds.iter().any(|kind| text.contains(kind))
        })
    }

    /// Reads the templates that the manifest names.
    ///
    /// # Errors
    /// The manifest cannot be read, or is none. A template that is missing is no error: it is among `missing`.
    pub fn load(folder: &Path, files: &Files<'_>) -> Result<Self, AssemblyError> {
        let mut assembly = Assembly::default();
        assembly.add(folder, &folder.display().to_string(), DEEPEST, files)?;
        assembly.inputs.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(assembly)
    }

    fn add(&mut self, folder: &Path, root: &str, deeper: usize, files: &Files<'_>) -> Result<(), AssemblyError> {
        let path = folder.join(MANIFEST);
        let bytes = files(&path).map_err(|source| AssemblyError::Read { path: path.clone(), source })?;
        let named = |error: TemplateError| TemplateError { file: path.display().to_string(), ..error };
        let text = decode(&bytes).map_err(named)?;
        let manifest = parse(&text).map_err(named)?;
        let Some(artifacts) = manifest.get("artifacts") else {
            return Err(named(TemplateError::whole("the manifest names no `artifacts`").hint("run `cdk synth` again")).into());
        };
        let version = manifest.get("version").and_then(Value::text).unwrap_or("of no version");
        for artifact in artifacts.entries() {
            let (value, text) =
                (&artifact.value, |value: &Value<'_>, key: &str| value.get(key).and_then(Value::text).map(str::to_string));
            let Some(properties) = value.get("properties") else { continue };
            match text(value, "type").as_deref() {
                Some("aws:cloudformation:stack") => {
                    let Some(file) = text(properties, "templateFile") else { continue };
                    let (account, region) = environment(text(value, "environment").as_deref().unwrap_or_default());
                    let made = Made {
                        account,
                        region,
                        stack_name: text(properties, "stackName").or_else(|| Some(artifact.key.to_string())),
                        parameters: given(properties.get("parameters")),
                        assembly: Some(root.to_string()),
                    };
                    self.template(folder, &file, version, made, files);
                }
                Some("cdk:cloud-assembly") => {
                    let Some(inside) = text(properties, "directoryName").filter(|name| is_inside(name)) else {
                        self.missing.push(format!("`{}`, which lies outside of its assembly", artifact.key));
                        continue;
                    };
                    match deeper.checked_sub(1) {
                        Some(deeper) if files(&folder.join(&inside).join(MANIFEST)).is_ok() => {
                            self.add(&folder.join(&inside), root, deeper, files)?
                        }
                        _ => self.missing.push(format!("`{}`", folder.join(&inside).display())),
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn template(&mut self, folder: &Path, file: &str, version: &str, made: Made, files: &Files<'_>) {
        if !is_inside(file) {
            self.missing.push(format!("`{file}`, which lies outside of its assembly"));
            return;
        }
        let path = folder.join(file);
        match files(&path) {
            Ok(bytes) => {
                let inside = nested_files(&bytes);
                self.inputs.push(Input {
                    path: path.display().to_string(),
                    bytes,
                    kind: "CDK stack",
                    written_by: Some(format!("the CDK, assembly {version}")),
                    made: made.clone(),
                });
                let of_nested = Made { stack_name: None, parameters: BTreeMap::new(), ..made };
                for file in inside {
                    let known = folder.join(&file).display().to_string();
                    if !self.inputs.iter().any(|input| input.path == known) {
                        self.template(folder, &file, version, of_nested.clone(), files);
                    }
                }
            }
            Err(_) => self.missing.push(format!("`{}`", path.display())),
        }
    }
}

/// The templates of nested stacks, as the metadata of a template names them. A template that is none is looked at later.
fn nested_files(bytes: &[u8]) -> Vec<String> {
    let Ok(text) = decode(bytes) else { return Vec::new() };
    if !text.contains("AWS::CloudFormation::Stack") {
        return Vec::new();
    }
    let Ok(tree) = parse(&text) else { return Vec::new() };
    let Ok(template) = Template::read(&tree) else { return Vec::new() };
    template.declarations.values().filter_map(file_of).map(str::to_string).collect()
}

/// Whether a path of a manifest stays inside of its folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// Account and Region of `aws://ACCOUNT/REGION`, where they are told.
fn environment(text: &str) -> (Option<String>, Option<String>) {
    let (account, region) = text.trim_start_matches("aws://").split_once('/').unwrap_or_default();
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_region = !region.is_empty() && region != "unknown-region";
    (is_account.then(|| account.to_string()), is_region.then(|| region.to_string()))
}

fn given(parameters: Option<&Value<'_>>) -> BTreeMap<String, String> {
    let entries = parameters.map_or(&[][..], Value::entries);
    entries.iter().filter_map(|entry| Some((entry.key.to_string(), entry.value.text()?.to_string()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_that_is_open_says_nothing() {
        let known = |text: &str| environment(text);
        assert_eq!(known("aws://012345678901/eu-west-1"), (Some("012345678901".into()), Some("eu-west-1".into())));
        assert_eq!(known("aws://unknown-account/unknown-region"), (None, None));
        assert_eq!(known(""), (None, None));
    }

    #[test]
    fn paths_stay_inside() {
        assert!(is_inside("Logs.template.json") && is_inside("./a/b"));
        assert!(!is_inside("../a") && !is_inside("/etc/passwd") && !is_inside(""));
    }
}
