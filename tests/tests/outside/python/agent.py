"""A unit's agent: it enrols, signs, pushes and believes nothing that it has not verified.

Written from docs/PROTOCOL.md alone; the sections that are named are those of that page.
"""

import datetime
import os
import queue
import socket
import ssl
import time

import grpc
import wire
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from formats import (
    ACT_TYPE,
    SNAPSHOT_TYPE,
    SUITE_ED25519,
    LogKey,
    check_receipt,
    key_id,
    must,
    parse_bundle,
    parse_token,
    pre_authentication_encoding,
    sha256,
)

# A catalogue bundle may have 8 MiB, which is more than gRPC takes by default (section 1).
ANSWER_BYTES_MAX = 18 << 20
DEADLINE_S = 60


def raw_public(key):
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def sign(key, payload_type, payload):
    """An envelope with one signature (section 2)."""
    envelopes = wire.module("envelope_pb2")
    signature = key.sign(pre_authentication_encoding(payload_type, payload))
    made = envelopes.Signature(key_id=key_id(raw_public(key)), signature=signature)
    return envelopes.Envelope(payload_type=payload_type, payload=payload, signatures=[made])


def certificates_of(host, port):
    """The certificates that a server sends, its own first, over a line that is not trusted and on which nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with socket.create_connection((host, port), timeout=DEADLINE_S) as plain:
        with context.wrap_socket(plain, server_hostname=host) as line:
            if hasattr(line, "get_unverified_chain"):  # Python 3.13
                return list(line.get_unverified_chain())
            chain = line._sslobj.get_unverified_chain()  # Python 3.10 to 3.12
            return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in chain]


def pinned_authority(host, port, pin):
    """The city's authority, known by the token's digest (section 3, step 2)."""
    found = [der for der in certificates_of(host, port)[1:] if sha256(der) == pin]
    must(found, "this is not the city: none of its certificates is the token's")
    return found[0]


def pem(der):
    return ssl.DER_cert_to_PEM_cert(der).encode()


def connect(host, port, authority, certificate=None, tls_key=None):
    """A channel that believes this one authority."""
    chain = key = None
    if certificate is not None:
        chain = pem(certificate)
        form = serialization.PrivateFormat.PKCS8
        key = tls_key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    credentials = grpc.ssl_channel_credentials(pem(authority), key, chain)
    options = [("grpc.max_receive_message_length", ANSWER_BYTES_MAX), ("grpc.use_local_subchannel_pool", 1)]
    return grpc.secure_channel(f"{host}:{port}", credentials, options)


def certificate_request(tls_key):
    """PKCS #10 for the TLS key; subject and extensions are ignored (section 3, step 4)."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(tls_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


class Enrolment:
    """The keys, act and request of one enrolment, made before anything is sent."""

    def __init__(self, token, unit, label="python"):
        self.pin, secret = parse_token(token)
        self.unit = unit
        self.key = Ed25519PrivateKey.generate()
        self.tls_key = ec.generate_private_key(ec.SECP256R1())
        acts = wire.module("act_pb2")
        enrol = acts.EnrolKey(unit=unit, suite=SUITE_ED25519, public_key=raw_public(self.key), token=secret, label=label)
        act = acts.Act(issued_at_ms=int(time.time() * 1000), nonce=os.urandom(16), enrol_key=enrol)
        self.act = sign(self.key, ACT_TYPE, act.SerializeToString())

    def send(self, host, port, tls_key=None):
        """Sends the act; gives the answer, of which nothing is checked."""
        request = wire.module("enrolment_pb2").EnrolRequest(
            act=self.act, certificate_request=certificate_request(tls_key or self.tls_key)
        )
        authority = pinned_authority(host, port, self.pin)
        with connect(host, port, authority) as channel:
            service = wire.module("enrolment_pb2_grpc").EnrolmentServiceStub(channel)
            return service.Enrol(request, timeout=DEADLINE_S)

    def check(self, enrolled):
        """Step 6: every part of the answer, before any is kept."""
        must(sha256(enrolled.authority) == self.pin, "the authority is not the token's")
        certificate = x509.load_der_x509_certificate(enrolled.certificate)
        form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        ours = self.tls_key.public_key().public_bytes(*form)
        must(certificate.public_key().public_bytes(*form) == ours, "the certificate is for another key")
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
        must(uris == [f"granary:unit:{self.unit}"], f"the certificate names {uris}")
        now = datetime.datetime.now(datetime.timezone.utc)
        must(certificate.not_valid_after_utc - now > datetime.timedelta(days=700), "the certificate is for less than two years")
        log_key = LogKey(enrolled.log_verifier_key)
        check_receipt(enrolled.receipt, log_key)
        entry = canonical_entry(enrolled.receipt.entry)
        must(entry.kind == 2, "the entry is not an act's")
        check_own(entry, self.act)
        return log_key


def canonical_entry(data):
    """Reads a journal entry, which has one form only (section 6)."""
    journal = wire.module("journal_pb2")
    entry = journal.JournalEntry.FromString(data)
    again = journal.JournalEntry.FromString(data)
    again.DiscardUnknownFields()
    must(again.SerializeToString(deterministic=True) == data, "the entry is not canonical")
    return entry


def check_own(entry, envelope):
    """The entry is about what was sent, with its signatures."""
    must(entry.payload_sha256 == sha256(envelope.payload), "the receipt is for another payload")
    must(list(entry.signatures) == list(envelope.signatures), "the receipt has other signatures")


class Agent:
    """An enrolled agent: its keys, its certificate, the log's key."""

    def __init__(self, host, port, enrolment, enrolled):
        self.log_key = enrolment.check(enrolled)
        self.unit, self.key = enrolment.unit, enrolment.key
        self.address = (host, port, enrolled.authority)
        self.channel = connect(*self.address, enrolled.certificate, enrolment.tls_key)
        self.collection = wire.module("collection_pb2_grpc").CollectionServiceStub(self.channel)
        self.transparency = wire.module("transparency_pb2_grpc").TransparencyServiceStub(self.channel)
        self.catalogue_version = b""

    def fetch_catalogue(self):
        """The catalogue's files, and the city's clock."""
        request = wire.module("collection_pb2").FetchCatalogueRequest()
        answer = self.collection.FetchCatalogue(request, timeout=DEADLINE_S)
        must(sha256(answer.bundle) == answer.version, "the version is not the bundle's SHA-256")
        self.catalogue_version = answer.version
        return parse_bundle(answer.bundle), answer.city_time_ms

    def snapshot(self, dataset, period, figures, **more):
        """A snapshot with its figures in order. A figure is (mantissa, scale), or None where it is stated to be missing."""
        snapshots = wire.module("snapshot_pb2")
        observations = []
        for indicator, figure in sorted(figures.items()):
            if figure is None:
                observation = snapshots.Observation(indicator=indicator, status="OBSERVATION_STATUS_MISSING")
            else:
                value = snapshots.Decimal(mantissa=figure[0], scale=figure[1])
                observation = snapshots.Observation(indicator=indicator, value=value, status="OBSERVATION_STATUS_NORMAL")
            observations.append(observation)
        stated = {
            "unit": self.unit,
            "dataset": dataset,
            "period": period,
            "revision": 1,
            "prepared_at_ms": int(time.time() * 1000),
            "catalogue_version": self.catalogue_version,
            "observations": observations,
            "software": "python-example/1",
        }
        return snapshots.Snapshot(**(stated | more))

    def signed(self, snapshot, key=None):
        return sign(key or self.key, SNAPSHOT_TYPE, snapshot.SerializeToString())

    def submit(self, envelope):
        """One submission. Gives the receipt or the refusal, neither of which is checked."""
        request = wire.module("collection_pb2").SubmitRequest(envelope=envelope)
        answer = self.collection.Submit(request, timeout=DEADLINE_S)
        return getattr(answer, answer.WhichOneof("result"))

    def push(self, envelopes):
        """Many submissions over one stream, never more unanswered than the window allows; answers in the order of the envelopes."""
        collection = wire.module("collection_pb2")
        ready = queue.SimpleQueue()
        stream = self.collection.Push(iter(ready.get, None), timeout=DEADLINE_S)
        first = next(stream)
        must(first.WhichOneof("message") == "window", "the first message is not the window")
        requests = [collection.PushRequest(sequence=7 * at + 3, envelope=each) for at, each in enumerate(envelopes)]
        waiting, unanswered, answers = list(reversed(requests)), {}, {}
        while waiting or unanswered:
            while waiting and fits(first.window, unanswered, waiting[-1]):
                request = waiting.pop()
                unanswered[request.sequence] = request
                ready.put(request)
            message = next(stream)
            must(message.WhichOneof("message") == "answer", "a second window")
            must(unanswered.pop(message.answer.sequence, None), "an answer to nothing")
            answers[message.answer.sequence] = getattr(message.answer, message.answer.WhichOneof("result"))
        ready.put(None)
        must(next(stream, None) is None, "an answer after the last")
        return [answers[request.sequence] for request in requests]

    def verified(self, receipt, envelope):
        """Section 7, all five steps: the receipt holds, and it is this submission's. Gives the entry."""
        check_receipt(receipt, self.log_key)
        entry = canonical_entry(receipt.entry)
        sent = wire.module("snapshot_pb2").Snapshot.FromString(envelope.payload)
        must(entry.kind == 1, "the entry is not a snapshot's")
        stated = (entry.unit, entry.dataset, entry.period)
        must(stated == (sent.unit, sent.dataset, sent.period), "the receipt is for another slot")
        check_own(entry, envelope)
        return entry

    def assessments(self, least):
        """All of them, as a long poll gives them: until there are so many."""
        request = wire.module("collection_pb2").FetchAssessmentsRequest(wait_ms_max=20_000, count_max=2)
        found = []
        while len(found) < least:
            answer = self.collection.FetchAssessments(request, timeout=DEADLINE_S)
            must(answer.assessments, "no assessment came within the wait")
            found.extend(answer.assessments)
            request.from_index = answer.next_index
        return found

    def records(self):
        """The unit's own current snapshots by slot, checked as section 9 says."""
        request = wire.module("collection_pb2").FetchRecordsRequest(count_max=1)
        found, more = {}, True
        while more:
            answer = self.collection.FetchRecords(request, timeout=DEADLINE_S)
            for record in answer.records:
                entry = canonical_entry(record.entry)
                snapshot = wire.module("snapshot_pb2").Snapshot.FromString(record.payload)
                must(entry.payload_sha256 == sha256(record.payload), "a record has another payload")
                must((entry.unit, entry.dataset, entry.period) == (snapshot.unit, snapshot.dataset, snapshot.period), "a record is about another slot")
                must(entry.unit == self.unit, "a record of another unit")
                found[entry.dataset, entry.period] = (record.index, snapshot)
            request.from_index, more = answer.next_index, answer.more
        return found


def fits(window, unanswered, request):
    """Whether one more may be unanswered (section 5)."""
    counted = sum(-(-each.ByteSize() // 1024) * 1024 for each in [*unanswered.values(), request])
    return len(unanswered) < window.submissions_max and (counted <= window.bytes_max or not unanswered)
