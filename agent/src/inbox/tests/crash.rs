//! A crash at every step: whatever is half done is finished, and only once.

use super::*;

/// The state of a folder tree, to go back to.
fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let goal = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &goal)
        } else {
            fs::copy(entry.path(), goal).map(|_| ()).unwrap()
        }
    }
}

/// A spool that takes a picture of the folders whenever it is called, as a crash would leave them.
struct Witness<'a> {
    root: &'a Path,
    pictures: Vec<tempfile::TempDir>,
}

impl Submitter for Witness<'_> {
    fn revision_floor(&self, _slot: &SlotKey) -> u32 {
        0
    }

    fn submit(&mut self, _outgoing: &Outgoing) -> Result<(), SubmitError> {
        let picture = tempfile::tempdir().unwrap();
        copy_tree(self.root, picture.path());
        self.pictures.push(picture);
        Ok(())
    }
}

/// Every state that a crash in the middle of an intent can leave: the intent is written, and any number of its later effects.
fn half_done(before: &Path, after: &Path) -> Vec<tempfile::TempDir> {
    let intent = fs::read(before.join("state/intent.json")).unwrap();
    let variants: [&dyn Fn(&Path); 5] = [
        // Crash right after the intent, before everything else.
        &|_| {},
        // Crash between a ticket and the pointers to it.
        &|root| {
            copy_tree(&after.join("state"), &root.join("state"));
            for entry in fs::read_dir(root.join("state/awaiting")).unwrap() {
                fs::remove_file(entry.unwrap().path()).unwrap();
            }
        },
        // Crash after the records.
        &|root| copy_tree(&after.join("state"), &root.join("state")),
        // Crash after the reports.
        &|root| {
            copy_tree(&after.join("state"), &root.join("state"));
            for folder in Folder::ALL {
                for entry in fs::read_dir(after.join("office").join(folder.name())).unwrap() {
                    let name = entry.unwrap().file_name();
                    if name.to_str().unwrap().contains(".report.") {
                        fs::copy(
                            after.join("office").join(folder.name()).join(&name),
                            root.join("office").join(folder.name()).join(&name),
                        )
                        .unwrap();
                    }
                }
            }
        },
        // Crash after the move, before the intent is removed.
        &|root| {
            fs::remove_dir_all(root).unwrap();
            copy_tree(after, root);
        },
    ];
    variants
        .iter()
        .map(|change| {
            let folder = tempfile::tempdir().unwrap();
            copy_tree(before, folder.path());
            change(folder.path());
            fs::write(folder.path().join("state/intent.json"), &intent).unwrap();
            folder
        })
        .collect()
}

#[test]
fn a_crash_at_any_step_ends_in_the_same_state() {
    // Two statements in one file, so that there is a crash between them too.
    let mut office = Office::new();
    let two = "dataset,period,gdp\nquarterly-accounts,2021-Q1,1\nquarterly-accounts,2021-Q2,2\n";
    office.drop_in("two.csv", two);
    office.scan();
    office.now_ms += 2_000;
    let root = office.folder.path().to_owned();
    let mut witness = Witness {
        root: &root,
        pictures: Vec::new(),
    };
    let mut cx = Context {
        unit: &office.own,
        catalogue: &office.catalogue,
        is_current: true,
        history: &office.history,
        submitter: &mut witness,
        now_ms: office.now_ms,
    };
    office.inbox.scan(&mut cx);
    let expect = office.all();
    assert_eq!(office.names(), ["sent/two.csv"]);
    let mut pictures = witness.pictures;
    assert_eq!(pictures.len(), 2);
    let before = pictures[0].path().to_owned();
    pictures.extend(half_done(&before, &root));
    for picture in &pictures {
        for _ in 0..2 {
            let mut spool = Spool::default();
            let mut inbox = open(picture.path());
            inbox.recover(&mut spool, NOW_MS + 500_000);
            assert!(
                spool.taken.len() == 2 || spool.taken.is_empty(),
                "all payloads again, or nothing left to do"
            );
            let reopened = Office {
                inbox,
                folder: tempfile::tempdir().unwrap(),
                spool,
                catalogue: catalogue(),
                history: Reader::new(picture.path(), &unit("520100")),
                own: unit("520100"),
                now_ms: 0,
            };
            assert_eq!(reopened.all(), expect, "also after a second restart");
            assert_eq!(reopened.inbox.awaiting().unwrap().len(), 2);
            assert!(reopened.inbox.records.intent().unwrap().is_none());
        }
    }
}

#[test]
fn a_crash_while_a_file_leaves_sent_ends_in_accepted() {
    let mut office = Office::new();
    office.drop_in("a.csv", GOOD);
    office.settle_and_scan();
    let root = office.folder.path().to_owned();
    // The goal cannot be written, so the intent stays: what a crash right after the intent leaves.
    fs::rename(root.join("office/accepted"), root.join("office/away")).unwrap();
    let digest = Digest::of(&office.spool.taken[0]);
    assert!(office.inbox.settle(&digest, &accepted(), NOW_MS).is_err());
    let before = tempfile::tempdir().unwrap();
    fs::rename(root.join("office/away"), root.join("office/accepted")).unwrap();
    copy_tree(&root, before.path());
    office.restart();
    assert_eq!(office.names(), ["accepted/a.csv"]);
    let expect = office.all();
    for picture in half_done(before.path(), &root) {
        let mut inbox = open(picture.path());
        inbox.recover(&mut Spool::default(), NOW_MS);
        let reopened = Office {
            inbox,
            folder: tempfile::tempdir().unwrap(),
            spool: Spool::default(),
            catalogue: catalogue(),
            history: Reader::new(picture.path(), &unit("520100")),
            own: unit("520100"),
            now_ms: 0,
        };
        assert_eq!(reopened.all(), expect);
        assert!(reopened.inbox.awaiting().unwrap().is_empty());
    }
}

#[test]
fn the_same_file_dropped_again_before_a_restart_is_handled_by_itself() {
    let mut office = Office::new();
    office.spool.full = true;
    office.drop_in("a.csv", GOOD);
    office.settle_and_scan();
    let intent = fs::read(office.folder.path().join("state/intent.json")).unwrap();
    office.spool.full = false;
    office.scan();
    // The move was the last thing before the crash; then the clerk drops the file once more.
    fs::write(office.folder.path().join("state/intent.json"), intent).unwrap();
    office.drop_in("a.csv", GOOD);
    office.restart();
    assert_eq!(office.names(), ["inbox/a.csv", "sent/a.csv"]);
    assert!(office.all().contains_key("sent/a.csv.report.txt"));
    assert_eq!(outcome(&office.settle_and_scan()), Outcome::Repeated);
    office.answer(0, &accepted()).unwrap();
    assert!(
        office
            .names()
            .iter()
            .all(|name| name.starts_with("accepted/"))
    );
}
