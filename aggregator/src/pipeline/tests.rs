//! The pipeline's promises, on a real store in a temporary folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{sync::Arc, time::Duration};

use ed25519_dalek::SigningKey;
use granary_core::{
    ledger::{
        JournalEntry, RefusalCode,
        keys::{self, Table},
        rows::SlotRow,
    },
    log::verify_consistency,
};

use super::*;
use crate::{
    sequence::{ToJournal, answers},
    testing::{
        City, FOUNDING_ENTRIES, GUIYANG, ZUNYI, gated, log_key, revenue, revenue_slot, revocation,
        stop, submit, take,
    },
};

fn entry(handle: &Handle, index: u64) -> JournalEntry {
    handle
        .journal()
        .record(LogIndex(index))
        .unwrap()
        .unwrap()
        .entry
}

#[tokio::test]
async fn every_receipt_verifies_when_it_is_given_and_for_ever() {
    let city = City::founded().await;
    let mut given = Vec::new();
    for round in 0..3 {
        let pipeline = city.start();
        let handle = pipeline.handle();
        let (sender, mut receiver) = answers();
        for number in 0..200 {
            handle
                .submit(
                    revenue(GUIYANG, 1 + round * 200 + number),
                    sender.reply(number.into()),
                )
                .await;
        }
        drop(sender);
        let mut answered = 0;
        while let Some(answers) = receiver.recv().await {
            for (sequence, answer) in answers {
                let accepted = answer.unwrap();
                let receipt = accepted.receipt(handle.journal()).unwrap();
                receipt.verify(handle.verifier()).unwrap();
                // One stream's submissions keep their order.
                assert_eq!(
                    accepted.index().0,
                    FOUNDING_ENTRIES + u64::from(round) * 200 + sequence
                );
                answered += 1;
                given.push((accepted.index(), receipt.entry));
            }
        }
        assert_eq!(answered, 200);
        for (index, bytes) in &given {
            let receipt = handle.journal().receipt(*index).unwrap().unwrap();
            receipt.verify(handle.verifier()).unwrap();
            assert_eq!(receipt.entry, *bytes);
        }
        stop(pipeline);
    }
}

#[tokio::test]
async fn earlier_trees_are_prefixes_of_later_ones() {
    let city = City::founded().await;
    let pipeline = city.start();
    let handle = pipeline.handle();
    let mut heads = vec![handle.journal().head()];
    for revision in 1..=300 {
        take(&handle, revenue(GUIYANG, revision)).await;
        heads.push(handle.journal().head());
    }
    let newest = heads.last().unwrap();
    for old in &heads {
        let proof = handle
            .journal()
            .consistency_proof(old.size, newest.size)
            .unwrap();
        verify_consistency(old.size, &old.root, newest.size, &newest.root, &proof).unwrap();
    }
    assert!(
        handle
            .journal()
            .consistency_proof(1, newest.size + 1)
            .is_err()
    );
    stop(pipeline);
}

#[tokio::test]
async fn a_duplicate_gets_the_old_receipt_and_changes_nothing() {
    let city = City::founded().await;
    let pipeline = city.start();
    let handle = pipeline.handle();
    let index = take(&handle, revenue(GUIYANG, 1)).await;
    take(&handle, revenue(GUIYANG, 2)).await;
    drop(handle);
    stop(pipeline);
    let digest = city.digest();

    let pipeline = city.start();
    let handle = pipeline.handle();
    let again = handle.submit_wait(revenue(GUIYANG, 1)).await.unwrap();
    assert!(!again.fresh());
    assert_eq!(again.index(), index);
    again
        .receipt(handle.journal())
        .unwrap()
        .verify(handle.verifier())
        .unwrap();
    assert_eq!(handle.journal().size(), FOUNDING_ENTRIES + 2);
    drop(handle);
    stop(pipeline);
    assert_eq!(city.digest(), digest);
}

#[tokio::test]
async fn a_duplicate_gets_its_receipt_after_the_key_is_revoked_but_a_forgery_does_not() {
    let city = City::founded().await;
    let pipeline = city.start();
    let handle = pipeline.handle();
    let index = take(&handle, revenue(GUIYANG, 1)).await;
    take(&handle, revocation(GUIYANG)).await;

    let code = |answer: Answer| answer.unwrap_err().code;
    assert_eq!(
        handle
            .submit_wait(revenue(GUIYANG, 1))
            .await
            .unwrap()
            .index(),
        index
    );
    assert_eq!(
        code(handle.submit_wait(revenue(GUIYANG, 2)).await),
        RefusalCode::KeyRevoked
    );
    let mut forged = revenue(GUIYANG, 1);
    forged.signatures[0].bytes[0] ^= 1;
    assert_eq!(
        code(handle.submit_wait(forged).await),
        RefusalCode::KeyRevoked
    );
    stop(pipeline);
}

#[tokio::test]
async fn a_payload_that_comes_twice_in_one_batch_is_journaled_once() {
    let city = City::founded().await;
    let (writer, leave, begun) = gated();
    let pipeline = city.start_on(writer);
    let handle = pipeline.handle();
    let first = submit(&handle, revenue(ZUNYI, 1)).await;
    begun.recv().unwrap();
    // These gather while the first is being written.
    let twins = [
        submit(&handle, revenue(GUIYANG, 1)).await,
        submit(&handle, revenue(GUIYANG, 1)).await,
    ];
    leave.send(()).unwrap();
    leave.send(()).unwrap();
    assert_eq!(first.await.unwrap().unwrap().index().0, FOUNDING_ENTRIES);
    for twin in twins {
        let accepted = twin.await.unwrap().unwrap();
        assert_eq!(accepted.index().0, FOUNDING_ENTRIES + 1);
        accepted
            .receipt(handle.journal())
            .unwrap()
            .verify(handle.verifier())
            .unwrap();
    }
    assert_eq!(handle.journal().size(), FOUNDING_ENTRIES + 2);
    stop(pipeline);
}

#[tokio::test]
async fn receive_times_never_go_back_and_a_jump_stops_sequencing() {
    let city = City::founded().await;
    let pipeline = city.start();
    let handle = pipeline.handle();
    let first = take(&handle, revenue(GUIYANG, 1)).await;
    let received_at_ms = entry(&handle, first.0).received_at_ms;

    city.clock.set(received_at_ms - 1_500);
    let second = take(&handle, revenue(GUIYANG, 2)).await;
    assert_eq!(entry(&handle, second.0).received_at_ms, received_at_ms);

    city.clock.set(received_at_ms - 2_001);
    let refusal = handle.submit_wait(revenue(GUIYANG, 3)).await.unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Clock);
    assert_eq!(
        handle.status().alarm,
        Some(Alarm::Clock { behind_ms: 2_001 })
    );
    // Back within the tolerance is not enough; only a clock that has caught up is believed again.
    city.clock.set(received_at_ms - 1);
    assert_eq!(
        handle
            .submit_wait(revenue(GUIYANG, 3))
            .await
            .unwrap_err()
            .code,
        RefusalCode::Clock
    );
    city.clock.set(received_at_ms + 5);
    let third = take(&handle, revenue(GUIYANG, 3)).await;
    assert_eq!(entry(&handle, third.0).received_at_ms, received_at_ms + 5);
    assert_eq!(handle.status().alarm, None);
    drop(handle);
    stop(pipeline);

    // The last receive time is remembered across a restart.
    city.clock.step(-10_000);
    let pipeline = city.start();
    let refusal = pipeline
        .handle()
        .submit_wait(revenue(GUIYANG, 4))
        .await
        .unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Clock);
    stop(pipeline);
}

#[tokio::test]
async fn what_is_queued_behind_a_revocation_is_admitted_under_the_registry_after_it() {
    let city = City::founded().await;
    let (writer, leave, begun) = gated();
    let pipeline = city.start_on(writer);
    let handle = pipeline.handle();
    let first = submit(&handle, revenue(ZUNYI, 1)).await;
    begun.recv().unwrap();
    // Both are verified while the key is still good, and wait side by side.
    let revoked = submit(&handle, revocation(GUIYANG)).await;
    let late = submit(&handle, revenue(GUIYANG, 1)).await;
    let other = submit(&handle, revenue(ZUNYI, 2)).await;
    for _ in 0..3 {
        leave.send(()).unwrap();
    }
    first.await.unwrap().unwrap();
    assert_eq!(
        revoked.await.unwrap().unwrap().index().0,
        FOUNDING_ENTRIES + 1
    );
    assert_eq!(
        late.await.unwrap().unwrap_err().code,
        RefusalCode::KeyRevoked
    );
    assert_eq!(
        other.await.unwrap().unwrap().index().0,
        FOUNDING_ENTRIES + 2
    );
    stop(pipeline);
}

#[tokio::test]
async fn a_full_queue_refuses_single_calls_and_makes_streams_wait() {
    let city = City::founded().await;
    let (writer, leave, begun) = gated();
    // Room for one submission.
    let options = Options {
        queue_bytes_max: 700,
        unary_wait_max: Duration::ZERO,
        ..Options::default()
    };
    let pipeline = city.start_with(writer, options);
    let handle = pipeline.handle();
    let first = submit(&handle, revenue(GUIYANG, 1)).await;
    begun.recv().unwrap();
    let second = submit(&handle, revenue(GUIYANG, 2)).await;
    let refusal = handle.submit_wait(revenue(GUIYANG, 3)).await.unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Overloaded);
    let waiting = tokio::spawn({
        let handle = handle.clone();
        async move { submit(&handle, revenue(GUIYANG, 4)).await.await.unwrap() }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    for _ in 0..3 {
        leave.send(()).unwrap();
    }
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(handle.journal().size(), FOUNDING_ENTRIES + 3);
    stop(pipeline);
}

#[tokio::test]
async fn shutting_down_commits_what_was_taken_and_refuses_the_rest() {
    let city = City::founded().await;
    let (writer, leave, begun) = gated();
    let pipeline = city.start_on(writer);
    let handle = pipeline.handle();
    let first = submit(&handle, revenue(GUIYANG, 1)).await;
    begun.recv().unwrap();
    let second = submit(&handle, revenue(GUIYANG, 2)).await;
    handle.0.queue.close();
    let late = submit(&handle, revenue(GUIYANG, 3)).await;
    leave.send(()).unwrap();
    leave.send(()).unwrap();
    stop(pipeline);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(
        late.await.unwrap().unwrap_err().code,
        RefusalCode::Overloaded
    );
    assert_eq!(handle.applied(), FOUNDING_ENTRIES + 2);
}

#[tokio::test]
async fn rows_registry_and_board_can_be_read_once_an_entry_is_folded() {
    let city = City::founded().await;
    let pipeline = city.start();
    let handle = pipeline.handle();
    let unit = UnitCode::new(GUIYANG).unwrap();
    let mut assessed = handle.assessed(&unit);
    assert!(!assessed.has_changed().unwrap());
    let index = take(&handle, revenue(GUIYANG, 1)).await;
    // Whoever waits is told just after the entry counts as folded.
    assessed.changed().await.unwrap();
    assert_eq!(*assessed.borrow_and_update(), index.0 + 1);
    take(&handle, revenue(ZUNYI, 1)).await;
    assert!(!assessed.has_changed().unwrap());

    let row = handle
        .derived()
        .row(&keys::slot(Table::Slot, &revenue_slot(GUIYANG)))
        .unwrap()
        .unwrap();
    assert_eq!(
        SlotRow::decode_row(&row).unwrap().current.unwrap().index,
        index.0
    );
    // The board that followed along equals the one that is made anew from the rows.
    let as_of_ms = city.clock.now_ms();
    let counts = |board: &Board| {
        board.counts(
            &Default::default(),
            granary_core::completeness::GroupBy::default(),
            as_of_ms,
        )
    };
    let followed = handle.board(counts).unwrap();
    let fresh = Board::load(
        &handle.view(),
        Arc::clone(handle.registry().catalogue().unwrap()),
    )
    .unwrap();
    assert_eq!(format!("{followed:?}"), format!("{:?}", counts(&fresh)));
    stop(pipeline);
}

#[tokio::test]
async fn a_key_that_is_not_the_logs_does_not_start() {
    let city = City::founded().await;
    let start = |key: LogKey| {
        let (journal, derived) = (
            Journal::open(city.path()).unwrap(),
            Derived::open(city.path()).unwrap(),
        );
        Pipeline::start(
            journal,
            derived,
            key,
            Options::default(),
            Arc::clone(&city.clock) as _,
        )
        .map(stop)
    };
    let other = LogKey::new(log_key().origin(), SigningKey::from_bytes(&[8; 32])).unwrap();
    assert!(matches!(
        start(other),
        Err(StartError::Key(KeyMismatch::KeyDiffers { .. }))
    ));
    let other = LogKey::new("other.example/log", SigningKey::from_bytes(&[9; 32])).unwrap();
    assert!(matches!(
        start(other),
        Err(StartError::Key(KeyMismatch::NameDiffers { .. }))
    ));
    start(log_key()).unwrap();
}

#[tokio::test]
async fn a_reply_that_is_lost_refuses_and_is_retryable() {
    let (reply, answer) = Reply::once();
    drop(reply);
    assert!(answer.await.unwrap().unwrap_err().code.retryable());
    let (sender, mut receiver) = answers();
    drop(sender.reply(7));
    let answers = receiver.recv().await.unwrap();
    assert_eq!(answers[0].0, 7);
    assert!(answers[0].1.as_ref().unwrap_err().code.retryable());
}

#[tokio::test]
async fn streams_and_single_calls_mix_and_each_gets_its_own_answers() {
    let city = City::founded().await;
    let pipeline = city.start_on(Box::new(ToJournal));
    let handle = pipeline.handle();
    let (left, mut left_answers) = answers();
    let (right, mut right_answers) = answers();
    for number in 0..50 {
        handle
            .submit(revenue(GUIYANG, 1 + number), left.reply(number.into()))
            .await;
        handle
            .submit(revenue(ZUNYI, 1 + number), right.reply(number.into()))
            .await;
    }
    drop((left, right));
    for (receiver, unit) in [(&mut left_answers, GUIYANG), (&mut right_answers, ZUNYI)] {
        let mut sequences = Vec::new();
        while let Some(answers) = receiver.recv().await {
            for (sequence, answer) in answers {
                let entry = entry(&handle, answer.unwrap().index().0);
                let revision = 1 + u32::try_from(sequence).unwrap();
                assert_eq!(
                    entry.payload_sha256,
                    Digest::of(&revenue(unit, revision).payload)
                );
                sequences.push(sequence);
            }
        }
        assert_eq!(sequences, (0..50).collect::<Vec<_>>());
    }
    stop(pipeline);
}
