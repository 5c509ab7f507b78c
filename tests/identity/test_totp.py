"""The codes of RFC 6238, appendix B (SHA-1); the lab shows the last six of its eight digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.identity.totp import STEP, totp

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_the_rfc(now: int, code: str) -> None:
    assert totp(SECRET, now) == code[-6:]


@given(st.binary(), st.integers(0, 2**40))
def test_a_code_has_six_digits_and_lasts_thirty_seconds(secret: bytes, now: int) -> None:
    begin = now - now % STEP
    codes = {totp(secret, begin + second) for second in (0, 1, STEP - 1)}
    [code] = codes
    assert len(code) == 6
    assert code.isdecimal()


def test_the_next_code_and_another_person_s_code_are_different() -> None:
    assert len({totp(SECRET, 0), totp(SECRET, 30), totp(b"another secret", 0)}) == 3
