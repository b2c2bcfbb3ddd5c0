// A whole connection with `oauth4webapi`, a library that refuses whatever is not by the letter of
// the OAuth and OpenID Connect specifications: discovery both ways, registration, code with PKCE,
// ID token, user information, refresh, introspection, revocation.
//
//     strict_oauth.mjs URL       with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set
//
// Rows: C11, C13, D1, D4, D7, D8, D10, E8, F2, F17, F18, F24, F25

import { Browser, Page, check, given, installed, prove, proved } from "./pages.mjs";

const oauth = installed("oauth4webapi");
const USAGE = "strict_oauth.mjs URL, with PERSON_EMAIL, PERSON_PASSWORD, ADMIN_EMAIL, ADMIN_PASSWORD set";
const REDIRECT = "http://127.0.0.1:53682/callback?kept=yes";
const SCOPE = "openid profile email usage:read offline_access";
const LOOPBACK = { [oauth.allowInsecureRequests]: true }; // http, which is right on this computer only

const { url, person } = given(USAGE);
const resource = new URL(url);
const issuer = new URL(resource.origin);

async function discovery() {
  const server = await oauth.processResourceDiscoveryResponse(resource, await oauth.resourceDiscoveryRequest(resource, LOOPBACK));
  check(server.authorization_servers.join() === resource.origin, `the resource names ${server.authorization_servers}`);
  const found = [];
  for (const algorithm of ["oauth2", "oidc"]) {
    const answer = await oauth.discoveryRequest(issuer, { algorithm, ...LOOPBACK });
    found.push(await oauth.processDiscoveryResponse(issuer, answer));
  }
  for (const [name, value] of Object.entries(found[0])) {
    check(JSON.stringify(found[1][name]) === JSON.stringify(value), `${name} differs between the two documents`);
  }
  check(found[1].pushed_authorization_request_endpoint === undefined, "a PAR endpoint is announced that does not exist");
  proved("discovery: of the resource, and of the server by RFC 8414 and by OpenID Connect, alike");
  return found[1];
}

async function register(as, method) {
  const metadata = {
    client_name: `Strict ${method}`,
    redirect_uris: [REDIRECT],
    token_endpoint_auth_method: method,
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  };
  const client = await oauth.processDynamicClientRegistrationResponse(await oauth.dynamicClientRegistrationRequest(as, metadata, LOOPBACK));
  check((client.client_secret === undefined) === (method === "none"), `${method}: the secret is ${client.client_secret}`);
  check(client.token_endpoint_auth_method === method, `${method} became ${client.token_endpoint_auth_method}`);
  const authentication = {
    none: oauth.None,
    client_secret_basic: () => oauth.ClientSecretBasic(client.client_secret),
    client_secret_post: () => oauth.ClientSecretPost(client.client_secret),
  }[method]();
  return { client, authentication };
}

/** Asks for a code, with the person's help, and redeems it. */
async function connect(as, { client, authentication }) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState() + "+%&= ".repeat(100); // must come back byte for byte
  const nonce = oauth.generateRandomNonce();
  const address = new URL(as.authorization_endpoint);
  address.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: REDIRECT,
    response_type: "code",
    scope: SCOPE,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    resource: url,
  });
  const browser = new Browser(resource.origin);
  const page = await browser.signIn(await browser.open(address.href), person);
  check(page instanceof Page && page.heading().includes(client.client_name), `no consent page: ${page}`);
  const back = new URL(await browser.submit(page, "Authorize"));
  check(back.searchParams.get("kept") === "yes", `the address to return to lost its query: ${back}`);
  const parameters = oauth.validateAuthResponse(as, client, back, state);
  const answer = await oauth.authorizationCodeGrantRequest(as, client, authentication, parameters, REDIRECT, verifier, {
    additionalParameters: { resource: url },
    ...LOOPBACK,
  });
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer, { expectedNonce: nonce, requireIdToken: true });
  await oauth.validateApplicationLevelSignature(as, answer, LOOPBACK);
  return tokens;
}

/** The access token is one by RFC 9068, and so judged by the library that a resource would use. */
async function accessToken(as, { access_token: token }, client) {
  const request = new Request(url, { headers: { authorization: `Bearer ${token}` } });
  const claims = await oauth.validateJwtAccessToken(as, request, url, LOOPBACK);
  check(claims.client_id === client.client_id, `the token names the client ${claims.client_id}`);
}

async function introspected(as, { client, authentication }, token) {
  const answer = await oauth.introspectionRequest(as, client, authentication, token, LOOPBACK);
  return oauth.processIntrospectionResponse(as, client, answer);
}

async function call(token) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", authorization: `Bearer ${token}` },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "get_usage", arguments: {} } }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

async function connection(as, method) {
  const registered = await register(as, method);
  const { client, authentication } = registered;
  const tokens = await connect(as, registered);
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);
  await accessToken(as, tokens, client);
  const about = await oauth.processUserInfoResponse(as, client, sub, await oauth.userInfoRequest(as, client, tokens.access_token, LOOPBACK));
  check(about.email === person.email && about.name, `user information is ${JSON.stringify(about)}`);
  check((await call(tokens.access_token)) === 200, "the token does not work");
  proved(`${method}: registration, code with PKCE, state and iss; ID token with nonce and signature; access token; user information`);

  const answer = await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token, {
    additionalParameters: { resource: url },
    ...LOOPBACK,
  });
  const refreshed = await oauth.processRefreshTokenResponse(as, client, answer);
  check(refreshed.refresh_token !== tokens.refresh_token, "the refresh token was not rotated");
  check((await call(refreshed.access_token)) === 200, "the refreshed token does not work");
  if (method !== "none") {
    for (const token of [refreshed.access_token, refreshed.refresh_token]) {
      const said = await introspected(as, registered, token);
      check(said.active && said.client_id === client.client_id && said.sub === sub, `introspection says ${JSON.stringify(said)}`);
    }
  }
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, authentication, refreshed.refresh_token, LOOPBACK));
  for (const token of [tokens.access_token, refreshed.access_token]) {
    check((await call(token)) === 401, "after revocation a token of the family works");
  }
  if (method !== "none") {
    const said = await introspected(as, registered, refreshed.access_token);
    check(JSON.stringify(said) === '{"active":false}', `after revocation introspection says ${JSON.stringify(said)}`);
  }
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, authentication, "unknown", LOOPBACK));
  proved(`${method}: refresh rotates${method === "none" ? "" : ", introspection tells"}, revocation ends the whole family, of an unknown token too it says 200`);
}

async function run() {
  const as = await discovery();
  for (const method of as.token_endpoint_auth_methods_supported) await connection(as, method);
}

prove(run, 60);
