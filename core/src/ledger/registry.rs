//! Who may do what, and under which catalogue: the part of derived state that admission needs at every submission.
//!
//! A registry is immutable and shared; after an act the fold makes a new one. It is read back from the derived rows, so
//! that it never knows more than the journal does.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use crate::{
    catalogue::Catalogue,
    code::UnitCode,
    digest::Digest,
    envelope::{KeyId, KeyRole, PublicKey, Suite},
    snapshot::SlotKey,
};

use super::{
    Act, Deed, FoldError, LogIndex, View,
    keys::{self, Table},
    rows::{CatalogueRow, ExtensionRow, GenesisRow, KeyRow, TokenRow},
    sampling::{self, Sample},
    witness::{EnrolledWitness, WitnessRow},
};

/// Who may do what, as of some number of folded entries.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    generation: u64,
    genesis: Option<GenesisRow>,
    operator: Option<PublicKey>,
    log: Option<PublicKey>,
    /// The entry that published the catalogue.
    published: Option<LogIndex>,
    catalogue: Option<Arc<Catalogue>>,
    keys: BTreeMap<KeyId, EnrolledKey>,
    tokens: BTreeMap<Digest, TokenRow>,
    /// By their public keys.
    witnesses: BTreeMap<[u8; 32], EnrolledWitness>,
    /// The furthest extended deadline of each slot that has one.
    extended: BTreeMap<SlotKey, i64>,
    samples: BTreeMap<LogIndex, Arc<Sample>>,
}

/// An enrolled key, ready to verify.
#[derive(Clone, Debug)]
pub struct EnrolledKey {
    /// The public key.
    pub key: PublicKey,
    /// The unit whose figures it may sign.
    pub unit: UnitCode,
    /// In which capacity it signs.
    pub role: KeyRole,
    /// The rest of what is known about it.
    pub row: KeyRow,
}

impl Registry {
    /// Reads the registry from derived rows.
    ///
    /// # Errors
    /// [`FoldError`] where rows are damaged or the catalogue's payload is gone.
    pub fn load(view: &dyn View, applied: u64) -> Result<Self, FoldError> {
        Self::default().after(view, applied)
    }

    /// Reads the registry after a later entry. What an entry's payload holds never changes, so a catalogue and keys that
    /// are known already are taken over and not parsed anew with every enrolment.
    pub(super) fn after(&self, view: &dyn View, applied: u64) -> Result<Self, FoldError> {
        let genesis = view.row(&keys::table(Table::Genesis))?;
        let genesis = genesis
            .map(|row| GenesisRow::decode_row(&row))
            .transpose()?;
        let operator = genesis.as_ref().map(GenesisRow::operator).transpose()?;
        let log = genesis.as_ref().and_then(log_key);
        let published = load_published(view)?;
        let catalogue = match published {
            Some(_) if published == self.published => self.catalogue.clone(),
            Some(index) => Some(load_catalogue(view, index)?),
            None => None,
        };
        let witnesses = load_witnesses(view, genesis.as_ref(), &self.witnesses)?;
        Ok(Self {
            generation: applied,
            genesis,
            operator,
            log,
            published,
            catalogue,
            keys: load_keys(view, &self.keys)?,
            tokens: load_tokens(view)?,
            witnesses,
            extended: load_extended(view)?,
            samples: sampling::load(view, &self.samples)?,
        })
    }

    /// The registry after one more extension and nothing else: a city extends thousands of slots in a row, and reading
    /// everything again for each would take minutes.
    pub(super) fn with_extension(&self, applied: u64, slot: SlotKey, due_at_ms: i64) -> Self {
        let mut registry = self.clone();
        registry.generation = applied;
        let furthest = registry.extended.entry(slot).or_insert(due_at_ms);
        *furthest = due_at_ms.max(*furthest);
        registry
    }

    /// How many entries were folded when this registry was made: a larger one is newer.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The log and its keys; absent only before the first entry.
    #[must_use]
    pub const fn genesis(&self) -> Option<&GenesisRow> {
        self.genesis.as_ref()
    }

    /// The key that signs acts.
    #[must_use]
    pub const fn operator(&self) -> Option<&PublicKey> {
        self.operator.as_ref()
    }

    /// The key that signs checkpoints, and what the city itself records.
    #[must_use]
    pub const fn log_key(&self) -> Option<&PublicKey> {
        self.log.as_ref()
    }

    /// The entry that published the catalogue in force.
    #[must_use]
    pub const fn published(&self) -> Option<LogIndex> {
        self.published
    }

    /// The catalogue in force.
    #[must_use]
    pub const fn catalogue(&self) -> Option<&Arc<Catalogue>> {
        self.catalogue.as_ref()
    }

    /// An enrolled key, also when it was revoked.
    #[must_use]
    pub fn key(&self, key_id: &KeyId) -> Option<&EnrolledKey> {
        self.keys.get(key_id)
    }

    /// Every key that is or was enrolled.
    pub fn keys(&self) -> impl Iterator<Item = (&KeyId, &EnrolledKey)> {
        self.keys.iter()
    }

    /// An enrolled witness key, by its public key.
    #[must_use]
    pub fn witness(&self, public_key: &[u8; 32]) -> Option<&EnrolledWitness> {
        self.witnesses.get(public_key)
    }

    /// Every witness key that was enrolled, in the order of the public keys.
    pub fn witnesses(&self) -> impl Iterator<Item = (&[u8; 32], &EnrolledWitness)> {
        self.witnesses.iter()
    }

    /// The furthest deadline that a slot was extended to, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn extended_to_ms(&self, slot: &SlotKey) -> Option<i64> {
        self.extended.get(slot).copied()
    }

    /// A sample, by the entry that announced it.
    #[must_use]
    pub fn sample(&self, announced: LogIndex) -> Option<&Sample> {
        self.samples.get(&announced).map(AsRef::as_ref)
    }

    /// Every sample, in the order of the log.
    pub fn samples(&self) -> impl Iterator<Item = (LogIndex, &Sample)> {
        let samples = self.samples.iter();
        samples.map(|(announced, sample)| (*announced, sample.as_ref()))
    }

    /// A token, by the digest of its secret bytes.
    #[must_use]
    pub fn token(&self, sha256: &Digest) -> Option<&TokenRow> {
        self.tokens.get(sha256)
    }
}

/// Whether an act changes what the registry holds.
pub(super) const fn changes_registry(act: &Act) -> bool {
    match &act.deed {
        Deed::Genesis { .. }
        | Deed::PublishCatalogue(_)
        | Deed::IssueToken { .. }
        | Deed::EnrolKey { .. }
        | Deed::RevokeKey { .. }
        | Deed::EnrolWitness { .. }
        | Deed::RotateKey { .. }
        | Deed::Extend { .. } => true,
        Deed::Exempt { .. }
        | Deed::ImportHistory { .. }
        | Deed::RequestEvidence { .. }
        | Deed::AnchorAccess { .. }
        | Deed::PublishBulletin(_)
        | Deed::Decide { .. } => false,
        Deed::Sample(step) => step.changes_registry(),
    }
}

fn log_key(genesis: &GenesisRow) -> Option<PublicKey> {
    PublicKey::from_bytes(Suite::Ed25519, &genesis.log_public_key).ok()
}

fn load_published(view: &dyn View) -> Result<Option<LogIndex>, FoldError> {
    let row = view.row(&keys::table(Table::Catalogue))?;
    let row = row.map(|row| CatalogueRow::decode_row(&row)).transpose()?;
    Ok(row.map(|row| LogIndex(row.published_index)))
}

fn load_catalogue(view: &dyn View, index: LogIndex) -> Result<Arc<Catalogue>, FoldError> {
    let payload = view.payload(index)?.ok_or(FoldError::PayloadGone(index))?;
    let act = Act::decode(&payload).map_err(|e| FoldError::Payload(index, e.to_string()))?;
    let Deed::PublishCatalogue(bundle) = act.deed else {
        return Err(FoldError::Payload(
            index,
            "it publishes no catalogue".into(),
        ));
    };
    let parsed = Catalogue::parse(&bundle);
    let catalogue =
        parsed.map_err(|_| FoldError::Payload(index, "its catalogue has faults".into()))?;
    Ok(Arc::new(catalogue))
}

fn load_keys(
    view: &dyn View,
    known: &BTreeMap<KeyId, EnrolledKey>,
) -> Result<BTreeMap<KeyId, EnrolledKey>, FoldError> {
    let mut enrolled = BTreeMap::new();
    for (key, value) in table_rows(view, Table::Key)? {
        let row = KeyRow::decode_row(&value)?;
        let id = key.get(1..).and_then(KeyId::from_slice);
        if let Some((id, same)) = id.and_then(|id| Some((id, known.get(&id)?)))
            && same.row == row
        {
            enrolled.insert(id, same.clone());
            continue;
        }
        let (key, unit, role) = (row.key()?, row.unit_code()?, row.key_role()?);
        enrolled.insert(
            key.key_id(),
            EnrolledKey {
                key,
                unit,
                role,
                row,
            },
        );
    }
    Ok(enrolled)
}

fn load_tokens(view: &dyn View) -> Result<BTreeMap<Digest, TokenRow>, FoldError> {
    let mut tokens = BTreeMap::new();
    for (key, value) in table_rows(view, Table::Token)? {
        let sha256 = key.get(1..).and_then(Digest::from_slice);
        let sha256 = sha256.ok_or_else(|| FoldError::Row("a token's key is damaged".into()))?;
        tokens.insert(sha256, TokenRow::decode_row(&value)?);
    }
    Ok(tokens)
}

fn load_witnesses(
    view: &dyn View,
    genesis: Option<&GenesisRow>,
    known: &BTreeMap<[u8; 32], EnrolledWitness>,
) -> Result<BTreeMap<[u8; 32], EnrolledWitness>, FoldError> {
    let origin = genesis.map_or("", |row| row.origin.as_str());
    let mut witnesses = BTreeMap::new();
    for (key, value) in table_rows(view, Table::Witness)? {
        let (row, public_key) = (WitnessRow::decode_row(&value)?, key.get(1..));
        let public_key = public_key.unwrap_or_default();
        let same = known.get(public_key).filter(|known| {
            known.unit.as_str() == row.unit && known.enrolled_index.0 == row.enrolled_index
        });
        // The origin, which is in the key's name, is the first entry's and never another.
        let enrolled = match same {
            Some(same) => same.clone(),
            None => row.enrolled(origin, public_key)?,
        };
        witnesses.insert(enrolled.key.public_key().to_bytes(), enrolled);
    }
    Ok(witnesses)
}

fn load_extended(view: &dyn View) -> Result<BTreeMap<SlotKey, i64>, FoldError> {
    let mut extended = BTreeMap::new();
    for (key, value) in table_rows(view, Table::Extended)? {
        let slot = keys::parse_slot(&key).map(|(slot, _)| slot);
        let slot = slot.ok_or_else(|| FoldError::Row("an extension's key is damaged".into()))?;
        extended.insert(slot, ExtensionRow::decode_row(&value)?.due_at_ms);
    }
    Ok(extended)
}

type Row = (Vec<u8>, Vec<u8>);

fn table_rows(view: &dyn View, table: Table) -> Result<Vec<Row>, FoldError> {
    let mut rows = Vec::new();
    view.scan(&keys::table(table), &mut |key, value| {
        rows.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}
