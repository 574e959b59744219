//! A notice as a message: plain text, HTML, or the little Markdown that robots read, in one language and of bounded length.
//!
//! Where a message would be too long, items at its end are left out and the last line says how many. The markup that names
//! might hold is made harmless: HTML is escaped; in Markdown, which has no escape that both robots know, the characters that
//! mean something become their full-width forms.

use granary_core::{
    notices::{Notice, Role},
    text::Language,
};

/// One line, written in a format.
struct Written {
    text: String,
    is_item: bool,
}

/// Items that a mail or a webhook's text lists at most: nobody reads more.
const ITEMS_MAX: usize = 2_000;
/// Room for the last line, which says what was left out.
const REST_BYTES: usize = 64;

/// The subject.
#[must_use]
pub fn subject(notice: &Notice, language: Language) -> &str {
    notice.subject.get(language)
}

/// Plain text without a limit on bytes.
#[must_use]
pub fn plain(notice: &Notice, language: Language) -> String {
    let write = |role, text: &str| match role {
        Role::Sentence => format!("{text}\n"),
        Role::Heading => format!("\n{text}\n"),
        Role::Item => format!("  - {text}\n"),
    };
    fit(
        written(notice, language, write),
        language,
        usize::MAX,
        |rest| format!("  {rest}\n"),
    )
}

/// An HTML page without a limit on bytes.
#[must_use]
pub fn html(notice: &Notice, language: Language) -> String {
    let write = |role, text: &str| {
        let text = escape(text);
        match role {
            Role::Sentence => format!("<p>{text}</p>\n"),
            Role::Heading => format!("<h4>{text}</h4>\n"),
            Role::Item => format!("<div>&bull; {text}</div>\n"),
        }
    };
    let lines = written(notice, language, write);
    let body = fit(lines, language, usize::MAX, |rest| {
        format!("<p>{rest}</p>\n")
    });
    let title = escape(subject(notice, language));
    let code = match language {
        Language::Zh => "zh-CN",
        Language::En => "en",
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"{code}\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n<body>\n{body}</body></html>\n"
    )
}

/// The Markdown of WeCom's robots, in at most `bytes_max` bytes.
#[must_use]
pub fn wecom(notice: &Notice, language: Language, bytes_max: usize) -> String {
    let write = |role, text: &str| {
        let text = harmless(text);
        match role {
            Role::Sentence => format!("{text}\n"),
            Role::Heading => format!("**{text}**\n"),
            Role::Item => format!("> {text}\n"),
        }
    };
    let title = format!("**{}**\n", harmless(subject(notice, language)));
    headed(title, notice, language, bytes_max, write, |rest| {
        format!("> {rest}\n")
    })
}

/// The Markdown of DingTalk's robots, in at most `bytes_max` bytes.
#[must_use]
pub fn dingtalk(notice: &Notice, language: Language, bytes_max: usize) -> String {
    let write = |role, text: &str| {
        let text = harmless(text);
        match role {
            Role::Sentence => format!("{text}\n\n"),
            Role::Heading => format!("\n**{text}**\n\n"),
            Role::Item => format!("- {text}\n"),
        }
    };
    let title = format!("#### {}\n\n", harmless(subject(notice, language)));
    headed(title, notice, language, bytes_max, write, |rest| {
        format!("\n{rest}\n")
    })
}

/// The longest beginning of a text that has at most `bytes_max` bytes and ends between characters.
#[must_use]
pub fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn headed(
    title: String,
    notice: &Notice,
    language: Language,
    bytes_max: usize,
    write: impl Fn(Role, &str) -> String,
    rest: impl Fn(&str) -> String,
) -> String {
    let title = cut(&title, bytes_max).to_owned();
    let left = bytes_max - title.len();
    let body = fit(written(notice, language, write), language, left, rest);
    title + &body
}

fn written(
    notice: &Notice,
    language: Language,
    write: impl Fn(Role, &str) -> String,
) -> Vec<Written> {
    let lines = notice.lines.iter().map(|line| Written {
        text: write(line.role, line.text.get(language)),
        is_item: line.role == Role::Item,
    });
    lines.collect()
}

/// Joins lines for as long as they fit, and says how many items are left out.
fn fit(
    lines: Vec<Written>,
    language: Language,
    bytes_max: usize,
    rest: impl Fn(&str) -> String,
) -> String {
    let items = |lines: &[Written]| lines.iter().filter(|line| line.is_item).count();
    let whole: usize = lines.iter().map(|line| line.text.len()).sum();
    let items_max = if items(&lines) > ITEMS_MAX {
        ITEMS_MAX
    } else {
        usize::MAX
    };
    let bytes_max = if whole <= bytes_max {
        usize::MAX
    } else {
        bytes_max.saturating_sub(REST_BYTES)
    };
    let (mut text, mut listed, mut kept) = (String::new(), 0, 0);
    for line in &lines {
        let is_full = text.len().saturating_add(line.text.len()) > bytes_max;
        if is_full || (line.is_item && listed >= items_max) {
            break;
        }
        text.push_str(&line.text);
        listed += usize::from(line.is_item);
        kept += 1;
    }
    let left_out = items(&lines[kept..]);
    if left_out > 0 {
        let sentence = match language {
            Language::Zh => format!("……另有 {left_out} 项"),
            Language::En => format!("... and {left_out} more"),
        };
        text.push_str(&rest(&sentence));
    }
    text
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Characters with a meaning in Markdown, and the at sign that calls somebody, in their full-width forms (U+FF01 to U+FF5E
/// are U+0021 to U+007E shifted).
fn harmless(text: &str) -> String {
    let shift = |c: char| match c {
        '<' | '>' | '[' | ']' | '*' | '`' | '#' | '\\' | '@' | '|' | '~' | '!' => {
            char::from_u32(u32::from(c) + 0xfee0).unwrap_or(' ')
        }
        other => other,
    };
    text.chars().map(shift).collect()
}
