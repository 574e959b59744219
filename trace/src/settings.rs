//! What can be set about traces, and how a written value becomes one. Each program says where its values stand.

use granary_core::text::Bilingual;
use tonic::transport::Uri;

use crate::Share;

/// The longest service name, in characters.
const SERVICE_CHARS_MAX: usize = 64;

/// Whom to tell of which snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSettings {
    /// The collector, `http://host:port`.
    pub endpoint: String,
    /// Of which snapshots.
    pub sample: Share,
    /// This program's name in the traces.
    pub service: String,
}

/// Reads a collector's address, or `off`.
///
/// # Errors
/// What to write instead.
pub fn parse_endpoint(text: &str) -> Result<Option<String>, Bilingual> {
    if text == "off" {
        return Ok(None);
    }
    let wrong = || {
        Bilingual::new(
            "请写 http://主机:端口，例如 \"http://127.0.0.1:4317\"，或写 \"off\"。只支持 OTLP gRPC 明文；要加密或鉴权，请在本机设 OpenTelemetry Collector 转发",
            "write http://host:port, such as \"http://127.0.0.1:4317\", or \"off\". It is OTLP over gRPC without TLS: where that or a password is needed, let an OpenTelemetry collector on this machine forward",
        )
    };
    let uri: Uri = text.trim_end_matches('/').parse().map_err(|_| wrong())?;
    let plain = matches!(uri.path(), "" | "/") && uri.query().is_none();
    let user = uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'));
    let complete = uri.host().is_some_and(|host| !host.is_empty()) && uri.port_u16().is_some();
    if uri.scheme_str() == Some("http") && complete && plain && !user {
        return Ok(Some(text.trim_end_matches('/').to_owned()));
    }
    Err(wrong())
}

/// Reads the share of snapshots, 0 to 1.
///
/// # Errors
/// What to write instead.
pub fn parse_sample(text: &str) -> Result<Share, Bilingual> {
    let share: Option<f64> = text.parse().ok();
    share.and_then(Share::new).ok_or_else(|| {
        Bilingual::new(
            "请填 0 至 1 之间的数，例如 0.01 表示百分之一的报送",
            "write a number from 0 to 1, such as 0.01 for one snapshot in a hundred",
        )
    })
}

/// Reads a service name.
///
/// # Errors
/// What to write instead.
pub fn parse_service(text: &str) -> Result<String, Bilingual> {
    let count = text.chars().count();
    if (1..=SERVICE_CHARS_MAX).contains(&count) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Bilingual::new(
        format!("请填 1 至 {SERVICE_CHARS_MAX} 个字符的服务名"),
        format!("write a service name of 1 to {SERVICE_CHARS_MAX} characters"),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn an_endpoint_is_a_plain_address_or_off() {
        assert_eq!(parse_endpoint("off"), Ok(None));
        for right in [
            "http://127.0.0.1:4317",
            "http://collector:1/",
            "http://[::1]:4317",
        ] {
            let read = parse_endpoint(right).unwrap().unwrap();
            assert_eq!(read, right.trim_end_matches('/'));
        }
        for wrong in [
            "",
            "127.0.0.1:4317",
            "localhost",
            "https://collector:4317",
            "http://collector",
            "http://:4317",
            "http://collector:4317/v1/traces",
            "http://collector:4317?x=1",
            "http://user:word@collector:4317",
            "http://collector:99999",
        ] {
            assert!(parse_endpoint(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_sample_is_a_number_from_0_to_1_and_a_name_is_not_empty() {
        assert_eq!(parse_sample("1"), Ok(Share::ALL));
        assert_eq!(parse_sample("0.25").ok(), Share::new(0.25));
        for wrong in ["", "1 %", "-0", "1.5", "nan", "inf", "half"] {
            let wrong_sign = wrong == "-0";
            assert_eq!(parse_sample(wrong).is_err(), !wrong_sign, "{wrong}");
        }
        assert_eq!(parse_service("城 1"), Ok("城 1".to_owned()));
        assert!(parse_service("").is_err());
        assert!(parse_service("a\nb").is_err());
        assert!(parse_service(&"a".repeat(SERVICE_CHARS_MAX + 1)).is_err());
    }
}
