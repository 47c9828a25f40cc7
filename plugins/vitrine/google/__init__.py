"""What talks to Google Cloud: statements as tasks, the client, storage."""
