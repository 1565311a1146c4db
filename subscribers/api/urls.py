"""Addresses of subscribers and their history, under `/api/v1/`."""

from django.urls import URLPattern, path

from subscribers.api import compared, consumption, history, moving, overriding, rights, subscribers

urlpatterns: list[URLPattern] = [
    path("subscribers", subscribers.Subscribers.as_view(), name="subscribers"),
    path("subscribers/<str:subscriber>", subscribers.OneSubscriber.as_view(), name="subscriber"),
    path(
        "subscribers/<str:subscriber>/vat_check",
        subscribers.VatCheckOfSubscriber.as_view(),
        name="subscriber_vat_check",
    ),
    path("subscribers/<str:subscriber>/features", rights.FeaturesOfSubscriber.as_view(), name="subscriber_features"),
    path(
        "subscribers/<str:subscriber>/features/<str:feature>",
        rights.OneFeatureOfSubscriber.as_view(),
        name="subscriber_feature",
    ),
    path(
        "subscribers/<str:subscriber>/features/<str:feature>/consume",
        consumption.Consume.as_view(),
        name="subscriber_consume",
    ),
    path(
        "subscribers/<str:subscriber>/features/<str:feature>/undo",
        consumption.Undo.as_view(),
        name="subscriber_consumption_undo",
    ),
    path(
        "subscribers/<str:subscriber>/features/<str:feature>/consumptions",
        consumption.Consumptions.as_view(),
        name="subscriber_consumptions",
    ),
    path(
        "subscribers/<str:subscriber>/features/<str:feature>/override",
        overriding.Overriding.as_view(),
        name="subscriber_override",
    ),
    path(
        "subscribers/<str:subscriber>/features/<str:feature>/override/preview",
        overriding.OverridingPreview.as_view(),
        name="subscriber_override_preview",
    ),
    path(
        "subscribers/<str:subscriber>/features/<str:feature>/override/end",
        overriding.OverridingEnd.as_view(),
        name="subscriber_override_end",
    ),
    path(
        "subscribers/<str:subscriber>/features/<str:feature>/override/end/preview",
        overriding.OverridingEndPreview.as_view(),
        name="subscriber_override_end_preview",
    ),
    path("subscribers/<str:subscriber>/move", moving.Move.as_view(), name="subscriber_move"),
    path("subscribers/<str:subscriber>/access", rights.AccessOfSubscriber.as_view(), name="subscriber_access"),
    path("subscribers/<str:subscriber>/timeline", history.TimelineOfSubscriber.as_view(), name="subscriber_timeline"),
    path("subscribers/<str:subscriber>/diff", compared.DiffOfSubscriber.as_view(), name="subscriber_diff"),
    path("changes", history.Changes.as_view(), name="changes"),
]
