//! The bytes of the acts of a random verification: `granary.v1.AnnounceSample`, `DrawSample`, `RecordVisit`.

use prost::{Message, Oneof};

use super::{
    Allocation, Announcement, Draw, Element, FrameHead, Kind, LIST_MAX, Method, NOTE_BYTES_MAX,
    Public, SIZE_MAX, Scope, Seal, Strata, Visit, VisitResult, WORDS_BYTES_MAX,
};
use crate::{
    code::{DatasetCode, IndicatorCode, ItemKey, UnitCode},
    decimal::Decimal,
    digest::Digest,
    ledger::{
        LogIndex,
        act::{ActError, parsed, text},
    },
    period::Period,
    snapshot::SlotKey,
};

type Result<T> = std::result::Result<T, ActError>;

#[derive(Clone, PartialEq, Message)]
pub(in crate::ledger) struct AnnounceWire {
    #[prost(string, tag = "1")]
    title: String,
    #[prost(int32, tag = "2")]
    kind: i32,
    #[prost(string, repeated, tag = "3")]
    datasets: Vec<String>,
    #[prost(string, repeated, tag = "4")]
    periods: Vec<String>,
    #[prost(string, repeated, tag = "5")]
    indicators: Vec<String>,
    #[prost(string, tag = "6")]
    measure: String,
    #[prost(int32, tag = "7")]
    strata: i32,
    #[prost(int32, tag = "8")]
    method: i32,
    #[prost(uint32, tag = "9")]
    size: u32,
    #[prost(message, repeated, tag = "10")]
    allocations: Vec<AllocationWire>,
    #[prost(oneof = "SealWire", tags = "11, 12")]
    seal: Option<SealWire>,
    #[prost(oneof = "PublicWire", tags = "13, 14")]
    public: Option<PublicWire>,
    #[prost(uint64, tag = "15")]
    frame_entries: u64,
    #[prost(uint32, tag = "16")]
    frame_elements: u32,
    #[prost(bytes = "vec", tag = "17")]
    frame_sha256: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct AllocationWire {
    #[prost(string, tag = "1")]
    stratum: String,
    #[prost(uint32, tag = "2")]
    size: u32,
}

#[derive(Clone, Copy, PartialEq, Oneof)]
enum SealWire {
    #[prost(uint64, tag = "11")]
    Size(u64),
    #[prost(int64, tag = "12")]
    After(i64),
}

#[derive(Clone, PartialEq, Oneof)]
enum PublicWire {
    #[prost(string, tag = "13")]
    Agreed(String),
    #[prost(string, tag = "14")]
    Awaited(String),
}

#[derive(Clone, PartialEq, Message)]
struct ElementWire {
    #[prost(string, tag = "1")]
    unit: String,
    #[prost(string, tag = "2")]
    dataset: String,
    #[prost(string, tag = "3")]
    period: String,
    #[prost(string, tag = "4")]
    indicator: String,
    #[prost(string, optional, tag = "5")]
    item: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::ledger) struct DrawWire {
    #[prost(uint64, tag = "1")]
    sample: u64,
    #[prost(uint64, tag = "2")]
    tree_size: u64,
    #[prost(bytes = "vec", tag = "3")]
    root: Vec<u8>,
    #[prost(string, tag = "4")]
    public: String,
    #[prost(message, repeated, tag = "5")]
    elements: Vec<ElementWire>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::ledger) struct VisitWire {
    #[prost(uint64, tag = "1")]
    sample: u64,
    #[prost(message, optional, tag = "2")]
    element: Option<ElementWire>,
    #[prost(int32, tag = "3")]
    result: i32,
    #[prost(string, optional, tag = "4")]
    verified: Option<String>,
    #[prost(string, tag = "5")]
    note: String,
    #[prost(string, tag = "6")]
    visitor: String,
    #[prost(int64, tag = "7")]
    visited_at_ms: i64,
}

impl AnnounceWire {
    pub(in crate::ledger) fn of(announcement: Announcement) -> Self {
        let Announcement {
            title,
            scope,
            method,
            size,
            allocations,
            seal,
            public,
            frame,
        } = announcement;
        Self {
            title,
            kind: scope.kind.number(),
            datasets: texts(&scope.datasets),
            periods: texts(&scope.periods),
            indicators: texts(&scope.indicators),
            measure: scope.measure.map_or_else(String::new, |m| m.to_string()),
            strata: scope.strata.number(),
            method: method.number(),
            size,
            allocations: allocations.into_iter().map(AllocationWire::of).collect(),
            seal: Some(match seal {
                Seal::Size(size) => SealWire::Size(size),
                Seal::After(at_ms) => SealWire::After(at_ms),
            }),
            public: Some(match public {
                Public::Agreed(text) => PublicWire::Agreed(text),
                Public::Awaited(text) => PublicWire::Awaited(text),
            }),
            frame_entries: frame.entries,
            frame_elements: frame.elements,
            frame_sha256: frame.sha256.as_bytes().to_vec(),
        }
    }

    pub(in crate::ledger) fn decode(self) -> Result<Announcement> {
        let announcement = Announcement {
            scope: self.scope()?,
            method: Method::from_number(self.method).ok_or_else(|| unknown("method"))?,
            size: between("size", self.size, 1, SIZE_MAX)?,
            allocations: bounded("allocations", self.allocations)?
                .into_iter()
                .map(AllocationWire::decode)
                .collect::<Result<_>>()?,
            seal: match self.seal {
                Some(SealWire::Size(size)) => Seal::Size(size),
                Some(SealWire::After(at_ms)) => Seal::After(at_ms),
                None => return Err(unknown("seal")),
            },
            public: match self.public {
                Some(PublicWire::Agreed(words)) => Public::Agreed(self::words("public", words)?),
                Some(PublicWire::Awaited(words)) => Public::Awaited(self::words("public", words)?),
                None => return Err(unknown("public string")),
            },
            frame: FrameHead {
                entries: self.frame_entries,
                elements: self.frame_elements,
                sha256: digest("frame_sha256", &self.frame_sha256)?,
            },
            title: words("title", self.title)?,
        };
        Ok(announcement)
    }

    fn scope(&self) -> Result<Scope> {
        let listed = |field: &str, list: &[String]| {
            bounded(field, list.to_vec()).and_then(|list| {
                if list.is_empty() && field != "indicators" {
                    return Err(ActError(format!("{field} are missing")));
                }
                Ok(list)
            })
        };
        let measure = (!self.measure.is_empty()).then(|| IndicatorCode::new(&self.measure));
        Ok(Scope {
            kind: Kind::from_number(self.kind).ok_or_else(|| unknown("kind"))?,
            datasets: all(&listed("datasets", &self.datasets)?, DatasetCode::new)?,
            periods: all(&listed("periods", &self.periods)?, Period::parse)?,
            indicators: all(&listed("indicators", &self.indicators)?, IndicatorCode::new)?,
            measure: parsed(measure.transpose())?,
            strata: Strata::from_number(self.strata).ok_or_else(|| unknown("strata"))?,
        })
    }
}

impl AllocationWire {
    fn of(allocation: Allocation) -> Self {
        let Allocation { stratum, size } = allocation;
        Self { stratum, size }
    }

    fn decode(self) -> Result<Allocation> {
        Ok(Allocation {
            stratum: words("stratum", self.stratum)?,
            size: between("a stratum's size", self.size, 1, SIZE_MAX)?,
        })
    }
}

impl ElementWire {
    fn of(element: Element) -> Self {
        Self {
            unit: element.slot.unit.to_string(),
            dataset: element.slot.dataset.to_string(),
            period: element.slot.period.to_string(),
            indicator: element
                .indicator
                .map_or_else(String::new, |i| i.to_string()),
            item: element.item.map(|item| item.to_string()),
        }
    }

    fn decode(self) -> Result<Element> {
        let slot = SlotKey::new(
            parsed(UnitCode::new(&self.unit))?,
            parsed(DatasetCode::new(&self.dataset))?,
            parsed(Period::parse(&self.period))?,
        );
        let indicator = (!self.indicator.is_empty()).then(|| IndicatorCode::new(&self.indicator));
        Ok(Element {
            slot,
            indicator: parsed(indicator.transpose())?,
            item: parsed(self.item.as_deref().map(ItemKey::new).transpose())?,
        })
    }
}

impl DrawWire {
    pub(in crate::ledger) fn of(draw: Draw) -> Self {
        Self {
            sample: draw.sample.0,
            tree_size: draw.tree_size,
            root: draw.root.as_bytes().to_vec(),
            public: draw.public,
            elements: draw.elements.into_iter().map(ElementWire::of).collect(),
        }
    }

    pub(in crate::ledger) fn decode(self) -> Result<Draw> {
        let elements = bounded("elements", self.elements)?;
        Ok(Draw {
            sample: LogIndex(self.sample),
            tree_size: self.tree_size,
            root: digest("root", &self.root)?,
            public: words("public", self.public)?,
            elements: elements
                .into_iter()
                .map(ElementWire::decode)
                .collect::<Result<_>>()?,
        })
    }
}

impl VisitWire {
    pub(in crate::ledger) fn of(visit: Visit) -> Self {
        Self {
            sample: visit.sample.0,
            element: Some(ElementWire::of(visit.element)),
            result: visit.result.number(),
            verified: visit.verified.map(|value| value.to_string()),
            note: visit.note,
            visitor: visit.visitor,
            visited_at_ms: visit.visited_at_ms,
        }
    }

    pub(in crate::ledger) fn decode(self) -> Result<Visit> {
        let element = self.element.ok_or_else(|| unknown("element"))?;
        let verified = self.verified.as_deref().map(Decimal::parse).transpose();
        Ok(Visit {
            sample: LogIndex(self.sample),
            element: element.decode()?,
            result: VisitResult::from_number(self.result).ok_or_else(|| unknown("result"))?,
            verified: parsed(verified)?,
            note: text("note", self.note, 0, NOTE_BYTES_MAX)?,
            visitor: words("visitor", self.visitor)?,
            visited_at_ms: self.visited_at_ms,
        })
    }
}

fn texts<T: ToString>(list: &[T]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn all<T, E: ToString>(
    texts: &[String],
    parse: impl Fn(&str) -> std::result::Result<T, E>,
) -> Result<Vec<T>> {
    texts.iter().map(|text| parsed(parse(text))).collect()
}

fn bounded<T>(field: &str, list: Vec<T>) -> Result<Vec<T>> {
    if list.len() <= LIST_MAX {
        return Ok(list);
    }
    let count = list.len();
    Err(ActError(format!("{count} {field}; at most {LIST_MAX}")))
}

fn between(field: &str, number: u32, min: u32, max: u32) -> Result<u32> {
    if (min..=max).contains(&number) {
        return Ok(number);
    }
    Err(ActError(format!(
        "{field} is {number}; {min} to {max} are allowed"
    )))
}

/// A line of text: it stands in files whose fields are parted by tabs.
fn words(field: &str, words: String) -> Result<String> {
    if words.chars().any(char::is_control) {
        return Err(ActError(format!("{field} has a control character")));
    }
    text(field, words, 1, WORDS_BYTES_MAX)
}

fn digest(field: &str, bytes: &[u8]) -> Result<Digest> {
    Digest::from_slice(bytes).ok_or_else(|| ActError(format!("{field} is not 32 bytes")))
}

fn unknown(field: &str) -> ActError {
    ActError(format!("{field} is missing or not known here"))
}
