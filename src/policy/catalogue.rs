//! The policies and frameworks of a run: loaded, checked against each other, ready to be asked.

use std::collections::BTreeMap;

use crate::finding::Fix;
use crate::inventory::noun::closest;
use crate::parallel;
use crate::semantics::PartialEvent;
use crate::semantics::watch::WatchedEvent;
use crate::yaml::{Complaint, SourceFile, Step};

use super::check::{CheckError, Env, Program, Reads, STACK, population};
use super::framework::Framework;
use super::message::{self, TemplateError, Texts};
use super::{ParameterValue, PolicyFile, embedded, events};

/// A policy that can be asked.
#[derive(Debug)]
pub struct Policy {
    pub file: PolicyFile,
    /// The file it came from, as it was given.
    pub source: String,
    /// Whether the binary carries it.
    pub embedded: bool,
    pub applies: Option<Program>,
    pub check: Program,
    /// The declared alternatives, with what the report says where one holds.
    pub accept: Vec<(Program, String)>,
    /// The events of which trails' selectors can speak.
    pub events: BTreeMap<String, PartialEvent>,
    /// Every event, as those see it who watch.
    pub watched: BTreeMap<String, WatchedEvent>,
    texts: Texts,
}

/// The name of a policy's message among its texts; the others are those of its fix.
const MESSAGE: &str = "message";

/// Every policy and framework of a run, by id.
#[derive(Debug, Default)]
pub struct Catalogue {
    pub policies: BTreeMap<String, Policy>,
    pub frameworks: BTreeMap<String, Framework>,
    /// The files that these came from, by their paths below a folder of policies: `ID.yaml` and `frameworks/ID.yaml`.
    pub files: BTreeMap<String, CatalogueFile>,
}

/// A file of the catalogue, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueFile {
    pub text: String,
    /// Whether the binary carries it.
    pub embedded: bool,
}

impl Catalogue {
    /// What the binary carries.
    ///
    /// # Errors
    /// None in a build that passed its tests.
    pub fn embedded() -> Result<Self, Vec<Complaint>> {
        let mut catalogue = Catalogue::default();
        let (policies, frameworks) = embedded::files();
        catalogue.add(policies, frameworks, true)?;
        Ok(catalogue)
    }

    /// The embedded policies and frameworks, then these: a policy or framework of the same id takes the place of the
    /// embedded one.
    ///
    /// # Errors
    /// Everything that is wrong with the files, each complaint with its place.
    pub fn with(policies: Vec<SourceFile>, frameworks: Vec<SourceFile>) -> Result<Self, Vec<Complaint>> {
        let mut catalogue = Catalogue::embedded()?;
        catalogue.add(policies, frameworks, false)?;
        Ok(catalogue)
    }

    /// These policies and frameworks alone, without any that the binary carries.
    ///
    /// # Errors
    /// Everything that is wrong with the files, each complaint with its place.
    pub fn only(policies: Vec<SourceFile>, frameworks: Vec<SourceFile>) -> Result<Self, Vec<Complaint>> {
        let mut catalogue = Catalogue::default();
        catalogue.add(policies, frameworks, false)?;
        Ok(catalogue)
    }

    /// The frameworks that a report shows whole: those that were asked for, or where none was, those that need not be.
    pub fn reported(&self, asked: &[String]) -> Vec<String> {
        if !asked.is_empty() {
            return asked.to_vec();
        }
        self.frameworks.values().filter(|f| !f.on_request).map(|f| f.id.clone()).collect()
    }

    fn add(&mut self, policies: Vec<SourceFile>, frameworks: Vec<SourceFile>, embedded: bool) -> Result<(), Vec<Complaint>> {
        let mut complaints = Vec::new();
        let mut named: BTreeMap<String, String> = BTreeMap::new();
        for (source, read) in parallel::map(&frameworks, framework) {
            match read {
                Ok(f) => {
                    if let Some(first) = named.insert(f.id.clone(), source.name.clone()) {
                        complaints.push(duplicate(&source, &f.id, &first));
                    }
                    let file = CatalogueFile { text: source.text.clone(), embedded };
                    self.files.insert(format!("frameworks/{}.yaml", f.id), file);
                    self.frameworks.insert(f.id.clone(), f);
                }
                Err(more) => complaints.extend(more),
            }
        }
        named.clear();
        let Some(read) = parallel::map_deep(&policies, STACK, |source| self.policy(source, embedded)) else {
            return Err(vec![SourceFile::new("policies", "").whole("there is no memory to read the policies")]);
        };
        for (source, read) in read {
            match read {
                Ok(p) => {
                    let id = p.file.id.clone();
                    if let Some(first) = named.insert(id.clone(), source.name.clone()) {
                        complaints.push(duplicate(&source, &id, &first));
                    }
                    let file = CatalogueFile { text: source.text.clone(), embedded };
                    self.files.insert(format!("{id}.yaml"), file);
                    self.policies.insert(id, p);
                }
                Err(more) => complaints.extend(more),
            }
        }
        if complaints.is_empty() { Ok(()) } else { Err(complaints) }
    }

    /// A policy of a file, and the file as it was read. Call it on a stack of [`STACK`] bytes.
    fn policy(&self, source: &SourceFile, embedded: bool) -> (SourceFile, Result<Policy, Vec<Complaint>>) {
        let mut source = source.clone();
        let policy = self.policy_of(&mut source, embedded);
        (source, policy)
    }

    fn policy_of(&self, source: &mut SourceFile, embedded: bool) -> Result<Policy, Vec<Complaint>> {
        let file: PolicyFile = source.parse().map_err(|c| vec![c])?;
        let mut complaints = Vec::new();
        let s = &*source;
        complaints.extend(identity(s, &file.id));
        for (name, parameter) in &file.parameters {
            if !parameter.r#type.accepts(&parameter.default) {
                let path = [Step::Key("parameters"), Step::Key(name), Step::Key("default")];
                complaints.push(s.complain(&path, format!("the default of `{name}` is not {}", parameter.r#type.label())));
            }
        }
        let (mut events, mut watched) = (BTreeMap::new(), BTreeMap::new());
        for (name, fields) in &file.events {
            match events::read(fields) {
                Ok((flat, all)) => {
                    events.extend(flat.map(|event| (name.clone(), event)));
                    watched.insert(name.clone(), all);
                }
                Err(e) => {
                    let path = [Step::Key("events"), Step::Key(name), Step::Name(&e.field)];
                    complaints.push(s.complain(&path, e.message).with_hint(e.hint));
                }
            }
        }
        let env = Env {
            subject: file.subject.noun().into(),
            parameters: file.parameters.iter().map(|(k, v)| (k.clone(), v.r#type)).collect(),
            events: file.events.keys().cloned().collect(),
            watched_alone: watched.keys().filter(|name| !events.contains_key(*name)).cloned().collect(),
        };
        let mut compile = |text: &str, path: &[Step<'_>]| match Program::compile_here(text, &env) {
            Ok(program) => Some(program),
            Err(e) => {
                complaints.push(expression(s, path, text, &e));
                None
            }
        };
        let applies = file.applies.as_deref().map(|text| compile(text, &[Step::Key("applies")]));
        let check = compile(&file.check, &[Step::Key("check")]);
        let accept: Vec<_> = file
            .accept
            .iter()
            .enumerate()
            .map(|(i, a)| (compile(&a.check, &[Step::Key("accept"), Step::Item(i), Step::Key("check")]), a.says.clone()))
            .collect();
        complaints.extend(self.requirements(s, &file));
        let texts = templates(s, &file, &watched).map_err(|found| complaints.extend(found)).ok();
        let accept: Option<Vec<_>> = accept.into_iter().map(|(p, says)| p.map(|p| (p, says))).collect();
        match (complaints.is_empty(), check, accept, texts) {
            (true, Some(check), Some(accept), Some(texts)) => {
                let applies = applies.flatten();
                Ok(Policy { file, source: s.name.clone(), embedded, applies, check, accept, events, watched, texts })
            }
            _ => Err(complaints),
        }
    }

    fn requirements(&self, source: &SourceFile, file: &PolicyFile) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        for (id, serves) in &file.requirements {
            let Some(framework) = self.frameworks.get(id) else {
                let hint = closest(id, self.frameworks.keys().map(String::as_str)).map(|c| format!("did you mean `{c}`?"));
                let known =
                    || format!("known are {}", self.frameworks.keys().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", "));
                let path = [Step::Key("requirements"), Step::Name(id)];
                complaints.push(
                    source.complain(&path, format!("unknown framework `{id}`")).with_hint(Some(hint.unwrap_or_else(known))),
                );
                continue;
            };
            for (list, name) in [(&serves.direct, "direct"), (&serves.supporting, "supporting")] {
                for (i, requirement) in list.iter().enumerate() {
                    if !framework.requirements.iter().any(|r| &r.id == requirement) {
                        let path = [Step::Key("requirements"), Step::Key(id), Step::Key(name), Step::Item(i)];
                        let hint = closest(requirement, framework.requirements.iter().map(|r| r.id.as_str()));
                        let message = format!("framework `{id}` has no requirement `{requirement}`");
                        complaints.push(source.complain(&path, message).with_hint(hint.map(|c| format!("did you mean `{c}`?"))));
                    }
                }
            }
        }
        complaints
    }
}

/// A framework of a file, and the file as it was read.
fn framework(source: &SourceFile) -> (SourceFile, Result<Framework, Vec<Complaint>>) {
    let mut source = source.clone();
    let framework = framework_of(&mut source);
    (source, framework)
}

fn framework_of(source: &mut SourceFile) -> Result<Framework, Vec<Complaint>> {
    let file: Framework = source.parse().map_err(|c| vec![c])?;
    let mut complaints: Vec<Complaint> = identity(source, &file.id).into_iter().collect();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, requirement) in file.requirements.iter().enumerate() {
        let path = [Step::Key("requirements"), Step::Item(i), Step::Key("id")];
        if seen.insert(&requirement.id, i).is_some() {
            complaints.push(source.complain(&path, format!("requirement `{}` stands twice", requirement.id)));
        }
        if requirement.only.as_ref().is_some_and(|only| only.trim().is_empty()) {
            let path = [path[0], path[1], Step::Key("only")];
            let c = source.complain(&path, format!("requirement `{}` does not say what facts speak of", requirement.id));
            complaints.push(c.with_hint(Some("leave `only` out where facts speak of all that it asks about")));
        }
    }
    if complaints.is_empty() { Ok(file) } else { Err(complaints) }
}

/// An id is kebab case and the file's name, so that whoever has one finds the other.
fn identity(source: &SourceFile, id: &str) -> Option<Complaint> {
    let kebab = !id.is_empty()
        && id
            .split(['-', '.'])
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    if !kebab {
        let c = source.complain(&[Step::Key("id")], format!("the id `{id}` is not in kebab case"));
        return Some(c.with_hint(Some("write small letters, digits and single hyphens")));
    }
    let file_name = source.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = file_name.strip_suffix(".yaml").or_else(|| file_name.strip_suffix(".yml")).unwrap_or(file_name);
    (stem != id).then(|| {
        let c = source.complain(&[Step::Key("id")], format!("the id `{id}` is not the file's name"));
        c.with_hint(Some(format!("rename the file to `{id}.yaml`, or the id to `{stem}`")))
    })
}

fn duplicate(source: &SourceFile, id: &str, first: &str) -> Complaint {
    let c = source.complain(&[Step::Key("id")], format!("duplicate id `{id}`"));
    c.with_hint(Some(format!("it stands in `{first}` already")))
}

fn expression(source: &SourceFile, path: &[Step<'_>], text: &str, e: &CheckError) -> Complaint {
    source.complain_within(path, text, e.start, e.end, e.message.clone()).with_hint(e.hint.clone())
}

fn templates(source: &SourceFile, file: &PolicyFile, events: &BTreeMap<String, WatchedEvent>) -> Result<Texts, Vec<Complaint>> {
    let noun = file.subject.noun();
    let Some(noun) = crate::inventory::nouns().into_iter().find(|n| n.name == noun) else { return Err(Vec::new()) };
    let parameters: Vec<String> = file.parameters.keys().cloned().collect();
    let fix = &file.fix;
    let all: [(&[Step<'_>], &'static str, &str); 5] = [
        (&[Step::Key("message")], MESSAGE, &file.message),
        (&[Step::Key("fix"), Step::Key("summary")], "summary", &fix.summary),
        (&[Step::Key("fix"), Step::Key("cli")], "cli", &fix.cli),
        (&[Step::Key("fix"), Step::Key("terraform")], "terraform", &fix.terraform),
        (&[Step::Key("fix"), Step::Key("cloudformation")], "cloudformation", &fix.cloudformation),
    ];
    let patterns = events.iter().map(|(name, event)| (name.clone(), event.filter_pattern())).collect();
    Texts::with_patterns(&all.map(|(_, name, text)| (name, text)), noun, &parameters, &patterns).map_err(|errors| {
        let complaint = |(at, e): (usize, TemplateError)| {
            let (path, _, text) = all[at];
            let place = match e.meant.is_empty() {
                true => source.complain(path, e.message),
                false => source.complain_within(path, text, e.meant.start, e.meant.end, e.message),
            };
            place.with_hint(e.hint)
        };
        errors.into_iter().map(complaint).collect()
    })
}

impl Policy {
    /// What the policy says of a subject that fails, and how that is put right.
    ///
    /// # Errors
    /// A text that fails on this subject.
    pub fn told(&self, subject: &message::Subject<'_>) -> Result<(String, Fix), TemplateError> {
        let texts = self.texts.about(subject);
        let fix = Fix {
            summary: texts.say("summary")?,
            cli: texts.fill("cli")?,
            terraform: texts.fill("terraform")?,
            cloudformation: texts.fill("cloudformation")?,
        };
        Ok((texts.say(MESSAGE)?, fix))
    }

    /// Every field that the policy's verdicts can hang on: those that find its subjects, and those that its expressions read.
    pub fn reads(&self) -> Reads {
        let programs = self.applies.iter().chain([&self.check]).chain(self.accept.iter().map(|(program, _)| program));
        population(self.file.subject.noun()).into_iter().chain(programs.flat_map(Program::reads)).collect()
    }

    /// The parameters' values, these instead of the defaults where they are given.
    pub fn parameters(&self, set: Option<&BTreeMap<String, ParameterValue>>) -> BTreeMap<String, ParameterValue> {
        let mut values: BTreeMap<_, _> = self.file.parameters.iter().map(|(k, p)| (k.clone(), p.default.clone())).collect();
        if let Some(set) = set {
            values.extend(set.iter().filter(|(k, _)| self.file.parameters.contains_key(*k)).map(|(k, v)| (k.clone(), v.clone())));
        }
        values
    }
}
