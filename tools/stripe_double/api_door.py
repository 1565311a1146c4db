"""The door of `/v1`: key, version, route, fault, idempotency, contract, action, answer; in this order."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import sys
import time
import traceback
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from . import contract, forms
from .calls import Call, answer
from .errors import ApiError, invalid
from .faults import Fault, Faults
from .routes import Route, match
from .store import API_VERSION, Account, Obj, Reply, World, new_id, now
from .webhooks import Courier

_STATUS_FAULTS: dict[str, tuple[str, str, str | None]] = {
    "401": ("invalid_request_error", "Invalid API Key provided: sk_test_****************gone", None),
    "403": ("invalid_request_error", "The provided key does not have access to this account.", "account_invalid"),
    "409": ("invalid_request_error", "This object cannot be accessed right now, try again.", "lock_timeout"),
    "429": ("invalid_request_error", "Request rate limit exceeded.", "rate_limit"),
    "500": ("api_error", "An unknown error occurred.", None),
    "502": ("api_error", "Bad gateway.", None),
    "503": ("api_error", "Stripe is temporarily unavailable.", None),
}


@dataclass
class Answer:
    """What goes back over the wire, and what the wire does to it."""

    status: int
    body: Obj
    headers: dict[str, str] = field(default_factory=dict)
    fault: Fault | None = None


class ApiDoor:
    """Answers the calls of the API."""

    def __init__(self, world: World, faults: Faults, courier: Courier) -> None:
        self._world, self._faults, self._courier = world, faults, courier

    def answer(self, method: str, path: str, query: str, body: bytes, headers: Message, base_url: str) -> Answer:
        """One request, whatever becomes of it."""
        request_id = new_id("req")
        told = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
        try:
            account = self._account(headers)
            self._check_version(headers)
            found = match(method, path)
            if found is None:
                raise ApiError(
                    404,
                    f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help "
                    "at https://support.stripe.com/.",
                )
            route, ident = found
            key = headers.get("Idempotency-Key") if method == "POST" else None
            params = forms.decode(query if method == "GET" else body.decode("utf-8"))
            call = Call(self._world, account, base_url, request_id, key, params, ident, path)
            made = self._perform(call, route)
        except ApiError as refusal:
            made = Answer(refusal.status, refusal.body())
        made.headers = {**told, **made.headers}
        return made

    def _account(self, headers: Message) -> Account:
        scheme, _, value = headers.get("Authorization", "").partition(" ")
        key = value.strip()
        if scheme.lower() == "basic":
            try:
                key = base64.b64decode(key, validate=True).decode("utf-8").partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                key = ""
        if not key:
            raise ApiError(
                401,
                "You did not provide an API key. You need to provide your API key in the Authorization header, using "
                "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            )
        if not key.startswith(("sk_test_", "rk_test_")) or len(key) < 12:
            shown = f"{key[:8]}{'*' * 12}{key[-4:]}" if len(key) > 12 else "****"
            raise ApiError(401, f"Invalid API Key provided: {shown}")
        connected = headers.get("Stripe-Account")
        return self._world.account(f"{key}/{connected}" if connected else key)

    def _check_version(self, headers: Message) -> None:
        version = headers.get("Stripe-Version", API_VERSION)
        if version != API_VERSION:
            raise invalid(f"Invalid Stripe API version: {version}. This double speaks {API_VERSION}.")

    def _perform(self, call: Call, route: Route) -> Answer:
        account, key = call.account, call.idempotency_key
        fault = self._faults.take(route.name)
        if fault is not None and fault.kind in ("timeout_before", "reset_before"):
            self._log(call, route, f"fault {fault.kind}")
            return Answer(0, {}, fault=fault)
        print_of_call = _fingerprint(route, call)
        if key is not None:
            replayed = self._begin(account, key, print_of_call)
            if replayed is not None:
                self._log(call, route, replayed.status, replayed=True)
                headers = {"Idempotent-Replayed": "true", "Original-Request": replayed.request_id}
                return Answer(replayed.status, replayed.body, headers, _after(fault))
        try:
            made = self._act(call, route, fault, print_of_call)
        finally:
            if key is not None:
                with account.lock:
                    account.running.discard(key)
        made.fault = _after(fault)
        if self._courier.mode == "early":
            self._courier.drained(10)
        return made

    def _begin(self, account: Account, key: str, print_of_call: str) -> Reply | None:
        if len(key) > 255:
            raise invalid("Idempotency keys may be at most 255 characters long.")
        with account.lock:
            known = account.replies.get(key)
            if known is None and key not in account.running:
                account.running.add(key)
                return None
        if known is None:
            raise ApiError(
                409,
                f"There is currently another in-progress request using this Idempotent Key ({key}). Please try again "
                "later.",
                kind="idempotency_error",
                code="idempotency_key_in_use",
            )
        if known.fingerprint != print_of_call:
            raise ApiError(
                400,
                "Keys for idempotent requests can only be used with the same parameters they were first used with. Try "
                f"using a key other than '{key}' if you meant to execute a different request.",
                kind="idempotency_error",
            )
        return known

    def _act(self, call: Call, route: Route, fault: Fault | None, print_of_call: str) -> Answer:
        with call.account.lock:
            refusal: ApiError | None = None
            try:
                if fault is not None and fault.kind in _STATUS_FAULTS:
                    kind, message, code = _STATUS_FAULTS[fault.kind]
                    raise ApiError(int(fault.kind), message, kind=kind, code=code)
                call.params = contract.read(route.params, call.params)
                made = answer(call, route.action(call))
                if fault is not None and fault.kind == "search_late":  # the index lacks what is new
                    made["data"] = []
                reply = Answer(200, made)
                if fault is not None and fault.kind == "500_after":
                    raise ApiError(500, "An unknown error occurred.", kind="api_error")
            except ApiError as raised:
                refusal = raised
                reply = Answer(raised.status, raised.body())
            except Exception:  # a fault of the double's own: say so, as a server would
                traceback.print_exc(file=sys.stderr)
                reply = Answer(500, ApiError(500, "The double itself failed; see its log.", kind="api_error").body())
            self._log(call, route, reply.status, code=refusal.code if refusal else None)
            key = call.idempotency_key
            if key is not None and not (refusal is not None and refusal.is_validation):
                call.account.replies[key] = Reply(print_of_call, reply.status, reply.body, call.request_id or "", now())
            self._world.changed()
            return reply

    def _log(self, call: Call, route: Route, result: Any, *, replayed: bool = False, code: str | None = None) -> None:
        line = {
            "at": round(time.time(), 3),
            "id": call.request_id,
            "call": route.name,
            "object": call.ident or None,
            "idempotency_key": call.idempotency_key,
            "result": result,
            "code": code,
            "replayed": replayed,
        }
        with call.account.lock:
            call.account.requests.append(line)
            del call.account.requests[:-10_000]


def _after(fault: Fault | None) -> Fault | None:
    return fault if fault is not None and fault.kind in ("timeout_after", "reset_after", "slow") else None


def _fingerprint(route: Route, call: Call) -> str:
    text = json.dumps([route.method, call.path, call.params], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
