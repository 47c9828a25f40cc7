// Rows as a file for a spreadsheet.

// What makes a spreadsheet take a cell for a formula: https://owasp.org/www-community/attacks/CSV_Injection (2026-11-27).
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

export function saveCsv(rows, name) {
  // The mark at the beginning tells spreadsheets that it is UTF-8.
  const text = `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  URL.revokeObjectURL(address);
}

function cell(value) {
  const text = String(value);
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  return `"${harmless.replaceAll('"', '""')}"`;
}
