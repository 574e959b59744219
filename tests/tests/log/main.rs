//! A city's log, read by those who trust nobody: `granary-audit log` and Go's checksum database client, both over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod city;
mod go;

use std::fs;

use city::City;

#[test]
fn a_monitor_follows_the_log_and_finds_out_when_it_was_rewritten() {
    let mut city = City::founded();
    city.grow(40, 1);
    city.start();
    let first = city.follow();
    assert_eq!(
        (first.code, first.error.as_str()),
        (0, ""),
        "{}",
        first.output
    );
    city.stop();
    let backup = city.copy();

    city.grow(560, 2);
    city.start();
    let second = city.follow();
    assert_eq!(second.code, 0, "{}", second.output);
    assert!(
        second.output.contains("\nnew entries: 560\n"),
        "{}",
        second.output
    );
    city.stop();

    // A backup is put back: what was signed since is gone, and soon something else stands in its place.
    city.put_back(&backup);
    city.start();
    let shrunk = city.follow();
    assert_eq!(shrunk.code, 1);
    assert!(
        shrunk.output.contains("the log has shrunk"),
        "{}",
        shrunk.output
    );
    city.stop();
    city.grow(800, 3);
    city.start();
    let rewritten = city.follow();
    assert_eq!(rewritten.code, 1);
    assert!(
        rewritten.output.contains("the log was rewritten"),
        "{}",
        rewritten.output
    );
    let evidence = fs::read_dir(city.folder()).unwrap().filter(|file| {
        let name = file.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("city.head.contradicts-")
    });
    assert_eq!(evidence.count(), 2);
    city.stop();
}

#[test]
fn gos_checksum_database_client_finds_every_entry_and_every_prefix() {
    let Some(oracle) = go::oracle() else {
        return;
    };
    let mut city = City::founded();
    city.grow(300, 1);
    city.start();
    let earlier = city.checkpoint();
    city.stop();
    let backup = city.copy();
    city.grow(400, 2);
    city.start();
    // The founding act and the catalogue stand before them.
    let size = 702;
    let (holds, said) = go::run(&oracle, &city.log_url(), &city.verifier_key, &earlier);
    assert!(holds, "{said}");
    assert_eq!(said, format!("{size} entries and {size} prefixes hold\n"));

    // It is no use asking somebody who says yes to everything.
    let other = City::founded();
    let (holds, said) = go::run(&oracle, &city.log_url(), &other.verifier_key, &earlier);
    assert!(!holds, "{said}");
    let later = city.checkpoint();
    city.stop();
    city.put_back(&backup);
    city.grow(800, 3);
    city.start();
    let (holds, said) = go::run(&oracle, &city.log_url(), &city.verifier_key, &later);
    assert!(!holds, "{said}");
    city.stop();
}
