"""Third check: the recorded transcript of an independent stand-in, field by field. Every difference has its reason."""

from __future__ import annotations

import fnmatch

from ..double_at_work import DoubleAtWork
from .replay import Replay, differences, plain, transcript

REAL_STRIPE_REFUSES = "the recorded stand-in is laxer than Stripe itself"
ALLOWED: list[tuple[str, str, str]] = [
    # call, field (both may hold *), reason
    (
        "*",
        "*allowed_payment_method_types",
        "the transcript speaks 2026-08-26.dahlia, where this parameter was payment_method_types; we must send the new "
        "name, and Stripe gives back what was sent",
    ),
    ("PI bad currency", "*", f"{REAL_STRIPE_REFUSES}: an unknown currency is 400 `Invalid currency`"),
    ("PI amount too small", "*", f"{REAL_STRIPE_REFUSES}: below the minimum is 400 `amount_too_small`"),
    ("charge detached", "*", f"{REAL_STRIPE_REFUSES}: a detached method may not be used again"),
]


def test_every_recorded_call_is_answered_alike(double: DoubleAtWork) -> None:
    replay, unexplained, used = Replay(double.url, "sk_test_golden_replay"), [], set()
    calls = transcript()
    assert len(calls) == 108
    for call in calls[:-1]:
        status, body, replayed = replay.send(call)
        recorded = call["response"]
        replay.learn(recorded["body"], body)
        for path, theirs, ours in differences(
            {"status": recorded["status"], "replayed": recorded["replayed"], **plain(recorded["body"])},
            {"status": status, "replayed": replayed, **plain(body)},
        ):
            reason = next((one for one in ALLOWED if _fits(one, call["name"], path)), None)
            if reason is None:
                unexplained.append((call["name"], path, theirs, ours))
            used.add(reason)
    assert unexplained == []
    assert set(ALLOWED) - used == set(), "an allowed difference that no longer exists"


def _fits(allowed: tuple[str, str, str], name: str, path: str) -> bool:
    return fnmatch.fnmatchcase(name, allowed[0]) and fnmatch.fnmatchcase(path, allowed[1])


def test_the_allowed_refusals_are_stripes_own_words(double: DoubleAtWork) -> None:
    replay, seen = Replay(double.url, "sk_test_golden_replay"), {}
    for call in transcript()[:-1]:
        status, body, _ = replay.send(call)
        replay.learn(call["response"]["body"], body)
        if call["name"] in {name for name, _, _ in ALLOWED}:
            seen[call["name"]] = (status, body["error"].get("code"), body["error"]["message"][:50])
    assert seen == {
        "PI bad currency": (400, None, "Invalid currency: zzz. Stripe currently supports t"),
        "PI amount too small": (400, "amount_too_small", "Amount must be at least €0.50 eur"),
        "charge detached": (400, None, "The provided PaymentMethod was previously used wit"),
    }


def test_the_same_events_in_the_same_order(double: DoubleAtWork) -> None:
    """All those of the last hundred but the events of the three payments that we refuse."""
    replay = Replay(double.url, "sk_test_golden_replay")
    calls = transcript()
    refused = {call["response"]["body"].get("id") for call in calls if call["name"] in {one[0] for one in ALLOWED}}
    assert len(refused) == 3
    for call in calls[:-1]:
        _, body, _ = replay.send(call)
        replay.learn(call["response"]["body"], body)
    _, ours, _ = replay.send(calls[-1])
    theirs = [
        event
        for event in calls[-1]["response"]["body"]["data"]
        if not refused & {event["data"]["object"]["id"], event["data"]["object"].get("payment_intent")}
    ]
    assert len(theirs) == 95
    assert [event["type"] for event in ours["data"]][:95] == [event["type"] for event in theirs]
    unlike = {
        path
        for one, other in zip(theirs, ours["data"], strict=False)
        for path, _, _ in differences(plain(one["data"]), plain(other["data"]))
        if not path.endswith("allowed_payment_method_types")
    }
    assert unlike == set()
