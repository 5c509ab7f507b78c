"""How fast the lab is: `make bench`.

Ratios within one run. What the lab does and what it is compared with take turns, round by round, so that a
slow machine, or a busy one, slows both. Exit status 1 when a target is missed. Durations are in seconds;
the table shows them in ms or µs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from statistics import median
from timeit import timeit

import jwt

import labkit
from labkit.core.credential import Anonymous, Bearer, Credential
from labkit.core.operation import Call, Op, Service, operation
from labkit.core.resource import Component, Resource
from labkit.display import diagram
from labkit.display.flow import Flow, flow
from labkit.display.graphviz_svg import Graphviz
from labkit.furniture import CLIENT_ID, GROUPS, REGION, SUBSCRIPTION, workspace_id
from labkit.identity.jwt_parts import _apart
from labkit.identity.verifier import ALGORITHM, Expectation, KeySet, verify
from labkit.services.resource_manager import ResourceManager
from tests import bench_access, bench_blobs, bench_encryption, bench_scoring, bench_sweep, bench_wire
from tests.race import Row, Rows, Work, race

ROUNDS = 15
# For what takes most of a second.
FEW = 3
# What the lab is built on, and what nothing that reads a token can do without.
NEEDED = """
import jwt
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives import hashes
"""


def tokens(count: int) -> tuple[list[str], KeySet, Expectation, int]:
    """Distinct access tokens of the lab, and what verifies them."""
    lab = labkit.start()
    claims = lab.sign_in("carl").claims
    keys = lab.parts.home.keys
    signed = [keys.sign({**claims, "uti": f"{number:022x}"}) for number in range(count)]
    expected = Expectation(claims["aud"], claims["iss"], claims["tid"])
    return signed, keys.key_set(lab.clock.now), expected, lab.clock.now


def verification(rounds: int, count: int = 300) -> Rows:
    """A token that was never seen before, against PyJWT with the key in its hands, and against the one step
    that cannot be made faster."""
    signed, keys, expected, now = tokens(count)
    kid = jwt.get_unverified_header(signed[0])["kid"]
    key = keys.get(kid)
    # PyJWT's own clock is the wall clock, on which the lab's tokens are years old.
    unchecked: jwt.types.Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    decode = partial(
        jwt.decode,
        key=key,
        algorithms=[ALGORITHM],
        audience=expected.audience,
        issuer=expected.issuer,
        options=unchecked,
    )
    algorithm = jwt.get_algorithm_by_name(ALGORITHM)
    pieces = [_signed_and_signature(token) for token in signed]

    def ours() -> None:
        # Tokens that were taken apart are remembered, and these were never seen before.
        _apart.cache_clear()
        for token in signed:
            verify(token, keys, expected, now)

    def pyjwt() -> None:
        for token in signed:
            decode(token)

    def signature_alone() -> None:
        for text, signature in pieces:
            algorithm.verify(text, key, signature)

    yield race(Row("verify a token", "PyJWT", target=1.2), ours, pyjwt, rounds, count)
    yield race(Row("verify a token", "its signature alone"), ours, signature_alone, rounds, count)


def _signed_and_signature(token: str) -> tuple[bytes, bytes]:
    text, _, signature = token.encode().rpartition(b".")
    return text, jwt.utils.base64url_decode(signature)


def imports(rounds: int) -> Rows:
    """Whole processes, from their start to their end, as a learner has them from the second time on: what
    Python compiles at the first import lies in a folder of its own by then."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        env.pop("PYTHONDONTWRITEBYTECODE", None)

        def program(code: str) -> Work:
            return partial(subprocess.run, [sys.executable, "-c", code], env=env, check=True)

        for code, target in (("import labkit", 1.3), ("import labkit; labkit.start()", 2.5)):
            row = Row(code, "import jwt, cryptography", target=target)
            yield race(row, program(code), program(NEEDED), rounds)


class Bell(Resource):
    """Something that can be called and does nothing."""

    service = "bell"


class Bells(Service):
    """Rings bells, silently."""

    name = "bells"
    resource = Bell

    @operation("Touch", accepts=(Anonymous,))
    def touch(self, call: Call[Bell]) -> None:
        """Takes anybody."""

    @operation("Ring", action="Example.Bells/bells/ring/action", accepts=(Bearer,))
    def ring(self, call: Call[Bell]) -> None:
        """Takes whoever has a role for it."""


def door(rounds: int, count: int = 1000) -> Rows:
    """A call that does nothing, from the first stage to the hop: of anybody, and with a token that the lab
    has seen before and a role assignment that is inherited from the subscription."""
    lab = labkit.start()
    parts, token = lab.parts, lab.sign_in("olivia").bearer
    id = f"{SUBSCRIPTION}/resourceGroups/group/providers/Example.Bells/bells/one"
    bell = Bell(id, "one", "one.bells.example", tenant_id=lab.tenant, audience=parts.arm.audience)
    parts.resources.add(bell)
    parts.door.install(Bells())
    caller = Component("olivia")

    def calls(op: Op[[], None], credential: Credential) -> None:
        for _ in range(count):
            parts.door.ask(caller, op, id, credential)
        parts.trace.clear()

    for name, op, credential in (
        ("call a no-op, anonymous", Bells.touch, Anonymous()),
        ("call a no-op, token and role", Bells.ring, token),
    ):
        work = partial(calls, op, credential)
        work()
        yield Row(name, ours=median(timeit(work, number=1) / count for _ in range(rounds)))


def signed_in_and_created() -> Flow:
    """What a lab draws when everybody signs in and a workspace is created."""
    lab = labkit.start()
    for who in (*lab.people, CLIENT_ID):
        lab.sign_in(who)
    owner = lab.sign_in("olivia").bearer
    lab.ask("olivia", ResourceManager.put, workspace_id(GROUPS[0], "another"), owner, REGION)
    return flow(lab.trace)


def drawing(rounds: int) -> Rows:
    """A picture in this process against a `dot` process. The first one of a process starts Graphviz."""
    graph = signed_in_and_created()
    source = diagram.dot(graph)
    what, against = f"draw {len(graph.nodes)} nodes", "a dot process"
    program = shutil.which("dot")
    if program is None:
        yield Row(what, against, note="skipped: there is no dot on PATH")
        return
    command = [program, "-Tsvg"]
    dot = partial(subprocess.run, command, input=source.encode(), stdout=subprocess.DEVNULL, check=True)
    yield race(Row(what, against), partial(diagram.svg, graph), dot, rounds)
    first = Row(f"{what}, the first", against)
    yield race(first, lambda: Graphviz().render(source), dot, min(rounds, FEW))


MEASUREMENTS: tuple[Callable[[int], Rows], ...] = (
    verification,
    imports,
    door,
    drawing,
    bench_access.decisions,
    bench_scoring.scoring,
    bench_encryption.sealing,
    bench_encryption.through_the_door,
    bench_encryption.cold,
    bench_sweep.sweeping,
    # Last: what they put under this process's clients and sockets stays.
    bench_wire.tokens,
    bench_blobs.blobs,
)


def table(rows: Sequence[Row]) -> str:
    """The rows under a heading, in columns."""
    lines = [["what", "against", "ours", "other", "ratio", "target"], *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    ends = ["", *(row.verdict for row in rows)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=True)), end]).rstrip()
        for line, end in zip(lines, ends, strict=True)
    )


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def main(
    arguments: Sequence[str] | None = None, measurements: Sequence[Callable[[int], Rows]] = MEASUREMENTS
) -> int:
    """Measures and prints. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Measure the speed of the lab.")
    parser.add_argument("--json", action="store_true", help="print JSON; durations in seconds")
    parser.add_argument("--rounds", type=positive, default=ROUNDS, help=f"of each race; {ROUNDS}")
    names = [measure.__name__ for measure in measurements]
    parser.add_argument("--only", action="append", choices=names, help="this measurement; may be repeated")
    options = parser.parse_args(arguments)
    chosen = [measure for measure in measurements if measure.__name__ in (options.only or names)]
    rows = [row for measure in chosen for row in measure(options.rounds)]
    if options.json:
        print(json.dumps([{**asdict(row), "met": row.met} for row in rows], indent=2))
    else:
        print(table(rows))
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
