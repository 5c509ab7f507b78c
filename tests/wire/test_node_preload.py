"""What leads a Node program to `labkit serve`: real names, the lab's answers, and no other host."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

import pytest

from labkit.lab import Lab
from labkit.wire.serve import serving

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs Node")

ASK = """
const https = require('https'), tls = require('tls'), net = require('net');
function ask(where) {
  return new Promise(done => {
    try {
      https.get(where, answer => { answer.resume(); done(answer.statusCode); })
        .on('error', error => done(error.message));
    } catch (error) { done(error.message); }
  });
}
function through(options) {
  return new Promise(done => {
    const one = tls.connect({ host: 'management.azure.com', ...options }, () => {
      done(one.authorized);
      one.destroy();
    });
    one.on('error', error => done(error.message));
  });
}
(async () => console.log(JSON.stringify(await (async () => %s)())))();
"""


def told_by(lab: Lab, expression: str) -> Any:
    """What an expression in JavaScript comes to."""
    with serving(lab) as told:
        done = subprocess.run(
            [str(NODE), "--require", told["node_preload"], "-e", ASK % expression],
            env={**os.environ, "NODE_EXTRA_CA_CERTS": told["ca_file"]},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://login.microsoftonline.com/common/discovery/keys", 200),
        ("https://management.azure.com/subscriptions", 401),
        ("https://management.azure.com:8443/subscriptions", 401),
    ],
)
def test_the_real_names_are_answered_by_the_lab(lab: Lab, url: str, status: int) -> None:
    assert told_by(lab, f"ask('{url}')") == status
    assert len(lab.trace) == 1


@pytest.mark.parametrize(
    "host", ["example.com", "management.azure.com.example.com", "192.0.2.1", "[2001:db8::1]"]
)
def test_any_other_host_is_refused(lab: Lab, host: str) -> None:
    assert "is outside of the lab" in told_by(lab, f"ask('https://{host}/')")


@pytest.mark.parametrize("way", ["socket: new net.Socket()", "path: '/nowhere.sock'"])
def test_a_way_of_the_program_s_own_is_not_taken(lab: Lab, way: str) -> None:
    assert told_by(lab, f"through({{ {way} }})") is True


def test_this_machine_is_none_of_its_business(lab: Lab) -> None:
    assert "ECONNREFUSED" in told_by(lab, "ask('https://127.0.0.1:9/')")
