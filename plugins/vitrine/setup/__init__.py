"""What a collection needs on Google Cloud: the preflight that looks for it, and the teardown."""
