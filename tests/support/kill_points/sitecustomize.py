"""Task processes that die as by kill -9 at chosen requests to BigQuery; Python imports this at its start.

$KILL_POINTS is a folder with a file for every death to come, named `<order>|<task_id>|<method>|<n>|<moment>`:
the process of that task dies at the n-th request of that method that it sends to the emulator, `before` it is
sent or `after` it was answered. Of a task's points the first comes first; whoever dies at it removes it.
"""

import http.client
import os
import signal
from collections import Counter
from pathlib import Path

FOLDER = Path(os.environ["KILL_POINTS"])
PORT = int(os.environ["EMULATOR_PORT"])
sent: Counter[str] = Counter()
put_request, get_response = http.client.HTTPConnection.putrequest, http.client.HTTPConnection.getresponse


def next_point(task_id: str) -> Path | None:
    """The first point of a task that nobody has died at."""
    return next((path for path in sorted(FOLDER.iterdir()) if path.name.split("|")[1] == task_id), None)


def die_at(method: str, moment: str) -> None:
    """End this process, as kill -9 does, if it is at the next point of its task."""
    point = next_point(os.environ.get("AIRFLOW_CTX_TASK_ID", ""))
    if point and point.name.split("|")[2:] == [method, str(sent[method]), moment]:
        try:
            point.unlink()
        except FileNotFoundError:
            return  # another process of this task was faster
        os.kill(os.getpid(), signal.SIGKILL)


def putrequest(self, method, url, *args, **kwargs):
    """Count the requests to the emulator; die before one is sent."""
    if self.port == PORT:
        sent[method] += 1
        self.counted = method
        die_at(method, "before")
    return put_request(self, method, url, *args, **kwargs)


def getresponse(self, *args, **kwargs):
    """Die after a request was answered."""
    response = get_response(self, *args, **kwargs)
    if self.port == PORT:
        die_at(self.counted, "after")
    return response


http.client.HTTPConnection.putrequest = putrequest
http.client.HTTPConnection.getresponse = getresponse
