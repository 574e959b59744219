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
//! parent = "520000"              # optional; one that changed: parents = [{ parent = "520000", to = "2022-12-31" }, …]
//! level = "prefecture"           # optional
//! from = "2000-01-01"            # optional: the first day in force
//! to = "2030-12-31"              # optional: the last day in force
//!
//! [[unit]]                       # a county that was moved, and then split in two
//! code = "520199"
//! name = { zh = "某县", en = "Some County" }
//! parents = [{ parent = "520100", to = "2021-12-31" }, { parent = "520200", from = "2022-01-01" }]
//! to = "2023-06-30"
//! successors = ["520198", "520197"]   # for people's information; predecessors = [...] says it from the other side
//! ```
//! A unit owes a period when it is in force on the period's last day: what opens in mid-quarter reports that quarter,
//! what closes in mid-quarter leaves it to its successor. The last day also decides under whom it stands. So what is
//! written later about later days changes nothing in what was owed and summed before.

use jiff::civil::Date;

use crate::{code::UnitCode, days::Days, text::Bilingual};

use super::{
    entry::Entry,
    fault::{Faults, say},
    names::Names,
    source::{At, Place},
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
    parents: Vec<Parent>,
    level: Option<LevelCode>,
    from: Option<Date>,
    to: Option<Date>,
    successors: Vec<UnitCode>,
    predecessors: Vec<UnitCode>,
}

/// Under whom a unit stands, and on which days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    unit: UnitCode,
    days: Days,
}

impl Parent {
    /// The unit above.
    #[must_use]
    pub const fn unit(&self) -> &UnitCode {
        &self.unit
    }

    /// The days on which it is above.
    #[must_use]
    pub const fn days(&self) -> Days {
        self.days
    }
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

    /// The units directly above it in the tree, by time: at most one on a day.
    #[must_use]
    pub fn parents(&self) -> &[Parent] {
        &self.parents
    }

    /// The units that took over from it when it was split or merged.
    #[must_use]
    pub fn successors(&self) -> &[UnitCode] {
        &self.successors
    }

    /// The units that it took over from.
    #[must_use]
    pub fn predecessors(&self) -> &[UnitCode] {
        &self.predecessors
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

    /// The days in force.
    #[must_use]
    pub fn days(&self) -> Days {
        // The last day does not lie before the first, or the catalogue would not have been read.
        Days::new(self.from, self.to).unwrap_or(Days::ALWAYS)
    }

    /// Whether `day` lies within the days in force.
    #[must_use]
    pub fn in_force_on(&self, day: Date) -> bool {
        self.days().hold(day)
    }
}

/// A unit as it was written, with the places that later checks point at.
pub(super) struct Draft<'a> {
    pub(super) code: At<'a, UnitCode>,
    /// By time, apart.
    pub(super) parents: Vec<(At<'a, UnitCode>, Days)>,
    name: Bilingual,
    level: Option<LevelCode>,
    from: Option<At<'a, Date>>,
    to: Option<At<'a, Date>>,
    successors: Vec<At<'a, UnitCode>>,
    predecessors: Vec<At<'a, UnitCode>>,
}

impl Draft<'_> {
    pub(super) fn finish(self) -> Unit {
        let parent = |(unit, days): (At<'_, UnitCode>, Days)| Parent {
            unit: unit.value,
            days,
        };
        Unit {
            code: self.code.value,
            name: self.name,
            parents: self.parents.into_iter().map(parent).collect(),
            level: self.level,
            from: self.from.map(|from| from.value),
            to: self.to.map(|to| to.value),
            successors: values(self.successors),
            predecessors: values(self.predecessors),
        }
    }
}

fn values(codes: Vec<At<'_, UnitCode>>) -> Vec<UnitCode> {
    codes.into_iter().map(|code| code.value).collect()
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

const KEYS: [&str; 9] = [
    "code",
    "name",
    "parent",
    "parents",
    "level",
    "from",
    "to",
    "successors",
    "predecessors",
];

fn read_one<'a>(
    entry: &Entry<'a>,
    levels: &Names<'a, LevelCode>,
    faults: &Faults,
) -> Option<Draft<'a>> {
    entry.allow(&KEYS);
    let code = entry.code("code");
    let name = entry.bilingual("name");
    let parents = read_parents(entry, faults);
    let level = entry.field("level").and_then(|f| f.lexical::<LevelCode>());
    let level = level.filter(|level| levels.resolve(level, faults));
    let from = entry.field("from").and_then(|f| f.date());
    let to = entry.field("to").and_then(|f| f.date());
    let to = to.filter(|to| follows(to, from.as_ref(), faults));
    let codes = |key| {
        let codes = entry.field(key).and_then(|f| f.codes::<UnitCode>());
        codes.map_or(Vec::new(), |codes| codes.codes)
    };
    Some(Draft {
        code: code?,
        parents,
        name,
        level: level.map(|level| level.value),
        from,
        to,
        successors: codes("successors"),
        predecessors: codes("predecessors"),
    })
}

/// The units above, by time.
fn read_parents<'a>(entry: &Entry<'a>, faults: &Faults) -> Vec<(At<'a, UnitCode>, Days)> {
    let parent = entry.field("parent");
    let list = entry.field("parents");
    if let (Some(_), Some(list)) = (&parent, &list) {
        list.fault(
            say!(
                "parent 与 parents 不能并用",
                "parent and parents cannot stand together"
            ),
            say!(
                "一直不变的写 parent，变动过的写 parents",
                "write parent for one that never changed, parents for one that did"
            ),
        );
    }
    let parent = parent.and_then(|f| f.lexical());
    let mut parents: Vec<_> = parent
        .map(|code| (code, Days::ALWAYS))
        .into_iter()
        .collect();
    if list.is_none() || !parents.is_empty() {
        return parents;
    }
    for table in entry.tables("parents") {
        table.allow(&["parent", "from", "to"]);
        let code = table.need("parent").and_then(|f| f.lexical());
        let from = table.field("from").and_then(|f| f.date());
        let to = table.field("to").and_then(|f| f.date());
        let to = to.filter(|to| follows(to, from.as_ref(), faults));
        let value = |day: &Option<At<'a, Date>>| day.as_ref().map(|day| day.value);
        let (Some(code), Some(days)) = (code, Days::new(value(&from), value(&to))) else {
            continue;
        };
        match parents.last().map(|(_, before): &(_, Days)| before.last()) {
            Some(before) if days.first() <= before => {
                report_overlap(from.map_or(code.place, |from| from.place), faults);
            }
            Some(_) | None => parents.push((code, days)),
        }
    }
    parents
}

fn report_overlap(place: Place<'_>, faults: &Faults) {
    faults.report(
        place,
        say!(
            "这一上级的起始日不在前一上级的截止日之后",
            "this parent does not begin after the one before it has ended"
        ),
        say!(
            "按日期从早到晚排列，前一个写 to，后一个写 from，不得重叠",
            "put them in ascending order, the earlier one with to and the later one with from, without overlap"
        ),
    );
}

/// Checks that those who took over were in force when their predecessor ended, and the other way round.
pub(super) fn check_kin(units: &[Draft<'_>], names: &Names<'_, UnitCode>, faults: &Faults) {
    for unit in units {
        let sides = [
            (&unit.successors, &unit.to, "to"),
            (&unit.predecessors, &unit.from, "from"),
        ];
        for (kin, end, key) in sides {
            let known = kin.iter().filter(|code| names.resolve(code, faults));
            for code in known {
                check_touch(units, code, end.as_ref(), key, faults);
            }
        }
    }
}

/// A unit has to be in force on the day after a predecessor's last, or on the day before a successor's first.
fn check_touch(
    units: &[Draft<'_>],
    kin: &At<'_, UnitCode>,
    end: Option<&At<'_, Date>>,
    key: &str,
    faults: &Faults,
) {
    let text = &kin.value;
    let Some(end) = end else {
        faults.report(
            kin.place,
            say!(
                "写了 {text}，却没有写 {key}",
                "{text} is named, but this unit has no {key}"
            ),
            say!(
                "写上 {key} = \"…\"，即撤并或设立的日期",
                "write {key} = \"…\", the day on which it ended or began"
            ),
        );
        return;
    };
    let next = if key == "to" {
        end.value.tomorrow()
    } else {
        end.value.yesterday()
    };
    let found = units.binary_search_by(|u| u.code.value.cmp(text)).ok();
    let (Ok(next), Some(other)) = (next, found.map(|at| &units[at])) else {
        return;
    };
    let value = |day: &Option<At<'_, Date>>| day.as_ref().map(|day| day.value);
    let in_force = Days::new(value(&other.from), value(&other.to));
    if in_force.is_some_and(|days| !days.hold(next)) {
        faults.report(
            kin.place,
            say!(
                "{text} 在 {next} 并未生效，日期接不上",
                "{text} is not in force on {next}: the days do not touch"
            ),
            say!(
                "改正两个单位的起止日期",
                "correct the days of the two units"
            ),
        );
    }
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
