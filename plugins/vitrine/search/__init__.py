"""What a search leaves behind: pictures a person looks at."""
