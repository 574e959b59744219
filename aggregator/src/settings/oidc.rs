//! `[oidc]`: signing in to the console at the house's own OpenID Connect provider.
//!
//! Key `issuer` of the table is written `GRANARY_OIDC_ISSUER` in the environment. There are no flags: what is here is set once, and the
//! client's secret must not stand where `ps` shows it.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use granary_core::text::Bilingual;
use hyper::Uri;

use super::reader::Reader;
use crate::notices::settings::Secret;

/// The table's keys, with the table's name before them.
pub(super) const KEYS: [&str; 11] = [
    ISSUER,
    "oidc_client_id",
    SECRET,
    SECRET_FILE,
    "oidc_console",
    "oidc_name_zh",
    "oidc_name_en",
    "oidc_claim",
    "oidc_scopes",
    "oidc_ca",
    "oidc_passwords",
];
const ISSUER: &str = "oidc_issuer";
const SECRET: &str = "oidc_client_secret";
const SECRET_FILE: &str = "oidc_client_secret_file";
/// The longest file with the client's secret, in bytes.
const SECRET_BYTES_MAX: u64 = 4_096;

/// How people sign in at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// The provider, exactly as it names itself.
    pub issuer: String,
    /// Who this console is to the provider.
    pub client_id: String,
    /// With what it shows that it is; a public client has none.
    pub client_secret: Option<Secret>,
    /// The console's address as browsers reach it: `https://stats.city.example`.
    pub console: String,
    /// What the button says.
    pub name: Bilingual,
    /// The claim that holds the login.
    pub claim: String,
    /// What is asked of the provider beside `openid`.
    pub scopes: Vec<String>,
    /// Authorities that the provider's certificate is checked against; absent for the machine's.
    pub ca: Option<PathBuf>,
    /// Who may still sign in with a password.
    pub passwords: Passwords,
}

/// Who may sign in with a password beside the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passwords {
    /// Whoever has one.
    Everyone,
    /// Administrators, for the day on which the provider does not answer.
    Administrators,
}

/// Reads the table. The outer `None` is a fault; the inner one means that there is no provider.
#[expect(clippy::option_option, reason = "the reader reports faults as None")]
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Option<Oidc>> {
    if !KEYS.iter().any(|key| reader.has(key)) {
        return Some(None);
    }
    let issuer = address(reader, ISSUER, true);
    let client_id = required(reader, "oidc_client_id", "granary");
    let client_secret = client_secret(reader);
    let console = address(reader, "oidc_console", false);
    let zh = reader.text("oidc_name_zh", "单位统一身份认证");
    let en = reader.text("oidc_name_en", "the house's sign-in");
    let claim = reader.text("oidc_claim", "preferred_username");
    let scopes = reader.text("oidc_scopes", "profile");
    let ca = reader.text("oidc_ca", "");
    let passwords = reader.choice(
        "oidc_passwords",
        Passwords::Everyone,
        &[
            ("everyone", Passwords::Everyone),
            ("administrators", Passwords::Administrators),
        ],
    );
    Some(Some(Oidc {
        issuer: issuer?,
        client_id: client_id?,
        client_secret: client_secret?,
        console: console?.trim_end_matches('/').to_owned(),
        name: Bilingual::new(zh?, en?),
        claim: claim?,
        scopes: scopes?.split_whitespace().map(str::to_owned).collect(),
        ca: Some(ca?).filter(|path| !path.is_empty()).map(PathBuf::from),
        passwords: passwords?,
    }))
}

fn required(reader: &mut Reader<'_>, key: &str, example: &str) -> Option<String> {
    let text = reader.text(key, "")?;
    if !text.is_empty() {
        return Some(text);
    }
    let name = key.trim_start_matches("oidc_");
    reader.report(
        key,
        Bilingual::new(
            format!("[oidc] 中没有给出 {name}"),
            format!("[oidc] does not give {name}"),
        ),
        Bilingual::new(
            format!("写 {name} = \"{example}\"，或删去整个 [oidc]"),
            format!("write {name} = \"{example}\", or remove all of [oidc]"),
        ),
    );
    None
}

/// An address that passwords and tokens may cross: TLS, or this machine.
fn address(reader: &mut Reader<'_>, key: &str, with_path: bool) -> Option<String> {
    let example = if with_path {
        "https://id.city.example/realms/stats"
    } else {
        "https://stats.city.example"
    };
    let text = required(reader, key, example)?;
    let uri: Option<Uri> = text.parse().ok();
    let fits = uri.is_some_and(|uri| {
        is_safe(&uri) && uri.query().is_none() && (with_path || uri.path() == "/")
    });
    if fits {
        return Some(text);
    }
    let zh = format!("https 地址（本机可用 http），例如 {example}");
    let en = format!("an address with https (http for this machine only), for instance {example}");
    reader.report_value(key, &text, &zh, &en);
    None
}

/// Whether an address is one with TLS, or of this machine.
pub(crate) fn is_safe(uri: &Uri) -> bool {
    let host = uri
        .host()
        .unwrap_or_default()
        .trim_matches(|c| matches!(c, '[' | ']'));
    let is_here = || {
        host == "localhost"
            || host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    };
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_here(),
        _ => false,
    }
}

/// The secret, from a file or the environment.
#[expect(clippy::option_option, reason = "the reader reports faults as None")]
fn client_secret(reader: &mut Reader<'_>) -> Option<Option<Secret>> {
    let file = reader.text(SECRET_FILE, "")?;
    if reader.has(SECRET) && reader.place(SECRET) != "GRANARY_OIDC_CLIENT_SECRET" {
        reader.report(
            SECRET,
            Bilingual::new(
                "密钥不能写在设置文件里",
                "the secret does not belong into the settings",
            ),
            Bilingual::new(
                "把它写进只有服务账户可读的文件，用 client_secret_file 指明，或用 GRANARY_OIDC_CLIENT_SECRET",
                "write it into a file that only the server's account can read and name that as client_secret_file, or use GRANARY_OIDC_CLIENT_SECRET",
            ),
        );
        return None;
    }
    if file.is_empty() {
        let text = reader.text(SECRET, "")?;
        return Some(Some(text).filter(|text| !text.is_empty()).map(Secret::new));
    }
    match secret_of(Path::new(&file)) {
        Ok(secret) => Some(Some(secret)),
        Err(why) => {
            reader.report(
                SECRET_FILE,
                Bilingual::new(
                    format!("{file} 不能用：{why}"),
                    format!("{file} cannot be used: {why}"),
                ),
                Bilingual::new(
                    "写一个只含密钥的文本文件",
                    "write a text file that holds the secret and nothing else",
                ),
            );
            None
        }
    }
}

fn secret_of(path: &Path) -> Result<Secret, String> {
    let bytes = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if bytes.len() > SECRET_BYTES_MAX {
        return Err("it is too large".into());
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty".into());
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn secrets_cross_a_network_under_tls_only() {
        for (text, expected) in [
            ("https://id.example/realms/x", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080/", true),
            ("http://localhost/x", true),
            ("http://id.example", false),
            ("http://10.0.0.1", false),
            ("http://localhost.evil.example", false),
            ("ftp://127.0.0.1", false),
            ("/realms", false),
        ] {
            assert_eq!(is_safe(&text.parse().unwrap()), expected, "{text}");
        }
    }
}
