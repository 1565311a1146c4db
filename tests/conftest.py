"""What every test may use: a merchant of its own, and what it sells.

Tests that touch the database commit, as the product does: each makes its own merchant, and nothing is ever emptied.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's sync API keeps a loop in the test's thread
_count = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who goes through every merchant of the database goes first, while there are few."""
    items.sort(key=lambda item: item.get_closest_marker("everybody") is None)


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """One database, made and migrated by the owner role; every test uses it as the application's role.

    pytest-django sets up only the aliases that tests name: the owner's is named by none.
    """
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases

    from tests.template import template_database

    with django_db_blocker.unblock():
        connections["owner"].settings_dict["TEST"]["TEMPLATE"] = template_database()
        made = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        connections.close_all()
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session", autouse=True)
def own_cache() -> None:
    """Each worker counts its rate limits in a cache database of its own: another one may empty it at any moment."""
    from django.core.cache import caches

    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    where = str(caches.settings["default"]["LOCATION"])
    if worker and "db=" in where:
        caches.settings["default"]["LOCATION"] = where.partition("db=")[0] + f"db={2 + int(worker.removeprefix('gw'))}"
        caches.close_all()
        for alias in list(caches.settings):
            if hasattr(caches._connections, alias):
                delattr(caches._connections, alias)


@pytest.fixture(scope="session", autouse=True)
def own_broker() -> None:
    """What the product sends to workers stays in the test's process: no worker is there to look for its merchants."""
    from billing.celery import app

    app.conf.broker_url = "memory://"


@pytest.fixture
def shop(transactional_db: None) -> Any:
    """A sandbox merchant that sells music: `tests.worlds.Shop`."""
    from tests.worlds import Shop

    return Shop.open(f"Onde {next(_count)}")


@pytest.fixture
def another_shop(transactional_db: None) -> Any:
    """A second merchant, a stranger to the first."""
    from tests.worlds import Shop

    return Shop.open(f"Autre {next(_count)}")


@pytest.fixture
def owner_sql(transactional_db: None) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Run SQL as the owner role, on a connection of its own: for looking at the database from outside."""
    import psycopg2
    from django.conf import settings
    from django.db import connection

    owner = settings.DATABASES["owner"]
    link = psycopg2.connect(
        host=owner["HOST"],
        port=owner["PORT"],
        user=owner["USER"],
        password=owner["PASSWORD"],
        dbname=connection.settings_dict["NAME"],
    )
    link.autocommit = True

    def run(statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with link.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    yield run
    link.close()


@pytest.fixture
def shops(transactional_db: None) -> Callable[..., Any]:
    """Sandbox merchants with settings of their own: `shops(timezone="Pacific/Honolulu")`."""
    from tests.worlds import Shop

    return lambda **columns: Shop.open(f"Onde {next(_count)}", **columns)
