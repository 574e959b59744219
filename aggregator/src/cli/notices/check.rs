//! `notices check`: every fault of the file; with a catalogue also what the file names that the catalogue does not.

use std::{collections::BTreeMap, path::Path};

use jiff::civil::Date;

use granary_core::{
    catalogue::Catalogue,
    notices::{Plan, Quiet, Recipient},
    text::Bilingual,
};

use super::super::{
    local,
    screen::{Complaint, Screen},
};
use crate::notices::NoticeSettings;

pub(super) fn run(
    file: &Path,
    catalogue: Option<&Path>,
    environment: &BTreeMap<String, String>,
    screen: &Screen,
) -> Result<(), Complaint> {
    let settings = super::read(file, environment)?;
    if let Some(folder) = catalogue {
        let catalogue = local::read_sound_catalogue(folder)?;
        compare(&settings, &catalogue)?;
        tell_unreached(&settings.plan, &catalogue, screen);
    }
    let (channels, contacts) = (settings.channels.len(), settings.contacts.len());
    screen.say(
        format!("通知文件无误：{channels} 个渠道，{contacts} 个联系人"),
        format!("the notices file is sound: {channels} channels, {contacts} contacts"),
    );
    Ok(())
}

/// Complains of codes that the catalogue does not know.
fn compare(settings: &NoticeSettings, catalogue: &Catalogue) -> Result<(), Complaint> {
    let mut unknown = Vec::new();
    let datasets = settings.plan.datasets.iter();
    for code in datasets.filter(|code| catalogue.dataset(code).is_none()) {
        unknown.push(Bilingual::new(
            format!("plan.datasets：目录中没有报表 {code}"),
            format!("plan.datasets: the catalogue has no dataset {code}"),
        ));
    }
    let calendar = settings.plan.quiet.as_ref().and_then(Quiet::calendar);
    if let Some(code) = calendar.filter(|code| catalogue.calendar(code).is_none()) {
        unknown.push(Bilingual::new(
            format!("quiet.calendar：目录中没有日历 {code}"),
            format!("quiet.calendar: the catalogue has no calendar {code}"),
        ));
    }
    for contact in settings.contacts.values() {
        let name = &contact.name;
        for recipient in &contact.recipients {
            let (is_known, zh, en) = match recipient {
                Recipient::Unit(code) => (catalogue.unit(code).is_some(), "单位", "unit"),
                Recipient::Department(code) => {
                    (catalogue.department(code).is_some(), "部门", "department")
                }
                Recipient::Operations => (true, "", ""),
            };
            if !is_known {
                let word = recipient.word();
                unknown.push(Bilingual::new(
                    format!("联系人 {name}：目录中没有{zh} {word}"),
                    format!("contact {name}: the catalogue has no {en} {word}"),
                ));
            }
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Complaint::lines(unknown))
}

/// Says which units would be told by nobody. That is worth a look and no fault: some have ended.
fn tell_unreached(plan: &Plan, catalogue: &Catalogue, screen: &Screen) {
    let units = catalogue.units().iter();
    let unreached = units.filter(|unit| {
        // Where a unit moves, the last of its places counts.
        let recipient = plan.recipient(catalogue, unit.code(), Date::MAX);
        recipient.is_none()
    });
    let unreached: Vec<&str> = unreached.map(|unit| unit.code().as_str()).collect();
    if !unreached.is_empty() {
        let (count, list) = (unreached.len(), unreached.join(", "));
        screen.say(
            format!("{count} 个单位及其上级都没有联系人：{list}"),
            format!("{count} units have no contact, and no unit above them has one: {list}"),
        );
    }
}
