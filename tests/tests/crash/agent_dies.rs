//! Agents are killed again and again while files are dropped into their inboxes and the city comes and goes.

use std::time::Duration;

use crate::{
    city::City,
    dice::{Dice, cycles},
    laws::Judge,
    office::Office,
    programs::until,
};

/// How long an agent is left alive at the longest: long enough to start, to connect and to hear of its statements.
const AGENT_LIFE_MAX: Duration = Duration::from_millis(500);
/// How long the city serves, and how long it is away.
const CITY_LIFE_MAX: Duration = Duration::from_millis(2_500);
const CITY_AWAY_MAX: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_agent_loses_no_file_and_doubles_none() {
    let mut dice = Dice::thrown();
    let city = City::founded(&mut dice).await;
    let (mut east, mut west) = (
        Office::new(&city, "C1", &mut dice),
        Office::new(&city, "C2", &mut dice),
    );
    let (mut for_east, mut for_west, mut for_city) = (dice.split(), dice.split(), dice.split());

    let kills = cycles(40) / 2;
    let offices = async {
        tokio::join!(
            live(&mut east, kills, &mut for_east),
            live(&mut west, kills, &mut for_west)
        )
    };
    tokio::select! {
        _ = offices => {}
        () = come_and_go(&city, &mut for_city) => {}
    }

    let mut server = city.start();
    server.serves().await;
    let agents = [east.start(), west.start()];
    until("every file is settled", || {
        east.is_settled() && west.is_settled()
    })
    .await;
    agents.into_iter().for_each(crate::programs::Process::kill);
    // What the offices know was folded; nothing else was sent.
    let served = city.state_digest_served();
    server.kill();

    let judge = Judge::of(&city);
    judge.the_head_covers_the_journal();
    judge.nothing_is_applied_twice();
    let mut receipts = 0;
    for office in [&east, &west] {
        office.every_file_is_in_its_place();
        receipts += office.every_file_took_effect_once(&judge);
    }
    let files = east.dropped() + west.dropped();
    eprintln!(
        "{} kills of agents; {files} files, {receipts} receipts",
        2 * kills
    );
    assert!(receipts > 0, "no file reached the city: nothing was tried");
    judge.every_fold_is_the_same(&city, served);
}

/// One life of the agent after another; the clerk drops files while it runs and while it does not.
async fn live(office: &mut Office<'_>, kills: u32, dice: &mut Dice) {
    for _ in 0..kills {
        if !dice.once_in(3) {
            office.drop_file();
        }
        let agent = office.start();
        let (before, after) = (
            dice.moment(AGENT_LIFE_MAX / 2),
            dice.moment(AGENT_LIFE_MAX / 2),
        );
        tokio::time::sleep(before).await;
        if dice.once_in(2) {
            office.drop_file();
        }
        tokio::time::sleep(after).await;
        agent.kill();
    }
}

/// One server after another, killed each time; for ever.
async fn come_and_go(city: &City, dice: &mut Dice) {
    loop {
        let server = city.start();
        tokio::time::sleep(dice.moment(CITY_LIFE_MAX)).await;
        server.kill();
        tokio::time::sleep(dice.moment(CITY_AWAY_MAX)).await;
    }
}
