//! Asking a timestamping authority, by plain HTTP: what it answers is signed, so that the way there need not be trusted.

use std::hash::{BuildHasher, Hasher};
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::evidence::sums::Hash;
use crate::evidence::timestamp::{self, Statement, TimestampError};

const PATIENCE: Duration = Duration::from_secs(20);
/// The largest answers hold a chain of certificates: some kilobytes.
const LONGEST: u64 = 1 << 20;

/// Why there is no timestamp.
#[derive(Debug, thiserror::Error)]
pub(super) enum TsaError {
    #[error("`{0}` is no address of a timestamping authority, such as http://tsa.example/tsr")]
    Address(String),
    #[error("`{0}` asks for HTTPS; a timestamp is signed, and is fetched by plain http://")]
    Https(String),
    #[error("`{url}` cannot be reached")]
    Unreachable { url: String, source: std::io::Error },
    #[error("`{url}` answered `{status}`")]
    Status { url: String, status: String },
    #[error("what `{url}` answered is no timestamp: {source}")]
    Answer { url: String, source: TimestampError },
    #[error("what `{0}` answered is about something else")]
    Other(String),
}

/// An address: host, port, and path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    url: String,
    host: String,
    port: u16,
    path: String,
}

impl Address {
    /// Reads `http://HOST[:PORT][/PATH]`.
    pub(super) fn parse(url: &str) -> Result<Self, TsaError> {
        let wrong = || TsaError::Address(url.to_string());
        if url.starts_with("https://") {
            return Err(TsaError::Https(url.to_string()));
        }
        let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let (host, port) = match authority.rsplit_once(':').filter(|(host, _)| !host.starts_with('[') || host.ends_with(']')) {
            Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
            None => (authority, 80),
        };
        let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
        if host.is_empty() || host.contains('@') || !is_plain(host) || !is_plain(path) {
            return Err(wrong());
        }
        Ok(Address { url: url.to_string(), host: host.to_string(), port, path: path.to_string() })
    }

    /// The authority's answer about a hash, whole; it is about this hash, and answers this question.
    pub(super) fn ask(&self, digest: &Hash) -> Result<(Vec<u8>, Statement), TsaError> {
        let nonce = std::collections::hash_map::RandomState::new().build_hasher().finish();
        let answer = self.post(&timestamp::request(digest, nonce))?;
        let failed = |source| TsaError::Answer { url: self.url.clone(), source };
        let statement = Statement::read(&answer).map_err(failed)?;
        if !statement.answers(digest, nonce) {
            return Err(TsaError::Other(self.url.clone()));
        }
        Ok((answer, statement))
    }

    /// HTTP/1.0: the answer ends where the connection does, and comes in one piece.
    fn post(&self, question: &[u8]) -> Result<Vec<u8>, TsaError> {
        let failed = |source| TsaError::Unreachable { url: self.url.clone(), source };
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the host has no address");
        let mut stream = None;
        for address in (host, self.port).to_socket_addrs().map_err(failed)? {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(open) => {
                    stream = Some(open);
                    break;
                }
                Err(e) => last = e,
            }
        }
        let Some(mut stream) = stream else { return Err(failed(last)) };
        let head = format!(
            "POST {} HTTP/1.0\r\nHost: {}:{}\r\nContent-Type: application/timestamp-query\r\nContent-Length: {}\r\n\r\n",
            self.path,
            self.host,
            self.port,
            question.len()
        );
        let mut answer = Vec::new();
        stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
            .and_then(|()| stream.write_all(&[head.as_bytes(), question].concat()))
            .and_then(|()| stream.take(LONGEST).read_to_end(&mut answer))
            .map_err(failed)?;
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n");
        let (head, body) = end.map_or((&answer[..], &[][..]), |at| (&answer[..at], &answer[at + 4..]));
        let status = String::from_utf8_lossy(head).lines().next().unwrap_or_default().chars().take(100).collect::<String>();
        if status.starts_with("HTTP/1.") && status.split(' ').nth(1) == Some("200") {
            Ok(body.to_vec())
        } else {
            Err(TsaError::Status { url: self.url.clone(), status })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let parts = |url: &str| Address::parse(url).map(|a| (a.host, a.port, a.path)).ok();
        let of = |host: &str, port, path: &str| Some((host.to_string(), port, path.to_string()));
        assert_eq!(parts("http://tsa.example/tsr?x=1"), of("tsa.example", 80, "/tsr?x=1"));
        assert_eq!(parts("http://tsa.example:318"), of("tsa.example", 318, "/"));
        assert_eq!(parts("http://[::1]:318/a"), of("[::1]", 318, "/a"));
        for bad in ["", "tsa.example", "http://", "http://a:b", "http://a b/", "http://a/\r\nX: y", "http://u@h/", "ftp://a"] {
            assert!(matches!(Address::parse(bad), Err(TsaError::Address(_))), "{bad:?}");
        }
        assert!(matches!(Address::parse("https://a/"), Err(TsaError::Https(_))));
    }
}
