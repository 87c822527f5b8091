// Roles: those that ship, and those that an organisation makes of functions.
import { html, useMemo } from '../ui.js';
import { t, language } from '../i18n.js';
import { call, change } from '../api.js';
import { caller, may } from '../session.js';
import { part } from '../part.js';
import { roleMethods, useFunctions } from '../roles.js';
import { Table, useList } from '../table.js';
import { useForm, Field } from '../form.js';
import { Checklist } from '../choose.js';
import { ask, confirmed, Dialog } from '../dialog.js';
import { Page, Card, Failure, Badge, say } from '../page.js';
import { Time } from '../format.js';
import { Functions, customizationMethods, maySee } from '../customization.js';

// isOf says whether an organisation of the kind has made a role, which then alone changes it.
const isOf = (role, kind) => role.isCustom === 1 && role.fromUserType === kind;

function List({ at }) {
  const methods = roleMethods[at.kind];
  const list = useList(methods.list, { userTypes: methods.kinds, ...at.tenant });
  const edit = async role => {
    if (await ask(Role, { at, role })) list.reload();
  };
  const remove = async role => {
    const run = () => change(methods.remove, { roleIds: [role.id], ...at.tenant });
    if (await confirmed({ title: t('roles.delete'), text: t('roles.delete.text', { name: role.name }), action: t('delete'), danger: true, run })) say(t('roles.deleted', { name: role.name }));
    list.reload();
  };
  const columns = useMemo(() => [
    { key: 'name', title: t('name'), value: r => r.name },
    { key: 'userType', title: t('roles.for'), value: r => t(`roles.for.${r.userType}`) },
    { key: 'custom', title: t('type'), value: r => t(r.isCustom ? 'roles.custom' : 'roles.predefined'), cell: r => html`<${Badge} kind=${r.isCustom ? 'enabled' : ''} text=${t(r.isCustom ? 'roles.custom' : 'roles.predefined')} />` },
    { key: 'description', title: t('description'), value: r => r.description },
    { key: 'modified', title: t('property.modified'), value: r => r.modified, cell: r => html`<${Time} at=${r.modified} />`, hidden: true },
    { key: 'buttons', title: t('actions'), plain: true, value: () => '', cell: r => isOf(r, at.kind) && html`
      ${may(methods.update, at.tenant) && html`<button type="button" class="small" aria-label=${t('roles.edit.of', { name: r.name })} onClick=${() => edit(r)}>${t('edit')}</button>`}
      ${may(methods.remove, at.tenant) && html`<button type="button" class="small" aria-label=${t('roles.delete.of', { name: r.name })} onClick=${() => remove(r)}>${t('delete')}</button>`}` },
  ], [at.root, language.get()]);
  return html`<${Page} title=${t('nav.roles')} crumbs=${at.crumbs}><${Card} hint=${t('roles.hint')}>
    <${Table} name="roles" label=${t('nav.roles')} list=${list} columns=${columns} actions=${may(methods.insert, at.tenant) && html`<button type="button" class="primary" onClick=${() => edit()}>${t('roles.new')}</button>`} />
  </${Card}>${at.root === '' && maySee() && html`<${Functions} />`}</${Page}>`;
}

// Role makes or changes a role.
function Role({ at, role, close }) {
  const methods = roleMethods[at.kind];
  const form = useForm({ name: role?.name ?? '', description: role?.description ?? '', userType: role?.userType ?? at.kind, functionalRoleIds: role?.functionalRoleIds ?? [] });
  const functions = useFunctions(at, form.values.userType);
  const known = functions.data ?? [];
  const save = async values => {
    const functionalRoleIds = values.functionalRoleIds.filter(id => known.some(f => f.id === id));
    if (role) await change(methods.update, { roleId: role.id, ...at.tenant, _update: Object.fromEntries(form.changed.map(k => [k, values[k]])) });
    else await call(methods.insert, { ...at.tenant, ...values, functionalRoleIds, ...(at.kind === 'OPERATOR' && { networkId: caller.get().networkId }) });
    say(t('saved'));
    close(true);
  };
  return html`<${Dialog} title=${role ? t('roles.edit.of', { name: role.name }) : t('roles.new')} close=${close} busy=${form.busy}><form onSubmit=${form.submit(save)}>
    <div class="body"><${Failure} error=${form.error ?? functions.error} />
      <${Field} form=${form} name="name" label=${t('name')} required autocomplete="off" />
      <${Field} form=${form} name="description" label=${t('description')} rows="2" />
      ${!role && methods.kinds.length > 1 && html`<${Field} form=${form} name="userType" label=${t('roles.for')} options=${methods.kinds.map(k => [k, t(`roles.for.${k}`)])} />`}
      <${Checklist} form=${form} name="functionalRoleIds" label=${t('clients.functions')} hint=${t('roles.functions.hint')} options=${known.map(f => [f.id, f.name])} />
      ${role && html`<p class="hint">${t('roles.edit.hint')}</p>`}</div>
    <footer><button type="button" disabled=${form.busy} onClick=${() => close()}>${t('cancel')}</button><button type="submit" class="primary" disabled=${form.busy}>${t(role ? 'save' : 'create')}</button></footer>
  </form></${Dialog}>`;
}

const asks = kind => [...['insert', 'update', 'remove', 'functions'].map(what => roleMethods[kind][what]), ...customizationMethods];

export default part({
  key: 'roles',
  group: 'people',
  asks,
  reads: kind => roleMethods[kind].list,
  views: { roles: List },
});
