//! What happened in the city until its screens are looked at: imported arrivals from before the system, then reports of every fate.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use ed25519_dalek::SigningKey;
use granary_aggregator::{clock::Clock, ingress::Received, pipeline::Handle};
use granary_core::{
    code::{DatasetCode, EditId, ItemKey, UnitCode},
    decimal::Decimal,
    digest::Digest,
    ledger::{Arrival, Deed, LogIndex, publication::Publication, witness::prove_possession},
    period::Period,
    snapshot::{Explanation, Observation, ObservationStatus, Snapshot},
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::{
    catalogue::{UNITS, bundle},
    support::{City, ORIGIN, asked_for, done, enrol, key, sent, slot, stated, statement, take},
};

/// When the screens are looked at, in the catalogue's zone: yesterday at noon months were due, at five today the quarter is.
pub(crate) const NOW: &str = "2026-04-09T10:30:00";

/// A clock that stands where it was put.
#[derive(Debug, Default)]
pub(crate) struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A time in the catalogue's zone, in milliseconds since 1970-01-01T00:00:00Z.
pub(crate) fn at_ms(text: &str) -> i64 {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let at: DateTime = text.parse().unwrap();
    zone.to_timestamp(at).unwrap().as_millisecond()
}

/// The city, and its clock, which stands at [`NOW`].
pub(crate) fn city() -> City {
    let clock = Arc::new(SetClock(AtomicI64::new(at_ms("2026-01-05T09:00:00"))));
    let city = City::empty(Arc::clone(&clock) as _);
    let operator = city.operator();
    city.work(async |handle: Handle| {
        let mut scribe = Scribe {
            handle,
            clock: Arc::clone(&clock),
            operator,
            version: bundle().version(),
            nonce: 0,
        };
        scribe.begin().await;
        scribe.winter().await;
        scribe.spring().await;
        scribe.publish().await;
    });
    clock.0.store(at_ms(NOW), Ordering::SeqCst);
    city
}

/// Whoever enters what happens, one thing after the other.
struct Scribe {
    handle: Handle,
    clock: Arc<SetClock>,
    operator: SigningKey,
    version: Digest,
    nonce: u8,
}

/// A unit, a dataset, a period.
type Place<'a> = (&'a str, &'a str, &'a str);

impl Scribe {
    fn at(&self, time: &str) {
        self.clock.0.store(at_ms(time), Ordering::SeqCst);
    }

    async fn act(&mut self, deed: Deed) {
        self.nonce += 1;
        take(&self.handle, done(&self.operator, self.nonce, deed)).await;
    }

    /// The same where somebody asked for it at the console.
    async fn act_for(&mut self, person: &str, deed: Deed) {
        self.nonce += 1;
        let act = asked_for(&self.operator, self.nonce, deed, person);
        take(&self.handle, act).await;
    }

    /// A unit enrols a key with which it will cosign the log.
    async fn witness(&mut self, unit: &str) {
        let (signer, own) = (key(seed(unit)), key(200));
        let unit = UnitCode::new(unit).unwrap();
        let deed = Deed::EnrolWitness {
            public_key: own.verifying_key().to_bytes(),
            possession: prove_possession(ORIGIN, &unit, &own),
            unit,
        };
        self.nonce += 1;
        take(&self.handle, done(&signer, self.nonce, deed)).await;
    }

    /// A report of figures; gives its place in the journal.
    async fn report(
        &self,
        time: &str,
        place: Place<'_>,
        revision: u32,
        figures: &[(&str, &str)],
    ) -> LogIndex {
        self.send(time, &self.snapshot(place, revision, figures))
            .await
    }

    /// The same with a word on an edit that it fails.
    async fn explained(
        &self,
        time: &str,
        place: Place<'_>,
        figures: &[(&str, &str)],
        (edit, why): (&str, &str),
    ) -> LogIndex {
        let mut snapshot = self.snapshot(place, 1, figures);
        snapshot.explanations.push(Explanation {
            edit: EditId::new(edit).unwrap(),
            item: None,
            text: why.into(),
        });
        self.send(time, &snapshot).await
    }

    /// What was invested in projects, of what was planned; without a figure it is missing.
    async fn projects(
        &self,
        time: &str,
        (unit, period): (&str, &str),
        items: &[(&str, Option<&str>, &str)],
    ) {
        let mut snapshot = self.snapshot((unit, "projects", period), 1, &[]);
        let one = |name: &str, item: &str, value: Option<&str>| Observation {
            indicator: name.parse().unwrap(),
            item: Some(ItemKey::new(item).unwrap()),
            value: value.map(|value| Decimal::parse(value).unwrap()),
            status: value.map_or(ObservationStatus::Missing, |_| ObservationStatus::Normal),
        };
        let invested = items
            .iter()
            .map(|(item, value, _)| one("invested", item, *value));
        let planned = items
            .iter()
            .map(|(item, _, value)| one("planned", item, Some(value)));
        snapshot.observations = invested.chain(planned).collect();
        self.send(time, &snapshot).await;
    }

    fn snapshot(
        &self,
        (unit, dataset, period): Place<'_>,
        revision: u32,
        figures: &[(&str, &str)],
    ) -> Snapshot {
        statement(slot(unit, dataset, period), revision, self.version, figures)
    }

    async fn send(&self, time: &str, snapshot: &Snapshot) -> LogIndex {
        self.at(time);
        let seed = seed(snapshot.slot.unit.as_str());
        let received: Received = stated(seed, snapshot);
        sent(&self.handle, received).await
    }

    /// The catalogue, the keys, and when reports had arrived before the system was there.
    async fn begin(&mut self) {
        self.act(Deed::PublishCatalogue(bundle())).await;
        for unit in UNITS.into_iter().filter(|unit| *unit != "990106") {
            let now_ms = self.clock.now_ms();
            enrol(&self.handle, &self.operator, (seed(unit), unit), now_ms).await;
        }
        self.at("2026-01-06T09:00:00");
        self.import("monthly-revenue", ("2024-M07", "2025-M11"), (8, 12))
            .await;
        self.import("quarterly-accounts", ("2024-Q1", "2025-Q3"), (9, 17))
            .await;
        let now_ms = self.clock.now_ms();
        enrol(
            &self.handle,
            &self.operator,
            (seed("990106"), "990106"),
            now_ms,
        )
        .await;
        self.witness("990101").await;
    }

    /// Arrivals of all counties: the sixth always late, the third every other time, the others some hours before the deadline.
    async fn import(
        &mut self,
        dataset: &str,
        (first, last): (&str, &str),
        (day, hour): (i64, i64),
    ) {
        let (first, last) = (Period::parse(first).unwrap(), Period::parse(last).unwrap());
        let periods = std::iter::successors(Some(first), |period| period.plus(1));
        let mut arrivals = Vec::new();
        for (turn, period) in (0_i64..).zip(periods.take_while(|period| *period <= last)) {
            let due_ms =
                at_ms(&format!("{}T00:00:00", period.last_day())) + (day * 24 + hour) * 3_600_000;
            for (at, unit) in (1_i64..).zip(crate::catalogue::COUNTIES) {
                let hours = match at {
                    6 => 20 + turn % 5,
                    3 if turn % 2 == 0 => 9,
                    _ => -(at * 7 + turn * 3 % 11),
                };
                arrivals.push(Arrival {
                    unit: UnitCode::new(unit).unwrap(),
                    period,
                    arrived_at_ms: due_ms + hours * 3_600_000,
                });
            }
        }
        self.act(Deed::ImportHistory {
            dataset: DatasetCode::new(dataset).unwrap(),
            source: "synthetic records".into(),
            arrivals,
        })
        .await;
    }

    /// What was due in January.
    async fn winter(&mut self) {
        let month = |unit| (unit, "monthly-revenue", "2025-M12");
        for (unit, figure) in [
            ("990101", "1200"),
            ("990102", "2000"),
            ("990104", "700"),
            ("990105", "900"),
        ] {
            let figures = [("revenue", figure), ("tax", "500")];
            self.report("2026-01-07T09:00:00", month(unit), 1, &figures)
                .await;
        }
        let quarter = |unit| (unit, "quarterly-accounts", "2025-Q4");
        for (unit, whole, part) in [
            ("990101", "100.00", "40.00"),
            ("990102", "80.00", "20.00"),
            ("990104", "60.50", "0.50"),
        ] {
            let figures = [("gdp", whole), ("industry", "60.00"), ("others", part)];
            self.report("2026-01-08T09:00:00", quarter(unit), 1, &figures)
                .await;
        }
        let figures = [("revenue", "1500"), ("tax", "1000")];
        self.report("2026-01-09T08:00:00", month("990103"), 1, &figures)
            .await;
        // Not the sum of the units below.
        let figures = [
            ("gdp", "250.00"),
            ("industry", "180.00"),
            ("others", "70.00"),
        ];
        self.report("2026-01-09T10:00:00", quarter("990000"), 1, &figures)
            .await;
        let figures = [("gdp", "70.00"), ("industry", "30.00"), ("others", "40.00")];
        self.report("2026-01-10T09:00:00", quarter("990103"), 1, &figures)
            .await;
        self.last_year().await;
        self.first_month().await;
    }

    /// Some figures of last spring come after all, long after their slots were settled by what was imported.
    async fn last_year(&mut self) {
        for (unit, period, figure) in [
            ("990101", "2025-M02", "2000"),
            ("990103", "2025-M02", "550"),
            ("990101", "2025-M03", "1400"),
            ("990102", "2025-M03", "1850"),
        ] {
            let figures = [("revenue", figure), ("tax", "180")];
            let place = (unit, "monthly-revenue", period);
            self.report("2026-01-20T09:00:00", place, 1, &figures).await;
        }
        // So many findings that they do not stand on one page.
        for month in 4..=9 {
            let period = format!("2025-M{month:02}");
            let figures = [("revenue", "1900"), ("tax", "2000")];
            let place = ("990102", "monthly-revenue", period.as_str());
            self.report("2026-01-21T09:00:00", place, 1, &figures).await;
        }
    }

    /// The revenue of January.
    async fn first_month(&mut self) {
        let month = |unit| (unit, "monthly-revenue", "2026-M01");
        for (time, unit, figure) in [
            ("2026-02-03T09:00:00", "990101", "1300"),
            ("2026-02-05T09:00:00", "990102", "2100"),
            ("2026-02-06T09:00:00", "990104", "800"),
            ("2026-02-06T10:00:00", "ZONE-1", "300"),
            ("2026-02-07T09:00:00", "990105", "2900"),
            ("2026-02-08T09:00:00", "990103", "1400"),
        ] {
            let figures = [("revenue", figure), ("tax", "200")];
            self.report(time, month(unit), 1, &figures).await;
        }
        // The jump was a slip of the pen.
        let figures = [("revenue", "1290"), ("tax", "200")];
        self.report("2026-02-10T09:00:00", month("990105"), 2, &figures)
            .await;
        let items = [("P-1", Some("300"), "400"), ("P-2", Some("120"), "100")];
        self.projects("2026-02-10T10:00:00", ("990101", "2026-M01"), &items)
            .await;
        let figures = [("revenue", "400"), ("tax", "100")];
        self.report("2026-02-12T09:00:00", month("990106"), 1, &figures)
            .await;
        self.projects("2026-02-14T10:00:00", ("990102", "2026-M01"), &items[..1])
            .await;
    }

    /// What was due in March, and what is due about now.
    async fn spring(&mut self) {
        let month = |unit| (unit, "monthly-revenue", "2026-M02");
        let jump = |figure| [("revenue", figure), ("tax", "200")];
        let why = ("REVENUE.JUMP", "a sale of land");
        self.explained("2026-03-04T09:00:00", month("990101"), &jump("2900"), why)
            .await;
        let index = self
            .explained("2026-03-05T09:00:00", month("990102"), &jump("5000"), why)
            .await;
        self.at("2026-03-06T09:00:00");
        self.decide(month("990102"), index, true, "the contract was shown")
            .await;
        let figures = [("revenue", "1800"), ("tax", "1900")];
        self.report("2026-03-06T10:00:00", month("990104"), 1, &figures)
            .await;
        for (time, unit) in [
            ("2026-03-07T09:00:00", "990105"),
            ("2026-03-07T10:00:00", "ZONE-1"),
            ("2026-03-10T09:00:00", "990103"),
        ] {
            self.report(time, month(unit), 1, &jump("600")).await;
        }
        let items = [("P-1", Some("350"), "400"), ("P-2", Some("90"), "100")];
        self.projects("2026-03-10T10:00:00", ("990101", "2026-M02"), &items)
            .await;
        self.projects("2026-03-14T10:00:00", ("990103", "2026-M02"), &items[1..])
            .await;
        self.last_month().await;
        self.last_quarter().await;
    }

    /// The revenue of March: revised, late, returned, extended, exempt, missing.
    async fn last_month(&mut self) {
        let month = |unit| (unit, "monthly-revenue", "2026-M03");
        let figures = |figure| [("revenue", figure), ("tax", "200")];
        self.report("2026-04-06T09:00:00", month("990101"), 1, &figures("1500"))
            .await;
        self.at("2026-04-07T09:00:00");
        let reason = "the office has moved".to_owned();
        let due_at_ms = at_ms("2026-04-12T12:00:00");
        let place = slot("990105", "monthly-revenue", "2026-M03");
        self.act(Deed::Extend {
            slot: place,
            due_at_ms,
            reason,
        })
        .await;
        let reason = "the county had no budget of its own".to_owned();
        let place = slot("990106", "monthly-revenue", "2026-M03");
        let exempt = Deed::Exempt {
            slot: place,
            reason,
        };
        self.act_for("王先生 (wang)", exempt).await;
        self.report("2026-04-08T09:00:00", month("990101"), 2, &figures("1510"))
            .await;
        self.report("2026-04-08T10:00:00", month("990104"), 1, &figures("-5"))
            .await;
        let why = ("REVENUE.JUMP", "it was so");
        let index = self
            .explained(
                "2026-04-08T11:00:00",
                month("990103"),
                &figures("1900"),
                why,
            )
            .await;
        self.report("2026-04-08T15:00:00", month("990102"), 1, &figures("2200"))
            .await;
        self.at("2026-04-09T08:00:00");
        self.decide(month("990103"), index, false, "which sale?")
            .await;
    }

    /// The first quarter, due this afternoon; projects; and what comes after a higher revision.
    async fn last_quarter(&mut self) {
        let quarter = |unit| (unit, "quarterly-accounts", "2026-Q1");
        let figures = [("gdp", "30.00"), ("industry", "12.00"), ("others", "18.00")];
        self.report("2026-04-09T08:10:00", quarter("990101"), 1, &figures)
            .await;
        self.report("2026-04-09T08:20:00", quarter("990102"), 1, &figures)
            .await;
        let wrong = [("gdp", "25.00"), ("industry", "12.00"), ("others", "18.00")];
        self.report("2026-04-09T09:00:00", quarter("990103"), 1, &wrong)
            .await;
        let items = [
            ("P-1", Some("380"), "400"),
            ("P-2", None, "100"),
            ("P-3", Some("70"), "60"),
        ];
        self.projects("2026-04-09T09:10:00", ("990101", "2026-M03"), &items)
            .await;
        let month = ("990101", "monthly-revenue", "2026-M03");
        let figures = |figure| [("revenue", figure), ("tax", "210")];
        self.report("2026-04-09T09:30:00", month, 4, &figures("1520"))
            .await;
        self.report("2026-04-09T09:40:00", month, 3, &figures("1515"))
            .await;
    }

    async fn decide(
        &mut self,
        (unit, dataset, period): Place<'_>,
        snapshot_index: LogIndex,
        accepted: bool,
        reason: &str,
    ) {
        self.act(Deed::Decide {
            slot: slot(unit, dataset, period),
            edit: EditId::new("REVENUE.JUMP").unwrap(),
            item: None,
            snapshot_index,
            accepted,
            reason: reason.into(),
        })
        .await;
    }

    /// A bulletin of last year's end was published.
    async fn publish(&mut self) {
        self.at("2026-04-09T10:00:00");
        let publication = Publication {
            period: Period::parse("2025-Q4").unwrap(),
            as_of_ms: at_ms("2026-02-01T00:00:00"),
            applied_size: self.handle.applied(),
            sha256: Digest::of(b"a document that is kept elsewhere"),
        };
        self.act(Deed::PublishBulletin(publication)).await;
    }
}

/// What a unit's key is made of.
fn seed(unit: &str) -> u8 {
    let at = UNITS.iter().position(|known| *known == unit).unwrap();
    100 + u8::try_from(at).unwrap()
}

/// The instant that the screens are looked at, as the auditor's program takes it.
pub(crate) fn now_text() -> String {
    Timestamp::from_millisecond(at_ms(NOW)).unwrap().to_string()
}
