//! The aggregator is killed again and again while clients push.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::{
    city::{City, UNITS},
    dice::{Dice, cycles},
    laws::Judge,
    programs::until,
    pusher::Pusher,
};

/// How long a server that serves is left alive at the longest.
const LIFE_MAX: Duration = Duration::from_millis(120);
/// New statements over one stream.
const STATED_MAX: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_city_keeps_what_it_acknowledged() {
    let mut dice = Dice::thrown();
    let city = City::founded(&mut dice).await;
    let (finish, finishing) = watch::channel(false);
    let pushers = UNITS.map(|unit| {
        tokio::spawn(Pusher::new(&city, unit, STATED_MAX, &mut dice).push(finishing.clone()))
    });

    let kills = cycles(60);
    kill_again_and_again(&city, kills, &mut dice).await;

    let mut server = city.start();
    server.serves().await;
    finish.send_replace(true);
    until("everything is answered", || {
        pushers.iter().all(tokio::task::JoinHandle::is_finished)
    })
    .await;
    let mut done = Vec::new();
    for pusher in pushers {
        done.push(pusher.await.unwrap());
    }
    let served = city.digest_served_with(&done).await;
    server.kill();

    let judge = Judge::of(&city);
    judge.the_head_covers_the_journal();
    judge.nothing_is_applied_twice();
    for (pusher, unit) in done.iter().zip(UNITS) {
        judge.promises_are_kept(pusher, unit);
    }
    judge.the_highest_revision_counts(done.iter().flat_map(|pusher| pusher.receipted.values()));
    let promises = done.iter().flat_map(|pusher| pusher.receipted.values());
    let receipts = judge.every_receipt_holds(promises.flat_map(|promise| &promise.receipts));
    let (entries, lost) = (
        judge.records.len(),
        done.iter().map(|pusher| pusher.streams_lost).sum::<u64>(),
    );
    eprintln!(
        "{kills} kills, {lost} of them felt in the middle of a stream; {entries} entries, {receipts} receipts"
    );
    assert!(
        lost > 0,
        "no kill met a statement on its way: nothing was tried"
    );
    judge.every_fold_is_the_same(&city, served);
}

/// One server in five dies before it may have come up, the others some time after.
async fn kill_again_and_again(city: &City, kills: u32, dice: &mut Dice) {
    let mut start = Duration::from_millis(50);
    for _ in 0..kills {
        let begun = Instant::now();
        let mut server = city.start();
        if dice.once_in(5) {
            tokio::time::sleep(dice.moment(start)).await;
        } else {
            server.serves().await;
            start = begun.elapsed();
            tokio::time::sleep(dice.moment(LIFE_MAX)).await;
        }
        server.kill();
    }
}
