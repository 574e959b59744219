//! The VTL text: rulesets, and the transformations that prepare their measures and apply them.
//!
//! One statement does one thing, because an engine's error then names the place, and because an engine may stumble over two
//! `if` in one expression. The names of what is in between end in `__` and a capital.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use granary_core::{
    catalogue::{Catalogue, Unit},
    code::{IndicatorCode, UnitCode},
    edits::{
        Operand, RollupMode, Source,
        vtl::{self, ITEM, PERIOD, SUBPERIOD, UNIT, YEAR, counts_as_zero, half_name, quoted},
    },
    period::Period,
};

use super::{
    figures::Figures,
    plan::{Plan, Ruled},
};

/// The two texts of a dataset.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) rulesets: String,
    pub(super) transformations: String,
    /// The results of `check_hierarchy` for each edit that has some, by its place in the plan.
    pub(super) hierarchies: BTreeMap<usize, Vec<String>>,
}

/// The name of the verdicts of the datapoint ruleset.
pub(super) fn verdicts(plan: &Plan<'_>) -> String {
    format!("{}__VERDICTS", plan.name)
}

/// The name of the imbalances.
pub(super) fn imbalances(plan: &Plan<'_>) -> String {
    format!("{}__IMBALANCES", plan.name)
}

/// The measure with the imbalance of a rule.
pub(super) fn imbalance(ruled: &Ruled<'_>) -> String {
    format!("{}_IMBALANCE", ruled.prefix)
}

/// The name of the dataset with the children of each unit.
pub(super) fn tree(plan: &Plan<'_>) -> String {
    format!("{}__TREE", plan.name)
}

/// Writes both texts.
pub(super) fn write(plan: &Plan<'_>, catalogue: &Catalogue, figures: &Figures) -> Script {
    let mut script = Script {
        rulesets: datapoint_ruleset(plan),
        ..Script::default()
    };
    let mut stages = Stages::new(plan);
    stages.shift();
    stages.sum_up();
    stages.roll_up();
    stages.steps();
    let prepared = stages.current.clone();
    script.transformations = stages.text;
    let (name, results) = (&plan.name, verdicts(plan));
    let _ = writeln!(
        script.transformations,
        "{results} <- check_datapoint({prepared}, {name}__RULES all);"
    );
    script.transformations += &imbalance_statement(plan, &prepared);
    for (place, ruled) in plan.rules.iter().enumerate() {
        hierarchy(
            plan,
            (place, ruled),
            &prepared,
            (catalogue, figures),
            &mut script,
        );
    }
    script
}

fn datapoint_ruleset(plan: &Plan<'_>) -> String {
    let measures = plan.read_measures();
    let measures: Vec<String> = measures.iter().map(|name| quoted(name)).collect();
    let rules: Vec<String> = plan.rules.iter().map(rule).collect();
    format!(
        "define datapoint ruleset {}__RULES (variable {UNIT}, {}) is\n{}\nend datapoint ruleset;\n\n",
        plan.name,
        measures.join(", "),
        rules.join(";\n")
    )
}

fn rule(ruled: &Ruled<'_>) -> String {
    let when = ruled.rule.when.as_ref();
    let when = when.map_or_else(String::new, |when| format!("when {when}\n    then "));
    format!(
        "  {}\n  {}: {when}{}\n    errorcode \"{}\" errorlevel \"{}\"",
        comment(ruled),
        ruled.rule.name,
        ruled.rule.then,
        ruled.edit.id(),
        ruled.edit.kind()
    )
}

/// What the catalogue says, for those who compare.
fn comment(ruled: &Ruled<'_>) -> String {
    let edit = ruled.edit;
    let message = edit.message();
    let text = format!(
        "{} {} | {} | tolerance {}, missing {}, rollup {}",
        message.zh,
        message.en,
        edit.expression(),
        edit.tolerance(),
        edit.missing_strategy().name(),
        edit.rollup_mode().name()
    );
    let words: Vec<&str> = text.split_whitespace().collect();
    format!(
        "/* {} */",
        words.join(" ").replace("/*", "( ").replace("*/", " )")
    )
}

fn imbalance_statement(plan: &Plan<'_>, prepared: &str) -> String {
    let with = |ruled: &Ruled<'_>| Some((imbalance(ruled), ruled.rule.imbalance.clone()?));
    let all: Vec<(String, String)> = plan.rules.iter().filter_map(with).collect();
    if all.is_empty() {
        return String::new();
    }
    let calc: Vec<String> = all
        .iter()
        .map(|(name, text)| format!("{name} := {text}"))
        .collect();
    let keep: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    format!(
        "{} <- {prepared}[calc {}][keep {}];\n",
        imbalances(plan),
        calc.join(",\n    "),
        keep.join(", ")
    )
}

/// The statements that prepare the measures, one after the other.
struct Stages<'p, 'a> {
    plan: &'p Plan<'a>,
    text: String,
    current: String,
    count: usize,
}

impl<'p, 'a> Stages<'p, 'a> {
    fn new(plan: &'p Plan<'a>) -> Self {
        Self {
            plan,
            text: String::new(),
            current: plan.name.clone(),
            count: 0,
        }
    }

    /// Writes `name := expression` under a new name and gives the name.
    fn put(&mut self, expression: &str) -> String {
        self.count += 1;
        let name = format!("{}__T{}", self.plan.name, self.count);
        let _ = writeln!(self.text, "{name} := {expression};");
        name
    }

    fn join(&mut self, other: &str) {
        self.current = self.put(&format!("left_join({} as L, {other} as R)", self.current));
    }

    fn calc(&mut self, on: &str, measure: &str, expression: &str) -> String {
        self.put(&format!("{on}[calc {measure} := {expression}]"))
    }

    fn identifiers(&self, unit: &str) -> String {
        if self.plan.dataset.itemised() {
            format!("{unit}, {PERIOD}, {ITEM}")
        } else {
            format!("{unit}, {PERIOD}")
        }
    }

    /// Earlier periods: the same data under later periods.
    fn shift(&mut self) {
        for ((count, source), indicators) in self.plan.shifted() {
            let mut renamed = Vec::new();
            for (indicator, half) in indicators {
                let (from, to) = (indicator.as_str(), shifted_name(indicator, source));
                renamed.push((from.to_owned(), to.clone()));
                if half {
                    renamed.push((half_name(from), half_name(&to)));
                }
            }
            let keep = list(renamed.iter().map(|(from, _)| quoted(from)));
            let rename = list(
                renamed
                    .iter()
                    .map(|(from, to)| format!("{} to {to}", quoted(from))),
            );
            let name = &self.plan.name;
            let shifted = self.put(&format!(
                "timeshift({name}[keep {keep}][rename {rename}], {count})"
            ));
            self.join(&shifted);
        }
    }

    /// Sums from the first period of the year on, which are there where as many figures are as periods have passed.
    fn sum_up(&mut self) {
        let summed = self.plan.year_to_date();
        let names: Vec<(String, String)> = measures(&summed, "YTD");
        if names.is_empty() {
            return;
        }
        let keep = list(names.iter().map(|(from, _)| quoted(from)));
        let name = &self.plan.name;
        let mut of_year = self.put(&format!("{name}[keep {YEAR}, {SUBPERIOD}, {keep}]"));
        of_year = self.put(&format!(
            "{of_year}[calc identifier YEAR_OF := {YEAR}, identifier SUBPERIOD_OF := {SUBPERIOD}]"
        ));
        let item = if self.plan.dataset.itemised() {
            ", ITEM"
        } else {
            ""
        };
        let over = format!(
            "over (partition by {UNIT}{item}, YEAR_OF order by SUBPERIOD_OF data points between unbounded preceding and current data point)"
        );
        for (from, to) in &names {
            let from = quoted(from);
            of_year = self.put(&format!(
                "{of_year}[calc {to}__SUM := sum({from} {over}), {to}__COUNT := count({from} {over})]"
            ));
            let complete = format!("if {to}__COUNT = SUBPERIOD_OF then {to}__SUM else null");
            of_year = self.calc(&of_year, to, &complete);
        }
        let kept = list(names.iter().map(|(_, to)| to.clone()));
        let identifiers = self.identifiers(UNIT);
        let sums = self.put(&format!(
            "max({of_year}[keep {kept}] group by {identifiers})"
        ));
        self.join(&sums);
    }

    /// Sums over the children that the roster expects.
    fn roll_up(&mut self) {
        let plan = self.plan;
        if plan.rollups.is_empty() {
            return;
        }
        let indicators: Vec<(&IndicatorCode, bool)> =
            plan.rollups.iter().map(|i| (i, plan.has_half(i))).collect();
        let names = measures(&indicators, "ROLLUP");
        let keep = list(names.iter().map(|(from, _)| quoted(from)));
        let mut children = self.put(&format!(
            "left_join({} as L, {}[keep {keep}] as R)",
            tree(plan),
            plan.name
        ));
        let mut summed = vec!["CHILDREN".to_owned()];
        for (from, to) in &names {
            let (from, zero, known) = (quoted(from), zero_name(to), format!("{to}_KNOWN"));
            children = self.calc(
                &children,
                &known,
                &format!("if isnull({from}) then 0 else 1"),
            );
            children = self.calc(&children, &zero, &format!("nvl({from}, 0)"));
            summed.extend([zero, known]);
        }
        let mut sums = self.put(&format!(
            "sum({children}[keep {}] group by PARENT, {PERIOD})",
            summed.join(", ")
        ));
        sums = self.put(&format!("{sums}[rename PARENT to {UNIT}]"));
        for (_, to) in &names {
            let complete = format!("if {to}_KNOWN = CHILDREN then {} else null", zero_name(to));
            sums = self.calc(&sums, to, &complete);
        }
        self.join(&sums);
    }

    /// What the rules compute beforehand.
    fn steps(&mut self) {
        for ruled in &self.plan.rules {
            for step in &ruled.rule.steps {
                let stage = self.current.clone();
                self.current = self.calc(&stage, &step.measure, &step.expression);
            }
        }
    }
}

fn shifted_name(indicator: &IndicatorCode, source: Source) -> String {
    let operand = Operand {
        source,
        dataset: None,
        indicator: indicator.clone(),
    };
    vtl::measure_name(&operand, RollupMode::NonNull)
}

/// The measures of the data and of what is made of them: `x` and `x__YTD`, `x__HALF` and `x__YTD__HALF`.
fn measures(indicators: &[(&IndicatorCode, bool)], ending: &str) -> Vec<(String, String)> {
    let mut names = Vec::new();
    for (indicator, half) in indicators {
        let (from, to) = (
            indicator.as_str().to_owned(),
            format!("{indicator}__{ending}"),
        );
        if *half {
            names.push((half_name(&from), half_name(&to)));
        }
        names.push((from, to));
    }
    names
}

/// `x__ROLLUP` and `x__ROLLUP__HALF` with a missing child as zero: `x__ROLLUP_ZERO`, `x__ROLLUP_ZERO__HALF`.
fn zero_name(rollup: &str) -> String {
    rollup.replace("__ROLLUP", "__ROLLUP_ZERO")
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// Each parent in the edit's scope and its children.
type Tree = BTreeMap<UnitCode, Vec<UnitCode>>;

/// The hierarchical rulesets of an edit: one for each tree that the periods of the data have had.
fn hierarchy(
    plan: &Plan<'_>,
    (place, ruled): (usize, &Ruled<'_>),
    prepared: &str,
    (catalogue, figures): (&Catalogue, &Figures),
    script: &mut Script,
) {
    let Some(hierarchy) = &ruled.hierarchy else {
        return;
    };
    let mut trees: BTreeMap<Tree, BTreeSet<Period>> = BTreeMap::new();
    for period in figures.periods(plan.dataset.code()) {
        let tree = tree_of(plan, ruled, catalogue, period);
        if !tree.is_empty() {
            trees.entry(tree).or_default().insert(period);
        }
    }
    let one_tree = trees.len() == 1;
    for (number, (tree, periods)) in trees.into_iter().enumerate() {
        let name = format!("{}__{}__TREE{}", plan.name, ruled.prefix, number + 1);
        let mode = hierarchy.mode.name();
        script.rulesets += &hierarchical_ruleset(&name, ruled, hierarchy.comparison, &tree);
        let within = if one_tree {
            String::new()
        } else {
            let numbers = periods
                .iter()
                .map(|p| (i32::from(p.year()) * 1000 + p.number()).to_string());
            format!(
                "[filter {YEAR} * 1000 + {SUBPERIOD} in {{{}}}]",
                list(numbers)
            )
        };
        let (data, own) = (&plan.name, quoted(hierarchy.indicator.as_str()));
        let mut needed = vec![own.clone()];
        if plan.has_half(&hierarchy.indicator) {
            needed.push(half_name(hierarchy.indicator.as_str()));
            let rollup = if counts_as_zero(hierarchy.mode) {
                "ROLLUP_ZERO"
            } else {
                "ROLLUP"
            };
            needed.push(half_name(&format!("{}__{rollup}", hierarchy.indicator)));
        }
        let needed = needed.join(", ");
        let _ = writeln!(
            script.transformations,
            "{name}__RAW <- check_hierarchy({data}{within}[keep {own}][filter not isnull({own})], {name}__RULES rule {UNIT} {mode} all);
{name}__JOINED := inner_join({name}__RAW as L, {prepared}[keep {needed}] as R);
{name}__VERDICTS <- {name}__JOINED[calc VERDICT := {}][keep VERDICT, 'imbalance'];",
            hierarchy.verdict
        );
        let results = script.hierarchies.entry(place).or_default();
        results.push(format!("{name}__VERDICTS"));
    }
}

fn tree_of(plan: &Plan<'_>, ruled: &Ruled<'_>, catalogue: &Catalogue, period: Period) -> Tree {
    let units = catalogue.units().iter().map(Unit::code);
    let in_scope = units.filter(|unit| ruled.edit.scope().holds(unit, period));
    let with_children = in_scope.map(|unit| {
        let children = catalogue.children(unit, plan.dataset.code(), period);
        (unit.clone(), children)
    });
    with_children
        .filter(|(_, children)| !children.is_empty())
        .collect()
}

fn hierarchical_ruleset(name: &str, ruled: &Ruled<'_>, comparison: &str, tree: &Tree) -> String {
    let rules = tree.iter().map(|(parent, children)| {
        let sum: Vec<String> = children
            .iter()
            .map(|child| quoted(child.as_str()))
            .collect();
        let label: String = parent
            .as_str()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        format!(
            "  {}__{label}: {} {comparison} {}\n    errorcode \"{}\" errorlevel \"{}\"",
            ruled.rule.name,
            quoted(parent.as_str()),
            sum.join(" + "),
            ruled.edit.id(),
            ruled.edit.kind()
        )
    });
    format!(
        "define hierarchical ruleset {name}__RULES (variable rule {UNIT}) is\n  {}\n{}\nend hierarchical ruleset;\n\n",
        comment(ruled),
        rules.collect::<Vec<_>>().join(";\n")
    )
}
