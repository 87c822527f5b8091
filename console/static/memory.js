// What the browser remembers of a user's taste. Where it may not, the page works all the same.
const name = key => `portico.${key}`;

// watch tells of what another tab remembers anew.
export function watch(key, tell) {
  addEventListener('storage', e => {
    if (e.key === name(key)) tell(remembered(key));
  });
}

export function remembered(key) {
  try {
    return JSON.parse(localStorage.getItem(name(key))) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(name(key), JSON.stringify(value));
  } catch {
    // private windows have no room
  }
}
