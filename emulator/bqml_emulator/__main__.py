"""`python -m bqml_emulator`, or `bqml-emulator`: run the embedded BigQuery in the foreground."""

import os
import sys

from bqml_emulator import server


def main():
    """Serve, and leave with the exit code at once."""
    code = server.main()
    sys.stdout.flush()
    os._exit(code)  # threads of interrupted jobs may be amid a slow model call: nobody needs it now


if __name__ == "__main__":
    main()
