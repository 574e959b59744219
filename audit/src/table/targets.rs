//! The targets table: what is reached beside what elapsed time asks for, department by department.

use std::collections::BTreeMap;

use granary_proto::v1::{ListTargetsResponse, TargetLine};

use super::{
    Lay, basis, draw,
    league::{named, words},
};
use crate::words::{Manner, NOTHING};

/// Draws the progress towards targets, one table for each department.
#[must_use]
pub fn targets(manner: &Manner, answer: &ListTargetsResponse) -> String {
    let mut departments: BTreeMap<String, Vec<TargetLine>> = BTreeMap::new();
    for line in &answer.targets {
        let code = line
            .department
            .as_ref()
            .map_or("", |department| &department.code);
        departments
            .entry(code.to_owned())
            .or_default()
            .push(line.clone());
    }
    let mut text = String::new();
    if departments.is_empty() {
        text.push_str(manner.say("没有这样的目标\n\n", "there are no such targets\n\n"));
    }
    for (code, own) in &departments {
        let name = own
            .first()
            .map(|line| named(manner, line.department.as_ref()));
        text.push_str(&format!("{} ({code})\n", name.unwrap_or_default()));
        text.push_str(&lines(manner, own));
        text.push('\n');
    }
    text.push_str(&basis::basis(
        manner,
        &answer.basis.clone().unwrap_or_default(),
        0,
    ));
    text.push_str(&basis::log(
        manner,
        &answer.log.clone().unwrap_or_default(),
        None,
    ));
    text
}

/// The lines alone.
pub(super) fn lines(manner: &Manner, lines: &[TargetLine]) -> String {
    let columns = [
        (manner.say("指标", "indicator"), Lay::Text),
        (manner.say("单位", "unit"), Lay::Words),
        (manner.say("名称", "name"), Lay::Text),
        (manner.say("全年目标", "target"), Lay::Figures),
        (manner.say("完成", "reached"), Lay::Figures),
        (manner.say("截至", "through"), Lay::Words),
        (manner.say("进度", "progress"), Lay::Figures),
        (manner.say("时间", "elapsed"), Lay::Figures),
        (manner.say("差距", "gap"), Lay::Figures),
        (manner.say("每期还需", "pace needed"), Lay::Figures),
        (manner.say("增速", "growth"), Lay::Figures),
        (manner.say("位次", "rank"), Lay::Figures),
        (manner.say("半年目标", "half-year"), Lay::Figures),
        (manner.say("过半", "by half"), Lay::Words),
    ];
    let rows = lines.iter().map(|line| row(manner, line)).collect();
    let mut text = draw(&columns, rows, manner.width);
    text.push('\n');
    text
}

fn row(manner: &Manner, line: &TargetLine) -> Vec<String> {
    let unit = line.unit.clone().unwrap_or_default();
    let indicator = named(manner, line.indicator.as_ref());
    let measure = words(manner, line.measure.as_ref());
    let half = match line.half_reached {
        None => NOTHING,
        Some(true) => manner.say("是", "yes"),
        Some(false) => manner.say("否", "no"),
    };
    let rank = line.rank.map(|rank| rank.to_string());
    vec![
        format!("{indicator} ({measure})"),
        unit.code,
        words(manner, unit.name.as_ref()),
        given(&line.target, ""),
        given(&line.actual, ""),
        given(&line.through, ""),
        given(&line.progress_percent, "%"),
        given(&line.elapsed_percent, "%"),
        given(&line.gap, ""),
        given(&line.pace_needed, ""),
        given(&line.growth_percent, "%"),
        rank.unwrap_or_else(|| NOTHING.to_owned()),
        given(&line.half_target, ""),
        half.to_owned(),
    ]
}

/// A text that may be empty, with its unit.
fn given(text: &str, unit: &str) -> String {
    if text.is_empty() {
        NOTHING.to_owned()
    } else {
        format!("{text}{unit}")
    }
}
