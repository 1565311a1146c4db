"""The frame of every page of the counter: which tablet, at which site, who is signed in, may they; then one scope.

As the office's frame (`merchants.http.frame`), with a device's secret in place of a log-in: the cookie says the tablet,
the PIN said who stands at it. Both are looked at on every request, so that a device that is unpaired and a person who
left are out at once. What a tablet sends without a page (a script's `fetch`) is answered in JSON.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from billing.counter.places import places_for
from merchants import ids
from merchants.actors import Actor, ActorKind, Channel
from merchants.http.frame import refusal_page
from merchants.models import Device, Membership, Merchant, Site
from merchants.now import Now
from merchants.permissions import Permission, may
from merchants.refusals import NotFound, Refusal
from merchants.selectors.clocks import now_for
from merchants.services import devices, pins
from merchants.tenancy.scope import tenant

COOKIE = "tacite_device"
PATH = "/counter/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """What a page of the counter knows before it begins."""

    merchant: Merchant
    device: Device
    site: Site
    membership: Membership
    role: str
    now: Now
    actor: Actor

    def may(self, permission: Permission | str) -> bool:
        """Whether whoever is signed in may do something. Raises ValueError where there is no such permission."""
        return may(self.role, Permission(permission))


class CounterRequest(HttpRequest):
    """A request that has come through the frame."""

    counter: Counter


CounterView = Callable[..., HttpResponse]


def counter_page(
    *,
    permission: Permission | str = Permission.use_counter,
    post: Permission | str | None = None,
    asks_provider: bool = False,
) -> Callable[[CounterView], CounterView]:
    """Make a view a page of the counter: `view(request, **kwargs)` with `request.counter`, its merchant's scope open.

    A view that `asks_provider` is called after the scope was closed, for no transaction may wait for a provider: it
    opens its own where it needs one.
    A tablet that is not paired (any more) is led to the pairing page, one at which nobody is signed in to the PIN. A
    Refusal that the page lets through undoes what it did and is shown (NotFound: 404).
    """
    needed, needed_to_post = Permission(permission), Permission(post) if post else None

    def wrap(view: CounterView) -> CounterView:
        @functools.wraps(view)
        def framed(request: HttpRequest, **arguments: Any) -> HttpResponse:
            found = devices.find(request.COOKIES.get(COOKIE, ""))
            if found is None:
                return _elsewhere(request, "counter:pair", "device_unpaired", _("This tablet is not paired any more."))
            try:
                with tenant(found.merchant_id):
                    counter = enter(request, found.id)
                    if counter is None:
                        return _elsewhere(request, "counter:sign_in", "signed_out", _("Sign in with your PIN."))
                    wanted = [needed] if request.method in ("GET", "HEAD") else [needed, needed_to_post or needed]
                    if not all(counter.may(one) for one in wanted):
                        raise PermissionDenied
                    cast(CounterRequest, request).counter = counter
                    if not asks_provider:
                        return _answered(view, request, counter, arguments)
                return _answered(view, request, counter, arguments)
            except NotFound as refusal:
                raise Http404 from refusal
            except Refusal as refusal:
                return refused(refusal) if wants_json(request) else refusal_page(request, refusal)

        framed.counter_permission = needed  # type: ignore[attr-defined]
        framed.counter_post_permission = needed_to_post or needed  # type: ignore[attr-defined]
        return cast(CounterView, framed)

    return wrap


def _answered(view: CounterView, request: HttpRequest, counter: Counter, arguments: Mapping[str, Any]) -> HttpResponse:
    with timezone.override(counter.merchant.timezone):
        answer = view(request, **arguments)
    if not answer.has_header("Cache-Control"):
        add_never_cache_headers(answer)
    return answer


def enter(request: HttpRequest, device_id: UUID) -> Counter | None:
    """Who is at a device, inside its merchant's scope; None where nobody is signed in. Sets the page's language: the
    member's own, else the merchant's."""
    device = device_at(device_id)
    merchant = Merchant.objects.get()
    member = pins.at_device(device)
    language = (member.user.locale if member else "") or merchant.locale
    translation.activate(language)
    cast(Any, request).LANGUAGE_CODE = language
    if member is None:
        return None
    return Counter(
        merchant=merchant,
        device=device,
        site=device.site,
        membership=member,
        role=member.role,
        now=now_for(merchant),
        actor=actor_of(member),
    )


def device_at(device_id: UUID) -> Device:
    """A device with its site and who is signed in. Raises Http404 where it is gone."""
    found = Device.objects.select_related("site", "member__user").filter(id=device_id, unpaired_at=None).first()
    if found is None:
        raise Http404
    return found


def actor_of(member: Membership) -> Actor:
    """A member at the counter as the history names them."""
    label = member.user.name or member.user.email
    return Actor(kind=ActorKind.member, id=ids.show("usr", member.user_id), label=label, channel=Channel.counter)


def counter_render(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a page or fragment with what `base/counter.html` reads. A form that was refused is answered with 422."""
    counter = cast(CounterRequest, request).counter
    known = {
        "counter": counter,
        "merchant": counter.merchant,
        "site": counter.site,
        "member_name": counter.actor.label,
        "today": counter.now.today,
        "places": places_for(counter.role, request),
    }
    return render(request, template, {**known, **(context or {})}, status=status)


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks, not a page."""
    return request.headers.get("Accept", "").startswith("application/json")


def refused(refusal: Refusal) -> JsonResponse:
    """A refusal for a script: what is wrong, beside which field, and the way out, in the reader's language."""
    errors = [{"field": one.field, "code": one.code, "detail": one.say(_)} for one in refusal.errors]
    body = {
        "code": refusal.code,
        "detail": refusal.say(_) or (errors[0]["detail"] if errors else ""),
        "way_out": refusal.say_way_out(_),
        "errors": errors,
    }
    return JsonResponse(body, status=refusal.status)


def _elsewhere(request: HttpRequest, page: str, code: str, detail: str) -> HttpResponse:
    address = reverse(page)
    if wants_json(request):
        return JsonResponse({"code": code, "detail": detail, "errors": [], "go_to": address}, status=401)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": address})
    return redirect(address)
