"""What writes the catalogue: one file a noun. All need the tenant's scope open."""
