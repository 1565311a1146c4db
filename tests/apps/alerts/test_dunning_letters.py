"""Steps of dunning reach people: letters with the button that settles, alerts for the staff."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core import mail as outbox

from alerts.models import Alert
from alerts.selectors.needs import needs
from alerts.services import mail
from invoices import shapes as documents
from invoices.frozen import thaw
from invoices.services.issuing import Issue, issue
from merchants.models import Merchant
from merchants.tenancy.scope import tenant
from subscribers.services import facts
from tests.apps.alerts.rooms import alerts, bought, messages, publish, tell

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]


def step(shop, invoice, *actions, step=1, **more):
    """A step of dunning, as billing tells it."""
    shown = {
        "id": "dun_x",
        "invoice": invoice.public_id,
        "actions": list(actions),
        "step": step,
        "next_step_at": None,
        **more,
    }
    return tell(shop, "dunning.step_taken", about=invoice.pk, life=invoice.payer_id, **shown)


@pytest.fixture
def owed(shop):
    """An open invoice of ten euros."""
    session = bought(shop, ("month", None, 10_99))
    with tenant(shop.id):
        Merchant.objects.update(support_email="aide@onde.example")
        draft = thaw(session.quote.draft)
        again = replace(draft, lines=tuple(replace(line, fact=None) for line in draft.lines))
        ask = Issue(draft=again, payer=session.invoice.payer, entity=shop.entity, merchant=shop.merchant)
        [invoice] = issue([ask], actor=shop.actor, now=shop.now())
    publish(shop)
    return invoice


def test_a_step_that_writes_sends_a_letter_with_the_button_that_settles_it(shop, owed):
    step(shop, owed, "retry", "write", next_step_at="2031-03-07T05:00:00Z")
    publish(shop)
    assert messages(shop, "kind", "subscriber_id", "invoice_id") == [("dunning_reminder", owed.payer_id, owed.pk)]
    assert alerts(shop) == []
    assert mail.send(shop.id) == 1
    [sent] = outbox.outbox
    assert sent.subject.endswith("€10.99 is still to pay")
    assert "We try your card once more on 7 March 2031." in sent.body
    assert "https://pay.tacite.example/pay/owed/" in sent.body


def said(shop):
    """What the page of alerts says of each."""
    with tenant(shop.id):
        rows = list(Alert.objects.order_by("id"))
        return [need.fact for need in needs(rows, merchant=shop.merchant.public_id, language="en")]


def test_who_has_no_card_is_written_to_at_once_and_the_staff_hear_of_it_once(shop, owed):
    about = {"invoice": owed.public_id, "code": "no_payment_method", "actions": ["write"], "step": 0}
    tell(shop, "dunning.started", about=owed.pk, life=owed.payer_id, next_step_at="2031-03-07T23:30:00Z", **about)
    with tenant(shop.id):
        shown = {"object": documents.invoice(owed), "payment": None, "code": "no_payment_method", "needs": "subscriber"}
        fact = ("invoice.payment_failed", owed.pk, shown)
        facts.tell(owed.payer_id, fact, fact, actor=shop.actor, now=shop.now())
    publish(shop)
    assert messages(shop, "kind", "subscriber_id", "invoice_id")[:1] == [("dunning_reminder", owed.payer_id, owed.pk)]
    told = {"invoice": owed.public_id, "asked": "nobody"}
    assert alerts(shop, "kind", "severity", "details") == [("payment_failed", "warn", told)]
    assert said(shop) == ["Lucie Garnier has no card that can be charged"]
    assert mail.send(shop.id) == 1
    assert "€10.99 is still to pay. We know no card from which we could take it." in outbox.outbox[0].body
    assert "once more" not in outbox.outbox[0].body

    tell(shop, "invoice.paid", about=owed.pk, life=owed.payer_id)
    publish(shop)
    assert alerts(shop, "kind", resolved_at=None) == []


def test_a_provider_that_takes_no_request_is_a_matter_for_the_staff_alone(shop, owed):
    with tenant(shop.id):
        shown = {"object": documents.invoice(owed), "payment": "pay_x", "code": "provider_error", "needs": "staff"}
        facts.tell(owed.payer_id, ("invoice.payment_failed", owed.pk, shown), actor=shop.actor, now=shop.now())
        refused = {**shown, "needs": "retry"}  # told by payment.failed already
        facts.tell(owed.payer_id, ("invoice.payment_failed", owed.pk, refused), actor=shop.actor, now=shop.now())
    publish(shop)
    told = {"invoice": owed.public_id, "asked": "provider"}
    assert alerts(shop, "kind", "severity", "details") == [("payment_failed", "warn", told)]
    assert said(shop) == ["The payment of Lucie Garnier could not be asked for"]
    assert "dunning_reminder" not in messages(shop, "kind")


def test_the_day_of_the_next_try_is_the_merchants_own(shop, owed):
    step(shop, owed, "retry", "write", next_step_at="2031-03-06T23:30:00Z")
    publish(shop)
    mail.send(shop.id)
    assert "We try your card once more on 7 March 2031." in outbox.outbox[0].body  # half past midnight in Paris


def test_a_step_that_suspends_is_an_alert_until_it_is_paid(shop, owed):
    step(shop, owed, "suspend", "write", step=3)
    publish(shop)
    assert alerts(shop, "kind", "severity", "details") == [("dunning_suspended", "bad", {"invoice": owed.public_id})]
    assert mail.send(shop.id) == 1
    assert "your access is suspended" in outbox.outbox[0].subject
    assert "Your access comes back at once when it is paid." in outbox.outbox[0].body
    tell(shop, "invoice.paid", about=owed.pk, life=owed.payer_id)
    publish(shop)
    assert alerts(shop, "kind", resolved_at=None) == []


def test_a_step_that_only_tries_again_writes_nothing(shop, owed):
    step(shop, owed, "retry")
    publish(shop)
    assert messages(shop) == []
    assert alerts(shop) == []
