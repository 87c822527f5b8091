// What every page needs of the library, so that no page names it.
import { h, render, Fragment } from './vendor/preact.mjs';
import { useState, useEffect, useLayoutEffect, useMemo, useRef, useCallback, useId, useErrorBoundary } from './vendor/hooks.mjs';
import htm from './vendor/htm.mjs';

export { render, Fragment, useState, useEffect, useLayoutEffect, useMemo, useRef, useCallback, useId, useErrorBoundary };

export const html = htm.bind(h);

// store is a value that components follow.
export function store(value) {
  const followers = new Set();
  return {
    get: () => value,
    set(next) {
      value = next;
      for (const f of followers) f(next);
    },
    use() {
      const [, set] = useState(value);
      const shown = value;
      useEffect(() => {
        const follow = () => set({});
        followers.add(follow);
        if (value !== shown) follow(); // it may change after a component is shown and before this
        return () => followers.delete(follow);
      }, []);
      return value;
    },
  };
}

// useLoad runs an asynchronous function, again when deps change or reload is called. What comes too late is dropped, and what
// there is stays when it cannot be read again: forms are in it.
export function useLoad(load, deps) {
  const [state, set] = useState({ loading: true });
  const turn = useRef(0);
  const reload = useCallback(async () => {
    const mine = ++turn.current;
    set(before => ({ ...before, loading: true, error: null }));
    try {
      const data = await load();
      if (mine === turn.current) set({ data, loading: false });
    } catch (error) {
      if (mine === turn.current) set(before => ({ ...before, error, loading: false }));
    }
  }, deps);
  useEffect(() => {
    set({ loading: true });
    reload();
    return () => { turn.current++; };
  }, [reload]);
  return { ...state, reload };
}

// focusKept remembers what has the focus, and gives it back to that if it has been lost: a button that is disabled loses it.
export function focusKept() {
  const had = document.activeElement;
  return () => setTimeout(() => { if (document.activeElement === document.body && had.isConnected) had.focus({ preventScroll: true }); });
}
