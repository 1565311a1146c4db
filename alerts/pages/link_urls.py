"""Addresses that the links of letters open, under `/documents/`."""

from django.urls import path

from alerts.pages import documents

urlpatterns = [path("<str:token>", documents.document, name="document")]
