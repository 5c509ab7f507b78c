"""The predictions of 09-data-flows, and its exercises in their order."""

from __future__ import annotations

from labkit.course.exercises.data_flow_credentials import CREDENTIALS
from labkit.course.exercises.data_flow_order import ORDER
from labkit.course.exercises.data_flow_readable import READABLE
from labkit.course.exercises.data_flow_worst import WORST
from labkit.course.prediction import asked_in

NOTEBOOK = "09-data-flows.ipynb"
_prediction = asked_in(NOTEBOOK)

PREDICTIONS = (
    _prediction(
        "flow-own-calls",
        "carl, signed out, creates a workspace. About thirty calls are made until it is there. How many of them does his own computer make?",
        *("2", "6", "all of them"),
    ),
    _prediction(
        "flow-second-build",
        "The same training run is submitted a second time, with the same packages. Is the Docker image of its environment built again?",
        *("built", "not built"),
    ),
    _prediction(
        "flow-into-the-machine",
        "carl attached a virtual machine and typed the password of an account there. A run starts. With what does Azure ML enter the machine?",
        *("SSH password", "SSH key", "bearer token"),
    ),
    _prediction(
        "flow-asks-cosmos",
        "carl asks for the metrics of a run. They are in Cosmos DB. Which component's call reaches Cosmos DB?",
        *("carl", "ml-example", "cpu-cluster"),
    ),
    _prediction(
        "flow-on-the-wire",
        "A web service is deployed to a Kubernetes cluster with all defaults, and called once. Which credential can be read by somebody on the way?",
        *("none", "bearer token", "service key"),
    ),
    _prediction(
        "flow-opens-most",
        "All arrows of a run on the cluster leak at this moment. Which of these three opens the most operations?",
        *("carl's bearer token", "the registry password", "the signature with the account key"),
    ),
)

EXERCISES = (ORDER, CREDENTIALS, READABLE, WORST)
