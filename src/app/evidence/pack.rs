//! Sealing: the answers first, then what was judged by them, then the sums of all.
//!
//! What is judged is read back from the bundle, so that a later replay sees what the audit saw.

use std::path::PathBuf;

use super::tsa::Address;
use crate::app::question::Question;
use crate::app::scan::{self, Selection};
use crate::app::terminal::Terminal;
use crate::app::waiver::{self, Waivers};
use crate::app::{Exit, Refusal, read};
use crate::cli::{Pack, Scan, Seal, Timestamping};
use crate::config::Config;
use crate::evidence::chain::Link;
use crate::evidence::manifest::{self, Previous, Retention, SignerInfo};
use crate::evidence::{Bundle, Draft, KeyFile, Limits, Manifest, Sealed, Signer, archive, layout, signature, sums, verify};
use crate::inventory::Inventory;
use crate::policy::catalogue::Catalogue;
use crate::report::{Report, html, json};
use crate::yaml::SourceFile;

/// A bundle on its way, while the audit is made.
pub(in crate::app) struct Sealing<'a> {
    how: &'a Seal,
    draft: Draft,
    signer: Option<Box<dyn Signer>>,
    previous: Option<Previous>,
    #[cfg(feature = "aws")]
    raw: Option<super::facts::Raw>,
}

/// What an audit rests on, beside the answers.
pub(in crate::app) struct Sealable<'a> {
    pub question: &'a Question,
    pub catalogue: &'a Catalogue,
    /// The settings, and the file that they came from.
    pub config: &'a Config,
    pub source: Option<&'a SourceFile>,
    /// The file of waivers that the report was made with.
    pub waivers: Option<&'a Waivers>,
    pub inventory: &'a Inventory,
    pub report: &'a Report,
}

/// `trailproof evidence pack`.
pub(super) fn run(asked: &Pack, terminal: &Terminal) -> Result<Exit, Refusal> {
    let scan = Scan {
        paths: vec![asked.recording.clone()],
        directories: asked.directories.clone(),
        policies: asked.policies.clone(),
        frameworks: asked.frameworks.clone(),
        min_severity: asked.min_severity,
        config: asked.config.clone(),
        now: asked.now,
        waivers: asked.waivers.clone(),
        evidence: Some(asked.out.clone()),
        ..Scan::default()
    };
    let (config, source, catalogue) = scan::settled(&scan)?;
    let mut selection = Selection::new(&scan, &config, &catalogue)?;
    let severities = &selection.settings.severities;
    let waivers = waiver::of_scan(scan.waivers.as_deref(), &config, source.as_ref(), &catalogue, severities)?;
    let mut sealing = Sealing::at(&asked.out, &asked.seal, asked.profile.as_deref())?;
    let inventory = sealing.collect(&scan, &config, terminal)?;
    let now = selection.as_of(scan.now, &inventory);
    let frameworks = scan::reported(&scan, &config, &catalogue, waivers.as_ref());
    let question = Question::new(selection, frameworks, config.scopes(), now, &catalogue, waivers.as_ref());
    let report = question.answer(&inventory, &catalogue, waivers.as_ref().map(|w| &w.register))?;
    let sealable = Sealable {
        question: &question,
        catalogue: &catalogue,
        config: &config,
        source: source.as_ref(),
        waivers: waivers.as_ref(),
        inventory: &inventory,
        report: &report,
    };
    sealing.seal(&sealable, terminal)?;
    terminal.note(&report.result);
    Ok(Exit::Good)
}

impl<'a> Sealing<'a> {
    /// The bundle that a scan asks for; the folder and the key are tried before anything is read.
    pub(in crate::app) fn begin(scan: &'a Scan) -> Result<Option<Self>, Refusal> {
        if let Some(folder) = &scan.evidence {
            return Self::at(folder, &scan.seal, scan.live.profile.as_deref()).map(Some);
        }
        let seal = &scan.seal;
        let given = [
            ("--sign-key", seal.sign_key.is_some()),
            ("--sign-kms", seal.sign_kms.is_some()),
            ("--tsa", seal.tsa.is_some()),
            ("--previous", seal.previous.is_some()),
            ("--archive", seal.archive),
            ("--redact", seal.redact),
            ("--attestation", !seal.attestations.is_empty()),
            ("--retain-until", seal.retain_until.is_some()),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            None => Ok(None),
            Some((option, _)) => {
                Err(Refusal::new(format!("{option} is about evidence, and none is asked for")).hint("add `--evidence DIR`"))
            }
        }
    }

    fn at(folder: &std::path::Path, how: &'a Seal, profile: Option<&str>) -> Result<Self, Refusal> {
        if !cfg!(feature = "aws") {
            return Err(Refusal::new("this program was built without AWS, and cannot read recordings")
                .hint("build with the default features; `evidence verify` works without them"));
        }
        if let Some(url) = &how.tsa {
            Address::parse(url).map_err(|e| Refusal::caused(&e).hint("nothing was read or sealed"))?;
        }
        let signer = signer(how, profile)?;
        let previous = how.previous.as_deref().map(previous).transpose()?;
        Ok(Sealing {
            how,
            draft: Draft::begin(folder)?,
            signer,
            previous,
            #[cfg(feature = "aws")]
            raw: None,
        })
    }

    /// Brings the answers into the bundle, and reads the facts from there.
    #[cfg(feature = "aws")]
    pub(in crate::app) fn collect(&mut self, scan: &Scan, config: &Config, terminal: &Terminal) -> Result<Inventory, Refusal> {
        let (raw, inventory) = super::facts::collect(&mut self.draft, self.how.redact, scan, config, terminal)?;
        self.raw = Some(raw);
        Ok(inventory)
    }

    #[cfg(not(feature = "aws"))]
    pub(in crate::app) fn collect(&mut self, scan: &Scan, config: &Config, terminal: &Terminal) -> Result<Inventory, Refusal> {
        crate::app::inputs::inventory(scan, config, terminal)
    }

    /// Writes everything else, and seals.
    pub(in crate::app) fn seal(mut self, what: &Sealable<'_>, terminal: &Terminal) -> Result<(), Refusal> {
        let failed = |e: &dyn std::fmt::Display| Refusal::new(format!("the evidence could not be written: {e}"));
        let draft = &mut self.draft;
        for (path, file) in &what.catalogue.files {
            draft.add(&format!("{}/{path}", layout::POLICIES), file.text.as_bytes())?;
        }
        let mut settings = serde_json::to_vec_pretty(what.question).map_err(|e| failed(&e))?;
        settings.push(b'\n');
        draft.add(layout::SETTINGS, &settings)?;
        let report = json::write(what.report).map_err(|e| failed(&e))?;
        draft.add(layout::REPORT_JSON, report.as_bytes())?;
        draft.add(layout::REPORT_HTML, html::write(what.report).map_err(|e| failed(&e))?.as_bytes())?;
        draft.add(layout::INVENTORY, what.inventory.to_json().map_err(|e| failed(&e))?.as_bytes())?;
        let mut redactions = Vec::new();
        if let Some(source) = what.source {
            let external_id = what.config.accounts.external_id.as_deref().filter(|id| !id.is_empty());
            let count = external_id.map_or(0, |id| source.text.matches(id).count());
            let text = external_id.map_or_else(|| source.text.clone(), |id| source.text.replace(id, "[redacted]"));
            draft.add(layout::CONFIG, text.as_bytes())?;
            if count > 0 {
                let path = layout::CONFIG.into();
                redactions.push(manifest::Redaction { path, what: "external id".into(), count });
            }
        }
        if let Some(waivers) = what.waivers {
            draft.add(layout::WAIVERS, waivers.source.text.as_bytes())?;
            let mut named: Vec<&str> = waivers.register.evidence().map(|e| e.path.as_str()).collect();
            named.sort_unstable();
            named.dedup();
            for path in named {
                draft.copy(&waivers.folder.join(path), &format!("{}/{path}", layout::ATTESTATIONS))?;
            }
        }
        for path in &self.how.attestations {
            let name = path.file_name().and_then(|n| n.to_str()).ok_or_else(|| {
                Refusal::new(format!("`{}` has no name of its own", path.display())).hint("name a file, or a folder by its name")
            })?;
            draft.copy(path, &format!("{}/{name}", layout::ATTESTATIONS))?;
        }
        let manifest = self.manifest(what, redactions);
        let draft = &mut self.draft;
        draft.add(layout::MANIFEST, &manifest.to_json().map_err(|e| failed(&e))?)?;
        let name = bundle_name(what.inventory, &manifest);
        let fingerprint = self.signer.as_deref().map(|s| s.public().fingerprint());
        draft.add(layout::README, layout::readme(&name, fingerprint.as_deref()).as_bytes())?;
        let sealed = self.draft.seal(&name, self.signer.as_deref())?;
        terminal.note(&match &fingerprint {
            Some(fingerprint) => format!("sealed {}, signed by key {fingerprint}", sealed.folder.display()),
            None => format!("sealed {}, not signed: --sign-key and --sign-kms sign", sealed.folder.display()),
        });
        after(self.how, &sealed, terminal)
    }

    fn manifest(&self, what: &Sealable<'_>, redactions: Vec<manifest::Redaction>) -> Manifest {
        let inventory = what.inventory;
        let files = what.catalogue.files.iter();
        let signer = self.signer.as_deref();
        let mut manifest = Manifest {
            kind: manifest::KIND.into(),
            schema_version: manifest::SCHEMA_VERSION.into(),
            run_id: self.run_id(),
            tool: tool(),
            command_line: manifest::without_secrets(std::iter::once("trailproof".to_string()).chain(std::env::args().skip(1))),
            started: inventory.scope.started,
            ended: inventory.scope.ended,
            now: what.question.now,
            interrupted: inventory.scope.interrupted,
            synthetic: inventory.scope.synthetic,
            config: what.source.map(|s| manifest::Digested {
                name: PathBuf::from(&s.name).file_name().unwrap_or_default().to_string_lossy().into_owned(),
                sha256: sums::hex(&sums::hash(s.text.as_bytes())),
            }),
            callers: callers(inventory),
            clock: manifest::Clock::default(),
            scope: scope(inventory),
            population: population(inventory),
            coverage: manifest::Coverage { findings: findings(what.report), ..manifest::Coverage::default() },
            policies: files
                .map(|(path, file)| manifest::PolicyDigest {
                    path: path.clone(),
                    sha256: sums::hex(&sums::hash(file.text.as_bytes())),
                    built_in: file.embedded,
                    asked: path.strip_suffix(".yaml").is_some_and(|id| what.question.asked.contains(id)),
                })
                .collect(),
            redactions,
            previous_bundle: self.previous.clone(),
            retention: self.how.retain_until.map(|until| Retention { until, basis: self.how.retain_basis.clone() }),
            signer: signer.map(|s| SignerInfo {
                key_id: s.public().fingerprint(),
                algorithm: signature::ALGORITHM.into(),
                kms_arn: s.kms_arn().map(str::to_string),
            }),
        };
        #[cfg(feature = "aws")]
        if let Some(raw) = &self.raw {
            raw.describe(&mut manifest);
        }
        manifest.redactions.sort();
        manifest
    }

    /// Follows from the recording, the question and the answer to it.
    fn run_id(&self) -> String {
        let sum = |path: &str| self.draft.sum(path).copied().unwrap_or_default();
        let parts = [sum("raw/recording.json"), sum(layout::SETTINGS), sum(layout::REPORT_JSON)];
        sums::hex(&sums::hash(&parts.concat()))[..16].to_string()
    }
}

/// What comes after the seal; the bundle is there whatever becomes of it.
fn after(how: &Seal, sealed: &Sealed, terminal: &Terminal) -> Result<(), Refusal> {
    let stamped = how.tsa.as_deref().map_or(Ok(()), |url| stamp(url, sealed, terminal));
    if how.archive {
        let mut name = sealed.folder.file_name().unwrap_or_default().to_os_string();
        name.push(".tar.gz");
        let to = sealed.folder.with_file_name(name);
        archive::write(&sealed.folder, &to)?;
        terminal.note(&format!("wrote {}", to.display()));
    }
    stamped
}

fn stamp(url: &str, sealed: &Sealed, terminal: &Terminal) -> Result<(), Refusal> {
    let asked = Address::parse(url).and_then(|address| address.ask(&sums::hash(&sealed.sums)));
    let (answer, statement) = asked.map_err(|e| {
        let Refusal { messages, .. } = Refusal::caused(&e);
        let folder = sealed.folder.display();
        Refusal::new(format!("the bundle is sealed, without a timestamp: {}", messages.join("; ")))
            .hint(format!("ask again: trailproof evidence timestamp {folder} --tsa URL"))
    })?;
    sealed.vouch(layout::TIMESTAMP, &answer)?;
    terminal.note(&format!("timestamped: {}, says {url}", statement.time));
    Ok(())
}

/// `trailproof evidence timestamp`.
pub(super) fn timestamp(asked: &Timestamping, terminal: &Terminal) -> Result<Exit, Refusal> {
    let Bundle::Folder(folder) = super::open(&asked.bundle)? else {
        return Err(Refusal::new(format!("`{}` is an archive, which is not written to", asked.bundle.display()))
            .hint("unpack it, and name its folder"));
    };
    let path = folder.join(layout::SUMS);
    let sums = std::fs::read(&path).map_err(|e| Refusal::new(format!("cannot read `{}`: {e}", path.display())))?;
    if folder.join(layout::TIMESTAMP).exists() {
        return Err(Refusal::new("the bundle has a timestamp").hint("evidence is not overwritten"));
    }
    stamp(&asked.tsa, &Sealed { folder, sums }, terminal)?;
    Ok(Exit::Good)
}

fn signer(how: &Seal, profile: Option<&str>) -> Result<Option<Box<dyn Signer>>, Refusal> {
    if let Some(arn) = &how.sign_kms {
        return kms(arn, profile).map(Some);
    }
    let Some(path) = &how.sign_key else { return Ok(None) };
    let key = KeyFile::from_pem(&read(path)?).map_err(|e| {
        Refusal::new(format!("cannot sign with `{}`: {e}", path.display())).hint(
            "make a key with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out signer.pem`; \
             an encrypted one is opened by `openssl pkcs8 -in FILE`",
        )
    })?;
    Ok(Some(Box::new(key)))
}

#[cfg(feature = "aws")]
fn kms(arn: &str, profile: Option<&str>) -> Result<Box<dyn Signer>, Refusal> {
    Ok(Box::new(super::kms::KmsSigner::open(arn, profile)?))
}

#[cfg(not(feature = "aws"))]
fn kms(_: &str, _: Option<&str>) -> Result<Box<dyn Signer>, Refusal> {
    Err(Refusal::new("this program was built without AWS, and cannot ask KMS").hint("sign with a key file: --sign-key FILE"))
}

/// The bundle that this one follows must be one, and be as it was sealed.
fn previous(path: &std::path::Path) -> Result<Previous, Refusal> {
    let reading = super::open(path)?.read(&Limits::default());
    let done = verify::verify(&reading, &verify::Trust::Nobody);
    if let Some(bad) = done.checks.iter().find(|c| c.state == verify::State::Failed) {
        return Err(Refusal::new(format!("the bundle `{}` is not as it was sealed: {}", path.display(), bad.says))
            .hint("a chain is only as good as its links; restore the bundle from a copy"));
    }
    let link = Link::of(&reading).ok_or_else(|| Refusal::new(format!("`{}` is no evidence bundle", path.display())))?;
    Ok(link.as_previous())
}

fn bundle_name(inventory: &Inventory, manifest: &Manifest) -> String {
    let accounts = &inventory.accounts;
    let whose = match accounts.as_slice() {
        [one] => one.id.clone(),
        many => format!("{}-accounts", many.len()),
    };
    format!("evidence-{whose}-{}-{}", manifest.started.strftime("%Y%m%dT%H%M%SZ"), &manifest.run_id[..12])
}

fn tool() -> manifest::Tool {
    let libc = if cfg!(target_env = "musl") {
        "-musl"
    } else if cfg!(target_env = "gnu") {
        "-gnu"
    } else if cfg!(target_env = "msvc") {
        "-msvc"
    } else {
        ""
    };
    manifest::Tool {
        name: env!("CARGO_PKG_NAME").into(),
        version: env!("CARGO_PKG_VERSION").into(),
        target: format!("{}-{}{libc}", std::env::consts::ARCH, std::env::consts::OS),
        binary_sha256: binary(),
    }
}

/// A build for debugging is hundreds of megabytes, hashed slowly, and nobody's release: it is not named.
fn binary() -> Option<String> {
    if cfg!(debug_assertions) {
        return None;
    }
    let file = std::fs::File::open(std::env::current_exe().ok()?).ok()?;
    let mut buffer = vec![0; 256 * 1024];
    sums::stream(file, u64::MAX, &mut buffer, |_| Ok(())).ok().map(|(sum, _)| sums::hex(&sum))
}

fn callers(inventory: &Inventory) -> Vec<manifest::Caller> {
    let one = |a: &crate::inventory::Account| manifest::Caller { account: a.id.clone(), arn: a.caller_arn.known().cloned() };
    inventory.accounts.iter().map(one).collect()
}

fn scope(inventory: &Inventory) -> manifest::Scope {
    use crate::inventory::{AccountScope, Standing};
    let of = |wanted: &dyn Fn(&AccountScope) -> bool| -> Vec<String> {
        inventory.scope.accounts.iter().filter(|a| wanted(a)).map(|a| a.id.clone()).collect()
    };
    manifest::Scope {
        accounts_asked: of(&|a| a.standing == Standing::Asked),
        accounts_not_reached: of(&|a| a.standing == Standing::Asked && !a.reached),
        accounts_excluded: of(&|a| a.standing == Standing::Excluded),
        accounts_suspended: of(&|a| a.standing == Standing::Suspended),
        regions_asked: inventory.scope.regions_asked.clone(),
        accounts_listed_in_full: inventory.scope.gaps.is_empty(),
    }
}

fn population(inventory: &Inventory) -> manifest::Population {
    manifest::Population {
        accounts: inventory.accounts.len(),
        regions: inventory.accounts.iter().map(|a| a.regions.items.len()).sum(),
        trails: inventory.trails.len(),
        buckets: inventory.buckets.len(),
        keys: inventory.keys.len(),
        log_groups: inventory.log_groups.len(),
        topics: inventory.topics.len(),
        organizations: inventory.organizations.len(),
        sample: "every item that was found".into(),
    }
}

fn findings(report: &Report) -> std::collections::BTreeMap<String, usize> {
    let counts = &report.summary.outcomes;
    [("pass", counts.pass), ("fail", counts.fail), ("unknown", counts.unknown), ("not_applicable", counts.not_applicable)]
        .map(|(name, n)| (name.to_string(), n))
        .into()
}
