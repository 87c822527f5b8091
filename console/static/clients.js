// What OAuth apps and API clients have in common: how they show who they are.
import { html } from './ui.js';
import { t } from './i18n.js';
import { call } from './api.js';
import { may } from './session.js';
import { useForm, Field } from './form.js';
import { ask, confirmed, Dialog } from './dialog.js';
import { Badge, Card, Failure, say } from './page.js';
import { Distance, None, Time } from './format.js';
import { overlaps, overlapOptions, showOnce } from './secret.js';

export const activity = active => html`<${Badge} kind=${active ? 'enabled' : 'disabled'} text=${t(active ? 'client.active' : 'client.inactive')} />`;
export const used = at => (at ? html`<${Distance} at=${at} />` : html`<${None} text=${t('never')} />`);

// showSecret shows a new client secret, this once, beside the client id that it goes with.
export const showSecret = (clientId, text) => showOnce({ title: t('client.secret'), facts: [[t('client.id'), html`<code>${clientId}</code>`]], text, name: clientId });

export const authMethods = () => [['SECRET', t('client.auth.SECRET')], ['PRIVATE_KEY_JWT', t('client.auth.PRIVATE_KEY_JWT')]];

// keysOf are the fields of a client's keys in a call, as they were typed. What is no JSON the portal refuses with its own words.
export function keysOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const Keys = ({ form, required }) => html`<${Field} form=${form} name="jwks" label=${t('client.jwks')} hint=${t('client.jwks.hint')} rows="6" spellcheck=${false} required=${required} />`;

// Auth are the fields of a new client about how it shows who it is.
export const Auth = ({ form }) => html`<${Field} form=${form} name="authMethod" label=${t('client.auth')} options=${authMethods()} />
  ${form.values.authMethod === 'PRIVATE_KEY_JWT' && html`<${Keys} form=${form} required />`}`;

// authOf are those fields in a call.
export const authOf = ({ authMethod, jwks }) => (authMethod === 'SECRET' ? {} : { authMethod, jwks: keysOf(jwks) });

// Secrets is the card of a client's secrets. Methods are {regenerate, rotate, end}.
export function Secrets({ client, methods, tenant, reload }) {
  const params = { id: client.id, ...tenant };
  const shown = async ({ clientSecret }) => {
    await showSecret(client.clientId, clientSecret);
    reload();
  };
  const regenerate = async () => {
    let made;
    const run = async () => { made = await call(methods.regenerate, params); };
    if (await confirmed({ title: t('client.regenerate'), text: t('client.regenerate.text'), action: t('client.regenerate.action'), danger: true, run })) await shown(made);
  };
  const rotate = async () => {
    const made = await ask(Rotate, { method: methods.rotate, params });
    if (made) await shown(made);
  };
  const end = async () => {
    const run = () => call(methods.end, params);
    if (await confirmed({ title: t('client.end'), text: t('client.end.text'), action: t('client.end'), danger: true, run })) {
      say(t('client.ended'));
      reload();
    }
  };
  const two = client.secrets?.some(s => s.expires);
  return html`<${Card} title=${t('client.secrets')} hint=${t('client.secrets.hint')} actions=${html`
      ${may(methods.rotate, tenant) && html`<button type="button" onClick=${rotate}>${t('client.rotate')}</button>`}
      ${two && may(methods.end, tenant) && html`<button type="button" onClick=${end}>${t('client.end')}</button>`}
      ${may(methods.regenerate, tenant) && html`<button type="button" class="danger" onClick=${regenerate}>${t('client.regenerate')}</button>`}`}>
    <div class="scroll" role="region" aria-label=${t('client.secrets')} tabindex="0"><table><caption class="unseen">${t('client.secrets')}</caption>
      <thead><tr>${[t('client.prefix'), t('created'), t('token.expires'), t('token.used')].map(text => html`<th key=${text} class="text" scope="col">${text}</th>`)}</tr></thead>
      <tbody>${(client.secrets ?? []).map(s => html`<tr key=${s.prefix}><td data-label=${t('client.prefix')}><code>${s.prefix}…</code></td><td data-label=${t('created')}><${Time} at=${s.created} /></td>
        <td data-label=${t('token.expires')}>${s.expires ? html`<${Distance} at=${s.expires} />` : t('never')}</td><td data-label=${t('token.used')}>${used(s.lastUsed)}</td></tr>`)}</tbody></table></div>
  </${Card}>`;
}

function Rotate({ method, params, close }) {
  const form = useForm({ overlapSec: 48 * 3600 });
  const save = async values => close(await call(method, { ...params, ...values }));
  return html`<${Dialog} title=${t('client.rotate')} close=${close} busy=${form.busy}><form onSubmit=${form.submit(save)}>
    <div class="body"><p>${t('client.rotate.text')}</p><${Failure} error=${form.error} />
      <${Field} form=${form} name="overlapSec" label=${t('client.overlap')} options=${overlapOptions(overlaps).map(([ms, text]) => [ms / 1000, text])} /></div>
    <footer><button type="button" disabled=${form.busy} onClick=${() => close()}>${t('cancel')}</button><button type="submit" class="primary" disabled=${form.busy}>${t('client.rotate')}</button></footer>
  </form></${Dialog}>`;
}
