"""What is refused, and with which documented code: one wrong submission for each, made from a good one.

A case is a name of docs/PROTOCOL.md section 10 and an envelope that must earn it.
"""

import copy
import re

import wire
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from formats import ACT_TYPE, must


def documented(page):
    """From section 10: code and whether to retry, by name."""
    rows = re.findall(r"^\| (\d+) \| `REFUSAL_CODE_(\w+)` \| (no|yes) \|", page, re.MULTILINE)
    return {name: (int(number), retry == "yes") for number, name, retry in rows}


def wrong_submissions(agent, good):
    """(what was done, the refusal it earns, the envelope)."""

    def altered(change, key=None):
        snapshot = wire.module("snapshot_pb2").Snapshot.FromString(good.payload)
        change(snapshot)
        return agent.signed(snapshot, key)

    def assigned(**values):
        return altered(lambda snapshot: [setattr(snapshot, name, value) for name, value in values.items()])

    def observed(**values):
        return altered(lambda snapshot: [setattr(snapshot.observations[-1], name, value) for name, value in values.items()])

    yield from envelopes(good)
    stranger = Ed25519PrivateKey.generate()
    yield "signed with a key that nobody enrolled", "KEY_UNKNOWN", altered(lambda _: None, stranger)
    yield "for another unit", "KEY_OF_ANOTHER_UNIT", assigned(unit="621122")
    yield "no such dataset", "DATASET_UNKNOWN", assigned(dataset="poetry")
    yield "a quarter of an annual dataset", "PERIOD_UNKNOWN", assigned(period="2021-Q1")
    yield "a period that is written otherwise", "MALFORMED", assigned(period="2021A1")
    yield "a year that the roster leaves out", "NOT_EXPECTED", assigned(period="2019-A1")
    yield "revision 0", "MALFORMED", assigned(revision=0)
    yield "a catalogue version of 31 bytes", "MALFORMED", assigned(catalogue_version=bytes(31))
    yield "an unknown indicator", "INDICATOR_UNKNOWN", observed(indicator="zeal")
    yield "an item where there are none", "ITEM", observed(item="G75")
    yield "an item that is present and empty", "MALFORMED", observed(item="")
    yield "a value beside 'missing'", "MALFORMED", observed(status="OBSERVATION_STATUS_MISSING")
    yield "no status", "MALFORMED", observed(status="OBSERVATION_STATUS_UNSPECIFIED")
    yield "indicators out of order", "MALFORMED", altered(lambda snapshot: snapshot.observations.reverse())

    def finer(snapshot):
        value = snapshot.observations[0].value
        value.mantissa, value.scale = value.mantissa * 10**6, value.scale + 6

    yield "trailing zeroes beyond the decimals", "TOO_MANY_DECIMALS", altered(finer)


def envelopes(good):
    """Envelopes that are wrong around a good payload."""

    def altered(change):
        envelope = copy.deepcopy(good)
        change(envelope)
        return envelope

    def byte_changed(envelope):
        envelope.payload = envelope.payload[:-1] + bytes([envelope.payload[-1] ^ 1])

    def signature_changed(envelope):
        made = envelope.signatures[0]
        made.signature = made.signature[:-1] + bytes([made.signature[-1] ^ 1])

    def as_act(envelope):
        envelope.payload_type = ACT_TYPE

    yield "a changed byte in the payload", "SIGNATURE", altered(byte_changed)
    yield "a changed byte in the signature", "SIGNATURE", altered(signature_changed)
    yield "another payload type", "PAYLOAD_TYPE", altered(as_act)
    yield "no signature", "MALFORMED", altered(lambda envelope: envelope.ClearField("signatures"))
    yield "one signature twice", "MALFORMED", altered(lambda envelope: envelope.signatures.append(good.signatures[0]))


def check_refusals(agent, good, page):
    """Each is refused as the page says, in both languages, and none was journaled. Gives how many."""
    codes = documented(page)
    must(len(codes) >= 22, "the table of refusals cannot be read")
    cases = list(wrong_submissions(agent, good))
    answers = agent.push([envelope for _, _, envelope in cases])
    for (what, name, _), answer in zip(cases, answers):
        must(answer.DESCRIPTOR.name == "Refusal", f"{what}: accepted")
        found = (answer.code, answer.retryable)
        must(found == codes[name], f"{what}: expected {name} {codes[name]}, found {found}: {answer.message_en}")
        must(answer.message_zh and answer.message_en, f"{what}: the refusal is not said in both languages")
    return len(cases)
