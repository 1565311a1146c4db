"""The parts of the running product: how each is started, what it is told, and how we know that it is ready."""

from __future__ import annotations

import os
import re
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tools.devstack.children import Child, Children, wait_until
from tools.devstack.environment import inherited
from tools.devstack.places import PROJECT, CannotStart
from tools.devstack.ports import HOST

WORKERS: Mapping[str, tuple[str, int]] = {  # name: (queues, processes). A slow webhook never delays a charge.
    "worker-money": ("money", 1),
    "worker-documents": ("documents", 1),
    "worker-alerts": ("alerts,default", 2),
}
WITHOUT_CHECKS = {"CELERY_SKIP_CHECKS": "1"}  # `prepare` has run Django's checks, once for all
SEEN_BY_THE_SHOP = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "PYTHONPYCACHEPREFIX")


@dataclass(frozen=True)
class Part:
    """One process of ours. `answers` is asked with its child until it says yes."""

    name: str
    command: list[str]
    answers: Callable[[Child], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    orphaned: int = signal.SIGTERM

    def start(self, children: Children, env: Mapping[str, str]) -> Child:
        """Start it; it is not ready yet."""
        told = {**env, "PROCESS_NAME": f"tacite-{self.name}", **self.env}
        return children.start(self.name, self.command, env=told, cwd=PROJECT, orphaned=self.orphaned)


def address(port: int) -> str:
    """Where a browser finds it."""
    return f"http://{HOST}:{port}"


def is_well(base: str) -> bool:
    """Whether `/healthz` there answers 200."""
    try:
        with urllib.request.urlopen(f"{base}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def healthy(port: int) -> Callable[[Child], bool]:
    """Ready when `/healthz` answers 200."""
    return lambda _child: is_well(address(port))


def says(pattern: str) -> Callable[[Child], bool]:
    """Ready when the log has a line like this."""
    line = re.compile(pattern)

    def look(child: Child) -> bool:
        return bool(line.search(child.log.read_text(errors="replace")))

    return look


def python(*arguments: str) -> list[str]:
    """A command of this environment's Python."""
    return [sys.executable, *arguments]


def stripe_double(port: int, *, state: Path) -> Part:
    """What answers as Stripe, and remembers it. It tells whoever registered a webhook endpoint with it."""
    command = python("-m", "tools.stripe_double", "--port", str(port), "--state", str(state))
    return Part("stripe-double", command, healthy(port))


def mail_catcher(port: int, *, smtp_port: int, folder: Path) -> Part:
    """Where every e-mail of the local stack ends."""
    command = python("-m", "tools.mail_catcher", "--smtp-port", str(smtp_port), "--http-port", str(port))
    return Part("mail-catcher", [*command, "--folder", str(folder)], healthy(port))


def web(port: int) -> Part:
    """The production server. Its control socket would lie in the home folder: we have none."""
    command = python("-m", "gunicorn", "billing.wsgi:application", "--bind", f"{HOST}:{port}", "--no-control-socket")
    command += ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--access-logfile", "-"]
    command += ["--preload", "--graceful-timeout", "10"]  # loaded once, then forked
    return Part("web", command, healthy(port))


def workers() -> list[Part]:
    """One Celery worker a group of queues. Killed supervisors leave nobody to wait for: then they end cold (QUIT)."""
    told = {**WITHOUT_CHECKS, **({"C_FORCE_ROOT": "1"} if os.geteuid() == 0 else {})}
    parts = []
    for name, (queues, processes) in WORKERS.items():
        command = python("-m", "celery", "-A", "billing.celery", "worker", "-Q", queues, "-c", str(processes))
        command += ["-n", f"{name}@%h", "-l", "INFO", "--without-mingle", "--without-gossip"]
        parts.append(Part(name, command, says(r"\bready\.\s*$|\bready\.\n"), env=told, orphaned=signal.SIGQUIT))
    return parts


def beat(schedule: Path) -> Part:
    """What nudges the workers when something may be due."""
    command = python("-m", "celery", "-A", "billing.celery", "beat", "-l", "INFO", "-s", str(schedule), "--pidfile=")
    return Part("beat", command, says(r"beat: Starting"), env=WITHOUT_CHECKS)


def shop(port: int, *, api: str, keys: Mapping[str, str]) -> Part:
    """The demo merchant's own site: it is told its own keys and nothing else of ours."""
    told = {
        "SHOP_PORT": str(port),
        "SHOP_URL": address(port),
        "TACITE_API": api,
        "TACITE_KEY": keys["api_key"],
        "TACITE_WEBHOOK_SECRET": keys["webhook_secret"],
    }
    return Part("shop", python("examples/shop/app.py"), healthy(port), env=told)


Started = list[tuple[Part, Child]]


def start_together(children: Children, parts: list[Part], env: Mapping[str, str]) -> Started:
    """Start parts that do not need one another; they are stopped together too. None is ready yet."""
    children.storey += 1
    seen = {key: value for key, value in inherited().items() if key in SEEN_BY_THE_SHOP}
    return [(part, part.start(children, seen if part.name == "shop" else env)) for part in parts]


def wait_for(started: Started) -> None:
    """Wait until all of them answer. Raises `CannotStart` as soon as one has ended."""
    beside = [child for _part, child in started]
    for part, child in started:
        wait_until(partial(part.answers, child), child=child, beside=beside)


def shop_keys(demo: Mapping[str, object]) -> Mapping[str, str]:
    """The shop's keys as the demo data wrote them."""
    keys = demo.get("shop")
    if not isinstance(keys, dict) or not {"api_key", "webhook_secret"} <= keys.keys():
        raise CannotStart("The demo data lacks the shop's keys: start over with ./run --fresh.")
    return {name: str(value) for name, value in keys.items()}
