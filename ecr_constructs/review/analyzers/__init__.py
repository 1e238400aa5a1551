"""What a review looks for, one module for each question."""
