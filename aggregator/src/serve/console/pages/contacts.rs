//! Whom to ring about a unit, by the notices file: its own contacts, else those of the nearest unit above it, as notices go.

use granary_core::{catalogue::Catalogue, code::UnitCode, notices::Recipient};
use maud::{Markup, html};

use crate::{notices::settings::Contact, serve::console::routes::Room};

/// Somebody to be rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::serve) struct Reach {
    name: String,
    phone: Option<String>,
    mails: Vec<String>,
}

/// The contacts of a unit, as things stand on the day of the page.
pub(super) fn contacts(room: &Room<'_>, unit: &str) -> Vec<Reach> {
    let contacts = &room.console.contacts;
    contacts_of(contacts, &room.catalogue, unit, room.visitor.now_ms)
}

/// The same, of these contacts, at an instant.
pub(in crate::serve) fn contacts_of(
    contacts: &[Contact],
    catalogue: &Catalogue,
    unit: &str,
    now_ms: i64,
) -> Vec<Reach> {
    let Ok(unit) = UnitCode::new(unit) else {
        return Vec::new();
    };
    let now = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    let day = catalogue.zone().to_datetime(now).date();
    // The catalogue has no cycle.
    let mut above = std::iter::successors(Some(&unit), |unit| catalogue.parent_on(unit, day));
    let own = |unit: &UnitCode| {
        let is_its = |one: &Recipient| matches!(one, Recipient::Unit(code) if code == unit);
        let its = contacts
            .iter()
            .filter(|contact| contact.recipients.iter().any(is_its));
        its.map(Reach::of).collect::<Vec<_>>()
    };
    let found = above.find_map(|unit| Some(own(unit)).filter(|found| !found.is_empty()));
    found.unwrap_or_default()
}

/// All of them in one line, for a file.
pub(super) fn text(contacts: &[Reach]) -> String {
    let lines: Vec<String> = contacts.iter().map(Reach::text).collect();
    lines.join("; ")
}

/// All of them, with what rings and writes.
pub(super) fn show(contacts: &[Reach]) -> Markup {
    html! { @for (at, one) in contacts.iter().enumerate() { @if at > 0 { br; } (one.show()) } }
}

impl Reach {
    fn of(contact: &Contact) -> Self {
        let mails = contact.to.iter().map(|mailbox| mailbox.email.to_string());
        Self {
            name: contact.name.clone(),
            phone: contact.phone.clone(),
            mails: mails.collect(),
        }
    }

    /// Name, number and mails in one line.
    pub(in crate::serve) fn text(&self) -> String {
        let mails = self.mails.join(", ");
        let mails = Some(format!("<{mails}>")).filter(|_| !self.mails.is_empty());
        let parts = [Some(self.name.clone()), self.phone.clone(), mails];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// A number rings, and an address opens a mail, where the machine can.
    pub(super) fn show(&self) -> Markup {
        html! {
            (self.name)
            @if let Some(phone) = &self.phone { " " a.nowrap href={ "tel:" (dialled(phone)) } { (phone) } }
            @for mail in &self.mails { " " a.quiet href={ "mailto:" (mail) } { (mail) } }
        }
    }
}

/// What is dialled: an extension is asked for by the person who rings.
fn dialled(phone: &str) -> String {
    let main = phone.split('转').next().unwrap_or_default();
    let is_dialled = |c: &char| c.is_ascii_digit() || *c == '+';
    main.chars().filter(is_dialled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_dialled_without_what_people_write_into_it() {
        assert_eq!(dialled("0851-8555 1234 转 8012"), "085185551234");
        assert_eq!(dialled("+86 (851) 85551234"), "+8685185551234");
        let reach = Reach {
            name: "张三".into(),
            phone: Some("0851-85551234".into()),
            mails: vec!["a@b.example".into()],
        };
        assert_eq!(reach.text(), "张三 0851-85551234 <a@b.example>");
    }
}
