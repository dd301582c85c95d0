"""A client of a test's database that does what it is told, so that a test can stop or kill it between two statements.

    python client.py duckdb <file> | postgres <dsn>

Each line of stdin is a JSON list of statements, which are executed one by one until one fails; or null, which closes the
connection as it is and opens another. Each is answered by a line: {"done": <statements>, "error": <text>, "rows": <of the last>}.
"""

import json
import os
import sys


def duckdb(place):
    import duckdb

    file = duckdb.connect(place)
    # A second database of the test's, where there is one.
    sandbox = os.path.join(os.path.dirname(place), "sandbox.duckdb")
    if os.path.exists(sandbox):
        file.execute(f"attach '{sandbox}' as sandbox")
    # Each is a connection of its own, with its own transaction.
    return file.cursor


def postgres(place):
    import psycopg2

    def connect():
        # The server does not die in a test; what it would lose with its machine is no matter here.
        connection = psycopg2.connect(place, options="-c synchronous_commit=off")
        connection.autocommit = True
        return connection

    return connect


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


def main():
    engine, place = sys.argv[1:]
    connect = {"duckdb": duckdb, "postgres": postgres}[engine](place)
    connection = connect()
    for line in sys.stdin:
        statements = json.loads(line)
        if statements is None:
            connection.close()
            connection = connect()
            reply = {"done": 0, "error": None, "rows": []}
        else:
            reply = execute(connection, statements)
        print(json.dumps(reply), flush=True)


main()
