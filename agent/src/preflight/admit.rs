//! What the city would not admit, told with all faults at once and each at its cell.

use granary_core::{
    catalogue::{Catalogue, Dataset},
    snapshot::SlotKey,
};
use jiff::civil::Date;

use crate::{
    draft::{Cell, Draft},
    intake::{Fault, Faults, say},
};

/// Everything that the city's admission asks, with all faults. The dataset, where it is known.
pub(super) fn admit<'a>(
    draft: &Draft,
    catalogue: &'a Catalogue,
    today: Date,
    faults: &mut Faults,
) -> Option<&'a Dataset> {
    let slot = draft.slot();
    let unit = &slot.unit;
    if catalogue.unit(unit).is_none() {
        faults.report(Fault::of_file(
            say!(
                "名录中没有本单位 {unit}",
                "the catalogue does not have this unit, {unit}"
            ),
            say!(
                "请与市局核对单位代码，并更新目录",
                "compare the unit code with the city and fetch the catalogue again"
            ),
        ));
    }
    let Some(dataset) = catalogue.dataset(&slot.dataset) else {
        let code = &slot.dataset;
        faults.report(Fault::of_file(
            say!("没有报表 {code}", "there is no dataset {code}"),
            say!("核对报表代码", "check the code of the dataset"),
        ));
        return None;
    };
    check_period(slot, catalogue, dataset, today, faults);
    for cell in draft.cells() {
        check_cell(cell, catalogue, dataset, faults);
    }
    Some(dataset)
}

fn check_period(
    slot: &SlotKey,
    catalogue: &Catalogue,
    dataset: &Dataset,
    today: Date,
    faults: &mut Faults,
) {
    let period = slot.period;
    let (zh, en, first) = (
        &dataset.name().zh,
        &dataset.name().en,
        dataset.first_period(),
    );
    if period.periodicity() != dataset.periodicity() {
        faults.report(Fault::of_file(
            say!(
                "{period} 不是“{zh}”的报告期：周期不同",
                "{period} is no period of {en}: it is of another periodicity"
            ),
            say!("例如写成 {first}", "write for instance {first}"),
        ));
        return;
    }
    if !dataset.reports(period) {
        faults.report(Fault::of_file(
            say!(
                "“{zh}”不报 {period}：目录规定每年这一期不报送",
                "{en} is not reported for {period}: the catalogue leaves this part of every year out"
            ),
            say!("核对报告期", "check the period"),
        ));
        return;
    }
    if !dataset.covers(period) {
        let last_zh = dataset
            .last_period()
            .map_or(String::new(), |p| format!("，到 {p} 为止"));
        let last_en = dataset
            .last_period()
            .map_or(String::new(), |p| format!(" and ends with {p}"));
        faults.report(Fault::of_file(
            say!(
                "“{zh}”没有报告期 {period}：从 {first} 开始{last_zh}",
                "{en} is not reported for {period}: it begins with {first}{last_en}"
            ),
            say!("核对报告期", "check the period"),
        ));
        return;
    }
    if today < period.first_day() {
        faults.report(Fault::of_file(
            say!(
                "报告期 {period} 尚未开始（本机日期 {today}）",
                "period {period} has not begun (this machine's date is {today})"
            ),
            say!(
                "核对报告期；如果本机日期不对，请先校准时钟",
                "check the period; if this machine's date is wrong, set its clock"
            ),
        ));
    }
    check_expected(slot, catalogue, dataset, faults);
}

fn check_expected(slot: &SlotKey, catalogue: &Catalogue, dataset: &Dataset, faults: &mut Faults) {
    let (period, unit) = (slot.period, &slot.unit);
    let (zh, en) = (&dataset.name().zh, &dataset.name().en);
    if !catalogue.expects(unit, dataset.code(), period) {
        faults.report(Fault::of_file(
            say!(
                "名录未要求 {unit} 报送 {period} 的“{zh}”",
                "the roster does not expect {en} of {unit} for {period}"
            ),
            say!(
                "核对报表和报告期；如果确应报送，请与市局联系",
                "check dataset and period; if it is owed all the same, ask the city"
            ),
        ));
    }
}

fn check_cell(cell: &Cell, catalogue: &Catalogue, dataset: &Dataset, faults: &mut Faults) {
    let observation = &cell.observation;
    let (code, place) = (&observation.indicator, || cell.place.clone());
    let (zh, en) = (&dataset.name().zh, &dataset.name().en);
    let Some(indicator) = catalogue.indicator(code).filter(|_| dataset.holds(code)) else {
        faults.report(Fault::new(
            place(),
            say!("报表“{zh}”没有指标 {code}", "{en} has no indicator {code}"),
            say!(
                "删去这个数值，或核对报表",
                "remove the value, or check the dataset"
            ),
        ));
        return;
    };
    let (name_zh, name_en, most) = (
        &indicator.name().zh,
        &indicator.name().en,
        indicator.decimals(),
    );
    if let Some(value) = observation.value.filter(|value| value.scale() > most) {
        faults.report(Fault::new(
            place(),
            say!(
                "“{name_zh}”的值 {value} 小数位过多，最多 {most} 位",
                "{name_en}: {value} has too many decimals; at most {most} are allowed"
            ),
            say!("按规定保留 {most} 位小数", "give it with {most} decimals"),
        ));
    }
    match (observation.item.is_some(), dataset.itemised()) {
        (true, true) | (false, false) => {}
        (false, true) => faults.report(Fault::new(
            place(),
            say!(
                "“{zh}”按明细项报送，这里没有明细项",
                "{en} is reported by item, and here is none"
            ),
            say!(
                "加上“明细项”列并填写",
                "add a column \"item\" and fill it in"
            ),
        )),
        (true, false) => faults.report(Fault::new(
            place(),
            say!("“{zh}”不分明细项", "{en} has no items"),
            say!("删去“明细项”列", "remove the column \"item\""),
        )),
    }
}
