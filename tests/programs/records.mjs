// Overview, Activity and Audit in a real browser: a part of browser.mjs.

import { authorize } from "./listening_client.mjs";
import { check, proved } from "./pages.mjs";

const ACTIVITY = "/admin/mcp/activity";
const AUDIT = "/admin/mcp/audit";

async function preset(screen, name, part) {
  await screen.press("link", name);
  const address = new URL(screen.page.url());
  check(address.search.includes(part), `${name} leads to ${address}`);
  const current = await screen.page.$$eval("nav[aria-label='Often wanted'] [aria-current]", (links) => links.map((link) => link.textContent));
  check(current.length === 1 && current[0] === name, `the current preset is ${current}`);
}

async function activity(screen, client) {
  await screen.go("/dashboard");
  await screen.press("link", "Activity");
  check((await screen.heading()) === "Activity", `Activity leads to ${screen.page.url()}`);
  check((await screen.text()).includes(client.name), "the log does not name the client");
  await screen.examine("activity");
  await (await screen.page.$("details.filters > summary")).click();
  await screen.examine("activity-filters-open");
  await screen.choose("Outcome", "Over a limit");
  await screen.type("IP address", "203.0.113.77");
  await screen.key("button", "Apply filters");
  check((await screen.text()).includes("No calls match these filters"), "a filter that fits nothing does not say so");
  await screen.examine("activity-no-match");
  await screen.press("link", "Remove filter IP address: 203.0.113.77");
  check(!screen.page.url().includes("203.0.113.77"), "a chip does not remove its filter");
  await preset(screen, "Refused today", "outcome=denied");
  await screen.examine("activity-refused");
  await screen.arrive(async () => (await screen.page.waitForSelector("tbody th a")).click());
  check((await screen.text()).includes("Request ID"), "a call has no page");
  await screen.examine("activity-call");
  await screen.press("link", "Audit entries of this request");
  check(new URL(screen.page.url()).pathname === AUDIT, `the request's entries are at ${screen.page.url()}`);
  const answer = await screen.go(`${ACTIVITY}?from=yesterday&person=nobody%40shop.example`);
  check(answer.status() === 400, `a wrong address answers ${answer.status()}`);
  await screen.examine("activity-error");
  proved("activity: filters, no match, chips, presets, a call's page and a wrong address; the address holds the view");
}

async function audit(screen) {
  await screen.go("/dashboard");
  await screen.press("link", "Audit");
  check((await screen.text()).includes("Kept for 400 days"), "the page does not say how long entries are kept");
  await screen.examine("audit");
  await preset(screen, "Admin changes", "action=changes");
  await screen.examine("audit-changes");
  await screen.arrive(async () => (await screen.page.waitForSelector("tbody th a")).click());
  await screen.examine("audit-entry");
  await screen.press("link", "Everything this request did");
  check(screen.page.url().includes("request="), `a request's entries are at ${screen.page.url()}`);
  await screen.page.emulateMediaType("print");
  const printed = await screen.page.$$eval(".topbar, .side, .filterbar", (parts) => parts.filter((part) => part.offsetParent !== null).length);
  await screen.page.emulateMediaType(null);
  check(printed === 0, "the printed log has navigation and filters");
  proved("audit: presets, an entry's page, all that a request did, paper without navigation");
}

async function overview(screen, admin, client, member) {
  await screen.press("link", "Overview");
  check((await screen.heading()) === "Overview", `Overview leads to ${screen.page.url()}`);
  await screen.examine("overview");
  for (const summary of await screen.page.$$(".card summary")) await summary.click();
  await screen.examine("overview-tables");
  await (await screen.find("link", "Switch the endpoint off")).click();
  await screen.page.waitForSelector("dialog[open]");
  check(await screen.hasFocus("dialog"), "the focus is not in the dialog");
  await screen.examine("stop-endpoint-dialog");
  await screen.type("Your password", admin.password, await screen.page.$("dialog[open]"));
  await screen.arrive(() => screen.page.keyboard.press("Enter"));
  await screen.says("switched off");
  check((await client.call()) === 503, "after switching off the next call is not refused");
  await screen.examine("overview-off");
  await screen.press("link", "Switch it on");
  await screen.choose("MCP server enabled", "Yes");
  await screen.press("button", "Save");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Save changes");
  check((await client.call()) === 200, "after switching on the next call is refused");
  await screen.go("/admin/stop/everything");
  await screen.type("Your password", `not ${admin.password}`);
  await screen.press("button", "Revoke everything");
  check(await screen.hasFocus("#password"), "after a wrong password the focus is not on its field");
  check((await client.call()) === 200, "a wrong password revoked everything");
  await screen.examine("stop-wrong-password");
  await screen.type("Your password", admin.password);
  await screen.key("button", "Revoke everything");
  await screen.says("0 tokens and 0 approvals are left");
  check((await client.call()) === 401, "after Revoke everything the next call is not refused");
  await authorize(member, client);
  check((await client.call()) === 200, "nobody can connect again");
  proved("overview: charts with tables, switching off and revoking everything with the password; the next call is refused");
}

export async function records(screen, admin, client, member) {
  await activity(screen, client);
  await audit(screen);
  await overview(screen, admin, client, member);
}

export async function recordsWithoutScript(screen, admin, client) {
  await screen.go(`${ACTIVITY}?page_size=20`);
  await preset(screen, "Refused today", "outcome=denied");
  await screen.examine("plain-activity");
  await screen.go(AUDIT);
  await (await screen.page.$("details.filters > summary")).click();
  await screen.choose("Action", "Sign-ins and passwords");
  await screen.press("button", "Apply filters");
  check((await screen.text()).includes("Signed in"), "without script the filter does not work");
  await screen.press("link", "Overview");
  await screen.examine("plain-overview");
  await screen.press("link", "Revoke everything");
  await screen.type("Your password", `not ${admin.password}`);
  await screen.press("button", "Revoke everything");
  check((await client.call()) === 200, "without script a wrong password revoked everything");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Revoke everything");
  await screen.says("Revoked");
  check((await client.call()) === 401, "without script Revoke everything does not refuse the next call");
  proved("without script: presets, filters, Revoke everything with wrong and right password");
}
