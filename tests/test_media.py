"""Every disk of a lab, opened: what is on it, and whose key it takes."""

from typing import Any

import pytest

from labkit import display
from labkit.azure import FileStorage, Images, Models, Notebooks, Runs
from labkit.core.errors import BadInput
from labkit.crypto.errors import Damaged
from labkit.crypto.medium import Medium
from labkit.lab import Lab, start
from labkit.services import encryption
from labkit.services.encryption import Disk
from labkit.stores import NO_KEY, StoreKind
from tests.course.refusing import taken
from tests.services.ml import ask
from tests.services.stores import account, give_key, new_version, read, with_key, write

SECRET = "what nobody else may read"


@pytest.fixture
def lab() -> Lab:
    """A lab in which the same text went into everything that keeps something."""
    lab = start()
    ask(lab, "carl", Models.register, "churn", SECRET.encode())
    ask(lab, "carl", Images.create, "scorer", "churn")
    ask(lab, "carl", Notebooks.save, "a.ipynb", SECRET)
    run = ask(lab, "carl", Runs.submit, "train", lab.cluster, lambda context: None)
    ask(lab, "carl", Runs.log_metric, run.run_id, SECRET, 1.0)
    write(lab, "c/a", SECRET.encode())
    with_key(lab, FileStorage.put, "s/a", SECRET.encode())
    return lab


def rows(lab: Lab) -> dict[str, tuple[Any, ...]]:
    return {str(row[0]): tuple(row[1:]) for row in lab.media.rows}


def test_each_store_says_where_it_lies_and_whose_key_it_has(lab: Lab) -> None:
    name = account(lab).name
    found = rows(lab)
    assert found[f"{name}, blobs"] == (
        *("Blob storage", "Customer subscription", "Microsoft"),
        *("Microsoft's key", "1", 3),
    )
    assert found[f"{name}, files"][:3] == ("File storage", "Customer subscription", "Microsoft")
    assert found["azureml-eastus, documents"] == (
        *("Cosmos DB, shared", "Microsoft subscription", "Microsoft"),
        *("Microsoft's key", "1", 1),
    )
    assert sum(name.endswith(", images") for name in found) == 3
    assert len(lab.media.disks) == len(found)


def test_a_customer_s_key_is_named_with_its_version(lab: Lab) -> None:
    version = new_version(lab).version
    give_key(lab, lab.storage)
    vault = lab.vault.rpartition("/")[2]
    for what in ("blobs", "files"):
        assert rows(lab)[f"{account(lab).name}, {what}"][2:5] == (
            "customer",
            f"{vault}.vault.azure.net/keys/storage-key",
            version,
        )


def test_nothing_that_was_kept_is_found_in_plain_text(lab: Lab) -> None:
    assert lab.media.find(SECRET).rows == []
    assert repr(lab.media.find(SECRET)).startswith("in plain text: nowhere\n")


def test_on_a_disk_that_is_not_encrypted_it_is_found(lab: Lab) -> None:
    kind = StoreKind("Temporary disk", key=NO_KEY)
    plain = Disk(kind, Medium("node-0, temporary disk", {"staged": SECRET.encode()}), None)
    target: Any = account(lab)
    target.disks = lambda: iter([plain, target.blobs])
    found = lab.media.find(SECRET)
    assert found.rows == [("node-0, temporary disk", "staged")]
    assert found.caption == "in plain text: once"
    assert rows(lab)["node-0, temporary disk"][2:] == ("nobody", "not encrypted", "", 1)
    target.disks = lambda: iter([plain, Disk(kind, Medium("other", {"x": SECRET.encode()}), None)])
    assert lab.media.find(SECRET).caption == "in plain text: 2 times"


def test_a_medium_is_opened_by_its_name_or_by_enough_of_it(lab: Lab) -> None:
    name = account(lab).name
    blobs = lab.media[f"{name}, blobs"]
    assert blobs is account(lab).blobs.medium
    assert lab.media["azureml-eastus"].names() == [*account_documents(lab)]
    assert SECRET.encode() not in blobs.raw("c/a")
    assert next(iter(lab.media)) in [disk.medium for disk in lab.media.disks]


def account_documents(lab: Lab) -> list[str]:
    shared: Any = lab.resources.at_host("azureml-eastus.documents.azure.com")
    names: list[str] = shared.documents.names()
    return names


@pytest.mark.parametrize("name", ["nowhere", "", ", blobs", None, 5, []])
def test_a_name_that_fits_none_or_several_is_a_clear_error(lab: Lab, name: Any) -> None:
    with pytest.raises(BadInput) as caught:
        lab.media[name]
    assert ", blobs" in caught.value.required


@pytest.mark.parametrize("plaintext", ["", b"", None, 5])
def test_nothing_is_found_by_nothing(lab: Lab, plaintext: Any) -> None:
    with pytest.raises(BadInput):
        lab.media.find(plaintext)


def test_it_is_shown_as_a_table_as_text_and_as_html(lab: Lab) -> None:
    text, html = repr(lab.media), display.render(lab.media)["text/html"]
    assert text.splitlines()[0].split() == [
        *("medium", "store", "lies", "in", "whose", "key", "key", "version", "records"),
    ]
    for name in rows(lab):
        assert name in text
        assert name in html
    assert "<table" in html


def test_it_shows_how_it_is_now(lab: Lab) -> None:
    before = rows(lab)[f"{account(lab).name}, blobs"][-1]
    write(lab, "c/b", b"")
    assert rows(lab)[f"{account(lab).name}, blobs"][-1] == before + 1


def test_two_seeded_labs_show_the_same() -> None:
    first, second = start(), start()
    for one in (first, second):
        write(one, "c/a", b"same")
    assert repr(first.media) == repr(second.media)
    assert repr(account(first).blobs.medium) == repr(account(second).blobs.medium)


def test_whoever_breaks_a_record_is_told_so_by_the_store(lab: Lab) -> None:
    blobs = lab.media[f"{account(lab).name}, blobs"]
    blobs.overwrite("c/a", blobs.raw("c/a")[::-1])
    with pytest.raises(Damaged):
        read(lab, "c/a")


def test_a_new_disk_is_empty() -> None:
    made = encryption.disk(StoreKind("x"), "somewhere", None)
    assert made.names() == []
    assert made.medium.name == "somewhere"


def test_the_lines_about_a_name_are_those_of_all_media_that_begin_like_it(lab: Lab) -> None:
    for medium in lab.media:
        for name in (medium.name, medium.name[:3], ""):
            about = lab.media.about(name)
            assert list(about.rows) == [row for row in lab.media.rows if str(row[0]).startswith(name)]
            assert list(about.headers) == list(lab.media.headers)


def test_what_no_medium_begins_with_is_bad_input_with_all_names(lab: Lab) -> None:
    with pytest.raises(BadInput, match="begins like this") as caught:
        lab.media.about("nowhere")
    assert all(medium.name in caught.value.required for medium in lab.media)
    assert taken(lab.media.about, ("",)) == {}
