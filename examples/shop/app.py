"""Onde's own little site: what a merchant writes to sell subscriptions through Tacite. Standard library only.

    TACITE_API=http://127.0.0.1:8000 TACITE_KEY=sk_… TACITE_WEBHOOK_SECRET=whsec_… python examples/shop/app.py

It knows Tacite by its HTTP API and its webhooks, nothing else. `tacite.py` holds the calls, `pages.py` the HTML.
Signing in is only a name here: your own site has accounts already, and gives their key as `reference`.
"""

from __future__ import annotations

import hashlib
import http.cookies
import json
import os
import re
import secrets
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pages
from tacite import Refused, Tacite, signed_by_tacite

PORT = int(os.environ.get("SHOP_PORT", "8001"))
URL = os.environ.get("SHOP_URL", f"http://127.0.0.1:{PORT}")
SECRET = os.environ["TACITE_WEBHOOK_SECRET"]
tacite = Tacite(os.environ["TACITE_API"], os.environ["TACITE_KEY"])
people: dict[str, str] = {}  # session → the reference under which Tacite knows this person
heard: list[dict[str, str]] = []  # the last webhooks, newest first
seen: set[str] = set()  # ids of webhooks that were acted on: they may come twice
STYLE = (Path(__file__).parent / "shop.css").read_bytes()


class Shop(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        """Pages. Where Tacite refuses or does not answer, one that says so."""
        try:
            self.show()
        except (Refused, OSError) as problem:
            self.page(pages.problem(getattr(problem, "detail", "") or "Tacite ne répond pas. Réessayez."), 503)

    def show(self) -> None:
        """The page that was asked for."""
        path, _, query = self.path.partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        if path == "/healthz":
            self.answer(b"ok", "text/plain")
        elif path == "/favicon.ico":
            self.answer(b"", "image/x-icon", 204)
        elif path == "/shop.css":
            self.answer(STYLE, "text/css")
        elif path == "/":
            offers = [offer for offer in tacite.get("/offers")["data"] if offer["visible"] and not offer["archived"]]
            self.page(pages.offers(offers, self.person(), self.token()))
        elif path == "/account" and self.person():
            self.account(asked)
        elif path == "/sign-in" or path == "/account":
            self.page(pages.sign_in(asked.get("offer", ""), self.token()))
        elif path == "/webhooks":
            self.page(pages.webhooks(heard))
        else:
            self.page(pages.not_found(), 404)

    def do_POST(self) -> None:
        """Acts."""
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 1_000_000))
        if self.path == "/webhooks":
            self.webhook(body)
            return
        form = dict(urllib.parse.parse_qsl(body.decode()))
        if not secrets.compare_digest(form.get("token", ""), self.token()):
            self.page(pages.problem("Ce formulaire est trop ancien. Revenez en arrière et recommencez."), 403)
            return
        try:
            if self.path == "/sign-in":
                self.sign_in(form)
            elif not self.person():
                self.go("/sign-in")
            elif self.path == "/buy":
                self.buy(form)
            elif self.path == "/cancel":
                tacite.post(f"/subscriptions/{form['subscription']}/cancel", {"when": "period_end", "reason": "shop"})
                self.go("/account?said=cancelled")
            elif self.path == "/keep":
                tacite.post(f"/subscriptions/{form['subscription']}/undo_scheduled", {})
                self.go("/account?said=kept")
            else:
                self.page(pages.not_found(), 404)
        except Refused as refusal:
            self.page(pages.problem(refusal.detail), 400)

    def sign_in(self, form: dict[str, str]) -> None:
        """Make the person known to Tacite under our own reference; if they are known already, that is fine."""
        email = form.get("email", "").strip().lower()
        reference = re.sub(r"[^a-z0-9]+", "-", email).strip("-")
        try:
            tacite.post("/subscribers", {"reference": reference, "email": email, "name": form.get("name", "").strip()})
        except Refused as refusal:
            if refusal.code != "reference_taken":
                raise
        session = secrets.token_urlsafe(24)
        people[session] = reference
        self.go(f"/?choose={form['offer']}" if form.get("offer") else "/", cookie=session)

    def buy(self, form: dict[str, str]) -> None:
        """Ask Tacite for a payment form and send the visitor there."""
        session = tacite.post(
            "/checkout_sessions",
            {
                "subscriber": f"ref:{self.person()}",
                "offer": form["offer"],
                "allow_codes": True,
                "success_url": f"{URL}/account?said=welcome",
                "failure_url": f"{URL}/?said=failed",
                "cancel_url": f"{URL}/",
            },
        )
        self.go(session["url"])

    def account(self, asked: dict[str, str]) -> None:
        """What the person has and may do: asked of Tacite each time, so it is never stale."""
        who = f"ref:{self.person()}"
        self.page(
            pages.account(
                subscriber=tacite.get(f"/subscribers/{who}"),
                access=tacite.get(f"/subscribers/{who}/access"),
                features=tacite.get(f"/subscribers/{who}/features")["data"],
                subscriptions=tacite.get(f"/subscriptions?subscriber={who}&expand=offer")["data"],
                invoices=tacite.get(f"/invoices?subscriber={who}")["data"],
                said=asked.get("said", ""),
                token=self.token(),
            )
        )

    def webhook(self, body: bytes) -> None:
        """Tacite tells us something. Verify, act once, answer 2xx fast."""
        if not signed_by_tacite(dict(self.headers), body, SECRET):
            self.answer(b"bad signature", "text/plain", 400)
            return
        event = json.loads(body)
        if event["id"] not in seen:
            seen.add(event["id"])
            heard.insert(0, {"type": event["type"], "at": event["created_at"], "id": event["id"]})
            del heard[50:]
        self.answer(b"", "text/plain", 204)

    def session(self) -> str:
        """The visitor's session, '' where there is none."""
        cookie = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get("onde")
        return cookie.value if cookie else ""

    def person(self) -> str:
        """The signed-in person's reference, or ''."""
        return people.get(self.session(), "")

    def token(self) -> str:
        """What a form must carry so that no other site can post it."""
        return hashlib.sha256(f"form {self.session()}".encode()).hexdigest()

    def go(self, url: str, *, cookie: str = "") -> None:
        """See other."""
        self.send_response(303)
        self.send_header("Location", url)
        if cookie:
            self.send_header("Set-Cookie", f"onde={cookie}; HttpOnly; SameSite=Lax; Path=/")
        self.end_headers()

    def page(self, html: str, status: int = 200) -> None:
        """A page."""
        self.answer(html.encode(), "text/html; charset=utf-8", status)

    def answer(self, body: bytes, kind: str, status: int = 200) -> None:
        """Any answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'")
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    print(f"Onde's shop at {URL}", flush=True)
    ThreadingHTTPServer(("127.0.0.1", PORT), Shop).serve_forever()
