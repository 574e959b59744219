//! Encodings of text files: UTF-8 with or without a mark, UTF-16 with a mark, GB18030 (GBK and GB2312 are parts of it).
//!
//! A mark at the beginning decides. Without one a file is UTF-8 if all of it is valid UTF-8, else GB18030 if all of it is valid GB18030;
//! which of them is said in the report, because a text in some third encoding may by chance be valid in one of these. Nothing is
//! replaced: a byte that cannot stand where it stands is a fault.
//!
//! [`Utf8Text`] turns a file of any of them into UTF-8 while it is read, with two buffers of 8 KiB.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, DecoderResult, GB18030, UTF_16BE, UTF_16LE};
use granary_core::text::Bilingual;

use super::fault::say;

const BUFFER_BYTES: usize = 8 * 1024;

/// How a text is written in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8; a mark at the beginning is no part of the text.
    Utf8,
    /// UTF-16, the low byte first.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
    /// GB18030.
    Gb18030,
}

impl Encoding {
    /// What the mark at the beginning says; UTF-8 where there is none.
    pub(super) fn of_mark(head: &[u8]) -> Self {
        match head {
            [0xff, 0xfe, ..] => Self::Utf16Le,
            [0xfe, 0xff, ..] => Self::Utf16Be,
            _ => Self::Utf8,
        }
    }

    /// A decoder of the whole text; `None` for UTF-8, which needs none.
    pub(super) fn decoder(self) -> Option<Decoder> {
        match self {
            Self::Utf8 => None,
            Self::Utf16Le => Some(UTF_16LE.new_decoder_with_bom_removal()),
            Self::Utf16Be => Some(UTF_16BE.new_decoder_with_bom_removal()),
            Self::Gb18030 => Some(GB18030.new_decoder_without_bom_handling()),
        }
    }

    /// What the report says about it; nothing where it is the usual one.
    pub(super) fn told(self) -> Option<Bilingual> {
        let name = self.name();
        match self {
            Self::Utf8 => None,
            Self::Utf16Le | Self::Utf16Be => Some(say!(
                "文件编码按标记识别为 {name}",
                "by its mark the file is in {name}"
            )),
            Self::Gb18030 => Some(say!(
                "文件不是 UTF-8，识别为 {name}（GBK）；如文字有误，请另存为 CSV UTF-8",
                "the file is not UTF-8 and was read as {name} (GBK); if words look wrong, save it as CSV UTF-8"
            )),
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le | Self::Utf16Be => "UTF-16",
            Self::Gb18030 => "GB18030",
        }
    }
}

/// Sees whether bytes are valid in an encoding other than UTF-8, chunk by chunk.
pub(super) struct Validity {
    decoder: Decoder,
    /// What the decoder writes, which nobody wants.
    waste: Vec<u8>,
    /// Whether a character of value zero came: then this is no text.
    pub(super) has_zero: bool,
}

impl Validity {
    /// `None` for UTF-8.
    pub(super) fn new(encoding: Encoding) -> Option<Self> {
        Some(Self {
            decoder: encoding.decoder()?,
            waste: vec![0; BUFFER_BYTES],
            has_zero: false,
        })
    }

    /// Whether a further chunk is valid; `last` says that nothing follows.
    pub(super) fn push(&mut self, mut chunk: &[u8], last: bool) -> bool {
        loop {
            let (result, read, written) =
                self.decoder
                    .decode_to_utf8_without_replacement(chunk, &mut self.waste, last);
            let text = self.waste.get(..written).unwrap_or_default();
            self.has_zero |= text.contains(&0);
            chunk = chunk.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => return true,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => return false,
            }
        }
    }
}

/// The beginning of a text in UTF-8, for a look at its headings.
pub(super) fn head_text(encoding: Encoding, head: &[u8]) -> String {
    let Some(mut decoder) = encoding.decoder() else {
        return String::from_utf8_lossy(head).into_owned();
    };
    let mut text = String::with_capacity(head.len() * 3 + 16);
    let (result, ..) = decoder.decode_to_string(head, &mut text, false);
    debug_assert_eq!(result, CoderResult::InputEmpty);
    text
}

/// A reader that gives UTF-8, whatever the encoding of what is inside.
pub(super) struct Utf8Text<R> {
    inner: R,
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    /// The part of `raw` that is not decoded yet.
    raw_at: usize,
    raw_end: usize,
    text: Vec<u8>,
    text_at: usize,
    text_end: usize,
    ended: bool,
}

impl<R: Read> Utf8Text<R> {
    pub(super) fn new(inner: R, encoding: Encoding) -> Self {
        let decoder = encoding.decoder();
        let room = if decoder.is_some() { BUFFER_BYTES } else { 0 };
        Self {
            inner,
            decoder,
            raw: vec![0; room],
            raw_at: 0,
            raw_end: 0,
            text: vec![0; room],
            text_at: 0,
            text_end: 0,
            ended: false,
        }
    }

    /// Decodes once more into the empty text buffer.
    fn fill(&mut self) -> io::Result<()> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        if self.raw_at == self.raw_end && !self.ended {
            self.raw_at = 0;
            self.raw_end = self.inner.read(&mut self.raw)?;
            self.ended = self.raw_end == 0;
        }
        let raw = self.raw.get(self.raw_at..self.raw_end).unwrap_or_default();
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(raw, &mut self.text, self.ended);
        self.raw_at += read;
        (self.text_at, self.text_end) = (0, written);
        match result {
            DecoderResult::InputEmpty if self.ended => {
                // A decoder must not be asked again after its end.
                self.decoder = None;
                self.raw_end = 0;
                Ok(())
            }
            DecoderResult::InputEmpty | DecoderResult::OutputFull => Ok(()),
            // The first pass has seen the whole file, so it has changed since.
            DecoderResult::Malformed(..) => Err(io::Error::from(io::ErrorKind::InvalidData)),
        }
    }
}

impl<R: Read> Read for Utf8Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.text.is_empty() {
            return self.inner.read(buffer);
        }
        while self.text_at == self.text_end {
            if self.decoder.is_none() {
                return Ok(0);
            }
            self.fill()?;
        }
        let text = self
            .text
            .get(self.text_at..self.text_end)
            .unwrap_or_default();
        let count = text.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(text) {
            *to = *from;
        }
        self.text_at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A reader that gives a few bytes at a time, so that characters are cut.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(buffer.len()).min(self.0.len());
            let (now, later) = self.0.split_at(count);
            buffer[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    fn bytes(text: &str, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf16Le => [0xff, 0xfe]
                .into_iter()
                .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
                .collect(),
            Encoding::Utf16Be => [0xfe, 0xff]
                .into_iter()
                .chain(text.encode_utf16().flat_map(u16::to_be_bytes))
                .collect(),
            Encoding::Gb18030 => GB18030.encode(text).0.into_owned(),
        }
    }

    proptest! {
        #[test]
        fn every_encoding_gives_the_same_text(
            text in "[a-z,;\n地区生产总值６○€ü😀]{0,3000}",
            drip in 1_usize..40,
        ) {
            for encoding in [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be, Encoding::Gb18030] {
                let bytes = bytes(&text, encoding);
                let mut read = String::new();
                Utf8Text::new(Drip(&bytes, drip), encoding).read_to_string(&mut read).unwrap();
                prop_assert_eq!(&read, &text);
                if let Some(mut validity) = Validity::new(encoding) {
                    let valid = bytes.chunks(drip).all(|chunk| validity.push(chunk, false));
                    prop_assert!(valid && validity.push(&[], true) && !validity.has_zero);
                }
            }
        }
    }

    #[test]
    fn what_is_valid_in_none_is_found() {
        let mut gb = Validity::new(Encoding::Gb18030).unwrap();
        assert!(gb.push(b"\xb5\xd8\xc7", false), "cut within a character");
        assert!(!gb.push(&[], true), "and nothing follows");
        let mut gb = Validity::new(Encoding::Gb18030).unwrap();
        assert!(!gb.push(b"a\xff\xff", true));
        let mut utf16 = Validity::new(Encoding::Utf16Le).unwrap();
        assert!(!utf16.push(b"\xff\xfea", true), "half a character");
        assert!(Validity::new(Encoding::Utf8).is_none());
    }
}
