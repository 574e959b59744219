//! The pipeline under fault: a disk that fails, derived rows that stopped anywhere, a projector that lags.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use super::*;
use crate::{
    journal::Append,
    testing::{City, FOUNDING_ENTRIES, GUIYANG, Scripted, ZUNYI, revenue, revocation, stop, take},
};

#[tokio::test]
async fn a_failed_write_acknowledges_nothing_and_what_it_left_is_found() {
    for persisted in [false, true] {
        let city = City::founded().await;
        let mut writes = 0;
        let writer = Scripted(move |journal: &Journal, append: &Append<'_>| {
            writes += 1;
            if writes == 2 {
                if persisted {
                    journal.append(append)?;
                }
                return Err(StoreError::Disk("no space left on device".into()));
            }
            journal.append(append)
        });
        let pipeline = city.start_on(Box::new(writer));
        let handle = pipeline.handle();
        take(&handle, revenue(GUIYANG, 1)).await;
        let refusal = handle.submit_wait(revenue(GUIYANG, 2)).await.unwrap_err();
        assert_eq!(
            (refusal.code, refusal.code.retryable()),
            (RefusalCode::Storage, true)
        );
        assert!(matches!(handle.status().alarm, Some(Alarm::Storage(_))));

        // Its sender tries again, and gets the one entry either way.
        let again = handle.submit_wait(revenue(GUIYANG, 2)).await.unwrap();
        assert_eq!(
            (again.index().0, again.fresh()),
            (FOUNDING_ENTRIES + 1, !persisted)
        );
        again
            .receipt(handle.journal())
            .unwrap()
            .verify(handle.verifier())
            .unwrap();
        let third = take(&handle, revenue(GUIYANG, 3)).await;
        assert_eq!(third.0, FOUNDING_ENTRIES + 2);
        assert_eq!(
            handle.status(),
            Status {
                size: third.0 + 1,
                applied: third.0 + 1,
                alarm: None
            }
        );
        drop(handle);
        stop(pipeline);
        let digest = city.digest();
        assert_eq!(digest, undisturbed(3).await, "persisted: {persisted}");
    }
}

#[tokio::test]
async fn an_act_that_a_failed_write_left_behind_is_in_force_for_the_next_submission() {
    let city = City::founded().await;
    let mut writes = 0;
    let writer = Scripted(move |journal: &Journal, append: &Append<'_>| {
        writes += 1;
        journal.append(append)?;
        if writes == 1 {
            Err(StoreError::Disk("input/output error".into()))
        } else {
            Ok(())
        }
    });
    let pipeline = city.start_on(Box::new(writer));
    let handle = pipeline.handle();
    assert_eq!(
        handle
            .submit_wait(revocation(GUIYANG))
            .await
            .unwrap_err()
            .code,
        RefusalCode::Storage
    );
    assert_eq!(
        handle
            .submit_wait(revenue(GUIYANG, 1))
            .await
            .unwrap_err()
            .code,
        RefusalCode::KeyRevoked
    );
    stop(pipeline);
}

/// The digest of a city that took the first revisions without any trouble.
async fn undisturbed(revisions: u32) -> Digest {
    let city = City::founded().await;
    let pipeline = city.start();
    for revision in 1..=revisions {
        take(&pipeline.handle(), revenue(GUIYANG, revision)).await;
    }
    stop(pipeline);
    city.digest()
}

#[tokio::test]
async fn derived_rows_that_stopped_anywhere_come_out_the_same() {
    let city = City::founded().await;
    let mut copies = Vec::new();
    let aside = tempfile::tempdir().unwrap();
    // What a crash leaves of the derived rows is an earlier state of them; keep the one before each run.
    let keep = |number: usize| {
        let copy = aside.path().join(number.to_string());
        copy_folder(&city.path().join("derived"), &copy);
        copy
    };
    for run in 0..4 {
        copies.push(keep(run));
        let pipeline = city.start();
        for number in 0..40 {
            let unit = if number % 3 == 0 { ZUNYI } else { GUIYANG };
            take(
                &pipeline.handle(),
                revenue(unit, 1 + (number * 7 + run as u32 * 13) % 90),
            )
            .await;
        }
        stop(pipeline);
    }
    let digest = city.digest();
    for copy in copies {
        Derived::remove(city.path()).unwrap();
        copy_folder(&copy, &city.path().join("derived"));
        assert_eq!(city.digest(), digest);
    }
    Derived::remove(city.path()).unwrap();
    assert_eq!(city.digest(), digest, "a rebuild");
}

#[tokio::test]
async fn a_projector_that_lags_reads_the_journal() {
    let city = City::founded().await;
    let pipeline = city.start();
    let handle = pipeline.handle();
    // Whoever reads the board holds the projector up, and more batches are committed than are kept for it in memory.
    let (release, gate) = mpsc::channel();
    let (begins, begun) = mpsc::channel();
    let reader = thread::spawn({
        let handle = handle.clone();
        move || handle.board(|_| (begins.send(()).unwrap(), gate.recv().unwrap()))
    });
    begun.recv().unwrap();
    let mut last = LogIndex(0);
    for revision in 1..=40 {
        last = handle
            .submit_wait(revenue(GUIYANG, revision))
            .await
            .unwrap()
            .index();
    }
    assert!(handle.applied() < handle.journal().size());
    release.send(()).unwrap();
    reader.join().unwrap().unwrap();
    let applied = tokio::time::timeout(Duration::from_secs(60), handle.wait_applied(last)).await;
    applied.unwrap().unwrap();
    drop(handle);
    stop(pipeline);
    assert_eq!(city.digest(), undisturbed(40).await);
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let target = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy_folder(&item.path(), &target);
        } else {
            std::fs::copy(item.path(), target).unwrap();
        }
    }
}
