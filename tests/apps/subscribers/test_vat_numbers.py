"""Asking a register about a payer's VAT number: its answer is kept and told, and a no costs the reverse charge."""

from __future__ import annotations

import json

import httpx
import pytest
from django.test import override_settings

from merchants.tenancy.scope import tenant
from subscribers import shapes
from subscribers.models import Change, Subscriber
from subscribers.registers import REGISTERS, Answer, Off, Vies, register
from subscribers.selectors import personal
from subscribers.selectors.taxing import payer_of
from subscribers.services import belonging, enrolment

pytestmark = pytest.mark.django_db(transaction=True)
GMBH = {"company": "Beispiel GmbH", "vat_number": "DE 136 695 976", "country": "DE", "postal_code": "10115"}


def vies(answer=None, *, status=200, fault=None):
    """VIES with a transport that gives this answer, and what it was asked."""
    asked = []

    def reply(request):
        asked.append(json.loads(request.content))
        if fault:
            raise fault
        return httpx.Response(status, json=answer) if answer is not None else httpx.Response(status, text="<html>")

    return Vies(httpx.MockTransport(reply)), asked


def keep(shop, row, answer):
    with tenant(shop.id):
        locked = belonging.lock([row.pk])[row.pk]
        return enrolment.keep_answer(locked, answer, actor=shop.actor, now=shop.now()), locked


def test_off_is_the_default_and_asks_nobody():
    assert isinstance(register(), Off) and not register().asks
    assert (register().look_up("DE136695976").verdict, register().look_up("DE136695976").why) == ("unknown", "off")
    with override_settings(VAT_REGISTER="vies"):
        assert isinstance(register(), Vies) and register().asks
    assert set(REGISTERS) == {"off", "vies"}


def test_vies_is_asked_with_our_own_number_and_gives_its_proof():
    asking, asked = vies({"valid": True, "requestIdentifier": "WAPIAAAAW1", "name": "BEISPIEL", "requestDate": "x"})
    answer = asking.look_up("DE136695976", requester="FR44732829320")
    assert (answer.verdict, answer.consultation, answer.number) == ("valid", "WAPIAAAAW1", "DE136695976")
    assert asked == [{"countryCode": "DE", "vatNumber": "136695976", "requesterMemberStateCode": "FR",
                      "requesterNumber": "44732829320"}]  # fmt: skip
    asking, asked = vies({"valid": False, "userError": "INVALID"})
    assert asking.look_up("EL094259216").verdict == "invalid"
    assert asked == [{"countryCode": "EL", "vatNumber": "094259216"}]


@pytest.mark.parametrize(
    ("answer", "status", "fault", "why"),
    [
        ({"valid": False, "userError": "MS_UNAVAILABLE"}, 200, None, "MS_UNAVAILABLE"),
        ({"actionSucceed": False, "errorWrappers": [{"error": "GLOBAL_MAX_CONCURRENT_REQ"}]}, 500, None,
         "GLOBAL_MAX_CONCURRENT_REQ"),
        (None, 502, None, "JSONDecodeError"),
        ({"valid": "yes"}, 200, None, "malformed"),
        ([], 200, None, "malformed"),
        (None, 200, httpx.ReadTimeout("late"), "ReadTimeout"),
        (None, 200, httpx.ConnectError("nobody"), "ConnectError"),
    ],
)  # fmt: skip
def test_what_is_no_clear_answer_is_unknown(answer, status, fault, why):
    said = vies(answer, status=status, fault=fault)[0].look_up("DE136695976")
    assert (said.verdict, said.why, said.consultation) == ("unknown", why, "")


def test_an_answer_is_kept_with_its_day_and_proof_and_told_in_the_history(shop):
    row = shop.enrol("gmbh", **GMBH)
    assert row.vat_number == "DE136695976" and shapes.subscriber(row)["vat_check"] is None
    assert payer_of(row).numbered
    said = Answer(number="DE136695976", verdict="valid", at=shop.now().at, consultation="WAPIAAAAW1")
    kept, row = keep(shop, row, said)
    assert kept and payer_of(row).numbered
    assert shapes.subscriber(row)["vat_check"] == {
        "verdict": "valid", "at": shapes.at(said.at), "consultation": "WAPIAAAAW1"}  # fmt: skip
    with tenant(shop.id):
        change = Change.objects.get(subject_id=row.pk, verb="vat_checked")
        told = personal.said(change.after, personal.known([change.after]))
    assert change.before == {"vat_check": {}} and change.after["vat_check"].keys() == {"personal"}
    assert (told["vat_check"]["verdict"], told["vat_check"]["consultation"]) == ("valid", "WAPIAAAAW1")
    # what cannot be said now does not take the place of what was said
    assert (
        keep(shop, row, Answer(number="DE136695976", verdict="unknown", at=said.at, why="MS_UNAVAILABLE"))[0] is False
    )
    kept, row = keep(shop, row, Answer(number="DE136695976", verdict="invalid", at=said.at))
    assert kept and payer_of(row) == payer_of(row) and not payer_of(row).numbered and payer_of(row).business


def test_an_answer_about_another_number_is_not_kept_and_a_new_number_begins_afresh(shop):
    row = shop.enrol("gmbh", **GMBH)
    refused = Answer(number="DE136695976", verdict="invalid", at=shop.now().at)
    _, row = keep(shop, row, refused)
    assert not payer_of(row).numbered
    with tenant(shop.id):
        row = belonging.lock([row.pk])[row.pk]
        enrolment.revise(row, {"vat_number": "DE 129 273 398"}, actor=shop.actor, now=shop.now())
    assert row.vat_number == "DE129273398" and payer_of(row).numbered and shapes.subscriber(row)["vat_check"] is None
    assert keep(shop, row, refused)[0] is False
    with tenant(shop.id):
        assert Subscriber.objects.get(pk=row.pk).vat_check["number"] == "DE136695976"
        assert Change.objects.filter(subject_id=row.pk, verb="vat_checked").count() == 1
