"""The local stack: embedded PostgreSQL and Valkey, the product's processes, and what stands in for the outside world.

Everything is written under `.local/`, everything listens on loopback or on a unix socket, and every process started
here ends with the one that started it.
"""
