//! Where requests leave and answers come in: one connector that keeps what it hears, and one that answers from a recording.
//!
//! Both read the whole body before they answer: a body that is cut in the middle is a failed attempt, which the SDK tries
//! again. Both hand on the same status, headers and bytes, so that a replay is deserialized as the run was.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::{Headers, StatusCode};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::exchange::{Body, Breakage, BreakageKind, CURRENT, Exchange, KEPT_HEADERS, Reply, Request, key, redact};
use super::record::Recording;
use super::session::now;

/// Asks AWS, and writes every attempt into the current exchange.
#[derive(Clone)]
pub(super) struct Live {
    /// Hosts of endpoint overrides: a label before one of these resolves to the same address.
    override_hosts: Vec<String>,
    connectors: Arc<Mutex<BTreeMap<Patience, SharedHttpConnector>>>,
    /// An earlier recording of the run, and the account that it answers for here.
    resumed: Option<(Arc<Recording>, String)>,
}

/// How long a connection is kept for another call. Accounts and buckets have hosts of their own, thousands of them in a large
/// organization, and each is asked for a moment.
const IDLE: Duration = Duration::from_secs(10);

type Patience = (Option<Duration>, Option<Duration>);

impl Live {
    pub(super) fn new(override_hosts: Vec<String>) -> Self {
        Live { override_hosts, connectors: Arc::default(), resumed: None }
    }

    /// Answers from an earlier recording what it has an answer to.
    pub(super) fn resuming(mut self, recording: Arc<Recording>) -> Self {
        let account = recording.account().to_string();
        self.resumed = Some((recording, account));
        self
    }

    /// The same connections, for another account.
    pub(super) fn for_account(&self, account: &str) -> Self {
        let resumed = self.resumed.as_ref().map(|(recording, _)| (recording.clone(), account.to_string()));
        Live { resumed, ..self.clone() }
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("override_hosts", &self.override_hosts).finish_non_exhaustive()
    }
}

impl HttpClient for Live {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        let connector = connectors.entry((settings.connect_timeout(), settings.read_timeout())).or_insert_with(|| {
            let mut builder = Connector::builder().connector_settings(settings.clone()).proxy_config(ProxyConfig::from_env());
            builder.set_sleep_impl(components.sleep_impl());
            builder.set_pool_idle_timeout(Some(Some(IDLE)));
            let builder = builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc));
            let inner = match self.override_hosts.as_slice() {
                [] => builder.build(),
                hosts => builder.build_with_resolver(OverrideResolver { hosts: hosts.to_vec() }),
            };
            SharedHttpConnector::new(inner)
        });
        let earlier = self.resumed.as_ref().map(|(recording, account)| Replay::new(recording.clone(), account));
        SharedHttpConnector::new(Keeper { inner: connector.clone(), earlier })
    }
}

/// Keeps what another connector hears.
#[derive(Debug)]
struct Keeper {
    inner: SharedHttpConnector,
    earlier: Option<Replay>,
}

impl HttpConnector for Keeper {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Ok(exchange) = CURRENT.try_with(Arc::clone) else {
            return self.inner.call(request);
        };
        if let Some(answer) = self.earlier.as_ref().and_then(|earlier| earlier.settled(&exchange, &request)) {
            return HttpConnectorFuture::ready(answer);
        }
        let secrets = secrets_of(&request);
        let canonical =
            Request::canonical(&exchange, request.method(), request.uri(), request.body().bytes().unwrap_or_default());
        {
            let mut attempt = exchange.attempt();
            attempt.request = Some(canonical);
            attempt.reply = None;
            attempt.time = None;
        }
        let is_head = request.method() == "HEAD";
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let heard = hear(answer, &secrets, is_head).await;
            let mut attempt = exchange.attempt();
            attempt.time = Some(now());
            match heard {
                Ok(heard) => {
                    if heard.is_throttle() {
                        exchange.progress.throttled(exchange.operation, &exchange.region);
                    }
                    attempt.reply = Some(heard.reply());
                    heard.response()
                }
                Err(error) => {
                    attempt.reply = Some(Reply::Broken(breakage(&error)));
                    Err(error)
                }
            }
        })
    }
}

/// What the request holds that must not be kept, should an answer repeat it.
fn secrets_of(request: &HttpRequest) -> Vec<String> {
    let headers = request.headers();
    let token = headers.get("x-amz-security-token").map(str::to_string);
    let authorization = headers.get("authorization").unwrap_or_default();
    let between = |from: &str, to: char| {
        let rest = authorization.split_once(from)?.1;
        Some(rest.split(to).next().unwrap_or(rest).to_string())
    };
    [token, between("Credential=", '/'), between("Signature=", ',')].into_iter().flatten().collect()
}

/// A whole answer.
struct Heard {
    status: StatusCode,
    headers: BTreeMap<String, String>,
    /// Tells the SDK when to try again; of no use afterwards, and not kept.
    retry_after: Option<String>,
    body: Vec<u8>,
}

async fn hear(answer: HttpConnectorFuture, secrets: &[String], is_head: bool) -> Result<Heard, ConnectorError> {
    let mut response = answer.await?;
    let body = ByteStream::new(response.take_body()).collect().await.map_err(|e| ConnectorError::io(e.into()))?;
    let headers = KEPT_HEADERS
        .iter()
        .filter_map(|name| response.headers().get(name).map(|value| ((*name).to_string(), value.to_string())))
        .collect();
    let retry_after = response.headers().get("x-amz-retry-after").map(str::to_string);
    let status = response.status();
    let body = redact(body.into_bytes().to_vec(), status.as_u16() >= 300, secrets);
    if is_cut(&body, status, is_head) {
        return Err(ConnectorError::io(Breakage::cut().into()));
    }
    Ok(Heard { status, headers, retry_after, body })
}

/// Whether the body of an answer ends too early. An error may come without one; one that has one, and names what is absent,
/// must have all of it.
fn is_cut(body: &[u8], status: StatusCode, is_head: bool) -> bool {
    let is_rightly_empty = body.is_empty() && (is_head || !status.is_success());
    !(is_whole(body) || is_rightly_empty)
}

/// Whether a body is there to its end. The SDK reads XML that stops in the middle, and a body without
/// anything, as an answer in which everything is absent: no grants, no trails.
fn is_whole(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if !text.starts_with('<') {
        return !text.is_empty();
    }
    let mut rest = text;
    while let Some(end) = prolog_end(rest) {
        rest = rest[end..].trim_start();
    }
    let Some(root) = rest.strip_prefix('<') else { return false };
    let name = root.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap_or_default();
    let is_closed = rest.strip_suffix('>').and_then(|r| r.trim_end().strip_suffix(name)).is_some_and(|r| r.ends_with("</"));
    let is_single = rest.find('>').is_some_and(|at| at + 1 == rest.len() && rest.ends_with("/>"));
    !name.is_empty() && (is_closed || is_single)
}

/// The end of a declaration or a comment before the root element.
fn prolog_end(text: &str) -> Option<usize> {
    let close = if text.starts_with("<?") {
        "?>"
    } else if text.starts_with("<!--") {
        "-->"
    } else {
        return None;
    };
    text.find(close).map(|at| at + close.len())
}

impl Heard {
    fn reply(&self) -> Reply {
        let body = Body::from_bytes(self.body.clone());
        Reply::Answer { status: self.status.as_u16(), headers: self.headers.clone(), body }
    }

    fn is_throttle(&self) -> bool {
        let kind = self.headers.get("x-amzn-errortype").map_or("", String::as_str);
        let says = |text: &str| ["Throttl", "SlowDown", "TooManyRequests"].iter().any(|word| text.contains(word));
        match self.status.as_u16() {
            429 | 503 => true,
            400 => says(kind) || says(&String::from_utf8_lossy(&self.body)),
            _ => false,
        }
    }

    fn response(self) -> Result<HttpResponse, ConnectorError> {
        let mut headers = self.headers;
        if let Some(value) = self.retry_after {
            headers.insert("x-amz-retry-after".into(), value);
        }
        response(self.status, &headers, self.body)
    }
}

fn response(status: StatusCode, headers: &BTreeMap<String, String>, body: Vec<u8>) -> Result<HttpResponse, ConnectorError> {
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    let into: &mut Headers = response.headers_mut();
    for (name, value) in headers {
        into.try_insert(name.clone(), value.clone()).map_err(|e| ConnectorError::user(e.into()))?;
    }
    Ok(response)
}

/// The error in words that do not depend on the moment: the innermost cause.
fn breakage(error: &ConnectorError) -> Breakage {
    if error.is_timeout() {
        return Breakage::timeout();
    }
    Breakage { kind: BreakageKind::Connection, text: innermost(error) }
}

/// The text of the innermost cause of an error.
pub(super) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Answers from a recording.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    recording: Arc<Recording>,
    account: String,
}

impl Replay {
    pub(super) fn new(recording: Arc<Recording>, account: &str) -> Self {
        Replay { recording, account: account.to_string() }
    }
}

impl HttpClient for Replay {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(&request))
    }
}

impl Replay {
    /// The earlier answer, where it stands: a refusal may have been lifted since, and a failure is over. Who the caller is
    /// is always asked.
    fn settled(&self, exchange: &Exchange, request: &HttpRequest) -> Option<Result<HttpResponse, ConnectorError>> {
        if exchange.operation.service == "sts" {
            return None;
        }
        let body = request.body().bytes().unwrap_or_default();
        let canonical = Request::canonical(exchange, request.method(), request.uri(), body);
        let envelope = self.recording.find(&key(&self.account, exchange, Some(&canonical)))?;
        let stands = envelope.status.is_some_and(|status| (200..300).contains(&status) || status == 404);
        stands.then(|| self.answer(request))
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let exchange = Exchange::current().ok_or_else(|| ConnectorError::user("a call without an exchange".into()))?;
        let canonical =
            Request::canonical(&exchange, request.method(), request.uri(), request.body().bytes().unwrap_or_default());
        let account = &self.account;
        let found = [Some(&canonical), None]
            .into_iter()
            .find_map(|asked| self.recording.find(&key(account, &exchange, asked)).map(|envelope| (asked, envelope)));
        let mut attempt = exchange.attempt();
        let Some((asked, envelope)) = found else {
            attempt.is_missing = true;
            return Err(ConnectorError::user("not in the recording".into()));
        };
        attempt.request = asked.cloned();
        attempt.time = Some(envelope.time);
        let reply = envelope.reply();
        attempt.reply = Some(reply.clone());
        match reply {
            Reply::Answer { status, headers, body } => {
                let status = StatusCode::try_from(status).map_err(|e| ConnectorError::user(e.into()))?;
                let body = body.to_bytes().ok_or_else(|| ConnectorError::user("a body that is not Base64".into()))?;
                if is_cut(&body, status, request.method() == "HEAD") {
                    let cut = Breakage::cut();
                    attempt.reply = Some(Reply::Broken(cut.clone()));
                    return Err(ConnectorError::user(cut.into()));
                }
                response(status, &headers, body)
            }
            Reply::Broken(breakage) => Err(ConnectorError::user(breakage.into())),
        }
    }
}

/// Resolves `LABEL.HOST` like `HOST`: an API that puts the account before the host works behind an endpoint override too.
#[derive(Clone, Debug)]
struct OverrideResolver {
    hosts: Vec<String>,
}

impl OverrideResolver {
    fn target<'a>(&'a self, name: &'a str) -> &'a str {
        let is_label_of = |host: &&String| name.strip_suffix(host.as_str()).is_some_and(|label| label.ends_with('.'));
        self.hosts.iter().find(is_label_of).map_or(name, String::as_str)
    }
}

impl ResolveDns for OverrideResolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        let target = self.target(name).to_string();
        DnsFuture::new(async move {
            if let Ok(address) = target.parse::<IpAddr>() {
                return Ok(vec![address]);
            }
            let lookup = tokio::task::spawn_blocking(move || (target.as_str(), 0).to_socket_addrs());
            let addresses = lookup.await.map_err(ResolveDnsError::new)?.map_err(ResolveDnsError::new)?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_stops_in_the_middle_is_noticed() {
        for whole in ["{}", "<A/>", "<A x=\"1\" />", "<?xml version=\"1.0\"?>\n<!-- x --><A><B/></A>\n", "<A></A >", "{\"a\":"] {
            assert!(is_whole(whole.as_bytes()), "{whole}");
        }
        for cut in ["", " ", "<?xml version=\"1.0\"?>", "<A", "<A>", "<A><B/>", "<A><B></B>", "<A><B></A", "<A><AA></AA>", "<>"] {
            assert!(!is_whole(cut.as_bytes()), "{cut}");
        }
    }

    #[test]
    fn labels_before_an_override_resolve_to_it() {
        let resolver = OverrideResolver { hosts: vec!["127.0.0.1".into(), "localhost".into()] };
        assert_eq!(resolver.target("123456789012.127.0.0.1"), "127.0.0.1");
        assert_eq!(resolver.target("a.localhost"), "localhost");
        assert_eq!(resolver.target("localhost"), "localhost");
        assert_eq!(resolver.target("notlocalhost"), "notlocalhost");
        assert_eq!(resolver.target("sts.eu-west-1.amazonaws.com"), "sts.eu-west-1.amazonaws.com");
    }
}
