//! How fast AWS is asked: a bound on calls in flight, and a rate for each service and Region.
//!
//! The audited account shares its API limits with the people who work in it. The rates stay below AWS's documented
//! defaults, for example ten calls a second for most of CloudTrail. Retries are the SDK's, and are not counted here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Calls in flight over all accounts of a run.
const IN_FLIGHT: usize = 96;

/// Calls a second, and how many may start at once after a rest.
fn rate(service: &str) -> f64 {
    match service {
        "cloudtrail" | "cloudwatch" => 8.0,
        "logs" => 5.0,
        "s3" | "kms" => 50.0,
        _ => 20.0,
    }
}

#[derive(Debug)]
pub(super) struct Limits {
    in_flight: Arc<Semaphore>,
    /// (service, Region) -> when its bucket is full again.
    full_at: Mutex<BTreeMap<(&'static str, String), Instant>>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { in_flight: Arc::new(Semaphore::new(IN_FLIGHT)), full_at: Mutex::default() }
    }
}

impl Limits {
    /// The limits of another account: rates of its own, and the same bound on calls in flight.
    pub(super) fn beside(&self) -> Self {
        Limits { in_flight: self.in_flight.clone(), full_at: Mutex::default() }
    }

    /// Waits until a call to the service may start; the call is in flight until the permit is dropped.
    pub(super) async fn admit(&self, service: &'static str, region: &str) -> SemaphorePermit<'_> {
        let wait = self.reserve(service, region, Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        self.in_flight.acquire().await.expect("the semaphore is never closed")
    }

    /// Takes one token of the bucket, and tells how long until it may be spent.
    fn reserve(&self, service: &'static str, region: &str, now: Instant) -> Duration {
        let rate = rate(service);
        let interval = Duration::from_secs_f64(1.0 / rate);
        let burst = Duration::from_secs_f64((rate - 1.0) / rate);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = full_at.entry((service, region.to_string())).or_insert(now);
        let from = (*slot).max(now);
        *slot = from + interval;
        from.saturating_duration_since(now + burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let limits = Limits::default();
        let now = Instant::now();
        let waits: Vec<_> = (0..24).map(|_| limits.reserve("cloudtrail", "eu-west-1", now)).collect();
        assert!(waits[..8].iter().all(Duration::is_zero), "{waits:?}");
        assert!((waits[8].as_secs_f64() - 0.125).abs() < 0.001, "{waits:?}");
        assert!((waits[23].as_secs_f64() - 2.0).abs() < 0.001, "{waits:?}");
    }

    #[test]
    fn regions_and_services_do_not_share_a_bucket() {
        let limits = Limits::default();
        let now = Instant::now();
        for _ in 0..8 {
            limits.reserve("cloudtrail", "eu-west-1", now);
        }
        assert!(limits.reserve("cloudtrail", "us-east-1", now).is_zero());
        assert!(limits.reserve("kms", "eu-west-1", now).is_zero());
        assert!(!limits.reserve("cloudtrail", "eu-west-1", now).is_zero());
    }
}
