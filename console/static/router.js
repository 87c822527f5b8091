// Where in the console one is: the part of the address behind the #, such as #/customers/1/users/2.
import { store } from './ui.js';

const now = () => location.hash.replace(/^#/, '') || '/';
export const place = store(now());

let stay = null; // asks whether to leave what is not saved, by a promise of true or false
let left = 0;

// guard has question asked before the place is left; null lifts it.
export function guard(question) {
  stay = question;
}

addEventListener('hashchange', async () => {
  const to = now();
  if (to === place.get()) return;
  if (stay) {
    history.replaceState(null, '', `#${place.get()}`);
    const turn = ++left;
    if (!(await stay()) || turn !== left) return;
    stay = null;
    history.pushState(null, '', `#${to}`);
  }
  place.set(to);
});

// mayLeave asks what the guard asks, before somebody leaves who does not go by an address.
export const mayLeave = async () => !stay || stay();

addEventListener('beforeunload', event => {
  if (stay) event.preventDefault();
});

export const go = to => { location.hash = to; };

// leave goes from what is no more: there is nothing to save of it.
export function leave(to) {
  stay = null;
  go(to);
}

// goInstead goes without leaving a place to go back to.
export function goInstead(to) {
  history.replaceState(null, '', `#${to}`);
  place.set(to);
}

// match fits a place to a pattern, such as /users/:id, and answers its parts, which are numbers; null if it does not fit.
export function match(pattern, at) {
  const want = pattern.split('/');
  const have = at.split('?')[0].split('/');
  if (want.length !== have.length) return null;
  const parts = {};
  for (const [i, w] of want.entries()) {
    if (w.startsWith(':') && /^\d{1,15}$/.test(have[i])) parts[w.slice(1)] = have[i];
    else if (w !== have[i]) return null;
  }
  return parts;
}
