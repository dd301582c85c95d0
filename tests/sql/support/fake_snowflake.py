"""Executes Snowflake's SQL on fakesnow, which imitates Snowflake with DuckDB, a statement a request.

    python fake_snowflake.py

Reads one request a line from stdin and answers each with one line:
{"open": …, "databases": [[<database>, <schema>], …]}: begins anew, without tables.
{"execute": <statement>}: {"rows": [[<text>, …], …], "stand_ins": [<name>, …]} or {"error": <message>}.
"""

import json
import logging
import math
import os
import re
import sys

NAME = r'(?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))*'

# What stands in where fakesnow fails, and for what. It is only used for a statement that fails as it is.
STAND_INS = [
    # The session's zone is UTC already.
    ("alter session", r"^alter session set .+$", "select 1"),
    # Its clones know neither IF NOT EXISTS nor OR REPLACE, where there is a table already.
    (
        "clone if not exists",
        rf"^create (?:transient )?table if not exists ({NAME}) clone ({NAME})$",
        r"create table if not exists \1 as select * from \2",
    ),
    (
        "clone that replaces",
        rf"^create or replace (?:transient )?table ({NAME}) clone ({NAME}) copy grants(?: copy tags)?$",
        r"create or replace table \1 as select * from \2",
    ),
    ("unset retention", rf"^alter table {NAME} unset data_retention_time_in_days$", "select 1"),
    ("set change tracking", rf"^alter table {NAME} set change_tracking = true$", "select 1"),
    ("grant", r"^grant .+$", "select 1"),
    # It knows both, but for a quote in the text.
    ("comment on table", r"^comment on table .+$", "select 1"),
    ("comment", r"^(create .+?)\ncomment = '(?:[^']|'')*'(.*)$", r"\1\2"),
    # It forgets them where it clones.
    (
        "length of texts",
        r"coalesce\(s\.character_maximum_length, -1\) = coalesce\(t\.character_maximum_length, -1\)",
        "true",
    ),
    ("hash_agg", rf"\(select hash_agg\(\*\) from ({NAME})\)", r"(select sum(hash(t)) from \1 as t)"),
]


class Fake:
    """A Snowflake of this process."""

    def open(self, schemas):
        from fakesnow.instance import FakeSnow

        self.instance = FakeSnow()
        self.cursor = self.instance.connect(database="SESSION", schema="SESSION").cursor()
        for database, schema in schemas:
            self.instance.connect(database=database)
            self.cursor.execute(f'create schema if not exists "{database}"."{schema}"')
        # Creating a schema has made it the session's.
        self.cursor.execute("use schema SESSION.SESSION")

    def execute(self, statement):
        """Rows as text, and which stand-ins were needed."""
        # Its MERGE writes a table of its own into another database, and DuckDB's transactions write to one.
        if statement == "begin transaction":
            return [], ["transaction"]
        try:
            return self.rows(statement), []
        except errors():
            statement, stand_ins = adapted(statement)
            if not stand_ins:
                raise
        return self.rows(statement), stand_ins

    def rows(self, statement):
        self.cursor.execute(statement)
        rows = self.cursor.fetchall()
        # To DuckDB, something divided by nothing is infinite.
        if any(isinstance(value, float) and math.isinf(value) for row in rows for value in row):
            raise ZeroDivisionError("Division by zero")
        return [["null" if value is None else str(value) for value in row] for row in rows]


def adapted(statement):
    """The statement that fakesnow gets instead, and the names of the stand-ins in it."""
    used = []
    for name, pattern, stand_in in STAND_INS:
        replaced = re.sub(pattern, stand_in, statement, flags=re.IGNORECASE | re.DOTALL)
        if replaced != statement:
            statement = replaced
            used.append(name)
    return statement, used


def errors():
    """What a statement may fail with."""
    import duckdb
    from snowflake.connector.errors import Error
    from sqlglot.errors import SqlglotError

    return Error, duckdb.Error, SqlglotError, ZeroDivisionError


def answer(fake, request):
    if "open" in request:
        fake.open(request["databases"])
        return {"rows": [], "stand_ins": []}
    rows, stand_ins = fake.execute(request["execute"])
    return {"rows": rows, "stand_ins": stand_ins}


def main():
    # Whatever a library prints is no answer, even if it is no Python.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    logging.disable(logging.CRITICAL)
    fake = Fake()
    for line in sys.stdin:
        try:
            reply = answer(fake, json.loads(line))
        except errors() as error:
            reply = {"error": str(error)}
        print(json.dumps(reply), file=answers, flush=True)


main()
