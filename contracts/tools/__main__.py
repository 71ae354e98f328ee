"""``python -m contracts.tools generate`` writes what is generated; ``check`` is the gate.

Exit code 1 and one sentence per problem when anything is wrong.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

import jsonschema
import yaml

from contracts.catalogue import CATALOGUE
from contracts.tools import asyncapi, examples, page, refusals, released, schemas, words
from contracts.tools.lint import problems as lint_problems

ASYNCAPI: Final = schemas.CONTRACTS / "asyncapi.yaml"
EXAMPLES: Final = schemas.CONTRACTS / "examples"
USAGE: Final = "usage: python -m contracts.tools generate | check | release TYPE"


def wanted_files() -> dict[Path, str]:
    """Every generated file and its content."""
    files = {
        schemas.SCHEMAS / name: schemas.as_text(s) for name, s in schemas.all_schemas().items()
    }
    files |= {EXAMPLES / name: schemas.as_text(event) for name, event in examples.all_examples()}
    files[ASYNCAPI] = yaml.safe_dump(
        asyncapi.document(), sort_keys=False, allow_unicode=True, width=100
    )
    files[page.PAGE] = page.page()
    files[refusals.PAGE] = refusals.page()
    files[words.PAGE] = words.page()
    return files


def generate() -> int:
    """Write every generated file; remove schemas and examples that no longer exist."""
    files = wanted_files()
    for old in [*schemas.SCHEMAS.glob("*.json"), *EXAMPLES.glob("*/*.json")]:
        if old not in files:
            old.unlink()
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(files)} files written\n")
    return 0


def gate_problems() -> list[str]:
    """Everything that is wrong with the contracts as they stand."""
    found = []
    for path, text in wanted_files().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            found.append(f"{path.name} ({path.parent.name}): not current; run make contracts")
    candidates: dict[str, dict[str, Any]] = {}
    for spec in CATALOGUE.values():
        schema = schemas.schema_of(spec)
        candidates[spec.type] = schema
        found += [f"{spec.type}: {problem}" for problem in lint_problems(schema)]
    found += released.frozen_problems() + released.compatibility_problems(candidates)
    return found + refusals.problems() + words.problems() + example_problems()


def example_problems() -> list[str]:
    """Committed examples that the reference validator or today's reader refuses."""
    found = []
    for path in sorted(EXAMPLES.glob("*/*.json")):
        event = json.loads(path.read_text(encoding="utf-8"))
        spec = CATALOGUE.get(event["type"])
        where = f"{path.parent.name}/{path.name}"
        if spec is None:
            found.append(f"{where}: its type is not in the catalogue")
            continue
        validator = jsonschema.Draft202012Validator(
            schemas.schema_of(spec), format_checker=jsonschema.FormatChecker()
        )
        found += [f"{where}: {error.json_path}" for error in validator.iter_errors(event["data"])]
        try:
            spec.model.model_validate(event["data"], extra="ignore")
        except ValueError:
            found.append(f"{where}: today's reader refuses it")
    return found


def check() -> int:
    """Print every problem; 0 when there is none."""
    found = gate_problems()
    for problem in found:
        sys.stdout.write(problem + "\n")
    sys.stdout.write(f"contracts: {len(CATALOGUE)} event types, {len(found)} problems\n")
    return 1 if found else 0


def main(arguments: list[str]) -> int:
    """Dispatch; 2 for a call that makes no sense."""
    match arguments:
        case ["generate"]:
            return generate()
        case ["check"]:
            return check()
        case ["release", event_type] if event_type in CATALOGUE:
            sys.stdout.write(f"released {released.release(event_type)}\n")
            return 0
        case _:
            sys.stderr.write(USAGE + "\n")
            return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
