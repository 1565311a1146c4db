"""`python -m tools.stripe_double`: start the double and serve until told to stop."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from pathlib import Path

from .server import Double


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tools.stripe_double", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--webhook-url", help="where events go, unless an account has endpoints of its own")
    parser.add_argument(
        "--secret",
        default=os.environ.get("STRIPE_WEBHOOK_SECRET"),
        help="what they are signed with (default: STRIPE_WEBHOOK_SECRET)",
    )
    parser.add_argument(
        "--state",
        type=Path,
        default=os.environ.get("STRIPE_DOUBLE_STATE"),
        help="a file to keep everything in between starts (default: STRIPE_DOUBLE_STATE, else nothing is kept)",
    )
    parser.add_argument("--public-url", help="how browsers reach this server, if not by the Host they name")
    parser.add_argument("--debit-seconds", type=float, default=20, help="how long a SEPA debit is processing")
    return parser.parse_args()


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    given = arguments()
    double = Double(
        host=given.host,
        port=given.port,
        webhook_url=given.webhook_url,
        webhook_secret=given.secret,
        state_file=Path(given.state) if given.state else None,
        public_url=given.public_url,
        debit_seconds=given.debit_seconds,
    )

    def stop(*_: object) -> None:
        threading.Thread(target=double.close, daemon=False).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"Stripe double at {double.url}; captures at {double.url}/_double/captures", flush=True)
    double.serve()


if __name__ == "__main__":
    main()
