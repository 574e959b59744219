//! What a file says about itself beside its rows: lines that begin with `#`, and its name.
//!
//! ```text
//! # dataset: quarterly-accounts        报表        above the headings
//! # period: 2021-Q3                    报告期      above the headings
//! # unit: 520100                       填报单位
//! # preparer: 某某                      填表人
//! # statistics_head: 某某               统计负责人
//! # unit_head: 某某                     单位负责人
//! # evidence: ledger.pdf               佐证        a file beside this one, or in the folder evidence/
//! # decimal: ,                           小数点      above the headings
//! # explain GDP.BALANCE: why           说明        with an item: # explain GDP.BALANCE [item]: why
//! ```
//! The colon may be full-width, and the value may stand in the next cell of the row. A line whose word is unknown is a
//! remark, unless it is near to a word that is known: then it is a fault, since a slip would lose it silently.
//!
//! A name such as `quarterly-accounts_2021-Q3_final.csv` gives dataset and period where neither a column nor a line does.

use std::path::{Path, PathBuf};

use csv::StringRecord;
use granary_core::{
    code::{EditId, ItemKey},
    snapshot::{
        EXPLANATION_BYTES_MAX, Evidence, Explanation, REFERENCES_MAX, SIGN_OFFS_MAX, SignOff,
        SignOffRole,
    },
};

use super::{
    cell::trim,
    fault::{FAULTS_MAX, Fault, Faults, Place, clip, say},
    names::{folded, hint, nearest},
    scan::digest_of,
};
use crate::draft::Papers;

/// A value of a metadata line and its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The trimmed text.
    pub text: String,
    /// The row.
    pub row: u64,
}

/// What the metadata lines said.
#[derive(Clone, Debug, Default)]
pub(super) struct Metadata {
    /// The dataset.
    pub dataset: Option<Line>,
    /// The period.
    pub period: Option<Line>,
    /// The decimal mark.
    pub decimal: Option<Line>,
    /// Every line that names the unit.
    pub units: Vec<Line>,
    /// Sign-offs, evidence and explanations.
    pub papers: Papers,
    /// The unit's folder of evidence, where it is known.
    evidence: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Dataset,
    Period,
    Unit,
    SignOff(SignOffRole),
    Evidence,
    Explain,
    Decimal,
}

const WORDS: [(&str, Word); 23] = [
    ("decimal", Word::Decimal),
    ("小数点", Word::Decimal),
    ("dataset", Word::Dataset),
    ("报表", Word::Dataset),
    ("period", Word::Period),
    ("报告期", Word::Period),
    ("unit", Word::Unit),
    ("填报单位", Word::Unit),
    ("单位代码", Word::Unit),
    ("preparer", Word::SignOff(SignOffRole::Preparer)),
    ("填表人", Word::SignOff(SignOffRole::Preparer)),
    (
        "statistics_head",
        Word::SignOff(SignOffRole::StatisticsHead),
    ),
    ("statisticshead", Word::SignOff(SignOffRole::StatisticsHead)),
    ("统计负责人", Word::SignOff(SignOffRole::StatisticsHead)),
    ("unit_head", Word::SignOff(SignOffRole::UnitHead)),
    ("unithead", Word::SignOff(SignOffRole::UnitHead)),
    ("单位负责人", Word::SignOff(SignOffRole::UnitHead)),
    ("evidence", Word::Evidence),
    ("佐证", Word::Evidence),
    ("佐证材料", Word::Evidence),
    ("explain", Word::Explain),
    ("说明", Word::Explain),
    ("审核说明", Word::Explain),
];

/// The text of a metadata record, without the mark; `None` where the record is none.
#[must_use]
pub(super) fn line_of(record: &StringRecord, separator: char) -> Option<String> {
    let first = trim(record.get(0)?).strip_prefix('#')?;
    let rest: Vec<&str> = record.iter().skip(1).collect();
    let used = rest
        .iter()
        .rposition(|f| !trim(f).is_empty())
        .map_or(0, |at| at + 1);
    let mut text = trim(first).to_owned();
    let has_colon = text.contains([':', '：']);
    for (index, field) in rest.into_iter().take(used).enumerate() {
        // The word in one cell and its value in the next is how a spreadsheet writes it; else the separator was text.
        if index == 0 && !has_colon {
            text.push(':')
        } else {
            text.push(separator)
        }
        text.push_str(field);
    }
    Some(text)
}

impl Metadata {
    /// Nothing said yet, of a unit whose files of evidence may lie in `evidence`.
    pub(super) fn with_evidence(evidence: Option<&Path>) -> Self {
        Self {
            evidence: evidence.map(Path::to_path_buf),
            ..Self::default()
        }
    }

    /// Takes one line in. `folder` is where the file lies; `has_rows` says that the headings have been read.
    pub(super) fn take(
        &mut self,
        text: &str,
        row: u64,
        folder: &Path,
        has_rows: bool,
        faults: &mut Faults,
    ) {
        let Some((word, value)) = split_word(text) else {
            return;
        };
        let (word, value) = (trim(word), trim(value));
        let (name, rest) = word.split_once(char::is_whitespace).unwrap_or((word, ""));
        let known = find(word)
            .map(|w| (w, ""))
            .or_else(|| find(name).map(|w| (w, trim(rest))));
        let Some((known, rest)) = known else {
            report_unknown(name, row, faults);
            return;
        };
        if value.is_empty() {
            return;
        }
        let line = Line {
            text: value.to_owned(),
            row,
        };
        match known {
            Word::Dataset => set(&mut self.dataset, line, has_rows, faults),
            Word::Period => set(&mut self.period, line, has_rows, faults),
            // The same unit again says nothing new; a wrong one is a fault, of which no more are kept than are told.
            Word::Unit => {
                let is_new = !self.units.iter().any(|known| known.text == line.text);
                if is_new && self.units.len() < FAULTS_MAX {
                    self.units.push(line);
                }
            }
            Word::SignOff(role) => self.sign_off(role, line, faults),
            Word::Evidence => self.evidence(line, folder, faults),
            Word::Explain => self.explain(rest, line, faults),
            Word::Decimal => set(&mut self.decimal, line, has_rows, faults),
        }
    }

    fn sign_off(&mut self, role: SignOffRole, line: Line, faults: &mut Faults) {
        if line.text.len() > 128 || self.papers.sign_offs.len() >= SIGN_OFFS_MAX {
            faults.report(Fault::new(
                Place::row(line.row),
                say!(
                    "签名过长或过多",
                    "a name that is too long, or too many names"
                ),
                say!(
                    "姓名至多 128 字节，至多 {SIGN_OFFS_MAX} 人",
                    "write at most 128 bytes for a name, and at most {SIGN_OFFS_MAX} names"
                ),
            ));
            return;
        }
        self.papers.sign_offs.push(SignOff {
            role,
            name: line.text,
            signed_at_ms: 0,
        });
    }

    fn evidence(&mut self, line: Line, folder: &Path, faults: &mut Faults) {
        let place = Place::row(line.row);
        let name = line.text;
        let is_bare = Path::new(&name)
            .file_name()
            .is_some_and(|bare| bare == name.as_str());
        if !is_bare || name.len() > 255 || self.papers.evidence.len() >= REFERENCES_MAX {
            let found = clip(&name);
            faults.report(Fault::new(
                place,
                say!(
                    "“{found}”不是文件名",
                    "\"{found}\" is not the name of a file"
                ),
                say!(
                    "只写文件名，不写路径，例如 台账.pdf",
                    "write the bare name without folders, for instance ledger.pdf"
                ),
            ));
            return;
        }
        let shelf = self.evidence.iter().map(|shelf| shelf.join(&name));
        let found = evidence_paths(folder, &name)
            .into_iter()
            .chain(shelf)
            .find_map(|path| digest_of(&path).ok());
        let Some(sha256) = found else {
            let found = clip(&name);
            faults.report(Fault::new(
                place,
                say!("找不到佐证文件“{found}”", "the evidence file \"{found}\" cannot be found"),
                say!("把它放在本文件旁边，或放进 evidence 文件夹，再重新放入本文件", "put it beside this file or into the folder evidence, then hand this file in again"),
            ));
            return;
        };
        self.papers.evidence.push(Evidence { name, sha256 });
    }

    fn explain(&mut self, rest: &str, line: Line, faults: &mut Faults) {
        let (edit, item) = split_item(rest);
        let edit_id = EditId::new(&edit.to_ascii_uppercase());
        let item_key = item.map(ItemKey::new).transpose();
        let fits = line.text.len() <= EXPLANATION_BYTES_MAX
            && self.papers.explanations.len() < REFERENCES_MAX;
        let (Ok(edit), Ok(item), true) = (edit_id, item_key, fits) else {
            let found = clip(rest);
            faults.report(Fault::new(
                Place::row(line.row),
                say!("“{found}”的说明写法不对，或说明超过 {EXPLANATION_BYTES_MAX} 字节", "the explanation for \"{found}\" is not written as it should be, or has more than {EXPLANATION_BYTES_MAX} bytes"),
                say!("写成：# 说明 审核关系编号: 原因", "write: # explain EDIT.ID: the reason"),
            ));
            return;
        };
        self.papers.explanations.push((
            Explanation {
                edit,
                item,
                text: line.text,
            },
            Place::row(line.row),
        ));
    }
}

/// Where a file of evidence may lie: beside the report, or in `evidence/` beside the report's folder or in it.
fn evidence_paths(folder: &Path, name: &str) -> Vec<PathBuf> {
    let mut paths = vec![folder.join(name), folder.join("evidence").join(name)];
    if let Some(parent) = folder.parent() {
        paths.push(parent.join("evidence").join(name));
    }
    paths
}

/// Dataset and period texts from a file name: what stands before the first `_`, and what stands before the second.
#[must_use]
pub(super) fn from_file_name(path: &Path) -> (Option<String>, Option<String>) {
    let stem = path
        .file_stem()
        .and_then(|s| s.to_str())
        .unwrap_or_default();
    let mut parts = stem
        .split('_')
        .map(trim)
        .filter(|p| !p.is_empty())
        .map(str::to_owned);
    (parts.next(), parts.next())
}

/// Word and value at the first colon, or, where an item stands in brackets before it, at the colon behind the brackets: an item may
/// have colons in its name.
fn split_word(text: &str) -> Option<(&str, &str)> {
    let first = text.find([':', '：'])?;
    let closes = ["]:", "]：", "] :", "] ："].iter();
    let closed = closes.filter_map(|mark| text.find(mark)).min();
    match closed.filter(|_| text.find('[').is_some_and(|open| open < first)) {
        Some(close) => {
            let (word, rest) = text.split_at(close + 1);
            Some((word, trim(rest).trim_start_matches([':', '：'])))
        }
        None => text.split_once([':', '：']),
    }
}

fn split_item(rest: &str) -> (&str, Option<&str>) {
    match rest.split_once('[') {
        Some((edit, item)) => (
            trim(edit),
            Some(trim(item.trim_end().strip_suffix(']').unwrap_or(item))),
        ),
        None => (rest, None),
    }
}

/// Whether a word means something in a metadata line.
#[must_use]
pub(super) fn is_word(word: &str) -> bool {
    let first = word.split_whitespace().next().unwrap_or_default();
    find(word).is_some() || find(first).is_some()
}

fn find(word: &str) -> Option<Word> {
    let key = folded(word);
    WORDS
        .iter()
        .find(|(known, _)| *known == key)
        .map(|(_, word)| *word)
}

fn report_unknown(word: &str, row: u64, faults: &mut Faults) {
    let near = nearest(word, WORDS.iter().map(|(known, _)| *known));
    if near.is_empty() {
        return;
    }
    let found = clip(word);
    faults.report(Fault::new(
        Place::row(row),
        say!("不认识“# {found}:”", "\"# {found}:\" is not known"),
        hint(&near, ("说明行", "metadata line")),
    ));
}

fn set(target: &mut Option<Line>, line: Line, has_rows: bool, faults: &mut Faults) {
    if has_rows {
        faults.report(Fault::new(
            Place::row(line.row),
            say!(
                "报表和报告期写在标题行之后",
                "the dataset or period is given below the headings"
            ),
            say!(
                "把这一行移到标题行之前",
                "move this line above the line of headings"
            ),
        ));
        return;
    }
    if let Some(first) = target.as_ref().filter(|first| first.text != line.text) {
        let (row, text) = (first.row, clip(&first.text));
        faults.report(Fault::new(
            Place::row(line.row),
            say!(
                "与第 {row} 行的“{text}”不一致",
                "differs from \"{text}\" in row {row}"
            ),
            say!(
                "只留一行；一个文件有几个报告期时，用“报告期”列",
                "keep one of the lines; for several periods in a file, use a column of periods"
            ),
        ));
        return;
    }
    *target = Some(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, separator: u8) -> Option<String> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .from_reader(text.as_bytes());
        let mut record = StringRecord::new();
        reader.read_record(&mut record).unwrap();
        line_of(&record, char::from(separator))
    }

    #[test]
    fn a_metadata_line_survives_a_spreadsheet() {
        assert_eq!(
            line("# period: 2021-Q3,,,", b',').as_deref(),
            Some("period: 2021-Q3")
        );
        assert_eq!(
            line("# period,2021-Q3,,", b',').as_deref(),
            Some("period:2021-Q3")
        );
        assert_eq!(
            line("\"# explain A: one, two\",,", b',').as_deref(),
            Some("explain A: one, two")
        );
        assert_eq!(
            line("# explain A: one, two", b',').as_deref(),
            Some("explain A: one, two")
        );
        assert_eq!(
            line("#报告期：2021-Q3", b',').as_deref(),
            Some("报告期：2021-Q3")
        );
        assert_eq!(line("gdp,1", b','), None);
    }

    #[test]
    fn an_item_may_have_colons_and_brackets_in_its_name() {
        for (text, word, value) in [
            ("explain A: why: so", "explain A", " why: so"),
            (
                "explain A [Bridge: east]: why",
                "explain A [Bridge: east]",
                " why",
            ),
            ("explain A [a[1]]：why", "explain A [a[1]]", "why"),
            (
                "explain A: see [1]: page 2",
                "explain A",
                " see [1]: page 2",
            ),
        ] {
            assert_eq!(split_word(text), Some((word, value)), "{text}");
        }
        assert_eq!(split_item("A [a[1]]"), ("A", Some("a[1]")));
        assert_eq!(split_word("a remark"), None);
    }

    #[test]
    fn a_file_name_gives_dataset_and_period() {
        let (dataset, period) =
            from_file_name(Path::new("/x/quarterly-accounts_2021-Q3_final.csv"));
        assert_eq!(
            (dataset.as_deref(), period.as_deref()),
            (Some("quarterly-accounts"), Some("2021-Q3"))
        );
        assert_eq!(from_file_name(Path::new("book.csv")).1, None);
    }
}
