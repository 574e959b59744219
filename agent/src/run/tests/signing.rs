//! A statement that the head of statistics has to sign as well, from the file to the receipt.

use granary_core::envelope::{KeyRole, SecretKey, Suite};
use granary_core::ledger::JournalEntry;

use super::*;
use crate::waiting::{Waiting, WaitingFolder};

fn head() -> SecretKey {
    SecretKey::from_seed(Suite::Sm2Sm3, &[6; 32]).unwrap()
}

/// A city whose quarterly accounts are signed by the agent and by the head of statistics.
fn strict_city() -> City {
    let asked = "signatures = { agent = 1, head = 1 }\nfirst_period = \"2021-Q1\"";
    let text = CATALOGUE.replace("first_period = \"2021-Q1\"", asked);
    let bundle = Bundle::new(BTreeMap::from([("catalogue.toml".to_owned(), text)]));
    let city = City::start(Manner::Honest);
    city.publish(bundle.unwrap().encode());
    city
}

fn waiting(folder: &Path) -> Vec<PathBuf> {
    WaitingFolder::under(folder).files().unwrap()
}

fn sign(path: &Path) {
    let mut waiting = Waiting::read(path).unwrap();
    assert!(waiting.sign(&head(), KeyRole::StatisticsHead).unwrap());
    waiting.write(path).unwrap();
}

/// Runs an agent until its spool and `waiting/` are empty.
async fn run_until_sent(city: &City, folder: &Path) {
    let settings = settings(folder);
    let spool = open_spool(&settings, LOCK_PATIENCE).await.unwrap();
    let mut desk = Desk::open(city.channel(), settings, identity(), spool).unwrap();
    desk.recover();
    let deadline = Instant::now() + MINUTE;
    while city.submissions() == 0 || !waiting(folder).is_empty() || desk.in_flight() > 0 {
        tokio::select! {
            () = until(desk.next_look()) => desk.handle(Event::Look),
            event = next(&mut desk) => desk.handle(event),
            () = tokio::time::sleep_until(deadline) => panic!("nothing was sent"),
        }
    }
    drain(&mut desk).await;
}

#[tokio::test(start_paused = true)]
async fn it_waits_until_the_head_has_signed_and_is_sent_then() {
    let (folder, city) = (tempfile::tempdir().unwrap(), strict_city());
    let file = write(&folder.path().join("q3.csv"), "3102.44");
    let (place, report) = submitted(&city, folder.path(), &file, MINUTE).await;
    assert_eq!(report.outcome, Outcome::Sent);
    assert!(place.ends_with("sent/q3.csv"), "{}", place.display());
    let who = report.statements[0].still_to_sign.as_ref().unwrap();
    assert_eq!(who.zh, "统计负责人");
    let told = std::fs::read_to_string(format!("{}.report.txt", place.display())).unwrap();
    assert!(told.contains("signed by the head of statistics"), "{told}");
    assert_eq!(city.submissions(), 0, "nothing is sent unsigned");

    // The same file again says nothing new, and makes no second statement.
    let (_, again) = submitted(&city, folder.path(), &file, MINUTE).await;
    assert_eq!(again.outcome, Outcome::Repeated);
    let files = waiting(folder.path());
    assert_eq!(files.len(), 1);
    sign(&files[0]);
    run_until_sent(&city, folder.path()).await;
    assert!(waiting(folder.path()).is_empty());
    let receipts = std::fs::read_dir(folder.path().join("state/receipts")).unwrap();
    let receipt = receipts
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "tlog-proof"))
        .unwrap();
    let (_, entry, _) = verify_file(&receipt, &log_key()).unwrap();
    let entry: JournalEntry = entry;
    assert_eq!(entry.signatures.len(), 2);
    assert_eq!(entry.signatures[1].key_id, head().public_key().key_id());
}

#[tokio::test(start_paused = true)]
async fn a_file_left_by_a_crash_after_spooling_is_sent_twice_and_counts_once() {
    let (folder, city) = (tempfile::tempdir().unwrap(), strict_city());
    let file = write(&folder.path().join("q3.csv"), "3102.44");
    submitted(&city, folder.path(), &file, MINUTE).await;
    let path = waiting(folder.path()).remove(0);
    sign(&path);
    let bytes = std::fs::read(&path).unwrap();
    run_until_sent(&city, folder.path()).await;
    // As if the process had died before the file was removed.
    std::fs::write(&path, bytes).unwrap();
    run_until_sent(&city, folder.path()).await;
    assert_eq!(city.entries(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_damaged_file_stays_and_is_told_once() {
    let (folder, city) = (tempfile::tempdir().unwrap(), strict_city());
    let file = write(&folder.path().join("q3.csv"), "3102.44");
    submitted(&city, folder.path(), &file, MINUTE).await;
    let path = waiting(folder.path()).remove(0);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let settings = settings(folder.path());
    let spool = open_spool(&settings, LOCK_PATIENCE).await.unwrap();
    let mut desk = Desk::open(city.channel(), settings, identity(), spool).unwrap();
    desk.recover();
    while desk.alarm().is_none() {
        tokio::select! {
            () = until(desk.next_look()) => desk.handle(Event::Look),
            event = next(&mut desk) => desk.handle(event),
        }
    }
    let alarm = desk.alarm().unwrap();
    assert!(alarm.zh.contains("waiting 中的"), "{}", alarm.zh);
    assert!(path.exists());
    assert_eq!(city.submissions(), 0);
}
