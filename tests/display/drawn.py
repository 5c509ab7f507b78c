"""One of everything that is drawn, and what lies where in a picture."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import unquote
from xml.etree import ElementTree

import labkit
from labkit import statement
from labkit.access.decision import Decision
from labkit.core.credential import Anonymous
from labkit.core.listing import Item, Listing
from labkit.core.noted import Line, Noted
from labkit.core.show import Shown
from labkit.core.table import Table, Tabular
from labkit.core.trace import Hop, Trace
from labkit.course.data_flows import data_flow
from labkit.course.drills.rehearsal import rehearse
from labkit.course.encryption_choice import encryption_for
from labkit.course.explorer import explore
from labkit.course.flow_player import flow_step
from labkit.course.inspector import inspect_token
from labkit.course.key_timeline import key_timeline
from labkit.course.role_matrix import role_matrix
from labkit.course.service_clients import timeline
from labkit.course.simulator import PAIR, clients_at
from labkit.course.token_latency import token_latency
from labkit.course.worksheet import Note
from labkit.display.heat_map import heat_map
from labkit.lab import Lab
from labkit.services.monitor import Monitor
from labkit.services.resource_manager import ResourceManager

NAMED = {"none": "", "black": "#000000", "white": "#ffffff", "transparent": ""}
SVG = "{http://www.w3.org/2000/svg}"
HOP = Hop(
    number=1, parent=0, at=0, caller="carl", origin="Client", service="Key Vault", resource="safe",
    boundary="Customer subscription", operation="Get secret", action="", credential="bearer token",
    subject="carl (user)", initiator="carl", encrypted=True, scope="/s", stage="operation",
    outcome="ok", why="",
)  # fmt: skip


class Rows(Tabular):
    """The base is drawn for what derives from it."""

    def as_table(self) -> Table:
        return Table(("who",), [("rita",)])


class Typed(Listing):
    """The same of a list of things to type."""

    caption = "To type"
    items = (
        Item("az account show", (("see", "https://learn.microsoft.com/cli/azure/?a=1&b=2 for `more`"),)),
    )


class Remarks(Noted):
    """The same of tables with lines below them."""

    def lines(self) -> list[Line]:
        return [Line("rita reads", "rita.html")]


def explained(lab: Lab, who: str) -> Decision:
    found = lab.access.explain(who, "Microsoft.MachineLearningServices/workspaces/write", lab.workspace)
    assert isinstance(found, Decision)
    return found


@cache
def everything() -> dict[str, Shown]:
    """At least one for each drawer, by what it is."""
    lab = labkit.start()
    token, rita = lab.sign_in("carl"), lab.sign_in("rita")
    matrix = role_matrix(["Owner", "Reader", "AKS operator"], "workspace")
    return {
        "token": token,
        "note": Note("What has no drawing of its own: <two>\nlines & a sign."),
        "trace": lab.trace,
        "accepted": lab.attempt("carl", ResourceManager.get, lab.workspace, token.bearer),
        "refused": lab.attempt("rita", ResourceManager.delete, lab.workspace, rita.bearer),
        "bad input": lab.attempt("rita", ResourceManager.get, lab.workspace, Anonymous()),
        "openings": lab.opens(token.bearer),
        "table": Table(("who",), [("carl",)], caption="People"),
        "wide table": Table(("who", "what"), [("carl", "reads " * 30), ("rita", "x" * 300)]),
        "empty table": Table(("who",), []),
        "statement": statement("authn-mfa"),
        "allowed": explained(lab, "carl"),
        "not allowed": explained(lab, "rita"),
        "matrix": matrix,
        "cell": next(iter(matrix)),
        "heat map": heat_map(matrix),
        "timeline": timeline(*PAIR, minutes=90, outage=(50, 60)),
        "token latency": token_latency(),
        "key timeline": key_timeline({10: "disable"}, "blobs", minutes=90),
        "history": rehearse("leaked-key").history,
        "data flow": data_flow("code snapshot"),
        "day": all_kinds(),
        "step": flow_step(lab.trace, 1),
        "metrics": lab.ask("carl", Monitor.metrics, lab.workspace, token.bearer),
        "exploration": explore(),
        "inspection": inspect_token("alg none"),
        "nothing tampered": inspect_token(),
        "clients": clients_at(65, "minutes 40 to 100"),
        "advice": encryption_for("sensitive"),
        "rows": Rows(),
        "typed": Typed(),
        "remarks": Remarks(),
    }


def all_kinds() -> Trace:
    """A trace with every kind of frame and arrow."""
    frames = ["Client", "Azure AD", "Azure", "Customer subscription", "Microsoft subscription", "x", "y", "z"]
    hops = [replace(HOP, number=n, boundary=name) for n, name in enumerate(frames, 1)]
    hops += [replace(HOP, number=20, outcome="403 Forbidden"), replace(HOP, number=21, encrypted=False)]
    return Trace([*hops, replace(HOP, number=22, encrypted=False, outcome="400 HttpsRequired")])


def drawn(shown: Shown) -> ElementTree.Element:
    """The HTML that a notebook gets."""
    return ElementTree.fromstring(f"<div>{shown._repr_mimebundle_()['text/html']}</div>")


def pictures(shown: Shown) -> list[ElementTree.Element]:
    """The SVG of each image in it."""
    sources = [image.get("src", "").partition(",") for image in drawn(shown).iter("img")]
    assert all(kind == "data:image/svg+xml;charset=utf-8" for kind, _, _ in sources)
    return [ElementTree.fromstring(unquote(source)) for _, _, source in sources]


@cache
def pictured() -> list[str]:
    """The names of those that have a picture."""
    return [name for name, shown in everything().items() if pictures(shown)]


@dataclass
class Shape:
    """A part of a picture: its colours ("" for none), and the corners of the box around it. A text has the
    point that it stands on, and has no box."""

    fill: str
    stroke: str
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def holds(self, other: "Shape") -> bool:
        """Whether the middle of the other one lies in it."""
        x, y = (other.left + other.right) / 2, (other.top + other.bottom) / 2
        return self.left <= x <= self.right and self.top <= y <= self.bottom


def shapes(picture: ElementTree.Element) -> Iterator[Shape]:
    """The parts of a picture, what is on top last. Lines of half a colour are left out: nothing depends on
    them."""
    inner = {id(one) for defs in picture.iter(f"{SVG}defs") for one in defs.iter()}
    for part in picture.iter():
        tag = part.tag.removeprefix(SVG)
        if tag not in ("path", "polygon", "polyline", "text", "use") or id(part) in inner:
            continue
        rules = dict(re.findall(r"([\w-]+): ([^;]+)", part.get("style", "")))
        rules = {**part.attrib, **rules}
        if "stroke-opacity" in rules:
            continue
        fill = rules.get("fill", "none" if tag == "use" else "black")
        stroke = "none" if tag == "text" else rules.get("stroke", "none")
        text = part.text or "" if tag == "text" else ""
        yield Shape(NAMED.get(fill, fill), NAMED.get(stroke, stroke), text, *box(part, tag, rules))


def box(part: ElementTree.Element, tag: str, rules: dict[str, str]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    if tag in ("text", "use"):
        # The letters begin, end or have their middle there, and stand on it.
        aside = {"start": 2, "end": -2}.get(rules.get("text-anchor", ""), 0) if tag == "text" else 0
        placed = re.search(r"(?:translate\(|rotate\(\S+ )(\S+) (\S+)\)", part.get("transform", ""))
        x, y = map(float, placed.groups() if placed else (part.get("x", ""), part.get("y", "")))
        return (x + aside, y - 3, x + aside, y - 3) if tag == "text" else (x, y, x, y)
    corners = part.get("d") or part.get("points") or ""
    numbers = [float(one) for one in re.findall(r"-?\d+(?:\.\d+)?", corners)]
    across, down = numbers[::2], numbers[1::2]
    return min(across), min(down), max(across), max(down)


def markers(picture: ElementTree.Element) -> dict[str, set[str]]:
    """The outlines of the marks of a picture, by their colour."""
    outlines = {f"#{path.get('id')}": path.get("d", "") for path in picture.iter(f"{SVG}path")}
    found: dict[str, set[str]] = {}
    for use in picture.iter(f"{SVG}use"):
        colours = set(re.findall(r"#[0-9a-f]{6}", use.get("style", "")))
        assert len(colours) == 1
        link = use.get("{http://www.w3.org/1999/xlink}href", "")
        found.setdefault(colours.pop(), set()).add(outlines[link])
    return found
