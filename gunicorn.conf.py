"""Read by gunicorn from the folder it starts in. The rest of its settings stands on its command line."""

logger_class = "billing.access_log.AccessLog"
