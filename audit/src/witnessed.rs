//! How a receipt or checkpoint stands under a policy (c2sp.org/tlog-policy): who has cosigned, whether that is enough,
//! and what follows. Pure: the instant is an argument.

use granary_core::{
    log::{Policy, Receipt, VerifierKey, Witnessed, policy::WitnessedError},
    text::{Bilingual, Language},
};
use serde_json::{Value, json};

use crate::{verify::Fault, words::Manner};

/// A policy, and how a checkpoint stands under it.
#[derive(Clone, Debug)]
pub struct Stand {
    policy: Policy,
    witnessed: Witnessed,
}

impl Stand {
    /// Judges a signed checkpoint; cosignatures later than `latest_s` (seconds since 1970-01-01 UTC) do not count.
    ///
    /// # Errors
    /// [`Fault`] where the checkpoint or a known witness's cosignature does not hold.
    pub fn of_checkpoint(
        note: &[u8],
        log_key: &VerifierKey,
        policy: &Policy,
        latest_s: u64,
    ) -> Result<Self, Fault> {
        let judged = policy.judge(note, log_key, latest_s);
        let witnessed = judged.map_err(|error| match error {
            WitnessedError::Checkpoint(error) => Fault::Checkpoint(error),
            WitnessedError::Cosignature(error) => Fault::Cosignature(error),
            WitnessedError::UnknownLog => Fault::UnknownLog,
        })?;
        Ok(Self {
            policy: policy.clone(),
            witnessed,
        })
    }

    /// The same for the checkpoint in a receipt.
    ///
    /// # Errors
    /// As [`Self::of_checkpoint`], and where the receipt is malformed.
    pub fn of_receipt(
        receipt: &[u8],
        log_key: &VerifierKey,
        policy: &Policy,
        latest_s: u64,
    ) -> Result<Self, Fault> {
        let text = std::str::from_utf8(receipt).map_err(|_| Fault::NotText)?;
        let receipt = Receipt::parse(text)?;
        Self::of_checkpoint(receipt.checkpoint.as_bytes(), log_key, policy, latest_s)
    }

    /// Whether the quorum is reached.
    #[must_use]
    pub const fn reached(&self) -> bool {
        self.witnessed.reached
    }

    /// The time by which the quorum was reached, in milliseconds since 1970-01-01 UTC, by the witnesses' clocks.
    #[must_use]
    pub fn reached_at_ms(&self) -> Option<i64> {
        let reached_s = self.policy.reached_at_s(&self.witnessed)?;
        i64::try_from(reached_s).ok()?.checked_mul(1_000)
    }

    /// The paragraph about the witnesses.
    #[must_use]
    pub fn text(&self, manner: &Manner) -> String {
        let mut text = self.headline(manner);
        for group in &self.witnessed.groups {
            let (name, has, of, needs) =
                (&group.name, group.witnessed, group.members, group.threshold);
            text.push_str(&match manner.language {
                Language::Zh => {
                    format!("  组 {name}：{of} 个成员中 {has} 个已见证，须 {needs} 个\n")
                }
                Language::En => format!("  group {name}: {has} of {of} members, {needs} needed\n"),
            });
        }
        for (at, cosigned) in &self.witnessed.counted {
            let (name, time) = (self.name(*at), instant(manner, cosigned.time_s));
            text.push_str(&match manner.language {
                Language::Zh => format!("  {name}：已联署，其时钟为 {time}\n"),
                Language::En => format!("  {name}: cosigned at {time} by its own clock\n"),
            });
        }
        for (at, cosigned) in &self.witnessed.ahead {
            let (name, time) = (self.name(*at), instant(manner, cosigned.time_s));
            text.push_str(&match manner.language {
                Language::Zh => format!("  {name}：联署时间 {time} 在未来，不计入（它的或本机的时钟有误）\n"),
                Language::En => format!("  {name}: its time {time} lies in the future and does not count (its clock or this one is wrong)\n"),
            });
        }
        let unknown = self.witnessed.unknown_lines;
        if unknown > 0 {
            text.push_str(&match manner.language {
                Language::Zh => format!("  另有 {unknown} 个签名，政策中没有其密钥，不计入\n"),
                Language::En => format!("  {unknown} signatures of keys that the policy does not know; they count for nothing\n"),
            });
        }
        text
    }

    fn headline(&self, manner: &Manner) -> String {
        let quorum = self.policy.quorum();
        match (self.reached_at_ms(), self.reached(), manner.language) {
            (Some(at_ms), true, Language::Zh) => format!(
                "已按政策见证（{quorum}）：这些见证方都核对过，日志到这一版只增不改；按其时钟，最迟 {} 已是如此。\n",
                manner.instant(at_ms)
            ),
            (Some(at_ms), true, Language::En) => format!(
                "It is witnessed as the policy asks ({quorum}): these witnesses have checked that the log only grew up to this head, and by their clocks it stood by {} at the latest.\n",
                manner.instant(at_ms)
            ),
            (None, true, Language::Zh) => "政策不要求见证（quorum none）。\n".to_owned(),
            (None, true, Language::En) => {
                "The policy asks for no witness (quorum none).\n".to_owned()
            }
            (_, false, Language::Zh) => format!("未按政策见证：没有达到 {quorum}。\n"),
            (_, false, Language::En) => {
                format!("It is not witnessed as the policy asks: {quorum} is not reached.\n")
            }
        }
    }

    /// What even so is not proved about who sees what.
    #[must_use]
    pub fn unproven(&self) -> Bilingual {
        if self.reached() && !self.policy.needs_no_witness() {
            return Bilingual::new(
                "市里给所有人看的是同一份日志，如果达到法定数的见证方与市里串通，或其密钥在市里手中",
                "that the city shows everybody the same log, should the witnesses of the quorum collude with it, or their keys be in its hands",
            );
        }
        Bilingual::new(
            "市里给所有人看的是同一份日志（见证没有达到政策的要求）",
            "that the city shows everybody the same log (it is not witnessed as the policy asks)",
        )
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let counted = self.witnessed.counted.iter().map(|(at, cosigned)| {
            json!({ "witness": self.name(*at), "key": cosigned.key.to_string(), "time_s": cosigned.time_s })
        });
        let ahead =
            self.witnessed.ahead.iter().map(
                |(at, cosigned)| json!({ "witness": self.name(*at), "time_s": cosigned.time_s }),
            );
        let groups = self.witnessed.groups.iter().map(|group| {
            json!({
                "group": group.name, "witnessed": group.witnessed,
                "threshold": group.threshold, "members": group.members,
            })
        });
        json!({
            "reached": self.reached(),
            "quorum": self.policy.quorum(),
            "reached_at_ms": self.reached_at_ms(),
            "counted": counted.collect::<Vec<_>>(),
            "ahead": ahead.collect::<Vec<_>>(),
            "groups": groups.collect::<Vec<_>>(),
            "unknown_signatures": self.witnessed.unknown_lines,
        })
    }

    fn name(&self, at: usize) -> &str {
        let witness = self.policy.witnesses().get(at);
        witness.map_or("", |witness| witness.name.as_str())
    }
}

fn instant(manner: &Manner, time_s: u64) -> String {
    let at_ms = i64::try_from(time_s)
        .unwrap_or(i64::MAX)
        .saturating_mul(1_000);
    manner.instant(at_ms)
}

#[cfg(test)]
mod tests;
