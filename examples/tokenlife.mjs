// The life of an API token with fetch, in Node 18 or later and without packages: log in with a password, create the token, download
// its text once, use it, refresh it, revoke it, and see every step refused that must be.
//
//   PORTICO_URL          the portal, such as https://127.0.0.1:8443
//   NODE_EXTRA_CA_CERTS  a file of the certificate to trust; optional; read by Node itself when it starts
//   PORTICO_USERNAME     a user who may have API tokens
//   PORTICO_PASSWORD     his password

const { PORTICO_URL: url, PORTICO_USERNAME: username, PORTICO_PASSWORD: password } = process.env;

// What the portal answers instead of a result; code and data tell programs why.
class Refused extends Error {
  constructor({ code, message, data }) {
    super(message);
    Object.assign(this, { code, data });
  }
}

const post = (path, headers, body) =>
  fetch(url + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
    redirect: "manual", // a login that is refused leads to a page, which is for people
    signal: AbortSignal.timeout(60_000),
  });

// caller answers a function that calls methods, signed in by headers.
const caller = (headers) => async (method, params = {}) => {
  const answer = await (await post("/portal/", headers, { jsonrpc: "2.0", id: 1, method, params })).json();
  if (answer.error) throw new Refused(answer.error);
  return answer.result;
};
const withToken = (text) => caller({ Authorization: `Token ${text}` });

// login tries both kinds of users. A login that is refused sets no cookie.
async function login() {
  for (const kind of ["enterpriseLogin", "operatorLogin"]) {
    const response = await post(`/portal/rest/login/${kind}`, {}, { username, password });
    await response.arrayBuffer();
    const cookie = response.headers.getSetCookie().find((c) => c.startsWith("velocloud.session="));
    if (cookie) return caller({ Cookie: cookie.split(";")[0] });
  }
  throw new Error("the login was refused");
}

async function mustBeRefused(what, call) {
  try {
    await call;
  } catch (e) {
    if (!(e instanceof Refused)) throw e;
    console.log(`refused, as it must be: ${what}: ${e.message}`);
    return;
  }
  throw new Error(`${what} was not refused`);
}

const me = await login();
console.log("logged in");

// A new token is PENDING: no secret of it exists yet. Without userId it is for whoever calls.
const { id } = await me("apiToken/create", { name: `example ${process.pid} ${Date.now()}`, lifetimeMs: 3_600_000 });
const tell = async (what) => console.log(`${what}: ${(await me("apiToken/get", { id })).state}`);
await tell("created");

// The text is made by the download, is shown this once, and is kept nowhere but here.
const { token: text } = await me("apiToken/download", { id });
await tell("downloaded");
await mustBeRefused("a second download", me("apiToken/download", { id }));

// From now on the token signs its owner's calls in.
const machine = withToken(text);
await machine("apiToken/list");
console.log("used");

// A refresh gives the same token a new text and its whole life anew. The old text dies.
const renewed = withToken((await machine("apiToken/refresh", { apiToken: text })).token);
await tell("refreshed");
await mustBeRefused("a call with the old text", machine("apiToken/list"));

// Revoked is for good.
await renewed("apiToken/revoke", { id });
await tell("revoked");
await mustBeRefused("a call with the revoked token", renewed("apiToken/list"));
await me("logout");
