"""The emulator's Cloud Storage: buckets and objects in SQLite and plain files, served as a process of its own."""
