"""A blob put and got again as users do it, beside moto's S3 with a KMS key: the lab by its own call and by a
real azure-storage-blob, moto by boto3. All of it in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

from labkit import wire
from labkit.azure import STORAGE, BlobStorage
from labkit.lab import Lab
from tests.bench_encryption import NAME, asked, with_a_role
from tests.race import Row, Rows, Work, race
from tests.services.stores import account

WHAT, DATA = "put and get 4 KiB", bytes(4096)
COUNT = 20
# What installs a peer, and what is imported of it.
MODULES = {"moto": ("moto", "boto3"), "azure-storage-blob": ("azure.storage.blob", "azure.core.credentials")}
# moto stands behind whatever the lab is reached by.
AGAINST = "moto's S3 with SSE-KMS, by boto3"


class Holder:
    """A credential as Azure's libraries know them: gives out a token that somebody has."""

    def __init__(self, lab: Lab, who: str) -> None:
        self.token = lab.sign_in(who, resource=STORAGE)
        self.asked: list[str] = []

    def get_token(self, *scopes: str, **_: Any) -> Any:
        """An AccessToken for the scopes, whatever they are: which audience it has to be for, the lab says."""
        self.asked += scopes
        kind = import_module("azure.core.credentials").AccessToken
        return kind(self.token.reveal(), self.token.claims["exp"])


def own_call(lab: Lab) -> Work:
    """Through the door with a token that was verified once."""
    put, get = asked(lab, BlobStorage.put, NAME, DATA), asked(lab, BlobStorage.get, NAME)

    def put_and_get() -> bytes:
        put()
        found = get()
        assert isinstance(found, bytes)
        return found

    return put_and_get


def blob_client(lab: Lab, who: str = "rita", **options: Any) -> Any:
    """What azure-storage-blob reaches the lab's account with. Nothing is tried twice."""
    service = import_module("azure.storage.blob").BlobServiceClient
    credential = options.pop("credential", None) or Holder(lab, who)
    return service(f"https://{account(lab).host}", credential=credential, retry_total=0, **options)


def by_client(lab: Lab) -> Work:
    """The same through azure-storage-blob, with one client for all requests, as its documentation advises."""
    container, _, name = NAME.partition("/")
    client = blob_client(lab).get_blob_client(container, name)

    def put_and_get() -> bytes:
        client.upload_blob(DATA, overwrite=True)
        found = client.download_blob().readall()
        assert isinstance(found, bytes)
        return found

    return put_and_get


@contextmanager
def by_boto3() -> Iterator[Work]:
    """The same of moto, under a key of its own, with one client too."""
    moto, boto3 = map(import_module, MODULES["moto"])
    with moto.mock_aws():
        s3, kms = (boto3.client(name, region_name="us-east-1") for name in ("s3", "kms"))
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        s3.create_bucket(Bucket="azureml")

        def put_and_get() -> bytes:
            s3.put_object(
                Bucket="azureml", Key=NAME, Body=DATA, ServerSideEncryption="aws:kms", SSEKMSKeyId=key
            )
            found = s3.get_object(Bucket="azureml", Key=NAME)["Body"].read()
            assert isinstance(found, bytes)
            return found

        yield put_and_get


def missing(*peers: str) -> str:
    """The first peer that is not installed, or ""."""
    for peer in peers:
        try:
            for module in MODULES[peer]:
                import_module(module)
        except ModuleNotFoundError:
            return peer
    return ""


def blobs(rounds: int, count: int = COUNT) -> Rows:
    """By the lab's own call and by its client, each against moto."""
    own = Row(WHAT, AGAINST, target=1 / 15)
    client = Row(f"{WHAT}, by azure-storage-blob", AGAINST)
    for row, reach, peers in ((own, own_call, ["moto"]), (client, by_client, list(MODULES))):
        lacking = missing(*peers)
        if lacking:
            yield Row(row.what, row.against, note=f"skipped: {lacking} is not installed")
        else:
            yield _beside(row, reach, rounds, count)


def _beside(row: Row, reach: Callable[[Lab], Work], rounds: int, count: int) -> Row:
    lab = with_a_role()
    wire.attach(lab)
    try:
        with by_boto3() as theirs:
            ours = reach(lab)
            assert ours() == theirs() == DATA, "they answer otherwise"
            mine, other = partial(_repeated, lab, ours, count), partial(_repeated, lab, theirs, count)
            return race(row, mine, other, rounds, count)
    finally:
        wire.detach(lab)


def _repeated(lab: Lab, work: Work, count: int) -> None:
    for _ in range(count):
        work()
    lab.trace.clear()
