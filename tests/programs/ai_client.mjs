// An AI client made of an SDK: the SDK's transport and OAuth, what a host program keeps for it, and
// the browser that it opens for the person.

import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { Browser, Page, check, installed } from "./pages.mjs";

const modern = installed("@modelcontextprotocol/client");
const old = {
  ...installed("@modelcontextprotocol/sdk/client/index.js"),
  ...installed("@modelcontextprotocol/sdk/client/streamableHttp.js"),
  ...installed("@modelcontextprotocol/sdk/client/auth.js"),
};
const REDIRECT = "http://localhost/callback";

/** Each SDK in each of its ways to find the protocol's era, with the version it must end up with. */
export const VARIANTS = [
  { label: "sdk 1", sdk: old, version: "2025-11-25" },
  { label: "legacy", sdk: modern, mode: "legacy", version: "2025-11-25" },
  { label: "auto", sdk: modern, mode: "auto", version: "2026-07-28" },
  { label: "pinned", sdk: modern, mode: { pin: "2026-07-28" }, version: "2026-07-28" },
];

/** What an AI client keeps, and the browser that it opens. */
class Provider {
  // Another port than the registered one, as native clients have it (RFC 8252 §7.3).
  redirectUrl = "http://localhost:53682/callback";
  /** The scopes that it asked for, each time it had to ask. */
  asked = [];
  /** What the person ticks off, the next time. */
  without = [];

  constructor(name, origin, person) {
    Object.assign(this, { name, person, browser: new Browser(origin) });
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
    const scopes = address.searchParams.get("scope").split(" ");
    this.asked.push(scopes);
    let page = await this.browser.open(address.href);
    if (page instanceof Page && page.heading() === "Sign in") page = await this.browser.signIn(page, this.person);
    check(page instanceof Page && page.heading().includes(this.name), `no consent page: ${page}`);
    for (const words of ["localhost:53682", ...scopes]) {
      check(page.text().includes(words), `the consent page does not show ${words}`);
    }
    const answer = await this.browser.submit(page, "Authorize", { without: this.without });
    this.without = [];
    check(typeof answer === "string" && answer.startsWith(this.redirectUrl), `Authorize led to ${answer}`);
    this.answer = new URL(answer).searchParams;
    check(this.answer.get("state") === this.sentState, "state came back changed");
  }
}

/** An AI client of one of the variants. */
export class AiClient {
  /** The grants that it used at the token endpoint, with the status of each answer. */
  grants = [];

  constructor(url, person, { label, sdk, mode }) {
    Object.assign(this, { url, sdk, mode });
    this.provider = new Provider(`Client ${label} ${randomBytes(3).toString("hex")}`, new URL(url).origin, person);
  }
  #open() {
    this.transport = new this.sdk.StreamableHTTPClientTransport(new URL(this.url), {
      authProvider: this.provider,
      fetch: async (address, init) => {
        const answer = await fetch(address, init);
        const grant = new URLSearchParams(String(init?.body ?? "")).get("grant_type");
        if (grant) this.grants.push(`${grant} ${answer.status}`);
        return answer;
      },
    });
    this.client = new this.sdk.Client({ name: this.provider.name, version: "1" }, { versionNegotiation: { mode: this.mode } });
    return this.client.connect(this.transport);
  }
  /** What the callback tells; the older SDK takes the code alone. */
  finish() {
    return this.transport.finishAuth(this.sdk === old ? this.provider.answer.get("code") : this.provider.answer);
  }
  isAsking(error) {
    return error instanceof this.sdk.UnauthorizedError;
  }
  version() {
    return this.client.getNegotiatedProtocolVersion?.() ?? this.transport.protocolVersion;
  }
  async connect() {
    try {
      await this.#open();
    } catch (error) {
      if (!this.isAsking(error)) throw error;
      await this.finish();
      await this.#open();
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
  /** The same call, told apart by its error. */
  refusal(name, input) {
    return this.call(name, input).then(() => null, (error) => error);
  }
  close() {
    return this.client.close();
  }
}
