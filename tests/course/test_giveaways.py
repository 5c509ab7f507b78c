import pytest

from labkit.course.giveaways import giveaways

SOLUTION = """
def fresh(lab, token):
    margin = 300
    if token.seconds_left > margin * 1.5:
        return token
    renewed = lab.sign_in("your-client-id", resource=f"https://{host(1)}/")
    return set(renewed) and b"magic"
"""


@pytest.mark.parametrize(
    ("hint", "given"),
    [
        ("Wait 300 seconds.", "300"),
        ("A factor of 1.5 does.", "1.5"),
        ("Look at seconds_left.", "seconds_left"),
        ("Call `lab.sign_in` again.", "sign_in"),
        ("As your-client-id.", "your-client-id"),
        ("As YOUR-CLIENT-ID.", "your-client-id"),
        ("An address with https:// in it.", "https://"),
        ("There is a function host for it.", "host"),
        ("Try set(renewed).", "set("),
        ("It is magic.", "magic"),
    ],
)
def test_what_a_hint_gives_away_is_found(hint: str, given: str) -> None:
    assert giveaways(hint, SOLUTION, known="") == [given]


@pytest.mark.parametrize(
    "hint",
    [
        "Look at the clock: how long is the token good?",
        "1 of them is set aside.",
        "3000 seconds, or 1.55 hours.",
        "The hostess seems magical.",
    ],
)
def test_other_words_are_free(hint: str) -> None:
    assert giveaways(hint, SOLUTION, known="") == []


def test_what_the_learner_has_seen_is_no_secret() -> None:
    hint = "The attribute seconds_left; sign_in as before; 300."
    assert giveaways(hint, SOLUTION, known="token.seconds_left tells. lab.sign_in(...)") == ["300"]
