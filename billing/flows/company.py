"""A purchase for a company, said on the hosted form: its name and VAT number become the payer's, and the price is
worked out anew with them."""

from __future__ import annotations

from uuid import UUID

from billing.flows import change_purchase, checkout, outcome, pay
from billing.models import CheckoutSession
from merchants.identity import siren_of, vat_of
from merchants.refusals import Invalid, gettext_noop
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber
from subscribers.registers import Answer, register
from subscribers.services import enrolment

NAME_LENGTH, NUMBER_LENGTH = 160, 20


def may_name(session: CheckoutSession) -> bool:
    """Whether who holds the form may say for which company they buy: where they pay for themself, and begin."""
    return bool(session.subscription.payer_id == session.subscriber_id and session.asked is None)


def name_company(*, merchant_id: UUID, session_id: UUID, company: str, vat_number: str) -> CheckoutSession:
    """Say for which company an open purchase is, and price it anew. A number brings its country where none is known,
    and in France its SIREN. The register of VAT numbers is asked where there is one: only its plain no is a refusal.

    Raises Invalid beside `company` or `vat_number`, and what `change_purchase.close_page` raises.
    """
    change_purchase.close_page(merchant_id=merchant_id, session_id=session_id)
    with tenant(merchant_id):
        known = CheckoutSession.objects.select_related("subscription__payer", "quote__legal_entity").get(id=session_id)
    number = _checked(known.subscription.payer, vat_number)
    answer = _looked_up(number, known)
    with tenant(merchant_id):
        session = checkout.lock(session_id)
        if session.status != CheckoutSession.Status.OPEN or not may_name(session):
            return session
        if outcome.under_way(session) is not None:  # pressed again after the page was closed
            raise pay.PaymentUnderWay
        payer, now, actor = session.subscription.payer, outcome.clock_of(session), pay.visitor(session.subscriber)
        enrolment.revise(payer, _values(payer, company, number), actor=actor, now=now)
        if answer is not None:
            enrolment.keep_answer(payer, answer, actor=actor, now=now)
        checkout.requote(session, now=now)
        return session


def _checked(payer: Subscriber, text: str) -> str:
    """The number as it is written, or '' where none was typed. Raises Invalid beside the field."""
    if not text.strip():
        return ""
    number = vat_of(text.strip())
    if number is None:
        detail = gettext_noop("This is not a VAT number of the Union: its country first, such as DE136695976.")
        raise Invalid.at("vat_number", "vat_number_invalid", detail)
    if payer.country and vat_of(number, payer.country) is None:
        detail = gettext_noop("This VAT number is of another country than your address.")
        raise Invalid.at("vat_number", "vat_number_of_another_country", detail)
    return number


def _looked_up(number: str, session: CheckoutSession) -> Answer | None:
    """What the register says, asked outside any transaction; None where nobody is asked."""
    asking = register()
    if not number or not asking.asks or number == session.subscription.payer.vat_check.get("number"):
        return None
    answer = asking.look_up(number, requester=session.quote.legal_entity.vat_number)
    if answer.verdict == "invalid":
        detail = gettext_noop("The register of VAT numbers says that this one is not in use.")
        raise Invalid.at("vat_number", "vat_number_not_in_use", detail)
    return answer


def _values(payer: Subscriber, company: str, number: str) -> dict[str, str]:
    values = {"company": company.strip(), "vat_number": number}
    prefix = number[:2]
    if number and not payer.country:
        values["country"] = {"EL": "GR", "XI": "GB"}.get(prefix, prefix)
    if prefix == "FR" and not payer.siren and siren_of(number[4:]):
        values["siren"] = number[4:]
    return values
