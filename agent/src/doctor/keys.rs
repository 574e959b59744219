//! The doctor's look at keys and certificate.

use std::fs;
use std::path::Path;

use super::{Finding, Level};
use crate::certificate::Certificate;
use crate::cli::out::instant;
use crate::identity::{Identity, IdentityError};
use crate::platform;
use crate::settings::Settings;

const IDENTITY: (&str, &str) = ("身份", "identity");
const PERMISSIONS: (&str, &str) = ("密钥权限", "key permissions");
const MATCH: (&str, &str) = ("密钥与证书", "keys and certificate");
const EXPIRY: (&str, &str) = ("证书期限", "certificate expiry");
/// From this many days before the end on, a certificate that has not renewed itself is worth a look.
const WARN_DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;

pub(super) fn unusable(error: &IdentityError) -> Finding {
    let zh = match error {
        IdentityError::NotEnrolled(_) => "尚未登记：请运行 granary-agent enrol".to_owned(),
        IdentityError::Rotating(_) => {
            "更换密钥尚未完成：请再运行一次 granary-agent rotate-key".to_owned()
        }
        IdentityError::Unusable { path, reason } => {
            format!(
                "{} 不能用（{reason}）：请从备份恢复，或在新文件夹重新登记",
                path.display()
            )
        }
    };
    Finding::new(Level::Fail, IDENTITY, (zh, error.to_string()))
}

/// Every file in the folder must be its owner's alone.
pub(super) fn private(folder: &Path) -> Finding {
    let open = |entry: &fs::DirEntry| platform::others_can_read(&entry.path()).unwrap_or(false);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(open)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let keep = platform::how_to_keep_private(folder);
    let (names, folder) = (names.join(", "), folder.display());
    if names.is_empty() {
        let says = (
            format!("{folder} 中的文件只有所有者能读"),
            format!("only their owner can read the files in {folder}"),
        );
        return Finding::new(Level::Ok, PERMISSIONS, says);
    }
    let says = (
        format!(
            "本机其他用户能读 {names}，可能已被复制。请执行 {keep}；若有疑问，执行 granary-agent rotate-key 更换密钥"
        ),
        format!(
            "other users of this machine can read {names}, and may have copied them: {keep}, and where in doubt, granary-agent rotate-key"
        ),
    );
    Finding::new(Level::Fail, PERMISSIONS, says)
}

pub(super) fn unit(settings: &Settings, identity: &Identity) -> Finding {
    let certificate = Certificate::from_pem(&identity.certificate_pem);
    let (set, enrolled) = (&settings.unit, &identity.unit);
    let certified = match &certificate {
        Err(error) => {
            let says = (
                format!("tls.crt 已损坏（{error}）：请从备份恢复"),
                format!("tls.crt is damaged ({error}): restore it from a copy"),
            );
            return Finding::new(Level::Fail, MATCH, says);
        }
        Ok(certificate) if !certificate.is_of(&identity.tls_key_pem) => {
            let says = (
                "tls.key 不是 tls.crt 的密钥：请从同一份备份恢复这两个文件".to_owned(),
                "tls.key is not the key of tls.crt: restore both from the same copy".to_owned(),
            );
            return Finding::new(Level::Fail, MATCH, says);
        }
        Ok(certificate) => certificate.unit.as_deref().unwrap_or("?"),
    };
    if set == enrolled && certified == enrolled.as_str() {
        let says = (
            format!("相符，均属单位 {enrolled}"),
            format!("they belong together, and to unit {enrolled}"),
        );
        return Finding::new(Level::Ok, MATCH, says);
    }
    let says = (
        format!(
            "agent.toml 写的是单位 {set}，密钥登记的是 {enrolled}，证书属于 {certified}：请改正 agent.toml，或从备份恢复 identity 文件夹"
        ),
        format!(
            "agent.toml says unit {set}, the key is enrolled for {enrolled}, the certificate is of {certified}: correct agent.toml, or restore the folder identity from a copy"
        ),
    );
    Finding::new(Level::Fail, MATCH, says)
}

/// A damaged certificate is said elsewhere.
pub(super) fn certificate(
    identity: &Identity,
    now_ms: i64,
    settings: &Settings,
) -> Option<Finding> {
    let certificate = Certificate::from_pem(&identity.certificate_pem).ok()?;
    let until = instant(certificate.until_ms, &settings.time_zone);
    if certificate.is_expired(now_ms) {
        let says = (
            format!(
                "已于 {until} 到期，连不上市局；已入队的报送没有丢失。请运行 granary-agent run，程序会自动换发；若一小时后仍未恢复，请打电话告知市局"
            ),
            format!(
                "it ended on {until}, so the city cannot be reached; what is spooled is not lost. Let granary-agent run: it fetches a new one by itself. Where that has not helped within an hour, ring the city's office"
            ),
        );
        return Some(Finding::new(Level::Fail, EXPIRY, says));
    }
    if now_ms < certificate.from_ms {
        let from = instant(certificate.from_ms, &settings.time_zone);
        let says = (
            format!("自 {from} 起才有效：多半是本机时钟慢了，请校准"),
            format!("it holds from {from} only: this computer's clock is probably slow, set it"),
        );
        return Some(Finding::new(Level::Fail, EXPIRY, says));
    }
    let days = certificate.until_ms.saturating_sub(now_ms) / DAY_MS;
    if days < WARN_DAYS && now_ms >= certificate.renew_from_ms() {
        let says = (
            format!(
                "{until} 到期，还有 {days} 天，却尚未自动换发。请让 granary-agent run 联网运行一小时；仍未换发请打电话告知市局"
            ),
            format!(
                "it ends on {until}, in {days} days, and has not renewed itself: let granary-agent run with a connection for an hour; where that does not help, ring the city's office"
            ),
        );
        return Some(Finding::new(Level::Warn, EXPIRY, says));
    }
    let says = (
        format!("有效至 {until}，到期前自动换发"),
        format!("it holds until {until} and renews itself before"),
    );
    Some(Finding::new(Level::Ok, EXPIRY, says))
}
