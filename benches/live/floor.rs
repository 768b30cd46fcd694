//! The floor: the same requests, byte for byte, over as many connections as the scan has calls in flight, and nothing else:
//! no signature is made, no answer is understood, and no call waits for another.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::server::read_message;

/// Calls in flight at a time, as in `src/aws/limits.rs`.
const IN_FLIGHT: usize = 96;

/// Sends every request once; tells how long that took.
pub(crate) fn run(port: u16, log: &[u8]) -> Duration {
    let requests = split(log);
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..IN_FLIGHT {
            scope.spawn(|| {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
                stream.set_nodelay(true).expect("a socket");
                let mut buffer = Vec::new();
                while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    stream.write_all(request).expect("the server reads");
                    let (_, end) = read_message(&mut stream, &mut buffer).expect("the server answers");
                    buffer.drain(..end);
                }
            });
        }
    });
    start.elapsed()
}

/// The requests of a log: the length of each on a line before it.
fn split(log: &[u8]) -> Vec<&[u8]> {
    let mut rest = log;
    let mut requests = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let length: usize = std::str::from_utf8(&rest[..end]).ok().and_then(|text| text.parse().ok()).expect("a length");
        let (request, after) = rest[end + 1..].split_at(length);
        requests.push(request);
        rest = after;
    }
    requests
}
