// What a connection goes through as time passes, with the TypeScript clients: a person who allows
// less, the step up to more, an access token past its time, and a connection past its own.
//
//     step_up.mjs URL       with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set, and
//                           the server's clock in the hands of whoever answers `ask`
//
// Rows: G11

import { AiClient, VARIANTS } from "./ai_client.mjs";
import { ask, check, given, prove, proved } from "./pages.mjs";

const USAGE = "step_up.mjs URL, with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set";
const SEARCH = ["search_stores", { filters: { country: ["DE"] }, limit: 2 }];
const HOUR = 3600;
const SKEW = 60; // what the server allows clocks to differ
const DAY = 24 * HOUR;

const { url, person } = given(USAGE);

/** The call fails because the person must be asked; afterwards it works. */
async function afterAsking(ai, call, when) {
  const refused = await ai.refusal(...call);
  check(ai.isAsking(refused), `${when} the client got ${refused}`);
  await ai.finish();
  return ai.call(...call);
}

async function stepUp(label, ai) {
  const { provider } = ai;
  provider.without = ["stores:read"];
  await ai.connect();
  check(provider.held.scope.split(" ").includes("usage:read"), `granted: ${provider.held.scope}`);
  check(!provider.held.scope.includes("stores:read"), `ticked off and yet granted: ${provider.held.scope}`);
  await ai.call("get_usage");
  // Holding a refresh token, the older SDK refreshes instead of asking, which cannot widen a grant;
  // and it asks for what the 403 names and nothing else.
  if (label === "sdk 1") delete provider.held.refresh_token;
  const found = await afterAsking(ai, SEARCH, "calling what the token does not allow");
  check(found.data.length === 2, "nothing was found after the step up");
  check(provider.asked.length === 2, `the person was asked ${provider.asked.length} times`);
  for (const scope of ["usage:read", "stores:read"]) {
    check(provider.asked[1].includes(scope), `the step up asked for ${provider.asked[1]}`);
    check(provider.held.scope.split(" ").includes(scope), `the step up left ${provider.held.scope}`);
  }
  await ai.call("get_usage");
  proved(`${label}: 403 insufficient_scope steps up to what was held and what was missing; both work then`);
}

async function expiry(label, ai) {
  const { provider } = ai;
  const before = provider.held;
  await ask(`advance ${HOUR + SKEW + 1}`);
  await ai.call(...SEARCH);
  check(ai.grants.at(-1) === "refresh_token 200", `the grants were ${ai.grants}`);
  check(provider.held.access_token !== before.access_token, "the expired access token was not replaced");
  check(provider.held.refresh_token !== before.refresh_token, "the refresh token was not rotated");
  check(provider.asked.length === 2, "an expired access token asked the person");
  proved(`${label}: an expired access token is refreshed without asking, and the call succeeds`);

  await ask(`advance ${31 * DAY}`);
  await afterAsking(ai, ["get_usage"], "after a month without use");
  check(ai.grants.includes("refresh_token 400"), `the grants were ${ai.grants}`);
  check(provider.asked.length === 3, `the person was asked ${provider.asked.length} times`);
  proved(`${label}: after a month without use the refresh is refused and the person is asked again`);
}

async function run() {
  for (const variant of VARIANTS) {
    const ai = new AiClient(url, person, variant);
    await stepUp(variant.label, ai);
    await expiry(variant.label, ai);
    await ai.close();
  }
}

prove(run, 60);
