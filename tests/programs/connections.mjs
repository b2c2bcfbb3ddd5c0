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
