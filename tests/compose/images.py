"""What the images of docker-compose.yaml are made of on this machine: Debian's packages and our environments."""

from __future__ import annotations

import pwd
import zipfile
from pathlib import Path

from tests.compose.containers import Image
from tests.support.package import build_wheel

ROOT = Path(__file__).resolve().parents[2]
AIRFLOW_VENV = ROOT / "tests/compose/.venv"
EMULATOR_VENV = ROOT / "emulator/.venv"
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

# What the entrypoint of postgres does: https://github.com/docker-library/postgres
POSTGRES_ENTRYPOINT = """
export PGDATA=/var/lib/postgresql/data PGHOST=/tmp
chmod 700 $PGDATA
if [ ! -s $PGDATA/PG_VERSION ]; then
  printf %s "$POSTGRES_PASSWORD" > /tmp/password
  initdb --username="$POSTGRES_USER" --pwfile=/tmp/password --auth-local=trust --auth-host=scram-sha-256
  rm /tmp/password
  echo "host all all all scram-sha-256" >> $PGDATA/pg_hba.conf
  pg_ctl -w start -o "-c listen_addresses= -k /tmp"
  createdb --username="$POSTGRES_USER" "$POSTGRES_DB" || true
  pg_ctl -w stop
fi
set -- postgres -c "listen_addresses=*" -k /tmp "$@"
exec "$@"
"""
# And of apache/airflow: https://airflow.apache.org/docs/docker-stack/entrypoint.html
AIRFLOW_ENTRYPOINT = """
case "$1" in bash|python|airflow) ;; *) set -- airflow "$@" ;; esac
exec "$@"
"""


def python(venv: Path) -> dict[str, Path]:
    """An environment and the Python below it, where they are on this machine."""
    venv = venv.resolve()
    settings = dict(line.split(" = ", 1) for line in (venv / "pyvenv.cfg").read_text().splitlines())
    base = Path(settings["home"]).resolve().parent
    return {str(folder): folder for folder in (base, venv)}


def user(name: str) -> str:
    """uid:gid of one of Debian's users."""
    found = pwd.getpwnam(name)
    return f"{found.pw_uid}:{found.pw_gid}"


def installed_wheel(folder: Path) -> Path:
    """The wheel of this checkout, unpacked in a folder as pip does it."""
    site = folder / "site-packages"
    if not site.exists():
        (folder / "wheel").mkdir()
        with zipfile.ZipFile(build_wheel(folder / "wheel")) as wheel:
            wheel.extractall(site)
    return site


def images(folder: Path) -> dict[str, Image]:
    """By name, as in the `image` keys. What has to be built is built in the folder."""
    airflow, emulator = AIRFLOW_VENV.resolve(), EMULATOR_VENV.resolve()
    compiled = Path.home() / ".cache/wasmtime"
    return {
        "postgres": Image(
            files={},
            writable=("/var/lib/postgresql",),
            environment={"PATH": f"{POSTGRES[-1]}:{SYSTEM_PATH}", "LANG": "C.UTF-8"},
            user=user("postgres"),
            workdir="/",
            entrypoint=POSTGRES_ENTRYPOINT,
        ),
        "redis": Image(
            files={},
            writable=(),
            environment={"PATH": SYSTEM_PATH},
            user=user("redis"),
            workdir="/data",
            entrypoint='exec redis-server --bind "*" --protected-mode no --dir /data "$@"',
        ),
        "vitrine-airflow": Image(
            files=python(airflow)
            | {
                "/opt/site-packages": installed_wheel(folder),
                "/opt/airflow/config/airflow_local_settings.py": ROOT / "config/airflow_local_settings.py",
            },
            writable=("/opt/airflow", "/home/airflow"),
            environment={
                "PATH": f"{airflow / 'bin'}:{SYSTEM_PATH}",
                "HOME": "/home/airflow",
                "AIRFLOW_HOME": "/opt/airflow",
                "PYTHONPATH": "/opt/site-packages",
                "VITRINE_COLLECTIONS": "/opt/airflow/config/collections.yaml",
                "PYTHONUNBUFFERED": "1",
                "LANG": "C.UTF-8",
            },
            user="50000:0",
            workdir="/opt/airflow",
            entrypoint=AIRFLOW_ENTRYPOINT,
        ),
        "vitrine-emulator": Image(
            files=python(emulator)
            | {"/opt/vitrine/emulator/bqml_emulator": ROOT / "emulator/bqml_emulator"}
            | ({"/opt/vitrine/cache/wasmtime": compiled} if compiled.exists() else {}),
            writable=("/opt/vitrine",),
            environment={
                "PATH": f"{emulator / 'bin'}:{SYSTEM_PATH}",
                "HOME": "/tmp",
                "PYTHONPATH": "/opt/vitrine/emulator",
                "XDG_CACHE_HOME": "/opt/vitrine/cache",
                "PYTHONUNBUFFERED": "1",
                "LANG": "C.UTF-8",
            },
            user="50000:50000",
            workdir="/opt/vitrine",
            entrypoint='exec python -m bqml_emulator "$@"',
        ),
    }
