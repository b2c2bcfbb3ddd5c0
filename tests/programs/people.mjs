// System → Permissions → All Users, a person's page, invitations and forgotten passwords in a real
// browser: a part of browser.mjs.

import { AiClient, authorize } from "./listening_client.mjs";
import { check, proved } from "./pages.mjs";
import { Screen } from "./screen.mjs";

const GUEST = { email: "gus@guest.example", password: "seven green lanterns swing", name: "Gus Guest" };

async function dialogOf(screen) {
  const dialog = await screen.page.waitForSelector("dialog[open]");
  check(await screen.hasFocus("dialog"), "the focus is not in the dialog");
  return dialog;
}

/** The link that a page shows once. */
async function shownLink(screen, id = "#link") {
  return screen.page.$eval(id, (element) => element.textContent.trim());
}

/** Invites the guest, and answers the link. */
async function invite(screen) {
  await screen.go("/admin/users");
  await screen.press("link", "Add a user");
  await screen.type("E-mail address", GUEST.email);
  await screen.press("button", "Add user");
  return shownLink(screen);
}

async function personPage(screen, email) {
  await screen.go(`/admin/users?q=${encodeURIComponent(email)}`);
  const link = await screen.page.waitForSelector("tbody th a");
  await screen.arrive(() => link.click());
}

async function openTab(screen, name) {
  await screen.press("link", name, await screen.page.$("nav[aria-label=User]"));
}

export async function people(house, origin, screen, admin) {
  await screen.go("/admin/users");
  await screen.examine("users");
  await (await screen.page.$("details.filters > summary")).click();
  await screen.examine("users-filters-open");
  await screen.choose("Role", "Administrator");
  await screen.press("button", "Apply filters");
  check((await screen.text()).includes("Role: Administrator"), "the filter is not named");
  await screen.go("/admin/users?status=invited&q=nobody");
  await screen.examine("users-no-match");
  await screen.go("/admin/users/new");
  await screen.examine("user-new");
  await screen.choose("Role", "Auditor");
  await screen.type("E-mail address", GUEST.email);
  check(await screen.page.$eval("#account", (field) => field.checkValidity()), "the only account is not chosen");
  await screen.press("button", "Add user");
  check(await screen.hasFocus("#password"), "a role without the password is not refused at its field");
  await screen.examine("user-new-error");
  proved("All Users: filters; a role asks for the password");

  const link = await invite(screen);
  check(link.startsWith(`${origin}/invite/`), `the invitation is ${link}`);
  await screen.examine("user-invited-link");
  const guest = await Screen.open(house, origin);
  await guest.go(link);
  await guest.examine("invite");
  await guest.type("Full name", GUEST.name);
  await guest.type("Password", "password1234");
  await guest.press("button", "Sign in for the first time");
  check(await guest.hasFocus("#password"), "a weak password is not refused at its field");
  await guest.examine("invite-error");
  await guest.type("Password", GUEST.password);
  await guest.key("button", "Sign in for the first time");
  await guest.says("Welcome", GUEST.name);
  proved("invitation: the link is shown once, a weak password is refused with what to do, then they are in");

  const client = await AiClient.start("Guest Loop");
  await authorize(guest, client);
  check((await client.call()) === 200, "the guest's client does not work");
  await personPage(screen, GUEST.email);
  check((await screen.heading()) === GUEST.name, `the person's page is ${await screen.heading()}`);
  await screen.examine("person-info");
  await openTab(screen, "Activity");
  check((await screen.text()).includes("get_usage"), "the call is not on the tab Activity");
  await screen.examine("person-activity");
  await openTab(screen, "Sessions");
  await screen.examine("person-sessions");
  await screen.press("button", "End all sessions");
  await screen.says("Ended 1 session");
  await guest.go("/dashboard");
  check((await guest.heading()) === "Sign in", "an ended session is still in");
  check((await client.call()) === 200, "ending sessions ended a client");
  proved("a person: Activity with their calls, Sessions with End, felt at the next click");

  await guest.press("link", "Forgot your password?");
  await guest.examine("forgot-password");
  await guest.type("E-mail address", GUEST.email);
  await guest.press("button", "Send the link");
  check((await guest.heading()) === "Ask an administrator", "asking for a link is not answered");
  await guest.examine("forgot-password-done");
  await personPage(screen, GUEST.email);
  await screen.press("link", "Send password reset");
  await screen.examine("person-reset");
  await screen.type("Your password", admin.password);
  await screen.key("button", "Send password reset");
  await guest.go(await shownLink(screen));
  await guest.examine("reset-password");
  await guest.type("New password", `${GUEST.password} again`);
  await guest.key("button", "Set password");
  check((await guest.text()).includes("Your new password is set"), "the sign-in page does not say that the password is set");
  await guest.examine("login-after-reset");
  check((await client.call()) === 401, "after a new password the next call is not refused");
  await guest.signIn({ email: GUEST.email, password: `${GUEST.password} again` });
  proved("password reset: the link sets a new one, the very next call of an old client is refused");

  await authorize(guest, client);
  check((await client.call()) === 200, "the guest's client does not work again");
  await personPage(screen, GUEST.email);
  await (await screen.find("link", "Suspend")).click();
  await dialogOf(screen);
  await screen.examine("person-suspend-dialog");
  await screen.page.keyboard.press("Escape");
  check((await client.call()) === 200, "Escape suspended");
  await (await screen.find("link", "Suspend")).click();
  await dialogOf(screen);
  await screen.key("button", "Suspend");
  await screen.says("Suspended", GUEST.name);
  check((await client.call()) === 401, "after Suspend the next call is not refused");
  await screen.examine("person-suspended");
  await (await screen.find("link", "Reactivate")).click();
  await dialogOf(screen);
  await screen.key("button", "Reactivate");
  await screen.says("may sign in again");
  await screen.press("link", "Delete");
  await screen.examine("person-delete");
  await screen.type("Your password", admin.password);
  await screen.arrive(() => screen.page.keyboard.press("Enter"));
  await screen.says("Deleted", GUEST.name);
  proved("Suspend, Reactivate, Delete: each says before what happens; the very next call is refused");
  client.stop();
  guest.isQuiet("the guest's pages");
  await guest.close();
}

/** The same with scripts off, where every dialog is a page. */
export async function peopleWithoutScript(house, origin, screen, admin) {
  const link = await invite(screen);
  const guest = await Screen.open(house, origin, { script: false });
  await guest.go(link);
  await guest.type("Full name", GUEST.name);
  await guest.type("Password", GUEST.password);
  await guest.press("button", "Sign in for the first time");
  await guest.says("Welcome", GUEST.name);
  await personPage(screen, GUEST.email);
  await screen.type("Full name", "Gus Renamed");
  await screen.press("button", "Save");
  await screen.says("Saved name");
  await screen.choose("Role", "Auditor");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Save role and account");
  await screen.says("Saved role");
  await screen.press("link", "Suspend");
  await screen.examine("plain-person-suspend");
  await screen.press("button", "Suspend");
  await screen.says("Suspended");
  await screen.press("link", "Delete");
  await screen.examine("plain-person-delete");
  await screen.type("Your password", admin.password);
  await screen.press("button", "Delete user");
  await screen.says("Deleted");
  await guest.close();
  proved("without script: invitation, editing, role, Suspend, Delete");
}
