"""An SMTP server (`aiosmtpd`) that prints what it takes, one line of JSON for each mail.

    mail_server.py WAY...

Each connection is met in the next of the ways, and in the last one from then on: `accept` takes
mail, `later` answers 451 to the mail's text, `close` closes the connection instead, and `never`
refuses the recipient with 550. A first line tells the port.
"""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP

ways = sys.argv[1:] or ["accept"]


def parts(message):
    """The parts of a mail as a mail program shows them, by their types."""
    return {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}


class Handler:
    """What the server does with a connection."""

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        session.way = ways.pop(0) if len(ways) > 1 else ways[0]
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if session.way == "never":
            self.tell(refused=address)
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if session.way == "later":
            self.tell(put_off=envelope.rcpt_tos)
            return "451 4.3.0 try again later"
        if session.way == "close":
            self.tell(put_off=envelope.rcpt_tos)
            server.transport.abort()
            return "421 closing"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.tell(
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            kind=message.get_content_type(),
            headers={name: str(message[name]) for name in ("From", "To", "Subject", "Date", "Message-ID")},
            parts=parts(message),
        )
        return "250 OK"

    def tell(self, **what):
        print(json.dumps(what), flush=True)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), hostname="mail.example"), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # It ends with whoever started it.
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
