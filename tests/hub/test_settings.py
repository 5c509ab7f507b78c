"""The configuration loads, and what the hub lacks is told."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from labhub import accounts, commands, day, needs
from labhub.roster import Learner, read, write
from labhub.settings import CONFIG, Settings, settings
from labhub.trouble import Trouble
from traitlets.config import PyFileConfigLoader

from labkit.cli import QUIET


def test_without_anything_set_the_hub_is_for_this_machine_alone() -> None:
    hub = settings({})
    assert (hub.url, hub.bind_url) == ("http://127.0.0.1:8000", "http://127.0.0.1:8000")
    assert (hub.prefix, hub.folder) == ("lab-", Path("/srv/labkit-hub"))
    assert max(hub.hub_port, hub.proxy_port) < 1024


def test_settings_come_through_the_environment_as_they_were() -> None:
    given = {
        "LABHUB_FOLDER": "/srv/x",
        "LABHUB_ADDRESS": "::",
        "LABHUB_PORT": "443",
        "LABHUB_CERTIFICATE": "/c",
        "LABHUB_KEY": "/k",
        "LABHUB_DOMAIN": "lab.example.org",
        "LABHUB_INTERNAL": "700,701",
    }
    hub = settings(given)
    assert settings(hub.environment()) == hub
    assert (hub.url, hub.bind_url) == ("https://lab.example.org:443", "https://[::]:443")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "x"),
        ("PORT", "8000,8001"),
        ("PORT", "٣"),
        ("INTERNAL", "981"),
        ("INTERNAL", "981,981"),
        ("EVERY", "-1"),
        ("PREFIX", "root"),
        ("FOLDER", "here"),
        ("FOLDER", "/srv/../etc"),
        ("FOLDER", "/srv/" + "x" * 30),
        ("KEY", "/k"),
    ],
)
def test_a_wrong_setting_is_told(name: str, value: str) -> None:
    with pytest.raises(Trouble) as caught:
        settings({f"LABHUB_{name}": value})
    assert "what to do" in str(caught.value)


def loaded(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Any:
    for name in [name for name in os.environ if name.startswith("LABHUB_")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(f"LABHUB_{name}", value)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return PyFileConfigLoader(CONFIG.name, CONFIG.parent).load_config()


def test_the_configuration_loads_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    c = loaded(monkeypatch)
    assert c.JupyterHub.bind_url == "http://127.0.0.1:8000"
    assert c.Spawner.environment["PYTHONHASHSEED"] == "0"
    assert list(QUIET) == c.Spawner.args[: len(QUIET)]
    secret = (c.JupyterHub.cookie_secret_file, c.JupyterHub.db_url, c.ConfigurableHTTPProxy.pid_file)
    assert all("/srv/labkit-hub/secrets/" in place for place in secret)
    # What JupyterHub says to learners' servers is never heard outside of this machine.
    assert all("127.0.0.1" in url for url in (c.JupyterHub.hub_bind_url, c.ConfigurableHTTPProxy.api_url))
    assert "ssl_key" not in c.JupyterHub
    assert "subdomain_host" not in c.JupyterHub


def test_with_a_certificate_it_is_https_and_with_a_domain_hosts_are_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    c = loaded(monkeypatch, CERTIFICATE="/c", KEY="/k", ADDRESS="0.0.0.0", DOMAIN="lab.example.org")
    assert c.JupyterHub.bind_url == "https://0.0.0.0:8000"
    assert (c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key) == ("/c", "/k")
    assert c.JupyterHub.subdomain_host == "https://lab.example.org:8000"


# ---- what is missing

HUB = settings({})
ANNA = Learner("anna", "Anna", "lab-anna", 1001, 1001, "")


def told(found: list[Trouble] | Any) -> str:
    return "\n".join(map(str, found))


def test_without_root_it_says_so_and_how(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    made: list[object] = []
    monkeypatch.setattr(commands, "lay_out", made.append)
    assert commands.main(["start"]) == 1
    said = capsys.readouterr().err
    assert "This needs root" in said
    assert "sudo" in said
    assert made == []


def test_without_learners_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "There are no learners\n  what to do: write a class list" in told(needs.missing(HUB, []))


def test_without_node_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = told(needs._programs())
    assert "Node.js is missing" in said
    assert "The program useradd is missing" in said
    (tmp_path / "node").write_text("#!/bin/sh\necho v18.19.0\n")
    (tmp_path / "node").chmod(0o755)
    assert "Node.js is missing or too old, and the proxy needs it: v18.19.0" in told(needs._programs())
    (tmp_path / "node").write_text("#!/bin/sh\necho v22.1.0\n")
    assert "Node.js" not in told(needs._programs())


def test_without_the_proxy_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(needs, "CHECKOUT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "The proxy is missing" in told(needs._programs())
    monkeypatch.setattr(needs, "_PROXY", Path("proxy"))
    proxy = tmp_path / "hub" / "proxy"
    proxy.parent.mkdir()
    proxy.touch(mode=0o755)
    assert needs.proxy_command() == [str(proxy)]
    assert "The proxy" not in told(needs._programs())


@pytest.fixture
def taken() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_is_taken_is_told(taken: int) -> None:
    said = told(needs._ports(replace(HUB, port=taken)))
    assert f"127.0.0.1 port {taken}: " in said
    assert "--port" in said
    assert "LABHUB_INTERNAL" in told(needs._ports(replace(HUB, proxy_port=taken)))


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_an_address_that_is_not_of_this_machine_is_told(address: str, taken: int) -> None:
    assert "choose an address of this machine with --address" in told(
        needs._ports(replace(HUB, address=address))
    )


def test_a_key_that_others_may_read_is_told(tmp_path: Path) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    hub = replace(HUB, certificate=str(certificate), key=str(key))
    assert told(needs._files(hub)).count("There is no such file") == 2
    for file in (certificate, key):
        file.touch(mode=0o644)
    assert "Others may read the key" in told(needs._files(hub))
    key.chmod(0o600)
    assert told(needs._files(hub)) == ""


def test_an_environment_that_learners_cannot_use_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        needs, "as_learner", lambda learner, command: ["sh", "-c", "echo no module >&2; exit 1"]
    )
    said = told(needs._readable(HUB, [ANNA]))
    assert "Learners cannot use the lab's environment: no module" in said
    assert "/opt" in said


def test_python_is_started_by_the_learners_account_and_not_by_the_program_that_becomes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # setpriv may still pass a closed folder, and a kernel may not.
    asked: list[list[str]] = []
    monkeypatch.setattr(needs, "as_learner", lambda learner, command: asked.append(command) or ["true"])
    assert told(needs._readable(HUB, [ANNA])) == ""
    assert asked[0][:3] == ["/bin/sh", "-c", 'exec "$@"']
    assert asked[0][4] == sys.executable


def test_an_environment_that_learners_could_change_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(needs, "CHECKOUT", tmp_path)
    tmp_path.chmod(0o777)
    assert tmp_path in needs.writable()
    tmp_path.chmod(0o1777)
    assert tmp_path not in needs.writable()


# ---- the folders


def here(folder: Path) -> Settings:
    return replace(HUB, folder=folder / "hub")


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever runs the tests is the root of this hub.
    monkeypatch.setattr(os, "chown", lambda *a: None)
    monkeypatch.setenv("SUDO_UID", str(os.getuid()))


def test_the_folders_are_closed(tmp_path: Path, as_root: None) -> None:
    hub = here(tmp_path)
    for _ in range(2):
        day.lay_out(hub)
        modes = [
            stat.S_IMODE(path.stat().st_mode) for path in (hub.folder, hub.homes, hub.secrets, hub.progress)
        ]
        assert [*map(oct, modes)] == ["0o711", "0o711", "0o700", "0o700"]


@pytest.mark.parametrize(
    "make", [lambda path: path.touch(), lambda path: path.symlink_to("/etc")], ids=["file", "link"]
)
def test_a_folder_that_is_not_the_hubs_own_is_refused(
    tmp_path: Path, as_root: None, make: Callable[[Path], None]
) -> None:
    hub = here(tmp_path)
    hub.folder.mkdir()
    make(hub.secrets)
    with pytest.raises(Trouble, match="This is not the hub's own folder"):
        day.lay_out(hub)


def test_two_do_not_run_at_once(tmp_path: Path, as_root: None) -> None:
    hub = here(tmp_path)
    day.lay_out(hub)
    with day.the_only_one(hub):
        assert (hub.secrets / "hub.pid").read_text() == str(os.getpid())
        with pytest.raises(Trouble, match="The hub is running"), day.the_only_one(hub):
            pass
    with pytest.raises(Trouble, match="The hub is not running"):
        day.end(hub)


@pytest.fixture
def given(tmp_path: Path, as_root: None, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings with which `main` runs, in a folder that may have a longer name than a hub's own."""
    hub = here(tmp_path)
    monkeypatch.setattr(commands, "settings", lambda environment: hub)
    monkeypatch.setattr(needs, "root", lambda: None)
    return hub


def test_what_is_started_twice_is_told_so_and_not_that_ports_are_taken(
    given: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    day.lay_out(given)
    with day.the_only_one(given):
        assert commands.main(["start"]) == 1
    said = capsys.readouterr().err
    assert "The hub is running" in said
    assert "LABHUB_INTERNAL" not in said


@pytest.mark.parametrize(
    ("text", "told"), [(None, "There is no such class list"), (b"# later\n", "no name"), (b"\xff", "UTF-8")]
)
def test_a_class_list_without_names_makes_nobody(
    given: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes | None, told: str
) -> None:
    file = tmp_path / "class.txt"
    if text is not None:
        file.write_bytes(text)
    assert commands.main(["access", str(file)]) == 1
    said = capsys.readouterr().err
    assert told in said
    assert "on each line" in said


def test_without_a_class_nobody_gets_a_new_code(given: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["access", "--again", "Anna"]) == 1
    assert "`python hub access LIST` first" in capsys.readouterr().err


@pytest.mark.parametrize("typed", [ANNA.login, ANNA.login.upper(), f" {ANNA.login} "])
def test_a_new_code_is_given_to_a_name_however_it_is_typed(
    given: Settings, capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    day.lay_out(given)
    write(given.roster, [ANNA])
    assert commands.main(["access", "--again", typed]) == 0
    code = capsys.readouterr().out.rpartition("code: ")[2].strip()
    assert read(given.roster)[ANNA.login].opens(code)


def test_ctrl_c_ends_a_command_without_a_traceback(
    given: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(hub: Settings) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "lay_out", interrupted)
    assert commands.main(["collect"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_ctrl_c_waits_until_an_account_stands_in_the_roster() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), accounts.undisturbed():  # noqa: PT012
        # To this thread: what other tests have started may take what is for the whole process.
        signal.raise_signal(signal.SIGINT)
        done.append("written")
    assert done == ["written"]


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv; install util-linux")
def test_the_hub_ends_with_the_command_that_started_it() -> None:
    code = "import subprocess, sys, time; from labhub.day import ending_with_us\n"
    code += "child = subprocess.Popen(ending_with_us(['sleep', '60']), stdout=subprocess.DEVNULL)\n"
    code += "time.sleep(0.5); print(child.pid, flush=True); time.sleep(60)"
    place = {"PYTHONPATH": str(CONFIG.parent), "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=place, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        process = Path("/proc", starter.stdout.readline().strip(), "cmdline")
        assert b"sleep" in process.read_bytes()
        starter.kill()
    # Nobody may have waited for it yet: then it is there, and has no command line.
    deadline = time.monotonic() + 10
    with suppress(FileNotFoundError, ProcessLookupError):
        while process.read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_without_tls_it_is_said_what_travels_in_clear(capsys: pytest.CaptureFixture[str]) -> None:
    for hub, warned in (
        (HUB, False),
        (replace(HUB, address="0.0.0.0"), True),
        (replace(HUB, address="0.0.0.0", certificate="/c"), False),
    ):
        day._say(hub)
        assert ("in clear" in capsys.readouterr().out) is warned


# ---- what stands beside it


def test_the_proxy_is_locked_without_an_address() -> None:
    import json

    lock = json.loads((CONFIG.parent / "package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert len(packages) > 20
    assert all("resolved" not in one and one["integrity"].startswith("sha512-") for one in packages.values())
    assert packages["node_modules/configurable-http-proxy"]["version"].startswith("5.")


def test_every_command_of_the_readme_is_one() -> None:
    text = (CONFIG.parent / "README.md").read_text("utf-8")
    lines = re.findall(r"^    sudo \.venv/bin/python hub (.+?)(?:  +#.*)?$", text, re.MULTILINE)
    assert {line.split()[0] for line in lines} == {"access", "start", "collect", "end", "remove"}
    for line in lines:
        arguments = commands._parser().parse_args(line.split())
        assert callable(arguments.command)


def test_help_needs_neither_root_nor_a_hub() -> None:
    done = subprocess.run(
        [sys.executable, str(CONFIG.parent), "--help"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert "access" in done.stdout
