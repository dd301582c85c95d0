"""Executes statements on a test's database: what the tests look at, past dbt and past the tool.

    python sql.py duckdb <file> | postgres <dsn>

Reads a JSON list of statements from stdin, executes each by itself, prints the rows of the last one as JSON, values as text.
"""

import json
import sys


def connect(engine, place):
    if engine == "duckdb":
        import duckdb

        return duckdb.connect(place)
    import psycopg2

    connection = psycopg2.connect(place)
    connection.autocommit = True
    return connection


def main():
    engine, place = sys.argv[1:]
    connection = connect(engine, place)
    cursor = connection.cursor()
    rows = []
    for statement in json.load(sys.stdin):
        cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
    connection.close()
    json.dump([[None if value is None else str(value) for value in row] for row in rows], sys.stdout)


main()
