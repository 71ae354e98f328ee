"""`nrm doctor`: looks at what usually goes wrong, one action for each, and the page to follow."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.table import Table

from cli.options import JsonOption, StateOption, console, print_json, state_folder
from deploy.local import control
from deploy.local.layout import DEFAULT_STATE
from deploy.local.runbooks import diagnoses

app = typer.Typer()


@app.command()
def doctor(state: StateOption = DEFAULT_STATE, as_json: JsonOption = False) -> None:
    """Check disk, servers, topics, schemas, clock, keys, parked; name the runbook to follow."""
    from deploy.local.checks import Patient, examine  # noqa: PLC0415 - needs the database's library

    folder = state_folder(state)
    findings = list(examine(Patient(folder, control.topology_of(folder))))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        table = Table("check", "well", "seen", "what to do")
        for finding in findings:
            well = "yes" if finding.well else "[red]no[/]"
            table.add_row(finding.name, well, finding.seen, finding.action)
        console.print(table)
        for number, diagnosis in enumerate(diagnoses(findings), start=1):
            console.print(f"{number}. {diagnosis.page}: {diagnosis.sentence}", highlight=False)
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)
