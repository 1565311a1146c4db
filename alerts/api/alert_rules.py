"""`/alert_rules`: which alerts the staff get by e-mail, and when."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from alerts.rules import DEFAULTS, Mail
from alerts.selectors.shapes import AlertRulesShape, show_rules
from alerts.services import choosing
from merchants.http.bodies import Body, several
from merchants.http.fields import Choice
from merchants.http.operations import operation
from merchants.http.views import ApiView


class RuleBody(Body):
    """One kind of alert, and how it is told from now on."""

    kind = Choice(choices=list(DEFAULTS))
    mail = Choice(choices=[mail.value for mail in Mail])

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Both are needed, though a PATCH may leave out what it does not change."""
        missing = [name for name in ("kind", "mail") if name not in attrs]
        if missing:
            raise ValidationError(
                {name: [self.fields[name].error_messages["required"]] for name in missing}, "required"
            )
        return attrs


class RulesBody(Body):
    """The rules that change; the others stay."""

    rules = several(RuleBody, len(DEFAULTS))


class AlertRules(ApiView):
    """All rules."""

    scopes = {"GET": "alerts:read", "PATCH": "alerts:write"}

    @operation("Read the alert rules", answer=AlertRulesShape)
    def get(self, request: Request) -> Response:
        """How each kind of alert goes to the staff by e-mail: at once, in the digest of the morning, or not."""
        return Response(show_rules(choosing.rules()))

    @operation("Change alert rules", answer=AlertRulesShape, body=RulesBody)
    def patch(self, request: Request) -> Response:
        """For alerts raised from now on. Webhooks and the office tell of all alerts, whatever the rules."""
        wanted = {rule["kind"]: rule["mail"] for rule in self.body.get("rules", ())}
        return Response(show_rules(choosing.choose(wanted, now=self.now)))
