//! Signed notes (c2sp.org/signed-note): a text, a blank line, and one line for each signature.
//!
//! ```text
//! <text, ending in a newline>
//!
//! — <key name> base64(<key id, 4 bytes> || <signature>)
//! ```
//!
//! A note is UTF-8 without control characters other than the newline. The stages are types: a [`SignedNote`] has the
//! right form and nothing else is known of it; [`SignedNote::open`] gives an [`OpenNote`] after checking every signature
//! of a known key. Signatures of unknown keys are kept and mean nothing, so that logs can change keys and witnesses can
//! add their lines. Only Ed25519 (algorithm byte 1) is a known algorithm here.
//!
//! Bounds, the same as in Go's `sumdb/note`, so that every note made here can be read elsewhere: [`NOTE_BYTES_MAX`] bytes
//! and [`SIGNATURES_MAX`] signatures.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::text;

/// Bytes in the longest note that is read or written.
pub const NOTE_BYTES_MAX: usize = 1_000_000;

/// Signatures in a note, at most.
pub const SIGNATURES_MAX: usize = 100;

/// The algorithm byte of Ed25519 in key ids and verifier keys.
const ALGORITHM_ED25519: u8 = 0x01;

/// What a signature line begins with: an em dash and a space.
const SIGNATURE_PREFIX: &str = "— ";

/// The name of a key: not empty, without Unicode spaces, plus signs and control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// The first four bytes of `SHA-256(name || "\n" || algorithm || public key)`. Displays as hex. An identifier, not a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteKeyId([u8; 4]);

/// A named Ed25519 public key. Text form: `<name>+<hex key id>+base64(0x01 || public key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    id: NoteKeyId,
    key: VerifyingKey,
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: KeyName,
    id: NoteKeyId,
    signature: Vec<u8>,
}

/// A note of the right form, whose signatures have not been checked (or were made here).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// The text of a note of which at least one known key's signature, and no wrong one, was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenNote {
    text: String,
    signed_by: Vec<(KeyName, NoteKeyId)>,
}

/// Why a text is not a verifier key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name is empty or has a space, a plus sign or a control character.
    #[error("a key name must not be empty, nor contain spaces, plus signs or control characters")]
    Name,
    /// The text does not consist of name, eight hex digits and base64, joined by plus signs.
    #[error("a verifier key has the form <name>+<8 hex digits>+<base64>")]
    Form,
    /// The key is of another algorithm than the one that is wanted here.
    #[error(
        "the key's algorithm byte is {0:#04x}; a log's key has 0x01 (Ed25519), a witness's has 0x04 (Ed25519 cosignature)"
    )]
    Algorithm(u8),
    /// The public key is not 32 bytes, no curve point, or one of the weak points of small order.
    #[error("the public key is not a sound Ed25519 key")]
    PublicKey,
    /// The key id in the text is not that of the name and key: the text was altered or mistyped.
    #[error("the key id in the text is {stated}, but name and public key give {computed}")]
    IdMismatch {
        /// The key id in the text.
        stated: NoteKeyId,
        /// The key id of this name and public key.
        computed: NoteKeyId,
    },
}

/// Why bytes are not a note, or a note is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// More than [`NOTE_BYTES_MAX`].
    #[error("a note has at most {NOTE_BYTES_MAX} bytes, not {bytes}")]
    TooLong {
        /// Bytes of the note.
        bytes: usize,
    },
    /// More than [`SIGNATURES_MAX`].
    #[error("a note has at most {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// Not UTF-8, or with a control character other than the newline.
    #[error("a note is UTF-8 without control characters other than newlines")]
    Characters,
    /// The text to be signed does not end in a newline.
    #[error("the text of a note must end in a newline")]
    TextEnd,
    /// There is no blank line with signature lines behind it.
    #[error("the note has no blank line with signatures behind it")]
    NoSignatures,
    /// A line behind the blank line is not a signature.
    #[error("signature line {line} is not of the form '— <key name> <base64>'")]
    SignatureLine {
        /// Number of the line behind the blank line, from 1.
        line: usize,
    },
    /// A known key's signature does not fit the text: the text or the signature was altered.
    #[error("the signature of {name}+{id} does not fit the text")]
    BadSignature {
        /// Name of the key.
        name: KeyName,
        /// Id of the key.
        id: NoteKeyId,
    },
    /// No known key signed the note.
    #[error("the note carries no signature of a known key")]
    NotSigned,
}

impl KeyName {
    /// Checks a key name.
    pub fn new(name: &str) -> Result<Self, KeyError> {
        let forbidden = |c: char| c.is_whitespace() || c == '+' || c < ' ';
        if name.is_empty() || name.contains(forbidden) {
            Err(KeyError::Name)
        } else {
            Ok(Self(name.to_owned()))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl NoteKeyId {
    /// The id of an Ed25519 key under this name.
    pub fn ed25519(name: &KeyName, key: &VerifyingKey) -> Self {
        Self::of(name, ALGORITHM_ED25519, key)
    }

    /// The id of an Ed25519 key that signs as the algorithm byte says.
    pub(super) fn of(name: &KeyName, algorithm: u8, key: &VerifyingKey) -> Self {
        let prefix = Sha256::new()
            .chain_update(&name.0)
            .chain_update([b'\n', algorithm]);
        let digest: [u8; 32] = prefix.chain_update(key.as_bytes()).finalize().into();
        let [a, b, c, d, ..] = digest;
        Self([a, b, c, d])
    }

    /// Wraps four bytes that are already a key id, for instance of another algorithm's key.
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The four bytes.
    pub const fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }
}

impl fmt::Display for NoteKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write_hex(f, &self.0)
    }
}

impl VerifierKey {
    /// Names a public key. Weak keys (of small order) are refused: anybody can sign for them.
    pub fn new(name: KeyName, key: VerifyingKey) -> Result<Self, KeyError> {
        let id = NoteKeyId::ed25519(&name, &key);
        if key.is_weak() {
            Err(KeyError::PublicKey)
        } else {
            Ok(Self { name, id, key })
        }
    }

    /// Parses the text form that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, stated, key) = parse_key(text, ALGORITHM_ED25519)?;
        let verifier = Self::new(name, key)?;
        stated_is_computed(stated, verifier.id)?;
        Ok(verifier)
    }

    /// Name of the key.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// Id of the key.
    pub const fn id(&self) -> NoteKeyId {
        self.id
    }

    /// The public key.
    pub const fn public_key(&self) -> &VerifyingKey {
        &self.key
    }

    fn made(&self, line: &NoteSignature) -> bool {
        self.id == line.id && self.name == line.name
    }

    fn verifies(&self, text: &str, line: &NoteSignature) -> bool {
        let signature = Signature::from_slice(&line.signature);
        signature.is_ok_and(|signature| self.key.verify_strict(text.as_bytes(), &signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, &self.name, self.id, ALGORITHM_ED25519, &self.key)
    }
}

impl NoteSignature {
    /// A signature line of any algorithm. `signature` is what follows the key id, at least one byte.
    pub fn new(name: KeyName, id: NoteKeyId, signature: Vec<u8>) -> Option<Self> {
        (!signature.is_empty()).then_some(Self {
            name,
            id,
            signature,
        })
    }

    /// A signature line of bytes that were made here.
    pub(super) const fn of(name: KeyName, id: NoteKeyId, signature: Vec<u8>) -> Self {
        Self {
            name,
            id,
            signature,
        }
    }

    /// Name of the key that is said to have signed.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// Id of the key that is said to have signed.
    pub const fn id(&self) -> NoteKeyId {
        self.id
    }

    /// The bytes behind the key id; their meaning depends on the key's algorithm.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
        let bytes = text::parse_base64(base64)?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        Self::new(KeyName::new(name).ok()?, NoteKeyId(*id), signature.to_vec())
    }

    /// The line as it stands in a note, with its newline.
    pub fn to_line(&self) -> String {
        let mut out = String::with_capacity(self.line_len());
        self.push_line(&mut out);
        out
    }

    fn push_line(&self, out: &mut String) {
        let bytes = [self.id.0.as_slice(), &self.signature].concat();
        out.extend([SIGNATURE_PREFIX, self.name.as_str(), " "]);
        text::push_base64(out, &bytes);
        out.push('\n');
    }

    fn line_len(&self) -> usize {
        SIGNATURE_PREFIX.len()
            + self.name.0.len()
            + text::base64_len(self.id.0.len() + self.signature.len())
            + 2
    }
}

impl SignedNote {
    /// Signs a text, which must end in a newline, with one key.
    pub fn sign(text: &str, name: &KeyName, key: &SigningKey) -> Result<Self, NoteError> {
        check_characters(text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::TextEnd);
        }
        let id = NoteKeyId::ed25519(name, &key.verifying_key());
        let signature = key.sign(text.as_bytes()).to_vec();
        let note = Self {
            text: text.to_owned(),
            signatures: vec![NoteSignature {
                name: name.clone(),
                id,
                signature,
            }],
        };
        note.within_bounds()
    }

    /// Parses signature lines by themselves, each ending in a newline, as a witness answers them.
    pub fn parse_lines(text: &str) -> Result<Vec<NoteSignature>, NoteError> {
        check_length(text.len())?;
        let lines = text.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
        let parse = |(at, line)| {
            NoteSignature::parse(line).ok_or(NoteError::SignatureLine { line: at + 1 })
        };
        let lines: Vec<_> = lines
            .split('\n')
            .take(SIGNATURES_MAX + 1)
            .enumerate()
            .map(parse)
            .collect::<Result<_, _>>()?;
        if lines.len() > SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        Ok(lines)
    }

    /// Takes a note apart. Nothing is verified: the note is only known to have the right form.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        check_length(bytes.len())?;
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Characters)?;
        check_characters(note)?;
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        let signatures = Self::parse_lines(lines)?;
        Self {
            text: format!("{text}\n"),
            signatures,
        }
        .within_bounds()
    }

    /// Adds a signature line, for instance a witness's.
    pub fn with_signature(mut self, signature: NoteSignature) -> Result<Self, NoteError> {
        self.signatures.push(signature);
        self.within_bounds()
    }

    /// The text, which nobody has verified yet. To act on it, [`SignedNote::open`] the note.
    pub fn unverified_text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in order.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Verifies the note: every signature of a known key must be right, and there must be one.
    pub fn open(self, known: &[VerifierKey]) -> Result<OpenNote, NoteError> {
        let mut signed_by = Vec::new();
        for line in &self.signatures {
            let Some(key) = known.iter().find(|key| key.made(line)) else {
                continue;
            };
            let (name, id) = (line.name.clone(), line.id);
            if !key.verifies(&self.text, line) {
                return Err(NoteError::BadSignature { name, id });
            }
            if !signed_by.contains(&(name.clone(), id)) {
                signed_by.push((name, id));
            }
        }
        if signed_by.is_empty() {
            Err(NoteError::NotSigned)
        } else {
            Ok(OpenNote {
                text: self.text,
                signed_by,
            })
        }
    }

    /// The note as text, as [`SignedNote::parse`] reads it.
    pub fn to_text(&self) -> String {
        let mut out = String::with_capacity(self.text_len());
        out.extend([self.text.as_str(), "\n"]);
        self.signatures
            .iter()
            .for_each(|line| line.push_line(&mut out));
        out
    }

    fn text_len(&self) -> usize {
        self.text.len()
            + 1
            + self
                .signatures
                .iter()
                .map(NoteSignature::line_len)
                .sum::<usize>()
    }

    fn within_bounds(self) -> Result<Self, NoteError> {
        check_length(self.text_len())?;
        if self.signatures.len() > SIGNATURES_MAX {
            Err(NoteError::TooManySignatures)
        } else {
            Ok(self)
        }
    }
}

impl OpenNote {
    /// The verified text, with its final newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The known keys that signed, in the order of their lines.
    pub fn signed_by(&self) -> &[(KeyName, NoteKeyId)] {
        &self.signed_by
    }
}

/// Takes the text of a verifier key apart: its name, the id that it states, and its public key of this algorithm.
pub(super) fn parse_key(
    text: &str,
    algorithm: u8,
) -> Result<(KeyName, NoteKeyId, VerifyingKey), KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Form);
    };
    let name = KeyName::new(name)?;
    let stated = text::parse_hex(id).map(NoteKeyId).ok_or(KeyError::Form)?;
    let key = text::parse_base64(key).ok_or(KeyError::Form)?;
    Ok((name, stated, public_key(&key, algorithm)?))
}

/// Whether the id in a verifier key's text is the one that name and key give.
pub(super) fn stated_is_computed(stated: NoteKeyId, computed: NoteKeyId) -> Result<(), KeyError> {
    if stated == computed {
        Ok(())
    } else {
        Err(KeyError::IdMismatch { stated, computed })
    }
}

/// Writes the text of a verifier key.
pub(super) fn write_key(
    f: &mut fmt::Formatter<'_>,
    name: &KeyName,
    id: NoteKeyId,
    algorithm: u8,
    key: &VerifyingKey,
) -> fmt::Result {
    let mut base64 = String::new();
    text::push_base64(
        &mut base64,
        &[&[algorithm], key.as_bytes().as_slice()].concat(),
    );
    write!(f, "{name}+{id}+{base64}")
}

fn public_key(bytes: &[u8], expected: u8) -> Result<VerifyingKey, KeyError> {
    let (algorithm, key) = bytes.split_first().ok_or(KeyError::Form)?;
    if *algorithm != expected {
        return Err(KeyError::Algorithm(*algorithm));
    }
    let key = <&[u8; 32]>::try_from(key).map_err(|_| KeyError::PublicKey)?;
    VerifyingKey::from_bytes(key).map_err(|_| KeyError::PublicKey)
}

const fn check_length(bytes: usize) -> Result<(), NoteError> {
    if bytes > NOTE_BYTES_MAX {
        Err(NoteError::TooLong { bytes })
    } else {
        Ok(())
    }
}

fn check_characters(text: &str) -> Result<(), NoteError> {
    let forbidden = |byte: u8| byte < b' ' && byte != b'\n';
    if text.bytes().any(forbidden) {
        Err(NoteError::Characters)
    } else {
        Ok(())
    }
}
