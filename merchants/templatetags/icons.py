"""Icons: 16 px, stroke 1.4, drawn from a sprite that carries only those that the page used.

A base page says `{% icons_below %}` in its head and `{% icon_sprite %}` before its end; `{% icon "card" %}` then only
points to the sprite. A fragment has no sprite: there the same tag draws the whole icon, so that it never comes empty.
"""

from __future__ import annotations

from django import template
from django.template.context import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
USED = "icons_used"

DRAWINGS = {
    "api": '<path d="M5.25 4 1.5 8l3.75 4M10.75 4l3.75 4-3.75 4"/>',
    "alert": '<path d="M8 2 14.5 13.5h-13zM8 6.5v3.25M8 11.75v.25"/>',
    "arrow": '<path d="M2.5 8h11M9.75 4.25 13.5 8l-3.75 3.75"/>',
    "back": '<path d="M13.5 8h-11M6.25 4.25 2.5 8l3.75 3.75"/>',
    "call": '<path d="M4 1.75 6.1 5 4.7 6.5c1 1.9 2.6 3.5 4.6 4.6L10.8 9.8l3.3 2-.6 2c-.2.4-.7.6-1.2.5C7 13.5 2.6 9 '
    '1.8 4.1c-.1-.5.1-1 .5-1.3Z"/>',
    "card": '<rect x="1.5" y="3" width="13" height="10" rx="1.25"/><path d="M1.5 6.5h13M4 10.25h2.5"/>',
    "check": '<path d="m2.75 8.5 3.5 3.5 7-8"/>',
    "clock": '<circle cx="8" cy="8" r="6.25"/><path d="M8 4.5V8l2.5 1.75"/>',
    "copy": '<rect x="5.25" y="5.25" width="9" height="9" rx="1"/><path d="M10.75 5V2.75a1 1 0 0 0-1-1h-7a1 1 0 0 0-1 '
    '1v7a1 1 0 0 0 1 1H5"/>',
    "counter": '<path d="M2 6.5h12v7.75H2zM4 6.5V2h8v4.5M6 4.25h4M4.5 10.5h7"/>',
    "cross": '<path d="m3.5 3.5 9 9M12.5 3.5l-9 9"/>',
    "document": '<path d="M3.25 1.75h6.5l3 3v9.5h-9.5zM5.75 7.5h4.5M5.75 10.5h4.5"/>',
    "down": '<path d="m4 6.25 4 4 4-4"/>',
    "download": '<path d="M8 2v8M4.5 6.75 8 10.25l3.5-3.5M2.25 13.5h11.5"/>',
    "gift": '<path d="M2 5.25h12v3H2zM3 8.25v6h10v-6M8 5.25v9M8 5C6.5 5 4.5 4.6 4.5 3.2 4.5 1 7.5 1.5 8 5c.5-3.5 3.5-4 '
    '3.5-1.8C11.5 4.6 9.5 5 8 5Z"/>',
    "import": '<path d="M8 10.5v-8M4.5 6 8 2.5 11.5 6M2.25 13.5h11.5"/>',
    "key": '<circle cx="4.75" cy="11.25" r="3"/><path d="m7 9 6.5-6.5M10.75 5.25l2.5 2.5"/>',
    "lock": '<rect x="3" y="7" width="10" height="7" rx="1"/><path d="M5 7V5a3 3 0 0 1 6 0v2"/>',
    "mail": '<rect x="1.75" y="3.25" width="12.5" height="9.5" rx="1"/><path d="m2.25 4.25 5.75 4.5 5.75-4.5"/>',
    "menu": '<path d="M2 4.5h12M2 8h12M2 11.5h12"/>',
    "note": '<path d="M2.75 2.75h10.5v7l-3.5 3.5h-7zM13.25 9.75h-3.5v3.5M5.25 5.75h5.5M5.25 8.25h3"/>',
    "offer": '<rect x="2.75" y="2.75" width="10.5" height="10.5" rx="1.5"/>',
    "plus": '<path d="M8 3v10M3 8h10"/>',
    "portal": '<circle cx="8" cy="5.25" r="2.9"/><path d="M2.5 14.25c.4-3 2.6-4.75 5.5-4.75s5.1 1.75 5.5 4.75"/>',
    "rest": '<path d="M.75 5.75h14.5"/><path d="M4 6h8v4.25H4z" fill="currentColor" stroke="none"/>',
    "search": '<circle cx="7" cy="7" r="4.75"/><path d="m10.5 10.5 3.75 3.75"/>',
    "system": '<path d="M13.75 8A5.75 5.75 0 1 1 11.9 3.8M12.25 1.5v2.75H9.5"/>',
    "web": '<circle cx="8" cy="8" r="6.25"/><path d="M1.75 8h12.5M8 1.75c2.3 2.1 2.3 10.4 0 12.5M8 1.75c-2.3 2.1-2.3 '
    '10.4 0 12.5"/>',
}


@register.simple_tag(takes_context=True)
def icons_below(context: Context) -> str:
    """Say that this page ends with its sprite: icons from here on only point to it."""
    context[USED] = set()
    return ""


@register.simple_tag(takes_context=True)
def icon(context: Context, name: str, label: str = "") -> SafeString:
    """`{% icon "card" %}` decorates; `{% icon "card" label=_("Card") %}` is read aloud. Unknown names are an error."""
    drawing = mark_safe(DRAWINGS[name])  # noqa: S308 - our own table
    speaks = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    used = context.get(USED)
    if used is None:
        return format_html('<svg class="icon" viewBox="0 0 16 16" {}>{}</svg>', speaks, drawing)
    used.add(name)
    return format_html('<svg class="icon" {}><use href="#icon-{}"/></svg>', speaks, name)


@register.simple_tag(takes_context=True)
def icon_sprite(context: Context) -> SafeString:
    """The symbols of the icons that the page pointed to, and no others."""
    used: set[str] = context.get(USED) or set()
    symbols = format_html_join(
        "",
        '<symbol id="icon-{}" viewBox="0 0 16 16">{}</symbol>',
        ((name, mark_safe(DRAWINGS[name])) for name in sorted(used)),  # noqa: S308 - our own table
    )
    return format_html("<svg hidden>{}</svg>", symbols) if symbols else SafeString("")
