//! From the words of a file to the codes of the catalogue: units, datasets, indicators, by code or by name.
//!
//! Names are compared without case, white space and the difference between full and half width. A heading may carry its unit
//! of measure in brackets, `地区生产总值（亿元）`; it must then be the catalogue's. What is not found is answered with the
//! nearest names, never with a guess.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use granary_core::{
    catalogue::{Catalogue, Dataset, Indicator, Measure, Unit},
    code::{DatasetCode, IndicatorCode, UnitCode},
    decimal::Decimal,
    text::{Bilingual, edit_distance},
};

use super::{
    cell::narrow,
    fault::{clip, say},
};

/// The catalogue's names, made ready for look-ups, and the one unit whose figures may be in a file.
pub struct Names<'a> {
    catalogue: &'a Catalogue,
    own: &'a UnitCode,
    mapping: Option<PathBuf>,
    evidence: Option<PathBuf>,
    indicators: BTreeMap<String, Vec<IndicatorCode>>,
    datasets: BTreeMap<String, Vec<DatasetCode>>,
}

/// A heading or cell that names nothing, with what was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// What is wrong.
    pub problem: Bilingual,
    /// What to write.
    pub remedy: Bilingual,
}

impl<'a> Names<'a> {
    /// Indexes the catalogue for the unit `own`.
    #[must_use]
    pub fn new(catalogue: &'a Catalogue, own: &'a UnitCode) -> Self {
        let mut indicators: BTreeMap<String, Vec<IndicatorCode>> = BTreeMap::new();
        for indicator in catalogue.indicators() {
            for key in keys(indicator.code().as_str(), indicator.name()) {
                indicators
                    .entry(key)
                    .or_default()
                    .push(indicator.code().clone());
            }
        }
        let mut datasets: BTreeMap<String, Vec<DatasetCode>> = BTreeMap::new();
        for dataset in catalogue.datasets() {
            for key in keys(dataset.code().as_str(), dataset.name()) {
                datasets
                    .entry(key)
                    .or_default()
                    .push(dataset.code().clone());
            }
        }
        Self {
            catalogue,
            own,
            mapping: None,
            evidence: None,
            indicators,
            datasets,
        }
    }

    /// The same, with the unit's own words for things in workbooks: a file, which need not be there.
    #[must_use]
    pub fn with_mapping(mut self, path: PathBuf) -> Self {
        self.mapping = Some(path);
        self
    }

    /// The same, with the folder in which files of evidence are looked for, wherever the report lies.
    #[must_use]
    pub fn with_evidence(mut self, folder: PathBuf) -> Self {
        self.evidence = Some(folder);
        self
    }

    /// The folder of evidence, if one is known.
    #[must_use]
    pub fn evidence(&self) -> Option<&Path> {
        self.evidence.as_deref()
    }

    /// Where the mapping file is, if one may be.
    #[must_use]
    pub fn mapping(&self) -> Option<&Path> {
        self.mapping.as_deref()
    }

    /// The catalogue behind the names.
    #[must_use]
    pub const fn catalogue(&self) -> &'a Catalogue {
        self.catalogue
    }

    /// The unit whose figures this agent sends.
    #[must_use]
    pub const fn own(&self) -> &'a UnitCode {
        self.own
    }

    /// Whether `text` names the agent's own unit, by code or by name.
    ///
    /// # Errors
    /// [`Unknown`]: it names another unit or none.
    pub fn unit(&self, text: &str) -> Result<(), Unknown> {
        let key = folded(text);
        let means = |unit: &Unit| keys(unit.code().as_str(), unit.name()).contains(&key);
        let own = self.catalogue.unit(self.own);
        if folded(self.own.as_str()) == key || own.is_some_and(means) {
            return Ok(());
        }
        let (found, own_code) = (clip(text), self.own);
        let own_zh = own.map_or(String::new(), |u| format!("（{}）", u.name().zh));
        let own_en = own.map_or(String::new(), |u| format!(" ({})", u.name().en));
        let problem = match self.catalogue.units().iter().find(|unit| means(unit)) {
            Some(other) => {
                let (code, zh, en) = (other.code(), &other.name().zh, &other.name().en);
                say!(
                    "“{found}”是另一个填报单位 {code}（{zh}）",
                    "\"{found}\" is another unit, {code} ({en})"
                )
            }
            None => say!(
                "名录中没有填报单位“{found}”",
                "the catalogue has no unit \"{found}\""
            ),
        };
        let remedy = say!(
            "本机只报送 {own_code}{own_zh}；改正单位代码，或删去其他单位的行",
            "this agent reports for {own_code}{own_en} alone: correct the unit code, or remove the rows of other units"
        );
        Err(Unknown { problem, remedy })
    }

    /// The dataset that `text` names.
    ///
    /// # Errors
    /// [`Unknown`] with the nearest names.
    pub fn dataset(&self, text: &str) -> Result<&'a Dataset, Unknown> {
        let codes = self
            .datasets
            .get(&folded(text))
            .map_or(&[][..], Vec::as_slice);
        if let [code] = codes
            && let Some(dataset) = self.catalogue.dataset(code)
        {
            return Ok(dataset);
        }
        let known = self.datasets.keys().map(String::as_str);
        let codes = codes.iter().map(ToString::to_string).collect();
        Err(unknown(("报表", "dataset"), text, codes, known))
    }

    /// The indicator that `text` names; names are looked for in `dataset` first, where it is known.
    ///
    /// # Errors
    /// [`Unknown`] with the nearest names, or with the codes among which a name does not decide.
    pub fn indicator(
        &self,
        text: &str,
        dataset: Option<&Dataset>,
    ) -> Result<&'a Indicator, Unknown> {
        let codes = self
            .indicators
            .get(&folded(text))
            .map_or(&[][..], Vec::as_slice);
        let mut held = codes
            .iter()
            .filter(|code| dataset.is_some_and(|d| d.holds(code)));
        let chosen = match (held.next(), held.next(), codes) {
            (Some(code), None, _) | (None, None, [code]) => Some(code),
            (Some(_) | None, Some(_), _) | (None, None, _) => None,
        };
        if let Some(indicator) = chosen.and_then(|code| self.catalogue.indicator(code)) {
            return Ok(indicator);
        }
        let codes = codes.iter().map(ToString::to_string).collect();
        let words = ("指标", "indicator");
        let Some(dataset) = dataset else {
            return Err(unknown(
                words,
                text,
                codes,
                self.indicators.keys().map(String::as_str),
            ));
        };
        let held = self
            .indicators
            .iter()
            .filter(|(_, codes)| codes.iter().any(|code| dataset.holds(code)));
        Err(unknown(
            words,
            text,
            codes,
            held.map(|(key, _)| key.as_str()),
        ))
    }

    /// Whether `text`, with or without a unit of measure in brackets, names an indicator, or several.
    #[must_use]
    pub(super) fn is_indicator(&self, text: &str) -> bool {
        self.indicators.contains_key(&folded(text))
            || self
                .indicators
                .contains_key(&folded(&split_measure(text).0))
    }

    /// The name of an indicator that is nearest to `text`.
    #[must_use]
    pub(super) fn near_indicator(&self, text: &str) -> Option<String> {
        let (plain, _) = split_measure(text);
        let near = nearest(&plain, self.indicators.keys().map(String::as_str));
        near.first().map(|name| (*name).to_owned())
    }

    /// The one dataset that a title speaks of: the title is its code or name, or has its name in it.
    #[must_use]
    pub(super) fn dataset_in(&self, title: &str) -> Option<&'a Dataset> {
        if let Ok(dataset) = self.dataset(title) {
            return Some(dataset);
        }
        let title = folded(title);
        let is_in = |d: &&Dataset| {
            let names = [&d.name().zh, &d.name().en];
            names
                .iter()
                .any(|n| n.chars().count() > 2 && title.contains(&folded(n)))
        };
        let mut found = self.catalogue.datasets().iter().filter(is_in);
        match (found.next(), found.next()) {
            (Some(dataset), None) => Some(dataset),
            (Some(_) | None, _) => None,
        }
    }

    /// The units of measure that `text` names, by code or by name.
    pub(super) fn measures(&self, text: &str) -> impl Iterator<Item = &'a Measure> {
        let key = folded(text);
        let named = move |m: &&Measure| keys(m.code().as_str(), m.name()).contains(&key);
        self.catalogue.measures().iter().filter(named)
    }

    /// Whether an indicator is measured in per cent.
    #[must_use]
    pub(super) fn is_percent(&self, indicator: &Indicator) -> bool {
        let code = indicator.unit_of_measure();
        let by_name = |measure: &Measure| {
            let zh = narrow(&measure.name().zh);
            zh.contains('%') || zh.contains("百分")
        };
        folded(code.as_str()).contains("percent")
            || self.catalogue.measure(code).is_some_and(by_name)
    }

    /// How values that are measured in `text`, a unit of measure by code or by name, become values of `indicator`: as they are
    /// (`None`), or by an exact factor of the catalogue.
    ///
    /// # Errors
    /// [`Unknown`] names the right unit of measure, where there is no way from the one that is given.
    pub fn measure(
        &self,
        indicator: &Indicator,
        text: &str,
    ) -> Result<Option<Conversion<'a>>, Unknown> {
        let code = indicator.unit_of_measure();
        let Some(right) = self.catalogue.measure(code) else {
            return Ok(None);
        };
        let mut given = self.measures(text);
        if folded(code.as_str()) == folded(text) || given.any(|measure| measure == right) {
            return Ok(None);
        }
        if let Some(conversion) = self
            .measures(text)
            .find_map(|m| Conversion::between(m, right))
        {
            return Ok(Some(conversion));
        }
        let measure = Some(right);
        let found = clip(text);
        let (zh, en) = measure.map_or((code.to_string(), code.to_string()), |m| {
            (m.name().zh.clone(), m.name().en.clone())
        });
        let (name_zh, name_en) = (&indicator.name().zh, &indicator.name().en);
        Err(Unknown {
            problem: say!(
                "计量单位写的是“{found}”，“{name_zh}”按“{zh}”报送",
                "the unit of measure is given as \"{found}\"; {name_en} is reported in {en}"
            ),
            remedy: say!(
                "把数值换算成“{zh}”，并改正计量单位",
                "convert the values to {en} and correct the unit of measure"
            ),
        })
    }
}

/// An exact way from one unit of measure to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion<'a> {
    /// In what the values are given.
    pub from: &'a Measure,
    /// In what they are reported.
    pub to: &'a Measure,
    /// One of `from` is this many of their common base.
    multiply: Decimal,
    /// One of `to` is this many of it.
    divide: Decimal,
}

impl<'a> Conversion<'a> {
    /// The way, if both are multiples of one base and counted by the same.
    fn between(from: &'a Measure, to: &'a Measure) -> Option<Self> {
        let base = |measure: &'a Measure| match measure.base() {
            Some((base, factor)) => (base, *factor),
            None => (measure.code(), Decimal::ONE),
        };
        let ((from_base, multiply), (to_base, divide)) = (base(from), base(to));
        let same = from_base == to_base && from.per() == to.per();
        (same && !from.is_pure() && !to.is_pure()).then_some(Self {
            from,
            to,
            multiply,
            divide,
        })
    }

    /// The converted value, exactly; `None` where it has no end in decimals or too many digits.
    #[must_use]
    pub fn convert(&self, value: Decimal) -> Option<Decimal> {
        let product = value.checked_mul(self.multiply)?;
        let divisor = self.divide.normalised();
        // value / (m / 10^s) is value * 10^s / m; digits are added until the division by m comes out even.
        let shift = Decimal::new(10_i128.checked_pow(divisor.scale().into())?, 0)?;
        let product = product.checked_mul(shift)?;
        (product.scale()..=Decimal::SCALE_MAX).find_map(|scale| {
            let mantissa = product.rescaled(scale)?.mantissa();
            (mantissa % divisor.mantissa() == 0)
                .then(|| Decimal::new(mantissa / divisor.mantissa(), scale))?
        })
    }
}

/// A heading without its unit of measure in brackets at the end, and that unit.
#[must_use]
pub(super) fn split_measure(heading: &str) -> (String, Option<String>) {
    let text = narrow(heading);
    let text = text.trim();
    if let Some(open) = text.rfind('(')
        && let Some(inner) = text.get(open + 1..).and_then(|t| t.strip_suffix(')'))
        && open > 0
    {
        return (
            text.get(..open).unwrap_or(text).trim().to_owned(),
            Some(inner.trim().to_owned()),
        );
    }
    (text.to_owned(), None)
}

/// How two names are compared: half width, lower case, no white space.
#[must_use]
pub(super) fn folded(text: &str) -> String {
    narrow(text)
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Those of `known` that are nearest to `text` by edit distance (within a third of its length), at most three.
#[must_use]
pub fn nearest<'k>(text: &str, known: impl Iterator<Item = &'k str>) -> Vec<&'k str> {
    let word = folded(text);
    let length = word.chars().take(64).count();
    let limit = (length / 3).max(1);
    let near = known.filter(|other| other.chars().count().abs_diff(length) <= limit);
    let near = near.map(|other| (edit_distance(&word, other), other));
    let mut near: Vec<(usize, &str)> = near.collect();
    near.retain(|(distance, other)| *distance <= limit && *distance < other.chars().count());
    near.sort_unstable();
    near.dedup();
    let best = near.first().map_or(0, |(distance, _)| *distance);
    near.into_iter()
        .filter(|(distance, _)| *distance == best)
        .take(3)
        .map(|(_, other)| other)
        .collect()
}

/// "did you mean", or where to look.
pub(crate) fn hint(near: &[&str], what: (&str, &str)) -> Bilingual {
    let (zh, en) = what;
    if near.is_empty() {
        return say!("核对{zh}的代码或名称", "check the code or name of the {en}");
    }
    let (list_zh, list_en) = (near.join("、"), near.join(", "));
    say!("是否应为：{list_zh}", "did you mean: {list_en}")
}

fn keys(code: &str, name: &Bilingual) -> Vec<String> {
    let mut keys = vec![folded(code), folded(&name.zh), folded(&name.en)];
    keys.sort();
    keys.dedup();
    keys
}

fn unknown<'k>(
    what: (&str, &str),
    text: &str,
    codes: Vec<String>,
    known: impl Iterator<Item = &'k str>,
) -> Unknown {
    let (zh, en) = what;
    let found = clip(text);
    if codes.is_empty() {
        let problem = say!("没有{zh}“{found}”", "there is no {en} \"{found}\"");
        return Unknown {
            problem,
            remedy: hint(&nearest(text, known), what),
        };
    }
    let list = codes.join("、");
    let list_en = codes.join(", ");
    Unknown {
        problem: say!(
            "有几个{zh}都叫“{found}”",
            "several of kind {en} are called \"{found}\""
        ),
        remedy: say!(
            "改写代码，其中之一：{list}",
            "write the code instead, one of: {list_en}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_of_measure_is_split_off() {
        assert_eq!(
            split_measure("地区生产总值（亿元）"),
            ("地区生产总值".into(), Some("亿元".into()))
        );
        assert_eq!(
            split_measure("GDP (CNY 100m)"),
            ("GDP".into(), Some("CNY 100m".into()))
        );
        assert_eq!(split_measure("gdp"), ("gdp".into(), None));
        assert_eq!(split_measure("(x)"), ("(x)".into(), None));
    }

    #[test]
    fn conversion_is_exact_or_none() {
        let way = |multiply, divide| {
            let catalogue = Box::leak(Box::new(crate::intake::tests::catalogue()));
            let measure = &catalogue.measures()[0];
            Conversion {
                from: measure,
                to: measure,
                multiply: Decimal::parse(multiply).unwrap(),
                divide: Decimal::parse(divide).unwrap(),
            }
        };
        let converted = |value, way: &Conversion<'_>| {
            let value = way.convert(Decimal::parse(value).unwrap());
            value.map(|v| v.to_string())
        };
        let to_100m = way("1", "10000");
        assert_eq!(converted("31024400", &to_100m).as_deref(), Some("3102.44"));
        assert_eq!(converted("-1.5", &to_100m).as_deref(), Some("-0.00015"));
        let from_100m = way("10000", "1");
        assert_eq!(
            converted("0.1234", &from_100m).as_deref(),
            Some("1234.0000")
        );
        let by_0_5 = way("1", "0.5");
        assert_eq!(converted("3", &by_0_5).as_deref(), Some("6"));
        // A third has no end.
        let by_3 = way("1", "3");
        assert_eq!(converted("1", &by_3), None);
        assert_eq!(converted("1.5", &by_3).as_deref(), Some("0.5"));
        assert_eq!(
            converted("123456789012345678901234567890", &from_100m).as_deref(),
            Some("1234567890123456789012345678900000")
        );
    }

    #[test]
    fn near_names_are_few_and_near() {
        let known = ["gdp", "gdp_primary", "gdp_secondary", "地区生产总值"];
        let near = |text| nearest(text, known.into_iter());
        assert_eq!(near("gdp_primry"), ["gdp_primary"]);
        assert_eq!(near("地区生产总額"), ["地区生产总值"]);
        assert_eq!(near("population"), [""; 0]);
    }
}
