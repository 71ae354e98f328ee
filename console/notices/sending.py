"""The two ways out: SMTP, and an HTTP gateway for SMS. Either takes one constant sentence.

A failure is counted and tried again later; what a server said is never logged.
"""

from email.message import EmailMessage
from typing import Protocol

import aiosmtplib
import httpx

from console.notices.duty import Contact, Mail, Sms
from console.words import texts
from contracts.vocabulary import LANGUAGES
from services.chassis.errors import InfrastructureFailure

SECONDS = 20.0


class Way(Protocol):
    """How one contact is told."""

    async def send(self, contact: Contact) -> None:
        """Tell; InfrastructureFailure when it did not go."""


class ByMail:
    """A mail server of the agency."""

    def __init__(self, mail: Mail) -> None:
        self._mail = mail

    async def send(self, contact: Contact) -> None:
        """One mail with one sentence."""
        message = EmailMessage()
        message["From"], message["To"] = self._mail.sender, contact.to
        message["Subject"] = sentence(contact)
        message.set_content(sentence(contact))
        password = self._mail.password.get_secret_value() if self._mail.password else None
        try:
            await aiosmtplib.send(
                message,
                hostname=self._mail.host,
                port=self._mail.port,
                username=self._mail.username,
                password=password,
                start_tls=self._mail.starttls,
                timeout=SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError):
            raise InfrastructureFailure("the mail server did not take a notice") from None


class BySms:
    """A gateway for SMS."""

    def __init__(self, sms: Sms, client: httpx.AsyncClient) -> None:
        self._sms = sms
        self._client = client

    async def send(self, contact: Contact) -> None:
        """One request with one sentence."""
        token = self._sms.token.get_secret_value() if self._sms.token else ""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        body = {"to": contact.to, "text": sentence(contact)}
        try:
            answer = await self._client.post(self._sms.address, json=body, headers=headers)
        except httpx.HTTPError:
            raise InfrastructureFailure("the SMS gateway does not answer") from None
        if not answer.is_success:
            raise InfrastructureFailure("the SMS gateway did not take a notice")


def sentence(contact: Contact) -> str:
    """All that is ever said."""
    return texts()["notice"][LANGUAGES.index(contact.language)]
