"""An exercise of 05-encryption-at-rest: a deployment to ACI under one's own key that does not work."""

from __future__ import annotations

from labkit.core.credential import Anonymous
from labkit.core.errors import LabError, brief
from labkit.core.verdict import Verdict
from labkit.course.checking import NotUsable, as_mapping, as_text
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.model_keys import MODELS, ModelKeys, deploy, group, model_keys
from labkit.course.stepping import uncounted
from labkit.course.store_trials import TEXT
from labkit.services.encryption import KeyUnavailable
from labkit.services.key_vault.errors import KeyDisabled
from labkit.services.machine_learning.scoring import Scoring

NOTEBOOK = "05-encryption-at-rest.ipynb"
_URL, _NAME, _VERSION = _PARAMETERS = ("cmk_vault_base_url", "cmk_key_name", "cmk_key_version")


def _read(answer: object) -> dict[str, str]:
    given = as_mapping(answer, at_most=20)
    if unknown := sorted(brief(name) for name in given.keys() - set(_PARAMETERS)):
        raise NotUsable(f"Not among the arguments: {', '.join(unknown)}. They are {', '.join(_PARAMETERS)}.")
    texts = {
        name: as_text(value, longest=500, what=f"What you give for {name}") for name, value in given.items()
    }
    if empty := [name for name, text in texts.items() if not text.strip()]:
        raise NotUsable(f"What you give for {empty[0]} is an empty text.")
    return texts


def _check_mend(answer: object, bench: Bench) -> Result:
    arguments = _read(answer)
    return uncounted(lambda: _deployed(model_keys(bench.lab()), arguments))


def _deployed(scene: ModelKeys, arguments: dict[str, str]) -> Result:
    lab = scene.lab
    deployed = Verdict.of(lambda: deploy(scene, arguments))
    if deployed.value is None:
        assert deployed.refusal is not None
        found = f"The deployment was refused: {_said(deployed.refusal)}"
        belief = _belief(scene, deployed.refusal, arguments)
        return Result.wrong(found, belief) if belief else Result.not_yet(found)
    key = group(lab).account_key
    wanted = scene.newest(MODELS).key_id.rpartition("/")[0]
    # Names of keys are the same in whatever case.
    if key is None or key.wrapped.key_id.lower() != wanted.lower():
        whose = (
            "a key of Microsoft's" if key is None or key.customer is None else brief(key.wrapped.key_id, 120)
        )
        found = f"It was deployed. What wraps the account key of its disk is {whose}."
        return Result.wrong(found, "another-key-is-a-key" if arguments else "encrypted-is-encrypted")
    clear = group(lab).disk.medium.find(TEXT)
    answered = lab.attempt("client", Scoring.score, deployed.value.address, Anonymous(), "[1]")
    found = (
        f"The key {MODELS!r} wraps the account key; the text is found in {len(clear)} records of the disk."
    )
    return Result.right(found) if answered and not clear else Result.not_yet(found)


def _said(refusal: LabError) -> str:
    """The refusal, and that of the vault inside of it."""
    inner = refusal.__cause__
    return f"{refusal.heading} {inner.heading}" if isinstance(inner, LabError) else refusal.heading


def _belief(scene: ModelKeys, refusal: LabError, arguments: dict[str, str]) -> str:
    if arguments.keys() < set(_PARAMETERS):
        return "the-rest-is-obvious"
    if isinstance(refusal.__cause__, KeyDisabled):
        return "the-first-will-do"
    if isinstance(refusal, KeyUnavailable):
        name, version = arguments[_NAME].lower(), arguments[_VERSION]
        mixed = any(one.name == name for one in scene.versions) and any(
            one.version == version and one.name != name for one in scene.versions
        )
        return "versions-are-all-alike" if mixed else ""
    return "the-longer-the-better" if "/keys" in arguments[_URL] else ""


_SCENE = "scene = model_keys(labkit.start())"
_IMPORT = "from labkit.course.model_keys import model_keys"


def _answer(**values: str) -> str:
    return "\n".join(
        [
            _IMPORT,
            "",
            _SCENE,
            "answer = {",
            *(f'    "{name}": {value},' for name, value in values.items()),
            "}",
        ]
    )


_RIGHT = {_URL: "scene.vault", _NAME: '"models"', _VERSION: 'scene.newest("models").version'}
_OTHER = 'scene.newest("pipeline").version'

MEND_DEPLOYMENT = Exercise(
    id="enc-mend-deployment",
    notebook=NOTEBOOK,
    title="Three mistakes in three arguments",
    minutes=6,
    prompt="""
carl wants a model on ACI, in a lab of 2020-03, and the disk of its container encrypted with the newest version of the key `models`. He has written
down the arguments, and the deployment is refused. `scene = model_keys(lab)`, called once with a new lab, sets the scene, and shows the vault with
all its keys. `scene.vault` is the vault's address, `scene.versions` are the versions, and `scene.newest(name)` is the newest one of a key; each
has a `name`, a `version` and a `key_id`.

Mend the arguments: set `answer` to the dict. With them it has to be deployed, under that key, and what the model says must not be found on the disk.
""",
    starter=_answer(**{_URL: 'scene.newest("models").key_id', _VERSION: _OTHER}),
    solution=_answer(**_RIGHT),
    hints=(
        "Three arguments say which vault, which key in it, and which version of that. Count those that are there.",
        "Other services take the full address of a key in one argument. This one puts it together itself: which part of it is the base?",
        "Each version belongs to one key. Look in the scene's table to which one the version in the starter belongs, and which of the right one's are enabled.",
    ),
    explanation="With none of the three it would have been deployed as well, and encrypted: under Microsoft's key, with no error at all. So look on the "
    "medium whose key it is. A container stays with the version that it was given. When the key is rotated, deploy again before the old version "
    "is disabled.",
    check=_check_mend,
    wrong=(
        WrongAnswer(
            _answer(**{_URL: "scene.vault", _VERSION: _RIGHT[_VERSION]}),
            "the-rest-is-obvious",
            "All three belong together: a vault, a key in it, and a version of that. None of them says what the others are.",
        ),
        WrongAnswer(
            _answer(**_RIGHT | {_URL: 'scene.newest("models").key_id'}),
            "the-longer-the-better",
            "The base is where the vault is, and nothing of what is in it.",
        ),
        WrongAnswer(
            _answer(**_RIGHT | {_VERSION: _OTHER}),
            "versions-are-all-alike",
            "A version is a version of one key. No other key has it.",
        ),
        WrongAnswer(
            _answer(**_RIGHT | {_VERSION: "scene.versions[0].version"}),
            "the-first-will-do",
            "A version that is disabled wraps nothing.",
        ),
        WrongAnswer(
            _answer(**_RIGHT | {_NAME: '"pipeline"', _VERSION: _OTHER}),
            "another-key-is-a-key",
            "It is encrypted with another team's key: they can end it, and you cannot.",
        ),
        WrongAnswer(
            "answer = {}",
            "encrypted-is-encrypted",
            "The text is not on the disk, and olivia has no say in it.",
        ),
    ),
)
