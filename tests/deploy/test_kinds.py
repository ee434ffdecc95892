"""Each object is one that Kubernetes, an operator or a cloud knows, by their schemas, in each version of Kubernetes."""

from copy import deepcopy

import pytest

from charts import NAMES, VERSIONS, objects
from kinds import OTHERS, kind, problem
from test_documented import PAGES, manifests

# Whoever writes the object names what is in these.
FREE = {"annotations", "labels", "matchLabels"}


def of_kind(name):
    rendered = [item for values in NAMES for item in objects(values)]
    documented = [item for page in PAGES for item in manifests(page)]
    return [item for item in rendered + documented if kind(item) == name]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_objects_are_valid(name, version):
    items = objects(name, version)
    assert len(items) > 8
    assert [found for found in (problem(item, version) for item in items) if found] == []


def test_an_unknown_kind_and_an_unknown_field_are_found():
    assert problem({"apiVersion": "apps/v1", "kind": "StatefulSat", "metadata": {"name": "x"}}, "1.30")
    item = next(item for item in objects("minimal") if item["kind"] == "StatefulSet")
    item["spec"]["template"]["spec"]["securityContext"]["runAsUsr"] = 1
    assert "runAsUsr" in problem(item, "1.30")


def fields(value, path=()):
    """The paths of all that are in a value; in a list, those of its first item."""
    if isinstance(value, list):
        yield from fields(value[0], (*path, 0))
    elif isinstance(value, dict):
        for name, each in value.items():
            yield (*path, name)
            yield from fields(each, (*path, name))


def misspelled(place, name):
    place[f"{name}Typo"] = place.pop(name)


def added(place, name):
    place[name] = "x"


def mistyped(place, name):
    place[name] = [[place[name]]]


def taken(item, path, change):
    """Whether it is still right with that change at the end of the path."""
    item = deepcopy(item)
    place = item
    for name in path[:-1]:
        place = place[name]
    change(place, path[-1])
    return problem(item, "1.30") is None


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_each_field_of_other_kinds_is_known(name):
    items = of_kind(name)
    assert items
    for item in items:
        assert problem(item, "1.30") is None
        assert not taken(item, ["metadata", "name"], mistyped)
        assert not taken(item, ["metadata", "nameTypo"], added)
        paths = [path for path in fields(item) if path[0] == "spec"]
        assert [path for path in paths if taken(item, path, mistyped)] == []
        assert [path for path in paths if FREE.isdisjoint(path[:-1]) and taken(item, path, misspelled)] == []
