// The pictures of README and manual: starts the demo with data of its own, and writes docs/pictures.
//
//     node tests/programs/pictures.mjs [PROGRAM]
//         PROGRAM is the built server, target/debug/portcullis if it is not said.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { check, freePort, prove } from "./pages.mjs";
import { Screen, launch } from "./screen.mjs";

const ROOT = resolve(import.meta.dirname, "../..");
const PICTURES = join(ROOT, "docs/pictures");
const PROGRAM = process.argv[2] ?? join(ROOT, "target/debug/portcullis");
const ADMIN = { email: "admin@demo.example", password: "raise the portcullis" };
/** Of a picture, in pixels of the page and in bytes. */
const [WIDTH, HEIGHT, MOST] = [1280, 720, 180_000];

async function demo(folder) {
  const port = await freePort();
  const environment = { ...process.env, PORTCULLIS_DATA_FOLDER: folder };
  const server = spawn(PROGRAM, ["demo", "--port", String(port), "--no-open"], { env: environment, stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((begun, failed) => {
    server.once("exit", (code) => failed(new Error(`the demo ends with ${code}`)));
    server.stdout.on("data", (text) => String(text).includes("Ctrl-C") && begun());
  });
  return { server, origin: `http://127.0.0.1:${port}` };
}

async function picture(screen, name, { theme = "light", height = HEIGHT } = {}) {
  await screen.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }, { name: "prefers-reduced-motion", value: "reduce" }]);
  await screen.page.setViewport({ width: WIDTH, height });
  const path = join(PICTURES, `${name}.png`);
  await screen.page.screenshot({ path });
  const { size } = statSync(path);
  console.log(`${name}.png  ${Math.round(size / 1000)} kB`);
  check(size <= MOST, `${name}.png has ${size} bytes, more than ${MOST}`);
}

/** The consent page of a client that nobody has approved. */
async function consent(screen, origin) {
  const answer = await fetch(`${origin}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "Claude Code", redirect_uris: ["http://localhost:49152/callback"], token_endpoint_auth_method: "none" }),
  });
  const { client_id } = await answer.json();
  const query = new URLSearchParams({
    response_type: "code",
    client_id,
    redirect_uri: "http://localhost:49152/callback",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    scope: "usage:read stores:read contacts:search contacts:reveal offline_access",
  });
  await screen.go(`/oauth/authorize?${query}`);
}

async function run() {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-pictures-"));
  const { server, origin } = await demo(folder);
  const house = await launch();
  try {
    const screen = await Screen.open(house, origin);
    await screen.go("/login");
    await screen.signIn(ADMIN);
    await screen.go("/admin");
    await picture(screen, "overview");
    await screen.go("/admin/mcp/users");
    await picture(screen, "mcp-users");
    await picture(screen, "mcp-users-dark", { theme: "dark" });
    await (await screen.find("link", "Details of Demo Administrator")).click();
    await screen.page.waitForSelector("dialog[open]");
    await picture(screen, "token-details");
    await screen.go("/admin/users/1?tab=mcp");
    await picture(screen, "user-mcp-info");
    await screen.go("/dashboard/settings/mcp");
    await picture(screen, "connections");
    await consent(screen, origin);
    await picture(screen, "consent", { height: 1000 });
  } finally {
    await house.browser.close();
    const ended = new Promise((done) => server.once("exit", done));
    server.removeAllListeners("exit");
    server.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    server.kill("SIGTERM");
    await Promise.race([ended, new Promise((done) => setTimeout(done, 5_000))]);
    rmSync(folder, { recursive: true, force: true });
  }
}

prove(run, 120);
