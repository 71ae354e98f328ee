"""Keys of people: who is named in `nodes.yaml` signs in with roles and a name of their own."""

from pathlib import Path

from deploy.local.layout import StateFolder
from deploy.local.tokens import digests_path, make_tokens, read_token
from deploy.local.topology import Topology, read_topology
from services.chassis.identity import Caller, Tokens

NODE, ROLES = "redcross-vitebsk", ("provider-intake", "capacity-clerk")


def with_people(*names: str) -> Topology:
    topology = read_topology().only(NODE)
    people = dict.fromkeys(names, ROLES)
    return Topology(topology.file.model_copy(update={"people": people}), topology.folder, ())


def signed_in(state: StateFolder, name: str) -> Caller | None:
    tokens = Tokens.from_file(digests_path(state, NODE), NODE)
    return tokens.authenticate(f"Bearer {read_token(state, NODE, name)}")


def test_each_person_of_the_file_has_a_key_and_a_name_until_the_row_is_taken_out(
    tmp_path: Path,
) -> None:
    state = StateFolder(tmp_path / "state")
    state.make()
    make_tokens(state, with_people("nurse", "nurse-2"))
    both = [signed_in(state, name) for name in ("nurse", "nurse-2")]
    assert both == [
        Caller(f"{NODE}.{name}", frozenset(ROLES), NODE) for name in ("nurse", "nurse-2")
    ]
    make_tokens(state, with_people("nurse"))
    assert signed_in(state, "nurse") == both[0]
    assert signed_in(state, "nurse-2") is None
