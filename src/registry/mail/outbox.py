"""Where messages leave: a server that takes them by SMTP, or a folder where people and tests find them."""

import contextlib
import logging
import os
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from registry.settings import STARTTLS, TLS, Settings

log = logging.getLogger(__name__)

TIMEOUT = 20.0  # seconds, for each answer of the server
_PERMANENT = range(500, 600)


class CannotSend(Exception):
    """It did not work now. The text names no secret."""


class MailRefused(Exception):
    """The server will never take this message for this address."""


class Outbox(Protocol):
    def send(self, message: EmailMessage, name: str) -> None:
        """Hand the message over; ``name`` is a file name for it. Raises CannotSend, MailRefused."""


def open_outbox(settings: Settings) -> Outbox:
    return Server(settings) if settings.mail_server else Folder(Path(settings.mail_folder))


class Folder:
    """One file for each message; whole or not at all."""

    def __init__(self, path: Path):
        self.path = path

    def send(self, message: EmailMessage, name: str) -> None:
        file = self.path / f"{name}.eml"
        draft = file.with_suffix(f".{os.getpid()}")
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                out.write(message.as_bytes())
                out.flush()
                os.fsync(out.fileno())
            draft.replace(file)
        except OSError as error:
            raise CannotSend(f"{type(error).__name__}: {error.strerror}") from error
        log.info("Mail %r is in %s", str(message["Subject"]), file)


class Server:
    """A server that speaks SMTP. A connection for each message: they are few, and none is kept half open."""

    def __init__(self, settings: Settings):
        self._settings = settings

    def send(self, message: EmailMessage, name: str) -> None:
        try:
            connection = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            raise CannotSend(_said("The mail server cannot be used", error)) from error
        try:
            connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            ((code, text),) = error.recipients.values()
            raise _refusal(code, text) from error
        except smtplib.SMTPDataError as error:
            raise _refusal(error.smtp_code, error.smtp_error) from error
        except (OSError, smtplib.SMTPException) as error:
            raise CannotSend(_said("The mail server did not take it", error)) from error
        finally:
            # What it says after it has taken the message changes nothing.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()
            connection.close()
        log.info("Mail %r was taken by %s", str(message["Subject"]), self._settings.mail_server)

    def _connected(self) -> smtplib.SMTP:
        chosen = self._settings
        address = chosen.mail_server, chosen.mail_port
        if chosen.mail_tls == TLS:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                *address, timeout=TIMEOUT, context=ssl.create_default_context()
            )
        else:
            connection = smtplib.SMTP(*address, timeout=TIMEOUT)
        try:
            if chosen.mail_tls == STARTTLS:
                connection.starttls(context=ssl.create_default_context())
            if chosen.mail_username:
                connection.login(chosen.mail_username, chosen.mail_password)
        except BaseException:
            connection.close()
            raise
        return connection


def _refusal(code: int, text: bytes | str) -> Exception:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    plain = "".join(character if character.isprintable() else " " for character in said[:200])
    return (MailRefused if code in _PERMANENT else CannotSend)(f"The mail server said {code} {plain}")


def _said(what: str, error: Exception) -> str:
    code = getattr(error, "smtp_code", None)
    return f"{what}: {type(error).__name__}{f' {code}' if code else ''}."
