//! Policies: the specification's example, each fault with its line, and how k of n is counted.

use proptest::prelude::*;

use super::{key, leaf, witness};
use crate::log::checkpoint::Checkpoint;
use crate::log::cosignature::cosign;
use crate::log::note::SignedNote;
use crate::log::policy::{Policy, WitnessedError};

const NOW_S: u64 = 1_000;

fn vkey(seed: u8) -> String {
    witness(&format!("w{seed}.example"), seed).2.to_string()
}

/// The specification's example with synthetic keys.
fn example() -> String {
    let mut text = format!("# 政策\nlog {}\n\n", key("city.example/log", 100).2);
    for (name, seed) in [
        ("X1", 1),
        ("X2", 2),
        ("X3", 3),
        ("Y1", 4),
        ("Y2", 5),
        ("Y3", 6),
    ] {
        text += &format!(" witness\t{name}  {} https://{name}.example/\n", vkey(seed));
    }
    text + "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\n\
            group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

fn signed(seeds: &[u8]) -> SignedNote {
    let (name, signing, _) = key("city.example/log", 100);
    let checkpoint = Checkpoint::new("city.example/log", 7, leaf(7)).unwrap();
    let note = checkpoint.sign(&name, &signing).unwrap();
    seeds.iter().fold(note, |note, seed| {
        let (name, signing, _) = witness(&format!("w{seed}.example"), *seed);
        let line = cosign(note.unverified_text(), &name, &signing, NOW_S);
        note.with_signature(line).unwrap()
    })
}

fn reached(policy: &str, seeds: &[u8]) -> bool {
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let note = signed(seeds).to_text();
    let judged = policy.judge(note.as_bytes(), &key("city.example/log", 100).2, NOW_S);
    judged.unwrap().reached
}

#[test]
fn the_specifications_example_asks_for_two_of_one_group_and_one_of_the_other() {
    for (seeds, expected) in [
        (&[1, 2, 4][..], true),
        (&[2, 3, 6], true),
        (&[1, 2, 3, 4, 5, 6], true),
        (&[1, 2], false),
        (&[1, 4, 5, 6], false),
        (&[], false),
        (&[1, 1, 4], false),
        (&[1, 9, 4], false),
    ] {
        assert_eq!(reached(&example(), seeds), expected, "{seeds:?}");
    }
    let policy = Policy::parse(example().as_bytes()).unwrap();
    assert_eq!(policy.quorum(), "X-and-Y (2 of 2)");
    assert_eq!(
        policy.witnesses()[3].url.as_deref(),
        Some("https://Y1.example/")
    );
}

#[test]
fn a_quorum_may_be_one_witness_or_none() {
    let one = format!("witness a {}\nquorum a\n", vkey(1));
    assert!(reached(&one, &[1]) && !reached(&one, &[2]));
    assert!(reached("quorum none\n", &[]));
}

#[test]
fn a_cosignature_from_the_future_does_not_count_and_is_named() {
    let policy = Policy::parse(format!("witness a {}\nquorum a\n", vkey(1)).as_bytes()).unwrap();
    let note = signed(&[1]).to_text();
    let judged = policy.judge(note.as_bytes(), &key("city.example/log", 100).2, NOW_S - 1);
    let judged = judged.unwrap();
    assert!(!judged.reached);
    assert_eq!((judged.counted.len(), judged.ahead.len()), (0, 1));
}

#[test]
fn another_log_is_refused_where_the_policy_names_logs() {
    let policy = Policy::parse(example().as_bytes()).unwrap();
    let note = signed(&[1, 2, 4]).to_text();
    assert_eq!(
        policy.judge(note.as_bytes(), &key("town.example/log", 101).2, NOW_S),
        Err(WitnessedError::UnknownLog)
    );
}

fn check(cases: &[(String, &str)]) {
    for (text, expected) in cases {
        let error = Policy::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?}: {error}");
    }
}

#[test]
fn each_fault_of_a_line_names_its_line() {
    check(&[
        (String::new(), "line 1: the policy has no quorum line"),
        (two(), "line 2: the policy has no quorum line"),
        (
            "quorum none".into(),
            "line 1: the line does not end in a newline",
        ),
        ("quorum none\r\n".into(), "line 1: control characters"),
        (
            "qorum none\n".into(),
            "line 1: the line begins with 'qorum'",
        ),
        (
            "quorum none\nquorum none\n".into(),
            "line 2: there is a quorum line already",
        ),
        ("quorum a\n".into(), "line 1: the name 'a' is not defined"),
        (
            "quorum\n".into(),
            "line 1: the line has the form 'quorum none|<name>'",
        ),
    ]);
}

/// Two witnesses, a and b.
fn two() -> String {
    format!("witness a {}\nwitness b {}\n", vkey(1), vkey(2))
}

#[test]
fn each_fault_of_names_keys_and_groups_names_its_line() {
    let (a, ab) = (vkey(1), two());
    let log = key("city.example/log", 100).2;
    check(&[
        (
            format!("witness none {a}\n"),
            "line 1: the name 'none' is defined already",
        ),
        (
            format!("{ab}witness a {}\n", vkey(3)),
            "line 3: the name 'a' is defined already",
        ),
        (
            format!("{ab}witness c {a}\n"),
            "line 3: the same public key",
        ),
        (
            format!("witness a {log}\n"),
            "line 1: the key cannot be used: the key's algorithm byte is 0x01",
        ),
        (
            format!("log {a}\n"),
            "line 1: the key cannot be used: the key's algorithm byte is 0x04",
        ),
        (
            format!("log {log}\nlog {log} x\n"),
            "line 2: the same public key",
        ),
        (
            format!("{ab}group g 0 a b\n"),
            "line 3: the threshold '0' is not all, any, or a number from 1 to 2",
        ),
        (format!("{ab}group g 3 a b\n"), "line 3: the threshold '3'"),
        (
            format!("{ab}group g 01 a b\n"),
            "line 3: the threshold '01'",
        ),
        (
            format!("{ab}group g all\n"),
            "line 3: the line has the form 'group",
        ),
        (
            format!("{ab}group g any a a\n"),
            "line 3: 'a' is a member of a group already",
        ),
        (
            format!("{ab}group g any a\ngroup h any a b\n"),
            "line 4: 'a' is a member of a group already",
        ),
        (
            format!("{ab}group g any g\n"),
            "line 3: the name 'g' is not defined",
        ),
        (
            format!("{ab}group a any b\n"),
            "line 3: the name 'a' is defined already",
        ),
        (
            format!("{ab}group g any none\n"),
            "line 3: the name 'none' is not defined",
        ),
    ]);
}

#[test]
fn names_are_octets() {
    let text = [b"witness \xff ", vkey(1).as_bytes(), b"\nquorum \xff\n"].concat();
    assert_eq!(
        Policy::parse(&text).unwrap().witnesses()[0].name,
        "\u{fffd}"
    );
}

proptest! {
    #[test]
    fn k_of_n_is_reached_exactly_from_k_on(k in 1_usize..8, mask in 0_u8..128) {
        let names: Vec<String> = (1..=7).map(|seed| format!("w{seed}")).collect();
        let lines = (1..=7).map(|seed| format!("witness w{seed} {}\n", vkey(seed)));
        let k = k.min(7);
        let policy = lines.collect::<String>() + &format!("group g {k} {}\nquorum g\n", names.join(" "));
        let seeds: Vec<u8> = (1..=7).filter(|seed| mask >> (seed - 1) & 1 == 1).collect();
        prop_assert_eq!(reached(&policy, &seeds), seeds.len() >= k);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Policy::parse(&bytes);
    }
}
