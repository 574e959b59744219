//! `granary-agent rotate-key`.
//!
//! What the old key signed is refused once the new one is in force, so everything that waits must be answered first. The
//! spool's lock is held meanwhile, so that no agent signs with the old key.

use std::time::Duration;

use granary_core::{
    digest::Digest,
    envelope::Suite,
    text::{Bilingual, Language},
};

use crate::cli::{Ended, not_now, out};
use crate::identity::{Identity, grouped};
use crate::rotate::{self, RotateError};
use crate::run::{self, now_ms};
use crate::settings::Settings;
use crate::spool::OpenError;
use crate::tls;
use crate::waiting::WaitingFolder;

pub(super) const HELP: &str = "Examples (示例):
  granary-agent rotate-key --dir /srv/granary
  granary-agent rotate-key --suite sm2 --dir /srv/granary

The old key signs the new one in; the city's operator is not needed. What was reported stays valid. Stop the running agent
first, and let it send everything: what the old key signed is refused afterwards. Cut off in the middle? Repeat.
Exit status: 0 the new key is in force, 3 refused (the old key stays), 4 not possible now.";

/// What is asked for.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The new key's suite: ed25519 or sm2; otherwise that of the old key (新密钥的签名算法)
    #[arg(long, value_parser = ["ed25519", "sm2"])]
    suite: Option<String>,
}

/// Rotates the key.
pub(super) async fn rotate(settings: &Settings, arguments: &Arguments) -> Result<Ended, Ended> {
    let identity =
        Identity::load_while_rotating(&settings.identity).map_err(|error| not_now(&error))?;
    let _lock = idle(settings).await?;
    let suite = arguments.suite.as_deref().and_then(Suite::parse);
    let suite = suite.unwrap_or_else(|| identity.signing.suite());
    let channel = tls::enrolled_channel(&settings.server, &identity, &settings.link)
        .map_err(|error| not_now(&error))?;
    let rotated = rotate::rotate(channel, &settings.identity, &identity, suite, now_ms()).await;
    match rotated {
        Ok(done) => {
            let show =
                |id: granary_core::envelope::KeyId| grouped(&Digest::from_bytes(*id.as_bytes()));
            let (old, new) = (show(done.old), show(done.new));
            out::line(&match settings.language {
                Language::Zh => format!(
                    "密钥已更换，已记入市局账本，回执已验证。\n  旧密钥  {old}\n  新密钥  {new}\n请与市局电话核对新密钥。"
                ),
                Language::En => format!(
                    "The key is replaced, which is in the city's journal, and the receipt holds.\n  old key  {old}\n  new key  {new}\nCompare the new key with the city by telephone."
                ),
            });
            Ok(Ended::Done)
        }
        Err(RotateError::Refused(message)) => {
            let words = refused(&message);
            out::complain(words.get(settings.language));
            Ok(Ended::Refused)
        }
        Err(error) => Err(Ended::NotNow(words(&error))),
    }
}

/// The spool, locked and empty.
async fn idle(settings: &Settings) -> Result<crate::spool::Spool<crate::durable::OsDisk>, Ended> {
    let spool = match run::open_spool(settings, Duration::ZERO).await {
        Ok(spool) => spool,
        Err(OpenError::Locked { .. }) => {
            return Err(Ended::NotNow(Bilingual::new(
                "采集端正在运行。请先停止它，再更换密钥",
                "an agent is running: stop it first, then rotate the key",
            )));
        }
        Err(error) => return Err(not_now(&error)),
    };
    let waiting = WaitingFolder::under(&settings.root)
        .files()
        .map_err(|error| not_now(&error))?
        .len();
    let pending = spool.status().pending_records;
    if pending == 0 && waiting == 0 {
        return Ok(spool);
    }
    Err(Ended::NotNow(Bilingual::new(
        format!(
            "还有 {pending} 份待回执、{waiting} 份待签名的报送，它们由旧密钥签名，更换后会被拒收。请先运行采集端，等全部办结"
        ),
        format!(
            "{pending} statements wait for their receipts and {waiting} for signatures; the old key signed them, and they would be refused afterwards. Let the agent run until all are answered"
        ),
    )))
}

fn refused(message: &Bilingual) -> Bilingual {
    Bilingual::new(
        format!("市局不同意更换，旧密钥仍然有效：{}", message.zh),
        format!(
            "the city refused the rotation, and the old key stays: {}",
            message.en
        ),
    )
}

fn words(error: &RotateError) -> Bilingual {
    let zh = match error {
        RotateError::Io(error) => format!("身份文件无法写入：{error}"),
        RotateError::Identity(error) => format!("已有的密钥不能用：{error}"),
        RotateError::Key(error) => format!("无法生成新密钥：{error}"),
        RotateError::Request => {
            "已开始的更换请求已损坏：请用备份恢复身份文件夹，或向市局申请新的登记码".to_owned()
        }
        RotateError::Unreachable(error) => {
            format!("连不上市局。请重试，仍用同一把新密钥：{error}")
        }
        RotateError::Refused(message) => return refused(message),
        RotateError::Answer(error) => {
            format!("市局的答复不可信（{error}）。请联系市局后重试")
        }
    };
    Bilingual::new(zh, error.to_string())
}
