//! The push client against a synthetic city that cuts, repeats, reorders, refuses and lies. Time is paused throughout.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(crate) mod support;

use support::{City, County, Manner, signed, snapshot};

use crate::link::{News, Pushed, next_news, push_all};
use crate::receipts::Receipts;

const COUNT: u32 = 9;

/// Pushes everything to a city of this manner.
async fn pushed(manner: Manner) -> (County, City, Pushed) {
    let (county, city) = (County::new(COUNT), City::start(manner));
    let mut courier = county.courier(&city);
    let pushed = push_all(&mut courier).await;
    drop(courier);
    (county, city, pushed)
}

/// Every statement is journaled once, in order, and its receipt is a file.
fn all_home(county: &County, city: &City) {
    let in_order: Vec<_> = (0..COUNT).map(|n| signed(n).payload_sha256()).collect();
    assert_eq!(city.journaled(), in_order);
    assert_eq!(county.receipted(COUNT), COUNT as usize);
    assert_eq!(county.outbox().status().pending_records, 0);
}

#[tokio::test(start_paused = true)]
async fn everything_is_pushed_in_order_over_one_stream() {
    let (county, city, pushed) = pushed(Manner::Honest).await;
    assert_eq!(
        pushed,
        Pushed {
            receipted: COUNT.into(),
            refused: 0,
            alarms: 0
        }
    );
    assert_eq!((city.streams(), city.submissions()), (1, COUNT as usize));
    all_home(&county, &city);
}

#[tokio::test(start_paused = true)]
async fn a_cut_at_any_message_sends_nothing_twice_into_effect() {
    let moments = pushed(Manner::Honest).await.1.moments();
    assert_eq!(moments, COUNT as usize * 3);
    for moment in 1..=moments {
        let (county, city, pushed) = pushed(Manner::CutAt(moment)).await;
        assert_eq!(pushed.receipted, u64::from(COUNT), "cut at moment {moment}");
        assert!(city.streams() <= 2);
        all_home(&county, &city);
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_stops_anywhere_finishes_at_its_next_start() {
    for steps in 0..COUNT as usize + 2 {
        let (county, city) = (County::new(COUNT), City::start(Manner::Honest));
        let mut courier = county.courier(&city);
        for _ in 0..steps {
            if courier.outbox().status().pending_records > 0 {
                next_news(&mut courier).await;
            }
        }
        drop(courier);
        push_all(&mut county.courier(&city)).await;
        all_home(&county, &city);
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_come_twice_or_backwards_are_each_for_their_own_statement() {
    let (county, city, twice) = pushed(Manner::Twice).await;
    assert_eq!(
        twice,
        Pushed {
            receipted: COUNT.into(),
            refused: 0,
            alarms: 0
        }
    );
    all_home(&county, &city);
    // Groups of four, so that the ninth statement waits; the first eight have to be home.
    let (county, city) = (County::new(COUNT), City::start(Manner::Backwards));
    let mut courier = county.courier(&city);
    while courier.outbox().status().pending_records > 1 {
        next_news(&mut courier).await;
    }
    drop(courier);
    assert_eq!(county.receipted(COUNT), 8);
    assert_eq!(city.streams(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_receipt_for_another_statement_keeps_the_record_and_raises_an_alarm() {
    let (county, city) = (County::new(COUNT), City::start(Manner::WrongReceiptFor(3)));
    let mut courier = county.courier(&city);
    let mut alarms = Vec::new();
    while courier.outbox().status().pending_records > 1 || alarms.is_empty() {
        for news in next_news(&mut courier).await {
            if let News::Alarm(alarm) = news {
                alarms.push(alarm);
            }
        }
    }
    drop(courier);
    assert_eq!(alarms.len(), 1);
    assert!(
        alarms[0].en.contains(&snapshot(3).slot.to_string()),
        "{}",
        alarms[0].en
    );
    assert!(alarms[0].en.contains("another entry"), "{}", alarms[0].en);
    assert_eq!(county.receipted(COUNT), COUNT as usize - 1);
    let kept = county
        .outbox()
        .next(&mut crate::spool::Cursor::start(), 9, 1 << 20)
        .parcels;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].expected.slot, snapshot(3).slot);
    // A city that has come to its senses gives the right receipt.
    push_all(&mut county.courier(&City::start(Manner::Honest))).await;
}

#[tokio::test(start_paused = true)]
async fn no_receipt_of_another_log_settles_anything() {
    let (county, city) = (County::new(40), City::start(Manner::AnotherLog));
    let mut courier = county.courier(&city);
    let (mut alarms, mut hung_up) = (0, false);
    while !hung_up {
        for news in next_news(&mut courier).await {
            match news {
                News::Alarm(_) => alarms += 1,
                News::Disconnected { .. } => hung_up = true,
                News::Receipted { .. } => panic!("settled by a receipt of another log"),
                News::Connected | News::Refused(_) | News::Postponed { .. } | News::Damage(_) => {}
            }
        }
    }
    assert!(
        (16..40).contains(&alarms),
        "{alarms}: after some it is not the records, and the line is given up"
    );
    assert_eq!(courier.outbox().status().pending_records, 40);
}

#[tokio::test(start_paused = true)]
async fn a_final_refusal_is_stored_and_the_others_go_on() {
    let (county, _, pushed) = pushed(Manner::RefuseFor(2)).await;
    assert_eq!(
        pushed,
        Pushed {
            receipted: u64::from(COUNT) - 1,
            refused: 1,
            alarms: 0
        }
    );
    let refused = Receipts::open(county.folder.path())
        .unwrap()
        .find_refusal(&signed(2).payload_sha256())
        .unwrap();
    assert_eq!(
        (refused.code.as_str(), refused.refused_at_ms),
        ("key_revoked", 77)
    );
    assert_eq!(
        (refused.message_en.as_str(), refused.message_zh.as_str()),
        ("not taken", "不收")
    );
    assert_eq!(refused.period, snapshot(2).slot.period.to_string());
}

#[tokio::test(start_paused = true)]
async fn a_busy_city_is_left_alone_for_a_while_and_then_gets_everything() {
    let begun = tokio::time::Instant::now();
    let (county, city, pushed) = pushed(Manner::BusyTimes(6)).await;
    assert_eq!(pushed.receipted, u64::from(COUNT));
    assert!(
        begun.elapsed() >= std::time::Duration::from_millis(100),
        "it has to wait as long as the city asked"
    );
    assert_eq!(county.receipted(COUNT), COUNT as usize);
    assert_eq!(
        city.streams(),
        1,
        "a busy city is no reason to connect again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_city_that_never_answers_is_hung_up_on() {
    let begun = tokio::time::Instant::now();
    let (county, city, pushed) = pushed(Manner::SilentAtFirst).await;
    assert_eq!((pushed.receipted, city.streams()), (u64::from(COUNT), 2));
    let timeout = crate::settings::LinkSettings::default().answer_timeout_ms;
    assert!(begun.elapsed() >= std::time::Duration::from_millis(timeout));
    all_home(&county, &city);
}

#[tokio::test(start_paused = true)]
async fn a_city_that_is_down_leaves_the_spool_as_it_is() {
    let county = County::new(COUNT);
    let refusing = tower::service_fn(|_| async {
        Err::<hyper_util::rt::TokioIo<tokio::io::DuplexStream>, _>(std::io::Error::other(
            "no route to the city",
        ))
    });
    let channel = tonic::transport::Endpoint::from_static("http://city.example")
        .connect_with_connector_lazy(refusing);
    let link = crate::settings::LinkSettings::default();
    let backoff = || crate::link::Backoff::new(&link, Box::new(|| 1));
    let line = crate::link::Line::open(channel, link, backoff());
    let mut courier = crate::link::Courier::new(county.outbox(), line, link, backoff(), || 77);
    let mut waits = Vec::new();
    while waits.len() < 12 {
        for news in next_news(&mut courier).await {
            let News::Disconnected { reason, wait } = news else {
                panic!("{news:?}")
            };
            assert!(reason.contains("no route to the city"), "{reason}");
            waits.push(wait);
        }
    }
    assert!(waits.windows(2).all(|two| two[0] <= two[1]), "{waits:?}");
    assert!(
        waits
            .iter()
            .all(|wait| wait.as_millis() <= u128::from(link.backoff_ms_max))
    );
    assert_eq!(courier.outbox().status().pending_records, u64::from(COUNT));
}
