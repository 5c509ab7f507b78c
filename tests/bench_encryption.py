"""What encryption at rest costs: the envelope by itself beside AES-GCM alone, a whole put and get through the
door, and a read that has to ask the customer's vault first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from timeit import timeit
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import labkit
from labkit.azure import STORAGE, Authorization, BlobStorage
from labkit.core.entropy import Entropy
from labkit.core.resource import Component
from labkit.crypto.envelope import DataKeys, Envelope
from labkit.lab import Lab
from labkit.services.encryption import HOLD
from tests.race import Row, Rows, Work, race
from tests.services.stores import account, give_key, new_version, write

SIZES = {"4 KiB": (4096, 400, 4.0), "1 MiB": (2**20, 8, 1.2)}
# These races are short: many of a millisecond or two tell more than few of ten, of which each is disturbed.
MORE = 6
COUNT = 500
NAME = "azureml/ExperimentRun/train_1/outputs/model.pkl"


def sealing(rounds: int, scale: int = 1) -> Rows:
    """A write: a new data key, its wrap, and the bytes under it; and a read. Beside one AES-GCM under a key
    that is ready, which is the least that encryption takes. `scale` divides how often."""
    draw = Entropy(1)
    envelope = Envelope("bench", draw("account key"), DataKeys(draw("data keys")))
    alone, nonce = AESGCM(draw("alone")), bytes(12)
    for size, (length, count, target) in SIZES.items():
        count, data = max(count // scale, 1), draw("data", length)
        sealed, closed = envelope.seal(NAME, data, 1), alone.encrypt(nonce, data, None)
        write = partial(_times, count, envelope.seal, NAME, data, 7)
        read = partial(_times, count, envelope.open, NAME, sealed, 1)
        encrypt = partial(_times, count, alone.encrypt, nonce, data, None)
        decrypt = partial(_times, count, alone.decrypt, nonce, closed, None)
        yield race(
            Row(f"seal {size} in an envelope", "AES-GCM", target=target), write, encrypt, rounds * MORE, count
        )
        yield race(Row(f"open {size} of an envelope", "AES-GCM"), read, decrypt, rounds * MORE, count)


def _times(count: int, work: Callable[..., object], *args: Any) -> None:
    for _ in range(count):
        work(*args)


def asked(lab: Lab, op: Any, *args: Any) -> Work:
    """A call through the door with a token that was seen before and a role on the account."""
    door, id, caller = lab.parts.door, account(lab).id, Component("rita")
    token = lab.sign_in("rita", resource=STORAGE).bearer
    return lambda: door.ask(caller, op, id, token, *args)


def with_a_role() -> Lab:
    """A lab in which rita may read and write blobs."""
    lab = labkit.start()
    owner, rita = lab.sign_in("olivia").bearer, lab.people["rita"].object_id
    role = "Storage Blob Data Contributor"
    lab.ask("olivia", Authorization.assign, account(lab).id, owner, role, rita)
    return lab


def through_the_door(rounds: int, count: int = COUNT) -> Rows:
    """Put and get as users reach them: authenticated, authorized, encrypted, traced."""
    lab = with_a_role()
    for size, (length, _, _) in SIZES.items():
        data = bytes(length)
        for what, op, args in (("put", BlobStorage.put, (NAME, data)), ("get", BlobStorage.get, (NAME,))):
            yield _alone(f"{what} {size} through the door", asked(lab, op, *args), lab, rounds, count)


def _alone(what: str, work: Work, lab: Lab, rounds: int, count: int) -> Row:
    count = max(count if "KiB" in what else count // 20, 1)

    def calls() -> None:
        for _ in range(count):
            work()
        lab.trace.clear()

    calls()
    return Row(what, ours=median(timeit(calls, number=1) / count for _ in range(rounds)))


def cold(rounds: int) -> Rows:
    """A read under a customer's key after an hour: the store signs in, and the vault unwraps its account key
    with RSA. Beside the same read while the key is held."""
    lab = with_a_role()
    new_version(lab)
    write(lab, NAME, bytes(4096))
    give_key(lab, lab.storage)
    times: dict[str, list[float]] = {"cold": [], "held": []}
    for _ in range(rounds):
        lab.clock.advance(HOLD)
        # The reader's token ends with the hour too.
        read = asked(lab, BlobStorage.get, NAME)
        times["cold"].append(timeit(read, number=1))
        hops = len(lab.trace.last())
        times["held"].append(timeit(read, number=1))
        lab.trace.clear()
    ours, other = median(times["cold"]), median(times["held"])
    note = f"{hops} hops, of which the vault answers 2"
    yield Row("get 4 KiB, key to be unwrapped", "key held", ours, other, ours / other, note=note)
