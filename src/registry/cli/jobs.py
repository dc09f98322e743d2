"""``registry jobs``: background work, and starting again what was given up."""

from collections.abc import Sequence
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import queue
from registry.alarm import Alarm
from registry.cli.common import ini_argument, opened
from registry.cli.faults import Fault
from registry.domain import signing, validation
from registry.domain.validation import SIGN, VALIDATE
from registry.logs import escape
from registry.models import Database, Extension, Job, JobState, Version
from registry.serving.ini import IniFile

_ROWS = (
    select(Job, Extension.name, Version.version)
    .outerjoin(Version, (Job.kind == SIGN) & (Version.id == Job.subject_id))
    .outerjoin(Extension, Extension.id == Version.extension_id)
)


LONGEST_NUMBER = 18  # digits, so that it fits the column


@click.group()
def jobs() -> None:
    """Look at background work, and start again what was given up."""


@jobs.command("list")
@click.option("--state", type=click.Choice([state.value for state in JobState]), help="Only these.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@ini_argument
def list_command(state: str | None, limit: int, ini: IniFile) -> None:
    """The newest jobs, one a line."""
    query = _ROWS.order_by(Job.id.desc()).limit(limit)
    with opened(ini) as database, database.reading_session() as session:
        for row in session.execute(query.where(Job.state == state) if state else query):
            click.echo(_line(row))


@jobs.command()
@click.argument("job")
@ini_argument
def show(job: str, ini: IniFile) -> None:
    """All that is known of a job."""
    job_id = _number(job)
    with opened(ini) as database, database.reading_session() as session:
        row = session.execute(_ROWS.where(Job.id == job_id)).one_or_none()
        if row is None:
            raise Fault(f"There is no job {job_id}.")
        for column in Job.__table__.columns:
            value = getattr(row.Job, column.name)
            click.echo(f"{column.name:12} {'' if value is None else escape(str(value))}".rstrip())
        if row.name is not None:
            click.echo(f"{'version':12} {row.name} {row.version}")


@jobs.command()
@click.argument("job", metavar="JOB|all")
@ini_argument
def requeue(job: str, ini: IniFile) -> None:
    """Give a job that failed or is dead all its attempts again; or all such jobs."""
    with opened(ini) as database:
        alarm = Alarm(ini.app)
        for job_id in _given_up(database) if job == "all" else [_number(job)]:
            if database.write(_requeue, job_id) != VALIDATE:  # its threads look by themselves
                alarm.hint(job_id)
            click.echo(f"Job {job_id} is queued.")


def _given_up(database: Database) -> Sequence[int]:
    with database.read() as connection:
        return connection.scalars(
            select(Job.id).where(Job.state.in_([JobState.FAILED, JobState.DEAD])).order_by(Job.id)
        ).all()


def _number(job: str) -> int:
    if not job.isdecimal() or len(job) > LONGEST_NUMBER:
        raise Fault(f"{job} is not the number of a job; `registry jobs list` shows them.")
    return int(job)


def _requeue(session: Session, job_id: int) -> str:
    """The kind of the job."""
    job = session.get(Job, job_id)
    if job is None:
        raise Fault(f"There is no job {job_id}.")
    if job.kind == SIGN:
        signing.requeue(session, job.subject_id, None)
    elif job.kind == VALIDATE:
        validation.requeue(session, job.subject_id)
    elif not queue.requeue(session, job_id):
        raise Fault(f"Job {job_id} is {job.state}; only one that failed or is dead can be queued again.")
    return job.kind


def _line(row: Any) -> str:
    job = row.Job
    subject = f"{row.name} {row.version}" if row.name is not None else job.subject_id
    line = f"{job.id:>6}  {job.state:8} {job.kind:10} attempt {job.attempt}  {job.updated:%Y-%m-%d %H:%M:%S}  {subject}"
    return f"{line}  {escape(job.last_error)}" if job.last_error else line
