"""The project's addresses. Apps are included by string, never imported."""

from django.urls import include, path

from billing.pages.export_file import export_file
from billing.pages.health import health

api = [
    path("", include("merchants.api.urls")),
    path("", include("subscribers.api.urls")),
    path("", include("invoices.api.urls")),
    path("", include("billing.api.urls")),
    path("", include("alerts.api.urls")),
]
office = [
    path("", include("merchants.pages.urls")),
    path("", include("subscribers.pages.urls")),
    path("", include("invoices.pages.urls")),
    path("", include("billing.pages.urls")),
    path("", include("alerts.pages.urls")),
]

urlpatterns = [
    path("healthz", health, name="health"),
    path("", include("merchants.pages.entry_urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include((api, "api"))),
    path("office/<str:merchant>/", include((office, "office"))),
    path("counter/", include("billing.counter.urls")),
    path("pay/", include(("billing.hosted.urls", "hosted"))),
    path("documents/", include("alerts.pages.link_urls")),
    path("exports/<str:token>", export_file, name="export_file"),
    path("provider/", include("billing.inbox_urls")),
]
handler403 = "merchants.http.problems.permission_denied"
handler404 = "merchants.http.problems.not_found"
handler500 = "merchants.http.problems.server_error"
handler400 = "merchants.http.problems.bad_request"
