"""Parts of pages with few parameters. What has a body of its own is an include or a template to extend (docs/ui.md)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext as _

from merchants.languages import codes
from merchants.templatetags.icons import USED

register = template.Library()


def drawn(context: Context, **values: Any) -> dict[str, Any]:
    """Values for a component's template, with the page's icon sprite if it has one."""
    return {USED: context.get(USED), "request": context.get("request"), **values}


@register.inclusion_tag("components/empty.html", takes_context=True)
def empty(context: Context, title: str, text: str = "", url: str = "", act: str = "") -> dict[str, Any]:
    """A page with nothing yet: what will stand here, what to do, and the link that does it."""
    return drawn(context, title=title, text=text, url=url, act=act)


@register.inclusion_tag("components/messages.html", takes_context=True)
def messages(context: Context) -> dict[str, Any]:
    """Django's messages: said once, read aloud, closed by hand."""
    return drawn(context, messages=context.get("messages") or [])


@register.inclusion_tag("components/copy.html", takes_context=True)
def copy_button(context: Context, text: str, label: str = "", *, small: bool = True) -> dict[str, Any]:
    """Copies a text to the clipboard; hidden where scripts are off."""
    return drawn(context, text=text, label=label or _("Copy"), small=small)


@register.inclusion_tag("components/code.html", takes_context=True)
def code(context: Context, text: str, label: str, *, copy: bool = True) -> dict[str, Any]:
    """A block of code, a body or a command, with its name and a copy button."""
    return drawn(context, text=text, label=label, copy=copy)


@register.inclusion_tag("components/secret.html", takes_context=True)
def secret(context: Context, text: str, label: str) -> dict[str, Any]:
    """A secret that is shown this once: an API key, a signing secret."""
    return drawn(context, text=text, label=label)


@register.inclusion_tag("components/change.html", takes_context=True)
def change(context: Context, before: str, after: str, label: str = "") -> dict[str, Any]:
    """A value before and after: `Balance 0.00 → 1.50`."""
    return drawn(context, before=before, after=after, label=label)


@register.inclusion_tag("components/confirm.html", takes_context=True)
def confirm(
    context: Context, name: str, title: str, text: str, action: str, act: str, opens: str = ""
) -> dict[str, Any]:
    """A small dialog that asks before an act without cost, and the button that opens it. Acts that cost, give or end
    use `components/dialog.html` with a preview. `name` is unique on the page; `action` receives a POST.
    """
    return drawn(
        context,
        name=name,
        title=title,
        text=text,
        action=action,
        act=act,
        opens=opens or f"{act}…",
    )


@register.inclusion_tag("components/pages.html", takes_context=True)
def cursor_pages(context: Context, before: str | None, after: str | None, name: str = "cursor") -> dict[str, Any]:
    """Links to the pages around this one, by cursor; the other parameters of the address stay."""
    request: HttpRequest | None = context.get("request")

    def link(cursor: str | None) -> str:
        if not cursor:
            return ""
        query = request.GET.copy() if request else None
        if query is None:
            return f"?{name}={cursor}"
        query[name] = cursor
        return f"?{query.urlencode()}"

    return drawn(context, before=link(before), after=link(after))


LEVEL_STEPS = 5
"""As many steps as are drawn; a level list may be longer, its word says which one."""


@register.simple_tag
def level(position: int, of: int) -> SafeString:
    """A level as rising steps, `position` counted from 1; always beside its word.

    >>> level(2, 3).count("is-on"), level(7, 7).count("<rect ")
    (2, 5)
    """
    steps = max(1, min(of, LEVEL_STEPS))
    lit = min(position, steps) if of <= LEVEL_STEPS else round(position * steps / of)
    bars = SafeString("")
    for step in range(steps):
        height = 11 if steps == 1 else 5 + 6 * step // (steps - 1)
        bars += format_html(
            '<rect {}x="{}" y="{}" width="5" height="{}"/>',
            SafeString('class="is-on" ') if step < lit else "",
            6 * step,
            11 - height,
            height,
        )
    width = 6 * steps - 1
    return format_html('<svg class="level" viewBox="0 0 {} 11" aria-hidden="true">{}</svg>', width, bars)


@register.simple_tag
def bar(share: float | Fraction, start: float | Fraction = 0, *, loss: bool = False) -> SafeString:
    """One bar in a `.bar-cell`, beside its number: parts of the whole width, 0 to 1.

    >>> bar(0.663)
    '<svg class="bar" aria-hidden="true"><rect class="bar-plus" x="0.00%" width="66.30%" height="8"/></svg>'
    """
    return format_html(
        '<svg class="bar" aria-hidden="true"><rect class="bar-{}" x="{}%" width="{}%" height="8"/></svg>',
        "minus" if loss else "plus",
        f"{float(start) * 100:.2f}",
        f"{float(share) * 100:.2f}",
    )


@register.inclusion_tag("components/stages.html", takes_context=True)
def stages(context: Context, rows: Sequence[Mapping[str, Any]], today_word: str = "") -> dict[str, Any]:
    """Stages on a time line. A row: `name`, `price`, `starts` (both texts), `months` (its width, 1 to 12 or 24),
    `when` (past, now, next), and for the one that runs `share` (0 to 1, how much of it is over).
    """
    shown = []
    for row in rows:
        share = float(row.get("share") or 0) * 100
        anchor = "start" if share < 12 else "end" if share > 88 else "middle"
        months = max(1, min(int(row.get("months") or 1), 12))
        shown.append({**row, "months": months, "percent": f"{share:.1f}%", "anchor": anchor})
    return drawn(context, rows=shown, today_word=today_word or _("today"))


@register.inclusion_tag("components/languages.html", takes_context=True)
def language_switch(context: Context) -> dict[str, Any]:
    """The languages that the page is not in, each under its own name; nothing where `set_language` is not routed."""
    try:
        action = reverse("set_language")
    except NoReverseMatch:
        action = ""
    request: HttpRequest | None = context.get("request")
    current = (get_language() or "en")[:2]
    others = [get_language_info(code) for code in codes() if code != current]
    return drawn(
        context,
        action=action,
        others=others,
        next=request.get_full_path() if request else "/",
    )


@register.simple_tag
def unique_id(prefix: str) -> str:
    """An id that no other fragment of the page has: `{% unique_id "field" as id %}`."""
    return f"{prefix}-{secrets.token_hex(4)}"
