"""A client of a test's database that does what it is told, so that a test can stop or kill it between two statements.

    python client.py duckdb <file> | postgres <dsn>

Each line of stdin is JSON:

    ["…", …]             executes statements one by one until one fails
    null                 closes the connection as it is; the next statement opens another
    "leave"              the same, and lets others have a DuckDB file
    {"killed": ["…", …]} executes statements in a process of its own, which is then killed with SIGKILL

Each is answered by a line: {"done": <statements>, "error": <text>, "rows": <of the last>}.
"""

import json
import os
import signal
import sys


class DuckDb:
    """Connections of one process share the file; each has a transaction of its own."""

    def __init__(self, place):
        import duckdb

        self.place, self.open, self.file = place, duckdb.connect, None

    def connect(self):
        if self.file is None:
            self.file = self.open(self.place, config={"threads": 1})
            # A second database of the test's, where there is one.
            sandbox = os.path.join(os.path.dirname(self.place), "sandbox.duckdb")
            if os.path.exists(sandbox):
                self.file.execute(f"attach '{sandbox}' as sandbox")
        return self.file.cursor()

    def leave(self):
        """Another process is to have the file."""
        if self.file is not None:
            self.file.close()
            self.file = None


class Postgres:
    def __init__(self, place):
        import psycopg2

        self.place, self.open = place, psycopg2.connect

    def connect(self):
        connection = self.open(self.place)
        connection.autocommit = True
        return connection

    def leave(self):
        pass


def execute(connection, statements):
    cursor = connection if hasattr(connection, "description") else connection.cursor()
    rows, done = [], 0
    for statement in statements:
        try:
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
        except Exception as error:
            return {"done": done, "error": str(error), "rows": []}
        done += 1
    rows = [[None if value is None else str(value) for value in row] for row in rows]
    return {"done": done, "error": None, "rows": rows}


def execute_and_be_killed(database, statements):
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        reply = execute(database.connect(), statements)
        os.write(sender, json.dumps(reply).encode() + b"\n")
        while True:
            signal.pause()
    os.close(sender)
    with os.fdopen(receiver) as replies:
        reply = json.loads(replies.readline())
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return reply


def main():
    engine, place = sys.argv[1:]
    database = {"duckdb": DuckDb, "postgres": Postgres}[engine](place)
    connection = None
    for line in sys.stdin:
        order = json.loads(line)
        if isinstance(order, dict):
            reply = execute_and_be_killed(database, order["killed"])
        elif order is None or order == "leave":
            if connection is not None:
                connection.close()
                connection = None
            if order == "leave":
                database.leave()
            reply = {"done": 0, "error": None, "rows": []}
        else:
            connection = connection or database.connect()
            reply = execute(connection, order)
        print(json.dumps(reply), flush=True)


main()
