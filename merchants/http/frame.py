"""The frame of every page of the back office: who asks, for which merchant, may they; then one scope around the page.

A page is a function `view(request, **kwargs)` under `/office/<merchant>/…`, decorated with `office_page`. It finds
`request.office`, answers with `office_render`, and calls services: the scope of its merchant is open around it, the
rendering included. It is committed when the answer is made, and undone when the page raises.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from merchants import ids
from merchants.actors import Actor, ActorKind, Channel
from merchants.http.choices import Choice, choices_of
from merchants.models import Membership, Merchant, User
from merchants.now import Now
from merchants.permissions import Permission, may
from merchants.refusals import Forbidden, NotFound, Refusal, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.across import Found, across_tenants
from merchants.tenancy.scope import tenant

CHANNELS = {"support": Channel.call_centre, "counter": Channel.counter}
"""By which channel a role acts; the others act through the web."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What a page knows before it begins: the merchant, who is there, what they may do, what time it is."""

    merchant: Merchant
    membership: Membership
    role: str
    now: Now
    actor: Actor
    choices: list[Choice]

    def may(self, permission: Permission | str) -> bool:
        """Whether this member may do something. Raises ValueError where there is no such permission."""
        return may(self.role, Permission(permission))

    def url(self, name: str, **arguments: str) -> str:
        """The address of `office:<name>` under this merchant."""
        return reverse(f"office:{name}", kwargs={"merchant": self.merchant.public_id, **arguments})


class KeptToSites(Forbidden):
    """The office shows every site: whoever works at counters and is kept to some of them works there."""

    code = "kept_to_sites"
    detail = gettext_noop("Your work is at the counter of your sites.")
    way_out = gettext_noop("Ask whoever manages the staff if you need the back office.")


class OfficeRequest(HttpRequest):
    """A request that has come through the frame."""

    office: Office
    user: User


OfficeView = Callable[..., HttpResponse]


def office_page(
    *, permission: Permission | str, post: Permission | str | None = None, asks_provider: bool = False
) -> Callable[[OfficeView], OfficeView]:
    """Make a view a page of the back office.

    Log-in is asked for; who is not a member of the merchant in the address gets the same 404 as for a merchant that
    does not exist; a member whose role lacks `permission` gets the 403 page. `post`: a further permission that a POST
    needs. A Refusal that the page lets through undoes what it did and is shown as a page (NotFound: the same 404).
    Names of permissions are checked when the module is loaded. A view that `asks_provider` is called after the scope
    was closed, for no transaction may wait for a provider: it opens its own where it needs one.
    """
    needed, needed_to_post = Permission(permission), Permission(post) if post else None

    def wrap(view: OfficeView) -> OfficeView:
        @functools.wraps(view)
        def framed(request: HttpRequest, merchant: str, **arguments: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_log_in(request)
            memberships = across_tenants("memberships", request.user.id)
            merchant_id, membership_id = _place(memberships, merchant)
            choices = choices_of(memberships, current=merchant_id)
            try:
                with tenant(merchant_id):
                    office = _enter(request, merchant_id, membership_id, choices)
                    if office.membership.sites and office.may(Permission.use_counter):
                        raise KeptToSites
                    wanted = [needed] if request.method in ("GET", "HEAD") else [needed, needed_to_post or needed]
                    if not all(office.may(one) for one in wanted):
                        raise PermissionDenied
                    cast(OfficeRequest, request).office = office
                    if not asks_provider:
                        with timezone.override(office.merchant.timezone):
                            return _whole(view(request, **arguments))
                with timezone.override(office.merchant.timezone):
                    return _whole(view(request, **arguments))
            except NotFound as refusal:
                raise Http404 from refusal
            except Refusal as refusal:
                return refusal_page(request, refusal)

        # what the view asks for stands on it, for the table of pages and permissions (a function has no such attribute)
        framed.office_permission = needed  # type: ignore[attr-defined]
        framed.office_post_permission = needed_to_post or needed  # type: ignore[attr-defined]
        return cast(OfficeView, framed)

    return wrap


def to_log_in(request: HttpRequest) -> HttpResponse:
    """To the log-in page and back here; a fragment sends the whole page there."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": resolve_url(settings.LOGIN_URL)})
    return redirect_to_login(request.get_full_path())


def _place(memberships: Sequence[Found], shown: str) -> Found:
    """The membership of the merchant in the address. Raises Http404 where there is none, whatever the reason."""
    merchant_id = ids.read("mer", shown)
    for found in memberships:
        if found.merchant_id == merchant_id:
            return found
    raise Http404


def _enter(request: HttpRequest, merchant_id: UUID, membership_id: UUID, choices: list[Choice]) -> Office:
    """Look again inside the scope, and set the page's language: the person's own, else the merchant's."""
    user = cast(User, request.user)
    member = Membership.objects.filter(id=membership_id, user=user, removed_at=None).first()
    merchant = Merchant.objects.filter(id=merchant_id).first()
    if member is None or merchant is None:
        raise Http404
    language = user.locale or merchant.locale
    translation.activate(language)
    cast(Any, request).LANGUAGE_CODE = language
    return Office(
        merchant=merchant,
        membership=member,
        role=member.role,
        now=now_for(merchant),
        actor=actor_of(user, member.role),
        choices=choices,
    )


def actor_of(user: User, role: str) -> Actor:
    """The member as the history names them; support acts as the call centre, the till as the counter."""
    return Actor(
        kind=ActorKind.member,
        id=ids.show("usr", user.id),
        label=user.name or user.email,
        channel=CHANNELS.get(role, Channel.web),
    )


def _whole(response: HttpResponseBase) -> HttpResponseBase:
    """The response, rendered now: nothing may be read after the scope has closed."""
    if response.streaming:
        raise TypeError("A page that streams opens a scope of its own: do not put it in the frame.")
    if hasattr(response, "render"):
        response = response.render()
    if not response.has_header("Cache-Control"):
        add_never_cache_headers(response)
    return response


def office_render(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a page or fragment with what `base/office.html` reads. A form that was refused is answered with 422."""
    office = cast(OfficeRequest, request).office
    known = {
        "office": office,
        "merchant": office.merchant,
        "merchant_choices": office.choices if len(office.choices) > 1 else [],
        "member_name": office.actor.label,
        "member_role": role_name(office.role),
        "today": office.now.today,
    }
    return render(request, template, {**known, **(context or {})}, status=status)


def role_name(role: str) -> str:
    """A role in the reader's language."""
    return {
        "owner": _("Owner"),
        "admin": _("Admin"),
        "accountant": _("Accountant"),
        "support": _("Support"),
        "counter": _("Counter"),
        "read_only": _("Read only"),
    }.get(role, role)


@contextmanager
def beside(form: forms.BaseForm, fields: Mapping[str, str] | None = None) -> Iterator[None]:
    """Act on a valid form: a Refusal undoes the act (a savepoint) and stands beside the fields that it names.

    `fields` maps a refusal's paths (`stages[0].amount`) to the form's names where they differ; what the form has no
    field for stands above it. Afterwards ask `form.is_valid()` again, and answer 422 where it says no.
    """
    try:
        with transaction.atomic():
            yield
    except Refusal as refusal:
        put_beside(form, refusal, fields or {})


def put_beside(form: forms.BaseForm, refusal: Refusal, fields: Mapping[str, str]) -> None:
    """Write a refusal's texts, in the reader's language, where the form shows them."""
    for error in refusal.errors:
        name = fields.get(error.field, error.field)
        form.add_error(name if name in form.fields else None, error.say(_))
    if not refusal.errors or refusal.detail:
        way_out = refusal.say_way_out(_)
        form.add_error(None, f"{refusal.say(_)} {way_out}".strip())


def refusal_page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A rule that said no, as a page with a way back."""
    back = request.headers.get("referer", "")
    context = {
        "title": _(refusal.title),
        "detail": refusal.say(_),
        "way_out": refusal.say_way_out(_),
        "back_url": back if back.startswith(f"{request.scheme}://{request.get_host()}/") else "",
    }
    return render(request, "errors/refusal.html", context, status=refusal.status)
