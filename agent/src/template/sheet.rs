//! The first sheet: who, what and when; then a row for each figure.

use granary_core::{
    catalogue::{Dataset, Indicator},
    code::ItemKey,
    decimal::Decimal,
    snapshot::Observation,
};
use rust_xlsxwriter::{DataValidation, Format, Formula, Worksheet, XlsxError};

use super::Form;

/// Groups of rows for items that the last period did not have.
const NEW_ITEMS: usize = 10;
/// Decimal digits that a double holds whatever they are; longer values are written as text.
const DIGITS_HELD: u128 = 1_000_000_000_000_000;

/// The columns, from the left. An itemised form has the items before them.
const HEADINGS: [(&str, f64); 7] = [
    ("指标代码 Indicator code", 16.0),
    ("指标名称 Indicator name", 34.0),
    ("计量单位 Unit of measure", 12.0),
    ("上期", 14.0),
    ("数值 Value", 16.0),
    ("状态 Status", 9.0),
    ("说明 Explanation", 40.0),
];

/// A row of the form.
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    /// From 0, as the writer counts.
    pub(super) row: u32,
    pub(super) item: Option<ItemKey>,
    /// Which item's rows it is among, from 0.
    pub(super) group: usize,
    pub(super) indicator: &'a Indicator,
}

/// Where things stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    shift: u16,
}

impl Columns {
    pub(super) fn of(dataset: &Dataset) -> Self {
        Self {
            shift: u16::from(dataset.itemised()),
        }
    }

    pub(super) const fn last(self) -> u16 {
        self.shift + 3
    }

    pub(super) const fn value(self) -> u16 {
        self.shift + 4
    }

    const fn status(self) -> u16 {
        self.shift + 5
    }

    const fn note(self) -> u16 {
        self.shift + 6
    }

    /// The letter of a column; there are fewer than 26.
    pub(super) fn letter(column: u16) -> char {
        char::from(b'A' + u8::try_from(column).unwrap_or_default())
    }
}

/// Writes the sheet and gives its rows.
pub(super) fn write<'a>(
    sheet: &mut Worksheet,
    form: &Form<'a>,
    dataset: &'a Dataset,
) -> Result<Vec<Row<'a>>, XlsxError> {
    let (bold, grey) = (
        Format::new().set_bold(),
        Format::new()
            .set_background_color("EEEEEE")
            .set_text_wrap()
            .set_bold(),
    );
    sheet.set_name("填报 Form")?;
    let (slot, name) = (form.slot, dataset.name());
    sheet.write_string_with_format(0, 0, format!("{} {}", name.zh, name.en), &bold)?;
    for (row, (word, value)) in (1..).zip([
        ("报表 Dataset", slot.dataset.to_string()),
        ("报告期 Period", slot.period.to_string()),
        ("填报单位 Unit", slot.unit.to_string()),
    ]) {
        sheet
            .write_string(row, 0, word)?
            .write_string(row, 1, value)?;
    }
    sheet.write_string(4, 0, "只填浅黄色单元格；没有数时留空，缺报填 NA，不适用填 M。 Fill in the pale yellow cells; leave blank what is not stated, NA for missing, M for what cannot exist.")?;
    let columns = Columns::of(dataset);
    let top = 6;
    if dataset.itemised() {
        sheet
            .write_string_with_format(top, 0, "明细项 Item", &grey)?
            .set_column_width(0, 30.0)?;
    }
    for (column, (heading, width)) in (columns.shift..).zip(HEADINGS) {
        let text = match (column == columns.last(), slot.period.plus(-1)) {
            (true, Some(last)) => format!("上期 {last} Last period"),
            (true, None) | (false, _) => heading.to_owned(),
        };
        sheet
            .write_string_with_format(top, column, text, &grey)?
            .set_column_width(column, width)?;
    }
    sheet.set_freeze_panes(top + 1, columns.shift + 2)?;
    let rows = rows(form, dataset, top + 1);
    for row in &rows {
        write_row(sheet, form, dataset, row)?;
    }
    if !dataset.itemised() {
        sheet.protect();
    }
    Ok(rows)
}

/// A row for each indicator, for each item where there are items.
fn rows<'a>(form: &Form<'a>, dataset: &'a Dataset, top: u32) -> Vec<Row<'a>> {
    let mut items: Vec<Option<ItemKey>> = Vec::new();
    if dataset.itemised() {
        let known = form.last.map_or(&[][..], |last| &last.observations);
        items.extend(known.iter().map(|o| o.item.clone()).filter(Option::is_some));
        items.sort();
        items.dedup();
        items.extend(std::iter::repeat_n(None, NEW_ITEMS));
    } else {
        items.push(None);
    }
    let indicators: Vec<&Indicator> = dataset
        .indicators()
        .iter()
        .filter_map(|code| form.catalogue.indicator(code))
        .collect();
    let groups = items.into_iter().enumerate();
    let figures =
        groups.flat_map(|(group, item)| indicators.iter().map(move |i| (group, item.clone(), *i)));
    let row = |(row, (group, item, indicator))| Row {
        row,
        item,
        group,
        indicator,
    };
    (top..).zip(figures).map(row).collect()
}

fn write_row(
    sheet: &mut Worksheet,
    form: &Form<'_>,
    dataset: &Dataset,
    row: &Row<'_>,
) -> Result<(), XlsxError> {
    let (columns, at, indicator) = (Columns::of(dataset), row.row, row.indicator);
    let input = Format::new().set_unlocked().set_background_color("FFFBE6");
    if dataset.itemised() {
        let item = row.item.as_ref().map_or("", ItemKey::as_str);
        sheet.write_string_with_format(at, 0, item, &input)?;
    }
    let name = indicator.name();
    let measure = form.catalogue.measure(indicator.unit_of_measure());
    let measure = measure.map_or(String::new(), |m| m.name().zh.clone());
    sheet.write_string(at, columns.shift, indicator.code().as_str())?;
    sheet.write_string(at, columns.shift + 1, format!("{} {}", name.zh, name.en))?;
    sheet.write_string(at, columns.shift + 2, measure)?;
    let shown = format(indicator.decimals());
    let last = form.last.and_then(|last| find(&last.observations, row));
    match last.map(|observation| (observation.value, observation.status)) {
        Some((Some(value), _)) => write_value(
            sheet,
            (at, columns.last()),
            value,
            &Format::new().set_num_format(&shown),
        )?,
        Some((None, status)) => {
            sheet.write_string(at, columns.last(), status.letter().to_string())?;
        }
        None => {}
    }
    sheet.write_blank(at, columns.value(), &input.clone().set_num_format(&shown))?;
    sheet.write_blank(at, columns.status(), &input)?;
    sheet.write_blank(at, columns.note(), &input.clone().set_text_wrap())?;
    validate(sheet, columns, row)
}

fn find<'s>(observations: &'s [Observation], row: &Row<'_>) -> Option<&'s Observation> {
    let is_it = |o: &&Observation| o.indicator == *row.indicator.code() && o.item == row.item;
    observations.iter().find(is_it)
}

/// Writes a value as a number, or as text where a double might not hold it.
pub(super) fn write_value(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    value: Decimal,
    format: &Format,
) -> Result<(), XlsxError> {
    let text = value.to_string();
    match text.parse::<f64>() {
        Ok(number) if value.mantissa().unsigned_abs() < DIGITS_HELD => {
            sheet.write_number_with_format(row, column, number, format)?;
        }
        Ok(_) | Err(_) => {
            sheet.write_string_with_format(row, column, text, format)?;
        }
    }
    Ok(())
}

fn format(decimals: u8) -> String {
    match decimals {
        0 => "0".to_owned(),
        decimals => format!("0.{}", "0".repeat(decimals.into())),
    }
}

/// A number with no more decimals than the indicator has, or a mark; a status that there is.
fn validate(sheet: &mut Worksheet, columns: Columns, row: &Row<'_>) -> Result<(), XlsxError> {
    let (at, decimals) = (row.row, row.indicator.decimals());
    let cell = format!("{}{}", Columns::letter(columns.value()), at + 1);
    let rule = format!(
        "IF(ISNUMBER({cell}),ABS({cell}-ROUND({cell},{decimals}))<1E-9,OR({cell}=\"NA\",{cell}=\"M\",{cell}=\"-\",{cell}=\"—\",{cell}=\"…\"))"
    );
    let value = DataValidation::new()
        .allow_custom(Formula::new(rule))
        .set_error_title("数值 Value")?
        .set_error_message(format!("请填数字，至多 {decimals} 位小数；缺报填 NA，不适用填 M。\nA number with at most {decimals} decimals, NA for missing, M for what cannot exist."))?;
    sheet.add_data_validation(at, columns.value(), at, columns.value(), &value)?;
    let status = DataValidation::new()
        .allow_list_strings(&["A", "P", "E", "O", "M"])?
        .set_error_title("状态 Status")?
        .set_error_message("A 正常 normal, P 初步 provisional, E 估计 estimated, O 缺报 missing, M 不适用 cannot exist")?;
    sheet.add_data_validation(at, columns.status(), at, columns.status(), &status)?;
    Ok(())
}
