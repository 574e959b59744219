//! `notices preview`: a dry run that prints what would be told to whom and when.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use granary_core::{
    completeness::Board,
    ledger::FoldError,
    notices::{Dropped, Foreseen, Foresight, Notice, Plan, Role, Situation, foresee},
};
use jiff::tz::TimeZone;

use super::{
    super::{
        local, remote,
        screen::{Complaint, Screen},
    },
    PreviewArgs, remote_board,
};
use crate::{
    clock::{Clock as _, SystemClock},
    journal::Journal,
    notices::{NoticeSettings, settings::Contact},
    project::{self, Derived, Folder, StoredView},
};

/// How far is looked ahead where nothing else is said.
const AHEAD_MS: i64 = 7 * 86_400_000;

pub(super) fn run(
    args: &PreviewArgs,
    environment: &BTreeMap<String, String>,
    screen: &Screen,
) -> Result<(), Complaint> {
    let settings = super::read(&super::file_of(args)?, environment)?;
    let now_ms = SystemClock.now_ms();
    let from_ms = args.as_of.as_deref().map_or(Ok(now_ms), super::instant)?;
    let until_ms = args
        .until
        .as_deref()
        .map_or(Ok(from_ms + AHEAD_MS), super::instant)?;
    let mut plan = settings.plan.clone();
    plan.since_ms = from_ms;
    let span = (from_ms, until_ms);
    let (zone, foreseen) = match &args.data {
        Some(data) => stored(data, &plan, span)?,
        None => remote(args, &plan, span)?,
    };
    for one in &foreseen {
        print(one, &settings, &zone, args.full, screen);
    }
    let told = foreseen
        .iter()
        .filter(|one| matches!(one.what, Foresight::Told(_)));
    let (count, from, until) = (
        told.count(),
        super::local(from_ms, &zone),
        super::local(until_ms, &zone),
    );
    screen.say(
        format!("{from} 至 {until}：{count} 条通知，均未发送"),
        format!("{from} to {until}: {count} notices, none of them sent"),
    );
    Ok(())
}

/// What a stopped server's folder foretells.
fn stored(
    data: &Path,
    plan: &Plan,
    span: (i64, i64),
) -> Result<(TimeZone, Vec<Foreseen>), Complaint> {
    let journal = Arc::new(Journal::open(data)?);
    let derived = Arc::new(Derived::open(data)?);
    project::catch_up(&journal, &derived)?;
    let view = StoredView {
        derived: &derived,
        journal: &journal,
    };
    let folder = Folder::load(Arc::clone(&journal), Arc::clone(&derived))?;
    let board = folder.board()?.ok_or_else(no_catalogue)?;
    let foreseen = foresee(plan, span, &[], |at_ms| {
        let mut situation = Situation::of(&board, plan, at_ms);
        if plan.returned_ms.is_some() {
            situation.read_returned(&view)?;
        }
        Ok::<_, FoldError>(situation)
    })?;
    Ok((board.catalogue().zone().clone(), foreseen))
}

/// What a running server's slots foretell. It does not say when a report was returned, so that is not foreseen.
fn remote(
    args: &PreviewArgs,
    plan: &Plan,
    span: (i64, i64),
) -> Result<(TimeZone, Vec<Foreseen>), Complaint> {
    let catalogue = Arc::new(match &args.catalogue {
        Some(folder) => local::read_sound_catalogue(folder)?,
        None => remote::block_on(remote::catalogue(&args.connection))?,
    });
    let board: Board = remote_board::read(&catalogue, plan, span, &args.connection)?;
    let at = |at_ms| Ok::<_, FoldError>(Situation::of(&board, plan, at_ms));
    let foreseen = foresee(plan, span, &[], at)?;
    Ok((catalogue.zone().clone(), foreseen))
}

fn no_catalogue() -> Complaint {
    Complaint::new("尚未发布目录", "no catalogue has been published")
}

fn print(
    foreseen: &Foreseen,
    settings: &NoticeSettings,
    zone: &TimeZone,
    full: bool,
    screen: &Screen,
) {
    let at = super::local(foreseen.at_ms, zone);
    match &foreseen.what {
        Foresight::Told(notice) => {
            let (to, subject) = (recipients(notice, settings), &notice.subject);
            screen.say(
                format!("{at}  {}\n    → {to}", subject.zh),
                format!("{at}  {}\n    -> {to}", subject.en),
            );
            if full {
                print_lines(notice, screen);
            }
        }
        Foresight::NotTold(Dropped { mark, reason }) => {
            let (kind, why) = (mark.kind.name(), reason.sentence());
            screen.say(
                format!("{at}  不发{}：{mark}（{}）", kind.zh, why.zh),
                format!("{at}  {} not told: {mark} ({})", kind.en, why.en),
            );
        }
    }
}

fn print_lines(notice: &Notice, screen: &Screen) {
    for line in &notice.lines {
        let indent = match line.role {
            Role::Sentence | Role::Heading => "    ",
            Role::Item => "      - ",
        };
        screen.print(format!("{indent}{}", line.text.get(screen.language())));
    }
}

/// `unit:520100: Zhang (mail: zhang@county.example), ...`
fn recipients(notice: &Notice, settings: &NoticeSettings) -> String {
    let contact = |contact: &Contact| {
        let to: Vec<String> = contact.to.iter().map(|to| to.email.to_string()).collect();
        let (name, channel) = (&contact.name, &contact.channel);
        match to.is_empty() {
            true => format!("{name} ({channel})"),
            false => format!("{name} ({channel}: {})", to.join(", ")),
        }
    };
    let contacts = settings.contacts_of(&notice.matter.recipient).map(contact);
    let contacts: Vec<String> = contacts.collect();
    format!(
        "{}: {}",
        notice.matter.recipient.word(),
        contacts.join(", ")
    )
}
