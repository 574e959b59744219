//! Sorts the cells of a file into drafts, one for each dataset and period, and keeps all faults on the way.

mod sheet;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use csv::StringRecord;
use granary_core::{
    catalogue::{Dataset, Indicator},
    code::{DatasetCode, ItemKey},
    decimal::Decimal,
    ledger::assess::{MISSING, REQUIRED, REVISED},
    period::Period,
    snapshot::{OBSERVATIONS_MAX, Observation, ObservationStatus, SlotKey},
    text::Bilingual,
};

use super::{
    cell::{CellFault, Reading, combine},
    fault::{Column, Fault, Faults, Place, clip, say},
    headings::{Headings, Part},
    metadata::{Line, Metadata, from_file_name},
    names::{Names, Unknown, hint, nearest},
    number::{Figure, Manner},
    period::read_period,
};
use crate::draft::{Cell, Draft, Note, Papers, Told};

/// The most drafts in one file.
pub(in crate::intake) const DRAFTS_MAX: usize = 64;
/// The most remarks about how something was understood, for one draft.
const TOLD_MAX: usize = 50;
/// The most that the clerk's notes of one file may have together, in bytes.
const NOTES_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What may be explained in every dataset: the edits that all have, and why a revision is made.
const BUILT_IN: [&str; 3] = [REQUIRED, MISSING, REVISED];

/// Dataset and period of a row.
pub(in crate::intake) type Key = (DatasetCode, Period);

/// The drafts of one file, while it is read.
pub(in crate::intake) struct Gather<'n, 'a> {
    pub(in crate::intake) names: &'n Names<'a>,
    pub(in crate::intake) metadata: Metadata,
    pub(in crate::intake) faults: Faults,
    file_name: (Option<String>, Option<String>),
    /// Dataset and period by default, each resolved once, and where it was found.
    dataset: Option<Option<(&'a Dataset, Told)>>,
    period: BTreeMap<DatasetCode, Option<(Period, Told)>>,
    drafts: BTreeMap<Key, Building>,
    /// How numbers are written in this file.
    pub(in crate::intake) manner: Manner,
    /// The unit of measure for headings that give none, and where it stands: a line such as 单位：万元 above a table.
    pub(in crate::intake) measure: Option<Line>,
    /// The sheet that is being read.
    sheet: Option<Arc<str>>,
    /// How the sheet as a whole was understood, for each draft that gets a figure from it.
    sheet_told: Vec<Told>,
    /// The drafts that have a figure from the sheet.
    touched: BTreeSet<Key>,
    /// What is said about the file as a whole.
    notices: Vec<Told>,
    /// Unknown words that were reported already: a wrong name in ten thousand rows is one fault.
    reported: BTreeSet<(Part, String)>,
    observations: usize,
    notes_bytes: usize,
}

#[derive(Default)]
struct Building {
    cells: Vec<Cell>,
    notes: Vec<Note>,
    /// How the sheets were understood that its figures come from.
    sources: Vec<Told>,
    told: Vec<Told>,
    more_told: usize,
}

/// What one cell says, with the status beside it, if that is filled.
pub(in crate::intake) struct Says {
    pub(in crate::intake) figure: Figure,
    pub(in crate::intake) status: Option<ObservationStatus>,
}

impl<'n, 'a> Gather<'n, 'a> {
    pub(in crate::intake) fn new(names: &'n Names<'a>, path: &Path) -> Self {
        Self {
            names,
            metadata: Metadata::with_evidence(names.evidence()),
            faults: Faults::default(),
            file_name: from_file_name(path),
            dataset: None,
            period: BTreeMap::new(),
            drafts: BTreeMap::new(),
            manner: Manner::default(),
            measure: None,
            sheet: None,
            sheet_told: Vec::new(),
            touched: BTreeSet::new(),
            notices: Vec::new(),
            reported: BTreeSet::new(),
            observations: 0,
            notes_bytes: 0,
        }
    }

    /// Whether the file has more than one file may have, so that reading on would only cost time: what is too much has been
    /// reported, or is when the reading ends.
    pub(in crate::intake) fn is_full(&self) -> bool {
        self.observations > OBSERVATIONS_MAX
            || self.notes_bytes > NOTES_BYTES_MAX
            || self.drafts.len() > DRAFTS_MAX
    }

    pub(in crate::intake) fn report(
        &mut self,
        place: Place,
        problem: Bilingual,
        remedy: Bilingual,
    ) {
        self.faults.report(Fault::new(place, problem, remedy));
    }

    pub(in crate::intake) fn report_cell(&mut self, place: Place, fault: CellFault) {
        self.report(place, fault.problem, fault.remedy);
    }

    /// Reports a word that names nothing, once for each word.
    pub(in crate::intake) fn report_unknown(
        &mut self,
        part: Part,
        text: &str,
        place: Place,
        unknown: Unknown,
    ) {
        let is_new = self.reported.len() < crate::intake::fault::FAULTS_MAX
            && self.reported.insert((part, text.to_owned()));
        if is_new {
            self.report(place, unknown.problem, unknown.remedy);
        }
    }

    /// Dataset and period of a row: from its columns, else from a metadata line, else from the file's name.
    pub(in crate::intake) fn key(
        &mut self,
        headings: &Headings,
        record: &StringRecord,
        row: u64,
    ) -> Option<(&'a Dataset, Key)> {
        self.check_unit(headings, record, row);
        let dataset = match headings.text(record, Part::Dataset) {
            Some(text) => {
                let found = self.names.dataset(text);
                let place = cell_place(headings, Part::Dataset, row);
                found
                    .map_err(|unknown| self.report_unknown(Part::Dataset, text, place, unknown))
                    .ok()?
            }
            None => self.default_dataset()?,
        };
        let code = dataset.code().clone();
        let period = match headings.text(record, Part::Period) {
            Some(text) => {
                let found = read_period(text, dataset.periodicity());
                let place = cell_place(headings, Part::Period, row);
                found
                    .map_err(|unknown| self.report_unknown(Part::Period, text, place, unknown))
                    .ok()?
            }
            None => self.default_period(dataset)?,
        };
        Some((dataset, (code, period)))
    }

    /// The dataset of rows that name none.
    pub(in crate::intake) fn default_dataset(&mut self) -> Option<&'a Dataset> {
        if self.dataset.is_none() {
            self.dataset = Some(self.find_dataset());
        }
        self.dataset.as_ref()?.as_ref().map(|(dataset, _)| *dataset)
    }

    fn find_dataset(&mut self) -> Option<(&'a Dataset, Told)> {
        if let Some(line) = self.metadata.dataset.clone() {
            let found = self.names.dataset(&line.text);
            let place = Place::row(line.row);
            let dataset = found
                .map_err(|u| self.report(place, u.problem, u.remedy))
                .ok()?;
            return Some((
                dataset,
                told_line(&line, ("报表", "dataset"), dataset.code().as_str()),
            ));
        }
        let from_name = self
            .file_name
            .0
            .clone()
            .and_then(|text| self.names.dataset(&text).ok());
        if let Some(dataset) = from_name {
            return Some((
                dataset,
                told_name(("报表", "dataset"), dataset.code().as_str()),
            ));
        }
        self.faults.report(Fault::of_file(
            say!("没有写明报表", "the dataset is not given"),
            say!(
                "在标题行之前加一行“# 报表: 代码”，或加“报表”列，或把文件命名为 报表代码_报告期.csv",
                "add a line \"# dataset: CODE\" above the headings, or a column \"dataset\", or name the file DATASET_PERIOD.csv"
            ),
        ));
        None
    }

    /// The period of rows that name none.
    pub(in crate::intake) fn default_period(&mut self, dataset: &Dataset) -> Option<Period> {
        if !self.period.contains_key(dataset.code()) {
            let found = self.find_period(dataset);
            self.period.insert(dataset.code().clone(), found);
        }
        self.period
            .get(dataset.code())?
            .as_ref()
            .map(|(period, _)| *period)
    }

    fn find_period(&mut self, dataset: &Dataset) -> Option<(Period, Told)> {
        let periodicity = dataset.periodicity();
        if let Some(line) = self.metadata.period.clone() {
            let place = Place::row(line.row);
            let period = read_period(&line.text, periodicity)
                .map_err(|u| self.report(place, u.problem, u.remedy))
                .ok()?;
            return Some((
                period,
                told_line(&line, ("报告期", "period"), &period.to_string()),
            ));
        }
        let from_name = self
            .file_name
            .1
            .clone()
            .and_then(|text| read_period(&text, periodicity).ok());
        if let Some(period) = from_name {
            return Some((period, told_name(("报告期", "period"), &period.to_string())));
        }
        let example = Period::new(periodicity, 2021, 1).map_or(String::new(), |p| p.to_string());
        self.faults.report(Fault::of_file(
            say!("没有写明报告期", "the period is not given"),
            say!(
                "在标题行之前加一行“# 报告期: {example}”，或加“报告期”列，或把文件命名为 报表代码_报告期.csv",
                "add a line \"# period: {example}\" above the headings, or a column \"period\", or name the file DATASET_PERIOD.csv"
            ),
        ));
        None
    }

    fn check_unit(&mut self, headings: &Headings, record: &StringRecord, row: u64) {
        let Some(text) = headings.text(record, Part::Unit) else {
            return;
        };
        if let Err(unknown) = self.names.unit(text) {
            let place = cell_place(headings, Part::Unit, row);
            self.report_unknown(Part::Unit, text, place, unknown);
        }
    }

    /// The item of a row, where it has one.
    pub(in crate::intake) fn item(
        &mut self,
        headings: &Headings,
        record: &StringRecord,
        row: u64,
    ) -> Result<Option<ItemKey>, ()> {
        let Some(text) = headings.text(record, Part::Item) else {
            return Ok(None);
        };
        ItemKey::new(text).map(Some).map_err(|_| {
            let found = clip(text);
            self.report(
                cell_place(headings, Part::Item, row),
                say!("“{found}”不能作明细项", "\"{found}\" cannot be an item"),
                say!(
                    "至多 64 字节，不含换行",
                    "write at most 64 bytes on one line"
                ),
            );
        })
    }

    /// Adds what one cell says. `status` is that of the status column, if it is filled.
    pub(in crate::intake) fn add(
        &mut self,
        key: &Key,
        place: Place,
        figure: (&Indicator, Option<ItemKey>),
        says: Says,
    ) {
        let Says {
            figure: Figure { reading, told },
            status,
        } = says;
        let place = place.within(self.sheet.as_ref());
        let narrowed = matches!(reading, Reading::Value(_, true));
        let marked = matches!(reading, Reading::Absent(_));
        let (value, status) = match combine(&reading, status) {
            Ok(Some(pair)) => pair,
            Ok(None) => return,
            Err(fault) => {
                self.report_cell(place, fault);
                return;
            }
        };
        self.observations += 1;
        if self.observations > OBSERVATIONS_MAX {
            if self.observations == OBSERVATIONS_MAX + 1 {
                self.report(
                    place,
                    say!(
                        "数值超过 {OBSERVATIONS_MAX} 个",
                        "more than {OBSERVATIONS_MAX} values"
                    ),
                    say!("拆成几个文件", "split the file"),
                );
            }
            return;
        }
        let (indicator, item) = figure;
        if narrowed || marked {
            let text = unusual(indicator, value, status);
            let place = place.clone();
            self.tell(key, Told { place, text });
        }
        for text in told {
            let place = place.clone();
            self.tell(key, Told { place, text });
        }
        self.touched.insert(key.clone());
        let observation = Observation {
            indicator: indicator.code().clone(),
            item,
            value,
            status,
        };
        self.building(key).cells.push(Cell { observation, place });
    }

    pub(in crate::intake) fn note(&mut self, key: &Key, mut note: Note) {
        note.place = note.place.within(self.sheet.as_ref());
        self.notes_bytes += note.text.len();
        if self.notes_bytes > NOTES_BYTES_MAX {
            let max = NOTES_BYTES_MAX / (1024 * 1024);
            self.report(
                note.place,
                say!(
                    "说明合计超过 {max} MB",
                    "the notes have more than {max} MB together"
                ),
                say!("拆成几个文件", "split the file"),
            );
            return;
        }
        if note.text.len() <= granary_core::snapshot::EXPLANATION_BYTES_MAX {
            self.building(key).notes.push(note);
            return;
        }
        let max = granary_core::snapshot::EXPLANATION_BYTES_MAX;
        self.report(
            note.place,
            say!(
                "说明超过 {max} 字节",
                "the explanation has more than {max} bytes"
            ),
            say!(
                "缩短说明，详情放进佐证文件",
                "shorten it and put the details into a file of evidence"
            ),
        );
    }

    fn tell(&mut self, key: &Key, told: Told) {
        let building = self.building(key);
        if building.told.len() < TOLD_MAX {
            building.told.push(told);
        } else {
            building.more_told += 1;
        }
    }

    fn building(&mut self, key: &Key) -> &mut Building {
        self.drafts.entry(key.clone()).or_default()
    }

    /// The drafts, or all faults.
    pub(in crate::intake) fn finish(mut self) -> Result<Vec<Draft>, Vec<Fault>> {
        self.leave();
        self.faults.enter(None);
        self.check_metadata_units();
        if self.drafts.len() > DRAFTS_MAX {
            self.faults.report(Fault::of_file(
                say!(
                    "一个文件里超过 {DRAFTS_MAX} 个报表和报告期",
                    "more than {DRAFTS_MAX} datasets and periods in one file"
                ),
                say!("拆成几个文件", "split the file"),
            ));
        }
        if self.drafts.is_empty() && self.faults.is_empty() {
            self.faults.report(Fault::of_file(
                say!("文件里没有数值", "there is no figure in the file"),
                say!(
                    "填好数值后重新放入",
                    "fill in the figures and hand the file in again"
                ),
            ));
        }
        self.check_explanations();
        let mut drafts = Vec::new();
        for (key, building) in std::mem::take(&mut self.drafts) {
            drafts.push(self.draft(key, building));
        }
        if self.faults.is_empty() {
            Ok(drafts)
        } else {
            Err(self.faults.finish())
        }
    }

    fn draft(&mut self, key: Key, building: Building) -> Draft {
        let (dataset, period) = key;
        // What is said about the file goes with its first statement.
        let mut told: Vec<Told> = std::mem::take(&mut self.notices);
        told.extend(building.sources);
        told.extend(building.told);
        let more = building.more_told;
        if more > 0 {
            told.push(Told {
                place: Place::default(),
                text: say!(
                    "另有 {more} 处同类读法",
                    "{more} more cells were read in the same way"
                ),
            });
        }
        let papers = self.papers_for(&dataset);
        let slot = SlotKey::new(self.names.own().clone(), dataset, period);
        let (draft, twice) = Draft::new(slot, building.cells, building.notes, papers, told);
        for twice in twice {
            let code = &twice.second.observation.indicator;
            let (zh, en) = (twice.first.words().zh, twice.first.words().en);
            self.report(
                twice.second.place.clone(),
                say!("{code} 已在{zh}填过", "{code} is given already in {en}"),
                say!("同一指标只留一个数值", "keep one value for each indicator"),
            );
        }
        draft
    }

    /// Sign-offs and evidence go with every draft, an explanation with those whose dataset has its edit.
    fn papers_for(&self, dataset: &DatasetCode) -> Papers {
        let mut papers = self.metadata.papers.clone();
        let dataset = self.names.catalogue().dataset(dataset);
        let edits = dataset.map_or(&[][..], Dataset::edits);
        let is_built_in = |id: &str| BUILT_IN.contains(&id);
        papers.explanations.retain(|(explanation, _)| {
            is_built_in(explanation.edit.as_str())
                || edits.iter().any(|edit| *edit.id() == explanation.edit)
        });
        papers
    }

    fn check_metadata_units(&mut self) {
        for line in std::mem::take(&mut self.metadata.units) {
            if let Err(unknown) = self.names.unit(&line.text) {
                self.report(Place::row(line.row), unknown.problem, unknown.remedy);
            }
        }
    }

    fn check_explanations(&mut self) {
        let catalogue = self.names.catalogue();
        let datasets = self
            .drafts
            .keys()
            .filter_map(|(code, _)| catalogue.dataset(code));
        let declared = datasets
            .flat_map(Dataset::edits)
            .map(|edit| edit.id().as_str());
        let known: BTreeSet<&str> = declared.chain(BUILT_IN).collect();
        if self.drafts.is_empty() {
            return;
        }
        for (explanation, place) in &self.metadata.papers.explanations {
            if known.contains(explanation.edit.as_str()) {
                continue;
            }
            let edit = &explanation.edit;
            let folded: Vec<String> = known.iter().map(|id| id.to_lowercase()).collect();
            let near = nearest(edit.as_str(), folded.iter().map(String::as_str));
            let near: Vec<String> = near.into_iter().map(str::to_uppercase).collect();
            let near: Vec<&str> = near.iter().map(String::as_str).collect();
            self.faults.report(Fault::new(
                place.clone(),
                say!("没有审核关系 {edit}", "there is no edit {edit}"),
                hint(&near, ("审核关系", "edit")),
            ));
        }
    }
}

/// Where the column of a part is in a row.
pub(in crate::intake) fn cell_place(headings: &Headings, part: Part, row: u64) -> Place {
    match headings.column(part) {
        Some(column) => Place::cell(row, column.clone()),
        None => Place::row(row),
    }
}

/// A cell that has text under no heading: the text would be lost silently.
pub(in crate::intake) fn report_beyond(
    gather: &mut Gather<'_, '_>,
    headings: &Headings,
    record: &StringRecord,
    row: u64,
) {
    for (index, text) in record.iter().enumerate() {
        let heading = headings.columns().get(index).map_or("", |c| &c.heading);
        if !heading.is_empty() || crate::intake::cell::trim(text).is_empty() {
            continue;
        }
        let found = clip(text);
        gather.report(
            Place::cell(row, Column { index, heading: "".into() }),
            say!("“{found}”上方没有标题", "\"{found}\" stands under no heading"),
            say!("补上标题，或删去这个单元格；含逗号的文字要放在英文双引号内", "add the heading or remove the cell; text with a comma stands in double quotation marks"),
        );
        return;
    }
}

/// How a cell was read that holds no plain number.
fn unusual(indicator: &Indicator, value: Option<Decimal>, status: ObservationStatus) -> Bilingual {
    let (zh, en, letter) = (&indicator.name().zh, &indicator.name().en, status.letter());
    match value {
        Some(value) => say!(
            "“{zh}”的全角数字读作 {value}",
            "the full-width digits of {en} were read as {value}"
        ),
        None => say!(
            "“{zh}”读作无数值，状态 {letter}",
            "{en} was read as having no value, status {letter}"
        ),
    }
}

fn told_line(line: &Line, what: (&str, &str), value: &str) -> Told {
    let (zh, en) = what;
    Told {
        place: Place::row(line.row),
        text: say!(
            "{zh}取自说明行：{value}",
            "the {en} is that of the metadata line: {value}"
        ),
    }
}

fn told_name(what: (&str, &str), value: &str) -> Told {
    let (zh, en) = what;
    Told {
        place: Place::default(),
        text: say!(
            "{zh}取自文件名：{value}",
            "the {en} is that of the file's name: {value}"
        ),
    }
}
