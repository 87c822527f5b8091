// QR codes (ISO/IEC 18004): bytes, at level M, up to version 15, which holds 412 of them. Enough for the seed of a second factor.
import { html } from './ui.js';

// Of each version from 1: the codewords that correct a block, and the number of blocks.
const correction = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24];
const blocks = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10];

const aligns = version => (version < 2 ? 0 : Math.floor(version / 7) + 2);

function codewords(version) {
  const n = aligns(version);
  const modules = (16 * version + 128) * version + 64 - (n ? (25 * n - 10) * n - 55 : 0) - (version >= 7 ? 36 : 0);
  return Math.floor(modules / 8);
}
const dataOf = version => codewords(version) - correction[version - 1] * blocks[version - 1];

// qr is the code of a text, as rows of dark (true) and light modules.
export function qr(text) {
  const bytes = new TextEncoder().encode(text);
  const header = version => (version < 10 ? 12 : 20);
  const version = correction.findIndex((_, i) => header(i + 1) + bytes.length * 8 <= dataOf(i + 1) * 8) + 1;
  if (!version) throw new RangeError('too long for a QR code');
  const code = interleaved(padded(bytes, version, header(version) - 4), version);
  const candidates = Array.from({ length: 8 }, (_, mask) => drawn(version, code, mask));
  return candidates.reduce((best, c) => (penalty(c) < penalty(best) ? c : best));
}

// padded are the data codewords: the mode, the length, the bytes, and what fills them up.
function padded(bytes, version, lengthBits) {
  let bits = '0100' + bytes.length.toString(2).padStart(lengthBits, '0') + [...bytes].map(b => b.toString(2).padStart(8, '0')).join('');
  const room = dataOf(version) * 8;
  bits += '0'.repeat(Math.min(4, room - bits.length));
  bits += '0'.repeat((8 - (bits.length % 8)) % 8);
  const data = bits.match(/.{8}/g).map(b => Number.parseInt(b, 2));
  for (let pad = 0xec; data.length < room / 8; pad ^= 0xfd) data.push(pad);
  return data;
}

// times is the product in the field of 256 elements that the code is over.
function times(a, b) {
  let product = 0;
  for (let i = 7; i >= 0; i--) {
    product = (product << 1) ^ (product & 0x80 ? 0x11d : 0);
    if (b >> i & 1) product ^= a;
  }
  return product;
}

function generator(degree) {
  const poly = Array(degree - 1).fill(0).concat(1);
  for (let i = 0, root = 1; i < degree; i++, root = times(root, 2)) {
    for (let j = 0; j < degree; j++) poly[j] = times(poly[j], root) ^ (poly[j + 1] ?? 0);
  }
  return poly;
}

function remainder(data, divisor) {
  const rest = Array(divisor.length).fill(0);
  for (const b of data) {
    const factor = b ^ rest.shift();
    rest.push(0);
    divisor.forEach((d, i) => { rest[i] ^= times(d, factor); });
  }
  return rest;
}

// interleaved cuts the data into blocks, corrects each, and takes a codeword of each in turn. Blocks at the end are one longer.
function interleaved(data, version) {
  const n = blocks[version - 1];
  const divisor = generator(correction[version - 1]);
  const short = Math.floor(data.length / n);
  const cut = Array.from({ length: n }, (_, i) => {
    const from = i * short + Math.max(0, i - (n - data.length % n));
    return data.slice(from, from + short + (i >= n - data.length % n ? 1 : 0));
  });
  const checks = cut.map(block => remainder(block, divisor));
  return [...inTurns(cut), ...inTurns(checks)];
}

function inTurns(lists) {
  const longest = Math.max(...lists.map(l => l.length));
  return Array.from({ length: longest }, (_, i) => lists.filter(l => i < l.length).map(l => l[i])).flat();
}

// masks turn modules round, so that no pattern misleads a reader.
const masks = [
  (x, y) => (x + y) % 2, (x, y) => y % 2, (x) => x % 3, (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2, (x, y) => (x * y) % 2 + (x * y) % 3,
  (x, y) => ((x * y) % 2 + (x * y) % 3) % 2, (x, y) => ((x + y) % 2 + (x * y) % 3) % 2,
];

function drawn(version, code, mask) {
  const size = version * 4 + 17;
  const grid = Array.from({ length: size }, () => Array(size).fill(null));
  const set = (x, y, dark) => { if (grid[y]?.[x] !== undefined) grid[y][x] = Boolean(dark); };
  patterns(version, size, set);
  format(mask, size, set);
  fill(grid, size, code, mask);
  return grid;
}

function patterns(version, size, set) {
  for (let i = 0; i < size; i++) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  for (const [cx, cy] of [[3, 3], [size - 4, 3], [3, size - 4]]) square(cx, cy, 4, d => d !== 2 && d !== 4, set);
  const at = alignments(version, size);
  for (const y of at) for (const x of at) if (!corner(x, y, size)) square(x, y, 2, d => d !== 1, set);
  if (version >= 7) {
    const bits = (version << 12) | bch(version, 12, 0x1f25);
    for (let i = 0; i < 18; i++) {
      const [a, b] = [size - 11 + i % 3, Math.floor(i / 3)];
      set(a, b, bits >> i & 1);
      set(b, a, bits >> i & 1);
    }
  }
}

const corner = (x, y, size) => (x < 9 && y < 9) || (x > size - 10 && y < 9) || (x < 9 && y > size - 10);

// square draws rings around a middle; dark says which.
function square(cx, cy, reach, dark, set) {
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) set(cx + dx, cy + dy, dark(Math.max(Math.abs(dx), Math.abs(dy))));
  }
}

function alignments(version, size) {
  const n = aligns(version);
  if (!n) return [];
  const step = Math.floor((version * 8 + n * 3 + 5) / (n * 4 - 4)) * 2;
  return [6, ...Array.from({ length: n - 1 }, (_, i) => size - 7 - i * step).reverse()];
}

// bch is what corrects a few bits.
function bch(value, bits, divisor) {
  let rest = value;
  for (let i = 0; i < bits; i++) rest = (rest << 1) ^ ((rest >> (bits - 1)) * divisor);
  return rest;
}

// format tells the level, which is 0 for M, and the mask, twice.
function format(mask, size, set) {
  const bits = ((mask << 10) | bch(mask, 10, 0x537)) ^ 0x5412;
  const bit = i => bits >> i & 1;
  const first = [[8, 0], [8, 1], [8, 2], [8, 3], [8, 4], [8, 5], [8, 7], [8, 8], [7, 8], [5, 8], [4, 8], [3, 8], [2, 8], [1, 8], [0, 8]];
  first.forEach(([x, y], i) => set(x, y, bit(i)));
  for (let i = 0; i < 8; i++) set(size - 1 - i, 8, bit(i));
  for (let i = 8; i < 15; i++) set(8, size - 15 + i, bit(i));
  set(8, size - 8, true);
}

// fill writes the codewords in pairs of columns, up and down from the right, over what is still empty.
function fill(grid, size, code, mask) {
  let i = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let v = 0; v < size; v++) {
      const y = (right + 1) & 2 ? v : size - 1 - v;
      for (const x of [right, right - 1]) {
        if (grid[y][x] !== null) continue;
        const dark = i < code.length * 8 && (code[i >> 3] >> (7 - (i & 7)) & 1) === 1;
        grid[y][x] = dark !== (masks[mask](x, y) === 0);
        i++;
      }
    }
  }
}

// penalty is how hard a code is to read: long runs, large squares, too much of one colour.
function penalty(grid) {
  const lines = [...grid, ...grid.map((_, x) => grid.map(row => row[x]))].map(line => line.map(Number).join(''));
  let sum = 0;
  for (const line of lines) {
    for (const run of line.match(/0{5,}|1{5,}/g) ?? []) sum += run.length - 2;
    sum += 40 * (line.match(/(?=00001011101|10111010000)/g) ?? []).length;
  }
  const same = (x, y) => grid[y][x] === grid[y - 1][x] && grid[y][x] === grid[y][x - 1] && grid[y][x] === grid[y - 1][x - 1];
  for (let y = 1; y < grid.length; y++) {
    for (let x = 1; x < grid.length; x++) if (same(x, y)) sum += 3;
  }
  const dark = grid.flat().filter(Boolean).length / grid.length ** 2;
  return sum + 10 * Math.floor(Math.abs(dark - 0.5) * 20);
}

// QR shows a text to a camera: dark on light in every theme, with the margin that readers want.
export function QR({ text, label }) {
  const grid = qr(text);
  const size = grid.length + 8;
  const path = grid.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x + 4} ${y + 4}h1v1h-1z`] : []))).join('');
  return html`<svg class="qr" viewBox=${`0 0 ${size} ${size}`} role="img" aria-label=${label}>
    <rect class="light" width=${size} height=${size} /><path class="dark" d=${path} /></svg>`;
}
