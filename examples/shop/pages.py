"""Onde's pages. Plain HTML; everything that came from people or from Tacite is escaped."""

from __future__ import annotations

from html import escape
from typing import Any

WAVE = '<svg viewBox="0 0 34 22" aria-hidden="true"><path d="M2 11c5-12 8-12 11-3s5 12 9 4 6-8 10-4"/></svg>'
UNIT = {"month": "mois", "year": "an", "week": "semaine", "day": "jour"}
NAMES = {
    "quality": "Qualité audio", "streams": "Écoutes simultanées", "offline": "Titres hors connexion",
    "concerts": "Concerts en direct",
}  # fmt: skip
SOUND = {"standard": "Standard", "high": "Haute qualité", "hifi": "Hifi, le son du studio"}
STATUS = {
    "active": "Actif", "trialing": "Période offerte", "ended": "Terminé", "incomplete": "En attente de paiement",
    "scheduled": "À venir", "suspended": "Suspendu",
}  # fmt: skip
SAID = {
    "welcome": "Bienvenue ! Votre abonnement est actif.",
    "cancelled": "C’est noté : l’abonnement s’arrête à la fin de la période payée.",
    "kept": "Votre abonnement continue.",
}


def euros(cents: int, currency: str = "EUR") -> str:
    """1299 → `12,99 €`."""
    return f"{cents / 100:.2f}".replace(".", ",") + ("&nbsp;€" if currency == "EUR" else f"&nbsp;{escape(currency)}")


def text(words: dict[str, str]) -> str:
    """A text in French, else in whatever there is."""
    return escape(words.get("fr") or next(iter(words.values()), ""))


def frame(title: str, body: str, signed_in: bool = False) -> str:
    """Around every page."""
    account = "Mon compte" if signed_in else "Se connecter"
    return f"""<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>{title} · Onde</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/shop.css"></head><body>
<header><a class="brand" href="/">{WAVE} Onde</a><nav><a href="/account">{account}</a>
<a href="/webhooks">Coulisses</a></nav></header><main>{body}</main></body></html>"""


def offers(rows: list[dict[str, Any]], person: str, token: str) -> str:
    """The price list."""
    cards = []
    for offer in rows:
        stages = "".join(f"<li>{stage(one, offer['currency'], at)}</li>" for at, one in enumerate(offer["stages"]))
        button = "<button>S’abonner</button>" if person else "<button>Choisir</button>"
        action = "/buy" if person else "/sign-in"
        method = "post" if person else "get"
        cards.append(
            f"""<article><h2>{text(offer["title"])}</h2><p>{text(offer["description"])}</p><ul>{stages}</ul>
<form action="{action}" method="{method}"><input type="hidden" name="offer" value="{escape(offer["id"])}">
<input type="hidden" name="token" value="{escape(token)}">{button}</form></article>"""
        )
    body = f'<h1>Toute la musique,<br>comme au premier jour.</h1><div class="cards">{"".join(cards)}</div>'
    return frame("Nos offres", body, bool(person))


def stage(one: dict[str, Any], currency: str, at: int) -> str:
    """`3 × 6,99 € par mois`; `at` is its place in the offer."""
    unit = UNIT[one["interval"]] if one["interval_count"] == 1 else f"{one['interval_count']} {UNIT[one['interval']]}"
    price = "offert" if not one["amount"] else f"<b>{euros(one['amount'], currency)}</b>"
    times = f"{one['recurrences']} × " if (one["recurrences"] or 1) > 1 else ""
    if one["recurrences"] == 1:
        return f"Premier {unit} {price}" if not at else f"{price} le {unit} suivant"
    return f"{'puis ' if at else ''}{times}{price} par {unit}"


def sign_in(offer: str, token: str) -> str:
    """A name and an e-mail address; a real site has its own accounts."""
    form = f"""<h1>Qui êtes-vous ?</h1><form class="narrow" method="post" action="/sign-in">
<label>Votre nom <input name="name" autocomplete="name" required></label>
<label>Votre e-mail <input name="email" type="email" autocomplete="email" required></label>
<input type="hidden" name="offer" value="{escape(offer)}"><input type="hidden" name="token" value="{escape(token)}">
<button>Continuer</button></form><p class="quiet">Sans mot de passe : c’est une démonstration.</p>"""
    return frame("Se connecter", form)


def account(
    *,
    subscriber: dict[str, Any],
    access: dict[str, Any],
    features: list[dict[str, Any]],
    subscriptions: list[dict[str, Any]],
    invoices: list[dict[str, Any]],
    said: str,
    token: str,
) -> str:
    """What one has, and what one may do."""
    note = f'<p class="note" role="status">{SAID[said]}</p>' if said in SAID else ""
    rows = "".join(subscription(one, token) for one in subscriptions) or "<p>Aucun abonnement pour l’instant.</p>"
    rights = "".join(
        f"<dt>{escape(NAMES.get(one['reference'], one['reference']))}</dt><dd>{right(one)}</dd>" for one in features
    )
    bills = "".join(
        f"<li>{escape(one['number'] or '')} · {one['issued_on']} · {euros(one['total'], one['currency'])}</li>"
        for one in invoices
    )
    listen = (
        f'<p class="player">▶ Vous écoutez en <b>{sound(features)}</b></p>'
        if access["access"] in ("full", "grace")
        else '<p class="player is-off">Abonnez-vous pour écouter.</p>'
    )
    body = f"""{note}<h1>Bonjour {escape(subscriber["name"])}</h1>{listen}
<section><h2>Mes abonnements</h2>{rows}</section>
<section><h2>Ce que je peux faire</h2><dl>{rights or "<dt>Rien encore</dt><dd></dd>"}</dl></section>
<section><h2>Mes factures</h2><ul>{bills or "<li>Aucune</li>"}</ul></section>"""
    return frame("Mon compte", body, signed_in=True)


def sound(features: list[dict[str, Any]]) -> str:
    """The audio quality that one may listen in."""
    levels = {one["reference"]: one.get("level") for one in features if one["on"]}
    return SOUND.get(levels.get("quality") or "standard", "Standard")


def right(one: dict[str, Any]) -> str:
    """A feature's value in words."""
    if not one["on"]:
        return "non"
    if one["kind"] == "level":
        return escape(SOUND.get(one["level"], one["level"]))
    if one["kind"] == "quota":
        return "sans limite" if one["quota"] is None else str(one["quota"])
    return "oui"


def subscription(one: dict[str, Any], token: str) -> str:
    """One subscription, and ending it or keeping it."""
    hidden = f"""<input type="hidden" name="subscription" value="{escape(one["id"])}">
<input type="hidden" name="token" value="{escape(token)}">"""
    act = ""
    if one["status"] in ("active", "trialing"):
        act = f'<form method="post" action="/cancel">{hidden}<button class="bare">Résilier</button></form>'
        if one["ends_on"]:
            act = f'<form method="post" action="/keep">{hidden}<button class="bare">Ne plus résilier</button></form>'
    until = f", jusqu’au {one['ends_on']} (exclu)" if one["ends_on"] else ""
    return f"""<div class="row"><div><b>{text(one["offer"]["title"])}</b>
<p class="quiet">{STATUS.get(one["status"], escape(one["status"]))}{until}</p></div>{act}</div>"""


def webhooks(rows: list[dict[str, str]]) -> str:
    """What Tacite told us."""
    items = "".join(f"<li><code>{escape(one['type'])}</code> {escape(one['at'])}</li>" for one in rows)
    body = (
        f"<h1>En coulisses</h1><p>Les derniers webhooks reçus de Tacite.</p><ul>{items or '<li>Aucun encore</li>'}</ul>"
    )
    return frame("Webhooks", body)


def problem(detail: str) -> str:
    """Something was refused."""
    return frame(
        "Problème", f'<h1>Cela n’a pas marché</h1><p class="note">{escape(detail)}</p><p><a href="/">Retour</a></p>'
    )


def not_found() -> str:
    """Nothing here."""
    return frame("Introuvable", '<h1>Rien ici</h1><p><a href="/">Nos offres</a></p>')
