//! The league table: ranks with the points of each component and what was measured, and below it what it stands on.

use granary_core::text::Language;
use granary_proto::v1::{
    Band, Component, GetLeagueResponse, League, MeasureValue, Named, Points, Standing, Words,
    measure_value::Value,
};

use super::{Lay, basis, draw};
use crate::words::{Manner, NOTHING};

/// Draws a league table.
#[must_use]
pub fn league(manner: &Manner, answer: &GetLeagueResponse) -> String {
    let document = answer.document.clone().unwrap_or_default();
    let league = document.league.unwrap_or_default();
    let mut text = format!("{}\n\n", title(manner, &league));
    let names: Vec<String> = league
        .components
        .iter()
        .map(|c| heading(manner, c))
        .collect();
    let mut columns = vec![
        (manner.say("名次", "rank"), Lay::Figures),
        (manner.say("单位", "unit"), Lay::Words),
        (manner.say("名称", "name"), Lay::Text),
        (manner.say("得分", "score"), Lay::Figures),
        (manner.say("档次", "band"), Lay::Words),
        (manner.say("升降", "moved"), Lay::Figures),
        (manner.say("应报", "slots"), Lay::Figures),
    ];
    columns.extend(names.iter().map(|name| (name.as_str(), Lay::Figures)));
    columns.push((manner.say("标记", "mark"), Lay::Words));
    let rows = league.standings.iter().map(|s| line(manner, &league, s));
    text.push_str(&draw(&columns, rows.collect(), manner.width));
    text.push_str("\n\n");
    text.push_str(&bands(manner, &league.bands));
    text.push_str(&unranked(manner, &league.standings));
    text.push_str(&interim(manner, league.pending));
    text.push_str(&basis::basis(
        manner,
        &document.basis.unwrap_or_default(),
        0,
    ));
    text.push_str(&basis::log(
        manner,
        &document.log.unwrap_or_default(),
        Some(&answer.sha256),
    ));
    text
}

fn title(manner: &Manner, league: &League) -> String {
    let name = named(manner, league.scorecard.as_ref());
    let before = match (manner.language, league.period_before.as_str()) {
        (_, "") => String::new(),
        (Language::Zh, before) => format!("（升降与 {before} 相比）"),
        (Language::En, before) => format!(" (moved against {before})"),
    };
    let imported = match (manner.language, league.imported) {
        (_, false) => "",
        (Language::Zh, true) => "；计入导入的历史",
        (Language::En, true) => "; imported history counts",
    };
    format!("{name} {}{before}{imported}", league.period)
}

/// A component's name and weight.
fn heading(manner: &Manner, component: &Component) -> String {
    let name = named(manner, component.component.as_ref());
    format!("{name} /{}", component.weight)
}

fn line(manner: &Manner, league: &League, standing: &Standing) -> Vec<String> {
    let count = |count: Option<String>| count.unwrap_or_else(|| NOTHING.to_owned());
    let unit = standing.unit.clone().unwrap_or_default();
    let band = standing.band.and_then(|band| usize::try_from(band).ok());
    let band = band.and_then(|band| league.bands.get(band));
    let mark = match (standing.flag, standing.last) {
        (true, _) => manner.say("授旗", "flag"),
        (false, true) => manner.say("末位", "last"),
        (false, false) => "",
    };
    let mut cells = vec![
        count(standing.rank.map(|rank| rank.to_string())),
        unit.code,
        words(manner, unit.name.as_ref()),
        count(Some(standing.score.clone()).filter(|score| !score.is_empty())),
        count(band.map(|band| words(manner, band.name.as_ref()))),
        count(standing.movement.map(movement)),
        standing.slots.to_string(),
    ];
    cells.extend(standing.points.iter().map(|p| points(manner, p)));
    cells.push(mark.to_owned());
    cells
}

fn movement(places: i32) -> String {
    match places {
        0 => "0".to_owned(),
        places => format!("{places:+}"),
    }
}

/// The points, and in brackets what earned them.
fn points(manner: &Manner, points: &Points) -> String {
    let earned = match points.points.as_str() {
        "" => NOTHING,
        earned => earned,
    };
    format!("{earned} ({})", measured(manner, points.value.as_ref()))
}

/// What was measured: a fraction, a duration, or per cent.
pub(super) fn measured(manner: &Manner, value: Option<&MeasureValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        None => NOTHING.to_owned(),
        Some(Value::Share(share)) => format!("{}/{}", share.numerator, share.denominator),
        Some(Value::DurationMs(0)) => "0".to_owned(),
        Some(Value::DurationMs(ms)) => manner.duration(*ms),
        Some(Value::Number(number)) => format!("{number}%"),
    }
}

pub(super) fn named(manner: &Manner, named: Option<&Named>) -> String {
    let Some(named) = named else {
        return String::new();
    };
    match words(manner, named.name.as_ref()) {
        name if name.is_empty() => named.code.clone(),
        name => name,
    }
}

pub(super) fn words(manner: &Manner, words: Option<&Words>) -> String {
    words.map_or_else(String::new, |words| {
        manner.pick(&words.zh, &words.en).to_owned()
    })
}

fn bands(manner: &Manner, bands: &[Band]) -> String {
    if bands.is_empty() {
        return String::new();
    }
    let band = |band: &Band| {
        let name = words(manner, band.name.as_ref());
        match manner.language {
            Language::Zh => format!("{name} {} 个（定 {}%）", band.units, band.share_percent),
            Language::En => format!("{name} {} (set to {}%)", band.units, band.share_percent),
        }
    };
    let all: Vec<String> = bands.iter().map(band).collect();
    format!(
        "{}: {}\n",
        manner.say("各档单位", "units by band"),
        all.join(", ")
    )
}

fn interim(manner: &Manner, pending: u64) -> String {
    match (manner.language, pending) {
        (_, 0) => String::new(),
        (Language::Zh, _) => format!("有 {pending} 份待报（未到期、未收到），所以得分是中间数\n"),
        (Language::En, _) => {
            format!(
                "{pending} slots are pending (not yet due, not yet accepted), so the scores are interim\n"
            )
        }
    }
}

/// Who is not ranked, and why.
fn unranked(manner: &Manner, standings: &[Standing]) -> String {
    let told = standings.iter().filter_map(|standing| {
        let reason = words(manner, Some(standing.not_ranked.as_ref()?));
        let code = standing.unit.as_ref().map_or("", |unit| &unit.code);
        let label = manner.say("未排名", "not ranked");
        Some(format!("{label} {code}: {reason}\n"))
    });
    told.collect()
}
