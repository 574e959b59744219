//! What answers look like. One file a subject; every type is made from the message that answers gRPC, so nothing is said twice.

pub(super) mod slots;
pub(super) mod findings;
pub(super) mod series;
pub(super) mod standing;
pub(super) mod outlook;
pub(super) mod about;

use std::borrow::Cow;

use granary_core::{decimal::Decimal, digest::Digest, text::Bilingual};
use granary_proto::v1;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, schema::Type},
};

/// An instant, in milliseconds since 1970-01-01T00:00:00Z; written in RFC 3339.
#[derive(Clone, Copy, Debug)]
pub(super) struct At(pub(super) i64);

/// Decimal text.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure(String);

/// A SHA-256, in hexadecimal.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sha256(String);

/// Words in both languages.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
pub(super) struct Words {
    /// In Chinese.
    zh: String,
    /// In English.
    en: String,
}

/// A thing of the catalogue.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Named {
    /// Its code.
    pub(super) code: String,
    /// Its name.
    pub(super) name: Words,
}

/// What an answer stands on.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Basis {
    /// How many entries of the journal it stands on.
    entries: u64,
    /// The instant that was asked about.
    as_of: At,
    /// The catalogue version in force.
    catalogue_version: Option<Sha256>,
}

/// The journal's tree that an answer stands on.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct LogHead {
    /// The log's name.
    origin: String,
    /// How many entries.
    size: u64,
    /// The root of the tree over them (RFC 6962).
    root: Option<Sha256>,
}

/// The state of a slot. Every expected slot is in exactly one of the five.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// Accepted, received no later than due.
    Timely,
    /// Accepted, received after it was due.
    Late,
    /// Due and not accepted.
    Missing,
    /// Not owed, by a journaled act.
    Exempt,
    /// Not yet due and not accepted.
    Pending,
}

/// How many slots are in each state; the five sum to those expected.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Counts {
    /// Slots that the roster expects.
    expected: u64,
    /// Accepted in time.
    timely: u64,
    /// Accepted late.
    late: u64,
    /// Due and not accepted.
    missing: u64,
    /// Not owed.
    exempt: u64,
    /// Not yet due.
    pending: u64,
}

/// A measure of reporting quality; docs/METRICS.md defines each.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct MeasureValue {
    /// Which: `on_time_rate` and so on.
    measure: String,
    /// Which of the fields below are there: `share`, `duration`, `number`, or `none` where it cannot be computed.
    kind: &'static str,
    /// Of a share: what counts.
    numerator: Option<u64>,
    /// Of a share: of how many; never 0.
    denominator: Option<u64>,
    /// Of a duration: milliseconds.
    duration_ms: Option<i64>,
    /// Of a number: per cent.
    number: Option<Figure>,
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let at = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        serializer.collect_str(&format_args!("{at:.3}"))
    }
}

impl PartialSchema for At {
    fn schema() -> RefOr<Schema> {
        let instant = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("An instant in RFC 3339, in UTC, to the millisecond."))
            .examples(["2022-04-08T04:00:00.000Z"]);
        instant.into()
    }
}

impl ToSchema for At {
    fn name() -> Cow<'static, str> {
        "Instant".into()
    }
}

impl PartialSchema for Figure {
    fn schema() -> RefOr<Schema> {
        let figure = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(r"^-?[0-9]+(\.[0-9]+)?$"))
            .description(Some(
                "A decimal as text, with exactly the digits that were stated: 100.00 is not 100.",
            ))
            .examples(["-12.50"]);
        figure.into()
    }
}

impl ToSchema for Figure {}

impl PartialSchema for Sha256 {
    fn schema() -> RefOr<Schema> {
        let digest = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9a-f]{64}$"))
            .description(Some("A SHA-256 in hexadecimal."));
        digest.into()
    }
}

impl ToSchema for Sha256 {}

impl Figure {
    /// A decimal on the wire; its trailing zeros are part of what was said.
    pub(super) fn of(wire: &v1::Decimal) -> Option<Self> {
        let scale = u8::try_from(wire.scale).ok()?;
        Decimal::new(wire.mantissa.into(), scale).map(Self::from)
    }

    /// Decimal text of the wire, where there is any.
    pub(super) fn text(text: &str) -> Option<Self> {
        Decimal::parse(text).is_ok().then(|| Self(text.to_owned()))
    }
}

impl From<Decimal> for Figure {
    fn from(value: Decimal) -> Self {
        Self(value.to_string())
    }
}

impl Sha256 {
    /// The digest of 32 bytes; `None` where there are others.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        Digest::from_slice(bytes).map(Self::from)
    }
}

impl From<Digest> for Sha256 {
    fn from(digest: Digest) -> Self {
        Self(digest.to_string())
    }
}

impl Words {
    pub(super) fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        let (zh, en) = (zh.into(), en.into());
        Self { zh, en }
    }

    /// Words of the wire; `None` where there are none.
    pub(super) fn some(words: Option<v1::Words>) -> Option<Self> {
        words
            .map(Self::from)
            .filter(|words| !words.zh.is_empty() || !words.en.is_empty())
    }
}

impl From<v1::Words> for Words {
    fn from(words: v1::Words) -> Self {
        Self::new(words.zh, words.en)
    }
}

impl From<&Bilingual> for Words {
    fn from(words: &Bilingual) -> Self {
        Self::new(&words.zh, &words.en)
    }
}

impl Named {
    pub(super) fn new(code: impl ToString, name: &Bilingual) -> Self {
        Self {
            code: code.to_string(),
            name: name.into(),
        }
    }

    /// A thing on the wire, which is always named where the catalogue knows it.
    pub(super) fn of(named: Option<v1::Named>) -> Self {
        let named = named.unwrap_or_default();
        Self {
            code: named.code,
            name: named.name.unwrap_or_default().into(),
        }
    }
}

impl From<Option<v1::Basis>> for Basis {
    fn from(basis: Option<v1::Basis>) -> Self {
        let basis = basis.unwrap_or_default();
        Self {
            entries: basis.applied_size,
            as_of: At(basis.as_of_ms),
            catalogue_version: Sha256::of(&basis.catalogue_version),
        }
    }
}

impl From<Option<v1::LogHead>> for LogHead {
    fn from(log: Option<v1::LogHead>) -> Self {
        let log = log.unwrap_or_default();
        Self {
            origin: log.origin,
            size: log.size,
            root: Sha256::of(&log.root_hash),
        }
    }
}

impl From<v1::SlotState> for State {
    fn from(state: v1::SlotState) -> Self {
        match state {
            v1::SlotState::Timely => Self::Timely,
            v1::SlotState::Late => Self::Late,
            v1::SlotState::Missing => Self::Missing,
            v1::SlotState::Exempt => Self::Exempt,
            v1::SlotState::Pending | v1::SlotState::Unspecified => Self::Pending,
        }
    }
}

impl State {
    /// The words of a query, as numbers of the wire.
    pub(super) const WORDS: [(&'static str, i32); 5] = [
        ("timely", v1::SlotState::Timely as i32),
        ("late", v1::SlotState::Late as i32),
        ("missing", v1::SlotState::Missing as i32),
        ("exempt", v1::SlotState::Exempt as i32),
        ("pending", v1::SlotState::Pending as i32),
    ];
}

impl From<Option<v1::StateCounts>> for Counts {
    fn from(counts: Option<v1::StateCounts>) -> Self {
        let counts = counts.unwrap_or_default();
        Self {
            expected: counts.expected,
            timely: counts.timely,
            late: counts.late,
            missing: counts.missing,
            exempt: counts.exempt,
            pending: counts.pending,
        }
    }
}

impl From<v1::MeasureValue> for MeasureValue {
    fn from(value: v1::MeasureValue) -> Self {
        use v1::measure_value::Value;
        let none = Self {
            measure: value.measure,
            kind: "none",
            numerator: None,
            denominator: None,
            duration_ms: None,
            number: None,
        };
        match value.value {
            None => none,
            Some(Value::Share(share)) => Self {
                kind: "share",
                numerator: Some(share.numerator),
                denominator: Some(share.denominator),
                ..none
            },
            Some(Value::DurationMs(ms)) => Self {
                kind: "duration",
                duration_ms: Some(ms),
                ..none
            },
            Some(Value::Number(number)) => Self {
                kind: "number",
                number: Figure::text(&number),
                ..none
            },
        }
    }
}

/// All of a list, as answers have it.
pub(super) fn all<W, A: From<W>>(wire: Vec<W>) -> Vec<A> {
    wire.into_iter().map(A::from).collect()
}

/// Text of the wire; `None` where it is empty.
pub(super) fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
