"""What a connection goes through as time passes, with the Python client.

A person who allows less, the step up to more, an access token past its time, and a connection past
its own.

    step_up.py URL          with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set, and
                            the server's clock in the hands of whoever answers `ask`

Rows: G11
"""

import sys

from main_loop import MODES, AiClient, check, main, proved, tools_of

SEARCH = ("search_stores", {"filters": {"country": ["DE"]}, "limit": 2})
HOUR = 3600
SKEW = 60  # what the server allows clocks to differ
DAY = 24 * HOUR


def ask(what):
    """Has whoever runs the program do what a program cannot."""
    print(f"ask {what}", flush=True)
    answer = sys.stdin.readline().strip()
    check(answer == "done", f"{what}: {answer or 'nobody answers'}")


async def connection(url, person, mode):
    ai = AiClient(url, *person)
    ai.without = ("stores:read",)
    async with ai.client(mode) as client:
        tools = await tools_of(client)
        await tools.call("get_usage")
        granted = ai.storage.tokens.scope.split()
        check("usage:read" in granted and "stores:read" not in granted, f"granted: {granted}")
        found = await tools.call(*SEARCH)
        check(len(found["data"]) == 2, "nothing was found after the step up")
        check(ai.asked == 2, f"the person was asked {ai.asked} times")
        for scope in ("usage:read", "stores:read"):
            check(scope in ai.wanted, f"the step up asked for {ai.wanted}")
            check(scope in ai.storage.tokens.scope.split(), f"the step up left {ai.storage.tokens.scope}")
        await tools.call("get_usage")
        proved(f"{mode}: 403 insufficient_scope steps up to what was held and what was missing; both work then")

        access, refresh = ai.access, ai.refresh
        ask(f"advance {HOUR + SKEW + 1}")
        ai.expire()
        await tools.call(*SEARCH)
        check(ai.access != access and ai.refresh != refresh, "an expired access token was not replaced")
        check(ai.asked == 2, "an expired access token asked the person")
        proved(f"{mode}: an expired access token is refreshed without asking, and the call succeeds")

        ask(f"advance {31 * DAY}")
        ai.expire()
        await tools.call("get_usage")
        check(ai.asked == 3, f"the person was asked {ai.asked} times")
        proved(f"{mode}: after a month without use the refresh is refused and the person is asked again")


async def run(url, person, _):
    for mode in MODES:
        await connection(url, person, mode)


if __name__ == "__main__":
    sys.exit(main(run, __doc__))
