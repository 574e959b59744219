//! `granary-agent enrol`.

use std::path::Path;

use granary_core::{
    code::UnitCode,
    digest::Digest,
    envelope::{KeyRole, Suite},
    fingerprint,
    text::{Bilingual, Language},
};

use crate::cli::{Ended, not_now, out};
use crate::enrol::{self, Done, EnrolError, Request, Token};
use crate::identity;
use crate::settings::{FILE, LinkSettings, Settings, parse_server};
use crate::{run::now_ms, tls};

pub(super) const HELP: &str = "Examples (示例):
  granary-agent enrol 520100@tj.example.cn:7443/granary1.AbC….XyZ… --dir /srv/granary
  granary-agent enrol --server https://tj.example.cn:7443 --token granary1.AbC….XyZ… --unit 520100 --dir /srv/granary
  granary-agent enrol --server https://tj.example.cn:7443 --token granary1.AbC….XyZ… --unit 520100 --label 办公室1号机 --lang zh
  granary-agent enrol --server https://tj.example.cn:7443 --token granary1.AbC….XyZ… --unit 520100 --suite sm2

The one line is given out by the city's operator; it holds unit, server and token. The token names the city's certification authority by its fingerprint, so that
nobody else can answer. Cut off in the middle? Repeat with the same token. An identity is never overwritten.";

/// What is asked for.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// All in one, as the city gives it out (一行登记码): UNIT@HOST:PORT/TOKEN
    #[arg(conflicts_with_all = ["server", "token", "unit"])]
    invitation: Option<String>,
    /// The city (市局服务器): https://host:port
    #[arg(long, required_unless_present = "invitation")]
    server: Option<String>,
    /// The one-time token (登记码)
    #[arg(long, required_unless_present = "invitation")]
    token: Option<String>,
    /// The unit's code (填报单位代码)
    #[arg(long, required_unless_present = "invitation")]
    unit: Option<String>,
    /// A label for people, such as the computer's name (备注)
    #[arg(long, default_value = "")]
    label: String,
    /// The suite of the signing key: ed25519, or sm2 for SM2 with SM3 (签名算法，sm2 为国密)
    #[arg(long, default_value = "ed25519", value_parser = ["ed25519", "sm2"])]
    suite: String,
    /// The language of reports and screens (语言)
    #[arg(long, default_value = "zh", value_parser = ["zh", "en"])]
    lang: String,
}

/// Enrols and writes the first settings.
pub(super) async fn enrol(dir: &Path, arguments: Arguments) -> Result<Ended, Ended> {
    let language = Language::parse(&arguments.lang).unwrap_or_default();
    let say =
        |words: Bilingual| Ended::NotNow(Bilingual::new(words.get(language), words.get(language)));
    let wanted = wanted(&arguments);
    let (server, token, unit) = wanted.ok_or_else(|| say(words(&EnrolError::Token)))?;
    let server = parse_server(&server).map_err(|words| say(prefixed("--server", &words)))?;
    let unit = UnitCode::new(&unit).map_err(|error| not_now(&error))?;
    let token = Token::parse(&token).map_err(|error| say(words(&error)))?;
    let channel = tls::pinned_channel(&server, token.authority_sha256, &LinkSettings::default())
        .map_err(|error| not_now(&error))?;
    let request = Request {
        token,
        unit: unit.clone(),
        label: arguments.label,
        suite: Suite::parse(&arguments.suite).unwrap_or(Suite::Ed25519),
    };
    let folder = dir.join("identity");
    let done = enrol::enrol(channel, &folder, &request, now_ms())
        .await
        .map_err(|error| say(words(&error)))?;
    let first = Settings::first_file(&unit, &server, language);
    let fresh =
        enrol::write_first_settings(&dir.join(FILE), &first).map_err(|error| not_now(&error))?;
    tell(&done, &unit, dir, fresh, language);
    Ok(Ended::Done)
}

/// Server, token and unit, from the one line or from the three options.
fn wanted(arguments: &Arguments) -> Option<(String, String, String)> {
    let Some(invitation) = &arguments.invitation else {
        let (server, token) = (arguments.server.clone()?, arguments.token.clone()?);
        return Some((server, token, arguments.unit.clone()?));
    };
    let (unit, rest) = invitation.trim().split_once('@')?;
    let (server, token) = rest.split_once('/')?;
    Some((
        format!("https://{server}"),
        token.to_owned(),
        unit.to_owned(),
    ))
}

fn tell(done: &Done, unit: &UnitCode, dir: &Path, fresh: bool, language: Language) {
    let key = Digest::from_bytes(*done.key_id.as_bytes());
    let read_out = |digest: &Digest| fingerprint::words(digest, language);
    let (key_words, authority_words) = (read_out(&key), read_out(&done.authority_sha256));
    let authority = identity::grouped(&done.authority_sha256);
    let (key, index, log) = (identity::grouped(&key), done.index, done.log_key.name());
    let settings = dir.join(FILE);
    let settings = settings.display();
    let dir = dir.display();
    let role = done.role.name();
    let next = match (done.role, language) {
        (KeyRole::Agent, Language::Zh) => format!("下一步：granary-agent run --dir {dir}"),
        (KeyRole::Agent, Language::En) => format!("Next: granary-agent run --dir {dir}"),
        (KeyRole::StatisticsHead | KeyRole::UnitHead, Language::Zh) => {
            format!("需要签名时：granary-agent sign 文件 --dir {dir}")
        }
        (KeyRole::StatisticsHead | KeyRole::UnitHead, Language::En) => {
            format!("When something is to be signed: granary-agent sign FILE --dir {dir}")
        }
    };
    out::line(&match language {
        Language::Zh => format!(
            "单位 {unit} 登记完成，已记入市局账本“{log}”第 {index} 条，回执已验证。\n\
             请与市局电话核对，双方念出的词语应相同：\n  市局证书  {authority_words}\n  签名密钥  {key_words}（{}）\n\
             或核对数字：\n  市局证书  {authority}\n  签名密钥  {key}\n\
             {}：{settings}\n{next}",
            role.zh,
            if fresh {
                "设置已写入"
            } else {
                "保留原有设置"
            }
        ),
        Language::En => format!(
            "Unit {unit} is enrolled: entry {index} of the city's journal '{log}', and its receipt holds.\n\
             Compare by telephone; both sides read out the same words:\n  city authority  {authority_words}\n  signing key     {key_words} ({})\n\
             Or the digits:\n  city authority  {authority}\n  signing key     {key}\n\
             {}: {settings}\n{next}",
            role.en,
            if fresh {
                "Settings written"
            } else {
                "Settings kept as they were"
            }
        ),
    });
}

fn prefixed(option: &str, words: &Bilingual) -> Bilingual {
    Bilingual::new(
        format!("{option}：{}", words.zh),
        format!("{option}: {}", words.en),
    )
}

fn words(error: &EnrolError) -> Bilingual {
    let zh = match error {
        EnrolError::Token => "登记码不完整：请从 granary1. 起整段复制".to_owned(),
        EnrolError::AlreadyEnrolled(folder) => {
            format!(
                "{} 已有身份，绝不覆盖。若要另用新密钥，请换一个文件夹",
                folder.display()
            )
        }
        EnrolError::Label => "备注太长：最多 128 字节".to_owned(),
        EnrolError::Io(error) => format!("身份文件无法写入：{error}"),
        EnrolError::Identity(error) => format!("已有的密钥不能用：{error}"),
        EnrolError::OtherSuite(suite) => {
            format!(
                "文件夹中有上次未完成时生成的 {suite} 密钥：请加 --suite {suite} 重试，或换一个文件夹"
            )
        }
        EnrolError::Key(error) => format!("无法生成密钥：{error}"),
        EnrolError::Unreachable(error) => {
            format!("连不上市局，或对方不是登记码所指的市局。可用同一登记码重试：{error}")
        }
        EnrolError::Refused(message) => format!("市局不同意登记：{}", message.zh),
        EnrolError::Answer(error) => {
            format!("市局的答复不可信，未保存任何内容（{error}）。请联系市局后用同一登记码重试")
        }
    };
    Bilingual::new(zh, error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn one_line(text: &str) -> Option<(String, String, String)> {
        wanted(&Arguments {
            invitation: Some(text.to_owned()),
            server: None,
            token: None,
            unit: None,
            label: String::new(),
            suite: "ed25519".to_owned(),
            lang: "zh".to_owned(),
        })
    }

    #[test]
    fn the_one_line_holds_unit_server_and_token() {
        let found = one_line(" 520100@tj.example.cn:7443/granary1.AbC.XyZ\n").unwrap();
        let expect = ("https://tj.example.cn:7443", "granary1.AbC.XyZ", "520100");
        assert_eq!(
            (found.0.as_str(), found.1.as_str(), found.2.as_str()),
            expect
        );
        let six = one_line("a.b@[2001:db8::1]:7443/granary1.A.B").unwrap().0;
        assert_eq!(parse_server(&six).unwrap(), "https://[2001:db8::1]:7443");
        for torn in ["granary1.AbC.XyZ", "520100@tj.example.cn:7443", ""] {
            assert_eq!(one_line(torn), None, "{torn}");
        }
    }
}
