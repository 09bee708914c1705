// Shows the rows that hold every word of the search box, and the headings above them.
const find = document.getElementById("find");
const rows = [...document.querySelectorAll("tbody tr")].map((row) => {
  const section = row.closest("section");
  const heading = section ? section.querySelector("h3").textContent : "";
  return { row, section, text: (heading + " " + row.textContent).toLowerCase() };
});
find.addEventListener("input", () => {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  const open = new Set();
  for (const { row, section, text } of rows) {
    row.hidden = !words.every((word) => text.includes(word));
    if (!row.hidden) open.add(section);
  }
  for (const section of document.querySelectorAll("section")) section.hidden = !open.has(section);
});
