// An AI client that a browser must really reach: a listener, and plain requests. The server is the
// one that the program was given.

import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { check } from "./pages.mjs";

const url = process.argv[2];
const origin = new URL(url).origin;

export class AiClient {
  static async start(name, uri = "http://127.0.0.1") {
    const client = new AiClient();
    client.name = `${name} ${randomBytes(2).toString("hex")}`;
    client.arrived = [];
    if (uri.startsWith("http:")) {
      const host = new URL(uri).hostname;
      client.server = createServer((request, response) => {
        client.arrived.push(new URL(request.url, uri));
        response.setHeader("content-type", "text/html; charset=utf-8");
        response.end('<!doctype html><html lang="en"><title>Done</title><h1>You may close this window</h1></html>');
      });
      await new Promise((resolve, reject) => {
        client.server.once("error", reject);
        client.server.listen(0, host.replace(/[[\]]/g, ""), resolve);
      });
      client.redirect = `${uri}:${client.server.address().port}/callback`;
    } else client.redirect = uri;
    const answer = await fetch(`${origin}/oauth/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ client_name: client.name, redirect_uris: [client.redirect], token_endpoint_auth_method: "none" }),
    });
    check(answer.status === 201, `registering answers ${answer.status} ${await answer.clone().text()}`);
    client.id = (await answer.json()).client_id;
    return client;
  }

  ask() {
    this.verifier = randomBytes(32).toString("base64url");
    this.state = randomBytes(12).toString("base64url");
    const query = new URLSearchParams({
      response_type: "code",
      client_id: this.id,
      redirect_uri: this.redirect,
      state: this.state,
      code_challenge: createHash("sha256").update(this.verifier).digest("base64url"),
      code_challenge_method: "S256",
      resource: url,
      scope: "usage:read stores:read offline_access",
    });
    return `/oauth/authorize?${query}`;
  }

  /** What the listener was told; it must have been reached exactly once. */
  told() {
    const arrived = this.arrived.filter(({ pathname }) => pathname === "/callback");
    this.arrived = [];
    check(arrived.length === 1, `${this.redirect} was reached ${arrived.length} times`);
    return this.#read(arrived[0]);
  }

  #read(address) {
    const query = Object.fromEntries(address.searchParams);
    check(query.state === this.state, "state came back changed");
    check(query.iss === origin, `iss is ${query.iss}`);
    return query;
  }

  read(address) {
    return this.#read(new URL(address));
  }

  async redeem({ code }) {
    const answer = await fetch(`${origin}/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code",
        code,
        redirect_uri: this.redirect,
        client_id: this.id,
        code_verifier: this.verifier,
        resource: url,
      }),
    });
    const body = await answer.json();
    check(answer.status === 200, `the code is refused: ${JSON.stringify(body)}`);
    this.access = body.access_token;
    this.scopes = body.scope.split(" ");
    check((await this.call()) === 200, "the new token does not work");
  }

  /** The status of a tool call. */
  async call() {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream", authorization: `Bearer ${this.access}` },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "get_usage", arguments: {} } }),
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  stop() {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}

/** The person authorizes the client, with mouse or keyboard, and the client gets its token. */
export async function authorize(screen, client, way = "press") {
  await screen.go(client.ask());
  check((await screen.heading()).includes(client.name), `no consent page for ${client.name}: ${await screen.heading()}`);
  await screen[way]("button", "Authorize");
  await client.redeem(client.told());
}
