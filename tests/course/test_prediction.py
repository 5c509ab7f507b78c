import pytest

from labkit.core.errors import BadInput
from labkit.course import prediction
from labkit.course.prediction import Prediction, predict
from tests.hostile import CORPUS, dispose

EXPIRY = Prediction("authn-expiry", "01.ipynb", "A token is shown after an hour.", ("accepted", "refused"))
OTHER = Prediction("authn-other", "01.ipynb", "Another question.", ("yes", "no"))


@pytest.fixture(autouse=True)
def two_predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "content", lambda table: (EXPIRY, OTHER))


def test_without_a_choice_it_shows_the_question() -> None:
    assert repr(predict("authn-expiry", None)) == (
        "A token is shown after an hour.\n"
        'Options: "accepted" or "refused"\n'
        'To choose one: predict("authn-expiry", "accepted")'
    )
    assert predict("authn-expiry").choice is None


def test_a_choice_is_committed_and_compared() -> None:
    bet = predict("authn-expiry", "refused")
    assert bet.choice == "refused"
    assert "Your prediction: refused" in repr(bet)
    revealed = bet.reveal("refused")
    assert revealed.right is True
    assert repr(revealed) == "Right: you predicted refused, the lab answered refused."


def test_a_prediction_that_did_not_come_true() -> None:
    revealed = predict("authn-expiry", "accepted").reveal("refused")
    assert revealed.right is False
    assert repr(revealed) == "Not what you thought: you predicted accepted, the lab answered refused."


def test_without_a_prediction_the_outcome_is_still_told() -> None:
    revealed = predict("authn-expiry", None).reveal("refused")
    assert revealed.right is None
    assert repr(revealed) == "No prediction was made. The lab answered: refused."


def test_before_the_reveal_the_last_choice_counts() -> None:
    predict("authn-expiry", "accepted")
    assert predict("authn-expiry", "refused").reveal("refused").right


def test_asking_again_does_not_take_the_choice_back() -> None:
    predict("authn-expiry", "accepted")
    assert predict("authn-expiry", None).choice == "accepted"


def test_after_the_reveal_another_choice_is_kept_and_does_not_count() -> None:
    predict("authn-expiry", "accepted").reveal("refused")
    late = predict("authn-expiry", "refused")
    assert late.choice == "accepted"
    assert "Your later choice, refused, does not count" in repr(late)
    revealed = late.reveal("refused")
    assert (revealed.predicted, revealed.late, revealed.right) == ("accepted", "refused", False)
    assert "does not count" in repr(revealed)


def test_after_the_reveal_a_first_choice_does_not_count_either() -> None:
    predict("authn-expiry", None).reveal("refused")
    late = predict("authn-expiry", "refused")
    assert late.choice is None
    assert late.reveal("refused").right is None


def test_running_the_same_cell_again_changes_nothing() -> None:
    predict("authn-expiry", "refused").reveal("refused")
    again = predict("authn-expiry", "refused")
    assert again.choice == "refused"
    assert "does not count" not in repr(again)
    assert again.reveal("refused").right


def test_predictions_do_not_mix() -> None:
    predict("authn-expiry", "refused").reveal("refused")
    assert predict("authn-other", "no").choice == "no"


@pytest.mark.parametrize("name", [name for name in CORPUS if name != "None"])
def test_an_odd_choice_is_told_the_options(name: str) -> None:
    predict("authn-expiry", "refused")
    choice = CORPUS[name]()
    bet = predict("authn-expiry", choice)
    dispose(choice)
    assert bet.choice == "refused"
    assert "That is not among the options" in repr(bet)
    assert 'Options: "accepted" or "refused"' in repr(bet)
    assert bet._repr_mimebundle_()["text/plain"] == repr(bet)


@pytest.mark.parametrize("name", CORPUS)
def test_an_outcome_is_one_of_the_options(name: str) -> None:
    outcome, bet = CORPUS[name](), predict("authn-expiry", None)
    with pytest.raises(BadInput, match='"accepted" or "refused"'):
        bet.reveal(outcome)  # type: ignore[arg-type]
    dispose(outcome)
    assert predict("authn-expiry", "refused").choice == "refused", "a failed reveal reveals nothing"


def test_an_unknown_prediction_names_the_nearest() -> None:
    with pytest.raises(BadInput, match='"authn-expiry"'):
        predict("authn-expire", "refused")
