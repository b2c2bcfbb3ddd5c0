// Account Setting, two-factor sign-in and the five minutes without a password in a real browser: a
// part of browser.mjs.

import { createHmac } from "node:crypto";

import { check, proved } from "./pages.mjs";
import { Screen } from "./screen.mjs";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The code of RFC 6238 for a key as the page shows it, so many steps from now. */
function code(key, steps = 0) {
  const bits = [...key.replaceAll(" ", "")].map((letter) => LETTERS.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const sum = createHmac("sha1", secret).update(counter).digest();
  const number = sum.readUInt32BE(sum.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

async function shown(screen, id) {
  return screen.page.$eval(id, (element) => element.textContent.trim());
}

async function enterCode(house, origin, person, text, script = true) {
  const other = await Screen.open(house, origin, { script });
  await other.go("/login");
  await other.signIn(person);
  check((await other.heading()) === "Enter your code", `after the password comes ${await other.heading()}`);
  await other.go("/dashboard");
  check((await other.heading()) === "Sign in", "the password alone opens the dashboard");
  await other.signIn(person);
  if (script) await other.examine("verify");
  await other.type("Code", "000000");
  await other.press("button", "Sign in");
  check((await other.heading()) === "Enter your code", "a wrong code signs in");
  if (script) {
    check(await other.hasFocus("[data-error-summary]"), "after a wrong code the focus is not on the message");
    await other.examine("verify-error");
  }
  await other.type("Code", text);
  await other.press("button", "Sign in");
  check((await other.heading()) === "Dashboard", `the code leads to ${await other.heading()}`);
  return other;
}

async function turnOn(screen, person) {
  await screen.go("/account");
  await screen.press("link", "Turn on");
  await screen.type("Your password", person.password);
  await screen.press("button", "Continue");
  const key = await shown(screen, "#key");
  return key;
}

export async function account(house, origin, screen, person) {
  await screen.go("/dashboard");
  await screen.press("link", "Account Setting");
  check((await screen.heading()) === "Account Setting", `Account Setting is ${await screen.heading()}`);
  await screen.examine("account");
  await screen.choose("Time zone", "Asia/Tokyo");
  await screen.press("button", "Save");
  await screen.says("Saved your profile");
  check((await screen.page.$eval("time[title]", (time) => time.title)).endsWith("JST"), "times are not in the own zone");
  proved("Account Setting: reached from the navigation; times are in the own zone");

  await screen.go("/account/password");
  await screen.examine("account-password");
  await screen.type("Your password", `not ${person.password}`);
  await screen.type("New password", "seven green lanterns swing");
  await screen.key("button", "Change password");
  check(await screen.hasFocus("#password"), "a wrong old password is not refused at its field");
  await screen.examine("account-password-error");
  await screen.go("/account/email");
  await screen.examine("account-email");

  await screen.go("/account/two-factor");
  await screen.examine("account-two-factor");
  const key = await turnOn(screen, person);
  await screen.examine("account-two-factor-key");
  await screen.type("Code", "000000");
  await screen.press("button", "Turn on");
  check(await screen.hasFocus("[data-error-summary]"), "a wrong first code is not refused on top");
  check((await shown(screen, "#key")) === key, "after a wrong code there is another key");
  await screen.examine("account-two-factor-key-error");
  await screen.type("Code", code(key));
  await screen.key("button", "Turn on");
  const codes = (await shown(screen, "#codes")).split("\n");
  check(codes.length === 10, `there are ${codes.length} recovery codes`);
  await screen.examine("account-recovery-codes");
  const second = await enterCode(house, origin, person, code(key, 1));
  const third = await enterCode(house, origin, person, codes[0]);
  check((await third.text()).includes("9 are left"), "a used recovery code is not counted");
  await screen.go("/account");
  await screen.examine("account-two-factor-on");
  await screen.press("button", "End all others");
  await screen.says("Ended 2 other sessions");
  await second.go("/account");
  check((await second.heading()) === "Sign in", "an ended session is still in");
  for (const other of [second, third]) {
    other.isQuiet("sign-in with a code");
    await other.close();
  }
  await screen.press("link", "New recovery codes");
  await screen.examine("account-new-codes");
  await screen.go("/account");
  await screen.press("link", "Turn off");
  await screen.examine("account-two-factor-off");
  await screen.type("Your password", person.password);
  await screen.press("button", "Turn off");
  await screen.says("Two-factor sign-in is off");
  proved("two-factor: set up with a code, signed in with a code and with a recovery code, other sessions ended, turned off");
}

/** Five minutes without the password, which the person who looks has ticked. */
export async function confirmation(screen, admin) {
  await screen.go("/dashboard/settings/mcp");
  const stop = "/admin/stop/endpoint";
  await screen.go(stop);
  const tick = await screen.find("checkbox", "Do not ask again for 5 minutes");
  check(!(await tick.evaluate((box) => box.checked)), "the tick is set at first");
  await screen.go("/admin/users");
  const self = `/admin/users?q=${encodeURIComponent(admin.email)}`;
  await screen.go(self);
  const link = await screen.page.waitForSelector("tbody th a");
  await screen.arrive(() => link.click());
  await screen.type("Your password", admin.password);
  await (await screen.find("checkbox", "Do not ask again for 5 minutes")).click();
  await screen.press("button", "Save role and account");
  await screen.says("Nothing was different");
  await screen.go(stop);
  check(!(await screen.has("textbox", "Your password")), "in the five minutes the password is asked for");
  check((await screen.text()).includes("not asked again until"), "it is not shown until when");
  await screen.examine("confirmed");
  await screen.press("link", "Ask me again");
  await screen.examine("confirmation");
  await screen.key("button", "Ask me again from now on");
  await screen.says("asked for your password again");
  await screen.go(stop);
  check(await screen.has("textbox", "Your password"), "after ending the five minutes the password is not asked for");
  proved("five minutes without the password: ticked, shown, ended");
}

/** The same with scripts off. */
export async function accountWithoutScript(house, origin, screen, person) {
  const key = await turnOn(screen, person);
  await screen.type("Code", code(key));
  await screen.press("button", "Turn on");
  const codes = (await shown(screen, "#codes")).split("\n");
  const other = await enterCode(house, origin, person, codes[9], false);
  await other.close();
  await screen.go("/account");
  await screen.press("button", "End all others");
  await screen.says("Ended");
  await screen.press("link", "Turn off");
  await screen.type("Your password", person.password);
  await screen.press("button", "Turn off");
  await screen.says("Two-factor sign-in is off");
  proved("without script: two-factor on and off, a recovery code, ending sessions");
}
