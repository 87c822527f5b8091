// Dialogs over the page: the browser's own, which keep the focus, close by Escape and give the focus back.
import { html, store, useEffect, useLayoutEffect, useRef, useId, useState, focusKept } from './ui.js';
import { t } from './i18n.js';
import { place } from './router.js';
import { Failure } from './page.js';

const open = store([]);
let number = 0;

// ask opens a dialog and answers what it was closed with; undefined when it was dismissed. Body is a component given close.
export function ask(Body, props = {}) {
  return new Promise(answer => {
    const id = ++number;
    const close = value => {
      open.set(open.get().filter(d => d.id !== id));
      answer(value);
    };
    open.set([...open.get(), { id, Body, props, close }]);
  });
}

export const Dialogs = () => open.use().map(({ id, Body, props, close }) => html`<${Body} key=${id} ...${props} close=${close} />`);

// Dialog is the frame of one. A dialog that is fixed is left by its own buttons alone; another one is left with the page below it.
// An alone one hides what is below. While it is busy nobody leaves it: the answer may be a secret that is told once, or what the page below shows next.
export function Dialog({ title, close, busy, fixed: always, wide, alone, children }) {
  const fixed = always || busy;
  const ref = useRef();
  const id = useId();
  const fixedNow = useRef(fixed);
  fixedNow.current = fixed;
  const at = place.use();
  const opened = useRef(at);
  useEffect(() => { if (at !== opened.current && !fixed) close(); }, [at]);
  useLayoutEffect(() => { // at once, so that nobody opens it twice by a double click
    const d = ref.current;
    const before = document.activeElement;
    let shown = true;
    const closed = () => { // a browser closes by a second Escape what has refused the first
      if (shown && fixedNow.current) d.showModal();
      else if (shown) close();
    };
    d.addEventListener('close', closed);
    d.showModal();
    (d.querySelector('[data-first]') ?? d.querySelector('input, select, textarea'))?.focus();
    return () => {
      shown = false;
      d.close();
      if (before?.isConnected) before.focus();
    };
  }, []);
  const cancel = event => {
    event.preventDefault();
    if (!fixed) close();
  };
  return html`<dialog ref=${ref} class=${[wide && 'wide', alone && 'alone'].filter(Boolean).join(' ')} aria-labelledby=${id} onCancel=${cancel}>
    <header><h2 id=${id}>${title}</h2>
      ${!always && html`<button type="button" class="plain icon" disabled=${busy} onClick=${() => close()} aria-label=${t('close')}><${Cross} /></button>`}
    </header>
    ${children}
  </dialog>`;
}

const Cross = () => html`<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 4l8 8M12 4l-8 8" /></svg>`;

function Confirm({ title, text, action, danger, retype, run, close }) {
  const [busy, setBusy] = useState(false);
  const [typed, setTyped] = useState('');
  const id = useId();
  const [error, setError] = useState(null);
  const yes = async () => {
    const giveBack = focusKept();
    setBusy(true);
    try {
      await run?.();
      close(true);
    } catch (e) {
      setError(e);
      setBusy(false);
      giveBack();
    }
  };
  return html`<${Dialog} title=${title} close=${close} busy=${busy}>
    <div class="body"><p>${text}</p><${Failure} error=${error} />
      ${retype && html`<div class="field"><label for=${id}>${t('retype')}</label><input id=${id} dir="auto" autocomplete="off" spellcheck=${false} value=${typed} onInput=${e => setTyped(e.target.value)} /></div>`}</div>
    <footer>
      <button type="button" data-first disabled=${busy} onClick=${() => close(false)}>${t('cancel')}</button>
      <button type="button" class=${danger ? 'danger' : 'primary'} disabled=${busy || (retype && typed.trim() !== retype.trim())} onClick=${yes}>${action}</button>
    </footer>
  </${Dialog}>`;
}

// confirmed asks before something is done, and has run do it while the dialog is open, so that a refusal is told there. What ends
// much has its name retyped.
export const confirmed = props => ask(Confirm, props);
