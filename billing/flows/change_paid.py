"""A change that is made only if it is paid (domain 9): quoted, charged to the means that is kept or left to a form, and
made when the money is there. What lapses leaves nothing."""

from __future__ import annotations

from uuid import UUID

from billing.engine.transitions import When
from billing.flows import asking, cancel, change, change_asked, change_purchase, checkout, outcome, subscribe_paid
from billing.flows.asks import Ask
from billing.flows.bring_up import bring_up, is_due
from billing.flows.change import Changing
from billing.flows.change_asked import Asked
from billing.flows.held import bill_what_waits
from billing.flows.pay import PaymentUnderWay
from billing.flows.providers import gateway_of
from billing.gateways.base import ChargeAsk
from billing.models import CheckoutSession
from invoices.models import Payment
from merchants.actors import Actor
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from subscribers.snapshots import Collection


def foresee(*, merchant_id: UUID, subscription_id: UUID, ask: Ask, changing: Changing, actor: Actor) -> int:
    """What would have to be paid first, in minor units; 0: it would be made at once. Nothing is written. Raises what
    `change_paid` raises."""
    with tenant(merchant_id):
        _check(changing)
        asked = Asked(ask=ask, changing=changing, actor=actor)
        _check_counts_now(merchant_id, subscription_id, asked)
        due = change_asked.to_pay(cancel.lock(subscription_id), asked)
        if due:
            change_asked.told(asked)
        return due


def change_paid(
    *,
    merchant_id: UUID,
    subscription_id: UUID,
    ask: Ask,
    changing: Changing,
    actor: Actor,
    session_id: UUID | None = None,
) -> CheckoutSession | None:
    """Make a change once it is paid. None: nothing was to pay, and it is made.

    Its sum is charged to the payer's default means; where there is none, where it is refused, or where the bank wants
    the subscriber, the session that is answered is open: its form takes another one, and it lapses like any other. An
    earlier change that waits gives way. `session_id` makes a repeat safe. Raises what `change.change` raises, Invalid
    (`only_if_paid_counts_now`, `only_if_paid_is_billed_now`, `only_if_paid_costs_nothing`), Conflict
    (`success_url_missing`), PaymentUnderWay, ProviderSilent.
    """
    _check(changing)
    asked = Asked(ask=ask, changing=changing, actor=actor)
    with tenant(merchant_id):
        known = CheckoutSession.objects.filter(id=session_id).first() if session_id else None
    if known is None:
        _close_others(merchant_id, subscription_id)
        session = open_form(
            merchant_id=merchant_id, subscription_id=subscription_id, asked=asked, session_id=session_id
        )
        if session is None:
            return None
        session_id = session.pk
    assert session_id is not None
    claimed = _claim(merchant_id, session_id)
    if claimed is not None:
        payment, charge = claimed
        answer = asking.ask(gateway_of(payment.account), charge)
        outcome.record(merchant_id=merchant_id, payment_id=payment.pk, outcome=answer)
    with tenant(merchant_id):
        return CheckoutSession.objects.select_related("subscription__offer_version", "quote").get(id=session_id)


def waiting_of(subscription_ids: list[UUID]) -> dict[UUID, CheckoutSession]:
    """The changes that wait for their payment, by subscription. One query. Needs the tenant's scope."""
    rows = CheckoutSession.objects.filter(
        subscription_id__in=subscription_ids, status=CheckoutSession.Status.OPEN, asked__isnull=False
    )
    return {row.subscription_id: row for row in rows.select_related("quote__offer_version")}


LATER = gettext_noop("Only what counts now can wait for its payment.")


def _check_counts_now(merchant_id: UUID, subscription_id: UUID, asked: Asked) -> None:
    """Refuse what the merchant's policy lets count at the end of the period only."""
    seen = change.foresee(
        merchant_id=merchant_id, subscription_id=subscription_id, ask=asked.ask, changing=asked.changing
    )
    if seen.when is When.period_end:
        raise Invalid.at("when", "only_if_paid_counts_now", LATER)


def _check(changing: Changing) -> None:
    if changing.when == "period_end":
        raise Invalid.at("when", "only_if_paid_counts_now", LATER)
    if changing.invoice == "next":
        detail = gettext_noop("What waits for its payment is billed by itself, when it is paid.")
        raise Invalid.at("invoice", "only_if_paid_is_billed_now", detail)


def _close_others(merchant_id: UUID, subscription_id: UUID) -> None:
    """Close the page of a change that waits: it may have been paid meanwhile, and then it is made."""
    with tenant(merchant_id):
        waiting = waiting_of([subscription_id]).get(subscription_id)
    if waiting is not None:
        change_purchase.close_page(merchant_id=merchant_id, session_id=waiting.pk)


def open_form(
    *, merchant_id: UUID, subscription_id: UUID, asked: Asked, session_id: UUID | None = None
) -> CheckoutSession | None:
    """Quote a change and open its form, without asking any provider; None where nothing is to pay: it is made then. One
    that waited gives way. Raises what `change_paid` raises."""
    _check(asked.changing)
    with tenant(merchant_id):
        row, merchant = cancel.lock(subscription_id), Merchant.objects.get(id=merchant_id)
        now, actor = now_for(merchant, row.test_clock_id), asked.actor
        if is_due(row, now):
            bring_up(merchant_id, row, actor=actor, now=now)
        bill_what_waits(cancel.lock(subscription_id), merchant, actor=actor, now=now)
        _check_counts_now(merchant_id, subscription_id, asked)
        due = change_asked.to_pay(row, asked)
        waiting = waiting_of([row.pk]).get(row.pk)
        if waiting is not None:
            waiting = checkout.lock(waiting.pk)
            if outcome.under_way(waiting) is not None:
                raise PaymentUnderWay
            checkout.lapse(waiting, actor=actor, now=now)
        if not due:
            change_asked.make(row, asked)
            return None
        told = change_asked.told(asked)
        success = _back_to(row, merchant)
        if not success:
            raise Conflict(
                gettext_noop("A purchase that may end on its form needs a page to come back to."),
                code="success_url_missing",
                way_out=gettext_noop("Set it in Settings, Return pages."),
            )
        quote = change_asked.quote(row, asked, due, now=now)
        quote.save(force_insert=True)
        session = CheckoutSession(
            id=session_id or new_id(),
            subscriber=row.subscriber,
            subscription=row,
            quote=quote,
            asked=told,
            locale=row.payer.locale or merchant.locale,
            success_url=success,
            failure_url=merchant.failure_url,
            cancel_url=merchant.cancel_url,
            channel=actor.channel.value,
            created_at=now.at,
            expires_at=now.at + checkout.OPEN_FOR,
        )
        session.save(force_insert=True)
        return session


def _back_to(row: Subscription, merchant: Merchant) -> str:
    """Where whoever has paid on the form belongs: the merchant's return page, that of the purchase, or the website."""
    bought = CheckoutSession.objects.filter(subscription=row, asked__isnull=True).order_by("id")
    own = "" if merchant.success_url else bought.values_list("success_url", flat=True).first()
    return str(merchant.success_url or own or merchant.website)


def _claim(merchant_id: UUID, session_id: UUID) -> tuple[Payment, ChargeAsk] | None:
    """The payment by the means that is kept, committed before the provider is asked; None where there is none, or it
    was tried."""
    with tenant(merchant_id):
        session = checkout.lock(session_id)
        row, now = session.subscription, outcome.clock_of(session)
        tried = Payment.objects.filter(session_id=session.pk).exists()
        if session.status != CheckoutSession.Status.OPEN or tried or not _by_itself(row):
            return None
        method = subscribe_paid.kept_method(row.payer, row.payment_method)
        if method is None:
            return None
        payment = subscribe_paid.payment_by(session, method, now=now)
        return payment, asking.charge_ask(
            payment,
            method,
            row.payer,
            description=subscribe_paid.title_of(session),
            metadata={"checkout_session": session.public_id},
        )


def _by_itself(row: Subscription) -> bool:
    return row.collection == Collection.automatic.value


def let_go(*, merchant_id: UUID, subscription_id: UUID, actor: Actor) -> None:
    """Let a change that waits for its payment go, without asking the provider. Raises Conflict
    (`nothing_to_undo`), PaymentUnderWay where somebody has gone to its page."""
    with tenant(merchant_id):
        waiting = waiting_of([subscription_id]).get(subscription_id)
        if waiting is None:
            raise Conflict(gettext_noop("No change waits for its payment."), code="nothing_to_undo")
        session = checkout.lock(waiting.pk)
        if session.status == CheckoutSession.Status.OPEN:
            if outcome.under_way(session) is not None:
                raise PaymentUnderWay
            checkout.lapse(session, actor=actor, now=outcome.clock_of(session))
