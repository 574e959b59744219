//! What a sheet says about itself above and below its table: lines such as 报告期：2021年3季度, 单位：万元, 填表人：甲, with or without `#`,
//! the value in the same cell or in the next; and its titles.

use std::path::Path;

use csv::StringRecord;

use super::super::{
    cell::{narrow, trim},
    gather::Gather,
    metadata::{self, Line},
    names::folded,
};

/// Words for the unit of measure of a whole table.
const MEASURE: [&str; 5] = ["单位", "计量单位", "金额单位", "unitofmeasure", "measure"];
/// Words for the unit that reports.
const REPORTER: [&str; 4] = ["填报单位", "报送单位", "unit", "reportingunit"];

/// Takes in what a row beside the table says. The texts that say nothing of the kind are its titles.
pub(super) fn take(
    gather: &mut Gather<'_, '_>,
    record: &StringRecord,
    row: u64,
    folder: &Path,
    has_rows: bool,
) -> Vec<String> {
    let mut titles = Vec::new();
    let cells: Vec<&str> = record.iter().map(trim).filter(|t| !t.is_empty()).collect();
    let mut cells = cells.into_iter().peekable();
    while let Some(cell) = cells.next() {
        let mut cell = cell.trim_start_matches('#').trim_start().to_owned();
        // The word in one cell and its value in the next.
        let bare = cell.trim_end_matches([':', '：']);
        if is_word(bare) && !bare.contains([':', '：']) {
            let Some(value) = cells.next_if(|next| !is_word(next)) else {
                continue;
            };
            cell = format!("{bare}：{value}");
        }
        for said in segments(&cell) {
            if !say(gather, &said, row, folder, has_rows) {
                titles.push(said);
            }
        }
    }
    titles
}

/// Whether a row below a table only says who answers for it.
pub(super) fn is_about(record: &StringRecord) -> bool {
    let mut cells = record.iter().map(trim).filter(|t| !t.is_empty());
    let mut said = 0;
    while let Some(cell) = cells.next() {
        let parts = segments(cell);
        if !parts
            .iter()
            .all(|part| word_of(part).is_some_and(|word| is_word(&word)))
        {
            return false;
        }
        said += 1;
        // The value of the last word may stand in the next cell.
        if cell.ends_with([':', '：']) {
            cells.next();
        }
    }
    said > 0
}

fn is_word(word: &str) -> bool {
    let key = folded(word);
    MEASURE.contains(&key.as_str()) || metadata::is_word(word)
}

fn word_of(text: &str) -> Option<String> {
    let (word, _) = text.split_once([':', '：'])?;
    Some(trim(word.trim_start_matches('#')).to_owned())
}

/// `填表人：甲　　统计负责人：乙` as its two parts: cut at white space before a word with a colon.
fn segments(cell: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for token in cell.split_whitespace() {
        let begins = word_of(token).is_some_and(|word| is_word(&word));
        match parts.last_mut() {
            Some(last) if !begins => {
                last.push(' ');
                last.push_str(token);
            }
            Some(_) | None => parts.push(token.to_owned()),
        }
    }
    parts
}

/// Whether the text was one that says something.
fn say(gather: &mut Gather<'_, '_>, text: &str, row: u64, folder: &Path, has_rows: bool) -> bool {
    let Some(word) = word_of(text) else {
        return false;
    };
    let value = text
        .split_once([':', '：'])
        .map_or("", |(_, value)| trim(value));
    let first = word.split_whitespace().next().unwrap_or_default();
    let is_one_of = |words: &[&str]| {
        words.contains(&folded(&word).as_str()) || words.contains(&folded(first).as_str())
    };
    if is_one_of(&MEASURE) {
        let text = narrow(value).trim_matches(['(', ')']).to_owned();
        if !text.is_empty() {
            gather.measure = Some(Line { text, row });
        }
        return true;
    }
    // 贵阳市统计局 reports for 贵阳市.
    let own = gather.names.catalogue().unit(gather.names.own());
    if is_one_of(&REPORTER)
        && own.is_some_and(|own| folded(value).starts_with(&folded(&own.name().zh)))
    {
        return true;
    }
    if !is_word(&word) {
        return false;
    }
    gather
        .metadata
        .take(text, row, folder, has_rows, &mut gather.faults);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cell_may_say_several_things() {
        assert_eq!(
            segments("填表人：甲　　统计负责人：乙 丙"),
            ["填表人：甲", "统计负责人：乙 丙"]
        );
        assert_eq!(segments("表2.2 各区 土地"), ["表2.2 各区 土地"]);
        assert!(is_about(&StringRecord::from(vec![
            "填表人：甲",
            "",
            "单位负责人: 乙"
        ])));
        assert!(is_about(&StringRecord::from(vec![
            "填表人：",
            "甲",
            "单位负责人：",
            "乙"
        ])));
        assert!(!is_about(&StringRecord::from(vec!["贵阳市", "1"])));
    }
}
