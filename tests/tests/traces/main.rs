//! Traces through real programs: one trace a snapshot, from the county's file to the city's derived rows; and nothing that waits
//! for a collector, or tells it what it was not asked to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod city;
mod collector;
#[path = "../support/programs.rs"]
mod programs;

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use city::{City, UNIT, until};
use collector::{Collector, Span};

/// Every span of a snapshot, and the span that encloses it.
const TREE: [(&str, &str, &str); 13] = [
    ("granary-agent", "snapshot", ""),
    ("granary-agent", "intake", "snapshot"),
    ("granary-agent", "preflight", "snapshot"),
    ("granary-agent", "sign", "snapshot"),
    ("granary-agent", "spool", "snapshot"),
    ("granary-agent", "wait", "snapshot"),
    ("granary-agent", "push", "snapshot"),
    ("granary-aggregator", "receive", "push"),
    ("granary-aggregator", "admission", "receive"),
    ("granary-aggregator", "sequence", "receive"),
    ("granary-aggregator", "receipt", "receive"),
    ("granary-aggregator", "append", "sequence"),
    ("granary-aggregator", "project", "sequence"),
];

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_tells_a_snapshot_from_the_file_to_the_derived_rows() {
    let (collector, address) = Collector::start().await;
    let mut city = City::founded(&format!("http://{address}"), "1");
    let said = city.submit(&city.file("4.8"), "60");
    assert!(said.status.success(), "{said:?}");
    city.stop();

    let [(index, payload)] = city.receipts()[..] else {
        panic!("one receipt is expected");
    };
    let trace = payload.to_string()[..32].to_owned();
    assert_eq!(collector.traces().into_iter().collect::<Vec<_>>(), [trace]);
    holds_together(&collector);
    let index = index.to_string();
    let words = |name: &str| collector.one(name).attributes;
    let slot = [
        ("granary.unit", UNIT),
        ("granary.dataset", "quarterly-accounts"),
        ("granary.period", "2021-Q3"),
        ("granary.entry.index", &index),
    ];
    let with = |more: &[(&str, &str)]| {
        let all = slot.iter().chain(more);
        all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>()
    };
    let (revision, outcome) = (("granary.revision", "1"), ("granary.outcome", "receipted"));
    assert_eq!(words("snapshot"), with(&[revision, outcome]));
    assert_eq!(words("project"), with(&[("granary.outcome", "accepted")]));
    let call = ("rpc.method", "granary.v1.CollectionService/Push");
    let (system, number) = (("rpc.system.name", "grpc"), ("granary.push.sequence", "1"));
    assert_eq!(words("receive"), with(&[outcome, call, system, number]));
    // What the city or an agent signs meanwhile may come in the same batch.
    let entries: u64 = words("sequence")["granary.batch.entries"].parse().unwrap();
    assert!((1..=4).contains(&entries), "{entries} entries");
    // No figure: what was reported stands in no attribute of any span.
    for span in collector.spans() {
        assert!(
            !span.attributes.values().any(|value| value.contains("3102")),
            "{span:?}"
        );
        assert!(!span.failed, "{span:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_survives_the_spool_and_another_run_of_the_agent() {
    let (collector, address) = Collector::start().await;
    let mut city = City::founded(&format!("http://{address}"), "1");
    assert!(city.submit(&city.file("4.8"), "60").status.success());
    let first = collector.traces();
    city.stop();
    // The city is away: the revision stays in the spool, and this run of the agent ends.
    assert_eq!(city.submit(&city.file("4.9"), "1").status.code(), Some(5));
    let told: Vec<String> = collector
        .spans()
        .into_iter()
        .filter(|span| !first.contains(&span.trace))
        .map(|span| span.name)
        .collect();
    assert!(
        !told.is_empty() && !told.contains(&"push".to_owned()),
        "{told:?}"
    );
    city.serve();
    city.run_until_receipts(2);
    city.stop();

    let (_, payload) = city.receipts()[1];
    let trace = payload.to_string()[..32].to_owned();
    let second = Collector::default();
    for span in collector.spans() {
        assert!(
            first.contains(&span.trace) || span.trace == trace,
            "a third trace: {span:?}"
        );
    }
    second.take(
        collector
            .spans()
            .into_iter()
            .filter(|span| span.trace == trace),
    );
    holds_together(&second);
    // It waited there while the city was away.
    let (wait, spool) = (second.one("wait"), second.one("spool"));
    assert!(wait.end - wait.start > 1_000_000_000, "{wait:?}");
    assert!(wait.end > spool.end);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_reports_arrive_and_what_is_dropped_is_counted_and_said_once() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let mut city = City::founded(&format!("http://{address}"), "1");
    let mut agent = String::new();
    for growth in ["4.8", "4.9"] {
        let before = city.metric("granary_trace_spans_dropped_total");
        let said = city.submit(&city.file(growth), "60");
        assert!(said.status.success(), "{said:?}");
        agent = String::from_utf8(said.stderr).unwrap();
        let dropped = || city.metric("granary_trace_spans_dropped_total");
        until("spans are dropped and counted", || dropped() > before);
    }
    assert_eq!(city.receipts().len(), 2);
    assert_eq!(city.metric("granary_trace_spans_sent_total"), 0);
    const SAID: &str = "the collector of traces does not take";
    city.stop();
    assert_eq!(
        city.city_log().matches(SAID).count(),
        1,
        "{}",
        city.city_log()
    );
    assert_eq!(agent.matches(SAID).count(), 1, "{agent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_of_nothing_tells_nothing() {
    let (collector, address) = Collector::start().await;
    let mut city = City::founded(&format!("http://{address}"), "0");
    assert!(city.submit(&city.file("4.8"), "60").status.success());
    city.stop();
    assert_eq!(city.receipts().len(), 1);
    assert!(collector.spans().is_empty());
}

/// The spans are those of [`TREE`], each in its program and within its parent, with sane times.
fn holds_together(collector: &Collector) {
    let spans = collector.spans();
    let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
    assert_eq!(spans.len(), TREE.len(), "{names:?}");
    for (service, name, parent) in TREE {
        let span = collector.one(name);
        assert_eq!(span.service, service, "{name}");
        assert_eq!(span.trace, spans[0].trace, "{name}");
        assert!(span.start <= span.end, "{span:?}");
        let kind = match name {
            "push" => SpanKind::Client,
            "receive" => SpanKind::Server,
            _ => SpanKind::Internal,
        };
        assert_eq!(span.kind, kind, "{name}");
        if parent.is_empty() {
            assert_eq!(span.parent, "", "{name}");
            continue;
        }
        let parent = collector.one(parent);
        assert_eq!(span.parent, parent.id, "{name}");
        // Nothing begins before what it is a part of; the clocks of both programs are one here.
        assert!(
            parent.start <= span.start + CLOCK_NS,
            "{span:?} in {parent:?}"
        );
        // What follows a batch follows it; all else ends within its parent.
        let follows = name == "project";
        assert!(
            follows || span.end <= parent.end + CLOCK_NS,
            "{span:?} in {parent:?}"
        );
    }
    in_this_order(collector, &["intake", "preflight", "sign", "spool", "push"]);
    in_this_order(collector, &["admission", "sequence", "receipt"]);
}

/// Two readings of a clock, one of the wall and one that is never set, differ by less than this.
const CLOCK_NS: u64 = 5_000_000;

fn in_this_order(collector: &Collector, names: &[&str]) {
    let spans: Vec<Span> = names.iter().map(|name| collector.one(name)).collect();
    for pair in spans.windows(2) {
        assert!(pair[0].end <= pair[1].start + CLOCK_NS, "{pair:#?}");
    }
}
