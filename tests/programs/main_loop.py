"""The product's promise, proved with a real client: connect, call, revoke, disable, enable.

Given only the address of the MCP endpoint and two people, this program is at once an AI client
(the PyPI package `mcp`, with its own OAuth), the browser that the client opens, and the browser of
an administrator in the console. It prints a line for every rule it has proved and stops at the
first that does not hold.

    main_loop.py URL        with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set

Rows: G11
"""

import json
import logging
import os
import secrets
import sys
import time
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
import jsonschema
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

from pages import Browser, Page, Wrong, cell

# Told apart from what earlier runs left behind.
CLIENT_NAME = f"Main Loop {secrets.token_hex(3)}"
REDIRECT = "http://127.0.0.1:9/callback"
TOOLS = ["get_usage", "list_taxonomy", "get_store", "search_stores", "enrich_domains", "search_contacts", "reveal_contacts"]
SCOPES = "usage:read stores:read offline_access"
# The era a mode must end up with.
MODES = {"legacy": "2025-11-25", "auto": "2026-07-28", "2026-07-28": "2026-07-28"}
PATIENCE_SECONDS = 60


def proved(rule):
    print(f"ok  {rule}", flush=True)


def check(holds, otherwise):
    if not holds:
        raise Wrong(otherwise)


class Refused(Exception):
    """The authorization server sent the client away with an error."""


class Storage:
    """Where the SDK keeps what it holds."""

    def __init__(self):
        self.tokens = None
        self.client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


class AiClient:
    """An AI client, with a person who signs in and approves when it asks."""

    def __init__(self, url, email, password):
        self.url = url
        self.person = (email, password)
        self.storage = Storage()
        self.browser = None
        self.answer = None
        self.asked = 0
        self.signed_in = 0
        self.refusal = None
        self.without = ()
        self.wanted = []
        self.seen = []
        self.provider = OAuthClientProvider(
            server_url=url,
            client_metadata=OAuthClientMetadata(
                client_name=CLIENT_NAME,
                redirect_uris=[REDIRECT],
                grant_types=["authorization_code", "refresh_token"],
                response_types=["code"],
                token_endpoint_auth_method="none",
                scope=SCOPES,
            ),
            storage=self.storage,
            redirect_handler=self.open_browser,
            callback_handler=self.callback,
        )

    async def open_browser(self, url):
        """What the person sees: perhaps the sign-in page, then the consent page."""
        self.asked += 1
        self.answer = self.refusal = None
        parts = urlsplit(url)
        wanted = parse_qs(parts.query)
        check(wanted["code_challenge_method"] == ["S256"], "the client was not told that PKCE S256 is offered")
        check(wanted["resource"] == [self.url], f"resource is {wanted['resource']}, not {self.url}")
        if self.browser is None:
            self.browser = Browser(f"{parts.scheme}://{parts.netloc}")
        page = self.browser.open(url)
        if isinstance(page, Page) and page.heading() == "Sign in":
            check(CLIENT_NAME in page.text(), "the sign-in page does not say which client asks")
            self.signed_in += 1
            page = self.browser.sign_in(page, *self.person)
        check(isinstance(page, Page), f"instead of a page the person was sent to {page}")
        if page.status == 403:
            self.refusal = page
            self.answer = page.link("Return to").get("href")
            return
        check(CLIENT_NAME in page.heading(), f"no consent page: {page}")
        for words in ("127.0.0.1:9", self.person[0], "usage:read", "stores:read", "Unverified client"):
            check(words in page.text(), f"the consent page does not show {words!r}")
        self.wanted = wanted["scope"][0].split()
        self.answer = self.browser.submit(page, "Authorize", without=self.without)
        self.without = ()
        check(isinstance(self.answer, str), f"Authorize did not lead back to the client: {self.answer}")

    async def callback(self):
        check(self.answer.startswith(REDIRECT + "?"), f"the client was answered at {self.answer}")
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.answer).query).items()}
        if "error" in query:
            raise Refused(query["error"])
        return AuthorizationCodeResult(code=query["code"], state=query.get("state"), iss=query.get("iss"))

    def client(self, mode):
        """The SDK's client; use it as a context."""
        return _Session(self, mode)

    def expire(self):
        """Makes the SDK think that its access token has passed its time."""
        self.provider.context.token_expiry_time = time.time() - 1

    @property
    def access(self):
        return self.storage.tokens.access_token

    @property
    def refresh(self):
        return self.storage.tokens.refresh_token


class _Session:
    def __init__(self, ai, mode):
        self.ai = ai
        self.mode = mode

    async def __aenter__(self):
        async def note(response):
            self.ai.seen.append((response.request.method, str(response.request.url), response.status_code))

        self.http = httpx2.AsyncClient(auth=self.ai.provider, timeout=30.0, event_hooks={"response": [note]})
        await self.http.__aenter__()
        transport = streamable_http_client(self.ai.url, http_client=self.http)
        self.client = Client(transport, mode=self.mode, cache=None, read_timeout_seconds=30)
        return await self.client.__aenter__()

    async def __aexit__(self, *exception):
        try:
            await self.client.__aexit__(*exception)
        finally:
            await self.http.__aexit__(*exception)


def payload(result, name):
    """The structured content of a result, which the text must repeat."""
    check(result.structured_content is not None, f"{name} has no structuredContent")
    check(len(result.content) == 1 and result.content[0].type == "text", f"{name} has no single text")
    check(
        json.loads(result.content[0].text) == result.structured_content,
        f"{name}: the text is not the JSON of structuredContent",
    )
    return result.structured_content


class Tools:
    """The tools of a connected client, each answer checked against the tool's own schema."""

    def __init__(self, client, schemas):
        self.client = client
        self.schemas = schemas

    async def raw(self, name, arguments=None):
        return await self.client.call_tool(name, arguments or {})

    async def call(self, name, arguments=None):
        result = await self.raw(name, arguments)
        found = payload(result, name)
        check(not result.is_error, f"{name} failed: {found}")
        jsonschema.validate(found, self.schemas[name])
        return found

    async def refused(self, name, arguments, code):
        result = await self.raw(name, arguments)
        found = payload(result, name)
        check(result.is_error and found["error"]["code"] == code, f"{name} should be {code}, is {found}")
        check(found["error"]["request_id"], f"{name}: the error has no request id")


async def tools_of(client):
    listed = (await client.list_tools()).tools
    names = [tool.name for tool in listed]
    check(names == TOOLS, f"tools/list says {names}")
    for tool in listed:
        hints = tool.annotations
        check(tool.output_schema is not None and tool.description, f"{tool.name} lacks description or outputSchema")
        check(
            None not in (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint),
            f"{tool.name} lacks an annotation",
        )
    return Tools(client, {tool.name: tool.output_schema for tool in listed})


async def calls(ai, mode):
    """Every tool once, and what belongs together compared."""
    async with ai.client(mode) as client:
        check(client.protocol_version == MODES[mode], f"mode {mode} ended in {client.protocol_version}")
        if mode != client.protocol_version:  # a pinned client asks nothing before its first call
            check(client.server_info is not None and client.server_info.name, "the server does not say its name")
        tools = await tools_of(client)
        before = await tools.call("get_usage")
        check(before["api_access"] is True, f"the plan gives no access: {before}")
        taxonomy = await tools.call("list_taxonomy")
        country = max(taxonomy["country"], key=lambda value: value["stores"], default=None)
        check(country and country["stores"] >= 3, "too few stores are imported")
        filters = {"country": [country["value"]]}
        limit = min(100, -(-country["stores"] // 2))
        found, cursor, pages = [], None, 0
        while pages == 0 or cursor:
            arguments = {"filters": filters, "limit": limit} | ({"cursor": cursor} if cursor else {})
            page = await tools.call("search_stores", arguments)
            check(len(page["data"]) <= limit, "a page is longer than its limit")
            found += page["data"]
            cursor, last = page["next_cursor"], cursor
            check(cursor is None or cursor != last, "the cursor stays the same")
            pages += 1
            if pages >= 10:
                break
        domains = [store["domain"] for store in found]
        check(pages >= 2, "one page holds everything")
        check(len(set(domains)) == len(domains), "a store is on two pages")
        check(all(store["country"] == country["value"] for store in found), "a store of another country was found")
        if pages < 10:
            check(
                len(found) == country["stores"],
                f"{len(found)} stores of {country['value']} found, the taxonomy says {country['stores']}",
            )
        first = (await tools.call("search_stores", {"filters": filters, "limit": 1}))["next_cursor"]
        await tools.refused("search_stores", {"filters": {}, "limit": 1, "cursor": first}, "invalid_cursor")
        store = await tools.call("get_store", {"domain": domains[0]})
        check(store == found[0], "get_store and search_stores tell different things of a store")
        await tools.refused("get_store", {"domain": "nobody.invalid"}, "not_found")
        after = await tools.call("get_usage")
        rows = after["search_rows"]["used"] - before["search_rows"]["used"]
        check(rows == len(found) + 1, f"{len(found) + 1} rows were returned and {rows} counted")
        requests = after["requests_per_day"]["used"] - before["requests_per_day"]["used"]
        check(requests == pages + 3, f"{pages + 3} requests were made and {requests} counted")
    proved(f"{mode}: speaks {MODES[mode]}; lists exactly {', '.join(TOOLS)}")
    proved(f"{mode}: get_usage, list_taxonomy, get_store, search_stores with a filter over {pages} pages; text repeats structuredContent")
    proved(f"{mode}: a cursor serves only its own query; {rows} rows and {requests} requests were counted")


async def works(ai):
    """One call through the SDK."""
    async with ai.client("auto") as client:
        await (await tools_of(client)).call("get_usage")


class Raw:
    """Requests without the SDK, with whatever token one holds."""

    def __init__(self, url):
        self.url = url
        self.http = httpx2.Client(timeout=30.0)

    def knock(self, token=None):
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get_usage", "arguments": {}}}
        headers = {"Accept": "application/json, text/event-stream"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return self.http.post(self.url, json=body, headers=headers)

    def passes(self, token, when):
        answer = self.knock(token)
        check(answer.status_code == 200 and "result" in answer.json(), f"{when}: {answer.status_code} {answer.text}")

    def is_challenged(self, token, when):
        answer = self.knock(token)
        check(answer.status_code == 401, f"{when}: {answer.status_code} instead of 401: {answer.text}")
        challenge = answer.headers.get("www-authenticate", "")
        wanted = ["Bearer ", "resource_metadata="] + (['error="invalid_token"'] if token else [])
        for part in wanted:
            check(part in challenge, f"{when}: the challenge has no {part}: {challenge!r}")
        check(answer.headers.get("x-request-id"), f"{when}: no X-Request-Id")

    def refresh(self, ai, token):
        endpoint = str(ai.provider.context.oauth_metadata.token_endpoint)
        return self.http.post(
            endpoint,
            data={
                "grant_type": "refresh_token",
                "refresh_token": token,
                "client_id": ai.storage.client.client_id,
                "resource": ai.url,
            },
        )

    def is_refused(self, ai, token, when):
        answer = self.refresh(ai, token)
        check(
            answer.status_code == 400 and answer.json().get("error") == "invalid_grant",
            f"{when}: the refresh answers {answer.status_code} {answer.text}",
        )


class Console:
    """The administrator, in the console."""

    def __init__(self, origin, email, password):
        self.browser = Browser(origin)
        self.email = email
        self.password = password

    def sign_in(self):
        page = self.browser.open("/login")
        page = self.browser.sign_in(page, self.email, "not " + self.password)
        check(page.problems() and page.title().startswith("Error:"), f"a wrong password shows no problem: {page}")
        page = self.browser.sign_in(page, self.email, self.password)
        check(isinstance(page, Page) and page.status == 200 and not page.problems(), f"signing in failed: {page}")

    def grid(self):
        page = self.browser.open("/admin/mcp/users")
        check(page.status == 200 and page.heading() == "MCP Users", f"no grid: {page}")
        return page

    def row(self, email):
        page = self.grid()
        return page, page.row(email)

    def revoke_one(self, email):
        """Ends the newest active token of the client, from the details of the person."""
        page, row = self.row(email)
        page = self.browser.follow(page, "Details", row)
        check(page.status == 200, f"no details: {page}")
        row = page.row(CLIENT_NAME, "Active")
        for label in ("Type", "Status", "Scopes", "Created", "Last used", "Expires"):
            cell(row, label)
        page = self.browser.follow(page, "Revoke", row)
        check(CLIENT_NAME in page.heading(), f"the confirmation does not name the client: {page}")
        return self.browser.submit(page, "Revoke token")

    def revoke_all(self, email):
        page, row = self.row(email)
        page = self.browser.follow(page, "Revoke All", row)
        check(CLIENT_NAME in page.text(), "the confirmation does not name the client")
        return self.browser.submit(page, "Revoke all tokens")

    def mcp_info(self, email):
        page, row = self.row(email)
        page = self.browser.open(next(row.all("a")).get("href"))
        check(page.status == 200 and "MCP Info" in page.text(), f"no MCP Info: {page}")
        return page

    def set_access(self, email, access, password):
        page = self.mcp_info(email)
        return self.browser.submit(page, "Save", {"MCP Access": access, "Your password": password})


def says(page, *words):
    check(isinstance(page, Page) and page.status == 200, f"the console answers {page}")
    for word in words:
        check(word in page.banner(), f"the console says {page.banner()!r}, not {word!r}")


async def run(url, person, admin):
    raw = Raw(url)
    raw.is_challenged(None, "without a token")
    proved("without a token: 401 with a challenge that names the metadata")

    ai = AiClient(url, *person)
    await works(ai)
    paths = [urlsplit(seen).path for _, seen, _ in ai.seen]
    check("/.well-known/oauth-protected-resource/mcp" in paths, f"no discovery: {paths}")
    check("/oauth/register" in paths, f"no registration: {paths}")
    check((ai.asked, ai.signed_in) == (1, 1), "the person was not asked to sign in and approve exactly once")
    check(ai.storage.client.client_secret is None, "a public client was given a secret")
    check(ai.refresh.startswith("pc_rt_"), "the refresh token has no recognisable prefix")
    proved("from the address alone: discovery, registration, sign-in, consent, PKCE, first call")

    for mode in MODES:
        await calls(ai, mode)
    check(ai.asked == 1, "the person was asked again")

    old_access, old_refresh = ai.access, ai.refresh
    ai.expire()
    await works(ai)
    check(ai.access != old_access, "no new access token")
    check(ai.refresh != old_refresh, "the refresh token was not rotated")
    check(ai.asked == 1, "a refresh asked the person")
    raw.passes(ai.access, "with the refreshed token")
    proved("an access token past its time: refreshed without asking, rotated, used")
    retry = raw.refresh(ai, old_refresh)
    check(
        retry.status_code == 200 and retry.json()["access_token"] and "refresh_token" not in retry.json(),
        f"a retried refresh answers {retry.status_code} {retry.text}",
    )
    raw.passes(ai.access, "after a retried refresh")
    proved("a retried refresh: an access token and no second refresh token")

    email = person[0]
    issuer = str(ai.provider.context.oauth_metadata.issuer)
    console = Console(issuer.rstrip("/"), *admin)
    console.sign_in()
    _, row = console.row(email)
    check("Enabled" in cell(row, "Access Status"), f"Access Status is {cell(row, 'Access Status')}")
    check(f"{CLIENT_NAME}, active" in cell(row, "Clients"), f"Clients are {cell(row, 'Clients')}")
    check("Never" not in cell(row, "Last Used"), "Last Used is Never after tool calls")
    check("Not" not in cell(row, "Added to MCP"), f"Added to MCP is {cell(row, 'Added to MCP')}")
    proved("console: the grid shows the person Enabled, the client active, and when it was used")

    says(console.revoke_one(email), "Revoked", CLIENT_NAME)
    for held in (ai.access, old_access, retry.json()["access_token"]):
        raw.is_challenged(held, "after Revoke")
    raw.is_refused(ai, ai.refresh, "after Revoke")
    _, row = console.row(email)
    check("expired or revoked" in cell(row, "Clients"), f"Clients are {cell(row, 'Clients')}")
    proved("Revoke: the very next call with any token of the family is refused, and so is the refresh")

    await works(ai)
    check(ai.asked == 2, "a revoked client came back without asking the person")
    proved("a revoked client connects again only with a new consent")

    says(console.revoke_all(email), "Revoked", "token")
    raw.is_challenged(ai.access, "after Revoke All")
    raw.is_refused(ai, ai.refresh, "after Revoke All")
    await works(ai)
    check(ai.asked == 3, "after Revoke All the client came back without asking the person")
    proved("Revoke All: the very next call is refused, and so is the refresh; the client connects again with a new consent")

    page = console.set_access(email, "Disabled", "not " + admin[1])
    check(isinstance(page, Page) and page.problems(), f"a wrong password shows no problem: {page}")
    check(page.status in (400, 401, 403, 422), f"a wrong password answers {page.status}")
    raw.passes(ai.access, "after a wrong password")
    await works(ai)
    check(ai.asked == 3, "after a wrong password the client had to ask the person")
    _, row = console.row(email)
    check("Enabled" in cell(row, "Access Status"), "a wrong password disabled the person")
    proved("MCP Access with a wrong password: said beside the field, nothing changed, the call still works")

    access, refresh = ai.access, ai.refresh
    says(console.set_access(email, "Disabled", admin[1]), "Disabled MCP access", "revoked", "token")
    raw.is_challenged(access, "after Disabled")
    raw.is_refused(ai, refresh, "after Disabled")
    _, row = console.row(email)
    check("Disabled" in cell(row, "Access Status"), f"Access Status is {cell(row, 'Access Status')}")
    proved("MCP Access Disabled: the very next call is refused, and so is the refresh")

    refused = None
    try:
        await works(ai)
    except Exception as error:  # the SDK may wrap what its handler raises
        refused = error
    check(ai.refusal is not None, f"a disabled person was shown no refusal ({refused!r})")
    check("disabled" in ai.refusal.heading().lower(), f"the refusal says {ai.refusal.heading()!r}")
    check("mailto:" + admin[0] in [link.get("href") for link in ai.refusal.root.all("a")], "the refusal names nobody to ask")
    answer = parse_qs(urlsplit(ai.answer).query)
    check(answer.get("error") == ["access_denied"], f"the way back says {ai.answer}")
    check(answer.get("iss") == [issuer] and answer.get("state"), f"the way back lacks iss or state: {ai.answer}")
    check(refused is not None, "the client works although the person is disabled")
    proved("a disabled person cannot connect: the page says whom to ask, the client gets access_denied")

    says(console.set_access(email, "Enabled", admin[1]), "Enabled MCP access")
    raw.is_challenged(access, "after Enabled")
    raw.is_refused(ai, refresh, "after Enabled")
    proved("MCP Access Enabled: tokens of before stay refused")

    asked = ai.asked
    await works(ai)
    check(ai.asked == asked + 1, "the client came back without asking the person")
    raw.passes(ai.access, "after connecting again")
    proved("after Enabled the client connects again with a new consent, and works")


def main(run, usage):
    """Runs a program: an error, or a time that is up, is told and fails it."""
    people = [os.environ.get(name) for name in ("PERSON_EMAIL", "PERSON_PASSWORD", "ADMIN_EMAIL", "ADMIN_PASSWORD")]
    if len(sys.argv) != 2 or not all(people):
        print(usage, file=sys.stderr)
        return 2
    person, admin = tuple(people[:2]), tuple(people[2:])
    # The SDK logs refusals with their traces; those that matter are told below.
    logging.disable(logging.CRITICAL)

    async def within_time():
        with anyio.fail_after(PATIENCE_SECONDS):
            await run(sys.argv[1], person, admin)

    started = time.monotonic()
    try:
        anyio.run(within_time)
    except BaseException as error:
        for cause in causes(error):
            print(f"NOT {cause}", file=sys.stderr)
        if "DEBUG" in os.environ:
            raise
        return 1
    print(f"all in {time.monotonic() - started:.1f} s")
    return 0


def causes(error):
    """The errors in a group of errors."""
    if isinstance(error, BaseExceptionGroup):
        return [cause for inner in error.exceptions for cause in causes(inner)]
    return [str(error) if isinstance(error, Wrong) else f"{type(error).__name__}: {error}"]


if __name__ == "__main__":
    sys.exit(main(run, __doc__))
