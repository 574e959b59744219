"""One unit's dealings with a real city, from the token to the assessment, each answer verified; and what must be refused.

    scenario.py --page docs/PROTOCOL.md --proto proto --server HOST:PORT --token TOKEN --unit 621100 --out FOLDER

Prints a line for each thing that held. The first that does not ends it with a status other than 0. Receipts are left in FOLDER.
"""

import argparse
import pathlib
import time

import grpc
import wire
from agent import Agent, Enrolment, connect
from cryptography.hazmat.primitives.asymmetric import ec
from examples import check_examples
from formats import (
    Wrong,
    check_consistency,
    check_receipt,
    key_id,
    must,
    open_checkpoint,
    receipt_text,
)
from refusals import check_refusals, documented

FIGURES_2021 = {"gdp": (50076, 2), "primary": (9835, 2), "secondary": (8265, 2), "tertiary": (31975, 2)}
# The second industry with its digits exchanged: the sum no longer holds.
FIGURES_WRONG = FIGURES_2021 | {"secondary": (8625, 2)}
FIGURES_2022 = {"gdp": (55800, 2), "primary": (10800, 2), "secondary": (10000, 2), "tertiary": (35000, 2), "industry": None}


def said(text):
    print("ok:", text, flush=True)


def refuses(what, call):
    """The call raises `Wrong`: the agent itself does not go on."""
    try:
        call()
    except Wrong as error:
        said(f"{what}: {error}")
        return
    raise Wrong(f"{what}: the agent went on")


def enrolled(arguments, page):
    """Section 3: the enrolment, a broken token, the same act again, a thief of the act."""
    host, _, port = arguments.server.rpartition(":")
    enrolment = Enrolment(arguments.token, arguments.unit)
    parts = arguments.token.split(".")
    elsewhere = Enrolment(".".join([parts[0], "A" * 43, parts[2]]), arguments.unit)
    refuses("another city's token", lambda: elsewhere.send(host, int(port)))
    refuses("a damaged token", lambda: Enrolment(arguments.token[:-1], arguments.unit))
    answer = enrolment.send(host, int(port))
    must(answer.WhichOneof("result") == "enrolled", f"not enrolled: {answer}")
    agent = Agent(host, int(port), enrolment, answer.enrolled)
    said(f"enrolled; the receipt of the act holds under {agent.log_key.origin}")
    again = enrolment.send(host, int(port)).enrolled
    must(again.receipt.entry == answer.enrolled.receipt.entry, "the same act made another entry")
    said("the same act again is the same entry")
    thief = enrolment.send(host, int(port), ec.generate_private_key(ec.SECP256R1()))
    must(thief.refusal.code == documented(page)["ACT"][0], f"a thief of the act was answered with {thief}")
    said(f"the same act for another TLS key is refused: {thief.refusal.message_en}")
    second = Enrolment(arguments.token, arguments.unit).send(host, int(port))
    must(second.refusal.code == documented(page)["ACT"][0], f"a used token was answered with {second}")
    said(f"a used token is refused: {second.refusal.message_en}")
    return agent


def fetched(agent):
    """Section 8: the catalogue."""
    files, city_time_ms = agent.fetch_catalogue()
    must("datasets.toml" in files, f"no datasets among {sorted(files)}")
    must(abs(city_time_ms - time.time() * 1000) < 60_000, "the city's clock is far off")
    request = wire.module("collection_pb2").FetchCatalogueRequest(known_version=agent.catalogue_version)
    must(agent.collection.FetchCatalogue(request).bundle == b"", "the known catalogue came again")
    said(f"the catalogue: {len(files)} files under version {agent.catalogue_version.hex()[:12]}")


def pushed(agent, out):
    """Sections 5 to 7: a wrong statement, its correction and another year's over one stream; every receipt is verified."""
    accounts = "annual-accounts"
    # Two statements of one slot on one stream may be journaled in any order; a stream for each keeps them in turn.
    wrong = agent.signed(agent.snapshot(accounts, "2021-A1", FIGURES_WRONG))
    right = agent.signed(agent.snapshot(accounts, "2021-A1", FIGURES_2021, revision=2))
    other = agent.signed(agent.snapshot(accounts, "2022-A1", FIGURES_2022))
    receipts = agent.push([wrong]) + agent.push([right, other])
    for envelope, receipt in zip((wrong, right, other), receipts):
        must(receipt.DESCRIPTOR.name == "Receipt", f"refused: {receipt}")
        entry = agent.verified(receipt, envelope)
        name = f"{entry.dataset}_{entry.period}-{receipt.index}"
        (out / f"{name}.tlog-proof").write_text(receipt_text(receipt), encoding="utf-8", newline="\n")
        (out / f"{name}.snapshot").write_bytes(envelope.payload)
        said(f"entry {receipt.index} is receipted for {entry.period}")
    return list(zip((wrong, right, other), receipts))


def pushed_again(agent, sent):
    """Section 5: a payload has one entry for ever, however and how often it comes."""
    answers = agent.push([envelope for envelope, _ in sent]) + [agent.submit(envelope) for envelope, _ in sent]
    for (envelope, receipt), again in zip(sent * 2, answers):
        agent.verified(again, envelope)
        must((again.index, again.entry) == (receipt.index, receipt.entry), "the same bytes made another entry")
    said(f"{len(answers)} submissions again: the same entries")
    refuses("a receipt for something else", lambda: agent.verified(sent[0][1], sent[1][0]))
    moved = type(sent[1][1]).FromString(sent[1][1].SerializeToString())
    moved.index += 1
    refuses("a receipt with another index", lambda: check_receipt(moved, agent.log_key))


def assessed(agent, sent):
    """Section 9: what became of them, and what is current."""
    outcomes = wire.module("assessment_pb2").Outcome
    found = {each.index: each for each in agent.assessments(len(sent))}
    told = [outcomes.Name(found[receipt.index].outcome) for _, receipt in sent]
    must(told == ["OUTCOME_RETURNED", "OUTCOME_ACCEPTED", "OUTCOME_ACCEPTED"], f"the outcomes are {told}")
    failures = found[sent[0][1].index].failures
    must([failure.edit for failure in failures] == ["ANNUAL.BALANCE"], f"the failures are {failures}")
    imbalance = failures[0].imbalance
    must((imbalance.mantissa, imbalance.scale) == (-360 + 1, 2), f"the imbalance is {imbalance}")
    said(f"returned: {failures[0].message_en}")
    missing = [failure.edit for failure in found[sent[2][1].index].failures]
    must("GRANARY.MISSING" not in missing, f"industry is not required, yet {missing}")
    records = agent.records()
    must(sorted(period for _, period in records) == ["2021-A1", "2022-A1"], f"the records are {sorted(records)}")
    must(records["annual-accounts", "2021-A1"][1].revision == 2, "the correction is not current")
    said("the correction is current")


def grown(agent, before):
    """Section 12: the log of now begins with the log of then, and a lost receipt can be had again."""
    service = wire.module("transparency_pb2")
    old_size, old_root = open_checkpoint(before, agent.log_key)
    answer = agent.transparency.GetConsistencyProof(service.GetConsistencyProofRequest(old_size=old_size))
    new_size, new_root = open_checkpoint(answer.checkpoint, agent.log_key)
    must(answer.new_size == new_size, "the proof is for another size")
    proof = list(answer.hashes)
    check_consistency(old_size, old_root, new_size, new_root, proof)
    said(f"the log of {new_size} entries begins with the log of {old_size}")
    rewritten = bytes([old_root[0] ^ 1]) + old_root[1:]
    refuses("a rewritten log", lambda: check_consistency(old_size, rewritten, new_size, new_root, proof))
    refuses("a shrunk log", lambda: check_consistency(new_size, new_root, old_size, old_root, proof))


def checkpoint(agent):
    return agent.transparency.GetCheckpoint(wire.module("transparency_pb2").GetCheckpointRequest()).checkpoint


def turned_away(agent):
    """Section 11: who calls without the right certificate."""

    def status(call):
        try:
            call()
        except grpc.RpcError as error:
            return error.code().name
        return "OK"

    collection = wire.module("collection_pb2")
    with connect(*agent.address) as channel:
        stub = wire.module("collection_pb2_grpc").CollectionServiceStub(channel)
        found = status(lambda: stub.FetchCatalogue(collection.FetchCatalogueRequest(), timeout=60))
    must(found == "UNAUTHENTICATED", f"without a certificate: {found}")
    monitoring = wire.module("monitoring_pb2")
    stub = wire.module("monitoring_pb2_grpc").MonitoringServiceStub(agent.channel)
    found = status(lambda: stub.GetStatus(monitoring.GetStatusRequest(), timeout=60))
    must(found == "PERMISSION_DENIED", f"a unit asks for monitoring: {found}")
    said("without the right certificate nothing is answered")


def main():
    parser = argparse.ArgumentParser()
    for name in ("page", "proto", "out"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    for name in ("server", "token", "unit"):
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()
    page = arguments.page.read_text(encoding="utf-8")
    wire.generate(arguments.proto, arguments.out / "wire")
    said(f"{check_examples(page)} worked examples come out of Python as they stand on the page")
    agent = enrolled(arguments, page)
    fetched(agent)
    before = checkpoint(agent)
    sent = pushed(agent, arguments.out)
    pushed_again(agent, sent)
    size_before, _ = open_checkpoint(checkpoint(agent), agent.log_key)
    said(f"{check_refusals(agent, sent[1][0], page)} wrong submissions are refused as the page says")
    must(open_checkpoint(checkpoint(agent), agent.log_key)[0] == size_before, "something refused was journaled")
    assessed(agent, sent)
    grown(agent, before)
    turned_away(agent)
    said("everything held")


if __name__ == "__main__":
    main()
