"""An exercise of 06-network-and-transit: a network for a team with the Basic edition."""

from __future__ import annotations

from collections.abc import Mapping

from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.naming import chosen, dict_source
from labkit.course.network_design import CHOICES, WISHES, unmet
from labkit.course.stepping import uncounted

NOTEBOOK = "06-network-and-transit.ipynb"
_EDITION, _TOKEN, _KEY, _RUN, _MODEL, _SHOP = WISHES
# What somebody believes whose arrangement leaves this wish open.
_BELIEFS: Mapping[str, str] = {
    _EDITION: "private-link-for-everything",
    _TOKEN: "the-token-protects-itself",
    _KEY: "the-key-protects-itself",
    _RUN: "a-cluster-is-always-inside",
    _MODEL: "azure-ml-is-always-inside",
    _SHOP: "inside-is-always-better",
}
_RIGHT = {
    "workspace": "private link",
    "storage account": "firewall",
    "bypass": "AzureServices",
    "training cluster": "in the network",
    "load balancer": "public",
}


def _check_design(answer: object, bench: Bench) -> Result:
    said = chosen(answer, CHOICES)
    return uncounted(lambda: _tried(bench, said))


def _tried(bench: Bench, said: Mapping[str, str]) -> Result:
    for wish, happened in unmet(bench.lab(), said):
        return Result.wrong(f"Not so: {wish}. The lab tried it: {happened}.", _BELIEFS[wish])
    return Result.right("All six hold, each tried in the lab.")


def _answer(others: Mapping[str, str]) -> str:
    return dict_source({**_RIGHT, **others})


def _wrong(others: Mapping[str, str], wish: str, says: str) -> WrongAnswer:
    return WrongAnswer(_answer(others), _BELIEFS[wish], says)


DESIGN = Exercise(
    id="net-design",
    notebook=NOTEBOOK,
    title="A network in the Basic edition",
    minutes=10,
    prompt="""
A team has a workspace in the Basic edition. It wants that

- a stolen token opens the workspace to nobody on the internet;
- a leaked access key opens the storage account to nobody on the internet;
- runs complete, and their outputs arrive in the storage account;
- models can be registered;
- a shop on the internet can call the web service with its key.

There is a virtual network, the people are connected to it, and the Kubernetes cluster stands in it. Set `answer` to a dict with a choice of each:

- `"workspace"`: `"open"` or `"private link"`
- `"storage account"`: `"open"`, `"firewall"` (the network is let in) or `"private link"` (firewall and private endpoint)
- `"bypass"`: which services the account's firewall lets in besides, `"AzureServices"` or `"None"`
- `"training cluster"`: `"outside"` or `"in the network"`
- `"load balancer"` in front of the web service: `"public"` or `"internal"`

It is then built in a lab, and each wish is tried.
""",
    starter=dict_source(dict.fromkeys(CHOICES, "")),
    solution=_answer({}),
    hints=(
        "Take the wishes one by one, and ask of each from where the call comes that is to pass, or to fail.",
        "Two callers are easily forgotten: the node of a run, and Azure ML itself when it keeps a model for you. Where do they stand?",
        "The edition leaves private link to one resource only. And what the shop is to reach cannot be hidden from it.",
    ),
    explanation="Private link for the workspace and a firewall for the account close both to the internet, in either edition. The nodes have to be inside, Azure "
    "ML comes in by the exception, and what is meant for the public stays public: what protects the web service is its key, on an encrypted way.",
    check=_check_design,
    wrong=(
        _wrong(
            {"storage account": "private link"},
            _EDITION,
            "Private link on another resource than the workspace takes the other edition.",
        ),
        _wrong({"workspace": "open"}, _TOKEN, "Nothing in a token says from where it may be used."),
        _wrong(
            {"storage account": "open"}, _KEY, "The key opens everything, from everywhere that is let in."
        ),
        _wrong({"training cluster": "outside"}, _RUN, "A node calls back from where it stands."),
        _wrong({"bypass": "None"}, _MODEL, "Azure ML stands in no subnet of yours."),
        _wrong({"load balancer": "internal"}, _SHOP, "The shop is on the internet, and so it was shut out."),
    ),
)
