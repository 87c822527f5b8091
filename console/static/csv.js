// Tables as CSV, as RFC 4180 and spreadsheets have it.

// What begins a formula. Where a comma is in numbers a spreadsheet takes a semicolon, or a tab, for what is between cells, and does
// not see the quotes of ours: what stands behind one may begin a cell, too.
const formula = /(^|[;\t\r\n][\s"]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])/g;

// cell quotes a value. A text that a spreadsheet would take for a formula is made a text there by an apostrophe.
export function cell(value) {
  let s = value === null || value === undefined ? '' : String(value);
  if (typeof value === 'string') s = s.replace(formula, "$&'");
  return /[",;\t\r\n]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s;
}

export const csv = rows => rows.map(row => row.map(cell).join(',') + '\r\n').join('');

// saveAs hands a text to the browser as a file.
export function saveAs(name, text, type = 'text/plain') {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

export const saveCSV = (name, rows) => saveAs(`${name}.csv`, `\ufeff${csv(rows)}`, 'text/csv');
