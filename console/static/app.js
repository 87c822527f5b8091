// The console: who is signed in, the frame around the pages, and the page that the address names.
import { html, render, useEffect, useErrorBoundary, useState, useRef } from './ui.js';
import { t, language } from './i18n.js';
import { NOT_SIGNED_IN, onSessionOver } from './api.js';
import { caller, learn, signOut, whoami } from './session.js';
import { place, match, goInstead, mayLeave } from './router.js';
import { pages } from './pages.js';
import { Dialogs, ask } from './dialog.js';
import { Failure, Loading, Missing, Said, say } from './page.js';
import { Login, Again, Reset, Due } from './login.js';
import { Preferences, Brand } from './preferences.js';

const asked = (page, me) => (typeof page.asks === 'function' ? page.asks(me) : page.asks);

const resetToken = () => (location.pathname === '/reset' ? location.hash.slice(1) : '');

function App() {
  language.use(); // texts are looked up while rendering, so a new language renders all anew
  const me = caller.use();
  const [error, setError] = useState(null);
  const [reset, setReset] = useState(resetToken);
  const [notice, setNotice] = useState('');
  const begin = async () => {
    setError(null);
    try {
      caller.set(await whoami());
    } catch (e) {
      setError(e);
    }
  };
  useEffect(() => { if (!reset) begin(); }, []);
  const again = text => {
    setNotice(text);
    caller.set(null);
  };
  const redeemed = () => {
    history.replaceState(null, '', '/');
    place.set('/');
    setReset('');
    again(t('password.changed'));
  };
  if (reset) return html`<${Reset} token=${reset} done=${redeemed} />`;
  if (error) return html`<main class="alone"><${Failure} error=${error} retry=${begin} /></main>`;
  if (me === undefined) return html`<main class="alone"><${Loading} /></main>`;
  if (me === null) return html`<${Login} notice=${notice} />`;
  if (me.due) return html`<${Due} due=${me.due} done=${() => again(t('password.changed'))} />`;
  return html`<${Frame} key=${me.userId} me=${me} />`;
}

// Frame learns what the caller may do, and shows the pages that are for him.
function Frame({ me }) {
  const [state, setState] = useState({});
  const load = async () => {
    setState({});
    try {
      await learn([...new Set(pages.flatMap(p => asked(p, me)))]);
      setState({ mine: pages.filter(p => p.shown(me)) });
    } catch (error) {
      setState({ error });
    }
  };
  useEffect(() => { load(); }, []);
  if (state.error) return html`<main class="alone"><${Failure} error=${state.error} retry=${load} /></main>`;
  if (!state.mine) return html`<main class="alone"><${Loading} /></main>`;
  return html`<${Shell} me=${me} mine=${state.mine} />`;
}

function Shell({ me, mine }) {
  const at = place.use();
  const [menu, setMenu] = useState(false);
  const main = useRef();
  const before = useRef(at);
  const found = find(mine, at);
  useEffect(() => {
    if (at === '/') goInstead(Object.keys(mine[0].routes)[0]);
    setMenu(false);
    if (before.current !== at) main.current?.focus(); // a new page is read from its beginning
    before.current = at;
    scrollTo(0, 0);
  }, [at]);
  const leave = async () => {
    if (!(await mayLeave())) return;
    try {
      await signOut();
    } catch (e) {
      if (e.code !== NOT_SIGNED_IN) return say(t('logout.failed'));
    }
    location.replace('/');
  };
  return html`<div class="frame">
    <a class="skip" href="#main" onClick=${e => { e.preventDefault(); main.current.focus(); }}>${t('skip')}</a>
    <header class="top">
      <button type="button" class="plain burger" aria-expanded=${String(menu)} aria-controls="nav" aria-label=${t('menu')}
        onClick=${() => setMenu(!menu)}>
        <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 4h12M2 8h12M2 12h12" /></svg></button>
      <${Brand} /><span class="grow"></span><div class="wide"><${Preferences} /></div>
      <a class="me" href="#/account"><bdi>${me.username}</bdi><small>${me.role.name}</small></a>
      <button type="button" onClick=${leave}>${t('logout')}</button>
    </header>
    <${Nav} me=${me} mine=${mine} current=${found?.page} open=${menu} />
    <main id="main" ref=${main} tabindex="-1">
      ${found && html`<${Guarded} key=${at} View=${found.View} parts=${found.parts} />`}
      ${!found && at !== '/' && html`<${Missing} />`}
    </main>
  </div>`;
}

// Guarded shows a page, and when that fails says so, with the frame still around it.
function Guarded({ View, parts }) {
  const [error] = useErrorBoundary(e => console.error(e));
  return error ? html`<${Failure} error=${{ message: error.message }} />` : html`<${View} ...${parts} />`;
}

function find(mine, at) {
  for (const page of mine) {
    for (const [pattern, View] of Object.entries(page.routes)) {
      const parts = match(pattern, at);
      if (parts) return { page, View, parts };
    }
  }
  return null;
}

const Nav = ({ me, mine, current, open }) => html`<nav id="nav" class=${`side ${open ? 'open' : ''}`} aria-label=${t('nav')}>
  ${[...new Set(mine.map(p => p.group))].map(group => html`<div key=${group}><h2>${t(`group.${group}`)}</h2><ul>
    ${mine.filter(p => p.group === group).map(p => html`<li key=${p.key}>
      <a href=${`#${Object.keys(p.routes)[0]}`} aria-current=${p === current ? 'page' : undefined}>${t(`nav.${p.key}`)}</a></li>`)}
  </ul></div>`)}
  <div class="narrow"><p><bdi>${me.username}</bdi><br /><small>${me.role.name}</small></p><${Preferences} /></div></nav>`;

// Several calls may find the session over: one dialog is for all.
let asking = null;
onSessionOver(() => {
  asking ??= ask(Again).finally(() => { asking = null; });
  return asking;
});

render(html`<${App} /><${Dialogs} /><${Said} />`, document.getElementById('app'));
