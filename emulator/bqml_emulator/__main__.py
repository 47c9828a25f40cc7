"""`python -m bqml_emulator`: run the embedded BigQuery in the foreground."""

import os
import sys

from bqml_emulator.server import main

code = main()
sys.stdout.flush()
os._exit(code)  # threads of interrupted jobs may be in the middle of a slow model call: nobody needs it now
