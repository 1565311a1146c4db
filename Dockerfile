# The product's image: web, workers, beat and migrations run the same one with other commands (docker-compose.yml).
FROM python:3.11-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=billing.settings

RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --shell /usr/sbin/nologin tacite \
    && install -d -o tacite -g tacite /srv/media

WORKDIR /srv/tacite
COPY requirements/base.lock requirements/base.lock
RUN pip install --no-cache-dir --require-hashes -r requirements/base.lock

COPY . .
# The values below only let the settings load while static files are collected; none of them is kept in the image.
RUN python -m tools.devstack.messages \
    && SECRET_KEY=build DATABASE_URL=postgresql://build:build@localhost/build CACHE_URL=redis://localhost/0 \
       REDIS_URL=redis://localhost/0 python manage.py collectstatic --noinput --verbosity 0

USER tacite
EXPOSE 8000
CMD ["gunicorn", "billing.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--no-control-socket", "--access-logfile", "-"]
