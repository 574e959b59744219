//! Targets: progress against elapsed time, the gap, the pace needed and the rank by growth, by department (分口).

use granary_core::{
    bulletin::{Bulletin, TargetLine},
    text::Language,
};

use super::{Cell, Column, Lay, Part, Section, Table, Tone, say};
use crate::words::Manner;

/// How many lines paper shows.
const SHOWN: usize = 120;

/// The section.
pub(super) fn section(bulletin: &Bulletin, manner: &Manner) -> Section {
    let parts = if bulletin.targets.is_empty() {
        let text = manner.say("本年度没有下达目标。", "No targets are set for this year.");
        vec![Part::Sentence(text.to_owned())]
    } else {
        let lead = manner.say(
            "进度条为完成全年目标的百分比，竖线为时间进度；差距为实际完成减时间进度应完成；所需速度为剩余各期平均每期应完成。按责任部门和指标排列，组内按增速排名。",
            "The bar is the share of the year's target that is reached, the tick the share of the year that has passed. The gap is what is reached minus what elapsed time asks for; the pace is what each remaining period needs on average. By department and indicator, ranked by growth.",
        );
        let table = table(manner, &bulletin.targets);
        vec![Part::Sentence(lead.to_owned()), Part::Table(table)]
    };
    Section {
        key: "targets",
        title: manner.say("目标进度", "Targets").to_owned(),
        parts,
    }
}

fn table(manner: &Manner, targets: &[TargetLine]) -> Table {
    let say = |zh, en| manner.say(zh, en);
    let columns = vec![
        Column::words(say("责任部门", "Department"), 4).workbook(),
        Column::words(say("报表", "Dataset"), 4).workbook(),
        Column::words(say("指标", "Indicator"), 4).workbook(),
        Column::words(say("指标代码", "Indicator code"), 3).workbook(),
        Column::words(say("计量单位", "Measured in"), 3).workbook(),
        Column::new(say("年度", "Year"), Lay::Marks(2)).workbook(),
        Column::new(say("名次", "Rank"), Lay::Marks(2)),
        Column::words(say("单位", "Unit"), 8),
        Column::words(say("单位代码", "Unit code"), 3).workbook(),
        Column::figures(say("全年目标", "Target")),
        Column::figures(say("半年目标", "Half-year target")).workbook(),
        Column::figures(say("实际完成", "Reached")),
        Column::words(say("截至", "Through"), 3).workbook(),
        Column::new(say("进度", "Progress"), Lay::Bar(4)),
        Column::figures(say("时间进度", "Elapsed")).workbook(),
        Column::figures(say("差距", "Gap")),
        Column::figures(say("所需速度", "Pace needed")),
        Column::figures(say("增速", "Growth")),
        Column::new(say("双过半", "Half-year"), Lay::Marks(3)),
    ];
    let mut ordered: Vec<&TargetLine> = targets.iter().collect();
    // What nobody owns comes last. The sort is stable: within an indicator the document's order by rank stays.
    ordered.sort_by_key(|line| {
        let department = &line.department.code;
        let key = (department.is_empty(), department.clone());
        (key, line.dataset.code.clone(), line.indicator.code.clone())
    });
    let rows = ordered
        .into_iter()
        .map(|line| (group(manner, line), row(manner, line)));
    let caption = say(
        "各责任部门目标完成进度",
        "Progress towards targets, by department",
    );
    let sheet = say("目标", "Targets");
    Table::new(caption.to_owned(), sheet.to_owned(), columns, SHOWN).with_groups(rows)
}

fn department<'a>(manner: &Manner, line: &'a TargetLine) -> &'a str {
    match say::name(manner, &line.department) {
        "" => manner.say("未定部门", "no department"),
        name => name,
    }
}

fn group(manner: &Manner, line: &TargetLine) -> String {
    let indicator = say::name(manner, &line.indicator);
    let measure = say::words(manner, &line.measure);
    let (department, year) = (department(manner, line), line.year);
    match manner.language {
        Language::Zh => {
            let through = through(line, "，截至");
            format!("{department} · {indicator}（{measure}），{year}年{through}")
        }
        Language::En => {
            let through = through(line, ", through ");
            format!("{department} · {indicator} ({measure}), {year}{through}")
        }
    }
}

fn through(line: &TargetLine, word: &str) -> String {
    if line.through.is_empty() {
        String::new()
    } else {
        format!("{word}{}", line.through)
    }
}

fn row(manner: &Manner, line: &TargetLine) -> Vec<Cell> {
    let percent = |text: &str| match text {
        "" => Cell::Nothing,
        text => Cell::Percent(text.to_owned()),
    };
    let progress = match line.progress_percent.as_str() {
        "" => Cell::Nothing,
        done => Cell::Progress(done.to_owned(), line.elapsed_percent.clone()),
    };
    let gap = match line.gap.as_str() {
        "" => Cell::Nothing,
        gap => Cell::Change(gap.to_owned()),
    };
    vec![
        Cell::text(department(manner, line)),
        Cell::text(say::name(manner, &line.dataset)),
        Cell::text(say::name(manner, &line.indicator)),
        Cell::text(&line.indicator.code),
        Cell::text(say::words(manner, &line.measure)),
        Cell::text(line.year.to_string()),
        line.rank
            .map_or(Cell::Nothing, |rank| Cell::Count(rank.into())),
        Cell::text(say::name(manner, &line.unit)),
        Cell::text(&line.unit.code),
        Cell::number(&line.target),
        Cell::number(&line.half_target),
        Cell::number(&line.actual),
        Cell::text(&line.through),
        progress,
        percent(&line.elapsed_percent),
        gap,
        Cell::number(&line.pace_needed),
        percent(&line.growth_percent),
        half(manner, line),
    ]
}

fn half(manner: &Manner, line: &TargetLine) -> Cell {
    match line.half_reached {
        None => Cell::Nothing,
        Some(true) => Cell::mark(Tone::Good, "√", manner.say("过半", "reached")),
        Some(false) => Cell::mark(Tone::Bad, "×", manner.say("未过半", "not reached")),
    }
}
