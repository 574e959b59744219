//! Where the commands print. A reader that has gone away, such as `head`, is no fault.

use std::{io::Write as _, path::Path};

use granary_core::text::Language;

/// A larger file is said to take a while, in bytes.
const LARGE_BYTES: u64 = 64 << 20;

/// Prints a line of the result.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints why something was not done.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Says that reading a large file takes a while, before it is read.
pub(crate) fn large(file: &Path, language: Language) {
    let size = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    if size < LARGE_BYTES {
        return;
    }
    let size = size / (1024 * 1024);
    complain(&match language {
        Language::Zh => format!("正在读取，共 {size} MB，请稍候……"),
        Language::En => format!("reading {size} MB, which takes a while ..."),
    });
}

/// An instant as people read it.
pub(crate) fn instant(at_ms: i64, zone: &jiff::tz::TimeZone) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.to_zoned_datetime(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S %:z")
        .to_string()
}
