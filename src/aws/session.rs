//! One account, read with one set of credentials: live, or from a recording.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::client::Clients;
use super::connector::{Live, Replay};
use super::exchange::{Body, Breakage, CURRENT, Exchange, Reply, call_id};
use super::gap::{Failure, Refusal, failure, gap, place};
use super::interrupt::Interrupt;
use super::ledger::{Ledger, request_id};
use super::limits::Limits;
use super::operation::{self, Operation};
use super::plan::Plan;
use super::progress::{Progress, Silent};
use super::record::{Envelope, Head, Recording, SCHEMA_VERSION};
use crate::inventory::{Call, CallId, Gap, GapKind, Origin, Remedy};

/// What [`connect`](super::connect) is to use.
#[derive(Clone)]
pub struct Options {
    /// The profile of the AWS configuration files; none for the SDK's usual search.
    pub profile: Option<String>,
    /// The Regions to read; empty for every Region that the account has enabled. The first one is the base Region.
    pub regions: Vec<String>,
    pub progress: Arc<dyn Progress>,
    pub interrupt: Interrupt,
    pub timeouts: Timeouts,
    /// Overrides the endpoint of every service, like AWS_ENDPOINT_URL.
    pub endpoint_url: Option<String>,
    /// Credentials to use in place of the SDK's search.
    pub credentials: Option<Credentials>,
    /// Whether AWS's raw answers are kept, so that a recording can be made of them.
    pub keep_answers: bool,
    /// An earlier recording of the same run: what it answers is not asked again.
    pub resumed: Option<Arc<Recording>>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            profile: None,
            regions: Vec::new(),
            progress: Arc::new(Silent),
            interrupt: Interrupt::default(),
            timeouts: Timeouts::default(),
            endpoint_url: None,
            credentials: None,
            keep_answers: true,
            resumed: None,
        }
    }
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For a call with all its retries.
    pub operation: Duration,
    /// For one attempt.
    pub attempt: Duration,
    /// For a connection.
    pub connect: Duration,
    /// The pause before the first retry, which grows from there.
    pub first_pause: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            operation: Duration::from_secs(60),
            attempt: Duration::from_secs(15),
            connect: Duration::from_secs(5),
            first_pause: Duration::from_secs(1),
        }
    }
}

/// Who reads the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account's twelve digits.
    pub account: String,
    /// The partition, from the caller's ARN.
    pub partition: String,
    /// The principal that reads.
    pub caller_arn: String,
    pub from: Origin,
}

/// The answer to one call.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    pub value: T,
    pub call: CallId,
}

impl<T> Answer<T> {
    pub fn origin(&self) -> Origin {
        Origin::Call(self.call.clone())
    }
}

/// One account, read with one set of credentials, or from a recording. Clones are the same session.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    config: SdkConfig,
    /// The configuration that credentials are fetched with; none in a replay.
    source: Option<SdkConfig>,
    connector: Option<Live>,
    is_overridden: bool,
    base_region: String,
    regions_asked: Vec<String>,
    progress: Arc<dyn Progress>,
    interrupt: Interrupt,
    limits: Limits,
    started: Timestamp,
    /// The recording that answers; none where AWS does.
    replayed: Option<Arc<Recording>>,
    account: OnceLock<String>,
    identity: OnceLock<Identity>,
    /// The exchanges of the run, of every session of it.
    ledger: Arc<Ledger>,
    clients: Clients,
}

/// The behaviour of the SDK that was tried, whatever its version.
pub(super) fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

impl Session {
    /// The caller's own session. `source` is what credentials are fetched with.
    pub(super) fn live(source: SdkConfig, connector: Live, is_overridden: bool, base_region: String, options: &Options) -> Self {
        let config = source.clone().into_builder().http_client(connector.clone()).build();
        let inner = Inner {
            config,
            source: Some(source),
            connector: Some(connector),
            is_overridden,
            base_region,
            regions_asked: options.regions.clone(),
            progress: options.progress.clone(),
            interrupt: options.interrupt.clone(),
            limits: Limits::default(),
            started: options.resumed.as_ref().map_or_else(now, |recording| recording.head.started),
            replayed: None,
            account: OnceLock::new(),
            identity: OnceLock::new(),
            ledger: Arc::new(Ledger::new(options.keep_answers, false)),
            clients: Clients::default(),
        };
        Session { inner: Arc::new(inner) }
    }

    /// A session that answers every call from a recording, without a network and at the recorded times.
    pub fn replay(recording: Recording) -> Self {
        let recording = Arc::new(recording);
        let account = recording.head.account.clone();
        let ledger = Arc::new(Ledger::new(false, recording.head.interrupted));
        Self::replayed(recording, &account, ledger)
    }

    /// A recording, answering for one of its accounts.
    fn replayed(recording: Arc<Recording>, account: &str, ledger: Arc<Ledger>) -> Self {
        let head = &recording.head;
        // The placeholders sign requests that never leave the process.
        let credentials = Credentials::new("replay", "replay", None, None, "replay");
        let config = SdkConfig::builder()
            .behavior_version(behavior())
            .region(Region::new(head.base_region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(Replay::new(recording.clone(), account))
            .retry_config(RetryConfig::disabled())
            .build();
        let inner = Inner {
            config,
            source: None,
            connector: None,
            is_overridden: false,
            base_region: head.base_region.clone(),
            regions_asked: head.regions_asked.clone(),
            progress: Arc::new(Silent),
            interrupt: Interrupt::default(),
            limits: Limits::default(),
            started: head.started,
            account: OnceLock::from(account.to_string()),
            identity: OnceLock::new(),
            ledger,
            replayed: Some(recording),
            clients: Clients::default(),
        };
        Session { inner: Arc::new(inner) }
    }

    /// What the recording holds of another account; none where AWS is asked.
    pub(super) fn recorded(&self, account: &str) -> Option<Result<Session, Box<Gap>>> {
        let recording = self.inner.replayed.as_ref()?;
        if let Some(gap) = recording.head.accounts.get(account).and_then(|head| head.refused.clone()) {
            return Some(Err(Box::new(gap)));
        }
        Some(Ok(Self::replayed(recording.clone(), account, self.inner.ledger.clone())))
    }

    /// A session beside this one, in another account.
    pub(super) fn with_credentials(&self, account: &str, provider: SharedCredentialsProvider) -> Session {
        let Inner { config, source, connector, .. } = &*self.inner;
        let connector = connector.as_ref().map(|connector| connector.for_account(account));
        let mut builder = config.to_builder().credentials_provider(provider).identity_cache(IdentityCache::lazy().build());
        if let Some(connector) = &connector {
            builder = builder.http_client(connector.clone());
        }
        let inner = Inner {
            config: builder.build(),
            source: source.clone(),
            connector,
            is_overridden: self.inner.is_overridden,
            base_region: self.inner.base_region.clone(),
            regions_asked: self.inner.regions_asked.clone(),
            progress: self.inner.progress.clone(),
            interrupt: self.inner.interrupt.clone(),
            limits: self.inner.limits.beside(),
            started: self.inner.started,
            replayed: None,
            account: OnceLock::from(account.to_string()),
            identity: OnceLock::new(),
            ledger: self.inner.ledger.clone(),
            clients: Clients::default(),
        };
        Session { inner: Arc::new(inner) }
    }

    pub(super) fn clients(&self) -> &Clients {
        &self.inner.clients
    }

    pub(super) fn credentials_source(&self) -> Option<&SdkConfig> {
        self.inner.source.as_ref()
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    pub(super) fn interrupt(&self) -> &Interrupt {
        &self.inner.interrupt
    }

    /// Who watches the run.
    pub fn progress(&self) -> &dyn Progress {
        &*self.inner.progress
    }

    pub(super) fn config(&self) -> &SdkConfig {
        &self.inner.config
    }

    pub(super) fn is_overridden(&self) -> bool {
        self.inner.is_overridden
    }

    /// The account's twelve digits; empty until the caller is identified.
    pub fn account(&self) -> &str {
        self.inner.account.get().map_or("", String::as_str)
    }

    /// The Region for calls about the account as a whole.
    pub fn base_region(&self) -> &str {
        &self.inner.base_region
    }

    /// The Regions that were asked for; empty for every enabled one.
    pub fn regions_asked(&self) -> &[String] {
        &self.inner.regions_asked
    }

    /// When the first call was made.
    pub fn started(&self) -> Timestamp {
        self.inner.started
    }

    /// When the last answer came; the start where none did.
    pub fn ended(&self) -> Timestamp {
        if let Some(recording) = &self.inner.replayed {
            return recording.head.ended;
        }
        self.inner.ledger.last().unwrap_or(self.inner.started)
    }

    /// Whether a call was given up because the run was stopped.
    pub fn was_interrupted(&self) -> bool {
        self.inner.ledger.was_interrupted()
    }

    /// Whether the data was made up for a demonstration.
    pub fn is_synthetic(&self) -> bool {
        self.inner.replayed.as_ref().is_some_and(|recording| recording.head.synthetic)
    }

    /// Who reads the account. Asked once.
    ///
    /// # Errors
    /// The refusal of GetCallerIdentity, or an ARN that is none.
    pub async fn identity(&self) -> Result<Identity, Refusal> {
        if let Some(identity) = self.inner.identity.get() {
            return Ok(identity.clone());
        }
        let region = self.base_region();
        let client = self.sts(region);
        let exchange = Exchange::new(operation::GET_CALLER_IDENTITY, region, "", self.inner.progress.clone());
        let sent = self.send(&exchange, Box::pin(client.get_caller_identity().send())).await;
        if let Some(Ok(output)) = &sent
            && let Some(account) = output.account()
        {
            self.inner.account.get_or_init(|| account.to_string());
        }
        let answer = self.settle(&exchange, sent)?;
        let parts = answer.value.arn().and_then(|arn| Some((arn, arn.strip_prefix("arn:")?.split(':').next()?)));
        let (Some(account), Some((arn, partition))) = (answer.value.account(), parts) else {
            let message = format!("{}: the answer names no account or no ARN", place(&exchange, self.account()));
            let gap = Gap::new(GapKind::NotUnderstood, message).with_call(answer.call);
            return Err(Refusal::of(gap));
        };
        let identity = Identity {
            account: account.to_string(),
            partition: partition.to_string(),
            caller_arn: arn.to_string(),
            from: answer.origin(),
        };
        Ok(self.inner.identity.get_or_init(|| identity).clone())
    }

    /// Makes one call: paced, recorded, and given up when the run is stopped. `about` is what is asked about, in a few
    /// words; two calls of an operation in a Region differ in it or in their request.
    ///
    /// # Errors
    /// Whatever kept the call from giving a value, as a gap.
    pub fn call<'a, T, E>(
        &'a self,
        operation: &'static Operation,
        region: &'a str,
        about: &'a str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
    ) -> BoxFuture<'a, Result<Answer<T>, Refusal>>
    where
        T: Send + 'a,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        // The SDK's futures are large, and many of them wait side by side: each goes to the heap at once.
        let request = Box::pin(request);
        Box::pin(async move {
            let exchange = Exchange::new(operation, region, about, self.inner.progress.clone());
            let sent = self.send(&exchange, request).await;
            self.settle(&exchange, sent)
        })
    }

    /// `None` where the run was stopped first.
    async fn send<T>(&self, exchange: &Arc<Exchange>, request: Pin<Box<impl Future<Output = T>>>) -> Option<T> {
        let Exchange { operation, region, progress, .. } = &**exchange;
        progress.call_started(operation, region);
        let request = CURRENT.scope(exchange.clone(), request);
        let paced = async {
            if self.inner.replayed.is_some() {
                return request.await;
            }
            let _permit = self.inner.limits.admit(operation.service, region).await;
            tracing::debug!(service = operation.service, operation = operation.name, region, about = exchange.about, "call");
            request.await
        };
        let sent = tokio::select! {
            biased;
            () = self.inner.interrupt.triggered() => None,
            sent = paced => Some(sent),
        };
        progress.call_finished(operation, region);
        sent
    }

    fn settle<T, E>(&self, exchange: &Exchange, sent: Option<Result<T, SdkError<E, HttpResponse>>>) -> Result<Answer<T>, Refusal>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let account = self.account();
        let attempt = std::mem::take(&mut *exchange.attempt());
        let Some(result) = sent else {
            self.inner.ledger.interrupted();
            return Err(Refusal::of(interrupted(exchange, account)));
        };
        if attempt.is_missing {
            return Err(Refusal::of(if self.was_interrupted() {
                interrupted(exchange, account)
            } else {
                absent(exchange, account)
            }));
        }
        let broken = match &attempt.reply {
            Some(Reply::Broken(breakage)) => Some(breakage.clone()),
            _ => None,
        };
        let failure = result.as_ref().err().map(|error| failure(error, broken));
        let mut envelope = Envelope {
            account: account.to_string(),
            region: exchange.region.clone(),
            service: exchange.operation.service.to_string(),
            operation: exchange.operation.name.to_string(),
            about: exchange.about.clone(),
            request: attempt.request,
            status: None,
            headers: BTreeMap::new(),
            time: attempt.time.unwrap_or_else(now),
            body: None,
            decoded: None,
            error: None,
        };
        match (&failure, attempt.reply) {
            (Some(Failure::Broken(breakage)), _) => envelope.error = Some(breakage.clone()),
            (_, Some(Reply::Answer { status, headers, body })) => {
                envelope.status = Some(status);
                envelope.headers = headers;
                envelope.body = Some(body).filter(|body| !Body::is_empty(body));
            }
            _ => envelope.error = Some(Breakage::not_sent("the answer did not pass through the connector")),
        }
        envelope.time = envelope.time.max(self.inner.started);
        let key = envelope.key();
        let call = call_id(account, exchange, &key);
        let status = envelope.status;
        let request_id = request_id(&envelope);
        let bucket_region = envelope.headers.get("x-amz-bucket-region").cloned();
        self.inner.ledger.enter(key, call.clone(), envelope);
        match (result, failure) {
            (Ok(value), _) => Ok(Answer { value, call }),
            (Err(_), Some(failure)) => {
                let gap = gap(&failure, exchange, account, call, status, request_id.as_deref());
                let code = match failure {
                    Failure::Service { code, .. } => code,
                    _ => None,
                };
                Err(Refusal { gap: Box::new(gap), code, status, bucket_region })
            }
            (Err(_), None) => unreachable!("every error was sorted above"),
        }
    }

    /// The calls of the run so far, in every account, by their ids.
    pub fn calls(&self) -> BTreeMap<CallId, Call> {
        self.inner.ledger.calls()
    }

    /// The plan that the recording was made by; the caller's account alone where AWS is asked.
    pub fn recorded_plan(&self) -> Plan {
        self.inner.replayed.as_ref().map_or_else(Plan::default, |recording| recording.head.plan.clone())
    }

    /// The raw exchanges of the run so far; of a replay, the recording that it reads.
    pub fn recording(&self, plan: &Plan) -> Recording {
        if let Some(recording) = &self.inner.replayed {
            return (**recording).clone();
        }
        let partition = self.inner.identity.get().map_or_else(String::new, |identity| identity.partition.clone());
        let head = Head {
            kind: Head::kind(),
            schema_version: SCHEMA_VERSION.into(),
            tool_version: env!("CARGO_PKG_VERSION").into(),
            started: self.inner.started,
            ended: self.ended(),
            interrupted: self.was_interrupted(),
            synthetic: false,
            regions_asked: self.inner.regions_asked.clone(),
            base_region: self.inner.base_region.clone(),
            account: self.account().to_string(),
            partition,
            plan: plan.clone(),
            accounts: self.inner.ledger.accounts(),
            files: BTreeMap::new(),
        };
        Recording::new(head, self.inner.ledger.envelopes())
    }
}

/// The clock, to the millisecond: more would be noise in a report.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

fn interrupted(exchange: &Exchange, account: &str) -> Gap {
    let message = format!("{}: the run was stopped before the answer came", place(exchange, account));
    Gap::new(GapKind::Interrupted, message).with_remedy(Remedy::Do("run the scan again, and let it finish".into()))
}

fn absent(exchange: &Exchange, account: &str) -> Gap {
    let message = format!("the recording holds no answer to {}", place(exchange, account));
    Gap::new(GapKind::AbsentInput, message).with_remedy(Remedy::Do("record the account again with this version".into()))
}
