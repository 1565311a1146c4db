"""Run in a process of its own, to be killed: what a worker does with one payment."""

import sys
from uuid import UUID


def main() -> None:
    """Ask the provider about a payment, record the answer."""
    import django

    django.setup()
    from billing.flows import looking

    print("asking", flush=True)
    looking.ask_about(merchant_id=UUID(sys.argv[1]), payment_id=UUID(sys.argv[2]))
    print("recorded", flush=True)


if __name__ == "__main__":
    main()
