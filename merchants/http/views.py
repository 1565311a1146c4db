"""What every endpoint of the API is made of. A view declares; this class authenticates, reads, opens the tenant's
scope, answers once per Idempotency-Key, and turns every error into a problem. See docs/api-views.md."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar, cast

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import cached_property
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from merchants.actors import Actor
from merchants.http import cursors, idempotency
from merchants.http.authentication import Caller, note_use, scope_missing
from merchants.http.bodies import Body
from merchants.http.expand import SCOPES, read_expand
from merchants.http.operations import Operation, operation_of
from merchants.http.references import find
from merchants.http.strict_json import StrictJsonParser, check_framing
from merchants.http.throttling import PerKey
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import FieldError, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant

M = TypeVar("M", bound=Model)
_log = logging.getLogger(__name__)


class AlwaysJson(BaseContentNegotiation):
    """We answer JSON whatever `Accept` says, as the document tells; we read JSON only."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        """The one parser, if the body says that it is JSON."""
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        return next(iter(parsers)) if kind == "application/json" else None

    def select_renderer(self, request: Request, renderers: Iterable[Any], format_suffix: Any = None) -> Any:
        """The first."""
        first = next(iter(renderers))
        return first, first.media_type


class ApiView(APIView):
    """One address of the API.

    `scopes` names for each method what a key must be allowed. `scope`: whether the whole handler runs in the tenant's
    transaction (flows that talk to providers say False and open it themselves). In a handler: `self.merchant`,
    `self.actor`, `self.now`, `self.body`, `self.filters`, `self.expand`, and `self.claim_id` (see idempotency.Claim).
    """

    scopes: ClassVar[Mapping[str, str]] = {}
    scope: ClassVar[bool] = True
    parser_classes = (StrictJsonParser,)
    throttle_classes = (PerKey,)
    content_negotiation_class = AlwaysJson
    metadata_class = None
    http_method_names = ["get", "head", "post", "patch", "delete"]
    claim: idempotency.Claim | None = None

    @property
    def caller(self) -> Caller:
        """Whose key it is, and what it may."""
        return cast(Caller, self.request.auth)

    @property
    def merchant(self) -> Merchant:
        """The key's merchant, as it stood when the key was checked."""
        return self.caller.merchant

    @property
    def actor(self) -> Actor:
        """The key, as the one who acts."""
        return self.caller.actor

    @cached_property
    def now(self) -> Now:
        """The present as the merchant sees it. For a subscriber on a test clock ask `now_for`."""
        return now_for(self.merchant)

    @property
    def claim_id(self) -> Any:
        """An id that is the same for all requests with this Idempotency-Key, or None where none was sent."""
        return self.claim.reply_id if self.claim else None

    @cached_property
    def operation(self) -> Operation:
        """What this method declares. Raises MethodNotAllowed where it declares nothing."""
        found = operation_of(self, str(self.request.method))
        if found is None:
            raise MethodNotAllowed(str(self.request.method))
        return found

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """The body's fields, checked (on PATCH only those given). Raises Invalid (422). Find the address's object
        first: an unknown id is a 404 whatever the body says."""
        return self._read(self.operation.body or Body, self.request.data, partial_=self.request.method == "PATCH")

    @cached_property
    def filters(self) -> Mapping[str, Any]:
        """The query's filters, checked; without `limit`, `cursor` and `expand`."""
        own = {"limit", "cursor"} if self.operation.page else set()
        if self.operation.expand:
            own.add("expand")
        given = self.request.query_params
        for name in given:
            if len(given.getlist(name)) > 1:
                raise Invalid.at(name, "parameter_repeated", gettext_noop("This parameter stands twice."))
            if "\x00" in given[name]:
                detail = gettext_noop("This text holds a character that cannot be stored.")
                raise Invalid.at(name, "text_not_storable", detail)
        return self._read(self.operation.filters, {name: given[name] for name in given if name not in own})

    @cached_property
    def expand(self) -> frozenset[str]:
        """The names in `?expand=`. Raises PermissionDenied (403, scope_missing) for what the key may not read."""
        names = read_expand(self.request.query_params.get("expand"), self.operation.expand)
        for needed in sorted(SCOPES.get(name, "—") for name in names):
            if not self.caller.may(needed):
                raise scope_missing(needed)
        return names

    def _read(self, kind: type[Body], given: Any, *, partial_: bool = False) -> Mapping[str, Any]:
        shown = getattr(self.operation.answer, "__annotations__", {})
        form = kind(data=given, partial=partial_, context={"read_only": frozenset(shown)})
        form.is_valid(raise_exception=True)
        return cast(Mapping[str, Any], form.validated_data)

    def find(self, queryset: QuerySet[M], text: str) -> M:
        """The row that the address names. Raises NotFound (404)."""
        return find(queryset, text)

    def page(
        self,
        queryset: QuerySet[M],
        show: Callable[[list[M]], Sequence[Mapping[str, Any]]],
        *,
        by: cursors.Keyset = cursors.NEWEST,
    ) -> Response:
        """One page of a list; `show` makes all its objects in a fixed number of queries."""
        given = self.request.query_params
        limit = cursors.check_limit(given.get("limit"))
        found = cursors.page(queryset, cursor=given.get("cursor"), limit=limit, by=by)
        shown = list(show(found.rows))
        return Response({"data": shown, "has_more": found.has_more, "next_cursor": found.next_cursor})

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As DRF's, with the scope and the Idempotency-Key around the handler."""
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers: dict[str, str] = self.default_response_headers
        response: HttpResponseBase
        try:
            check_framing(self.request)
            self.initial(self.request, *args, **kwargs)
            response = self._once()
        except Exception as fault:
            response = self.handle_exception(fault)
        response = self.finalize_response(self.request, cast(Any, response), *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        caller = vars(self.request).get("_auth")  # asking for `auth` would authenticate again what was refused
        if isinstance(caller, Caller):
            response._resource_closers.append(partial(_afterwards, caller, self.claim is not None))  # type: ignore[attr-defined]
        self.response = response
        return response

    def _once(self) -> HttpResponseBase:
        """The handler's answer, or the one that the same key had before."""
        _declared, _filters, _expand = self.operation, self.filters, self.expand
        sent = self.request.data if self.request.method in ("POST", "PATCH", "PUT", "DELETE") else {}
        if self.operation.body is None and sent:
            self._read(Body, sent)
        key = idempotency.key_of(self.request) if self.request.method == "POST" else None
        if key is None:
            return self._work()
        found = idempotency.claim(
            merchant_id=self.caller.merchant_id,
            key=key,
            print_=idempotency.fingerprint("POST", self.request.get_full_path(), sent),
        )
        if isinstance(found, HttpResponse):
            return found
        self.claim = found
        try:
            return self._work()
        except Exception as fault:
            response = _rendered(self.handle_exception(fault))
            found.settle(response)
            return response

    def _work(self) -> HttpResponseBase:
        handler: Callable[..., HttpResponseBase] = getattr(self, str(self.request.method).lower())
        if self.scope:
            with tenant(self.caller.merchant_id):
                return self._kept(handler(self.request, *self.args, **self.kwargs))
        response = handler(self.request, *self.args, **self.kwargs)
        if self.claim is None:
            return response
        with tenant(self.caller.merchant_id):
            return self._kept(response)

    def _kept(self, response: HttpResponseBase) -> HttpResponseBase:
        if self.claim is None:
            return response
        final = _rendered(response)
        self.claim.keep(final, body=_remembered(response, final))
        return final


def refuse(field: str, code: str, detail: str) -> Invalid:
    """A field's refusal that a handler found by itself."""
    return Invalid(code=code, errors=[FieldError(field=field, code=code, detail=detail)])


def created(shown: Mapping[str, Any]) -> Response:
    """201 with the whole object."""
    return Response(shown, status=201)


def shown_once(response: Response, *names: str) -> Response:
    """The same answer, whose fields of these names are secrets: a replay of it answers null in their place, and they
    are never stored."""
    response.shown_once = names  # type: ignore[attr-defined] # ours, on DRF's answer: read once, by _remembered
    return response


def _remembered(response: HttpResponseBase, final: HttpResponse) -> bytes:
    """What is remembered of an answer: its bytes, without what is shown once."""
    names = getattr(response, "shown_once", ())
    if not names or not isinstance(response, Response):
        return bytes(final.content)
    return bytes(JSONRenderer().render({**response.data, **dict.fromkeys(names)}))


def _rendered(response: HttpResponseBase) -> HttpResponse:
    """The answer with its bytes made, so that what is remembered is what is sent."""
    if not isinstance(response, Response):
        return cast(HttpResponse, response)
    content = b"" if response.data is None else JSONRenderer().render(response.data)
    kind = response.content_type or ("application/json" if content else None)
    made = HttpResponse(content, status=response.status_code, content_type=kind)
    for name, value in response.items():
        if name.lower() != "content-type":
            made[name] = value
    return made


def _afterwards(caller: Caller, keyed: bool) -> None:
    """Once the answer is on its way: when the key was used, and old answers forgotten. A failure here is not told."""
    try:
        note_use(caller)
        if keyed:
            idempotency.forget_old(caller.merchant_id)
    except Exception:
        _log.warning("could not note the use of a key", exc_info=True)
