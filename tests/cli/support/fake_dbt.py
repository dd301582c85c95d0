"""A scripted dbt, for what real dbt will not do on demand. It names dbt.cli.main, as the dbt of every dbt-core 1 does.

FAKE_DBT names a JSON file: {"<subcommand>": [reply, ...]}. Each call takes the next reply of its subcommand; the last one
repeats. With {"first_event": time}, calls that ask for events are answered with that time, and take no reply. A reply:

    stdout, stderr   what is printed
    empty            true: every query of the call is answered with no rows
    empty_from       the same of the queries from this one on
    log              what is appended to dbt.log in the folder of --log-path
    files            {name: text} for the folder of --target-path; @STAMP@ stands for the run's stamp
    hang             waits for a signal after printing: "polite" ends on SIGINT with exit code 2, "deaf" ignores it
    exit             the exit code
"""

import json
import os
import pathlib
import signal
import sys

script = pathlib.Path(os.environ["FAKE_DBT"])
arguments = sys.argv[1:]
subcommand = next((word for word in arguments if word in ("ls", "parse", "run", "run-operation", "--version")), "?")

with open(script.with_suffix(".calls"), "a") as calls:
    calls.write(json.dumps(arguments) + "\n")
replies = json.loads(script.read_text())
first_event = replies.get("first_event")


def asks_for_events(call):
    return first_event is not None and any("first_event_text" in word for word in call)


if asks_for_events(arguments):
    queries = json.loads(arguments[arguments.index("--args") + 1])["queries"]
    answers = [{"target": {"name": "faked", "type": "faked", "schema": "s"}}]
    for place in range(len(queries)):
        answers += [{"query": place, "row": [first_event]}, {"query": place, "end": True}]
    sys.stdout.writelines(f"snowplow-backfill:{json.dumps(answer)}\n" for answer in answers)
    sys.exit()
with open(script.with_suffix(".calls")) as calls:
    earlier = [json.loads(line) for line in calls]
    number = sum(subcommand in call and not asks_for_events(call) for call in earlier) - 1

replies = replies.get(subcommand, [{}])
reply = replies[min(number, len(replies) - 1)]

if "--target-path" in arguments:
    target = pathlib.Path(arguments[arguments.index("--target-path") + 1])
    target.mkdir(parents=True, exist_ok=True)
    for name, text in reply.get("files", {}).items():
        stamp = os.environ.get("DBT_ENV_CUSTOM_ENV_SNOWPLOW_BACKFILL", "none")
        (target / name).write_text(text.replace("@STAMP@", stamp))
if "log" in reply:
    logs = pathlib.Path(arguments[arguments.index("--log-path") + 1])
    logs.mkdir(parents=True, exist_ok=True)
    with open(logs / "dbt.log", "a") as log:
        log.write(reply["log"])


def interrupted(*_):
    sys.stdout.write("told to end\n")
    sys.stdout.flush()
    sys.exit(2)


hang = reply.get("hang")
if hang:
    signal.signal(signal.SIGINT, interrupted if hang == "polite" else signal.SIG_IGN)
sys.stdout.write(reply.get("stdout", ""))
if reply.get("empty") or "empty_from" in reply:
    queries = json.loads(arguments[arguments.index("--args") + 1])["queries"]
    answers = [{"target": {"name": "faked", "type": "faked", "schema": "s"}}] if reply.get("empty") else []
    answers += [{"query": place, "end": True} for place in range(reply.get("empty_from", 0), len(queries))]
    sys.stdout.writelines(f"snowplow-backfill:{json.dumps(answer)}\n" for answer in answers)
sys.stdout.flush()
sys.stderr.write(reply.get("stderr", ""))
sys.stderr.flush()
if hang:
    # The test may wait for this file: from here on signals are handled.
    script.with_suffix(".hanging").write_text(str(os.getpid()))
    while True:
        signal.pause()
sys.exit(reply.get("exit", 0))
