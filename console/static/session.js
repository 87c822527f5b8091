// Who is signed in, and what he may do: both as the portal says it. Roles are never looked at by name.
import { bare, batch, isPassing, login, logout as end, NOT_SIGNED_IN } from './api.js';
import { store } from './ui.js';
import { remember, watch } from './memory.js';
import { guard } from './router.js';

// caller is undefined until it is known, null for nobody, else auth/getCallerInfo; or {due} for who must first do something.
export const caller = store(undefined);

const answers = new Map();
const key = (method, tenant) => `${method} ${tenant?.enterpriseId ?? ''} ${tenant?.enterpriseProxyId ?? ''}`;

// learn asks the portal which of the methods the caller may call in a tenant, his own when none is given. In those of others it is asked
// for again each time: they may have consented since.
export async function learn(methods, tenant) {
  const asked = tenant ? methods : methods.filter(m => !answers.has(key(m)));
  if (!asked.length) return;
  const got = await batch(asked.map(method => ['role/explainPrivilege', { method, ...tenant }]));
  got.forEach(({ result, error }, i) => {
    if (error && isPassing(error)) throw error;
    answers.set(key(asked[i], tenant), { allowed: result?.allowed ?? false, self: result?.allowedToSelf ?? false, by: result?.decidedBy });
  });
}

// may says what was learned; forgotten is what was never asked for.
export const may = (method, tenant) => answers.get(key(method, tenant))?.allowed ?? false;
export const mayToSelf = (method, tenant) => may(method, tenant) || (answers.get(key(method, tenant))?.self ?? false);

// wants says whether nothing but a consent of the tenant is lacking.
export const wantsConsent = (method, tenant) => answers.get(key(method, tenant))?.by === 'DELEGATION';

// whoami finds out who is signed in, and lets other tabs know. Who has a password that has expired, or must have a second factor, may
// do that and nothing else.
export async function whoami() {
  try {
    const me = await bare('auth/getCallerInfo');
    remember('user', me.userId);
    return me;
  } catch (e) {
    if (e.code === NOT_SIGNED_IN) return null;
    if (e.code !== -32002) throw e;
    return { due: await due() };
  }
}

async function due() {
  try {
    await bare('secondFactor/get');
    return 'secondFactor';
  } catch (e) {
    if (e.code !== -32002) throw e;
    return 'password';
  }
}

export async function signIn(operator, params) {
  await login(operator, params);
  answers.clear();
  return whoami();
}

// Tabs share the session's cookie: who signs in as somebody else in one of them must not go on in another as who he was, and who signs
// out there leaves nothing to read here. What was typed is then asked about, but not where somebody else is there already.
watch('user', id => {
  const me = caller.get();
  if (me === undefined || me?.userId === id) return;
  if (me && id) beginAnew();
  else location.reload();
});

function beginAnew() {
  guard(null);
  caller.set(undefined);
  location.reload();
}

// Not every login tells the tabs, and a page that lies in the browser's cache hears nothing: who comes back to one is looked at anew.
async function lookAgain(cached) {
  const me = caller.get();
  if (!me || document.hidden) return;
  const now = await whoami().catch(() => undefined);
  if (now === undefined || caller.get() !== me) return;
  if (now ? now.userId !== me.userId : cached) beginAnew();
}
document.addEventListener('visibilitychange', () => lookAgain(false));
addEventListener('pageshow', event => event.persisted && lookAgain(true));

export async function signOut() {
  await end();
  guard(null);
  remember('user', null);
  answers.clear();
  caller.set(null);
}
