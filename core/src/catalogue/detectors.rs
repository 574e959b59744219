//! Detectors as the catalogue writes them: the method by name, the dataset, the indicators, and the method's own parameters.
//!
//! ```toml
//! [[detector]]
//! id = "ELECTRICITY.OUTLIER"                        # unique among detectors and edits
//! method = "modified-z"                             # the name of its file under core/src/detect
//! dataset = "quarterly-accounts"
//! indicators = ["electricity"]                      # optional: all of the dataset's where it is absent
//! threshold = "3.5"                                 # the method's parameters, each with the default that the method's file states
//! message = { zh = "…", en = "…" }                  # optional: what is said before the figures
//! ```
//! `growth-level` needs `indicators` and `growth` (and may have `base`), as many of each; `threshold-hugging` needs `indicators`
//! and one of `target` and `target_indicator`.

use crate::{
    code::{DatasetCode, EditId, IndicatorCode},
    decimal::Decimal,
    detect::{
        Detector, Method, MethodName, all_zero, copied_from_neighbour, copied_last_period,
        empty_but_complete, first_digit, growth_level, hidiroglou_berthelot, likeness, modified_z,
        revision_pattern, seasonal, smoothness, terminal_digit, threshold_hugging,
    },
    text::Bilingual,
};

use super::{
    entry::Entry,
    fault::{Faults, say},
    names::Names,
    rules::Known,
};

/// The keys of every detector.
const COMMON: [&str; 5] = ["id", "method", "dataset", "indicators", "message"];

/// The most periods that a method looks back over.
const PERIODS_MAX: i64 = 1_200;
/// The most values or units that a method may ask for.
const COUNT_MAX: i64 = 1_000_000;

/// Reads the detectors, sorted by id.
pub(super) fn read<'a>(
    entries: &[Entry<'a>],
    known: &Known<'_, 'a>,
    names: &mut Names<'a, EditId>,
    faults: &Faults,
) -> Vec<Detector> {
    let read = |entry| read_one(entry, known, names, faults);
    let mut detectors: Vec<Detector> = entries.iter().filter_map(read).collect();
    detectors.sort_by(|a, b| a.id.cmp(&b.id));
    detectors
}

fn read_one<'a>(
    entry: &Entry<'a>,
    known: &Known<'_, 'a>,
    names: &mut Names<'a, EditId>,
    faults: &Faults,
) -> Option<Detector> {
    let id = entry.code("id");
    let is_new = id.as_ref().is_some_and(|id| names.declare(id, faults));
    let name = entry
        .need("method")
        .and_then(|field| field.choice(&MethodName::WORDS));
    let dataset = entry.code::<DatasetCode>("dataset");
    let dataset = dataset.filter(|code| known.roster.dataset_names.resolve(code, faults));
    let message = entry.field("message").map(|_| entry.bilingual("message"));
    let reader = Reader {
        entry,
        known,
        held: dataset
            .as_ref()
            .and_then(|code| known.indicators_of(&code.value)),
        faults,
    };
    let indicators = reader.indicators("indicators");
    if let Some(name) = name {
        entry.allow(&[&COMMON[..], parameters_of(name)].concat());
    }
    let method = reader.method(name?, indicators.as_deref());
    let (id, dataset) = (id?.value, dataset?.value);
    let all = || reader.held.map(<[IndicatorCode]>::to_vec);
    let indicators = if entry.field("indicators").is_some() {
        indicators
    } else {
        all()
    };
    is_new.then_some(())?;
    Some(Detector {
        id,
        dataset,
        indicators: indicators?,
        method: method?,
        message: message.filter(|text| *text != Bilingual::default()),
    })
}

/// The keys that only this method has.
const fn parameters_of(name: MethodName) -> &'static [&'static str] {
    match name {
        MethodName::ModifiedZ => &["threshold", "factor", "values_min", "zero_spread"],
        MethodName::HidiroglouBerthelot => &["size_exponent", "least_spread", "width", "units_min"],
        MethodName::Seasonal => &["tolerance_percent", "years", "years_min"],
        MethodName::GrowthLevel => &["growth", "base", "gap_points", "price_change_percent"],
        MethodName::CopiedLastPeriod | MethodName::CopiedFromNeighbour => {
            &["match_percent", "values_min", "digits_min"]
        }
        MethodName::AllZero => &["values_min"],
        MethodName::EmptyButComplete => &["telling_percent", "values_min"],
        MethodName::TerminalDigit => &["rate", "values_min", "digits_min", "periods"],
        MethodName::FirstDigit => &["rate", "values_min", "decades_min", "deviation_min"],
        MethodName::ThresholdHugging => &[
            "target",
            "target_indicator",
            "band",
            "across",
            "rate",
            "values_min",
        ],
        MethodName::RevisionPattern => &["rate", "values_min", "periods", "ranked_after_days"],
        MethodName::Smoothness => &["rate", "values_min", "units_min", "periods"],
    }
}

/// Reads one detector's keys.
struct Reader<'r, 's, 'a> {
    entry: &'r Entry<'a>,
    known: &'r Known<'s, 'a>,
    /// The dataset's indicators, where they are known.
    held: Option<&'r [IndicatorCode]>,
    faults: &'r Faults,
}

impl Reader<'_, '_, '_> {
    /// A list of the dataset's indicators; `None` where it is absent or faulty.
    fn indicators(&self, key: &'static str) -> Option<Vec<IndicatorCode>> {
        let written = self.entry.field(key)?.codes::<IndicatorCode>()?;
        let count = written.codes.len();
        let found: Vec<IndicatorCode> = written
            .codes
            .into_iter()
            .filter(|code| self.known.indicator_names.resolve(code, self.faults))
            .filter(|code| {
                self.is_held(&code.value, || {
                    self.faults
                        .report(code.place, self.stranger(&code.value), self.members())
                })
            })
            .map(|code| code.value)
            .collect();
        (written.is_whole && found.len() == count).then_some(found)
    }

    /// Whether the dataset holds an indicator; calls `report` where it is known not to.
    fn is_held(&self, code: &IndicatorCode, report: impl FnOnce()) -> bool {
        let is_held = self.held.is_none_or(|held| held.contains(code));
        if !is_held {
            report();
        }
        is_held
    }

    fn stranger(&self, code: &IndicatorCode) -> Bilingual {
        say!("报表中没有指标 {code}", "the dataset does not hold {code}")
    }

    fn members(&self) -> Bilingual {
        let held: Vec<&str> = self
            .held
            .unwrap_or_default()
            .iter()
            .map(IndicatorCode::as_str)
            .collect();
        let held = held.join(", ");
        say!("可用的指标：{held}", "its indicators are {held}")
    }

    /// A parameter within these bounds, or its default.
    fn decimal(&self, key: &'static str, default: Decimal, low: &str, high: &str) -> Decimal {
        let read = self
            .entry
            .field(key)
            .and_then(|field| field.decimal_within(low, high));
        read.unwrap_or(default)
    }

    /// A rate of false discoveries.
    fn rate(&self, default: Decimal) -> Decimal {
        self.decimal("rate", default, "0.000001", "0.5")
    }

    fn percent(&self, key: &'static str, default: Decimal) -> Decimal {
        self.decimal(key, default, "0.01", "1000")
    }

    fn count(&self, key: &'static str, default: u32, low: i64, high: i64) -> u32 {
        let read = self
            .entry
            .field(key)
            .and_then(|field| field.integer(low..=high));
        read.and_then(|value| u32::try_from(value).ok())
            .unwrap_or(default)
    }

    fn values_min(&self, default: u32) -> u32 {
        self.count("values_min", default, 1, COUNT_MAX)
    }

    fn periods(&self, default: u32) -> u32 {
        self.count("periods", default, 1, PERIODS_MAX)
    }

    fn digits_min(&self, default: u8) -> u8 {
        u8::try_from(self.count("digits_min", u32::from(default), 1, 12)).unwrap_or(default)
    }

    /// The method with its parameters; a faulty parameter is reported and stands at its default.
    fn method(&self, name: MethodName, indicators: Option<&[IndicatorCode]>) -> Option<Method> {
        Some(match name {
            MethodName::ModifiedZ => Method::ModifiedZ(self.modified_z()),
            MethodName::HidiroglouBerthelot => {
                Method::HidiroglouBerthelot(self.hidiroglou_berthelot())
            }
            MethodName::Seasonal => Method::Seasonal(self.seasonal()),
            MethodName::GrowthLevel => Method::GrowthLevel(self.growth_level(indicators)?),
            MethodName::CopiedLastPeriod => {
                Method::CopiedLastPeriod(self.likeness(copied_last_period::Parameters::default()))
            }
            MethodName::CopiedFromNeighbour => Method::CopiedFromNeighbour(
                self.likeness(copied_from_neighbour::Parameters::default()),
            ),
            MethodName::AllZero => Method::AllZero(all_zero::Parameters {
                values_min: self.values_min(all_zero::Parameters::default().values_min),
            }),
            MethodName::EmptyButComplete => Method::EmptyButComplete(self.empty_but_complete()),
            MethodName::TerminalDigit => Method::TerminalDigit(self.terminal_digit()),
            MethodName::FirstDigit => Method::FirstDigit(self.first_digit()),
            MethodName::ThresholdHugging => Method::ThresholdHugging(self.threshold_hugging()?),
            MethodName::RevisionPattern => Method::RevisionPattern(self.revision_pattern()),
            MethodName::Smoothness => Method::Smoothness(self.smoothness()),
        })
    }

    fn modified_z(&self) -> modified_z::Parameters {
        let default = modified_z::Parameters::default();
        let words = [
            ("undecided", modified_z::ZeroSpread::Undecided),
            ("mean-deviation", modified_z::ZeroSpread::MeanDeviation),
        ];
        modified_z::Parameters {
            threshold: self.decimal("threshold", default.threshold, "0.1", "1000"),
            factor: self.decimal("factor", default.factor, "0.01", "100"),
            values_min: self.values_min(default.values_min),
            zero_spread: self
                .entry
                .field("zero_spread")
                .and_then(|field| field.choice(&words))
                .unwrap_or(default.zero_spread),
        }
    }

    fn hidiroglou_berthelot(&self) -> hidiroglou_berthelot::Parameters {
        let default = hidiroglou_berthelot::Parameters::default();
        hidiroglou_berthelot::Parameters {
            size_exponent: self.decimal("size_exponent", default.size_exponent, "0", "1"),
            least_spread: self.decimal("least_spread", default.least_spread, "0", "100"),
            width: self.decimal("width", default.width, "0.1", "1000"),
            units_min: self.count("units_min", default.units_min, 1, COUNT_MAX),
        }
    }

    fn seasonal(&self) -> seasonal::Parameters {
        let default = seasonal::Parameters::default();
        let years = self.count("years", default.years, 1, 50);
        seasonal::Parameters {
            tolerance_percent: self.percent("tolerance_percent", default.tolerance_percent),
            years,
            years_min: self.count(
                "years_min",
                default.years_min.min(years),
                1,
                i64::from(years),
            ),
        }
    }

    /// `growth` has one indicator for each of `indicators`, and so has `base`, where it is there.
    fn growth_level(
        &self,
        indicators: Option<&[IndicatorCode]>,
    ) -> Option<growth_level::Parameters> {
        let (_, _) = (self.entry.need("indicators"), self.entry.need("growth"));
        let growth = self.indicators("growth");
        let base = self.indicators("base");
        let is_base_whole = self.entry.field("base").is_none() || base.is_some();
        let default = growth_level::Parameters::new(growth.unwrap_or_default());
        let parameters = growth_level::Parameters {
            base: base.unwrap_or_default(),
            gap_points: self.decimal("gap_points", default.gap_points, "0.01", "1000"),
            price_change_percent: self
                .percent("price_change_percent", default.price_change_percent),
            ..default
        };
        let levels = indicators?.len();
        let fits = self.fits("growth", &parameters.growth, levels)
            & self.fits("base", &parameters.base, levels);
        (fits && is_base_whole && !parameters.growth.is_empty()).then_some(parameters)
    }

    /// Whether a list beside `indicators` is empty or as long as it.
    fn fits(&self, key: &'static str, list: &[IndicatorCode], levels: usize) -> bool {
        let count = list.len();
        let fits = count == 0 || count == levels;
        if let Some(field) = self.entry.field(key).filter(|_| !fits) {
            field.fault(
                say!(
                    "{key} 有 {count} 个指标，而 indicators 有 {levels} 个",
                    "{key} has {count} indicators, and indicators has {levels}"
                ),
                say!(
                    "逐个对应，写同样多的指标",
                    "write as many, one for each in the same order"
                ),
            );
        }
        fits
    }

    fn likeness(&self, default: likeness::Parameters) -> likeness::Parameters {
        likeness::Parameters {
            match_percent: self.decimal("match_percent", default.match_percent, "1", "100"),
            values_min: self.values_min(default.values_min),
            digits_min: self.digits_min(default.digits_min),
        }
    }

    fn empty_but_complete(&self) -> empty_but_complete::Parameters {
        let default = empty_but_complete::Parameters::default();
        empty_but_complete::Parameters {
            telling_percent: self.decimal(
                "telling_percent",
                default.telling_percent,
                "0.01",
                "100",
            ),
            values_min: self.values_min(default.values_min),
        }
    }

    fn terminal_digit(&self) -> terminal_digit::Parameters {
        let default = terminal_digit::Parameters::default();
        terminal_digit::Parameters {
            rate: self.rate(default.rate),
            values_min: self.values_min(default.values_min),
            digits_min: self.digits_min(default.digits_min),
            periods: self.periods(default.periods),
        }
    }

    fn first_digit(&self) -> first_digit::Parameters {
        let default = first_digit::Parameters::default();
        first_digit::Parameters {
            rate: self.rate(default.rate),
            values_min: self.values_min(default.values_min),
            decades_min: self.count("decades_min", default.decades_min, 1, 17),
            deviation_min: self.decimal("deviation_min", default.deviation_min, "0", "0.2"),
        }
    }

    fn threshold_hugging(&self) -> Option<threshold_hugging::Parameters> {
        let _ = self.entry.need("indicators");
        let default = threshold_hugging::Parameters::new(self.target()?);
        let words = [
            ("units", threshold_hugging::Across::Units),
            ("periods", threshold_hugging::Across::Periods),
        ];
        Some(threshold_hugging::Parameters {
            band: self.decimal("band", default.band, "0.000001", "1000000000000"),
            across: self
                .entry
                .field("across")
                .and_then(|field| field.choice(&words))
                .unwrap_or(default.across),
            rate: self.rate(default.rate),
            values_min: self.values_min(default.values_min),
            target: default.target,
        })
    }

    /// Exactly one of `target` and `target_indicator`.
    fn target(&self) -> Option<threshold_hugging::Target> {
        match (
            self.entry.field("target"),
            self.entry.field("target_indicator"),
        ) {
            (None, None) => {
                let _ = self.entry.need("target");
                None
            }
            (Some(_), Some(both)) => {
                both.fault(
                    say!(
                        "target 与 target_indicator 只能写一个",
                        "target and target_indicator exclude each other"
                    ),
                    say!("删去其中一个", "remove one of them"),
                );
                None
            }
            (Some(value), None) => Some(threshold_hugging::Target::Value(
                value.decimal_within("-1000000000000", "1000000000000")?,
            )),
            (None, Some(field)) => {
                let code = field.lexical::<IndicatorCode>()?;
                let report = || field.fault(self.stranger(&code.value), self.members());
                let is_there = self.known.indicator_names.resolve(&code, self.faults)
                    && self.is_held(&code.value, report);
                is_there.then_some(threshold_hugging::Target::Indicator(code.value))
            }
        }
    }

    fn revision_pattern(&self) -> revision_pattern::Parameters {
        let default = revision_pattern::Parameters::default();
        revision_pattern::Parameters {
            rate: self.rate(default.rate),
            values_min: self.values_min(default.values_min),
            periods: self.periods(default.periods),
            ranked_after_days: self.count("ranked_after_days", default.ranked_after_days, 0, 3_660),
        }
    }

    fn smoothness(&self) -> smoothness::Parameters {
        let default = smoothness::Parameters::default();
        smoothness::Parameters {
            rate: self.rate(default.rate),
            values_min: self.values_min(default.values_min),
            units_min: self.count("units_min", default.units_min, 1, COUNT_MAX),
            periods: self.periods(default.periods),
        }
    }
}
