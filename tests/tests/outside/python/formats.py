"""The formats of docs/PROTOCOL.md in Python: envelopes, tokens, bundles, signed notes, checkpoints, proofs and receipts.

Written from that page alone. Nothing here does input or output; whatever is not as the page says raises `Wrong`.
"""

import base64
import binascii
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SNAPSHOT_TYPE = "application/vnd.granary.snapshot.v1+protobuf"
ACT_TYPE = "application/vnd.granary.act.v1+protobuf"
SUITE_ED25519 = 1
NOTE_BYTES_MAX = 1_000_000
NOTE_LINES_MAX = 100
PROOF_HASHES_MAX = 63
ENTRY_BYTES_MAX = 65_535


class Wrong(Exception):
    """Something is not as docs/PROTOCOL.md says."""


def must(holds, what):
    """Raises unless it holds."""
    if not holds:
        raise Wrong(what)


def sha256(data):
    return hashlib.sha256(data).digest()


# ---- section 2: keys and envelopes ----------------------------------------------------------------------------------


def key_id(public_key):
    """SHA-256 of the suite byte and the public key."""
    return sha256(bytes([SUITE_ED25519]) + public_key)


def pre_authentication_encoding(payload_type, payload):
    """What is signed (DSSE v1)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


# ---- section 3: the token -------------------------------------------------------------------------------------------


def parse_token(text):
    """Gives the SHA-256 of the authority's certificate and the 32 secret bytes."""
    parts = text.strip().split(".")
    must(len(parts) == 3 and parts[0] == "granary1", "the token is damaged")
    must(all(re.fullmatch(r"[A-Za-z0-9_-]{43}", part) for part in parts[1:]), "the token is damaged")
    pin, secret = (base64.urlsafe_b64decode(part + "=") for part in parts[1:])
    return pin, secret


# ---- section 7: base64, the log's key, signed notes, checkpoints ----------------------------------------------------


def from_base64(text):
    """RFC 4648 section 4, with padding and in its one canonical form."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Wrong(f"no base64: {text!r}") from error
    must(base64.b64encode(data).decode() == text, f"not canonical base64: {text!r}")
    return data


def to_base64(data):
    return base64.b64encode(data).decode()


def parse_decimal(text):
    must(re.fullmatch(r"0|[1-9][0-9]*", text), f"no decimal number: {text!r}")
    return int(text)


class LogKey:
    """The log's key in signed-note form: origin, its id, the public key."""

    def __init__(self, text):
        parts = text.split("+", 2)
        must(len(parts) == 3, "the log's key has not three parts")
        self.origin, stated, encoded = parts
        data = from_base64(encoded)
        must(len(data) == 33 and data[0] == SUITE_ED25519, "the log's key is not an Ed25519 key")
        self.id = sha256(self.origin.encode() + b"\n" + data)[:4]
        must(stated == self.id.hex(), "the log's key id is not that of its name and key")
        self.public_key = Ed25519PublicKey.from_public_bytes(data[1:])

    def verifies(self, signature, text):
        try:
            self.public_key.verify(signature, text)
        except InvalidSignature:
            return False
        return True


def open_note(note, key):
    """The text of a signed note that the key signed."""
    raw = note.encode()
    must(len(raw) <= NOTE_BYTES_MAX, "the note is too long")
    text, separator, lines = note.rpartition("\n\n")
    must(separator and lines.endswith("\n"), "the note has no signatures")
    text += "\n"
    lines = lines[:-1].split("\n")
    must(len(lines) <= NOTE_LINES_MAX, "the note has too many lines")
    signed = False
    for line in lines:
        words = line.split(" ")
        must(len(words) == 3 and words[0] == "\u2014", f"no signature line: {line!r}")
        data = from_base64(words[2])
        must(len(data) > 4, f"no signature line: {line!r}")
        if words[1] == key.origin and data[:4] == key.id:
            must(key.verifies(data[4:], text.encode()), "the log's signature does not fit the checkpoint")
            signed = True
    must(signed, "the checkpoint is not signed with the log's key")
    return text


def open_checkpoint(note, key):
    """The size and the root of a checkpoint that the key signed."""
    lines = open_note(note, key).split("\n")
    must(len(lines) >= 4 and lines[-1] == "" and all(lines[:-1]), "the checkpoint has not its three lines")
    must(lines[0] == key.origin, "the checkpoint is another log's")
    root = from_base64(lines[2])
    must(len(root) == 32, "the checkpoint's root has not 32 bytes")
    return parse_decimal(lines[1]), root


# ---- section 7: the tree --------------------------------------------------------------------------------------------


def leaf_hash(entry):
    return sha256(b"\x00" + entry)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def check_inclusion(index, size, leaf, proof, root):
    """RFC 9162 section 2.1.3.2."""
    must(index < size, "the index is not within the tree")
    must(len(proof) <= PROOF_HASHES_MAX and all(len(each) == 32 for each in proof), "the proof has not the form of one")
    first, last, found = index, size - 1, leaf
    for each in proof:
        must(last != 0, "the proof is too long")
        if first & 1 or first == last:
            found = node_hash(each, found)
            while not first & 1 and first != 0:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, each)
        first, last = first >> 1, last >> 1
    must(last == 0, "the proof is too short")
    must(found == root, "the proof does not lead to the root")


def check_consistency(old_size, old_root, new_size, new_root, proof):
    """RFC 9162 section 2.1.4.2: the newer tree begins with the older one."""
    must(0 < old_size <= new_size, "the sizes are not in order")
    must(all(len(each) == 32 for each in proof), "the proof has not the form of one")
    if old_size == new_size:
        must(not proof and old_root == new_root, "trees of one size differ")
        return
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    must(path, "the proof is empty")
    first, last = old_size - 1, new_size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old = new = path[0]
    for each in path[1:]:
        must(last != 0, "the proof is too long")
        if first & 1 or first == last:
            old, new = node_hash(each, old), node_hash(each, new)
            while not first & 1 and first != 0:
                first, last = first >> 1, last >> 1
        else:
            new = node_hash(new, each)
        first, last = first >> 1, last >> 1
    must(last == 0 and old == old_root and new == new_root, "the newer tree does not grow out of the older one")


# ---- section 7: the receipt -----------------------------------------------------------------------------------------


def receipt_text(receipt):
    """The text form (c2sp.org/tlog-proof, version 1)."""
    lines = ["c2sp.org/tlog-proof@v1", f"extra {to_base64(receipt.entry)}", f"index {receipt.index}"]
    lines += [to_base64(each) for each in receipt.inclusion_proof]
    return "\n".join([*lines, "", receipt.checkpoint])


def check_receipt(receipt, key):
    """Whoever holds the log's key committed to this entry at this index. Gives the size and root that prove it."""
    must(len(receipt.entry) <= ENTRY_BYTES_MAX, "the entry is too long")
    size, root = open_checkpoint(receipt.checkpoint, key)
    check_inclusion(receipt.index, size, leaf_hash(receipt.entry), list(receipt.inclusion_proof), root)
    return size, root


# ---- section 8: the bundle ------------------------------------------------------------------------------------------


def fields(data):
    """The (number, bytes) of a message whose fields are all length-delimited."""
    at, found = 0, []
    while at < len(data):
        tag, at = varint(data, at)
        must(tag & 7 == 2, "the bundle has a field of another form")
        length, at = varint(data, at)
        must(at + length <= len(data), "the bundle is cut off")
        found.append((tag >> 3, data[at : at + length]))
        at += length
    return found


def varint(data, at):
    value = shift = 0
    while True:
        must(at < len(data) and shift < 64, "the bundle is cut off")
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def parse_bundle(data):
    """The files of a catalogue, by name."""
    files = []
    for number, inner in fields(data):
        must(number == 1, "the bundle has an unknown field")
        parts = fields(inner)
        must([part[0] for part in parts] in ([1, 2], [1]), "a file has not a name and a text")
        text = parts[1][1] if len(parts) > 1 else b""
        files.append((parts[0][1].decode(), text.decode()))
    names = [name for name, _ in files]
    must(names == sorted(set(names)), "the files are not in ascending order")
    must(all(re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\.toml", name) for name in names), "a file has a forbidden name")
    return dict(files)
