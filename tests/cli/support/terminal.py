"""Runs a command on a terminal of its own and hands on what it writes there, byte for byte, and its exit code.

    python terminal.py <columns> <command>...
"""

import fcntl
import os
import pty
import struct
import sys
import termios

process, terminal = pty.fork()
if process == 0:
    size = struct.pack("HHHH", 40, int(sys.argv[1]), 0, 0)
    fcntl.ioctl(sys.stdout.fileno(), termios.TIOCSWINSZ, size)
    os.execvp(sys.argv[2], sys.argv[2:])

while True:
    try:
        written = os.read(terminal, 4096)
    except OSError:
        # How Linux says that nobody has the terminal open any more.
        break
    if not written:
        break
    sys.stdout.buffer.write(written)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
