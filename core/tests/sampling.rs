//! Random verification in the ledger: what is announced too late, drawn twice, or visited without having been drawn has no effect, and
//! a correction leaves what was recorded before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use granary_core::{
    code::IndicatorCode,
    decimal::Decimal,
    digest::Digest,
    ledger::{
        Deed, LogIndex, RefusalCode,
        sampling::{
            Allocation, Announcement, Draw, Element, FrameHead, Kind, Method, Public, Scope, Seal,
            Step, Strata, Visit, VisitResult, visits,
        },
    },
};
use support::{City, OPERATOR, accounts, at, sign_act, sign_snapshot, snapshot};

const GOOD: [&str; 4] = ["100.00", "10.00", "40.00", "50.00"];

fn city() -> City {
    let mut city = City::with_units(&["520100", "520200"]);
    for (seed, unit) in [(100, "520100"), (101, "520200")] {
        let snapshot = snapshot(accounts(unit), 1, GOOD);
        city.take(&sign_snapshot(seed, &snapshot)).unwrap();
    }
    city
}

fn announcement(city: &City, ahead: u64) -> Announcement {
    let entries = city.entries.len() as u64;
    Announcement {
        title: "第三季度随机核查".into(),
        scope: Scope {
            kind: Kind::Observations,
            datasets: vec!["quarterly-accounts".parse().unwrap()],
            periods: vec!["2021-Q2".parse().unwrap()],
            indicators: vec![],
            measure: None,
            strata: Strata::None,
        },
        method: Method::Equal,
        size: 2,
        allocations: vec![],
        seal: Seal::Size(entries + ahead),
        public: Public::Agreed("agreed".into()),
        frame: FrameHead {
            entries,
            elements: 8,
            sha256: Digest::of(b"frame"),
        },
    }
}

fn element(unit: &str, indicator: &str) -> Element {
    Element {
        slot: accounts(unit),
        indicator: Some(IndicatorCode::new(indicator).unwrap()),
        item: None,
    }
}

fn draw(sample: LogIndex, tree_size: u64) -> Draw {
    Draw {
        sample,
        tree_size,
        root: Digest::of(b"root"),
        public: "agreed".into(),
        elements: vec![element("520100", "gdp"), element("520200", "primary")],
    }
}

fn visit(sample: LogIndex, result: VisitResult, verified: Option<&str>) -> Visit {
    Visit {
        sample,
        element: element("520100", "gdp"),
        result,
        verified: verified.map(|text| Decimal::parse(text).unwrap()),
        note: String::new(),
        visitor: "李".into(),
        visited_at_ms: at("2021-06-01T00:00:00+08:00"),
    }
}

/// Takes a step; the sentence of the refusal, or of why it has no effect.
fn take(city: &mut City, nonce: u8, step: Step) -> Option<String> {
    match city.take(&sign_act(OPERATOR, nonce, Deed::Sample(step))) {
        Err(refusal) => {
            assert_eq!(refusal.code, RefusalCode::Act);
            assert!(!refusal.message.zh.is_empty());
            Some(refusal.message.en)
        }
        Ok(applied) => applied.ineffective.map(|refusal| refusal.message.en),
    }
}

/// A city with a sample announced at the index given and sealed two entries later.
fn announced() -> (City, LogIndex) {
    let mut city = city();
    let sample = LogIndex(city.entries.len() as u64);
    let announcement = announcement(&city, 2);
    assert_eq!(take(&mut city, 50, Step::Announce(announcement)), None);
    city.enrol(103, "520300").unwrap();
    (city, sample)
}

#[test]
fn an_announcement_after_its_seal_is_refused() {
    let city = city();
    let check = |change: &dyn Fn(&mut Announcement), expect: &str| {
        let mut announcement = announcement(&city, 5);
        change(&mut announcement);
        let refused = take(&mut city.clone(), 50, Step::Announce(announcement));
        let refused = refused.unwrap_or_default();
        assert!(refused.contains(expect), "{expect}: {refused}");
    };
    let entries = city.entries.len() as u64;
    let (now_ms, late) = (city.now_ms, "announced too late");
    check(&|a| a.seal = Seal::Size(entries), late);
    check(&|a| a.seal = Seal::Size(entries + 1), late);
    check(&|a| a.seal = Seal::After(now_ms), "has passed");
    check(&|a| a.frame.entries = entries + 1, "not there yet");
    check(&|a| a.size = 9, "larger than the frame");
    check(
        &|a| a.scope.datasets = vec!["nothing".parse().unwrap()],
        "no dataset",
    );
    let set = |stratum: &str, size| Allocation {
        stratum: stratum.into(),
        size,
    };
    check(
        &|a| a.allocations = vec![set("a", 2)],
        "there are no strata",
    );
    check(
        &|a| {
            a.scope.strata = Strata::Unit;
            a.allocations = vec![set("a", 1), set("a", 1)];
        },
        "twice",
    );
    check(
        &|a| (a.scope.strata, a.method) = (Strata::Unit, Method::BySize),
        "by size has no strata",
    );
    check(
        &|a| (a.scope.kind, a.method) = (Kind::Slots, Method::BySize),
        "is missing",
    );
    for seal in [Seal::Size(entries + 2), Seal::After(now_ms + 1)] {
        let announcement = Announcement {
            seal,
            ..announcement(&city, 5)
        };
        assert_eq!(
            take(&mut city.clone(), 50, Step::Announce(announcement)),
            None
        );
    }
}

#[test]
fn a_draw_follows_its_seal_and_is_stated_once() {
    let (city, sample) = announced();
    let check = |change: &dyn Fn(&mut Draw), expect: &str| {
        let mut draw = draw(sample, sample.0 + 2);
        change(&mut draw);
        let refused = take(&mut city.clone(), 51, Step::Draw(draw)).unwrap_or_default();
        assert!(refused.contains(expect), "{expect}: {refused}");
    };
    check(&|d| d.sample = LogIndex(0), "announces no sample");
    check(&|d| d.tree_size += 1, "not the announced seal");
    check(&|d| d.public = "another".into(), "not the one agreed on");
    check(&|d| d.elements.truncate(1), "not as many");
    check(&|d| d.elements[1] = d.elements[0].clone(), "occurs twice");
    let mut drawn = city;
    assert_eq!(
        take(&mut drawn, 51, Step::Draw(draw(sample, sample.0 + 2))),
        None
    );
    let again = take(&mut drawn, 52, Step::Draw(draw(sample, sample.0 + 2)));
    assert_eq!(
        again.unwrap(),
        "this sample has been drawn: there is no second draw"
    );
    let known = drawn.ledger.registry().sample(sample).unwrap();
    assert_eq!(known.draw.as_ref().unwrap().1, draw(sample, sample.0 + 2));
}

#[test]
fn a_draw_before_the_seal_has_no_effect() {
    let mut city = city();
    let sample = LogIndex(city.entries.len() as u64);
    let announcement = announcement(&city, 5);
    assert_eq!(take(&mut city, 50, Step::Announce(announcement)), None);
    let early = take(&mut city, 51, Step::Draw(draw(sample, sample.0 + 5)));
    assert_eq!(early.unwrap(), "the log has not reached the seal");
    assert_eq!(city.ledger.registry().sample(sample).unwrap().draw, None);
}

#[test]
fn only_drawn_elements_are_visited_and_corrections_come_later() {
    let (mut city, sample) = announced();
    let found = |result, verified| Step::Visit(visit(sample, result, verified));
    let undrawn = take(&mut city.clone(), 60, found(VisitResult::Confirmed, None));
    assert_eq!(undrawn.unwrap(), "this sample has not been drawn");
    assert_eq!(
        take(&mut city, 51, Step::Draw(draw(sample, sample.0 + 2))),
        None
    );
    let check = |step: Step, expect: &str| {
        let refused = take(&mut city.clone(), 60, step).unwrap_or_default();
        assert!(refused.contains(expect), "{expect}: {refused}");
    };
    let mut other = visit(sample, VisitResult::Confirmed, None);
    other.element = element("520200", "gdp");
    check(Step::Visit(other), "was not drawn");
    check(found(VisitResult::Wrong, None), "a wrong figure needs");
    check(
        found(VisitResult::Confirmed, Some("1")),
        "nothing else has one",
    );
    let mut ahead = visit(sample, VisitResult::Confirmed, None);
    ahead.visited_at_ms = i64::MAX;
    check(Step::Visit(ahead), "lies in the future");

    assert_eq!(
        take(&mut city, 60, found(VisitResult::NoEvidence, None)),
        None
    );
    let first = LogIndex(city.entries.len() as u64 - 1);
    assert_eq!(
        take(&mut city, 61, found(VisitResult::Wrong, Some("98.50"))),
        None
    );
    let recorded = visits(&city.store, sample).unwrap();
    assert_eq!(recorded.len(), 2);
    assert_eq!(
        (recorded[0].0, recorded[0].2.result),
        (first, VisitResult::NoEvidence)
    );
    assert_eq!(
        recorded[1].2.verified,
        Some(Decimal::parse("98.50").unwrap())
    );
    assert_eq!(city.rebuilt().digest(), city.digest());
}
