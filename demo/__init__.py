"""What `make demo` shows: the whole way from a folder of images to a page of search results."""
