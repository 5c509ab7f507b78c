"""The predictions of 05-encryption-at-rest, and its exercises in their order."""

from __future__ import annotations

from labkit.course.exercises.encryption_bite import BITE
from labkit.course.exercises.encryption_containers import MEND_DEPLOYMENT
from labkit.course.exercises.encryption_find import FIND
from labkit.course.exercises.encryption_history import COSMOS_STEPS
from labkit.course.exercises.encryption_incidents import REVOKE_OR_ROTATE
from labkit.course.exercises.encryption_own_key import OWN_KEY
from labkit.course.prediction import asked_in
from labkit.course.store_matrix import PLAIN, SEALED

NOTEBOOK = "05-encryption-at-rest.ipynb"
_prediction = asked_in(NOTEBOOK, "accepted", "refused")

PREDICTIONS = (
    _prediction(
        "enc-raw",
        "carl has written the text patient-4711 to Blob storage. Nobody has given a key of their own. Somebody carries the disk of the "
        "storage account away and looks for the text.",
        *("found", "not found"),
    ),
    _prediction(
        "enc-temp-disk",
        "The release of March 2020, and a workspace of the usual kind. A run stages the same text on the temporary disk of its node. What lies there?",
        *(PLAIN, SEALED),
    ),
    _prediction(
        "enc-after-disable-10",
        "A storage account is encrypted with olivia's key, which was unwrapped for it just now. She disables the key. Ten minutes later "
        "somebody reads a blob.",
    ),
    _prediction(
        "enc-after-disable-61",
        "The same, and somebody reads a blob 61 minutes after the key was disabled.",
    ),
    _prediction(
        "enc-bytes-lost",
        "Nobody could read anything for a while, since the key was disabled. olivia enables it again. How much of what was stored before can be read?",
        *("all of it", "nothing"),
    ),
    _prediction(
        "enc-rotate-old-data",
        "The key gets a new version, and an hour later the account uses it. What has become of the blobs that lay on the disk before?",
        *("encrypted anew", "their data keys wrapped anew", "not one byte changed"),
    ),
    _prediction(
        "enc-purge",
        "olivia's key encrypts an account, and somebody deletes it in a vault without soft delete. What opens the data an hour later?",
        *("Microsoft's key", "recovering olivia's key", "nothing"),
    ),
)

EXERCISES = (FIND, OWN_KEY, BITE, REVOKE_OR_ROTATE, COSMOS_STEPS, MEND_DEPLOYMENT)
