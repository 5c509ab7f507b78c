"""The values for the Helm chart are YAML, and use no names but those that are listed here.

The chart's schema is not at hand: the list was read from it, from its values and from its documentation.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from labkit.checkout import FIRST_NOTEBOOK, checkout
from labkit.cli import QUIET

VALUES: dict[str, Any] = yaml.safe_load((checkout() / "hub" / "values.yaml").read_text("utf-8"))

# Of zero-to-jupyterhub-k8s, version 3: objects that allow no other names.
SCHEMA: dict[str, Any] = {
    "singleuser": {
        "image": {"name": str, "tag": str, "pullPolicy": str, "pullSecrets": list},
        "cmd": list,
        "defaultUrl": str,
        "extraEnv": dict,
        "storage": {"type": str, "capacity": str, "homeMountPath": str, "dynamic": dict, "static": dict},
        "uid": int,
        "fsGid": int,
        "allowPrivilegeEscalation": bool,
        "memory": {"guarantee": str, "limit": str},
        "cpu": {"guarantee": (int, float), "limit": (int, float)},
        "startTimeout": int,
        "networkPolicy": {
            "enabled": bool,
            "ingress": list,
            "egress": list,
            "egressAllowRules": {
                "cloudMetadataServer": bool,
                "dnsPortsCloudMetadataServer": bool,
                "dnsPortsKubeSystemNamespace": bool,
                "dnsPortsPrivateIPs": bool,
                "nonPrivateIPs": bool,
                "privateIPs": bool,
            },
        },
        "profileList": list,
    },
    "hub": {"config": dict},
    "proxy": {"https": {"enabled": bool, "hosts": list, "letsencrypt": {"contactEmail": str}, "type": str}},
    "cull": {"enabled": bool, "timeout": int, "every": int, "users": bool},
}


def faults(values: object, schema: object, where: str = "") -> Iterator[str]:
    if isinstance(schema, dict):
        assert isinstance(values, dict)
        for name, value in values.items():
            place = f"{where}.{name}".lstrip(".")
            if name in schema:
                yield from faults(value, schema[name], place)
            else:
                yield f"{place} is not a name of the chart"
    elif not isinstance(values, schema) or (schema is int and isinstance(values, bool)):  # type: ignore[arg-type]
        yield f"{where} is a {type(values).__name__}"


def test_the_values_have_the_names_and_types_of_the_chart() -> None:
    assert list(faults(VALUES, SCHEMA)) == []


def test_a_wrong_name_and_a_wrong_type_are_found() -> None:
    wrong = {"singleuser": {"memory": {"limits": "1G"}, "uid": "1000"}, "single": {}}
    assert len(list(faults(wrong, SCHEMA))) == 3


def test_a_pod_is_set_as_labkit_start_sets_jupyterlab() -> None:
    args = VALUES["hub"]["config"]["KubeSpawner"]["args"]
    assert args[: len(QUIET)] == list(QUIET)
    assert set(args[len(QUIET) :]) <= set(config_text().replace('"', " ").replace(",", " ").split())
    assert VALUES["singleuser"]["extraEnv"]["PYTHONHASHSEED"] == "0"
    assert VALUES["singleuser"]["defaultUrl"].endswith(f"/course/{FIRST_NOTEBOOK}")


def config_text() -> str:
    return (checkout() / "hub" / "jupyterhub_config.py").read_text("utf-8")


def test_progress_lies_in_the_volume_and_the_command_is_that_of_this_folder() -> None:
    one = VALUES["singleuser"]
    assert Path(one["extraEnv"]["LABKIT_DATA"]).is_relative_to(one["storage"]["homeMountPath"])
    assert one["cmd"][-1] == "/opt/lab/hub/serve.py"
    assert (checkout() / "hub" / "serve.py").is_file()


def test_nobody_shares_a_password_and_no_secret_stands_in_it() -> None:
    config = VALUES["hub"]["config"]
    assert config["JupyterHub"]["authenticator_class"] not in ("dummy", "shared-password", "null")
    assert config["GenericOAuthenticator"]["allow_all"] is False
    assert config["GenericOAuthenticator"]["client_secret"] == ""
    rules = VALUES["singleuser"]["networkPolicy"]["egressAllowRules"]
    assert not any(allowed for name, allowed in rules.items() if not name.startswith("dns"))
