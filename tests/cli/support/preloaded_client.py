"""dbt, as far as whoever calls it can tell: a call of the process that `preloaded.py` keeps, whose socket lies beside this file. It names dbt.cli.main, as the dbt of every dbt-core 1 does."""

import json
import os
import signal
import socket
import struct
import sys

signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
connection = socket.socket(socket.AF_UNIX)
connection.connect(os.path.join(os.path.dirname(os.path.abspath(__file__)), "socket"))
request = {"arguments": sys.argv, "directory": os.getcwd(), "environment": dict(os.environ)}
request = json.dumps(request).encode()
socket.send_fds(connection, [struct.pack("!I", len(request))], [0, 1, 2])
connection.sendall(request)
for number in signals:
    signal.signal(number, lambda number, _: connection.send(bytes([number])))
signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
(status,) = struct.unpack("!i", connection.recv(4))
if status < 0:
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
sys.exit(status)
