// The core of the main loop with the TypeScript client, in each of its three ways to find the
// protocol's era: connect, list, call, refresh; then the administrator revokes and the very next
// call is refused.
//
//     main_loop.mjs URL       with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set

import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { Browser, Page, check, given, installed, proved } from "./pages.mjs";

const { Client, StreamableHTTPClientTransport, UnauthorizedError } = installed("@modelcontextprotocol/client");
const USAGE = "main_loop.mjs URL, with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set";
const TOOLS = ["get_usage", "list_taxonomy", "get_store", "search_stores"];
const REDIRECT = "http://localhost/callback";
const MODES = [
  ["legacy", "legacy", "2025-11-25"],
  ["auto", "auto", "2026-07-28"],
  ["pinned", { pin: "2026-07-28" }, "2026-07-28"],
];
const PATIENCE_MS = 60_000;

const { url, person, admin } = given(USAGE);
const origin = new URL(url).origin;

/** What an AI client keeps, and the browser that it opens. */
class Provider {
  // Another port than the registered one, as native clients have it (RFC 8252 §7.3).
  redirectUrl = "http://localhost:53682/callback";
  asked = 0;
  browser = new Browser(origin);

  constructor(name) {
    this.name = name;
    this.clientMetadata = {
      client_name: name,
      redirect_uris: [REDIRECT],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    };
  }
  state() {
    return (this.sentState = randomBytes(16).toString("base64url"));
  }
  clientInformation() {
    return this.client;
  }
  saveClientInformation(client) {
    this.client = client;
  }
  tokens() {
    return this.held;
  }
  saveTokens(tokens) {
    this.held = tokens;
  }
  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }
  codeVerifier() {
    return this.verifier;
  }
  invalidateCredentials(which) {
    if (which === "all" || which === "tokens") this.held = undefined;
  }
  saveDiscoveryState(state) {
    this.discovery = state;
  }
  discoveryState() {
    return this.discovery;
  }
  async redirectToAuthorization(address) {
    this.asked += 1;
    let page = await this.browser.open(address.href);
    if (page instanceof Page && page.heading() === "Sign in") page = await this.browser.signIn(page, person);
    check(page instanceof Page && page.heading().includes(this.name), `no consent page: ${page}`);
    check(page.text().includes("localhost:53682"), "the consent page does not show where the person is sent back to");
    const answer = await this.browser.submit(page, "Authorize");
    check(typeof answer === "string" && answer.startsWith(this.redirectUrl), `Authorize led to ${answer}`);
    this.answer = new URL(answer).searchParams;
    check(this.answer.get("state") === this.sentState, "state came back changed");
  }
}

class AiClient {
  constructor(name, mode) {
    this.provider = new Provider(name);
    this.mode = mode;
    this.grants = [];
  }
  transport() {
    return new StreamableHTTPClientTransport(new URL(url), {
      authProvider: this.provider,
      fetch: async (address, init) => {
        const answer = await fetch(address, init);
        const grant = new URLSearchParams(String(init?.body ?? "")).get("grant_type");
        if (grant) this.grants.push(`${grant} ${answer.status}`);
        return answer;
      },
    });
  }
  async connect() {
    this.client = new Client({ name: this.provider.name, version: "1" }, { versionNegotiation: { mode: this.mode } });
    const transport = this.transport();
    try {
      await this.client.connect(transport);
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
      await transport.finishAuth(this.provider.answer);
      this.client = new Client({ name: this.provider.name, version: "1" }, { versionNegotiation: { mode: this.mode } });
      await this.client.connect(this.transport());
    }
  }
  async call(name, input = {}) {
    const result = await this.client.callTool({ name, arguments: input });
    check(!result.isError, `${name}: ${JSON.stringify(result.structuredContent)}`);
    check(
      result.content.length === 1 && isDeepStrictEqual(JSON.parse(result.content[0].text), result.structuredContent),
      `${name}: the text is not the JSON of structuredContent`,
    );
    return result.structuredContent;
  }
}

function knock(token) {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", authorization: `Bearer ${token}` },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "get_usage", arguments: {} } }),
  });
}

async function isChallenged(token) {
  const answer = await knock(token);
  const challenge = answer.headers.get("www-authenticate") ?? "";
  check(answer.status === 401, `after Revoke the call answers ${answer.status}`);
  check(/^Bearer .*error="invalid_token".*resource_metadata=/.test(challenge), `the challenge is ${challenge}`);
}

async function revoke(console_, name) {
  const grid = await console_.open("/admin/mcp/users");
  const details = await console_.open(grid.link("Details", grid.row(person.email)));
  const said = await console_.submit(details, "Revoke", {}, details.row(name, "Active"));
  check(said instanceof Page && said.said("status").includes(`Revoked ${name}`), `the console says ${said}`);
}

async function loop(label, mode, version, console_) {
  const ai = new AiClient(`Loop ${label} ${randomBytes(3).toString("hex")}`, mode);
  const { provider } = ai;
  await ai.connect();
  check(provider.asked === 1, `the person was asked ${provider.asked} times`);
  check(ai.client.getNegotiatedProtocolVersion() === version, `ended in ${ai.client.getNegotiatedProtocolVersion()}`);
  const names = (await ai.client.listTools()).tools.map((tool) => tool.name);
  check(isDeepStrictEqual(names, TOOLS), `tools/list says ${names}`);
  const taxonomy = await ai.call("list_taxonomy");
  const country = taxonomy.country.toSorted((one, other) => other.stores - one.stores)[0];
  check(country?.stores >= 3, "too few stores are imported");
  const filters = { country: [country.value] };
  const { data, next_cursor: cursor } = await ai.call("search_stores", { filters, limit: 2 });
  check(data.length === 2 && cursor, "there is no second page");
  check(data.every((store) => store.country === country.value), "a store of another country was found");
  const second = await ai.call("search_stores", { filters, limit: 2, cursor });
  check(!second.data.some((store) => data.some((other) => other.domain === store.domain)), "a store is on two pages");
  check(isDeepStrictEqual(await ai.call("get_store", { domain: data[0].domain }), data[0]), "get_store tells another store");
  proved(`${label}: connects as ${version}, lists and calls the tools, follows next_cursor`);

  const before = provider.held;
  provider.held = { ...before, access_token: `${before.access_token.slice(0, -4)}AAAA` };
  check((await ai.call("get_usage")).api_access === true, "the plan gives no access");
  check(provider.held.access_token !== before.access_token, "no new access token");
  check(provider.held.refresh_token !== before.refresh_token, "the refresh token was not rotated");
  check(ai.grants.at(-1) === "refresh_token 200" && provider.asked === 1, `grants were ${ai.grants}`);
  proved(`${label}: a broken access token is refreshed without asking, and the refresh token rotates`);

  const { access_token: access } = provider.held;
  check((await knock(access)).status === 200, "the refreshed token does not work");
  await revoke(console_, provider.name);
  await isChallenged(access);
  await isChallenged(before.access_token);
  const refused = await ai.call("get_usage").then(() => null, (error) => error);
  check(refused instanceof UnauthorizedError, `after Revoke the client got ${refused}`);
  check(ai.grants.includes("refresh_token 400"), `the refresh was not refused: ${ai.grants}`);
  check(provider.asked === 2, "the client did not have to ask the person again");
  proved(`${label}: Revoke refuses the very next call and the refresh; the client has to ask again`);
  await ai.client.close();
}

async function run() {
  const console_ = new Browser(origin);
  const page = await console_.signIn(await console_.open("/login"), admin);
  check(page instanceof Page && page.status === 200 && !page.said("alert"), `signing in failed: ${page}`);
  for (const [label, mode, version] of MODES) await loop(label, mode, version, console_);
}

const started = performance.now();
const patience = setTimeout(() => fail(new Error(`not done after ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
function fail(error) {
  console.error(`NOT ${error.message}`);
  if (process.env.DEBUG || error.name === "TypeError") console.error(error.stack);
  process.exit(1);
}
run().then(() => {
  clearTimeout(patience);
  console.log(`all in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}, fail);
