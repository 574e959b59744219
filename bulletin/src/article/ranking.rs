//! The league tables: rank, movement, band, flag, and the points of each component.

use granary_core::{
    bulletin::{Band, Bulletin, League, Standing},
    text::Language,
};

use super::{Cell, Column, Lay, Mark, Part, Section, Table, Tone, say, summary::capital};
use crate::words::{Manner, NOTHING};

/// How many units paper shows: everybody looks for their own, so nearly all.
const SHOWN: usize = 400;
/// With how many components paper still has room for their points.
const COMPONENTS_SHOWN: usize = 7;

/// The section.
pub(super) fn section(bulletin: &Bulletin, manner: &Manner) -> Section {
    let mut parts: Vec<Part> = bulletin
        .leagues
        .iter()
        .flat_map(|league| league_parts(manner, league))
        .collect();
    if parts.is_empty() {
        parts.push(Part::Sentence(
            manner
                .say(
                    "目录中没有评分卡，本期不排名。",
                    "The catalogue has no scorecard, so nobody is ranked.",
                )
                .to_owned(),
        ));
    }
    Section {
        key: "ranking",
        title: manner.say("排名", "Ranking").to_owned(),
        parts,
    }
}

fn league_parts(manner: &Manner, league: &League) -> Vec<Part> {
    let name = say::name(manner, &league.scorecard);
    let period = say::period(manner, &league.period);
    let caption = match manner.language {
        Language::Zh => format!("{name}（{period}）"),
        Language::En => format!("{name}, {period}"),
    };
    let sheet = match manner.language {
        Language::Zh => format!("排名 {name}"),
        Language::En => format!("Ranking {name}"),
    };
    let rows = league
        .standings
        .iter()
        .map(|standing| row(manner, league, standing));
    let table = Table::new(caption, sheet, columns(manner, league), SHOWN).with(rows);
    let bands = (0..).zip(&league.bands);
    let legend = bands.map(|(at, band)| legend(manner, at, league.bands.len(), band));
    let mut parts = vec![Part::Table(table), Part::Legend(legend.collect())];
    parts.extend(named(manner, league).map(Part::Sentence));
    parts.push(Part::Sentence(note(manner, league)));
    parts
}

/// Who gets a flag and who is on the list of the last; `None` where nobody is either.
fn named(manner: &Manner, league: &League) -> Option<String> {
    let names = |pick: fn(&Standing) -> bool| {
        let picked = league.standings.iter().filter(|standing| pick(standing));
        let names: Vec<String> = picked
            .map(|standing| say::short(manner, &standing.unit))
            .collect();
        (!names.is_empty()).then(|| say::list(manner, &names))
    };
    let flags = names(|standing| standing.flag);
    let last = names(|standing| standing.last);
    let told = |label: &str, names: Option<String>| names.map(|names| format!("{label}{names}"));
    let parts: Vec<String> = [
        told(manner.say("流动红旗：", "Flags: "), flags),
        told(manner.say("末位名单：", "Last: "), last),
    ]
    .into_iter()
    .flatten()
    .collect();
    let (between, end) = (manner.say("；", "; "), manner.say("。", "."));
    (!parts.is_empty()).then(|| parts.join(between) + end)
}

fn columns(manner: &Manner, league: &League) -> Vec<Column> {
    let say = |zh, en| manner.say(zh, en);
    let points = say("分", "points");
    let mut columns = vec![
        Column::new(say("名次", "Rank"), Lay::Marks(2)),
        Column::new(say("升降", "Moved"), Lay::Marks(2)),
        Column::words(say("单位", "Unit"), 7),
        Column::words(say("单位代码", "Unit code"), 3).workbook(),
        Column::figures(say("得分", "Score")).unit(points),
        Column::new(say("档次", "Band"), Lay::Marks(3)),
        Column::new(say("表彰与警示", "Flag or last"), Lay::Marks(4)),
    ];
    let shown = league.components.len() <= COMPONENTS_SHOWN;
    for component in &league.components {
        let name = capital(say::name(manner, &component.component));
        let unit = match manner.language {
            Language::Zh => format!("满分{}", component.weight),
            Language::En => format!("of {}", component.weight),
        };
        let mut points = Column::figures(name.clone()).unit(unit);
        points.paper = shown;
        columns.push(points);
        let measured = capital(&say::measure(manner, &component.measure));
        let title = match manner.language {
            Language::Zh => format!("{name}：{measured}"),
            Language::En => format!("{name}: {measured}"),
        };
        columns.push(Column::figures(title).workbook());
    }
    columns.push(Column::figures(say("计分份数", "Slots scored")).workbook());
    columns
}

fn row(manner: &Manner, league: &League, standing: &Standing) -> Vec<Cell> {
    let rank = standing
        .rank
        .map_or(Cell::Nothing, |rank| Cell::Count(rank.into()));
    let movement = match (standing.rank, league.period_before.is_empty()) {
        (Some(_), false) => Cell::Movement(standing.movement),
        (Some(_), true) | (None, _) => Cell::Nothing,
    };
    let mut cells = vec![
        rank,
        movement,
        Cell::text(say::name(manner, &standing.unit)),
        Cell::text(&standing.unit.code),
        Cell::number(&standing.score),
        band(manner, league, standing),
        honours(manner, standing),
    ];
    for at in 0..league.components.len() {
        match standing.points.get(at) {
            Some(points) => {
                cells.push(Cell::number(&points.points));
                cells.push(say::value(&points.value));
            }
            None => cells.extend([Cell::Nothing, Cell::Nothing]),
        }
    }
    cells.push(Cell::Count(standing.slots.into()));
    cells
}

fn band(manner: &Manner, league: &League, standing: &Standing) -> Cell {
    let Some(at) = standing.band.and_then(|at| usize::try_from(at).ok()) else {
        return Cell::Nothing;
    };
    let Some(band) = league.bands.get(at) else {
        return Cell::Nothing;
    };
    let (tone, sign) = band_mark(at, league.bands.len());
    Cell::mark(tone, sign, say::words(manner, &band.name))
}

/// The flag, the list of the last, or why the unit is not ranked.
fn honours(manner: &Manner, standing: &Standing) -> Cell {
    if let Some(reason) = &standing.not_ranked {
        let label = manner.say("不排名：", "not ranked: ");
        let reason = say::words(manner, reason);
        return Cell::mark(Tone::Quiet, "", format!("{label}{reason}"));
    }
    match (standing.flag, standing.last) {
        (true, _) => Cell::mark(Tone::Bad, "★", manner.say("流动红旗", "flag")),
        (false, true) => Cell::mark(Tone::Poor, "▼", manner.say("末位名单", "last")),
        (false, false) => Cell::mark(Tone::Plain, "", ""),
    }
}

/// The first band is good and the last bad; those between are fair.
fn band_mark(at: usize, bands: usize) -> (Tone, &'static str) {
    if at == 0 {
        (Tone::Good, "▲")
    } else if at + 1 == bands {
        (Tone::Bad, "▼")
    } else {
        (Tone::Fair, "■")
    }
}

fn legend(manner: &Manner, at: usize, bands: usize, band: &Band) -> Mark {
    let (tone, sign) = band_mark(at, bands);
    let name = say::words(manner, &band.name);
    let (share, units) = (&band.share_percent, band.units);
    let text = match manner.language {
        Language::Zh => format!("{name}：占{share}%，{units}个单位"),
        Language::En => {
            let units = say::plural(units.into(), "unit", "units");
            format!("{name}: {share}%, {units}")
        }
    };
    Mark { tone, sign, text }
}

fn note(manner: &Manner, league: &League) -> String {
    let min = league.slots_min;
    let before = match league.period_before.as_str() {
        "" => NOTHING.to_owned(),
        before => say::period(manner, before),
    };
    let mut note = match manner.language {
        Language::Zh => format!(
            "升降与{before}比较，“新”表示上期没有名次，“=”表示名次未变；报送不足{min}份的单位不排名。"
        ),
        Language::En => format!(
            "Movement is against {before}; \"new\" means no rank then, \"=\" the same rank. Units with fewer than {min} slots are not ranked."
        ),
    };
    if league.imported {
        note += manner.say(
            "本表计入了导入的历史数据。",
            " Imported history counts in this table.",
        );
    }
    note
}
