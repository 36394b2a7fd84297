"""Serves TensorZero's gateway, which its client's wheel holds, over HTTP until standard input ends.

Usage: tensorzero_gateway.py CONFIG. Prints "ready URL".
"""

import sys

from tensorzero import _start_http_gateway

gateway = _start_http_gateway(
    config_file=sys.argv[1],
    clickhouse_url=None,
    postgres_url=None,
    valkey_url=None,
    async_setup=False,
)
print("ready", gateway.base_url, flush=True)
sys.stdin.read()
