// Language and theme: of the browser unless one was chosen here.
import { html, store } from './ui.js';
import { t, language, setLanguage } from './i18n.js';
import { remember, remembered } from './memory.js';

const themes = ['auto', 'light', 'dark'];
const theme = store(themes.includes(remembered('theme')) ? remembered('theme') : 'auto');

function setTheme(name) {
  theme.set(name);
  remember('theme', name);
  document.documentElement.dataset.theme = name;
}
document.documentElement.dataset.theme = theme.get();

export const Brand = () => html`<a class="brand" href="#/"><img src="/console/icon.svg" alt="" width="28" height="28" /><span>Portico</span></a>`;

export function Preferences() {
  const now = theme.use();
  return html`<div class="preferences">
    <label><span class="unseen">${t('language')}</span><select value=${language.get()} onChange=${e => setLanguage(e.target.value)}>
      <option value="en" lang="en" selected=${language.get() === 'en'}>English</option><option value="de" lang="de" selected=${language.get() === 'de'}>Deutsch</option></select></label>
    <label><span class="unseen">${t('theme')}</span><select value=${now} onChange=${e => setTheme(e.target.value)}>
      ${themes.map(name => html`<option key=${name} value=${name} selected=${now === name}>${t(`theme.${name}`)}</option>`)}</select></label>
  </div>`;
}
