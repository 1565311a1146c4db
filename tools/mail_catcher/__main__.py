"""`python -m tools.mail_catcher --smtp-port 8025 --http-port 8002 [--folder .local/mail] [--host 127.0.0.1]`."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from tools.mail_catcher.letters import Letterbox
from tools.mail_catcher.pages import PageServer
from tools.mail_catcher.smtp import SmtpServer


def main() -> None:
    """Listen on both ports until asked to end."""
    parser = argparse.ArgumentParser(prog="python -m tools.mail_catcher", description=__doc__)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--folder", type=Path, help="keep mails here over a restart")
    parser.add_argument("--host", default="127.0.0.1")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    letterbox = Letterbox(chosen.folder)
    with (
        SmtpServer((chosen.host, chosen.smtp_port), letterbox) as smtp,
        PageServer((chosen.host, chosen.http_port), letterbox) as pages,
    ):
        threading.Thread(target=smtp.serve_forever, daemon=True).start()
        print(f"SMTP on {chosen.host}:{chosen.smtp_port}, pages on http://{chosen.host}:{chosen.http_port}", flush=True)
        try:
            pages.serve_forever()
        except KeyboardInterrupt:
            smtp.shutdown()


if __name__ == "__main__":
    main()
