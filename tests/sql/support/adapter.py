"""A dbt adapter that executes statements as a promotion does, on a warehouse that only keeps the order of things.

    python adapter.py <adapter> <the macro's file>

Reads one request a line from stdin and answers each with one line:
"errors": {"errors": [<name>, …]}, what can go wrong.
{"statements": [<text>, …], "breaks": <number or null>, "error": <name>, "target": "some" or "all"}: {"committed": [[<text>, …], …],
"failed": <message or null>}. The statement of that number is answered with the error, once; the adapter is asked to send some or all
failed statements again. What was committed together stands together.
"""

import json
import os
import pathlib
import re
import sys
import tempfile
import time

import dbt.adapters.factory
from dbt.cli.main import dbtRunner


class Server:
    """What all connections share: which statements took effect, and what is to go wrong."""

    def __init__(self, request):
        self.number = -1
        self.request = request
        self.committed = []
        self.is_broken = False

    def fault(self, sql):
        """The error that this statement is answered with."""
        if self.is_broken or self.request["breaks"] is None or sql != self.request["statements"][self.request["breaks"]]:
            return None
        self.is_broken = True
        return self.request["error"]


class Connection:
    """A connection in autocommit mode."""

    autocommit = True
    session_id = 1

    def __init__(self, driver, server):
        self.driver = driver
        self.server = server
        self.transaction = None
        self.is_aborted = self.is_lost = False

    def cursor(self, *arguments):
        return Cursor(self)

    def execute(self, sql):
        sql = without_comment(sql)
        if sql in self.driver.OWN:
            return
        if self.is_lost:
            raise self.driver.LOST()
        if self.is_aborted:
            raise self.driver.ABORTED()
        error = self.server.fault(sql)
        # The answer is lost, and not the statement.
        if error is None or error == "answer lost":
            self.take_effect(sql)
        if error is not None:
            self.is_aborted = self.transaction is not None and self.driver.ABORTED is not None
            self.is_lost = error in ("lost", "answer lost")
            raise self.driver.ERRORS[error]()

    def take_effect(self, sql):
        if sql.split()[0] == "begin":
            self.transaction = [sql]
        elif self.transaction is None:
            self.server.committed.append([sql])
        elif sql == "commit":
            self.server.committed.append([*self.transaction, sql])
            self.transaction = None
        else:
            self.transaction.append(sql)

    def rollback(self):
        self.transaction = None

    def close(self):
        self.transaction = None

    def is_closed(self):
        return False


class Cursor:
    rowcount = 0
    description = None
    sfqid = sqlstate = stats = None

    def __init__(self, connection):
        self.connection = connection

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def execute(self, sql, *bindings):
        self.connection.execute(sql)
        return self

    def fetchone(self):
        return (1,)

    def fetchall(self):
        return []


def without_comment(sql):
    """dbt says in a comment before or after a statement who sends it."""
    return re.sub(r"/\*.*?\*/", "", sql, flags=re.DOTALL).strip().removesuffix(";")


class Redshift:
    # What dbt sends by itself.
    OWN = ("select pg_backend_pid()", "BEGIN", "COMMIT")
    PROFILE = {"type": "redshift", "host": "nowhere", "port": 5439, "user": "u", "password": "p", "dbname": "analytics", "retries": 3}

    def __init__(self):
        import redshift_connector as driver

        def said(words):
            return lambda: driver.ProgrammingError({"S": "ERROR", "M": words})

        self.module = driver
        self.LOST = lambda: driver.InterfaceError("connection is closed")
        self.ABORTED = said("current transaction is aborted, commands ignored until end of transaction block")
        self.ERRORS = {
            "conflict": said("could not complete because of conflict with concurrent transaction"),
            "relation gone": said("could not open relation with OID 12345"),
            "schema gone": said('schema "prod_derived" does not exist'),
            "refused": said("permission denied"),
            "server": lambda: driver.OperationalError("out of memory"),
            "lost": lambda: driver.InterfaceError("BrokenPipe: server socket closed"),
            "answer lost": lambda: driver.OperationalError("server closed the connection unexpectedly"),
        }


class Snowflake:
    OWN = ()
    ABORTED = None
    PROFILE = {"type": "snowflake", "account": "nowhere", "user": "u", "password": "p", "database": "ANALYTICS", "warehouse": "w"}
    PROFILE |= {"retry_on_database_errors": True, "connect_retries": 3}

    def __init__(self):
        import snowflake.connector as driver

        self.module = driver
        self.LOST = lambda: driver.errors.OperationalError("connection is closed")
        self.ERRORS = {
            "refused": lambda: driver.errors.ProgrammingError("insufficient privileges"),
            "server": lambda: driver.errors.InternalError("incident 1"),
            "lost": lambda: driver.errors.OperationalError("connection reset"),
            "answer lost": lambda: driver.errors.DatabaseError("authentication token has expired"),
        }


class Dbt:
    """A project with the macro of a promotion."""

    def __init__(self, driver, macro, folder):
        self.driver, self.macro, self.folder = driver, macro, folder
        self.loaded = None
        (folder / "macros").mkdir()
        (folder / "dbt_project.yml").write_text("name: lab\nprofile: lab\nversion: '1.0'\nconfig-version: 2\n")
        targets = {
            name: {**driver.PROFILE, "schema": "public", "threads": 1, "retry_all": name == "all"} for name in ("some", "all")
        }
        profiles = {"lab": {"target": "some", "outputs": targets}}
        (folder / "profiles.yml").write_text(json.dumps(profiles))

    def load(self, statements, target):
        if self.loaded == (statements, target):
            return
        batches = [{"first": place, "last": place, "sql": sql} for place, sql in enumerate(statements)]
        text = self.macro.replace("__BATCHES__", json.dumps({"default": batches}))
        (self.folder / "macros" / "execute.sql").write_text(text)
        places = ["--project-dir", self.folder, "--profiles-dir", self.folder, "--target-path", self.folder / "target"]
        options = ["--quiet", "--no-partial-parse", "--log-path", self.folder, "--target", target]
        result = dbtRunner().invoke(["parse", *map(str, places), *options])
        assert result.success, result.exception
        self.manifest = result.result
        self.loaded = (statements, target)

    def execute(self, request):
        self.load(request["statements"], request["target"])
        server = Server(request)
        self.driver.module.connect = lambda **arguments: Connection(self.driver, server)
        (adapter,) = dbt.adapters.factory.FACTORY.adapters.values()
        failed = None
        try:
            # What `dbt run-operation` does.
            with adapter.connection_named("macro"):
                adapter.clear_transaction()
                arguments = {"marker": "", "resending": ["redshift"]}
                adapter.execute_macro("snowplow_backfill_execute", self.manifest, project="lab", kwargs=arguments)
        except Exception as error:
            failed = str(error)
        adapter.cleanup_connections()
        return {"committed": server.committed, "failed": failed}


def main():
    # Whatever a library or the macro prints is no answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    time.sleep = lambda seconds: None
    driver = {"redshift": Redshift, "snowflake": Snowflake}[sys.argv[1]]()
    with tempfile.TemporaryDirectory() as folder:
        lab = Dbt(driver, pathlib.Path(sys.argv[2]).read_text(), pathlib.Path(folder))
        for line in sys.stdin:
            request = json.loads(line)
            reply = {"errors": list(driver.ERRORS)} if request == "errors" else lab.execute(request)
            print(json.dumps(reply), file=answers, flush=True)


main()
