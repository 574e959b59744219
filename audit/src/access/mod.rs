//! The access trail: the city's access log checked against the anchors in the journal, and the acts that stand there.
//!
//! In: the log's lines, from the city or from its file, and an archive that was replayed. Out: the first thing that does not hold,
//! by its line, or that all of it does and how far it is bound. Lines behind the last anchor are chained and not bound yet:
//! the city could still write them anew.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::File,
    io::BufReader,
    path::Path,
};

use granary_core::{
    access::{Chain, ChainFault, Line},
    digest::Digest,
    ledger::{Act, Deed, JournalEntry, Subject},
    text::Bilingual,
};

use crate::archive::{ArchiveError, Block, Piece, Reader};

/// One act of the journal, for a list of who did what.
#[derive(Clone, Debug)]
pub struct ActLine {
    /// Its entry.
    pub index: u64,
    /// When the city received it.
    pub at_ms: i64,
    /// The short id of the key that signed it.
    pub key: String,
    /// What it does.
    pub act: Act,
}

/// An anchor of the access log in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// How many lines the log had.
    pub lines: u64,
    /// The digest of its last line.
    pub head: Digest,
    /// The entry of the anchor.
    pub index: u64,
}

/// What an archive says.
#[derive(Clone, Debug, Default)]
pub struct Acts {
    /// All acts but the anchors.
    pub acts: Vec<ActLine>,
    /// The anchors, by the number of lines; a later one with no more lines has no effect.
    pub anchors: BTreeMap<u64, Anchor>,
}

/// A log that is being checked line by line.
#[derive(Debug, Default)]
pub struct Check {
    chain: Chain,
    anchors: BTreeMap<u64, Anchor>,
    bound: Option<Anchor>,
    kept: VecDeque<Line>,
    kept_max: usize,
}

/// A log that holds.
#[derive(Clone, Debug)]
pub struct Trail {
    /// How many lines it has.
    pub count: u64,
    /// The last anchor, which all lines up to it fit.
    pub bound: Option<Anchor>,
    /// The last lines.
    pub lines: Vec<Line>,
}

/// The first thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The chain is broken.
    Chain(ChainFault),
    /// The lines were computed anew: they are not those that were anchored.
    Anchor {
        /// The last line that an anchor confirms; 0 where none does.
        sound: u64,
        /// The anchor that does not fit.
        anchor: Anchor,
    },
    /// The log ends before an anchor.
    Shortened {
        /// How many lines there are.
        lines: u64,
        /// The anchor.
        anchor: Anchor,
    },
}

impl Acts {
    /// Reads the acts of an archive. Whether they are genuine is for a replay to say.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn read(file: &Path) -> Result<Self, ArchiveError> {
        let mut reader = Reader::new(BufReader::new(File::open(file)?))?;
        let mut acts = Self::default();
        while let Some(piece) = reader.next_piece()? {
            match piece {
                Piece::Records(frame) => acts.add(&frame.open()?),
                Piece::End(_) => {}
            }
        }
        Ok(acts)
    }

    fn add(&mut self, block: &Block) {
        for (index, (entry, payload)) in (block.first()..).zip(block.records()) {
            let (Ok(entry), Ok(act)) = (JournalEntry::decode(entry), Act::decode(payload)) else {
                continue;
            };
            if entry.subject != Subject::Act {
                continue;
            }
            if let Deed::AnchorAccess { lines, head } = act.deed {
                self.anchor(Anchor { lines, head, index });
                continue;
            }
            let signer = entry.signatures.first();
            self.acts.push(ActLine {
                index,
                at_ms: entry.received_at_ms,
                key: signer.map_or_else(String::new, |signature| signature.key_id.short()),
                act,
            });
        }
    }

    fn anchor(&mut self, anchor: Anchor) {
        let before = self.anchors.last_key_value().map_or(0, |(lines, _)| *lines);
        if anchor.lines > before {
            self.anchors.insert(anchor.lines, anchor);
        }
    }
}

impl Check {
    /// Begins a check that keeps the last `kept_max` lines to be shown.
    #[must_use]
    pub fn new(anchors: BTreeMap<u64, Anchor>, kept_max: usize) -> Self {
        Self {
            anchors,
            kept_max,
            ..Self::default()
        }
    }

    /// Takes the next line, without its end.
    ///
    /// # Errors
    /// [`Fault`] names the line.
    pub fn push(&mut self, line: &[u8]) -> Result<(), Fault> {
        let line = self.chain.push(line).map_err(Fault::Chain)?;
        if let Some(anchor) = self.anchors.get(&line.number) {
            if anchor.head != self.chain.head() {
                return Err(Fault::Anchor {
                    sound: self.bound.map_or(0, |bound| bound.lines),
                    anchor: *anchor,
                });
            }
            self.bound = Some(*anchor);
        }
        self.kept.push_back(line);
        if self.kept.len() > self.kept_max {
            self.kept.pop_front();
        }
        Ok(())
    }

    /// The log as it is, after its last line.
    ///
    /// # Errors
    /// [`Fault::Shortened`] where an anchor covers more lines than there are.
    pub fn finish(self) -> Result<Trail, Fault> {
        let lines = self.chain.lines();
        let mut beyond = self.anchors.range(lines + 1..);
        if let Some((_, anchor)) = beyond.next_back() {
            return Err(Fault::Shortened {
                lines,
                anchor: *anchor,
            });
        }
        Ok(Trail {
            count: lines,
            bound: self.bound,
            lines: self.kept.into(),
        })
    }
}

impl Fault {
    /// For people.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        match self {
            Self::Chain(fault) => fault.message(),
            Self::Anchor { sound, anchor } => {
                let (first, last, index) = (sound + 1, anchor.lines, anchor.index);
                Bilingual::new(
                    format!(
                        "第 {first} 至 {last} 行不是日志第 {index} 条所锚定的：其中有行被改动、删除或重写"
                    ),
                    format!(
                        "lines {first} to {last} are not those that entry {index} of the journal anchors: some of them were altered, removed or written anew"
                    ),
                )
            }
            Self::Shortened { lines, anchor } => {
                let (first, last, index) = (lines + 1, anchor.lines, anchor.index);
                Bilingual::new(
                    format!(
                        "第 {first} 至 {last} 行被删除：日志第 {index} 条锚定了 {last} 行，记录只有 {lines} 行"
                    ),
                    format!(
                        "lines {first} to {last} were removed: entry {index} of the journal anchors {last} lines, and there are {lines}"
                    ),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use granary_core::access::Access;

    use super::*;

    fn log(certificate: &[u8], count: u64) -> (Vec<String>, Vec<Anchor>) {
        let (mut chain, mut lines, mut anchors) = (Chain::default(), Vec::new(), Vec::new());
        for at in 0..count {
            let who = ("role:auditor", Digest::of(certificate));
            let line = chain
                .next(at.cast_signed(), who, Access::Journal, "")
                .encode();
            chain.push(line.as_bytes()).unwrap();
            lines.push(line);
            anchors.push(Anchor {
                lines: at + 1,
                head: chain.head(),
                index: 100 + at,
            });
        }
        (lines, anchors)
    }

    /// What a check says of a log of six lines that was anchored after its second and its fifth, and then changed.
    fn check(change: impl FnOnce(&mut Vec<String>)) -> Result<(u64, u64), Fault> {
        let (mut lines, anchors) = log(b"one", 6);
        change(&mut lines);
        let anchors = [anchors[1], anchors[4]];
        let anchors = anchors.map(|anchor| (anchor.lines, anchor)).into();
        let mut check = Check::new(anchors, 2);
        for line in &lines {
            check.push(line.as_bytes())?;
        }
        let trail = check.finish()?;
        assert!(trail.lines.len() <= 2);
        Ok((trail.count, trail.bound.unwrap().lines))
    }

    #[test]
    fn a_log_is_bound_up_to_its_last_anchor() {
        assert_eq!(check(|_| ()), Ok((6, 5)));
        // What no anchor covers can be taken away unseen: that is why a stop anchors.
        assert_eq!(check(|lines| drop(lines.pop())), Ok((5, 5)));
    }

    #[test]
    fn a_line_that_was_removed_altered_or_written_anew_is_named() {
        let said = |change: fn(&mut Vec<String>)| check(change).unwrap_err().message().en;
        assert!(said(|lines| drop(lines.remove(3))).starts_with("lines 4 to 4 were removed"));
        let altered = said(|lines| lines[2] = lines[2].replace("auditor", "operator"));
        assert!(altered.starts_with("line 3 was altered"), "{altered}");
        let shortened = said(|lines| lines.truncate(3));
        assert!(
            shortened.starts_with("lines 4 to 5 were removed: entry 104"),
            "{shortened}"
        );
        let anew = said(|lines| *lines = log(b"two", 6).0);
        assert!(
            anew.starts_with("lines 1 to 2 are not those that entry 101"),
            "{anew}"
        );
    }
}
