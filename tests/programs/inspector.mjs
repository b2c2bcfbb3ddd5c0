// The protocol's inspector at the command line, in both eras: refused without a token, signs in by
// itself with a person's help, lists the tools and finds nothing that an AI client could not use.
//
//     inspector.mjs URL       with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set
//
// Rows: G10

import { spawn } from "node:child_process";
import { Browser, Page, check, freePort, given, located, prove, proved } from "./pages.mjs";

const USAGE = "inspector.mjs URL, with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set";
const INSPECTOR = located("@modelcontextprotocol/inspector/clients/launcher/build/index.js");
const ENVIRONMENT = {
  ...process.env,
  // It tells the address to open only where it may open one; the browser it would start is `true`.
  MCP_AUTO_OPEN_ENABLED: "true",
  BROWSER: "true",
  MCP_INSPECTOR_SECRET_STORE: "memory",
};

const { url, person } = given(USAGE);
const origin = new URL(url).origin;

/** Runs it to its end; an address that it wants to be opened goes to `visit`. */
function inspect(options, visit = () => check(false, "the inspector asks for a browser")) {
  const child = spawn(process.execPath, [INSPECTOR, "--cli", url, "--transport", "http", "--format", "json", ...options], {
    env: ENVIRONMENT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { out: "", err: "" };
  return new Promise((resolve, reject) => {
    let isVisited = false;
    const hear = (part) => (text) => {
      said[part] += text;
      const address = /Please navigate to: (\S+)\n/.exec(said[part])?.[1];
      if (!address || isVisited) return;
      isVisited = true;
      Promise.resolve(address).then(visit).catch((error) => {
        child.kill();
        reject(error);
      });
    };
    child.stdout.setEncoding("utf8").on("data", hear("out"));
    child.stderr.setEncoding("utf8").on("data", hear("err"));
    child.once("close", (code) => resolve({ code, ...said }));
  });
}

async function authorize(address) {
  const browser = new Browser(origin);
  const page = await browser.signIn(await browser.open(address), person);
  check(page instanceof Page && page.heading().includes("asks to act for you"), `no consent page: ${page}`);
  await (await fetch(await browser.submit(page, "Authorize"))).text();
}

async function era(name) {
  const options = ["--protocol-era", name];
  const refused = await inspect([...options, "--method", "tools/list", "--stored-auth-only"]);
  check(refused.code === 3, `without a token it ends with ${refused.code}: ${refused.err}`);
  check(/^\{"error":\{"code":"auth_required"/m.test(refused.err), `without a token it says ${refused.err}`);
  proved(`inspector, ${name}: without a token it ends with 3, authentication required`);

  const callback = `http://127.0.0.1:${await freePort()}/oauth/callback`;
  const login = [...options, "--relogin", "--callback-url", callback];
  const listed = await inspect([...login, "--method", "tools/list", "--strict"], authorize);
  check(listed.code === 0, `tools/list --strict ends with ${listed.code}: ${listed.out}${listed.err}`);
  check(!/^(Warning|Error): tool/m.test(listed.err), `tools/list --strict says ${listed.err}`);
  const names = [...listed.out.matchAll(/"name":\s*"([a-z_]+)"/g)].map(([, one]) => one);
  for (const tool of ["get_usage", "search_stores"]) check(names.includes(tool), `it lists ${names}`);
  const called = await inspect([...login, "--method", "tools/call", "--tool-name", "get_usage"], authorize);
  check(called.code === 0 && called.out.includes("requests_per_day"), `tools/call ends with ${called.code}: ${called.out}${called.err}`);
  proved(`inspector, ${name}: signs in, --strict has nothing to say of the tools, calls one; ends with 0`);
}

async function run() {
  await Promise.all(["legacy", "modern"].map(era));
}

prove(run, 60);
