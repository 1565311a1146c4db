"""Settings of the Django project: everything that differs between machines comes from the environment.

`.env.example` names every variable. Nothing here is a secret, and nothing falls back to one.
"""

from __future__ import annotations

import os
from pathlib import Path

from csp.constants import NONE, SELF

from billing.environment import database, flag, listed, mail, need, one_of, store
from merchants.languages import TABLE

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = need("SECRET_KEY")
FIELD_KEYS = listed("FIELD_KEYS")  # Fernet keys, newest first: provider secrets are encrypted with them
DEBUG = False
DEMO = flag("DEMO")
PUBLIC_URL = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = listed("ALLOWED_HOSTS") or ["127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_TRANSPORT = PUBLIC_URL.startswith("https://")

ROOT_URLCONF = "billing.urls"
WSGI_APPLICATION = "billing.wsgi.application"
INSTALLED_APPS = [
    "merchants",
    "subscribers",
    "invoices",
    "billing",
    "alerts",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "merchants.http.request_id.RequestIdMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# Two database roles. `default` is the application's: it neither owns a table nor passes row-level security.
# `owner` migrates, and is known only to the processes that do so (DATABASE_OWNER_URL).
DATABASES = {"default": database("DATABASE_URL")}
APP_ROLE = DATABASES["default"]["USER"]
if os.environ.get("DATABASE_OWNER_URL"):
    DATABASES["owner"] = database("DATABASE_OWNER_URL")
    DATABASES["default"]["TEST"] = {"MIRROR": "owner"}  # tests: made and migrated by the owner, used by the application
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": need("CACHE_URL")}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_TRANSPORT
SESSION_COOKIE_NAME = "tacite_session"
SECURE_SSL_REDIRECT = False  # the proxy in front does it
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_TRANSPORT else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if flag("BEHIND_PROXY") else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

# People
AUTH_USER_MODEL = "merchants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_ADAPTER = "merchants.pages.account.AccountAdapter"
ACCOUNT_FORMS = {"signup": "merchants.pages.account.SignupForm"}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE_TRANSPORT else "http"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]

# Language, time, files
LANGUAGE_CODE = "en"
LANGUAGES = [(language.code, language.name) for language in TABLE.values()]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# PDFs and exports: never by a public address, always by our views.
DOCUMENTS_STORE, DOCUMENTS_FOLDER = store("DOCUMENTS_STORE")
MEDIA_ROOT = Path(DOCUMENTS_FOLDER or os.environ.get("MEDIA_ROOT") or BASE_DIR / ".local" / "media")
STORAGES = {
    "default": DOCUMENTS_STORE,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if flag("PLAIN_STATIC")
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = flag("PLAIN_STATIC")

# Mail
vars().update(mail("EMAIL_URL"))
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Tacite <no-reply@tacite.example>")

# Providers. STRIPE_API_BASE is set only where a local double answers.
STRIPE_API_BASE = os.environ.get("STRIPE_API_BASE") or None

# Where VAT numbers are looked up: nowhere, or in VIES.
VAT_REGISTER = one_of("VAT_REGISTER", "off", "vies")

# Webhooks to merchants go to public addresses only; a demo shop or a test listens on this machine.
WEBHOOKS_TO_LOOPBACK = flag("WEBHOOKS_TO_LOOPBACK")

# Work
CELERY_BROKER_URL = need("REDIS_URL")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3_600,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 3,
    "socket_timeout": 30,
    "retry_policy": {"timeout": 3.0},
}
CELERY_BROKER_TRANSPORT_OPTIONS["max_retries"] = 1
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "merchants.http.schema.Schema",
    "EXCEPTION_HANDLER": "merchants.http.problems.problem_response",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["merchants.http.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["merchants.http.authentication.HasScope"],
    "UNAUTHENTICATED_USER": None,
}
SOFTWARE = "Tacite 0.1.0"  # what signed reports are made by; the version of pyproject.toml
SPECTACULAR_SETTINGS = {
    "TITLE": "Tacite",
    "VERSION": "1",
    "DESCRIPTION": "Subscription billing: offers, purchases, invoices, payments, history.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"tokens_left_out": {"()": "billing.log_lines.TokensLeftOut"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["tokens_left_out"]},
    },
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    "loggers": {"django.request": {"level": "ERROR"}, "httpx": {"level": "WARNING"}, "weasyprint": {"level": "ERROR"}},
}
