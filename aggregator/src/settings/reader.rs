//! Typed access to the layers: each method takes a key's default and bounds, and reports what does not fit.

use std::{net::SocketAddr, ops::RangeInclusive, path::PathBuf};

use config::{Value, ValueKind};
use granary_core::text::Bilingual;
use tracing_subscriber::filter::EnvFilter;

use super::{Fault, layers::Layers};

/// Reads keys and gathers faults.
pub(super) struct Reader<'a> {
    layers: &'a Layers,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(layers: &'a Layers, faults: Vec<Fault>) -> Self {
        Self { layers, faults }
    }

    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    pub(super) fn report(&mut self, key: &str, message: Bilingual, remedy: Bilingual) {
        self.faults.push(Fault {
            place: self.layers.place(key),
            message,
            remedy,
        });
    }

    /// Whether a key was given anywhere.
    pub(super) fn has(&self, key: &str) -> bool {
        self.layers.get(key).is_some()
    }

    /// Where a key was given.
    pub(super) fn place(&self, key: &str) -> String {
        self.layers.place(key)
    }

    /// A path that has no default.
    pub(super) fn path(&mut self, key: &str) -> Option<PathBuf> {
        let text = self.text(key, "")?;
        if text.is_empty() {
            self.report(
                key,
                Bilingual::new("没有给出数据目录", "the data folder is not given"),
                Bilingual::new(
                    "写 data = \"/var/lib/granary\"、GRANARY_DATA 或 --data",
                    "write data = \"/var/lib/granary\", GRANARY_DATA or --data",
                ),
            );
            return None;
        }
        Some(PathBuf::from(text))
    }

    pub(super) fn address(&mut self, key: &str, default: &str) -> Option<SocketAddr> {
        let text = self.text(key, default)?;
        let address = text.parse().ok();
        if address.is_none() {
            self.report_value(
                key,
                &text,
                "IP 地址和端口，例如 0.0.0.0:7443",
                "an IP address and a port, for instance 0.0.0.0:7443",
            );
        }
        address
    }

    /// An address, or the word `off`. The outer `None` is a fault.
    pub(super) fn address_or_off(
        &mut self,
        key: &str,
        default: &str,
    ) -> Option<Option<SocketAddr>> {
        let text = self.text(key, default)?;
        if text == "off" {
            return Some(None);
        }
        let address: Option<SocketAddr> = text.parse().ok();
        if address.is_none() {
            self.report_value(
                key,
                &text,
                "IP 地址和端口，或 off",
                "an IP address and a port, or off",
            );
        }
        address.map(Some)
    }

    /// A list of host names: an array in the file, separated by commas elsewhere.
    pub(super) fn names(&mut self, key: &str, default: &str) -> Option<Vec<String>> {
        let names = match self
            .layers
            .get(key)
            .map(|given| given.value.clone().into_array())
        {
            Some(Ok(values)) => values
                .into_iter()
                .filter_map(|v| v.into_string().ok())
                .collect(),
            Some(Err(_)) | None => split(&self.text(key, default)?),
        };
        if names.is_empty() || !names.iter().all(|name| is_host(name)) {
            let text = names.join(",");
            self.report_value(
                key,
                &text,
                "主机名或 IP 地址，以逗号分隔",
                "host names or IP addresses, separated by commas",
            );
            return None;
        }
        Some(names)
    }

    pub(super) fn number(
        &mut self,
        key: &str,
        default: u64,
        bounds: RangeInclusive<u64>,
    ) -> Option<u64> {
        let Some(given) = self.layers.get(key) else {
            return Some(default);
        };
        let number = given.value.clone().into_uint().ok();
        let number = number.filter(|number| is_number(&given.value) && bounds.contains(number));
        if number.is_none() {
            let text = given.value.to_string();
            let (least, most) = (bounds.start(), bounds.end());
            self.report_value(
                key,
                &text,
                &format!("{least} 到 {most} 的整数"),
                &format!("a whole number from {least} to {most}"),
            );
        }
        number
    }

    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &str,
        default: T,
        choices: &[(&str, T)],
    ) -> Option<T> {
        if self.layers.get(key).is_none() {
            return Some(default);
        }
        let text = self.text(key, "")?;
        let found = choices
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, choice)| *choice);
        if found.is_none() {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            self.report_value(key, &text, &words.join(" 或 "), &words.join(" or "));
        }
        found
    }

    /// A filter of log events.
    pub(super) fn filter(&mut self, key: &str, default: &str) -> Option<String> {
        let text = self.text(key, default)?;
        if EnvFilter::try_new(&text).is_ok() {
            return Some(text);
        }
        self.report_value(
            key,
            &text,
            "例如 info 或 warn,granary_aggregator=debug",
            "for instance info or warn,granary_aggregator=debug",
        );
        None
    }

    /// Text, or a number without quotes, that `parse` reads.
    pub(super) fn parsed<T>(
        &mut self,
        key: &str,
        default: T,
        parse: impl Fn(&str) -> Result<T, Bilingual>,
    ) -> Option<T> {
        let Some(given) = self.layers.get(key) else {
            return Some(default);
        };
        if let ValueKind::Boolean(_) | ValueKind::Table(_) | ValueKind::Array(_) = &given.value.kind
        {
            // What is none of both is told as text is that should be in quotes.
            return self.text(key, "").and(None);
        }
        let text = given.value.to_string();
        match parse(text.trim()) {
            Ok(value) => Some(value),
            Err(remedy) => {
                self.report(key, unfit(key, &text), remedy);
                None
            }
        }
    }

    pub(super) fn text(&mut self, key: &str, default: &str) -> Option<String> {
        let Some(given) = self.layers.get(key) else {
            return Some(default.to_owned());
        };
        if let ValueKind::String(text) = &given.value.kind {
            return Some(text.trim().to_owned());
        }
        let text = given.value.to_string();
        self.report_value(key, &text, "加引号的文字", "text in quotes");
        None
    }

    pub(super) fn report_value(&mut self, key: &str, text: &str, zh: &str, en: &str) {
        self.report(
            key,
            unfit(key, text),
            Bilingual::new(format!("写{zh}"), format!("write {en}")),
        );
    }
}

fn unfit(key: &str, text: &str) -> Bilingual {
    let text: String = text.chars().take(80).collect();
    Bilingual::new(
        format!("{text:?} 不能用于 {key}"),
        format!("{text:?} is not a value for {key}"),
    )
}

/// Whether a value was written as a number; `config` would also take `true` and 1.5 for one.
fn is_number(value: &Value) -> bool {
    match &value.kind {
        ValueKind::I64(_) | ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) => true,
        ValueKind::String(text) => text.bytes().all(|b| b.is_ascii_digit()),
        ValueKind::Nil
        | ValueKind::Boolean(_)
        | ValueKind::Float(_)
        | ValueKind::Table(_)
        | ValueKind::Array(_) => false,
    }
}

fn split(text: &str) -> Vec<String> {
    text.split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Whether a text can stand in a certificate as a host name or an address.
fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.parse::<std::net::IpAddr>().is_ok() || (text.len() <= 253 && text.split('.').all(label))
}
