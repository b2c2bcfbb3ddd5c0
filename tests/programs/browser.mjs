// The console in a real browser (Chromium), by mouse, by keyboard and with
// scripts off, every page examined with axe in light and dark and at three widths.
//
//     browser.mjs URL [--shots DIR]
//         with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set; URL is the MCP endpoint

import { accountsPlansAndRoles, accountsWithoutScript } from "./accounts.mjs";
import { AiClient, authorize } from "./listening_client.mjs";
import { check, given, prove, proved } from "./pages.mjs";
import { Screen, launch } from "./screen.mjs";
import { ownCheck, ownConnections, ownEdit, ownTokens, ownWithoutScript } from "./connections.mjs";
import { account, accountWithoutScript, confirmation } from "./account.mjs";
import { explore, exploreWithoutScript } from "./explore.mjs";
import { manual } from "./manual.mjs";
import { apiKeys, apiKeysWithoutScript, keysOfSomebody } from "./api_keys.mjs";
import { users, usersWithoutScript } from "./users.mjs";
import { records, recordsWithoutScript } from "./records.mjs";
import { people, peopleWithoutScript } from "./people.mjs";
import { settings, settingsWithoutScript, signingKeys } from "./settings.mjs";
import { storeIndex, storeIndexWithoutScript } from "./store_index.mjs";

const USAGE = "browser.mjs URL [--shots DIR], with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set";
const TABS = ["Claude Code", "Claude Desktop/Web", "Gemini CLI", "OpenAI Codex", "OpenAI ChatGPT", "Cursor", "VS Code", "Other"];

const { url, person, admin } = given(USAGE);
const origin = new URL(url).origin;
const shots = process.argv.indexOf("--shots") > 0 ? process.argv[process.argv.indexOf("--shots") + 1] : undefined;

// ---- the walks

async function signingIn(screen) {
  await screen.go("/login");
  await screen.examine("login");
  await screen.page.keyboard.press("Tab");
  await screen.page.keyboard.press("Enter");
  check(await screen.hasFocus("main"), "“Skip to content” does not lead to the content");
  await screen.tabTo("textbox", "E-mail address");
  await screen.page.keyboard.type(admin.email);
  await screen.tabTo("textbox", "Password");
  await screen.page.keyboard.type(`not ${admin.password}`);
  await screen.arrive(() => screen.page.keyboard.press("Enter"));
  check(await screen.hasFocus("#password"), "after a wrong password the focus is not on its field");
  check((await screen.page.title()).startsWith("Error:"), "the title does not say that there is an error");
  const kept = await screen.page.$$eval("#email, #password", (fields) => fields.map((field) => [field.value, field.getAttribute("aria-invalid")]));
  check(kept[0][0] === admin.email && kept[1][0] === "", `the form keeps ${JSON.stringify(kept)}`);
  check(kept[1][1] === "true", "the field is not marked as wrong");
  await screen.examine("login-error");
  proved("sign-in, wrong password: the message has the focus, the title says Error, the address is kept");

  const field = await screen.type("Password", admin.password);
  await (await screen.find("button", "Show password")).click();
  check((await field.evaluate((input) => input.type)) === "text", "Show does not show the password");
  await (await screen.find("button", "Hide password")).click();
  check((await field.evaluate((input) => input.type)) === "password", "Hide does not hide the password");
  await screen.tabTo("textbox", "Password");
  await screen.arrive(() => screen.page.keyboard.press("Enter"));
  check((await screen.heading()) === "Dashboard", `signing in leads to ${screen.page.url()}`);
  proved("sign-in: by keyboard alone, with a password that can be shown, to the dashboard");
}

async function copies(screen, name, expected) {
  const button = await screen.find("button", name);
  await button.click();
  await screen.page.waitForFunction((element) => element.textContent.includes("Copied"), {}, button);
  const clip = await screen.page.evaluate(() => navigator.clipboard.readText());
  check(clip.includes(expected), `${name} copied ${clip}`);
  await screen.page.waitForFunction(() => [...document.querySelectorAll("[role=status]")].some((box) => box.textContent === "Copied"));
}

async function dashboard(screen) {
  await screen.go("/dashboard");
  await screen.examine("dashboard");
  await copies(screen, "Copy MCP address", url);
  proved("dashboard: the address is copied, and that is announced");
  for (const tab of TABS) {
    await screen.press("link", tab);
    const current = await screen.page.$$eval("nav[aria-label='AI client'] [aria-current]", (links) => links.map((link) => link.textContent));
    check(current.length === 1 && current[0] === tab, `the current tab is ${current}`);
    check((await screen.text()).includes(url), `${tab} does not name ${url}`);
    await copies(screen, "Copy manual configuration", url);
    await screen.examine(`dashboard-${tab.toLowerCase().replace(/\W+/g, "-")}`);
  }
  proved(`AI client configuration: ${TABS.length} tabs, each with this server's address and a copy button`);
}

async function rowOf(screen) {
  await screen.go(`/admin/mcp/users?q=${encodeURIComponent(person.email)}`);
  const row = await screen.page.waitForSelector(`::-p-xpath(//tr[contains(., "${person.email}")])`);
  const name = await row.$eval("th[scope=row] a, th[scope=row] span", (element) => element.textContent.trim());
  return { row, name, text: await row.evaluate((element) => element.innerText) };
}

async function grid(screen, client) {
  await screen.go("/admin/mcp/users");
  check((await screen.heading()) === "MCP Users", `the grid is ${await screen.heading()}`);
  await screen.examine("grid");
  const { text } = await rowOf(screen);
  for (const words of ["Enabled", client.name]) check(text.includes(words), `the row says ${text}, not ${words}`);
  check(!text.includes("Never"), `Last Used is Never after a call: ${text}`);
  await screen.examine("grid-filtered");
  await (await screen.page.$("details.filters > summary")).click();
  await screen.examine("grid-filters-open");
  await screen.choose("Access Status", "Disabled");
  await screen.press("button", "Apply filters");
  check((await screen.text()).includes("No people match"), "a filter that fits nobody does not say so");
  check(new URL(screen.page.url()).searchParams.get("status") === "disabled", "the address does not hold the filter");
  await screen.examine("grid-no-match");
  await screen.key("link", "Clear filters");
  check(new URL(screen.page.url()).search === "?view=all", "Clear filters leaves filters");
  await menusClose(screen);
  await sortByUser(screen);
  const sorted = await screen.page.$$eval("[aria-sort]", (cells) => cells.map((one) => `${one.innerText.trim()} ${one.getAttribute("aria-sort")}`));
  check(sorted.length === 1 && /^User\b.* ascending$/s.test(sorted[0]), `sorted by ${sorted}`);
  const answer = await screen.go("/admin/mcp/users?page=x&added_from=yesterday");
  check(answer.status() === 400, `a wrong address answers ${answer.status()}`);
  await screen.examine("grid-error");
  proved("grid: row, filters, no match, sorting and a wrong address; the address holds the view");
}

/** A menu that is left by Tab would hide what has the focus next (2.4.11); Escape closes it from anywhere. */
async function menusClose(screen) {
  const isOpen = () => screen.page.$eval("details:has(#cols)", (menu) => menu.open);
  const columns = await screen.page.$("details:has(#cols) > summary");
  await screen.tabTo("link", "Export this view as CSV");
  await screen.page.keyboard.down("Shift");
  await screen.page.keyboard.press("Tab");
  await screen.page.keyboard.up("Shift");
  check(await columns.evaluate((element) => element === document.activeElement), "Shift+Tab does not come from Export to Columns");
  await screen.page.keyboard.press("Enter");
  check(await isOpen(), "Enter does not open the columns");
  await screen.tabTo("link", "Export this view as CSV");
  check(!(await isOpen()), "the columns stay open when they are left by Tab");
  await columns.click();
  await screen.page.keyboard.press("Escape");
  check(!(await isOpen()), "Escape does not close the columns");
}

async function clients(screen, client) {
  await screen.go("/admin/mcp/clients");
  check((await screen.heading()) === "Clients", `the list of clients is ${await screen.heading()}`);
  await screen.examine("clients");
  await screen.go(`/admin/mcp/clients?q=${encodeURIComponent(client.name)}`);
  for (const words of [client.name, "Unverified", "127.0.0.1"]) check((await screen.text()).includes(words), `the row does not show ${words}`);
  await (await screen.page.$("details.filters > summary")).click();
  await screen.examine("clients-filters-open");
  const opener = await screen.tabTo("link", `Block ${client.name}, 127.0.0.1`);
  await screen.page.keyboard.press("Enter");
  await dialogOf(screen);
  await screen.examine("client-block-dialog");
  await closesOnEscape(screen, opener);
  check((await client.call()) === 200, "Escape blocked");
  await screen.page.keyboard.press("Enter");
  await dialogOf(screen);
  await screen.key("button", "Block");
  await screen.says("Blocked", client.name);
  check((await client.call()) === 401, "after Block the next call is not refused");
  await screen.examine("clients-blocked");
  await screen.press("link", client.name);
  check((await screen.heading()) === client.name, `the client's page is ${await screen.heading()}`);
  await screen.examine("client");
  await (await screen.find("link", "Unblock")).click();
  const { dialog } = await dialogOf(screen);
  await screen.examine("client-unblock-dialog");
  await screen.type("Your password", admin.password, dialog);
  await screen.arrive(() => screen.page.keyboard.press("Enter"));
  await screen.says("Unblocked", client.name);
  check((await client.call()) === 200, "after Unblock the token does not work again");
  proved("clients: Block in the dialog refuses the very next call, Unblock with the password lets it in again");
  await screen.go("/admin/mcp/clients/new");
  await screen.examine("client-new");
  await screen.type("Name", "Loop Partner");
  await (await screen.find("textbox", "Redirect URIs")).type("https://partner.example/cb");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Register");
  await screen.go("/admin/mcp/clients?q=Loop+Partner");
  await screen.press("link", "Loop Partner");
  await screen.press("link", "Edit");
  await screen.examine("client-edit");
  await screen.type("Name", "Loop Partner 2");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Save");
  await screen.says("Saved Loop Partner 2");
  await (await screen.find("link", "Delete")).click();
  await dialogOf(screen);
  await screen.examine("client-delete-dialog");
  await screen.key("button", "Delete");
  await screen.says("Deleted Loop Partner 2");
  check(!(await screen.page.$eval("main .table-wrap, main .empty", (list) => list.innerText)).includes("Loop Partner"), "the deleted client is still listed");
  proved("clients: registered by hand, edited with the password, deleted after a confirmation");
}

async function sortByUser(screen) {
  const header = await screen.page.waitForSelector('::-p-xpath(//th[@role="columnheader"][starts-with(normalize-space(.), "User")]//a)');
  await screen.arrive(() => header.click());
}

async function dialogOf(screen) {
  const dialog = await screen.page.waitForSelector("dialog[open]");
  const heading = await dialog.$eval("h1, h2", (element) => element.textContent.trim());
  check(await screen.has("dialog", heading), `no dialog has the accessible name of its heading, ${heading}`);
  return { dialog, heading };
}

async function closesOnEscape(screen, opener) {
  await screen.page.keyboard.press("Escape");
  await screen.page.waitForFunction(() => !document.querySelector("dialog[open]"));
  check(await opener.evaluate((element) => element === document.activeElement), "after Escape the focus is not where it came from");
}

async function details(screen, client) {
  const { name } = await rowOf(screen);
  const before = screen.page.url();
  const opener = await screen.tabTo("link", `Details of ${name}`);
  await screen.page.keyboard.press("Enter");
  const { dialog, heading } = await dialogOf(screen);
  check(heading.includes(name), `the dialog is called ${heading}`);
  check(await screen.hasFocus("dialog"), "the focus is not in the dialog");
  for (let times = 0; times < 30; times += 1) {
    await screen.page.keyboard.press("Tab");
    const outside = await screen.page.evaluate(() => document.activeElement !== document.body && !document.activeElement.closest("dialog"));
    check(!outside, "Tab leaves the open dialog");
  }
  await screen.examine("details-dialog");
  await closesOnEscape(screen, opener);
  check(screen.page.url() === before, "the dialog changed the address");
  proved("Details: opens by keyboard as a dialog named like its heading, keeps the focus, Escape returns it");

  await opener.click();
  await dialogOf(screen);
  await (await screen.find("button", "Close")).click();
  await screen.page.waitForFunction(() => !document.querySelector("dialog[open]"));
  await opener.click();
  await dialogOf(screen);
  check((await client.call()) === 200, "looking at the details changed something");
  await (await screen.find("link", `Revoke the token of ${client.name}`, dialog)).click();
  await screen.page.waitForSelector("::-p-aria([name=\"Revoke token\"][role=\"button\"])");
  await screen.examine("token-revoke-dialog");
  check((await client.call()) === 200, "asking revoked");
  await (await screen.find("link", "Cancel")).click();
  await screen.find("link", `Revoke the token of ${client.name}`);
  await (await screen.find("link", `Revoke the token of ${client.name}`)).click();
  await screen.answered(async () => (await screen.find("button", "Revoke token")).click());
  const said = await dialog.$eval("[data-flash]", (banner) => (banner === document.activeElement ? banner.textContent : "no focus"));
  check(said.includes("Revoked") && said.includes(client.name), `after Revoke the dialog says ${said}`);
  check((await dialogOf(screen)).heading.startsWith("Token details"), "after Revoke the dialog is not the details again");
  check((await client.call()) === 401, "after Revoke the next call is not refused");
  await screen.examine("details-banner");
  await screen.arrive(() => screen.page.keyboard.press("Escape"));
  check(screen.page.url() === before, `after the dialog the page is ${screen.page.url()}`);
  proved("Details: Revoke in the dialog asks first and returns to the details in it, which say so; the very next call is refused; closed, the list is up to date");
}

async function revokeAll(screen, client) {
  const { name } = await rowOf(screen);
  const opener = await screen.tabTo("link", `Revoke All tokens of ${name}`);
  await screen.page.keyboard.press("Enter");
  const { dialog } = await dialogOf(screen);
  const focused = await screen.page.evaluate(() => document.activeElement.textContent.trim());
  check(focused === "Cancel", `the focus is first on “${focused}”`);
  check((await dialog.evaluate((element) => element.innerText)).includes(client.name), "the dialog does not name the client");
  await screen.examine("revoke-all-dialog");
  await closesOnEscape(screen, opener);
  check((await client.call()) === 200, "Escape revoked");
  await screen.page.keyboard.press("Enter");
  await dialogOf(screen);
  await screen.key("button", "Revoke all tokens");
  await screen.says("Revoked");
  check((await client.call()) === 401, "after Revoke All the next call is not refused");
  check(!(await screen.has("link", `Revoke All tokens of ${name}`)), "Revoke All is offered although nothing is active");
  proved("Revoke All: asks first, focus on Cancel, Escape changes nothing; then the very next call is refused");
}

async function disable(screen, client) {
  const { name } = await rowOf(screen);
  const opener = await screen.find("link", `Disable access of ${name}`);
  await opener.click();
  await dialogOf(screen);
  check(await screen.hasFocus("dialog #password"), "the focus is not on the password");
  await screen.examine("disable-dialog");
  await closesOnEscape(screen, opener);
  await opener.click();
  const { dialog } = await dialogOf(screen);
  await screen.type("Your password", `not ${admin.password}`, dialog);
  const answer = await screen.answered(() => screen.page.keyboard.press("Enter"));
  check(answer.status() >= 400 && answer.status() < 500, `a wrong password answers ${answer.status()}`);
  check(await screen.hasFocus("dialog #password"), "after a wrong password the focus is not on its field");
  const field = await screen.page.$eval("#password", (input) => [
    input.getAttribute("aria-invalid"),
    (input.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? `#${id} is missing`).join(" "),
  ]);
  check(field[0] === "true" && /Nothing was changed/.test(field[1]), `the field says ${field}`);
  check((await client.call()) === 200, "a wrong password disabled the person");
  await screen.examine("disable-wrong-password");
  proved("Disable, wrong password: said in the dialog, on top and beside the field, which has the focus; nothing changed");

  await screen.type("Your password", admin.password);
  await screen.key("button", "Disable access");
  await screen.says("Disabled MCP access");
  check((await client.call()) === 401, "after Disable the next call is not refused");
  check((await rowOf(screen)).text.includes("Disabled"), "the row does not say Disabled");
  await screen.examine("grid-disabled");
  proved("Disable, right password: the very next call is refused, the row says Disabled");
}

async function refusal(screen, client) {
  await screen.go(client.ask());
  check(/disabled/i.test(await screen.heading()), `a disabled person sees ${await screen.heading()}`);
  await screen.examine("consent-refused");
  await screen.press("link", `Return to ${client.name}`);
  check(client.told().error === "access_denied", "the client is not told access_denied");
  await screen.go("/dashboard");
  check((await screen.text()).includes("Your MCP access is disabled"), "the dashboard does not say that access is disabled");
  await screen.examine("dashboard-disabled");
  proved("a disabled person: refused with a way back that tells the client access_denied; the dashboard says why");
}

async function mcpInfo(screen, client) {
  const { name, row } = await rowOf(screen);
  const link = await row.$("th a");
  await screen.arrive(() => link.click());
  check((await screen.heading()) === name, `the person's page is ${await screen.heading()}`);
  await screen.examine("person-mcp-disabled");
  await screen.choose("MCP Access", "Enabled");
  await screen.type("Your password", `not ${admin.password}`);
  await screen.press("button", "Save");
  check(await screen.hasFocus("#password"), "after a wrong password the focus is not on its field");
  const chosen = await screen.page.$eval("#enabled", (box) => box.selectedOptions[0].text);
  check(chosen === "Enabled", `after a wrong password the form shows ${chosen}`);
  await screen.examine("person-wrong-password");
  await screen.press("link", "Cursor");
  check((await screen.heading()) === name, `after a wrong password a tab leads to ${screen.page.url()}`);
  const again = await rowOf(screen);
  check(again.text.includes("Disabled"), "a wrong password enabled the person");
  const back = await again.row.$("th a");
  await screen.arrive(() => back.click());
  await screen.choose("MCP Access", "Enabled");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Save");
  await screen.says("Enabled MCP access");
  check((await client.call()) === 401, "Enabled brought an old token back");
  proved("MCP Info: wrong password keeps the choice and changes nothing; Enabled restores no token");
}

async function summary(screen, client) {
  const { row, name } = await rowOf(screen);
  const link = await row.$("th a");
  await screen.arrive(() => link.click());
  const tiles = await screen.page.$$eval("dl.tiles .tile", (all) => Object.fromEntries(all.map((one) => [one.querySelector("dt").textContent, one.querySelector("dd").innerText.trim()])));
  for (const label of ["Connected Clients", "Active Tokens", "Expired/Revoked Tokens", "Added to MCP", "Last Tool Used"]) {
    check(tiles[label] !== undefined, `the summary lacks ${label}: ${JSON.stringify(tiles)}`);
  }
  check(tiles["Active Tokens"] === "1" && tiles["Last Tool Used"].includes("get_usage"), `the summary says ${JSON.stringify(tiles)}`);
  await screen.examine("person-mcp");
  for (const tab of TABS) {
    await screen.press("link", tab);
    check((await screen.text()).includes(url), `${tab} does not name ${url}`);
  }
  await screen.tabTo("link", "Show Details");
  await screen.page.keyboard.press("Enter");
  await dialogOf(screen);
  await screen.page.keyboard.press("Escape");
  await screen.press("link", "User Info");
  await screen.examine("person-info");
  await screen.press("link", "MCP Info");
  await (await screen.find("link", "Revoke All Tokens")).click();
  const { dialog } = await dialogOf(screen);
  await screen.press("button", "Revoke all tokens", dialog);
  check((await screen.heading()) === name, "Revoke All Tokens does not return to the person");
  check((await client.call()) === 401, "after Revoke All Tokens the next call is not refused");
  await screen.go("/admin/users");
  await screen.examine("users");
  proved("MCP Info: summary, Show Details, Revoke All Tokens, the tabs of clients; All Users");
}

async function frame(screen) {
  await screen.go("/dashboard");
  await screen.page.$eval("details.menu > summary", (element) => element.focus());
  await screen.page.keyboard.press("Enter");
  await screen.examine("menu");
  await screen.press("button", "Dark");
  const dark = await screen.page.$eval("html", (element) => element.dataset.theme);
  check(dark === "dark", `after Dark the theme is ${dark}`);
  await screen.examine("dashboard-chosen-dark");
  await screen.page.$eval("details.menu > summary", (element) => element.focus());
  await screen.page.keyboard.press("Enter");
  await screen.press("button", "System");
  const answer = await screen.go("/nothing/here");
  check(answer.status() === 404, `a page that is not there answers ${answer.status()}`);
  await screen.examine("not-found");
  await screen.page.setViewport({ width: 360, height: 800 });
  await screen.go("/dashboard");
  await (await screen.find("button", "Menu")).click();
  check(await screen.has("link", "MCP Users"), "the menu does not open on a narrow screen");
  await screen.examine("menu-narrow");
  await screen.go("/dashboard");
  await screen.page.$eval("details.menu > summary", (element) => element.click());
  await screen.press("button", "Sign out");
  await screen.go("/dashboard");
  check((await screen.heading()) === "Sign in", "after Sign out the dashboard is still shown");
  proved("frame: theme, not found, menu on a narrow screen, sign out");
}

/** The same with scripts off: every action is a plain page. */
async function withoutScript(house) {
  const screen = await Screen.open(house, origin, { script: false });
  const member = await Screen.open(house, origin, { script: false });
  const client = await AiClient.start("Plain");
  await screen.go("/login");
  await screen.signIn({ ...admin, password: `not ${admin.password}` });
  check((await screen.page.title()).startsWith("Error:"), "without script a wrong password shows no error");
  await screen.type("Password", admin.password);
  await screen.press("button", "Sign in");
  await member.go(client.ask());
  await member.signIn(person);
  await member.press("button", "Authorize");
  await client.redeem(client.told());
  await member.go(client.ask());
  await member.press("button", "Deny");
  check(client.told().error === "access_denied", "without script Deny does not tell the client");
  proved("without script: sign-in, Authorize reaches the listener, Deny");

  let { name } = await rowOf(screen);
  await screen.press("link", `Details of ${name}`);
  await screen.examine("plain-details");
  await screen.press("link", `Revoke the token of ${client.name}`);
  await screen.examine("plain-token-revoke");
  await screen.press("button", "Revoke token");
  await screen.says("Revoked", client.name);
  check((await client.call()) === 401, "without script Revoke does not refuse the next call");
  await authorize(member, client);
  await rowOf(screen);
  await screen.press("link", `Revoke All tokens of ${name}`);
  await screen.examine("plain-revoke-all");
  await screen.press("button", "Revoke all tokens");
  await screen.says("Revoked");
  check((await client.call()) === 401, "without script Revoke All does not refuse the next call");
  await authorize(member, client);
  await rowOf(screen);
  await screen.press("link", `Disable access of ${name}`);
  await screen.examine("plain-disable");
  await screen.type("Your password", `not ${admin.password}`);
  await screen.press("button", "Disable access");
  check((await screen.text()).includes("Nothing was changed"), "without script a wrong password is not told");
  check((await client.call()) === 200, "without script a wrong password disabled the person");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Disable access");
  await screen.says("Disabled MCP access");
  check((await client.call()) === 401, "without script Disable does not refuse the next call");
  ({ name } = await rowOf(screen));
  await screen.press("link", `Enable access of ${name}`);
  await screen.examine("plain-enable");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Enable access");
  await screen.says("Enabled MCP access");
  check((await client.call()) === 401, "without script Enable brought an old token back");
  proved("without script: Details, Revoke, Revoke All, Disable with wrong and right password, Enable");

  await authorize(member, client);
  await member.go("/dashboard/settings/mcp");
  await member.press("link", `Revoke ${client.name}`);
  await member.examine("plain-own-revoke");
  await member.press("button", `Revoke ${client.name}`);
  await member.says("Revoked", client.name);
  check((await client.call()) === 401, "without script a person's own Revoke does not refuse the next call");
  proved("without script: a person's own Revoke");

  const row = (await rowOf(screen)).row;
  const link = await row.$("th a");
  await screen.arrive(() => link.click());
  await screen.choose("MCP Access", "Disabled");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Save");
  await screen.says("Disabled MCP access");
  await screen.choose("MCP Access", "Enabled");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Save");
  await screen.says("Enabled MCP access");
  await screen.press("link", "Cursor");
  await screen.go("/admin/mcp/users");
  await (await screen.page.$("details.filters > summary")).click();
  await screen.choose("Access Status", "Enabled");
  await screen.press("button", "Apply filters");
  check((await screen.text()).includes("Access Status: Enabled"), "without script the filter does not work");
  await sortByUser(screen);
  check(new URL(screen.page.url()).searchParams.get("status") === "enabled", "without script sorting forgets the filter");
  await authorize(member, client);
  await settingsWithoutScript(screen, admin, client);
  await usersWithoutScript(screen, admin, person, client);
  await authorize(member, client);
  await recordsWithoutScript(screen, admin, client);
  await accountsWithoutScript(screen, admin);
  await storeIndexWithoutScript(screen);
  await peopleWithoutScript(house, origin, screen, admin);
  await exploreWithoutScript(member);
  await ownWithoutScript(member);
  await apiKeysWithoutScript(member, origin, person);
  await accountWithoutScript(house, origin, member, person);
  member.isQuiet("consent without script");
  screen.isQuiet("the console without script");
  proved("without script: MCP Info, tabs, filters, sorting");
  client.stop();
  await Promise.all([screen.close(), member.close()]);
}

async function run() {
  const house = await launch(shots);
  try {
    const screen = await Screen.open(house, origin);
    const member = await Screen.open(house, origin);
    const client = await AiClient.start("Browser Loop");
    await signingIn(screen);
    await dashboard(screen);
    await member.go(client.ask());
    await member.signIn(person);
    await member.press("button", "Authorize");
    await client.redeem(client.told());
    await member.go("/dashboard");
    await member.examine("dashboard-connected");
    await grid(screen, client);
    await users(screen, admin, person, client, member);
    await clients(screen, client);
    await details(screen, client);
    await authorize(member, client);
    await revokeAll(screen, client);
    await authorize(member, client);
    await disable(screen, client);
    await refusal(member, client);
    await mcpInfo(screen, client);
    await authorize(member, client);
    await ownEdit(member, client, { dialogOf });
    await ownCheck(member);
    await ownConnections(member, client, { closesOnEscape, dialogOf });
    await ownTokens(member, client, person, { copies, dialogOf });
    const key = await apiKeys(member, origin, person, { closesOnEscape, copies, dialogOf });
    await keysOfSomebody(screen, origin, person, key, { dialogOf });
    await explore(member);
    await authorize(member, client);
    await summary(screen, client);
    await authorize(member, client);
    await settings(screen, admin, client);
    await signingKeys(screen, admin, client);
    await records(screen, admin, client, member);
    await storeIndex(screen);
    await accountsPlansAndRoles(screen, admin, client);
    await people(house, origin, screen, admin);
    await confirmation(screen, admin);
    await account(house, origin, member, person);
    await manual(house, origin);
    await frame(screen);
    client.stop();
    for (const one of [screen, member]) one.isQuiet("the end");
    await withoutScript(house);
    proved(`${house.examined.size} views: axe finds nothing in light, dark and at 360 px; none scrolls sideways at 320, 360, 1280 px; no CSP violation`);
  } finally {
    await house.browser.close();
  }
}

prove(run, 540);
