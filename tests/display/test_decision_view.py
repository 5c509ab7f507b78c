"""A decision of authorization, as a notebook shows it."""

from xml.etree import ElementTree

import pytest

from labkit.access.decision import Decision
from labkit.access.deny import EVERYONE, DenyAssignment
from labkit.azure import Authorization, Bearer, ResourceManager
from labkit.display.decision_view import html
from labkit.lab import Lab

WRITE = "Microsoft.MachineLearningServices/workspaces/write"
SHARE = "Microsoft.Authorization/roleAssignments/write"


def explained(lab: Lab, who: str, action: str) -> Decision:
    found = lab.access.explain(who, action, lab.workspace)
    assert isinstance(found, Decision)
    return found


def parsed(decision: Decision) -> ElementTree.Element:
    return ElementTree.fromstring(html(decision))


def rows(drawn: ElementTree.Element) -> list[list[str]]:
    """What was looked at."""
    table = list(drawn.iter("table"))[-1]
    return [["".join(cell.itertext()) for cell in row] for row in table.iterfind("tbody/tr")]


def test_the_word_comes_first_then_the_reason(lab: Lab) -> None:
    for who, word in (("carl", "ALLOWED"), ("rita", "REFUSED")):
        decision = explained(lab, who, WRITE)
        drawn = parsed(decision)
        assert next(iter(drawn.itertext()), "").strip() == ""
        assert next(drawn.iter("strong")).text == word
        facts = {row[0].text: row[1].text for row in next(drawn.iter("table")).iterfind("tbody/tr")}
        assert facts[decision.reason] == decision.why
        assert facts["action"] == WRITE
        assert ("what to do" in facts) is (who == "rita")


def test_everything_that_was_looked_at_is_a_row_that_says_what_it_did(lab: Lab) -> None:
    group = "resource group your-resource-group-name"
    assert rows(parsed(explained(lab, "rita", WRITE))) == [
        ["role Reader", group, "directly", "✗ has no pattern for it"]
    ]
    assert rows(parsed(explained(lab, "carl", WRITE))) == [
        ["role Contributor", group, "directly", "✓ grants *"]
    ]
    assert rows(parsed(explained(lab, "carl", SHARE))) == [
        ["role Contributor", group, "directly", "✗ *, without Microsoft.Authorization/*/Write"]
    ]


def test_a_role_through_a_group_says_so(lab: Lab) -> None:
    lab.hire("sam")
    user = lab.directory.user("sam")
    assert user is not None
    group = lab.directory.add_group("scientists", user.object_id)
    olivia = lab.sign_in("olivia").bearer
    lab.ask("olivia", Authorization.assign, lab.workspace, olivia, "Contributor", group.object_id)
    [row] = rows(parsed(explained(lab, "sam", WRITE)))
    assert row[2] == "through the group scientists"


def test_a_deny_assignment_is_the_first_row(lab: Lab) -> None:
    deny = DenyAssignment("d", "lock", lab.workspace, frozenset({EVERYONE}), actions=("*",))
    lab.parts.access.roles.deny(deny)
    drawn = parsed(explained(lab, "carl", WRITE))
    assert next(drawn.iter("strong")).text == "REFUSED"
    assert rows(drawn)[0] == [
        "deny assignment lock",
        "workspaces/ml-example in your-resource-group-name",
        "",
        "✗ forbids *",
    ]


def test_what_a_token_does_not_see_yet_and_what_it_still_sees_are_told(lab: Lab) -> None:
    lab.hire("sam")
    user = lab.directory.user("sam")
    assert user is not None
    sam, olivia = lab.sign_in("sam"), lab.sign_in("olivia").bearer
    assert not lab.attempt("sam", ResourceManager.get, lab.workspace, sam.bearer)
    made = lab.ask("olivia", Authorization.assign, lab.workspace, olivia, "Reader", user.object_id)
    [row] = rows(parsed(decided(lab, sam.bearer)))
    assert row[3] == "· would grant it; this token does not see it before 2020-03-13 09:30:00Z"
    later = lab.sign_in("sam").bearer
    assert lab.attempt("sam", ResourceManager.get, lab.workspace, later)
    lab.ask("olivia", Authorization.unassign, made["id"], olivia)
    [row] = rows(parsed(decided(lab, later)))
    assert row[3] == "✓ grants */read; removed, and this token has not noticed"


def decided(lab: Lab, cred: Bearer) -> Decision:
    """The decision about a token that is in use."""
    door = lab.parts.door
    workspace = door.resources.find("https://management.azure.com")
    who = door.authenticators[Bearer](cred, workspace, lab.clock.now)
    action = "Microsoft.MachineLearningServices/workspaces/read"
    found = lab.parts.access(who, action, False, lab.workspace, lab.clock.now)
    assert isinstance(found, Decision)
    return found


def test_where_there_was_nothing_to_look_at_it_says_that(lab: Lab) -> None:
    lab.hire("sam")
    text = "".join(parsed(explained(lab, "sam", WRITE)).itertext())
    assert "There was nothing to look at" in text


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", 'a"b&c', "two\nlines"])
def test_a_hostile_name_stays_text(lab: Lab, hostile: str) -> None:
    deny = DenyAssignment("d", hostile, lab.workspace, frozenset({EVERYONE}), actions=("*",))
    lab.parts.access.roles.deny(deny)
    drawn = parsed(explained(lab, "carl", WRITE))
    assert {part.tag for part in drawn.iter()} <= {
        *("div", "p", "strong", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    }


def test_a_notebook_gets_its_text_and_its_html(lab: Lab) -> None:
    decision = explained(lab, "rita", WRITE)
    assert decision._repr_mimebundle_() == {"text/plain": repr(decision), "text/html": html(decision)}
