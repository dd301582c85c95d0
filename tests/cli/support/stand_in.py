"""A stand-in for dbt 2: it answers with what a real 2.0.0-beta.2 printed and wrote, and takes no other arguments.

FAKE_DBT names a JSON file: {"<subcommand>": [reply, ...]}. Each call takes the next reply of its subcommand; the last one
repeats. A reply:

    recording   the folder of fixtures/dbt-2/recordings to answer with
    replace     [[text, other], ...]: changed in all that the recording holds
    statuses    {unique_id: status}: changed in its run_results.json and in its events
    events      lines that follow those of the recording
    stdout      printed instead of the recording's, such as the answers of a macro
    stderr      printed instead of the recording's
    exit        the exit code instead of the recording's
    files, empty, empty_from
                as fake_dbt.py has them, for what was not recorded
    hang        waits for SIGINT after it has printed what comes before that in the recording, then prints the rest
    kill        ends by this signal after that
"""

import json
import os
import pathlib
import signal
import sys

RECORDINGS = pathlib.Path("@FIXTURES@/dbt-2/recordings")
OPTIONS = pathlib.Path("@FIXTURES@/dbt_flags/2.0.txt")
SUBCOMMANDS = ("ls", "parse", "run", "run-operation")

# What dbt 2 takes and warns of, which is an error for those who make errors of warnings.
WARNED = {
    "debug": ["no"],
    "cache-selected-only": ["", "no"],
    "log-cache-events": ["", "no"],
    "macro-debugging": ["", "no"],
    "partial-parse-file-diff": ["", "no"],
    "populate-cache": ["", "no"],
    "print": ["", "no"],
    "printer-width": [""],
    "static-parser": ["", "no"],
    "use-colors": ["", "no"],
    "use-colors-file": ["", "no"],
    "use-experimental-parser": ["", "no"],
    "use-fast-test-edges": ["", "no"],
}
SWITCHES = """DEBUG DEFER FAIL_FAST FAVOR_STATE FULL_REFRESH INTROSPECT MACRO_DEBUGGING PARTIAL_PARSE PRINT QUIET
SEND_ANONYMOUS_USAGE_STATS STATIC_PARSER USE_COLORS USE_COLORS_FILE VERSION_CHECK WARN_ERROR WRITE_JSON""".split()


def options(subcommand):
    """Long and short names of the options of a subcommand, with whether a value follows."""
    known, section = {"run": {}, "ls": {}}, None
    for line in OPTIONS.read_text().splitlines():
        if not line.startswith(" "):
            section = known[line.split()[1]]
            continue
        words = line.split()
        for name in words:
            if name != "VALUE":
                section[name] = (words[-1] == "VALUE", next(word for word in words if word.startswith("--")))
    if subcommand in known:
        return known[subcommand]
    both = {name: told for name, told in known["run"].items() if name in known["ls"]}
    return both | ({"--args": (True, "--args")} if subcommand == "run-operation" else {})


def usage(code, text):
    sys.stderr.write(f"error: {text}\n\n\nFor more information, try ' --help'.\n")
    sys.exit(code)


def read(arguments):
    """The subcommand and the options of a command line."""
    subcommand = next((word for word in arguments if word in SUBCOMMANDS), None)
    known = options(subcommand or "run")
    found, words, place = {}, [], 0
    while place < len(arguments):
        word, place = arguments[place], place + 1
        if not word.startswith("-"):
            words.append(word)
            continue
        name, equals, value = word.partition("=")
        if name not in known:
            usage(1, f"unexpected argument '{name}' found")
        has_value, long = known[name]
        key = name if name.startswith("--no-") else long
        if key in found:
            usage(2, f"the argument '{key}' cannot be used multiple times")
        found[key] = True
        if has_value:
            taken = [value] if equals else []
            many = long in ("--select", "--exclude", "--output-keys", "--resource-type")
            while not equals and place < len(arguments) and not arguments[place].startswith("-") and (many or not taken):
                taken.append(arguments[place])
                place += 1
            if not taken:
                usage(2, f"a value is required for '{key}' but none was supplied")
            found[key] = taken
        kind = "no" if key.startswith("--no-") else ""
        if kind in WARNED.get(long[2:], []):
            warn(f"{key} is no longer supported")
    if "--select" in found and "--selector" in found:
        usage(2, "the argument '--select <SELECT>...' cannot be used with '--selector <SELECTOR>'")
    return subcommand, words, found


def warn(text):
    with open(script.with_suffix(".warned"), "a") as warned:
        warned.write(text + "\n")


def check_environment():
    for name, value in os.environ.items():
        short = name.removeprefix("DBT_ENGINE_") if name.startswith("DBT_ENGINE_") else name.removeprefix("DBT_")
        if short in SWITCHES and short != name and value.lower() not in ("true", "false", "1", "0", "yes", "no"):
            usage(2, f"invalid value '{value}' for '--{short.lower()}'")
        if name in ("DBT_ENGINE_BOGUS", "DBT_ENGINE_NO_SUCH"):
            sys.exit(f"[error] [InvalidConfig (dbt1005)]: The `DBT_ENGINE_` prefix is reserved: {name}")


def text_of(recording, name):
    path = RECORDINGS / recording / name
    return path.read_text() if path.exists() else ""


def as_text(events):
    """What the text format prints of events: on stdout what is printed, on stderr what went wrong."""
    told = [json.loads(line) for line in events.splitlines() if line.startswith("{\"data\"")]
    if not told:
        return events, ""
    printed = "".join(event["data"]["msg"] + "\n" for event in told if event["info"]["name"] == "PrintEvent")
    trouble = [event["info"]["msg"] for event in told if event["info"]["msg"].startswith(("[warning]", "[error]"))]
    heading = "\n=================== Errors and Warnings ====================\n" if trouble else ""
    return printed, heading + "".join(text + "\n" for text in trouble)


script = pathlib.Path(os.environ["FAKE_DBT"])
arguments = sys.argv[1:]
with open(script.with_suffix(".calls"), "a") as calls:
    calls.write(json.dumps(arguments) + "\n")
replies = json.loads(script.read_text())
with open(script.with_suffix(".environment"), "a") as environment:
    environment.write(json.dumps({k: v for k, v in os.environ.items() if k.startswith("DBT_")}) + "\n")

if arguments == ["--version"]:
    version = text_of("version", "stdout").replace("2.0.0-beta.2", replies.get("version", "2.0.0-beta.2"))
    sys.stdout.write(version)
    sys.exit()
check_environment()
subcommand, words, found = read(arguments)
with open(script.with_suffix(".calls")) as calls:
    number = sum(subcommand in json.loads(line) for line in calls) - 1
of_subcommand = replies.get(subcommand, [])
if not of_subcommand:
    sys.exit(f"the script has no reply for {subcommand}")
reply = of_subcommand[min(number, len(of_subcommand) - 1)]
recording = reply.get("recording", "operation-good" if subcommand == "run-operation" else "none")
stamp = os.environ.get("DBT_ENV_CUSTOM_ENV_SNOWPLOW_BACKFILL")
statuses = reply.get("statuses", {})


def changed(text):
    for old, new in reply.get("replace", []):
        assert old in text or "manifest" in old, f"{old!r} is not in the recording {recording}"
        text = text.replace(old, new)
    return text


def changed_line(line):
    """A line with the statuses that the reply changes."""
    if statuses and line.startswith("{"):
        event = json.loads(line)
        node = event["data"].get("node_info") or {}
        if event["info"]["name"] == "LogModelResult" and node.get("unique_id") in statuses:
            node["node_status"] = event["data"]["status"] = statuses[node["unique_id"]]
            return json.dumps(event)
    return line


target = pathlib.Path(found["--target-path"][0])
for name in ("manifest.json", "run_results.json"):
    text = text_of(recording, name)
    if name == "manifest.json" and not text and (RECORDINGS / recording).exists() and subcommand in ("ls", "parse"):
        text = text_of("ls", name)
    if not text:
        continue
    if name == "manifest.json":
        text = changed(text)
    data = json.loads(text)
    if name == "run_results.json" and reply.get("kill"):
        continue
    if name == "run_results.json":
        data["metadata"]["env"] = {"SNOWPLOW_BACKFILL": stamp} if stamp else {}
        for result in data["results"]:
            result["status"] = statuses.get(result["unique_id"], result["status"])
    target.mkdir(parents=True, exist_ok=True)
    (target / name).write_text(json.dumps(data))

for name, text in reply.get("files", {}).items():
    target.mkdir(parents=True, exist_ok=True)
    (target / name).write_text(text.replace("@STAMP@", stamp or "none").replace("1.11.16", "2.0.0-beta.2"))

out, err = text_of(recording, "stdout"), text_of(recording, "stderr")
if "stdout" in reply:
    out = reply["stdout"]
if "stderr" in reply:
    err = reply["stderr"]
if reply.get("empty") or "empty_from" in reply:
    queries = json.loads(found["--args"][0])["queries"]
    answers = [{"target": {"name": "faked", "type": "faked", "schema": "s"}}] if reply.get("empty") else []
    answers += [{"query": place, "end": True} for place in range(reply.get("empty_from", 0), len(queries))]
    out = (out if "stdout" in reply else "") + "".join(f"snowplow-backfill:{json.dumps(answer)}\n" for answer in answers)
out = "".join(changed_line(line) + "\n" for line in out.splitlines())
out += "".join(json.dumps(event) + "\n" for event in reply.get("events", []))
if found["--log-format"] == ["text"]:
    out, trouble = as_text(out)
    err += trouble
hang = reply.get("hang") or reply.get("kill")
before, after = out, ""
if hang:
    # Up to the first model that does not end by itself.
    lines = out.splitlines(keepends=True)
    place = next((at for at, line in enumerate(lines) if '"level":"error"' in line), len(lines))
    before, after = "".join(lines[:place]), "".join(lines[place:])


def interrupted(*_):
    sys.stdout.write(after)
    sys.stdout.flush()
    os._exit(1)


if reply.get("hang"):
    signal.signal(signal.SIGINT, interrupted)
sys.stdout.write(before)
sys.stdout.flush()
sys.stderr.write(err)
sys.stderr.flush()
if reply.get("hang"):
    script.with_suffix(".hanging").write_text(str(os.getpid()))
    while True:
        signal.pause()
if reply.get("kill"):
    os.kill(os.getpid(), reply["kill"])
sys.exit(reply.get("exit", int(text_of(recording, "exit") or 0)))
