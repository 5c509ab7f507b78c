"""An exercise of 07-secrets-and-managed-identity: seven secrets, and where each of them is kept."""

from __future__ import annotations

from collections.abc import Mapping

from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.naming import chosen, dict_source
from labkit.course.secret_places import MICROSOFT_VAULT, NOWHERE, PLACES, WORKSPACE_VAULT
from labkit.course.seven_secrets import SECRETS, kept_in, seven_secrets
from labkit.course.stepping import uncounted

NOTEBOOK = "07-secrets-and-managed-identity.ipynb"
# What somebody believes who says this place of that secret, or any other wrong one ("").
_BELIEFS: Mapping[tuple[str, str], str] = {
    ("storage connection string", ""): "the-account-keeps-it",
    ("data store", NOWHERE): "nothing-of-mine-is-kept",
    ("data store", "storage account"): "the-account-keeps-it",
    ("SSH key", WORKSPACE_VAULT): "one-vault-for-everything",
    ("SSH key", "virtual machine"): "a-key-has-one-half",
    ("machine's password", WORKSPACE_VAULT): "what-i-type-is-kept",
    ("machine's password", MICROSOFT_VAULT): "what-i-type-is-kept",
    ("machine's password", "virtual machine"): "the-machine-knows-it",
    ("run secret", ""): "a-run-carries-it",
    ("identity certificate", WORKSPACE_VAULT): "identities-need-secrets",
    ("identity certificate", MICROSOFT_VAULT): "identities-need-secrets",
    ("identity certificate", "Azure AD"): "whoever-checks-it-has-it",
}


def _check_where(answer: object, bench: Bench) -> Result:
    said = chosen(answer, dict.fromkeys(SECRETS, PLACES))
    return uncounted(lambda: _looked(bench, said))


def _looked(bench: Bench, said: Mapping[str, str]) -> Result:
    scene = seven_secrets(bench.lab())
    for name, place in said.items():
        found = kept_in(scene, name)
        if place == NOWHERE and found:
            return _wrong(
                name, place, f"{name!r}: the lab looked through everything that there is, and it was there."
            )
        if place != NOWHERE and place not in found:
            return _wrong(
                name,
                place,
                f"{name!r}: the lab looked through all that is in {place!r}, and it is not there.",
            )
    return Result.right()


def _wrong(name: str, place: str, found: str) -> Result:
    belief = _BELIEFS.get((name, place), _BELIEFS.get((name, ""), ""))
    return Result.wrong(found, belief) if belief else Result.not_yet(found)


_RIGHT = {
    "storage connection string": WORKSPACE_VAULT,
    "registry password": WORKSPACE_VAULT,
    "data store": WORKSPACE_VAULT,
    "SSH key": MICROSOFT_VAULT,
    "machine's password": NOWHERE,
    "run secret": WORKSPACE_VAULT,
    "identity certificate": NOWHERE,
}


def _answer(others: Mapping[str, str]) -> str:
    return dict_source({**_RIGHT, **others})


WHERE = Exercise(
    id="kv-where",
    notebook=NOTEBOOK,
    title="Seven secrets and their places",
    minutes=7,
    prompt="""
`scene = seven_secrets(lab)`, called once with a new lab, sets the scene: a workspace with a data store, an attached virtual machine and a run secret. These
seven are used there:

- `"storage connection string"`: what opens the storage account that was created with the workspace
- `"registry password"`: of the admin account of the container registry
- `"data store"`: the connection string with which olivia attached the data store `sales`
- `"SSH key"`: the private key with which Azure ML signs in to the machine
- `"machine's password"`: what olivia typed when she attached the machine
- `"run secret"`: its value, which a training script asks for
- `"identity certificate"`: what the workspace's managed identity proves itself with

Where is each of them kept? The places are `"workspace vault"` (the key vault that belongs to the workspace), `"Microsoft vault"` (one in Microsoft's
subscription), `"virtual machine"`, `"storage account"`, `"Azure AD"`, and `"nowhere"`, for what nobody can find in any resource of the lab.

Set `answer` to a dict: for each of the seven a place. All that the lab has is then looked through.
""",
    starter=dict_source(dict.fromkeys(SECRETS, "")),
    solution=_answer({}),
    hints=(
        "Ask of each: who has to have it later, when nobody sits at the keyboard? Whoever needs it again has to find it somewhere.",
        "Two sentences of the documents seem to contradict each other: what they say of a data store, and what they say of passwords that the user gives. Both hold. Of what is each?",
        "List the names of the secrets in the vaults, as far as you may. For the rest: a hash is not the thing itself, and what is made anew each time does not have to be kept.",
    ),
    explanation="What is needed again lies in the vault of the workspace, the data store's connection string too, although olivia gave it. Azure ML reaches "
    "machines with a key of its own, in a vault that no token of yours opens. It used her password once, and the machine has no more than "
    "a salted hash of it. The certificate is the platform's: that is what a managed identity is for.",
    check=_check_where,
    wrong=(
        WrongAnswer(
            _answer({"storage connection string": "storage account"}),
            "the-account-keeps-it",
            "The account knows its two keys. The text with which clients are configured is kept by whoever hands it out.",
        ),
        WrongAnswer(
            _answer({"data store": NOWHERE}),
            "nothing-of-mine-is-kept",
            "What a run will need tomorrow cannot be forgotten today, whoever gave it.",
        ),
        WrongAnswer(
            _answer({"SSH key": WORKSPACE_VAULT}),
            "one-vault-for-everything",
            "Keys to compute targets are apart, where the customer cannot read them.",
        ),
        WrongAnswer(
            _answer({"SSH key": "virtual machine"}),
            "a-key-has-one-half",
            "The machine has the public half, to check with. Whoever signs in has the private one.",
        ),
        WrongAnswer(
            _answer({"machine's password": WORKSPACE_VAULT}),
            "what-i-type-is-kept",
            "It was used once, to have another key authorized.",
        ),
        WrongAnswer(
            _answer({"machine's password": "virtual machine"}),
            "the-machine-knows-it",
            "A machine compares hashes. Nobody reads a password out of it.",
        ),
        WrongAnswer(
            _answer({"run secret": "virtual machine"}),
            "a-run-carries-it",
            "A script asks for it by name, with the token of its run, while it runs.",
        ),
        WrongAnswer(
            _answer({"identity certificate": WORKSPACE_VAULT}),
            "identities-need-secrets",
            "There would have to be another secret then, to open that vault with.",
        ),
        WrongAnswer(
            _answer({"identity certificate": "Azure AD"}),
            "whoever-checks-it-has-it",
            "To tell a right one from a wrong one takes its public half, and no secret.",
        ),
    ),
)
