"""`{% load tacite %}`: every tag and filter of the look, in one library (docs/ui.md lists them)."""

from __future__ import annotations

from django import template

from merchants.templatetags import charts, components, fields, icons, navigation, statuses, texts

register = template.Library()

for _part in (texts, icons, statuses, fields, components, charts, navigation):
    register.tags.update(_part.register.tags)
    register.filters.update(_part.register.filters)
