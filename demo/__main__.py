"""`make demo` and `make up`: Ctrl-C ends either with one line, also while modules are imported."""

import sys

from scripts.stack import end_on_interrupt


def main(command: str, *arguments: str) -> int:
    """Run `search` (words, folder, name) or `up`."""
    if command == "up":
        end_on_interrupt("Stopped: nothing that was started now is left running.")
        from demo import up

        return up.main()
    end_on_interrupt("Stopped, nothing is left running. The same command goes on where it was.")
    from demo import run

    return run.main(*arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
