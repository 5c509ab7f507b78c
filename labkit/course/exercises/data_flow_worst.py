"""An exercise of 09-data-flows: which leaked credential is the worst two days later, and the proof of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from labkit.azure import BlobStorage, DataStores, ResourceManager
from labkit.core.credential import Credential
from labkit.core.operation import Op, P, R
from labkit.core.resource import Component
from labkit.core.secret import Secret
from labkit.core.verdict import Verdict
from labkit.course.checking import as_number
from labkit.course.data_flows import DataFlow, data_flow
from labkit.course.exercise import Bench, Exercise, Result, WrongAnswer
from labkit.course.flow_scenes import MACHINE
from labkit.course.naming import as_name, by_name
from labkit.course.stepping import uncounted
from labkit.lab import Lab
from labkit.services.machine_learning.compute import ComputeCluster
from labkit.services.machine_learning.mount import Line, StorageClient
from labkit.services.machine_learning.provider import DEFAULT_STORE
from labkit.services.machine_learning.snapshots import Snapshots
from labkit.services.machine_learning.unmanaged import ManagementCode
from labkit.services.machine_learning.workspace import Workspace
from labkit.services.resource_id import name_of
from labkit.services.storage import connection_string

NOTEBOOK = "09-data-flows.ipynb"
FLOW, LATER = "training on unmanaged compute", "2d"
BLOB, DATA = "training/customers.csv", b"name,age\nann,41\n"


class Caller:
    """Somebody with one credential, on the internet."""

    def __init__(self, lab: Lab, name: str, cred: Credential) -> None:
        self.lab, self._name, self._cred = lab, name, cred

    def ask(self, op: Op[P, R], target: str, *args: P.args, **kwargs: P.kwargs) -> R:
        """A call with it. Raises a Refusal."""
        return self.lab.ask(self._name, op, target, self._cred, *args, **kwargs)

    def storage(self, connection: Secret) -> StorageClient:
        """The account that a connection string opens."""
        return StorageClient(Line.outermost(self.lab.parts.door, Component(self._name)), connection)

    def connection(self) -> Secret:
        """A connection string, made of the keys that Resource Manager lists. Raises a Refusal."""
        keys = self.ask(ResourceManager.post, self.lab.storage, "listKeys")
        return Secret(connection_string(name_of(self.lab.storage), keys))


def scene() -> DataFlow:
    """The flow, training data in the account, and two days later."""
    flow = data_flow(FLOW)
    lab = flow.watch.lab
    olivia = Caller(lab, "olivia", lab.sign_in("olivia").bearer)
    olivia.storage(olivia.connection()).ask(BlobStorage.put, BLOB, DATA)
    lab.clock.advance(LATER)
    return flow


def _blob(thief: Caller) -> bytes:
    return thief.ask(BlobStorage.get, thief.lab.storage, BLOB)


def _keys(thief: Caller) -> bytes:
    return thief.storage(thief.connection()).ask(BlobStorage.get, BLOB)


def _data_store(thief: Caller) -> bytes:
    connection = thief.ask(DataStores.credential, thief.lab.workspace, DEFAULT_STORE)
    return thief.storage(connection).ask(BlobStorage.get, BLOB)


def _snapshot(thief: Caller) -> bytes:
    workspace = thief.lab.resources.find(thief.lab.workspace)
    assert isinstance(workspace, Workspace)
    files = thief.ask(Snapshots.get, workspace.id, next(iter(workspace.snapshots)))
    return b"".join(files.values())


def _machine(thief: Caller) -> bytes:
    target = thief.lab.resources.find(f"{thief.lab.workspace}/computes/{MACHINE}")
    assert isinstance(target, ComputeCluster)
    return thief.ask(ManagementCode.sign_in, target.machine).encode()


# What mallory may try, and what comes into her hands by it.
MOVES: Mapping[str, Callable[[Caller], bytes]] = {
    "get the blob": _blob,
    "list the account's keys": _keys,
    "ask Azure ML for the data store": _data_store,
    "ask Azure ML for the code snapshot": _snapshot,
    "sign in to the machine": _machine,
}
# What somebody believes whose move is refused with the credential of this kind (shown to that service), or
# whose move succeeds and brings something else.
_BELIEFS: Mapping[tuple[str, str], str] = {
    ("bearer token", "Client"): "the-strongest-is-the-worst",
    ("bearer token", "Microsoft subscription"): "what-opened-the-data-opens-it",
    ("SSH key", "Microsoft subscription"): "whoever-is-in-has-everything",
    ("ML service token", "Customer subscription"): "code-is-what-there-is-to-steal",
}


def _check_worst(answer: object, bench: Bench) -> Result:
    said = by_name(answer, ("arrow", "move"))
    move = as_name(said["move"], MOVES, what="What you say of 'move'")
    arrow = as_number(said["arrow"], what="What you say of 'arrow'")
    return uncounted(lambda: _tried(arrow, move))


def _tried(arrow: int | float, move: str) -> Result:
    flow = scene()
    trace = flow.trace
    if arrow not in range(1, len(trace) + 1):
        return Result.not_yet(f"There is no arrow {arrow}. They are numbered from 1 to {len(trace)}.")
    seen = flow.watch.ordered[int(arrow) - 1]
    hop, lab = seen.hop, flow.watch.lab
    if hop.origin == hop.boundary:
        return Result.not_yet(f"Arrow {arrow} stays inside of {hop.origin}, where nobody listened.")
    if hop.credential in ("password", "managed identity certificate"):
        return Result.not_yet(f"Arrow {arrow} goes to Azure AD, and mallory did not get hold of those.")
    verdict = Verdict.of(lambda: MOVES[move](Caller(lab, "mallory", seen.asked.cred)))
    if verdict.value == DATA:
        return Result.right(f"Two days later mallory reads {len(DATA)} bytes of {BLOB}.")
    what = f"the {hop.credential} of arrow {arrow}, two days later: {move!r}"
    if verdict.refusal is None:
        message = f"With {what} goes through, and brings no byte of {BLOB}."
    else:
        message = f"With {what} is refused: {verdict.refusal.heading}"
    belief = _BELIEFS.get((hop.credential, hop.origin), "")
    return Result.wrong(message, belief) if belief else Result.not_yet(message)


def _answer(arrow: int, move: str) -> str:
    return f'answer = {{"arrow": {arrow}, "move": "{move}"}}'


WORST = Exercise(
    id="flow-worst",
    notebook=NOTEBOOK,
    title="Two days later",
    minutes=8,
    prompt="\n".join(
        [
            f"mallory has recorded the flow `{FLOW}` (cold caches), and has what was shown on one of the arrows that cross a trust boundary. The sign-ins to "
            "Azure AD are not among them. Nobody has noticed anything, and nothing was replaced. **Two days later**, on the internet, she makes one "
            f"move to get at the training data, the blob `{BLOB}`, which olivia has put into the workspace's storage account meanwhile.",
            "",
            "The moves are:",
            "",
            *(f'- `"{move}"`' for move in MOVES),
            "",
            "With the credential of which arrow, and by which move, does she read the blob? Set `answer` to a dict with the number of the arrow and the move. "
            "It is carried out in a lab, on the internet, two days after the flow.",
        ]
    ),
    starter=_answer(1, "get the blob"),
    solution=_answer(11, "ask Azure ML for the data store"),
    hints=(
        "Two columns decide: what a credential opens, and for how long. Cross out first what is worth nothing any more.",
        "What is left opens a handful of operations. Look at them one by one: `flow.leaks().of(number)`.",
        "She does not have to open the storage account with it. It is enough if somebody hands her what does.",
    ),
    explanation="An access token of an hour is strong and short. The token of a run is weak and lives for a week, as long as a run may take, on a machine in your "
    "own subscription; and what it may ask for includes the connection string of the default data store, which never expires. Count what a credential "
    "leads to, not only what it opens.",
    check=_check_worst,
    wrong=(
        WrongAnswer(
            _answer(2, "list the account's keys"),
            "the-strongest-is-the-worst",
            "It would have opened nearly everything, for an hour.",
        ),
        WrongAnswer(
            _answer(13, "get the blob"),
            "what-opened-the-data-opens-it",
            "It has read blobs on that day. It was a token, and tokens end.",
        ),
        WrongAnswer(
            _answer(8, "sign in to the machine"),
            "whoever-is-in-has-everything",
            "The machine has the code of a run, and no key of the storage account.",
        ),
        WrongAnswer(
            _answer(11, "ask Azure ML for the code snapshot"),
            "code-is-what-there-is-to-steal",
            "The right token, and a question too modest. What else does Azure ML hand to a run?",
        ),
    ),
)
