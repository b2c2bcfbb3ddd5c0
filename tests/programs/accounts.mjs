// User Roles, Accounts and Plans in a real browser: a part of browser.mjs.

import { check, proved } from "./pages.mjs";

const ROLES = "/admin/roles";
const ACCOUNTS = "/admin/accounts";
const PLANS = "/admin/plans";

async function confirmed(screen, admin, button) {
  await screen.type("Your password", admin.password);
  await screen.press("button", button);
}

async function open(screen, name) {
  await screen.go("/dashboard");
  await screen.press("link", name);
}

async function plans(screen, admin) {
  await open(screen, "Plans");
  check((await screen.heading()) === "Plans", `Plans leads to ${screen.page.url()}`);
  await screen.examine("plans");
  await screen.press("link", "Make a plan");
  await screen.type("Name", "Evening");
  await screen.type("Requests a minute", "many");
  await screen.press("button", "Continue");
  check(await screen.hasFocus("[data-error-summary]"), "after a wrong number the focus is not on the message");
  await screen.examine("plan-error");
  await screen.type("Requests a minute", "30");
  await screen.key("button", "Continue");
  check((await screen.text()).includes("No account is on it"), "the page does not say what a new plan does");
  await screen.examine("plan-confirm");
  await screen.press("button", "Change entries");
  const kept = await screen.page.$eval("#name", (field) => field.value);
  check(kept === "Evening", `the form keeps ${kept}`);
  await screen.press("button", "Continue");
  await confirmed(screen, admin, "Make the plan");
  await screen.says("Made the plan Evening");
  await (await screen.find("link", "Delete Evening")).click();
  await screen.page.waitForSelector("dialog[open]");
  await screen.examine("plan-delete-dialog");
  await screen.type("Your password", admin.password, await screen.page.$("dialog[open]"));
  await screen.arrive(() => screen.page.keyboard.press("Enter"));
  await screen.says("Deleted the plan Evening");
  proved("plans: a wrong number, what it will do, Back keeps the form, made and deleted with the password");
}

async function accounts(screen, admin, client) {
  await open(screen, "Accounts");
  check((await screen.heading()) === "Accounts", `Accounts leads to ${screen.page.url()}`);
  await screen.examine("accounts");
  await (await screen.page.$("details.filters > summary")).click();
  await screen.examine("accounts-filters-open");
  await screen.choose("Credits", "Nearly used up (80 % or more)");
  await screen.key("button", "Apply filters");
  check((await screen.text()).includes("No accounts match these filters"), "a filter that fits nothing does not say so");
  await screen.press("link", "Remove filter Credits: nearly used up");
  await screen.press("link", "Acme");
  await screen.examine("account");
  await screen.choose("API access", "Switched off");
  await screen.press("button", "Continue");
  check((await screen.text()).includes("next call"), "the page does not say what switching off does");
  await screen.examine("account-confirm");
  check((await client.call()) === 200, "asking refuses the next call");
  await confirmed(screen, admin, "Save changes");
  await screen.says("It counts from the next call");
  await screen.examine("account-off");
  await screen.choose("API access", "As the plan says");
  await screen.press("button", "Continue");
  await confirmed(screen, admin, "Save changes");
  await (await screen.find("link", "Grant credits")).click();
  await screen.page.waitForSelector("dialog[open]");
  await screen.examine("credits-dialog");
  const dialog = await screen.page.$("dialog[open]");
  await screen.type("Credits", "40", dialog);
  await screen.type("Reason", "Spring fair", dialog);
  await screen.type("Your password", `not ${admin.password}`, dialog);
  await screen.answered(() => screen.page.keyboard.press("Enter"));
  check(await screen.hasFocus("dialog #password"), "after a wrong password the focus is not on its field");
  await screen.examine("credits-wrong-password");
  await confirmed(screen, admin, "Grant credits");
  await screen.says("Granted 40 credits to Acme");
  await screen.press("link", "Ledger");
  check((await screen.text()).includes("Spring fair"), "the ledger does not have the grant");
  await screen.examine("ledger");
  await screen.page.goto(`${screen.page.url().split("?")[0]}?tab=people`);
  await screen.examine("account-people");
  await screen.go(`${ACCOUNTS}/new`);
  await screen.examine("account-new");
  proved("accounts: filters, switching access off and on, a grant with reason and password, ledger, people");
}

async function roles(screen, admin) {
  await open(screen, "User Roles");
  check((await screen.heading()) === "User Roles", `User Roles leads to ${screen.page.url()}`);
  await screen.examine("roles");
  await screen.press("link", "Duplicate Auditor");
  await screen.type("Name", "Support");
  const stores = await screen.find("checkbox", "All of Stores");
  await stores.click();
  const ticked = await screen.page.$$eval("[name='tool']:checked", (boxes) => boxes.map((box) => box.value));
  check(ticked.join() === "get_usage,search_contacts,reveal_contacts", `after “All of Stores” is unticked ${ticked} are left`);
  await (await screen.page.$("[value='get_store']")).click();
  check(await stores.evaluate((box) => box.indeterminate), "“All of Stores” does not show that some are ticked");
  await screen.examine("role-new");
  await screen.key("button", "Continue");
  check((await screen.text()).includes("Store profile"), "the page does not say which tools");
  await screen.examine("role-confirm");
  await confirmed(screen, admin, "Make the role");
  await screen.says("Made the role Support");
  await screen.press("link", "Administrator");
  await screen.examine("role-built-in");
  await screen.go(ROLES);
  await (await screen.find("link", "Delete Support")).click();
  await screen.page.waitForSelector("dialog[open]");
  await screen.examine("role-delete-dialog");
  await screen.type("Your password", admin.password, await screen.page.$("dialog[open]"));
  await screen.arrive(() => screen.page.keyboard.press("Enter"));
  await screen.says("Deleted the role Support");
  proved("roles: duplicated, tools ticked branch by branch, made and deleted with the password");
}

export async function accountsPlansAndRoles(screen, admin, client) {
  await plans(screen, admin);
  await accounts(screen, admin, client);
  await roles(screen, admin);
}

export async function accountsWithoutScript(screen, admin) {
  await screen.go(PLANS);
  await screen.press("link", "Starter");
  await screen.type("Credits a month", "700");
  await screen.press("button", "Continue");
  await screen.examine("plain-plan-confirm");
  await confirmed(screen, admin, "Save changes");
  await screen.says("Changed the plan Starter");
  await screen.go(ROLES);
  await screen.press("link", "Edit Member");
  await (await screen.page.$("[value='search_contacts']")).click();
  await screen.press("button", "Continue");
  check((await screen.text()).includes("Tools taken away"), "without script the page does not say what it does");
  await confirmed(screen, admin, "Save changes");
  await screen.says("Changed the role Member");
  await screen.go(ACCOUNTS);
  await screen.press("link", "Acme");
  await screen.press("link", "Withdraw credits");
  await screen.type("Credits", "1");
  await screen.type("Reason", "Without script");
  await confirmed(screen, admin, "Withdraw credits");
  await screen.says("Withdrew 1 credit from Acme");
  proved("without script: a plan, a role and credits changed with the password");
}
