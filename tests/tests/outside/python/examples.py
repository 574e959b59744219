"""The worked examples of docs/PROTOCOL.md, computed in Python from its words: every value must stand on the page."""

import wire
from agent import raw_public, sign
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from formats import (
    ACT_TYPE,
    SNAPSHOT_TYPE,
    LogKey,
    check_inclusion,
    key_id,
    leaf_hash,
    must,
    open_checkpoint,
    parse_bundle,
    parse_token,
    pre_authentication_encoding,
    receipt_text,
    sha256,
)


def example_snapshot():
    snapshots = wire.module("snapshot_pb2")
    gdp = snapshots.Observation(indicator="gdp", value=snapshots.Decimal(mantissa=-150, scale=2), status=1)
    secondary = snapshots.Observation(indicator="secondary", status=10)
    return snapshots.Snapshot(
        unit="621100",
        dataset="annual-accounts",
        period="2021-A1",
        revision=1,
        prepared_at_ms=1650000000000,
        catalogue_version=sha256(b"catalogue"),
        observations=[gdp, secondary],
        software="example/1",
    ).SerializeToString()


def example_act(key):
    acts = wire.module("act_pb2")
    enrol = acts.EnrolKey(unit="621100", suite=1, public_key=raw_public(key), token=bytes([5] * 32), label="office")
    return acts.Act(issued_at_ms=1650000000000, nonce=bytes([6] * 16), enrol_key=enrol).SerializeToString()


def example_entry(envelope):
    return (
        wire.module("journal_pb2")
        .JournalEntry(
            received_at_ms=1650000000001,
            kind=1,
            unit="621100",
            dataset="annual-accounts",
            period="2021-A1",
            payload_sha256=sha256(envelope.payload),
            signatures=envelope.signatures,
        )
        .SerializeToString()
    )


def values():
    """Every hexadecimal value of sections 2, 3, 6 and 7, by what it is."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([7] * 32))
    snapshot, act = example_snapshot(), example_act(key)
    envelope = sign(key, SNAPSHOT_TYPE, snapshot)
    entry = example_entry(envelope)
    yield "public key", raw_public(key)
    yield "key id", key_id(raw_public(key))
    yield "snapshot", snapshot
    yield "payload digest", sha256(snapshot)
    yield "PAE", pre_authentication_encoding(SNAPSHOT_TYPE, snapshot)
    yield "signature", envelope.signatures[0].signature
    yield "act", act
    yield "the act's signature", sign(key, ACT_TYPE, act).signatures[0].signature
    yield "entry", entry
    yield from (("leaf hash", leaf_hash(leaf)) for leaf in (b"zero", entry, b"two"))


def check_receipt_example(page):
    """The printed receipt verifies under the printed key, and is the text of its parts."""
    log_key = LogKey(next(line for line in page.splitlines() if line.startswith("city.example/granary+")))
    text = "c2sp.org/tlog-proof@v1\nextra CI" + page.split("c2sp.org/tlog-proof@v1\nextra CI", 1)[1].split("```", 1)[0]
    head, checkpoint = text.split("\n\n", 1)
    size, root = open_checkpoint(checkpoint, log_key)
    key = Ed25519PrivateKey.from_private_bytes(bytes([7] * 32))
    entry = example_entry(sign(key, SNAPSHOT_TYPE, example_snapshot()))
    proof = [leaf_hash(b"zero"), leaf_hash(b"two")]
    check_inclusion(1, size, leaf_hash(entry), proof, root)
    parts = wire.module("collection_pb2").Receipt(index=1, entry=entry, inclusion_proof=proof, checkpoint=checkpoint)
    must(receipt_text(parts) == head + "\n\n" + checkpoint, "the receipt's text differs")


def check_examples(page):
    """Computes them all; gives how many."""
    squeezed = "".join(page.split())
    count = 0
    for count, (what, value) in enumerate(values(), 1):
        must(value.hex() in squeezed, f"docs/PROTOCOL.md has not this {what}: {value.hex()}")
    check_receipt_example(page)
    token = next(line for line in page.splitlines() if line.startswith("granary1.j"))
    must(parse_token(token) == (sha256(b"authority"), bytes([5] * 32)), "the token differs")
    bundle = next(line for line in page.splitlines() if line.startswith("0a0b0a06612e"))
    must(parse_bundle(bytes.fromhex(bundle)) == {"a.toml": "x", "b.toml": "y"}, "the bundle differs")
    must(sha256(bytes.fromhex(bundle)).hex() in squeezed, "the bundle's version differs")
    return count + 3
