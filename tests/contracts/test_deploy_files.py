"""The files of `deploy/` fit their schemas, each other, and the program."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from mdsa.server import ServerSettings, create_app
from mdsa.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").rglob("*.yaml"))
KUBERNETES = "1.34"
USER = 10001


@cache
def resources() -> list[dict[str, Any]]:
    return [
        found
        for path in MANIFESTS
        for found in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]


def resource(kind: str, name: str = "mdsa") -> dict[str, Any]:
    (found,) = [
        item for item in resources() if (item["kind"], item["metadata"]["name"]) == (kind, name)
    ]
    return found


def pod() -> dict[str, Any]:
    return dict(resource("StatefulSet")["spec"]["template"]["spec"])


def container() -> dict[str, Any]:
    (found,) = pod()["containers"]
    return dict(found)


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8")))


def dockerfile() -> str:
    return (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


@cache
def routes() -> set[str]:
    return set(create_app(settings=ServerSettings()).openapi()["paths"])


def known_variables() -> set[str]:
    names = {f"MDSA_SERVER_{name.upper()}" for name in ServerSettings.model_fields}
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names |= {str(choice) for choice in getattr(alias, "choices", [f"MDSA_{name.upper()}"])}
    # Of `load_settings`, and of the libraries in the image.
    return names | {"MDSA_SECRETS_DIR", "HF_HOME", "HOME", "PATH", "PYTHONUNBUFFERED"}


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_manifests_fit_the_schemas_of_kubernetes(path: Path) -> None:
    found = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    assert found
    for item in found:
        kubernetes_validate.validate(item, KUBERNETES, strict=True)


def test_the_compose_file_fits_its_schema() -> None:
    answer = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"),
            DEPLOY / "compose.yaml",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout


def test_the_dockerfile_has_no_lint() -> None:
    answer = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), "--no-color", DEPLOY / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout


def test_nothing_runs_as_root() -> None:
    assert re.search(rf"^USER {USER}:{USER}$", dockerfile().split("AS run")[1], re.MULTILINE)
    assert f"--uid {USER}" in dockerfile()
    assert pod()["securityContext"]["runAsUser"] == USER
    workloads = [item for item in resources() if item["kind"] in ("StatefulSet", "Deployment")]
    assert len(workloads) == 2
    for item in workloads:
        spec = item["spec"]["template"]["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["automountServiceAccountToken"] is False
        for part in spec["containers"]:
            assert part["securityContext"]["allowPrivilegeEscalation"] is False
            assert part["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert part["resources"]["limits"].keys() == {"cpu", "memory"}
            assert "readinessProbe" in part
            assert "livenessProbe" in part


def images() -> Iterator[str]:
    yield from re.findall(r"^FROM (\S+)", dockerfile(), re.MULTILINE)
    yield from (service["image"] for service in compose()["services"].values())
    for item in resources():
        spec = item.get("spec", {}).get("template", {}).get("spec", {})
        yield from (part["image"] for part in spec.get("containers", []))


def test_images_have_versions() -> None:
    found = list(images())
    assert len(found) >= 9
    for image in found:
        assert re.fullmatch(r"[a-z0-9/._-]+:v?\d[\w.-]*", image), image


def test_probes_ask_routes_that_exist_on_the_port_that_is_served() -> None:
    part, known = container(), routes()
    (port,) = part["ports"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = part[probe]["httpGet"]
        assert asked["path"] in known
        assert asked["port"] == port["name"]
    (health,) = re.findall(r"urlopen\('http://127\.0\.0\.1:(\d+)(/\w+)'", dockerfile())
    assert health == (str(port["containerPort"]), "/health")
    assert f"EXPOSE {port['containerPort']}" in dockerfile()
    assert f'"--port", "{port["containerPort"]}"' in dockerfile()
    assert compose()["services"]["api"]["ports"] == [f"127.0.0.1:8000:{port['containerPort']}"]
    services = [item for item in resources() if item["kind"] == "Service"]
    assert {item["spec"]["ports"][0]["targetPort"] for item in services} == {port["name"]}
    (ingress,) = resource("NetworkPolicy")["spec"]["ingress"]
    assert [item["port"] for item in ingress["ports"]] == [port["containerPort"]]


def test_variables_are_those_that_the_settings_read() -> None:
    given = {item["name"] for item in container()["env"]}
    given |= set(compose()["services"]["api"]["environment"])
    (block,) = re.findall(r"^ENV (PATH[^#]*?)^USER", dockerfile(), re.MULTILINE | re.DOTALL)
    given |= set(re.findall(r"(\w+)=", block))
    assert given >= {"MDSA_DATA_DIR", "MDSA_DATABASE_URL", "OLLAMA_BASE_URL"}
    assert given <= known_variables()


def test_the_image_has_the_extras_that_the_page_speaks_of() -> None:
    (extras,) = re.findall(r"^ARG EXTRAS=(\S+)$", dockerfile(), re.MULTILINE)
    page = (DEPLOY.parent / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert f"(`{extras}` by default)" in page
    told = set(re.findall(r"mdsa\[(\w+)\]", page))
    assert told
    assert told <= set(extras.split(","))
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(extras.split(",")) <= set(project["project"]["optional-dependencies"])


def test_the_page_lists_every_setting_of_the_server_with_its_default() -> None:
    page = (DEPLOY.parent / "docs" / "deploy.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(MDSA_SERVER_\w+)` \| `?([\w.]+)`? \|", page, re.MULTILINE))
    defaults = {
        f"MDSA_SERVER_{name.upper()}": field.get_default(call_default_factory=True)
        for name, field in ServerSettings.model_fields.items()
    }
    assert listed.keys() == defaults.keys()
    for name, default in defaults.items():
        assert listed[name] == (
            "none" if default == [] else f"{default}".removesuffix(".0").lower()
        )


def test_secrets_of_compose_are_files_that_settings_read() -> None:
    file = compose()
    api = file["services"]["api"]
    assert api["environment"]["MDSA_SECRETS_DIR"] == "/run/secrets"
    assert {name.upper() for name in api["secrets"]} <= known_variables()
    used = {name for service in file["services"].values() for name in service.get("secrets", [])}
    assert used == set(file["secrets"])
    assert all(item["file"].startswith("./secrets/") for item in file["secrets"].values())
    assert "/deploy/secrets/" in (DEPLOY.parent / ".gitignore").read_text().splitlines()


def test_prometheus_scrapes_the_metrics_of_the_api() -> None:
    (job,) = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())[
        "scrape_configs"
    ]
    assert job["metrics_path"] in routes()
    assert job["static_configs"] == [{"targets": ["api:8000"]}]
    secret = Path(job["authorization"]["credentials_file"])
    assert secret.name in compose()["services"]["prometheus"]["secrets"]
    assert job["authorization"]["type"] == "Bearer"


def test_grafana_finds_its_data_and_its_dashboard() -> None:
    provisioning = DEPLOY / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())[
        "datasources"
    ]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "mdsa.yaml").read_text())[
        "providers"
    ]
    mounted = dict(volume.split(":")[:2] for volume in compose()["services"]["grafana"]["volumes"])
    folder = next(host for host, inside in mounted.items() if inside == provider["options"]["path"])
    assert (DEPLOY / folder / "mdsa.json").is_file()


def test_there_is_time_to_drain() -> None:
    """Between SIGTERM and the kill: the drain, and what DrainingServer adds to it."""
    wait = container()["lifecycle"]["preStop"]["sleep"]["seconds"]
    drain = next(
        float(item["value"]) for item in container()["env"] if item["name"] == "MDSA_SERVER_DRAIN_S"
    )
    assert pod()["terminationGracePeriodSeconds"] >= wait + drain + 5
    api = compose()["services"]["api"]
    grace = float(api["stop_grace_period"].removesuffix("s"))
    assert grace >= float(api["environment"]["MDSA_SERVER_DRAIN_S"]) + 5


def test_replicas_share_sessions_and_have_data_of_their_own() -> None:
    stateful = resource("StatefulSet")["spec"]
    mounts = {mount["name"]: mount for mount in container()["volumeMounts"]}
    data = re.findall(r"MDSA_DATA_DIR=(\S+)", dockerfile())
    assert [mounts["data"]["mountPath"]] == data
    assert [claim["metadata"]["name"] for claim in stateful["volumeClaimTemplates"]] == ["data"]
    assert mounts["api-keys"]["mountPath"] == f"{data[0]}/api_keys.json"
    environment = {item["name"]: item for item in container()["env"]}
    reference = environment["MDSA_DATABASE_URL"]["valueFrom"]["secretKeyRef"]
    assert reference["key"] in resource("Secret", reference["name"])["stringData"]
    target = resource("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("StatefulSet", "mdsa")
    labels = stateful["template"]["metadata"]["labels"]
    assert resource("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert resource("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    assert resource("Service")["spec"]["selector"] == labels


def test_the_repository_holds_no_secret() -> None:
    for item in resources():
        if item["kind"] == "Secret":
            assert set(item["stringData"].values()) == {""}
    assert not (DEPLOY / "secrets").exists() or "/deploy/secrets/" in (
        DEPLOY.parent / ".gitignore"
    ).read_text(encoding="utf-8")
