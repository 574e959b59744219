//! What the reports of waiting files say while nothing goes to the city.

use super::*;

const TXT: &str = "sent/520100.csv.report.txt";

fn stopped() -> Bilingual {
    Bilingual::new("停止报送：原因\n请这样做：办法", "stop: why\ndo this: what")
}

#[test]
fn files_that_wait_say_why_nothing_is_sent_and_no_longer_once_it_is() {
    let mut office = Office::new();
    office.drop_in("520100.csv", GOOD);
    office.settle_and_scan();
    let before = office.all()[TXT].clone();
    assert!(before.contains("【已发送，待市局答复】") && before.contains("不用做什么"));

    office.inbox.hold_back(Some(&stopped()), NOW_MS).unwrap();
    let held = office.all()[TXT].clone();
    assert!(held.contains("【停止报送，未发送】520100.csv"), "{held}");
    assert!(
        held.contains("\n  停止报送：原因\n  请这样做：办法\n"),
        "{held}"
    );
    assert!(!held.contains("不用做什么"), "{held}");

    // Nothing is written where nothing has changed; and when it goes again, the report says what it said.
    office
        .inbox
        .hold_back(Some(&stopped()), NOW_MS + 60_000)
        .unwrap();
    assert_eq!(office.all()[TXT], held);
    office.inbox.hold_back(None, NOW_MS).unwrap();
    let after = office.all()[TXT].clone();
    assert!(after.contains("【已发送，待市局答复】"), "{after}");
}

#[test]
fn what_is_handed_in_meanwhile_and_what_repeats_it_say_so_and_an_answer_ends_it() {
    let mut office = Office::new();
    office.inbox.hold_back(Some(&stopped()), NOW_MS).unwrap();
    for name in ["520100.csv", "again.csv"] {
        office.drop_in(name, GOOD);
        office.settle_and_scan();
        let text = &office.all()[&format!("sent/{name}.report.txt")];
        assert!(
            text.contains(&format!("【停止报送，未发送】{name}")),
            "{text}"
        );
    }
    office.answer(0, &accepted());
    let text = &office.all()["accepted/520100.csv.report.txt"];
    assert!(text.contains("【已受理】"), "{text}");
    assert!(!text.contains("停止报送"), "{text}");
}
