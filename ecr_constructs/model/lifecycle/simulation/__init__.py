"""Simulating which images a lifecycle policy deletes or archives."""
