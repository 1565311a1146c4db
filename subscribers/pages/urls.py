"""Addresses of the subscribers' pages, under `/office/<merchant>/`."""

from django.urls import URLPattern, path

from subscribers.pages import comparing, listing, moving, overriding, page, profile, search, uses

urlpatterns: list[URLPattern] = [
    path("search", search.search, name="search"),
    path("home/subscribers", listing.home_subscribers, name="home-subscribers"),
    path("subscribers", listing.subscribers, name="subscribers"),
    path("subscribers/new", profile.subscriber_new, name="subscriber_new"),
    path("subscribers/<str:subscriber>", page.subscriber, name="subscriber"),
    path("subscribers/<str:subscriber>/history", page.subscriber_history, name="subscriber_history"),
    path("subscribers/<str:subscriber>/features/set", overriding.subscriber_feature_set, name="subscriber_feature_set"),
    path(
        "subscribers/<str:subscriber>/features/<str:feature>/end",
        overriding.subscriber_feature_end,
        name="subscriber_feature_end",
    ),
    path(
        "subscribers/<str:subscriber>/features/<str:feature>/uses",
        uses.subscriber_feature_uses,
        name="subscriber_feature_uses",
    ),
    path("subscribers/<str:subscriber>/compare", comparing.subscriber_compare, name="subscriber_compare"),
    path("subscribers/<str:subscriber>/move", moving.subscriber_move, name="subscriber_move"),
    path("subscribers/<str:subscriber>/edit", profile.subscriber_edit, name="subscriber_edit"),
]
