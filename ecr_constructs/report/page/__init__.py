"""A page about registries for a browser: one file, made from snapshots, without a network."""
