"""Where the emulator listens and keeps its state, read once from the environment."""

import os
from dataclasses import dataclass
from pathlib import Path

LOCATION = "US"


@dataclass(frozen=True)
class Config:
    """Addresses, data folder and default project of one emulator process."""

    host: str
    port: int
    storage_port: int
    read_port: int | None
    data: Path
    project: str
    allowed_hosts: tuple[str, ...] = ()
    analyzer: bool = True  # whether statements are analysed; off where Google's analyzer cannot run

    @property
    def bigquery_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def storage_url(self) -> str:
        return f"http://{self.host}:{self.storage_port}"

    @property
    def database_dir(self) -> Path:
        return self.data / "bigquery"

    @property
    def objects_dir(self) -> Path:
        return self.data / "objects"

    @property
    def storage_dir(self) -> Path:
        """Where earlier versions kept objects."""
        return self.data / "storage"

    @property
    def ledger_path(self) -> Path:
        return self.data / "ledger.sqlite"


def _port(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise ValueError(f"{name} must be a port number between 1 and 65535, not {value!r}")
    return int(value)


def load() -> Config:
    """Read EMULATOR_HOST, _PORT, _READ_PORT, _DATA, _PROJECT, _ALLOWED_HOSTS, _ANALYZER and STORAGE_PORT.

    ValueError names a bad one.
    """
    allowed = os.environ.get("EMULATOR_ALLOWED_HOSTS", "").split(",")
    analyzer = os.environ.get("EMULATOR_ANALYZER") or "on"
    if analyzer not in ("on", "off"):
        raise ValueError(f"EMULATOR_ANALYZER must be on or off, not {analyzer!r}")
    return Config(
        # Another name only where the network is private, as between containers: nobody is asked who they are.
        host=os.environ.get("EMULATOR_HOST") or "127.0.0.1",
        port=_port("EMULATOR_PORT", 9050),
        storage_port=_port("STORAGE_PORT", 4443),
        read_port=_port("EMULATOR_READ_PORT", 9060) if os.environ.get("EMULATOR_READ_PORT") else None,
        data=Path(os.environ.get("EMULATOR_DATA") or ".local/emulator").absolute(),
        project=os.environ.get("EMULATOR_PROJECT") or "demo-project",
        allowed_hosts=tuple(name.strip() for name in allowed if name.strip()),
        analyzer=analyzer == "on",
    )
