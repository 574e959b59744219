//! The SDMX structures of a catalogue as an SDMX-JSON 2.0 structure message
//! (<https://github.com/sdmx-twg/sdmx-json>, `structure-message`), in both languages.
//!
//! Each dataset has two dataflows with a data structure of the same id: its figures as known at an instant, and its vintages.
//! Beside them stand the code lists of periodicities, units, units of measure, statuses and of each dataset's indicators, and one
//! concept scheme. Pure: the same catalogue gives the same bytes.

use serde_json::{Value, json};

use super::{Agency, LOG_INDEX, Layout, code_id, flow_id, frequency, iso, version};
use crate::{
    catalogue::{Catalogue, Dataset},
    ledger::LogIndex,
    period::Periodicity,
    snapshot::ObservationStatus,
    text::Bilingual,
};

/// The schema that the message follows.
const SCHEMA: &str = "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/structure-message/tools/schemas/2.0.0/sdmx-json-structure-schema.json";
const CONCEPTS: &str = "GRANARY_CONCEPTS";

/// Names things as one agency does in one version.
struct Names<'a> {
    agency: &'a Agency,
    version: String,
}

/// The structures of a catalogue that this entry published; `prepared_at_ms` is when that was known.
#[must_use]
pub fn message(
    catalogue: &Catalogue,
    agency: &Agency,
    published: LogIndex,
    prepared_at_ms: i64,
) -> String {
    let all = artefacts(catalogue, agency, published);
    wrapped(&all, catalogue, agency, prepared_at_ms)
}

/// Every artefact of a catalogue, by kind, in the order of a message.
#[derive(Clone, Debug)]
pub struct Artefacts {
    /// Code lists.
    pub codelists: Vec<Value>,
    /// Concept schemes.
    pub concept_schemes: Vec<Value>,
    /// Data structures.
    pub data_structures: Vec<Value>,
    /// Dataflows.
    pub dataflows: Vec<Value>,
}

impl Artefacts {
    /// Code lists, concept schemes, data structures, dataflows.
    #[must_use]
    pub const fn kinds(&self) -> [&Vec<Value>; 4] {
        [
            &self.codelists,
            &self.concept_schemes,
            &self.data_structures,
            &self.dataflows,
        ]
    }

    /// The same, to be changed.
    #[must_use]
    pub const fn kinds_mut(&mut self) -> [&mut Vec<Value>; 4] {
        [
            &mut self.codelists,
            &mut self.concept_schemes,
            &mut self.data_structures,
            &mut self.dataflows,
        ]
    }
}

/// All of them.
#[must_use]
pub fn artefacts(catalogue: &Catalogue, agency: &Agency, published: LogIndex) -> Artefacts {
    let names = Names {
        agency,
        version: version(published),
    };
    let datasets = || {
        let both = |dataset| [(dataset, false), (dataset, true)];
        catalogue.datasets().iter().flat_map(both)
    };
    let structures = datasets().map(|(dataset, vintages)| names.structure(dataset, vintages));
    let flows = datasets().map(|(dataset, vintages)| names.flow(dataset, vintages));
    Artefacts {
        codelists: names.codelists(catalogue),
        concept_schemes: vec![names.concepts()],
        data_structures: structures.collect(),
        dataflows: flows.collect(),
    }
}

/// A structure message with these artefacts.
#[must_use]
pub fn wrapped(
    artefacts: &Artefacts,
    catalogue: &Catalogue,
    agency: &Agency,
    prepared_at_ms: i64,
) -> String {
    let meta = json!({
        "schema": SCHEMA,
        "id": format!("granary-{}", catalogue.version()),
        "prepared": iso(prepared_at_ms),
        "test": false,
        "contentLanguages": ["zh", "en"],
        "sender": { "id": agency.to_string().replace('.', "_") },
    });
    let data = json!({
        "codelists": artefacts.codelists,
        "conceptSchemes": artefacts.concept_schemes,
        "dataStructures": artefacts.data_structures,
        "dataflows": artefacts.dataflows,
    });
    // Readers tell the format by the schema that a message begins with, so the keys are not sorted here.
    format!("{{\"meta\": {meta:#},\n\"data\": {data:#}}}\n")
}

/// A concept's name.
#[must_use]
pub fn concept_name(id: &str) -> Bilingual {
    let found = CONCEPT_NAMES.iter().find(|(known, _, _)| *known == id);
    found.map_or_else(
        || Bilingual::new(id, id),
        |(_, zh, en)| Bilingual::new(*zh, *en),
    )
}

impl Names<'_> {
    /// An artefact with its names; `more` is what belongs to its kind.
    fn artefact(&self, id: &str, name: &Bilingual, more: (&str, Value)) -> Value {
        let mut artefact = named(id, name);
        artefact["agencyID"] = self.agency.to_string().into();
        artefact["version"] = self.version.clone().into();
        artefact[more.0] = more.1;
        artefact
    }

    fn urn(&self, class: &str, id: &str) -> String {
        let (agency, version) = (self.agency, &self.version);
        format!("urn:sdmx:org.sdmx.infomodel.{class}={agency}:{id}({version})")
    }

    fn concept(&self, id: &str) -> String {
        format!("{}.{id}", self.urn("conceptscheme.Concept", CONCEPTS))
    }

    fn codelists(&self, catalogue: &Catalogue) -> Vec<Value> {
        let mut lists = vec![
            self.frequencies(),
            self.statuses(),
            self.units(catalogue),
            self.measures(catalogue),
        ];
        let datasets = catalogue.datasets().iter();
        lists.extend(datasets.map(|dataset| self.indicators(catalogue, dataset)));
        lists
    }

    fn frequencies(&self) -> Value {
        let codes = Periodicity::ALL.map(|p| named(frequency(p), &periodicity(p)));
        let name = Bilingual::new("频度", "Frequency");
        self.artefact("CL_FREQ", &name, ("codes", codes.to_vec().into()))
    }

    fn statuses(&self) -> Value {
        let codes = ObservationStatus::ALL;
        let codes = codes.map(|s| named(&s.letter().to_string(), &status(s)));
        let name = Bilingual::new("数据状态", "Observation status");
        self.artefact("CL_OBS_STATUS", &name, ("codes", codes.to_vec().into()))
    }

    fn units(&self, catalogue: &Catalogue) -> Value {
        let units = catalogue.units().iter();
        let codes = units.map(|unit| named(&code_id(unit.code().as_str()), unit.name()));
        let name = Bilingual::new("填报单位", "Reporting units");
        self.artefact("CL_AREA", &name, ("codes", codes.collect()))
    }

    fn measures(&self, catalogue: &Catalogue) -> Value {
        let measures = catalogue.measures().iter();
        let codes = measures.map(|m| named(&code_id(m.code().as_str()), m.name()));
        let name = Bilingual::new("计量单位", "Units of measure");
        self.artefact("CL_UNIT_MEASURE", &name, ("codes", codes.collect()))
    }

    fn indicators(&self, catalogue: &Catalogue, dataset: &Dataset) -> Value {
        let indicators = dataset.indicators().iter();
        let indicators = indicators.filter_map(|code| catalogue.indicator(code));
        let codes = indicators.map(|i| named(i.code().as_str(), i.name()));
        let name = dataset.name();
        let name = Bilingual::new(
            format!("{}：指标", name.zh),
            format!("{}: indicators", name.en),
        );
        let id = indicators_id(dataset);
        self.artefact(&id, &name, ("codes", codes.collect()))
    }

    fn concepts(&self) -> Value {
        let concepts: Vec<Value> = CONCEPT_NAMES
            .iter()
            .map(|(id, zh, en)| named(id, &Bilingual::new(*zh, *en)))
            .collect();
        let name = Bilingual::new("概念", "Concepts");
        self.artefact(CONCEPTS, &name, ("concepts", concepts.into()))
    }

    fn flow(&self, dataset: &Dataset, vintages: bool) -> Value {
        let id = flow_id(dataset.code(), vintages);
        let structure = self.urn("datastructure.DataStructure", &id);
        self.artefact(
            &id,
            &flow_name(dataset, vintages),
            ("structure", structure.into()),
        )
    }

    fn structure(&self, dataset: &Dataset, vintages: bool) -> Value {
        let mut dimensions = vec![
            self.coded("FREQ", "CL_FREQ"),
            self.coded("REF_AREA", "CL_AREA"),
            self.coded("INDICATOR", &indicators_id(dataset)),
        ];
        if dataset.itemised() {
            dimensions.push(self.free("ITEM", "String"));
        }
        if vintages {
            dimensions.push(self.free("VINTAGE", "Long"));
        }
        for (position, dimension) in dimensions.iter_mut().enumerate() {
            dimension["position"] = position.into();
        }
        let components = json!({
            "dimensionList": {
                "id": "DimensionDescriptor",
                "dimensions": dimensions,
                "timeDimension": self.free("TIME_PERIOD", "ObservationalTimePeriod"),
            },
            "measureList": {
                "id": "MeasureDescriptor",
                "measures": [self.free("OBS_VALUE", "Decimal")],
            },
            "attributeList": {
                "id": "AttributeDescriptor",
                "attributes": self.attributes(vintages),
            },
        });
        let id = flow_id(dataset.code(), vintages);
        self.artefact(
            &id,
            &flow_name(dataset, vintages),
            ("dataStructureComponents", components),
        )
    }

    fn attributes(&self, vintages: bool) -> Vec<Value> {
        let layout = Layout {
            items: false,
            vintages,
        };
        let ids = layout.attributes().into_iter();
        let attribute = |id| {
            let mut attribute = match id {
                "OBS_STATUS" => self.coded(id, "CL_OBS_STATUS"),
                "UNIT_MEASURE" => self.coded(id, "CL_UNIT_MEASURE"),
                // An instant with its zone, which readers of `DateTime` (pysdmx) may not take.
                "LAST_UPDATE" => self.free(id, "BasicTimePeriod"),
                _ => self.free(id, "Long"),
            };
            attribute["attributeRelationship"] = json!({ "observation": {} });
            attribute["measureRelationship"] = json!(["OBS_VALUE"]);
            attribute["usage"] = usage(id).into();
            attribute
        };
        ids.map(attribute).collect()
    }

    /// A component whose values are the codes of a list.
    fn coded(&self, id: &str, codelist: &str) -> Value {
        let list = self.urn("codelist.Codelist", codelist);
        json!({
            "id": id,
            "conceptIdentity": self.concept(id),
            "localRepresentation": { "enumeration": list },
        })
    }

    /// A component whose values have a type.
    fn free(&self, id: &str, kind: &str) -> Value {
        json!({
            "id": id,
            "conceptIdentity": self.concept(id),
            "localRepresentation": { "format": { "dataType": kind } },
        })
    }
}

/// The concepts with their names in Chinese and English.
const CONCEPT_NAMES: [(&str, &str, &str); 13] = [
    ("FREQ", "频度", "Frequency"),
    ("REF_AREA", "填报单位", "Reporting unit"),
    ("INDICATOR", "指标", "Indicator"),
    ("ITEM", "明细项", "Item"),
    (
        "VINTAGE",
        "版本（报送的日志序号）",
        "Vintage (the snapshot's log index)",
    ),
    ("TIME_PERIOD", "报告期", "Reference period"),
    ("OBS_VALUE", "数值", "Value"),
    ("OBS_STATUS", "数据状态", "Observation status"),
    ("UNIT_MEASURE", "计量单位", "Unit of measure"),
    ("DECIMALS", "填报的小数位数", "Decimals as stated"),
    ("REVISION", "修订号", "Revision"),
    ("LAST_UPDATE", "收到时间", "Received at"),
    (LOG_INDEX, "报送的日志序号", "Log index of the snapshot"),
];

/// An id with its names; the English one, or else the Chinese, stands for whoever knows no other.
#[must_use]
pub fn named(id: &str, name: &Bilingual) -> Value {
    let (zh, en) = match (name.zh.is_empty(), name.en.is_empty()) {
        (true, true) => (id, id),
        (true, false) => (name.en.as_str(), name.en.as_str()),
        (false, true) => (name.zh.as_str(), name.zh.as_str()),
        (false, false) => (name.zh.as_str(), name.en.as_str()),
    };
    json!({ "id": id, "name": en, "names": { "zh": zh, "en": en } })
}

fn indicators_id(dataset: &Dataset) -> String {
    format!("CL_INDICATOR_{}", dataset.code())
}

fn flow_name(dataset: &Dataset, vintages: bool) -> Bilingual {
    let name = dataset.name();
    if !vintages {
        return name.clone();
    }
    Bilingual::new(
        format!("{}（全部版本）", name.zh),
        format!("{} (all vintages)", name.en),
    )
}

/// An absent value has no decimals, and an indicator that left the catalogue no unit of measure; the rest is always there.
fn usage(attribute: &str) -> &'static str {
    if matches!(attribute, "DECIMALS" | "UNIT_MEASURE") {
        "optional"
    } else {
        "mandatory"
    }
}

/// The name of a periodicity.
#[must_use]
pub fn periodicity(periodicity: Periodicity) -> Bilingual {
    match periodicity {
        Periodicity::Annual => Bilingual::new("年", "Annual"),
        Periodicity::HalfYear => Bilingual::new("半年", "Half-yearly"),
        Periodicity::Quarter => Bilingual::new("季", "Quarterly"),
        Periodicity::Month => Bilingual::new("月", "Monthly"),
        Periodicity::Day => Bilingual::new("日", "Daily"),
    }
}

/// The names of the statuses, by SDMX's code list `CL_OBS_STATUS` 2.2.
#[must_use]
pub fn status(status: ObservationStatus) -> Bilingual {
    use ObservationStatus as S;
    let (zh, en) = match status {
        S::Normal => ("正常值", "Normal value"),
        S::Break => ("时间序列中断", "Time series break"),
        S::DefinitionDiffers => ("定义不同", "Definition differs"),
        S::Estimated => ("估计值", "Estimated value"),
        S::Forecast => ("预测值", "Forecast value"),
        S::IncludedElsewhere => ("已计入其他类别", "Data included in another category"),
        S::NotCollected => ("存在但未采集", "Data exist but were not collected"),
        S::CannotExist => ("不可能存在", "Data cannot exist"),
        S::NotSignificant => ("不显著", "Not significant"),
        S::Missing => ("缺失", "Missing value"),
        S::Provisional => ("初步值", "Provisional value"),
        S::Suppressed => ("未公布", "Missing value; suppressed"),
        S::LowReliability => ("可靠性低", "Low reliability"),
    };
    Bilingual::new(zh, en)
}
