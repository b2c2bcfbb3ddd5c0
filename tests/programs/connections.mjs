// A person's own page, Dashboard → Settings → MCP: what they have connected, and their tokens.

import { check, proved } from "./pages.mjs";

const PAGE = "/dashboard/settings/mcp";

export async function ownConnections(screen, client, { closesOnEscape, dialogOf }) {
  await screen.go(PAGE);
  check((await screen.text()).includes(`${client.name} connected`), "the page does not say what was connected last");
  await screen.examine("own-mcp");
  const opener = await screen.tabTo("link", `Revoke ${client.name}`);
  await screen.page.keyboard.press("Enter");
  const { heading } = await dialogOf(screen);
  check(heading === `Revoke ${client.name}?`, `the dialog is called ${heading}`);
  const focused = await screen.page.evaluate(() => document.activeElement.textContent.trim());
  check(focused === "Cancel", `the focus is first on “${focused}”`);
  await screen.examine("own-revoke-dialog");
  await closesOnEscape(screen, opener);
  check((await client.call()) === 200, "Escape revoked");
  await screen.page.keyboard.press("Enter");
  await dialogOf(screen);
  await screen.key("button", `Revoke ${client.name}`);
  await screen.says("Revoked", client.name);
  check((await client.call()) === 401, "after Revoke the next call is not refused");
  const ended = await screen.page.waitForSelector("::-p-text(Show ended)");
  await screen.arrive(() => ended.click());
  check((await screen.text()).includes("Hide ended"), "what has ended is not shown");
  await screen.examine("own-mcp-ended");
  proved("own connections: last connected; Revoke asks first, Escape changes nothing; then the very next call is refused");
}

export async function ownTokens(screen, client, person, { copies, dialogOf }) {
  const token = Object.assign(Object.create(Object.getPrototypeOf(client)), { name: "Weekly report" });
  await screen.go(PAGE);
  await screen.press("link", "New token");
  await screen.examine("own-token-new");
  await screen.type("Name", token.name);
  await screen.choose("Expires", "other number of days");
  await screen.type("Your password", person.password);
  await screen.press("button", "Create token");
  check(await screen.hasFocus("[data-error-summary]"), "after a missing number the focus is not on the message");
  const kept = await screen.page.$$eval("#name, #password", (fields) => fields.map((field) => field.value));
  check(kept[0] === token.name && kept[1] === "", `the form keeps ${kept}`);
  await screen.examine("own-token-error");
  await screen.choose("Expires", "in 30 days");
  await screen.type("Your password", `not ${person.password}`);
  await screen.press("button", "Create token");
  check((await screen.text()).includes("Nothing was changed"), "a wrong password is not told");
  await screen.examine("own-token-wrong-password");
  await screen.type("Your password", person.password);
  await screen.key("button", "Create token");
  token.access = await screen.page.$eval("#token", (element) => element.textContent.trim());
  check((await token.call()) === 200, "the new token does not work");
  await screen.examine("own-token-shown");
  await copies(screen, "Copy token", token.access);
  await screen.press("link", "I have copied it");
  check(!(await screen.text()).includes(token.access), "the token is shown again");
  await screen.examine("own-mcp-tokens");
  proved("own tokens: the form names what is wrong and stays filled; the token is shown and copied once, and works");

  await (await screen.find("link", `Revoke the token ${token.name}`)).click();
  const { dialog } = await dialogOf(screen);
  await screen.examine("own-token-revoke-dialog");
  await screen.press("button", "Revoke token", dialog);
  await screen.says("Revoked the token", token.name);
  check((await token.call()) === 401, "after Revoke the next call with the token is not refused");
  proved("own tokens: Revoke asks first; then the very next call is refused");
}

export async function ownEdit(screen, client, { dialogOf }) {
  await screen.go(PAGE);
  await (await screen.find("link", `Edit ${client.name}`)).click();
  const { dialog, heading } = await dialogOf(screen);
  check(heading === `Edit ${client.name}`, `the dialog is called ${heading}`);
  await screen.examine("own-edit-dialog");
  await screen.type("Your name for it", "Work laptop", dialog);
  await screen.press("button", "Save", dialog);
  await screen.says("It is called Work laptop now");
  await screen.go(await screen.page.$eval('a[href*="/connections/"]:not([href$="revoke"])', (link) => link.getAttribute("href")));
  await screen.examine("own-edit");
  await screen.page.$$eval("input[name=scope]", (boxes) => boxes.forEach((box) => { box.checked = false; }));
  await screen.type("Your name for it", client.name);
  await screen.press("button", "Save");
  check((await screen.text()).includes("To take all of them, revoke the connection"), "a connection can be emptied");
  await screen.examine("own-edit-error");
  await screen.page.$eval("input[name=scope]", (box) => { box.checked = true; });
  await screen.press("button", "Save");
  await screen.says("Saved");
  proved("own connections: renamed in a dialog, narrowed on the page, never emptied");
}

export async function ownCheck(screen) {
  await screen.go(PAGE);
  await screen.press("link", "Check the connection");
  await screen.examine("connection-check");
  await screen.key("button", "Check the connection");
  check((await screen.text()).includes("What was found"), "the check shows nothing");
  await screen.examine("connection-checked");
  for (const [path, name] of [["/dashboard/activity", "own-activity"], ["/dashboard/audit", "own-audit"]]) {
    await screen.go(path);
    await screen.examine(name);
    await screen.go(`${path}?outcome=nonsense`);
    await screen.examine(`${name}-error`);
  }
  proved("own page: the connection is checked; own activity and audit log are read");
}

export async function ownWithoutScript(screen) {
  await screen.go(PAGE);
  await screen.press("link", "Check the connection");
  await screen.press("button", "Check the connection");
  check((await screen.text()).includes("What was found"), "without script the check shows nothing");
  await screen.go("/dashboard/activity?outcome=ok");
  check((await screen.text()).includes("found"), "without script own activity is not shown");
}
