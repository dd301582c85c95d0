"""Keeps a Python process that has imported and used dbt, of which every call is a fork: most of what a small call takes is dbt's
getting ready.

    python preloaded.py <folder> <a dbt project>

Serves the folder's socket until stdin ends, then deletes the folder. A client, which `preloaded_client.py` is, sends its arguments,
working directory, environment and standard streams, then a byte a signal; it is answered with the status of the process.
"""

import atexit
import importlib.metadata
import importlib.util
import itertools
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import struct
import sys
import traceback

# What Python finds beside the program: here, it is what dbt's own one would find. Any module whose name begins
# with `dbt_` is a plugin to dbt, which imports it.
sys.path[0] = str(pathlib.Path(sys.executable).parent)

import dbt.cli.main


def warm_up(project, folder):
    """Parses a project, so that all the code that dbt makes for itself is there."""
    # The static parser starts threads, which a fork would wait for in vain.
    options = ["--quiet", "--no-partial-parse", "--no-static-parser", "--target-path", folder, "--log-path", folder]
    targets = ["pg_staging"]
    # Importing an older DuckDB starts one, too.
    if not importlib.metadata.version("duckdb").startswith("1."):
        importlib.import_module("dbt.adapters.duckdb")
        targets.append("staging")
    for target in targets:
        places = ["--project-dir", project, "--profiles-dir", project, "--target", target]
        if not dbt.cli.main.dbtRunner().invoke(["parse", *places, *options]).success:
            sys.exit("the project does not parse")
    if importlib.util.find_spec("dbt_common"):
        # Newer versions keep the environment that the first call sees.
        importlib.import_module("dbt_common.events.functions").reset_metadata_vars()
    threads = pathlib.Path("/proc/self/task")
    if threads.exists() and len(list(threads.iterdir())) > 1:
        sys.exit("something has started a thread: forks could wait for it for ever")


def receive(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError("the client has gone")
        data += part
    return data


def become_dbt(request, streams):
    """Turns this process into what the client's would have been."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = request["arguments"]
    # What importing dbt 1.12 does.
    if hasattr(dbt.cli.main, "load_dotenv"):
        dbt.cli.main.load_dotenv(dbt.cli.main.find_dotenv(usecwd=True), override=False)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def hold():
    """Stands still for ever at a statement of a promotion: before it is sent, or before anybody is told that it is done. A test waits
    for the file, which holds this process's number, and kills."""
    before, after = (int(os.environ.get(name, -1)) for name in ("HOLD_BEFORE", "HOLD_AFTER"))
    if "snowplow_backfill_execute" not in sys.argv or max(before, after) < 0:
        return
    manager = importlib.import_module("dbt.adapters.sql.connections").SQLConnectionManager
    execute, number = manager.execute, itertools.count()

    def stand_still():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        ready = pathlib.Path(os.environ["HOLD_READY"])
        ready.with_suffix(".part").write_text(str(os.getpid()))
        ready.with_suffix(".part").rename(ready)
        while True:
            signal.pause()

    def held(*arguments, **named):
        place = next(number)
        if place == before:
            stand_still()
        answer = execute(*arguments, **named)
        if place == after:
            stand_still()
        return answer

    manager.execute = held


def lose():
    """Has the server end the connection of a promotion at a statement: before it is sent, or when it is done and nobody knows."""
    before, after = (int(os.environ.get(name, -1)) for name in ("LOSE_BEFORE", "LOSE_AFTER"))
    if "snowplow_backfill_execute" not in sys.argv or max(before, after) < 0:
        return
    manager = importlib.import_module("dbt.adapters.sql.connections").SQLConnectionManager
    psycopg2 = importlib.import_module("psycopg2")
    execute, number = manager.execute, itertools.count()

    def end_connection(manager):
        connection = manager.get_thread_connection().handle
        with psycopg2.connect(**connection.get_dsn_parameters()) as other, other.cursor() as cursor:
            # Waits until the process has gone.
            cursor.execute("select pg_terminate_backend(%s, 60000)", (connection.get_backend_pid(),))
            assert cursor.fetchone() == (True,)

    def lossy(manager, *arguments, **named):
        place = next(number)
        if place == before:
            end_connection(manager)
        answer = execute(manager, *arguments, **named)
        if place == after:
            end_connection(manager)
            execute(manager, "select 1")
        return answer

    manager.execute = lossy


def run_dbt():
    hold()
    lose()
    status = 1
    try:
        dbt.cli.main.cli()
    except SystemExit as ending:
        status = ending.code
    except BaseException:
        traceback.print_exc()
    # What Python does at its end but for tidying up its memory, which takes longer than dbt.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def attend(connection):
    """One call: in its own process, the call's status for the client. Returns in the process that is to be dbt."""
    head, streams, _, _ = socket.recv_fds(connection, 4, 3)
    request = json.loads(receive(connection, struct.unpack("!I", head)[0]))
    ended, alive = os.pipe()
    child = os.fork()
    if not child:
        connection.close()
        os.close(ended)
        become_dbt(request, streams)
        return
    os.close(alive)
    for stream in (0, 1, 2, *streams):
        os.close(stream)
    while True:
        ready, _, _ = select.select([ended, connection], [], [])
        if ended in ready:
            break
        asked = connection.recv(1)
        # A client that was killed takes dbt along.
        os.kill(child, asked[0] if asked else signal.SIGKILL)
        if not asked:
            break
    _, status = os.waitpid(child, 0)
    try:
        connection.sendall(struct.pack("!i", os.waitstatus_to_exitcode(status)))
    except BrokenPipeError:
        pass
    os._exit(0)


folder = pathlib.Path(sys.argv[1])
warm_up(sys.argv[2], str(folder / "warm"))
listener = socket.socket(socket.AF_UNIX)
listener.bind(str(folder / "socket"))
listener.listen(64)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
while True:
    ready, _, _ = select.select([listener, sys.stdin], [], [])
    if sys.stdin in ready:
        shutil.rmtree(folder, ignore_errors=True)
        sys.exit()
    connection, _ = listener.accept()
    if os.fork():
        connection.close()
        continue
    listener.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    attend(connection)
    run_dbt()
