//! Where a published bulletin differs from the one that the journal gives: part by part, and of a league table unit by unit.

use std::collections::BTreeMap;

use granary_core::{
    bulletin::{Bulletin, League, Standing},
    text::Bilingual,
};

/// How many lines are told; whoever needs more draws both documents.
pub const DIFFERENCES_MAX: usize = 20;

/// What differs, in the order of the document: at most [`DIFFERENCES_MAX`] lines, empty where the two are equal.
#[must_use]
pub fn differences(published: &Bulletin, computed: &Bulletin) -> Vec<Bilingual> {
    let (p, c) = (published, computed);
    let before = [
        ("目录名称", "the catalogue's name", p.name != c.name),
        (
            "报告期",
            "the periods",
            (&p.period, &p.period_before) != (&c.period, &c.period_before),
        ),
        ("依据", "what it stands on", p.basis != c.basis),
        ("日志", "the log's tree", p.log != c.log),
        (
            "应报各状态份数",
            "the states of slots",
            (p.counts, p.counts_before) != (c.counts, c.counts_before),
        ),
    ];
    let after = [
        ("报送矩阵", "who has reported", p.matrix != c.matrix),
        ("各单位指标", "the measures of units", p.units != c.units),
        ("问题", "the findings", p.findings != c.findings),
        ("修订", "the revisions", p.revisions != c.revisions),
        ("目标进度", "the targets", p.targets != c.targets),
        ("预警", "the risks", p.risks != c.risks),
        (
            "总体指标",
            "the measures over all",
            (&p.measures, &p.measures_before) != (&c.measures, &c.measures_before),
        ),
        ("往期记录", "imported history", p.imported != c.imported),
    ];
    let mut found: Vec<Bilingual> = before.into_iter().filter_map(part).collect();
    found.extend(leagues(&p.leagues, &c.leagues));
    found.extend(after.into_iter().filter_map(part));
    found.truncate(DIFFERENCES_MAX);
    found
}

fn part((zh, en, differs): (&str, &str, bool)) -> Option<Bilingual> {
    differs.then(|| Bilingual::new(format!("不同之处：{zh}"), format!("differs: {en}")))
}

fn leagues(published: &[League], computed: &[League]) -> Vec<Bilingual> {
    if published == computed {
        return Vec::new();
    }
    let pairs = published.iter().zip(computed);
    let told: Vec<Bilingual> = pairs
        .flat_map(|(published, computed)| standings(published, computed))
        .collect();
    if told.is_empty() {
        // Not in a score, rank, band or flag of a unit: in what stands around them.
        return vec![Bilingual::new(
            "不同之处：排名表",
            "differs: the league tables",
        )];
    }
    told
}

/// The units that stand otherwise, in the order of codes.
fn standings(published: &League, computed: &League) -> Vec<Bilingual> {
    let by_unit = |league: &League| -> BTreeMap<String, Standing> {
        let standings = league.standings.iter();
        standings
            .map(|each| (each.unit.code.clone(), each.clone()))
            .collect()
    };
    let (published_by, computed_by) = (by_unit(published), by_unit(computed));
    let mut units: Vec<&String> = published_by.keys().chain(computed_by.keys()).collect();
    units.sort();
    units.dedup();
    let scorecard = &computed.scorecard.code;
    let differing = units
        .into_iter()
        .map(|unit| (unit, published_by.get(unit), computed_by.get(unit)))
        .filter(|(_, published, computed)| published != computed);
    differing
        .map(|(unit, published, computed)| {
            let (published, computed) = (standing(published), standing(computed));
            Bilingual::new(
                format!(
                    "排名表 {scorecard}，{unit}：通报为{}，应为{}",
                    published.zh, computed.zh
                ),
                format!(
                    "league {scorecard}, {unit}: published {}, computed {}",
                    published.en, computed.en
                ),
            )
        })
        .collect()
}

fn standing(standing: Option<&Standing>) -> Bilingual {
    let Some(standing) = standing else {
        return Bilingual::new("无此单位", "no such unit");
    };
    let score = &standing.score;
    standing.rank.map_or_else(
        || {
            Bilingual::new(
                format!("{score} 分、未排名"),
                format!("{score}, not ranked"),
            )
        },
        |rank| {
            Bilingual::new(
                format!("{score} 分、第 {rank} 名"),
                format!("{score}, rank {rank}"),
            )
        },
    )
}
