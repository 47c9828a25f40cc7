"""`python -m bqml_emulator`: run the embedded BigQuery in the foreground."""

import sys

from bqml_emulator.server import main

sys.exit(main())
