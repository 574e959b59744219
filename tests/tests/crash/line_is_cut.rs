//! The city and the agent live; the line between them is cut after random numbers of bytes, also within a message.

use tokio::sync::watch;

use crate::{
    city::City,
    dice::{Dice, cycles},
    laws::Judge,
    office::Office,
    programs::until,
    pusher::Pusher,
};

/// Who pushes; the third unit has an agent with files.
const PUSHING: [&str; 2] = ["C0", "C2"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_line_brings_nothing_into_effect_twice() {
    let mut dice = Dice::thrown();
    let city = City::founded(&mut dice).await;
    let mut server = city.start();
    server.serves().await;

    city.line().cut(true);
    let mut office = Office::new(&city, "C1", &mut dice);
    let agent = office.start();
    let (finish, finishing) = watch::channel(false);
    // They state without end, so that every connection comes to its cut.
    let pusher = |unit| Pusher::new(&city, unit, usize::MAX, &mut dice).push(finishing.clone());
    let pushers = PUSHING.map(pusher).map(tokio::spawn);
    let cuts = u64::from(cycles(100));
    for file in 1..=cuts / 5 {
        until("the line is cut", || {
            assert!(
                !pushers.iter().any(tokio::task::JoinHandle::is_finished),
                "a client has failed"
            );
            city.line().cuts() >= file * 5
        })
        .await;
        office.drop_file();
    }

    city.line().cut(false);
    finish.send_replace(true);
    until("everything is answered", || {
        pushers.iter().all(tokio::task::JoinHandle::is_finished)
    })
    .await;
    let mut done = Vec::new();
    for pusher in pushers {
        done.push(pusher.await.unwrap());
    }
    until("every file is settled", || office.is_settled()).await;
    agent.kill();
    let served = city.digest_served_with(&done).await;
    server.kill();

    let judge = Judge::of(&city);
    judge.the_head_covers_the_journal();
    judge.nothing_is_applied_twice();
    for (pusher, unit) in done.iter().zip(PUSHING) {
        judge.promises_are_kept(pusher, unit);
    }
    judge.the_highest_revision_counts(done.iter().flat_map(|pusher| pusher.receipted.values()));
    office.every_file_is_in_its_place();
    let promises = done.iter().flat_map(|pusher| pusher.receipted.values());
    let receipts = judge.every_receipt_holds(promises.flat_map(|promise| &promise.receipts));
    let stored = office.every_file_took_effect_once(&judge);
    let lost = done.iter().map(|pusher| pusher.streams_lost).sum::<u64>();
    eprintln!(
        "{} cuts, {lost} with statements on their way; {receipts} receipts, {stored} of files",
        city.line().cuts()
    );
    assert!(
        lost > 0 && stored > 0,
        "no cut met a statement on its way: nothing was tried"
    );
    judge.every_fold_is_the_same(&city, served);
}
