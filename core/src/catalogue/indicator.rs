//! Indicators (指标), the units in which they are measured and the departments that answer for them.
//!
//! ```toml
//! [[department]]
//! code = "statistics"
//! name = { zh = "统计局", en = "Statistics bureau" }
//!
//! [[unit_of_measure]]
//! code = "CNY_100M"
//! name = { zh = "亿元", en = "CNY 100 million" }
//! base = "CNY_10K"              # optional, together with the factor: 1 CNY_100M is 10000 CNY_10K
//! factor = "10000"              # exact; a whole number may stand without quotes
//! per = "PERSON"                # optional: what it is counted by, in yuan per person
//! pure = true                   # optional: a share or an index, without dimension; then neither base nor per
//!
//! [[indicator]]
//! code = "gdp"
//! name = { zh = "地区生产总值", en = "Gross regional product" }
//! unit_of_measure = "CNY_100M"
//! decimals = 2                  # the most digits after the point, 0 to 18
//! kind = "ytd"                  # flow, ytd, stock, rate or index
//! owner = "statistics"          # a department
//! weight = 1                    # optional, 1 to 100: how far one trusts it; the higher, the less likely it is blamed
//! ```

use crate::{code::IndicatorCode, decimal::Decimal, edits::Quantity, text::Bilingual};

use super::{
    entry::Entry,
    fault::{Faults, say},
    names::Names,
    source::At,
    words::{DepartmentCode, MeasureCode},
};

/// How a quantity behaves over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndicatorKind {
    /// What happened in the period; periods add up to the year.
    Flow,
    /// What happened from the start of the year to the end of the period.
    YearToDate,
    /// What there is at the end of the period.
    Stock,
    /// A share or a growth rate.
    Rate,
    /// A ratio to a base, which is 100.
    Index,
}

impl IndicatorKind {
    /// The words of the catalogue.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("flow", Self::Flow),
        ("ytd", Self::YearToDate),
        ("stock", Self::Stock),
        ("rate", Self::Rate),
        ("index", Self::Index),
    ];
}

/// A department (部门) that answers for indicators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Department {
    code: DepartmentCode,
    name: Bilingual,
}

impl Department {
    /// The code.
    #[must_use]
    pub const fn code(&self) -> &DepartmentCode {
        &self.code
    }

    /// The name on screens.
    #[must_use]
    pub const fn name(&self) -> &Bilingual {
        &self.name
    }
}

/// A unit of measure (计量单位).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    code: MeasureCode,
    name: Bilingual,
    base: Option<(MeasureCode, Decimal)>,
    per: Option<MeasureCode>,
    pure: bool,
}

impl Measure {
    /// The code.
    #[must_use]
    pub const fn code(&self) -> &MeasureCode {
        &self.code
    }

    /// The name on screens.
    #[must_use]
    pub const fn name(&self) -> &Bilingual {
        &self.name
    }

    /// The unit that this one is a multiple of, and the exact factor: one of this is `factor` of the base. A base has none.
    #[must_use]
    pub const fn base(&self) -> Option<&(MeasureCode, Decimal)> {
        self.base.as_ref()
    }

    /// What it is counted by: persons, in yuan per person.
    #[must_use]
    pub const fn per(&self) -> Option<&MeasureCode> {
        self.per.as_ref()
    }

    /// Whether it is a share or an index, without dimension.
    #[must_use]
    pub const fn is_pure(&self) -> bool {
        self.pure
    }
}

/// One measured quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    code: IndicatorCode,
    name: Bilingual,
    unit_of_measure: MeasureCode,
    decimals: u8,
    kind: IndicatorKind,
    owner: DepartmentCode,
    weight: u8,
}

impl Indicator {
    /// The code.
    #[must_use]
    pub const fn code(&self) -> &IndicatorCode {
        &self.code
    }

    /// The name on screens.
    #[must_use]
    pub const fn name(&self) -> &Bilingual {
        &self.name
    }

    /// In what it is measured.
    #[must_use]
    pub const fn unit_of_measure(&self) -> &MeasureCode {
        &self.unit_of_measure
    }

    /// The most digits after the decimal point that a value may have.
    #[must_use]
    pub const fn decimals(&self) -> u8 {
        self.decimals
    }

    /// How it behaves over time.
    #[must_use]
    pub const fn kind(&self) -> IndicatorKind {
        self.kind
    }

    /// The department that answers for it.
    #[must_use]
    pub const fn owner(&self) -> &DepartmentCode {
        &self.owner
    }

    /// How far one trusts its figures, 1 to 100: where edits fail, the higher weight is less likely to be blamed.
    #[must_use]
    pub const fn weight(&self) -> u8 {
        self.weight
    }
}

/// Reads the departments, sorted by code.
pub(super) fn read_departments<'a>(
    entries: &[Entry<'a>],
    names: &mut Names<'a, DepartmentCode>,
    faults: &Faults,
) -> Vec<Department> {
    let mut departments = Vec::new();
    for entry in entries {
        entry.allow(&["code", "name"]);
        let (code, name) = (entry.code("code"), entry.bilingual("name"));
        let Some(code) = code else { continue };
        if names.declare(&code, faults) {
            let code = code.value;
            departments.push(Department { code, name });
        }
    }
    departments.sort_by(|a, b| a.code.cmp(&b.code));
    departments
}

/// Reads the units of measure, sorted by code.
pub(super) fn read_measures<'a>(
    entries: &[Entry<'a>],
    names: &mut Names<'a, MeasureCode>,
    faults: &Faults,
) -> Vec<Measure> {
    let mut measures = Vec::new();
    let mut bases: Vec<At<'a, MeasureCode>> = Vec::new();
    for entry in entries {
        entry.allow(&["code", "name", "base", "factor", "per", "pure"]);
        let (code, name) = (entry.code("code"), entry.bilingual("name"));
        let base = read_base(entry);
        let per = entry.field("per").and_then(|f| f.lexical());
        let pure = entry.field("pure").and_then(|f| f.boolean());
        let pure = pure.unwrap_or_default() && !is_impure(entry, faults);
        let Some(code) = code else { continue };
        if names.declare(&code, faults) {
            let code = code.value;
            bases.extend(base.as_ref().map(|(base, _)| base.clone()));
            bases.extend(per.clone());
            let base = base.map(|(base, factor)| (base.value, factor));
            let per = per.map(|per: At<'a, MeasureCode>| per.value);
            measures.push(Measure {
                code,
                name,
                base,
                per,
                pure,
            });
        }
    }
    measures.sort_by(|a, b| a.code.cmp(&b.code));
    for base in &bases {
        if names.resolve(base, faults) {
            check_base(base, &measures, faults);
        }
    }
    measures
}

/// Whether a measure that says that it is pure also says what it measures.
fn is_impure(entry: &Entry<'_>, faults: &Faults) -> bool {
    let dimension = entry.field("base").or_else(|| entry.field("per"));
    if dimension.is_some() {
        faults.report(
            entry.place(),
            say!(
                "pure 不能与 base、per 并用",
                "pure cannot stand beside base or per"
            ),
            say!("删去其一", "remove one of them"),
        );
    }
    dimension.is_some()
}

/// The base and the factor, which are written together.
fn read_base<'a>(entry: &Entry<'a>) -> Option<(At<'a, MeasureCode>, Decimal)> {
    if entry.field("base").is_none() && entry.field("factor").is_none() {
        return None;
    }
    let base = entry.need("base").and_then(|f| f.lexical());
    let factor = entry.need("factor").and_then(|f| f.positive_decimal());
    Some((base?, factor?))
}

/// A base must stand by itself, so that converting is one exact multiplication.
fn check_base(base: &At<'_, MeasureCode>, measures: &[Measure], faults: &Faults) {
    let declared = measures.binary_search_by(|m| m.code.cmp(&base.value));
    let Ok(Some((further, _))) = declared.map(|at| &measures[at].base) else {
        return;
    };
    let code = &base.value;
    faults.report(
        base.place,
        say!(
            "{code} 自己又以 {further} 为基准",
            "{code} has a base itself: {further}"
        ),
        say!("以最基本的单位为基准", "name a unit that has no base"),
    );
}

impl Measure {
    /// What it measures, for the dimensions of edits.
    fn quantity(&self) -> Quantity {
        let (base, factor) = match &self.base {
            Some((base, factor)) => (base, *factor),
            None => (&self.code, Decimal::ONE),
        };
        Quantity {
            base: (!self.pure).then(|| base.to_string()),
            per: self.per.as_ref().map(ToString::to_string),
            factor,
        }
    }
}

/// What an indicator measures; `None` where one of its parts is faulty.
pub(super) fn quantity(
    code: &IndicatorCode,
    indicators: &[Indicator],
    measures: &[Measure],
) -> Option<Quantity> {
    let at = indicators.binary_search_by(|i| i.code.cmp(code)).ok()?;
    let measure = &indicators[at].unit_of_measure;
    let at = measures.binary_search_by(|m| m.code.cmp(measure)).ok()?;
    Some(measures[at].quantity())
}

/// Reads the indicators, sorted by code.
pub(super) fn read<'a>(
    entries: &[Entry<'a>],
    measures: &Names<'a, MeasureCode>,
    departments: &Names<'a, DepartmentCode>,
    names: &mut Names<'a, IndicatorCode>,
    faults: &Faults,
) -> Vec<Indicator> {
    let mut indicators = Vec::new();
    for entry in entries {
        entry.allow(&[
            "code",
            "name",
            "unit_of_measure",
            "decimals",
            "kind",
            "owner",
            "weight",
        ]);
        let code = entry.code("code");
        let name = entry.bilingual("name");
        let measure = entry.code("unit_of_measure");
        let measure = measure.filter(|m| measures.resolve(m, faults));
        let scale_max = i64::from(Decimal::SCALE_MAX);
        let decimals = entry
            .need("decimals")
            .and_then(|f| f.integer(0..=scale_max));
        let kind = entry
            .need("kind")
            .and_then(|f| f.choice(&IndicatorKind::WORDS));
        let owner = entry.code("owner");
        let owner = owner.filter(|o| departments.resolve(o, faults));
        let weight = entry.field("weight").and_then(|f| f.integer(1..=100));
        let Some(code) = code else { continue };
        // A code is declared even where the rest is faulty, so that references to it are not faults too.
        if !names.declare(&code, faults) {
            continue;
        }
        if let (Some(measure), Some(decimals), Some(kind), Some(owner)) =
            (measure, decimals, kind, owner)
        {
            indicators.push(Indicator {
                code: code.value,
                name,
                unit_of_measure: measure.value,
                decimals: u8::try_from(decimals).unwrap_or(Decimal::SCALE_MAX),
                kind,
                owner: owner.value,
                weight: weight.and_then(|w| u8::try_from(w).ok()).unwrap_or(1),
            });
        }
    }
    indicators.sort_by(|a, b| a.code.cmp(&b.code));
    indicators
}
