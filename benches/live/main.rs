//! What reading many live accounts costs, next to the floor: the same requests sent by a client that does nothing else.
//!
//! ```text
//! cargo bench --bench live                       200 accounts, 17 Regions, answers after 20 ms and after 80 ms
//! cargo bench --bench live -- ACCOUNTS REGIONS MILLISECONDS...
//! ```
//!
//! A server of the bench's own plays AWS on loopback, in a process of its own, with CloudTrail's limit of ten calls a second
//! in an account and Region. The scan, the floor and the server share the machine's cores: `floor, no delay` tells the most
//! that the server can do. Only the ratios of one run can be compared between machines.

#![expect(clippy::print_stdout, reason = "a bench prints")]
#![cfg_attr(feature = "aws", expect(clippy::expect_used, reason = "a bench stops where it cannot measure"))]

#[cfg(feature = "aws")]
mod floor;
#[cfg(feature = "aws")]
mod process;
#[cfg(feature = "aws")]
mod scan;
#[cfg(feature = "aws")]
mod server;
#[cfg(feature = "aws")]
mod world;

#[cfg(not(feature = "aws"))]
fn main() {
    println!("live accounts are read with the feature `aws`");
}

#[cfg(feature = "aws")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number = |at: usize| arguments.get(at).map(|text| text.parse::<usize>().expect("a number"));
    match arguments.first().map(String::as_str) {
        Some("serve") => server::serve(world::World::new(number(1).expect("accounts"), number(2).expect("Regions"))),
        Some("scan") => scan::run(number(1).expect("a port")),
        Some("floor") => {
            let port = u16::try_from(number(1).expect("a port")).expect("a port");
            let log = std::fs::read(&arguments[2]).expect("the log");
            let wall = floor::run(port, &log);
            println!("wall={:.3} {}", wall.as_secs_f64(), process::usage());
        }
        _ => {
            let delays = arguments.iter().skip(2).map(|text| text.parse().expect("milliseconds")).collect::<Vec<u64>>();
            let delays = if delays.is_empty() { vec![20, 80] } else { delays };
            scan::compare(number(0).unwrap_or(200), number(1).unwrap_or(17), &delays);
        }
    }
}
