//! From the files of a bundle to a catalogue: the kinds are read in such an order that each finds what it refers to declared.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::{
    code::{DatasetCode, EditId, IndicatorCode, UnitCode},
    detect::Detector,
    edits::Edit,
    text::Bilingual,
};

use super::{
    Catalogue,
    bundle::Bundle,
    dataset::{self, Dataset},
    deadline, detectors,
    document::Document,
    entry::Entry,
    fault::{Fault, Faults, say},
    footprint::Footprint,
    indicator::{self, Indicator},
    names::{Kind, Names},
    roster, rules, scorecard,
    source::{Place, Source},
    target::{self, Target},
    tree::Tree,
    unit::{self, Level, Unit},
    words::{DepartmentCode, LevelCode, MeasureCode, ScorecardCode},
};

/// Reads `bundle` to the end whatever is wrong in it.
pub(super) fn parse(bundle: &Bundle) -> Result<Catalogue, Vec<Fault>> {
    let faults = Faults::default();
    let catalogue = build(bundle, &faults);
    let faults = faults.finish();
    match catalogue {
        Some(catalogue) if faults.is_empty() => Ok(catalogue),
        // Nothing is missing without a fault having been reported, so the list is not empty here.
        Some(_) | None => Err(faults),
    }
}

fn build(bundle: &Bundle, faults: &Faults) -> Option<Catalogue> {
    let sources = Source::read_all(bundle, faults);
    let document = Document::new(&sources, faults);
    let header = read_header(&document, &sources, faults);
    let zone = header.as_ref().and_then(|header| header.zone.as_ref());

    let mut names = Declared::new(&sources);

    let (levels, units, tree) = read_units(&document, &mut names, faults);
    let departments = indicator::read_departments(
        document.of(Kind::Department),
        &mut names.departments,
        faults,
    );
    let measures =
        indicator::read_measures(document.of(Kind::Measure), &mut names.measures, faults);
    let indicators = indicator::read(
        document.of(Kind::Indicator),
        &names.measures,
        &names.departments,
        &mut names.indicators,
        faults,
    );
    let entries = document.of(Kind::Dataset);
    let datasets = dataset::read(
        entries,
        zone,
        &names.indicators,
        &mut names.datasets,
        faults,
    );
    let scope = roster::Scope {
        units: &units,
        unit_names: &names.units,
        tree: &tree,
        levels: &names.levels,
        datasets: &datasets,
        dataset_names: &names.datasets,
    };
    let known = rules::Known {
        roster: &scope,
        indicator_names: &names.indicators,
        indicators: &indicators,
        measures: &measures,
    };
    let (edits, detectors) = read_checks(&document, &known, &mut names.edits, faults);
    let schedules = roster::read(document.of(Kind::Roster), &scope, faults);
    let entries = document.of(Kind::Scorecard);
    let scorecards = scorecard::read(entries, &scope, &mut names.scorecards, faults);
    let targets = read_targets(&document, &known, &schedules, faults);
    let header = header?;
    let datasets = finish(datasets, edits, &indicators)?;
    Some(Catalogue {
        version: bundle.version(),
        name: header.name,
        zone: header.zone?,
        levels,
        units,
        tree,
        departments,
        measures,
        indicators,
        footprint: Footprint::new(&datasets),
        datasets,
        detectors,
        schedules,
        scorecards,
        targets,
    })
}

/// The levels, the units and their tree.
fn read_units<'a>(
    document: &Document<'a>,
    names: &mut Declared<'a>,
    faults: &Faults,
) -> (Vec<Level>, Vec<Unit>, Tree) {
    let levels = unit::read_levels(document.of(Kind::Level), &mut names.levels, faults);
    let entries = document.of(Kind::Unit);
    let mut units = unit::read(entries, &names.levels, &mut names.units, faults);
    let tree = Tree::build(&mut units, &names.units, faults);
    let units = units.into_iter().map(unit::Draft::finish).collect();
    (levels, units, tree)
}

/// Edits and detectors, which share one namespace.
fn read_checks<'a>(
    document: &Document<'a>,
    known: &rules::Known<'_, 'a>,
    names: &mut Names<'a, EditId>,
    faults: &Faults,
) -> (BTreeMap<DatasetCode, Vec<Edit>>, Vec<Detector>) {
    let edits = rules::read(document.of(Kind::Edit), known, names, faults);
    let detectors = detectors::read(document.of(Kind::Detector), known, names, faults);
    (edits, detectors)
}

/// The targets, which need to know who owes what.
fn read_targets(
    document: &Document<'_>,
    known: &rules::Known<'_, '_>,
    schedules: &[roster::Schedule],
    faults: &Faults,
) -> Vec<Target> {
    let known = target::Known {
        roster: known.roster,
        schedules,
        indicator_names: known.indicator_names,
        indicators: known.indicators,
    };
    target::read(document.of(Kind::Target), &known, faults)
}

/// The codes of every kind.
struct Declared<'a> {
    levels: Names<'a, LevelCode>,
    departments: Names<'a, DepartmentCode>,
    measures: Names<'a, MeasureCode>,
    units: Names<'a, UnitCode>,
    indicators: Names<'a, IndicatorCode>,
    datasets: Names<'a, DatasetCode>,
    edits: Names<'a, EditId>,
    scorecards: Names<'a, ScorecardCode>,
}

impl Declared<'_> {
    fn new(sources: &[Source<'_>]) -> Self {
        Self {
            levels: Names::new(Kind::Level, sources),
            departments: Names::new(Kind::Department, sources),
            measures: Names::new(Kind::Measure, sources),
            units: Names::new(Kind::Unit, sources),
            indicators: Names::new(Kind::Indicator, sources),
            datasets: Names::new(Kind::Dataset, sources),
            edits: Names::new(Kind::Edit, sources),
            scorecards: Names::new(Kind::Scorecard, sources),
        }
    }
}

/// The datasets with their edits, or `None` where a fault was reported in one.
fn finish(
    drafts: Vec<dataset::Draft<'_>>,
    mut edits: BTreeMap<DatasetCode, Vec<Edit>>,
    indicators: &[Indicator],
) -> Option<Vec<Dataset>> {
    let with_edits = |draft: dataset::Draft<'_>| {
        let dataset = draft.finish(indicators)?;
        let own = edits.remove(dataset.code()).unwrap_or_default();
        Some(dataset.with_edits(own))
    };
    drafts.into_iter().map(with_edits).collect()
}

/// What `[catalogue]` says.
struct Header {
    name: Bilingual,
    zone: Option<TimeZone>,
}

fn read_header(document: &Document<'_>, sources: &[Source<'_>], faults: &Faults) -> Option<Header> {
    let (first, more) = match document.of(Kind::Catalogue) {
        [] => {
            report_no_header(sources, faults);
            return None;
        }
        [first, more @ ..] => (first, more),
    };
    for again in more {
        let at = first.place().short();
        faults.report(
            again.place(),
            say!("[catalogue] 重复", "[catalogue] is written twice"),
            say!(
                "已在 {at} 写过，删去一处",
                "it stands at {at} already; remove one"
            ),
        );
    }
    Some(read_header_entry(first))
}

fn read_header_entry(entry: &Entry<'_>) -> Header {
    entry.allow(&["name", "timezone"]);
    let name = entry.bilingual("name");
    let zone = entry.need("timezone").and_then(|f| deadline::read_zone(&f));
    Header { name, zone }
}

fn report_no_header(sources: &[Source<'_>], faults: &Faults) {
    let is_torn = sources
        .iter()
        .any(|s| s.torn_kinds.contains(&Kind::Catalogue));
    if is_torn {
        return;
    }
    let message = say!("没有 [catalogue] 表", "there is no [catalogue] table");
    let remedy = say!(
        "写上 [catalogue]，含 name 和 timezone",
        "write [catalogue] with name and timezone"
    );
    match sources.first() {
        Some(source) => faults.report(Place { source, offset: 0 }, message, remedy),
        None => faults.report_nowhere("catalogue.toml", message, remedy),
    }
}
