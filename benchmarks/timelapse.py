"""The embedded BigQuery in a time-lapse, with a file that tells how often a bucket was listed.

    emulator/.venv/bin/python benchmarks/timelapse.py <seconds> <images> <file>

A minute of the model's quota passes in <seconds>, and a job alone embeds <images> in it: BigQuery's own pace,
which the emulator does not know, as a latency of the model. What the service waits for before it refuses a
call shrinks with the minute. <file> gets a byte for each listing of a bucket.
"""

import os
import sys
from pathlib import Path

from bqml_emulator.core import faults
from bqml_emulator.embedding import function, quota, service
from bqml_emulator.objects import listing
from bqml_emulator.server import main

minute, images, listings = float(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
share = minute / quota.WINDOW_SECONDS
quota.WINDOW_SECONDS = minute
service.SERVICE_RETRY_WAITS_SECONDS = tuple(wait * share for wait in service.SERVICE_RETRY_WAITS_SECONDS)
faults.update({"hash_model": True, "model_latency_seconds": minute * function.PARALLEL_CALLS / images})

list_objects = listing.list_objects


def list_objects_and_count(uris):
    """As the emulator's own: it lists a bucket for each row, those that it remembers unchanged included."""
    with listings.open("ab") as file:
        file.write(b"." * len(uris))
    return list_objects(uris)


listing.list_objects = list_objects_and_count
listings.touch()
code = main()
sys.stdout.flush()
os._exit(code)  # as the emulator's own __main__ does
