"""The token inspector: pick a tampering, see what it changes and what the lab says to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import labkit
from labkit.core.credential import Bearer
from labkit.core.errors import BadInput, LabError, brief
from labkit.core.show import Shown
from labkit.core.table import Table
from labkit.core.verdict import Verdict
from labkit.furniture import PARTNER_TENANT
from labkit.identity.forgery import ATTACKS, Forger
from labkit.identity.jwt_parts import take_apart
from labkit.lab import Lab
from labkit.services.azure_ad import KEY_VAULT
from labkit.services.resource_manager import ResourceManager

if TYPE_CHECKING:
    from labkit.course.widget import Panel


_SAME = "nothing differs that can be read"
# In place of what comes back, which is the same every time: what is inspected is the token.
_SHOWN = "Resource Manager shows the workspace"


@dataclass(frozen=True)
class Tampering:
    """Something done to a token, or to the world, before the token is shown. `hope` is what whoever does
    it counts on."""

    name: str
    hope: str
    do: Callable[[Lab, str], str]


def _attack(name: str) -> Callable[[Lab, str], str]:
    def do(lab: Lab, who: str) -> str:
        return ATTACKS[name].forge(forger(lab, who))

    return do


def _later(lab: Lab, who: str) -> str:
    token = lab.sign_in(who, second_factor=True).reveal()
    lab.clock.advance("61m")
    return token


_GENUINE = (
    Tampering("nothing", "a token, as it was issued", lambda lab, who: _token(lab, who)),
    Tampering("61 minutes later", "a good token, shown too late", _later),
    Tampering("another audience", "a good token for Key Vault", lambda lab, who: _token(lab, who, KEY_VAULT)),
    Tampering(
        "another tenant",
        "a good token of the partner's tenant",
        lambda lab, who: lab.sign_in("gita", tenant=PARTNER_TENANT).reveal(),
    ),
)
TAMPERINGS = {one.name: one for one in _GENUINE} | {
    attack.name: Tampering(attack.name, attack.hope, _attack(attack.name)) for attack in ATTACKS.values()
}


def _token(lab: Lab, who: str, resource: str = "https://management.azure.com/") -> str:
    return lab.sign_in(who, second_factor=True, resource=resource).reveal()


def forger(lab: Lab, who: str = "carl") -> Forger:
    """A forger who has a good token of `who`, the published keys and a key pair of their own, and would
    like to be olivia. Raises what `Lab.sign_in` raises."""
    olivia = lab.directory.user("olivia")
    assert olivia is not None
    jwks = lab.parts.home.keys.jwks(lab.clock.now)
    return Forger(_token(lab, who), jwks, lab.parts.lab_keys.rsa("attacker/0"), olivia.object_id)


@dataclass(frozen=True, repr=False)
class Inspection(Shown):
    """What a tampering changed, as (part, name, before, after), and the verdict on the result."""

    tampering: str
    hope: str
    changes: tuple[tuple[str, str, str, str], ...]
    verdict: Verdict[dict[str, Any]]

    @property
    def summary(self) -> str:
        """The tampering, and the first line of the verdict."""
        return f"{self.tampering}: {self._answer().partition(chr(10))[0]}"

    def _answer(self) -> str:
        return f"ACCEPTED: {_SHOWN}" if self.verdict else repr(self.verdict)

    def _heading(self) -> str:
        return f"tampering: {self.tampering} ({self.hope})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        headers = ("in", "name", "in the good token", "in this one")
        changes = self.changes or ((_SAME, "", "", ""),)
        verdict = Verdict(True, value=_SHOWN) if self.verdict else self.verdict
        drawn = [Table(headers, changes, caption=self._heading()), verdict]
        html = "\n".join(one._repr_mimebundle_().get("text/html", "") for one in drawn)
        return {"text/plain": repr(self), "text/html": html}

    def __repr__(self) -> str:
        changes = [f"  {part} {name}: {before} -> {after}" for part, name, before, after in self.changes]
        return "\n".join([self._heading(), *(changes or [f"  {_SAME}"]), self._answer()])


def inspect_token(
    tampering: str = "nothing", who: str = "carl", release: str = "2020-03", seed: int = 2020
) -> Inspection:
    """Signs `who` in to a fresh lab, tampers, and reads the workspace through Resource Manager with the
    result. Raises BadInput for a tampering or a name that the lab does not know."""
    if not isinstance(tampering, str) or tampering not in TAMPERINGS:
        raise BadInput(
            "There is no such tampering.",
            presented=brief(tampering),
            required=", ".join(map(repr, TAMPERINGS)),
        )
    chosen = TAMPERINGS[tampering]
    lab = labkit.start(release, seed)
    good = _token(lab, who)
    shown = chosen.do(lab, who)
    verdict = lab.attempt(who, ResourceManager.get, lab.workspace, Bearer(shown))
    return Inspection(chosen.name, chosen.hope, _changes(good, shown), verdict)


def _changes(good: str, shown: str) -> tuple[tuple[str, str, str, str], ...]:
    before = take_apart(good)
    try:
        after = take_apart(shown)
    except LabError:
        return ()
    found = []
    for part, old, new in (("header", before.header, after.header), ("claim", before.claims, after.claims)):
        for name in sorted(old.keys() | new.keys()):
            # The token id differs from one issue to the next and says nothing.
            if name != "uti" and old.get(name) != new.get(name):
                found.append((part, name, _short(old.get(name, "none")), _short(new.get(name, "none"))))
    return tuple(found)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 48 else text[:45] + "..."


def inspector(who: str = "carl", release: str = "2020-03", seed: int = 2020) -> Panel:
    """The same as a widget: a list to pick from, and the inspection below it."""
    from labkit.course.widget import chooser

    return chooser({"Tampering": tuple(TAMPERINGS)}, lambda name: inspect_token(name, who, release, seed))
