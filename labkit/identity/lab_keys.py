"""RSA keys of the lab. Generating one is slow and cannot be seeded, so those of a seeded lab ship with
the package in `lab_keys.pem`. They are public: whoever has labkit has them."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from importlib.resources import files

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from labkit.core.errors import BadInput

KEY_BITS = 2048


@lru_cache(maxsize=1)
def _published() -> dict[str, bytes]:
    """Label to PEM block. A line `# label` stands before each block."""
    text = files("labkit.identity").joinpath("lab_keys.pem").read_text("ascii")
    blocks = (block.partition("\n") for block in text.split("# key ")[1:])
    return {label.strip(): pem.encode() for label, _, pem in blocks}


@lru_cache(maxsize=64)
def _load(label: str) -> RSAPrivateKey:
    # The check of the primes takes ten times as long as the load; these keys are checked by a test.
    key = load_pem_private_key(_published()[label], None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, RSAPrivateKey)
    return key


class LabKeys:
    """Private keys by label, such as `azure-ad/0`. A seeded lab takes them from the package; an unseeded
    one generates each when it is first asked for."""

    def __init__(self, seeded: bool) -> None:
        self._seeded = seeded
        self._fresh: dict[str, RSAPrivateKey] = {}

    def rsa(self, label: str) -> RSAPrivateKey:
        """The key of this label. Raises BadInput when a seeded lab has used up those that ship with it."""
        if not self._seeded:
            if label not in self._fresh:
                self._fresh[label] = generate_private_key(65537, KEY_BITS)
            return self._fresh[label]
        if label not in _published():
            raise _used_up(label)
        return _load(label)

    def spare(self, bits: int, start: int, used: Collection[str]) -> tuple[str, RSAPrivateKey]:
        """A key of `bits` for a vault, and its label: in a seeded lab the first of those that ship with the
        package, counted from `start`, whose label is not among the used ones; in another lab a fresh one.
        Raises BadInput when they are used up."""
        if not self._seeded:
            return "", generate_private_key(65537, bits)
        labels = [label for label in _published() if label.startswith(f"vault-{bits}/")]
        for number in range(len(labels)):
            label = labels[(start + number) % len(labels)]
            if label not in used:
                return label, _load(label)
        raise _used_up(f"the {len(labels)} RSA keys of {bits} bits, all in use")


def _used_up(presented: str) -> BadInput:
    return BadInput(
        "A seeded lab has no further key for this.",
        presented=presented,
        required="one of those that ship with labkit",
        advice="labkit.start(seed=None) generates keys as needed",
    )
