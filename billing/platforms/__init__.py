"""Approved platforms (plateformes agréées): the port to those that hand invoices and reports on, and its adapters."""
