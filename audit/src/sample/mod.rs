//! Random verification from an archive: the frame as it was fixed, the tree that seals the draw, the draw, and what visits found.
//!
//! - In: a file that [`crate::export`] wrote, and the log index of an announcement.
//! - Out: [`Drawing`], computed again from the entries alone; what the journal states is only compared with it.
//! - Durable after: nothing.
//! - On crash: run it again.

mod seal;

use std::{collections::BTreeMap, path::Path};

use granary_core::{
    decimal::Decimal,
    digest::Digest,
    ledger::{
        LogIndex,
        sampling::{
            self, Announcement, Draw, Element, Method, Public, Sample, Scope, Visit, VisitResult,
        },
    },
    sample::{self, Case, Estimates, Found, Frame, Framed, Selected},
    text::Bilingual,
};

use crate::replay::Replayed;

pub use seal::{Sealed, sealed};

/// A draw, computed from the entries.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// The entry that announced it.
    pub index: LogIndex,
    /// How it was announced.
    pub announcement: Announcement,
    /// The frame, which is the one announced.
    pub frame: Frame,
    /// The tree that seals it.
    pub sealed: Sealed,
    /// The public string.
    pub public: String,
    /// The seed.
    pub seed: Digest,
    /// What was drawn, in order.
    pub selected: Vec<Selected>,
    /// The entry that states the draw, and whether it states this one.
    pub stated: Option<(LogIndex, bool)>,
}

/// What visits found, and what that says of the whole.
#[derive(Clone, Debug)]
pub struct Estimated {
    /// The draw.
    pub drawing: Drawing,
    /// The confidence, in percent.
    pub level_percent: u8,
    /// The last visit of each element, with its entry, in the order of the draw.
    pub visits: Vec<Option<(LogIndex, Visit)>>,
    /// How many visits were corrected by later ones.
    pub corrected: usize,
    /// The estimates.
    pub estimates: Estimates,
}

/// The sample that an entry announced.
///
/// # Errors
/// Where it announced none.
pub fn announced(journal: &Replayed, index: LogIndex) -> Result<&Sample, Bilingual> {
    let registry = journal.registry();
    registry.sample(index).ok_or_else(|| {
        let known: Vec<String> = registry.samples().map(|(at, _)| at.to_string()).collect();
        let known = known.join(", ");
        Bilingual::new(
            format!("日志第 {index} 条没有公告抽样；公告在：{known}"),
            format!("entry {index} announces no sample; these do: {known}"),
        )
    })
}

/// Lists the frame of a scope from what a journal comes to.
///
/// # Errors
/// Where there is no catalogue, or rows cannot be read.
pub fn frame(journal: &Replayed, scope: &Scope, method: Method) -> Result<Frame, Bilingual> {
    let catalogue = journal.catalogue().ok_or_else(|| {
        Bilingual::new(
            "日志里还没有发布过目录",
            "no catalogue was published in this journal",
        )
    })?;
    Frame::list(&journal.view(), catalogue, scope, method).map_err(|error| {
        Bilingual::new(
            format!("无法列出抽样框：{error}"),
            format!("the frame cannot be listed: {error}"),
        )
    })
}

/// Computes a draw. `at_frame` is the same file with only the entries of the announced frame folded; `public` is the public
/// string where it was awaited and the journal does not state it.
///
/// # Errors
/// Where the frame is not the one announced, the seal has not come, or the public string is missing.
pub fn drawing(
    file: &Path,
    index: LogIndex,
    sample: &Sample,
    at_frame: &Replayed,
    public: Option<&str>,
) -> Result<Drawing, Bilingual> {
    let announcement = sample.announcement.clone();
    let frame = frame(at_frame, &announcement.scope, announcement.method)?;
    same_frame(&frame, at_frame, &announcement)?;
    let public = public_string(sample, public)?;
    let sealed = sealed(file, index.0, announcement.seal)?.ok_or_else(|| {
        Bilingual::new(
            "封存点尚未到达：请在其后重新导出日志",
            "the log has not reached the seal: export the journal again after it",
        )
    })?;
    let seed = sample::seed(&sealed.leaf, &sealed.root, &public);
    let selected = sample::draw(
        &frame,
        announcement.method,
        announcement.size,
        &announcement.allocations,
        &seed,
    );
    let selected = selected.map_err(|error| error.message())?;
    let mut drawing = Drawing {
        index,
        announcement,
        frame,
        sealed,
        public,
        seed,
        selected,
        stated: None,
    };
    let computed = drawing.draw();
    let stated = sample.draw.as_ref();
    drawing.stated = stated.map(|(at, stated)| (*at, *stated == computed));
    Ok(drawing)
}

fn same_frame(
    frame: &Frame,
    at_frame: &Replayed,
    announcement: &Announcement,
) -> Result<(), Bilingual> {
    let (found, announced) = (frame.head(at_frame.applied()), announcement.frame);
    if found == announced {
        return Ok(());
    }
    Err(Bilingual::new(
        format!(
            "抽样框与公告不符：公告 {} 个单元、SHA-256 {}，由日志前 {} 条得出 {} 个、{}",
            announced.elements, announced.sha256, found.entries, found.elements, found.sha256
        ),
        format!(
            "the frame is not the one announced: {} elements with SHA-256 {} were announced, the first {} entries give {} with {}",
            announced.elements, announced.sha256, found.entries, found.elements, found.sha256
        ),
    ))
}

fn public_string(sample: &Sample, given: Option<&str>) -> Result<String, Bilingual> {
    let stated = sample.draw.as_ref().map(|(_, draw)| draw.public.as_str());
    match &sample.announcement.public {
        Public::Agreed(text) => Ok(text.clone()),
        Public::Awaited(source) => {
            let text = given.or(stated).map(ToOwned::to_owned);
            text.ok_or_else(|| {
                Bilingual::new(
                    format!("须用 --public 给出公开字符串：{source}"),
                    format!("the public string is missing, give it with --public: {source}"),
                )
            })
        }
    }
}

impl Drawing {
    /// The element and the figure of something drawn.
    #[must_use]
    pub fn line(&self, selected: &Selected) -> Option<&Framed> {
        self.frame.lines.get(selected.line)
    }

    /// The act that states it.
    #[must_use]
    pub fn draw(&self) -> Draw {
        let lines = self.selected.iter().filter_map(|one| self.line(one));
        Draw {
            sample: self.index,
            tree_size: self.sealed.size,
            root: Digest::from_bytes(*self.sealed.root.as_bytes()),
            public: self.public.clone(),
            elements: lines.map(|line| line.element.clone()).collect(),
        }
    }

    /// Whether the journal states another draw than the entries give.
    #[must_use]
    pub fn is_contradicted(&self) -> bool {
        self.stated.is_some_and(|(_, same)| !same)
    }
}

/// Estimates the whole from the visits that a journal holds.
///
/// # Errors
/// Where rows or payloads cannot be read.
pub fn estimated(
    journal: &Replayed,
    drawing: Drawing,
    level_percent: u8,
) -> Result<Estimated, Bilingual> {
    let all = sampling::visits(&journal.view(), drawing.index).map_err(|error| {
        Bilingual::new(
            format!("无法读取核查记录：{error}"),
            format!("the visits cannot be read: {error}"),
        )
    })?;
    let count = all.len();
    let mut last: BTreeMap<Element, (LogIndex, Visit)> = BTreeMap::new();
    for (index, _, visit) in all {
        last.insert(visit.element.clone(), (index, visit));
    }
    let corrected = count - last.len();
    let (mut visits, mut cases) = (Vec::new(), Vec::new());
    for selected in &drawing.selected {
        let Some(line) = drawing.line(selected) else {
            continue;
        };
        let visit = last.remove(&line.element);
        cases.push(Case {
            stratum: line.stratum.clone(),
            chance: selected.chance,
            reported: line.value,
            found: visit.as_ref().map_or(Found::Unvisited, |(_, v)| found(v)),
        });
        visits.push(visit);
    }
    let strata = drawing.frame.strata();
    let elements = strata.into_iter().map(|(stratum, lines)| {
        let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        (stratum, count)
    });
    let by_size = matches!(drawing.announcement.method, Method::BySize);
    let level = f64::from(level_percent) / 100.0;
    let reported = total(&drawing.frame);
    let estimates = sample::estimate(&cases, &elements.collect(), reported, by_size, level);
    Ok(Estimated {
        drawing,
        level_percent,
        visits,
        corrected,
        estimates,
    })
}

const fn found(visit: &Visit) -> Found {
    match visit.result {
        VisitResult::Confirmed => Found::Confirmed,
        VisitResult::Wrong => Found::Wrong(visit.verified),
        VisitResult::NoEvidence => Found::NoEvidence,
    }
}

/// The sum of the frame's figures, where they are figures of one indicator: sums over unlike things say nothing.
fn total(frame: &Frame) -> Option<Decimal> {
    let first = frame.lines.first()?;
    let indicator = &first.element.indicator;
    let mut lines = frame.lines.iter();
    if !lines.all(|line| line.element.indicator == *indicator) {
        return None;
    }
    let mut values = frame.lines.iter().filter_map(|line| line.value);
    let first = values.next()?;
    values.try_fold(first, Decimal::checked_add)
}
