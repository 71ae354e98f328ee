"""What several kinds of tests need: servers, builders, waiting for a condition."""
