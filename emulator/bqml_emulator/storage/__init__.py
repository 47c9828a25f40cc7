"""The emulator's Cloud Storage: buckets and objects in SQLite and files, served by a process of its own."""
