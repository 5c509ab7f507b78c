"""RSA keys of the lab. Generating one is slow and cannot be seeded, so those of a seeded lab ship with
the package in `lab_keys.pem`. They are public: whoever has labkit has them."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from labkit.core.errors import BadInput
from labkit.core.shipped import shipped

KEY_BITS = 2048
_REMEMBERED_SIGNATURES = 2048


@lru_cache(maxsize=1)
def _published() -> dict[str, bytes]:
    """Label to PEM block. A line `# label` stands before each block."""
    text = shipped(__file__, "lab_keys.pem")
    blocks = (block.partition("\n") for block in text.split("# key ")[1:])
    return {label.strip(): pem.encode() for label, _, pem in blocks}


@lru_cache(maxsize=64)
def _load(label: str) -> RSAPrivateKey:
    # The check of the primes takes ten times as long as the load; these keys are checked by a test.
    key = load_pem_private_key(_published()[label], None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, RSAPrivateKey)
    return key


def _sign(key: RSAPrivateKey, text: bytes) -> bytes:
    return key.sign(text, PKCS1v15(), SHA256())


# PKCS #1 v1.5 draws nothing: a key signs the same text the same way each time. Two labs of one seed begin
# with the same tokens, and to sign those was most of the time that a new lab took.
_sign_once = lru_cache(maxsize=_REMEMBERED_SIGNATURES)(_sign)


def is_published(base64: str) -> bool:
    """Whether this is what stands between the lines of a PEM block of a key that ships with the package;
    white space does not count."""
    blocks = (b"".join(pem.split(b"-----")[2].split()).decode() for pem in _published().values())
    return "".join(base64.split()) in blocks


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

    def sign(self, key: RSAPrivateKey, text: bytes) -> bytes:
        """The RS256 signature of a text. With the keys that everybody has it is remembered."""
        return (_sign_once if self._seeded else _sign)(key, text)

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
