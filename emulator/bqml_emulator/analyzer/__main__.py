"""`python -m bqml_emulator.analyzer`: compile the analyzer for this machine, as its first start would."""

from bqml_emulator.analyzer.wasm import compile_module

if __name__ == "__main__":
    compile_module()
