"""What the chart takes over as it is arrives where it was meant to, beside what the chart has itself."""

import pytest
import yaml

from charts import containers, objects, one, render, values_file

GIVEN = yaml.safe_load(values_file("extras").read_text())


@pytest.fixture(params=["1.28", "1.30"])
def template(request):
    return one(objects("extras", request.param), "StatefulSet")["spec"]["template"]


def named(items, name):
    [found] = [item for item in items if item["name"] == name]
    return found


def test_labels_and_annotations_of_the_pods_stand_beside_the_charts(template):
    metadata = template["metadata"]
    assert GIVEN["podLabels"].items() <= metadata["labels"].items()
    assert GIVEN["podAnnotations"].items() <= metadata["annotations"].items()
    plain = one(objects("minimal"), "StatefulSet")["spec"]
    assert plain["template"]["metadata"]["labels"].items() <= metadata["labels"].items()
    assert plain["template"]["metadata"]["annotations"].keys() <= metadata["annotations"].keys()
    # They select nothing: what is selected can never change.
    assert one(objects("extras"), "StatefulSet")["spec"]["selector"] == plain["selector"]


def test_placement_takes_the_place_of_the_charts(template):
    assert template["spec"]["affinity"] == GIVEN["affinity"]
    assert template["spec"]["topologySpreadConstraints"] == GIVEN["topologySpreadConstraints"]
    plain = one(objects("minimal"), "StatefulSet")["spec"]["template"]["spec"]
    assert "podAntiAffinity" in plain["affinity"]
    assert plain["topologySpreadConstraints"][0]["topologyKey"] == "topology.kubernetes.io/zone"


def test_volumes_and_containers_are_those_that_were_given(template):
    pod = template["spec"]
    for volume in GIVEN["extraVolumes"]:
        assert named(pod["volumes"], volume["name"]) == volume
    before, beside = GIVEN["extraInitContainers"][0], GIVEN["extraContainers"][0]
    assert named(pod["containers"], beside["name"]) == beside
    assert named(pod["initContainers"], before["name"]) == before
    names = [container["name"] for container in pod["initContainers"]]
    assert names.index("bridge") < names.index(before["name"])
    # A sidecar begins after it, and so it may prepare what that mounts.
    assert "sidecar" not in names[: names.index(before["name"])]


def test_mounts_and_environment_are_of_the_container_that_was_meant(template):
    for name, other in ("ejabberd", "sidecar"), ("sidecar", "ejabberd"):
        container = named(containers(template["spec"]), name)
        for mount in GIVEN[name]["extraVolumeMounts"]:
            assert mount in container["volumeMounts"]
        for entry in GIVEN[name]["extraEnv"]:
            assert entry in container["env"]
        for mount in GIVEN[other]["extraVolumeMounts"]:
            assert mount not in container["volumeMounts"]


def test_those_of_ejabberd_are_there_when_its_tables_are_made():
    """Modules of an image's user may need them."""
    sql = {"sql": {"enabled": True, "host": "db", "verify": False}, "secrets": {"sql": {"value": "x"}}}
    pod = one(render({**GIVEN, **sql}), "StatefulSet")["spec"]["template"]["spec"]
    tables = named(pod["initContainers"], "tables")
    assert GIVEN["ejabberd"]["extraVolumeMounts"][0] in tables["volumeMounts"]
