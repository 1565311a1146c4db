"""A local stand-in for Stripe: a real HTTP server, used only through the real stripe SDK.

Run it with `python -m tools.stripe_double --port 12111 --webhook-url http://127.0.0.1:8000/... --secret whsec_...`.
It keeps several accounts apart (one for each test key), shows every capture it made at `/_double/captures`, and makes
faults on demand. Four checks keep it honest, in `tests/contracts/stripe_double/`: requests against the SDK's types,
responses against the SDK's classes, a recorded transcript, and all traffic through the SDK itself.
"""
