"""Simulate the images that a lifecycle policy deletes or archives."""
