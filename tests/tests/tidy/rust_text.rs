//! Reads Rust source as far as the rules need: which bytes are code, where functions, attributes and test-only items
//! begin and end. A scanner rather than a parser, because it must also read files that do not compile yet, and
//! because it costs no dependency.

use std::ops::Range;

/// A function with a body.
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    /// From `fn` to the closing brace, in bytes of the source.
    pub(crate) span: Range<usize>,
}

/// The source with comments and literals blanked: the same length, the same lines, only code left.
pub(crate) fn code_of(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = not_code_until(bytes, at);
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = if end > at {
            end
        } else {
            word_end(bytes, at).max(at + 1)
        };
    }
    String::from_utf8(code).expect("literals and comments are blanked whole")
}

/// The identifiers, keywords and numbers of `code` with their offsets.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = code.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() && !is_word(bytes[at]) {
            at += 1;
        }
        let start = at;
        at = word_end(bytes, at);
        (start < at).then(|| (start, &code[start..at]))
    })
}

/// Every function that has a body, nested ones too.
pub(crate) fn functions(code: &str) -> Vec<Function<'_>> {
    let mut found = Vec::new();
    for (start, word) in words(code) {
        if word != "fn" {
            continue;
        }
        let rest = code[start + 2..].trim_start();
        let name = &rest[..word_end(rest.as_bytes(), 0)];
        let Some(end) = item_end(code, start) else {
            continue;
        };
        if !name.is_empty() && code[..end].ends_with('}') {
            found.push(Function {
                name,
                span: start..end,
            });
        }
    }
    found
}

/// The text between the brackets of every `#[...]` and `#![...]`, with the offset of its `#`.
pub(crate) fn attributes(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices('#') {
        let after = code[start + 1..]
            .strip_prefix('!')
            .unwrap_or(&code[start + 1..]);
        if after.starts_with('[') {
            let open = code.len() - after.len();
            found.push((start, &code[open + 1..closing(code, open)]));
        }
    }
    found
}

/// The spans of the items under `#[cfg(test)]`.
pub(crate) fn test_spans(code: &str) -> Vec<Range<usize>> {
    let marks = attributes(code)
        .into_iter()
        .filter(|(_, text)| text.replace(' ', "") == "cfg(test)");
    marks
        .filter_map(|(start, text)| Some(start..item_end(code, start + text.len() + 3)?))
        .collect()
}

/// Whether everything in the file is test code, by its place or its first line.
pub(crate) fn is_test_file(path: &str, code: &str) -> bool {
    let in_tests =
        path.starts_with("tests/") || path.contains("/tests/") || path.contains("/benches/");
    in_tests || path.ends_with("tests.rs") || code.trim_start().starts_with("#![cfg(test)]")
}

/// Where an item that starts at `start` ends: after its `;` or the brace that closes its body.
fn item_end(code: &str, start: usize) -> Option<usize> {
    let bytes = code.as_bytes();
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b';' => return Some(at + 1),
            b'{' => return Some(closing(code, at) + 1),
            b'(' | b'[' => at = closing(code, at) + 1,
            _ => at += 1,
        }
    }
    None
}

/// The offset of the bracket that closes the one at `open`, or the last byte of a file that never closes it.
fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return at;
        }
    }
    code.len() - 1
}

/// The end of the comment or literal that starts at `at`, or `at` when code starts there.
fn not_code_until(bytes: &[u8], at: usize) -> usize {
    match (bytes[at], bytes.get(at + 1)) {
        (b'/', Some(b'/')) => line_end(bytes, at),
        (b'/', Some(b'*')) => block_comment_end(bytes, at),
        (b'"', _) => quoted_end(bytes, at, b'"'),
        (b'\'', _) => char_end(bytes, at),
        (b'r', _) => raw_string_end(bytes, at, at + 1),
        (b'b' | b'c', Some(b'r')) => raw_string_end(bytes, at, at + 2),
        _ => at,
    }
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..]
        .iter()
        .position(|&byte| byte == b'\n')
        .map_or(bytes.len(), |length| at + length)
}

/// Block comments nest.
fn block_comment_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

fn quoted_end(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// A character literal ends at its quote; a lifetime is code, and has none.
fn char_end(bytes: &[u8], start: usize) -> usize {
    if bytes.get(start + 1) == Some(&b'\\') {
        return quoted_end(bytes, start, b'\'');
    }
    let continuation = |byte: &&u8| (0x80..0xC0).contains(*byte);
    let width = 1 + bytes
        .iter()
        .skip(start + 2)
        .take_while(continuation)
        .count();
    if bytes.get(start + 1 + width) == Some(&b'\'') {
        start + width + 2
    } else {
        start
    }
}

/// `r"..."` and `r##"..."##`; a raw identifier such as `r#type` is code.
fn raw_string_end(bytes: &[u8], start: usize, after_r: usize) -> usize {
    let hashes = bytes[after_r..]
        .iter()
        .take_while(|&&byte| byte == b'#')
        .count();
    let open = after_r + hashes;
    if bytes.get(open) != Some(&b'"') {
        return start;
    }
    let is_end = |at: &usize| {
        bytes[*at] == b'"' && bytes[at + 1..].iter().take_while(|&&b| b == b'#').count() >= hashes
    };
    (open + 1..bytes.len())
        .find(is_end)
        .map_or(bytes.len(), |at| at + 1 + hashes)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn word_end(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..]
        .iter()
        .take_while(|&&byte| is_word(byte))
        .count()
}

#[test]
fn comments_and_literals_are_blanked_and_code_is_kept() {
    let cases = [
        ("let a = \"x { \\\" y\"; b", "let a = ; b"),
        ("a // b\nc /* d /* e */ f */ g", "a c g"),
        ("r#\"say \"hi\" {\"# + br\"x\" r#type", "+ r#type"),
        ("'{' '\\'' '颗' &'a str 'static", "&'a str 'static"),
        ("for x in r {}", "for x in r {}"),
    ];
    for (source, expected) in cases {
        let code = code_of(source);
        assert_eq!(code.len(), source.len(), "{source}");
        assert_eq!(
            code.split_whitespace().collect::<Vec<_>>().join(" "),
            expected,
            "{source}"
        );
    }
}

#[test]
fn functions_are_measured_from_signature_to_closing_brace() {
    let code = r"trait T { fn bare(&self); fn given(&self) -> [u8; 2] { [0; 2] } }
fn outer<F: Fn(u8)>(f: fn(u8)) where F: Copy {
  fn inner() {}
}
";
    let found: Vec<(&str, &str)> = functions(code)
        .iter()
        .map(|f| (f.name, &code[f.span.end - 2..f.span.end]))
        .collect();
    assert_eq!(found, [("given", " }"), ("outer", "\n}"), ("inner", "{}")]);
}

#[test]
fn test_items_are_told_from_the_rest() {
    let code = "fn a() {}\n#[cfg(test)]\n#[expect(x)]\nmod tests { fn b() {} }\nfn c() {}\n#[cfg(test)] mod more;\n";
    let spans: Vec<&str> = test_spans(code)
        .into_iter()
        .map(|span| &code[span])
        .collect();
    assert_eq!(
        spans,
        [
            "#[cfg(test)]\n#[expect(x)]\nmod tests { fn b() {} }",
            "#[cfg(test)] mod more;"
        ]
    );
}
