"""The offer editor: the forms of an offer and its stages together, from terms and from what was typed, to terms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext

from merchants.models import Feature, Option
from merchants.pages.offer_cards import Block
from merchants.pages.offer_forms import (
    OfferForm,
    StageForm,
    early_end_of,
    number_or,
    offer_values,
    read_amount,
    stage_values,
)
from merchants.pages.text_fields import texts
from merchants.pitch import said
from merchants.refusals import Refusal
from merchants.terms import MOST_STAGES, OfferTerms

PATH = re.compile(r"stages\[(\d+)\]\.(.+)")


class Editor:
    """An offer being written. `checks`: what was typed is checked, and says beside each field what is wrong; else it is
    only shown again (a stage was added, say)."""

    def __init__(
        self,
        *,
        features: Sequence[Feature],
        options: Sequence[Option],
        tax_codes: Sequence[str],
        currency: str,
        is_new: bool,
        terms: OfferTerms | None = None,
        typed: QueryDict | None = None,
        checks: bool = False,
    ) -> None:
        self.features = [one for one in features if one.kind != Feature.Kind.METERED]
        self.metered = [one for one in features if one.kind == Feature.Kind.METERED]
        self.is_new, self.checks = is_new, checks
        self.stages: list[StageForm] = []
        self.active = 0
        begins: dict[str, Any] = {"currency": currency}
        if typed is not None:
            begins = typed.dict()
        elif terms is not None:
            begins = offer_values(terms, {option.pk: f"option_{option.public_id}" for option in options})
        self.form = OfferForm(
            typed if checks else None, initial=begins, options=options, tax_codes=tax_codes, is_new=is_new
        )
        if typed is not None:
            self._take(typed)
        else:
            for stage in terms.stages if terms else [None]:
                given = stage_values(stage, terms.currency, self.features, self.metered) if stage and terms else {}
                self._add(given)

    def _add(self, values: Mapping[str, Any]) -> None:
        prefix = f"stages-{len(self.stages)}"
        data = {f"{prefix}-{name}": value for name, value in values.items()} if self.checks else None
        stage = StageForm(data, prefix=prefix, features=self.features, metered=self.metered, initial=dict(values))
        self.stages.append(stage)

    def _take(self, typed: QueryDict) -> None:
        """Read the stages; `add_stage` puts one before the last (what is normal comes last), `remove_stage:1` takes one
        away. Numbers in the names of fields follow."""
        count = max(1, min(_digits(typed.get("stage_count"), 1), MOST_STAGES))
        act, self.active = typed.get("act", ""), min(_digits(typed.get("active"), 0), count - 1)
        rows: list[dict[str, Any]] = []
        for place in range(count):
            start = f"stages-{place}-"
            rows.append({name[len(start) :]: text for name, text in typed.items() if name.startswith(start)})
        if act == "add_stage" and count < MOST_STAGES:
            self.active = count - 1
            rows.insert(self.active, {"recurrences": "1"})
        if act.startswith("remove_stage:") and count > 1:
            gone = _digits(act.partition(":")[2], count)
            rows = [row for place, row in enumerate(rows) if place != gone]
            self.active = min(self.active, len(rows) - 1)
        for row in rows:
            self._add(row)

    def terms(self) -> OfferTerms | None:
        """What was typed, as terms (where `checks`); None where a field cannot be read (it says so beside itself)."""
        sound = self.form.is_valid()
        for stage in self.stages:
            sound = stage.is_valid() and sound
        currency = self.form.cleaned_data.get("currency") or ""
        stages = tuple(stage.term(currency) for stage in self.stages)
        values = self.form.cleaned_data
        setup = read_amount(self.form, "setup", currency)
        early_end = early_end_of(self.form, currency)
        notice, in_months = number_or(values.get("notice_days")), values.get("notice_unit") == "month"
        if not sound or self.form.errors or any(stage.errors for stage in self.stages):
            return None
        return OfferTerms(
            title=texts(self.form, "title"),
            description=texts(self.form, "description"),
            currency=currency,
            tax_behavior=values["tax_behavior"],
            tax_code=values["tax_code"],
            alignment=values["alignment"],
            billing_day=values["billing_day"] if values["alignment"] == "calendar" else None,
            setup_amount=setup,
            commitment_intervals=number_or(values["commitment_intervals"]),
            notice_days=0 if in_months else notice,
            notice_months=notice if in_months else 0,
            early_end=early_end,
            stages=stages,
            options=self.form.listed(),
        )

    def put(self, refusal: Refusal, terms: OfferTerms) -> None:
        """Write what a service refused beside the field that it names."""
        names = {"title": "title_en", "setup_amount": "setup", "commitment.intervals": "commitment_intervals"}
        names |= {"commitment.notice": "notice_days", "commitment.early_end": "early_formula"}
        names |= {
            f"commitment.early_end.{name}": f"early_{name}"
            for name in ("formula", "amount", "percent", "later_from", "later_percent")
        }
        for error in refusal.errors:
            words = error.say(gettext)
            found = PATH.fullmatch(error.field)
            if found and int(found[1]) < len(self.stages):
                place = int(found[1])
                if not self.stages[place].put_usage(found[2], words, terms.stages[place].usage):
                    self.stages[place].put_at(found[2], words, terms.stages[place].features)
                self.active = place
                continue
            option = re.fullmatch(r"options\[(\d+)\]\.option", error.field)
            name = self.form.offered[terms.options[int(option[1])].option] if option else error.field
            name = names.get(name, name)
            self.form.add_error(name if name in self.form.fields else None, words)
        if not refusal.errors or refusal.detail:
            self.form.add_error(None, f"{refusal.say(gettext)} {refusal.say_way_out(gettext)}".strip())

    def sketch(self) -> list[Block]:
        """The time line while some field cannot be read yet: each stage with what was typed, none left out."""
        blocks = []
        for place, stage in enumerate(self.stages):
            number = gettext("Stage %(number)s") % {"number": place + 1}
            name = next((one.value() for one in stage.by_language["label"] if one.value()), number)
            endless = place == len(self.stages) - 1 and not stage["recurrences"].value()
            blocks.append(
                Block(
                    place=place,
                    when=number,
                    name=str(name),
                    price=str(stage["price"].value() or "…"),
                    length="",
                    months=3,
                    is_endless=endless,
                    is_active=place == self.active,
                )
            )
        return blocks

    def matrix(self) -> list[dict[str, Any]]:
        """Features as rows, stages as columns."""
        return [
            {
                "name": said(feature.title, feature.reference),
                "feature": feature,
                "cells": [stage.cell(feature) for stage in self.stages],
            }
            for feature in self.features
        ]

    def prices(self) -> list[dict[str, Any]]:
        """Metered features as rows, stages as columns."""
        return [
            {"name": said(feature.title, feature.reference), "cells": [one.usage_cell(feature) for one in self.stages]}
            for feature in self.metered
        ]


def _digits(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 4 else otherwise
