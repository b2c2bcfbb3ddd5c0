// The authorization part of the protocol's conformance suite: first what it reads alone, then as a
// client with a whole code grant, for which a person signs in and authorizes.
//
//     conformance.mjs URL       with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set
//
// Rows: G5

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Browser, Page, check, freePort, given, located, prove, proved } from "./pages.mjs";

const USAGE = "conformance.mjs URL, with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set";
const SUITE = located("@modelcontextprotocol/conformance/dist/index.js");

const { url, person } = given(USAGE);
const origin = new URL(url).origin;

/** Runs the suite and returns its checks; `visit` is given each address that somebody is to open. */
async function suite(options, visit) {
  const folder = mkdtempSync("results-");
  const child = spawn(process.execPath, [SUITE, "authorization", "--url", origin, "-o", folder, ...options], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const lines = [];
  child.stderr.on("data", (text) => lines.push(String(text)));
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (line.startsWith(`${origin}/oauth/authorize?`)) await visit(line.trim());
    }
    check((await ended) === 0, `the suite ends with ${await ended}:\n${lines.join("\n")}`);
    return readdirSync(folder).flatMap((scenario) => JSON.parse(readFileSync(join(folder, scenario, "checks.json"), "utf8")));
  } finally {
    child.kill();
  }
}

/** These checks, and no others, passed: its summary keeps quiet about warnings. */
function passed(checks, ...ids) {
  const other = checks.filter(({ id, status }) => !ids.includes(id) || status !== "SUCCESS");
  check(other.length === 0, `not passed: ${JSON.stringify(other, ["id", "status", "errorMessage", "description"])}`);
  for (const id of ids) check(checks.some((one) => one.id === id), `it did not check ${id}`);
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
  const metadata = ["authorization-server-metadata", "authorization-server-metadata-cimd"];
  const alone = await suite(["--scenario", "authorization-server-metadata-endpoint"], () => check(false, "it asks for a browser"));
  passed(alone, ...metadata);
  proved("conformance authorization: the metadata passes, without a warning");
  const port = await freePort();
  const client = await register(`http://127.0.0.1:${port}/callback`);
  let visits = 0;
  const whole = await suite(["--client-id", client, "--resource", url, "-p", port], (address) => {
    visits += 1;
    return authorize(address);
  });
  check(visits === 1, `it asked for a browser ${visits} times`);
  passed(whole, ...metadata, "authorization-code-grant");
  proved("conformance authorization: the code grant passes with client id and resource, without a warning");
}

prove(run, 60);
