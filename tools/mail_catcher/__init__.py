"""Where every e-mail of the local stack ends: an SMTP server that delivers nothing, and pages that show what came."""
