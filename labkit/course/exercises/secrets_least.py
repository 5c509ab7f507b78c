"""An exercise of 07-secrets-and-managed-identity: the access policy that an application needs, and no more."""

from __future__ import annotations

from collections.abc import Mapping

from labkit.authenticators.client_secret import ClientSecret
from labkit.core.credential import Bearer
from labkit.course.checking import as_mapping, as_sequence, as_text
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.key_scene import OWNER, new_version
from labkit.course.stepping import uncounted
from labkit.lab import Lab
from labkit.services.azure_ad import KEY_VAULT, AzureAD
from labkit.services.key_vault import KeyVault
from labkit.services.vault_access import VaultAccess

NOTEBOOK = "07-secrets-and-managed-identity.ipynb"
_NAME, _CLIENT, _SECRET, _VALUE = "reports", "reports-client-id", "weather", "a key of a weather service"
_PASSWORD = "reports-client-secret"


def _policy(answer: object) -> dict[str, list[str]]:
    """Plain lists of texts. What they mean is for the vault to say. Raises NotUsable."""
    policy = {}
    for kind, given in as_mapping(answer, at_most=10).items():
        names = as_sequence(given, at_most=40, what=f"What you give for {kind[:40]!r}")
        policy[kind] = [as_text(one, longest=60, what=f"A permission for {kind[:40]!r}") for one in names]
    return policy


def _scene(lab: Lab) -> str:
    """An application without any role, and a vault with a key and with the secret that it reads. Returns the
    application's object id."""
    application = lab.directory.register(_NAME, _CLIENT)
    lab.directory.add_secret(application, _PASSWORD, lab.clock.now)
    owner, me = lab.sign_in(OWNER).bearer, lab.people[OWNER].object_id
    new_version(lab)
    lab.ask(OWNER, VaultAccess.set_policy, lab.vault, owner, me, {"secrets": ["all"]})
    token = lab.sign_in(OWNER, resource=KEY_VAULT).bearer
    lab.ask(OWNER, KeyVault.set_secret, lab.vault, token, _SECRET, _VALUE)
    return lab.directory.add_service_principal(application).object_id


def _check_least(answer: object, bench: Bench) -> Result:
    policy = _policy(answer)
    if not policy:
        return Result.not_yet("The policy permits nothing yet.")
    lab = bench.lab()
    return uncounted(lambda: _tried(lab, policy))


def _tried(lab: Lab, policy: Mapping[str, list[str]]) -> Result:
    id, owner = _scene(lab), lab.sign_in(OWNER).bearer
    lab.ask(OWNER, VaultAccess.set_policy, lab.vault, owner, id, policy)
    token = _token(lab)
    read = lab.attempt(_NAME, KeyVault.get_secret, lab.vault, token, _SECRET)
    opened = {one.operation for one in lab.opens(token).on(lab.vault).opened}
    more = sorted(opened - {KeyVault.get_secret.name})
    if not read:
        instead = f" What it could do instead: {', '.join(more[:3])}." if more else ""
        found = f"{_NAME} asked for the secret: {read.code}.{instead}"
        belief = _mistaken(opened)
        return Result.wrong(found, belief) if belief else Result.not_yet(found)
    if more:
        found = f"{_NAME} reads the secret. This would have passed as well: {', '.join(more[:3])}{' ...' if more[3:] else ''}."
        belief = _generous(opened)
        return Result.wrong(found, belief) if belief else Result.not_yet(found)
    for kind, name in ((kind, name) for kind, names in policy.items() for name in names):
        if _does_without(lab, id, policy, kind, name):
            found = f"{_NAME} reads the secret. It reads it without {name!r} for {kind} as well."
            return Result.wrong(found, "reading-is-harmless")
    return Result.right("One operation passes, and it is the one that is needed.")


def _token(lab: Lab) -> Bearer:
    credential = ClientSecret(_CLIENT, _PASSWORD)
    return lab.ask(_NAME, AzureAD.token, lab.tenant, credential, KEY_VAULT).access_token.bearer


def _does_without(lab: Lab, id: str, policy: Mapping[str, list[str]], kind: str, name: str) -> bool:
    """Whether the secret can still be read when this permission is left out."""
    fewer = {**policy, kind: [one for one in policy[kind] if one != name]}
    less = {kind: names for kind, names in fewer.items() if names}
    if not less:
        return False
    lab.ask(OWNER, VaultAccess.set_policy, lab.vault, lab.sign_in(OWNER).bearer, id, less)
    return bool(lab.attempt(_NAME, KeyVault.get_secret, lab.vault, _token(lab), _SECRET))


def _mistaken(opened: set[str]) -> str:
    if KeyVault.get_key.name in opened:
        return "a-key-is-what-opens"
    return "names-are-values" if KeyVault.list_secrets.name in opened else ""


def _generous(opened: set[str]) -> str:
    if KeyVault.delete_secret.name in opened:
        return "one-kind-is-one-right"
    if KeyVault.list_secrets.name in opened:
        return "reading-begins-with-a-list"
    return "reading-is-harmless" if KeyVault.get_key.name in opened else ""


LEAST = Exercise(
    id="kv-least",
    notebook=NOTEBOOK,
    title="A policy for one who only reads",
    minutes=5,
    prompt="""
The application `reports` has no role anywhere. Each night it reads the value of one secret in the workspace's vault: `weather`. It has been told the
name. The vault follows its access policy, and holds other secrets, keys and certificates as well.

Set `answer` to what `VaultAccess.set_policy` is to give the application: a dict with a list of permissions for each kind of thing, for instance
`{"certificates": ["get", "delete"]}`. Then everything that the lab has is tried with the application's token: reading the secret has to pass, and nothing else
in the vault.
""",
    starter='answer = {"secrets": ["all"], "keys": ["all"], "certificates": ["all"]}',
    solution='answer = {"secrets": ["get"]}',
    hints=(
        "Of which kind is the thing that it reads? Leave out what is about the others.",
        "A refusal of a wrong word lists all the words that there are for each kind. Which of them are about one thing of which you know the name?",
        "Somebody who steals this application's secret has what you write here. What is the shortest list with which it still does its work?",
    ),
    explanation="An access policy has no scope below the vault: this application can read any other secret there, if it knows or guesses the name. That it "
    "cannot list them helps a little. Where that is not enough, the secret belongs in a vault of its own, or the vault follows roles.",
    check=_check_least,
    wrong=(
        WrongAnswer(
            'answer = {"secrets": ["get", "list"]}',
            "reading-begins-with-a-list",
            "It has been told the name. A list of all names is for those who look for something to take.",
        ),
        WrongAnswer(
            'answer = {"secrets": ["all"]}',
            "one-kind-is-one-right",
            "Reading, writing and purging are permissions of their own.",
        ),
        WrongAnswer(
            'answer = {"secrets": ["list"]}',
            "names-are-values",
            "Listing shows names, and no value.",
        ),
        WrongAnswer(
            'answer = {"keys": ["get", "unwrapKey"]}',
            "a-key-is-what-opens",
            "A key of a weather service is a text that somebody keeps: a secret. Keys of a vault never leave it.",
        ),
        WrongAnswer(
            'answer = {"secrets": ["get"], "keys": ["get"]}',
            "reading-is-harmless",
            "It tells what else is in the vault, and the application has no use for that.",
        ),
    ),
)
