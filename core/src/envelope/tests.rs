//! The encoding, both suites, and what strictness refuses.

use super::*;

#[test]
fn the_encoding_is_that_of_the_specification() {
    // The example of the DSSE protocol document.
    let encoding = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
    assert_eq!(
        encoding,
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
}

#[test]
fn a_signature_binds_type_and_payload() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = PublicKey::from_bytes(Suite::Ed25519, key.verifying_key().as_bytes()).unwrap();
    let signature = sign(&key, "a", b"payload");
    assert_eq!(signature.key_id, public.key_id());
    let verify =
        |t: &str, p: &[u8]| public.verify(&pre_authentication_encoding(t, p), &signature.bytes);
    assert_eq!(verify("a", b"payload"), Ok(()));
    assert_eq!(verify("b", b"payload"), Err(SignatureError::Signature));
    assert_eq!(verify("a", b"Payload"), Err(SignatureError::Signature));
    assert_eq!(public.verify(b"", &[0; 63]), Err(SignatureError::Signature));
}

#[test]
fn weak_keys_are_refused() {
    // The neutral element has order one: any message would verify under it.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert_eq!(
        PublicKey::from_bytes(Suite::Ed25519, &neutral),
        Err(SignatureError::PublicKey)
    );
    assert_eq!(
        PublicKey::from_bytes(Suite::Ed25519, &[0; 31]),
        Err(SignatureError::PublicKey)
    );
}

/// GB/T 32918.5-2017 annex A.2 (GM/T 0003.5-2012): its k is drawn, so that only the signature's holding can be shown.
mod standard {
    pub(super) const PUBLIC: &str = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
         ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
    pub(super) const PRIVATE: &str =
        "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
    pub(super) const MESSAGE: &[u8] = b"message digest";
    pub(super) const SIGNATURE: &str = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
         b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";
}

/// The order of the curve's group.
const ORDER: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";

/// Made with OpenSSL 3.0: `genpkey -algorithm SM2`, and `pkeyutl -sign -rawin -digest sm3 -pkeyopt distid:1234567812345678`
/// over `granary`, its DER taken apart.
mod openssl {
    pub(super) const PRIVATE_PEM: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqBHM9VAYItBG0wawIBAQQgqZ1byVjEPSnibq/I
v/bn4Npt1NRTNpHx9nGsjPMWsLKhRANCAATT2fq9E4dl2j4xzgCT9egRPHreaMij
pc3ii1T1DRMKcUi5msjuOqhS2d1P369v3+IEhBDIKr91yLvVZCcOjz7/
-----END PRIVATE KEY-----
";
    pub(super) const SIGNATURE: &str = "fe5b34cdc03eef17c8b71343514d51117061787f7c05cecf10890d837f2e721c\
         bf2a5fa94e77e0927370cc6a02b900f8a4b2d6c544188544fbbfd8168771ed12";
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn sm2_key(seed: u8) -> SecretKey {
    SecretKey::from_seed(Suite::Sm2Sm3, &[seed; 32]).unwrap()
}

#[test]
fn the_published_sm2_signature_holds() {
    let key = PublicKey::from_bytes(Suite::Sm2Sm3, &bytes(standard::PUBLIC)).unwrap();
    let signature = bytes(standard::SIGNATURE);
    assert_eq!(key.verify(standard::MESSAGE, &signature), Ok(()));
    assert_eq!(
        key.verify(b"message Digest", &signature),
        Err(SignatureError::Signature)
    );
    let secret: [u8; 32] = bytes(standard::PRIVATE).try_into().unwrap();
    let secret = SecretKey::from_seed(Suite::Sm2Sm3, &secret).unwrap();
    assert_eq!(secret.public_key(), key);
}

#[test]
fn a_key_and_a_signature_of_openssl_hold() {
    let secret = SecretKey::from_pem(openssl::PRIVATE_PEM).unwrap();
    assert_eq!(secret.suite(), Suite::Sm2Sm3);
    assert_eq!(*secret.to_pem().unwrap(), openssl::PRIVATE_PEM);
    let key = secret.public_key();
    assert_eq!(key.verify(b"granary", &bytes(openssl::SIGNATURE)), Ok(()));
}

#[test]
fn sm2_signatures_are_the_same_for_ever() {
    // Golden: what OpenSSL 3.0 verified, and what a change of k, of the identity or of an encoding would change.
    let key = sm2_key(7);
    let signature = key.sign("a", b"payload").unwrap();
    let public = key.public_key();
    assert_eq!(signature.key_id, public.key_id());
    insta::assert_snapshot!(
        [
            hex(&public.to_bytes()),
            public.key_id().to_string(),
            hex(&signature.bytes)
        ]
        .join("\n")
    );
    let message = pre_authentication_encoding("a", b"payload");
    assert_eq!(public.verify(&message, &signature.bytes), Ok(()));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn each_sm2_key_has_one_encoding() {
    let good = bytes(standard::PUBLIC);
    let parse = |bytes: &[u8]| PublicKey::from_bytes(Suite::Sm2Sm3, bytes).map(drop);
    assert_eq!(parse(&good), Ok(()));
    let (x, y) = good[1..].split_at(32);
    let parity = 2 + (y[31] & 1);
    let with = |first: u8, rest: &[&[u8]]| [&[first], rest.concat().as_slice()].concat();
    let mut off_curve = good.clone();
    off_curve[64] ^= 1;
    for (bad, why) in [
        (with(parity, &[x]), "compressed"),
        (with(6 + (y[31] & 1), &[x, y]), "hybrid"),
        (vec![0], "the point at infinity"),
        (with(4, &[&[0; 64]]), "zero coordinates"),
        (with(4, &[&[0xff; 64]]), "coordinates beyond the field"),
        (off_curve, "off the curve"),
        (good[1..].to_vec(), "without its first byte"),
        ([good.as_slice(), &[0]].concat(), "too long"),
    ] {
        assert_eq!(parse(&bad), Err(SignatureError::PublicKey), "{why}");
    }
}

#[test]
fn sm2_signatures_out_of_range_are_refused() {
    let key = PublicKey::from_bytes(Suite::Sm2Sm3, &bytes(standard::PUBLIC)).unwrap();
    let good = bytes(standard::SIGNATURE);
    let (r, s) = good.split_at(32);
    let (zero, order) = ([0; 32], bytes(ORDER));
    let beyond = [0xff; 32];
    // s = n - r makes r + s = n, which the standard refuses before any curve arithmetic.
    let negated = difference(&order, r);
    let der = [&[0x30, 0x46, 2, 0x21, 0], r, &[2, 0x21, 0], s].concat();
    for (bad, why) in [
        ([&zero, s].concat(), "r is 0"),
        ([r, &zero].concat(), "s is 0"),
        ([order.as_slice(), s].concat(), "r is n"),
        ([r, &order].concat(), "s is n"),
        ([r, &beyond].concat(), "s is beyond n"),
        ([r, &negated].concat(), "r + s is n"),
        ([r, &difference(&order, s)].concat(), "s negated"),
        ([s, r].concat(), "the halves exchanged"),
        (der, "DER"),
        (good[..63].to_vec(), "too short"),
        ([good.as_slice(), &[0]].concat(), "too long"),
    ] {
        assert_eq!(
            key.verify(standard::MESSAGE, &bad),
            Err(SignatureError::Signature),
            "{why}"
        );
    }
}

/// The difference of two numbers, big-endian.
fn difference(minuend: &[u8], subtrahend: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut digits: Vec<u8> = minuend
        .iter()
        .zip(subtrahend)
        .rev()
        .map(|(a, b)| {
            let digit = i16::from(*a) - i16::from(*b) - borrow;
            borrow = i16::from(digit < 0);
            u8::try_from(digit.rem_euclid(256)).unwrap()
        })
        .collect();
    digits.reverse();
    digits
}

#[test]
fn private_keys_round_trip_and_bad_ones_are_none() {
    for suite in [Suite::Ed25519, Suite::Sm2Sm3] {
        let key = SecretKey::from_seed(suite, &[9; 32]).unwrap();
        let pem = key.to_pem().unwrap();
        assert_eq!(SecretKey::from_pem(&pem), Ok(key));
        assert_eq!(Suite::parse(suite.word()), Some(suite));
        assert_eq!(Suite::from_number(suite.number().into()), Some(suite));
    }
    let order: [u8; 32] = bytes(ORDER).try_into().unwrap();
    let mut last = order;
    last[31] -= 1;
    for (bad, why) in [
        ([0; 32], "zero"),
        (order, "n"),
        (last, "n - 1"),
        ([0xff; 32], "beyond n"),
    ] {
        assert_eq!(SecretKey::from_seed(Suite::Sm2Sm3, &bad), None, "{why}");
    }
    assert_eq!(SecretKey::from_pem("no key"), Err(SecretKeyError::Pem));
}

#[test]
fn a_key_of_one_suite_is_none_of_the_other() {
    let ed25519 = SigningKey::from_bytes(&[7; 32]).verifying_key();
    assert!(PublicKey::from_bytes(Suite::Sm2Sm3, ed25519.as_bytes()).is_err());
    assert!(PublicKey::from_bytes(Suite::Ed25519, &bytes(standard::PUBLIC)).is_err());
    let signature = sm2_key(7).sign("a", b"payload").unwrap();
    let message = pre_authentication_encoding("a", b"payload");
    let other = PublicKey::Ed25519(ed25519);
    assert_eq!(
        other.verify(&message, &signature.bytes),
        Err(SignatureError::Signature)
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
    #[test]
    fn every_sm2_key_signs_what_it_verifies(seed in 1_u8..=254, payload in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), flip in 0_usize..64) {
        let key = sm2_key(seed);
        let mut signature = key.sign("t", &payload).unwrap().bytes;
        let public = key.public_key();
        let message = pre_authentication_encoding("t", &payload);
        proptest::prop_assert_eq!(public.verify(&message, &signature), Ok(()));
        signature[flip] ^= 1;
        proptest::prop_assert!(public.verify(&message, &signature).is_err());
    }

    #[test]
    fn arbitrary_bytes_are_no_key_and_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)) {
        let _ = PublicKey::from_bytes(Suite::Sm2Sm3, &bytes);
        let key = sm2_key(1).public_key();
        proptest::prop_assert!(key.verify(b"m", &bytes).is_err());
    }
}
