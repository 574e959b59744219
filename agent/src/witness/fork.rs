//! A log that shows two histories: the evidence, and what the clerk is told.
//!
//! ```text
//! state/witness/fork/seen.checkpoint     the signed head that was seen before
//! state/witness/fork/shown.checkpoint    the signed head that was shown now
//! state/witness/fork/proof.txt           the proof that was given and does not hold: `old N`, `new M`, then the hashes
//! state/witness/fork/fork.json           what was found, and when; written last
//! ROOT/停止报送-STOP.txt                  the same for the clerk, beside the inbox
//! ```
//! While `fork.json` stands, nothing is pushed to this log, also after a restart. The first evidence is never replaced.

use std::io;
use std::path::{Path, PathBuf};

use granary_core::{
    log::{Break, Hash},
    text::Bilingual,
};
use serde::{Deserialize, Serialize};

use super::book::Head;
use crate::durable::write_durably;

/// The clerk's notice, beside the folder `inbox`.
pub const NOTICE: &str = "停止报送-STOP.txt";
const FOUND: &str = "fork.json";

/// A fork that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fork {
    /// When, by this computer's clock, in milliseconds since 1970-01-01 UTC.
    pub found_at_ms: i64,
    /// The log.
    pub origin: String,
    /// Entries that were seen before.
    pub seen_size: u64,
    /// Entries that are shown now.
    pub shown_size: u64,
    /// What does not hold, in English, for whoever examines it.
    pub reason: String,
    /// Whether the two signed heads alone prove it to anybody.
    pub proven: bool,
}

/// The witness's folder under the state folder.
#[must_use]
pub fn folder_of(state: &Path) -> PathBuf {
    state.join("witness")
}

/// Where the evidence is.
#[must_use]
pub fn evidence_of(state: &Path) -> PathBuf {
    folder_of(state).join("fork")
}

impl Fork {
    /// The fork that was found before, where there is one. Evidence that cannot be read is evidence all the same.
    #[must_use]
    pub fn find(state: &Path) -> Option<Self> {
        let bytes = std::fs::read(evidence_of(state).join(FOUND)).ok()?;
        let unreadable = || Self {
            found_at_ms: 0,
            origin: String::new(),
            seen_size: 0,
            shown_size: 0,
            reason: format!("{FOUND} cannot be read"),
            proven: false,
        };
        Some(serde_json::from_slice(&bytes).unwrap_or_else(|_| unreadable()))
    }

    /// Keeps the evidence.
    ///
    /// # Errors
    /// Those of the disk; the caller stops pushing all the same.
    pub(super) fn record(
        state: &Path,
        (seen, shown): (&Head, &Head),
        proof: &[Hash],
        why: &Break,
        found_at_ms: i64,
    ) -> (Self, io::Result<()>) {
        let fork = Self {
            found_at_ms,
            origin: shown.checkpoint().origin().to_owned(),
            seen_size: seen.checkpoint().size(),
            shown_size: shown.checkpoint().size(),
            reason: why.to_string(),
            proven: matches!(why, Break::TwoRoots { .. }),
        };
        let written = fork.write(state, seen, shown, proof);
        (fork, written)
    }

    fn write(&self, state: &Path, seen: &Head, shown: &Head, proof: &[Hash]) -> io::Result<()> {
        let folder = evidence_of(state);
        if folder.join(FOUND).exists() {
            return Ok(());
        }
        std::fs::create_dir_all(&folder)?;
        write_durably(&folder.join("seen.checkpoint"), seen.note().as_bytes())?;
        write_durably(&folder.join("shown.checkpoint"), shown.note().as_bytes())?;
        let mut text = format!("old {}\nnew {}\n", self.seen_size, self.shown_size);
        for hash in proof {
            text.extend([hash.to_base64().as_str(), "\n"]);
        }
        write_durably(&folder.join("proof.txt"), text.as_bytes())?;
        let found = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        write_durably(&folder.join(FOUND), &found)
    }

    /// Puts the notice beside the inbox.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn tell(&self, root: &Path, state: &Path) -> io::Result<()> {
        let Bilingual { zh, en } = self.words(state);
        write_durably(&root.join(NOTICE), format!("{zh}\n\n{en}\n").as_bytes())
    }

    /// What the clerk is told: what happened, whom to ring, what not to do.
    #[must_use]
    pub fn words(&self, state: &Path) -> Bilingual {
        let evidence = evidence_of(state).display().to_string();
        let (seen, shown) = (self.seen_size, self.shown_size);
        let (zh_what, en_what) = if self.proven {
            (
                format!("市局对同一日志的 {seen} 条记录签出了两个不同的版本"),
                format!("the city has signed two different versions of the same {seen} entries"),
            )
        } else {
            (
                format!(
                    "本单位先前见过 {seen} 条记录的日志，市局现在出示的 {shown} 条不是它的延续"
                ),
                format!(
                    "this office has seen a log of {seen} entries, and the {shown} that the city shows now do not continue it"
                ),
            )
        };
        Bilingual::new(
            format!(
                "停止报送：市局的日志出现了两种历史。{zh_what}。本机已停止向市局推送，数据都保存在本机，不会丢失。\n\
                 请这样做：（1）打电话给市统计局的业务负责人，再打给省统计局或审计部门，告诉他们“日志出现分叉”；\
                 （2）把文件夹 {evidence} 复制一份交给审计部门：其中 seen.checkpoint 是本单位先前见到的检查点，shown.checkpoint 是市局现在出示的，都有市局的签名，可在任何电脑上核验；（3）若有截止时间，请按市局书面通知的办法报送并留底。\n\
                 请不要：删除或移动任何文件；重新登记（enrol）或重装程序；按口头要求“清空后再试”。"
            ),
            format!(
                "Stop reporting: the city's log shows two histories; {en_what}. Nothing more is pushed to the city. Your figures are kept here and are not lost.\n\
                 Do this: (1) ring the head of the city's statistics office, then the province's statistics bureau or the auditors, and say \
                 \"the log has forked\"; (2) give the auditors a copy of the folder {evidence}: seen.checkpoint is the head of the log that this office saw before, shown.checkpoint the one that is \
                 shown now, both signed by the city, and both can be checked on any computer; \
                 (3) where a deadline is near, report as the city tells you in writing, and keep a copy.\n\
                 Do not: delete or move files; enrol again or reinstall; \"clear it and try again\" because somebody says so."
            ),
        )
    }
}
