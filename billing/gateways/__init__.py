"""Payment providers behind one port; see `billing.gateways.base`."""
