"""Runs a command on a terminal of its own and hands on what it writes there, byte for byte, and its exit code.

    python terminal.py <columns> <command>...

The keys in the variable TERMINAL_KEYS are pressed once the command asks a question and reads keys: before that, the
terminal itself would make a signal of Ctrl-C.
"""

import fcntl
import os
import pty
import struct
import sys
import termios
import time

# Where termios has them.
LOCAL_MODES = 3

process, terminal = pty.fork()
if process == 0:
    size = struct.pack("HHHH", 40, int(sys.argv[1]), 0, 0)
    fcntl.ioctl(sys.stdout.fileno(), termios.TIOCSWINSZ, size)
    os.execvp(sys.argv[2], sys.argv[2:])

keys = os.environ.get("TERMINAL_KEYS", "").encode()
seen = b""
while True:
    try:
        written = os.read(terminal, 4096)
    except OSError:
        # How Linux says that nobody has the terminal open any more.
        break
    if not written:
        break
    sys.stdout.buffer.write(written)
    seen += written
    if keys and b"[y/N]" in seen:
        patience = time.monotonic() + 60
        while termios.tcgetattr(terminal)[LOCAL_MODES] & termios.ICANON and time.monotonic() < patience:
            time.sleep(0.01)
        os.write(terminal, keys)
        keys = b""
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
