//! Units (填报单位), the levels of their tree, and the tree itself.
//!
//! ```toml
//! [[level]]                      # in the order from the top of the tree down
//! code = "prefecture"
//! name = { zh = "市（州）", en = "Prefecture" }
//!
//! [[unit]]
//! code = "520100"
//! name = { zh = "贵阳市", en = "Guiyang" }
//! parent = "520000"              # optional
//! level = "prefecture"           # optional
//! from = "2000-01-01"            # optional: the first day in force
//! to = "2030-12-31"              # optional: the last day in force
//! ```
//! A unit owes a period when it is in force on the period's last day: what opens in mid-quarter reports that quarter,
//! what closes in mid-quarter leaves it to its successor.

use jiff::civil::Date;

use crate::{
    code::UnitCode,
    period::{Period, Periodicity},
    text::Bilingual,
};

use super::{
    entry::Entry,
    fault::{Faults, say},
    names::Names,
    source::At,
    words::LevelCode,
};

/// The place of a unit in [`super::Catalogue::units`]: dense, from 0, only within one catalogue version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitIndex(pub(super) u32);

impl UnitIndex {
    /// The index as a number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// A level of the unit tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    pub(super) code: LevelCode,
    pub(super) name: Bilingual,
}

impl Level {
    /// The code.
    #[must_use]
    pub const fn code(&self) -> &LevelCode {
        &self.code
    }

    /// The name on screens.
    #[must_use]
    pub const fn name(&self) -> &Bilingual {
        &self.name
    }
}

/// Who reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    code: UnitCode,
    name: Bilingual,
    parent: Option<UnitCode>,
    level: Option<LevelCode>,
    from: Option<Date>,
    to: Option<Date>,
}

impl Unit {
    /// The code.
    #[must_use]
    pub const fn code(&self) -> &UnitCode {
        &self.code
    }

    /// The name on screens.
    #[must_use]
    pub const fn name(&self) -> &Bilingual {
        &self.name
    }

    /// The unit above it in the tree.
    #[must_use]
    pub const fn parent(&self) -> Option<&UnitCode> {
        self.parent.as_ref()
    }

    /// Its level in the tree.
    #[must_use]
    pub const fn level(&self) -> Option<&LevelCode> {
        self.level.as_ref()
    }

    /// The first day in force; none where that lies before all records.
    #[must_use]
    pub const fn from(&self) -> Option<Date> {
        self.from
    }

    /// The last day in force; none where no end is known.
    #[must_use]
    pub const fn to(&self) -> Option<Date> {
        self.to
    }

    /// Whether `day` lies within the days in force.
    #[must_use]
    pub fn in_force_on(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// The first and last ordinal of the periods on whose last day the unit is in force.
    pub(super) fn ordinals_in_force(&self, periodicity: Periodicity) -> (i32, i32) {
        let holding = |day| Period::containing(periodicity, day);
        let first = self.from.and_then(holding).map(Period::ordinal);
        let last = self.to.and_then(|to| {
            let period = holding(to)?;
            let is_whole = to.tomorrow().is_ok_and(|next| next == period.day_after());
            Some(period.ordinal() - i32::from(!is_whole))
        });
        (first.unwrap_or(i32::MIN), last.unwrap_or(i32::MAX))
    }
}

/// A unit as it was written, with the places that later checks point at.
pub(super) struct Draft<'a> {
    pub(super) code: At<'a, UnitCode>,
    pub(super) parent: Option<At<'a, UnitCode>>,
    name: Bilingual,
    level: Option<LevelCode>,
    from: Option<Date>,
    to: Option<Date>,
}

impl Draft<'_> {
    pub(super) fn finish(self) -> Unit {
        Unit {
            code: self.code.value,
            name: self.name,
            parent: self.parent.map(|parent| parent.value),
            level: self.level,
            from: self.from,
            to: self.to,
        }
    }
}

/// Reads the levels, in catalogue order.
pub(super) fn read_levels<'a>(
    entries: &[Entry<'a>],
    names: &mut Names<'a, LevelCode>,
    faults: &Faults,
) -> Vec<Level> {
    let mut levels = Vec::new();
    for entry in entries {
        entry.allow(&["code", "name"]);
        let (code, name) = (entry.code("code"), entry.bilingual("name"));
        let Some(code) = code else { continue };
        if names.declare(&code, faults) {
            let code = code.value;
            levels.push(Level { code, name });
        }
    }
    levels
}

/// Reads the units, sorted by code; their parents are not yet checked.
pub(super) fn read<'a>(
    entries: &[Entry<'a>],
    levels: &Names<'a, LevelCode>,
    names: &mut Names<'a, UnitCode>,
    faults: &Faults,
) -> Vec<Draft<'a>> {
    let mut units: Vec<Draft<'a>> = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some(unit) = read_one(entry, levels, faults) else {
            continue;
        };
        if names.declare(&unit.code, faults) {
            units.push(unit);
        }
    }
    units.sort_by(|a, b| a.code.value.cmp(&b.code.value));
    units
}

fn read_one<'a>(
    entry: &Entry<'a>,
    levels: &Names<'a, LevelCode>,
    faults: &Faults,
) -> Option<Draft<'a>> {
    entry.allow(&["code", "name", "parent", "level", "from", "to"]);
    let code = entry.code("code");
    let name = entry.bilingual("name");
    let parent = entry.field("parent").and_then(|f| f.lexical());
    let level = entry.field("level").and_then(|f| f.lexical::<LevelCode>());
    let level = level.filter(|level| levels.resolve(level, faults));
    let from = entry.field("from").and_then(|f| f.date());
    let to = entry.field("to").and_then(|f| f.date());
    let to = to.filter(|to| follows(to, from.as_ref(), faults));
    Some(Draft {
        code: code?,
        parent,
        name,
        level: level.map(|level| level.value),
        from: from.map(|from| from.value),
        to: to.map(|to| to.value),
    })
}

/// Whether a last day does not lie before the first; reports it where it does.
fn follows(to: &At<'_, Date>, from: Option<&At<'_, Date>>, faults: &Faults) -> bool {
    let Some(from) = from.filter(|from| from.value > to.value) else {
        return true;
    };
    let first = from.value;
    faults.report(
        to.place,
        say!(
            "最后一日早于第一日 {first}",
            "the last day lies before the first, {first}"
        ),
        say!(
            "改正 from 或 to；两日都在有效期内",
            "correct from or to; both days are in force"
        ),
    );
    false
}
