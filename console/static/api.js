// The one way to the portal: JSON-RPC over POST /portal with the session's cookie, which no script can read.

// A Refusal is an error as the portal says it. Code 0: nobody answered.
export class Refusal extends Error {
  constructor({ code, message, data }, wait) {
    super(message);
    this.code = code;
    this.wait = wait;
    this.fields = {};
    for (const e of data?.error ?? []) this.fields[(e.path ?? '').replace(/^_update\.|\[\d+\]$/g, '')] = e.message;
    [this.first] = Object.keys(this.fields); // of this one the message tells
  }
}

export const NOT_SIGNED_IN = -32000;
const passing = [0, -32603, -32012, -32013];

let number = 0;
let signInAgain = null;

// onSessionOver says who asks for a new login when the session has ended in the middle. It answers when there is one.
export function onSessionOver(ask) {
  signInAgain = ask;
}

async function post(body) {
  let answer;
  try {
    answer = await fetch('/portal', { method: 'POST', credentials: 'same-origin', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    return { json: await answer.json(), wait: Number(answer.headers.get('Retry-After')) || 0 };
  } catch {
    throw new Refusal({ code: 0, message: answer ? `HTTP ${answer.status}` : '' });
  }
}

const request = ([method, params]) => ({ jsonrpc: '2.0', id: ++number, method, params: params ?? {} });

const settled = (answer, wait) => (answer.error ? { error: new Refusal(answer.error, wait) } : { result: answer.result });

async function once(calls) {
  const requests = calls.map(request);
  const { json, wait } = await post(requests.length === 1 ? requests[0] : requests);
  if (!Array.isArray(json)) return requests.map(() => settled(json, wait));
  const byID = new Map(json.map(a => [a.id, a]));
  return requests.map(r => settled(byID.get(r.id) ?? { error: { code: 0, message: '' } }, wait));
}

const over = answers => answers.some(a => a.error?.code === NOT_SIGNED_IN);

// batch makes calls [method, params], at most 100 in a request, and answers {result} or {error} for each. When the session is over
// it asks for a login and makes those again that were refused for it: nothing has been done of them.
export async function batch(calls) {
  const answers = [];
  for (let i = 0; i < calls.length; i += 100) answers.push(...await once(calls.slice(i, i + 100)));
  if (!over(answers) || !signInAgain) return answers;
  await signInAgain();
  const left = calls.flatMap((c, i) => (answers[i].error?.code === NOT_SIGNED_IN ? [i] : []));
  const again = await batch(left.map(i => calls[i]));
  left.forEach((at, i) => { answers[at] = again[i]; });
  return answers;
}

// call makes one call and answers its result, or throws a Refusal.
export async function call(method, params) {
  const [{ result, error }] = await batch([[method, params]]);
  if (error) throw error;
  return result;
}

// change calls a method that changes a record. No rows are those of one that is not there any more.
export async function change(method, params) {
  const { rows } = await call(method, params);
  if (!rows) throw new Refusal({ code: -32004, message: '' });
}

// bare is a call that asks for no login: those of people who are not signed in, and the first of a session.
export async function bare(method, params) {
  const [{ result, error }] = await once([[method, params]]);
  if (error) throw error;
  return result;
}

// login starts a session. password2 is the second factor, if there is one.
export const login = (operator, params) => bare(operator ? 'login/operatorLogin' : 'login/enterpriseLogin', params);
export const logout = () => bare('logout');

// isPassing says whether a call that was refused may be answered well a while later: then it says nothing of what it asked.
export const isPassing = e => passing.includes(e.code);

// pages reads a list to its end, or most rows of it, and tells tell of what has come after each page. It goes on where link leads. A
// list that has no pages comes as a whole.
export async function pages(method, params, tell, most = 20000, link) {
  const rows = [];
  let next = link;
  do {
    const page = await call(method, { ...params, limit: rows.length ? 2048 : 500, ...(next && { nextPageLink: next }) });
    if (Array.isArray(page)) return tell(page);
    rows.push(...page.data);
    next = page.metaData.more ? page.metaData.nextPageLink : undefined;
    if (tell(rows.slice(), next) === false) return false;
  } while (next && rows.length < most);
  return true;
}
