// The server part of the protocol's conformance suite, which knows no tokens: it speaks to a proxy
// that adds one. What it finds is read from its checks, because its summary keeps quiet about
// warnings.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { check, located, proved } from "./pages.mjs";

const PACKAGE = located("@modelcontextprotocol/conformance");

/** The endpoint from the command line, the token and the name it is known under from the environment. */
export function given(usage) {
  const { ACCESS_TOKEN, KNOWN_AS } = process.env;
  const url = process.argv[2];
  if (!url || !ACCESS_TOKEN || !KNOWN_AS) {
    console.error(usage);
    process.exit(2);
  }
  return proxied(new URL(url), ACCESS_TOKEN, KNOWN_AS);
}

/** An address that leads to the endpoint, with the token; other names and pages stay what they are. */
async function proxied(url, token, known) {
  const server = createServer((incoming, answer) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
    const own = `127.0.0.1:${server.address().port}`;
    if (headers.host === own) headers.host = known;
    if (headers.origin === `http://${own}`) headers.origin = `http://${known}`;
    const outgoing = request({ host: url.hostname, port: url.port, path: incoming.url, method: incoming.method, headers }, (response) => {
      answer.writeHead(response.statusCode, response.headers);
      // Without it a stream's first event waits for its second.
      answer.flushHeaders();
      response.pipe(answer);
    });
    outgoing.on("error", () => answer.destroy());
    answer.on("close", () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${server.address().port}${url.pathname}`;
}

/** What the suite says to these arguments. It ends badly after any failure, also an expected one. */
async function suite(options) {
  const child = spawn(process.execPath, [join(PACKAGE, "dist/index.js"), ...options], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const output of [child.stdout, child.stderr]) output.on("data", (text) => (said += text));
  await new Promise((resolve) => child.once("close", resolve));
  return said;
}

/** Runs scenarios; the checks of each. */
export async function run(address, options) {
  const folder = mkdtempSync("results-");
  const said = await suite(["server", "--url", address, "-o", folder, ...options]);
  const checks = new Map();
  for (const name of readdirSync(folder)) {
    const [, scenario] = /^server-(.+?)-\d{4}-\d\d-\d\dT/.exec(name) ?? [];
    check(scenario, `a result called ${name}`);
    const file = join(folder, name, "checks.json");
    // A scenario that gives up halfway leaves an empty folder.
    const gaveUp = [{ id: scenario, status: "FAILURE", errorMessage: "the scenario gave up" }];
    checks.set(scenario, existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : gaveUp);
  }
  check(checks.size > 0, `it ran nothing:\n${said}`);
  return checks;
}

/** The scenarios that there are for a revision. */
export async function applicable(revision) {
  const said = await suite(["list", "--server", "--spec-version", revision]);
  const scenarios = [...said.matchAll(/^ {2}- (\S+)/gm)].map(([, scenario]) => scenario);
  check(scenarios.length > 0, `it lists nothing for ${revision}:\n${said}`);
  return scenarios;
}

/** The scenarios that a revision requires of a server. */
export function required(revision) {
  const text = readFileSync(join(PACKAGE, `requirements/${revision}.yaml`), "utf8");
  const [, section] = /^server:\n((?: {2}- .+\n)+)/m.exec(text);
  return [...section.matchAll(/- (\S+)/g)].map(([, scenario]) => scenario);
}

/**
 * Every check of these scenarios passed, but for the exceptions, each a scenario or `scenario:check`:
 * `failing` fail, `warning` only warn, `skipped` were not applicable. One that passes after all has
 * to be taken from its list.
 */
export function judge(title, checks, scenarios, { failing = [], warning = [], skipped = [] } = {}) {
  const excepted = { FAILURE: failing, WARNING: warning, SKIPPED: skipped };
  const faults = [];
  const met = new Set();
  let passed = 0;
  for (const scenario of scenarios) {
    const found = checks.get(scenario) ?? [];
    if (found.length === 0) faults.push(`${scenario} did not run`);
    for (const { id, status, errorMessage, description } of found) {
      if (status === "SUCCESS") passed += 1;
      if (status === "SUCCESS" || status === "INFO") continue;
      const exception = excepted[status]?.find((name) => name === scenario || name === `${scenario}:${id}`);
      if (exception) met.add(exception);
      else faults.push(`${scenario}:${id} ${status}: ${errorMessage ?? description}`);
    }
  }
  for (const name of [...failing, ...warning, ...skipped]) if (!met.has(name)) faults.push(`${name} is no longer an exception`);
  check(faults.length === 0, `${title}, ${passed} checks passed, but\n  ${faults.join("\n  ")}`);
  proved(`${title}: ${scenarios.length} scenarios, ${passed} checks passed; exceptions: ${[...met].join(", ") || "none"}`);
}

/** Waits for runs beside each other, whose time is mostly waiting, and tells the faults of all. */
export async function together(runs) {
  const ended = await Promise.allSettled(runs);
  const faults = ended.filter(({ status }) => status === "rejected").map(({ reason }) => reason.message);
  check(faults.length === 0, faults.join("\n"));
}
