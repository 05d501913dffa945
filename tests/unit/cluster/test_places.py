"""Places: found beside the study first, and every mistake is one message."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster import places
from cluster.places import KubernetesPlace, RayPlace
from xfer.errors import UserError

GOOD = """\
research:
  kubernetes: {context: lab, namespace: research, profile: xfer-spot, kubeconfig: access/config}
bed:
  kubernetes: {namespace: bed}
desk:
  ray: {address: "http://desk:8265", storage: /data/xfer, token: access/token}
"""


def written(folder: Path, text: str = GOOD) -> Path:
    (folder / places.FILE).write_text(text)
    return folder


def test_a_place_is_what_its_entry_says(tmp_path: Path) -> None:
    found = places.find("research", written(tmp_path))
    assert isinstance(found, KubernetesPlace)
    assert (found.context, found.namespace, found.profile) == ("lab", "research", "xfer-spot")
    assert found.kubeconfig == tmp_path / "access" / "config", "from where the file is"
    assert places.find("bed", tmp_path) == KubernetesPlace(namespace="bed")
    assert places.find("desk", tmp_path) == RayPlace(
        address="http://desk:8265", storage="/data/xfer", token=tmp_path / "access" / "token"
    )


def test_the_file_beside_the_study_comes_before_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "xfer").mkdir(parents=True)
    written(
        tmp_path / "config" / "xfer", "bed: {kubernetes: {namespace: mine}}\nhome: {kubernetes: {namespace: home}}\n"
    )
    (tmp_path / "study").mkdir()
    written(tmp_path / "study")
    assert places.find("bed", tmp_path / "study") == KubernetesPlace(namespace="bed")
    assert places.find("home", tmp_path / "study") == KubernetesPlace(namespace="home")


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (GOOD, "reserch", "there is no place 'reserch'\n  -> did you mean research?"),
        (GOOD, "elsewhere", "there is no place 'elsewhere'"),
        (
            "research: {kubernetes: {namespace: a, profil: b}}",
            "research",
            "places.yaml:1:39: research.kubernetes.profil: ",
        ),
        ("research: {kubernetes: {}}", "research", "research.kubernetes.namespace: Field required"),
        ("research: {kubernetes: {}}", "research", "-> see docs/kubernetes.md"),
        ("research: {}", "research", "research: a place is either 'kubernetes' or 'ray'"),
        ("research: {}", "research", "-> see docs/kubernetes.md or docs/ray.md"),
        ("a: {ray: {address: desk, storage: x}}", "a", "places.yaml:1:11: a.ray.address"),
        ("a: {ray: {address: desk, storage: /x}}", "a", "-> see docs/ray.md"),
        ("research: [", "research", "places.yaml:"),
        ("- research", "research", "a mapping"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, name: str, said: str) -> None:
    with pytest.raises(UserError) as raised:
        places.find(name, written(tmp_path, text))
    assert said in str(raised.value)


def test_no_file_at_all_is_told_with_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with pytest.raises(UserError) as raised:
        places.find("research", tmp_path)
    assert str(tmp_path / "places.yaml") in str(raised.value)
    assert str(tmp_path / "config" / "xfer" / "places.yaml") in str(raised.value)
    assert "docs/kubernetes.md or docs/ray.md" in str(raised.value)
