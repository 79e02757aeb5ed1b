"""Holds the output of `go test -v` against the list of tests that must have run.

    python3 scripts/check_must_run.py OUTPUT LIST

LIST has a line `package TestName` for each, the package without the module's path ("." is the root). Fails when one of
them did not pass, was skipped or is no longer there, and when any other test was skipped: a test that cannot run fails
with what to install, it does not skip.
"""

import re
import sys
from pathlib import Path

MODULE = "github.com/sightline-search/sightline"
RESULT = re.compile(r"^\s*--- (PASS|FAIL|SKIP): (\S+) \(")
PACKAGE = re.compile(r"^(?:ok|FAIL|---)\s+(" + re.escape(MODULE) + r"\S*)\s")


def main(output: str, wanted: str) -> int:
    results = read_results(Path(output).read_text(errors="replace"))
    must = {tuple(line.split()) for line in Path(wanted).read_text().splitlines() if line and not line.startswith("#")}
    problems = [
        f"{package} {test} must run and did not" for package, test in sorted(must) if (package, test) not in results
    ]
    for (package, test), result in sorted(results.items()):
        if result == "SKIP":
            problems.append(f"{package} {test} was skipped")
        elif result == "FAIL" and (package, test) in must:
            problems.append(f"{package} {test} must pass and failed")
    for problem in problems:
        print(f"check_must_run: {problem}", file=sys.stderr)
    passed = sum(result == "PASS" for result in results.values())
    print(
        f"check_must_run: {len(must)} tests must run; {passed} of {len(results)} passed; {len(problems)} problems",
        file=sys.stderr,
    )
    return 1 if problems else 0


def read_results(output: str) -> dict[tuple[str, str], str]:
    """(package, test) -> result. `go test` prints a package's tests first and its own line last."""
    results, pending = {}, {}
    for line in output.splitlines():
        if match := RESULT.match(line):
            pending[match[2]] = match[1]
        elif match := PACKAGE.match(line):
            package = match[1].removeprefix(MODULE).lstrip("/") or "."
            results.update({(package, test): result for test, result in pending.items()})
            pending = {}
    return results


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
