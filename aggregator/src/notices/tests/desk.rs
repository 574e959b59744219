//! The desk as the server runs it, on a real pipeline; weeks pass in no time, because the runtime's clock is paused.

use std::{path::Path, sync::Arc, time::Duration};

use axum::{http::StatusCode, response::IntoResponse as _};
use tokio::sync::watch;

use super::support::{NOTICES, Notebook, RuntimeClock, at, settings, settings_at, shown};
use crate::{
    clock::Clock as _,
    notices::{channel::tests::posts::serve, desk::Desk},
    pipeline::Pipeline,
    testing::{City, stop},
};

const HOUR: Duration = Duration::from_secs(3_600);

async fn run_for(city: &City, notebook: &Arc<Notebook>, clock: &Arc<RuntimeClock>, time: Duration) {
    let pipeline = city.start();
    let (stopping, stopped) = watch::channel(false);
    let desk = Desk::open_with(
        city.path(),
        settings(NOTICES),
        pipeline.handle(),
        Arc::clone(clock) as _,
        Arc::clone(notebook) as _,
        Box::new(|| 0),
    );
    let desk = tokio::spawn(desk.unwrap().run(stopped));
    tokio::time::sleep(time).await;
    stopping.send_replace(true);
    desk.await.unwrap();
    stop(pipeline);
}

/// What was taken, one line each; the notebook does not know when, so the subject's "as of" and the order tell.
fn subjects(notebook: &Notebook) -> Vec<String> {
    let taken = notebook.lock_taken();
    let line = |parcel: &crate::notices::channel::Parcel| {
        format!("{}: {}", parcel.id.contact, parcel.notice.subject.en)
    };
    taken.iter().map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn a_month_is_told_once_over_restarts() {
    let city = City::founded().await;
    let notebook = Arc::new(Notebook::default());
    let clock = Arc::new(RuntimeClock::starting("2022-06-03T12:00:00+08:00"));
    for hours in [30, 10, 9, 40, 1, 100] {
        run_for(&city, &notebook, &clock, HOUR * hours).await;
    }
    assert_eq!(shown(clock.now_ms()).get(..5), Some("06-11"));
    insta::assert_snapshot!(subjects(&notebook).join("\n"));
    assert!(city.path().join("notices").is_dir());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_before_a_catalogue_is_published() {
    let city = City::new();
    let notebook = Arc::new(Notebook::default());
    let clock = Arc::new(RuntimeClock::starting("2022-06-03T12:00:00+08:00"));
    run_for(&city, &notebook, &clock, HOUR * 100).await;
    assert!(notebook.lock_taken().is_empty());
}

/// Real channels, real sockets, a server that is restarted: each message arrives once, though the first attempt fails.
#[tokio::test]
async fn over_sockets_each_message_arrives_once() {
    let broken = StatusCode::SERVICE_UNAVAILABLE.into_response();
    let (address, asked) = serve(vec![broken]).await;
    let city = City::founded().await;
    city.clock.set(at("2022-06-05T08:00:00+08:00"));
    let arrived = |count: usize| {
        let asked = Arc::clone(&asked);
        async move {
            while asked.lock().unwrap().len() < count {
                tokio::task::yield_now().await;
            }
        }
    };
    let desk = |pipeline: &Pipeline, text: &str| {
        let (stopping, stopped) = watch::channel(false);
        let settings = settings_at(text, &address);
        let clock = Arc::clone(&city.clock) as _;
        let desk = Desk::open(city.path(), settings, pipeline.handle(), clock).unwrap();
        (stopping, tokio::spawn(desk.run(stopped)))
    };
    let pipeline = city.start();
    let (stopping, running) = desk(&pipeline, NOTICES);
    arrived(2).await;
    stopping.send_replace(true);
    running.await.unwrap();
    // One of the two was refused. After a restart it is tried again when its time has come, and nothing else is.
    city.clock.step(60_000);
    let (stopping, running) = desk(&pipeline, NOTICES);
    arrived(3).await;
    stopping.send_replace(true);
    running.await.unwrap();
    // The next thing in the plan is the summary on Monday morning.
    city.clock.set(at("2022-06-06T07:00:00+08:00"));
    let (stopping, running) = desk(&pipeline, NOTICES);
    arrived(4).await;
    stopping.send_replace(true);
    running.await.unwrap();
    let asked = asked.lock().unwrap().clone();
    let paths: Vec<&str> = asked.iter().map(|a| a.lines().next().unwrap()).collect();
    assert_eq!(paths.len(), 4, "{paths:?}");
    assert!(paths[3].contains("/group"), "{paths:?}");
    let key = |asked: &String| {
        let line = asked
            .lines()
            .find(|line| line.starts_with("idempotency-key"));
        line.unwrap().to_owned()
    };
    assert_eq!(key(&asked[2]), key(&asked[0]), "the same key again");
    assert_ne!(key(&asked[0]), key(&asked[1]));
    stop(pipeline);
}

#[test]
fn a_damaged_outbox_is_not_replaced() {
    let data = tempfile::tempdir().unwrap();
    let folder: &Path = &data.path().join("notices");
    std::fs::create_dir(folder).unwrap();
    std::fs::write(folder.join("CURRENT"), "MANIFEST-000009\n").unwrap();
    assert!(crate::notices::outbox::Outbox::open(data.path(), 0).is_err());
    assert!(folder.join("CURRENT").exists());
}
