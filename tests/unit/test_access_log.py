"""Our logs tell where someone went, and nothing that opens the page again."""

import io
import logging
import logging.config
from datetime import timedelta
from types import SimpleNamespace

from django.conf import settings
from gunicorn.config import Config

from billing.access_log import AccessLog
from billing.log_lines import without_tokens

TOKEN = "WyIwMWEyMDRhZjgxIiwiMDFhMjA0YzA2YTU0Il0:IJaiSbai3pUq2qlTdXmGlIcdt8I1Y-GwJLq3sWnzh8E"


def test_no_atom_of_a_line_holds_the_token():
    environ = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": f"/pay/owed/{TOKEN}?said=sent",
        "PATH_INFO": f"/pay/owed/{TOKEN}",
        "QUERY_STRING": f"said=sent&back={TOKEN}",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_REFERER": f"https://tacite.example/pay/card/{TOKEN}/go",
    }
    headers = [("REFERER", environ["HTTP_REFERER"])]
    answer = SimpleNamespace(status="200 OK", sent=12, headers=[("Location", f"/pay/owed/{TOKEN}/go")])
    atoms = AccessLog(Config()).atoms(answer, SimpleNamespace(headers=headers), environ, timedelta(seconds=1))
    assert not [name for name, value in atoms.items() if TOKEN[4:] in str(value)]
    assert atoms["r"] == "GET /pay/owed/WyIw…?said=sent HTTP/1.1"
    assert atoms["f"] == "https://tacite.example/pay/card/WyIw…/go"
    assert (atoms["s"], atoms["B"]) == ("200", 12)


def test_what_opens_nothing_stays_whole():
    for line in (
        "GET /office/mer_0352A9GiDulH9q5QG2zfmr/invoices/inv_0352AFwnMcDBbKTR0f3nBS/payment-link HTTP/1.1",
        "POST /api/v1/subscribers/ref:lucie-7/access?as_of=2026-11-22T09:30:00Z HTTP/1.1",
    ):
        assert without_tokens(line) == line


def test_what_django_says_of_a_refused_request_holds_no_token():
    written = io.StringIO()
    configured = logging.config.DictConfigurator(
        {**settings.LOGGING, "disable_existing_loggers": False, "root": {"handlers": [], "level": "INFO"}}
    )
    kept, root = list(logging.getLogger().handlers), logging.getLogger()
    try:
        configured.configure()
        handler = configured.config["handlers"]["console"]
        handler.setStream(written)
        record = ("django.security.csrf", logging.WARNING, "", 0, "Forbidden (%s): %s", ("none", f"/pay/{TOKEN}"), None)
        handler.handle(logging.LogRecord(*record))
    finally:
        root.handlers[:] = kept
    assert written.getvalue().endswith("WARNING django.security.csrf Forbidden (none): /pay/WyIw…\n")
