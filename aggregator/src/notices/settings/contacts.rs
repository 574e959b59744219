//! The tables `[[contact]]`.

use std::collections::BTreeMap;

use granary_core::{
    catalogue::DepartmentCode,
    code::UnitCode,
    notices::{Plan, Recipient},
    text::Language,
};
use lettre::message::Mailbox;

use super::{
    ChannelSettings, Contact, Target,
    entry::{Entry, both},
};

/// The longest name of a contact, in bytes: it is part of a key of the outbox.
const NAME_BYTES_MAX: usize = 100;
/// The most addresses of one contact: they get one message together.
const ADDRESSES_MAX: usize = 50;

/// The longest telephone number, in characters.
const PHONE_CHARS_MAX: usize = 40;

pub(super) const KEYS: [&str; 8] = [
    "name",
    "units",
    "departments",
    "operations",
    "language",
    "channel",
    "to",
    "phone",
];

/// Reads the contacts.
pub(super) fn read(
    root: &Entry<'_>,
    channels: &BTreeMap<String, ChannelSettings>,
) -> BTreeMap<String, Contact> {
    let mut contacts = BTreeMap::new();
    for entry in root.tables("contact") {
        let Some(contact) = read_one(&entry, channels) else {
            continue;
        };
        let name = contact.name.clone();
        if contacts.insert(name.clone(), contact).is_some() {
            entry.fault(
                "name",
                both(
                    format!("有两个联系人名为 {name}"),
                    format!("two contacts are called {name}"),
                ),
                both("改其中一个的名称".into(), "rename one of them".into()),
            );
        }
    }
    contacts
}

/// Tells the plan for whom there are contacts.
pub(super) fn route(plan: &mut Plan, contacts: &BTreeMap<String, Contact>) {
    for recipient in contacts.values().flat_map(|contact| &contact.recipients) {
        match recipient {
            Recipient::Unit(code) => _ = plan.unit_contacts.insert(code.clone()),
            Recipient::Department(code) => _ = plan.department_contacts.insert(code.clone()),
            Recipient::Operations => plan.has_operations = true,
        }
    }
}

fn read_one(entry: &Entry<'_>, channels: &BTreeMap<String, ChannelSettings>) -> Option<Contact> {
    entry.allow(&KEYS);
    let name = entry.need_text("name", "姓名或称呼", "a name");
    let name = name.filter(|name| {
        let fits = name.len() <= NAME_BYTES_MAX;
        if !fits {
            entry.unfit(
                "name",
                "不超过 100 字节的名称",
                "a name of at most 100 bytes",
            );
        }
        fits
    });
    let languages = [("zh", Language::Zh), ("en", Language::En)];
    let language = match entry.has("language") {
        true => entry.choice("language", &languages)?,
        false => Language::default(),
    };
    let recipients = recipients(entry);
    let channel = entry.need_text("channel", "一个渠道的名称", "the name of a channel")?;
    let Some(settings) = channels.get(channel) else {
        let known: Vec<&str> = channels.keys().map(String::as_str).collect();
        let known = known.join(", ");
        entry.fault(
            "channel",
            both(
                format!("没有名为 {channel} 的可用渠道"),
                format!("there is no sound channel {channel}"),
            ),
            both(
                format!("写其中之一：{known}"),
                format!("write one of: {known}"),
            ),
        );
        return None;
    };
    let to = addresses(entry, settings);
    let phone = entry.text("phone").filter(|phone| {
        let fits = is_phone(phone);
        if !fits {
            entry.unfit(
                "phone",
                "电话号码，例如 \"0851-85551234 转 8012\"",
                "a telephone number such as \"0851-85551234\"",
            );
        }
        fits
    });
    Some(Contact {
        name: name?.to_owned(),
        recipients,
        language,
        channel: channel.to_owned(),
        to,
        phone: phone.map(str::to_owned),
    })
}

/// Digits with what people write between them; 转 stands before an extension.
fn is_phone(text: &str) -> bool {
    let is_mark = |c: char| matches!(c, ' ' | '+' | '-' | '(' | ')' | '*' | '#' | '/' | '转');
    text.chars().count() <= PHONE_CHARS_MAX
        && text.chars().filter(char::is_ascii_digit).count() >= 3
        && text.chars().all(|c| c.is_ascii_digit() || is_mark(c))
}

fn recipients(entry: &Entry<'_>) -> Vec<Recipient> {
    let unit = |text: &str| UnitCode::new(text).ok().map(Recipient::Unit);
    let department = |text: &str| DepartmentCode::new(text).ok().map(Recipient::Department);
    let mut recipients = entry.parsed("units", ("单位代码", "codes of units"), unit);
    recipients.extend(entry.parsed(
        "departments",
        ("部门代码", "codes of departments"),
        department,
    ));
    if entry.flag("operations") {
        recipients.push(Recipient::Operations);
    }
    if !["units", "departments", "operations"]
        .iter()
        .any(|key| entry.has(key))
    {
        entry.missing(
            "units",
            " units、departments 或 operations = true",
            "units, departments or operations = true",
        );
    }
    recipients
}

fn addresses(entry: &Entry<'_>, channel: &ChannelSettings) -> Vec<Mailbox> {
    let is_mail = match channel.target {
        Target::Email(_) => true,
        Target::Webhook { .. } | Target::WeCom { .. } | Target::DingTalk { .. } => false,
    };
    if is_mail && !entry.has("to") {
        entry.missing("to", "邮箱地址", "a mail address");
    }
    if !is_mail && entry.has("to") {
        entry.fault(
            "to",
            both(
                "此渠道没有收件地址".into(),
                "this channel has no addresses".into(),
            ),
            both("删去 to".into(), "remove to".into()),
        );
        return Vec::new();
    }
    let mailbox = |text: &str| text.parse::<Mailbox>().ok();
    let to = entry.parsed("to", ("邮箱地址", "mail addresses"), mailbox);
    if to.len() > ADDRESSES_MAX {
        entry.unfit("to", "不超过 50 个地址", "at most 50 addresses");
    }
    to
}
