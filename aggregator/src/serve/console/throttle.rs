//! Failed sign-ins are slowed down: each further one of the same login from the same address, of the same address, or of the same login makes
//! the next wait twice as long. Nothing is locked for good, so nobody can lock somebody else out for longer than [`WAIT_MS_MAX`].

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// The longest wait, in milliseconds.
pub(super) const WAIT_MS_MAX: i64 = 15 * 60_000;
/// The first wait, in milliseconds.
const WAIT_MS_FIRST: i64 = 2_000;
/// After so long without a failure nothing is remembered, in milliseconds.
const FORGET_MS: i64 = 3_600_000;
/// How many are remembered.
const REMEMBERED_MAX: usize = 20_000;
/// Failures that are free: of a login from one address, of an address, of a login from anywhere.
const FREE: [u32; 3] = [4, 30, 100];

/// What is remembered of one.
#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last_ms: i64,
    until_ms: i64,
}

/// The failures that are remembered.
#[derive(Debug, Default)]
pub(in crate::serve) struct Throttle(Mutex<BTreeMap<String, Failures>>);

impl Throttle {
    /// How long somebody has to wait, in milliseconds; 0 where not.
    pub(in crate::serve) fn wait_ms(&self, login: &str, from: IpAddr, now_ms: i64) -> i64 {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = keys(login, from)
            .iter()
            .filter_map(|key| known.get(key))
            .map(|one| one.until_ms)
            .max();
        until.map_or(0, |until| (until - now_ms).max(0))
    }

    /// Remembers a failure.
    pub(in crate::serve) fn failed(&self, login: &str, from: IpAddr, now_ms: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, one| now_ms - one.last_ms < FORGET_MS);
        for (key, free) in keys(login, from).into_iter().zip(FREE) {
            if known.len() >= REMEMBERED_MAX && !known.contains_key(&key) {
                let oldest = known.iter().min_by_key(|(_, one)| one.last_ms);
                if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                    known.remove(&oldest);
                }
            }
            let one = known.entry(key).or_insert(Failures {
                count: 0,
                last_ms: now_ms,
                until_ms: 0,
            });
            one.count = one.count.saturating_add(1);
            one.last_ms = now_ms;
            if let Some(beyond) = one.count.checked_sub(free + 1) {
                let wait = WAIT_MS_FIRST << beyond.min(20);
                one.until_ms = now_ms + wait.min(WAIT_MS_MAX);
            }
        }
    }

    /// Forgets the failures of a login from an address: it has signed in.
    pub(super) fn succeeded(&self, login: &str, from: IpAddr) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [pair, ..] = keys(login, from);
        known.remove(&pair);
    }
}

fn keys(login: &str, from: IpAddr) -> [String; 3] {
    // What is no login is not remembered at its full length.
    let login: String = login.chars().take(32).collect();
    [format!("{login} {from}"), format!("@{from}"), login]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

    #[test]
    fn each_failure_beyond_the_free_ones_doubles_the_wait() {
        let throttle = Throttle::default();
        for _ in 0..4 {
            throttle.failed("wang", HERE, 0);
        }
        assert_eq!(throttle.wait_ms("wang", HERE, 0), 0);
        throttle.failed("wang", HERE, 0);
        assert_eq!(throttle.wait_ms("wang", HERE, 0), 2_000);
        throttle.failed("wang", HERE, 2_000);
        assert_eq!(throttle.wait_ms("wang", HERE, 2_000), 4_000);
        assert_eq!(
            throttle.wait_ms("wang", THERE, 0),
            0,
            "from elsewhere it goes on"
        );
        for _ in 0..40 {
            throttle.failed("wang", HERE, 2_000);
        }
        assert_eq!(throttle.wait_ms("wang", HERE, 2_000), WAIT_MS_MAX);
        assert!(
            throttle.wait_ms("li", HERE, 2_000) > 0,
            "the address itself"
        );
        throttle.failed("li", THERE, 2_000 + FORGET_MS);
        assert_eq!(throttle.wait_ms("wang", HERE, 0), 0, "forgotten");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let throttle = Throttle::default();
        for at in 0..(REMEMBERED_MAX as i64) {
            throttle.failed(&format!("login-{at}"), HERE, at);
        }
        assert!(throttle.0.lock().unwrap().len() <= REMEMBERED_MAX);
    }
}
