"""The connection of a dbt project as dbt itself resolves its profile: variables, `env_var`, targets and all.

Reads one JSON request on standard input: `{"project_dir", "profiles_dir" (null: dbt's own default), "target" (null: the
profile's default)}`. Writes one JSON answer as the last line of standard output: `{"connection": {…}}`, with the
password, which is why the answer goes nowhere else, or `{"error": {"kind", "message"}}`. Made for dbt 1.11, whose
internal loader it uses: everything that depends on it is in this file.
"""

import contextlib
import io
import json
import os
import re
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

# A folder of the workspace that is called dbt must not stand in for dbt
sys.path[:] = [place for place in sys.path if place and Path(place).resolve() != Path.cwd()]


def profiles_dir(asked: str | None) -> Path:
    """Where dbt looks: what was asked for, DBT_PROFILES_DIR, the project itself, ~/.dbt."""
    from dbt.cli.resolvers import default_profiles_dir

    return Path(asked or os.environ.get("DBT_PROFILES_DIR") or default_profiles_dir())


def resolve(request: dict[str, Any]) -> dict[str, Any]:
    """Answers a request; must run in the project's folder."""
    try:
        from dbt.config.runtime import load_profile
        from dbt.flags import set_from_args
        from dbt_common.context import set_invocation_context
    except ImportError as error:
        return failed("no_dbt", f"dbt cannot be imported: {error}")
    folder = profiles_dir(request["profiles_dir"])
    file = folder / "profiles.yml"
    if not file.exists():
        return failed("no_profiles", f"There is no profiles.yml in {folder}.", file)
    set_invocation_context(os.environ)
    # To find a folder for logs, which nobody writes, dbt would read packages.yml, and fail where that is half-written
    os.environ.setdefault("DBT_LOG_PATH", request["project_dir"])
    set_from_args(Namespace(PROFILES_DIR=str(folder), PROJECT_DIR=request["project_dir"]), None)
    try:
        profile = load_profile(request["project_dir"], {}, target_override=request["target"])
    except Exception as error:  # dbt's errors share no base that is worth naming: its words are what counts
        return failed("dbt", harmless(str(error)), file)
    credentials = profile.credentials
    if credentials.type != "postgres":
        return failed("adapter", credentials.type, file)
    fields = ("host", "port", "user", "password", "database", "schema", "sslmode")
    found = {name: getattr(credentials, name, None) for name in fields}
    # dbt takes a password that it cannot render as it is written
    unset = re.search(r"\{\{\s*env_var\(\s*['\"]([^'\"]+)['\"]", str(found["password"]))
    if unset:
        return failed("dbt", f"Env var required but not provided: '{unset[1]}'", file)
    return {
        "connection": {**found, "profile": profile.profile_name, "target": profile.target_name},
        "profiles_file": str(file),
    }


def harmless(message: str) -> str:
    """dbt's words without what it quotes of the profile: lines around a syntax error, values of a wrong type."""
    message = re.sub(r"(Syntax error near line \d+).*?(?:Raw Error:\s*-+\s*|$)", r"\1: ", message, flags=re.DOTALL)
    message = re.sub(
        r"invalid: .* is not (of type|valid under)", r"invalid: a value is not \1", message, flags=re.DOTALL
    )
    for name, value in os.environ.items():
        if value and re.search("PASS|SECRET|TOKEN", name, re.IGNORECASE):
            message = message.replace(value, "***")
    return message


def failed(kind: str, message: str, file: Path | None = None) -> dict[str, Any]:
    """An answer that says why there is none."""
    return {"error": {"kind": kind, "message": message}, "profiles_file": str(file) if file else None}


def main() -> None:
    """Answers one request."""
    request = json.load(sys.stdin)
    os.chdir(request["project_dir"])
    # dbt prints what it likes: only the answer may reach standard output
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        answer = resolve(request)
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
