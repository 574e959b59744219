//! What the export says about itself: `export-notes.md`.

use granary_core::{catalogue::Catalogue, edits::vtl::quoted};

use super::{Export, VTLENGINE_VERSION, figures::Figures, plan::Plan};

/// The notes that go with the files.
pub(super) fn write(
    catalogue: &Catalogue,
    plans: &[Plan<'_>],
    figures: &Figures,
    export: &Export,
) -> String {
    let mut text = format!(
        "# Edits of {} as VTL 2.2\n\nCatalogue {}. {} of {} edits, {} records.\n\n{FILES}\n",
        catalogue.name().en,
        catalogue.version(),
        export.rules,
        export.rules + export.notes.len(),
        figures.records().count(),
    );
    text += "\n## Not exported\n\n";
    if export.notes.is_empty() {
        text += "Nothing: every edit is here.\n";
    }
    for note in &export.notes {
        let (en, zh) = (&note.message.en, &note.message.zh);
        text += &format!("- `{}`: {en} ({zh})\n", note.edit);
    }
    text += &format!(
        "\nThe two built-in edits on required cells (`GRANARY.REQUIRED`, `GRANARY.MISSING`) are not rules on figures and are not exported.\n\n## Known differences (vtlengine {VTLENGINE_VERSION})\n\n{DIFFERENCES}"
    );
    let odd = odd_units(catalogue, plans);
    if !odd.is_empty() {
        text += &format!(
            "- vtlengine's DuckDB engine cannot read quoted code items that hold `.` or `-`, so use its pandas engine: {}.\n",
            odd.join(", ")
        );
    }
    text
}

/// Units in a roll-up whose codes need quotation marks for more than a leading digit.
fn odd_units(catalogue: &Catalogue, plans: &[Plan<'_>]) -> Vec<String> {
    if plans.iter().all(|plan| plan.rollups.is_empty()) {
        return Vec::new();
    }
    let odd = |code: &&str| code.contains(['.', '-']);
    let codes = catalogue.units().iter().map(|unit| unit.code().as_str());
    codes.filter(odd).map(quoted).collect()
}

const FILES: &str = "| file | what it is |
|---|---|
| `rulesets.vtl` | one datapoint ruleset for each dataset, one hierarchical ruleset for each roll-up edit and unit tree |
| `transformations.vtl` | what prepares the measures and applies the rulesets; the engine reads both files as one script |
| `structures.json` | the data structures |
| `data/*.csv` | one row for each unit and period; an empty cell is a missing figure; `x__HALF` is half a unit of the last printed digit of `x`; `*__TREE.csv` has the children of each unit and period |
| `granary-verdicts.csv` | what Granary says, for each record in the scope of each edit |
| `rules.csv` | where the engine's answer to each edit stands |
| `run.py`, `requirements.txt` | runs all this in vtlengine and compares |

How it was written: a tolerance stands in each comparison; `if` between statements is boolean algebra; what may be undefined is a
measure of its own (`E3_1`: the first of the third edit), missing where it is undefined; `previous`, `lag`, `year_ago` are `timeshift` and
`left_join`, `ytd` is a running `sum`, `rollup` a `sum` over `*__TREE` in the script. Only figures of another dataset
(`OF_dataset__x`), and `year_ago` where periods are days, are columns of the data.";

const DIFFERENCES: &str = "- It computes in binary floating point, rounds each result to 15 significant digits and lets `=`, `<=` and `>=` forgive a difference
  of 5e-15 of the larger side. Where the digits of both sides are known, the rules round the difference to them, so verdicts are
  equal also exactly at the tolerance; where they are not (a quotient, a root), figures so close to the tolerance may be
  judged otherwise.
- Figures of more than 15 significant digits lose the rest.
- `check_hierarchy` knows no tolerance: its `bool_var` is without, and `VERDICT` beside it applies the edit's tolerance to its
  imbalance. A record whose own figure is missing counts as zero in its `*_zero` modes; `VERDICT` is then null, as in Granary.
- A rule says true outside of its scope; Granary says nothing there.
- Granary's figures beyond 128 bits are missing; vtlengine goes on in floating point.
";
