"""Addresses of purchases, subscriptions and payment methods, under `/api/v1/`."""

from django.urls import URLPattern, path

from billing.api import (
    billing_runs,
    campaigns,
    changing,
    charges,
    checkout_sessions,
    couponing,
    ereports,
    exports,
    gesture_batches,
    gestures,
    invoices,
    leaving,
    pausing,
    payment_methods,
    payments,
    persons,
    returning,
    subscriptions,
    test_clocks,
    usage,
)

urlpatterns: list[URLPattern] = [
    path("offers/<str:offer>/migrate", campaigns.MigrateOffer.as_view(), name="offer_migrate"),
    path("offers/<str:offer>/migrate/preview", campaigns.PreviewMigration.as_view(), name="offer_migrate_preview"),
    path("offers/<str:offer>/campaigns", campaigns.Campaigns.as_view(), name="campaigns"),
    path("offers/<str:offer>/campaigns/<str:campaign>", campaigns.OneCampaign.as_view(), name="campaign"),
    path(
        "offers/<str:offer>/campaigns/<str:campaign>/members",
        campaigns.MembersOfCampaign.as_view(),
        name="campaign_members",
    ),
    path(
        "offers/<str:offer>/campaigns/<str:campaign>/cancel", campaigns.CancelCampaign.as_view(), name="campaign_cancel"
    ),
    path("checkout_sessions", checkout_sessions.CheckoutSessions.as_view(), name="checkout_sessions"),
    path(
        "checkout_sessions/<str:checkout_session>",
        checkout_sessions.OneCheckoutSession.as_view(),
        name="checkout_session",
    ),
    path(
        "checkout_sessions/<str:checkout_session>/expire",
        checkout_sessions.ExpireCheckoutSession.as_view(),
        name="checkout_session_expire",
    ),
    path("subscriptions", subscriptions.Subscriptions.as_view(), name="subscriptions"),
    path("subscriptions/preview", subscriptions.PreviewSubscription.as_view(), name="subscription_preview"),
    path("subscriptions/<str:subscription>", subscriptions.OneSubscription.as_view(), name="subscription"),
    path("subscriptions/<str:subscription>/diff", subscriptions.DiffOfSubscription.as_view(), name="subscription_diff"),
    path(
        "subscriptions/<str:subscription>/cancel",
        subscriptions.CancelSubscription.as_view(),
        name="subscription_cancel",
    ),
    path(
        "subscriptions/<str:subscription>/cancel/preview",
        subscriptions.PreviewCancel.as_view(),
        name="subscription_cancel_preview",
    ),
    path("subscriptions/<str:subscription>/reactivate", returning.Reactivate.as_view(), name="subscription_reactivate"),
    path(
        "subscriptions/<str:subscription>/reactivate/preview",
        returning.PreviewReactivate.as_view(),
        name="subscription_reactivate_preview",
    ),
    path("subscriptions/<str:subscription>/withdraw", leaving.Withdraw.as_view(), name="subscription_withdraw"),
    path(
        "subscriptions/<str:subscription>/withdraw/preview",
        leaving.PreviewWithdraw.as_view(),
        name="subscription_withdraw_preview",
    ),
    *(
        path(f"subscriptions/<str:subscription>/{action}", view.as_view(), name=f"subscription_{action}")
        for action, view in (*changing.ACTIONS.items(), *couponing.ACTIONS.items(), *pausing.ACTIONS.items())
    ),
    *(
        path(
            f"subscriptions/<str:subscription>/{action}/preview",
            view.as_view(),
            name=f"subscription_{action}_preview",
        )
        for action, view in (*changing.PREVIEWS.items(), *couponing.PREVIEWS.items(), *pausing.PREVIEWS.items())
    ),
    path("charges", charges.Charges.as_view(), name="charges"),
    path("charges/<str:charge>", charges.OneCharge.as_view(), name="charge"),
    path("charges/<str:charge>/revoke", charges.RevokeCharge.as_view(), name="charge_revoke"),
    path("gestures", gestures.Gestures.as_view(), name="gestures"),
    path("gestures/preview", gestures.PreviewGesture.as_view(), name="gesture_preview"),
    path("gestures/batches", gesture_batches.GestureBatches.as_view(), name="gesture_batches"),
    path("gestures/batches/preview", gesture_batches.PreviewGestureBatch.as_view(), name="gesture_batch_preview"),
    path("gestures/batches/<str:gesture_batch>", gesture_batches.OneGestureBatch.as_view(), name="gesture_batch"),
    path(
        "gestures/batches/<str:gesture_batch>/members",
        gesture_batches.MembersOfGestureBatch.as_view(),
        name="gesture_batch_members",
    ),
    path(
        "gestures/batches/<str:gesture_batch>/undo",
        gesture_batches.UndoGestureBatch.as_view(),
        name="gesture_batch_undo",
    ),
    path("gestures/<str:gesture>", gestures.OneGesture.as_view(), name="gesture"),
    path("gestures/<str:gesture>/undo", gestures.UndoGesture.as_view(), name="gesture_undo"),
    path("subscriptions/<str:subscription>/usage", usage.UsageSummary.as_view(), name="subscription_usage"),
    path("usage", usage.Usage.as_view(), name="usage"),
    path("billing_runs", billing_runs.BillingRuns.as_view(), name="billing_runs"),
    path("billing_runs/preview", billing_runs.PreviewBillingRun.as_view(), name="billing_run_preview"),
    path("billing_runs/<str:billing_run>", billing_runs.OneBillingRun.as_view(), name="billing_run"),
    path("billing_runs/<str:billing_run>/parked", billing_runs.ParkedOfRun.as_view(), name="billing_run_parked"),
    path("billing_runs/<str:billing_run>/release", billing_runs.ReleaseParked.as_view(), name="billing_run_release"),
    path("exports", exports.Exports.as_view(), name="exports"),
    path("exports/<str:export>", exports.OneExport.as_view(), name="export"),
    path("exports/<str:export>/download", exports.DownloadExport.as_view(), name="export_download"),
    path("ereports", ereports.EReports.as_view(), name="ereports"),
    path("ereports/<str:ereport>", ereports.OneEReport.as_view(), name="ereport"),
    path("ereports/<str:ereport>/xml", ereports.EReportXml.as_view(), name="ereport_xml"),
    path("ereports/<str:ereport>/send", ereports.SendEReport.as_view(), name="ereport_send"),
    path(
        "legal_entities/<str:legal_entity>/ereporting",
        ereports.EntityEReporting.as_view(),
        name="legal_entity_ereporting",
    ),
    path("invoices/<str:invoice>/pay", invoices.PayInvoice.as_view(), name="invoice_pay"),
    path("invoices/<str:invoice>/send", invoices.SendInvoice.as_view(), name="invoice_send"),
    path("payments", payments.Payments.as_view(), name="payments"),
    path("payments/<str:payment>/reverse", payments.ReversePayment.as_view(), name="payment_reverse"),
    path("subscribers/<str:subscriber>/export", persons.ExportSubscriber.as_view(), name="subscriber_export"),
    path("subscribers/<str:subscriber>/erase", persons.EraseSubscriber.as_view(), name="subscriber_erase"),
    path("payment_methods", payment_methods.PaymentMethods.as_view(), name="payment_methods"),
    path("payment_methods/<str:payment_method>", payment_methods.OnePaymentMethod.as_view(), name="payment_method"),
    path(
        "payment_methods/<str:payment_method>/detach",
        payment_methods.DetachPaymentMethod.as_view(),
        name="payment_method_detach",
    ),
    path(
        "payment_methods/<str:payment_method>/make_default",
        payment_methods.DefaultPaymentMethod.as_view(),
        name="payment_method_make_default",
    ),
    path("test_clocks/<str:test_clock>/advance", test_clocks.AdvanceTestClock.as_view(), name="test_clock_advance"),
    path("test_clocks/<str:test_clock>/release", test_clocks.ReleaseTestClock.as_view(), name="test_clock_release"),
]
