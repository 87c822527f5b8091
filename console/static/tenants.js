// The pages of tenants below one's own: the list of them, one with its users, a user, and the API tokens of all.
import { html, useMemo, useLoad } from './ui.js';
import { t, language } from './i18n.js';
import { call, change } from './api.js';
import { go, leave } from './router.js';
import { learn, may, wantsConsent } from './session.js';
import { kinds, methodsOf } from './kinds.js';
import { Table, useList } from './table.js';
import { useForm, Field, SaveBar, Submit } from './form.js';
import { ask, confirmed, Dialog } from './dialog.js';
import { Page, Card, Facts, Failure, Loaded, Missing, Note, Text, say } from './page.js';
import { Time } from './format.js';
import { UserList, UserPage } from './users.js';
import { Tokens } from './tokens.js';
import { parts } from './parts.js';

// A Tenants is what the pages of customers, or of partners, have in common.
export function tenants({ key, kind, param, list, insert, get, update, remove, columns }) {
  const methods = kinds[kind];
  const at = id => ({ kind, tenant: { [param]: Number(id) }, base: `/${key}/${id}/users`, list: `/${key}/${id}` });

  // What the caller may do differs from tenant to tenant: it is asked for with the tenant itself.
  const useTenant = (id, asks) => useLoad(async () => {
    const [found] = await Promise.all([call(get, { [param]: Number(id) }), learn(asks, { [param]: Number(id) })]);
    return found;
  }, [key, id]);

  function List() {
    const state = useList(list(), {});
    const all = useMemo(() => [
      { key: 'name', title: t('name'), value: r => r.name, cell: r => html`<a href=${`#/${key}/${r.id}`}><bdi>${r.name}</bdi></a>` },
      ...columns(),
      { key: 'domain', title: t('domain'), value: r => r.domain, hidden: true },
      { key: 'contact', title: t('contact'), value: r => r.contactName, hidden: true },
      { key: 'contactEmail', title: t('email'), value: r => r.contactEmail, hidden: true },
      { key: 'created', title: t('created'), value: r => r.created, cell: r => html`<${Time} at=${r.created} />` },
      { key: 'logicalId', title: t('logicalId'), value: r => r.logicalId, hidden: true },
    ], [language.get()]);
    const add = async () => {
      const id = await ask(NewTenant, { title: t(`${key}.new`), method: insert() });
      if (id) go(`/${key}/${id}`);
    };
    return html`<${Page} title=${t(`nav.${key}`)}><section class="card"><${Table} name=${key} label=${t(`nav.${key}`)} list=${state} columns=${all} empty=${t(`${key}.empty`)}
      actions=${may(insert()) && html`<button type="button" class="primary" onClick=${add}>${t(`${key}.new`)}</button>`} /></section></${Page}>`;
  }

  const asked = [update, remove, ...methodsOf(kind), ...parts.map(p => p.reads(kind))];
  const Found = ({ id, asks = asked, children }) => {
    const state = useTenant(id, asks);
    return html`<${Loaded} state=${state}>${tenant => (tenant ? children(tenant, state.reload) : html`<${Missing} />`)}</${Loaded}>`;
  };
  const crumbs = (tenant, id) => [[t(`nav.${key}`), `/${key}`], [tenant.name, `/${key}/${id}`]];
  const place = (tenant, id) => ({ ...at(id), root: `/${key}/${id}`, crumbs: crumbs(tenant, id) });
  const mayAt = (method, id) => may(method, at(id).tenant);

  // What more there is of a tenant and may be done with it, as far as the caller may.
  const Actions = ({ id, tenant }) => {
    const end = () => confirmed({
      title: t(`${key}.delete`), text: t(`${key}.delete.text`, { name: tenant.name }), action: t('delete'), danger: true, retype: tenant.name,
      run: () => call(remove, at(id).tenant),
    }).then(done => {
      if (!done) return;
      say(t('tenant.deleted', { name: tenant.name }));
      leave(`/${key}`);
    });
    return html`
      ${mayAt(methods.tokens, id) && html`<a class="button" href=${`#/${key}/${id}/tokens`}>${t('nav.authentication')}</a>`}
      ${parts.filter(p => mayAt(p.reads(kind), id)).map(p => html`<a key=${p.key} class="button" href=${`#/${key}/${id}/${Object.keys(p.views)[0]}`}>${t(`nav.${p.key}`)}</a>`)}
      ${mayAt(remove, id) && html`<button type="button" class="danger" onClick=${end}>${t(`${key}.delete`)}</button>`}`;
  };
  const One = ({ id }) => html`<${Found} id=${id}>${(tenant, reload) => html`<${Page} title=${tenant.name} crumbs=${[[t(`nav.${key}`), `/${key}`]]}
      actions=${html`<${Actions} id=${id} tenant=${tenant} />`}>
    <${Card} title=${t('about')}><${Facts} list=${[
  ...columns().map(c => [c.title, html`<${Text} text=${c.value(tenant)} />`]), [t('domain'), html`<${Text} text=${tenant.domain} />`],
  ...(mayAt(update, id) ? [] : [[t('contact'), html`<${Text} text=${tenant.contactName} />`]]),
  [t('created'), html`<${Time} at=${tenant.created} />`], [t('logicalId'), html`<code>${tenant.logicalId}</code>`],
]} /></${Card}>
    <${Card} title=${t('users')}>${mayAt(methods.list, id) ? html`<${UserList} where=${at(id)} exportName=${`users-${tenant.domain ?? id}`} />` : html`<${Withheld} method=${methods.list} tenant=${at(id).tenant} />`}</${Card}>
    ${mayAt(update, id) && html`<${Edit} tenant=${tenant} method=${update} params=${at(id).tenant} reload=${reload} />`}
  </${Page}>`}</${Found}>`;
  const User = ({ id, user }) => html`<${Found} id=${id}>${tenant => html`<${UserPage} where=${at(id)} id=${user} crumbs=${crumbs(tenant, id)} />`}</${Found}>`;

  const All = ({ id }) => html`<${Found} id=${id}>${tenant => html`<${Page} title=${t('nav.authentication')} crumbs=${crumbs(tenant, id)}>
    <${Card} title=${t('tokens')} hint=${t('tokens.hint')}><${Tokens} where=${at(id)} /></${Card}></${Page}>`}</${Found}>`;

  // below shows a part of a tenant to who may see it.
  const below = ({ reads, asks }, View) => ({ tenant: id, ...rest }) => html`<${Found} id=${id} asks=${[reads(kind), ...asks(kind)]}>${tenant => (tenant && may(reads(kind), at(id).tenant)
    ? html`<${View} ...${rest} at=${place(tenant, id)} />` : html`<${Missing} />`)}</${Found}>`;
  const more = parts.flatMap(p => Object.entries(p.views).map(([path, View]) => [`/${key}/:tenant/${path}`, below(p, View)]));

  return { [`/${key}`]: List, [`/${key}/:id`]: One, [`/${key}/:id/tokens`]: All, [`/${key}/:id/users/:user`]: User, ...Object.fromEntries(more) };
}

const contact = ['contactName', 'contactEmail', 'contactPhone', 'contactMobile'];
const address = ['streetAddress', 'streetAddress2', 'postalCode', 'city', 'state', 'country'];

// Edit is the form of what may be changed of a tenant.
function Edit({ tenant, method, params, reload }) {
  const form = useForm(Object.fromEntries(['name', 'description', ...contact, ...address].map(k => [k, tenant[k] ?? ''])), { warn: true });
  const save = async values => {
    await change(method, { ...params, _update: Object.fromEntries(form.changed.map(k => [k, values[k]])) });
    form.saved(values);
    say(t('saved'));
    reload();
  };
  const fields = names => html`<div class="grid">${names.map(k => html`<${Field} key=${k} form=${form} name=${k} type=${k === 'contactEmail' ? 'email' : 'text'} label=${t(`tenant.${k}`)} autocomplete="off" />`)}</div>`;
  return html`<form class="cards" onSubmit=${form.submit(save)}>
    <${Failure} error=${form.error} />
    <${Card} title=${t('properties')}>
      <${Field} form=${form} name="name" label=${t('name')} required autocomplete="off" />
      <${Field} form=${form} name="description" label=${t('description')} rows="2" />
      <fieldset class="part"><legend>${t('contact')}</legend>${fields(contact)}</fieldset>
      <fieldset class="part"><legend>${t('tenant.address')}</legend>${fields(address)}</fieldset>
    </${Card}>
    <${SaveBar} form=${form} />
  </form>`;
}

function NewTenant({ title, method, close }) {
  const form = useForm({ name: '', contactName: '', contactEmail: '' });
  const save = async values => {
    const { id } = await call(method, Object.fromEntries(Object.entries(values).filter(([, v]) => v)));
    say(t('tenant.created', { name: values.name }));
    close(id);
  };
  return html`<${Dialog} title=${title} close=${close} busy=${form.busy}><form onSubmit=${form.submit(save)}>
    <div class="body">
      <${Failure} error=${form.error} />
      <${Field} form=${form} name="name" label=${t('name')} required autocomplete="off" />
      <${Field} form=${form} name="contactName" label=${t('tenant.contactName')} autocomplete="off" />
      <${Field} form=${form} name="contactEmail" type="email" label=${t('tenant.contactEmail')} autocomplete="off" />
    </div>
    <${Submit} form=${form} close=${close} text=${t('create')} />
  </form></${Dialog}>`;
}

// Withheld says why users are not shown: of the tenant's consent alone more can be said.
const Withheld = ({ method, tenant }) => html`<${Note}><p>${t(wantsConsent(method, tenant) ? 'withheld.consent' : 'withheld')}</p></${Note}>`;
