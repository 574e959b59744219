//! The worked example of `docs/SCORES.md`: whoever follows it with a pencil gets what the program gives.

use super::*;

const GUIDE: &str = include_str!("../../../../docs/SCORES.md");

const HOUR_MS: i64 = 3_600_000;

/// The scorecard as the guide prints it, without its head.
fn keys() -> String {
    let block = GUIDE
        .split("```toml")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    block
        .split_once("level = \"county\"\n")
        .unwrap()
        .1
        .to_owned()
}

/// One row of the guide: slots, in time, lateness in hours, questioned, accepted, progress.
fn row(
    slots: u64,
    timely: u64,
    late_h: Option<i64>,
    questioned: u64,
    accepted: u64,
    progress: Option<&str>,
) -> Marks {
    let value = |measure| match measure {
        Measure::OnTimeRate => Some(share(timely, slots)),
        Measure::ReportingRate => Some(share(accepted, slots)),
        Measure::MedianLateness => late_h.map(|hours| Value::DurationMs(hours * HOUR_MS)),
        Measure::QualityEdits => Some(share(questioned, accepted)),
        _ => None,
    };
    Marks::new(
        slots,
        value,
        progress.map(|percent| Decimal::parse(percent).unwrap()),
    )
}

fn example() -> BTreeMap<UnitCode, Marks> {
    let rows = [
        row(12, 12, None, 1, 12, Some("100.00")),
        row(12, 11, Some(6), 0, 12, Some("95.00")),
        row(12, 10, Some(36), 2, 12, None),
        row(12, 9, Some(80), 1, 11, Some("80.00")),
        row(12, 9, Some(54), 1, 12, Some("66.36")),
        row(2, 2, None, 0, 2, None),
    ];
    rows.into_iter()
        .enumerate()
        .map(|(at, marks)| (unit(at), marks))
        .collect()
}

/// A standing as the guide's table prints it.
fn line(league: &League, standing: &Standing) -> String {
    let points = standing
        .points
        .iter()
        .map(|points| match points.points.as_str() {
            "" => "-",
            points => points,
        });
    let points: Vec<&str> = points.collect();
    let rank = standing
        .rank
        .map_or_else(|| "-".to_owned(), |rank| rank.to_string());
    let movement = match standing.movement {
        None => "-".to_owned(),
        Some(0) => "0".to_owned(),
        Some(places) => format!("{places:+}"),
    };
    let band = standing
        .band
        .map_or("-", |band| league.bands[band as usize].name.en.as_str());
    let mark = match (standing.flag, standing.last) {
        (true, _) => "flag",
        (false, true) => "last",
        (false, false) => "",
    };
    format!(
        "| {rank} | {} | {} | {} | {band} | {movement} | {mark} |",
        standing.unit.code,
        standing.score,
        points.join(" | ")
    )
}

#[test]
fn the_guide_s_example_is_what_the_program_gives() {
    let catalogue = catalogue(6, &keys());
    let card = &catalogue.scorecards()[0];
    let mut before = table(&catalogue, &example());
    for (code, rank) in [("U00", 2), ("U01", 1), ("U02", 3), ("U03", 4)] {
        let mut standings = before.standings.iter_mut();
        standings.find(|s| s.unit.code == code).unwrap().rank = Some(rank);
    }
    before
        .standings
        .retain(|standing| standing.unit.code != "U04");
    let league = league(&catalogue, card, quarter(), &example(), Some(&before));
    for standing in &league.standings {
        let line = line(&league, standing);
        assert!(GUIDE.contains(&line), "{line}");
    }
    // Of five ranked units 20, 60 and 20 per cent are 1, 3 and 1; the tie at rank 4 stays in the better band.
    let counts: Vec<u32> = league.bands.iter().map(|band| band.units).collect();
    assert_eq!(counts, [1, 4, 0]);
    let last = league.standings.last().unwrap();
    assert_eq!(
        last.not_ranked.as_ref().unwrap().zh,
        "只有 2 份应报，少于 3 份，不参加排名"
    );
    assert_eq!(league.period_before, before.period);
}

#[test]
fn nothing_to_hold_against_a_unit_is_never_worse_than_little() {
    let keys = "components = [{ measure = \"on_time_rate\", weight = 50 }, { measure = \"median_lateness\", zero_at = \"10h\", weight = 20 }, { measure = \"explained_share\", weight = 20 }, { measure = \"response_time\", zero_at = \"10h\", weight = 10 }]";
    let catalogue = catalogue(1, keys);
    let score = |values: &[(Measure, Value)]| {
        let marks = BTreeMap::from([(unit(0), marks(values))]);
        table(&catalogue, &marks).standings[0].score.clone()
    };
    let reported = (Measure::ReportingRate, share(12, 12));
    // Never late and nothing asked: full points for what there is nothing of.
    assert_eq!(
        score(&[reported.clone(), (Measure::OnTimeRate, share(6, 12))]),
        "75.00"
    );
    // One question that was never answered.
    let silent = (Measure::ExplainedShare, share(0, 1));
    assert_eq!(
        score(&[reported, (Measure::OnTimeRate, share(6, 12)), silent]),
        "45.00"
    );
    // Who reports nothing at all has no lateness to be praised for.
    let nothing = [
        (Measure::ReportingRate, share(0, 12)),
        (Measure::OnTimeRate, share(0, 12)),
    ];
    assert_eq!(score(&nothing), "0.00");
}

#[test]
fn a_unit_of_which_nothing_can_be_computed_is_not_ranked() {
    let catalogue = catalogue(
        2,
        "components = [{ measure = \"low_quality_share\", weight = 100 }]",
    );
    let marks = BTreeMap::from([
        (unit(0), marks(&[])),
        (unit(1), marks(&[(Measure::LowQuality, share(1, 4))])),
    ]);
    let league = table(&catalogue, &marks);
    let told: Vec<_> = league
        .standings
        .iter()
        .map(|s| {
            (
                s.unit.code.as_str(),
                s.rank,
                s.score.as_str(),
                s.not_ranked.is_some(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [("U01", Some(1), "75.00", false), ("U00", None, "", true)]
    );
}

#[test]
fn who_has_a_flag_is_not_on_the_list_of_the_last() {
    let keys = "flags = 1\nlast = 3\ncomponents = [{ measure = \"on_time_rate\", weight = 100 }]";
    let catalogue = catalogue(3, keys);
    let of = |timely| marks(&[(Measure::OnTimeRate, share(timely, 12))]);
    let marks = BTreeMap::from([(unit(0), of(12)), (unit(1), of(12)), (unit(2), of(3))]);
    let league = table(&catalogue, &marks);
    let lists: Vec<_> = league.standings.iter().map(|s| (s.flag, s.last)).collect();
    assert_eq!(lists, [(true, false), (true, false), (false, true)]);
}
