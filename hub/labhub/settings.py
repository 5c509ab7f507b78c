"""Where the hub is and how it is reached. Commands hand it on to JupyterHub in environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labhub.names import PREFIX
from labhub.trouble import Trouble

CHECKOUT = Path(__file__).resolve().parent.parent.parent
SERVE = CHECKOUT / "hub" / "serve.py"
CONFIG = CHECKOUT / "hub" / "jupyterhub_config.py"

# Below 1024, where only root may listen: when the hub is down, no learner can take its place, to which the
# servers of the others send their tokens.
_INTERNAL_PORTS = "981,982"
# Sockets of kernels lie in the homes, and the address of one may be 107 bytes long.
LONGEST_FOLDER = 26
_VARIABLES = (
    "FOLDER",
    "ADDRESS",
    "PORT",
    "CERTIFICATE",
    "KEY",
    "DOMAIN",
    "PREFIX",
    "INTERNAL",
    "EVERY",
    "PATIENCE",
)


@dataclass(frozen=True)
class Settings:
    """One hub. `every` and `patience`, which an export may take, are in seconds; `certificate`, `key` and
    `domain` are "" where there are none."""

    folder: Path
    address: str
    port: int
    hub_port: int
    proxy_port: int
    certificate: str
    key: str
    domain: str
    prefix: str
    every: int
    patience: int

    @property
    def homes(self) -> Path:
        """The learners' homes: anybody may pass through, nobody may look around."""
        return self.folder / "homes"

    @property
    def secrets(self) -> Path:
        """What root alone may read: the learners' codes (hashed), cookie secret, database, process ids."""
        return self.folder / "secrets"

    @property
    def progress(self) -> Path:
        """What is collected, for `labkit class-report`; the instructor's."""
        return self.folder / "progress"

    @property
    def roster(self) -> Path:
        """The learners of this class."""
        return self.secrets / "roster.json"

    @property
    def bind_url(self) -> str:
        """Where the proxy listens."""
        return self._at(self.address)

    @property
    def url(self) -> str:
        """What learners open."""
        return self._at(self.domain or self.address)

    def _at(self, host: str) -> str:
        return f"http{'s' * bool(self.certificate)}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def home(self, account: str) -> Path:
        """The home of a learner's account."""
        return self.homes / account

    def environment(self) -> dict[str, str]:
        """The variables from which `settings` makes the same."""
        internal = f"{self.hub_port},{self.proxy_port}"
        values = (self.folder, self.address, self.port, self.certificate, self.key, self.domain, self.prefix)
        return {
            f"LABHUB_{name}": str(value)
            for name, value in zip(_VARIABLES, (*values, internal, self.every, self.patience), strict=True)
        }


def settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings that variables of the environment name, such as LABHUB_PORT. Raises Trouble."""
    given = os.environ if environment is None else environment

    def said(name: str, otherwise: str) -> str:
        return given.get(f"LABHUB_{name}") or otherwise

    hub_port, proxy_port = _ports("INTERNAL", said("INTERNAL", _INTERNAL_PORTS), 2)
    prefix = said("PREFIX", "lab-")
    if not PREFIX.fullmatch(prefix):
        raise Trouble("LABHUB_PREFIX cannot begin the name of a system user", prefix, "such as lab-")
    folder = Path(said("FOLDER", "/srv/labkit-hub"))
    if not folder.is_absolute() or ".." in folder.parts or len(os.fsencode(folder)) > LONGEST_FOLDER:
        advice = f"a full path of at most {LONGEST_FOLDER} bytes, such as /srv/labkit-hub"
        raise Trouble("The hub's folder cannot be there", str(folder), advice)
    [port] = _ports("PORT", said("PORT", "8000"), 1)
    [every] = _numbers("EVERY", said("EVERY", "60"), 1, 86_400)
    [patience] = _numbers("PATIENCE", said("PATIENCE", "20"), 1, 3_600)
    certificate, key = said("CERTIFICATE", ""), said("KEY", "")
    if bool(certificate) is not bool(key):
        given_one = certificate or key
        raise Trouble("TLS needs a certificate and its key", given_one, "--certificate and --key")
    address, domain = said("ADDRESS", "127.0.0.1"), said("DOMAIN", "")
    return Settings(
        folder, address, port, hub_port, proxy_port, certificate, key, domain, prefix, every, patience
    )


def _ports(name: str, text: str, count: int) -> list[int]:
    found = _numbers(name, text, 1, 65_535)
    if len(found) != count or len(set(found)) != count:
        raise Trouble(f"LABHUB_{name} is wrong", text, f"{count} port" + "s, such as 981,982" * (count > 1))
    return found


def _numbers(name: str, text: str, least: int, most: int) -> list[int]:
    parts = text.split(",")
    if not all(one.isascii() and one.isdigit() and least <= int(one) <= most for one in parts):
        raise Trouble(f"LABHUB_{name} is wrong", text, f"a whole number from {least} to {most}")
    return [int(one) for one in parts]
