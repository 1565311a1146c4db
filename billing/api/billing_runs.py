"""`/billing_runs`: what was billed when, what would be, what was left aside; begin one, let a parked one go on."""

from __future__ import annotations

from datetime import timedelta

from rest_framework.request import Request
from rest_framework.response import Response

from billing.flows import running
from billing.flows.start_run import start_run
from billing.models import BillingRun
from billing.selectors import runs
from billing.selectors.due import due_rows
from billing.selectors.forecast import BY_DATE, MOST_FOR_A_PAGE, end_of, forecast, outlook
from billing.selectors.run_answers import (
    BillingRunShape,
    ForecastShape,
    ParkedShape,
    forecast_shown,
    parked_shown,
    runs_shown,
)
from billing.tasks import bill_soon
from merchants.http import cursors
from merchants.http.bodies import Body, Filters
from merchants.http.fields import Choice, Day, PublicId, Text
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.views import ApiView
from merchants.models import TestClock
from merchants.refusals import Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from subscribers.models import Subscription

FURTHEST = timedelta(days=400)


class BillingRunFilters(Filters):
    """Which runs."""

    status = Choice(choices=list(BillingRun.Status.values), required=False)
    kind = Choice(choices=list(BillingRun.Kind.values), required=False)
    test_clock = PublicId("tc", required=False)


class PreviewFilters(Filters):
    """Until the end of which day (default: today), on which test clock (default: real time), which page."""

    date = Day(required=False)
    test_clock = PublicId("tc", required=False)
    cursor = Text(max_length=1_000, required=False)
    limit = Text(max_length=10, required=False)


class ReleaseBody(Body):
    """Which one may go on."""

    subscription = PublicId("sub")


class BillingRuns(ApiView):
    """All runs."""

    scopes = {"GET": "billing_runs:read", "POST": "billing_runs:write"}

    @operation("List billing runs", answer=BillingRunShape, page=True, filters=BillingRunFilters)
    def get(self, request: Request) -> Response:
        """Newest first. `payments` says what became of a run's invoices until now."""
        given = dict(self.filters)
        rows = runs.runs()
        if "test_clock" in given:
            rows = rows.filter(test_clock=find(TestClock.objects.all(), given.pop("test_clock"), field="test_clock"))
        return self.page(rows.filter(**given), runs_shown)

    @operation("Start a billing run", answer=BillingRunShape, body=Body, status=201)
    def post(self, request: Request) -> Response:
        """All that is due now is billed and asked for, by a worker; follow it by reading the run. Runs start by
        themselves as things fall due: this is for who does not want to wait. 409 `nothing_due`, or `run_under_way`."""
        _checked = self.body
        row = start_run(merchant=self.merchant, actor=self.actor, now=self.now)
        bill_soon(self.merchant.pk)
        return Response(runs_shown([row])[0], status=201)


class OneBillingRun(ApiView):
    """One run."""

    scopes = {"GET": "billing_runs:read"}

    @operation("Read a billing run", answer=BillingRunShape)
    def get(self, request: Request, billing_run: str) -> Response:
        """Its invoices: `/invoices?run=`."""
        return Response(runs_shown([self.find(runs.runs(), billing_run)])[0])


class ParkedOfRun(ApiView):
    """What a run left aside."""

    scopes = {"GET": "billing_runs:read"}

    @operation("List what a run parked", answer=ParkedShape, page=True)
    def get(self, request: Request, billing_run: str) -> Response:
        """Newest first, with those that were let go on since."""
        row = self.find(runs.runs(), billing_run)
        return self.page(runs.parked_in(row), parked_shown)


class ReleaseParked(ApiView):
    """Letting a parked subscription go on."""

    scopes = {"POST": "billing_runs:write"}

    @operation("Let a parked subscription go on", answer=ParkedShape, body=ReleaseBody)
    def post(self, request: Request, billing_run: str) -> Response:
        """The next run takes it again; where its fault still stands, it is parked again."""
        row = self.find(runs.runs(), billing_run)
        wanted = find(Subscription.objects.all(), self.body["subscription"], field="subscription")
        parked = runs.parked_in(row).filter(subscription=wanted).last()
        if parked is None:
            detail = gettext_noop("This run did not park that subscription.")
            raise Invalid.at("subscription", "not_parked_in_this_run", detail)
        running.release(merchant_id=self.merchant.pk, subscription_id=wanted.pk, actor=self.actor)
        parked.refresh_from_db()
        return Response(parked_shown([parked])[0])


class PreviewBillingRun(ApiView):
    """What a run would make."""

    scopes = {"GET": "billing_runs:read"}

    @operation("Preview a billing run", answer=ForecastShape, filters=PreviewFilters)
    def get(self, request: Request) -> Response:
        """All that is due until the end of `date`, in the past or up to 400 days ahead: counts and sums of the whole,
        and a page of the list (`cursor`, `limit`). Computed as the run itself would; nothing is written. Where very
        many are due only the first of them are counted, and `at_least` is true."""
        given = self.filters
        clock = None
        if "test_clock" in given:
            clock = find(TestClock.objects.all(), given["test_clock"], field="test_clock").pk
        now = now_for(self.merchant, clock)
        day = given.get("date", now.today)
        if day > now.today + FURTHEST:
            raise Invalid.at("date", "date_too_far", gettext_noop("A date up to 400 days ahead."))
        due_by = end_of(day, now.zone)
        page = cursors.page(
            due_rows(due_by, clock).select_related("offer_version"),
            cursor=given.get("cursor"),
            limit=cursors.check_limit(given.get("limit")),
            by=cursors.Keyset(BY_DATE),
        )
        found = forecast(merchant=self.merchant, due_by=due_by, now=now.at, test_clock_id=clock, most=MOST_FOR_A_PAGE)
        rows = outlook(page.rows, self.merchant, due_by, now.at)
        return Response(forecast_shown(found, day, rows, page.next_cursor))
