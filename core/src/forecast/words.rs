//! Why a slot is thought to be endangered, in words with the figures.

use crate::text::Bilingual;

use super::{
    model::{Chance, Peers, Scope},
    percent,
    record::Standing,
    score::{CLUSTERS_MIN, FORECASTS_MIN, OUTCOMES_MIN, Score, Verdict},
};

/// The reason for a chance.
pub(super) fn reason(chance: &Chance) -> Bilingual {
    let mut parts = vec![past(chance)];
    if let Some(arrived) = chance.arrived {
        parts.push(by_now(arrived));
    }
    if let Some((late, all)) = chance.returned {
        parts.push(returned(late, all));
    }
    joined(&parts)
}

/// The reason for certainty.
pub(super) fn overdue(standing: Standing) -> Bilingual {
    let due = Bilingual::new(
        "已过截止时间，尚无合格报送",
        "it was due, and nothing has been accepted",
    );
    if standing.recent == 0 {
        return due;
    }
    joined(&[due, own(standing)])
}

fn by_now(arrived: f64) -> Bilingual {
    let share = format!("{:.0}", arrived * 100.0);
    if share == "0" {
        return Bilingual::new(
            "往常此时也未报到",
            "by this hour none of its reports had usually arrived either",
        );
    }
    Bilingual::new(
        format!("往常此时已报到 {share}%，本期尚未报到"),
        format!("by this hour {share}% of its reports had usually arrived, and this one has not"),
    )
}

/// The unit's own past, or its peers' where it has none.
fn past(chance: &Chance) -> Bilingual {
    if chance.standing.recent > 0 {
        return own(chance.standing);
    }
    let Peers { scope, units, late } = chance.peers;
    let share = percent(late);
    let (zh, en) = match scope {
        Scope::Level => ("同级", "of its level"),
        Scope::Dataset => ("本报表", "of this dataset"),
        Scope::Nobody => ("其他", "in all"),
    };
    Bilingual::new(
        format!("该单位尚无往期记录，按{zh} {units} 个单位推算，其往期迟报 {share}%"),
        format!(
            "nothing is known of this unit yet; it is taken to be like the {units} units {en}, of whose past reports {share}% were late"
        ),
    )
}

fn own(standing: Standing) -> Bilingual {
    let Standing {
        recent,
        recent_late,
        ..
    } = standing;
    match (recent, recent_late) {
        (1, 0) => Bilingual::new("已知的 1 期按时", "in time in the one period known"),
        (1, _) => Bilingual::new("已知的 1 期迟报", "late in the one period known"),
        (_, 0) => Bilingual::new(
            format!("最近 {recent} 期均按时"),
            format!("in time in all of its last {recent}"),
        ),
        (_, _) => Bilingual::new(
            format!("最近 {recent} 期中迟报 {recent_late} 期"),
            format!("late in {recent_late} of its last {recent}"),
        ),
    }
}

fn returned(late: u32, all: u32) -> Bilingual {
    if all == 0 {
        return Bilingual::new(
            "本期报送已被退回，尚未改正",
            "its report was returned and is not corrected yet",
        );
    }
    Bilingual::new(
        format!("本期报送已被退回，尚未改正；本报表此类 {all} 次中迟报 {late} 次"),
        format!(
            "its report was returned and is not corrected yet; of {all} such reports of this dataset {late} became late"
        ),
    )
}

fn joined(parts: &[Bilingual]) -> Bilingual {
    let each = |get: fn(&Bilingual) -> &str, between: &str| {
        parts.iter().map(get).collect::<Vec<_>>().join(between)
    };
    Bilingual::new(each(|text| &text.zh, "；"), each(|text| &text.en, "; "))
}

/// What a calibration comes to.
pub(super) fn verdict(score: Option<&Score>) -> Bilingual {
    let Some(score) = score else {
        return Bilingual::new("没有可以回放的历史", "there is no history to replay");
    };
    let Score {
        forecasts,
        late,
        periods,
        brier,
        brier_base,
        brier_base_then,
        ..
    } = score;
    let (zh, en) = match score.verdict {
        Verdict::TooShort => {
            return Bilingual::new(
                format!(
                    "历史太短，不下结论：回放 {periods} 期、{forecasts} 次预报，其中迟报 {late} 次；至少需要 {CLUSTERS_MIN} 期、{FORECASTS_MIN} 次预报，迟报和按时各 {OUTCOMES_MIN} 次"
                ),
                format!(
                    "the history is too short to tell: {forecasts} forecasts over {periods} periods, {late} of them of slots that became late; at least {FORECASTS_MIN} over {CLUSTERS_MIN} periods are needed, {OUTCOMES_MIN} late and {OUTCOMES_MIN} timely"
                ),
            );
        }
        Verdict::Better => (
            "预警优于基准率，超出偶然",
            "the forecasts beat the base rate, beyond chance",
        ),
        Verdict::Alike => (
            "预警与基准率没有超出偶然的差别",
            "the forecasts differ from the base rate by no more than chance",
        ),
        Verdict::Worse => (
            "预警不如基准率，超出偶然：请勿据此行事",
            "the forecasts are worse than the base rate, beyond chance: do not act on them",
        ),
    };
    Bilingual::new(
        format!(
            "{zh}：Brier 评分 {brier}；同一时刻基准率 {brier_base_then}，总基准率 {brier_base}"
        ),
        format!(
            "{en}: Brier score {brier}, against {brier_base_then} for the base rate at the same hour and {brier_base} for the base rate"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chance(known: u32, recent_late: u32, returned: Option<(u32, u32)>) -> Chance {
        Chance {
            late: 0.5,
            standing: Standing {
                known,
                late: recent_late,
                recent: known.min(6),
                recent_late,
            },
            arrived: (known > 0).then_some(0.8),
            peers: Peers {
                scope: Scope::Level,
                units: 23,
                late: 0.125,
            },
            returned,
        }
    }

    #[test]
    fn reasons_hold_the_figures_in_both_languages() {
        let check = |chance: Chance, zh: &str, en: &str| {
            assert_eq!(reason(&chance), Bilingual::new(zh, en));
        };
        check(
            chance(9, 4, None),
            "最近 6 期中迟报 4 期；往常此时已报到 80%，本期尚未报到",
            "late in 4 of its last 6; by this hour 80% of its reports had usually arrived, and this one has not",
        );
        check(
            chance(1, 0, Some((12, 30))),
            "已知的 1 期按时；往常此时已报到 80%，本期尚未报到；本期报送已被退回，尚未改正；本报表此类 30 次中迟报 12 次",
            "in time in the one period known; by this hour 80% of its reports had usually arrived, and this one has not; its report was returned and is not corrected yet; of 30 such reports of this dataset 12 became late",
        );
        check(
            chance(0, 0, Some((0, 0))),
            "该单位尚无往期记录，按同级 23 个单位推算，其往期迟报 12.5%；本期报送已被退回，尚未改正",
            "nothing is known of this unit yet; it is taken to be like the 23 units of its level, of whose past reports 12.5% were late; its report was returned and is not corrected yet",
        );
    }
}
