//! `granary-agent sign`.
//!
//! Shows what a waiting statement says, and adds this key's signature over the same bytes. Nothing is sent: the agent whose
//! folder the file is in, or goes back to, sends it once all have signed. No settings are needed, only the identity.

use std::path::{Path, PathBuf};

use granary_core::{
    snapshot::Observation,
    text::{Bilingual, Language},
};

use crate::cli::{Ended, not_now, out};
use crate::identity::Identity;
use crate::waiting::Waiting;

pub(super) const HELP: &str = "Examples (示例):
  granary-agent sign waiting/520100.quarterly-accounts.2021-Q3.0f3a1b2c.granary --dir /srv/granary-head
  granary-agent sign 520100.quarterly-accounts.2021-Q3.0f3a1b2c.granary --show --dir /srv/granary-head

For whoever has to sign beside the agent, with a key of their own in --dir (granary-agent enrol with a token for that role).
On another computer: copy the file there, sign it, copy it back into the folder waiting. The agent sends it when all have signed.
Exit status: 0 signed, also where it was signed before; 4 not possible now.";

/// What is asked for.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The file from the folder waiting (waiting 文件夹中的文件)
    file: PathBuf,
    /// Only show what it says and who has signed (只看内容，不签名)
    #[arg(long)]
    show: bool,
}

/// Signs a waiting statement.
pub(super) fn sign(dir: &Path, arguments: &Arguments, language: Language) -> Result<Ended, Ended> {
    let mut waiting = Waiting::read(&arguments.file).map_err(|error| not_now(&error))?;
    let say = |words: &Bilingual| out::line(words.get(language));
    show(&waiting, &say);
    if arguments.show {
        signers(&waiting, &say);
        return Ok(Ended::Done);
    }
    let identity = Identity::load(&dir.join("identity")).map_err(|error| not_now(&error))?;
    let unit = &waiting.snapshot().slot.unit;
    if *unit != identity.unit {
        return Err(Ended::NotNow(Bilingual::new(
            format!(
                "这是单位 {unit} 的报送，本密钥属于单位 {}，不能签名",
                identity.unit
            ),
            format!(
                "this is a statement of unit {unit}, and this key is of unit {}: it cannot sign it",
                identity.unit
            ),
        )));
    }
    let added = waiting
        .sign(&identity.signing, identity.role)
        .map_err(|error| not_now(&error))?;
    if added {
        waiting
            .write(&arguments.file)
            .map_err(|error| not_now(&error))?;
    }
    let role = identity.role.name();
    say(&if added {
        Bilingual::new(
            format!("已签名（{}）", role.zh),
            format!("Signed as {}", role.en),
        )
    } else {
        Bilingual::new(
            "本密钥早已签过，不重复计算",
            "This key had signed already; it counts once",
        )
    });
    signers(&waiting, &say);
    Ok(Ended::Done)
}

fn show(waiting: &Waiting, say: &impl Fn(&Bilingual)) {
    let snapshot = waiting.snapshot();
    let slot = &snapshot.slot;
    let (revision, digest) = (snapshot.revision, waiting.payload_sha256());
    say(&Bilingual::new(
        format!(
            "单位 {}，报表 {}，报告期 {}，第 {revision} 版\n内容 SHA-256 {digest}",
            slot.unit, slot.dataset, slot.period
        ),
        format!(
            "Unit {}, dataset {}, period {}, revision {revision}\nSHA-256 of the content {digest}",
            slot.unit, slot.dataset, slot.period
        ),
    ));
    for observation in &snapshot.observations {
        let line = figure(observation);
        say(&Bilingual::new(line.clone(), line));
    }
    for explanation in &snapshot.explanations {
        let (edit, text) = (&explanation.edit, &explanation.text);
        say(&Bilingual::new(
            format!("  说明 {edit}：{text}"),
            format!("  explanation of {edit}: {text}"),
        ));
    }
}

fn figure(observation: &Observation) -> String {
    let item = observation
        .item
        .as_ref()
        .map(|item| format!("[{item}]"))
        .unwrap_or_default();
    let value = observation
        .value
        .map_or_else(String::new, |value| value.to_string());
    let (indicator, status) = (&observation.indicator, observation.status.letter());
    format!("  {indicator}{item} = {value} ({status})")
}

fn signers(waiting: &Waiting, say: &impl Fn(&Bilingual)) {
    for (key, role) in waiting.signers() {
        let (id, role) = (key.key_id().short(), role.name());
        say(&Bilingual::new(
            format!("  已签：{}，密钥 {id}", role.zh),
            format!("  signed by {}, key {id}", role.en),
        ));
    }
}
