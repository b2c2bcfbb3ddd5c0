// The consent page in a real browser (Chromium): the way back to the client really arrives, for a
// listener on this computer and for an app's own scheme; by mouse, by keyboard, with scripts off.
// Clients listen until the program ends: browsers come once more, for an icon.
//
//     consent.mjs URL [--shots DIR]
//         with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set; URL is the MCP endpoint
//
// Rows: E14, E15, E23

import { createServer } from "node:http";
import { AiClient, authorize } from "./listening_client.mjs";
import { Wrong, check, given, prove, proved } from "./pages.mjs";
import { Screen, launch } from "./screen.mjs";

const USAGE = "consent.mjs URL [--shots DIR], with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set";
const CURSOR = "cursor://anysphere.cursor-retrieval/oauth/callback";

const { url, person, admin } = given(USAGE);
const origin = new URL(url).origin;
const shots = process.argv.indexOf("--shots") > 0 ? process.argv[process.argv.indexOf("--shots") + 1] : undefined;

function hasIpv6() {
  return new Promise((resolve) => {
    const probe = createServer().once("error", () => resolve(false));
    probe.listen(0, "::1", () => probe.close(() => resolve(true)));
  });
}

async function loopbacks(screen) {
  const loopback = await AiClient.start("Loopback");
  await screen.go(loopback.ask());
  check((await screen.heading()) === "Sign in", "a stranger is not asked to sign in");
  check((await screen.text()).includes(loopback.name), "the sign-in page does not say which client asks");
  await screen.examine("login-for-client");
  await screen.signIn(person);
  const shown = await screen.text();
  for (const words of [loopback.name, new URL(loopback.redirect).host, person.email, "stores:read", "usage:read", "Unverified client"]) {
    check(shown.includes(words), `the consent page does not show ${words}`);
  }
  await screen.examine("consent-loopback");
  await screen.key("button", "Authorize");
  await loopback.redeem(loopback.told());
  screen.isQuiet("consent for a loopback client");
  proved("consent, 127.0.0.1: Authorize by keyboard really reaches the client's listener, with code, state and iss");

  await screen.go(loopback.ask());
  await screen.press("button", "Deny");
  check(loopback.told().error === "access_denied", "Deny does not tell the client access_denied");
  screen.isQuiet("Deny");
  proved("consent, Deny: the listener is told access_denied");

  const hosts = ["localhost", "[::1]"].slice(0, await hasIpv6() ? 2 : 1);
  for (const host of hosts) {
    const client = await AiClient.start("Loopback", `http://${host}`);
    await authorize(screen, client);
    screen.isQuiet(`consent for ${host}`);
  }
  proved(`consent, ${hosts.join(" and ")}: the listener is reached too`);
}

async function privateScheme(house, script) {
  const cursor = await AiClient.start("Cursor", CURSOR);
  for (const [button, key] of [["Authorize", "code"], ["Deny", "error"]]) {
    // In a window of its own: the browser's question whether to open the app stays in front of it.
    const own = await Screen.open(house, origin, { script });
    await own.go(cursor.ask());
    await own.signIn(person);
    if (script && button === "Authorize") await own.examine("consent-private-scheme");
    const read = cursor.read(await leavesFor(own, button, CURSOR));
    check(read[key], `${button} leaves without ${key}`);
    own.isQuiet(`${button} for a private-use scheme`);
    await own.close();
  }
  proved(`consent, cursor://, ${script ? "with" : "without"} script: the browser leaves for the app's own scheme, unhindered by the CSP`);
}

/**
 * That the proofs above would notice: the page's policy without its word for the client's address,
 * and the browser stops on the way back, for an app's own scheme as for a listener.
 */
async function trapped(house, uri) {
  const client = await AiClient.start("Trapped", uri);
  const screen = await Screen.open(house, origin);
  await screen.go(client.ask());
  await screen.signIn(person);
  await screen.alterPolicy(/form-action 'self' [^;]+/, "form-action 'self'");
  await screen.go(client.ask());
  screen.wanted.length = 0;
  await (await screen.find("button", "Authorize")).click();
  const complaint = await screen.complaint(/form-action/i);
  check(/has been blocked/.test(complaint), `the browser only says ${complaint}`);
  const isLeft = screen.wanted.some((address) => address.startsWith(client.redirect));
  check(client.arrived.length === 0 && !isLeft, `the browser leaves for ${client.redirect} against the policy`);
  proved(`consent, a policy that forgets ${new URL(client.redirect).protocol}: the browser stops on the way back, and says so`);
  await screen.close();
}

/** Names without a space, as long as they may be, of a client and of a person: no page gets wider than its window. */
async function longNames(house, screen) {
  const client = await AiClient.start("W".repeat(195));
  await screen.go("/account");
  const before = await (await screen.find("textbox", "Full name")).evaluate((field) => field.value);
  const rename = async (name) => {
    await screen.go("/account");
    await screen.type("Full name", name);
    await screen.press("button", "Save");
  };
  await rename("W".repeat(100));
  check(await screen.hasFocus("[data-flash]"), "after a change the focus is not on what it did");
  await (await screen.find("button", "Close this message")).click();
  check((await screen.banner()) === "" && (await screen.hasFocus("main")), "the message cannot be closed");
  await screen.go(client.ask());
  await screen.examine("consent-long-names");
  await screen.press("button", "Authorize");
  await client.redeem(client.told());
  await screen.go("/dashboard/settings/mcp");
  await screen.examine("connections-long-names");
  const own = await Screen.open(house, origin);
  await own.go("/login");
  await own.signIn(admin);
  for (const [name, path] of [["users", "/admin/users"], ["mcp-users", "/admin/mcp/users"], ["clients", "/admin/mcp/clients"], ["audit", "/admin/mcp/audit"]]) {
    await own.go(path);
    await own.examine(`${name}-long-names`);
  }
  await own.close();
  await rename(before);
  proved("names of 100 and 200 letters without a space: consent, connections, users, clients and audit fit 320 to 1280 px");
}

/** The consent page by keyboard alone: the order of Tab, a permission ticked off, Enter. */
async function byKeyboard(screen, how) {
  const client = await AiClient.start("Keys");
  await screen.go(client.ask());
  const named = await screen.page.$$eval("main form :is(input[type=checkbox], button)", (all) => all.map((one) => one.value));
  check(named.includes("stores:read") && named.slice(-2).join() === "deny,authorize", `the page offers ${named}`);
  const focused = () => screen.page.evaluate(() => document.activeElement.closest("main form") && document.activeElement.value);
  const order = [];
  for (let times = 0; times < 30 && order.length < named.length; times += 1) {
    await screen.page.keyboard.press("Tab");
    const value = await focused();
    if (value) order.push(value);
  }
  check(order.join() === named.join(), `Tab goes through ${order}, the page shows ${named}`);
  await screen.page.keyboard.down("Shift");
  while ((await focused()) !== "stores:read") await screen.page.keyboard.press("Tab");
  await screen.page.keyboard.up("Shift");
  await screen.page.keyboard.press("Space");
  await screen.key("button", "Authorize");
  await client.redeem(client.told());
  check(client.scopes.includes("usage:read") && !client.scopes.includes("stores:read"), `granted: ${client.scopes}`);
  screen.isQuiet("consent by keyboard");
  proved(`consent by keyboard, ${how}: Tab goes as the page reads, Space ticks a permission off, Enter authorizes the rest`);
}

/** Presses the button and waits until the browser wants to leave for an address like this. */
async function leavesFor(screen, button, start) {
  screen.wanted.length = 0;
  await (await screen.find("button", button)).click();
  for (let times = 0; times < 300; times += 1) {
    const found = screen.wanted.find((address) => address.startsWith(start));
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Wrong(`${button}: the browser did not leave for ${start}, but for ${screen.wanted}; ${screen.complaints}`);
}

async function run() {
  const house = await launch(shots);
  try {
    const screen = await Screen.open(house, origin);
    await loopbacks(screen);
    await privateScheme(house, true);
    await privateScheme(house, false);
    for (const uri of [CURSOR, "http://127.0.0.1"]) await trapped(house, uri);
    await byKeyboard(screen, "with script");
    await longNames(house, screen);
    const plain = await Screen.open(house, origin, { script: false });
    await plain.go("/login");
    await plain.signIn(person);
    await byKeyboard(plain, "without script");
  } finally {
    await house.browser.close();
  }
}

prove(run, 240);
