//! The world over HTTP: keep-alive, a delay, CloudTrail's rate limit, and a count of what was asked.
//!
//! One thread a connection: it reads, sleeps and writes, and nothing else, so that the clients are what is measured.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::process;
use super::world::{Call, Reply, World};

/// CloudTrail's calls a second in an account and Region.
const CLOUDTRAIL_RATE: f64 = 10.0;

pub(crate) struct Server {
    world: World,
    latency_us: AtomicU64,
    requests: AtomicUsize,
    throttled: AtomicUsize,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
    is_logging: AtomicBool,
    /// Every request as it came, one after the other.
    log: Mutex<Vec<Vec<u8>>>,
    /// Account and Region -> tokens, and when they were counted.
    buckets: Mutex<HashMap<String, (f64, Instant)>>,
}

/// Serves on a free port, which it prints, until standard input ends.
pub(crate) fn serve(world: World) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("an address").port());
    let server = Arc::new(Server {
        world,
        latency_us: AtomicU64::new(0),
        requests: AtomicUsize::new(0),
        throttled: AtomicUsize::new(0),
        in_flight: AtomicUsize::new(0),
        peak: AtomicUsize::new(0),
        is_logging: AtomicBool::new(false),
        log: Mutex::default(),
        buckets: Mutex::default(),
    });
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let server = server.clone();
            let builder = std::thread::Builder::new().stack_size(256 * 1024);
            builder.spawn(move || server.connection(stream)).expect("a thread");
        }
    });
    // Whoever started the server holds the other end: when it is gone, so is the server.
    let mut line = String::new();
    while std::io::stdin().read_line(&mut line).is_ok_and(|n| n > 0) {}
}

impl Server {
    fn connection(&self, mut stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let mut buffer = Vec::with_capacity(8192);
        while let Some((head, end)) = read_message(&mut stream, &mut buffer) {
            let arrived = Instant::now();
            let request: Vec<u8> = buffer.drain(..end).collect();
            let is_admin = request.starts_with(b"GET /_bench/");
            let (status, headers, body) = match is_admin {
                true => self.admin(&request),
                false => self.answer(&request, head),
            };
            let is_head = request.starts_with(b"HEAD ");
            let length = if is_head { 0 } else { body.len() };
            let mut reply =
                format!("HTTP/1.1 {status} X\r\n{headers}x-amzn-requestid: bench\r\ncontent-length: {length}\r\n\r\n")
                    .into_bytes();
            if !is_head {
                reply.extend_from_slice(&body);
            }
            if !is_admin {
                let until = Duration::from_micros(self.latency_us.load(Relaxed));
                std::thread::sleep(until.saturating_sub(arrived.elapsed()));
                self.in_flight.fetch_sub(1, Relaxed);
            }
            if stream.write_all(&reply).is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &[u8], head: usize) -> Reply {
        self.requests.fetch_add(1, Relaxed);
        self.peak.fetch_max(self.in_flight.fetch_add(1, Relaxed) + 1, Relaxed);
        if self.is_logging.load(Relaxed) {
            self.log.lock().expect("the log").push(request.to_vec());
        }
        let text = String::from_utf8_lossy(request);
        let Some(asked) = Asked::read(&text, head) else { return (400, "", "{}".into()) };
        if asked.call.service == "cloudtrail" && !self.admits(asked.call.account, asked.region) {
            self.throttled.fetch_add(1, Relaxed);
            return (400, "", "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}".into());
        }
        self.world.answer(&asked.call)
    }

    fn admits(&self, account: &str, region: &str) -> bool {
        let mut buckets = self.buckets.lock().expect("the buckets");
        let now = Instant::now();
        let (tokens, counted) = buckets.entry(format!("{account}/{region}")).or_insert((CLOUDTRAIL_RATE, now));
        *tokens = (*tokens + now.duration_since(*counted).as_secs_f64() * CLOUDTRAIL_RATE).min(CLOUDTRAIL_RATE);
        *counted = now;
        let is_admitted = *tokens >= 1.0;
        if is_admitted {
            *tokens -= 1.0;
        }
        is_admitted
    }

    /// `/_bench/start/MICROSECONDS/LOG` begins a measurement, `/_bench/end` tells of it, `/_bench/log` gives the log out.
    fn admin(&self, request: &[u8]) -> Reply {
        let text = String::from_utf8_lossy(request);
        let path: Vec<&str> = text.split(' ').nth(1).unwrap_or_default().split('/').collect();
        let body = match path.as_slice() {
            [_, _, "start", latency, log] => {
                self.latency_us.store(latency.parse().expect("microseconds"), Relaxed);
                self.is_logging.store(*log == "1", Relaxed);
                self.requests.store(0, Relaxed);
                self.throttled.store(0, Relaxed);
                self.peak.store(0, Relaxed);
                self.buckets.lock().expect("the buckets").clear();
                Vec::new()
            }
            [_, _, "end"] => {
                let of = |count: &AtomicUsize| count.load(Relaxed);
                format!(
                    "requests={} throttled={} peak={} {}",
                    of(&self.requests),
                    of(&self.throttled),
                    of(&self.peak),
                    process::usage()
                )
                .into_bytes()
            }
            [_, _, "log"] => {
                let log = std::mem::take(&mut *self.log.lock().expect("the log"));
                log.iter().flat_map(|request| [format!("{}\n", request.len()).as_bytes(), request].concat()).collect()
            }
            _ => Vec::new(),
        };
        (200, "", body)
    }
}

/// Reads one message with its body into the buffer; tells where its head and where it ends.
pub(crate) fn read_message(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(usize, usize)> {
    let mut chunk = [0; 16384];
    let mut head = None;
    loop {
        if head.is_none()
            && let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n")
        {
            let text = String::from_utf8_lossy(&buffer[..at]);
            let length = header(&text, "content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
            head = Some((at + 4, at + 4 + length));
        }
        if let Some((head, end)) = head
            && buffer.len() >= end
        {
            return Some((head, end));
        }
        let n = stream.read(&mut chunk).ok().filter(|n| *n > 0)?;
        buffer.extend_from_slice(&chunk[..n]);
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim()))
}

struct Asked<'a> {
    region: &'a str,
    call: Call<'a>,
}

impl<'a> Asked<'a> {
    /// Who asks stands in the access key, where and whom in the scope of the signature.
    fn read(text: &'a str, head: usize) -> Option<Self> {
        let (head, body) = text.split_at_checked(head)?;
        let mut line = head.lines().next()?.split(' ');
        let (method, path) = (line.next()?, line.next()?);
        let mut scope = header(head, "authorization")?.split("Credential=").nth(1)?.split('/');
        let account = scope.next()?.get(4..)?;
        let (region, service) = (scope.nth(1)?, scope.next()?);
        let (service, operation) = match header(head, "x-amz-target") {
            Some(target) => (service, target.rsplit('.').next()?),
            None if body.starts_with("Action=") => (service, body[7..].split('&').next()?),
            None if path.contains("/v20180820/") => ("s3control", "GetPublicAccessBlock"),
            None if service == "s3" => ("s3", s3_operation(method, path)),
            None if service == "monitoring" => ("cloudwatch", path.rsplit('/').next()?),
            None => (service, ""),
        };
        Some(Asked { region, call: Call { account, service, operation, path, body } })
    }
}

fn s3_operation(method: &str, path: &str) -> &'static str {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    if method == "HEAD" {
        return "HeadBucket";
    }
    if path == "/" {
        return "ListBuckets";
    }
    let has = |name: &str| query.split('&').any(|q| q.split('=').next() == Some(name));
    let table = [
        ("versioning", "GetBucketVersioning"),
        ("encryption", "GetBucketEncryption"),
        ("publicAccessBlock", "GetPublicAccessBlock"),
        ("policyStatus", "GetBucketPolicyStatus"),
        ("policy", "GetBucketPolicy"),
        ("acl", "GetBucketAcl"),
        ("ownershipControls", "GetBucketOwnershipControls"),
        ("logging", "GetBucketLogging"),
        ("object-lock", "GetObjectLockConfiguration"),
        ("lifecycle", "GetBucketLifecycleConfiguration"),
        ("replication", "GetBucketReplication"),
        ("tagging", "GetBucketTagging"),
        ("list-type", "ListObjectsV2"),
    ];
    table.iter().find(|(q, _)| has(q)).map_or("Unknown", |(_, name)| name)
}
