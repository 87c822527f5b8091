// The parts that pages are made of.
import { html, store, useEffect, Fragment } from './ui.js';
import { t, has, language } from './i18n.js';
import { inWords } from './refusals.js';
import { Title } from './format.js';

// Page is a page's head and content. Crumbs are [text, address] pairs that lead to it.
export const Page = ({ title, crumbs = [], actions, children }) => html`<${Fragment}>
  <${Title} text=${title} />
  ${crumbs.length > 0 && html`<nav class="crumbs" aria-label=${t('crumbs')}><ol>
    ${crumbs.map(([text, to]) => html`<li><a href=${`#${to}`}><bdi>${text}</bdi></a></li>`)}
    <li aria-current="page"><bdi>${title}</bdi></li>
  </ol></nav>`}
  <div class="head"><h1 tabindex="-1"><bdi>${title}</bdi></h1>${actions && html`<div class="actions">${actions}</div>`}</div>
  ${children}
</${Fragment}>`;

export const Card = ({ title, hint, actions, children }) => html`<section class="card">
  ${title && html`<div class="head"><h2>${title}</h2>${actions && html`<div class="actions">${actions}</div>`}</div>`}
  ${hint && html`<p class="hint">${hint}</p>`}
  ${children}
</section>`;

// Words are those of an error, in the user's language as far as they are known. An error of ours is in it already.
export function Words({ error, text }) {
  const known = error.ours ? text : inWords(text);
  return known ?? html`<span lang="en" dir="auto">${text}</span>`;
}

// Failure tells of an error, with the portal's own words below it where they were put into others.
export function Failure({ error, retry }) {
  if (!error) return null;
  const code = `error.${error.code ?? (error.ours ? -32602 : 'page')}`;
  const phrase = error.fields?.[error.first] ?? error.message;
  const put = !error.ours && language.get() !== 'en' && phrase && inWords(phrase);
  return html`<div class="note bad" role="alert">
    <p><strong>${t(has(code) ? code : 'error')}</strong></p>
    ${phrase && html`<p><${Words} error=${error} text=${phrase} /></p>`}
    ${put && html`<p class="hint" lang="en" dir="auto">${error.message}</p>`}
    ${retry && html`<button type="button" onClick=${retry}>${t('retry')}</button>`}
  </div>`;
}

export const Note = ({ kind = '', children }) => html`<div class=${`note ${kind}`}>${children}</div>`;

export const Loading = () => html`<p class="loading" role="status"><span class="spin" aria-hidden="true"></span>${t('loading')}</p>`;

// Loaded shows the one of loading, failure and content that is true; a failure above the content that was there before.
export const Loaded = ({ state, children }) => {
  if (state.data === undefined && !state.error) return html`<${Loading} />`;
  return html`<${Fragment}><${Failure} error=${state.error} retry=${state.reload} />${state.data !== undefined && children(state.data)}</${Fragment}>`;
};

export const Missing = () => html`<${Page} title=${t('missing')}><p>${t('missing.text')}</p></${Page}>`;

// Facts are names and values of something that is not edited here.
export const Facts = ({ list }) => html`<dl class="facts">${list.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

// Text is a value that somebody has typed. It may run from right to left, and is never anything but text.
export const Text = ({ text }) => (text ? html`<bdi>${text}</bdi>` : html`<span class="none">–</span>`);

export const Badge = ({ kind, text }) => html`<span class=${`badge ${kind}`}>${text}</span>`;

const said = store({ text: '', n: 0 });

// say tells what has been done, to eyes for a while and to screen readers at once.
export const say = text => said.set({ text, n: said.get().n + 1 });

export function Said() {
  const { text, n } = said.use();
  useEffect(() => {
    if (!text) return undefined;
    const timer = setTimeout(() => said.set({ text: '', n }), 6000);
    return () => clearTimeout(timer);
  }, [n]);
  return html`<div class="said" role="status" aria-live="polite">${text && html`<p>${text}</p>`}</div>`;
}
