"""Writers of the files that are generated and committed."""
