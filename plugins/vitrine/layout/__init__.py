"""The map of a collection: where each picture lies, so that those that are alike are near each other."""
