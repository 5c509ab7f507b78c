"""The predictions of 06-network-and-transit, and its exercises in their order."""

from __future__ import annotations

from labkit.course.exercises.network_client import CLIENT
from labkit.course.exercises.network_design import DESIGN
from labkit.course.exercises.network_stages import STAGES_OF_CALLS
from labkit.course.exercises.network_wire import WIRE
from labkit.course.prediction import asked_in
from labkit.course.tls_trials import EVERYBODY, NOBODY, THE_SERVICE, WHOEVER_SHOWS_IT

NOTEBOOK = "06-network-and-transit.ipynb"
_prediction = asked_in(NOTEBOOK, "accepted", "refused")

PREDICTIONS = (
    _prediction(
        "net-rubbish",
        "The workspace has a private endpoint. mallory asks it from the internet and presents the word rubbish as her token. At which stage "
        "is she refused?",
        *("network", "authentication", "authorization"),
    ),
    _prediction(
        "net-arm",
        "The workspace has a private endpoint. mallory, on the internet, presents carl's token to Azure Resource Manager and reads the "
        "properties of the workspace.",
    ),
    _prediction(
        "net-account-key",
        "The storage account lets in two subnets and Azure ML. mallory, on the internet, has one of the account's access keys and lists the "
        "blobs.",
    ),
    _prediction(
        "net-aks-inside",
        "A Kubernetes cluster stands in a subnet, with a web service on it. A client on the internet calls it with the right key.",
    ),
    _prediction(
        "net-editions",
        "Eight arrangements of networks, private link and keys. How many of them cannot be had in the Basic edition?",
        *("0", "1", "2", "4", "6", "8"),
    ),
    _prediction(
        "tls-key-visible",
        "The client presents the service's key over http. Somebody on the way copies every byte. Does the key stand in them as it is?",
        *("yes", "no"),
    ),
    _prediction(
        "tls-any-certificate",
        "A client takes any certificate. A machine on the way shows one of an authority that nobody trusts. Who can read the key that the "
        "client sends?",
        *(EVERYBODY, WHOEVER_SHOWS_IT, THE_SERVICE, NOBODY),
    ),
)

EXERCISES = (STAGES_OF_CALLS, DESIGN, WIRE, CLIENT)
