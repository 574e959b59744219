//! The keys of derived rows: one ordered key space, whose first byte names the table.
//!
//! | byte | table | rest of the key | value |
//! |---|---|---|---|
//! | 01 | applied | | entries folded, 8 bytes big-endian |
//! | 02 | genesis | | [`super::rows::GenesisRow`] |
//! | 03 | catalogue | | [`super::rows::CatalogueRow`] |
//! | 04 | key | key id | [`super::rows::KeyRow`] |
//! | 05 | token | SHA-256 of the token | [`super::rows::TokenRow`] |
//! | 06 | extended | slot | the furthest [`super::rows::ExtensionRow`] |
//! | 0a | witness | Ed25519 public key | [`super::witness::WitnessRow`] |
//! | 10 | slot | slot | [`super::rows::SlotRow`] |
//! | 11 | vintage | slot, log index | [`super::rows::VintageRow`] |
//! | 12 | feed | unit 00, log index | slot |
//! | 13 | finding | slot, edit 00, item | [`super::rows::FindingRow`] |
//! | 14 | roll-up | slot of the parent | [`super::rows::RollupRow`] |
//! | 15 | revision | slot that was revised | [`super::facts::RevisionRow`] |
//! | 18 | evidence | unit 00, SHA-256 of the file | [`super::evidence::EvidenceRow`] |
//! | 19 | anchor | | [`super::evidence::AnchorRow`] |
//! | 1a | bulletin | log index of its publication | [`super::publication::PublicationRow`] |
//! | 20 | sample | log index of its announcement | [`super::rows::SampleRow`] |
//! | 21 | visit | log index of the announcement, log index | [`super::rows::VisitRow`] |
//!
//! A slot is `dataset 00 period unit 00`; a period is one byte for the periodicity and its ordinal, 4 bytes big-endian
//! with the sign bit flipped, so that periods sort by time. Codes hold no zero byte, so keys sort as their parts do.

use crate::{
    code::{DatasetCode, EditId, ItemKey, UnitCode},
    digest::Digest,
    envelope::KeyId,
    period::{Period, Periodicity},
    snapshot::SlotKey,
};

use super::LogIndex;

/// The table of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    /// How many entries are folded.
    Applied = 0x01,
    /// The log and its keys.
    Genesis = 0x02,
    /// The catalogue in force.
    Catalogue = 0x03,
    /// Enrolled keys.
    Key = 0x04,
    /// Enrolment tokens.
    Token = 0x05,
    /// The furthest extension of each slot that has one.
    Extended = 0x06,
    /// Enrolled witness keys.
    Witness = 0x0a,
    /// Slots.
    Slot = 0x10,
    /// What each snapshot came to, by slot.
    Vintage = 0x11,
    /// The same, by unit, in the order of the log.
    Feed = 0x12,
    /// Findings.
    Finding = 0x13,
    /// Sums over children.
    Rollup = 0x14,
    /// First values beside current ones, of slots that were revised.
    Revision = 0x15,
    /// Files of evidence that were asked for.
    Evidence = 0x18,
    /// The newest anchor of the access log.
    Anchor = 0x19,
    /// Bulletins that were published, in the order of the log.
    Bulletin = 0x1a,
    /// Samples that were announced.
    Sample = 0x20,
    /// What visits found, by sample, in the order of the log.
    Visit = 0x21,
}

/// The key of a table's only row, and the prefix of all rows of a table.
#[must_use]
pub fn table(table: Table) -> Vec<u8> {
    vec![table as u8]
}

/// Whether the fold writes rows of this table and never reads them back by their key.
#[must_use]
pub fn is_only_written(key: &[u8]) -> bool {
    [Table::Vintage, Table::Feed]
        .map(|table| Some(table as u8))
        .contains(&key.first().copied())
}

/// The key of an enrolled key's row.
#[must_use]
pub fn key(key_id: &KeyId) -> Vec<u8> {
    [&[Table::Key as u8][..], key_id.as_bytes()].concat()
}

/// The key of a token's row.
#[must_use]
pub fn token(token_sha256: &Digest) -> Vec<u8> {
    [&[Table::Token as u8][..], token_sha256.as_bytes()].concat()
}

/// The prefix of the rows of everything that was asked of one unit.
#[must_use]
pub fn evidence_prefix(unit: &UnitCode) -> Vec<u8> {
    let mut key = vec![Table::Evidence as u8];
    key.extend_from_slice(unit.as_str().as_bytes());
    key.push(0);
    key
}

/// The key of the row of a file that was asked for.
#[must_use]
pub fn evidence(unit: &UnitCode, sha256: &Digest) -> Vec<u8> {
    [&evidence_prefix(unit)[..], sha256.as_bytes()].concat()
}

/// The key of a witness key's row.
#[must_use]
pub fn witness(public_key: &[u8; 32]) -> Vec<u8> {
    [&[Table::Witness as u8][..], public_key].concat()
}

/// The key of a slot's row in the tables extended, slot, roll-up and revision, and the prefix of its rows in vintage and finding.
#[must_use]
pub fn slot(table: Table, slot: &SlotKey) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    key.push(table as u8);
    push_slot(&mut key, slot);
    key
}

/// The prefix of the rows of one dataset and period in a table of slots.
#[must_use]
pub fn dataset_period(table: Table, dataset: &DatasetCode, period: Period) -> Vec<u8> {
    let mut key = dataset_prefix(table, dataset);
    push_period(&mut key, period);
    key
}

/// The prefix of the rows of one dataset in a table of slots.
#[must_use]
pub fn dataset_prefix(table: Table, dataset: &DatasetCode) -> Vec<u8> {
    let mut key = vec![table as u8];
    key.extend_from_slice(dataset.as_str().as_bytes());
    key.push(0);
    key
}

/// The key of a vintage's row.
#[must_use]
pub fn vintage(slot_key: &SlotKey, index: LogIndex) -> Vec<u8> {
    let mut key = slot(Table::Vintage, slot_key);
    key.extend_from_slice(&index.0.to_be_bytes());
    key
}

/// The key of a feed row; with index 0, where a unit's feed begins.
#[must_use]
pub fn feed(unit: &UnitCode, index: LogIndex) -> Vec<u8> {
    let mut key = feed_prefix(unit);
    key.extend_from_slice(&index.0.to_be_bytes());
    key
}

/// The prefix of a unit's feed.
#[must_use]
pub fn feed_prefix(unit: &UnitCode) -> Vec<u8> {
    let mut key = vec![Table::Feed as u8];
    key.extend_from_slice(unit.as_str().as_bytes());
    key.push(0);
    key
}

/// The key of a finding's row.
#[must_use]
pub fn finding(slot_key: &SlotKey, edit: &EditId, item: Option<&ItemKey>) -> Vec<u8> {
    let mut key = slot(Table::Finding, slot_key);
    key.extend_from_slice(edit.as_str().as_bytes());
    key.push(0);
    key.extend_from_slice(item.map_or("", ItemKey::as_str).as_bytes());
    key
}

/// The key of a published bulletin's row.
#[must_use]
pub fn bulletin(published: LogIndex) -> Vec<u8> {
    [&[Table::Bulletin as u8][..], &published.0.to_be_bytes()].concat()
}

/// The key of a sample's row.
#[must_use]
pub fn sample(announced: LogIndex) -> Vec<u8> {
    [&[Table::Sample as u8][..], &announced.0.to_be_bytes()].concat()
}

/// The prefix of the rows of a sample's visits.
#[must_use]
pub fn visits(announced: LogIndex) -> Vec<u8> {
    [&[Table::Visit as u8][..], &announced.0.to_be_bytes()].concat()
}

/// The key of a visit's row.
#[must_use]
pub fn visit(announced: LogIndex, index: LogIndex) -> Vec<u8> {
    [&visits(announced)[..], &index.0.to_be_bytes()].concat()
}

/// The slot in a key of the tables extended, slot, roll-up, revision, vintage or finding, and what follows it.
#[must_use]
pub fn parse_slot(key: &[u8]) -> Option<(SlotKey, &[u8])> {
    let (dataset, rest) = split_zero(key.get(1..)?)?;
    let (period, rest) = rest.split_at_checked(5)?;
    let (unit, rest) = split_zero(rest)?;
    let slot = SlotKey {
        dataset: DatasetCode::new(dataset).ok()?,
        period: parse_period(period)?,
        unit: UnitCode::new(unit).ok()?,
    };
    Some((slot, rest))
}

/// The log index at the end of a vintage's, feed's, bulletin's, sample's or visit's key.
#[must_use]
pub fn parse_index(key: &[u8]) -> Option<LogIndex> {
    let (_, index) = key.split_last_chunk::<8>()?;
    Some(LogIndex(u64::from_be_bytes(*index)))
}

/// The slot, edit and item of a finding's key.
#[must_use]
pub fn parse_finding(key: &[u8]) -> Option<(SlotKey, EditId, Option<ItemKey>)> {
    let (slot, rest) = parse_slot(key)?;
    let (edit, item) = split_zero(rest)?;
    let item = std::str::from_utf8(item).ok()?;
    let item = if item.is_empty() {
        None
    } else {
        Some(ItemKey::new(item).ok()?)
    };
    Some((slot, EditId::new(edit).ok()?, item))
}

fn push_slot(key: &mut Vec<u8>, slot: &SlotKey) {
    key.extend_from_slice(slot.dataset.as_str().as_bytes());
    key.push(0);
    push_period(key, slot.period);
    key.extend_from_slice(slot.unit.as_str().as_bytes());
    key.push(0);
}

fn push_period(key: &mut Vec<u8>, period: Period) {
    let periodicity = Periodicity::ALL
        .iter()
        .position(|p| *p == period.periodicity());
    // There are five periodicities, so the position always fits.
    key.push(
        periodicity
            .and_then(|p| u8::try_from(p).ok())
            .unwrap_or(u8::MAX),
    );
    let ordinal = period.ordinal().cast_unsigned() ^ 0x8000_0000;
    key.extend_from_slice(&ordinal.to_be_bytes());
}

fn parse_period(bytes: &[u8]) -> Option<Period> {
    let (first, ordinal) = bytes.split_first()?;
    let periodicity = Periodicity::ALL.get(usize::from(*first))?;
    let ordinal = u32::from_be_bytes(ordinal.try_into().ok()?) ^ 0x8000_0000;
    Period::from_ordinal(*periodicity, ordinal.cast_signed())
}

fn split_zero(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|b| *b == 0)?;
    let text = std::str::from_utf8(bytes.get(..end)?).ok()?;
    Some((text, bytes.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_slot() -> impl Strategy<Value = SlotKey> {
        (
            "[a-z][a-z0-9-]{0,5}",
            "[0-9A-Za-z._-]{1,6}",
            1990..2030_i16,
            1..=4_i32,
        )
            .prop_map(|(d, u, y, q)| SlotKey {
                dataset: DatasetCode::new(&d).unwrap(),
                period: Period::new(Periodicity::Quarter, y, q).unwrap(),
                unit: UnitCode::new(&u).unwrap(),
            })
    }

    proptest! {
        #[test]
        fn keys_sort_as_slots_do(a in any_slot(), b in any_slot()) {
            let order = slot(Table::Slot, &a).cmp(&slot(Table::Slot, &b));
            prop_assert_eq!(order, a.cmp(&b));
        }

        #[test]
        fn keys_parse_back(a in any_slot(), index in any::<u64>()) {
            let edit = EditId::new("GDP.SUM").unwrap();
            let item = ItemKey::new("项目 7").unwrap();
            let key = slot(Table::Slot, &a);
            prop_assert_eq!(parse_slot(&key), Some((a.clone(), &[][..])));
            prop_assert_eq!(parse_index(&vintage(&a, LogIndex(index))), Some(LogIndex(index)));
            let key = finding(&a, &edit, Some(&item));
            prop_assert_eq!(parse_finding(&key), Some((a.clone(), edit.clone(), Some(item))));
            prop_assert_eq!(parse_finding(&finding(&a, &edit, None)), Some((a, edit, None)));
        }

        #[test]
        fn arbitrary_keys_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (parse_slot(&bytes), parse_index(&bytes), parse_finding(&bytes));
        }
    }
}
