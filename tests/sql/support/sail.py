"""Sail, an engine for Spark SQL without Java, on Iceberg and Delta tables in a folder.

It lacks some statements of Spark and Databricks. Those have a stand-in here, which does the same to the tables as far as
a test can see; whoever executes a statement is told which stand-ins were needed.
"""

import os
import re
import shutil
from pathlib import Path

NAME = r"(?:`[^`]*`|[\w.-])+"

# What stands in, where, and for what. Whole statements unless it says otherwise.
STAND_INS = [
    (
        "deep clone",
        rf"^(create (?:or replace )?table (?:if not exists )?{NAME})\s+deep clone ({NAME})(?: location '.+')?$",
        r"\1 using delta as select * from \2",
    ),
    # The session's zone is UTC already.
    ("set time zone", r"^set time zone 'UTC'$", "select 1"),
    ("comment on table", r"^comment on table .+$", "select 1"),
    ("grant", r"^grant .+$", "select 1"),
    ("set tags", r"^alter table \S+ (?:alter column \S+ )?set tags .+$", "select 1"),
    ("set tblproperties", r"^alter table \S+ set tblproperties .+$", "select 1"),
    ("cluster a table", r"^alter table \S+ cluster by (?:auto|\([^()]*\))$", "select 1"),
    # Parts of a statement: what is said about a table that is created from a query.
    ("comment", r"^(create .+?)\ncomment '(?:[^'\\]|\\.)*'(\n.+)$", r"\1\2"),
    ("cluster by", r"^(create .+?)\ncluster by (?:auto|\([^()]*\))(\n.+)$", r"\1\2"),
    # There is no such bucket.
    ("location", r"^(create .+?)\nlocation '(?:[^'\\]|\\.)*'(\n.+)$", r"\1\2"),
]


class Sail:
    """A server and a session with catalogs that are empty."""

    def __init__(self, catalogs=("sail",)):
        lists = ", ".join(f'{{type="memory", name="{name}", initial_database=["default"]}}' for name in catalogs)
        os.environ["SAIL_CATALOG__LIST"] = f"[{lists}]"
        os.environ["SAIL_CATALOG__DEFAULT_CATALOG"] = catalogs[0]
        os.environ.setdefault("RUST_LOG", "error")
        from pysail.spark import SparkConnectServer

        self.server = SparkConnectServer(port=0)
        self.server.start(background=True)
        self.catalogs = catalogs
        self.spark = None
        self.open(None)

    def close(self):
        """Otherwise its threads live on."""
        self.spark.stop()
        self.server.stop()

    def open(self, folder):
        """A new session; what it creates goes into the folder."""
        from pyspark.sql import SparkSession

        _, port = self.server.listening_address
        if self.spark is not None:
            self.spark.stop()
        self.spark = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").create()
        self.spark.conf.set("spark.sql.session.timeZone", "UTC")
        self.folder = folder

    def create_database(self, *path):
        """In a catalog, or in the first one."""
        catalog, database = path if len(path) == 2 else (self.catalogs[0], *path)
        place = Path(self.folder, catalog, database)
        self.spark.sql(f"create database if not exists `{catalog}`.`{database}` location '{place}'").collect()

    def execute(self, statement):
        """Rows as text, and which stand-ins were needed."""
        statement, stand_ins = adapted(statement)
        if hashed := self.with_columns(statement):
            statement, stand_ins = hashed, [*stand_ins, "hash of all columns"]
        if typed := self.with_types(statement):
            statement, stand_ins = typed, [*stand_ins, "type of a row"]
        if deleted := self.with_values(statement):
            statement, stand_ins = deleted, [*stand_ins, "delete by subquery"]
        rows = [["null" if value is None else str(value) for value in row] for row in self.spark.sql(statement).collect()]
        if dropped := re.match(rf"drop table (?:if exists )?({NAME})$", statement, re.IGNORECASE):
            self.remove_files(dropped[1])
        return rows, stand_ins

    def with_columns(self, statement):
        """Sail hashes no `*`, and where it partitions a table by a column, that column becomes the last one."""

        def listed(hashed):
            columns = sorted(self.spark.table(hashed[1]).columns)
            return f"xxhash64({', '.join(columns)}) as decimal(38, 0))) from {hashed[1]}"

        replaced = re.sub(rf"xxhash64\(\*\) as decimal\(38, 0\)\)\) from ({NAME})", listed, statement)
        return replaced if replaced != statement else None

    def with_types(self, statement):
        """The same: a row's type hangs on the order of columns, which is not the one that was asked for."""

        def listed(typed):
            fields = self.spark.table(typed[1]).schema.fields
            return f"'{', '.join(sorted(field.simpleString() for field in fields))}'"

        row = rf"\(select typeof\(struct\(t\.\*\)\) from \(select 1 as one\) as o left join ({NAME}) as t on false\)"
        replaced = re.sub(row, listed, statement)
        return replaced if replaced != statement else None

    def with_values(self, statement):
        """Sail deletes nothing by a subquery: it gets the times that the subquery finds."""
        found = re.match(r"(delete from .+ and last_success in \()(select .+)\)$", statement, re.DOTALL)
        if found is None:
            return None
        times = [f"timestamp '{row[0]}Z'" for row in self.spark.sql(found[2]).collect()]
        return f"{found[1]}{', '.join(times) or 'null'})"

    def remove_files(self, name):
        """Sail leaves the files of a table that it drops, and then refuses to create another one there."""
        path = name.replace("`", "").split(".")
        catalog, database, table = path if len(path) == 3 else (self.catalogs[0], *path)
        shutil.rmtree(Path(self.folder, catalog, database, table), ignore_errors=True)


def adapted(statement):
    """The statement that Sail gets, and the names of the stand-ins in it."""
    used = []
    for name, pattern, stand_in in STAND_INS:
        replaced = re.sub(pattern, stand_in, statement, flags=re.IGNORECASE | re.DOTALL)
        if replaced != statement:
            statement = replaced
            used.append(name)
    return statement, used


def is_wrong_sql(error):
    """Whether a statement was not understood; tables that are not there are another matter."""
    return re.match(r"invalid argument: found .* expected |unknown function: ", str(error), re.DOTALL) is not None
