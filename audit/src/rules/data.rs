//! The data structures as JSON and the data as CSV.

use granary_core::{
    catalogue::Catalogue,
    decimal::Decimal,
    edits::{
        Operand, RollupMode,
        vtl::{self, ITEM, PERIOD, SUBPERIOD, UNIT, YEAR},
    },
};
use serde_json::{Value, json};

use super::{
    figures::{Figures, Record, RecordCells},
    plan::Plan,
    script,
};

/// One measure of a data file.
struct Column {
    name: String,
    operand: Operand,
    /// Whether it is half a unit of the last digit instead of the figure.
    half: bool,
}

/// The structures of a dataset and of its tree, as `vtlengine` reads them.
pub(super) fn structures(plan: &Plan<'_>) -> Vec<Value> {
    let mut components = vec![
        identifier(UNIT, "String"),
        identifier(PERIOD, "Time_Period"),
    ];
    if plan.dataset.itemised() {
        components.push(identifier(ITEM, "String"));
    }
    components.extend([YEAR, SUBPERIOD].map(
        |name| json!({"name": name, "type": "Integer", "role": "Measure", "nullable": false}),
    ));
    let measures = columns(plan).into_iter().map(|column| {
        json!({"name": column.name, "type": "Number", "role": "Measure", "nullable": true})
    });
    components.extend(measures);
    let mut structures = vec![json!({"name": plan.name, "DataStructure": components})];
    if !plan.rollups.is_empty() {
        let children =
            json!({"name": "CHILDREN", "type": "Integer", "role": "Measure", "nullable": false});
        structures.push(json!({"name": script::tree(plan), "DataStructure": [
            identifier(UNIT, "String"), identifier(PERIOD, "Time_Period"), identifier("PARENT", "String"), children,
        ]}));
    }
    structures
}

fn identifier(name: &str, kind: &str) -> Value {
    json!({"name": name, "type": kind, "role": "Identifier", "nullable": false})
}

/// The measures of the data file: each figure as it was printed, and half a unit of its last digit where a rule asks.
fn columns(plan: &Plan<'_>) -> Vec<Column> {
    let mut columns = Vec::new();
    for (operand, wants_half) in plan.data() {
        let name = vtl::measure_name(&operand, RollupMode::NonNull);
        let column = |name: String, half| Column {
            name,
            operand: operand.clone(),
            half,
        };
        columns.push(column(name.clone(), false));
        if wants_half {
            columns.push(column(vtl::half_name(&name), true));
        }
    }
    columns
}

/// The data of a dataset: one row for each record.
pub(super) fn csv(plan: &Plan<'_>, catalogue: &Catalogue, figures: &Figures) -> String {
    let columns = columns(plan);
    let mut headings = vec![UNIT, PERIOD];
    if plan.dataset.itemised() {
        headings.push(ITEM);
    }
    headings.extend([YEAR, SUBPERIOD]);
    headings.extend(columns.iter().map(|column| column.name.as_str()));
    let mut rows = vec![headings.into_iter().map(str::to_owned).collect()];
    for record in figures.of(plan.dataset.code()) {
        let cells = RecordCells::new(figures, catalogue, record);
        let mut row = vec![record.unit.to_string(), record.period.to_string()];
        if plan.dataset.itemised() {
            row.push(
                record
                    .item
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            );
        }
        row.extend([
            record.period.year().to_string(),
            record.period.number().to_string(),
        ]);
        for column in &columns {
            let figure = plan.figure(&column.operand, &cells);
            let value = figure.map(|(value, half)| if column.half { half } else { value });
            row.push(value.as_ref().map(Decimal::to_string).unwrap_or_default());
        }
        rows.push(row);
    }
    super::csv_text(rows)
}

/// The children of each unit that has a record, or a child with one.
pub(super) fn tree_csv(plan: &Plan<'_>, catalogue: &Catalogue, figures: &Figures) -> String {
    let headings = [UNIT, PERIOD, "PARENT", "CHILDREN"]
        .map(str::to_owned)
        .to_vec();
    let mut rows = vec![headings];
    let records: Vec<&Record> = figures.of(plan.dataset.code()).collect();
    for record in records {
        let children = catalogue.children(&record.unit, plan.dataset.code(), record.period);
        for child in children {
            let (period, parent) = (record.period.to_string(), record.unit.to_string());
            rows.push(vec![child.to_string(), period, parent, "1".to_owned()]);
        }
    }
    super::csv_text(rows)
}
