"""What a run that failed tells people, as a file."""

import json
from pathlib import Path

from airflow.sdk import BaseNotifier


class File(BaseNotifier):
    """Writes the message to a file."""

    template_fields = ("path", "message")

    def __init__(self, path: str, message: str) -> None:
        super().__init__()
        self.path, self.message = path, message

    def notify(self, context) -> None:
        """Send it."""
        Path(self.path).write_text(self.message)


def subscribe(monkeypatch, path: Path, message: str = "{{ exception }}") -> Path:
    """Have the message of each run that fails written to a file; answers the file."""
    arguments = {"path": str(path), "message": message}
    monkeypatch.setenv("VITRINE_NOTIFIER", f"{__name__}.File")
    monkeypatch.setenv("VITRINE_NOTIFIER_ARGUMENTS", json.dumps(arguments))
    return path
