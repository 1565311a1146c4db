"""What the style guide shows: the words and figures of one subscriber of *Onde*, whose sums add up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django import forms

from merchants.templatetags.statuses import STATUSES

TODAY = date(2026, 11, 3)


@dataclass(frozen=True)
class Days:
    start: date
    end: date


class Enrolment(forms.Form):
    """One field of each shape; `price` is wrong, so that an error shows."""

    email = forms.EmailField(label="E-mail", help_text="The receipt goes there.")
    price = forms.DecimalField(label="Price", widget=forms.TextInput(attrs={"class": "is-amount"}))
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    offer = forms.ChoiceField(label="Offer", choices=[("hifi", "Onde Hifi"), ("famille", "Onde Famille")])
    means = forms.ChoiceField(
        label="Means",
        choices=[("card", "Card"), ("sepa", "SEPA debit")],
        widget=forms.RadioSelect,
        help_text="Later too.",
    )
    extras = forms.MultipleChoiceField(
        label="Options", choices=[("a", "Extra device"), ("b", "Live concerts")], widget=forms.CheckboxSelectMultiple
    )
    agreed = forms.BooleanField(label="Conditions accepted", help_text="14 days to withdraw.")
    token = forms.CharField(widget=forms.HiddenInput)


def context_of() -> dict[str, Any]:
    form = Enrolment(
        {"email": "camille.morel@courriel.example", "price": "dear", "offer": "hifi", "means": "card", "token": "t"}
    )
    form.full_clean()
    form.add_error(None, "The conditions must be accepted.")
    return {
        "today": TODAY,
        "at": datetime(2026, 10, 22, 6, 0, tzinfo=UTC),
        "offer_name": "Onde Hifi",
        "period": Days(date(2026, 11, 20), date(2026, 12, 20)),
        "statuses": STATUSES,
        "form": form,
        "secret_label": "Secret key, Onde's site",
        "command": 'curl -H "Authorization: Bearer sk_test_…" \\\n     -d reference=ON-204817',
        "verdict": [
            {"name": "Access", "mark": "good", "word": "Full", "note": "Subscription active"},
            {"name": "Payment", "mark": "good", "word": "Up to date", "note": "Owes nothing"},
            {"name": "Next charge", "mark": "", "word": "€13.49", "note": "Friday 20 November"},
            {"name": "To do", "mark": "warn", "word": "Have the card replaced", "note": "It expires on 30 November."},
        ],
        "needs": [
            {
                "mark": "bad",
                "fact": "9 payments were refused for good",
                "why": "Stolen or closed cards.",
                "stake": "€104.91",
                "stake_note": "overdue",
                "url": "/x",
                "act": "Open the 9",
            },
            {
                "mark": "warn",
                "fact": "14 cards expire on 30 November",
                "why": "Reminders leave on 9 November.",
                "stake": "€171.87",
                "stake_note": "due in December",
                "url": "/x",
                "act": "Open the 14",
            },
            {
                "mark": "wait",
                "fact": "4 mandates wait for a signature",
                "why": "Nothing is collected before.",
                "stake": "€47.96",
            },
        ],
        "curve": [31240, 33100, 35800, 38200, 40100, 44600, 48897],
        "months": ["Nov 2025", "Mar", "Jul", "Today"],
        "measures": [
            {
                "name": "Recurring revenue",
                "amount": 4889740,
                "currency": "EUR",
                "url": "/mrr",
                "note": "+4.3% on 4 October",
                "curve": [31, 33, 38, 48],
            },
            {"name": "Churn, of revenue", "text": "2.3%", "note": "2.6% the month before"},
        ],
        "stages": [
            {"name": "Free month", "price": "€0.00", "starts": "20 Jul", "months": 1, "when": "past"},
            {
                "name": "Launch price",
                "price": "€6.99 a month, 3 times",
                "starts": "20 Aug",
                "months": 3,
                "when": "now",
                "share": 0.815,
            },
            {
                "name": "Normal price",
                "price": "€12.99 a month",
                "starts": "20 Nov, without end",
                "months": 2,
                "when": "next",
            },
        ],
        "coming": [
            {"on": date(2026, 11, 20), "what": "End of the launch price", "amount": 1349},
            {"on": date(2027, 1, 20), "what": "End of Live concerts, given", "amount": 1499},
        ],
        "lines": [
            {"label": "Onde Hifi, normal price", "period": "20 Nov – 19 Dec", "amount": 1299},
            {"label": "Extra device", "period": "20 Nov – 19 Dec", "amount": 200},
            {"label": "Live concerts, given", "note": "instead of €4.00", "period": "20 Nov – 19 Dec", "amount": 0},
            {"label": "Invoice", "note": "of which VAT 20% €2.50", "amount": 1499, "kind": "sum"},
            {"label": "Balance, used", "amount": -150},
            {"label": "To be charged", "formula": "12.99 + 2.00 + 0.00 − 1.50", "amount": 1349, "kind": "total"},
        ],
        "days": [
            {
                "heading": "October 2026",
                "entries": [
                    {
                        "icon": "api",
                        "channel": "API",
                        "title": "Referral of Hugo Lenoir",
                        "changes": [{"label": "Balance", "before": "€0.00", "after": "€1.50"}],
                        "meta": "28 Oct 15:07, key “site”",
                        "amount": "+€1.50",
                    },
                    {
                        "icon": "card",
                        "channel": "System",
                        "title": "Payment refused: funds",
                        "url": "/payments/1",
                        "meta": "20 Oct 06:00, Visa 4242",
                        "amount": "€8.99",
                        "mark": "bad",
                    },
                    {
                        "icon": "call",
                        "channel": "Call centre",
                        "title": "Call, 4 min",
                        "details": ["Cut off during a concert, stays"],
                        "meta": "5 Oct 14:04, Julie Renaud",
                    },
                ],
            },
        ],
    }
