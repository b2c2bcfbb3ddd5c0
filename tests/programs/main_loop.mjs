// The core of the main loop with the TypeScript clients, each in all its ways to find the
// protocol's era: connect, list, call, refresh; then the administrator revokes and the very next
// call is refused.
//
//     main_loop.mjs URL       with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set
//
// Rows: G11

import { isDeepStrictEqual } from "node:util";
import { AiClient, VARIANTS } from "./ai_client.mjs";
import { Browser, Page, check, given, prove, proved } from "./pages.mjs";

const USAGE = "main_loop.mjs URL, with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set";
const TOOLS = ["get_usage", "list_taxonomy", "get_store", "search_stores", "enrich_domains", "search_contacts", "reveal_contacts"];

const { url, person, admin } = given(USAGE);
const origin = new URL(url).origin;

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
  const asked = await console_.open(details.link("Revoke", details.row(name, "Active")));
  const said = await console_.submit(asked, "Revoke token");
  check(said instanceof Page && said.said("status").includes(`Revoked ${name}`), `the console says ${said}`);
}

async function loop(variant, console_) {
  const { label, version } = variant;
  const ai = new AiClient(url, person, variant);
  const { provider } = ai;
  await ai.connect();
  check(provider.asked.length === 1, `the person was asked for ${provider.asked.join(" and ")}`);
  check(ai.version() === version, `ended in ${ai.version()}`);
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
  check(ai.grants.at(-1) === "refresh_token 200" && provider.asked.length === 1, `grants were ${ai.grants}`);
  proved(`${label}: a broken access token is refreshed without asking, and the refresh token rotates`);

  const { access_token: access } = provider.held;
  check((await knock(access)).status === 200, "the refreshed token does not work");
  await revoke(console_, provider.name);
  await isChallenged(access);
  await isChallenged(before.access_token);
  const refused = await ai.refusal("get_usage");
  check(ai.isAsking(refused), `after Revoke the client got ${refused}`);
  check(ai.grants.includes("refresh_token 400"), `the refresh was not refused: ${ai.grants}`);
  check(provider.asked.length === 2, "the client did not have to ask the person again");
  proved(`${label}: Revoke refuses the very next call and the refresh; the client has to ask again`);
  await ai.close();
}

async function run() {
  const console_ = new Browser(origin);
  const page = await console_.signIn(await console_.open("/login"), admin);
  check(page instanceof Page && page.status === 200 && !page.said("alert"), `signing in failed: ${page}`);
  for (const variant of VARIANTS) await loop(variant, console_);
}

prove(run, 60);
