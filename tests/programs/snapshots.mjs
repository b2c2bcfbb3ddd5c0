// What the main screens are for somebody who does not see them: Chromium's tree of roles and names,
// compared with the text files in tests/snapshots. What differs from run to run (ids, times, counts) is
// left out.
//
//     snapshots.mjs URL
//         with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set; URL is the MCP endpoint.
//         UPDATE=1 writes the files anew; look at the difference before it is committed.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { AiClient } from "./listening_client.mjs";
import { check, given, prove, proved } from "./pages.mjs";
import { Screen, launch } from "./screen.mjs";

const USAGE = "snapshots.mjs URL, with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set";
const FOLDER = resolve(import.meta.dirname, "../snapshots");
/** What is worth saying of a node beside its role and name. */
const STATES = ["level", "checked", "pressed", "expanded", "selected", "required", "disabled", "invalid", "current", "modal"];
/** What holds others and is nothing by itself. */
const EMPTY = new Set(["generic", "none", "InlineTextBox", "LineBreak", "ListMarker", "LabelText", "LayoutTable"]);
const MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec";

const { url, person, admin } = given(USAGE);
const origin = new URL(url).origin;

/** The same text on every day and for every database. */
function settled(text, client) {
  return text
    .replaceAll(client.name, "CLIENT")
    .replaceAll(origin, "ORIGIN")
    .replaceAll(new URL(origin).host, "HOST")
    .replace(new RegExp(`\\d{1,2} (${MONTHS})[a-z]* \\d{4}(, \\d{2}:\\d{2}(:\\d{2})?)?( UTC)?`, "g"), "DATE")
    .replace(/just now|in a moment|(in )?(a|an|\d+) (second|minute|hour|day)s?( ago)?/g, "WHEN")
    .replace(/(^|\s)(now|yesterday)(?=\s+(WHEN|until|now)|\s*$)/g, "$1WHEN")
    .replace(/[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}/g, "ID")
    .replace(/\d+([.,]\d+)*/g, "#")
    .replace(/\s+/g, " ")
    .trim();
}

/** A node and what is below it, a line each. What a name says already is not said again. */
function lines(tree, node, client, { frame }, above = "", depth = 0) {
  const role = node.role?.value ?? "none";
  const name = settled(String(node.name?.value ?? ""), client);
  const isText = role === "StaticText";
  const isSaid = node.ignored || EMPTY.has(role) || (isText && (name === "" || above.includes(name)));
  if (role === "navigation" && name === "Main" && !frame) return [`${"  ".repeat(depth)}navigation "Main" …`];
  const below = (deeper) =>
    (node.childIds ?? []).flatMap((id) => lines(tree, tree.get(id) ?? {}, client, { frame }, isSaid || isText ? above : name, deeper));
  if (isSaid) return below(depth);
  const states = (node.properties ?? []).filter((one) => STATES.includes(one.name) && ![false, "false", undefined].includes(one.value.value));
  const said = states.map((one) => (one.value.value === true ? one.name : `${one.name}=${one.value.value}`)).join(" ");
  const own = `${"  ".repeat(depth)}${isText ? "text" : role}${name && ` "${name}"`}${said && ` [${said}]`}`;
  return [own, ...(isText ? [] : below(depth + 1))];
}

/** The tree of what is shown, as the browser hands it to a screen reader. */
async function read(screen, client, options) {
  const { nodes } = await screen.cdp.send("Accessibility.getFullAXTree");
  const tree = new Map(nodes.map((node) => [node.nodeId, node]));
  const all = lines(tree, nodes[0], client, options);
  // Many alike, such as the bars of a chart, are one line.
  return `${all.filter((line, place) => line !== all[place - 1]).join("\n")}\n`;
}

/** The first line in which two texts differ. */
function difference(was, is) {
  const [old, now] = [was.split("\n"), is.split("\n")];
  const place = now.findIndex((line, number) => line !== old[number]);
  const at = place < 0 ? now.length : place;
  return `line ${at + 1}: it was "${old[at] ?? "(nothing)"}" and is "${now[at] ?? "(nothing)"}"`;
}

const compared = [];

async function compare(screen, name, client) {
  const is = await read(screen, client, { frame: name === "overview" });
  const file = join(FOLDER, `${name}.txt`);
  if (process.env.UPDATE === "1") {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, is);
  }
  check(existsSync(file), `there is no tests/snapshots/${name}.txt; make it with UPDATE=1`);
  const was = readFileSync(file, "utf8");
  check(was === is, `${name} reads otherwise than tests/snapshots/${name}.txt: ${difference(was, is)}`);
  compared.push(name);
}

async function dialog(screen, link) {
  await (await screen.find("link", link)).click();
  await screen.page.waitForSelector("dialog[open]");
}

async function personOf(screen) {
  await screen.go(`/admin/users?q=${encodeURIComponent(person.email)}`);
  const link = await screen.page.waitForSelector("tbody th a");
  return link.evaluate((element) => new URL(element.href).pathname);
}

async function run() {
  const house = await launch();
  try {
    const screen = await Screen.open(house, origin);
    const member = await Screen.open(house, origin);
    const client = await AiClient.start("Snapshot");
    await screen.go("/login");
    await compare(screen, "login", client);
    await screen.signIn(admin);

    await member.go(client.ask());
    await member.signIn(person);
    await compare(member, "consent", client);
    await member.press("button", "Authorize");
    await client.redeem(client.told());
    check((await client.call()) === 200, "the client does not work");
    await member.go("/dashboard/settings/mcp");
    await compare(member, "connections", client);

    await screen.go("/admin");
    await compare(screen, "overview", client);
    await screen.go(`/admin/mcp/users?q=${encodeURIComponent(person.email)}`);
    await compare(screen, "mcp-users", client);
    const name = await screen.page.$eval("tbody th a, tbody th span", (element) => element.textContent.trim());
    await dialog(screen, `Details of ${name}`);
    await compare(screen, "token-details", client);
    await screen.go(`/admin/mcp/users?q=${encodeURIComponent(person.email)}`);
    await dialog(screen, `Revoke All tokens of ${name}`);
    await compare(screen, "revoke-all", client);
    const path = await personOf(screen);
    for (const tab of ["info", "mcp", "keys", "activity", "sessions"]) {
      await screen.go(`${path}?tab=${tab}`);
      await compare(screen, `user-${tab}`, client);
    }
    await screen.go("/admin/mcp/settings");
    await compare(screen, "settings", client);
    client.stop();
    for (const one of [screen, member]) one.isQuiet("the end");
    proved(`${compared.length} screens read as in tests/snapshots: ${compared.join(", ")}`);
  } finally {
    await house.browser.close();
  }
}

prove(run, 120);
