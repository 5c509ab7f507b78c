"""What is prepared once: each copy is as it was, whatever was done to another one."""

import labkit
from labkit.course.key_scene import KEY, at_vault, new_version
from labkit.course.prepared import prepared
from labkit.lab import Lab
from labkit.services.key_vault import KeyVault


def versions(lab: Lab) -> list[str]:
    return [one.version for one in at_vault(lab, KeyVault.list_key_versions, lab.vault, KEY)]


def test_a_copy_has_what_was_done_before_and_nothing_of_what_is_done_to_another() -> None:
    lab = labkit.start()
    first = new_version(lab)
    ready = prepared((lab, first))
    one, key = ready.copy()
    assert key == first
    second = new_version(one)
    assert versions(one) == [first.version, second.version]
    other, _ = ready.copy()
    assert versions(other) == [first.version]


def test_what_goes_on_in_a_copy_goes_on_as_it_would_have() -> None:
    copied = prepared(labkit.start()).copy()
    assert new_version(copied) == new_version(labkit.start())
