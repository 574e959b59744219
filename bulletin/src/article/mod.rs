//! What a bulletin says, in one language and before anybody paints it.
//!
//! An [`Article`] is a headline, a summary and numbered sections of parts: sentences, tables with typed cells, bars,
//! legends, facts. Paper shows the first rows of a long table and says how many more there are and where; the
//! workbook has them all.

mod cell;
mod changes;
mod findings;
mod heat;
mod lateness;
mod measures;
mod proof;
mod ranking;
mod revisions;
mod risks;
mod say;
mod summary;
mod targets;

use granary_core::{bulletin::Bulletin, text::Language};

pub(super) use self::cell::{Bar, Cell, Mark, Shown, Tone, clip};
use crate::words::Manner;

/// The bulletin in one language.
#[derive(Clone, Debug)]
pub(super) struct Article {
    /// In which language and time zone.
    pub(super) manner: Manner,
    /// Who publishes it: the catalogue's name.
    pub(super) publisher: String,
    /// The headline.
    pub(super) title: String,
    /// The lines below it: period, instant, basis.
    pub(super) facts: Vec<Fact>,
    /// The instant that it was drawn up for, in milliseconds since 1970.
    pub(super) as_of_ms: i64,
    /// The SHA-256 of the document's bytes, in hexadecimal.
    pub(super) digest: String,
    /// The period in one paragraph.
    pub(super) summary: String,
    /// The chief figures.
    pub(super) headlines: Vec<Headline>,
    /// Everything else, in the order in which it is read.
    pub(super) sections: Vec<Section>,
}

/// A name and what it is.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    /// The name.
    pub(super) label: String,
    /// What it is.
    pub(super) text: String,
    /// Whether it is copied letter by letter: a hash, a command.
    pub(super) exact: bool,
}

/// One of the chief figures.
#[derive(Clone, Debug)]
pub(super) struct Headline {
    /// Its name.
    pub(super) label: String,
    /// What it is now.
    pub(super) value: Cell,
    /// How it differs from the period before, in words; empty where that is not known.
    pub(super) change: String,
    /// Whether that is for the better.
    pub(super) tone: Tone,
}

/// A section under its heading.
#[derive(Clone, Debug)]
pub(super) struct Section {
    /// Its name in links.
    pub(super) key: &'static str,
    /// The heading, without a number.
    pub(super) title: String,
    /// What is in it.
    pub(super) parts: Vec<Part>,
}

/// A part of a section.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// A paragraph.
    Sentence(String),
    /// A table.
    Table(Table),
    /// A bar chart.
    Bars(Bars),
    /// What signs and colours mean.
    Legend(Vec<Mark>),
    /// Names and what they are.
    Facts(Vec<Fact>),
}

/// Where a table stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On paper and in the workbook.
    Everywhere,
    /// On paper alone, where the workbook has the same in another form.
    Paper,
    /// In the workbook alone, where paper has no room for it.
    Workbook,
}

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// What it shows.
    pub(super) caption: String,
    /// The name of its worksheet.
    pub(super) sheet: String,
    /// Where it stands.
    pub(super) place: Place,
    /// The columns.
    pub(super) columns: Vec<Column>,
    /// All rows.
    pub(super) rows: Vec<Row>,
    /// How many of them paper shows.
    pub(super) shown: usize,
}

/// How a column is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lay {
    /// Words, to the left; the number says how much of the free width it gets compared with its neighbours.
    Words(u8),
    /// Figures, to the right, as wide as they are.
    Figures,
    /// Words that are never folded, to the left, as wide as they are: a period, an instant.
    Short,
    /// Short marks, in the middle; the number is the width compared with its neighbours'.
    Marks(u8),
    /// A bar with its figure.
    Bar(u8),
}

/// A column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Its heading.
    pub(super) title: String,
    /// The unit of measure of its figures; empty where they have none.
    pub(super) unit: String,
    /// How it is laid out.
    pub(super) lay: Lay,
    /// Whether paper shows it.
    pub(super) paper: bool,
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The group that it belongs to on paper, where a change of group is a line of its own; empty without groups.
    pub(super) group: String,
    /// One cell for each column.
    pub(super) cells: Vec<Cell>,
}

/// A chart with a bar for each label.
#[derive(Clone, Debug)]
pub(super) struct Bars {
    /// What it shows.
    pub(super) caption: String,
    /// From the longest to the shortest.
    pub(super) bars: Vec<LabelledBar>,
}

/// One bar of a chart.
#[derive(Clone, Debug)]
pub(super) struct LabelledBar {
    /// What it belongs to.
    pub(super) label: String,
    /// Its length, in thousandths of the longest.
    pub(super) length: u32,
    /// The value in words.
    pub(super) text: String,
}

impl Article {
    /// Puts a document into words.
    pub(super) fn new(bulletin: &Bulletin, manner: &Manner) -> Self {
        let sections = vec![
            ranking::section(bulletin, manner),
            heat::section(bulletin, manner),
            measures::section(bulletin, manner),
            lateness::section(bulletin, manner),
            findings::section(bulletin, manner),
            revisions::section(bulletin, manner),
            targets::section(bulletin, manner),
            risks::section(bulletin, manner),
            changes::section(bulletin, manner),
            proof::section(bulletin, manner),
        ];
        Self {
            manner: manner.clone(),
            publisher: say::words(manner, &bulletin.name).to_owned(),
            title: summary::title(bulletin, manner),
            facts: summary::facts(bulletin, manner),
            as_of_ms: bulletin.basis.as_of_ms,
            digest: proof::digest(bulletin),
            summary: summary::paragraph(bulletin, manner),
            headlines: summary::headlines(bulletin, manner),
            sections,
        }
    }

    /// The heading of the section at a place, counted from 0, with its number.
    pub(super) fn heading(&self, at: usize) -> String {
        const NUMERALS: [&str; 12] = [
            "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二",
        ];
        let title = self.sections.get(at).map_or("", |section| &section.title);
        match (self.manner.language, NUMERALS.get(at)) {
            (Language::Zh, Some(numeral)) => format!("{numeral}、{title}"),
            (Language::Zh, None) | (Language::En, _) => format!("{}. {title}", at + 1),
        }
    }

    /// Every text of it that a reader sees, for whoever must know which characters are needed.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> + '_ {
        let facts = self.facts.iter().map(|fact| fact.text.clone());
        let head = [&self.publisher, &self.title, &self.summary];
        let head = head.into_iter().cloned();
        let parts = self.sections.iter().flat_map(|section| &section.parts);
        head.chain(facts)
            .chain(parts.flat_map(|part| part.texts(&self.manner)))
    }
}

impl Part {
    fn texts(&self, manner: &Manner) -> Vec<String> {
        match self {
            Self::Sentence(text) => vec![text.clone()],
            Self::Table(table) => {
                let rows = table.rows.iter().take(table.shown);
                let cells = rows.flat_map(|row| &row.cells);
                cells.map(|cell| cell.shown(manner).words()).collect()
            }
            Self::Bars(bars) => bars.bars.iter().map(|bar| bar.label.clone()).collect(),
            Self::Legend(marks) => marks.iter().map(Mark::words).collect(),
            Self::Facts(facts) => facts.iter().map(|fact| fact.text.clone()).collect(),
        }
    }
}

impl Table {
    /// A table that stands everywhere.
    fn new(caption: String, sheet: String, columns: Vec<Column>, shown: usize) -> Self {
        Self {
            caption,
            sheet,
            place: Place::Everywhere,
            columns,
            rows: Vec::new(),
            shown,
        }
    }

    fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    fn with(mut self, rows: impl IntoIterator<Item = Vec<Cell>>) -> Self {
        let rows = rows.into_iter().map(|cells| Row {
            group: String::new(),
            cells,
        });
        self.rows = rows.collect();
        self
    }

    fn with_groups(mut self, rows: impl IntoIterator<Item = (String, Vec<Cell>)>) -> Self {
        let rows = rows.into_iter().map(|(group, cells)| Row { group, cells });
        self.rows = rows.collect();
        self
    }

    /// What is said below the rows that paper shows; `None` where they are all.
    pub(super) fn rest(&self, manner: &Manner) -> Option<String> {
        let rest = self.rows.len().checked_sub(self.shown).filter(|n| *n > 0)?;
        let sheet = &self.sheet;
        Some(match manner.language {
            Language::Zh => format!("另有 {rest} 行未列出，见 XLSX 文件的“{sheet}”工作表。"),
            Language::En => format!("And {rest} more: see the worksheet \"{sheet}\" of the XLSX."),
        })
    }

    /// The columns that paper shows, with their places.
    pub(super) fn paper_columns(&self) -> impl Iterator<Item = (usize, &Column)> {
        let columns = self.columns.iter().enumerate();
        columns.filter(|(_, column)| column.paper)
    }
}

impl Column {
    fn new(title: impl Into<String>, lay: Lay) -> Self {
        Self {
            title: title.into(),
            unit: String::new(),
            lay,
            paper: true,
        }
    }

    fn figures(title: impl Into<String>) -> Self {
        Self::new(title, Lay::Figures)
    }

    fn words(title: impl Into<String>, weight: u8) -> Self {
        Self::new(title, Lay::Words(weight))
    }

    fn short(title: impl Into<String>) -> Self {
        Self::new(title, Lay::Short)
    }

    fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = unit.into();
        self
    }

    /// The same in the workbook alone.
    fn workbook(mut self) -> Self {
        self.paper = false;
        self
    }

    /// The heading with the unit of measure.
    pub(super) fn heading(&self, manner: &Manner) -> String {
        if self.unit.is_empty() {
            return self.title.clone();
        }
        match manner.language {
            Language::Zh => format!("{}（{}）", self.title, self.unit),
            Language::En => format!("{} ({})", self.title, self.unit),
        }
    }
}
