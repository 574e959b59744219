//! What a person reads about the cells that are most likely wrong.

use super::{
    fit::{Fit, Slip},
    localise::{Localisation, Part, Suspect},
};
use crate::{code::IndicatorCode, decimal::Decimal, text::Bilingual};

/// `most likely wrong: construction (37.26); 37.23 would fit`. Ties are all told, and so is what is not proven. `name` is
/// what an indicator is called; empty where no edit fails.
#[must_use]
pub fn suspicion(found: &Localisation, name: &dyn Fn(&IndicatorCode) -> Bilingual) -> Bilingual {
    let told = found.parts.iter().filter(|part| says_something(part));
    let parts: Vec<Bilingual> = told.map(|part| of_part(part, name)).collect();
    joined(&parts, "。", ". ")
}

/// Where the edits that fail are not linear in any cell, no cell has to be wrong as far as the linear ones can tell.
fn says_something(part: &Part) -> bool {
    part.sets.iter().all(|set| !set.is_empty())
}

fn of_part(part: &Part, name: &dyn Fn(&IndicatorCode) -> Bilingual) -> Bilingual {
    let mut told = match part.sets.as_slice() {
        [] => return nothing_found(part),
        [set] if !part.more => match set.as_slice() {
            [only] => alone(only, name),
            [] | [_, ..] => with_head(("最可能有误：", "most likely wrong: "), together(set, name)),
        },
        [_, ..] => tie(part, name),
    };
    if !part.proven {
        append(&mut told, "（未能证明）", " (not proven)");
    }
    told
}

fn nothing_found(part: &Part) -> Bilingual {
    if part.proven {
        Bilingual::new(
            "修改本表的任何数都不能满足全部审核关系",
            "no change to the figures of this record satisfies all edits",
        )
    } else {
        Bilingual::new(
            "未能找出有误的数",
            "which figure is wrong was not found out",
        )
    }
}

fn alone(suspect: &Suspect, name: &dyn Fn(&IndicatorCode) -> Bilingual) -> Bilingual {
    let mut told = with_head(("最可能有误：", "most likely wrong: "), cell(suspect, name));
    if let Some(fit) = suspect.fit.as_ref().and_then(fitting) {
        append(
            &mut told,
            &format!("；{}", fit.zh),
            &format!("; {}", fit.en),
        );
    }
    told
}

/// Several sets of the same weight.
fn tie(part: &Part, name: &dyn Fn(&IndicatorCode) -> Bilingual) -> Bilingual {
    let told = part.sets.iter().map(|set| match set.as_slice() {
        [only] => with_fit_inside(only, name),
        [] | [_, ..] => together(set, name),
    });
    let told: Vec<Bilingual> = told.collect();
    let head = (
        "最可能有误的是其中一处：",
        "most likely wrong is one of these: ",
    );
    let mut told = with_head(head, joined(&told, "；", "; "));
    if part.more {
        append(&mut told, "；等等", "; and others");
    }
    told
}

/// Cells that would have to be wrong together.
fn together(set: &[Suspect], name: &dyn Fn(&IndicatorCode) -> Bilingual) -> Bilingual {
    let cells: Vec<Bilingual> = set.iter().map(|suspect| cell(suspect, name)).collect();
    joined(&cells, "和", " and ")
}

fn cell(suspect: &Suspect, name: &dyn Fn(&IndicatorCode) -> Bilingual) -> Bilingual {
    let (name, reported) = (name(&suspect.indicator), suspect.reported);
    Bilingual::new(
        format!("{}（{reported}）", name.zh),
        format!("{} ({reported})", name.en),
    )
}

fn with_fit_inside(suspect: &Suspect, name: &dyn Fn(&IndicatorCode) -> Bilingual) -> Bilingual {
    let Some(fit) = suspect.fit.as_ref().and_then(fitting) else {
        return cell(suspect, name);
    };
    let (name, reported) = (name(&suspect.indicator), suspect.reported);
    Bilingual::new(
        format!("{}（{reported}，{}）", name.zh, fit.zh),
        format!("{} ({reported}; {})", name.en, fit.en),
    )
}

/// The figure that would fit, or where it would have to lie.
fn fitting(fit: &Fit) -> Option<Bilingual> {
    if let Some(value) = fit.value {
        let slip = fit.slip.map_or(("", ""), slip_text);
        return Some(Bilingual::new(
            format!("填 {value} 则相符{}", slip.0),
            format!("{value} would fit{}", slip.1),
        ));
    }
    let both = |low: Decimal, high: Decimal| {
        Bilingual::new(
            format!("应在 {low} 至 {high} 之间"),
            format!("it would have to be from {low} to {high}"),
        )
    };
    Some(match (fit.lowest, fit.highest) {
        (Some(low), Some(high)) => both(low, high),
        (Some(low), None) => Bilingual::new(
            format!("应不小于 {low}"),
            format!("it would have to be at least {low}"),
        ),
        (None, Some(high)) => Bilingual::new(
            format!("应不大于 {high}"),
            format!("it would have to be at most {high}"),
        ),
        (None, None) => return None,
    })
}

const fn slip_text(slip: Slip) -> (&'static str, &'static str) {
    match slip {
        Slip::Sign => ("（正负号写错）", " (its sign is wrong)"),
        Slip::SwappedDigits => ("（相邻两位数字颠倒）", " (two digits changed places)"),
        Slip::Point => ("（小数点或单位有误）", " (the decimal point moved)"),
    }
}

fn with_head((zh, en): (&str, &str), told: Bilingual) -> Bilingual {
    Bilingual::new(format!("{zh}{}", told.zh), format!("{en}{}", told.en))
}

fn append(told: &mut Bilingual, zh: &str, en: &str) {
    told.zh.push_str(zh);
    told.en.push_str(en);
}

fn joined(parts: &[Bilingual], zh: &str, en: &str) -> Bilingual {
    let of = |get: fn(&Bilingual) -> &str, comma: &str| {
        let texts: Vec<&str> = parts.iter().map(get).collect();
        texts.join(comma)
    };
    Bilingual::new(of(|part| &part.zh, zh), of(|part| &part.en, en))
}
