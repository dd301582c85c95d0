"""Judges SQL statements with parsers of other people's making.

    python validate.py sqlfluff | sqlglot | pglast | duckdb | sail | googlesql <folder for compiled code>

Reads one request a line from stdin, {"dialect": …, "statement": …}, and answers each with one line:
{"rejected": null} or {"rejected": <why>}. Ends with stdin.
"""

import json
import os
import sys
from functools import cache


def sqlfluff():
    """A grammar for each of the warehouses, written from their manuals."""
    from sqlfluff.core import FluffConfig, Linter

    @cache
    def linter(dialect):
        name = {"spark": "sparksql"}.get(dialect, dialect)
        return Linter(config=FluffConfig(overrides={"dialect": name, "templater": "raw"}))

    def judge(dialect, statement):
        parsed = linter(dialect).parse_string(statement)
        if parsed.violations:
            return "; ".join(violation.desc() for violation in parsed.violations)
        if parsed.tree is None or next(parsed.tree.iter_unparsables(), None):
            return "it has a section that cannot be parsed"
        return None

    return judge


def sqlglot():
    """A reader and writer of all of the warehouses' SQL. What it passes on unread, it does not know."""
    import logging

    from sqlglot import ErrorLevel, exp, parse
    from sqlglot.errors import SqlglotError

    # It warns of what it does not know; that is said in the answer.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)

    def judge(dialect, text):
        try:
            for statement in filter(None, parse(text, read=dialect, error_level=ErrorLevel.RAISE)):
                if unread := statement.find(exp.Command):
                    return f"it does not know {unread.this}"
                # Its reader takes much from other warehouses; its writer names some of what this one has not.
                statement.sql(dialect=dialect, unsupported_level=ErrorLevel.RAISE)
        except SqlglotError as error:
            return str(error)
        return None

    return judge


def pglast():
    """Postgres' own grammar, and its procedural language's."""
    from pglast import ast, parse_plpgsql, parse_sql
    from pglast.parser import ParseError

    def judge(_dialect, statement):
        try:
            if any(isinstance(parsed.stmt, ast.DoStmt) for parsed in parse_sql(statement)):
                parse_plpgsql(statement)
        except ParseError as error:
            return str(error)
        return None

    return judge


def duckdb():
    """DuckDB's own parser."""
    from duckdb import Error, extract_statements

    def judge(_dialect, statement):
        try:
            extract_statements(statement)
        except Error as error:  # Older versions parse some things that they then do not know.
            return str(error)
        return None

    return judge


def sail():
    """The parser of an engine for Spark SQL: what it says about tables that are not there is no matter here."""
    import atexit

    from pyspark.errors import PySparkException
    from sail import Sail, is_wrong_sql

    engine = Sail()
    atexit.register(engine.close)

    def judge(_dialect, statement):
        try:
            # Its schema: a query is looked at no sooner.
            _ = engine.spark.sql(statement).schema
        except PySparkException as error:
            return str(error) if is_wrong_sql(error) else None
        return None

    return judge


def googlesql(folder):
    """BigQuery's own parser and analyser."""
    from googlesql import Judge

    return Judge(folder).judge


def main():
    # Whatever a library prints is no answer, even if it is no Python.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    name, *arguments = sys.argv[1:]
    validators = {
        "sqlfluff": sqlfluff,
        "sqlglot": sqlglot,
        "pglast": pglast,
        "duckdb": duckdb,
        "sail": sail,
        "googlesql": googlesql,
    }
    judge = validators[name](*arguments)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps({"rejected": judge(request["dialect"], request["statement"])}), file=answers, flush=True)


main()
