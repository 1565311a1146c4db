"""The request contract: what stripe-python's own TypedDicts say may be sent.

A stand-in that takes anything teaches nothing. Every request is read against the parameter types of the pinned SDK;
what they do not know is refused with Stripe's words. Form values arrive as text and leave as int, bool, list, dict.
"""

from __future__ import annotations

import collections.abc
import sys
import threading
import types
import typing
from collections.abc import Iterable
from typing import Any, Literal, Union

import stripe
import stripe._request_options as request_options
import typing_extensions

from .errors import ApiError, invalid

_hints: dict[type, dict[str, Any]] = {}
_lock = threading.Lock()


def _option_names() -> set[str]:
    namespace = {"StripeContext": stripe.StripeContext}
    return set(typing_extensions.get_type_hints(request_options.RequestOptions, localns=namespace))


OPTION_NAMES = _option_names()


def hints(params_type: type) -> dict[str, Any]:
    """The parameters of one TypedDict with their types, request options left out."""
    with _lock:
        if params_type not in _hints:
            namespace = dict(vars(sys.modules[params_type.__module__]))
            namespace.update(StripeContext=stripe.StripeContext, Mapping=typing.Mapping)
            found = typing_extensions.get_type_hints(params_type, None, namespace, include_extras=True)
            _hints[params_type] = {name: kind for name, kind in found.items() if name not in OPTION_NAMES}
        return _hints[params_type]


def read(params_type: type, params: dict[str, Any], *, also: Iterable[str] = ()) -> dict[str, Any]:
    """Check and convert one request. Raises `ApiError` with Stripe's message. `also` names parameters to let by."""
    known = {name: value for name, value in params.items() if name not in also}
    passed = {name: value for name, value in params.items() if name in also}
    return {**_typed_dict(params_type, known, ""), **passed}


def _read(kind: Any, value: Any, path: str) -> Any:
    origin = typing_extensions.get_origin(kind)
    if origin in (typing_extensions.NotRequired, typing_extensions.Required):
        return _read(typing_extensions.get_args(kind)[0], value, path)
    if origin in (Union, types.UnionType):
        return _union(typing_extensions.get_args(kind), value, path)
    if origin is Literal:
        return _literal(typing_extensions.get_args(kind), value, path)
    if origin in (list, collections.abc.Sequence):
        if not isinstance(value, list):
            raise invalid(f"Invalid array: {path}", param=path)
        inner = typing_extensions.get_args(kind)[0]
        return [_read(inner, item, f"{path}[{index}]") for index, item in enumerate(value)]
    if typing_extensions.is_typeddict(kind):
        return _typed_dict(kind, value, path)
    if _is_mapping(origin) or _is_mapping(kind):
        if not isinstance(value, dict):
            raise invalid(f"Invalid object: {path}", param=path)
        return value
    return _scalar(kind, value, path)


def _is_mapping(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, (collections.abc.Mapping, stripe.StripeObject))


def _union(arms: tuple[Any, ...], value: Any, path: str) -> Any:
    words = {word for arm in arms if typing_extensions.get_origin(arm) is Literal for word in arm.__args__}
    if str in arms and words - {""}:  # an "open enum": Stripe itself knows no other values
        arms = tuple(arm for arm in arms if arm is not str)
    if isinstance(value, (dict, list)):
        arms = tuple(arm for arm in arms if typing_extensions.get_origin(arm) is not Literal) or arms
    refusals: list[ApiError] = []
    for arm in sorted(arms, key=lambda arm: arm is str):
        try:
            return _read(arm, value, path)
        except ApiError as refusal:
            refusals.append(refusal)
    raise max(refusals, key=lambda refusal: (len(refusal.param or ""), "must be one of" in refusal.message))


def _literal(allowed: tuple[Any, ...], value: Any, path: str) -> Any:
    for choice in allowed:
        if value == choice or (isinstance(choice, bool) and value == str(choice).lower()):
            return choice
    if allowed == ("",):
        raise invalid(f"Invalid {path}", param=path)
    shown = ", ".join(str(choice) for choice in allowed if choice != "")
    raise invalid(f"Invalid {path}: must be one of {shown}", param=path)


def _typed_dict(kind: type, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(f"Invalid object: {path}", param=path)
    known = hints(kind)
    for name in value:
        if name not in known:
            where = f"{path}[{name}]" if path else name
            raise invalid(f"Received unknown parameter: {where}", param=where, code="parameter_unknown")
    for name in sorted(getattr(kind, "__required_keys__", ())):
        optional = typing_extensions.get_origin(known.get(name)) is typing_extensions.NotRequired
        if name in known and name not in value and not optional:
            where = f"{path}[{name}]" if path else name
            raise invalid(f"Missing required param: {where}.", param=where, code="parameter_missing")
    return {name: _read(known[name], below, f"{path}[{name}]" if path else name) for name, below in value.items()}


def _scalar(kind: Any, value: Any, path: str) -> Any:
    if isinstance(value, (dict, list)):
        raise invalid(f"Invalid string: {path}", param=path)
    if kind is bool:
        if value in (True, "true"):
            return True
        if value in (False, "false"):
            return False
        raise invalid(f"Invalid boolean: {value}", param=path)
    if kind is int:
        text = str(value)
        if not (text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()):
            raise invalid(f"Invalid integer: {value}", param=path, code="parameter_invalid_integer")
        return int(text)
    if kind is float:
        try:
            return float(value)
        except ValueError:
            raise invalid(f"Invalid decimal: {value}", param=path) from None
    return value
