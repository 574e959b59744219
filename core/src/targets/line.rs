//! A course as a line of a document: the one place where its figures are rounded.

use crate::{
    bulletin::{Named, TargetLine, Words},
    catalogue::{Catalogue, Target},
    decimal::Decimal,
    ratio::Ratio,
    text::Bilingual,
};

use super::{course::Course, percent};

pub(super) fn line(
    catalogue: &Catalogue,
    target: &Target,
    course: &Course,
    rank: Option<u32>,
) -> TargetLine {
    let indicator = catalogue.indicator(&target.indicator);
    let decimals = indicator.map_or(0, |indicator| indicator.decimals());
    let rounded = |value: Option<Ratio>| text(value.and_then(|value| value.rounded(decimals)));
    let share = |value: Option<Ratio>| text(value.and_then(|value| percent(&value, true)));
    let reached = course.reached;
    TargetLine {
        year: i32::from(target.year),
        target: text(course.target),
        half_target: text(course.half),
        actual: text(reached.map(|(_, value)| value)),
        through: reached
            .map(|(through, _)| through.to_string())
            .unwrap_or_default(),
        progress_percent: share(course.progress()),
        elapsed_percent: share(course.elapsed()),
        gap: rounded(course.gap()),
        pace_needed: rounded(course.pace()),
        growth_percent: text(course.growth_percent()),
        rank,
        half_reached: course.half_reached(),
        ..named(catalogue, target)
    }
}

/// What the line is about.
fn named(catalogue: &Catalogue, target: &Target) -> TargetLine {
    let nameless = Bilingual::default();
    let unit = catalogue.unit(&target.unit).map(|unit| unit.name());
    let dataset = catalogue
        .dataset(&target.dataset)
        .map(|dataset| dataset.name());
    let indicator = catalogue.indicator(&target.indicator);
    let department = indicator.and_then(|indicator| catalogue.department(indicator.owner()));
    let measure = indicator.and_then(|i| catalogue.measure(i.unit_of_measure()));
    let measure = measure.map_or(&nameless, |measure| measure.name());
    let name = indicator.map_or(&nameless, |indicator| indicator.name());
    TargetLine {
        unit: Named::new(&target.unit, unit.unwrap_or(&nameless)),
        dataset: Named::new(&target.dataset, dataset.unwrap_or(&nameless)),
        indicator: Named::new(&target.indicator, name),
        department: department.map_or_else(Named::default, |department| {
            Named::new(department.code(), department.name())
        }),
        measure: Words::from(measure),
        ..TargetLine::default()
    }
}

fn text(value: Option<Decimal>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
