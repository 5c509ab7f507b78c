"""Which credential travelled with which hop, as somebody sees it who looks over the door's shoulder."""

from typing import Any

import pytest

from labkit.azure import Bearer, BlobStorage, ResourceManager, Runs, SharedKey
from labkit.core.errors import BadInput
from labkit.course.watching import watching
from labkit.lab import Lab
from labkit.services.storage import StorageAccount
from tests.course.refusing import taken


def signed(lab: Lab, *args: Any, **kwargs: Any) -> SharedKey:
    account = lab.resources.find(lab.storage)
    assert isinstance(account, StorageAccount)
    request = BlobStorage.put.request(account.id, args, kwargs)
    return SharedKey.sign(account.name, account.access_keys["key1"], request, lab.clock.now)


def test_every_hop_is_seen_with_the_credential_that_it_came_with(lab: Lab) -> None:
    with watching(lab) as watch:
        token = lab.sign_in("carl").bearer
        lab.ask("carl", ResourceManager.get, lab.workspace, token)
    assert list(watch.trace) == list(lab.trace)
    assert [one.asked.cred.kind for one in watch.ordered] == [hop.credential for hop in lab.trace]
    assert watch.ordered[-1].asked.cred is token


def test_hops_are_in_the_order_in_which_they_began(lab: Lab) -> None:
    token = lab.sign_in("carl").bearer
    with watching(lab) as watch:
        lab.ask("carl", Runs.submit, lab.workspace, token, "exp", lab.cluster, lambda run: None)
        lab.work()
    assert [hop.number for hop in watch.trace] == sorted(hop.number for hop in watch.trace)
    assert repr(watch.trace).splitlines()[1:] == [
        f"{place:>3}. {line.partition('. ')[2]}"
        for place, line in enumerate(repr(lab.trace[1:]).splitlines()[1:], 1)
    ]


def test_a_refused_call_is_seen_too(lab: Lab) -> None:
    with watching(lab) as watch:
        lab.attempt("x", ResourceManager.get, lab.workspace, Bearer("no token"))
    [one] = watch.sightings
    assert not one.hop.ok
    assert one.asked.cred == Bearer("no token")


def test_nobody_watches_before_and_afterwards(lab: Lab) -> None:
    assert lab.parts.door.witness is None
    with watching(lab) as watch:
        pass
    lab.sign_in("carl")
    assert lab.parts.door.witness is None
    assert watch.sightings == []


def test_an_error_in_the_block_ends_it_as_well(lab: Lab) -> None:
    with pytest.raises(KeyError), watching(lab):
        raise KeyError
    assert lab.parts.door.witness is None


def test_one_watches_inside_of_another(lab: Lab) -> None:
    with watching(lab) as outer:
        lab.sign_in("carl")
        with watching(lab) as inner:
            lab.sign_in("rita")
        lab.sign_in("olivia")
    assert [len(watch.sightings) for watch in (outer, inner)] == [3, 1]


def test_other_labs_are_not_seen(lab: Lab) -> None:
    from labkit.lab import start

    with watching(lab) as watch:
        start().sign_in("carl")
    assert watch.sightings == []


def test_no_body_is_kept_and_texts_only_of_what_was_signed(lab: Lab) -> None:
    token = lab.sign_in("carl").bearer
    with watching(lab) as watch:
        lab.ask("x", BlobStorage.put, lab.storage, signed(lab, "c/a", b""), "c/a", b"the payload")
        by_name = signed(lab, "c/b", b"", if_none_match="*")
        lab.ask("x", BlobStorage.put, lab.storage, by_name, "c/b", b"the payload", if_none_match="*")
        lab.ask("carl", ResourceManager.get, lab.workspace, token)
    first, second, third = (one.asked for one in watch.ordered)
    assert (first.args, first.kwargs) == (("c/a", b""), {})
    assert (second.args, second.kwargs) == (("c/b", b""), {"if_none_match": "*"})
    assert (third.args, third.kwargs) == ((), {})


def test_it_says_how_much_it_saw_and_shows_no_credential(lab: Lab) -> None:
    with watching(lab) as watch:
        token = lab.sign_in("carl").bearer
        for _ in range(2):
            lab.ask("carl", ResourceManager.get, lab.workspace, token)
    assert repr(watch) == "3 calls with 2 different credentials, which are not shown"
    shown = repr(watch) + repr(watch.sightings) + str(watch._repr_mimebundle_())
    assert str(token.token) not in shown
    assert lab.people["carl"].password not in shown


def test_a_credential_that_cannot_be_compared_is_counted(lab: Lab) -> None:
    with watching(lab) as watch:
        lab.attempt("x", ResourceManager.get, lab.workspace, Bearer(["no", "text"]))  # type: ignore[arg-type]
    assert "1 calls with 1 different" in repr(watch)


def test_what_is_no_lab_is_bad_input() -> None:
    def watch(value: Any) -> None:
        with watching(value):
            pass

    with pytest.raises(BadInput, match="nothing to watch"):
        watch(None)
    assert taken(watch) == {}
