"""docker-compose.yml and .env.example say what is true of the code."""

import re
import stat
from typing import Any

import pytest
import yaml

from billing.celery import QUEUES
from tools.devstack.parts import WORKERS
from tools.devstack.places import PROJECT

PRODUCT = {"migrate", "web", "worker-money", "worker-documents", "worker-alerts", "beat"}
READS = re.compile(
    r'(?:need|flag|listed|database|mail|environ\.get|getenv)\(\s*"([A-Z][A-Z0-9_]+)"|environ\["([A-Z_]+)"\]'
)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]
    return found


def test_every_part_is_a_service(services: dict[str, Any]) -> None:
    assert services.keys() == PRODUCT | {"postgres", "redis", "mail"}
    for name, service in services.items():
        assert "healthcheck" in service or name == "migrate", name


def test_only_the_migration_knows_the_owner(services: dict[str, Any]) -> None:
    knowing = {name for name, service in services.items() if "DATABASE_OWNER_URL" in service.get("environment", {})}
    assert knowing == {"migrate"}
    owner = {
        name for name, service in services.items() if "tacite_owner" in str(service.get("environment", {}).values())
    }
    assert owner == {"migrate"}
    for name in PRODUCT:
        assert services[name]["environment"]["DATABASE_URL"].startswith("postgresql://tacite_app:"), name


def test_the_product_waits_for_the_migration(services: dict[str, Any]) -> None:
    for name in PRODUCT - {"migrate"}:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}, name
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert "--database=owner" in services["migrate"]["command"]


def consumed(services: dict[str, Any]) -> list[str]:
    commands = [service["command"] for name, service in services.items() if name.startswith("worker-")]
    return [queue for command in commands for queue in command[command.index("-Q") + 1].split(",")]


def test_every_queue_is_consumed_once_and_money_by_nobody_else(services: dict[str, Any]) -> None:
    assert sorted(consumed(services)) == sorted(QUEUES)
    here = [queue for queues, _processes in WORKERS.values() for queue in queues.split(",")]
    assert sorted(here) == sorted(QUEUES)
    assert services["worker-money"]["command"][5] == "money"


def test_there_is_one_beat_and_no_worker_beats(services: dict[str, Any]) -> None:
    beats = [name for name, service in services.items() if "beat" in (service.get("command") or [])]
    assert beats == ["beat"]
    assert not any("-B" in (service.get("command") or []) for service in services.values())


def test_no_secret_has_a_default() -> None:
    text = (PROJECT / "docker-compose.yml").read_text()
    for name in re.findall(r"\$\{(\w*(?:PASSWORD|SECRET|KEY)\w*)", text):
        assert f"${{{name}:-" not in text, name
        assert re.search(rf"\$\{{{name}:\?[^}}]+\}}", text), name
    for line in (PROJECT / ".env.example").read_text().splitlines():
        if re.match(r"\w*(PASSWORD|SECRET|KEY)\w*=", line):
            assert line.endswith("="), line


def test_every_setting_is_documented() -> None:
    documented = set(re.findall(r"(?m)^(?:# )?([A-Z][A-Z0-9_]+)=", (PROJECT / ".env.example").read_text()))
    read = {
        name
        for package in ("billing", "merchants", "subscribers", "invoices", "alerts")
        for file in (PROJECT / package).rglob("*.py")
        for pair in READS.findall(file.read_text())
        for name in pair
        if name
    }
    assert {"SECRET_KEY", "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "CACHE_URL"} <= read
    assert read - documented == set()


def test_only_loopback_is_published(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"web": ["${WEB_BIND:-127.0.0.1:8000}:8000"], "mail": ["${MAIL_BIND:-127.0.0.1:8002}:8002"]}


def test_the_image_is_locked_and_not_root() -> None:
    text = (PROJECT / "Dockerfile").read_text()
    assert text.splitlines()[1] == "FROM python:3.11-slim-bookworm"
    assert "--require-hashes -r requirements/base.lock" in text
    assert re.search(r"(?m)^USER tacite$", text)
    assert ".env" in (PROJECT / ".dockerignore").read_text().splitlines()


def test_the_database_makes_the_roles_from_our_script(services: dict[str, Any]) -> None:
    mounted = {volume.split(":")[0] for volume in services["postgres"]["volumes"]}
    for name in ("tools/devstack/roles.sh", "tools/devstack/roles.sql"):
        assert f"./{name}" in mounted
        assert (PROJECT / name).exists()
    assert (PROJECT / "tools/devstack/roles.sh").stat().st_mode & stat.S_IXUSR
