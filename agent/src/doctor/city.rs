//! The doctor's look at the way to the city: name, line, encryption, clock. Where one fails, the next are not tried.

use std::time::Duration;

use granary_core::text::Bilingual;
use granary_proto::v1::{
    FetchCatalogueRequest, collection_service_client::CollectionServiceClient,
};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tonic::transport::Uri;

use super::{Finding, Level};
use crate::catalogue_cache::CatalogueCache;
use crate::enrol::explain;
use crate::identity::Identity;
use crate::settings::Settings;
use crate::tls;

const DNS: (&str, &str) = ("域名解析", "name");
const LINE: (&str, &str) = ("线路", "line");
const TLS: (&str, &str) = ("加密连接", "encryption");
const CLOCK: (&str, &str) = ("时钟", "clock");
/// From this difference on, the clock is worth a word.
const CLOCK_DIFFERENCE_MS_MAX: i64 = 5 * 60 * 1_000;
/// Room for a catalogue, where none is held yet.
const MESSAGE_BYTES_MAX: usize = 24 * 1024 * 1024;

pub(super) async fn reach(settings: &Settings, identity: &Identity, now_ms: i64) -> Vec<Finding> {
    // The settings have been checked: there is a host and a port.
    let uri: Uri = settings.server.parse().unwrap_or_default();
    let host = uri
        .host()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned();
    let port = uri.port_u16().unwrap_or_default();
    let patience = Duration::from_millis(settings.link.connect_timeout_ms);
    let mut found = Vec::new();
    let addresses = resolved(&host, port, patience).await;
    found.push(named(&host, &addresses));
    if addresses.is_empty() {
        return found;
    }
    let connected = connect(&addresses, patience).await;
    let is_open = connected.is_ok();
    found.push(line((&host, port), connected));
    if !is_open {
        return found;
    }
    match city_time_ms(settings, identity).await {
        Ok((city_ms, round_trip_ms)) => {
            let says = (
                "双方证书有效，市局已应答".to_owned(),
                "both certificates hold, and the city answers".to_owned(),
            );
            found.push(Finding::new(Level::Ok, TLS, says));
            found.push(clock(
                now_ms
                    .saturating_add(round_trip_ms / 2)
                    .saturating_sub(city_ms),
            ));
        }
        Err(reason) => {
            let words = why(&reason);
            found.push(Finding::new(Level::Fail, TLS, (words.zh, words.en)));
        }
    }
    found
}

async fn resolved(host: &str, port: u16, patience: Duration) -> Vec<std::net::SocketAddr> {
    match timeout(patience, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

fn named(host: &str, addresses: &[std::net::SocketAddr]) -> Finding {
    let Some(first) = addresses.first() else {
        let says = (
            format!("找不到 {host} 的地址。请检查网线、DNS 设置，以及 agent.toml 中的 server"),
            format!(
                "no address is found for {host}: check the cable, the DNS settings, and server in agent.toml"
            ),
        );
        return Finding::new(Level::Fail, DNS, says);
    };
    let address = first.ip();
    Finding::new(
        Level::Ok,
        DNS,
        (
            format!("{host} 是 {address}"),
            format!("{host} is {address}"),
        ),
    )
}

fn line((host, port): (&str, u16), connected: std::io::Result<()>) -> Finding {
    let Err(error) = connected else {
        return Finding::new(
            Level::Ok,
            LINE,
            (format!("{port} 端口可达"), format!("port {port} answers")),
        );
    };
    let says = (
        format!(
            "连不上 {host} 的 {port} 端口（{error}）。请检查网络和防火墙是否放行 TCP {port}，或询问市局服务是否在运行"
        ),
        format!(
            "port {port} of {host} cannot be reached ({error}): check the network, whether a firewall lets TCP {port} out, and whether the city's server runs"
        ),
    );
    Finding::new(Level::Fail, LINE, says)
}

async fn connect(addresses: &[std::net::SocketAddr], patience: Duration) -> std::io::Result<()> {
    match timeout(patience, TcpStream::connect(addresses)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
    }
}

/// Asks for the catalogue, which tells the city's time; with the round trip in milliseconds.
async fn city_time_ms(settings: &Settings, identity: &Identity) -> Result<(i64, i64), String> {
    let channel = tls::enrolled_channel(&settings.server, identity, &settings.link);
    let channel = channel.map_err(|error| error.to_string())?;
    let mut client =
        CollectionServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX);
    let known = CatalogueCache::open(&settings.state).version();
    let request = FetchCatalogueRequest {
        known_version: known
            .map(|known| known.as_bytes().to_vec())
            .unwrap_or_default(),
    };
    let begun = tokio::time::Instant::now();
    let patience = Duration::from_millis(settings.link.answer_timeout_ms);
    match timeout(patience, client.fetch_catalogue(request)).await {
        Ok(Ok(answer)) => {
            let took_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(0);
            Ok((answer.into_inner().city_time_ms, took_ms))
        }
        Ok(Err(status)) => Err(explain(&status)),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

/// What the library's word for it means for an office.
pub(super) fn why(reason: &str) -> Bilingual {
    let squeezed: String = reason
        .to_lowercase()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let has = |word: &str| squeezed.contains(word);
    // An alert comes from the other side: it is our certificate that is meant then.
    let alert = has("fatalalert") || has("receivedfatal");
    let (zh, en) = if alert && has("expired") {
        (
            "市局说本机证书已到期。请运行 granary-agent run，程序会自动换发",
            "the city says that this agent's certificate has expired: let granary-agent run, which fetches a new one by itself",
        )
    } else if alert {
        (
            "市局不接受本机证书。请打电话告知市局",
            "the city does not take this agent's certificate: ring the city's office",
        )
    } else if has("revoked") {
        (
            "本单位的密钥均已被吊销。请向市局申请新的登记码并重新登记",
            "every key of this unit was revoked: ask the city for a token and enrol again",
        )
    } else if has("notvalidforname") {
        (
            "市局证书里没有 agent.toml 中 server 所写的主机名。请按市局给的地址填写",
            "the city's certificate does not hold the host of server in agent.toml: write the address as the city gave it",
        )
    } else if has("expired") || has("notvalidyet") {
        (
            "按本机时钟，市局证书不在有效期内：多半是本机时钟不对，请校准",
            "by this computer's clock the city's certificate does not hold: the clock is probably wrong, set it",
        )
    } else if has("unknownissuer") || has("badsignature") || has("invalidcertificate") {
        (
            "对方不是登记时的市局：可能地址写错，或有人在中间截取。不要继续，请打电话告知市局",
            "whoever answers is not the city of the enrolment: the address may be wrong, or somebody stands between. Ring the city's office",
        )
    } else {
        (
            "市局没有按约定应答。请稍后再试，仍不行请打电话告知市局",
            "the city does not answer as agreed: try again later, then ring the city's office",
        )
    };
    Bilingual::new(format!("{zh}（{reason}）"), format!("{en} ({reason})"))
}

pub(super) fn clock(ahead_ms: i64) -> Finding {
    let seconds = ahead_ms / 1_000;
    if ahead_ms.abs() > CLOCK_DIFFERENCE_MS_MAX {
        let says = (
            format!("本机时钟与市局相差 {seconds} 秒，请校准。报送时间以市局时钟为准，不受影响"),
            format!(
                "this computer's clock is {seconds} s off the city's: set it. When a report was received goes by the city's clock, so it does not suffer"
            ),
        );
        return Finding::new(Level::Warn, CLOCK, says);
    }
    Finding::new(
        Level::Ok,
        CLOCK,
        (
            format!("与市局相差 {seconds} 秒"),
            format!("{seconds} s off the city's"),
        ),
    )
}
