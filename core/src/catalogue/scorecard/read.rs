//! Reading the scorecards of a catalogue.

use std::collections::BTreeSet;

use crate::{
    code::DatasetCode, decimal::Decimal, measures::Measure, period::Periodicity, text::Bilingual,
};

use super::{
    super::{
        dataset,
        entry::{Entry, Field, quoted},
        fault::{Faults, say},
        names::Names,
        roster,
        source::Place,
        words::{ComponentCode, ScorecardCode},
    },
    Band, Component, Form, Scorecard, Scoring, TARGET_PROGRESS, allot, form,
};

/// All weights together, in points, and all shares of bands together, in per cent.
const WHOLE: i64 = 100;
/// The most units on the two lists of the first and the last.
const LIST_MAX: i64 = 10_000;

/// Reads the scorecards, in catalogue order.
pub(in crate::catalogue) fn read<'a>(
    entries: &[Entry<'a>],
    scope: &roster::Scope<'_, 'a>,
    names: &mut Names<'a, ScorecardCode>,
    faults: &Faults,
) -> Vec<Scorecard> {
    let mut scorecards = Vec::new();
    for entry in entries {
        entry.allow(&[
            "code",
            "name",
            "periodicity",
            "units",
            "level",
            "under",
            "datasets",
            "slots_min",
            "imported",
            "flags",
            "last",
            "components",
            "bands",
        ]);
        let code = entry.code::<ScorecardCode>("code");
        let is_new = code
            .as_ref()
            .is_some_and(|code| names.declare(code, faults));
        let rest = read_one(entry, scope, faults);
        if let (Some(code), true, Some(rest)) = (code, is_new, rest) {
            let code = code.value;
            scorecards.push(Scorecard { code, ..rest });
        }
    }
    scorecards
}

/// A scorecard whose code is still to be set.
fn read_one<'a>(
    entry: &Entry<'a>,
    scope: &roster::Scope<'_, 'a>,
    faults: &Faults,
) -> Option<Scorecard> {
    let name = entry.bilingual("name");
    let words = Periodicity::ALL.map(|p| (p.word(), p));
    let periodicity = entry.need("periodicity").and_then(|f| f.choice(&words));
    let units = roster::select_codes(entry, scope, faults);
    let datasets = read_datasets(entry, periodicity, scope, faults);
    let slots_min = read_count(entry, "slots_min", 1, 1);
    let imported = entry.field("imported").and_then(|f| f.boolean());
    let (flags, last) = (
        read_count(entry, "flags", 0, 0),
        read_count(entry, "last", 0, 0),
    );
    let components = read_components(entry, faults);
    let bands = entry.field("bands");
    let bands = bands.map_or(Some(Vec::new()), |field| {
        let bands = read_bands(&field)?;
        let is_whole = is_whole(&field, "bands.share", bands.iter().map(|band| band.share));
        let fits = units
            .as_ref()
            .is_none_or(|units| are_filled(&field, &bands, units.len()));
        (is_whole && fits).then_some(bands)
    });
    Some(Scorecard {
        code: ScorecardCode::new("x").ok()?,
        name,
        periodicity: periodicity?,
        units: units?,
        datasets: datasets?,
        slots_min,
        imported: imported.unwrap_or(false),
        flags,
        last,
        components: components?,
        bands: bands?,
    })
}

/// A count that may be absent. A faulty one is reported, and then any will do.
fn read_count(entry: &Entry<'_>, key: &'static str, low: i64, default: u32) -> u32 {
    let written = entry.field(key).and_then(|f| f.integer(low..=LIST_MAX));
    written
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or(default)
}

/// The datasets named, or all that are reported at least as often as the scorecard's period lasts.
fn read_datasets<'a>(
    entry: &Entry<'a>,
    periodicity: Option<Periodicity>,
    scope: &roster::Scope<'_, 'a>,
    faults: &Faults,
) -> Option<BTreeSet<DatasetCode>> {
    let counts = |dataset: &dataset::Draft<'_>| {
        let own = dataset.periodicity;
        periodicity
            .zip(own)
            .is_none_or(|(wanted, own)| own >= wanted)
    };
    let Some(field) = entry.field("datasets") else {
        let all = scope.datasets.iter().filter(|dataset| counts(dataset));
        return Some(all.map(|dataset| dataset.code.value.clone()).collect());
    };
    let written = field.codes::<DatasetCode>()?;
    let count = written.codes.len();
    let known = written
        .codes
        .into_iter()
        .filter(|code| scope.dataset_names.resolve(code, faults));
    let mut found = BTreeSet::new();
    for code in known {
        let drafts = scope.datasets;
        let at = drafts.binary_search_by(|d| d.code.value.cmp(&code.value));
        if at.is_ok_and(|at| !counts(&drafts[at])) {
            let text = &code.value;
            faults.report(
                code.place,
                say!(
                    "{text} 的报告周期长于考核周期，不会计入",
                    "{text} is reported less often than the scorecard is drawn up, so it never counts"
                ),
                say!(
                    "从 datasets 删去，或改 periodicity",
                    "remove it from datasets, or change periodicity"
                ),
            );
        }
        found.insert(code.value);
    }
    (written.is_whole && found.len() == count).then_some(found)
}

fn read_components(entry: &Entry<'_>, faults: &Faults) -> Option<Vec<Component>> {
    let field = entry.need("components")?;
    let written = field.list()?;
    let count = written.len();
    let mut components: Vec<Component> = Vec::new();
    for one in &written {
        let Some((component, place)) = read_component(one) else {
            continue;
        };
        if components.iter().any(|other| other.code == component.code) {
            let code = &component.code;
            faults.report(
                place,
                say!(
                    "评分项 {code} 在此表中重复",
                    "component {code} stands in this scorecard twice"
                ),
                say!(
                    "删去一处，或写上不同的 code",
                    "remove one, or give each a code of its own"
                ),
            );
            continue;
        }
        components.push(component);
    }
    let weights = components.iter().map(|component| component.weight);
    let is_read = components.len() == count;
    (is_read && is_whole(&field, "components.weight", weights)).then_some(components)
}

fn read_component<'a>(field: &Field<'a>) -> Option<(Component, Place<'a>)> {
    let entry = field.table()?;
    let code = entry.field("code").map(|f| f.lexical::<ComponentCode>());
    let name = entry.field("name").map(|_| entry.bilingual("name"));
    let weight = entry.need("weight");
    let weight = weight.and_then(|f| f.decimal_within("0.01", "100"));
    let word = entry.need("measure").and_then(|f| f.choice(&words()));
    let scoring = word.and_then(|measure| read_scoring(&entry, measure));
    let (own, named) = match word? {
        Some(measure) => (measure.word(), measure.name()),
        None => (
            TARGET_PROGRESS,
            Bilingual::new("目标进度", "progress towards targets"),
        ),
    };
    let code = match code {
        Some(code) => code?.value,
        None => ComponentCode::new(own).ok()?,
    };
    let component = Component {
        code,
        name: name.unwrap_or(named),
        scoring: scoring?,
        weight: weight?,
    };
    Some((component, entry.place()))
}

/// What can be scored; none is the progress towards targets.
fn words() -> Vec<(&'static str, Option<Measure>)> {
    let measures = Measure::ALL.iter().map(|m| (m.word(), Some(*m)));
    measures.chain([(TARGET_PROGRESS, None)]).collect()
}

fn read_scoring(entry: &Entry<'_>, measure: Option<Measure>) -> Option<Scoring> {
    const PLAIN: [&str; 4] = ["code", "name", "measure", "weight"];
    const WITH_ZERO: [&str; 5] = ["code", "name", "measure", "weight", "zero_at"];
    let Some(measure) = measure else {
        entry.allow(&PLAIN);
        return Some(Scoring::TargetProgress);
    };
    match form(measure) {
        Form::Share => {
            entry.allow(&PLAIN);
            Some(Scoring::Share(measure))
        }
        Form::Rest => {
            entry.allow(&PLAIN);
            Some(Scoring::Rest(measure))
        }
        Form::Duration => {
            entry.allow(&WITH_ZERO);
            let zero_at_ms = read_duration_ms(&entry.need("zero_at")?)?;
            Some(Scoring::Duration {
                measure,
                zero_at_ms,
            })
        }
        Form::Revision => {
            entry.allow(&WITH_ZERO);
            let zero_at = entry.need("zero_at")?.decimal_within("0.01", "1000")?;
            Some(Scoring::Revision { measure, zero_at })
        }
    }
}

/// A duration such as `30min`, `72h` or `3d`, in milliseconds.
fn read_duration_ms(field: &Field<'_>) -> Option<i64> {
    const UNITS_MS: [(&str, i64); 3] = [("min", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    /// A duration beyond a year would be a slip.
    const MAX_MS: i64 = 366 * 86_400_000;
    let text = field.text()?.value;
    let read = UNITS_MS.iter().find_map(|(unit, unit_ms)| {
        let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
        count.checked_mul(*unit_ms)
    });
    let read = read.filter(|ms| (1..=MAX_MS).contains(ms));
    if read.is_none() {
        let shown = quoted(text);
        field.fault(
            say!(
                "{shown} 不是时长",
                "{shown} is not a duration above zero and up to a year"
            ),
            say!(
                "写成 \"30min\"、\"72h\" 或 \"3d\"",
                "write \"30min\", \"72h\" or \"3d\""
            ),
        );
    }
    read
}

fn read_bands(field: &Field<'_>) -> Option<Vec<Band>> {
    let read = |field: Field<'_>| {
        let entry = field.table()?;
        entry.allow(&["name", "share"]);
        let name = entry.bilingual("name");
        let share = entry.need("share")?.decimal_within("0.01", "100")?;
        Some(Band { name, share })
    };
    let written = field.list()?;
    // Each is read, whatever is wrong in another.
    let bands: Vec<Option<Band>> = written.into_iter().map(read).collect();
    bands.into_iter().collect()
}

/// Whether parts sum to 100; reports it where they do not.
fn is_whole(field: &Field<'_>, key: &str, parts: impl Iterator<Item = Decimal>) -> bool {
    let add = |sum: Decimal, part| sum.checked_add(part);
    let Some(sum) = { parts }.try_fold(Decimal::ZERO, add) else {
        return false;
    };
    let whole = Decimal::integer(WHOLE);
    let is_whole = sum == whole;
    if !is_whole && let Some(missing) = whole.checked_sub(sum) {
        let (sum, missing, over) = (
            sum.normalised(),
            missing.normalised(),
            missing < Decimal::ZERO,
        );
        let size = missing.abs();
        let remedy = if over {
            say!("共减去 {size}", "take {size} away")
        } else {
            say!("共加上 {size}", "add {size}")
        };
        field.fault(
            say!(
                "{key} 合计 {sum}，不是 {WHOLE}",
                "the values of {key} sum to {sum}, not to {WHOLE}"
            ),
            remedy,
        );
    }
    is_whole
}

/// Whether each band gets at least one of all units that are compared; reports it where one cannot.
fn are_filled(field: &Field<'_>, bands: &[Band], units: usize) -> bool {
    let units = u32::try_from(units).unwrap_or(u32::MAX);
    let counts = allot(bands, units);
    let empty = counts.iter().zip(bands).find(|(count, _)| **count == 0);
    let Some((_, band)) = empty else {
        return true;
    };
    let (zh, en, share) = (&band.name.zh, &band.name.en, band.share);
    field.fault(
        say!(
            "只有 {units} 个单位，“{zh}”占 {share}% 不足一个",
            "of {units} units, the {share}% of {en:?} are less than one"
        ),
        say!(
            "减少档次，加大此档的比例，或选更多单位",
            "have fewer bands, raise its share, or select more units"
        ),
    );
    false
}
