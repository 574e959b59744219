//! The dispatcher, driven by hand: no task, no network, no clock.

use std::{path::Path, sync::Arc};

use granary_core::{completeness::Board, notices::Situation, period::Period, snapshot::SlotKey};

use super::support::{NOTICES, accept, at, board, settings, shown};
use crate::notices::{
    channel::{Failure, Parcel},
    dispatch::{Dispatcher, Report},
    outbox::{State, list},
};

fn open(data: &Path, text: &str, now_ms: i64) -> Dispatcher {
    let settings = Arc::new(settings(text));
    Dispatcher::open(data, settings, now_ms, Box::new(|| 0)).unwrap()
}

fn turn(dispatcher: &mut Dispatcher, board: &Board, now_ms: i64) -> (Vec<Parcel>, Option<i64>) {
    let situation = Situation::of(board, dispatcher.plan(), now_ms);
    let turn = dispatcher.turn(&situation).unwrap();
    (turn.parcels, turn.next_at_ms)
}

fn settle(dispatcher: &mut Dispatcher, parcel: &Parcel, outcome: Result<(), Failure>, now_ms: i64) {
    let id = parcel.id.clone();
    dispatcher.settle(Report { id, outcome }, now_ms).unwrap();
}

fn busy() -> Failure {
    Failure::Later {
        why: "busy".into(),
        wait_ms: None,
    }
}

fn revenue(unit: &str) -> SlotKey {
    let (unit, dataset) = (unit.parse().unwrap(), "monthly-revenue".parse().unwrap());
    SlotKey::new(unit, dataset, Period::parse("2022-M05").unwrap())
}

fn contacts(parcels: &[Parcel]) -> Vec<&str> {
    parcels.iter().map(|p| p.id.contact.as_str()).collect()
}

/// The reminder of 24 hours falls on Sunday 5 June at midnight, in the night; it goes out at seven.
#[test]
fn what_was_sent_is_not_sent_again_after_a_restart() {
    let (data, board) = (tempfile::tempdir().unwrap(), board());
    let (night, morning) = (
        at("2022-06-05T00:30:00+08:00"),
        at("2022-06-05T07:00:00+08:00"),
    );
    let mut dispatcher = open(data.path(), NOTICES, night);
    let (parcels, next) = turn(&mut dispatcher, &board, night);
    assert!(parcels.is_empty(), "quiet hours");
    assert_eq!(next.map(shown), Some(shown(morning)));

    // Killed in the night: the decision is on disk, and goes out once.
    drop(dispatcher);
    let mut dispatcher = open(data.path(), NOTICES, morning);
    let (parcels, _) = turn(&mut dispatcher, &board, morning);
    assert_eq!(parcels.len(), 2);
    assert!(
        turn(&mut dispatcher, &board, morning).0.is_empty(),
        "under way"
    );
    for parcel in &parcels {
        settle(&mut dispatcher, parcel, Ok(()), morning);
    }
    drop(dispatcher);
    let mut dispatcher = open(data.path(), NOTICES, morning + 1);
    let (parcels, next) = turn(&mut dispatcher, &board, morning + 1);
    assert!(parcels.is_empty());
    // The reminder of two hours would fall into the next night, which lasts beyond the deadline.
    assert_eq!(next.map(shown).as_deref(), Some("06-05 21:45:00"));
}

#[test]
fn what_was_under_way_at_a_crash_is_sent_once_more_under_the_same_key() {
    let (data, board) = (tempfile::tempdir().unwrap(), board());
    let now_ms = at("2022-06-05T08:00:00+08:00");
    let mut dispatcher = open(data.path(), NOTICES, now_ms);
    let (first, _) = turn(&mut dispatcher, &board, now_ms);
    settle(&mut dispatcher, &first[0], Ok(()), now_ms);
    drop(dispatcher);
    let mut dispatcher = open(data.path(), NOTICES, now_ms);
    let (again, _) = turn(&mut dispatcher, &board, now_ms);
    assert_eq!(contacts(&again), [first[1].id.contact.as_str()]);
    assert_eq!(again[0].id.idempotency_key(), first[1].id.idempotency_key());
    assert_ne!(first[0].id.idempotency_key(), first[1].id.idempotency_key());
}

#[test]
fn what_fails_is_tried_later_and_later_and_then_given_up() {
    let (data, board) = (tempfile::tempdir().unwrap(), board());
    let text = NOTICES
        .replace("22:00", "06:59")
        .replace("reminders = [\"24h\", \"2h\"]", "reminders = [\"72h\"]");
    let start_ms = at("2022-06-03T08:00:00+08:00");
    let mut dispatcher = open(data.path(), &text, start_ms);
    let (mut now_ms, mut waits, mut keys) =
        (start_ms, Vec::new(), std::collections::BTreeSet::new());
    loop {
        let (parcels, _) = turn(&mut dispatcher, &board, now_ms);
        let mine = parcels.iter().find(|p| p.id.contact == "guiyang");
        for parcel in &parcels {
            let outcome = match parcel.id.contact.as_str() {
                "guiyang" => Err(busy()),
                _ => Ok(()),
            };
            settle(&mut dispatcher, parcel, outcome, now_ms);
        }
        let Some(parcel) = mine else { break };
        keys.insert(parcel.id.idempotency_key());
        let (_, next) = turn(&mut dispatcher, &board, now_ms);
        waits.push((next.unwrap() - now_ms) / 1_000);
        now_ms = next.unwrap();
    }
    assert_eq!(keys.len(), 1, "one key for all attempts");
    // Without jitter each wait is half its step; the last one leads to the next thing in the plan.
    waits.pop();
    assert_eq!(
        waits,
        [15, 30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]
    );
    drop(dispatcher);
    let listed = list(data.path()).unwrap();
    let guiyang = listed.iter().find(|l| l.id.contact == "guiyang").unwrap();
    assert_eq!((guiyang.state, guiyang.attempts), (State::Failed, 12));
    assert_eq!(guiyang.why, "busy");
}

#[test]
fn a_retry_waits_for_the_end_of_the_quiet_hours_and_forgets_who_has_reported() {
    let (data, mut board) = (tempfile::tempdir().unwrap(), board());
    let evening = at("2022-06-04T21:59:55+08:00");
    let text = NOTICES.replace("24h", "26h");
    let mut dispatcher = open(data.path(), &text, evening);
    let (parcels, _) = turn(&mut dispatcher, &board, evening + 5_000 - 1);
    assert!(parcels.is_empty());
    let text = NOTICES.replace("\"24h\"", "\"27h\"");
    drop(dispatcher);
    let mut dispatcher = open(data.path(), &text, evening);
    let (parcels, _) = turn(&mut dispatcher, &board, evening);
    assert_eq!(contacts(&parcels).len(), 2);
    for parcel in &parcels {
        settle(&mut dispatcher, parcel, Err(busy()), evening);
    }
    let (parcels, next) = turn(&mut dispatcher, &board, evening + 60_000);
    assert!(parcels.is_empty());
    assert_eq!(next.map(shown).as_deref(), Some("06-05 07:00:00"));
    // In the night Guiyang and Zunyi report.
    for unit in ["520100", "520300"] {
        accept(&mut board, &revenue(unit), at("2022-06-05T03:00:00+08:00"));
    }
    let (parcels, _) = turn(&mut dispatcher, &board, at("2022-06-05T07:00:00+08:00"));
    let [parcel] = parcels.as_slice() else {
        panic!("{:?}", contacts(&parcels));
    };
    assert_eq!(parcel.id.contact, "others");
    assert_eq!(parcel.notice.sections[0].units, ["520200".parse().unwrap()]);
}

#[test]
fn a_channel_keeps_its_pace_also_over_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let mut text = NOTICES.replace("per_minute = 60", "");
    for n in 0..45 {
        text +=
            &format!("[[contact]]\nname = \"duty-{n}\"\noperations = true\nchannel = \"group\"\n");
    }
    let board = board();
    let mut now_ms = at("2022-06-06T08:00:00+08:00");
    let since_ms = at("2022-06-05T12:00:00+08:00");
    let mut dispatcher = open(data.path(), &text, since_ms);
    let mut sent = Vec::new();
    while sent.len() < 46 {
        let (parcels, next) = turn(&mut dispatcher, &board, now_ms);
        for parcel in parcels.iter().filter(|p| p.channel == "group") {
            sent.push(now_ms);
            settle(&mut dispatcher, parcel, Ok(()), now_ms);
        }
        if sent.len() == 20 {
            drop(dispatcher);
            dispatcher = open(data.path(), &text, now_ms);
        }
        if parcels.is_empty() {
            now_ms = next.unwrap();
        }
    }
    let per_minute = |from: i64| {
        sent.iter()
            .filter(|at| (from..from + 60_000).contains(*at))
            .count()
    };
    assert!(
        sent.iter().all(|at_ms| per_minute(*at_ms) <= 20),
        "{sent:?}"
    );
}

#[test]
fn a_robot_that_wants_to_be_left_alone_is_left_alone() {
    let data = tempfile::tempdir().unwrap();
    let text = NOTICES.to_owned()
        + "[[contact]]\nname = \"duty-2\"\noperations = true\nchannel = \"group\"\n";
    let board = board();
    let now_ms = at("2022-06-06T08:00:00+08:00");
    let mut dispatcher = open(data.path(), &text, at("2022-06-05T12:00:00+08:00"));
    let (parcels, _) = turn(&mut dispatcher, &board, now_ms);
    let group: Vec<&Parcel> = parcels.iter().filter(|p| p.channel == "group").collect();
    let muted = Failure::Later {
        why: "too fast".into(),
        wait_ms: Some(600_000),
    };
    settle(&mut dispatcher, group[0], Err(muted), now_ms);
    settle(&mut dispatcher, group[1], Err(busy()), now_ms);
    let (parcels, next) = turn(&mut dispatcher, &board, now_ms + 300_000);
    assert!(parcels.iter().all(|p| p.channel != "group"));
    assert_eq!(next, Some(now_ms + 600_000));
    let (parcels, _) = turn(&mut dispatcher, &board, now_ms + 600_000);
    assert_eq!(parcels.iter().filter(|p| p.channel == "group").count(), 2);
}

#[test]
fn a_message_that_can_never_be_taken_is_given_up_at_once() {
    let (data, board) = (tempfile::tempdir().unwrap(), board());
    let now_ms = at("2022-06-05T08:00:00+08:00");
    let mut dispatcher = open(data.path(), NOTICES, now_ms);
    let (parcels, _) = turn(&mut dispatcher, &board, now_ms);
    let gone = Failure::Never {
        why: "errcode 93000".into(),
    };
    settle(&mut dispatcher, &parcels[0], Err(gone), now_ms);
    settle(&mut dispatcher, &parcels[1], Ok(()), now_ms);
    assert!(turn(&mut dispatcher, &board, now_ms + 1_000).0.is_empty());
    drop(dispatcher);
    let states: Vec<State> = list(data.path()).unwrap().iter().map(|l| l.state).collect();
    assert_eq!(states, [State::Failed, State::Sent]);
}

#[test]
fn old_messages_are_forgotten_and_new_ones_are_not() {
    let (data, board) = (tempfile::tempdir().unwrap(), board());
    let now_ms = at("2022-06-05T08:00:00+08:00");
    let mut dispatcher = open(data.path(), NOTICES, now_ms);
    let (parcels, _) = turn(&mut dispatcher, &board, now_ms);
    for parcel in &parcels {
        settle(&mut dispatcher, parcel, Ok(()), now_ms);
    }
    for (days, kept) in [(89, 2), (92, 0)] {
        turn(&mut dispatcher, &board, now_ms + days * 86_400_000);
        let listed = list(data.path()).unwrap();
        let old = listed
            .iter()
            .filter(|l| parcels.iter().any(|p| p.id == l.id));
        assert_eq!(old.count(), kept, "after {days} days");
    }
}
