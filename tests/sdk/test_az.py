"""The az commands of the how-to, in its order, and what az makes of a line that is none."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import labkit
from labkit.authenticators.client_secret import ClientSecret
from labkit.azure import AzureAD, ResourceManager
from labkit.core.errors import BadInput
from labkit.core.verdict import Verdict
from labkit.furniture import CLIENT_ID, CLIENT_SECRET
from labkit.lab import Lab
from labkit.sdk.az import AzError, run
from labkit.sdk.az_commands import COMMANDS
from labkit.sdk.az_errors import UsageError
from tests.hostile import PLAIN, Text
from tests.services.state import everything

CREATE = "az ad sp create-for-rbac --sdk-auth --name ml-auth"
SHOW = "az ad sp show --id your-client-id"
SHARE = (
    "az ml workspace share -w your-workspace-name -g your-resource-group-name --user your-sp-object-id "
    "--role owner"
)
EXTENSION = "az extension add -n azure-cli-ml"
# As the how-to prints it.
PRINTED = {
    "clientId": "your-client-id",
    "clientSecret": "your-client-secret",
    "subscriptionId": "your-sub-id",
    "tenantId": "your-tenant-id",
    "activeDirectoryEndpointUrl": "https://login.microsoftonline.com",
    "resourceManagerEndpointUrl": "https://management.azure.com",
    "activeDirectoryGraphResourceId": "https://graph.windows.net",
    "sqlManagementEndpointUrl": "https://management.core.windows.net:5555",
    "galleryEndpointUrl": "https://gallery.azure.com/",
    "managementEndpointUrl": "https://management.core.windows.net",
}


def refused(lab: Lab, line: Any) -> AzError:
    """What az says to a line that changes nothing."""
    before = everything(lab)
    with pytest.raises(AzError) as caught:
        lab.az(line)
    assert everything(lab) == before
    assert str(caught.value).encode()
    assert len(str(caught.value)) < 4000
    return caught.value


class TestHowTo:
    def test_creating_prints_the_ten_keys(self, lab: Lab) -> None:
        text = lab.az(CREATE)
        assert text == json.dumps(PRINTED, indent=2)
        assert list(json.loads(text)) == list(PRINTED)

    def test_what_is_printed_opens_the_door(self, lab: Lab) -> None:
        made = json.loads(lab.az(CREATE))
        cred = ClientSecret(made["clientId"], made["clientSecret"])
        answer = lab.ask("app", AzureAD.token, made["tenantId"], cred)
        assert lab.ask("app", ResourceManager.get, lab.workspace, answer.access_token.bearer)

    def test_showing_prints_the_object_id(self, lab: Lab) -> None:
        text = lab.az(SHOW)
        shown = json.loads(text)
        assert list(shown)[:3] == ["accountEnabled", "addIns", "appDisplayName"]
        assert [shown[name] for name in list(shown)[:3]] == ["True", [], "ml-auth"]
        assert shown["objectId"] == "your-sp-object-id" != shown["appId"] == "your-client-id"
        assert shown["objectType"] == "ServicePrincipal"
        # Sorted, two blanks deep.
        assert text == json.dumps(shown, indent=2, sort_keys=True)

    def test_sharing_prints_nothing_and_takes_the_extension(self, lab: Lab) -> None:
        error = refused(lab, SHARE)
        assert isinstance(error, UsageError)
        assert error.message.startswith("az: 'ml' is not in the 'az' command group. See 'az --help'.")
        assert error.advice == EXTENSION
        assert lab.az(EXTENSION) == ""
        assert lab.az(SHARE) == ""
        held = json.loads(lab.az("role assignment list --all --assignee your-client-id --role owner"))
        assert [one["scope"] for one in held] == [lab.other_workspace]

    def test_the_whole_how_to_runs_twice_in_one_lab(self, lab: Lab) -> None:
        for line in (EXTENSION, CREATE, SHOW, SHARE, EXTENSION, CREATE, SHOW):
            lab.az(line)

    def test_without_az_in_front_it_is_the_same(self, lab: Lab) -> None:
        assert lab.az(SHOW) == lab.az(SHOW.removeprefix("az ")) == run(lab, f"  {SHOW}\n")

    def test_two_labs_know_nothing_of_one_another(self, lab: Lab) -> None:
        lab.az(EXTENSION)
        lab.az("login -u rita")
        other = labkit.start()
        assert json.loads(other.az("account show"))["user"]["name"] == "olivia@contoso.example"
        assert other.az("extension list") == "[]"

    def test_a_lab_that_nobody_holds_goes_away(self) -> None:
        import gc
        import weakref

        lab = labkit.start()
        lab.az("account show")
        gone = weakref.ref(lab)
        del lab
        gc.collect()
        assert gone() is None


class TestBadLines:
    @pytest.mark.parametrize(
        ("line", "says"),
        [
            ("", "az: error: the following arguments are required: _command_package"),
            ("   \n ", "az: error: the following arguments are required: _command_package"),
            ("az", "az: error: the following arguments are required: _command_package"),
            ("foo", "az: 'foo' is not in the 'az' command group. See 'az --help'."),
            ("AD sp show", "az: 'AD' is not in the 'az' command group. See 'az --help'."),
            ("ad", "az ad: error: the following arguments are required: _subcommand"),
            ("ad sp list-all", "az ad sp: 'list-all' is not in the 'az ad sp' command group."),
            ("--id x ad sp show", "az: error: unrecognized arguments: --id"),
            ("ad sp show", "az ad sp show: error: the following arguments are required: --id"),
            ("ad sp show --id", "az ad sp show: error: argument --id: expected one argument"),
            ("ad sp show --id x --foo y", "az ad sp show: error: unrecognized arguments: --foo y"),
            ("ad sp show --id x y", "az ad sp show: error: unrecognized arguments: y"),
            ("ad sp create-for-rbac --years many", "error: argument --years: invalid int value: 'many'"),
            (
                "account show -o yaml",
                "az account show: error: argument --output/-o: invalid choice: 'yaml'",
            ),
            ("account show --query 'a b'", "az: error: argument --query: invalid jmespath_type value"),
            ("account show --subscription x", "Subscription 'x' not found. Check the spelling and casing"),
            ('ad sp show --id "x', "az: error: No closing quotation."),
            ("ad sp show --id 'x", "az: error: No closing quotation."),
            ("ad sp show --id x\\", "az: error: No escaped character."),
            ("account show\nlogout", "az: error: one command at a time."),
            ("account show\x00", "az: error: a character that no command has."),
            ("account \x1b[2Jshow", "az: error: a character that no command has."),
            ("account \ud800", "az: error: a character that no command has."),
            ("a" * 200_000, "az: error: Argument list too long."),
        ],
    )
    def test_each_is_answered_as_az_would(self, lab: Lab, line: str, says: str) -> None:
        error = refused(lab, line)
        assert says in error.message
        assert error.required or error.advice
        assert error._render_traceback_()[0].startswith("ERROR: ")

    @pytest.mark.parametrize(
        "end",
        [
            *("; ls", "| cat", "& ls", "&& ls", "> file", "< file", "$(ls)", "`ls`", "$HOME", "${HOME}"),
            *('"$HOME"', '"$(ls)"', '"`ls`"', "(ls)", "$?", "$$"),
        ],
    )
    def test_nothing_is_left_to_a_shell(self, lab: Lab, end: str) -> None:
        error = refused(lab, f"extension add -n azure-cli-ml {end}")
        assert "there is no shell here" in error.message
        assert lab.az("extension list") == "[]"

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("'a;b'", "a;b"),
            ('"a|b"', "a|b"),
            ("a\\;b", "a;b"),
            ("'$HOME'", "$HOME"),
            ('"it\'s"', "it's"),
            ("'two\nlines'", "two\nlines"),
            ("a\\\nb", "ab"),
            ("''", ""),
            ("a$", "a$"),
            ("x#y", "x#y"),
            ('"a \\"b\\""', 'a "b"'),
        ],
    )
    def test_quotes_keep_a_text_as_it_is(self, lab: Lab, text: str, name: str) -> None:
        error = refused(lab, f"extension add -n {text}")
        assert error.message == f"No matching extensions for {name!r}. Use --debug for more information."

    @pytest.mark.parametrize("words", ["x ", "--foo ", "-", "ad ", "ad sp show --id x ", "'y' "])
    def test_ten_thousand_words_are_answered_soon(self, lab: Lab, words: str) -> None:
        refused(lab, words * 10_000)

    @pytest.mark.parametrize("name", [name for name in PLAIN if type(PLAIN[name]()) is not str])
    def test_what_is_no_text_is_bad_input(self, lab: Lab, name: str) -> None:
        with pytest.raises(BadInput, match="A command line is a text"):
            lab.az(PLAIN[name]())  # type: ignore[arg-type]

    def test_a_text_that_lies_about_itself_is_no_text(self, lab: Lab) -> None:
        with pytest.raises(BadInput):
            lab.az(Text("account show"))

    def test_an_unknown_command_says_which_there_are(self, lab: Lab) -> None:
        assert refused(lab, "foo").required == (
            "one of account, acr, ad, aks, container, cosmosdb, extension, keyvault, login, logout, monitor, "
            "network, role, storage"
        )
        assert refused(lab, "ad sp foo").required == "one of create-for-rbac, delete, list, show"
        lab.az(EXTENSION)
        assert " ml," in refused(lab, "foo").required
        assert refused(lab, "ad sp shw").advice == "did you mean az ad sp show?"

    def test_a_password_is_in_no_error(self, lab: Lab) -> None:
        for line in (
            "login -u x -p 'secret word",
            "login -u x -p secret word",
            "login -u x -p secret\nword",
            "login -u x -p --secretword",
            "login -u x -p secret word --foo",
            "login --service-principal -u x -p secretword --tenant your-tenant-id",
            "login -u carl -p secretword",
            "--password=secretword login",
            "-psecretword login",
            "ad sp create-for-rbac --password secretword",
            "ad sp create-for-rbac -n x -p secretword",
            "ad sp create-for-rbac --client-secret=secretword",
            "account show --passwd secretword",
            "account show --secret secretword",
        ):
            text = str(refused(lab, line))
            assert "secret" not in text.replace("client_secret", "").replace("a secret", "")
            assert "word" not in text.replace("--password", "").replace("password", "")
        assert "unrecognized arguments: --foo" in str(refused(lab, "account show --foo"))
        assert "unrecognized arguments: --foo" in str(refused(lab, "--foo"))

    @given(st.text(st.characters(codec="utf-8"), max_size=60))
    def test_whatever_is_typed_gets_an_answer(self, text: str) -> None:
        verdict = Verdict.of(lambda: _lab().az(text))
        assert type(verdict.value) is str or str(verdict.refusal)

    @given(
        st.lists(st.sampled_from([word for path in COMMANDS for word in path] + ["--id", "-n", "x", "''"]))
    )
    def test_whatever_is_put_together_gets_an_answer(self, words: list[str]) -> None:
        verdict = Verdict.of(lambda: _lab().az(" ".join(words)))
        assert type(verdict.value) is str or isinstance(verdict.refusal, AzError)


_LABS: list[Lab] = []


def _lab() -> Lab:
    if not _LABS:
        _LABS.append(labkit.start())
    return _LABS[0]


class TestHelp:
    def test_it_lists_the_commands(self, lab: Lab) -> None:
        text = lab.az("--help")
        assert "az ad sp show --id ID\n    A service principal." in text
        assert "az ml" not in text
        lab.az(EXTENSION)
        assert all(" ".join(("az", *path)) in lab.az("-h") for path in COMMANDS)

    def test_of_a_group_or_a_command(self, lab: Lab) -> None:
        assert {line.split()[1] for line in lab.az("ad sp -h").splitlines() if line.startswith("az ")} == {
            "ad"
        }
        assert len(lab.az("account show --help").splitlines()) == 2
        assert "'foo' is not in" in refused(lab, "foo --help").message

    @pytest.mark.parametrize("path", COMMANDS)
    def test_every_command_says_what_it_does(self, path: tuple[str, ...]) -> None:
        assert COMMANDS[path].carry_out.__doc__


class TestSecrets:
    def test_nothing_but_create_for_rbac_shows_one(self, lab: Lab, capsys: Any) -> None:
        lab.az(EXTENSION)
        lab.az(CREATE)
        secret = json.loads(lab.az(CREATE))["clientSecret"]
        assert secret.startswith("lab-")
        lab.az(f"login --service-principal -u {CLIENT_ID} -p {secret} --tenant your-tenant-id")
        lab.az("login -u olivia")
        shown = [
            lab.az(line)
            for line in (SHOW, "account show", "account list", "ad sp list", "role assignment list")
        ]
        everywhere = "\n".join([*shown, *map(repr, lab.trace), *capsys.readouterr(), repr(lab)])
        assert secret not in everywhere
        assert CLIENT_SECRET not in everywhere

    def test_nothing_is_run_and_nothing_is_written(self, lab: Lab, tmp_path: Path, monkeypatch: Any) -> None:
        monkeypatch.chdir(tmp_path)

        def never(*args: Any, **kwargs: Any) -> Any:
            raise AssertionError

        for name in ("os.system", "os.posix_spawn", "subprocess.Popen", "builtins.exec", "builtins.eval"):
            monkeypatch.setattr(name, never)
        lab.az(CREATE)
        refused(lab, "account show; touch here")
        assert list(tmp_path.iterdir()) == []
