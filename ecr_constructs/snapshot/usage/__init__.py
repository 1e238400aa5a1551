"""Who uses which image, as far as snapshots show it."""
