"""`make demo`: the registries of dev and prod on an AWS that runs on this laptop only."""
