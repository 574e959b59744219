//! Edits for somebody else's engine: VTL 2.2 rulesets, the data they judge, and what Granary says about them.
//!
//! In: a catalogue and published figures. Out: a folder of files ([`notes`] lists them) that PyPI's `vtlengine` runs. Whatever
//! has no form in VTL is listed with its reason, never dropped silently. Pure: nothing here reads or writes a file, except
//! that [`folder`] reads a catalogue.

pub mod figures;
pub mod folder;
mod plan;
mod script;
mod data;
mod verdicts;
mod notes;

use std::collections::BTreeMap;

use granary_core::{catalogue::Catalogue, code::EditId, text::Bilingual};

use self::{figures::Figures, plan::Plan};

/// The version that the export was compared with.
pub const VTLENGINE_VERSION: &str = "1.9.6";

/// The files of an export.
#[derive(Clone, Debug, Default)]
pub struct Export {
    /// Their texts by path.
    pub files: BTreeMap<String, String>,
    /// How many edits are in them.
    pub rules: usize,
    /// How many of them are hierarchical rules too.
    pub hierarchies: usize,
    /// How many verdicts of Granary's are beside them.
    pub verdicts: usize,
    /// The edits that are not.
    pub notes: Vec<Note>,
}

/// An edit that has no form in VTL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The edit.
    pub edit: EditId,
    /// Why.
    pub message: Bilingual,
}

/// Writes the edits of all datasets, and the figures that they judge.
#[must_use]
pub fn export(catalogue: &Catalogue, figures: &Figures) -> Export {
    let mut export = Export::default();
    let with_edits = catalogue
        .datasets()
        .iter()
        .filter(|d| !d.edits().is_empty());
    let plans: Vec<Plan<'_>> = with_edits
        .map(|dataset| Plan::new(catalogue, dataset, &mut export.notes))
        .filter(|plan| !plan.rules.is_empty())
        .collect();
    let (mut rulesets, mut transformations) = (String::new(), String::new());
    let mut structures = Vec::new();
    let mut verdicts = vec![verdicts::HEADINGS.map(str::to_owned).to_vec()];
    let mut rules = vec![verdicts::RULE_HEADINGS.map(str::to_owned).to_vec()];
    for plan in &plans {
        let script = script::write(plan, catalogue, figures);
        rulesets += &script.rulesets;
        transformations += &script.transformations;
        structures.extend(data::structures(plan));
        verdicts.extend(verdicts::rows(plan, catalogue, figures));
        rules.extend(verdicts::rules(plan, &script));
        export.rules += plan.rules.len();
        export.hierarchies += script.hierarchies.len();
        export.put(
            &format!("data/{}.csv", plan.name),
            data::csv(plan, catalogue, figures),
        );
        if !plan.rollups.is_empty() {
            let tree = data::tree_csv(plan, catalogue, figures);
            export.put(&format!("data/{}.csv", script::tree(plan)), tree);
        }
    }
    export.verdicts = verdicts.len() - 1;
    export.put("rulesets.vtl", rulesets);
    export.put("transformations.vtl", transformations);
    let structures = serde_json::json!({ "datasets": structures });
    export.put("structures.json", format!("{structures:#}\n"));
    export.put("granary-verdicts.csv", csv_text(verdicts));
    export.put("rules.csv", csv_text(rules));
    export.put("run.py", include_str!("run.py").to_owned());
    export.put(
        "requirements.txt",
        format!("vtlengine=={VTLENGINE_VERSION}\n"),
    );
    let notes = notes::write(catalogue, &plans, figures, &export);
    export.put("export-notes.md", notes);
    export
}

impl Export {
    fn put(&mut self, path: &str, text: String) {
        self.files.insert(path.to_owned(), text);
    }
}

/// Rows as CSV.
fn csv_text(rows: Vec<Vec<String>>) -> String {
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| csv_cell(cell)).collect();
        text += &cells.join(",");
        text.push('\n');
    }
    text
}

fn csv_cell(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
