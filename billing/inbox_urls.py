"""The address that providers call: one per account."""

from django.urls import path

from billing.notices import notice

urlpatterns = [path("<uuid:account>/events", notice, name="provider-events")]
