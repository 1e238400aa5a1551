"""Rendering results as text, Markdown, JSON, SARIF and workflow commands."""
