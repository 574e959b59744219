//! What has changed since the period before: states, measures, and who rose and fell.

use granary_core::{
    bulletin::{Bulletin, League, Standing},
    completeness::SlotState,
    measures::Measure,
    text::Language,
};

use super::{Cell, Column, Lay, Part, Section, Table, Tone, heat, say, summary::capital};
use crate::words::Manner;

/// How many movers are named in each direction.
const NAMED_MAX: usize = 5;

/// The section.
pub(super) fn section(bulletin: &Bulletin, manner: &Manner) -> Section {
    let title = manner.say("与上期比较", "Changes since the period before");
    let mut parts = Vec::new();
    if bulletin.period_before.is_empty() {
        let text = manner.say(
            "没有可比的上一期。",
            "There is no period before to compare with.",
        );
        parts.push(Part::Sentence(text.to_owned()));
    } else {
        parts.extend(
            bulletin
                .leagues
                .iter()
                .filter_map(|league| movers(manner, league))
                .map(Part::Sentence),
        );
        parts.push(Part::Table(table(bulletin, manner)));
    }
    Section {
        key: "changes",
        title: title.to_owned(),
        parts,
    }
}

/// Who rose and who fell most; `None` where nobody moved.
fn movers(manner: &Manner, league: &League) -> Option<String> {
    let mut moved: Vec<(i32, &Standing)> = league
        .standings
        .iter()
        .filter_map(|standing| Some((standing.movement?, standing)))
        .filter(|(by, _)| *by != 0)
        .collect();
    moved.sort_by_key(|(by, _)| std::cmp::Reverse(*by));
    let told = |moved: Vec<&(i32, &Standing)>| {
        let names = moved.into_iter().take(NAMED_MAX).map(|(by, standing)| {
            let arrow = if *by > 0 { "↑" } else { "↓" };
            let name = say::short(manner, &standing.unit);
            match manner.language {
                Language::Zh => format!("{name}（{arrow}{}）", by.unsigned_abs()),
                Language::En => format!("{name} ({arrow}{})", by.unsigned_abs()),
            }
        });
        say::list(manner, &names.collect::<Vec<_>>())
    };
    let rose = told(moved.iter().filter(|(by, _)| *by > 0).collect());
    let fell = told(moved.iter().rev().filter(|(by, _)| *by < 0).collect());
    let name = say::short(manner, &league.scorecard);
    let text = match (manner.language, rose.is_empty(), fell.is_empty()) {
        (_, true, true) => return None,
        (Language::Zh, false, true) => format!("{name}：上升较多的是{rose}。"),
        (Language::Zh, true, false) => format!("{name}：下降较多的是{fell}。"),
        (Language::Zh, false, false) => {
            format!("{name}：上升较多的是{rose}；下降较多的是{fell}。")
        }
        (Language::En, false, true) => format!("{name}: {rose} rose most."),
        (Language::En, true, false) => format!("{name}: {fell} fell most."),
        (Language::En, false, false) => {
            format!("{name}: rose most: {rose}; fell most: {fell}.")
        }
    };
    Some(text)
}

fn table(bulletin: &Bulletin, manner: &Manner) -> Table {
    let period = |text: &str| capital(&say::period(manner, text));
    let columns = vec![
        Column::words(manner.say("项目", "What"), 8),
        Column::new(period(&bulletin.period), Lay::Figures),
        Column::new(period(&bulletin.period_before), Lay::Figures),
        Column::new(manner.say("变化", "Change"), Lay::Marks(5)),
    ];
    let mut rows = Vec::new();
    for state in [
        None,
        Some(SlotState::Timely),
        Some(SlotState::Late),
        Some(SlotState::Missing),
        Some(SlotState::Exempt),
        Some(SlotState::Pending),
    ] {
        rows.push(states(bulletin, manner, state));
    }
    rows.extend(
        Measure::ALL
            .iter()
            .filter_map(|measure| measured(bulletin, manner, *measure)),
    );
    let caption = manner.say("全部单位合计", "All units together");
    let sheet = manner.say("与上期比较", "Changes");
    let shown = rows.len();
    Table::new(caption.to_owned(), sheet.to_owned(), columns, shown).with(rows)
}

/// How many slots are in a state, or are expected at all.
fn states(bulletin: &Bulletin, manner: &Manner, state: Option<SlotState>) -> Vec<Cell> {
    let (now, before) = (&bulletin.counts, &bulletin.counts_before);
    let (name, now, before) = match state {
        None => (
            manner.say("应报份数", "Reports expected").to_owned(),
            now.expected,
            before.expected,
        ),
        Some(state) => {
            let name = say::state_name(manner, state);
            let name = match manner.language {
                Language::Zh => format!("{name}份数"),
                Language::En => capital(name),
            };
            (name, heat::count(now, state), heat::count(before, state))
        }
    };
    let by = i128::from(now) - i128::from(before);
    let change = if by == 0 {
        Cell::mark(Tone::Quiet, "", manner.say("持平", "unchanged"))
    } else {
        Cell::mark(Tone::Plain, "", format!("{by:+}"))
    };
    vec![
        Cell::text(name),
        Cell::Count(now),
        Cell::Count(before),
        change,
    ]
}

/// A measure now and then; `None` where it could be computed in neither period.
fn measured(bulletin: &Bulletin, manner: &Manner, measure: Measure) -> Option<Vec<Cell>> {
    let now = say::of(&bulletin.measures, measure);
    let before = say::of(&bulletin.measures_before, measure);
    if now == Cell::Nothing && before == Cell::Nothing {
        return None;
    }
    let (change, tone) = say::change(manner, measure.word(), &now, &before);
    let sign = match tone {
        Tone::Good => "▲",
        Tone::Bad => "▼",
        Tone::Plain | Tone::Fair | Tone::Poor | Tone::Open | Tone::Quiet => "",
    };
    let name = measure.name();
    Some(vec![
        Cell::text(capital(name.get(manner.language))),
        now,
        before,
        Cell::mark(tone, sign, change),
    ])
}
