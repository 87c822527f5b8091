// What the functions that roles are made of grant here: an organisation allows and denies its users, and those below it, single
// privileges. A customization is kept in a package of the function's name, and acts at once.
import { html, useMemo, useLoad } from './ui.js';
import { t, language } from './i18n.js';
import { batch, call } from './api.js';
import { caller, may } from './session.js';
import { roleMethods } from './roles.js';
import { Table, asList } from './table.js';
import { useForm, Submit } from './form.js';
import { Checklist } from './choose.js';
import { ask, Dialog } from './dialog.js';
import { Card, Failure, Badge, Loaded, say } from './page.js';

const reads = 'role/getRoleCustomizations';
const packages = 'role/getRoleCustomizationPackages';
const insert = 'role/insertRoleCustomizationPackage';
const apply = 'role/saveAndApplyRoleCustomizationPackage';
const remove = 'role/deleteRoleCustomizationPackage';
const levels = { OPERATOR: 'NETWORK', MSP: 'PARTNER', ENTERPRISE: 'ENTERPRISE' };

export const customizationMethods = [reads, packages, insert, apply, remove];
export const maySee = () => may(reads) && may(roleMethods[caller.get().userType].functions);

async function load() {
  const kind = caller.get().userType;
  const { functions, kinds } = roleMethods[kind];
  const answers = await batch([
    ['role/getRoleCustomizations', { roleCustomizationLevel: levels[kind] }],
    ...kinds.map(userType => [functions, { userType, excludeSuperRoles: true }]),
  ]);
  for (const { error } of answers) if (error) throw error;
  const [customized, ...lists] = answers.map(a => a.result);
  return lists.flatMap((list, i) => list.map(f => ({ ...f, for: kinds[i], by: customized.find(c => c.forRoleId === f.id), shared: customized.some(c => c.name === f.name && c.forRoleId !== f.id) })));
}

export function Functions() {
  const state = useLoad(load, []);
  const change = may(insert) && may(apply);
  const customize = async f => {
    if (await ask(Customize, { of: f })) say(t('saved'));
    state.reload();
  };
  const columns = useMemo(() => [
    { key: 'name', title: t('name'), value: r => r.name },
    { key: 'for', title: t('roles.for'), value: r => t(`roles.for.${r.for}`) },
    { key: 'customized', title: t('status'), value: r => (r.by ? t('customization.is') : ''), cell: r => r.by && html`<${Badge} kind="pending" text=${t('customization.is')} />` },
    { key: 'by', title: t('customization.package'), value: r => r.by?.name, hidden: true },
    change && { key: 'buttons', title: t('actions'), plain: true, value: () => '', cell: r => html`<button type="button" class="small" aria-label=${t('customization.of', { name: r.name })} onClick=${() => customize(r)}>${t('customization.action')}</button>` },
  ].filter(Boolean), [change, language.get()]);
  return html`<${Card} title=${t('clients.functions')} hint=${t('customization.hint')}><${Table} name="functions" label=${t('clients.functions')}
    list=${asList(state)} columns=${columns} /></${Card}>`;
}

const word = p => (p.object ? `${p.action}:${p.object}` : p.privilege);

function Customize({ of, close }) {
  const state = useLoad(() => call('role/getEligiblePrivilegesForCustomization', { roleId: of.id }), []);
  return html`<${Dialog} title=${t('customization.of', { name: of.name })} close=${close} wide><${Loaded} state=${state}>${eligible => html`<${Choose} of=${of} eligible=${eligible} close=${close} />`}</${Loaded}></${Dialog}>`;
}

function Choose({ of, eligible, close }) {
  const { allowPrivileges, denyPrivileges } = eligible;
  const chosen = list => list.filter(p => p.isAssociated).map(word);
  const form = useForm({ allow: chosen(allowPrivileges), deny: chosen(denyPrivileges) });
  const save = async ({ allow, deny }) => {
    if (of.shared) return form.refuse(t('customization.shared', { name: of.name })); // what else it says would be lost
    const named = (list, words) => list.filter(p => words.includes(word(p))).map(({ object, action, privilege }) => (object ? { object, action } : { privilege }));
    await keep(of, named(allowPrivileges, allow), named(denyPrivileges, deny));
    return close(true);
  };
  const options = list => list.map(p => [word(p), word(p)]);
  return html`<form onSubmit=${form.submit(save)}>
    <div class="body"><p>${t('customization.acts')}</p><${Failure} error=${form.error} />
      <div class="columns"><${Checklist} form=${form} name="allow" label=${t('customization.allow')} options=${options(allowPrivileges)} empty=${t('customization.none')} />
        <${Checklist} form=${form} name="deny" label=${t('customization.deny')} options=${options(denyPrivileges)} empty=${t('customization.none')} /></div></div>
    <${Submit} form=${form} close=${close} text=${t('save')} />
  </form>`;
}

// keep puts what is allowed and denied into the package of the function's name. Nothing of either ends the package, unless another
// one has customized the function: then nothing is put in the place of what that says.
async function keep(of, addPrivileges, removePrivileges) {
  const some = addPrivileges.length + removePrivileges.length > 0;
  const before = (await call(packages)).find(p => p.name === of.name);
  const others = of.by && of.by.name !== of.name;
  const roleCustomizations = some || others ? [{ forRoleId: of.id, addPrivileges, removePrivileges }] : [];
  if (!before && !roleCustomizations.length) return;
  const id = before?.id ?? (await call(insert, { name: of.name, blobContent: { roleCustomizations } })).id;
  await call(apply, { id, _update: { blobContent: { roleCustomizations } } });
  if (!roleCustomizations.length) await call(remove, { id });
}
