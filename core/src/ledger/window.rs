//! The window of a slot: before it opens and after it locks nothing is taken.
//!
//! The city's admission and the county's preflight ask the same question, so that a clerk reads the same dates at once. Only
//! the city knows the extensions of a slot: after a lock an extension opens it again until the extended deadline, and the
//! grace that belongs to it, are over. An extension never shortens what an earlier one gave, so what was admitted under an
//! older registry is admitted under every newer one.

use crate::{
    catalogue::{Dataset, Deadline, say},
    period::Period,
    text::Bilingual,
};

/// Why nothing is taken for a slot now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It opens at this instant, in milliseconds since 1970-01-01 UTC.
    NotOpen(i64),
    /// It has been locked since this instant.
    Locked(i64),
}

/// Whether the window of a period is closed at `now_ms`, where the furthest extension of the slot moved its deadline to
/// `extended_to_ms`. Both ends are within the window; a period that is not reported has none.
#[must_use]
pub fn closed(
    dataset: &Dataset,
    period: Period,
    extended_to_ms: Option<i64>,
    now_ms: i64,
) -> Option<Closed> {
    if !dataset.covers(period) {
        return None;
    }
    let terms = dataset.terms(period);
    let opens = terms.opens().and_then(|opens| opens.at_ms(period));
    if let Some(opens_at_ms) = opens.filter(|opens| now_ms < *opens) {
        return Some(Closed::NotOpen(opens_at_ms));
    }
    let locks = terms.locks_at_ms(period, extended_to_ms);
    locks.filter(|locks| *locks < now_ms).map(Closed::Locked)
}

impl Closed {
    /// What is the matter, with the date in the zone of the rule.
    #[must_use]
    pub fn message(self, dataset: &Dataset, period: Period) -> Bilingual {
        let terms = dataset.terms(period);
        let local = |rule: Option<&Deadline>, at_ms| rule.unwrap_or(terms.deadline()).local(at_ms);
        let Bilingual { zh, en } = dataset.name();
        match self {
            Self::NotOpen(opens_at_ms) => {
                let at = local(terms.opens(), opens_at_ms);
                say!(
                    "“{zh}”{period} 自 {at} 起才接收报送",
                    "{en} for {period} is taken from {at} on"
                )
            }
            Self::Locked(since_ms) => {
                let at = local(terms.locks(), since_ms);
                say!(
                    "“{zh}”{period} 已于 {at} 锁定，不再接收报送",
                    "{en} for {period} has been locked since {at} and is not taken any more"
                )
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(self) -> Bilingual {
        match self {
            Self::NotOpen(_) => Bilingual::new(
                "届时再报；代理程序会自动重试",
                "hand it in then; the agent tries again by itself",
            ),
            Self::Locked(_) => Bilingual::new(
                "确需补报或修订的，请向市级运维申请延期，批准后再报一次",
                "if it must still be reported or revised, ask the city's operations for an extension, then submit again",
            ),
        }
    }
}
