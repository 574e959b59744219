//! The files of a catalogue as one value with one name.
//!
//! A [`Bundle`] maps file names to UTF-8 texts. Its canonical bytes are one protobuf message, with the files in strictly
//! ascending order of their names:
//! ```protobuf
//! message Bundle { repeated File files = 1; }
//! message File { string name = 1; string text = 2; }
//! ```
//! [`Bundle::decode`] accepts only bytes that [`Bundle::encode`] would write, so that a catalogue has exactly one byte form
//! and its SHA-256 is its version. The texts themselves are not read here.

use std::collections::BTreeMap;

use prost::Message;

use crate::digest::Digest;

/// The text files of one catalogue, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    files: BTreeMap<String, String>,
}

/// Why some files or some bytes are not a bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// More files than [`Bundle::FILES_MAX`].
    #[error("a catalogue has at most {max} files, not {0}: join some of them", max = Bundle::FILES_MAX)]
    TooManyFiles(usize),
    /// The texts and their names are longer than [`Bundle::LEN_BYTES_MAX`] together.
    #[error("the files of a catalogue hold at most {max} bytes, not {0}", max = Bundle::LEN_BYTES_MAX)]
    TooLarge(usize),
    /// A file name with other characters than those allowed.
    #[error(
        "{0:?} is not the name of a catalogue file: write 1 to 64 letters, digits, '.', '_' or '-', not beginning with '.', ending in \".toml\""
    )]
    BadName(String),
    /// The bytes are no protobuf message of a bundle.
    #[error("these bytes are not a catalogue bundle")]
    Malformed,
    /// The bytes are a bundle, but not as [`Bundle::encode`] writes it.
    #[error("these bytes are a catalogue bundle, but not in its canonical form")]
    NotCanonical,
}

impl Bundle {
    /// The most files in a bundle.
    pub const FILES_MAX: usize = 64;
    /// The most bytes of names and texts together: 8 MiB.
    pub const LEN_BYTES_MAX: usize = 8 << 20;
    /// The most bytes that [`Self::encode`] can write: the texts and the framing of each file.
    pub const ENCODED_LEN_BYTES_MAX: usize = Self::LEN_BYTES_MAX + Self::FILES_MAX * 32;

    /// Checks the limits and the names; the order in which files were inserted does not matter.
    ///
    /// # Errors
    /// [`BundleError`] says which limit or which name.
    pub fn new(files: BTreeMap<String, String>) -> Result<Self, BundleError> {
        if files.len() > Self::FILES_MAX {
            return Err(BundleError::TooManyFiles(files.len()));
        }
        let bytes = files.iter().map(|(name, text)| name.len() + text.len());
        let bytes: usize = bytes.sum();
        if bytes > Self::LEN_BYTES_MAX {
            return Err(BundleError::TooLarge(bytes));
        }
        match files.keys().find(|name| !is_name(name)) {
            Some(name) => Err(BundleError::BadName(name.chars().take(80).collect())),
            None => Ok(Self { files }),
        }
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let files = self.files.iter().map(|(name, text)| FileMessage {
            name: name.clone(),
            text: text.clone(),
        });
        let message = BundleMessage {
            files: files.collect(),
        };
        message.encode_to_vec()
    }

    /// Reads the canonical bytes, and no others.
    ///
    /// # Errors
    /// [`BundleError`]; `NotCanonical` also where files are out of order or named twice.
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > Self::ENCODED_LEN_BYTES_MAX {
            return Err(BundleError::TooLarge(bytes.len()));
        }
        let message = BundleMessage::decode(bytes).map_err(|_| BundleError::Malformed)?;
        let files = message.files.into_iter().map(|file| (file.name, file.text));
        let bundle = Self::new(files.collect())?;
        if bundle.encode() == bytes {
            Ok(bundle)
        } else {
            Err(BundleError::NotCanonical)
        }
    }

    /// The catalogue's version: the SHA-256 of [`Self::encode`].
    #[must_use]
    pub fn version(&self) -> Digest {
        Digest::of(&self.encode())
    }

    /// The texts by file name.
    #[must_use]
    pub const fn files(&self) -> &BTreeMap<String, String> {
        &self.files
    }
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.ends_with(".toml")
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[derive(Clone, PartialEq, Message)]
struct BundleMessage {
    #[prost(message, repeated, tag = "1")]
    files: Vec<FileMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct FileMessage {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    text: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bundle(files: &[(&str, &str)]) -> Result<Bundle, BundleError> {
        let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        Bundle::new(files.iter().map(own).collect())
    }

    #[test]
    fn limits_and_names_hold() {
        for name in ["", "x", ".toml", "a/b.toml", "x.TOML", "贵.toml", "..toml"] {
            let refused = bundle(&[(name, "")]);
            assert_eq!(refused, Err(BundleError::BadName(name.to_owned())));
        }
        let many = (0..65).map(|n| (format!("{n}.toml"), String::new()));
        assert_eq!(
            Bundle::new(many.collect()),
            Err(BundleError::TooManyFiles(65))
        );
        let fits = "x".repeat(Bundle::LEN_BYTES_MAX - "a.toml".len());
        let largest = bundle(&[("a.toml", &fits)]).unwrap();
        assert_eq!(Bundle::decode(&largest.encode()), Ok(largest));
        let over = bundle(&[("a.toml", &(fits + "x"))]);
        assert_eq!(over, Err(BundleError::TooLarge(Bundle::LEN_BYTES_MAX + 1)));
    }

    #[test]
    fn the_bytes_are_fixed() {
        let bytes = bundle(&[("b.toml", "y"), ("a.toml", "x")])
            .unwrap()
            .encode();
        assert_eq!(
            bytes,
            b"\x0a\x0b\x0a\x06a.toml\x12\x01x\x0a\x0b\x0a\x06b.toml\x12\x01y"
        );
    }

    #[test]
    fn only_the_canonical_bytes_are_read() {
        let check = |bytes: &[u8], expect| assert_eq!(Bundle::decode(bytes), Err(expect));
        let swapped = b"\x0a\x0b\x0a\x06b.toml\x12\x01y\x0a\x0b\x0a\x06a.toml\x12\x01x";
        check(swapped, BundleError::NotCanonical);
        let twice = b"\x0a\x0b\x0a\x06a.toml\x12\x01x\x0a\x0b\x0a\x06a.toml\x12\x01x";
        check(twice, BundleError::NotCanonical);
        let unknown_field = b"\x0a\x0d\x0a\x06a.toml\x12\x01x\x18\x01";
        check(unknown_field, BundleError::NotCanonical);
        check(b"\x0a\x0b\x0a", BundleError::Malformed);
        check(b"\x0a\x0a\x0a\x06a.toml\x12\x00", BundleError::NotCanonical);
    }

    proptest! {
        #[test]
        fn bytes_round_trip(files in prop::collection::btree_map("[a-z]{1,5}\\.toml", ".{0,40}", 0..6)) {
            let bundle = Bundle::new(files).unwrap();
            prop_assert_eq!(Bundle::decode(&bundle.encode()), Ok(bundle));
        }

        #[test]
        fn any_changed_byte_changes_the_version(at in 0..20_usize, to in any::<u8>()) {
            let bundle = bundle(&[("a.toml", "code = \"x\""), ("b.toml", "y")]).unwrap();
            let mut bytes = bundle.encode();
            let old = std::mem::replace(&mut bytes[at], to);
            if let Ok(other) = Bundle::decode(&bytes) {
                prop_assert_eq!(other.version() == bundle.version(), old == to);
            }
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(bundle) = Bundle::decode(&bytes) {
                prop_assert_eq!(bundle.encode(), bytes);
            }
        }
    }
}
