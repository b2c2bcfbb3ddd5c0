// The authorization part of the protocol's conformance suite: first what it reads alone, then as a
// client with a whole code grant, for which a person signs in and authorizes.
//
//     conformance.mjs URL       with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set
//
// Rows: G5

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Browser, Page, check, freePort, given, located, prove, proved } from "./pages.mjs";

const USAGE = "conformance.mjs URL, with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set";
const SUITE = located("@modelcontextprotocol/conformance/dist/index.js");

const { url, person } = given(USAGE);
const origin = new URL(url).origin;

/** Runs the suite; `visit` is given each address that it wants somebody to open. */
async function suite(options, visit) {
  const child = spawn(process.execPath, [SUITE, "authorization", "--url", origin, ...options], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const lines = [];
  child.stderr.on("data", (text) => lines.push(String(text)));
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (line.startsWith(`${origin}/oauth/authorize?`)) await visit(line.trim());
    }
    const said = lines.join("\n");
    check((await ended) === 0, `the suite ends with ${await ended}:\n${said}`);
    check(!/warn|✗|skipped/i.test(said), `the suite is not content:\n${said}`);
    return said;
  } finally {
    child.kill();
  }
}

/** What a scenario counted: only passes. */
function passed(said, scenario, least) {
  const [, count] = new RegExp(`✓ ${scenario}: (\\d+) passed, 0 failed$`, "m").exec(said) ?? [];
  check(count >= least, `${scenario} did not pass ${least} checks:\n${said}`);
}

async function register(redirect) {
  const answer = await fetch(`${origin}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "Conformance", redirect_uris: [redirect], token_endpoint_auth_method: "none" }),
  });
  check(answer.status === 201, `registering answers ${answer.status}`);
  return (await answer.json()).client_id;
}

/** The person's part: the suite's own listener is reached, as a browser would. */
async function authorize(address) {
  const browser = new Browser(origin);
  const page = await browser.signIn(await browser.open(address), person);
  check(page instanceof Page && page.heading().includes("Conformance"), `no consent page: ${page}`);
  await (await fetch(await browser.submit(page, "Authorize"))).text();
}

async function run() {
  passed(await suite([], () => check(false, "it asks for a browser")), "authorization-server-metadata-endpoint", 2);
  proved("conformance authorization: the metadata passes, without a warning");
  const port = await freePort();
  const client = await register(`http://127.0.0.1:${port}/callback`);
  let visits = 0;
  const said = await suite(["--client-id", client, "--resource", url, "-p", port], (address) => {
    visits += 1;
    return authorize(address);
  });
  check(visits === 1, `it asked for a browser ${visits} times`);
  passed(said, "authorization-server-metadata-endpoint", 2);
  passed(said, "authorization-code-grant", 1);
  proved("conformance authorization: the code grant passes with client id and resource, without a warning");
}

prove(run, 60);
