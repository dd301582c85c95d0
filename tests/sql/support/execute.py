"""Executes Spark SQL, a statement a request.

    python execute.py <catalog>…

Reads one request a line from stdin and answers each with one line:
{"open": <empty folder>, "databases": [[<catalog>, <name>], …]}: begins anew, without tables.
{"execute": <statement>}: {"rows": [[<text>, …], …], "stand_ins": [<name>, …]} or {"error": <message>}.
"""

import json
import os
import sys

from sail import Sail


def answer(sail, request):
    if "open" in request:
        sail.open(request["open"])
        for path in request["databases"]:
            sail.create_database(*path)
        return {"rows": [], "stand_ins": []}
    rows, stand_ins = sail.execute(request["execute"])
    return {"rows": rows, "stand_ins": stand_ins}


def main():
    # Whatever a library prints is no answer, even if it is no Python.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sail = Sail(sys.argv[1:])
    from pyspark.errors import PySparkException

    for line in sys.stdin:
        try:
            reply = answer(sail, json.loads(line))
        except PySparkException as error:
            reply = {"error": str(error)}
        print(json.dumps(reply), file=answers, flush=True)
    sail.close()


main()
