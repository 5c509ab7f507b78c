"""A Dask cluster that is already there: it is reached, and looked at before anything runs."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlsplit

from labkit.core.errors import BadInput
from labkit.runner.dask_worker import about

# How long each answer of the cluster is waited for (seconds), and its first worker.
PATIENCE = 10.0

SCHEMES = ("tcp", "tls", "ws", "wss")
# What has to be the same everywhere, or messages and functions do not travel.
_SAME = ("python", "distributed", "dask")

T = TypeVar("T")


def there(name: str) -> Callable[..., Any]:
    """Calls a function of `dask_worker` where it is called. It travels as code and not by its name, since the
    scheduler unpacks it as well and need not have labkit."""

    def call(*arguments: Any) -> Any:
        from importlib import import_module

        return getattr(import_module("labkit.runner.dask_worker"), name)(*arguments)

    return call


def full_address(typed: str) -> str:
    """The address of a scheduler, with its scheme. Raises BadInput."""
    address = typed if "://" in typed else f"tcp://{typed}"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        port = None
    host = r"([\w.-]+|\[[0-9A-Fa-f:.]+(%\w+)?\])"
    if not port or not re.fullmatch(rf"({'|'.join(SCHEMES)})://{host}:\d+", address):
        raise BadInput(
            "This is no address of a Dask scheduler.",
            presented=repr(typed)[:80],
            required="tcp://HOST:PORT, such as tcp://127.0.0.1:8786",
            advice="`dask scheduler` prints its address when it starts",
        )
    return address


def dask() -> Any:
    """Dask's package `distributed`. Raises BadInput where it is not installed."""
    try:
        return import_module("distributed")
    except ImportError as error:
        raise BadInput(
            "A sweep on a Dask cluster needs `distributed`, which is not installed.",
            presented=str(error),
            required="the extra `dask`",
            advice="in the checkout: pip install --no-deps --require-hashes -r locks/dask.lock; "
            "elsewhere the extra, as in pip install --editable '.[dask]'",
        ) from None


async def within(waited_for: Awaitable[T], seconds: float) -> T:
    """What comes of it. Raises TimeoutError."""
    return await asyncio.wait_for(waited_for, seconds)


async def reached(address: str) -> Any:
    """A client of the cluster, checked to be one on which a sweep can run. Raises BadInput."""
    client = dask().Client(address, asynchronous=True, timeout=PATIENCE, set_as_default=False)
    try:
        await _connected(client, address)
        await _checked(client, address)
    except BaseException:
        await left(client)
        raise
    return client


async def left(client: Any) -> None:
    """Hangs up. The cluster then forgets whatever this client wanted of it."""
    with suppress(Exception):
        await within(client.close(), 5)


async def _connected(client: Any, address: str) -> None:
    try:
        with warnings.catch_warnings():
            # Other versions are refused, and not warned about.
            warnings.simplefilter("ignore")
            await within(client, PATIENCE + 1)
    except Exception as error:
        cause = error.__cause__ or error
        said = str(cause).rpartition("object at ")[2].partition(": ")[2] or str(cause)
        raise BadInput(
            f"No Dask scheduler answers at {address}.",
            presented=said or f"nothing that a scheduler says, in {PATIENCE:g} seconds",
            required="the address of a running scheduler, with its own scheme",
            advice="`dask scheduler` starts one; for tls:// Dask's own configuration names the certificates",
        ) from None


async def _checked(client: Any, address: str) -> None:
    try:
        await _has_workers(client, address)
        await _same_dask(client)
        await _same_labkit(client)
    except (OSError, TimeoutError) as error:
        raise BadInput(
            "Not everybody in the Dask cluster answers.",
            presented=str(error) or f"silence for {PATIENCE:g} seconds",
            required="a scheduler that reaches all of its workers",
        ) from None


async def _has_workers(client: Any, address: str) -> None:
    until = monotonic() + PATIENCE
    while not await threads(client):
        if monotonic() > until:
            raise BadInput(
                "The Dask scheduler has no workers.",
                presented=f"none at {address} in {PATIENCE:g} seconds",
                required="1 or more",
                advice=f"dask worker {address}",
            )
        await asyncio.sleep(0.1)


async def threads(client: Any) -> dict[str, int]:
    """How many tasks each worker carries out at a time. Raises OSError and TimeoutError."""
    found: dict[str, int] = await within(client.scheduler.ncores(), PATIENCE)
    return found


async def _same_dask(client: Any) -> None:
    found = await within(client.get_versions(), PATIENCE)
    ours = _packages(found["client"])
    theirs = {"the scheduler": found["scheduler"], **found["workers"]}
    differs = {
        where: [f"{name} {version}" for name, version in _packages(one).items() if version != ours[name]]
        for where, one in theirs.items()
    }
    _refuse(
        "The Dask cluster is of other versions than this installation.",
        [f"{where} has {', '.join(what)}" for where, what in differs.items() if what],
        ", ".join(f"{name} {version}" for name, version in ours.items()),
        "install the same on each machine: locks/dask.lock names the versions",
    )


def _packages(found: dict[str, Any]) -> dict[str, str]:
    versions = found["packages"]
    return {
        name: ".".join(str(versions[name]).split(".")[:2]) if name == "python" else str(versions.get(name))
        for name in _SAME
    }


async def _same_labkit(client: Any) -> None:
    # A worker reads all of labkit for its answer.
    found = await within(client.run(there("about"), on_error="return"), 3 * PATIENCE)
    version, state, _ = about()
    wrong = []
    for where, said in found.items():
        if isinstance(said, Exception):
            wrong.append(f"{where} cannot use it: {said}")
        elif said[0] != version:
            wrong.append(f"{where} has {said[0]}")
        elif said[1] != state:
            wrong.append(f"{where} has {version} too, but its files are others")
    _refuse(
        "The workers of the Dask cluster need the same labkit as this installation.",
        wrong,
        f"labkit {version}, from the same state of the course",
        "install labkit there as it is here, and start the workers again",
    )


def _refuse(message: str, wrong: list[str], required: str, advice: str) -> None:
    if wrong:
        raise BadInput(message, presented="; ".join(sorted(wrong)), required=required, advice=advice)
