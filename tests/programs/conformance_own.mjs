// The scenarios of the protocol's conformance suite that ask for no tools, prompts or resources of
// fixed names, against the product as it is.
//
//     conformance_own.mjs URL       with ACCESS_TOKEN and KNOWN_AS set
//
// Rows: G4

import { check, prove } from "./pages.mjs";
import { given, judge, run, together } from "./suite.mjs";

const USAGE = "conformance_own.mjs URL, with ACCESS_TOKEN and KNOWN_AS set";
const address = await given(USAGE);

const EVERY_ERA = ["tools-list", "dns-rebinding-protection"];
const LEGACY = ["server-initialize", "ping", "server-session-lifecycle"];
const MODERN = ["server-stateless", "http-header-validation", "caching"];

async function legacy(version, scenarios) {
  const checks = await run(address, ["--suite", "all", "--spec-version", version]);
  judge(`own handler, ${version}`, checks, scenarios);
}

// These call tools of fixed names, which the sets of `conformance_sets.mjs` have.
const OTHERS_TOOLS = [
  "sep-2575-server-rejects-undeclared-capability",
  "sep-2575-missing-capability-http-400",
  "sep-2575-http-server-no-independent-requests-on-stream",
  "sep-2575-server-no-log-without-loglevel",
];
const SUBSCRIPTIONS = [
  "sep-2575-server-sends-subscription-ack",
  "sep-2575-server-tags-subscription-id",
  "sep-2575-server-honors-notification-filter",
];

/** What the server says it has; only what it does not say may go unchecked. */
async function declared() {
  const version = "2026-07-28";
  const key = (name) => `io.modelcontextprotocol/${name}`;
  const meta = { [key("protocolVersion")]: version, [key("clientCapabilities")]: {} };
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json", "mcp-protocol-version": version, "mcp-method": "server/discover" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "server/discover", params: { _meta: meta } }),
  });
  const { result, error } = await answer.json();
  check(result, `server/discover answers ${JSON.stringify(error)}`);
  return result.capabilities;
}

function exceptions({ tools, prompts, resources }) {
  const failing = OTHERS_TOOLS.map((id) => `server-stateless:${id}`);
  const skipped = [];
  const isChanging = [tools, prompts, resources].some((offer) => offer?.listChanged) || resources?.subscribe;
  if (!isChanging) skipped.push(...SUBSCRIPTIONS.map((id) => `server-stateless:${id}`));
  for (const [name, offer] of Object.entries({ tools, prompts })) {
    if (!offer?.listChanged) skipped.push(`server-stateless:sep-2575-server-sends-${name}-list-changed-on-subscription`);
  }
  if (!prompts) failing.push("caching:sep-2549-prompts-list-caching-hints");
  if (!resources) {
    failing.push("caching:sep-2549-resources-list-caching-hints", "caching:sep-2549-resources-templates-list-caching-hints");
    skipped.push("caching:sep-2549-resources-read-caching-hints");
  }
  return { failing, skipped };
}

async function modern() {
  const known = exceptions(await declared());
  const checks = await run(address, ["--suite", "all", "--spec-version", "2026-07-28"]);
  judge("own handler, 2026-07-28", checks, [...EVERY_ERA, ...MODERN], known);
}

prove(
  () => together([modern(), legacy("2025-11-25", [...EVERY_ERA, ...LEGACY]), legacy("2025-06-18", ["tools-list", ...LEGACY])]),
  90,
);
