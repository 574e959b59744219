//! Announced, sealed, drawn, visited, estimated: with the command line, on files.

use std::path::{Path, PathBuf};

use granary_audit::{
    cli::{Response, respond},
    replay::{Options, replay},
    sample,
};
use granary_core::ledger::{
    Deed, LogIndex,
    sampling::{
        Announcement, Draw, Kind, Method, Public, Scope, Seal, Step, Strata, Visit, VisitResult,
    },
};
use serde_json::Value;

use crate::{
    city::{City, OPERATOR, at, sign_act, unit},
    journal::{archive, end, history, records},
};

/// A journal that grows, and its archive.
pub(crate) struct Story {
    pub(crate) city: City,
    pub(crate) folder: tempfile::TempDir,
    nonce: u8,
}

impl Story {
    pub(crate) fn begun() -> Self {
        Self {
            city: history(),
            folder: tempfile::tempdir().unwrap(),
            nonce: 100,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the archive of all entries so far.
    pub(crate) fn export(&self) -> PathBuf {
        let records = records(&self.city);
        let path = self.path("city.granary");
        std::fs::write(&path, archive(&records, &end(&records))).unwrap();
        path
    }

    pub(crate) fn act(&mut self, deed: Deed) -> LogIndex {
        self.nonce += 1;
        let applied = self
            .city
            .take(&sign_act(OPERATOR, self.nonce, deed))
            .unwrap();
        assert_eq!(applied.ineffective, None);
        LogIndex(self.city.entries.len() as u64 - 1)
    }

    /// An entry that has nothing to do with samples.
    pub(crate) fn pass(&mut self) {
        let token_sha256 = granary_core::digest::Digest::of(&[self.nonce]);
        self.act(Deed::IssueToken {
            unit: unit("520100"),
            token_sha256,
            expires_at_ms: i64::MAX,
            role: granary_core::envelope::KeyRole::default(),
        });
    }

    /// Announces, and lets the log pass the seal.
    pub(crate) fn announce(&mut self, change: impl Fn(&mut Announcement)) -> LogIndex {
        let file = self.export();
        let journal = replay(&file, &Options::default(), &mut |_| {}).unwrap();
        let mut announcement = announcement();
        change(&mut announcement);
        let (scope, method) = (&announcement.scope, announcement.method);
        let frame = sample::frame(&journal, scope, method).unwrap();
        announcement.frame = frame.head(journal.applied());
        announcement.seal = Seal::Size(journal.applied() + 2);
        let index = self.act(Deed::Sample(Step::Announce(announcement)));
        self.pass();
        index
    }

    /// States the draw that the entries give.
    pub(crate) fn draw(&mut self, index: LogIndex) -> Draw {
        let draw = self.computed(index);
        self.act(Deed::Sample(Step::Draw(draw.clone())));
        draw
    }

    pub(crate) fn computed(&self, index: LogIndex) -> Draw {
        let file = self.export();
        let whole = replay(&file, &Options::default(), &mut |_| {}).unwrap();
        let announced = sample::announced(&whole, index).unwrap();
        let options = Options {
            entries_max: Some(announced.announcement.frame.entries),
            ..Options::default()
        };
        let at_frame = replay(&file, &options, &mut |_| {}).unwrap();
        let drawing = sample::drawing(&file, index, announced, &at_frame, Some("7 11 23"));
        drawing.unwrap().draw()
    }
}

pub(crate) fn announcement() -> Announcement {
    Announcement {
        title: "三季度随机核查".into(),
        scope: Scope {
            kind: Kind::Observations,
            datasets: vec!["quarterly-accounts".parse().unwrap()],
            periods: vec!["2021-Q2".parse().unwrap()],
            indicators: vec![],
            measure: None,
            strata: Strata::Unit,
        },
        method: Method::Equal,
        size: 6,
        allocations: vec![],
        seal: Seal::Size(1),
        public: Public::Awaited("彩票号码".into()),
        frame: granary_core::ledger::sampling::FrameHead {
            entries: 0,
            elements: 0,
            sha256: granary_core::digest::Digest::of(b""),
        },
    }
}

pub(crate) fn ask(args: &[&str], file: &Path) -> Response {
    let file = ["--export", file.to_str().unwrap()];
    let args = ["granary-audit", "sample"].iter().chain(args).chain(&file);
    respond(args.map(Into::into).collect(), &|_| None)
}

pub(crate) fn json(response: &Response) -> Value {
    assert_eq!(response.error, "");
    serde_json::from_str(&response.output).unwrap()
}

fn visit(sample: LogIndex, draw: &Draw, at: usize, result: VisitResult) -> Visit {
    let wrong = matches!(result, VisitResult::Wrong);
    Visit {
        sample,
        element: draw.elements[at].clone(),
        result,
        verified: wrong.then(|| "7.5".parse().unwrap()),
        note: if wrong {
            "台账第 12 页".into()
        } else {
            String::new()
        },
        visitor: "李".into(),
        visited_at_ms: at_noon(),
    }
}

fn at_noon() -> i64 {
    at("2021-08-20T12:00:00+08:00")
}

#[test]
fn an_announcement_states_the_frame_that_anybody_can_hash() {
    let story = Story::begun();
    let (file, frame) = (story.export(), story.path("frame.tsv"));
    let args = [
        "announce",
        "--title",
        "T",
        "--dataset",
        "quarterly-accounts",
        "--period",
        "2021-Q2",
        "--strata",
        "unit",
        "--size",
        "6",
        "--seal-size",
        "99",
        "--awaited",
        "lottery",
        "--frame-out",
        frame.to_str().unwrap(),
    ];
    let answer = json(&ask(&[&args[..], &["--json"]].concat(), &file));
    let text = std::fs::read(&frame).unwrap();
    let sha256 = granary_core::digest::Digest::of(&text).to_string();
    assert_eq!(answer["announcement"]["frame_sha256"], sha256);
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().count(), 16);
    assert_eq!(
        text.lines().next(),
        Some("quarterly-accounts\t2021-Q2\t520000\tgdp\t\t520000\t300.10")
    );
    assert_eq!(answer["sizes"]["520100"], 2);
    let table = ask(&[&args[..], &["--lang", "en"]].concat(), &file);
    insta::assert_snapshot!("announced_en", table.output);
    let table = ask(&[&args[..], &["--lang", "zh"]].concat(), &file);
    insta::assert_snapshot!("announced_zh", table.output);
}

#[test]
fn a_draw_comes_out_of_the_entries_and_is_compared() {
    let mut story = Story::begun();
    let index = story.announce(|_| {});
    let sample = index.to_string();
    let args = ["draw", "--sample", &sample, "--json"];
    let missing = ask(&args, &story.export());
    assert_eq!(missing.code, 2);
    assert!(missing.error.contains("--public"), "{}", missing.error);
    let args = ["draw", "--sample", &sample, "--public", "7 11 23", "--json"];
    let first = json(&ask(&args, &story.export()));
    assert_eq!(first["stated_is_this"], Value::Null);
    assert_eq!(first["drawn"].as_array().unwrap().len(), 6);
    assert_eq!(first["drawn"][0]["probability"], "1/2");
    story.draw(index);
    // What the journal holds later, revisions too, changes nothing of the draw.
    story.pass();
    let response = ask(&["draw", "--sample", &sample, "--json"], &story.export());
    let second = json(&response);
    assert_eq!(response.code, 0);
    assert_eq!(second["drawn"], first["drawn"]);
    assert_eq!(second["stated_is_this"], true);
    let other = ["draw", "--sample", &sample, "--public", "7 11 24", "--json"];
    let third = json(&ask(&other, &story.export()));
    assert_ne!(third["seed"], first["seed"]);
    let table = ask(
        &["draw", "--sample", &sample, "--lang", "en"],
        &story.export(),
    );
    insta::assert_snapshot!("drawn_en", table.output);
}

#[test]
fn a_draw_that_was_made_up_is_found() {
    let mut story = Story::begun();
    let index = story.announce(|a| a.public = Public::Agreed("7".into()));
    let mut draw = story.computed(index);
    // The unwelcome element is replaced by its neighbour that was not drawn.
    let names = ["gdp", "primary", "secondary", "tertiary"];
    let spare = names.iter().map(|name| {
        let mut spare = draw.elements[0].clone();
        spare.indicator = Some(name.parse().unwrap());
        spare
    });
    let spare = spare
        .into_iter()
        .find(|spare| !draw.elements.contains(spare));
    draw.elements[0] = spare.unwrap();
    story.act(Deed::Sample(Step::Draw(draw)));
    let response = ask(
        &["draw", "--sample", &index.to_string(), "--json"],
        &story.export(),
    );
    assert_eq!(response.code, 1);
    assert_eq!(json(&response)["stated_is_this"], false);
    let table = ask(
        &["draw", "--sample", &index.to_string(), "--lang", "en"],
        &story.export(),
    );
    assert!(
        table.output.contains("states another draw"),
        "{}",
        table.output
    );
}

#[test]
fn a_frame_that_is_not_the_announced_one_is_found() {
    let mut story = Story::begun();
    let index = story.announce(|_| {});
    let Some(sample) = story.city.ledger.registry().sample(index) else {
        panic!("no sample");
    };
    let mut announcement = sample.announcement.clone();
    announcement.frame.sha256 = granary_core::digest::Digest::of(b"other");
    announcement.seal = Seal::Size(story.city.entries.len() as u64 + 2);
    let index = story.act(Deed::Sample(Step::Announce(announcement)));
    story.pass();
    let sample = index.to_string();
    let args = ["draw", "--sample", &sample, "--public", "7", "--lang", "en"];
    let response = ask(&args, &story.export());
    assert_eq!(response.code, 2);
    assert!(
        response.error.contains("not the one announced"),
        "{}",
        response.error
    );
}

#[test]
fn visits_are_estimated_from_and_corrections_count() {
    let mut story = Story::begun();
    let index = story.announce(|announcement| {
        announcement.scope.indicators = vec!["primary".parse().unwrap()];
        announcement.scope.strata = Strata::None;
        announcement.size = 3;
    });
    let draw = story.draw(index);
    let found = [
        (0, VisitResult::NoEvidence),
        (1, VisitResult::Confirmed),
        (0, VisitResult::Wrong),
    ];
    for (at, result) in found {
        let visit = visit(index, &draw, at, result);
        story.act(Deed::Sample(Step::Visit(visit)));
    }
    let sample = index.to_string();
    for (language, name) in [("zh", "estimated_zh"), ("en", "estimated_en")] {
        let args = ["estimate", "--sample", &sample, "--lang", language];
        let response = ask(&args, &story.export());
        assert_eq!((response.code, response.error.as_str()), (0, ""));
        insta::assert_snapshot!(name, response.output);
    }
    let answer = json(&ask(
        &["estimate", "--sample", &sample, "--json"],
        &story.export(),
    ));
    assert_eq!(answer["corrected"], 1);
    assert_eq!(answer["all"]["visited"], 2);
    assert_eq!(answer["all"]["share"], "0.500000");
}

#[test]
fn the_seal_by_instant_is_the_first_tree_at_or_after_it() {
    let mut story = Story::begun();
    let file = story.export();
    let journal = replay(&file, &Options::default(), &mut |_| {}).unwrap();
    let mut announcement = announcement();
    let (scope, method) = (&announcement.scope, announcement.method);
    announcement.frame = sample::frame(&journal, scope, method)
        .unwrap()
        .head(journal.applied());
    announcement.public = Public::Agreed("7".into());
    let seal_ms = story.city.now_ms + 3;
    announcement.seal = Seal::After(seal_ms);
    let index = story.act(Deed::Sample(Step::Announce(announcement)));
    story.pass();
    story.pass();
    let sample = index.to_string();
    let args = ["draw", "--sample", &sample, "--json"];
    assert_eq!(ask(&args, &story.export()).code, 2);
    story.city.now_ms = seal_ms + 10;
    story.pass();
    let sealed = json(&ask(&args, &story.export()));
    assert_eq!(sealed["tree_size"], index.0 + 4);
    story.pass();
    assert_eq!(json(&ask(&args, &story.export())), sealed);
}
